#include "sockets.h"

#include "log.h"
#include "notify.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What an errno of socket(), bind() or listen() calls for. */
static const char *remedy(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "another program listens there (`ss -ltnp` names it): stop it, or choose another port";
    case EADDRNOTAVAIL:
        return "this host does not have the address: give one that `ip address` shows, or 0.0.0.0 or [::] "
               "for all";
    case EACCES:
    case EPERM:
        return "the user may not bind it: choose a port above 1023, or give the capability "
               "CAP_NET_BIND_SERVICE";
    case EMFILE:
    case ENFILE:
        return "too many open files: raise LimitNOFILE= or `ulimit -n`";
    case EINVAL:
        return "a link-local address needs its interface, as in [fe80::1%eth0]:2445";
    default:
        return "correct the entry";
    }
}

static int refuse(struct trust_error *err, const char *entry, int error)
{
    return trust_error_set(err, error == EACCES || error == EPERM ? TRUST_EDENIED : TRUST_ESYSTEM,
                           TRUST_NO_OFFSET, "server.listen: %.100s: %s: %s", entry, strerror(error),
                           remedy(error));
}

/* Numeric only: no DNS at a start. */
static int resolve(const char *entry, struct addrinfo **out, struct trust_error *err)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    char address[256], service[8];
    uint16_t port;
    if (!config_split_address(entry, address, sizeof address, &port))
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "server.listen: %.100s: neither ADDRESS:PORT nor [ADDRESS]:PORT", entry);
    snprintf(service, sizeof service, "%u", (unsigned)port);
    int rc = getaddrinfo(address, service, &hints, out);
    if (rc != 0)
        return trust_error_set(
            err, TRUST_EVALUE, TRUST_NO_OFFSET, "server.listen: %.100s: %s: %s", entry, gai_strerror(rc),
            strchr(address, '%') != NULL ? "behind the % stands an interface that `ip address` shows"
                                         : "give a numeric IPv4 or IPv6 address");
    return 0;
}

static bool is_any_ipv6(const struct addrinfo *address)
{
    if (address->ai_family != AF_INET6)
        return false;
    struct sockaddr_in6 in6;
    memcpy(&in6, address->ai_addr, sizeof in6);
    return IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
}

/* A kernel without a family says so at socket(); one in which IPv6 is switched off may say so only at bind(),
 * where any other address than the wildcard would be a mistake of the configuration. */
static bool is_family_missing(const struct addrinfo *address, int error)
{
    return error == EAFNOSUPPORT || error == EPFNOSUPPORT || (error == EADDRNOTAVAIL && is_any_ipv6(address));
}

/* A listening socket, or -1 with errno set. */
static int open_one(const struct addrinfo *address)
{
    const int yes = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* REUSEADDR: connections of a daemon that has just ended do not keep the next one from starting. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        (address->ai_family != AF_INET6 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0) &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int open_entry(const char *entry, struct sockets *sockets, struct trust_error *err)
{
    struct addrinfo *address = NULL;
    int rc = resolve(entry, &address, err);
    if (rc != 0)
        return rc;
    int fd = open_one(address);
    int error = errno;
    if (fd >= 0)
        sockets->fds[sockets->count++] = fd;
    else if (is_family_missing(address, error))
        LOG_SAY(LISTEN_SKIPPED, log_text("listen", entry), log_text("reason", strerror(error)));
    else
        rc = refuse(err, entry, error);
    freeaddrinfo(address);
    return rc;
}

int sockets_open(const struct config_strings *listen, struct sockets *out, struct trust_error *err)
{
    *out = (struct sockets){0};
    struct sockets made = {.fds = calloc(listen->count + 1, sizeof *made.fds)};
    if (made.fds == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < listen->count; i++)
        rc = open_entry(listen->items[i], &made, err);
    if (rc == 0 && made.count == 0)
        rc = trust_error_set(
            err, TRUST_EVALUE, TRUST_NO_OFFSET,
            "server.listen: no entry gives a socket: add an address of a family that this kernel "
            "has, such as 0.0.0.0:2445; as a systemd unit with no network of its own, start tvsd.socket");
    if (rc != 0) {
        sockets_close(&made);
        return rc;
    }
    *out = made;
    return 0;
}

int sockets_inherit(struct sockets *out, struct trust_error *err)
{
    int first;
    size_t count;
    *out = (struct sockets){0};
    int rc = notify_sockets(&first, &count, err);
    if (rc != 0 || count == 0)
        return rc;
    int *fds = calloc(count, sizeof *fds);
    if (fds == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    for (size_t i = 0; i < count; i++)
        fds[i] = first + (int)i;
    *out = (struct sockets){.fds = fds, .count = count, .inherited = true};
    return 0;
}

void sockets_stop(const struct sockets *sockets)
{
    if (sockets->inherited)
        return; /* shutdown() would reach through to the manager's */
    for (size_t i = 0; i < sockets->count; i++)
        shutdown(sockets->fds[i], SHUT_RDWR);
}

void sockets_close(struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++)
        close(sockets->fds[i]);
    free(sockets->fds);
    *sockets = (struct sockets){0};
}

char *sockets_name(int fd, char *out, size_t size)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char host[NI_MAXHOST], service[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        snprintf(out, size, "?");
        return out;
    }
    bool bracket = address.ss_family == AF_INET6;
    snprintf(out, size, "%s%s%s:%s", bracket ? "[" : "", host, bracket ? "]" : "", service);
    return out;
}
