#include "state_mode.h"

#include "ctl_published.h"

#include <limits.h>
#include <stdio.h>
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
