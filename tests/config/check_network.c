/* Networks, and which addresses lie in them. */
#include "tests/check_main.h"

#include "config/network.h"

static const char *const good[] = {"192.0.2.1",       "192.0.2.0/24",  "0.0.0.0/0", "192.0.2.128/25",
                                   "192.0.2.1/32",    "2001:db8::/32", "::/0",      "2001:db8::1",
                                   "2001:db8::1/128", "10.0.0.0/8"};
static const char *const bad[] = {"",
                                  "192.0.2",
                                  "192.0.2.1/33",
                                  "192.0.2.1/",
                                  "192.0.2.1/x",
                                  "192.0.2.1/24",
                                  "2001:db8::1/32",
                                  "::/129",
                                  "192.0.2.0/-1",
                                  "a.example",
                                  "192.0.2.0/24 ",
                                  "192.0.2.0/0024",
                                  "fe80::1%eth0",
                                  "::ffff:192.0.2.1/",
                                  "1.2.3.4:5"};

START_TEST(networks_that_are_taken)
{
    struct trust_error err = {0};
    ck_assert_msg(network_check(good[_i], &err) == 0, "%s: %s", good[_i], err.text);
}
END_TEST

START_TEST(networks_that_are_refused)
{
    struct trust_error err = {0};
    ck_assert_msg(network_check(bad[_i], &err) == TRUST_EVALUE, "%s", bad[_i]);
    ck_assert_str_ne(err.text, "");
}
END_TEST

static const struct {
    const char *network, *address;
    bool has;
} cases[] = {
    {"192.0.2.0/24", "192.0.2.0", true},
    {"192.0.2.0/24", "192.0.2.255", true},
    {"192.0.2.0/24", "192.0.3.0", false},
    {"192.0.2.128/25", "192.0.2.127", false},
    {"192.0.2.128/25", "192.0.2.128", true},
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "192.0.2.2", false},
    {"0.0.0.0/0", "203.0.113.9", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"::/0", "192.0.2.1", false},
    {"2001:db8::/33", "2001:db8:7fff::1", true},
    {"2001:db8::/33", "2001:db8:8000::1", false},
    {"192.0.2.0/24", "local", false},
};

START_TEST(addresses_in_networks)
{
    char *items[] = {(char *)(uintptr_t) "198.51.100.1", (char *)(uintptr_t)cases[_i].network};
    const struct config_strings none = {0}, all = {items, 2};
    ck_assert(network_has(&all, cases[_i].address) == cases[_i].has);
    ck_assert(!network_has(&none, cases[_i].address));
}
END_TEST

#define LOOP(test, data) tcase_add_loop_test(tcase, test, 0, (int)(sizeof(data) / sizeof(data)[0]))

Suite *suite(void)
{
    Suite *all = suite_create("network");
    TCase *tcase = tcase_create("all");
    LOOP(networks_that_are_taken, good);
    LOOP(networks_that_are_refused, bad);
    LOOP(addresses_in_networks, cases);
    suite_add_tcase(all, tcase);
    return all;
}
