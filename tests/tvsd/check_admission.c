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
    struct admission_place *place = admission_victim(&admission, now, for_idle, has_spoken);
    return place == NULL ? -1 : (int)(place - places);
}

static void leave(int number)
{
    admission_put(&admission, &places[number], ADMISSION_NONE, 0);
}

START_TEST(the_oldest_first)
{
    for (int i = 0; i < COUNT; i++)
        admission_put(&admission, &places[i], ADMISSION_SILENT, i);
    ck_assert_uint_eq(admission.handshakes, COUNT);
    ck_assert_int_eq(victim(19, false), -1); /* they may be phones */
    ck_assert_int_eq(victim(1000, false), 0);
    leave(3);
    leave(0);
    ck_assert_int_eq(victim(1000, false), 1);
    admission_put(&admission, &places[1], ADMISSION_SILENT, 1); /* stays where it is */
    ck_assert_int_eq(victim(1000, false), 1);
    admission_put(&admission, &places[1], ADMISSION_SILENT, 9);
    for (int want[] = {2, 4, 5, 6, 7, 1}, i = 0; i < 6; i++) {
        ck_assert_int_eq(victim(1000, false), want[i]);
        leave(want[i]);
    }
    ck_assert_int_eq(victim(1000, true), -1);
    ck_assert_uint_eq(admission.handshakes, 0);
    leave(0); /* stands nowhere */
    ck_assert_uint_eq(admission.handshakes, 0);
}
END_TEST

/* Crowds before others, who costs nothing yet before who has cost something, and whom we keep waiting never.
 */
START_TEST(in_order_of_what_is_lost)
{
    static const enum admission_queue queues[] = {ADMISSION_SPOKEN,       ADMISSION_BEGUN,
                                                  ADMISSION_SILENT,       ADMISSION_CROWD_BEGUN,
                                                  ADMISSION_CROWD_SPOKEN, ADMISSION_CROWD_SILENT};
    for (int i = 0; i < 6; i++)
        admission_put(&admission, &places[i], queues[i], 0);
    for (int i = 5; i > 0; i--) {
        ck_assert_int_eq(victim(100000, false), i);
        leave(i);
    }
    ck_assert_int_eq(victim(100000, false), -1);
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

/* Who was silent when it came may have spoken since. */
START_TEST(who_has_spoken_is_moved)
{
    admission_put(&admission, &places[0], ADMISSION_SILENT, 0);
    admission_put(&admission, &places[1], ADMISSION_SILENT, 1);
    admission_put(&admission, &places[2], ADMISSION_CROWD_SILENT, 2);
    spoken[0] = spoken[2] = true;
    ck_assert_int_eq(victim(1000, false), 2);
    ck_assert_int_eq(places[2].queue, ADMISSION_CROWD_SPOKEN);
    leave(2);
    ck_assert_int_eq(victim(1000, false), 1);
    ck_assert_int_eq(places[0].queue, ADMISSION_SPOKEN);
    ck_assert_int_eq(places[0].since, 0);
    ck_assert_uint_eq(admission.handshakes, 2);
}
END_TEST

START_TEST(full_is_the_limit)
{
    admission.limit = 2;
    admission_put(&admission, &places[0], ADMISSION_BEGUN, 0);
    ck_assert(!admission_is_full(&admission));
    admission_put(&admission, &places[1], ADMISSION_SPOKEN, 0);
    ck_assert(admission_is_full(&admission));
    admission_put(&admission, &places[1], ADMISSION_IDLE, 0);
    ck_assert(!admission_is_full(&admission));
    admission.limit = 0;
    ck_assert(!admission_is_full(&admission));
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
    ck_assert_int_eq(admission_wait(&admission, 1000, false), 1280);
    ck_assert_int_eq(victim(2279, false), -1);
    ck_assert_int_eq(victim(2280, false), 0);
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
    tcase_add_test(tcase, who_has_spoken_is_moved);
    tcase_add_test(tcase, full_is_the_limit);
    tcase_add_test(tcase, small_limits_are_patient);
    suite_add_tcase(all, tcase);
    return all;
}
