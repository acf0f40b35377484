/* What is said of a shortage: its beginning and its end, however often it was met in between. */
#include "helper_scene.h"
#include "tests/check_main.h"
#include "tvsd/shortage.h"

#include <errno.h>

static struct bench bench;

static void set_up(void)
{
    bench_init(&bench, "", &server, store, ctl);
}

static void tear_down(void)
{
    bench_fini(&bench);
}

START_TEST(one_line_each)
{
    int64_t now = 1000;
    ck_assert_int_eq(shortage_settle(now), -1);
    for (int i = 0; i < 100; i++, now += 500) { /* longer than any pause between two lines */
        shortage_met(EMFILE, now);
        ck_assert_int_eq(shortage_settle(now), SHORTAGE_CALM_MS);
    }
    ck_assert_uint_eq(bench_logged(&bench, "event=accept-paused"), 1);
    BENCH_LOGGED(&bench, "level=warning event=accept-paused reason=\"no descriptor left\" error=\"Too many "
                         "open files\" remedy=\"raise the limit of open files (LimitNOFILE,");
    now = 1000 + 99 * 500;
    ck_assert_int_eq(shortage_settle(now + SHORTAGE_CALM_MS - 1), 1);
    BENCH_NOT_LOGGED(&bench, "accept-resumed");
    ck_assert_int_eq(shortage_settle(now + SHORTAGE_CALM_MS), -1);
    BENCH_LOGGED(&bench, "event=accept-resumed reason=\"no descriptor left\" seconds=50 pauses=100\n");
    ck_assert_int_eq(shortage_settle(now + 2 * SHORTAGE_CALM_MS), -1);
    ck_assert_uint_eq(bench_logged(&bench, "event=accept-resumed"), 1);
}
END_TEST

/* Now and then it goes well for a moment: that is one shortage. */
START_TEST(flapping)
{
    int64_t now = 5000;
    for (int i = 0; i < 20; i++, now += SHORTAGE_CALM_MS - 1) {
        shortage_settle(now);
        shortage_met(0, now);
    }
    ck_assert_uint_eq(bench_logged(&bench, "event=accept-"), 1);
    /* Nobody has asked in time: what was over is said to be, then it begins anew. */
    shortage_met(0, now + SHORTAGE_CALM_MS);
    ck_assert_uint_eq(bench_logged(&bench, "event=accept-paused"), 2);
    BENCH_LOGGED(&bench, "event=accept-resumed reason=\"a worker has its share of server.max_connections "
                         "open\" seconds=190 pauses=20\n");
    shortage_settle(now + 3 * SHORTAGE_CALM_MS);
    BENCH_LOGGED(&bench, "seconds=0 pauses=1\n");
}
END_TEST

START_TEST(each_for_itself)
{
    shortage_met(EMFILE, 1000);
    shortage_met(0, 4000);
    ck_assert_int_eq(shortage_settle(5000), SHORTAGE_CALM_MS - 4000);
    ck_assert_uint_eq(bench_logged(&bench, "event=accept-paused"), 2);
    ck_assert_int_eq(shortage_settle(1000 + SHORTAGE_CALM_MS), 3000);
    ck_assert_uint_eq(bench_logged(&bench, "event=accept-resumed reason=\"no descriptor left\""), 1);
    ck_assert_uint_eq(bench_logged(&bench, "event=accept-resumed"), 1);
}
END_TEST

START_TEST(what_an_errno_means)
{
    static const struct {
        int error;
        const char *line;
    } cases[] = {
        {0, "reason=\"a worker has its share of server.max_connections open\" error=none remedy="},
        {EMFILE, "reason=\"no descriptor left\" error=\"Too many open files\" remedy="},
        {ENFILE, "reason=\"no descriptor left in the whole system\" error="},
        {ENOMEM, "reason=\"the kernel is out of memory\" error=\"Cannot allocate memory\" remedy="},
        {ENOTSOCK,
         "reason=\"the kernel refuses to accept\" error=\"Socket operation on non-socket\" remedy="},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        shortage_met(cases[i].error, 1000);
        BENCH_LOGGED(&bench, cases[i].line);
        ck_assert_uint_eq(bench_logged(&bench, "event=accept-paused"), i + 1);
    }
    shortage_met(ENOBUFS, 2000); /* the same as ENOMEM */
    ck_assert_uint_eq(bench_logged(&bench, "event=accept-paused"), sizeof cases / sizeof cases[0]);
}
END_TEST

Suite *suite(void)
{
    Suite *shortage = suite_create("shortage");
    TCase *all = tcase_create("all");
    tcase_add_unchecked_fixture(all, scene_set_up, scene_tear_down);
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, one_line_each);
    tcase_add_test(all, flapping);
    tcase_add_test(all, each_for_itself);
    tcase_add_test(all, what_an_errno_means);
    suite_add_tcase(shortage, all);
    return shortage;
}
