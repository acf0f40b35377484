#include "bench_conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FIRST_INBOX 2048
#define PEER_MAX    65535
#define FLIGHT      4096 /* of a server's flight is read at a time, to be thrown away */
#define MICROSECOND 1000

#define RECORD_HANDSHAKE 22 /* RFC 5246, 6.2.1 */

int64_t bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Always false, so that a step can end with it. */
static bool over(struct bench_conn *conn, enum bench_end end, const char *reason)
{
    struct bench_shared *shared = conn->shared;
    conn->state = BENCH_CONN_OVER;
    conn->end = end;
    if (reason != NULL && shared->refusal[0] == '\0')
        snprintf(shared->refusal, sizeof shared->refusal, "%s", reason);
    return false;
}

static bool no_memory(struct bench_conn *conn)
{
    (void)trust_error_set(conn->shared->err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    return over(conn, BENCH_END_SKIPPED, NULL);
}

static bool is_recorded(const struct bench_conn *conn)
{
    return conn->number % conn->shared->plan->whole_every != 0;
}

static uint64_t phone_of(const struct bench_conn *conn)
{
    return conn->number % conn->shared->plan->phones;
}

struct bench_conn *bench_conn_new(struct bench_shared *shared, uint64_t number, int64_t due)
{
    const struct bench_plan *plan = shared->plan;
    struct bench_conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL)
        return NULL;
    conn->shared = shared;
    conn->number = number;
    conn->due = conn->asked = due;
    conn->deadline = due + plan->patience;
    shared->tally->begun++;
    struct sockaddr_in from = bench_plan_address(plan, phone_of(conn));
    int problem = net_begin((const struct sockaddr *)&plan->address, plan->address_len,
                            plan->from.sin_family != 0 ? &from : NULL, &conn->fd);
    if (problem != 0) {
        enum bench_end end =
            problem == EMFILE || problem == ENFILE ? BENCH_END_SKIPPED : BENCH_END_UNREACHABLE;
        over(conn, end, strerrordesc_np(problem));
    }
    return conn;
}

void bench_conn_give_up(struct bench_conn *conn)
{
    over(conn, BENCH_END_GAVE_UP, NULL);
}

/* A held connection on which the server has said goodbye, or reset it. */
static bool is_dropped(const struct bench_conn *conn)
{
    uint8_t byte;
    ssize_t got = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

void bench_conn_free(struct bench_conn *conn)
{
    if (conn == NULL)
        return;
    struct bench_tally *tally = conn->shared->tally;
    if (conn->state == BENCH_CONN_HELD)
        tally->dropped += is_dropped(conn);
    tally->ends[conn->end]++;
    tls_link_free(conn->link);
    if (conn->fd >= 0)
        close(conn->fd);
    free(conn->inbox);
    free(conn);
}

/* ---- Connecting */

static bool send_recorded(struct bench_conn *conn)
{
    const struct trust_bytes *hello = &conn->shared->hello;
    /* A new socket takes so little at once. */
    if (send(conn->fd, hello->data, hello->len, MSG_NOSIGNAL) != (ssize_t)hello->len)
        return over(conn, BENCH_END_REFUSED, strerrordesc_np(errno));
    conn->state = BENCH_CONN_RECORDED;
    return true;
}

static bool connected(struct bench_conn *conn)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    int problem = net_outcome(conn->fd);
    if (problem != 0)
        return over(conn, BENCH_END_UNREACHABLE, strerrordesc_np(problem));
    if (getpeername(conn->fd, (struct sockaddr *)&peer, &size) != 0)
        return false; /* not yet */
    if (is_recorded(conn))
        return send_recorded(conn);
    conn->link = tls_link_new(conn->shared->many, conn->fd);
    if (conn->link == NULL)
        return no_memory(conn);
    conn->state = BENCH_CONN_SHAKING;
    return true;
}

/* ---- The handshake */

static bool remember(struct bench_shared *shared, const uint8_t *der, size_t len)
{
    uint8_t *copy = realloc(shared->believed, len + 1); /* never nothing */
    if (copy == NULL)
        return trust_error_set(shared->err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory") == 0;
    shared->believed = copy;
    shared->believed_len = len;
    memcpy(copy, der, len);
    return true;
}

/* A certificate that is not the one before: by the phone's rule. */
static bool check_peer(struct bench_shared *shared, const uint8_t *der, size_t len)
{
    struct trust_cert *cert = NULL;
    struct trust_bytes bytes = {der, len};
    bool good = trust_cert_from_der(bytes, &cert, NULL) == 0 && trusted_has(shared->plan->trusted, cert);
    trust_cert_free(cert);
    if (good)
        return remember(shared, der, len);
    return trust_error_set(shared->err, TRUST_ESIGNER, TRUST_NO_OFFSET,
                           "%s: the server's certificate does not stand in %s: a phone would not ask it",
                           shared->plan->target.shown, shared->plan->trust_path) == 0;
}

/* Is it still the server that was believed? Nothing is sent to any other. */
static bool is_believed(struct bench_conn *conn)
{
    struct bench_shared *shared = conn->shared;
    uint8_t der[PEER_MAX];
    size_t len = tls_link_peer(conn->link, der, sizeof der);
    if (len > sizeof der) /* more than a list or a message could carry */
        len = 0;
    return (len > 0 && len == shared->believed_len && memcmp(der, shared->believed, len) == 0) ||
           check_peer(shared, der, len);
}

static bool done(struct bench_conn *conn, int64_t now)
{
    conn->end = BENCH_END_ANSWERED;
    conn->shared->tally->last_good = now;
    conn->state = conn->shared->plan->hold ? BENCH_CONN_HELD : BENCH_CONN_OVER;
    return false;
}

static bool shake(struct bench_conn *conn, int64_t now)
{
    struct bench_shared *shared = conn->shared;
    enum tls_step step = tls_link_shake(conn->link);
    if (step == TLS_STEP_WAITS)
        return false;
    if (step != TLS_STEP_DONE)
        return over(conn, BENCH_END_REFUSED, tls_link_reason(conn->link));
    if (!is_believed(conn))
        return over(conn, BENCH_END_WRONG, "the server's certificate");
    shared->tally->handshakes++;
    shared->tally->resumed += tls_link_resumed(conn->link);
    now = bench_now();
    bench_histogram_add(&shared->tally->handshake, (now - conn->due) / MICROSECOND);
    if (shared->protocol[0] == '\0') {
        snprintf(shared->protocol, sizeof shared->protocol, "%s", tls_link_protocol(conn->link));
        snprintf(shared->cipher, sizeof shared->cipher, "%s", tls_link_cipher(conn->link));
    }
    if (shared->plan->requests == 0)
        return done(conn, now);
    conn->state = BENCH_CONN_ASKING;
    return true;
}

/* ---- Questions and answers */

static uint32_t session_of(const struct bench_conn *conn, unsigned question)
{
    return (uint32_t)(conn->number * 1000 + question + 1);
}

static uint64_t question_of(const struct bench_conn *conn, unsigned question)
{
    return conn->number * conn->shared->plan->requests + question;
}

static bool ask(struct bench_conn *conn, int64_t now)
{
    const struct bench_plan *plan = conn->shared->plan;
    unsigned left = plan->requests - conn->sent, count = left < plan->batch ? left : plan->batch;
    size_t len = 0;
    for (unsigned i = 0; i < count; i++)
        len += bench_questions_put(plan->questions, question_of(conn, conn->sent + i),
                                   session_of(conn, conn->sent + i), phone_of(conn),
                                   conn->shared->scratch + len);
    enum tls_step step = tls_link_write(conn->link, (struct trust_bytes){conn->shared->scratch, len});
    if (step == TLS_STEP_WAITS)
        return false;
    if (step != TLS_STEP_DONE)
        return over(conn, BENCH_END_REFUSED, tls_link_reason(conn->link));
    conn->shared->tally->bytes_out += len;
    if (conn->sent > 0) {
        conn->asked = now;
        conn->deadline = now + plan->patience;
    }
    conn->sent += count;
    conn->state = BENCH_CONN_HEARING;
    return true;
}

/* Take a whole answer. False: it is none. */
static bool take_answer(struct bench_conn *conn, struct trust_bytes message, int64_t now)
{
    struct bench_tally *tally = conn->shared->tally;
    struct timespec clock;
    switch (bench_questions_judge(conn->shared->plan->questions, question_of(conn, conn->answered),
                                  session_of(conn, conn->answered), message)) {
    case BENCH_ANSWER_TRUSTED:
        tally->trusted++;
        if (tally->first_trusted == 0 && clock_gettime(CLOCK_REALTIME, &clock) == 0)
            tally->first_trusted = (int64_t)clock.tv_sec * 1000000000 + clock.tv_nsec;
        break;
    case BENCH_ANSWER_NOT_TRUSTED:
        tally->not_trusted++;
        break;
    case BENCH_ANSWER_WRONG:
        return false;
    }
    bench_histogram_add(&tally->answer, (now - conn->asked) / MICROSECOND);
    tally->bytes_in += message.len;
    conn->answered++;
    return true;
}

/* The whole answers of the inbox; what is left stays there. */
static bool take_answers(struct bench_conn *conn)
{
    size_t at = 0, len = 0;
    int64_t now = bench_now();
    while (conn->answered < conn->sent) {
        struct trust_bytes rest = {conn->inbox + at, conn->have - at};
        if (trust_frame_peek(rest, &len, NULL) != 0)
            return false;
        if (len == 0 || len > rest.len)
            break;
        rest.len = len;
        if (!take_answer(conn, rest, now))
            return false;
        at += len;
    }
    memmove(conn->inbox, conn->inbox + at, conn->have - at);
    conn->have -= at;
    return conn->answered < conn->sent || conn->have == 0; /* nothing was asked that more could answer */
}

static bool make_room(struct bench_conn *conn)
{
    if (conn->have < conn->room)
        return true;
    size_t room = conn->room == 0 ? FIRST_INBOX : 2 * conn->room;
    uint8_t *inbox = realloc(conn->inbox, room);
    if (inbox == NULL)
        return false;
    conn->inbox = inbox;
    conn->room = room;
    return true;
}

static bool hear(struct bench_conn *conn, int64_t now)
{
    size_t got;
    if (!make_room(conn))
        return no_memory(conn);
    enum tls_step step = tls_link_read(conn->link, conn->inbox + conn->have, conn->room - conn->have, &got);
    if (step == TLS_STEP_WAITS)
        return false;
    if (step != TLS_STEP_DONE)
        return over(conn, BENCH_END_REFUSED, tls_link_reason(conn->link));
    conn->have += got;
    if (!take_answers(conn))
        return over(conn, BENCH_END_WRONG, "an answer that does not belong to its question");
    if (conn->answered == conn->shared->plan->requests) {
        free(conn->inbox);
        conn->inbox = NULL;
        conn->room = 0;
        return done(conn, now);
    }
    if (conn->answered == conn->sent)
        conn->state = BENCH_CONN_ASKING;
    return true;
}

/* ---- Recorded hellos */

/* The first record tells: the server signs before it sends anything of its flight. */
static bool see_flight(struct bench_conn *conn, int64_t now)
{
    uint8_t flight[FLIGHT];
    ssize_t got = recv(conn->fd, flight, sizeof flight, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (got <= 0 || flight[0] != RECORD_HANDSHAKE)
        return over(conn, BENCH_END_REFUSED,
                    got < 0    ? strerrordesc_np(errno)
                    : got == 0 ? "the server closed the connection"
                               : "an alert");
    while (got > 0) /* what is unread would turn the close into a reset */
        got = recv(conn->fd, flight, sizeof flight, 0);
    conn->shared->tally->last_good = now;
    return over(conn, BENCH_END_SERVED, NULL);
}

bool bench_conn_step(struct bench_conn *conn, int64_t now)
{
    int64_t deadline = conn->deadline;
    bool more = true;
    while (more) {
        switch (conn->state) {
        case BENCH_CONN_CONNECTING:
            more = connected(conn);
            break;
        case BENCH_CONN_SHAKING:
            more = shake(conn, now);
            break;
        case BENCH_CONN_ASKING:
            /* Between questions time has passed. */
            more = ask(conn, conn->sent > 0 ? bench_now() : now);
            break;
        case BENCH_CONN_HEARING:
            more = hear(conn, now);
            break;
        case BENCH_CONN_RECORDED:
            more = see_flight(conn, now);
            break;
        case BENCH_CONN_HELD:
        case BENCH_CONN_OVER:
            more = false;
            break;
        }
    }
    return conn->deadline != deadline;
}
