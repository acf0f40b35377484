/* Whole files: read with a bound, replaced atomically. */
#ifndef TRUST_FILE_H
#define TRUST_FILE_H

#include "error.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Read a regular file of at most max bytes. Opens without blocking and refuses what is no regular file (FIFO,
 * folder, device). Errors: TRUST_ENOTFOUND, TRUST_EDENIED, TRUST_ESYSTEM, TRUST_EARGUMENT (not a regular
 * file), TRUST_ETOOLARGE. An empty file is no error. *data gets one NUL more than *len says. The caller frees
 * *data with free(). info, if not NULL, gets the fstat of what was read. */
int trust_file_read(const char *path, size_t max, uint8_t **data, size_t *len, struct stat *info,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* The same of a file in a folder that others may write into: a link in its place is not followed, but
 * TRUST_EARGUMENT. */
int trust_file_read_itself(const char *path, size_t max, uint8_t **data, size_t *len,
                           struct trust_error *err) TRUST_MUST_CHECK;

/* Replace path by the bytes: a temporary file beside it, written, synced, its mode set whatever the umask,
 * renamed over path, the folder synced. path is either the old file or the whole new one, at any moment.
 * owner and group: -1 leaves them. Errors: TRUST_EDENIED, TRUST_ENOTFOUND (the folder), TRUST_ESYSTEM (disk
 * full and so on); the temporary file is removed again. */
int trust_file_replace(const char *path, struct trust_bytes bytes, mode_t mode, uid_t owner, gid_t group,
                       struct trust_error *err) TRUST_MUST_CHECK;

/* The two halves of a replacement, for several files that change together: first each lies ready beside its
 * place, then a decision is made elsewhere, then each is put in place. Errors as trust_file_replace's. */
#define TRUST_STAGED_SIZE sizeof ".tvs-XXXXXX"

/* Write the bytes into a new file of the folder, whose name is put into staged. sync false: the caller syncs
 * many files at once with trust_folder_flush. */
int trust_file_stage(const char *folder, struct trust_bytes bytes, mode_t mode, uid_t owner, gid_t group,
                     bool sync, char staged[TRUST_STAGED_SIZE], struct trust_error *err) TRUST_MUST_CHECK;

/* Rename it over name. If it is not there any more, that is TRUST_ENOTFOUND. The folder is not synced: call
 * trust_folder_sync after the last. */
int trust_file_place(const char *folder, const char *staged, const char *name,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Make renames and removals in the folder last; make what was written in the filesystem of the folder last.
 */
int trust_folder_sync(const char *folder, struct trust_error *err) TRUST_MUST_CHECK;
int trust_folder_flush(const char *folder, struct trust_error *err) TRUST_MUST_CHECK;

/* Remove the files that lie ready in the folder, but for the kept names: a process that had not decided yet
 * died and left them. Only to be called under a lock that every process which stages there holds. A folder
 * that is not there is no error. */
int trust_file_sweep(const char *folder, const char *const *keep, size_t keep_count,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Remove path and sync its folder. TRUST_ENOTFOUND if it was not there. */
int trust_file_remove(const char *path, struct trust_error *err) TRUST_MUST_CHECK;

/* Create a folder and its missing parents with mode. It being there already is no error. */
int trust_folder_make(const char *path, mode_t mode, struct trust_error *err) TRUST_MUST_CHECK;

#endif
