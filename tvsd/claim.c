#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int claim_state(const struct config *config, int *fd, struct trust_error *err)
{
    *fd = -1;
    int made = open(config->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (made >= 0 && flock(made, LOCK_EX | LOCK_NB) == 0) {
        *fd = made;
        return 0;
    }
    int why = errno;
    if (made >= 0)
        close(made);
    if (why == EWOULDBLOCK)
        return trust_error_set(err, TRUST_EEXISTS, TRUST_NO_OFFSET,
                               "%.200s: another tvsd runs with this state folder", config->state);
    int code = why == ENOENT || why == ENOTDIR ? TRUST_ENOTFOUND
               : why == EACCES || why == EPERM ? TRUST_EDENIED
                                               : TRUST_ESYSTEM;
    return trust_error_set(err, code, TRUST_NO_OFFSET, "%.250s: %s", config->state, strerror(why));
}
