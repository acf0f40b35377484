/* What the machine asks for a phone, whoever serves it: a loop over epoll and OpenSSL that does nothing else.
 *
 * loop CERTIFICATE KEY PROTOCOL SUITES
 *
 * It shakes hands (TLSv1 or TLSv1.2, without tickets and sessions) and answers every request to verify with
 * "trusted", without looking at the certificate and without a word in a log. One thread; the listening port,
 * on 127.0.0.1, is printed. What a row costs beside it is ours; what it costs itself is the kernel's and
 * OpenSSL's. */
#include "trust.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS  64
#define BACKLOG 4096
#define ROOM    16384
#define ANSWERS 4096 /* bytes sent at a time */

struct phone {
    int fd;
    SSL *ssl;
    bool shaken;
    size_t len;
    uint8_t bytes[ROOM];
};

static SSL_CTX *context;
static int epoll;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "loop: %s: %s\n", what, strerrordesc_np(errno));
    exit(EXIT_FAILURE);
}

static void watch(int fd, void *phone)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = phone};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
}

static void meet(int listener)
{
    const int on = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct phone *phone = malloc(sizeof *phone);
    if (phone == NULL || (phone->ssl = SSL_new(context)) == NULL || SSL_set_fd(phone->ssl, fd) != 1)
        die("a connection");
    phone->fd = fd;
    phone->shaken = false;
    phone->len = 0;
    SSL_set_accept_state(phone->ssl);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(fd, phone);
}

static void part(struct phone *phone)
{
    SSL_shutdown(phone->ssl);
    SSL_free(phone->ssl);
    close(phone->fd);
    free(phone);
}

/* "Trusted", with the session of the request. Its length. */
static size_t answer(const uint8_t *request, uint8_t *out, size_t size)
{
    struct trust_response response = {.version = 1,
                                      .type = TRUST_MSG_VERIFY_RES,
                                      .has_roles = true,
                                      .has_ttl = true,
                                      .ttl = TRUST_TTL_DEFAULT};
    for (int i = 4; i < 8; i++)
        response.session = response.session << 8 | request[i];
    if (trust_response_encode(&response, out, size, NULL) != 0)
        die("an answer");
    return trust_response_size(&response);
}

/* Answer what is there whole. false: it is no request. */
static bool serve(struct phone *phone)
{
    uint8_t out[ANSWERS];
    size_t at = 0, len = 0, frame;
    for (;;) {
        const struct trust_bytes stream = {phone->bytes + at, phone->len - at};
        if (trust_frame_peek(stream, &frame, NULL) != 0)
            return false;
        if (frame == 0 || frame > stream.len)
            break;
        len += answer(stream.data, out + len, sizeof out - len);
        at += frame;
    }
    memmove(phone->bytes, phone->bytes + at, phone->len -= at);
    return len == 0 || SSL_write(phone->ssl, out, (int)len) == (int)len;
}

/* false: the phone is gone. */
static bool turn(struct phone *phone)
{
    if (!phone->shaken) {
        int done = SSL_accept(phone->ssl);
        if (done != 1)
            return SSL_get_error(phone->ssl, done) == SSL_ERROR_WANT_READ;
        phone->shaken = true;
        if (SSL_has_pending(phone->ssl) == 0)
            return true;
    }
    do {
        int got = SSL_read(phone->ssl, phone->bytes + phone->len, (int)(ROOM - phone->len));
        if (got <= 0)
            return SSL_get_error(phone->ssl, got) == SSL_ERROR_WANT_READ;
        phone->len += (size_t)got;
        if (!serve(phone) || phone->len == ROOM)
            return false;
    } while (SSL_has_pending(phone->ssl) != 0);
    return true;
}

static int listen_somewhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        die("listen");
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void set_up(char **argv)
{
    char groups[] = "X25519:P-256"; /* OpenSSL's macro casts const away */
    const int version = strcmp(argv[3], "TLSv1") == 0 ? TLS1_VERSION : TLS1_2_VERSION;
    context = SSL_CTX_new(TLS_server_method());
    if (context == NULL)
        die("SSL_CTX_new");
    if (version == TLS1_VERSION)
        SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(context, 1);
    if (SSL_CTX_set_min_proto_version(context, version) != 1 ||
        SSL_CTX_set_max_proto_version(context, version) != 1 ||
        SSL_CTX_set_cipher_list(context, argv[4]) != 1 || SSL_CTX_set1_groups_list(context, groups) != 1 ||
        SSL_CTX_use_certificate_file(context, argv[1], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1)
        die("a certificate, its key, or the suites");
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    if (argc != 5) {
        fputs("loop CERTIFICATE KEY PROTOCOL SUITES\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    set_up(argv);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    const int listener = listen_somewhere();
    watch(listener, NULL);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                meet(listener);
            else if (!turn(events[i].data.ptr))
                part(events[i].data.ptr);
        }
    }
}
