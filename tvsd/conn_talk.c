/* What goes on after the handshake: requests are read and answered, answers are sent. */
#include "conn_internal.h"

#include "answer.h"
#include "clock.h"
#include "conn_end.h"

#define REQUESTS_PER_TURN 16 /* then it is the others' turn, … */
#define TURN_US           500 /* … or when they took so long: one may be a hundred times as dear as another */
#define READS_PER_TURN    64

/* Close, but let what was answered reach the phone first. */
static void conn_finish(struct conn *conn, enum conn_end end, const char *detail)
{
    conn_close(conn, end, detail);
    conn->phase = CONN_FINISHING;
}

/* The phone is gone, with or without a goodbye. Requests that were there whole, and not yet their turn, are
 * not truncated. */
static enum conn_end end_of_peer(const struct conn *conn)
{
    size_t len = inbox_bytes(&conn->inbox).len;
    bool whole = conn->frame_len != 0 && conn->frame_len <= len;
    return len == 0 || whole ? CONN_END_PEER_CLOSED : CONN_END_TRUNCATED;
}

/* A step after the handshake failed, or found the phone gone. Answers that were flushed are on their way; the
 * others, those made in this very turn among them, are dropped. */
static void conn_lost(struct conn *conn, enum tls_step step)
{
    enum tls_failure failure = tls_failure(conn->tls);
    const char *detail = tls_failure_detail(conn->tls);
    if (conn->phase == CONN_FINISHING) {
        conn->phase = CONN_CLOSED; /* its reason stands */
    } else if (step == TLS_STEP_CLOSED || failure == TLS_FAILURE_RESET) {
        conn_close(conn, end_of_peer(conn), detail);
    } else {
        stats_bump(&conn->host->stats.tls_failures[failure], 1);
        conn_close(conn, failure == TLS_FAILURE_MEMORY ? CONN_END_NO_MEMORY : CONN_END_TLS_FAILED, detail);
    }
}

static void conn_flush(struct conn *conn, int64_t now)
{
    while (conn->phase != CONN_CLOSED && conn->outbox.held > 0) {
        size_t put;
        struct trust_bytes next = outbox_next(&conn->outbox);
        enum tls_step step = tls_write(conn->tls, next.data, next.len, &put);
        if (step == TLS_STEP_WANT_READ || step == TLS_STEP_WANT_WRITE)
            return;
        if (step != TLS_STEP_DONE) {
            conn_lost(conn, step);
            return;
        }
        outbox_sent(&conn->outbox, put);
        stats_bump(&conn->host->stats.bytes_out, (int64_t)put);
        conn->idle_since = now;
    }
    if (conn->phase == CONN_FINISHING)
        conn->phase = CONN_CLOSED;
}

/* What a connection may still do before others have their turn. */
struct turn {
    unsigned requests;
    int64_t began; /* microseconds */
};

static bool is_over(const struct turn *turn)
{
    return turn->requests == 0 ||
           (turn->requests < REQUESTS_PER_TURN && clock_microseconds() - turn->began >= TURN_US);
}

/* Answer the messages that are there whole. false: it is time to stop, whether more can be read or not. */
static bool conn_serve(struct conn *conn, struct turn *turn)
{
    struct conn_host *host = conn->host;
    const struct answer_to to = {.snapshot = host->snapshot,
                                 .stats = &host->stats,
                                 .recent = &host->recent,
                                 .peer = &conn->peer,
                                 .session = conn->session,
                                 .sightings = host->sightings,
                                 .tls = conn->tls};
    for (;;) {
        struct trust_error err = {0};
        struct trust_bytes stream = inbox_bytes(&conn->inbox);
        int code = trust_frame_peek(stream, &conn->frame_len, &err);
        if (code == 0 && (conn->frame_len == 0 || conn->frame_len > stream.len))
            return true;
        if (code == 0 && (conn->outbox.held >= CONN_HELD_MAX || is_over(turn)))
            return false;
        if (code == 0)
            code = answer_frame(&to, (struct trust_bytes){stream.data, conn->frame_len}, conn->frame_started,
                                &conn->outbox, &err);
        if (code != 0) {
            conn_finish(conn, conn_end_of_error(code), err.text);
            return false;
        }
        inbox_consume(&conn->inbox, conn->frame_len);
        conn->frame_started = conn->read_at;
        conn->last_turn |= host->draining;
        conn->requests++;
        turn->requests--;
    }
}

/* Read once. false: there is nothing to be had now. */
static bool conn_fill(struct conn *conn, int64_t now)
{
    size_t size, got;
    bool starts = !conn_has_request(conn);
    uint8_t *room = inbox_room(&conn->inbox, conn->frame_len, &size);
    if (room == NULL) {
        conn_finish(conn, CONN_END_NO_MEMORY, "a request: out of memory");
        return false;
    }
    conn->want = tls_read(conn->tls, room, size, &got);
    if (conn->want == TLS_STEP_CLOSED)
        conn_finish(conn, end_of_peer(conn), "");
    else if (conn->want == TLS_STEP_FAILED)
        conn_lost(conn, conn->want);
    if (conn->want != TLS_STEP_DONE)
        return false;
    inbox_received(&conn->inbox, got);
    stats_bump(&conn->host->stats.bytes_in, (int64_t)got);
    conn->read_at = now;
    if (starts)
        conn->frame_started = now;
    return true;
}

/* Read and answer until nothing more comes, or others should have their turn: then true. */
static bool conn_exchange(struct conn *conn, int64_t now_us)
{
    struct turn turn = {.requests = REQUESTS_PER_TURN, .began = now_us};
    for (unsigned reads = 0; reads < READS_PER_TURN; reads++) {
        if (conn->phase != CONN_OPEN || conn->outbox.held >= CONN_HELD_MAX)
            return true;
        if (!conn_serve(conn, &turn))
            return true;
        /* The loop tells of bytes in the socket: to ask for them in vain costs as much as to be told. */
        if (reads > 0 && !conn->host->draining && !tls_has_bytes(conn->tls))
            return false;
        if (!conn_fill(conn, now_us / 1000))
            return false;
    }
    return true;
}

void conn_talk(struct conn *conn, int64_t now_us)
{
    const int64_t now = now_us / 1000;
    conn_flush(conn, now);
    conn->more = conn_exchange(conn, now_us) && conn->phase == CONN_OPEN;
    conn_flush(conn, now);
    inbox_rest(&conn->inbox);
}
