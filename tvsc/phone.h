/* One phone: what it holds, what it decides, and why. A phone belongs to the thread that runs it. */
#ifndef TVSC_PHONE_H
#define TVSC_PHONE_H

#include "phone_cache.h"
#include "phone_console.h"
#include "phone_plan.h"

#define PHONE_CONFIG_MAX 550001 /* bytes of a configuration file that a phone asks for */
#define PHONE_LIST_NAMES 2      /* its own, then everybody's */

/* X(constant, name): what became of a file or a server. The names are for scripts, and stable. */
#define PHONE_OUTCOMES(X)                                                                                    \
    X(UNTRIED, "untried") /* it did not come to that */                                                      \
    X(IGNORED, "none")    /* the family does not know such a file */                                         \
    X(MISSING, "missing") /* there is none */                                                                \
    X(SAME, "same")       /* held already */                                                                 \
    X(ACCEPTED, "accepted")                                                                                  \
    X(UNSIGNED, "unsigned") /* taken without a signature */                                                  \
    X(REFUSED, "refused")                                                                                    \
    X(FAILED, "failed") /* it could not be had, or not be kept */

/* X(constant, name): where the phone found what it goes by, the strongest first. */
#define PHONE_SOURCES(X)                                                                                     \
    X(NOTHING, "none")                                                                                       \
    X(CTL, "ctl")                                                                                            \
    X(ITL, "itl")                                                                                            \
    X(CACHE, "cache") /* what a TVS server answered before */                                                \
    X(TVS, "tvs")                                                                                            \
    X(BLIND, "blind") /* it held nothing to check with */

/* X(constant, name): why not. */
#define PHONE_REASONS(X)                                                                                     \
    X(NONE, "none")                                                                                          \
    X(UNREADABLE, "unreadable")                                                                              \
    X(TOO_LARGE, "too-large")                                                                                \
    X(DIGEST, "digest")               /* signed with one that the family cannot compute */                   \
    X(KEY_SIZE, "key-size")           /* signed with a key larger than the family can use */                 \
    X(NO_TVS, "family-without-tvs")   /* in no list, and the family does not know TVS */                     \
    X(NO_TVS_RECORD, "no-tvs-record") /* in no list, and no list has a TVS record */                         \
    X(NO_TVS_SERVER, "no-tvs-server") /* in no list, and the phone knows no server to ask */                 \
    X(TVS_SILENT, "tvs-silent")       /* no server gave an answer */                                         \
    X(TVS_PEER, "tvs-peer")           /* servers are there, but their certificates stand in no list */       \
    X(TVS_DENIES, "tvs-denies")       /* the answer is: not trusted */                                       \
    X(TVS_ROLE, "tvs-role")           /* trusted, but not for this */                                        \
    X(TVS_ANSWER, "tvs-answer")       /* trusted, but the certificate is not the one asked for */            \
    X(SIGNATURE, "bad-signature")     /* the signer is known, and it did not sign this */                    \
    X(NOT_FETCHED, "not-fetched")                                                                            \
    X(UNREACHABLE, "unreachable") /* the HTTPS server */                                                     \
    X(NO_HTTPS, "family-without-https")                                                                      \
    X(STATE, "state") /* the state folder cannot be read or written */

#define X(constant, name) PHONE_##constant,
enum phone_outcome { PHONE_OUTCOMES(X) };
#undef X
#define X(constant, name) PHONE_BY_##constant,
enum phone_source_of_trust { PHONE_SOURCES(X) };
#undef X
#define X(constant, name) PHONE_WHY_##constant,
enum phone_why { PHONE_REASONS(X) };
#undef X

/* Names as above. Static storage. */
const char *phone_outcome_name(enum phone_outcome outcome);
const char *phone_by_name(enum phone_source_of_trust by);
const char *phone_why_name(enum phone_why why);

struct phone_verdict {
    enum phone_outcome outcome;
    enum phone_source_of_trust by;
    enum phone_why why;
    char reason[sizeof(struct trust_error)]; /* a sentence; "" if there is nothing to say */
};

/* The verdict "refused", or "failed", with its reason. Both return false. */
bool phone_refuse(struct phone_verdict *verdict, enum phone_why why, const char *format, ...)
    TRUST_PRINTF(3, 4);
bool phone_fail(struct phone_verdict *verdict, enum phone_why why, const char *text);
/* The verdict "accepted". Returns true. */
bool phone_accept(struct phone_verdict *verdict, enum phone_source_of_trust by);

enum phone_state {
    PHONE_FOLLOWS,  /* it holds what is published, and has taken its configuration */
    PHONE_WAITS,    /* something could not be had or kept, or no TVS server answered: it tries again */
    PHONE_STRANDED, /* it refused something, and would again: it keeps what it had */
};

struct phone {
    const struct phone_plan *plan;
    const struct phone_family *family;
    char name[PHONE_NAME_SIZE]; /* "SEP001122334455" */
    struct phone_console console;
    struct trust_list *ctl, *itl; /* held; NULL: none */
    struct phone_cache cache;
    struct net_target tvs[PHONE_TVS_MAX];
    unsigned tvs_count;
    uint32_t session;     /* of the next request */
    unsigned transfer;    /* number of the next file transfer, for the console */
    unsigned tvs_answers; /* that servers gave */
    struct phone_verdict ctl_verdict, itl_verdict, config_verdict, state_verdict, https[OPTIONS_LIST_MAX];
};

/* The phone of that number, counted from 0, which says on console what it does (NULL: nothing). Free with
 * phone_free. NULL: out of memory. */
struct phone *phone_new(const struct phone_plan *plan, unsigned number, FILE *console);
void phone_free(struct phone *phone);

/* Read the state, boot, connect to the HTTPS servers, write the state. What came of it stands in the
 * verdicts.
 */
void phone_run(struct phone *phone);

enum phone_state phone_state_of(const struct phone *phone);

/* What the phone goes by, all in all: the weakest of what its new lists were accepted by; of its
 * configuration, if there was no new list. */
enum phone_source_of_trust phone_by_of(const struct phone *phone);

/* The verdict that explains the state: the first that is not as it should be; NULL if all is well. */
const struct phone_verdict *phone_trouble_of(const struct phone *phone);

/* Whether an ITL is one of "Prepare Cluster for Rollback": it has records, and they are
 * blank but for their functions. NULL: false. */
bool phone_itl_is_empty(const struct trust_list *itl);

#endif
