/* What a change that was decided has still to put in place. A change of store, keys and lists becomes true
 * with one commit: before it the new files lie ready beside their places under names of their own
 * (trust/file.h, trust_key_stage), and the transaction names them here; after it they are renamed and the
 * rows removed. Whoever comes after a crash reads the rows and finishes, or finds none and sweeps. */
#ifndef TRUST_PENDING_H
#define TRUST_PENDING_H

#include "store.h"

enum trust_place {
    TRUST_PLACE_KEYS,      /* STATE/keys */
    TRUST_PLACE_PUBLISHED, /* STATE/published */
    TRUST_PLACE_STATE,     /* STATE */
    TRUST_PLACE_TFTP,      /* the TFTP folder, whose path stands in the row */
};

struct trust_pending {
    enum trust_place place;
    const char *folder; /* of TRUST_PLACE_TFTP; "" else */
    const char *staged; /* name of the file that lies ready; "": the file of that name goes */
    const char *name;
};

/* TRUST_EARGUMENT: name is no name of a file in a folder, staged leads out of the place, or folder is given
 * for another place than TRUST_PLACE_TFTP or missing there. */
int trust_store_add_pending(struct trust_store *store, const struct trust_pending *pending,
                            struct trust_error *err) TRUST_MUST_CHECK;

/* Visit them in the order in which they were added; each is borrowed for the call. Stops when visit
 * returns non-zero, and returns that. TRUST_ESTORE: a row that trust_store_add_pending would refuse. */
typedef int (*trust_pending_visit)(void *arg, const struct trust_pending *pending);
int trust_store_each_pending(struct trust_store *store, trust_pending_visit visit, void *arg,
                             struct trust_error *err) TRUST_MUST_CHECK;

int trust_store_count_pending(struct trust_store *store, int64_t *count,
                              struct trust_error *err) TRUST_MUST_CHECK;
int trust_store_clear_pending(struct trust_store *store, struct trust_error *err) TRUST_MUST_CHECK;

#endif
