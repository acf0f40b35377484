/* Refusals: one line a minute for each phone and reason, and counts that add up. */
#include "tests/check_main.h"
#include "tvsd/refusals.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const struct trust_bytes nameless;

static struct peer peer_of(uint32_t number)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(1024)};
    struct peer peer;
    address.sin_addr.s_addr = htonl(0x0a000000 + number);
    peer_set(&peer, (const struct sockaddr *)&address, sizeof address);
    return peer;
}

/* true: what it was is to be said. */
static bool refuse(uint32_t number, const char *name, unsigned detail, const char *does)
{
    struct peer peer = peer_of(number);
    struct refusal *refusal = refusals_note(LOG_EV_TLS_REFUSED, detail, &peer,
                                            (struct trust_bytes){(const uint8_t *)name, strlen(name)});
    if (refusal == NULL)
        return false;
    snprintf(refusal->does, sizeof refusal->does, "%s", does);
    refusals_told(refusal);
    return true;
}

struct said {
    size_t lines;
    uint64_t count, last_count;
    struct refusal last;
};

static void take(void *arg, const struct refusal *refusal, uint64_t count)
{
    struct said *said = arg;
    said->lines++;
    said->count += count;
    said->last_count = count;
    said->last = *refusal;
}

static struct said turn(uint64_t now, bool at_end)
{
    struct said said = {0};
    refusals_turn(now, at_end, take, &said);
    return said;
}

/* What another test left, where all share a process. */
static void forget(void)
{
    turn(0, true);
    turn(0, true);
    refusals_more();
}

START_TEST(once_a_minute_with_the_count)
{
    ck_assert(refuse(1, "", 3, "first"));
    for (int i = 0; i < 9; i++)
        ck_assert(!refuse(1, "", 3, "more"));
    struct said said = turn(1000, false);
    ck_assert_uint_eq(said.lines, 1);
    ck_assert_uint_eq(said.count, 10);
    ck_assert_str_eq(said.last.does, "first");
    ck_assert_str_eq(said.last.address, "10.0.0.1");
    ck_assert_str_eq(said.last.peer, "10.0.0.1:1024");
    ck_assert_int_eq(said.last.event, LOG_EV_TLS_REFUSED);
    /* The next line tells of the first of its own minute: a reload may have changed the reason. */
    ck_assert(refuse(1, "", 3, "second"));
    ck_assert(!refuse(1, "", 3, "more"));
    ck_assert_uint_eq(turn(1059, false).lines, 0);
    said = turn(1060, false);
    ck_assert_uint_eq(said.lines, 1);
    ck_assert_uint_eq(said.count, 2);
    ck_assert_str_eq(said.last.does, "second");
    ck_assert_uint_eq(turn(1061, false).lines, 0);
    ck_assert_uint_eq(turn(1120, false).lines, 0);
    /* After a minute without any it is forgotten, and said at once when it comes back. */
    ck_assert(refuse(1, "", 3, "third"));
    said = turn(1121, false);
    ck_assert_uint_eq(said.lines, 1);
    ck_assert_uint_eq(said.count, 1);
    ck_assert_str_eq(said.last.does, "third");
    ck_assert_uint_eq(refusals_more(), 0);
}
END_TEST

START_TEST(phones_and_reasons_are_told_apart)
{
    ck_assert(refuse(1, "", 3, ""));
    ck_assert(refuse(2, "", 3, ""));
    ck_assert(refuse(1, "", 4, ""));
    ck_assert(refuse(1, "SEP1", 3, ""));
    ck_assert(refuse(1, "SEP2", 3, ""));
    ck_assert(refuse(2, "SEP1", 3, "")); /* whoever claims a phone's name does not speak for it */
    struct peer peer = peer_of(1);
    struct refusal *refusal = refusals_note(LOG_EV_REQUEST_REFUSED, 3, &peer, nameless);
    ck_assert_ptr_nonnull(refusal);
    ck_assert_str_eq(refusal->does, "");
    refusals_told(refusal);
    ck_assert_uint_eq(turn(0, false).lines, 7);
    ck_assert_uint_eq(turn(1, false).lines, 0);
    ck_assert_uint_eq(turn(60, false).lines, 0);
}
END_TEST

START_TEST(long_names_are_cut)
{
    char name[300];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert(refuse(1, name, 1, ""));
    struct said said = turn(5, false);
    ck_assert_uint_eq(said.last.device_len, REFUSALS_DEVICE);
    ck_assert_mem_eq(said.last.device, name, REFUSALS_DEVICE);
}
END_TEST

START_TEST(nothing_is_lost_at_the_end)
{
    ck_assert(refuse(1, "", 3, ""));
    ck_assert_uint_eq(turn(100, false).count, 1);
    ck_assert(refuse(1, "", 3, ""));
    ck_assert(!refuse(1, "", 3, ""));
    ck_assert(refuse(2, "", 3, ""));
    struct said said = turn(101, true);
    ck_assert_uint_eq(said.lines, 2);
    ck_assert_uint_eq(said.count, 3);
    ck_assert_uint_eq(turn(102, true).lines, 0);
}
END_TEST

#define CROWD 100000

/* A crowd gets as many lines as there is room, and what goes beyond is counted; later there is room again. */
START_TEST(a_crowd_is_bounded)
{
    size_t first = 0;
    for (uint32_t i = 0; i < CROWD; i++)
        first += refuse(i, "", 3, "");
    struct said said = turn(100, false);
    ck_assert_uint_eq(said.lines, first);
    ck_assert_uint_le(first, REFUSALS_MAX);
    ck_assert_uint_gt(first, REFUSALS_MAX / 2);
    ck_assert_uint_eq(said.count + refusals_more(), CROWD);
    ck_assert_uint_eq(refusals_more(), 0);
    uint64_t counted = 0;
    for (uint64_t now = 101; now < 160; now++)
        ck_assert_uint_eq(turn(now, false).lines, 0);
    for (uint32_t i = 0; i < CROWD; i++)
        refuse(i, "", 3, "");
    for (uint64_t now = 160; now < 290; now++) {
        said = turn(now, false);
        ck_assert_uint_le(said.lines, REFUSALS_MAX);
        counted += said.count;
    }
    ck_assert_uint_eq(counted + refusals_more(), CROWD);
    for (uint32_t i = CROWD; i < CROWD + 100; i++)
        ck_assert(refuse(i, "", 3, ""));
    ck_assert_uint_eq(turn(1000, false).lines, 100);
}
END_TEST

/* Names and certificates are what somebody says they are: one that thinks up thousands does not keep others
 * from a line of their own. */
START_TEST(one_does_not_silence_others)
{
    size_t lines = 0;
    uint64_t count = 0;
    for (unsigned i = 0; i < 100000; i++) {
        char name[32];
        snprintf(name, sizeof name, "SEP%u", i);
        refuse(1, name, i % 7, "");
    }
    for (uint32_t i = 1000; i < 1600; i++)
        ck_assert(refuse(i, "", 3, ""));
    for (uint64_t now = 100; now < 300; now++) {
        struct said said = turn(now, false);
        lines += said.lines;
        count += said.count;
    }
    ck_assert_uint_eq(refusals_more(), 0);
    ck_assert_uint_eq(count, 100600);
    ck_assert_uint_le(lines,
                      600 + REFUSALS_OF_ONE + 3); /* and one without a name, at once and a minute later */
    ck_assert(refuse(1, "SEP1", 3, ""));
    ck_assert(refuse(1, "SEP2", 3, "")); /* there is room again */
    ck_assert_uint_eq(turn(1000, false).lines, 2);
}
END_TEST

START_TEST(what_is_new_wakes)
{
    struct pollfd wakeup = {.fd = refusals_wakeup_fd(), .events = POLLIN};
    ck_assert_int_ge(wakeup.fd, 0);
    ck_assert_int_eq(refusals_wakeup_fd(), wakeup.fd);
    ck_assert_int_eq(poll(&wakeup, 1, 0), 0);
    for (int i = 0; i < 2; i++) {
        refuse(1, "", (unsigned)i, "");
        refuse(2, "", (unsigned)i, "");
        ck_assert_int_eq(poll(&wakeup, 1, 0), 1);
        ck_assert_uint_eq(turn(7, false).lines, 2);
        ck_assert_int_eq(poll(&wakeup, 1, 0), 0);
    }
}
END_TEST

#define THREADS 4
#define EACH    200000

static void *keep_refusing(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < EACH; i++)
        refuse(i % 50, i % 3 == 0 ? "SEP1" : "", i % 2, "it is the whole text");
    return NULL;
}

START_TEST(from_threads)
{
    pthread_t threads[THREADS];
    uint64_t count = 0, now = 0;
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, keep_refusing, NULL), 0);
    for (int i = 0; i < 20000; i++) {
        struct said said = turn(now += 30, false);
        count += said.count;
        if (said.lines > 0)
            ck_assert_str_eq(said.last.does, "it is the whole text");
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    count += turn(now, true).count;
    ck_assert_uint_eq(count + refusals_more(), (uint64_t)THREADS * EACH);
}
END_TEST

Suite *suite(void)
{
    Suite *refusals = suite_create("refusals");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, forget, NULL);
    tcase_add_test(all, once_a_minute_with_the_count);
    tcase_add_test(all, phones_and_reasons_are_told_apart);
    tcase_add_test(all, long_names_are_cut);
    tcase_add_test(all, nothing_is_lost_at_the_end);
    tcase_add_test(all, a_crowd_is_bounded);
    tcase_add_test(all, one_does_not_silence_others);
    tcase_add_test(all, what_is_new_wakes);
    tcase_add_test(all, from_threads);
    suite_add_tcase(refusals, all);
    return refusals;
}
