/* From a decoded request and what is known to an answer. Pure: no I/O, no log, no clock but the one that is
 * handed in; what is remembered of earlier requests saves time, and changes no answer. */
#ifndef TVSD_REQUEST_H
#define TVSD_REQUEST_H

#include "config/config.h"
#include "recent_certs.h"
#include "trust.h"

#include <time.h>

/* How a request came out: one closed enum for log, counters and tests. X(constant, name) */
#define REQUEST_RESULTS(X)                                                                                   \
    X(TRUSTED, "trusted")                                                                                    \
    X(UNKNOWN, "unknown")     /* no source holds it */                                                       \
    X(TWIN, "twin")           /* same issuer and serial number, another certificate */                       \
    X(NO_ROLE, "no-role")     /* known, but its unit gives it no role */                                     \
    X(AMBIGUOUS, "ambiguous") /* several fit, none exactly */                                                \
    X(EXPIRED, "expired")     /* answers.expired: refuse */                                                  \
    X(UNUSABLE, "unusable")   /* well-formed message, content of no use */                                   \
    X(FAILED, "failed")       /* out of memory: no answer can be given */

enum request_result {
#define X(constant, name) REQUEST_##constant,
    REQUEST_RESULTS(X)
#undef X
        REQUEST_RESULT_COUNT
};

enum request_source { REQUEST_SOURCE_NONE, REQUEST_SOURCE_STORE, REQUEST_SOURCE_CTL, REQUEST_SOURCE_COUNT };

struct request_known {
    const struct trust_index *store,
        *ctl;                    /* asked in this order; the first that holds the certificate answers alone */
    const struct config *config; /* answers.ttl, answers.expired */
    time_t now;                  /* seconds since 1970 */
    struct recent_certs *recent; /* NULL: nothing is remembered */
};

struct request_answer {
    enum request_result result;
    enum request_source source;      /* who held it (or its twin) */
    const struct trust_entry *entry; /* what was found, NULL if nothing; lives as long as the index */
    const char *unusable;            /* why, for UNUSABLE; static storage */
    char detail[256];                /* and more, which a client chooses: no key of anything; "": nothing */
    struct trust_response response;  /* to be encoded; certificate points into the index */
    /* What was asked, for log and trace. VERIFY: from the certificate itself, empty when it could not be
     * parsed. */
    uint8_t serial[64];
    size_t serial_len; /* what fits of it */
    char issuer[512];  /* VERIFY: in CUCM's form. QUERY: as the message carried it, unescaped, cut if too long
                        */
    size_t issuer_len;
};

void request_answer(const struct request_known *known, const struct trust_request *request,
                    struct request_answer *answer);

/* Why it is UNUSABLE, in one line. */
#define REQUEST_WHY_SIZE 384
void request_why_unusable(const struct request_answer *answer, char out[REQUEST_WHY_SIZE]);

const char *request_result_name(enum request_result result);
const char *request_source_name(enum request_source source); /* "none", "store", "ctl" */

#endif
