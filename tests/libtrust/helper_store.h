/* What the tests of index and store share. All of these fail the test rather than return an error. */
#ifndef TESTS_LIBTRUST_HELPER_STORE_H
#define TESTS_LIBTRUST_HELPER_STORE_H

#include "trust.h"

/* A store of one's own in a temporary folder. */
struct helper_store {
    char *folder;
    char path[256];
    struct trust_store *store;
};
struct helper_store helper_store_new(void);
void helper_store_close(struct helper_store *store); /* the connection alone */
void helper_store_free(struct helper_store *store);

/* A folder, to be removed with fixture_folder_remove, and the path of a store in it that does not exist yet.
 */
char *helper_fresh_path(char path[256]);

/* Opening is refused with the code; the error names the path and holds part. */
void helper_open_fails(const char *path, enum trust_store_mode mode, int code, const char *part);

struct trust_store *helper_store_open(const char *path, enum trust_store_mode mode);

/* Run SQL as other software would: over a connection that knows nothing of this library. */
void helper_exec(const char *path, const char *sql);

/* Same, but every cache stays as it was before, whatever becomes of the certificates. */
void helper_exec_beside_caches(const char *path, const char *sql);

/* What `run sql` gives, cells joined by '|', rows ended by ';', "NULL" for SQL NULL. Free it. */
char *helper_sql(struct trust_store *store, const char *statement);
void helper_sql_is(struct trust_store *store, const char *statement, const char *expected);

/* A self-signed certificate, valid from `now`. */
struct trust_cert *helper_cert_from(const char *common_name, time_t now);

/* File a certificate under a trust unit. */
struct trust_store_added helper_add_trust(struct trust_store *store, enum trust_unit unit,
                                          const struct trust_cert *cert);
void helper_set_own(struct trust_store *store, const char *node, enum trust_unit unit,
                    const struct trust_cert *cert);

/* True if it was imported before. */
bool helper_import(struct trust_store *store, const struct trust_cert *cert, struct trust_roles roles,
                   int64_t ttl);

void helper_vouches(struct trust_store *store, const struct trust_cert *cert, bool expected);

/* The entry of a certificate, which must outlive it. */
struct trust_entry helper_entry(const struct trust_cert *cert, struct trust_roles roles);

/* An index of all that the store answers with. */
struct trust_index *helper_load(struct trust_store *store);

/* The roles of a certificate in an index: "0,2", "" for none, "absent" if it is not there. Static. */
const char *helper_roles(const struct trust_index *index, const struct trust_cert *cert);
void helper_store_roles_are(struct trust_store *store, const struct trust_cert *cert, const char *expected);

#endif
