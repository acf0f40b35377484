/* TCP with a deadline. */
#ifndef TVSC_NET_H
#define TVSC_NET_H

#include "trust.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct net_target {
    char host[256]; /* name or address, without brackets */
    char port[8];
    char shown[272];  /* as it is named in messages: "HOST:PORT", "[ADDRESS]:PORT" */
    const char *what; /* is to be there: "TVS server". Static storage */
};

/* Take "HOST", "HOST:PORT", "[ADDRESS]" or "[ADDRESS]:PORT" apart; the port is 2445 if there is none. */
int net_parse(const char *text, struct net_target *out, struct trust_error *err) TRUST_MUST_CHECK;

/* The same for another option than --host (which is named in errors), and another default port. */
int net_parse_option(const char *option, const char *text, const char *port, struct net_target *out,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Milliseconds of the monotonic clock, which all deadlines are measured by. */
int64_t net_now(void);

/* Connect, trying the addresses of a host name one after the other. *fd is non-blocking; the caller closes
 * it. Looking up a name is not bounded by the deadline. */
int net_connect(const struct net_target *target, int64_t deadline, int *fd,
                struct trust_error *err) TRUST_MUST_CHECK;

/* The first address of a host name. */
int net_resolve(const struct net_target *target, struct sockaddr_storage *out, socklen_t *len,
                struct trust_error *err) TRUST_MUST_CHECK;

/* Begin to connect without waiting, from an address of ours if from is not NULL: 0 and a non-blocking
 * descriptor, which the caller closes, or an errno. When it is ready for writing, net_outcome says what came
 * of it: 0 or an errno. */
int net_begin(const struct sockaddr *address, socklen_t len, const struct sockaddr_in *from,
              int *fd) TRUST_MUST_CHECK;
int net_outcome(int fd) TRUST_MUST_CHECK;

/* Wait for POLLIN or POLLOUT. 1: ready (or in error, which the next call on fd will tell), 0: the deadline
 * has passed. */
int net_wait(int fd, short events, int64_t deadline);

#endif
