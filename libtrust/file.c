/* Whole files read, removed; folders (trust/file.h). file_stage.c writes. */
#include "file_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int file_error(struct trust_error *err, int number, const char *doing, const char *path)
{
    int code = TRUST_ESYSTEM;
    const char *advice = "";
    if (number == ENOENT || number == ENOTDIR) {
        code = TRUST_ENOTFOUND;
    } else if (number == EACCES || number == EPERM || number == EROFS) {
        code = TRUST_EDENIED;
        advice =
            number == EROFS ? "" : " (check the owner and mode of the file and its folder, and who you are)";
    } else if (number == EISDIR) {
        advice = " (a folder stands there: take it away)";
    } else if (number == ENOMEM) {
        code = TRUST_ENOMEM;
    }
    return trust_error_set(err, code, TRUST_NO_OFFSET, "cannot %s %s: %s%s", doing, path, strerror(number),
                           advice);
}

const char *file_kind(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a folder";
    if (S_ISFIFO(mode))
        return "a FIFO";
    if (S_ISSOCK(mode))
        return "a socket";
    return "a device";
}

/* Read to the end; grows with what is really there, since a size may be a lie (procfs) or change meanwhile.
 */
static int read_all(int fd, const char *path, size_t max, uint8_t **data, size_t *len,
                    struct trust_error *err)
{
    size_t capacity = 0;
    for (;;) {
        if (*len + 1 >= capacity) {
            capacity = capacity > 0 ? capacity * 2 : 4096;
            capacity = capacity > max + 2 ? max + 2 : capacity;
            uint8_t *more = realloc(*data, capacity);
            if (more == NULL)
                return file_error(err, ENOMEM, "read", path);
            *data = more;
        }
        ssize_t n = read(fd, *data + *len, capacity - 1 - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_error(err, errno, "read", path);
        if (n == 0)
            break;
        *len += (size_t)n;
        if (*len > max)
            return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%s is larger than %zu bytes", path,
                                   max);
    }
    (*data)[*len] = '\0';
    return 0;
}

/* flags: O_NOFOLLOW, or 0. */
static int open_regular(const char *path, int flags, int *out, struct stat *info, struct trust_error *err)
{
    int code = 0;
    *out = -1;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | flags);
    if (fd < 0 && errno == ELOOP && flags != 0)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "%s is a link, not a file", path);
    if (fd < 0 && errno == ELOOP) /* of what lies there, like those below; no trouble that could pass */
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "%s is a link that leads in a circle, not to a file: %s", path,
                               strerror(ELOOP));
    if (fd < 0 && errno == ENAMETOOLONG)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "%s leads to no file: %s", path,
                               strerror(ENAMETOOLONG));
    if (fd < 0 && errno == ENXIO)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "%s is a socket or a device, not a file", path);
    if (fd < 0)
        return file_error(err, errno, "open", path);
    if (fstat(fd, info) != 0)
        code = file_error(err, errno, "read", path);
    else if (!S_ISREG(info->st_mode))
        code = trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "%s is %s, not a file", path,
                               file_kind(info->st_mode));
    if (code == 0)
        *out = fd;
    else
        close(fd);
    return code;
}

int file_open(const char *path, int *fd, struct stat *info, struct trust_error *err)
{
    return open_regular(path, 0, fd, info, err);
}

static int read_file(const char *path, int flags, size_t max, uint8_t **data, size_t *len, struct stat *info,
                     struct trust_error *err)
{
    uint8_t *bytes = NULL;
    size_t count = 0;
    struct stat status;
    int fd;
    *data = NULL;
    *len = 0;
    int code = open_regular(path, flags, &fd, &status, err);
    if (code != 0)
        return code;
    code = read_all(fd, path, max, &bytes, &count, err);
    if (code != 0)
        goto out;
    *data = bytes;
    *len = count;
    bytes = NULL;
    if (info != NULL)
        *info = status;
out:
    free(bytes);
    close(fd);
    return code;
}

int trust_file_read(const char *path, size_t max, uint8_t **data, size_t *len, struct stat *info,
                    struct trust_error *err)
{
    return read_file(path, 0, max, data, len, info, err);
}

int trust_file_read_itself(const char *path, size_t max, uint8_t **data, size_t *len, struct trust_error *err)
{
    return read_file(path, O_NOFOLLOW, max, data, len, NULL, err);
}

char *file_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return strdup(".");
    return strndup(path, slash > path ? (size_t)(slash - path) : 1);
}

int trust_folder_sync(const char *folder, struct trust_error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EINVAL: a filesystem that cannot sync folders; EACCES: one that may be written but not listed. */
    bool failed = fd >= 0 ? fsync(fd) != 0 && errno != EINVAL : errno != EACCES;
    int number = errno;
    if (fd >= 0)
        close(fd);
    return failed ? file_error(err, number, "sync", folder) : 0;
}

int trust_folder_flush(const char *folder, struct trust_error *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == EACCES) {
        sync(); /* a folder that may be written but not listed: every filesystem, then */
        return 0;
    }
    bool failed = fd < 0 || syncfs(fd) != 0;
    int number = errno;
    if (fd >= 0)
        close(fd);
    return failed ? file_error(err, number, "sync the filesystem of", folder) : 0;
}

int trust_file_remove(const char *path, struct trust_error *err)
{
    if (unlink(path) != 0)
        return file_error(err, errno, "remove", path);
    char *folder = file_folder_of(path);
    int code = folder != NULL ? trust_folder_sync(folder, err) : file_error(err, ENOMEM, "remove", path);
    free(folder);
    return code;
}

static int make_one(const char *path, mode_t mode, struct trust_error *err)
{
    struct stat status;
    if (mkdir(path, mode) == 0)
        return chmod(path, mode) == 0 ? 0 : file_error(err, errno, "set the mode of", path); /* umask */
    int number = errno;
    /* A parent that may not be created may well be there: mkdir says EROFS or EACCES first on some systems.
     */
    if (stat(path, &status) != 0)
        return file_error(err, number, "create the folder", path);
    if (!S_ISDIR(status.st_mode))
        return trust_error_set(err, TRUST_EEXISTS, TRUST_NO_OFFSET, "%s is there already and is no folder",
                               path);
    return 0;
}

int trust_folder_make(const char *path, mode_t mode, struct trust_error *err)
{
    char *partial = strdup(path);
    if (partial == NULL)
        return file_error(err, ENOMEM, "create the folder", path);
    int code = 0;
    for (char *slash = strchr(partial + (*partial == '/'), '/'); code == 0 && slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        code = make_one(partial, mode, err);
        *slash = '/';
    }
    if (code == 0)
        code = make_one(partial, mode, err);
    free(partial);
    return code;
}
