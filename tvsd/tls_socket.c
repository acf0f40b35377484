/* What OpenSSL reads from and writes to: its own BIO for sockets, but for the bound on what one step takes.
 * OpenSSL goes on reading until there is something to hand out; within one call it would take as many records
 * without content as a client can send. */
#include "tls_internal.h"

#include <openssl/bio.h>
#include <sys/socket.h>

/* Twice what the largest record has: no step needs more, and none keeps the others waiting. */
#define TAKE_MAX 32768

static BIO_METHOD *method; /* made once, before there are workers, for life */

/* What is left in the socket makes the loop call again. */
static int take(BIO *bio, char *into, size_t size, size_t *got)
{
    struct tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (tls->taken >= TAKE_MAX) {
        BIO_set_retry_read(bio);
        return -1;
    }
    ssize_t n = recv(tls->fd, into, size, 0);
    if (n > 0) {
        *got = (size_t)n;
        tls->taken += *got;
        tls->heard = true;
        return 1;
    }
    tls->ended |= n == 0;
    if (n < 0 && BIO_sock_should_retry((int)n) != 0)
        BIO_set_retry_read(bio);
    return (int)n;
}

/* SIGPIPE is ignored in tvsd, and is nobody's business in a test. */
static int give(BIO *bio, const char *from, size_t size, size_t *put)
{
    const struct tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n = send(tls->fd, from, size, MSG_NOSIGNAL);
    if (n >= 0) {
        *put = (size_t)n;
        return 1;
    }
    if (BIO_sock_should_retry((int)n) != 0)
        BIO_set_retry_write(bio);
    return -1;
}

static long control(BIO *bio, int what, long number, void *pointer)
{
    const struct tls *tls = BIO_get_data(bio);
    (void)number, (void)pointer;
    switch (what) {
    case BIO_CTRL_FLUSH: /* nothing is kept back */
        return 1;
    case BIO_CTRL_EOF:
        return tls->ended;
    default:
        return 0;
    }
}

bool tls_socket_prepare(void)
{
    if (method != NULL)
        return true;
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tvsd's socket");
    if (made == NULL)
        return false;
    if (BIO_meth_set_read_ex(made, take) == 1 && BIO_meth_set_write_ex(made, give) == 1 &&
        BIO_meth_set_ctrl(made, control) == 1)
        method = made;
    else
        BIO_meth_free(made);
    return method != NULL;
}

bool tls_socket_open(struct tls *tls)
{
    BIO *bio = BIO_new(method);
    if (bio == NULL)
        return false;
    BIO_set_data(bio, tls);
    SSL_set_bio(tls->ssl, bio, bio);
    return true;
}
