#include "rights.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The further groups that root was started with; none is the folder's owner's. */
static struct {
    gid_t *ids;
    int count;
    bool read;
} of_root;

static bool read_groups(void)
{
    if (of_root.read)
        return true;
    int count = getgroups(0, NULL);
    gid_t *ids = count > 0 ? calloc((size_t)count, sizeof *ids) : NULL;
    of_root.count = count > 0 && ids != NULL ? getgroups(count, ids) : count;
    of_root.ids = ids;
    of_root.read = count == 0 || (ids != NULL && of_root.count >= 0);
    return of_root.read;
}

/* Without further groups there are none to change, which some containers do not allow. */
static bool take_groups(uid_t uid)
{
    return of_root.count == 0 ||
           (uid == 0 ? setgroups((size_t)of_root.count, of_root.ids) == 0 : setgroups(0, NULL) == 0);
}

/* Order matters: only root may change groups, and root's effective id is what is given up last. */
static bool become(uid_t uid, gid_t gid)
{
    return read_groups() && seteuid(0) == 0 && take_groups(uid) && setegid(gid) == 0 && seteuid(uid) == 0;
}

/* Seen with root's rights if the process has them: a folder may lie where the present user may not look. */
static int look_at(const char *folder, uid_t present, struct stat *info, struct trust_error *err)
{
    bool lent = present != 0 && seteuid(0) == 0;
    int why = stat(folder, info) == 0 ? 0 : errno;
    if (lent && seteuid(present) != 0)
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: cannot give up root's rights",
                               folder);
    if (why != 0) {
        int code = why == ENOENT ? TRUST_ENOTFOUND : why == EACCES ? TRUST_EDENIED : TRUST_ESYSTEM;
        return trust_error_set(err, code, TRUST_NO_OFFSET, "%s: %s", folder, strerror(why));
    }
    if (!S_ISDIR(info->st_mode))
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: it is no folder", folder);
    return 0;
}

int rights_enter(const char *folder, struct rights *before, struct trust_error *err)
{
    uid_t real, saved;
    struct stat info;
    *before = (struct rights){.uid = geteuid(), .gid = getegid()};
    int code = look_at(folder, before->uid, &info, err);
    if (code != 0)
        return code;
    if (getresuid(&real, &before->uid, &saved) != 0 || (before->uid != 0 && saved != 0) ||
        (before->uid == info.st_uid && before->gid == info.st_gid))
        return 0;
    if (!become(info.st_uid, info.st_gid)) {
        int why = errno;
        become(before->uid, before->gid);
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: cannot work as its owner: %s",
                               folder, strerror(why));
    }
    before->changed = true;
    return 0;
}

void rights_leave(const struct rights *before)
{
    if (!before->changed)
        return;
    /* The saved id is root's, so the kernel has no reason to refuse. Going on with wrong rights is no choice.
     */
    bool back = become(before->uid, before->gid);
    assert(back);
    (void)back;
}

int rights_explain(const char *folder, int code, struct trust_error *err)
{
    struct stat info;
    if (code != TRUST_EDENIED || err == NULL || geteuid() == 0)
        return code;
    if (getuid() == 0)
        return trust_error_set(
            err, code, err->offset,
            "%.250s; root works there as the folder's owner (user %u), who needs the right", err->text,
            (unsigned)geteuid());
    struct passwd *owner = stat(folder, &info) == 0 ? getpwuid(info.st_uid) : NULL;
    if (owner != NULL && owner->pw_uid != 0)
        return trust_error_set(err, code, err->offset, "%.300s; run it as root or as %s", err->text,
                               owner->pw_name);
    return trust_error_set(err, code, err->offset, "%.300s; run it as root", err->text);
}
