/* What the files that read and write files share: errors, opening, and a new file before it has its name. */
#ifndef LIBTRUST_FILE_PARTS_H
#define LIBTRUST_FILE_PARTS_H

#include "trust/file.h"

/* file.c: errno as one of our codes, "cannot DOING PATH: reason", and what to do where that is known. */
int file_error(struct trust_error *err, int number, const char *doing, const char *path);

/* file.c: what is no regular file: "a folder", "a FIFO". */
const char *file_kind(mode_t mode);

/* file.c: open a regular file to read, as trust_file_read does. The caller closes *fd. */
int file_open(const char *path, int *fd, struct stat *info, struct trust_error *err) TRUST_MUST_CHECK;

/* file.c: the folder of path, "." for a bare name; NULL if memory runs out. The caller frees it. */
char *file_folder_of(const char *path);

/* file_stage.c: a new file in a folder, of no use until it is placed. Embedded; file_draft_fini removes what
 * was not placed. */
struct file_draft {
    char *folder, *temporary;
    const char *shown; /* what errors call it; borrowed */
    int fd;
};

/* Create the file, 0600. After a failure too, file_draft_fini may be called. */
int file_draft_open(struct file_draft *draft, const char *folder, const char *shown,
                    struct trust_error *err) TRUST_MUST_CHECK;
int file_draft_write(struct file_draft *draft, struct trust_bytes bytes,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Give it owner (-1: left alone) and mode and, with sync, make its content last. Nothing is written behind
 * that. */
int file_draft_settle(struct file_draft *draft, mode_t mode, uid_t owner, gid_t group, bool sync,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* Rename it over path, which is in the same folder, and sync the folder. */
int file_draft_place(struct file_draft *draft, const char *path, struct trust_error *err) TRUST_MUST_CHECK;
void file_draft_fini(struct file_draft *draft);

/* file_stage.c: remove the regular files of the folder whose names are right, but for the kept ones, and sync
 * the folder. */
int file_sweep(const char *folder, bool (*is_right)(const char *name), const char *const *keep,
               size_t keep_count, struct trust_error *err) TRUST_MUST_CHECK;

/* file_stage.c: whether it is a name that trust_file_stage gives. */
bool file_is_staged(const char *name);

#endif
