/* The parts of a benchmark that are pure: the histogram, when connections begin, what is counted and said. */
#include "tests/check_main.h"
#include "tvsc/bench_report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS ((int64_t)1000000)

static struct bench_histogram *new_histogram(void)
{
    struct bench_histogram *histogram = calloc(1, sizeof *histogram);
    ck_assert_ptr_nonnull(histogram);
    return histogram;
}

/* Every value lies in a bucket whose edge is at most 3.2 % above it. */
START_TEST(test_buckets)
{
    static struct bench_histogram one;
    for (uint64_t us = 0; us < (uint64_t)1 << 36; us += us / 7 + 1) {
        memset(&one, 0, sizeof one);
        bench_histogram_add(&one, (int64_t)us);
        size_t bucket = 0;
        while (one.counts[bucket] == 0)
            ck_assert_uint_lt(++bucket, BENCH_HISTOGRAM_BUCKETS);
        uint64_t edge = bench_histogram_edge(bucket);
        ck_assert_uint_ge(edge, us);
        ck_assert_uint_le(edge - us, us / 31);
        ck_assert(bucket == 0 || bench_histogram_edge(bucket - 1) < us);
        ck_assert_uint_eq(bench_histogram_at(&one, 0.5), us); /* no more than the maximum */
    }
}
END_TEST

START_TEST(test_percentiles)
{
    struct bench_histogram *all = new_histogram(), *part = new_histogram();
    ck_assert_uint_eq(bench_histogram_at(all, 0.5), 0);
    for (int us = 1; us <= 1000; us++)
        bench_histogram_add(us % 2 == 0 ? all : part, us);
    bench_histogram_merge(all, part);
    ck_assert_uint_eq(all->total, 1000);
    ck_assert_uint_eq(all->sum_us, 500500);
    ck_assert_uint_eq(bench_histogram_at(all, 0.01), 10);
    ck_assert_uint_eq(bench_histogram_at(all, 0.05), 50);
    ck_assert(bench_histogram_at(all, 0.5) >= 500 && bench_histogram_at(all, 0.5) <= 516);
    ck_assert(bench_histogram_at(all, 0.99) >= 990 && bench_histogram_at(all, 0.99) <= 1000);
    ck_assert_uint_eq(bench_histogram_at(all, 1), 1000);
    bench_histogram_add(all, -5);
    bench_histogram_add(all, INT64_MAX);
    ck_assert_uint_eq(all->counts[0], 1);
    ck_assert_uint_eq(bench_histogram_at(all, 1), INT64_MAX);
    free(part);
    free(all);
}
END_TEST

START_TEST(test_closed_loop)
{
    struct bench_pattern pattern = {.arrival = BENCH_CLOSED, .total = 3, .at_once = 2, .start = 10 * MS};
    ck_assert_int_eq(bench_pattern_due(&pattern, 0, 5 * MS), 10 * MS);
    ck_assert_int_eq(bench_pattern_due(&pattern, 1, 20 * MS), 20 * MS);
    ck_assert_int_eq(bench_pattern_due(&pattern, 2, 20 * MS), BENCH_NEVER);
    ck_assert(!bench_pattern_over(&pattern, 20 * MS));
    for (int i = 0; i < 3; i++)
        bench_pattern_begin(&pattern);
    ck_assert_int_eq(bench_pattern_due(&pattern, 0, 30 * MS), BENCH_NEVER);
    ck_assert(bench_pattern_over(&pattern, 30 * MS));
    pattern = (struct bench_pattern){.arrival = BENCH_CLOSED, .at_once = 2, .duration = 50 * MS};
    ck_assert_int_eq(bench_pattern_due(&pattern, 0, 49 * MS), 49 * MS);
    ck_assert(!bench_pattern_over(&pattern, 49 * MS));
    ck_assert_int_eq(bench_pattern_due(&pattern, 0, 50 * MS), BENCH_NEVER);
    ck_assert(bench_pattern_over(&pattern, 50 * MS));
}
END_TEST

/* Latency counts from when a connection was due: none is forgotten because its begin is late. */
START_TEST(test_rate)
{
    struct bench_pattern pattern = {.arrival = BENCH_RATE, .rate = 100, .duration = 30 * MS, .start = 5 * MS};
    ck_assert_int_eq(bench_pattern_due(&pattern, 99, 0), 5 * MS);
    bench_pattern_begin(&pattern);
    ck_assert_int_eq(bench_pattern_due(&pattern, 99, 5 * MS), 15 * MS);
    ck_assert_int_eq(bench_pattern_due(&pattern, 99, 900 * MS), 15 * MS);
    bench_pattern_begin(&pattern);
    ck_assert(!bench_pattern_over(&pattern, 900 * MS));
    ck_assert_int_eq(bench_pattern_due(&pattern, 99, 900 * MS), 25 * MS);
    bench_pattern_begin(&pattern);
    ck_assert_int_eq(bench_pattern_due(&pattern, 99, 900 * MS), BENCH_NEVER);
    ck_assert(bench_pattern_over(&pattern, 6 * MS));
    /* It ends by a number, too. */
    pattern = (struct bench_pattern){.arrival = BENCH_RATE, .rate = 100, .total = 1};
    ck_assert_int_eq(bench_pattern_due(&pattern, 0, MS), 0);
    bench_pattern_begin(&pattern);
    ck_assert_int_eq(bench_pattern_due(&pattern, 0, MS), BENCH_NEVER);
}
END_TEST

START_TEST(test_burst)
{
    struct bench_pattern pattern = {.arrival = BENCH_BURST, .total = 1000, .start = 7};
    for (uint64_t i = 0; i < 1000; i++) {
        ck_assert_int_eq(bench_pattern_due(&pattern, i, MS), 7);
        bench_pattern_begin(&pattern);
    }
    ck_assert_int_eq(bench_pattern_due(&pattern, 0, MS), BENCH_NEVER);
    ck_assert(bench_pattern_over(&pattern, MS));
}
END_TEST

START_TEST(test_parts)
{
    const struct bench_pattern whole = {
        .arrival = BENCH_RATE, .total = 11, .at_once = 7, .rate = 100, .start = 0};
    uint64_t total = 0, at_once = 0;
    for (unsigned i = 0; i < 4; i++) {
        struct bench_pattern part = bench_pattern_part(&whole, i, 4);
        total += part.total;
        at_once += part.at_once;
        /* In turns: 0, 10, 20, 30 ms, and each every 40 ms. */
        ck_assert_int_eq(bench_pattern_due(&part, 0, 0), i * 10 * MS);
        bench_pattern_begin(&part);
        ck_assert_int_eq(bench_pattern_due(&part, 0, 0), (i * 10 + 40) * MS);
    }
    ck_assert_uint_eq(total, 11);
    ck_assert_uint_eq(at_once, 7);
}
END_TEST

START_TEST(test_tally)
{
    struct bench_tally *all = calloc(1, sizeof *all), *part = calloc(1, sizeof *part);
    ck_assert(all != NULL && part != NULL);
    *part = (struct bench_tally){.begun = 5, .handshakes = 4, .resumed = 3, .trusted = 2, .not_trusted = 1};
    part->ends[BENCH_END_ANSWERED] = 2;
    part->ends[BENCH_END_SERVED] = 1;
    part->ends[BENCH_END_GAVE_UP] = 2;
    part->last_good = 50;
    part->first_trusted = 40;
    bench_histogram_add(&part->answer, 9);
    bench_tally_merge(all, part);
    part->last_good = 30;
    part->first_trusted = 20;
    bench_tally_merge(all, part);
    part->last_good = part->first_trusted = 0;
    bench_tally_merge(all, part);
    ck_assert_uint_eq(bench_tally_good(all), 9);
    ck_assert_uint_eq(all->begun, 15);
    ck_assert_uint_eq(all->resumed, 9);
    ck_assert_uint_eq(all->answer.total, 3);
    ck_assert_int_eq(all->last_good, 50);
    ck_assert_int_eq(all->first_trusted, 20);
    free(part);
    free(all);
}
END_TEST

/* A server that has used 3 ms for two connections of three questions, one of which had no patience, all but 1
 * ms until these had ended, which took 4 ms. own_ms: what we used. */
static char *report(bool json, int own_ms, const char *protocol, unsigned pids, unsigned threads)
{
    struct bench_plan plan = {.pattern = {.arrival = BENCH_CLOSED, .at_once = 4},
                              .target = {.shown = "h:1"},
                              .requests = 3,
                              .threads = threads,
                              .pid_count = pids};
    struct bench_result *result = calloc(1, sizeof *result);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ck_assert(result != NULL && out != NULL);
    *result = (struct bench_result){.cipher = "S", .refusal = "a \"word\"", .processors = 2};
    strcpy(result->protocol, protocol);
    result->good_ns = 2 * MS;
    result->took_ns = 4 * MS;
    result->own_cpu_ns = own_ms * MS;
    result->rest.cpu_ns = 3 * MS;
    result->after.cpu_ns = 4 * MS;
    result->before.cpu_ns = 1 * MS;
    result->rest.rss_kb = 77;
    result->tally.begun = 3;
    result->tally.ends[BENCH_END_ANSWERED] = 2;
    result->tally.ends[BENCH_END_GAVE_UP] = 1;
    result->tally.trusted = 5;
    result->tally.not_trusted = 1;
    for (int i = 0; i < 6; i++)
        bench_histogram_add(&result->tally.answer, 1000);
    (json ? bench_report_json : bench_report_text)(&plan, result, out);
    ck_assert_int_eq(fclose(out), 0);
    free(result);
    return text;
}

static void has(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        ck_assert_msg(strstr(text, *words) != NULL, "lacks %s: %s", *words, text);
}
#define HAS(text, ...) has(text, (const char *const[]){__VA_ARGS__, NULL})

START_TEST(test_report)
{
    char *text = report(false, 3, "TLSv1.2", 1, 1);
    HAS(text, "h:1, TLSv1.2, S\n", "4 at once, 3 questions a connection, 1 thread\n",
        "Connections: 3, 2 answered, 1 gave-up (first: a \"word\")\n", "5 trusted, 1 not trusted\n",
        "1000.0 connections a second, 3000.0 answers a second\n",
        "Answer:      p50 1000 us, p90 1000 us, p99 1000 us, p99.9 1000 us, max 1000 us\n", "0.003 s CPU",
        "1500.0 us a connection, 500.00 us an answer; 50 % of a processor until all had ended\n",
        "77 kB when all had ended", "Ourselves:   0.003 s CPU, 75 % of a processor\n");
    ck_assert_ptr_null(strstr(text, "Handshake:"));
    ck_assert_ptr_null(strstr(text, "Note:"));
    free(text);
}
END_TEST

/* Two processors; the server, if it is known, had a half of one. */
static const struct {
    int own_ms;
    unsigned pids, threads;
    const char *note;
} doubts[] = {
    {3, 1, 1, NULL},
    {4, 1, 1, "\nNote:        the load could do no more; more --threads may tell more\n"},
    {4, 1, 2, NULL},
    {6, 1, 2, "\nNote:        the load took processor time that the server may have lacked; "},
    {6, 0, 2, NULL},
    {8, 0, 4, "\nNote:        the load could do no more; from several machines it tells more\n"},
};

START_TEST(test_doubts)
{
    char *text = report(false, doubts[_i].own_ms, "TLSv1.2", doubts[_i].pids, doubts[_i].threads);
    if (doubts[_i].note == NULL)
        ck_assert_ptr_null(strstr(text, "Note:"));
    else
        HAS(text, doubts[_i].note);
    free(text);
}
END_TEST

START_TEST(test_nobody_there)
{
    char *text = report(false, 0, "", 1, 1);
    HAS(text, "Server at:   h:1, with which no handshake came to its end\n");
    free(text);
}
END_TEST

START_TEST(test_json)
{
    char *text = report(true, 3, "TLSv1.2", 1, 1);
    HAS(text, "{\"server_at\":\"h:1\",\"protocol\":\"TLSv1.2\"", "\"answered\":2", "\"gave-up\":1",
        "\"refused\":0", "\"trusted\":5", "\"goodput\":1000.000", "\"refusal\":\"a \\\"word\\\"\"",
        "\"answer\":{\"count\":6,\"mean_us\":1000.0,\"p50_us\":1000,", "\"handshake\":{\"count\":0,",
        "\"buckets\":[[1007,6]]}", "\"server\":{\"cpu_us\":3000,",
        "\"cpu_us_per_connection\":1500.000,\"cpu_us_per_answer\":500.000", "\"rest\":{\"rss_kb\":77,",
        ",\"own_cpu_us\":3000,\"processors\":2}\n");
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}
END_TEST

/* Our own process is one that we know something about. */
START_TEST(test_process)
{
    struct bench_usage before, after;
    struct trust_error err = {0};
    const pid_t self[] = {getpid(), getpid()};
    const pid_t none = INT32_MAX;
    ck_assert_int_eq(bench_process_read(self, 1, &before, NULL), 0);
    int64_t until = before.cpu_ns + 30 * MS;
    do
        ck_assert_int_eq(bench_process_read(self, 1, &after, NULL), 0);
    while (after.cpu_ns < until);
    ck_assert_int_ge(after.user_ms + after.system_ms, before.user_ms + before.system_ms);
    ck_assert_int_gt(after.rss_kb, 100);
    ck_assert_int_ge(bench_process_rss(self, 2), 2 * bench_process_rss(self, 1) * 9 / 10);
    ck_assert_int_eq(bench_process_read(&none, 1, &after, &err), TRUST_ESYSTEM);
    ck_assert_ptr_nonnull(strstr(err.text, "--pid 2147483647: no such process here"));
    ck_assert_int_eq(bench_process_rss(&none, 1), 0);
    bench_process_settle(&none, 1);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("tvsc bench");
    TCase *tests = tcase_create("bench");
    tcase_add_test(tests, test_buckets);
    tcase_add_test(tests, test_percentiles);
    tcase_add_test(tests, test_closed_loop);
    tcase_add_test(tests, test_rate);
    tcase_add_test(tests, test_burst);
    tcase_add_test(tests, test_parts);
    tcase_add_test(tests, test_tally);
    tcase_add_test(tests, test_report);
    tcase_add_loop_test(tests, test_doubts, 0, sizeof doubts / sizeof doubts[0]);
    tcase_add_test(tests, test_nobody_there);
    tcase_add_test(tests, test_json);
    tcase_add_test(tests, test_process);
    suite_add_tcase(suite, tests);
    return suite;
}
