/* What the kinds of hostile clients share with the phone beside them. */
#ifndef TESTS_IT_HOSTILE_H
#define TESTS_IT_HOSTILE_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER 10
#define ANSWER_MAX   70000

struct attacker {
    int number;
    uint64_t random;
    int *fds; /* of those that have many */
    int epoll;
};

/* One way to be a nuisance. turn() does it once, and is called again and again by each of so many threads. */
struct kind {
    const char *name;
    int threads;
    void (*turn)(struct attacker *attacker);
};

/* NULL: there is none of that name. */
const struct kind *hostile_kind(const char *name);
void hostile_list(void);

struct hostile_plan {
    const struct kind *kind;
    struct sockaddr_in address;
    uint8_t request[ANSWER_MAX];
    size_t request_len;
    int rounds, samples;
    cpu_set_t processors; /* that all of it may have */
    SSL_CTX *tls;
    struct {
        _Atomic uint64_t turns, all_turns, wrong;
    } * shared; /* by both processes */
};
extern struct hostile_plan plan;

_Noreturn void hostile_die(const char *what);

/* The server has let through what it should not, or the other way round. */
void hostile_complain(const char *what);

/* A connection from an address (and so many further on). wait: until it is there, and later for bytes; else
 * it does not block. -1: none. */
int hostile_dial(const char *from, uint32_t host, bool wait);

/* Handshake with exactly that version. NULL: it failed. */
SSL *hostile_shake(int fd, int version, SSL_SESSION *session);

/* A handshake for that cipher suite, of TLS 1.2 or 1.3. NULL: it failed. */
SSL *hostile_shake_with(int fd, const char *suite);

/* Records without end that carry nothing, on a connection whose handshake is done: a turn. */
void hostile_flood(struct attacker *attacker);

/* Well-formed requests, pipelined, each of them dear to answer: about an issuer that takes long to read, and
 * about certificates whose keys take long to decode. Each must be answered "not trusted". A turn is an
 * answer. */
void hostile_ask_queries(SSL *ssl);
void hostile_ask_certificates(SSL *ssl);

/* The server must hang up; complain of what if it does not. */
void hostile_expect_end(int fd, const char *what);

/* One whole answer. Its length; 0: none came. */
size_t hostile_answer(SSL *ssl, uint8_t *answer, size_t size);

#endif
