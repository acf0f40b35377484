/* A connection's TLS, driven directly on its socket: one call of OpenSSL a step, translated. */
#include "tls_internal.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls *tls_new(struct tls_context *context, int fd)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return NULL;
    tls->policy = context->policy;
    tls->weaker = tls_weaker_ref(&context->weaker);
    tls->sessions = tls_sessions_ref(context->sessions);
    tls->fd = fd;
    tls->ssl = SSL_new(context->ctx);
    if (tls->ssl == NULL || !tls_socket_open(tls) || SSL_set_app_data(tls->ssl, tls) != 1) {
        tls_free(tls);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_accept_state(tls->ssl);
    return tls;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    /* A session that was not shut down would never be resumed. What cannot be sent at once is left. */
    if (tls->ssl != NULL && !tls->broken && SSL_is_init_finished(tls->ssl)) {
        ERR_clear_error();
        SSL_shutdown(tls->ssl);
    }
    SSL_free(tls->ssl);
    tls_weaker_free(&tls->weaker);
    tls_sessions_free(tls->sessions);
    ERR_clear_error();
    free(tls);
}

static enum tls_step failed_by_system(struct tls *tls, int why)
{
    if (why == 0)
        return TLS_STEP_CLOSED;
    if (tls->failure == TLS_FAILURE_NONE) {
        tls->failure = why == ENOMEM || why == ENOBUFS ? TLS_FAILURE_MEMORY : TLS_FAILURE_RESET;
        snprintf(tls->detail, sizeof tls->detail, "%s", strerrordesc_np(why));
    }
    return TLS_STEP_FAILED;
}

/* There are seldom any, and to look is cheaper than to wipe the queue. */
static void clear_errors(void)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

/* Translate the result of one call. errno was 0 and the error queue empty before it. */
static enum tls_step step_of(struct tls *tls, int result)
{
    if (result > 0)
        return TLS_STEP_DONE;
    int why = errno;
    int error = SSL_get_error(tls->ssl, result);
    enum tls_step step;
    switch (error) {
    case SSL_ERROR_NONE:
        return TLS_STEP_DONE;
    case SSL_ERROR_WANT_READ:
        step = TLS_STEP_WANT_READ;
        break;
    case SSL_ERROR_WANT_WRITE:
        step = TLS_STEP_WANT_WRITE;
        break;
    case SSL_ERROR_ZERO_RETURN:
        step = TLS_STEP_CLOSED;
        break;
    case SSL_ERROR_SYSCALL:
        tls->broken = true;
        step = failed_by_system(tls, why);
        break;
    default:
        tls->broken = true;
        tls_failure_note(tls);
        step = TLS_STEP_FAILED;
    }
    clear_errors();
    return step;
}

static void step_begin(struct tls *tls)
{
    clear_errors();
    errno = 0;
    tls->taken = 0;
}

enum tls_step tls_handshake(struct tls *tls)
{
    step_begin(tls);
    enum tls_step step = step_of(tls, SSL_do_handshake(tls->ssl));
    if (step == TLS_STEP_DONE)
        assert(tls->class != TLS_CLASS_UNKNOWN);
    if (step == TLS_STEP_CLOSED || step == TLS_STEP_FAILED)
        tls->broken = true;
    /* Who said something and went is no port scan: phones that refuse the certificate do just that. */
    if (step == TLS_STEP_CLOSED && tls_heard(tls)) {
        tls->failure = TLS_FAILURE_ABANDONED;
        step = TLS_STEP_FAILED;
    }
    return step;
}

enum tls_step tls_read(struct tls *tls, uint8_t *into, size_t size, size_t *got)
{
    *got = 0;
    step_begin(tls);
    enum tls_step step = tls_records_judge(tls, step_of(tls, SSL_read_ex(tls->ssl, into, size, got)));
    if (step == TLS_STEP_FAILED)
        *got = 0;
    return step;
}

enum tls_step tls_write(struct tls *tls, const uint8_t *from, size_t len, size_t *put)
{
    *put = 0;
    step_begin(tls);
    return step_of(tls, SSL_write_ex(tls->ssl, from, len, put));
}

bool tls_has_bytes(const struct tls *tls)
{
    return SSL_has_pending(tls->ssl) == 1;
}

enum tls_class tls_class(const struct tls *tls)
{
    return tls->class;
}

const char *tls_protocol(const struct tls *tls)
{
    return SSL_get_version(tls->ssl);
}

const char *tls_cipher(const struct tls *tls)
{
    return SSL_get_cipher_name(tls->ssl);
}

const uint8_t *tls_certificate(const struct tls *tls)
{
    if (tls->policy.ecdsa_group == 0)
        return tls->policy.certificate;
    if (SSL_session_reused(tls->ssl))
        return NULL;
    const X509 *shown = SSL_get_certificate(tls->ssl);
    const EVP_PKEY *key = shown != NULL ? X509_get0_pubkey(shown) : NULL;
    if (key == NULL)
        return NULL;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC ? tls->policy.ecdsa : tls->policy.certificate;
}

bool tls_heard(const struct tls *tls)
{
    return tls->heard;
}

const char *tls_library(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
