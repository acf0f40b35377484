#include "net.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_PORT "2445"

static bool is_port(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= 5 && strspn(text, "0123456789") == len && atol(text) >= 1 && atol(text) <= 65535;
}

/* Where the host begins and how long it is; returns what follows it ("" or ":PORT"), NULL if it is neither.
 */
static const char *split(const char *text, const char **host, size_t *len)
{
    if (text[0] == '[') {
        *host = text + 1;
        *len = strcspn(*host, "]");
        return (*host)[*len] == ']' ? *host + *len + 1 : NULL;
    }
    *host = text;
    *len = strcspn(text, ":");
    return text + *len;
}

int net_parse_option(const char *option, const char *text, const char *port, struct net_target *out,
                     struct trust_error *err)
{
    const char *host;
    size_t len;
    *out = (struct net_target){.what = "TVS server"};
    const char *rest = split(text, &host, &len);
    if (rest == NULL || len == 0 || len >= sizeof out->host || (rest[0] != '\0' && rest[0] != ':'))
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "%s %s: not HOST:PORT or [ADDRESS]:PORT", option, text);
    if (text[0] != '[' && rest[0] == ':' && strchr(rest + 1, ':') != NULL)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "%s %s: put an IPv6 address in brackets, as in [::1]:%s", option, text, port);
    if (rest[0] == ':')
        port = rest + 1;
    if (!is_port(port))
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "%s %s: a port is 1 to 65535", option,
                               text);
    memcpy(out->host, host, len);
    snprintf(out->port, sizeof out->port, "%s", port);
    snprintf(out->shown, sizeof out->shown, text[0] == '[' ? "[%s]:%s" : "%s:%s", out->host, out->port);
    return 0;
}

int net_parse(const char *text, struct net_target *out, struct trust_error *err)
{
    return net_parse_option("--host", text, DEFAULT_PORT, out, err);
}

int64_t net_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int net_wait(int fd, short events, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - net_now();
        if (left <= 0)
            return 0;
        struct pollfd wait = {.fd = fd, .events = events};
        int rc = poll(&wait, 1, left > 3600000 ? 3600000 : (int)left);
        if (rc > 0)
            return 1;
        if (rc < 0 && errno != EINTR)
            return 1;
    }
}

/* Phones mark their packets CS3. Whoever does not let us is not worth an error. */
static void mark(int fd, int family)
{
    int cs3 = 0x60;
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &cs3, sizeof cs3);
    else
        setsockopt(fd, IPPROTO_IP, IP_TOS, &cs3, sizeof cs3);
}

int net_begin(const struct sockaddr *address, socklen_t len, const struct sockaddr_in *from, int *out)
{
    int on = 1, problem = 0;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *out = -1;
    if (fd < 0)
        return errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    mark(fd, address->sa_family);
    if (from != NULL) {
        /* The port is chosen by connect(), so that each address has all of them. */
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        problem = bind(fd, (const struct sockaddr *)from, sizeof *from) != 0 ? errno : 0;
    }
    if (problem == 0 && connect(fd, address, len) != 0 && errno != EINPROGRESS)
        problem = errno;
    if (problem != 0) {
        close(fd);
        return problem;
    }
    *out = fd;
    return 0;
}

int net_outcome(int fd)
{
    int problem = 0;
    socklen_t size = sizeof problem;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 ? problem : errno;
}

/* Connect to one address. Returns 0 and the descriptor, or an errno. */
static int connect_one(const struct addrinfo *address, int64_t deadline, int *out)
{
    int fd, problem = net_begin(address->ai_addr, address->ai_addrlen, NULL, &fd);
    if (problem != 0)
        return problem;
    problem = net_wait(fd, POLLOUT, deadline) == 0 ? ETIMEDOUT : net_outcome(fd);
    if (problem != 0) {
        close(fd);
        return problem;
    }
    *out = fd;
    return 0;
}

static int look_up(const struct net_target *target, struct addrinfo **found, struct trust_error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    int rc = getaddrinfo(target->host, target->port, &hints, found);
    return rc == 0 ? 0
                   : trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: no address for that name: %s",
                                     target->shown, gai_strerror(rc));
}

int net_resolve(const struct net_target *target, struct sockaddr_storage *out, socklen_t *len,
                struct trust_error *err)
{
    struct addrinfo *found;
    int rc = look_up(target, &found, err);
    if (rc != 0)
        return rc;
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *len = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

int net_connect(const struct net_target *target, int64_t deadline, int *fd, struct trust_error *err)
{
    struct addrinfo *found;
    int problem = 0, left = 0;
    *fd = -1;
    int rc = look_up(target, &found, err);
    if (rc != 0)
        return rc;
    for (struct addrinfo *a = found; a != NULL; a = a->ai_next)
        left++;
    for (struct addrinfo *a = found; a != NULL && *fd < 0; a = a->ai_next, left--) {
        /* One address that swallows packets must not use up the time of the others. */
        int64_t now = net_now();
        problem = connect_one(a, now + (deadline - now) / left, fd);
    }
    freeaddrinfo(found);
    if (*fd < 0)
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: no %s there: %s", target->shown,
                               target->what, strerror(problem));
    return 0;
}
