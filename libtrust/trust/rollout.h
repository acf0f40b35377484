/* Roll-outs: a list went out with a signer, or a TVS certificate, that phones which were away do not know
 * yet. One stays open until the operator says that all phones have fetched the list, or until a newer one
 * makes it pointless. */
#ifndef TRUST_ROLLOUT_H
#define TRUST_ROLLOUT_H

#include "store.h"

#include <time.h>

enum trust_rollout_kind {
    TRUST_ROLLOUT_SIGNER, /* the list was signed by another certificate than the one before */
    TRUST_ROLLOUT_TVS, /* the ITL has another TVS certificate for a node, or a TVS-ECDSA certificate that the
                          one before did not have. Of these two, TVS-ECDSA never strands anybody: phones are
                          not shown it while its roll-out is open */
};

/* How it ended. */
enum trust_rollout_end {
    TRUST_ROLLOUT_OPEN,
    TRUST_ROLLOUT_BACK,       /* somebody said that all phones have fetched the list */
    TRUST_ROLLOUT_SUPERSEDED, /* a newer one came, and its certificate no longer matters */
};

#define TRUST_ROLLOUT_SHA256 TRUST_SHA256_SIZE

struct trust_rollout {
    int64_t number;
    enum trust_rollout_kind kind;
    const char *filename; /* "CTLFile.tlv" or "ITLFile.tlv" */
    int64_t publication;  /* the list that opened it */
    int unit;             /* enum trust_unit of the certificate; 0: in no own unit, such as a token's */
    const char *server_name;
    uint8_t sha256[TRUST_SHA256_SIZE];     /* of the certificate; all zero: not known */
    const char *subject, *issuer, *serial; /* in CUCM's form; the serial number in upper-case hex */
    time_t opened;
    const char *phrase, *person; /* that opened it */
    time_t closed;               /* 0: open */
    const char *closed_by;       /* person */
    enum trust_rollout_end end;
    int64_t asked, known; /* phones when it was closed, -1: nobody counted */
    time_t withdrawn;     /* TVS-ECDSA: since when a later list holds it no more; 0: it is not so */
};

/* "signer", "tvs". Static storage. */
const char *trust_rollout_kind_name(enum trust_rollout_kind kind);

/* "open", "back", "superseded". Static storage. */
const char *trust_rollout_end_name(enum trust_rollout_end end);

/* Whether its certificate is the one of that SHA-256 (TRUST_SHA256_SIZE bytes). */
bool trust_rollout_is_of(const struct trust_rollout *rollout, const uint8_t *sha256);

/* Open one: number, closed, closed_by, end, asked, known and withdrawn are ignored. *number is the one that
 * it got: the one after the highest. Texts that are NULL become "". TRUST_EARGUMENT: no file name or no kind.
 */
int trust_store_add_rollout(struct trust_store *store, const struct trust_rollout *rollout, int64_t *number,
                            struct trust_error *err) TRUST_MUST_CHECK;

/* Visit them in the order of their numbers; each is borrowed for the call. Stops when visit returns non-zero,
 * and returns that. visit must not change the store. */
enum trust_rollout_which {
    TRUST_ROLLOUTS_OPEN,
    TRUST_ROLLOUTS_ALL,
};
typedef int (*trust_rollout_visit)(void *arg, const struct trust_rollout *rollout);
int trust_store_each_rollout(struct trust_store *store, enum trust_rollout_which which,
                             trust_rollout_visit visit, void *arg, struct trust_error *err) TRUST_MUST_CHECK;

/* Write one of another store as it stands, with the phones that its own store has of it, under the next
 * number if that is taken. One that is there already (same kind, list, certificate and time) gets how it
 * ended there, if it is open here. */
int trust_store_copy_rollout(struct trust_store *store, struct trust_store *from,
                             const struct trust_rollout *rollout, struct trust_error *err) TRUST_MUST_CHECK;

/* A phone that was known when a roll-out was closed. */
struct trust_rollout_phone {
    const char *name, *address;
    time_t asked; /* when it asked about the certificate, or was served with it; 0: it had not */
    time_t last_seen;
};

/* Close one that is open. phones: the known ones, of which one whose name and address were given before is
 * skipped; NULL with count 0 and counted false: nobody knows. Errors: TRUST_ENOTFOUND (no such roll-out, or
 * closed already), TRUST_EARGUMENT. */
struct trust_rollout_close {
    time_t when;
    const char *person;
    enum trust_rollout_end end; /* TRUST_ROLLOUT_BACK or TRUST_ROLLOUT_SUPERSEDED */
    bool counted;               /* phones are all that are known */
    const struct trust_rollout_phone *phones;
    size_t count;
};
int trust_store_close_rollout(struct trust_store *store, int64_t number,
                              const struct trust_rollout_close *end,
                              struct trust_error *err) TRUST_MUST_CHECK;

/* Visit the phones that were known when it was closed: those that had not asked first, then by name. */
typedef int (*trust_rollout_phone_visit)(void *arg, const struct trust_rollout_phone *phone);
int trust_store_each_rollout_phone(struct trust_store *store, int64_t number, trust_rollout_phone_visit visit,
                                   void *arg, struct trust_error *err) TRUST_MUST_CHECK;

/* A list went out without the certificate of a TVS roll-out that is closed: what was said of it no longer
 * holds. */
int trust_store_withdraw_rollout(struct trust_store *store, int64_t number, time_t when,
                                 struct trust_error *err) TRUST_MUST_CHECK;

/* Whether phones may be shown that certificate (SHA-256) in place of the one that they know: the last
 * roll-out of kind TVS for it was closed by TRUST_ROLLOUT_BACK and is not withdrawn. */
int trust_store_rolled_out(struct trust_store *store, const uint8_t sha256[TRUST_SHA256_SIZE], bool *is,
                           struct trust_error *err) TRUST_MUST_CHECK;

/* What a guard rail refused and a person did all the same. */
struct trust_forced {
    int64_t number; /* ignored when one is added */
    time_t at;
    const char *phrase, *person;
    const char *guard;  /* its name */
    const char *reason; /* what it said */
};
int trust_store_add_forced(struct trust_store *store, const struct trust_forced *forced,
                           struct trust_error *err) TRUST_MUST_CHECK;

/* Write one of another store, unless it is here already. */
int trust_store_copy_forced(struct trust_store *store, const struct trust_forced *forced,
                            struct trust_error *err) TRUST_MUST_CHECK;

/* Visit them, the oldest first; each is borrowed for the call. */
typedef int (*trust_forced_visit)(void *arg, const struct trust_forced *forced);
int trust_store_each_forced(struct trust_store *store, trust_forced_visit visit, void *arg,
                            struct trust_error *err) TRUST_MUST_CHECK;

#endif
