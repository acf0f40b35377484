/* Where a connection comes from: its address in words and as a key, and how many others come from there. */
#ifndef TVSD_PEER_H
#define TVSD_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct peer {
    char address[INET6_ADDRSTRLEN];  /* "192.0.2.1", "2001:db8::1"; "local" if it is neither */
    char text[INET6_ADDRSTRLEN + 8]; /* "192.0.2.1:1024", "[2001:db8::1]:1024" */
    uint64_t key;                    /* of the address, keyed by a secret of this process */
    uint64_t network;      /* the same, of an IPv6 address's first 64 bits, which one machine has whole */
    bool counted, shaking; /* in the table of connections, of handshakes */
};

/* Main thread, before the first worker starts: draw the secret. */
void peer_init(void);

/* IPv4-mapped addresses count as IPv4. */
void peer_set(struct peer *peer, const struct sockaddr *address, socklen_t len);

/* Any worker: count one connection more of this address, in a table that all workers share. false if it has
 * `limit` (0: no limit) already; then nothing is counted. */
bool peer_enter(struct peer *peer, int64_t limit);

/* Any worker: one connection less, if it was counted. */
void peer_leave(struct peer *peer);

/* Any worker: count one handshake more of this address. Returns how many others are under way there. */
int64_t peer_shake(struct peer *peer);

/* Any worker: one handshake less, if it was counted. */
void peer_shaken(struct peer *peer);

#endif
