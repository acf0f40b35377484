/* What the tls*.c files share. */
#ifndef TVSD_TLS_INTERNAL_H
#define TVSD_TLS_INTERNAL_H

#include "tls.h"

#include <openssl/ssl.h>

/* What the ClientHello callback decides by. Copied into each connection, which may outlive its context. */
struct tls_policy {
    int minimum; /* enum config_tls_version */
    bool rsa_key_exchange;
    enum trust_key_type key; /* of the server's certificate */
    int ecdsa_group;         /* the curve of a further, EC certificate as TLS numbers it; 0: there is none */
    uint8_t certificate[TRUST_SHA256_SIZE], ecdsa[TRUST_SHA256_SIZE];
};

/* What the ClientHello callback puts in the place of the context for clients of the weaker classes: suites
 * and signatures of theirs and level 0, with the same certificate. Made once, since a list of suites takes as
 * long to set as to answer. SSL_set_SSL_CTX takes from them what OpenSSL has with a certificate, and the
 * callbacks; versions, for one, stay the client's own. */
struct tls_weaker {
    SSL_CTX *legacy, *rsa;
};

/* Sessions that phones without tickets resume by their ids: of all workers, some 20 000 and more; the oldest
 * give way. Of a context and its connections, the last of which frees it: 8 MiB, as far as they were used. */
struct tls_sessions;

struct tls_context {
    SSL_CTX *ctx;
    struct tls_sessions *sessions;
    struct tls_weaker weaker;
    struct tls_policy policy;
};

struct tls {
    SSL *ssl;
    struct tls_sessions *sessions; /* its own reference */
    struct tls_weaker weaker;      /* its own references */
    struct tls_policy policy;
    enum tls_class class;
    enum tls_failure failure;
    int alert;              /* that the peer sent; 0: none */
    int offered;            /* the newest version, where that is too old; 0: it is not, or is not known */
    bool broken;            /* libssl forbids further calls, SSL_shutdown included */
    enum tls_failure abuse; /* that it goes on without end; NONE: it does not */
    size_t taken;           /* bytes from the socket in this step */
    int fd;                 /* the caller's */
    bool heard, ended;      /* a byte came from the socket, ever; the end came */
    unsigned key_updates;
    char detail[192];
};

/* References to what the context has; they are given back by tls_weaker_free. */
struct tls_weaker tls_weaker_ref(const struct tls_weaker *weaker);
void tls_weaker_free(struct tls_weaker *weaker);

/* NULL: out of memory. A reference; each is given back by tls_sessions_free, which takes NULL, too. */
struct tls_sessions *tls_sessions_new(void);
struct tls_sessions *tls_sessions_ref(struct tls_sessions *sessions);
void tls_sessions_free(struct tls_sessions *sessions);

/* Make it the cache of the context, which has to end before it. false: out of memory. */
bool tls_sessions_serve(struct tls_sessions *sessions, SSL_CTX *ctx);

/* Any thread. Keep what it needs to be resumed; one with an id that is not 32 bytes long, or with more than a
 * session of ours has, is not kept. */
void tls_sessions_keep(struct tls_sessions *sessions, const SSL_SESSION *session);

/* NULL: there is none, or no memory. Freed with SSL_SESSION_free. */
SSL_SESSION *tls_sessions_find(struct tls_sessions *sessions, const uint8_t *id, size_t len);
void tls_sessions_forget(struct tls_sessions *sessions, const SSL_SESSION *session);

/* Sort a client into its class, or refuse it with tls->failure. For SSL_CTX_set_client_hello_cb. */
int tls_hello(SSL *ssl, int *alert, void *arg);

/* Fill failure and detail from OpenSSL's error queue, which is emptied, unless a failure is there already. */
void tls_failure_note(struct tls *tls);

/* Main thread, once before the next: what that needs. false: out of memory; it may be tried again. */
bool tls_socket_prepare(void);

/* Let tls->ssl speak over tls->fd, and keep what one step takes from there within bounds. false: out of
 * memory. */
bool tls_socket_open(struct tls *tls);

/* Count the records of a client that carry nothing. For SSL_CTX_set_msg_callback. */
void tls_record_seen(int sent, int version, int type, const void *bytes, size_t len, SSL *ssl, void *arg);

/* What reading came to, that being so: TLS_STEP_FAILED for a client that has sent too many of them. */
enum tls_step tls_records_judge(struct tls *tls, enum tls_step step);

#endif
