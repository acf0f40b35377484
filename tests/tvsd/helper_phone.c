#include "helper_phone.h"

#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void set_up(struct phone *phone, const struct phone_options *options)
{
    phone->ctx = SSL_CTX_new(TLS_client_method());
    ck_assert_ptr_nonnull(phone->ctx);
    SSL_CTX_set_security_level(phone->ctx, 0);
    SSL_CTX_set_options(phone->ctx, options->no_ticket ? SSL_OP_NO_TICKET : 0);
    SSL_CTX_set_mode(phone->ctx, options->fallback ? SSL_MODE_SEND_FALLBACK_SCSV : 0);
    ck_assert(SSL_CTX_set_min_proto_version(phone->ctx, options->oldest));
    ck_assert(SSL_CTX_set_max_proto_version(phone->ctx, options->newest));
    ck_assert(
        SSL_CTX_set_cipher_list(phone->ctx, options->ciphers != NULL ? options->ciphers : "ALL:@SECLEVEL=0"));
    if (options->suites != NULL)
        ck_assert(SSL_CTX_set_ciphersuites(phone->ctx, options->suites));
    if (options->signatures != NULL)
        ck_assert(SSL_CTX_set1_sigalgs_list(phone->ctx, (char *)(uintptr_t)options->signatures));
    if (options->groups != NULL)
        ck_assert(SSL_CTX_set1_groups_list(phone->ctx, (char *)(uintptr_t)options->groups));
    phone->ssl = SSL_new(phone->ctx);
    ck_assert_ptr_nonnull(phone->ssl);
    ck_assert(SSL_set_fd(phone->ssl, phone->fd));
    if (options->session != NULL)
        ck_assert(SSL_set_session(phone->ssl, options->session));
    SSL_set_connect_state(phone->ssl);
}

static void start(struct phone *phone, const struct phone_options *options, int fd)
{
    static const struct phone_options defaults;
    memset(phone, 0, sizeof *phone);
    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    phone->fd = fd;
    set_up(phone, options != NULL ? options : &defaults);
}

void phone_dial(struct phone *phone, const struct phone_options *options, uint16_t port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    start(phone, options, fd);
}

int phone_connect(struct phone *phone, const struct phone_options *options)
{
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    start(phone, options, pair[0]);
    return pair[1];
}

void phone_fini(struct phone *phone)
{
    SSL_free(phone->ssl);
    SSL_CTX_free(phone->ctx);
    if (phone->fd >= 0)
        close(phone->fd);
    phone->ssl = NULL;
    phone->ctx = NULL;
    phone->fd = -1;
}

void phone_step(struct phone *phone)
{
    size_t got = 0;
    int result;
    if (phone->fd < 0 || phone->failed || phone->closed)
        return;
    ERR_clear_error();
    if (!phone->shaken) {
        result = SSL_do_handshake(phone->ssl);
        phone->shaken = result == 1;
    } else {
        ck_assert_uint_lt(phone->received, sizeof phone->inbox);
        result = SSL_read_ex(phone->ssl, phone->inbox + phone->received,
                             sizeof phone->inbox - phone->received, &got);
        phone->received += got;
    }
    int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(phone->ssl, result);
    if (error == SSL_ERROR_NONE || error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return;
    phone->failed = !phone->shaken;
    phone->closed = phone->shaken;
    ERR_clear_error();
}

void phone_send(struct phone *phone, struct trust_bytes bytes)
{
    size_t put = 0;
    ck_assert_int_eq(SSL_write_ex(phone->ssl, bytes.data, bytes.len, &put), 1);
    ck_assert_uint_eq(put, bytes.len);
}

void phone_hang_up(struct phone *phone)
{
    close(phone->fd);
    phone->fd = -1;
}

void phone_goodbye(struct phone *phone)
{
    SSL_shutdown(phone->ssl);
    phone_hang_up(phone);
}

void phone_send_raw(struct phone *phone, struct trust_bytes bytes)
{
    ck_assert_int_eq(send(phone->fd, bytes.data, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
}

const char *phone_cipher(const struct phone *phone)
{
    return SSL_get_cipher_name(phone->ssl);
}

/* record (5), type and length (4), version (2), random (32), session id (1 + n), suite (2) */
int phone_raw_suite(struct phone *phone)
{
    uint8_t hello[4096];
    ssize_t len = recv(phone->fd, hello, sizeof hello, MSG_DONTWAIT);
    if (len < 46 || hello[0] != 0x16 || hello[5] != 2)
        return 0;
    size_t at = 44u + hello[43];
    ck_assert_uint_lt(at + 1, (size_t)len);
    return hello[at] << 8 | hello[at + 1];
}

struct trust_bytes phone_bare_hello(int version, const uint16_t *suites, size_t count)
{
    static uint8_t hello[256];
    size_t body = 2 + 32 + 1 + 2 + 2 * count + 2;
    uint8_t *at = hello;
    ck_assert_uint_lt(body + 9, sizeof hello);
    memset(hello, 0, sizeof hello);
    *at++ = 0x16;
    *at++ = 3;
    *at++ = 1;
    *at++ = 0;
    *at++ = (uint8_t)(body + 4);
    *at++ = 1;
    at += 2;
    *at++ = (uint8_t)body;
    *at++ = (uint8_t)(version >> 8);
    *at++ = (uint8_t)version;
    at += 32 + 1 + 1;
    *at++ = (uint8_t)(2 * count);
    for (size_t i = 0; i < count; i++) {
        *at++ = (uint8_t)(suites[i] >> 8);
        *at++ = (uint8_t)suites[i];
    }
    *at++ = 1;
    *at++ = 0;
    return (struct trust_bytes){hello, (size_t)(at - hello)};
}

static struct trust_bytes encode(const struct trust_request *request)
{
    struct trust_error err = {0};
    uint8_t *data;
    size_t len;
    ck_assert_msg(trust_request_encode(request, &data, &len, &err) == 0, "%s", err.text);
    return (struct trust_bytes){data, len};
}

static const struct trust_bytes device = {(const uint8_t *)"CP-8861-SEPB000B4BA0AEE", 23};

struct trust_bytes phone_verify(uint32_t session, struct trust_bytes der)
{
    return encode(&(struct trust_request){.version = 1,
                                          .type = TRUST_MSG_VERIFY_REQ,
                                          .session = session,
                                          .device = device,
                                          .certificate = der});
}

struct trust_bytes phone_query(uint32_t session, struct trust_bytes serial, const char *issuer)
{
    struct trust_bytes name = {(const uint8_t *)issuer, strlen(issuer)};
    return encode(&(struct trust_request){.version = 1,
                                          .type = TRUST_MSG_QUERY_REQ,
                                          .session = session,
                                          .device = device,
                                          .subject = name,
                                          .issuer = name,
                                          .serial = serial});
}

bool phone_answer(struct phone *phone, struct trust_response *answer)
{
    static uint8_t frame[TRUST_FRAME_MAX];
    struct trust_error err = {0};
    size_t len;
    ck_assert_msg(trust_frame_peek((struct trust_bytes){phone->inbox, phone->received}, &len, &err) == 0,
                  "%s", err.text);
    if (len == 0 || len > phone->received)
        return false;
    memcpy(frame, phone->inbox, len);
    phone->received -= len;
    memmove(phone->inbox, phone->inbox + len, phone->received);
    ck_assert_msg(trust_response_decode((struct trust_bytes){frame, len}, answer, &err) == 0, "%s", err.text);
    return true;
}
