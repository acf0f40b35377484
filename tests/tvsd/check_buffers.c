/* A connection's two buffers. */
#include "tests/check_main.h"
#include "tvsd/inbox.h"
#include "tvsd/outbox.h"

#include <string.h>

START_TEST(inbox_grows_and_rests)
{
    struct inbox inbox = {0};
    size_t size;
    uint8_t *room = inbox_room(&inbox, 0, &size);
    ck_assert_uint_ge(size, TRUST_FRAME_HEADER);
    memcpy(room, "abcdef", 6);
    inbox_received(&inbox, 6);
    inbox_rest(&inbox);
    inbox_consume(&inbox, 2);
    ck_assert_uint_eq(inbox_bytes(&inbox).len, 4);
    room = inbox_room(&inbox, TRUST_FRAME_MAX, &size);
    ck_assert_uint_eq(size, TRUST_FRAME_MAX - 4);
    memset(room, 'x', size);
    inbox_received(&inbox, size);
    ck_assert_mem_eq(inbox_bytes(&inbox).data, "cdefxx", 6);
    inbox_consume(&inbox, TRUST_FRAME_MAX);
    inbox_rest(&inbox);
    ck_assert_uint_eq(inbox.size, 0);
    ck_assert_ptr_null(inbox_bytes(&inbox).data);
    inbox_fini(&inbox);
}
END_TEST

START_TEST(outbox_keeps_order_and_time)
{
    struct outbox outbox = {0};
    ck_assert_uint_eq(outbox_next(&outbox).len, 0);
    memcpy(outbox_add(&outbox, 3, 10), "abc", 3);
    memcpy(outbox_add(&outbox, 3, 10), "def", 3);
    memcpy(outbox_add(&outbox, 3, 20), "ghi", 3);
    memset(outbox_add(&outbox, 60000, 20), 'x', 60000);
    ck_assert_uint_eq(outbox_next(&outbox).len, 6);
    ck_assert_int_eq(outbox_started(&outbox), 10);
    outbox_sent(&outbox, 4);
    ck_assert_mem_eq(outbox_next(&outbox).data, "ef", 2);
    outbox_sent(&outbox, 2);
    ck_assert_int_eq(outbox_started(&outbox), 20);
    ck_assert_mem_eq(outbox_next(&outbox).data, "ghi", 3);
    outbox_sent(&outbox, 3);
    outbox_sent(&outbox, 60000);
    ck_assert_uint_eq(outbox.held, 0);
    memcpy(outbox_add(&outbox, 1, 30), "j", 1);
    ck_assert_int_eq(outbox_started(&outbox), 30);
    outbox_fini(&outbox);
    ck_assert_uint_eq(outbox.held, 0);
}
END_TEST

/* A small answer with a deadline of its own has a block of its own. */
START_TEST(outbox_counts_its_memory)
{
    struct outbox outbox = {0};
    size_t before = 0;
    for (int64_t ms = 1; ms <= 20; ms++) {
        ck_assert_ptr_nonnull(outbox_add(&outbox, 14, ms));
        ck_assert_uint_gt(outbox.held, before + (ms == 1 ? 900 : 4096));
        before = outbox.held;
        ck_assert_ptr_nonnull(outbox_add(&outbox, 14, ms));
        ck_assert_uint_eq(outbox.held, before);
    }
    for (int64_t ms = 1; ms <= 20; ms++) {
        outbox_sent(&outbox, 27);
        ck_assert_uint_eq(outbox.held, before);
        outbox_sent(&outbox, 1);
        ck_assert_uint_lt(outbox.held, before);
        before = outbox.held;
    }
    ck_assert_uint_eq(outbox.held, 0);
}
END_TEST

Suite *suite(void)
{
    Suite *buffers = suite_create("buffers");
    TCase *all = tcase_create("all");
    tcase_add_test(all, inbox_grows_and_rests);
    tcase_add_test(all, outbox_keeps_order_and_time);
    tcase_add_test(all, outbox_counts_its_memory);
    suite_add_tcase(buffers, all);
    return buffers;
}
