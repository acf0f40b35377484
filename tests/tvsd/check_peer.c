/* Addresses, and how many connections each has. */
#include "tests/check_main.h"
#include "tvsd/peer.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/un.h>

static struct peer peer_of(const char *address, uint16_t port)
{
    struct peer peer;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
        peer_set(&peer, (const struct sockaddr *)&v4, sizeof v4);
    } else {
        ck_assert_int_eq(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
        peer_set(&peer, (const struct sockaddr *)&v6, sizeof v6);
    }
    return peer;
}

static const struct {
    const char *address, *shown, *text;
} peers[] = {
    {"192.0.2.1", "192.0.2.1", "192.0.2.1:2445"},
    {"2001:db8::1", "2001:db8::1", "[2001:db8::1]:2445"},
    {"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1:2445"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:2445"},
};

START_TEST(peers_in_words)
{
    struct peer peer = peer_of(peers[_i].address, 2445), other = peer_of(peers[_i].address, 1);
    ck_assert_str_eq(peer.address, peers[_i].shown);
    ck_assert_str_eq(peer.text, peers[_i].text);
    ck_assert_uint_eq(peer.key, other.key);
    ck_assert_uint_ne(peer.key, peer_of("192.0.2.2", 2445).key);
}
END_TEST

START_TEST(peers_without_address)
{
    struct peer peer;
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "x"};
    peer_set(&peer, (const struct sockaddr *)&un, sizeof un);
    ck_assert_str_eq(peer.text, "local");
    ck_assert_uint_eq(peer_of("::ffff:192.0.2.1", 1).key, peer_of("192.0.2.1", 2).key);
}
END_TEST

START_TEST(peers_are_counted)
{
    enum { MANY = 70000 };
    struct peer *many = calloc(MANY, sizeof *many);
    ck_assert_ptr_nonnull(many);
    peer_init();
    for (int i = 0; i < MANY; i++) { /* more than a slot can count */
        many[i] = peer_of("192.0.2.1", 1);
        ck_assert(peer_enter(&many[i], 0));
        ck_assert(many[i].counted);
    }
    struct peer peer = peer_of("192.0.2.1", 2);
    ck_assert(!peer_enter(&peer, MANY));
    ck_assert(!peer.counted);
    peer_leave(&peer); /* was not counted: nothing happens */
    ck_assert(!peer_enter(&peer, MANY));
    ck_assert(peer_enter(&peer, MANY + 1));
    peer_leave(&peer);
    for (int i = 0; i < MANY; i++)
        peer_leave(&many[i]);
    ck_assert(peer_enter(&peer, 1));
    ck_assert(!peer_enter(&many[0], 1));
    free(many);
}
END_TEST

/* Addresses do not disturb each other, even when the table overflows. */
START_TEST(many_peers)
{
    enum { MANY = 100000 };
    struct peer *many = calloc(MANY, sizeof *many);
    ck_assert_ptr_nonnull(many);
    for (uint32_t i = 0; i < MANY; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = i}};
        peer_set(&many[i], (const struct sockaddr *)&address, sizeof address);
        ck_assert(peer_enter(&many[i], 1));
    }
    for (uint32_t i = 0; i < MANY; i++)
        peer_leave(&many[i]);
    for (uint32_t i = 0; i < 1000; i++)
        ck_assert(peer_enter(&many[i], 1) && many[i].counted);
    free(many);
}
END_TEST

static void *come_and_go(void *arg)
{
    uintptr_t refused = 0;
    (void)arg;
    for (int i = 0; i < 50000; i++) {
        struct peer a = peer_of("192.0.2.1", 1), b = peer_of("2001:db8::1", 1);
        refused += !peer_enter(&a, 4) + !peer_enter(&b, 4);
        peer_leave(&a);
        peer_leave(&b);
    }
    return (void *)refused;
}

START_TEST(threads_count_together)
{
    pthread_t threads[4];
    void *refused;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &refused);
        ck_assert_ptr_null(refused);
    }
    struct peer peer = peer_of("192.0.2.1", 1);
    ck_assert(peer_enter(&peer, 1)); /* nothing was left behind */
}
END_TEST

Suite *suite(void)
{
    Suite *peer = suite_create("peer");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, peers_in_words, 0, (int)(sizeof peers / sizeof peers[0]));
    tcase_add_test(all, peers_without_address);
    tcase_add_test(all, peers_are_counted);
    tcase_add_test(all, many_peers);
    tcase_add_test(all, threads_count_together);
    suite_add_tcase(peer, all);
    return peer;
}
