/* The listening sockets: those of server.listen, or those that the service manager hands over. Main thread.
 */
#ifndef TVSD_SOCKETS_H
#define TVSD_SOCKETS_H

#include "config/config.h"
#include "trust.h"

#include <stdbool.h>
#include <stddef.h>

struct sockets {
    int *fds; /* listening, non-blocking, close-on-exec */
    size_t count;
    bool inherited; /* the service manager holds them as well, and goes on listening when we end */
};

/* Open one socket an entry. IPv6 sockets take IPv6 only, so both wildcards can be given side by side. An
 * address family that this kernel does not have is passed over with listen-skipped; anything else that fails,
 * and no socket at all, is an error in one line that names the entry and says what to do. All or none. */
int sockets_open(const struct config_strings *listen, struct sockets *out,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* Take the sockets that the service manager hands over; none is no error. One that is no listening TCP socket
 * is, in one line that names it. */
int sockets_inherit(struct sockets *out, struct trust_error *err) TRUST_MUST_CHECK;

/* Take no more connections, from now on and for every thread; the descriptors stay until sockets_close, since
 * workers still hold them. Inherited sockets are left as they are: who connects waits for our successor. */
void sockets_stop(const struct sockets *sockets);
void sockets_close(struct sockets *sockets);

/* The address that a socket is bound to, "ADDRESS:PORT" or "[ADDRESS]:PORT", with the real port. Returns out.
 */
char *sockets_name(int fd, char *out, size_t size);

#endif
