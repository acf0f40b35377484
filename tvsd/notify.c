#include "notify.h"

#include "log.h"
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

/* sd_notify() opens a socket each time. When connections have taken all descriptors this one makes room:
 * being busy is no reason to be killed by the watchdog. */
static int spare = -1;
static bool failing; /* and said so */

static int send_message(const char *message)
{
    int rc = sd_notify(0, message);
    if (rc == -EMFILE && spare >= 0) {
        close(spare);
        spare = -1;
        rc = sd_notify(0, message);
    }
    if (rc != 0 && spare < 0)
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return rc;
}

/* false: there is a manager, and it was not reached. */
static bool tell(const char *message)
{
    int rc = send_message(message);
    if (rc < 0 && !failing)
        LOG_SAY(NOTIFY_FAILED, log_text("reason", strerror(-rc)),
                log_text("socket", getenv("NOTIFY_SOCKET")));
    failing = rc < 0;
    return rc >= 0;
}

static void tell_status(const char *what, const char *status)
{
    char message[1100];
    size_t start = (size_t)snprintf(message, sizeof message, "%sSTATUS=", what);
    snprintf(message + start, sizeof message - start, "%s", status);
    for (char *c = message + start; *c != '\0'; c++) /* a new line would be another message */
        if ((unsigned char)*c < ' ')
            *c = ' ';
    tell(message);
}

void notify_ready(const char *status)
{
    tell_status("READY=1\n", status);
}

void notify_reloading(void)
{
    char message[64];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
             (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
    tell(message);
}

void notify_stopping(const char *status)
{
    tell_status("STOPPING=1\n", status);
}

void notify_status(const char *status)
{
    tell_status("", status);
}

bool notify_alive(void)
{
    return tell("WATCHDOG=1");
}

uint64_t notify_watchdog_us(void)
{
    uint64_t us = 0;
    return sd_watchdog_enabled(0, &us) > 0 ? us : 0;
}

static int check_socket(int fd, int number, int count, struct trust_error *err)
{
    char name[128];
    if (sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) <= 0)
        return trust_error_set(
            err, TRUST_EVALUE, TRUST_NO_OFFSET,
            "socket %d of %d from the service manager (descriptor %d, %s): not a listening "
            "TCP socket: let the .socket unit have ListenStream= with a port, and no Accept=",
            number, count, fd, sockets_name(fd, name, sizeof name));
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "socket %d of %d from the service manager (descriptor %d): %s", number, count,
                               fd, strerror(errno));
    return 0;
}

int notify_sockets(int *first, size_t *count, struct trust_error *err)
{
    *first = SD_LISTEN_FDS_START;
    *count = 0;
    int handed = sd_listen_fds(1); /* it makes them close-on-exec */
    if (handed < 0)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "sockets from the service manager: LISTEN_FDS or LISTEN_PID is wrong: %s",
                               strerror(-handed));
    for (int i = 0; i < handed; i++) {
        int rc = check_socket(SD_LISTEN_FDS_START + i, i + 1, handed, err);
        if (rc != 0)
            return rc;
    }
    *count = (size_t)handed;
    return 0;
}
