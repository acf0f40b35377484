/* The kinds of hostile clients: each turn is one connection, or a look after many. */
#include "hostile.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HERE       "127.0.0.3"
#define EVERYWHERE "127.1.0.1"
#define HALF_OPEN  10000
#define SLOW       400

static uint64_t next_random(struct attacker *attacker)
{
    attacker->random ^= attacker->random << 13;
    attacker->random ^= attacker->random >> 7;
    attacker->random ^= attacker->random << 17;
    return attacker->random;
}

static void hang_up(SSL *ssl, int fd)
{
    ERR_clear_error();
    SSL_free(ssl);
    if (fd >= 0)
        close(fd);
}

static void reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

/* Send bytes until the server has had enough, at most so often. */
static void pour(int fd, const void *bytes, size_t len, int times)
{
    while (times-- > 0 && send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len)
        ;
}

/* The ClientHello that our OpenSSL would send. */
static size_t client_hello(uint8_t *out, size_t size)
{
    SSL *ssl = SSL_new(plan.tls);
    BIO *in = BIO_new(BIO_s_mem()), *sent = BIO_new(BIO_s_mem());
    if (ssl == NULL || in == NULL || sent == NULL)
        hostile_die("SSL_new");
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, sent);
    SSL_set_connect_state(ssl);
    SSL_do_handshake(ssl);
    int len = BIO_read(sent, out, (int)size);
    ERR_clear_error();
    SSL_free(ssl);
    return len > 0 ? (size_t)len : 0;
}

/* ---- Many at once ---- */

#define NEWS 1024

/* The i-th of many. */
static void dial_one(struct attacker *attacker, int i, const char *from, uint32_t spread)
{
    uint32_t host = spread == 0 ? 0 : (uint32_t)(next_random(attacker) % spread);
    struct epoll_event event = {.events = EPOLLRDHUP, .data.u32 = (uint32_t)i};
    attacker->fds[i] = hostile_dial(from, host, false);
    if (attacker->fds[i] >= 0)
        epoll_ctl(attacker->epoll, EPOLL_CTL_ADD, attacker->fds[i], &event);
}

/* Keep so many connections, and have another for each that ends. bytes: one of them is sent on each at each
 * turn; NULL: none. The kernel tells which have ended: to ask about each would keep its processor busy. */
static void keep_many(struct attacker *attacker, const char *from, uint32_t spread, int count,
                      const uint8_t *bytes, size_t len)
{
    static size_t *sent;
    struct epoll_event news[NEWS];
    if (attacker->fds == NULL) {
        attacker->fds = malloc(sizeof *attacker->fds * (size_t)count);
        attacker->epoll = epoll_create1(EPOLL_CLOEXEC);
        sent = calloc((size_t)count, sizeof *sent);
        for (int i = 0; i < count; i++)
            dial_one(attacker, i, from, spread);
    }
    int ended = epoll_wait(attacker->epoll, news, NEWS, 20);
    for (int i = 0; i < ended; i++) {
        const int which = (int)news[i].data.u32;
        close(attacker->fds[which]);
        sent[which] = 0;
        dial_one(attacker, which, from, spread);
    }
    for (int i = 0; i < count; i++)
        if (attacker->fds[i] < 0) /* it could not be had when it was wanted */
            dial_one(attacker, i, from, spread);
        else if (bytes != NULL && sent[i] < len &&
                 send(attacker->fds[i], bytes + sent[i], 1, MSG_NOSIGNAL) == 1)
            sent[i]++;
    if (bytes != NULL)
        poll(NULL, 0, 20);
}

static void half_open(struct attacker *attacker)
{
    keep_many(attacker, HERE, 0, HALF_OPEN, NULL, 0);
}

static void half_open_everywhere(struct attacker *attacker)
{
    keep_many(attacker, EVERYWHERE, 60000, HALF_OPEN, NULL, 0);
}

static void speak_slowly(struct attacker *attacker, int count)
{
    static uint8_t hello[2048];
    static size_t len;
    if (len == 0)
        len = client_hello(hello, sizeof hello);
    keep_many(attacker, HERE, 0, count, hello, len);
}

static void slow_handshake(struct attacker *attacker)
{
    speak_slowly(attacker, SLOW);
}

/* More than the handshakes that may be under way, silent at first, and then all begin. */
static void late_speakers(struct attacker *attacker)
{
    speak_slowly(attacker, HALF_OPEN);
}

/* ---- Slow after the handshake ---- */

static void slow_request(struct attacker *attacker)
{
    (void)attacker;
    int fd = hostile_dial(HERE, 0, true);
    SSL *ssl = fd >= 0 ? hostile_shake(fd, TLS1_3_VERSION, NULL) : NULL;
    for (size_t i = 0; ssl != NULL && i < plan.request_len; i++) {
        if (SSL_write(ssl, plan.request + i, 1) != 1)
            break;
        atomic_fetch_add(&plan.shared->turns, 1);
        poll(NULL, 0, 20);
    }
    hang_up(ssl, fd);
}

/* Asks for ever, and takes the answers a byte at a time, or not at all. */
static void ask_and_read(bool reads)
{
    const int least = 2048;
    uint8_t byte;
    int fd = hostile_dial(HERE, 0, true);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    const struct timeval patience = {.tv_usec = 20000};
    SSL *ssl = fd >= 0 ? hostile_shake(fd, TLS1_3_VERSION, NULL) : NULL;
    if (ssl != NULL)
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    for (int i = 0; ssl != NULL && i < 500; i++) {
        bool sent = SSL_write(ssl, plan.request, (int)plan.request_len) > 0;
        ERR_clear_error();
        if (reads && SSL_read(ssl, &byte, 1) != 1)
            break;
        atomic_fetch_add(&plan.shared->turns, 1);
        if (!sent)
            poll(NULL, 0, 20);
    }
    hang_up(ssl, fd);
}

static void slow_reader(struct attacker *attacker)
{
    (void)attacker;
    ask_and_read(true);
}

static void deaf(struct attacker *attacker)
{
    (void)attacker;
    ask_and_read(false);
}

/* ---- Abuse of TLS ---- */

/* A client that renegotiates must be hung up on. */
static void renegotiation(struct attacker *attacker)
{
    (void)attacker;
    int fd = hostile_dial(HERE, 0, true);
    SSL *ssl = fd >= 0 ? hostile_shake(fd, TLS1_2_VERSION, NULL) : NULL;
    if (ssl != NULL && SSL_renegotiate(ssl) == 1) {
        if (SSL_do_handshake(ssl) == 1 && SSL_renegotiate_pending(ssl) == 0)
            hostile_complain("a renegotiation succeeded");
        hostile_expect_end(fd, "who renegotiates was not hung up on");
    }
    hang_up(ssl, fd);
}

/* A session whose ticket is garbage: a full handshake, and an answer all the same. */
static void ticket_garbage(struct attacker *attacker)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    const int version = versions[next_random(attacker) % 2];
    uint8_t answer[ANSWER_MAX], der[8192], *end = der;
    const unsigned char *ticket, *from = der;
    size_t ticket_len = 0;
    int fd = hostile_dial(HERE, 0, true);
    SSL *ssl = fd >= 0 ? hostile_shake(fd, version, NULL) : NULL;
    SSL_SESSION *session = NULL;
    if (ssl != NULL && SSL_write(ssl, plan.request, (int)plan.request_len) > 0 &&
        hostile_answer(ssl, answer, sizeof answer) > 0)
        session = SSL_get1_session(ssl);
    if (session != NULL)
        SSL_SESSION_get0_ticket(session, &ticket, &ticket_len);
    int len = session != NULL && ticket_len > 0 ? i2d_SSL_SESSION(session, NULL) : 0;
    if (len > 0 && (size_t)len <= sizeof der) {
        i2d_SSL_SESSION(session, &end);
        uint8_t *at = memmem(der, (size_t)len, ticket, ticket_len);
        RAND_bytes(at, (int)ticket_len);
        SSL_SESSION_free(session);
        session = d2i_SSL_SESSION(NULL, &from, len);
        hang_up(ssl, fd);
        fd = hostile_dial(HERE, 0, true);
        ssl = fd >= 0 ? hostile_shake(fd, version, session) : NULL;
        if (ssl == NULL || SSL_session_reused(ssl) ||
            SSL_write(ssl, plan.request, (int)plan.request_len) <= 0 ||
            hostile_answer(ssl, answer, sizeof answer) == 0)
            hostile_complain("who had a bad ticket was not given a full handshake and an answer");
    }
    SSL_SESSION_free(session);
    hang_up(ssl, fd);
}

/* A record for each byte. */
static void one_byte_records(struct attacker *attacker)
{
    uint8_t answer[ANSWER_MAX];
    (void)attacker;
    int fd = hostile_dial(HERE, 0, true);
    SSL *ssl = fd >= 0 ? hostile_shake(fd, TLS1_3_VERSION, NULL) : NULL;
    for (int i = 0; ssl != NULL && i < 20; i++) {
        size_t sent = 0;
        while (sent < plan.request_len && SSL_write(ssl, plan.request + sent, 1) == 1)
            sent++;
        if (sent < plan.request_len || hostile_answer(ssl, answer, sizeof answer) == 0) {
            hostile_complain("a request of one-byte records was not answered");
            break;
        }
        atomic_fetch_add(&plan.shared->turns, 1);
    }
    hang_up(ssl, fd);
}

/* Alerts instead of a ClientHello: warnings, which a server may live with. */
static void alerts(struct attacker *attacker)
{
    static const uint8_t alert[] = {0x15, 3, 1, 0, 2, 1, 90};
    (void)attacker;
    int fd = hostile_dial(HERE, 0, true);
    if (fd >= 0) {
        pour(fd, alert, sizeof alert, 10000);
        hostile_expect_end(fd, "alerts without end were taken");
    }
    hang_up(NULL, fd);
}

static void empty_records(struct attacker *attacker)
{
    static const uint8_t empty[] = {0x16, 3, 1, 0, 0};
    (void)attacker;
    int fd = hostile_dial(HERE, 0, true);
    if (fd >= 0) {
        pour(fd, empty, sizeof empty, 10000);
        hostile_expect_end(fd, "empty records without end were taken");
    }
    hang_up(NULL, fd);
}

/* Each is a key to be derived, and no application data. */
static void key_updates(struct attacker *attacker)
{
    (void)attacker;
    int fd = hostile_dial(HERE, 0, true);
    SSL *ssl = fd >= 0 ? hostile_shake(fd, TLS1_3_VERSION, NULL) : NULL;
    for (int i = 0; ssl != NULL && i < 20000; i++)
        if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(ssl) != 1)
            break;
    if (ssl != NULL)
        hostile_expect_end(fd, "key updates without end were taken");
    hang_up(ssl, fd);
}

/* ---- Too large, and nonsense ---- */

/* The largest ClientHello, then the largest message, of what is no message. */
static void oversized(struct attacker *attacker)
{
    static uint8_t bytes[66000];
    const uint8_t hello[] = {0x16, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff, 3, 3};
    const uint8_t message[] = {'W', 1, 1, 0, 0, 0, 0, 1, 0xff, 0xff};
    (void)attacker;
    int fd = hostile_dial(HERE, 0, true);
    memcpy(bytes, hello, sizeof hello);
    if (fd >= 0)
        pour(fd, bytes, 16389, 100);
    hang_up(NULL, fd);
    fd = hostile_dial(HERE, 0, true);
    SSL *ssl = fd >= 0 ? hostile_shake(fd, TLS1_3_VERSION, NULL) : NULL;
    uint8_t request[sizeof message + 65535] = {0};
    memcpy(request, message, sizeof message);
    memset(request + sizeof message, 0x02, 65535);
    for (int i = 0; ssl != NULL && i < 50; i++)
        if (SSL_write(ssl, request, sizeof request) <= 0)
            break;
    hang_up(ssl, fd);
}

static void noise(struct attacker *attacker)
{
    uint64_t bytes[512];
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++)
        bytes[i] = next_random(attacker);
    int fd = hostile_dial(HERE, 0, true);
    if (fd >= 0)
        pour(fd, bytes, sizeof bytes, 100);
    hang_up(NULL, fd);
}

/* ---- Dear answers ---- */

/* Shakes hands as a phone does. */
static void ask_dearly(void (*ask)(SSL *ssl))
{
    int fd = hostile_dial(HERE, 0, true);
    SSL *ssl = fd >= 0 ? hostile_shake(fd, TLS1_2_VERSION, NULL) : NULL;
    if (ssl != NULL)
        ask(ssl);
    else
        hostile_complain("who was to ask had no handshake");
    hang_up(ssl, fd);
}

static void dear_queries(struct attacker *attacker)
{
    (void)attacker;
    ask_dearly(hostile_ask_queries);
}

static void dear_certificates(struct attacker *attacker)
{
    (void)attacker;
    ask_dearly(hostile_ask_certificates);
}

/* ---- Coming and going ---- */

static void churn(struct attacker *attacker)
{
    int fd = hostile_dial(HERE, 0, true);
    if (fd < 0)
        return;
    if (next_random(attacker) % 2 == 0)
        reset(fd);
    else
        close(fd);
}

/* A handshake each, which costs the server more than the client, and not a question. */
static void churn_of_handshakes(struct attacker *attacker)
{
    (void)attacker;
    int fd = hostile_dial(HERE, 0, true);
    SSL *ssl = fd >= 0 ? hostile_shake(fd, TLS1_2_VERSION, NULL) : NULL;
    hang_up(ssl, fd);
}

/* A ClientHello, for which the server computes an answer that nobody reads. */
static void hellos(struct attacker *attacker)
{
    static _Thread_local uint8_t hello[2048];
    static _Thread_local size_t len;
    (void)attacker;
    if (len == 0)
        len = client_hello(hello, sizeof hello);
    int fd = hostile_dial(HERE, 0, true);
    if (fd >= 0) {
        pour(fd, hello, len, 1);
        reset(fd);
    }
}

static const struct kind kinds[] = {
    {"half-open", 1, half_open},
    {"half-open-all-over", 1, half_open_everywhere},
    {"slow-handshake", 1, slow_handshake},
    {"late-speakers", 1, late_speakers},
    {"slow-request", 100, slow_request},
    {"slow-reader", 20, slow_reader},
    {"deaf", 20, deaf},
    {"renegotiation", 4, renegotiation},
    {"ticket-garbage", 4, ticket_garbage},
    {"one-byte-records", 4, one_byte_records},
    {"alerts", 4, alerts},
    {"hellos-again", 4, hostile_flood},
    {"warnings", 4, hostile_flood},
    {"warnings-1.3", 4, hostile_flood},
    {"empty-data", 4, hostile_flood},
    {"empty-data-1.3", 4, hostile_flood},
    {"tickets", 4, hostile_flood},
    {"empty-records", 4, empty_records},
    {"key-updates", 4, key_updates},
    {"oversized", 4, oversized},
    {"noise", 4, noise},
    {"dear-queries", 4, dear_queries},
    {"dear-certificates", 4, dear_certificates},
    {"churn", 8, churn},
    {"handshakes", 50, churn_of_handshakes},
    {"hellos", 4, hellos},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

const struct kind *hostile_kind(const char *name)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

void hostile_list(void)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        puts(kinds[i].name);
}
