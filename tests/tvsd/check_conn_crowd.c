/* Addresses with many handshakes under way: who counts as one, and what that means. */
#include "helper_scene.h"
#include "tests/check_main.h"
#include "tvsd/conn_internal.h"
#include "tvsd/conn_socket.h"

#include <event2/event.h>
#include <poll.h>

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

static void finish_all(struct bench *bench, struct phone *phones, int count)
{
    for (int i = 0; i < count; i++)
        phone_fini(&phones[i]);
    bench_fini(bench);
}

/* As they do in a worker. */
static void crowds_wait(struct bench *bench)
{
    bench->host.on_crowd = event_new(bench->host.base, -1, 0, conn_crowd_turn, &bench->host);
    ck_assert_ptr_nonnull(bench->host.on_crowd);
    ck_assert_int_eq(event_priority_set(bench->host.on_crowd, CONN_CROWD_PRIORITY), 0);
}

static void crowds_wait_no_more(struct bench *bench)
{
    event_free(bench->host.on_crowd);
    bench->host.on_crowd = NULL;
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
    finish_all(&bench, phones, MANY);
}
END_TEST

struct look {
    const struct bench *bench;
    size_t most; /* that waited at a time while another's handshake ended */
};

static void look(void *arg)
{
    struct look *look = arg;
    size_t waiting =
        standing(look->bench, ADMISSION_CROWD_SPOKEN) + standing(look->bench, ADMISSION_CROWD_GOES_ON);
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
    crowds_wait(&bench);
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
    crowds_wait_no_more(&bench);
    finish_all(&bench, phones, MANY);
}
END_TEST

static bool nobody_spoke(const struct admission_place *place)
{
    (void)place;
    return false;
}

/* In a way that no clock decides: nobody has spoken, and everybody was silent for long. */
static void all_are_quiet(struct bench *bench)
{
    admission_look(&bench->host.admission, INT64_MAX / 2, nobody_spoke);
}

static const struct trust_bytes half = {(const uint8_t *)"\x16\x03\x01", 3};

/* As if whoever stands first there had been there for so many milliseconds longer. */
static void grow_older(struct bench *bench, enum admission_queue queue, int64_t ms)
{
    ck_assert_ptr_nonnull(bench->host.admission.queues[queue].oldest);
    bench->host.admission.queues[queue].oldest->since -= ms;
}

/* Who was quiet is no handshake. Once he speaks he is one more than may be, and others may have to give way:
 * not those who may still be phones, nor he himself, unless there are far too many. */
START_TEST(who_was_quiet_is_served)
{
    static const char *from[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};
    static struct phone phones[4];
    struct bench bench;
    bench_init(&bench, "", &server, store, ctl);
    struct admission *admission = &bench.host.admission;
    admission->limit = 1;
    for (int i = 0; i < 4; i++)
        bench_connect_from(&bench, &phones[i], from[i]);
    ck_assert(conn_is_full(&bench.host));
    all_are_quiet(&bench);
    ck_assert_uint_eq(standing(&bench, ADMISSION_QUIET), 4);
    ck_assert(!conn_is_full(&bench.host));
    for (int i = 0; i < 2; i++) {
        phone_send_raw(&phones[i], half);
        BENCH_UNTIL(&bench, NULL, standing(&bench, ADMISSION_BEGUN) == (size_t)i + 1);
    }
    admission->handshakes += ADMISSION_LARGE - 1; /* as if there were so many more */
    phone_send_raw(&phones[2], half);
    BENCH_UNTIL(&bench, NULL, bench.host.stats.ends[CONN_END_SHED] == 1);
    admission->handshakes -= ADMISSION_LARGE - 1;
    ck_assert_uint_eq(standing(&bench, ADMISSION_BEGUN), 2);
    for (struct admission_place *at = admission->queues[ADMISSION_BEGUN].oldest; at != NULL; at = at->newer)
        at->since -= INT64_C(5000) * ADMISSION_LARGE;
    phone_send_raw(&phones[3], half); /* and both make room */
    BENCH_UNTIL(&bench, NULL, bench.host.stats.ends[CONN_END_SHED] == 3);
    ck_assert_uint_eq(standing(&bench, ADMISSION_BEGUN), 1);
    ck_assert_uint_eq(bench.host.stats.active, 1);
    finish_all(&bench, phones, 4);
}
END_TEST

/* A crowd that was quiet, and the other one, whose handshake is all that there is room for. */
static void leave_a_crowd_no_room(struct bench *bench, struct phone phones[MANY], struct phone *other)
{
    bench_init(bench, "", &server, store, ctl);
    crowds_wait(bench);
    bench->host.admission.limit = 1;
    connect_many(bench, phones, "203.0.113.1");
    all_are_quiet(bench);
    ck_assert_uint_eq(standing(bench, ADMISSION_CROWD_QUIET), MANY - ADMISSION_CROWD);
    bench_connect_from(bench, other, "192.0.2.1");
    phone_send_raw(other, half);
    BENCH_UNTIL(bench, NULL, standing(bench, ADMISSION_BEGUN) == 1);
}

/* A crowd that was quiet and speaks costs nobody else his handshake, and begins when there is room. 0: the
 * other one ends; 1: he has waited long enough to give way, and nothing else happens. */
START_TEST(a_crowd_that_was_quiet_waits_for_room)
{
    static struct phone phones[MANY], other;
    struct bench bench;
    leave_a_crowd_no_room(&bench, phones, &other);
    if (_i == 1) /* half a second is left */
        grow_older(&bench, ADMISSION_BEGUN, INT64_C(5000) * ADMISSION_LARGE - 500);
    for (int i = ADMISSION_CROWD; i < MANY; i++)
        phone_send_raw(&phones[i], half);
    BENCH_UNTIL(&bench, NULL, standing(&bench, ADMISSION_CROWD_SPOKEN) == MANY - ADMISSION_CROWD);
    for (int i = 0; i < 10; i++)
        bench_turn(&bench, NULL);
    ck_assert_uint_eq(standing(&bench, ADMISSION_CROWD_SPOKEN), MANY - ADMISSION_CROWD);
    ck_assert_uint_eq(standing(&bench, ADMISSION_BEGUN), 1);
    ck_assert_uint_eq(bench.host.admission.handshakes, 1);
    if (_i == 0)
        phone_fini(&other);
    BENCH_UNTIL(&bench, NULL, standing(&bench, ADMISSION_CROWD_BEGUN) == 1);
    for (int i = 0; i < 10; i++)
        bench_turn(&bench, NULL);
    ck_assert_uint_eq(bench.host.admission.handshakes, 1);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_SHED], (unsigned)_i);
    ck_assert_uint_eq(bench.host.stats.active, MANY);
    if (_i == 1)
        phone_fini(&other);
    crowds_wait_no_more(&bench);
    finish_all(&bench, phones, MANY);
}
END_TEST

/* Whose time is over while he waits for room did not come too late with his handshake: we did. */
START_TEST(a_crowd_whose_time_is_over_was_kept_waiting)
{
    static struct phone phones[MANY], other;
    struct bench bench;
    leave_a_crowd_no_room(&bench, phones, &other);
    phone_send_raw(&phones[MANY - 1], half);
    BENCH_UNTIL(&bench, NULL, standing(&bench, ADMISSION_CROWD_SPOKEN) == 1);
    struct conn *conn = (struct conn *)bench.host.admission.queues[ADMISSION_CROWD_SPOKEN].oldest;
    conn->opened -= bench.config->server.handshake_timeout;
    conn_ready(conn->fd, EV_TIMEOUT, conn);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_OVERDUE], 1);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_HANDSHAKE_TIMEOUT], 0);
    ck_assert_uint_eq(bench.host.stats.active, MANY);
    ck_assert_uint_eq(standing(&bench, ADMISSION_CROWD_SPOKEN), 0);
    phone_fini(&other);
    crowds_wait_no_more(&bench);
    finish_all(&bench, phones, MANY);
}
END_TEST

/* However many bytes come one at a time, it has been at it since it began. */
START_TEST(a_trickle_does_not_make_younger)
{
    static const struct trust_bytes next = {(const uint8_t *)"\x00", 1};
    static struct phone phones[MANY];
    struct bench bench;
    bench_init(&bench, "", &server, store, ctl);
    crowds_wait(&bench);
    connect_many(&bench, phones, "203.0.113.1");
    phone_send_raw(&phones[MANY - 1], half);
    BENCH_UNTIL(&bench, NULL, standing(&bench, ADMISSION_CROWD_BEGUN) == 1);
    struct conn *conn = (struct conn *)bench.host.admission.queues[ADMISSION_CROWD_BEGUN].oldest;
    ck_assert(conn->began >= conn->opened && conn->began == conn->place.since);
    const int64_t began = conn->began -= 1000;
    phone_send_raw(&phones[MANY - 1], next);
    while (!conn_socket_has_bytes(conn->fd))
        poll(NULL, 0, 1);
    ck_assert(conn_line_up(conn, EV_READ));
    ck_assert_int_eq(conn->place.queue, ADMISSION_CROWD_GOES_ON);
    ck_assert_int_eq(conn->place.since, began);
    BENCH_UNTIL(&bench, NULL, conn->place.queue == ADMISSION_CROWD_BEGUN);
    ck_assert_int_eq(conn->place.since, began);
    crowds_wait_no_more(&bench);
    finish_all(&bench, phones, MANY);
}
END_TEST

/* With connections and handshakes used up, one that is no handshake would not make room enough. */
START_TEST(who_makes_room_makes_room_for_both)
{
    static struct phone phones[3];
    struct bench bench;
    bench_init(&bench, "", &server, store, ctl);
    bench.host.max_connections = 2;
    bench.host.admission.limit = ADMISSION_LARGE;
    bench_connect_from(&bench, &phones[0], "192.0.2.1");
    bench_connect_from(&bench, &phones[1], "192.0.2.2");
    all_are_quiet(&bench);
    grow_older(&bench, ADMISSION_QUIET, 20);
    phone_send_raw(&phones[1], half);
    BENCH_UNTIL(&bench, NULL, standing(&bench, ADMISSION_BEGUN) == 1);
    ck_assert(conn_is_full(&bench.host) && conn_can_shed(&bench.host));
    bench.host.admission.limit = 1;
    grow_older(&bench, ADMISSION_QUIET, INT64_C(20) * ADMISSION_LARGE);
    ck_assert(conn_is_full(&bench.host) && !conn_can_shed(&bench.host));
    ck_assert_int_gt(conn_shed_wait(&bench.host), 1000); /* until the handshake is too old, not until he is */
    grow_older(&bench, ADMISSION_BEGUN, INT64_C(5000) * ADMISSION_LARGE);
    bench_connect_from(&bench, &phones[2], "192.0.2.3");
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_SHED], 1);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_GAVE_WAY], 0);
    ck_assert_uint_eq(bench.host.admission.handshakes, 1);
    finish_all(&bench, phones, 3);
}
END_TEST

/* Of those that are silent when somebody speaks, who was so for long does not count. */
START_TEST(who_is_silent_by_then_does_not_count)
{
    static struct phone phones[2];
    struct bench bench;
    bench_init(&bench, "", &server, store, ctl);
    bench.host.admission.limit = 1;
    bench_connect_from(&bench, &phones[0], "192.0.2.1");
    all_are_quiet(&bench);
    bench_connect_from(&bench, &phones[1], "192.0.2.2");
    grow_older(&bench, ADMISSION_SILENT, 20);
    phone_send_raw(&phones[0], half);
    BENCH_UNTIL(&bench, NULL, standing(&bench, ADMISSION_BEGUN) == 1);
    ck_assert_uint_eq(standing(&bench, ADMISSION_QUIET), 1);
    ck_assert_uint_eq(bench.host.admission.handshakes, 1);
    finish_all(&bench, phones, 2);
}
END_TEST

/* Who was never heard gives way to a connection, and is not called a handshake for it. */
START_TEST(who_is_quiet_gives_way)
{
    static struct phone phones[2];
    struct bench bench;
    bench_init(&bench, "", &server, store, ctl);
    bench.host.max_connections = 1;
    bench_connect_from(&bench, &phones[0], "192.0.2.1");
    ck_assert(conn_lacks_connections(&bench.host) && conn_is_full(&bench.host));
    ck_assert(!conn_can_shed(&bench.host));
    all_are_quiet(&bench);
    ck_assert(conn_is_full(&bench.host) && !conn_can_shed(&bench.host)); /* he may still be a phone */
    grow_older(&bench, ADMISSION_QUIET, 20);
    ck_assert(conn_is_full(&bench.host) && conn_can_shed(&bench.host));
    bench_connect_from(&bench, &phones[1], "192.0.2.2");
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_GAVE_WAY], 1);
    ck_assert_uint_eq(bench.host.stats.active, 1);
    BENCH_LOGGED(&bench, "event=overload reason=\"connections that were idle");
    finish_all(&bench, phones, 2);
}
END_TEST

/* When we are stopping nobody makes room: who says nothing is drained. */
START_TEST(nobody_gives_way_to_an_end)
{
    static struct phone phones[MANY];
    struct bench bench;
    bench_init(&bench, "", &server, store, ctl);
    bench.host.admission.limit = 1;
    for (int i = 0; i < MANY; i++) {
        char from[32];
        snprintf(from, sizeof from, "192.0.2.%d", i + 1);
        bench_connect_from(&bench, &phones[i], from);
    }
    all_are_quiet(&bench);
    conn_drain(&bench.host);
    BENCH_UNTIL(&bench, NULL, bench.host.stats.active == 0);
    ck_assert_uint_eq(bench.host.stats.ends[CONN_END_DRAINED], MANY);
    finish_all(&bench, phones, MANY);
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
    tcase_add_test(all, who_was_quiet_is_served);
    tcase_add_loop_test(all, a_crowd_that_was_quiet_waits_for_room, 0, 2);
    tcase_add_test(all, a_crowd_whose_time_is_over_was_kept_waiting);
    tcase_add_test(all, a_trickle_does_not_make_younger);
    tcase_add_test(all, who_makes_room_makes_room_for_both);
    tcase_add_test(all, who_is_silent_by_then_does_not_count);
    tcase_add_test(all, who_is_quiet_gives_way);
    tcase_add_test(all, nobody_gives_way_to_an_end);
    suite_add_tcase(crowd, all);
    return crowd;
}
