#include "log_target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#define WAIT_MS   200 /* in each of these: */
#define WINDOW_MS 1000

#define HELD_MAX  65536
#define LINE_MOST (LOG_LINE_MAX + 16) /* with priority and newlines */

_Static_assert(LINE_MOST <= PIPE_BUF, "a pipe takes a line whole or not at all");

struct log_target {
    char *name; /* NULL: stderr */
    int fd;
    bool owns_fd;
    int error;                  /* of the last line that was not taken; 0: nobody took it */
    bool has_priority;          /* <n> before each line */
    bool is_file;               /* which takes what it is given, and never makes anybody wait for room */
    bool is_torn;               /* the last line was written in part: the next starts on a line of its own */
    int64_t window, wait_left;  /* monotonic milliseconds */
    struct sockaddr_un address; /* of a syslog daemon; sun_path "" for other targets */
    size_t held_lines, held_len;
    char held[HELD_MAX];
};

static const int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR};

bool log_target_is_journal(int fd, const char *journal_stream, const char *invocation_id)
{
    struct stat info;
    unsigned long long device, inode;
    if (fstat(fd, &info) != 0)
        return false;
    /* The variable is inherited by programs whose stderr went elsewhere, so it names what it speaks of. */
    if (journal_stream != NULL)
        return sscanf(journal_stream, "%llu:%llu", &device, &inode) == 2 && device == info.st_dev &&
               inode == info.st_ino;
    return invocation_id != NULL && !S_ISREG(info.st_mode) && !isatty(fd);
}

/* A reader that goes away must not take the daemon with it. */
static void ignore_sigpipe(void)
{
    struct sigaction old;
    if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

static bool is_file(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

static void stderr_init(struct log_target *target)
{
    ignore_sigpipe();
    target->fd = STDERR_FILENO;
    target->is_file = is_file(STDERR_FILENO);
    target->has_priority =
        log_target_is_journal(STDERR_FILENO, getenv("JOURNAL_STREAM"), getenv("INVOCATION_ID"));
}

struct log_target *log_target_default(void)
{
    static struct log_target target = {.fd = -1};
    if (target.fd < 0)
        stderr_init(&target);
    return &target;
}

/* What an errno of open() calls for, that says nothing of rights. */
static const char *remedy(int number)
{
    switch (number) {
    case EISDIR:
        return "name a file in it";
    case ENOSPC:
    case EDQUOT:
        return "free some room on its disk, or choose another place";
    case ENXIO:
        return "nothing reads that FIFO: start its reader first, or choose a file";
    case EMFILE:
    case ENFILE:
        return "raise the limit of open files (LimitNOFILE, ulimit -n)";
    case ENOMEM:
        return "try again when there is memory";
    default:
        return "correct log.target";
    }
}

/* The error of a file that cannot be opened, by errno. */
static int file_refused(const char *path, struct trust_error *err)
{
    int number = errno;
    switch (number) {
    case ENOENT:
        return trust_error_set(
            err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
            "log.target: %.250s cannot be written: its folder is not there: make it, or correct "
            "log.target",
            path);
    case EACCES:
    case EPERM:
    case EROFS:
        return trust_error_set(
            err, TRUST_EDENIED, TRUST_NO_OFFSET,
            "log.target: %.250s cannot be written: %s: let user %u write there (under systemd also "
            "ReadWritePaths=)",
            path, strerrordesc_np(number), (unsigned)geteuid());
    default:
        return trust_error_set(err, number == ENOMEM ? TRUST_ENOMEM : TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "log.target: %.250s cannot be written: %s: %s", path, strerrordesc_np(number),
                               remedy(number));
    }
}

/* Without O_NONBLOCK a FIFO that nobody reads would hold up the start. */
#define FILE_FLAGS (O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static int file_init(struct log_target *target, const char *path, struct trust_error *err)
{
    target->fd = open(path, FILE_FLAGS | O_CREAT, 0640);
    target->owns_fd = true;
    target->is_file = target->fd >= 0 && is_file(target->fd);
    return target->fd >= 0 ? 0 : file_refused(path, err);
}

static int syslog_connect(struct log_target *target)
{
    if (target->fd >= 0)
        close(target->fd);
    target->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (target->fd < 0)
        return -1;
    return connect(target->fd, (const struct sockaddr *)&target->address, sizeof target->address);
}

static int syslog_init(struct log_target *target, const char *path, struct trust_error *err)
{
    target->owns_fd = true;
    target->address.sun_family = AF_UNIX;
    if ((size_t)snprintf(target->address.sun_path, sizeof target->address.sun_path, "%s", path) >=
        sizeof target->address.sun_path)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "log.target: %s: too long for a socket",
                               path);
    if (syslog_connect(target) == 0)
        return 0;
    return trust_error_set(err, errno == ENOENT ? TRUST_ENOTFOUND : TRUST_ESYSTEM, TRUST_NO_OFFSET,
                           "log.target: syslog: %s: %m; start a syslog daemon, or choose stderr or a file",
                           path);
}

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "log.target: out of memory");
}

static int target_new(const char *name, struct log_target **out, struct trust_error *err)
{
    struct log_target *target = calloc(1, sizeof *target);
    *out = NULL;
    if (target == NULL || (target->name = strdup(name)) == NULL) {
        free(target);
        return no_memory(err);
    }
    target->fd = -1;
    ignore_sigpipe();
    *out = target;
    return 0;
}

int log_target_open(const char *name, struct log_target **out, struct trust_error *err)
{
    struct log_target *target;
    *out = NULL;
    if (strcmp(name, "syslog") == 0)
        return log_target_open_syslog(_PATH_LOG, out, err);
    int rc = target_new(name, &target, err);
    if (rc != 0)
        return rc;
    if (strcmp(name, "stderr") == 0)
        stderr_init(target);
    else
        rc = file_init(target, name, err);
    if (rc != 0) {
        log_target_free(target);
        return rc;
    }
    *out = target;
    return 0;
}

int log_target_open_syslog(const char *path, struct log_target **out, struct trust_error *err)
{
    struct log_target *target;
    *out = NULL;
    int rc = target_new("syslog", &target, err);
    if (rc != 0)
        return rc;
    rc = syslog_init(target, path, err);
    if (rc != 0) {
        log_target_free(target);
        return rc;
    }
    *out = target;
    return 0;
}

void log_target_free(struct log_target *target)
{
    if (target == NULL)
        return;
    if (target->owns_fd && target->fd >= 0)
        close(target->fd);
    free(target->name);
    free(target);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *log_target_name(const struct log_target *target)
{
    return target->name != NULL ? target->name : "stderr";
}

/* Whether a write would be taken now, or soon enough. An error or a hang-up counts as yes: the write tells.
 */
static bool is_writable(struct log_target *target)
{
    struct pollfd poller = {.fd = target->fd, .events = POLLOUT};
    if (target->is_file || poll(&poller, 1, 0) > 0)
        return true;
    int64_t start = now_ms();
    if (start - target->window >= WINDOW_MS || target->window == 0) {
        target->window = start;
        target->wait_left = WAIT_MS;
    }
    if (target->wait_left <= 0)
        return false;
    int ready = poll(&poller, 1, (int)target->wait_left);
    target->wait_left -= now_ms() - start;
    return ready > 0;
}

/* Returns the bytes that were taken. */
static size_t write_all(struct log_target *target, const char *text, size_t len)
{
    size_t done = 0;
    while (done < len) {
        target->error = 0;
        if (!is_writable(target))
            break;
        ssize_t put = write(target->fd, text + done, len - done);
        if (put > 0) {
            done += (size_t)put;
        } else if (put == 0 || errno != EINTR) {
            target->error = put == 0 || errno == EAGAIN ? 0 : errno;
            break;
        }
    }
    if (done > 0)
        target->is_torn = text[done - 1] != '\n';
    return done;
}

/* The line as it is written; at most LINE_MOST bytes. */
static size_t spell_line(const struct log_target *target, const struct log_line *line, char *out)
{
    size_t used = 0;
    if (target->has_priority) {
        out[used++] = '<';
        out[used++] = (char)('0' + priorities[line->level]);
        out[used++] = '>';
    }
    memcpy(out + used, line->text, line->len);
    used += line->len;
    out[used++] = '\n';
    return used;
}

static bool write_line(struct log_target *target, const struct log_line *line)
{
    char text[LINE_MOST];
    size_t used = 0;
    if (target->is_torn)
        text[used++] = '\n';
    used += spell_line(target, line, text + used);
    return write_all(target, text, used) == used;
}

/* As RFC 3164 has it and /dev/log expects it: priority, local time, program; months are English everywhere.
 */
static bool write_syslog(struct log_target *target, const struct log_line *line)
{
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[LOG_LINE_MAX + 64];
    struct tm local;
    time_t now = time(NULL);
    localtime_r(&now, &local);
    int head = snprintf(
        text, sizeof text, "<%d>%s %2d %02d:%02d:%02d tvsd[%ld]: ", LOG_DAEMON | priorities[line->level],
        months[local.tm_mon], local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, (long)getpid());
    size_t len = (size_t)head + line->len - line->body;
    memcpy(text + head, line->text + line->body, line->len - line->body);
    for (int attempt = 0; attempt < 3; attempt++) {
        if (send(target->fd, text, len, MSG_NOSIGNAL) >= 0)
            return true;
        if (errno == EINTR)
            continue;
        target->error = 0;
        if (errno == EAGAIN || errno == ENOBUFS) {
            if (!is_writable(target))
                return false;
        } else if (syslog_connect(target) != 0) { /* the daemon was started anew, or is gone */
            target->error = errno;
            return false;
        }
    }
    return false;
}

static const char *reason(const struct log_target *target)
{
    return target->error != 0 ? strerrordesc_np(target->error) : "nobody reads what is written there";
}

static bool is_syslog(const struct log_target *target)
{
    return target->address.sun_path[0] != '\0';
}

bool log_target_write(struct log_target *target, const struct log_line *line, const char **why)
{
    bool taken = is_syslog(target) ? write_syslog(target, line) : write_line(target, line);
    if (!taken && why != NULL)
        *why = reason(target);
    return taken;
}

bool log_target_holds(const struct log_target *target)
{
    return !is_syslog(target);
}

bool log_target_hold(struct log_target *target, const struct log_line *line)
{
    /* What is no file may have other writers, or be full: it takes that much whole or not at all. */
    const size_t most = target->is_file ? HELD_MAX : PIPE_BUF;
    if (target->held_len + line->len + 16 > most)
        return false;
    if (target->held_len == 0 && target->is_torn)
        target->held[target->held_len++] = '\n';
    target->held_len += spell_line(target, line, target->held + target->held_len);
    target->held_lines++;
    return true;
}

size_t log_target_flush(struct log_target *target, const char **why)
{
    const bool was_torn = target->is_torn;
    const size_t done = write_all(target, target->held, target->held_len);
    size_t taken = done == target->held_len ? target->held_lines : 0;
    for (size_t i = was_torn ? 1 : 0; i < done && done < target->held_len; i++)
        taken += target->held[i] == '\n';
    size_t missing = target->held_lines - taken;
    target->held_lines = target->held_len = 0;
    if (missing > 0)
        *why = reason(target);
    return missing;
}

static int check_syslog(struct trust_error *err)
{
    struct log_target *target;
    int rc = log_target_open_syslog(_PATH_LOG, &target, err);
    log_target_free(target);
    return rc;
}

/* A file that is there is opened as it will be, which changes nothing. */
static int check_file(const char *path, struct trust_error *err)
{
    int fd = open(path, FILE_FLAGS);
    if (fd >= 0)
        close(fd);
    if (fd >= 0 || errno != ENOENT)
        return fd >= 0 ? 0 : file_refused(path, err);
    const char *slash = strrchr(path, '/');
    char *folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (folder == NULL)
        return no_memory(err);
    int rc = access(folder, W_OK | X_OK) == 0 ? 0 : file_refused(path, err);
    free(folder);
    return rc;
}

int log_target_check(const char *name, struct trust_error *err)
{
    if (strcmp(name, "syslog") == 0)
        return check_syslog(err);
    return strchr(name, '/') != NULL ? check_file(name, err) : 0;
}
