#include "state_mode.h"

#include "ctl_published.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int check_path(const char *path, struct trust_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0 || (info.st_mode & S_IWOTH) == 0)
        return 0;
    return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET,
                           "%s: everybody may write it (mode %04o); chmod o-w %s", path,
                           (unsigned)(info.st_mode & 07777), path);
}

/* How many of the first len bytes of a path name the folder in which it lies; 0: it is the root, or a name
 * alone. */
static size_t parent_of(const char *path, size_t len)
{
    while (len > 0 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    while (len > 1 && path[len - 1] == '/')
        len--;
    return len;
}

/* Whoever may write a folder above can rename what is in it, and put something of his own there, unless the
 * folder is sticky. path is used up. */
static int check_above(char *path, const char *state, struct trust_error *err)
{
    struct stat info;
    for (size_t len = strlen(path); (len = parent_of(path, len)) > 0;) {
        path[len] = '\0';
        if (stat(path, &info) == 0 && (info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0)
            return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET,
                                   "%s: everybody may write it (mode %04o); chmod o-w, or +t, %s: another "
                                   "folder could be put in the place of %.100s",
                                   path, (unsigned)(info.st_mode & 07777), path, state);
    }
    return 0;
}

int state_mode_check_above(const char *state, struct trust_error *err)
{
    char *ways[] = {strdup(state), realpath(state, NULL)};
    int rc = 0;
    if (ways[0] == NULL || (ways[1] == NULL && errno == ENOMEM))
        rc = trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    for (size_t i = 0; i < 2; i++) {
        if (ways[i] != NULL && rc == 0)
            rc = check_above(ways[i], state, err);
        free(ways[i]);
    }
    return rc;
}

/* Their modes may be wrong though the folder's is right now: who wrote into one stays its writer. */
static int check_lists(const char *folder, struct trust_error *err)
{
    struct ctl_published lists;
    int rc = ctl_published_vouching(folder, &lists, err);
    for (size_t i = 0; rc == 0 && i < lists.count; i++)
        rc = check_path(lists.paths[i], err);
    ctl_published_fini(&lists);
    return rc;
}

int state_mode_check(const char *state, struct trust_error *err)
{
    static const char *const names[] = {
        "/keys", "/" TRUST_STORE_FILE, "/" TRUST_STORE_FILE "-wal", "/" TRUST_STORE_FILE "-shm", "/published",
    };
    char path[PATH_MAX];
    int rc = check_path(state, err);
    for (size_t i = 0; rc == 0 && i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s%s", state, names[i]);
        rc = check_path(path, err);
    }
    snprintf(path, sizeof path, "%s/published", state);
    return rc == 0 ? check_lists(path, err) : rc;
}
