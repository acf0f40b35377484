/* What was published: one row a list, with the number of its file in the folder published/. */
#ifndef TRUST_HISTORY_H
#define TRUST_HISTORY_H

#include "list.h"
#include "store.h"

#include <time.h>

struct trust_publication {
    int64_t number;       /* of published/NNNNNN-FILENAME */
    const char *filename; /* "CTLFile.tlv" */
    time_t published;
    const char *phrase;     /* that published it */
    const char *person;     /* user name of who said the phrase */
    const char *md5, *sha1; /* of the file, lower-case hex: phones show one or the other */
    const char *signer;     /* subject in CUCM's form */
    const char *serial;     /* of the signer, upper-case hex */
    int64_t size;           /* bytes */
    int64_t records;
};

/* The number after the highest. Numbers are never given twice. */
int trust_store_next_publication(struct trust_store *store, int64_t *number,
                                 struct trust_error *err) TRUST_MUST_CHECK;

/* Write the row of a list that goes out. Checksums, signer, size and records come from list. TRUST_EEXISTS:
 * the number is taken. */
int trust_store_add_publication(struct trust_store *store, int64_t number, const struct trust_list *list,
                                const char *filename, time_t published, const char *phrase,
                                const char *person, struct trust_error *err) TRUST_MUST_CHECK;

/* Write a row as it stands, of another store's history. TRUST_EEXISTS: the number is taken. */
int trust_store_copy_publication(struct trust_store *store, const struct trust_publication *publication,
                                 struct trust_error *err) TRUST_MUST_CHECK;

/* Visit them, the oldest first; each is borrowed for the call. Stops when visit returns non-zero, and returns
 * that. */
typedef int (*trust_publication_visit)(void *arg, const struct trust_publication *publication);
int trust_store_each_publication(struct trust_store *store, trust_publication_visit visit, void *arg,
                                 struct trust_error *err) TRUST_MUST_CHECK;

#endif
