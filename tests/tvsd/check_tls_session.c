/* After the handshake: bytes both ways, and sessions that are resumed. */
#include "helper_tls.h"
#include "tests/check_main.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define C10 .oldest = TLS1_VERSION, .newest = TLS1_VERSION
#define C12 .oldest = TLS1_2_VERSION, .newest = TLS1_2_VERSION

START_TEST(bytes_go_both_ways)
{
    struct phone phone;
    uint8_t bytes[64];
    size_t len;
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
    int fd = phone_connect(&phone, NULL);
    struct tls *tls = tls_new(context, fd);
    ck_assert_int_eq(shake(tls, &phone), TLS_STEP_DONE);
    ck_assert_int_eq(tls_read(tls, bytes, sizeof bytes, &len), TLS_STEP_WANT_READ);
    phone_send(&phone, (struct trust_bytes){(const uint8_t *)"hello phone", 11});
    ck_assert_int_eq(tls_read(tls, bytes, 5, &len), TLS_STEP_DONE);
    ck_assert_uint_eq(len, 5);
    ck_assert_int_eq(tls_read(tls, bytes, sizeof bytes, &len), TLS_STEP_DONE);
    ck_assert_mem_eq(bytes, " phone", 6);
    ck_assert_int_eq(tls_read(tls, bytes, sizeof bytes, &len), TLS_STEP_WANT_READ);
    ck_assert_int_eq(tls_write(tls, (const uint8_t *)"answer", 6, &len), TLS_STEP_DONE);
    ck_assert_uint_eq(len, 6);
    phone_step(&phone);
    ck_assert_mem_eq(phone.inbox, "answer", 6);
    phone_goodbye(&phone);
    ck_assert_int_eq(tls_read(tls, bytes, sizeof bytes, &len), TLS_STEP_CLOSED);
    tls_free(tls);
    tls_context_free(context);
    phone_fini(&phone);
    close(fd);
}
END_TEST

/* A peer that does not read: writing stops with WANT_WRITE and goes on where it stopped, from a moved buffer.
 */
START_TEST(partial_writes)
{
    struct phone phone;
    size_t put, sent = 0, size = 190000;
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
    int fd = phone_connect(&phone, NULL), small = 4096;
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    struct tls *tls = tls_new(context, fd);
    ck_assert_int_eq(shake(tls, &phone), TLS_STEP_DONE);
    uint8_t *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7 >> 3);
    bool waited = false;
    while (sent < size) {
        uint8_t *moved = malloc(size - sent);
        memcpy(moved, bytes + sent, size - sent);
        enum tls_step step = tls_write(tls, moved, size - sent, &put);
        free(moved);
        ck_assert(step == TLS_STEP_DONE || step == TLS_STEP_WANT_WRITE);
        waited |= step == TLS_STEP_WANT_WRITE;
        sent += put;
        phone_step(&phone);
    }
    while (phone.received < size)
        phone_step(&phone);
    ck_assert(waited);
    ck_assert_mem_eq(phone.inbox, bytes, size);
    free(bytes);
    tls_free(tls);
    tls_context_free(context);
    phone_fini(&phone);
    close(fd);
}
END_TEST

/* Shake hands, exchange a byte (1.3 sends its tickets by then), say goodbye. Returns whether the session was
 * resumed; *session is replaced by the new one. */
static bool visit(struct tls_context *context, const struct phone_options *as, SSL_SESSION **session)
{
    struct phone phone;
    struct phone_options options = *as;
    size_t put;
    options.session = *session;
    int fd = phone_connect(&phone, &options);
    struct tls *tls = tls_new(context, fd);
    ck_assert_int_eq(shake(tls, &phone), TLS_STEP_DONE);
    ck_assert_int_eq(tls_write(tls, (const uint8_t *)"x", 1, &put), TLS_STEP_DONE);
    phone_step(&phone);
    bool resumed = SSL_session_reused(phone.ssl);
    SSL_SESSION_free(*session);
    *session = SSL_get1_session(phone.ssl);
    tls_free(tls);
    SSL_shutdown(phone.ssl);
    phone_fini(&phone);
    close(fd);
    return resumed;
}

/* 0: who waits for our goodbye gets it; 1: so does who sends no more. 2: who has left makes the session none
 * the worse. */
START_TEST(goodbyes)
{
    const struct phone_options by_id = {C10, .no_ticket = true};
    struct phone phone;
    size_t got;
    uint8_t byte;
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_0, true, NULL);
    int fd = phone_connect(&phone, &by_id);
    struct tls *tls = tls_new(context, fd);
    ck_assert_int_eq(shake(tls, &phone), TLS_STEP_DONE);
    SSL_SESSION *session = SSL_get1_session(phone.ssl);
    if (_i < 2)
        ck_assert_int_eq(SSL_shutdown(phone.ssl), 0);
    else
        phone_goodbye(&phone);
    if (_i == 1)
        ck_assert_int_eq(shutdown(SSL_get_fd(phone.ssl), SHUT_WR), 0);
    ck_assert_int_eq(tls_read(tls, &byte, 1, &got), TLS_STEP_CLOSED);
    tls_free(tls);
    if (_i < 2)
        ck_assert_int_eq(SSL_shutdown(phone.ssl), 1);
    phone_fini(&phone);
    close(fd);
    ck_assert(visit(context, &by_id, &session));
    SSL_SESSION_free(session);
    tls_context_free(context);
}
END_TEST

static const struct phone_options resuming[] = {
    {.newest = TLS1_3_VERSION},
    {.newest = TLS1_2_VERSION},
    {C10},
    {C10, .no_ticket = true},
    {.newest = TLS1_2_VERSION, .ciphers = "AES256-SHA"},
    {.newest = TLS1_2_VERSION, .ciphers = "AES256-SHA", .no_ticket = true}};

START_TEST(sessions_resume)
{
    SSL_SESSION *session = NULL;
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_0, true, NULL);
    ck_assert(!visit(context, &resuming[_i], &session));
    ck_assert(visit(context, &resuming[_i], &session));
    SSL_SESSION_free(session);
    tls_context_free(context);
}
END_TEST

/* Tickets survive a reload with the same certificate, and no other. */
START_TEST(tickets_survive_a_reload)
{
    SSL_SESSION *session = NULL;
    struct tls_context *first = context_make(ON_RSA, CONFIG_TLS_1_0, true, NULL);
    struct tls_context *same = context_make(ON_RSA, CONFIG_TLS_1_0, true, first);
    struct tls_context *other = context_make(ON_SMALL, CONFIG_TLS_1_0, true, same);
    struct tls_context *unrelated = context_make(ON_RSA, CONFIG_TLS_1_0, true, NULL);
    ck_assert(!visit(first, &resuming[_i], &session));
    tls_context_free(first);
    ck_assert(visit(same, &resuming[_i], &session));
    ck_assert(!visit(other, &resuming[_i], &session));
    ck_assert(!visit(same, &resuming[_i], &session));
    ck_assert(!visit(unrelated, &resuming[_i], &session));
    SSL_SESSION_free(session);
    tls_context_free(same);
    tls_context_free(other);
    tls_context_free(unrelated);
}
END_TEST

/* A session whose connection broke is not resumed (RFC 5246, 7.2.2); one of another server is none here. */
START_TEST(no_resumption_of_what_broke)
{
    const struct phone_options by_id = {C12, .no_ticket = true};
    struct phone phone;
    SSL_SESSION *session = NULL;
    size_t got;
    uint8_t byte;
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
    struct tls_context *other = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
    ck_assert(!visit(context, &by_id, &session));
    ck_assert(!visit(other, &by_id, &session));
    ck_assert(visit(other, &by_id, &session));
    SSL_SESSION *offered = SSL_SESSION_dup(session); /* the phone would drop it, too */
    struct phone_options again = by_id;
    again.session = offered;
    int fd = phone_connect(&phone, &again);
    struct tls *tls = tls_new(other, fd);
    ck_assert_int_eq(shake(tls, &phone), TLS_STEP_DONE);
    ck_assert_int_eq(SSL_session_reused(phone.ssl), 1);
    ck_assert_int_eq(write(SSL_get_fd(phone.ssl), "no record", 9), 9);
    ck_assert_int_eq(tls_read(tls, &byte, 1, &got), TLS_STEP_FAILED);
    tls_free(tls);
    phone_fini(&phone);
    close(fd);
    SSL_SESSION_free(offered);
    ck_assert(!visit(other, &by_id, &session));
    ck_assert(visit(other, &by_id, &session));
    SSL_SESSION_free(session);
    tls_context_free(context);
    tls_context_free(other);
}
END_TEST

/* Many phones close the connection without a goodbye: that breaks no session. */
START_TEST(an_end_without_goodbye)
{
    const struct phone_options by_id = {C12, .no_ticket = true};
    struct phone phone;
    size_t got;
    uint8_t byte;
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
    int fd = phone_connect(&phone, &by_id);
    struct tls *tls = tls_new(context, fd);
    ck_assert_int_eq(shake(tls, &phone), TLS_STEP_DONE);
    SSL_SESSION *session = SSL_SESSION_dup(SSL_get0_session(phone.ssl));
    ck_assert_int_eq(shutdown(SSL_get_fd(phone.ssl), SHUT_WR), 0);
    ck_assert_int_eq(tls_read(tls, &byte, 1, &got), TLS_STEP_CLOSED);
    tls_free(tls);
    phone_fini(&phone);
    close(fd);
    ck_assert(visit(context, &by_id, &session));
    SSL_SESSION_free(session);
    tls_context_free(context);
}
END_TEST

/* A session is made and dropped with a connection that outlives its context, and what the context kept. */
START_TEST(sessions_outlive_their_context)
{
    const struct phone_options by_id = {C12, .no_ticket = true};
    struct phone phone;
    size_t got;
    uint8_t byte;
    struct tls_context *context = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
    int fd = phone_connect(&phone, &by_id);
    struct tls *tls = tls_new(context, fd);
    tls_context_free(context);
    ck_assert_int_eq(shake(tls, &phone), TLS_STEP_DONE);
    ck_assert_int_eq(write(SSL_get_fd(phone.ssl), "no record", 9), 9);
    ck_assert_int_eq(tls_read(tls, &byte, 1, &got), TLS_STEP_FAILED);
    tls_free(tls);
    phone_fini(&phone);
    close(fd);
}
END_TEST

/* Switching RSA key exchange off ends it for sessions of before, too. */
START_TEST(no_resumption_of_what_is_forbidden)
{
    struct phone phone;
    SSL_SESSION *session = NULL;
    struct phone_options options = {C12, .ciphers = "AES256-SHA:@SECLEVEL=0"};
    struct tls_context *on = context_make(ON_RSA, CONFIG_TLS_1_2, true, NULL);
    struct tls_context *off = context_make(ON_RSA, CONFIG_TLS_1_2, false, on);
    visit(on, &options, &session);
    options.session = session;
    int fd = phone_connect(&phone, &options);
    struct tls *tls = tls_new(off, fd);
    ck_assert_int_eq(shake(tls, &phone), TLS_STEP_FAILED);
    ck_assert_int_eq(tls_failure(tls), TLS_FAILURE_RSA_KEY_EXCHANGE);
    SSL_SESSION_free(session);
    tls_free(tls);
    tls_context_free(on);
    tls_context_free(off);
    phone_fini(&phone);
    close(fd);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table)[0])

Suite *suite(void)
{
    Suite *sessions = suite_create("tls_session");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, servers_make, servers_free);
    tcase_add_test(all, bytes_go_both_ways);
    tcase_add_test(all, partial_writes);
    tcase_add_loop_test(all, goodbyes, 0, 3);
    tcase_add_loop_test(all, sessions_resume, 0, COUNT(resuming));
    tcase_add_loop_test(all, tickets_survive_a_reload, 0, 3);
    tcase_add_test(all, no_resumption_of_what_broke);
    tcase_add_test(all, an_end_without_goodbye);
    tcase_add_test(all, sessions_outlive_their_context);
    tcase_add_test(all, no_resumption_of_what_is_forbidden);
    suite_add_tcase(sessions, all);
    return sessions;
}
