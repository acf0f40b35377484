/* The store: a SQLite database that mirrors CUCM's certificate tables, so that the queries which operators
 * know answer as they expect.
 *
 * Writers run under SQLite's write lock and in one transaction each: a call either did all or nothing. The
 * schema is migrated, under that lock, by whoever opens the store to write; readers refuse a version they do
 * not know. */
#ifndef TRUST_STORE_H
#define TRUST_STORE_H

#include "cert.h"
#include "index.h"
#include "role.h"

#include <stdbool.h>

struct trust_store;

enum trust_store_mode {
    TRUST_STORE_READ,  /* the file must be there */
    TRUST_STORE_WRITE, /* created (0640) and migrated if need be */
};

#define TRUST_STORE_FILE "tvs.sqlite3" /* in the state folder */

/* Errors: TRUST_ENOTFOUND, TRUST_EEMPTY (to read: a file without a schema, of 0 bytes say), TRUST_EDENIED,
 * TRUST_ESTORE (corrupt, not a database), TRUST_ESTOREVERSION, TRUST_ESTOREBUSY (after 5 s). */
int trust_store_open(const char *path, enum trust_store_mode mode, struct trust_store **out,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* An empty store that is in no file and vanishes when it is closed: what a store that is still to be made
 * would answer. path: where that one will be, for errors. */
int trust_store_open_empty(const char *path, struct trust_store **out,
                           struct trust_error *err) TRUST_MUST_CHECK;
void trust_store_close(struct trust_store *store);

/* Whether nothing was ever put into it: no certificate, no request for one, no list that was published. */
int trust_store_is_blank(struct trust_store *store, bool *blank, struct trust_error *err) TRUST_MUST_CHECK;

/* A number that changes whenever another connection has changed the database (PRAGMA data_version). */
int trust_store_data_version(struct trust_store *store, int64_t *version,
                             struct trust_error *err) TRUST_MUST_CHECK;

/* What stands for everything that trust_store_load reads: the same number, other than 0, means that nothing
 * of it has changed, by whatever software. 0: it cannot be told. */
int trust_store_state(struct trust_store *store, int64_t *state, struct trust_error *err) TRUST_MUST_CHECK;

/* Put everything that answers phones into builder: each certificate with the roles of certificatetrustrolemap
 * and its TTL, out of certificatecache, whose rows are checked by SHA-256. A row without a cache (written by
 * other software) is parsed from its PEM. Retired certificates are left out. */
int trust_store_load(struct trust_store *store, struct trust_index_builder *builder,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* One certificate of the store. */
struct trust_store_row {
    char pkid[37];
    char server_name[256]; /* the node that it belongs to; "" for trust units */
    char ipv4[16];         /* "" if unknown */
    struct trust_cert *cert;
    uint32_t units; /* bit 1 << (enum trust_unit) */
    struct trust_roles roles;
    int64_t ttl;   /* seconds, -1: NULL, the default */
    bool retired;  /* an own certificate that was replaced and still stands in a published list */
    bool imported; /* taken over with its roles as they stood; mostly in no unit, but may come into one later
                    */
};

/* Visit rows in the order of units, then names. unit 0: all. Stops when visit returns non-zero, and returns
 * that. The row is borrowed for the call; visit must not change the store. */
typedef int (*trust_store_visit)(void *arg, const struct trust_store_row *row);
int trust_store_each(struct trust_store *store, int unit, trust_store_visit visit, void *arg,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Same, of the rows that trust lists hold or are signed by: own certificates, those that were, and what has
 * the role SAST, CallManager, CallManager+TFTP, TFTP or TVS. However many others there are, they cost nothing
 * to speak of. */
int trust_store_each_listed(struct trust_store *store, trust_store_visit visit, void *arg,
                            struct trust_error *err) TRUST_MUST_CHECK;

/* Same, of the rows that the header of a list or signed file names as its signer (trust_list_signer_is);
 * found by the serial number. */
int trust_store_each_signer(struct trust_store *store, const struct trust_list *list, trust_store_visit visit,
                            void *arg, struct trust_error *err) TRUST_MUST_CHECK;

/* Same, of the rows that hold these very bytes: at most one, unless other software wrote more. */
int trust_store_each_same(struct trust_store *store, const struct trust_cert *cert, trust_store_visit visit,
                          void *arg, struct trust_error *err) TRUST_MUST_CHECK;

/* The certificate of an own unit of a node (the newest, were there two). TRUST_ENOTFOUND names the unit and
 * says how to make it. The caller frees *out. */
int trust_store_own(struct trust_store *store, const char *server_name, enum trust_unit unit,
                    struct trust_cert **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Whether the store vouches for a signer of trust lists: it holds these very bytes with role 0, or as retired
 * from a unit that gives role 0 (a web server's old certificate never vouched for lists). */
int trust_store_vouches(struct trust_store *store, const struct trust_cert *cert, bool *vouches,
                        struct trust_error *err) TRUST_MUST_CHECK;

/* A node, as records of lists name it. */
struct trust_node {
    const char *server_name;
    const char *ipv4; /* "" or NULL: none */
};

/* Make cert the certificate of an own unit of the node, with the unit's roles. The one before it becomes
 * retired. A node that is not there yet is added, as trust_store_put_node (trust/node.h) does. Errors:
 * TRUST_EARGUMENT (no own unit, no node), TRUST_EEXISTS (another node's own certificate, or former name). */
int trust_store_set_own(struct trust_store *store, const struct trust_node *node, enum trust_unit unit,
                        const struct trust_cert *cert, struct trust_error *err) TRUST_MUST_CHECK;

struct trust_store_added {
    bool was_there;    /* in that unit already: nothing changed */
    char replaced[65]; /* serial number (hex) of a certificate of the same common name that was older and is
                          no longer in the unit; "" */
    bool kept_newer;   /* one of the same common name in the unit is newer: this one was not added */
};

/* File a certificate under a trust unit; it gets the union of the roles of its units. CUCM keeps only the
 * newest (by notBefore) of one common name in one trust unit, and so does this. */
int trust_store_add_trust(struct trust_store *store, enum trust_unit unit, const struct trust_cert *cert,
                          struct trust_store_added *added, struct trust_error *err) TRUST_MUST_CHECK;

/* Take a certificate with roles as they stand into no unit. ttl -1: the default. If it was imported before
 * (*was_there), roles and ttl are replaced. Units that it is in, or comes into later, add their roles. */
int trust_store_add_imported(struct trust_store *store, const struct trust_cert *cert,
                             const struct trust_roles *roles, int64_t ttl, bool *was_there,
                             struct trust_error *err) TRUST_MUST_CHECK;

/* Take a certificate out of a unit (0: out of `imported`); when it was in no other, the row goes. An own
 * certificate becomes retired. name: its common name, its subject in any spelling, its serial number in hex,
 * or its file name "NAME.pem". TRUST_ENOTFOUND, TRUST_EAMBIGUOUS (lists what fits). */
int trust_store_delete(struct trust_store *store, int unit, const char *name, struct trust_cert **deleted,
                       struct trust_error *err) TRUST_MUST_CHECK;

/* The row of a certificate in a unit (0: imported) by the same names. The caller frees row->cert. */
int trust_store_find(struct trust_store *store, int unit, const char *name, struct trust_store_row *row,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Drop the retired certificates that none of the published lists holds (trust_list_holds) or is signed by.
 * NULL among the count lists is skipped. */
int trust_store_drop_retired(struct trust_store *store, const struct trust_list *const *published,
                             size_t count, struct trust_error *err) TRUST_MUST_CHECK;

/* processconfig: "ClusterSecurityMode" is "0" (non-secure) or "1" (mixed). TRUST_ENOTFOUND if there is no
 * such parameter. The caller frees *value. */
int trust_store_get_param(struct trust_store *store, const char *name, char **value,
                          struct trust_error *err) TRUST_MUST_CHECK;
int trust_store_set_param(struct trust_store *store, const char *name, const char *value,
                          struct trust_error *err) TRUST_MUST_CHECK;

/* Run one SELECT that an operator typed. Only SELECT, READ and FUNCTION are allowed (TRUST_EDENIED otherwise;
 * one statement only). TRUST_EVALUE: SQLite does not understand it. columns is called once, then row for
 * each; cells are text, X'…' for binary ones, NULL for SQL NULL; borrowed. A non-zero result of theirs ends
 * the run and is returned. */
struct trust_sql_sink {
    void *arg;
    int (*columns)(void *arg, int count, const char *const *names);
    int (*row)(void *arg, int count, const char *const *cells);
};
int trust_store_sql(struct trust_store *store, const char *statement, const struct trust_sql_sink *sink,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* Several changes as one: everything between begin and commit happens, or nothing of it. rollback after a
 * failure; closing rolls back too. */
int trust_store_begin(struct trust_store *store, struct trust_error *err) TRUST_MUST_CHECK;
int trust_store_commit(struct trust_store *store, struct trust_error *err) TRUST_MUST_CHECK;
void trust_store_rollback(struct trust_store *store);

/* Read the certificate database of the open Python tools ("certificates": PEM, roles as names, ttl) and hand
 * each row over. Errors: TRUST_ESTORE (not such a database), TRUST_ECERT, TRUST_EVALUE (a role without a
 * code), prefixed with the row. */
struct trust_foreign_row {
    const struct trust_cert *cert;
    struct trust_roles roles;
    int64_t ttl; /* -1: NULL */
};
typedef int (*trust_foreign_visit)(void *arg, const struct trust_foreign_row *row);
int trust_store_read_usecallmanager(const char *path, trust_foreign_visit visit, void *arg,
                                    struct trust_error *err) TRUST_MUST_CHECK;

#endif
