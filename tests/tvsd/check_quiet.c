/* What is said seldom. */
#include "tests/check_main.h"
#include "tvsd/quiet.h"

START_TEST(said_seldom)
{
    uint64_t a = quiet_key(1, 2), b = quiet_key(1, 3), c = quiet_key(2, 2);
    ck_assert(quiet_may_say(a, 60, 1000));
    ck_assert(!quiet_may_say(a, 60, 1000));
    ck_assert(!quiet_may_say(a, 60, 1059));
    ck_assert(quiet_may_say(b, 60, 1059));
    ck_assert(quiet_may_say(c, 60, 1059));
    ck_assert(quiet_may_say(a, 60, 1060));
    ck_assert(!quiet_may_say(a, 60, 1061));
    ck_assert(!quiet_may_say(a, QUIET_ONCE, 1000000));
    ck_assert(quiet_may_say(quiet_key(9, 9), QUIET_ONCE, 0));
    ck_assert(!quiet_may_say(quiet_key(9, 9), QUIET_ONCE, 16000000));
    /* Half a year is 2^24 seconds: the clock wraps without harm. */
    ck_assert(quiet_may_say(quiet_key(8, 8), 60, 0xfffff0));
    ck_assert(!quiet_may_say(quiet_key(8, 8), 60, 0x1000010));
    ck_assert(quiet_may_say(quiet_key(8, 8), 60, 0x1000030));
    /* What is new is always said, and then known, however full the memory is. */
    for (uint64_t i = 100; i < 100000; i++) {
        ck_assert(quiet_may_say(quiet_key(i, 0), 60, 2000 + i / 100));
        ck_assert(!quiet_may_say(quiet_key(i, 0), 60, 2000 + i / 100));
    }
}
END_TEST

START_TEST(keys_of_bytes)
{
    static const char bytes[] = "0123456789abcdef\0";
    uint64_t keys[18];
    for (size_t len = 0; len < 18; len++) {
        keys[len] = quiet_bytes(1, bytes, len);
        for (size_t shorter = 0; shorter < len; shorter++)
            ck_assert_uint_ne(keys[len], keys[shorter]);
    }
    ck_assert_uint_eq(quiet_bytes(1, "0123456789", 10), keys[10]);
    ck_assert_uint_ne(quiet_bytes(2, bytes, 10), keys[10]);
    ck_assert_uint_ne(quiet_bytes(1, "0123456788", 10), keys[10]);
}
END_TEST

Suite *suite(void)
{
    Suite *quiet = suite_create("quiet");
    TCase *all = tcase_create("all");
    tcase_add_test(all, said_seldom);
    tcase_add_test(all, keys_of_bytes);
    suite_add_tcase(quiet, all);
    return quiet;
}
