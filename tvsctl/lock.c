#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 5000 /* as long as for SQLite's lock */
#define STEP_MS 20

static int system_error(const char *path, int number, struct trust_error *err)
{
    const char *slash = strrchr(path, '/');
    if (number == ENOSPC || number == EDQUOT)
        return trust_error_set(
            err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
            "cannot lock %s: there is no room on the disk of %.*s: free some and try again; "
            "nothing was changed",
            path, slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
    int code = number == EACCES || number == EPERM || number == EROFS ? TRUST_EDENIED : TRUST_ESYSTEM;
    return trust_error_set(err, code, TRUST_NO_OFFSET, "cannot lock %s: %s", path, strerror(number));
}

/* "1234 set cert regen TVS", without the line's end; "" if nobody wrote anything. */
static void read_holder(int fd, char *text, size_t size)
{
    ssize_t got = pread(fd, text, size - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

/* flock(2) has no time limit. */
static int wait_for(int fd, const char *path, struct trust_error *err)
{
    static const struct timespec step = {0, STEP_MS * 1000000L};
    char holder[256];
    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += STEP_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return system_error(path, errno, err);
        if (waited >= WAIT_MS) {
            read_holder(fd, holder, sizeof holder);
            return trust_error_set(
                err, TRUST_ESTOREBUSY, TRUST_NO_OFFSET,
                "%s: another phrase has been changing this state for %d s (process %s): try "
                "again when it is done; nothing was changed",
                path, WAIT_MS / 1000, holder);
        }
        nanosleep(&step, NULL);
    }
    return 0;
}

static bool write_holder(int fd, const char *phrase)
{
    char text[256];
    int len = snprintf(text, sizeof text, "%ld %s", (long)getpid(), phrase);
    len = len < (int)sizeof text ? len : (int)sizeof text - 1;
    /* Never empty in between: what the last phrase left would be forgotten. */
    return pwrite(fd, text, (size_t)len, 0) == len && ftruncate(fd, len) == 0 && fdatasync(fd) == 0;
}

int lock_take(const char *path, const char *phrase, struct lock *lock, struct trust_error *err)
{
    char holder[256];
    *lock = (struct lock){.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (lock->fd < 0)
        return system_error(path, errno, err);
    int code = wait_for(lock->fd, path, err);
    if (code == 0) {
        read_holder(lock->fd, holder, sizeof holder);
        lock->was_left = holder[0] != '\0';
        if (!write_holder(lock->fd, phrase))
            code = system_error(path, errno != 0 ? errno : EIO, err);
    }
    if (code != 0) {
        close(lock->fd);
        lock->fd = -1;
    }
    return code;
}

void lock_release(struct lock *lock, bool finished)
{
    if (lock->fd < 0)
        return;
    /* A text that stays makes the next phrase look for something to finish, and find nothing. */
    if (finished && ftruncate(lock->fd, 0) != 0)
        finished = false;
    close(lock->fd);
    lock->fd = -1;
}

bool lock_is_left(const char *path, bool *under_way)
{
    struct stat info;
    *under_way = false;
    if (stat(path, &info) != 0 || info.st_size == 0)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return true;
    *under_way = flock(fd, LOCK_SH | LOCK_NB) != 0;
    close(fd);
    return true;
}
