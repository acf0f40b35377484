/* Addresses with many handshakes under way: who counts as one, and what that means. */
#include "helper_scene.h"
#include "tests/check_main.h"

#include <event2/event.h>

#define MANY 8

/* How many stand in a queue. */
static size_t standing(const struct bench *bench, enum admission_queue queue)
{
    size_t count = 0;
    for (const struct admission_place *at = bench->host.admission.queues[queue].oldest; at != NULL;
         at = at->newer)
        count++;
    return count;
}

static void connect_many(struct bench *bench, struct phone phones[MANY], const char *address)
{
    for (int i = 0; i < MANY; i++)
        bench_connect_from(bench, &phones[i], address);
}

static void finish_many(struct bench *bench, struct phone phones[MANY])
{
    for (int i = 0; i < MANY; i++)
        phone_fini(&phones[i]);
    bench_fini(bench);
}

/* 0: an address of which nobody said anything; 1: one where a whole site is known to be. */
START_TEST(who_is_a_crowd)
{
    static struct phone phones[MANY];
    struct bench bench;
    bench_init(&bench, "server: { unlimited_addresses: [\"192.0.2.0/24\", \"198.51.100.1\"] }", &server,
               store, ctl);
    connect_many(&bench, phones, _i == 0 ? "203.0.113.1" : "192.0.2.77");
    ck_assert_uint_eq(standing(&bench, ADMISSION_CROWD_SILENT), _i == 0 ? MANY - ADMISSION_CROWD : 0);
    ck_assert_uint_eq(standing(&bench, ADMISSION_SILENT), _i == 0 ? ADMISSION_CROWD : MANY);
    finish_many(&bench, phones);
}
END_TEST

struct look {
    const struct bench *bench;
    size_t most; /* that waited at a time while another's handshake ended */
};

static void look(void *arg)
{
    struct look *look = arg;
    size_t waiting = standing(look->bench, ADMISSION_CROWD_SPOKEN);
    look->most = waiting > look->most ? waiting : look->most;
    ck_assert_uint_eq(look->bench->host.stats.active, MANY); /* those who wait count as connections, too */
}

/* Who waits for the crowd's turn has it in the end. */
START_TEST(a_crowd_waits_and_is_served)
{
    static struct phone phones[MANY];
    struct bench bench;
    struct look seen = {&bench, 0};
    bench_init(&bench, "", &server, store, ctl);
    bench.host.on_crowd = event_new(bench.host.base, -1, 0, conn_crowd_turn, &bench.host);
    ck_assert_ptr_nonnull(bench.host.on_crowd);
    ck_assert_int_eq(event_priority_set(bench.host.on_crowd, CONN_CROWD_PRIORITY), 0);
    bench.host.on_end = look;
    bench.host.arg = &seen;
    connect_many(&bench, phones, "203.0.113.1");
    bench_begin();
    while (bench.host.stats.handshakes < MANY) {
        for (int i = 0; i < MANY; i++)
            phone_step(&phones[i]);
        bench_turn(&bench, NULL);
    }
    ck_assert_uint_ge(seen.most, MANY - ADMISSION_CROWD - 1);
    bench.host.on_end = NULL;
    event_free(bench.host.on_crowd);
    bench.host.on_crowd = NULL;
    finish_many(&bench, phones);
}
END_TEST

static bool nobody_spoke(const struct admission_place *place)
{
    (void)place;
    return false;
}

/* Who was quiet is no handshake. Once he speaks he is one, and either others give way, or he does. */
START_TEST(who_was_quiet_needs_room)
{
    static const struct trust_bytes half = {(const uint8_t *)"\x16\x03\x01", 3};
    static const char *from[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};
    static struct phone phones[3];
    struct bench bench;
    bench_init(&bench, "", &server, store, ctl);
    struct admission *admission = &bench.host.admission;
    struct admission_place *const *begun = &admission->queues[ADMISSION_BEGUN].oldest;
    admission->limit = 1;
    for (int i = 0; i < 3; i++)
        bench_connect_from(&bench, &phones[i], from[i]);
    ck_assert(conn_is_full(&bench.host, false));
    admission_look(admission, INT64_MAX / 2, nobody_spoke);
    ck_assert_uint_eq(standing(&bench, ADMISSION_QUIET), 3);
    ck_assert(!conn_is_full(&bench.host, false));
    phone_send_raw(&phones[0], half);
    BENCH_UNTIL(&bench, NULL, standing(&bench, ADMISSION_BEGUN) == 1);
    const struct admission_place *first = *begun;
    phone_send_raw(&phones[1], half); /* and the first one may still be a phone */
    BENCH_UNTIL(&bench, NULL, bench.host.stats.ends[CONN_END_SHED] == 1);
    ck_assert_ptr_eq(*begun, first);
    ck_assert_uint_eq(admission->handshakes, 1);
    (*begun)->since -= INT64_C(5000) * ADMISSION_LARGE;
    phone_send_raw(&phones[2], half);
    BENCH_UNTIL(&bench, NULL, bench.host.stats.ends[CONN_END_SHED] == 2);
    ck_assert(*begun != NULL && *begun != first);
    ck_assert_uint_eq(admission->handshakes, 1);
    ck_assert_uint_eq(bench.host.stats.active, 1);
    for (int i = 0; i < 3; i++)
        phone_fini(&phones[i]);
    bench_fini(&bench);
}
END_TEST

/* Who was never heard gives way to connections, and is not called a handshake for it. */
START_TEST(who_is_quiet_gives_way)
{
    static struct phone phone;
    struct bench bench;
    bench_init(&bench, "", &server, store, ctl);
    bench.host.admission.limit = ADMISSION_LARGE;
    bench_connect_from(&bench, &phone, "192.0.2.1");
    ck_assert(conn_is_full(&bench.host, true) && !conn_can_shed(&bench.host, true));
    BENCH_UNTIL(&bench, NULL, conn_is_full(&bench.host, true) && conn_can_shed(&bench.host, true));
    ck_assert(!conn_can_shed(&bench.host, false));
    conn_shed(&bench.host, true);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_GAVE_WAY], 1);
    ck_assert_uint_eq(bench.host.stats.active, 0);
    BENCH_LOGGED(&bench, "event=overload reason=\"connections that were idle");
    phone_fini(&phone);
    bench_fini(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *crowd = suite_create("conn_crowd");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, scene_set_up, scene_tear_down);
    tcase_add_loop_test(all, who_is_a_crowd, 0, 2);
    tcase_add_test(all, a_crowd_waits_and_is_served);
    tcase_add_test(all, who_was_quiet_needs_room);
    tcase_add_test(all, who_is_quiet_gives_way);
    suite_add_tcase(crowd, all);
    return crowd;
}
