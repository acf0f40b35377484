#include "control_listen.h"

#include "config/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 128

static int cannot(struct trust_error *err, const char *path, const char *what, int why)
{
    int code = why == ENOENT || why == ENOTDIR                 ? TRUST_ENOTFOUND
               : why == EACCES || why == EPERM || why == EROFS ? TRUST_EDENIED
               : why == ENAMETOOLONG                           ? TRUST_ETOOLARGE
                                                               : TRUST_ESYSTEM;
    return trust_error_set(err, code, TRUST_NO_OFFSET, "%.250s: %s: %s", path, what,
                           code == TRUST_ENOTFOUND ? "its folder is not there" : strerror(why));
}

/* Do with a socket what `what` does (bind, connect). Returns 0 or errno. */
static int with_address(int (*what)(int fd, const struct sockaddr *address, socklen_t len), int fd,
                        const char *path)
{
    struct sockaddr_un address;
    socklen_t len;
    int folder;
    int why = local_address(path, &address, &len, &folder);
    if (why != 0)
        return why;
    why = what(fd, (const struct sockaddr *)&address, len) == 0 ? 0 : errno;
    if (folder >= 0)
        close(folder);
    return why;
}

static int local_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* ours: only we may be there, and so whoever cannot be asked is dead. */
static bool is_answered(const char *path, bool ours)
{
    int fd = local_socket();
    int why = fd >= 0 ? with_address(connect, fd, path) : ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return why == 0 || why == EAGAIN || why == EINPROGRESS || (why == EACCES && !ours);
}

/* What a dead tvsd left goes; ours: the place is ours alone, links and all. */
static int clear_place(const char *path, bool ours, struct trust_error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return errno == ENOENT ? 0 : cannot(err, path, "it cannot be looked at", errno);
    if (!S_ISSOCK(info.st_mode) && !(ours && S_ISLNK(info.st_mode)))
        return trust_error_set(err, TRUST_EEXISTS, TRUST_NO_OFFSET,
                               "%.250s: there is something else, which is no socket: take it away", path);
    if (S_ISSOCK(info.st_mode) && is_answered(path, ours))
        return trust_error_set(err, TRUST_EEXISTS, TRUST_NO_OFFSET, "%.250s: somebody else answers there",
                               path);
    return unlink(path) == 0 || errno == ENOENT ? 0 : cannot(err, path, "it cannot be replaced", errno);
}

/* Threads that make files would get this mask, too: there are none yet. */
static int bind_for_group(int fd, const char *path)
{
    mode_t before = umask(0117);
    int why = with_address(bind, fd, path);
    umask(before);
    return why;
}

static int listen_at(struct control_listen *listen_on, bool ours, struct trust_error *err)
{
    struct stat info;
    int rc = clear_place(listen_on->path, ours, err);
    if (rc != 0)
        return rc;
    listen_on->fd = local_socket();
    if (listen_on->fd < 0)
        return cannot(err, listen_on->path, "no socket can be made", errno);
    int why = bind_for_group(listen_on->fd, listen_on->path);
    if (why == 0 && lstat(listen_on->path, &info) == 0) {
        listen_on->dev = info.st_dev;
        listen_on->ino = info.st_ino;
    }
    if (why == 0 && listen(listen_on->fd, BACKLOG) != 0)
        why = errno;
    return why == 0 ? 0 : cannot(err, listen_on->path, "it cannot be listened on", why);
}

static int make_link(const struct control_listen *listen_on, struct trust_error *err)
{
    int rc = clear_place(listen_on->link, true, err);
    if (rc == 0 && symlink(listen_on->path, listen_on->link) != 0)
        rc = cannot(err, listen_on->link, "the link cannot be made", errno);
    return rc;
}

/* The first of the folders, which stand between colons; NULL: there is none. */
static char *runtime_path(void)
{
    const char *folders = getenv("RUNTIME_DIRECTORY");
    char *path = NULL;
    if (folders == NULL || folders[0] != '/')
        return NULL;
    if (asprintf(&path, "%.*s/" CONFIG_CONTROL_NAME, (int)strcspn(folders, ":"), folders) < 0)
        return NULL;
    return path;
}

int control_listen_open(const struct config *config, struct control_listen *out, struct trust_error *err)
{
    char path[4096];
    *out = (struct control_listen){.fd = -1};
    if (strcmp(config->control.socket, CONFIG_CONTROL_OFF) == 0)
        return 0;
    if (config_control_path(config, path, sizeof path) == NULL)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "control.socket: the path is too long");
    bool ours = strcmp(config->control.socket, CONFIG_CONTROL_AUTO) == 0;
    char *runtime = ours ? runtime_path() : NULL;
    char *place = strdup(path);
    out->path = runtime != NULL ? runtime : place;
    out->link = runtime != NULL ? place : NULL;
    int rc = place == NULL ? trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory") : 0;
    if (rc == 0)
        rc = listen_at(out, ours, err);
    if (rc == 0 && out->link != NULL)
        rc = make_link(out, err);
    if (rc != 0)
        control_listen_close(out);
    return rc;
}

static bool is_ours(const struct control_listen *listen)
{
    struct stat info;
    return listen->ino != 0 && lstat(listen->path, &info) == 0 && info.st_dev == listen->dev &&
           info.st_ino == listen->ino;
}

void control_listen_close(struct control_listen *listen)
{
    char target[4096];
    if (listen->fd >= 0)
        close(listen->fd);
    if (listen->fd >= 0 && is_ours(listen))
        unlink(listen->path);
    ssize_t len = listen->link != NULL ? readlink(listen->link, target, sizeof target) : -1;
    if (len > 0 && (size_t)len == strlen(listen->path) && memcmp(target, listen->path, (size_t)len) == 0)
        unlink(listen->link);
    free(listen->path);
    free(listen->link);
    *listen = (struct control_listen){.fd = -1};
}
