/* A connection, from its first byte to its end, driven by a script: a phone and its requests, bytes that are
 * no TLS, bytes that change on their way, ends of every kind. Whatever happens, what is answered answers what
 * the phone asked, in that order, nothing that is not known is called trusted, and nothing stays behind. */
#include "fuzz.h"
#include "tests/fixture.h"
#include "tests/tvsd/helper_scene.h"

#include "config/text.h"

#include <event2/event.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASKED_MAX  (256 * 1024)
#define TURNS_MAX  2000
#define CHANGES    8
#define STEP_MAX   16384 /* bytes that are carried at a time */
#define CONN_LIMIT 4     /* connections of one script */

/* ---- The server: one for all scripts, with four configurations */

#define VARIANTS 4

static struct bench bench;
static struct conn_host host; /* as it is before its first connection */
static struct snapshot variants[VARIANTS];

static void server_end(void)
{
    fixture_folder_remove(bench.folder);
}

static void server_begin(void)
{
    static const char *const yaml[VARIANTS] = {"", "tls: { minimum: \"1.0\" }",
                                               "tls: { minimum: \"1.2\", rsa_key_exchange: false }",
                                               "tls: { minimum: \"1.3\" }\nanswers: { expired: refuse }"};
    struct trust_error err = {0};
    if (bench.host.base != NULL)
        return;
    scene_set_up();
    server_key_fini(&server);
    server_key_make(&server, "rsa:1024", "server", TRUST_DIGEST_SHA256);
    bench_init(&bench, "", &server, store, ctl);
    event_free(bench.tick); /* time passes by itself here */
    host = bench.host;
    ck_assert_int_eq(atexit(server_end), 0);
    for (size_t i = 0; i < VARIANTS; i++) {
        struct config *config = config_make(yaml[i]);
        variants[i] = bench.snapshot;
        variants[i].config = config;
        fuzz_ok(tls_context_new(config, server.cert, server.key, NULL, &variants[i].tls, &err), &err);
    }
}

/* ---- The wire between them, where bytes can change */

struct change {
    size_t at; /* byte of what the phone sends */
    uint8_t with;
};

struct wire {
    struct phone phone;
    int near, far;   /* the wire's end to the phone, and to the server; -1: closed */
    bool has_phone;  /* else it sends raw bytes alone */
    bool is_touched; /* what the server reads is not what the phone sent */
    struct change changes[CHANGES];
    size_t change_count, carried, step;
};

/* What the phone asked on this connection, in its order, and what of it was answered. */
static struct {
    uint8_t bytes[ASKED_MAX];
    size_t len, answered; /* bytes */
} asked;

/* From one socket to another as much as it takes. Returns how much, 0 for none; *at_end: no more comes. */
static size_t carry_one(struct wire *wire, int from, int to, bool is_phone, bool *at_end)
{
    uint8_t bytes[STEP_MAX];
    ssize_t len = recv(from, bytes, is_phone ? wire->step : sizeof bytes, MSG_DONTWAIT | MSG_PEEK);
    *at_end = len == 0;
    for (size_t i = 0; len > 0 && is_phone && i < wire->change_count; i++) {
        const struct change *change = &wire->changes[i];
        if (change->at >= wire->carried && change->at - wire->carried < (size_t)len)
            bytes[change->at - wire->carried] ^= change->with;
    }
    len = len > 0 ? send(to, bytes, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    if (len <= 0)
        return 0;
    if (is_phone)
        wire->carried += (size_t)len;
    ck_assert_int_eq(recv(from, bytes, (size_t)len, MSG_DONTWAIT), len);
    return (size_t)len;
}

static size_t carry(struct wire *wire)
{
    bool at_end;
    size_t moved = carry_one(wire, wire->near, wire->far, true, &at_end);
    if (at_end)
        shutdown(wire->far, SHUT_WR);
    return moved + carry_one(wire, wire->far, wire->near, false, &at_end);
}

/* ---- What has to hold */

static bool is_known(struct trust_bytes der)
{
    return fuzz_same(der, trust_cert_der(pub)) || fuzz_same(der, trust_cert_der(etoken));
}

static void check_answer(const struct trust_request *request, const struct trust_response *answer)
{
    ck_assert_uint_eq(answer->session, request->session);
    ck_assert_int_eq(answer->type, (int)request->type + 1);
    if (answer->status != 0)
        return;
    ck_assert_ptr_null(request->unusable);
    ck_assert(answer->has_roles && answer->roles.count > 0 && answer->has_ttl);
    if (request->type == TRUST_MSG_VERIFY_REQ) {
        ck_assert(is_known(request->certificate));
        return;
    }
    ck_assert(is_known(answer->certificate));
    const struct trust_cert *cert = fuzz_same(answer->certificate, trust_cert_der(pub)) ? pub : etoken;
    ck_assert(trust_serial_equal(request->serial, trust_cert_serial(cert)));
}

/* Answers come in the order of the requests, one for each. */
static void check_answers(struct wire *wire)
{
    struct trust_response answer;
    while (phone_answer(&wire->phone, &answer)) {
        struct trust_error err = {0};
        struct trust_request request;
        struct trust_bytes rest = {asked.bytes + asked.answered, asked.len - asked.answered};
        size_t len;
        fuzz_ok(trust_frame_peek(rest, &len, &err), &err);
        ck_assert(len > 0 && len <= rest.len);
        fuzz_ok(trust_request_decode((struct trust_bytes){rest.data, len}, &request, &err), &err);
        check_answer(&request, &answer);
        asked.answered += len;
    }
}

/* An undisturbed phone has its answers: all that were well-formed up to the first that was not. */
static void check_all_answered(const struct wire *wire)
{
    struct trust_bytes rest = {asked.bytes + asked.answered, asked.len - asked.answered};
    struct trust_request request;
    size_t len;
    if (wire->is_touched || !wire->phone.shaken)
        return;
    bool whole = trust_frame_peek(rest, &len, NULL) == 0 && len > 0 && len <= rest.len &&
                 trust_request_decode((struct trust_bytes){rest.data, len}, &request, NULL) == 0;
    ck_assert_msg(!whole, "a request was not answered");
}

static void check_log(void)
{
    const char *log = bench_log(&bench);
    size_t len = strlen(log), size;
    for (; len > 0; log += size, len -= size)
        ck_assert_msg(*log == '\n' || text_is_plain(text_decode(log, len, &size)), "the log: %s", log),
            size = *log == '\n' ? 1 : size;
    ck_assert_int_eq(truncate(bench.log_path, 0), 0);
}

static void check_counters(uint64_t connections)
{
    const struct stats *stats = &bench.host.stats;
    uint64_t ends = 0;
    for (size_t i = 0; i < CONN_END_COUNT; i++)
        ends += stats->ends[i];
    ck_assert_uint_eq(stats->active, 0);
    ck_assert_uint_eq(stats->accepted, connections);
    ck_assert_uint_eq(ends, connections);
}

/* ---- The script */

/* Whether anything happened. */
static bool turn(struct wire *wire)
{
    const size_t answered = asked.answered;
    size_t moved = carry(wire);
    ck_assert_int_ge(event_base_loop(bench.host.base, EVLOOP_NONBLOCK), 0);
    moved += carry(wire);
    if (!wire->has_phone)
        return moved > 0;
    phone_step(&wire->phone);
    check_answers(wire);
    return moved > 0 || asked.answered > answered;
}

static void connect_wire(struct wire *wire, uint8_t kind, SSL_SESSION *session)
{
    static const struct phone_options kinds[] = {
        {0},
        {.newest = TLS1_2_VERSION},
        {.newest = TLS1_2_VERSION, .ciphers = "AES256-SHA:@SECLEVEL=0"},
        {.newest = TLS1_1_VERSION},
        {.newest = TLS1_2_VERSION, .no_ticket = true},
        {.newest = TLS1_1_VERSION, .fallback = true},
        {.groups = "X448:P-521"}};
    const struct sockaddr address = {.sa_family = AF_UNIX};
    struct phone_options options = kinds[kind % (sizeof kinds / sizeof kinds[0])];
    int pair[2];
    options.session = session;
    wire->near = phone_connect(&wire->phone, &options);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    wire->far = pair[0];
    wire->has_phone = kind < 0x80;
    wire->is_touched = !wire->has_phone;
    wire->change_count = wire->carried = 0;
    wire->step = STEP_MAX;
    asked.len = asked.answered = 0;
    conn_open(&bench.host, pair[1], 0, &address, sizeof address);
}

static void disconnect(struct wire *wire)
{
    wire->step = STEP_MAX;
    for (int quiet = 0; quiet < 3 && !wire->is_touched; quiet++)
        if (turn(wire))
            quiet = 0;
    check_all_answered(wire);
    phone_fini(&wire->phone);
    close(wire->near);
    close(wire->far);
    for (int i = 0; i < TURNS_MAX && bench.host.stats.active > 0; i++)
        ck_assert_int_ge(event_base_loop(bench.host.base, EVLOOP_NONBLOCK), 0);
    ck_assert_msg(bench.host.stats.active == 0, "the connection does not end");
    ERR_clear_error(); /* the phone's */
}

static void ask(struct wire *wire, struct trust_bytes bytes)
{
    size_t put;
    if (!wire->has_phone || !wire->phone.shaken || wire->phone.closed || wire->phone.fd < 0 ||
        bytes.len == 0 || asked.len + bytes.len > sizeof asked.bytes)
        return;
    if (SSL_write_ex(wire->phone.ssl, bytes.data, bytes.len, &put) != 1) {
        wire->is_touched = true; /* what does not fit is not sent: the phone has lost count */
        wire->has_phone = false;
        return;
    }
    memcpy(asked.bytes + asked.len, bytes.data, bytes.len);
    asked.len += bytes.len;
}

/* What has nothing to do with what is asked. */
static void disturb(struct wire *wire, uint8_t how, struct trust_bytes *script)
{
    wire->is_touched = true;
    switch (how % 6) {
    case 0: { /* bytes that the phone did not send, to the server */
        struct trust_bytes raw = fuzz_take(script, fuzz_take_word(script));
        if (raw.len > 0)
            (void)!send(wire->far, raw.data, raw.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        break;
    }
    case 1:
        if (wire->change_count < CHANGES) {
            struct change *change = &wire->changes[wire->change_count++];
            change->at = fuzz_take_word(script);
            change->with = fuzz_take_byte(script);
        }
        break;
    case 2:
        shutdown(wire->far, SHUT_WR);
        break;
    case 3:
        conn_drain(&bench.host);
        break;
    case 4:
        if (wire->has_phone && wire->phone.fd >= 0 && wire->phone.shaken)
            SSL_shutdown(wire->phone.ssl);
        wire->has_phone = false;
        break;
    default:
        if (wire->has_phone && wire->phone.shaken && SSL_version(wire->phone.ssl) == TLS1_3_VERSION)
            SSL_key_update(wire->phone.ssl, SSL_KEY_UPDATE_REQUESTED);
        else if (wire->has_phone && wire->phone.shaken)
            SSL_renegotiate(wire->phone.ssl);
        break;
    }
}

static void do_next(struct wire *wire, struct trust_bytes *script)
{
    const uint8_t op = fuzz_take_byte(script);
    switch (op % 8) {
    case 0:
    case 1:
        for (int i = op >> 4; i >= 0; i--)
            turn(wire);
        break;
    case 2:
        ask(wire, verify);
        break;
    case 3:
        ask(wire, query);
        break;
    case 4:
        ask(wire, fuzz_take(script, fuzz_take_word(script)));
        break;
    case 5: { /* a record a byte */
        struct trust_bytes bytes = fuzz_take(script, fuzz_take_byte(script));
        for (size_t i = 0; i < bytes.len; i++)
            ask(wire, (struct trust_bytes){bytes.data + i, 1});
        break;
    }
    case 6:
        wire->step = 1 + fuzz_take_byte(script) * (size_t)8;
        break;
    default:
        disturb(wire, op >> 3, script);
    }
}

void fuzz_one(struct trust_bytes input)
{
    static struct wire wire;
    SSL_SESSION *session = NULL;
    uint64_t connections = 0;
    server_begin();
    bench.host =
        (struct conn_host){.base = bench.host.base, .snapshot = &variants[fuzz_take_byte(&input) % VARIANTS]};
    do {
        const uint8_t kind = fuzz_take_byte(&input);
        connect_wire(&wire, kind, session);
        connections++;
        while (input.len > 0 && (input.data[0] != 0xff || connections == CONN_LIMIT) &&
               !bench.host.draining) {
            do_next(&wire, &input);
        }
        (void)fuzz_take_byte(&input);
        SSL_SESSION_free(session);
        session = SSL_get1_session(wire.phone.ssl);
        if (session != NULL && SSL_SESSION_is_resumable(session) != 1) {
            SSL_SESSION_free(session);
            session = NULL;
        }
        disconnect(&wire);
    } while (input.len > 0 && !bench.host.draining);
    SSL_SESSION_free(session);
    ERR_clear_error();
    check_counters(connections);
    check_log();
}
