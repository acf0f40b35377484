/* Whose rights a run works with. Root works in a folder as the folder's owner and group, so that the daemon,
 * which is not root, can use what tvsctl writes. */
#ifndef TVSCTL_RIGHTS_H
#define TVSCTL_RIGHTS_H

#include "trust.h"

#include <stdbool.h>

struct rights {
    uid_t uid;
    gid_t gid;
    bool changed;
};

/* Work as the owner and group of folder from now on, if the process may (it was started by root). *before is
 * what rights_leave goes back to. Errors: TRUST_ENOTFOUND, TRUST_EDENIED, TRUST_ESYSTEM. */
int rights_enter(const char *folder, struct rights *before, struct trust_error *err) TRUST_MUST_CHECK;
void rights_leave(const struct rights *before);

/* Add to an error of TRUST_EDENIED who may do it: root, or the owner of folder; to root, who works as that
 * owner, who lacks the right. Returns code. */
int rights_explain(const char *folder, int code, struct trust_error *err);

#endif
