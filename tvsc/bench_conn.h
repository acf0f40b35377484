/* One connection of a benchmark: connect, shake hands, ask, and go, or be held. It never waits:
 * bench_conn_step goes on as far as it can whenever something happens on its socket. */
#ifndef TVSC_BENCH_CONN_H
#define TVSC_BENCH_CONN_H

#include "bench_plan.h"
#include "bench_tally.h"

enum bench_conn_state {
    BENCH_CONN_CONNECTING,
    BENCH_CONN_SHAKING,
    BENCH_CONN_ASKING,   /* a batch of questions is to be sent */
    BENCH_CONN_HEARING,  /* its answers are to come */
    BENCH_CONN_RECORDED, /* a recorded hello was sent; the server's flight is to come */
    BENCH_CONN_HELD,     /* all is done, and it stays open */
    BENCH_CONN_OVER,     /* to be freed; end says how it ended */
};

/* What all connections of a thread share. */
struct bench_shared {
    const struct bench_plan *plan;
    struct tls_many *many;
    struct bench_tally *tally;
    struct trust_bytes hello; /* recorded; only if plan->whole_every is above 1 */
    uint8_t *scratch;         /* a batch of questions fits into it */
    uint8_t *believed;        /* the certificate of the server, once it was checked; NULL: none */
    size_t believed_len;
    struct trust_error
        *err; /* why nobody goes on: the server is not to be believed, no memory; code 0: all do */
    char protocol[16], cipher[64]; /* of the first handshake */
    char refusal[80];              /* the first reason for which a connection was refused */
};

struct bench_conn {
    struct bench_conn *previous, *next; /* the list of who has patience yet, of whoever drives it */
    struct bench_shared *shared;
    enum bench_conn_state state;
    enum bench_end end;
    int fd;
    uint64_t number;  /* among all connections */
    int64_t due;      /* ns: when it was to begin */
    int64_t deadline; /* ns: when patience is over */
    int64_t asked;    /* ns: when the batch under way was; the first: due */
    struct tls_link *link;
    unsigned sent, answered; /* questions */
    uint8_t *inbox;
    size_t have, room;
};

/* NULL: out of memory. When it cannot even begin, its state is OVER already. */
struct bench_conn *bench_conn_new(struct bench_shared *shared, uint64_t number, int64_t due);

/* now: CLOCK_MONOTONIC, ns. True: the deadline is another one now. */
bool bench_conn_step(struct bench_conn *conn, int64_t now);

/* Patience is over. */
void bench_conn_give_up(struct bench_conn *conn);

/* Counts how it ended. A held one that the server has closed meanwhile counts as dropped, too. */
void bench_conn_free(struct bench_conn *conn);

int64_t bench_now(void); /* CLOCK_MONOTONIC, ns */

#endif
