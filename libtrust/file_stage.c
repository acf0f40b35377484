/* New files: written beside their place, then renamed over it (trust/file.h). */
#include "file_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAGED_PREFIX   ".tvs-"
#define STAGED_RANDOM   "XXXXXX"
#define STAGED_TEMPLATE STAGED_PREFIX STAGED_RANDOM
_Static_assert(sizeof STAGED_TEMPLATE == TRUST_STAGED_SIZE, "the size that the header promises");

/* ---- One new file */

int file_draft_open(struct file_draft *draft, const char *folder, const char *shown, struct trust_error *err)
{
    *draft = (struct file_draft){.shown = shown, .fd = -1};
    draft->folder = strdup(folder);
    if (draft->folder == NULL || asprintf(&draft->temporary, "%s/" STAGED_TEMPLATE, folder) < 0) {
        draft->temporary = NULL;
        return file_error(err, ENOMEM, "write", shown);
    }
    draft->fd = mkostemp(draft->temporary, O_CLOEXEC); /* exclusive, 0600 */
    if (draft->fd >= 0)
        return 0;
    int number = errno;
    free(draft->temporary);
    draft->temporary = NULL;
    return file_error(err, number, "write", shown);
}

int file_draft_write(struct file_draft *draft, struct trust_bytes bytes, struct trust_error *err)
{
    for (size_t done = 0; done < bytes.len;) {
        ssize_t n = write(draft->fd, bytes.data + done, bytes.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_error(err, errno, "write", draft->shown);
        done += (size_t)n;
    }
    return 0;
}

/* Owner before mode, since a change of owner may clear bits of the mode. */
int file_draft_settle(struct file_draft *draft, mode_t mode, uid_t owner, gid_t group, bool sync,
                      struct trust_error *err)
{
    if ((owner != (uid_t)-1 || group != (gid_t)-1) && fchown(draft->fd, owner, group) != 0)
        return file_error(err, errno, "set the owner of", draft->shown);
    if (fchmod(draft->fd, mode) != 0)
        return file_error(err, errno, "set the mode of", draft->shown);
    if (sync && fsync(draft->fd) != 0)
        return file_error(err, errno, "sync", draft->shown);
    /* Some network filesystems say only here that the disk is full. */
    int fd = draft->fd;
    draft->fd = -1;
    return close(fd) == 0 || errno == EINTR ? 0 : file_error(err, errno, "write", draft->shown);
}

int file_draft_place(struct file_draft *draft, const char *path, struct trust_error *err)
{
    if (rename(draft->temporary, path) != 0)
        return file_error(err, errno, "replace", path);
    free(draft->temporary);
    draft->temporary = NULL;
    return trust_folder_sync(draft->folder, err);
}

void file_draft_fini(struct file_draft *draft)
{
    if (draft->fd >= 0)
        close(draft->fd);
    if (draft->temporary != NULL)
        unlink(draft->temporary);
    free(draft->temporary);
    free(draft->folder);
    *draft = (struct file_draft){.fd = -1};
}

int trust_file_replace(const char *path, struct trust_bytes bytes, mode_t mode, uid_t owner, gid_t group,
                       struct trust_error *err)
{
    struct file_draft draft;
    char *folder = file_folder_of(path);
    if (folder == NULL)
        return file_error(err, ENOMEM, "write", path);
    int code = file_draft_open(&draft, folder, path, err);
    if (code == 0)
        code = file_draft_write(&draft, bytes, err);
    if (code == 0)
        code = file_draft_settle(&draft, mode, owner, group, true, err);
    if (code == 0)
        code = file_draft_place(&draft, path, err);
    file_draft_fini(&draft);
    free(folder);
    return code;
}

/* ---- In two halves */

int trust_file_stage(const char *folder, struct trust_bytes bytes, mode_t mode, uid_t owner, gid_t group,
                     bool sync, char staged[TRUST_STAGED_SIZE], struct trust_error *err)
{
    struct file_draft draft;
    char *shown;
    staged[0] = '\0';
    if (asprintf(&shown, "a new file in %s", folder) < 0)
        return file_error(err, ENOMEM, "write into", folder);
    int code = file_draft_open(&draft, folder, shown, err);
    if (code == 0)
        code = file_draft_write(&draft, bytes, err);
    if (code == 0)
        code = file_draft_settle(&draft, mode, owner, group, sync, err);
    if (code == 0) {
        memcpy(staged, strrchr(draft.temporary, '/') + 1, TRUST_STAGED_SIZE);
        free(draft.temporary);
        draft.temporary = NULL; /* it stays */
    }
    file_draft_fini(&draft);
    free(shown);
    return code;
}

static bool is_bare(const char *name)
{
    return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int trust_file_place(const char *folder, const char *staged, const char *name, struct trust_error *err)
{
    char *from = NULL, *to = NULL;
    int code = 0;
    if (!is_bare(staged) || !is_bare(name))
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "'%s' cannot become '%s': both must be names in the folder %s", staged, name,
                               folder);
    if (asprintf(&from, "%s/%s", folder, staged) < 0)
        from = NULL;
    if (asprintf(&to, "%s/%s", folder, name) < 0)
        to = NULL;
    if (from == NULL || to == NULL)
        code = file_error(err, ENOMEM, "put in place", staged);
    else if (rename(from, to) != 0)
        code = errno == ENOENT ? trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                                                 "cannot replace %s: the new file %s is not there", to, from)
                               : file_error(err, errno, "replace", to);
    free(from);
    free(to);
    return code;
}

/* ---- What nobody decided about */

bool file_is_staged(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const size_t prefix = strlen(STAGED_PREFIX);
    return strncmp(name, STAGED_PREFIX, prefix) == 0 && strlen(name + prefix) == strlen(STAGED_RANDOM) &&
           strspn(name + prefix, letters) == strlen(STAGED_RANDOM);
}

static bool is_kept(const char *name, const char *const *keep, size_t keep_count)
{
    for (size_t i = 0; i < keep_count; i++)
        if (strcmp(name, keep[i]) == 0)
            return true;
    return false;
}

/* Adds to *removed. What is gone already is no failure. */
static int sweep_one(int dir, const char *folder, const char *name, size_t *removed, struct trust_error *err)
{
    struct stat info;
    if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISREG(info.st_mode))
            return 0;
        if (unlinkat(dir, name, 0) == 0) {
            ++*removed;
            return 0;
        }
    }
    if (errno == ENOENT)
        return 0;
    int code = file_error(err, errno, "remove", name);
    return trust_error_prefix(err, code, "the folder %s", folder);
}

int file_sweep(const char *folder, bool (*is_right)(const char *name), const char *const *keep,
               size_t keep_count, struct trust_error *err)
{
    size_t removed = 0;
    int code = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return errno == ENOENT ? 0 : file_error(err, errno, "read the folder", folder);
    while (code == 0) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            code = errno == 0 ? 0 : file_error(err, errno, "read the folder", folder);
            break;
        }
        if (is_right(entry->d_name) && !is_kept(entry->d_name, keep, keep_count))
            code = sweep_one(dirfd(dir), folder, entry->d_name, &removed, err);
    }
    closedir(dir);
    return code == 0 && removed > 0 ? trust_folder_sync(folder, err) : code;
}

int trust_file_sweep(const char *folder, const char *const *keep, size_t keep_count, struct trust_error *err)
{
    return file_sweep(folder, file_is_staged, keep, keep_count, err);
}
