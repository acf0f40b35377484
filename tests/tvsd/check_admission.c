/* Who gives way when a worker is full. */
#include "tests/check_main.h"
#include "tvsd/admission.h"

#define COUNT 8

static struct admission admission;
static struct admission_place places[COUNT];
static bool spoken[COUNT];

static void set_up(void)
{
    admission = (struct admission){.limit = ADMISSION_LARGE};
    for (int i = 0; i < COUNT; i++) {
        places[i] = (struct admission_place){0};
        spoken[i] = false;
    }
}

static bool has_spoken(const struct admission_place *place)
{
    return spoken[place - places];
}

/* The number of who gives way; -1: nobody. */
static int victim(int64_t now, bool for_idle)
{
    admission_look(&admission, now, has_spoken);
    struct admission_place *place = admission_victim(&admission, now, for_idle);
    return place == NULL ? -1 : (int)(place - places);
}

static void leave(int number)
{
    admission_put(&admission, &places[number], ADMISSION_NONE, 0);
}

START_TEST(the_oldest_first)
{
    for (int i = 0; i < COUNT; i++)
        admission_put(&admission, &places[i], ADMISSION_BEGUN, i);
    ck_assert_uint_eq(admission.handshakes, COUNT);
    ck_assert_int_eq(victim(4999, false), -1); /* they may be phones */
    ck_assert_int_eq(victim(10000, false), 0);
    leave(3);
    leave(0);
    ck_assert_int_eq(victim(10000, false), 1);
    admission_put(&admission, &places[1], ADMISSION_BEGUN, 1); /* stays where it is */
    ck_assert_int_eq(victim(10000, false), 1);
    admission_put(&admission, &places[1], ADMISSION_BEGUN, 9);
    for (int want[] = {2, 4, 5, 6, 7, 1}, i = 0; i < 6; i++) {
        ck_assert_int_eq(victim(10000, false), want[i]);
        leave(want[i]);
    }
    ck_assert_int_eq(victim(10000, true), -1);
    ck_assert_uint_eq(admission.handshakes, 0);
    leave(0); /* stands nowhere */
    ck_assert_uint_eq(admission.handshakes, 0);
}
END_TEST

/* Crowds before others, who costs nothing yet before who has cost something, and whom we keep waiting never.
 */
START_TEST(in_order_of_what_is_lost)
{
    static const enum admission_queue queues[COUNT] = {
        ADMISSION_SPOKEN,        ADMISSION_IDLE,        ADMISSION_BEGUN,        ADMISSION_QUIET,
        ADMISSION_CROWD_GOES_ON, ADMISSION_CROWD_BEGUN, ADMISSION_CROWD_SPOKEN, ADMISSION_CROWD_QUIET};
    for (int i = 0; i < COUNT; i++)
        admission_put(&admission, &places[i], queues[i], 0);
    ck_assert_int_eq(victim(100000, false), 5); /* who is quiet, or only waits, is in nobody's way */
    for (int i = COUNT - 1; i > 0; i--) {
        ck_assert_int_eq(victim(100000, true), i);
        leave(i);
    }
    ck_assert_int_eq(victim(100000, true), -1);
}
END_TEST

START_TEST(who_is_idle_gives_way_for_connections_alone)
{
    admission_put(&admission, &places[0], ADMISSION_IDLE, 0);
    ck_assert_uint_eq(admission.handshakes, 0);
    ck_assert_int_eq(victim(100000, false), -1);
    ck_assert_int_eq(victim(9999, true), -1);
    ck_assert_int_eq(victim(10000, true), 0);
    ck_assert(admission_wait(&admission, 9000, false) == INT64_MAX);
    ck_assert_int_eq(admission_wait(&admission, 9000, true), 1000);
}
END_TEST

/* Who was silent when it came may have spoken since; else he counts for connections alone, and gives way to
 * them before anybody else. */
START_TEST(who_is_silent_for_long_is_quiet)
{
    admission_put(&admission, &places[0], ADMISSION_SILENT, 0);
    admission_put(&admission, &places[1], ADMISSION_SILENT, 1);
    admission_put(&admission, &places[2], ADMISSION_CROWD_SILENT, 2);
    admission_put(&admission, &places[3], ADMISSION_CROWD_SILENT, 3);
    admission_put(&admission, &places[4], ADMISSION_SILENT, 4);
    spoken[0] = spoken[2] = true;
    ck_assert_int_eq(victim(19, true), -1);
    ck_assert_uint_eq(admission.handshakes, 5);
    ck_assert_int_eq(victim(23, true), 3);
    ck_assert_uint_eq(admission.handshakes, 2);
    static const enum admission_queue queues[] = {ADMISSION_SPOKEN, ADMISSION_QUIET, ADMISSION_CROWD_SPOKEN,
                                                  ADMISSION_CROWD_QUIET, ADMISSION_SILENT};
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(places[i].queue, queues[i]);
        ck_assert_int_eq(places[i].since, i);
    }
    spoken[3] = true; /* in the end */
    ck_assert_int_eq(victim(23, true), 2);
    ck_assert_int_eq(places[3].queue, ADMISSION_CROWD_SPOKEN);
    ck_assert_uint_eq(admission.handshakes, 2);
    leave(2);
    leave(3);
    ck_assert_int_eq(victim(23, false), -1);
    ck_assert_int_eq(victim(23, true), 1);
    spoken[1] = true;
    ck_assert_int_eq(victim(23, true), -1);
    ck_assert_int_eq(places[1].queue, ADMISSION_SPOKEN);
    ck_assert(places[1].was_quiet && !places[0].was_quiet);
}
END_TEST

START_TEST(full_is_the_limit)
{
    admission.limit = 2;
    admission_put(&admission, &places[0], ADMISSION_BEGUN, 0);
    ck_assert(!admission_is_full(&admission));
    admission_put(&admission, &places[1], ADMISSION_SPOKEN, 0);
    ck_assert(admission_is_full(&admission) && admission_excess(&admission) == 0);
    admission_put(&admission, &places[2], ADMISSION_SILENT, 0);
    ck_assert(admission_is_full(&admission) && admission_excess(&admission) == 1);
    admission_put(&admission, &places[2], ADMISSION_QUIET, 0);
    admission_put(&admission, &places[3], ADMISSION_CROWD_QUIET, 0);
    ck_assert(admission_is_full(&admission) && admission_excess(&admission) == 0);
    admission_put(&admission, &places[1], ADMISSION_IDLE, 0);
    ck_assert(!admission_is_full(&admission));
    admission.limit = 0;
    ck_assert(!admission_is_full(&admission) && admission_excess(&admission) == 0);
}
END_TEST

/* The smaller the limit, the longer they may wait; how long it is until the next one gives way. */
START_TEST(small_limits_are_patient)
{
    admission_put(&admission, &places[0], ADMISSION_SILENT, 1000);
    ck_assert_int_eq(admission_wait(&admission, 1000, false), 20);
    ck_assert_int_eq(admission_wait(&admission, 1005, false), 15);
    ck_assert_int_eq(admission_wait(&admission, 5000, false), 0);
    admission.limit = ADMISSION_LARGE / 64;
    ck_assert_int_eq(admission_wait(&admission, 1000, false), 20); /* and is quiet then */
    ck_assert_int_eq(victim(1020, true), -1);
    ck_assert_int_eq(places[0].queue, ADMISSION_QUIET);
    ck_assert_int_eq(admission_wait(&admission, 1020, true), 1260);
    ck_assert_int_eq(victim(2279, true), -1);
    ck_assert_int_eq(victim(2280, true), 0);
    ck_assert_int_eq(admission_wait(&admission, 5000, true), 0);
    ck_assert(admission_wait(&admission, 5000, false) == INT64_MAX);
    admission_put(&admission, &places[0], ADMISSION_IDLE, 1000);
    ck_assert_int_eq(admission_wait(&admission, 1000, true), 10000);
    admission_put(&admission, &places[0], ADMISSION_SPOKEN, 1000);
    ck_assert(admission_wait(&admission, 1000, true) == INT64_MAX);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("admission");
    TCase *tcase = tcase_create("queues");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, the_oldest_first);
    tcase_add_test(tcase, in_order_of_what_is_lost);
    tcase_add_test(tcase, who_is_idle_gives_way_for_connections_alone);
    tcase_add_test(tcase, who_is_silent_for_long_is_quiet);
    tcase_add_test(tcase, full_is_the_limit);
    tcase_add_test(tcase, small_limits_are_patient);
    suite_add_tcase(all, tcase);
    return all;
}
