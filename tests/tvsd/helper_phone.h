/* A phone's side of TLS on a socket, driven step by step from the thread that drives the server, too. All of
 * these fail the test rather than return an error, unless they say otherwise. */
#ifndef TESTS_TVSD_HELPER_PHONE_H
#define TESTS_TVSD_HELPER_PHONE_H

#include "trust.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* NULL or 0: OpenSSL's default. At security level 0, so that everything can be offered. */
struct phone_options {
    int oldest, newest; /* TLS1_VERSION … */
    const char *ciphers, *suites, *signatures, *groups;
    bool no_ticket, fallback;
    SSL_SESSION *session;
};

struct phone {
    int fd; /* non-blocking */
    SSL_CTX *ctx;
    SSL *ssl;
    bool shaken, failed, closed; /* handshake done; refused; the server said goodbye or closed */
    size_t received;
    uint8_t inbox[400000];
};

/* Makes a pair of connected sockets; the server's end, non-blocking too, is returned. It is the caller's. */
int phone_connect(struct phone *phone, const struct phone_options *options);
void phone_fini(struct phone *phone);

/* Connect to a port of 127.0.0.1 instead. */
void phone_dial(struct phone *phone, const struct phone_options *options, uint16_t port);

/* As much as can be done without waiting: go on with the handshake, or read into the inbox. */
void phone_step(struct phone *phone);

/* After the handshake. */
void phone_send(struct phone *phone, struct trust_bytes bytes);

/* Close the socket: after a goodbye; just so; with bytes unread, which resets it. */
void phone_goodbye(struct phone *phone);
void phone_hang_up(struct phone *phone);

/* Raw bytes, without TLS. */
void phone_send_raw(struct phone *phone, struct trust_bytes bytes);

/* The cipher suite in force, and of the server's hello that came in answer to raw bytes (0: none came). */
const char *phone_cipher(const struct phone *phone);
int phone_raw_suite(struct phone *phone);

/* A ClientHello of a version (0x0301 …) with these suites and no extension. Static storage. */
struct trust_bytes phone_bare_hello(int version, const uint16_t *suites, size_t count);

/* A verify request for a certificate; a query. Free with free(). */
struct trust_bytes phone_verify(uint32_t session, struct trust_bytes der);
struct trust_bytes phone_query(uint32_t session, struct trust_bytes serial, const char *issuer);

/* Take the first answer out of the inbox; false: it is not there whole. What it points to stays until the
 * next step. */
bool phone_answer(struct phone *phone, struct trust_response *answer);

#endif
