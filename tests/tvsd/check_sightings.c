/* What workers saw of phones, from their threads to the main thread's. */
#include "config/phone.h"
#include "tests/check_main.h"
#include "tvsd/sightings.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t about[32] = {1, 2, 3}, shown[32] = {4, 5, 6};

static struct sighting sighting_of(const char *name, size_t len)
{
    return (struct sighting){.when = 1700000000,
                             .device = {(const uint8_t *)name, len},
                             .address = "2001:db8::1",
                             .tls = "TLSv1.2",
                             .class = "rsa",
                             .asked = "query",
                             .result = "trusted",
                             .about = about,
                             .shown = shown};
}

struct taken {
    size_t count;
    struct sighting last;
    char name[PHONE_NAME_MAX + 1], address[PHONE_ADDRESS_SIZE];
    uint8_t about[PHONE_DIGEST], shown[PHONE_DIGEST];
};

static void take(void *arg, const struct sighting *sighting)
{
    struct taken *taken = arg;
    taken->count++;
    taken->last = *sighting;
    memcpy(taken->name, sighting->device.data, sighting->device.len);
    strcpy(taken->address, sighting->address);
    if (sighting->about != NULL)
        memcpy(taken->about, sighting->about, PHONE_DIGEST);
    if (sighting->shown != NULL)
        memcpy(taken->shown, sighting->shown, PHONE_DIGEST);
}

START_TEST(it_comes_as_it_was)
{
    struct sightings *sightings = sightings_new(2);
    struct sighting sighting = sighting_of("SEP1", 4);
    struct taken taken = {0};
    ck_assert_ptr_nonnull(sightings);
    ck_assert(sightings_note(sightings_end(sightings, 1), &sighting));
    sightings_drain(sightings, take, &taken);
    ck_assert_uint_eq(taken.count, 1);
    ck_assert_int_eq(taken.last.when, 1700000000);
    ck_assert_uint_eq(taken.last.device.len, 4);
    ck_assert_mem_eq(taken.name, "SEP1", 4);
    ck_assert_str_eq(taken.address, "2001:db8::1");
    ck_assert_str_eq(taken.last.tls, "TLSv1.2");
    ck_assert_str_eq(taken.last.class, "rsa");
    ck_assert_str_eq(taken.last.asked, "query");
    ck_assert_str_eq(taken.last.result, "trusted");
    ck_assert_mem_eq(taken.about, about, PHONE_DIGEST);
    ck_assert_mem_eq(taken.shown, shown, PHONE_DIGEST);

    sighting.about = sighting.shown = NULL;
    sighting.device = (struct trust_bytes){NULL, 0};
    ck_assert(sightings_note(sightings_end(sightings, 0), &sighting));
    sightings_drain(sightings, take, &taken);
    ck_assert_uint_eq(taken.count, 2);
    ck_assert_uint_eq(taken.last.device.len, 0);
    ck_assert_ptr_null(taken.last.about);
    ck_assert_ptr_null(taken.last.shown);
    sightings_free(sightings);
    sightings_free(NULL);
}
END_TEST

/* One byte more than is kept tells that it was longer. */
START_TEST(long_names)
{
    struct sightings *sightings = sightings_new(1);
    static char name[65000];
    struct taken taken = {0};
    memset(name, 'x', sizeof name);
    for (size_t len = 0; len < PHONE_NAME_MAX + 3; len++) {
        struct sighting sighting = sighting_of(name, len);
        ck_assert(sightings_note(sightings_end(sightings, 0), &sighting));
        sightings_drain(sightings, take, &taken);
        ck_assert_uint_eq(taken.last.device.len, len <= PHONE_NAME_MAX ? len : PHONE_NAME_MAX + 1);
    }
    struct sighting huge = sighting_of(name, sizeof name);
    ck_assert(sightings_note(sightings_end(sightings, 0), &huge));
    sightings_drain(sightings, take, &taken);
    ck_assert_uint_eq(taken.last.device.len, PHONE_NAME_MAX + 1);
    sightings_free(sightings);
}
END_TEST

static bool is_readable(int fd)
{
    struct pollfd poll_it = {.fd = fd, .events = POLLIN};
    return poll(&poll_it, 1, 0) == 1;
}

/* A ring that fills wakes the main thread, once; what does not fit is lost, and told. */
START_TEST(a_full_ring)
{
    struct sightings *sightings = sightings_new(1);
    struct sighting sighting = sighting_of("SEP1", 4);
    struct taken taken = {0};
    size_t noted = 0, woken_at = 0;
    while (sightings_note(sightings_end(sightings, 0), &sighting)) {
        noted++;
        if (woken_at == 0 && is_readable(sightings_wakeup_fd(sightings)))
            woken_at = noted;
    }
    ck_assert_uint_gt(noted, 1000);
    ck_assert_uint_gt(woken_at, noted / 2 - 2);
    ck_assert_uint_lt(woken_at, noted / 2 + 3);
    ck_assert(!sightings_note(sightings_end(sightings, 0), &sighting));
    sightings_drain(sightings, take, &taken);
    ck_assert_uint_eq(taken.count, noted);
    ck_assert(!is_readable(sightings_wakeup_fd(sightings)));
    ck_assert(sightings_note(sightings_end(sightings, 0), &sighting));
    ck_assert(!is_readable(sightings_wakeup_fd(sightings)));
    sightings_free(sightings);
}
END_TEST

enum { THREADS = 3, EACH = 200000 };

struct producer {
    struct sightings_end *end;
    size_t noted;
};

static void *produce(void *arg)
{
    struct producer *producer = arg;
    for (int i = 0; i < EACH; i++) {
        char name[32];
        int len = snprintf(name, sizeof name, "SEP%d", i);
        struct sighting sighting = sighting_of(name, (size_t)len);
        producer->noted += sightings_note(producer->end, &sighting);
    }
    return NULL;
}

/* All of it comes, or is told to be lost, while it is taken at the same time. */
START_TEST(from_threads)
{
    struct sightings *sightings = sightings_new(THREADS);
    struct producer producers[THREADS] = {0};
    pthread_t threads[THREADS];
    struct taken taken = {0};
    size_t noted = 0;
    for (size_t i = 0; i < THREADS; i++) {
        producers[i].end = sightings_end(sightings, i);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        while (pthread_tryjoin_np(threads[i], NULL) != 0) {
            struct pollfd poll_it = {.fd = sightings_wakeup_fd(sightings), .events = POLLIN};
            poll(&poll_it, 1, 1);
            sightings_drain(sightings, take, &taken);
        }
        noted += producers[i].noted;
    }
    sightings_drain(sightings, take, &taken);
    ck_assert_uint_eq(taken.count, noted);
    ck_assert_uint_gt(noted, 1000);
    sightings_free(sightings);
}
END_TEST

Suite *suite(void)
{
    Suite *sightings = suite_create("sightings");
    TCase *all = tcase_create("all");
    tcase_add_test(all, it_comes_as_it_was);
    tcase_add_test(all, long_names);
    tcase_add_test(all, a_full_ring);
    tcase_add_test(all, from_threads);
    suite_add_tcase(sightings, all);
    return sightings;
}
