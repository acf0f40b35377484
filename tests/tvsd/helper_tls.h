/* Handshakes between tls.c and OpenSSL's client, over a pair of sockets in one thread. All of these fail the
 * test rather than return an error. */
#ifndef TESTS_TVSD_HELPER_TLS_H
#define TESTS_TVSD_HELPER_TLS_H

#include "helper_bench.h"
#include "tvsd/tls.h"

/* Certificates of every kind that a server may have, made once for a test case: an unchecked fixture. */
enum server { ON_RSA, ON_SMALL, ON_EC, ON_EC384, ON_EC521, SERVER_COUNT };
extern struct server_key servers[SERVER_COUNT];
void servers_make(void);
void servers_free(void);

/* previous: NULL, or the one whose sessions go on. Free with tls_context_free. */
struct tls_context *context_make(enum server server, int minimum, bool rsa_key_exchange,
                                 const struct tls_context *previous);

/* Drive both sides until the server is done, or the sockets are at rest. OpenSSL's error queue is empty after
 * every step of the server's. */
enum tls_step shake(struct tls *tls, struct phone *phone);

#endif
