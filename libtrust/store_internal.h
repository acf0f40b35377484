/* What the store's files share. */
#ifndef LIBTRUST_STORE_INTERNAL_H
#define LIBTRUST_STORE_INTERNAL_H

#include "trust/node.h"
#include "trust/pending.h"
#include "trust/store.h"

#include <sqlite3.h>

struct trust_store {
    sqlite3 *db;
    char *path;
    enum trust_store_mode mode;
    int depth;         /* of transactions: 0 none, 1 SQLite's own, from 2 on savepoints */
    int64_t adopted;   /* data_version for which rows of other software were seen to; -1: none */
    bool keeps_caches; /* the triggers that keep caches true are there; else certificates alone count */
};

/* How long to wait for another writer. */
#define STORE_BUSY_MS 5000

/* ---- store_db.c: SQLite with this library's errors */

/* Open a database file with the flags of sqlite3_open_v2. */
int store_db_open(const char *path, int flags, sqlite3 **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Describe the last failure of the connection: "PATH: DOING: words (CODE)". Returns the code that it sets. */
int store_db_error(sqlite3 *db, const char *path, const char *doing, struct trust_error *err);
/* TRUST_EEMPTY: a file without a schema. */
int store_is_empty(const char *path, struct trust_error *err);
int store_error(struct trust_store *store, const char *doing, struct trust_error *err);

int store_no_memory(struct trust_error *err);

/* Prepare a statement and bind its parameters in order. kinds has one letter each: t text (NULL: SQL NULL),
 * i int64_t, b struct trust_bytes, n SQL NULL (no argument). Text and bytes are borrowed until the statement
 * is finalized, which is the caller's to do. */
int store_prepare(struct trust_store *store, sqlite3_stmt **out, struct trust_error *err, const char *sql,
                  const char *kinds, ...) TRUST_MUST_CHECK;

/* Next row: *more says whether there is one. */
int store_step(struct trust_store *store, sqlite3_stmt *statement, bool *more,
               struct trust_error *err) TRUST_MUST_CHECK;

/* Prepare, run to the end and finalize. */
int store_run(struct trust_store *store, struct trust_error *err, const char *sql, const char *kinds,
              ...) TRUST_MUST_CHECK;

/* The first column of the first row as a number; fallback if there is no row. */
int store_number(struct trust_store *store, int64_t fallback, int64_t *out, struct trust_error *err,
                 const char *sql, const char *kinds, ...) TRUST_MUST_CHECK;

/* The first column of the first row as text, NULL if there is no row. The caller frees *out. */
int store_text(struct trust_store *store, char **out, struct trust_error *err, const char *sql,
               const char *kinds, ...) TRUST_MUST_CHECK;

/* Columns of the present row. Text is "" for SQL NULL; both are borrowed until the next step. */
const char *store_column_text(sqlite3_stmt *statement, int column);
struct trust_bytes store_column_bytes(sqlite3_stmt *statement, int column);

/* Text of unknown origin, made fit for an error. Returns out. */
char *store_printable(const char *text, char *out, size_t size);

/* ---- store_change.c: transactions of the calls that write, and what they have in common */

/* Begin a change: refuses a store that was opened to read, takes the write lock, and makes caches for rows
 * that other software wrote. Every change that began is ended by store_end with its result so far: commits on
 * 0, else rolls back; returns the result of both. */
int store_start(struct trust_store *store, struct trust_error *err) TRUST_MUST_CHECK;
int store_end(struct trust_store *store, int result, struct trust_error *err) TRUST_MUST_CHECK;

/* Whether all rows of other software have been seen to, by this connection or by whoever noted it. */
int store_has_adopted(struct trust_store *store, bool *has, struct trust_error *err) TRUST_MUST_CHECK;

/* Before a commit: if rows of other software were seen to, and all that was written since is ours, note it
 * for whoever writes next. */
int store_note_adopted(struct trust_store *store, struct trust_error *err) TRUST_MUST_CHECK;

/* The row that holds these very bytes: a copy of its pkid, NULL if there is none. The caller frees *pkid. */
int store_row_of(struct trust_store *store, const struct trust_cert *cert, char **pkid,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* Same, but writes the row with its cache if there is none. */
int store_row_make(struct trust_store *store, const struct trust_cert *cert, char **pkid,
                   struct trust_error *err) TRUST_MUST_CHECK;

/* Write certificatetrustrolemap anew: the union of the roles of the row's units and of its import. */
int store_row_roles(struct trust_store *store, const char *pkid, struct trust_error *err) TRUST_MUST_CHECK;

/* Put the row's roles right, or drop it if nothing holds it any more: no unit, no import, not retired. */
int store_row_settle(struct trust_store *store, const char *pkid, struct trust_error *err) TRUST_MUST_CHECK;

/* ---- store_write.c */

/* Take a row out of a unit; it stays as retired, or goes when nothing else holds it. */
int store_row_leave(struct trust_store *store, const char *pkid, const struct trust_unit_info *unit,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* ---- store_node.c: inside of a change that began */

/* TRUST_EARGUMENT if a node cannot be called that: 1 to 255 characters. */
int store_check_node_name(const char *name, struct trust_error *err) TRUST_MUST_CHECK;

/* Make sure that the node has a row, with the address if one is given. TRUST_EEXISTS: a former name. */
int store_node_make(struct trust_store *store, const struct trust_node *node,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* ---- store_pending.c: places of files, as the tables name them */

/* Whether this is the name of a file in a folder, and no way out of it. */
bool store_is_file_name(const char *name);

/* "keys", …; NULL if there is no such place. Static storage. */
const char *store_place_name(enum trust_place place);

/* Read place and name of a file from two columns of the present row. TRUST_ESTORE if they make no sense. The
 * name is borrowed until the next step. */
int store_column_file(struct trust_store *store, sqlite3_stmt *statement, int column, enum trust_place *place,
                      const char **name, struct trust_error *err) TRUST_MUST_CHECK;

/* ---- store_row.c: rows and the certificates in them */

/* SELECT of everything that store_row_read wants; c is the certificate, k its cache. */
#define STORE_ROW_SELECT                                                                                     \
    "SELECT c.pkid, c.servername, c.ipv4address, c.timetolive, c.certificate, k.sha256, k.der,"              \
    " (SELECT group_concat(tkcertificateservice) FROM certificateservicecertificatemap"                      \
    " WHERE fkcertificate = c.pkid),"                                                                        \
    " (SELECT group_concat(tktrustrole) FROM certificatetrustrolemap WHERE fkcertificate = c.pkid),"         \
    " EXISTS (SELECT 1 FROM retiredcertificate WHERE fkcertificate = c.pkid),"                               \
    " EXISTS (SELECT 1 FROM importedcertificate WHERE fkcertificate = c.pkid)"                               \
    " FROM certificate AS c LEFT JOIN certificatecache AS k ON k.fkcertificate = c.pkid "

/* Read the present row of such a statement. The caller frees row->cert. */
int store_row_read(struct trust_store *store, sqlite3_stmt *statement, struct trust_store_row *row,
                   struct trust_error *err) TRUST_MUST_CHECK;

/* Whether these are the bytes of that SHA-256, given in hex: a cache that may be used. */
bool store_cache_is_valid(struct trust_bytes der, const char *sha256, uint8_t digest[TRUST_DIGEST_MAX]);

/* The one certificate in PEM text. Errors as trust_bundle_read; TRUST_ECERT if there is not exactly one. */
int store_cert_from_pem(struct trust_bytes pem, struct trust_cert **out,
                        struct trust_error *err) TRUST_MUST_CHECK;

/* The time to live of a row: -1 for SQL NULL. TRUST_EVALUE if it is none. */
int store_column_ttl(sqlite3_stmt *statement, int column, int64_t *ttl,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* A set of roles from "2,0", as group_concat makes it. */
int store_roles_from_text(const char *text, struct trust_roles *roles,
                          struct trust_error *err) TRUST_MUST_CHECK;

/* A common name as it is compared: ASCII case folded, blanks folded and trimmed. The caller frees *out. */
int store_fold_name(const char *name, char **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Say that a row is corrupt, and which. Returns TRUST_ESTORE. */
int store_row_corrupt(struct trust_store *store, const char *pkid, const struct trust_error *why,
                      struct trust_error *err);

/* Condition on c: the row has no cache. Found out of indexes, without reading the others. */
#define STORE_UNCACHED                                                                                       \
    "c.pkid IN (SELECT u.pkid FROM certificate AS u"                                                         \
    " WHERE NOT EXISTS (SELECT 1 FROM certificatecache WHERE fkcertificate = u.pkid))"

/* Condition on c: the row answers phones. One that is retired and nothing else does not. */
#define STORE_ANSWERS                                                                                        \
    "(EXISTS (SELECT 1 FROM certificateservicecertificatemap WHERE fkcertificate = c.pkid)"                  \
    " OR EXISTS (SELECT 1 FROM importedcertificate WHERE fkcertificate = c.pkid)"                            \
    " OR NOT EXISTS (SELECT 1 FROM retiredcertificate WHERE fkcertificate = c.pkid))"

#endif
