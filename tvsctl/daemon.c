#include "daemon.h"

#include "config/local.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 16384
#define FIELDS_MAX     128

struct daemon {
    int fd;
    FILE *in;
    char path[PATH_MAX];
    char line[LINE_MAX_BYTES];
};

/* Why nobody could be reached, and what to do. */
static int not_reached(const char *path, int why, struct trust_error *err)
{
    if (why == ENOENT || why == ECONNREFUSED || why == ENOTDIR)
        return trust_error_set(
            err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
            "no tvsd of this configuration runs (nobody answers at %.200s, control.socket): "
            "start it, or name its configuration with --config",
            path);
    if (why == EACCES || why == EPERM)
        return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET,
                               "%.200s (control.socket): %s; run it as root, or as a member of tvsd's group",
                               path, strerror(why));
    if (why == EAGAIN || why == EWOULDBLOCK)
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "%.200s (control.socket): tvsd takes nobody; it hangs, or is overloaded",
                               path);
    return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%.200s (control.socket): %s", path,
                           strerror(why));
}

static void set_timeout(int fd, int seconds)
{
    const struct timeval timeout = {.tv_sec = seconds};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

static int connect_to(struct daemon *daemon, struct trust_error *err)
{
    struct sockaddr_un address;
    socklen_t len;
    int folder;
    int why = local_address(daemon->path, &address, &len, &folder);
    if (why != 0)
        return not_reached(daemon->path, why, err);
    daemon->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (daemon->fd < 0)
        why = errno;
    else
        set_timeout(daemon->fd, DAEMON_TIMEOUT);
    if (why == 0 && connect(daemon->fd, (const struct sockaddr *)&address, len) != 0)
        why = errno;
    if (folder >= 0)
        close(folder);
    return why == 0 ? 0 : not_reached(daemon->path, why, err);
}

int daemon_open(const struct config *config, struct daemon **out, struct trust_error *err)
{
    *out = NULL;
    struct daemon *daemon = calloc(1, sizeof *daemon);
    if (daemon == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    daemon->fd = -1;
    int rc = 0;
    if (config_control_path(config, daemon->path, sizeof daemon->path) == NULL)
        rc = trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                             "tvsd cannot be asked: control.socket is %s",
                             strcmp(config->control.socket, CONFIG_CONTROL_OFF) == 0 ? "off" : "too long");
    if (rc == 0)
        rc = connect_to(daemon, err);
    if (rc == 0 && (daemon->in = fdopen(daemon->fd, "r")) == NULL)
        rc = trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    if (rc != 0) {
        daemon_close(daemon);
        return rc;
    }
    *out = daemon;
    return 0;
}

void daemon_close(struct daemon *daemon)
{
    if (daemon == NULL)
        return;
    if (daemon->in != NULL)
        fclose(daemon->in);
    else if (daemon->fd >= 0)
        close(daemon->fd);
    free(daemon);
}

static int say(const struct daemon *daemon, const char *command, struct trust_error *err)
{
    char line[512];
    int len = snprintf(line, sizeof line, "%s\n", command);
    if (len < 0 || (size_t)len >= sizeof line)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "the command is too long");
    /* One that takes nobody more says so and closes: that is to be heard. */
    if (send(daemon->fd, line, (size_t)len, MSG_NOSIGNAL) != len && errno != EPIPE && errno != ECONNRESET)
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%.200s: tvsd takes no command: %s",
                               daemon->path, strerror(errno));
    return 0;
}

/* The next line, without its newline. */
static int hear(struct daemon *daemon, int timeout_s, struct trust_error *err)
{
    errno = 0;
    if (fgets(daemon->line, sizeof daemon->line, daemon->in) == NULL) {
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return trust_error_set(
                err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
                "%.200s: tvsd has said nothing for %d seconds: it hangs, or is very busy; its log "
                "may say why",
                daemon->path, timeout_s);
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "%.200s: tvsd ended, or closed the connection, before its answer was whole",
                               daemon->path);
    }
    size_t len = strlen(daemon->line);
    if (len == 0 || daemon->line[len - 1] != '\n')
        return trust_error_set(err, TRUST_ETRUNCATED, TRUST_NO_OFFSET,
                               "%.200s: what came is no answer of tvsd", daemon->path);
    daemon->line[len - 1] = '\0';
    return 0;
}

static int refused(char *reason, struct trust_error *err)
{
    struct line_field fields[FIELDS_MAX];
    size_t count = 0;
    if (!line_split(reason, fields, FIELDS_MAX, &count))
        count = 0;
    const char *remedy = line_value(fields, count, "remedy");
    return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "%.250s%s%.120s",
                           line_value(fields, count, "reason"), remedy[0] != '\0' ? "; " : "", remedy);
}

int daemon_ask(struct daemon *daemon, const char *command, int timeout_s, daemon_each each, void *arg,
               struct trust_error *err)
{
    static const char refusal[] = "refused";
    set_timeout(daemon->fd, timeout_s);
    int rc = say(daemon, command, err);
    while (rc == 0) {
        struct line_field fields[FIELDS_MAX];
        size_t count;
        rc = hear(daemon, timeout_s, err);
        if (rc != 0 || strcmp(daemon->line, "done") == 0)
            return rc;
        if (strncmp(daemon->line, refusal, sizeof refusal - 1) == 0) {
            char *rest = daemon->line + sizeof refusal - 1;
            return refused(rest + (*rest == ' '), err);
        }
        if (!line_split(daemon->line, fields, FIELDS_MAX, &count))
            return trust_error_set(err, TRUST_ETRUNCATED, TRUST_NO_OFFSET,
                                   "%.200s: what came is no answer of tvsd", daemon->path);
        if (each != NULL)
            rc = each(arg, fields, count);
    }
    return rc;
}
