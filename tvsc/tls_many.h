/* TLS for many connections at a time: one context for all of them, and steps that never wait. */
#ifndef TVSC_TLS_MANY_H
#define TVSC_TLS_MANY_H

#include "tls.h"

#include <stdbool.h>

enum tls_resume {
    TLS_RESUME_NOT,    /* nothing that could be resumed is asked for: neither tickets nor sessions */
    TLS_RESUME_TICKET, /* with the ticket that the server gave last */
    TLS_RESUME_ID,     /* with the id of the session that it gave last; TLS 1.2 and before */
};

struct tls_many; /* belongs to one thread */
struct tls_link; /* one connection of them */

enum tls_step {
    TLS_STEP_DONE,
    TLS_STEP_WAITS,  /* call again when something happens on the socket */
    TLS_STEP_CLOSED, /* the server has closed, or reset, the connection */
    TLS_STEP_FAILED, /* tls_link_reason says why */
};

/* Free with tls_many_free, after the last link. */
int tls_many_new(const struct tls_settings *settings, enum tls_resume resume, struct tls_many **out,
                 struct trust_error *err) TRUST_MUST_CHECK;
void tls_many_free(struct tls_many *many);

/* The bytes with which each connection begins. The caller frees *hello with free(). */
int tls_many_hello(struct tls_many *many, uint8_t **hello, size_t *len,
                   struct trust_error *err) TRUST_MUST_CHECK;

/* On fd, which stays the caller's and is non-blocking. NULL: out of memory. */
struct tls_link *tls_link_new(struct tls_many *many, int fd);

/* With goodbye, if the handshake is over and the socket takes it at once. */
void tls_link_free(struct tls_link *link);

enum tls_step tls_link_shake(struct tls_link *link) TRUST_MUST_CHECK;

/* All of the bytes or none; after TLS_STEP_WAITS the same bytes again, which may lie elsewhere. */
enum tls_step tls_link_write(struct tls_link *link, struct trust_bytes bytes) TRUST_MUST_CHECK;

/* At least one byte when done. */
enum tls_step tls_link_read(struct tls_link *link, uint8_t *into, size_t size, size_t *got) TRUST_MUST_CHECK;

bool tls_link_resumed(const struct tls_link *link);

/* Why a step failed, in OpenSSL's words. Static storage. */
const char *tls_link_reason(const struct tls_link *link);

/* Once the handshake is over. */
const char *tls_link_protocol(const struct tls_link *link); /* "TLSv1.2" */
const char *tls_link_cipher(const struct tls_link *link);

/* The server's certificate, in DER: its length, and the bytes if they fit into size; 0 if there is none. */
size_t tls_link_peer(const struct tls_link *link, uint8_t *der, size_t size);

#endif
