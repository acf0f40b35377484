/* A copy of the store with the files that belong to it, in one file; and that file under a password. */
#ifndef TRUST_BACKUP_H
#define TRUST_BACKUP_H

#include "pending.h"
#include "store.h"

/* Copy the store into a new file (0600) by SQLite's online backup: writers meanwhile do no harm. What is
 * committed is copied; changes of a transaction that is open are not in it. The copy is one file without a
 * write-ahead log. Errors: TRUST_EEXISTS, TRUST_ESTORE, TRUST_EDENIED, TRUST_ENOTFOUND (no such folder). */
int trust_store_copy(struct trust_store *store, const char *path, struct trust_error *err) TRUST_MUST_CHECK;

/* Make the content of the store that of the store file at path, all of it or nothing, in one step that
 * readers see as one change. Legal only outside of transactions. path's schema must be this version's: open
 * it to write first. Errors: TRUST_ENOTFOUND, TRUST_EDENIED (store was opened to read), TRUST_ESTORE
 * (also: path is damaged), TRUST_ESTOREVERSION, TRUST_ESTOREBUSY, TRUST_EARGUMENT (in a transaction; path is
 * the store itself). */
int trust_store_become(struct trust_store *store, const char *path, struct trust_error *err) TRUST_MUST_CHECK;

/* Files that are saved with a copy; one of the same place and name is replaced. Visited in the order of
 * places, then names. Errors: TRUST_EARGUMENT (no name of a file in a folder), TRUST_ESTORE (such a row). */
int trust_store_save_file(struct trust_store *store, enum trust_place place, const char *name,
                          struct trust_bytes content, struct trust_error *err) TRUST_MUST_CHECK;
typedef int (*trust_saved_visit)(void *arg, enum trust_place place, const char *name,
                                 struct trust_bytes content);
int trust_store_each_saved(struct trust_store *store, trust_saved_visit visit, void *arg,
                           struct trust_error *err) TRUST_MUST_CHECK;
int trust_store_clear_saved(struct trust_store *store, struct trust_error *err) TRUST_MUST_CHECK;

/* Leave nothing in the file of what was deleted, which may be keys, and make it as small as it can be. Legal
 * only outside of transactions. Errors: TRUST_ESTORE, TRUST_ESTOREBUSY. */
int trust_store_compact(struct trust_store *store, struct trust_error *err) TRUST_MUST_CHECK;

/* Encrypt the file plain into the file sealed (0600, replaced atomically) under a password. Format: the 8
 * bytes "TVSSEAL1", log2 N (1 byte), r (1), p (1) of scrypt (RFC 7914), salt (16), nonce (12), AES-256-GCM
 * ciphertext, tag (16); everything before the ciphertext is authenticated too. Errors: TRUST_EARGUMENT (an
 * empty password), trust_file_read's, TRUST_ECRYPTO. */
int trust_seal(const char *plain, const char *sealed, const char *password,
               struct trust_error *err) TRUST_MUST_CHECK;

/* The reverse, into the file plain (0600), which exists only if all of it is authentic; plain NULL: only see
 * whether it is. Errors: TRUST_EVALUE (not such a file), TRUST_ETRUNCATED, TRUST_EVERSION, TRUST_EPASSWORD
 * (another password, or the file was changed), trust_file_read's. */
int trust_unseal(const char *sealed, const char *plain, const char *password,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* Both in two steps, for whoever reads with other rights than it writes: open the file to be read, then seal
 * or unseal it. Its path is only its name in errors then. take_fd is closed, whatever happens. */
int trust_seal_open(const char *path, int *fd, struct trust_error *err) TRUST_MUST_CHECK;
int trust_seal_fd(int take_fd, const char *plain, const char *sealed, const char *password,
                  struct trust_error *err) TRUST_MUST_CHECK;
int trust_unseal_fd(int take_fd, const char *sealed, const char *plain, const char *password,
                    struct trust_error *err) TRUST_MUST_CHECK;

#endif
