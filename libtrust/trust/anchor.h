/* How a phone fares at a site: whether it can follow to the lists that it finds there, and what would help.
 *
 * This reasons about sets of anchors: the certificates in the lists that a phone holds, and those that the
 * TVS servers it trusts vouch for. Nothing here reads a file, asks a server or looks at a clock, so one
 * answer may be asked for before anything is changed.
 *
 * What a phone does: it looks for a CTL, then for an ITL, then for its configuration, each judged with the
 * lists that it holds by then. Nothing published means that what is held stays. A phone without any list, and
 * one that holds an empty ITL and no CTL, takes what comes next on trust. Else the signer, by the issuer and
 * serial number in the file's header, is looked for in the CTL, the ITL, the TVS cache and at a TVS server;
 * the first that knows it decides. A record signs with function 0 or 2 (a configuration also with 3), an
 * answer of a TVS with role 0, 2 or 3. A server is asked only if a record with function 21 for its
 * certificate stands in a list held at that moment. A list that was taken empties the cache. Validity dates
 * do not count for phones.
 *
 * An empty ITL does not free a phone that holds a CTL: the CTL's signers bind its lists still, and no TVS is
 * left. Its configuration they do not bind: while an empty ITL is held, any is taken. What is taken on trust
 * is not looked at any further: neither its digest nor its signer's key matters.
 *
 * All pointers in the structs below are borrowed. */
#ifndef TRUST_ANCHOR_H
#define TRUST_ANCHOR_H

#include "cert.h"
#include "digest.h"
#include "index.h"
#include "list.h"
#include "role.h"

#include <stdbool.h>
#include <time.h>

/* ---- Families */

struct trust_family {
    const char *name; /* "69xx/89xx/99xx" */
    bool knows_itl;   /* false: it looks for a CTL alone */
    bool knows_tvs;
    unsigned digests; /* of signed files: bits 1 << enum trust_digest */
    int rsa_max;      /* bits of the largest key whose signature it checks */
    bool old_tls;     /* it speaks TLS 1.0 and nothing newer */
    bool ecdsa;       /* it offers ECDHE-ECDSA with AES-GCM, which servers that can prefer */
};

/* The families whose phones decide alike, then "with TVS" and "without TVS": phones of unknown families,
 * which do what any family can and hold ITLs. *count of them. Static storage. */
const struct trust_family *trust_families(size_t *count);

/* The family of a whole name, or of one of the parts between its slashes ("99xx"), case ignored; NULL if
 * there is none. */
const struct trust_family *trust_family_by_name(const char *name);

/* ---- What a phone holds, and what it finds */

/* An answer of a TVS that the phone remembers. */
struct trust_cached {
    const struct trust_cert *cert;
    struct trust_roles roles;
    time_t expires; /* from this moment on it is forgotten */
};

/* Fresh from the box it is all zero. */
struct trust_held {
    const struct trust_list *ctl, *itl; /* NULL: none */
    const struct trust_cached *cache;
    size_t cache_count;
};

/* Whether a list, held as ITL, is an empty one: it has records, and none says more than a function. NULL is
 * not. */
bool trust_held_is_empty_itl(const struct trust_list *itl);

/* Who signed the configuration file. All zero: it is there unsigned alone. */
struct trust_configuration {
    const struct trust_list *file;   /* a parsed .sgn, if there is one, */
    const struct trust_cert *signer; /* else who signed it and how; its signature counts as good then */
    enum trust_digest digest;
};

/* Phones try no more servers than this. */
#define TRUST_SERVERS_MAX 3

/* A TVS server. It answers from the store's certificates, then from the CTL file's, as tvsd does: the first
 * source that knows a certificate decides. */
struct trust_server {
    const struct trust_cert *cert;  /* on the wire */
    const struct trust_cert *ecdsa; /* what families that offer ECDSA see instead; NULL: the same */
    bool unnamed;                   /* it runs, but the phone's configuration does not name it */
    bool down;                      /* it cannot be reached by this family */
    bool refuses_old_tls;           /* tls.minimum is above 1.0: who speaks that alone cannot reach it */
    bool refuses_expired;           /* answers.expired: refuse */
    const struct trust_index *store, *ctl; /* NULL: nothing */
};

/* Lists that the keys at hand can sign in place of those published, and the phrase that publishes them. */
struct trust_candidate {
    const char *phrase;                 /* "utils itl reset localkey" */
    const struct trust_list *ctl, *itl; /* NULL: that one as published now */
    bool has_configuration;             /* false: the configuration as it is now */
    struct trust_configuration configuration;
};

struct trust_site {
    const struct trust_list *ctl, *itl; /* NULL: none is published */
    struct trust_configuration configuration;
    struct trust_configuration anew;    /* it, as who signs files here would sign it; all zero: nobody can */
    const struct trust_server *servers; /* in the order of the phone's configuration */
    size_t server_count;
    const struct trust_candidate *candidates; /* the mildest first */
    size_t candidate_count;
};

/* ---- How it fares */

/* The three files, in the phone's order. */
#define TRUST_ANCHOR_FILES(X)                                                                                \
    X(CTL, "ctl", "CTL")                                                                                     \
    X(ITL, "itl", "ITL")                                                                                     \
    X(CONFIGURATION, "configuration", "configuration")

enum trust_anchor_file {
#define X(constant, name, text) TRUST_ANCHOR_##constant,
    TRUST_ANCHOR_FILES(X)
#undef X
        TRUST_ANCHOR_FILE_COUNT
};

/* How a file was taken. The order is that of how far the phone had to reach. */
#define TRUST_ANCHOR_HOWS(X)                                                                                 \
    X(NONE, "none", "there is none")                                                                         \
    X(REFUSED, "refused", "refused")                                                                         \
    X(HELD, "held", "held already")                                                                          \
    X(CTL, "ctl", "by CTL")                                                                                  \
    X(ITL, "itl", "by ITL")                                                                                  \
    X(TVS, "tvs", "by TVS")                                                                                  \
    X(BLIND, "blind", "blindly")

enum trust_how {
#define X(constant, name, text) TRUST_HOW_##constant,
    TRUST_ANCHOR_HOWS(X)
#undef X
        TRUST_HOW_COUNT
};

/* Why a file is refused. */
#define TRUST_ANCHOR_REASONS(X)                                                                              \
    X(NONE, "none", "nothing is refused")                                                                    \
    X(TOO_LARGE, "too-large", "the list is larger than 64 KB, which phones do not load")                     \
    X(DIGEST, "digest", "the digest of its signature is one that phones of this family do not know")         \
    X(KEY_SIZE, "key-size", "its signer's key is larger than phones of this family can use")                 \
    X(KEY_KIND, "key-kind", "its signer's key is no RSA key, and only those sign files for phones")          \
    X(BAD_SIGNATURE, "bad-signature",                                                                        \
      "its signer is known, but the signature does not verify: it was changed, or another key signed it")    \
    X(UNSIGNED, "unsigned", "a phone that holds a list asks for signed configuration files alone")           \
    X(WRONG_FUNCTION, "wrong-function",                                                                      \
      "its signer stands in the lists that the phone holds, but with no function that signs it")             \
    X(FAMILY_WITHOUT_TVS, "family-without-tvs",                                                              \
      "its signer stands in no list that the phone holds, and phones of this family know no TVS")            \
    X(NO_TVS_RECORD, "no-tvs-record",                                                                        \
      "its signer stands in no list that the phone holds, and none of them names a TVS")                     \
    X(NO_SERVER, "no-server",                                                                                \
      "its signer stands in no list that the phone holds, and its configuration names no TVS server")        \
    X(SERVER_UNNAMED, "server-unnamed",                                                                      \
      "its signer stands in no list that the phone holds, and the TVS server that it would trust is none "   \
      "that its configuration names")                                                                        \
    X(SERVER_CHANGED, "server-changed",                                                                      \
      "its signer stands in no list that the phone holds, and no TVS server has a certificate that does")    \
    X(SERVER_DOWN, "server-down",                                                                            \
      "its signer stands in no list that the phone holds, and the TVS server that it trusts cannot be "      \
      "reached")                                                                                             \
    X(TVS_UNKNOWN, "tvs-unknown",                                                                            \
      "its signer stands in no list that the phone holds, and the TVS server does not know it")              \
    X(TVS_NO_ROLE, "tvs-no-role",                                                                            \
      "its signer stands in no list that the phone holds, and the TVS server knows it in no role that "      \
      "signs")                                                                                               \
    X(TVS_AMBIGUOUS, "tvs-ambiguous",                                                                        \
      "its signer stands in no list that the phone holds, and the TVS server knows several certificates "    \
      "with that issuer and serial number")                                                                  \
    X(TVS_EXPIRED, "tvs-expired",                                                                            \
      "its signer stands in no list that the phone holds, and the TVS server refuses it, since it has "      \
      "expired")

enum trust_reason {
#define X(constant, name, text) TRUST_REASON_##constant,
    TRUST_ANCHOR_REASONS(X)
#undef X
        TRUST_REASON_COUNT
};

/* Whatever is not known to follow is stranded: that one is 0. */
#define TRUST_ANCHOR_OUTCOMES(X)                                                                             \
    X(STRANDED, "stranded", "keeps what it has, and nothing that the keys at hand can sign reaches it")      \
    X(WAITING, "waiting", "keeps what it has, but something that can still be done reaches it")              \
    X(FOLLOWS, "follows", "takes all that is published, its configuration too")

enum trust_outcome {
#define X(constant, name, text) TRUST_OUTCOME_##constant,
    TRUST_ANCHOR_OUTCOMES(X)
#undef X
        TRUST_OUTCOME_COUNT
};

/* What helps. PUBLISH comes with one or two phrases. */
#define TRUST_ANCHOR_REMEDIES(X)                                                                             \
    X(NONE, "none", "nothing need be done")                                                                  \
    X(PUBLISH, "publish", "publish what these phones do take, wait until they have it, then go on")          \
    X(START_SERVER, "start-server",                                                                          \
      "let the TVS server be reached again (by phones that speak TLS 1.0 alone: tls.minimum: 1.0), then "    \
      "reset the phones")                                                                                    \
    X(NAME_SERVER, "name-server",                                                                            \
      "first put a TVS server that the phones trust into their group, and reset them")                       \
    X(SIGN_CONFIGURATION, "sign-configuration", "sign the configuration files anew: file sign")              \
    X(SIGN_AGAIN, "sign-again", "build and sign it anew, since what lies there is damaged")                  \
    X(OTHER_DIGEST, "other-digest", "sign with a digest that all phones know: trust_lists.digest: sha1")     \
    X(OTHER_KEY, "other-key", "sign with an RSA key that all phones can use: 2048 bits")                     \
    X(SHORTEN, "shorten", "leave certificates out of the list; not more than 39 fit")                        \
    X(OTHER_SIGNER, "other-signer",                                                                          \
      "sign with a certificate that stands in the phones' lists as SAST or CCM+TFTP")                        \
    X(IMPORT_SIGNER, "import-signer",                                                                        \
      "give the signer's certificate to the TVS that the phones ask: set cert import trust "                 \
      "Phone-SAST-trust")                                                                                    \
    X(REMOVE_TWIN, "remove-twin", "delete the certificate that has the signer's issuer and serial number")   \
    X(RENEW_SIGNER, "renew-signer",                                                                          \
      "let the TVS answer for expired certificates (answers.expired), or sign with one that is valid")       \
    X(ONE_AT_A_TIME, "one-at-a-time",                                                                        \
      "change signer and TVS one at a time, with the phones following in between; if both are changed "      \
      "already, restore the old keys from a backup, or delete the lists on each phone")                      \
    X(DELETE_LISTS, "delete-lists", "delete the lists on each phone")

enum trust_remedy {
#define X(constant, name, text) TRUST_REMEDY_##constant,
    TRUST_ANCHOR_REMEDIES(X)
#undef X
        TRUST_REMEDY_COUNT
};

/* What to say of a phone though it follows. Bits. */
#define TRUST_ANCHOR_WARNINGS(X)                                                                             \
    X(EMPTY_BESIDE_CTL, 1, "empty-beside-ctl",                                                               \
      "the empty ITL does not empty the CTL: from now on only what the CTL's signers sign reaches it")       \
    X(ONE_ANCHOR, 2, "one-anchor",                                                                           \
      "one certificate alone can sign for it from now on, and it trusts none of the TVS servers that its "   \
      "configuration names: if that key is lost or renewed, it is stranded")

enum trust_warning {
#define X(constant, bit, name, text) TRUST_WARNING_##constant = (bit),
    TRUST_ANCHOR_WARNINGS(X)
#undef X
};

/* Stable names for JSON and tests, and words for people: one sentence without its full stop, or for how,
 * "by CTL". Static storage; the warning is a single bit. */
const char *trust_anchor_file_name(enum trust_anchor_file file);
const char *trust_anchor_file_text(enum trust_anchor_file file);
const char *trust_how_name(enum trust_how how);
const char *trust_how_text(enum trust_how how);
const char *trust_reason_name(enum trust_reason reason);
const char *trust_reason_text(enum trust_reason reason);
const char *trust_outcome_name(enum trust_outcome outcome);
const char *trust_outcome_text(enum trust_outcome outcome);
const char *trust_remedy_name(enum trust_remedy remedy);
const char *trust_remedy_text(enum trust_remedy remedy);
const char *trust_warning_name(enum trust_warning warning);
const char *trust_warning_text(enum trust_warning warning);

/* What becomes of one file. */
struct trust_step {
    enum trust_how how;
    enum trust_reason reason; /* for REFUSED; else NONE */
};

struct trust_fate {
    struct trust_step step[TRUST_ANCHOR_FILE_COUNT];
    struct trust_held after; /* what the phone holds then; its cache is empty if a list was taken */
    enum trust_outcome outcome;
    enum trust_how by; /* for FOLLOWS: the furthest that it had to reach, CTL … BLIND; else REFUSED */
    enum trust_anchor_file file;       /* unless it follows: the first file that is refused, */
    enum trust_reason reason;          /* why, */
    enum trust_remedy remedy;          /* and what helps */
    const char *phrases[2];            /* for PUBLISH: the candidates' phrases, a CTL's first; NULL: none */
    bool needs_servers, needs_signing; /* for WAITING: START_SERVER, SIGN_CONFIGURATION are needed besides */
    unsigned warnings;                 /* enum trust_warning; for FOLLOWS alone */
};

/* Say how a phone of a family that holds this fares at a site, at a time (seconds since 1970; only the cache
 * and servers that refuse expired certificates have a use for it).
 *
 * It follows if it refuses nothing. Otherwise it is waiting if, with what it holds by then and nothing
 * remembered, it would take everything once the servers that are down can be reached, once its configuration
 * is signed anew, once a candidate, or one for the CTL and one for the ITL together, is published, or once
 * several of these were done. Else it
 * is stranded.
 *
 * Errors: TRUST_ENOMEM, TRUST_ECRYPTO (a signature could not be checked). *fate is all zero then. */
int trust_anchor_judge(const struct trust_family *family, const struct trust_held *held,
                       const struct trust_site *site, time_t now, struct trust_fate *fate,
                       struct trust_error *err) TRUST_MUST_CHECK;

#endif
