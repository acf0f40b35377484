#include "tls_many.h"

#include "tls_internal.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

struct tls_many {
    SSL_CTX *context;
    SSL_SESSION *session; /* the newest that the server gave; NULL: none */
};

struct tls_link {
    SSL *ssl;
    const char *reason;
};

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_many *many = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    SSL_SESSION_free(many->session);
    many->session = session;
    return 1; /* ours now */
}

int tls_many_new(const struct tls_settings *settings, enum tls_resume resume, struct tls_many **out,
                 struct trust_error *err)
{
    *out = NULL;
    struct tls_many *many = calloc(1, sizeof *many);
    if (many == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "TLS: out of memory");
    int rc = tls_context_new(settings, &many->context, err);
    if (rc != 0) {
        free(many);
        return rc;
    }
    SSL_CTX_set_app_data(many->context, many);
    SSL_CTX_set_mode(many->context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    if (resume != TLS_RESUME_TICKET)
        SSL_CTX_set_options(many->context, SSL_OP_NO_TICKET);
    if (resume != TLS_RESUME_NOT) {
        SSL_CTX_set_session_cache_mode(many->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(many->context, keep_session);
    }
    *out = many;
    return 0;
}

void tls_many_free(struct tls_many *many)
{
    if (many == NULL)
        return;
    SSL_SESSION_free(many->session);
    SSL_CTX_free(many->context);
    ERR_clear_error();
    free(many);
}

/* The first flight of a connection that never gets an answer. Returns its length, 0: out of memory. */
static size_t first_flight(SSL *ssl, BIO *out, uint8_t **hello)
{
    char *bytes;
    (void)SSL_connect(ssl); /* it wants an answer now */
    long size = BIO_get_mem_data(out, &bytes);
    if (size <= 0 || (*hello = malloc((size_t)size)) == NULL)
        return 0;
    memcpy(*hello, bytes, (size_t)size);
    return (size_t)size;
}

int tls_many_hello(struct tls_many *many, uint8_t **hello, size_t *len, struct trust_error *err)
{
    SSL *ssl = SSL_new(many->context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    *hello = NULL;
    *len = 0;
    if (ssl != NULL && in != NULL && out != NULL) {
        BIO_set_mem_eof_return(in, -1);
        SSL_set_bio(ssl, in, out);
        *len = first_flight(ssl, out, hello);
    } else {
        BIO_free(in);
        BIO_free(out);
    }
    SSL_free(ssl);
    ERR_clear_error();
    return *len > 0 ? 0 : trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "TLS: out of memory");
}

struct tls_link *tls_link_new(struct tls_many *many, int fd)
{
    struct tls_link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return NULL;
    link->ssl = SSL_new(many->context);
    if (link->ssl == NULL || SSL_set_fd(link->ssl, fd) != 1) {
        tls_link_free(link);
        return NULL;
    }
    /* A session is taken up again by as many connections as there are. */
    if (many->session != NULL)
        SSL_set_session(link->ssl, many->session);
    return link;
}

void tls_link_free(struct tls_link *link)
{
    if (link == NULL)
        return;
    if (link->ssl != NULL && SSL_is_init_finished(link->ssl))
        SSL_shutdown(link->ssl);
    SSL_free(link->ssl);
    ERR_clear_error();
    free(link);
}

static enum tls_step outcome(struct tls_link *link, int rc)
{
    int saved = errno;
    switch (SSL_get_error(link->ssl, rc)) {
    case SSL_ERROR_NONE:
        return TLS_STEP_DONE;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return TLS_STEP_WAITS;
    case SSL_ERROR_ZERO_RETURN:
    case SSL_ERROR_SYSCALL:
        link->reason = saved != 0 ? strerrordesc_np(saved) : "the server closed the connection";
        return TLS_STEP_CLOSED;
    default:
        break;
    }
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    link->reason = reason != NULL ? reason : "TLS failed";
    ERR_clear_error();
    return TLS_STEP_FAILED;
}

static void begin(void)
{
    ERR_clear_error();
    errno = 0;
}

enum tls_step tls_link_shake(struct tls_link *link)
{
    begin();
    return outcome(link, SSL_connect(link->ssl));
}

enum tls_step tls_link_write(struct tls_link *link, struct trust_bytes bytes)
{
    size_t put;
    begin();
    return outcome(link, SSL_write_ex(link->ssl, bytes.data, bytes.len, &put));
}

enum tls_step tls_link_read(struct tls_link *link, uint8_t *into, size_t size, size_t *got)
{
    begin();
    enum tls_step step = outcome(link, SSL_read_ex(link->ssl, into, size, got));
    if (step != TLS_STEP_DONE)
        *got = 0;
    return step;
}

bool tls_link_resumed(const struct tls_link *link)
{
    return SSL_session_reused(link->ssl) == 1;
}

const char *tls_link_reason(const struct tls_link *link)
{
    return link->reason != NULL ? link->reason : "";
}

const char *tls_link_protocol(const struct tls_link *link)
{
    return SSL_get_version(link->ssl);
}

const char *tls_link_cipher(const struct tls_link *link)
{
    return SSL_get_cipher_name(link->ssl);
}

size_t tls_link_peer(const struct tls_link *link, uint8_t *der, size_t size)
{
    X509 *peer = SSL_get0_peer_certificate(link->ssl);
    int len = peer != NULL ? i2d_X509(peer, NULL) : 0;
    if (len <= 0 || (size_t)len > size)
        return len > 0 ? (size_t)len : 0;
    return (size_t)i2d_X509(peer, &der);
}
