/* No fsync: it could hold up the loop for as long as a slow disk likes. After a power cut the file may be
 * damaged or an old one, and says so, or is no worse than one of a minute before. */
#include "phones_file.h"

#include "config/phone_file.h"
#include "log.h"
#include "phone_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WRITE_EVERY_S 60
#define SLICE         200 /* phones, some 0.5 ms */
#define PATH_SIZE     4096
#define FILE_MODE     0640

struct phones_file {
    struct phones *phones;
    struct event *timer, *slice;
    char path[PATH_SIZE], fresh[PATH_SIZE]; /* the file, and the one that becomes it */
    int fd;                                 /* of the fresh one; -1: no write is under way */
    size_t place, put;                      /* the next, and how many were written */
    uint64_t changes;                       /* of the table, when the last write began */
    bool failed;                            /* and it was said */
    time_t begun, written;                  /* the write under way, the last that was whole */
};

static void say_failed(struct phones_file *file, const char *what, int why)
{
    char reason[200];
    snprintf(reason, sizeof reason, "%s: %s", what, strerror(why));
    if (!file->failed)
        LOG_SAY(PHONES_FAILED, log_text("file", file->path), log_text("reason", reason),
                log_text("remedy", "what phones are known is lost with a restart until it can be written"));
    file->failed = true;
}

static void give_up(struct phones_file *file, const char *what, int why)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    unlink(file->fresh);
    say_failed(file, what, why);
}

/* ---- Writing */

static bool put_bytes(struct phones_file *file, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(file->fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            give_up(file, "it cannot be written", n < 0 ? errno : EIO);
            return false;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static bool begin_write(struct phones_file *file)
{
    char head[64];
    unlink(file->fresh); /* one that somebody else left, root say */
    file->fd = open(file->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (file->fd < 0) {
        say_failed(file, "it cannot be made", errno);
        return false;
    }
    file->place = file->put = 0;
    file->changes = phones_changes(file->phones);
    file->begun = time(NULL);
    int len = snprintf(head, sizeof head, PHONE_FILE_HEAD "%lld\n", (long long)file->begun);
    return put_bytes(file, head, (size_t)len);
}

static void end_write(struct phones_file *file)
{
    char foot[64];
    int len = snprintf(foot, sizeof foot, PHONE_FILE_FOOT "%zu\n", file->put);
    if (!put_bytes(file, foot, (size_t)len))
        return;
    int closed = close(file->fd);
    file->fd = -1;
    if (closed != 0 || rename(file->fresh, file->path) != 0)
        give_up(file, "it cannot be put in place", errno);
    else
        file->written = file->begun;
    file->failed = file->failed && file->written != file->begun;
}

/* false: it failed, or there was nothing more to write. */
static bool write_slice(struct phones_file *file)
{
    static char lines[SLICE / 4 * PHONE_LINE_MAX]; /* the main thread's */
    size_t used = 0;
    const struct phone *phone = NULL;
    for (size_t i = 0; i < SLICE && (phone = phones_at(file->phones, file->place)) != NULL; i++) {
        used += phone_line(phone, lines + used);
        file->place++;
        file->put++;
        if (sizeof lines - used >= PHONE_LINE_MAX)
            continue;
        if (!put_bytes(file, lines, used))
            return false;
        used = 0;
    }
    if (!put_bytes(file, lines, used))
        return false;
    if (phone != NULL)
        return true;
    end_write(file);
    return false;
}

void phones_file_write(struct phones_file *file)
{
    if (file->fd < 0 && file->changes == phones_changes(file->phones))
        return;
    if (file->fd >= 0)
        close(file->fd); /* from the start, as it is now */
    if (begin_write(file))
        while (write_slice(file))
            continue;
}

static void on_slice(evutil_socket_t fd, short events, void *arg)
{
    static const struct timeval soon = {.tv_usec = 1000};
    struct phones_file *file = arg;
    (void)fd, (void)events;
    if (file->fd >= 0 && write_slice(file))
        event_add(file->slice, &soon);
}

void phones_file_begin(struct phones_file *file)
{
    if (file->fd < 0 && file->changes != phones_changes(file->phones) && begin_write(file))
        on_slice(-1, 0, file);
}

static void on_timer(evutil_socket_t fd, short events, void *arg)
{
    (void)fd, (void)events;
    phones_file_begin(arg);
}

/* ---- Reading */

static int put_phone(void *arg, const struct phone *phone)
{
    phones_put(arg, phone);
    return 0;
}

static void read_file(struct phones_file *file)
{
    struct trust_error err = {0};
    int rc = phone_file_read(file->path, put_phone, file->phones, &file->written, &err);
    if (phones_sort(file->phones, NULL) != 0)
        rc = trust_error_set(&err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    if (rc != 0 && rc != TRUST_ENOTFOUND)
        LOG_SAY(PHONES_FAILED, log_text("file", file->path), log_text("reason", err.text),
                log_text("remedy", "the phones that could not be read are known again when they ask"));
    file->changes = phones_changes(file->phones);
}

/* ---- Life */

struct phones_file *phones_file_new(struct event_base *base, const struct config *config,
                                    struct phones *phones)
{
    static const struct timeval minute = {.tv_sec = WRITE_EVERY_S};
    struct phones_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return NULL;
    file->phones = phones;
    file->fd = -1;
    file->timer = event_new(base, -1, EV_PERSIST, on_timer, file);
    file->slice = event_new(base, -1, 0, on_slice, file);
    if (file->timer == NULL || file->slice == NULL || event_add(file->timer, &minute) != 0 ||
        config_state_path(config, PHONE_FILE, file->path, sizeof file->path) == NULL ||
        config_state_path(config, PHONE_FILE ".new", file->fresh, sizeof file->fresh) == NULL) {
        phones_file_free(file);
        return NULL;
    }
    read_file(file);
    return file;
}

time_t phones_file_written(const struct phones_file *file)
{
    return file->written;
}

void phones_file_free(struct phones_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0) {
        close(file->fd);
        unlink(file->fresh);
    }
    if (file->timer != NULL)
        event_free(file->timer);
    if (file->slice != NULL)
        event_free(file->slice);
    free(file);
}
