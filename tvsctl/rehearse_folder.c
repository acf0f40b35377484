#include "rehearse_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_START "tvs-rehearse-"
#define NAME_END   "XXXXXX"
/* Its maker needs a moment between making one and locking it. */
#define LEFT_OVER_S 60

int rehearse_folder_error(int number, const char *doing, const char *path, struct trust_error *err)
{
    int code = number == EACCES || number == EPERM || number == EROFS ? TRUST_EDENIED
               : number == ENOENT || number == ENOTDIR                ? TRUST_ENOTFOUND
                                                                      : TRUST_ESYSTEM;
    return trust_error_set(err, code, TRUST_NO_OFFSET,
                           "the rehearsal needs a folder of its own: cannot %s %s: %s; TMPDIR names "
                           "another place",
                           doing, path, strerror(number));
}

/* ---- Where */

#define USUAL "/tmp"

/* Whether path is folder, or lies in it. */
static bool is_within(const char *path, const char *folder)
{
    char *real = realpath(folder, NULL);
    size_t len = real != NULL ? strlen(real) : 0;
    bool is = real != NULL && strncmp(path, real, len) == 0 && (path[len] == '/' || path[len] == '\0');
    free(real);
    return is;
}

/* TMPDIR. root's own is not for the owner of the state folder, as whom we are here. */
static char *temporary_path(const char **named)
{
    *named = getenv("TMPDIR");
    *named = *named != NULL && (*named)[0] != '\0' ? *named : USUAL;
    char *path = realpath(*named, NULL);
    if ((path != NULL && eaccess(path, W_OK | X_OK) == 0) || errno != EACCES)
        return path;
    free(path);
    *named = USUAL;
    return realpath(*named, NULL);
}

static int find_temporary(const struct config *config, char **out, struct trust_error *err)
{
    const char *named;
    char *path = temporary_path(&named);
    if (path == NULL)
        return rehearse_folder_error(errno, "make one in", named, err);
    *out = path;
    if (!is_within(path, config->state) && !is_within(path, config->trust_lists.directory))
        return 0;
    return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                           "%s lies in the state folder or the TFTP folder, where a rehearsal changes "
                           "nothing; name another place in TMPDIR",
                           named);
}

/* ---- Removing */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)walk;
    if (type == FTW_DP)
        rmdir(path);
    else
        unlink(path);
    return 0;
}

void rehearse_folder_remove(struct rehearse_folder *folder)
{
    if (folder->path[0] == '\0')
        return;
    nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    close(folder->lock);
    folder->path[0] = '\0';
}

/* Ours, of a rehearsal that is no more. Where nothing can be locked, nothing is known to be left over. */
static bool is_left_over(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && info.st_uid == geteuid() && info.st_mtime <= time(NULL) - LEFT_OVER_S &&
           flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void sweep_one(const char *temporary, const char *name)
{
    struct rehearse_folder old;
    if (strncmp(name, NAME_START, sizeof NAME_START - 1) != 0 ||
        strlen(name) != sizeof NAME_START NAME_END - 1 ||
        snprintf(old.path, sizeof old.path, "%s/%s", temporary, name) >= (int)sizeof old.path)
        return;
    old.lock = open(old.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (old.lock >= 0 && is_left_over(old.lock))
        rehearse_folder_remove(&old);
    else if (old.lock >= 0)
        close(old.lock);
}

/* What cannot be swept does not hinder the rehearsal. */
static void sweep(const char *temporary)
{
    const struct dirent *entry;
    DIR *dir = opendir(temporary);
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        sweep_one(temporary, entry->d_name);
    if (dir != NULL)
        closedir(dir);
}

/* ---- Making */

static int make_in(const char *temporary, struct rehearse_folder *folder, struct trust_error *err)
{
    char path[sizeof folder->path];
    if (snprintf(path, sizeof path, "%s/" NAME_START NAME_END, temporary) >= (int)sizeof path)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "%s: the path is too long; name another place in TMPDIR", temporary);
    if (mkdtemp(path) == NULL)
        return rehearse_folder_error(errno, "make one in", temporary, err);
    folder->lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder->lock < 0) {
        int number = errno;
        rmdir(path);
        return rehearse_folder_error(number, "open", path, err);
    }
    flock(folder->lock, LOCK_EX | LOCK_NB);
    memcpy(folder->path, path, sizeof path);
    return 0;
}

int rehearse_folder_make(const struct config *config, struct rehearse_folder *folder, struct trust_error *err)
{
    char *temporary = NULL;
    folder->path[0] = '\0';
    int code = find_temporary(config, &temporary, err);
    if (code == 0) {
        sweep(temporary);
        code = make_in(temporary, folder, err);
    }
    free(temporary);
    return code;
}
