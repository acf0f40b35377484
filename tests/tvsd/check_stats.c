#include "helper_bench.h"
#include "tests/check_main.h"
#include "tvsd/stats.h"

#include <string.h>

START_TEST(adding)
{
    struct stats one = {0}, sum = {0};
    stats_bump(&one.accepted, 3);
    stats_bump(&one.active, 2);
    stats_bump(&one.active, -1);
    stats_bump(&one.ends[CONN_END_DRAIN_TIMEOUT], 1);
    stats_bump(&one.tls_failures[TLS_FAILURE_MEMORY], 4);
    stats_add(&sum, &one);
    stats_add(&sum, &one);
    ck_assert_uint_eq(sum.accepted, 6);
    ck_assert_uint_eq(sum.active, 2);
    ck_assert_uint_eq(sum.ends[CONN_END_DRAIN_TIMEOUT], 2);
    ck_assert_uint_eq(sum.tls_failures[TLS_FAILURE_MEMORY], 8);
    ck_assert_uint_eq(sum.query, 0);
}
END_TEST

/* Each counter comes out under its own name, in one line; those that are zero do not. */
START_TEST(saying)
{
    struct server_key server;
    struct bench bench;
    struct stats stats = {.accepted = 7, .accept_paused = 1};
    server_key_make(&server, "ec:P-256", "stats", TRUST_DIGEST_SHA256);
    bench_init(&bench, "", &server, NULL, NULL);
    stats.results[REQUEST_TRUSTED] = 5;
    stats.results[REQUEST_FAILED] = 6;
    stats.ends[CONN_END_PEER_CLOSED] = 8;
    stats.ends[CONN_END_DRAIN_TIMEOUT] = 9;
    stats.tls_failures[TLS_FAILURE_VERSION] = 10;
    stats.tls_failures[TLS_FAILURE_MEMORY] = 11;
    stats_log(&stats);
    BENCH_LOGGED(&bench,
                 "event=stats accepted=7 accept_paused=1 answer-trusted=5 answer-failed=6 "
                 "end-peer-closed=8 end-drain-timeout=9 refused-tls-version=10 refused-no-memory=11\n");
    memset(&stats, 1, sizeof stats); /* all at once fit, too */
    stats_log(&stats);
    ck_assert_uint_eq(bench_logged(&bench, "event=stats"), 2);
    BENCH_LOGGED(&bench, " refused-no-memory=72340172838076673\n");
    bench_fini(&bench);
    server_key_fini(&server);
}
END_TEST

START_TEST(names)
{
    for (int i = 0; i < CONN_END_COUNT; i++)
        ck_assert_uint_gt(strlen(conn_end_name((enum conn_end)i)), 0);
    ck_assert_str_eq(conn_end_name(CONN_END_TRUNCATED), "truncated-request");
    ck_assert_str_eq(request_result_name(REQUEST_NO_ROLE), "no-role");
    ck_assert_str_eq(request_source_name(REQUEST_SOURCE_CTL), "ctl");
}
END_TEST

Suite *suite(void)
{
    Suite *stats = suite_create("stats");
    TCase *all = tcase_create("all");
    tcase_add_test(all, adding);
    tcase_add_test(all, saying);
    tcase_add_test(all, names);
    suite_add_tcase(stats, all);
    return stats;
}
