#include "tests/check_main.h"

#include "buf.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t numbers[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09};

START_TEST(reads_numbers)
{
    struct buf_reader reader = buf_reader_of((struct trust_bytes){numbers, sizeof numbers});
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    ck_assert(buf_peek_u8(&reader, &u8) && u8 == 1);
    ck_assert(buf_read_u8(&reader, &u8) && u8 == 1);
    ck_assert(buf_read_u16(&reader, &u16) && u16 == 0x0203);
    ck_assert(buf_read_u32(&reader, &u32) && u32 == 0x04050607);
    ck_assert_uint_eq(buf_offset(&reader), 7);
    ck_assert_uint_eq(buf_remaining(&reader), 2);
    ck_assert(!buf_read_u32(&reader, &u32) && u32 == 0);
    ck_assert_uint_eq(buf_remaining(&reader), 2);
    ck_assert(buf_read_u16(&reader, &u16) && u16 == 0x0809);
    ck_assert(!buf_read_u8(&reader, &u8) && u8 == 0);
    ck_assert(!buf_read_u16(&reader, &u16) && u16 == 0);
    ck_assert(!buf_peek_u8(&reader, &u8));
    ck_assert_ptr_null(buf_rest(&reader).data);
}
END_TEST

START_TEST(reads_bytes)
{
    struct buf_reader reader = buf_reader_of((struct trust_bytes){numbers, sizeof numbers});
    struct trust_bytes bytes;
    ck_assert(buf_read_bytes(&reader, 0, &bytes));
    ck_assert_uint_eq(bytes.len, 0);
    ck_assert(buf_read_bytes(&reader, 4, &bytes));
    ck_assert_ptr_eq(bytes.data, numbers);
    ck_assert_uint_eq(bytes.len, 4);
    ck_assert(!buf_read_bytes(&reader, 6, &bytes));
    ck_assert_ptr_null(bytes.data);
    ck_assert(!buf_read_bytes(&reader, SIZE_MAX, &bytes));
    ck_assert_uint_eq(buf_rest(&reader).len, 5);
    ck_assert_ptr_eq(buf_rest(&reader).data, numbers + 4);
    ck_assert(buf_read_bytes(&reader, 5, &bytes));
}
END_TEST

START_TEST(reads_nested)
{
    struct buf_reader reader = buf_reader_of((struct trust_bytes){numbers, sizeof numbers}), inner, innermost;
    uint8_t u8;
    ck_assert(buf_read_u8(&reader, &u8));
    ck_assert(buf_read_sub(&reader, 4, &inner));
    ck_assert_uint_eq(buf_offset(&reader), 5);
    ck_assert_uint_eq(buf_offset(&inner), 1);
    ck_assert(buf_read_u8(&inner, &u8) && u8 == 2);
    ck_assert(buf_read_sub(&inner, 2, &innermost));
    ck_assert_uint_eq(buf_offset(&innermost), 2);
    ck_assert(buf_read_u8(&innermost, &u8) && u8 == 3);
    ck_assert_uint_eq(buf_offset(&innermost), 3);
    ck_assert(!buf_read_sub(&inner, 2, &innermost));
    ck_assert_uint_eq(buf_remaining(&innermost), 0);
    ck_assert(buf_read_u8(&inner, &u8) && u8 == 5);
    ck_assert(!buf_read_u8(&inner, &u8));
    ck_assert(buf_read_u8(&reader, &u8) && u8 == 6);
}
END_TEST

START_TEST(reads_nothing)
{
    struct buf_reader reader = buf_reader_of((struct trust_bytes){NULL, 0});
    struct trust_bytes bytes;
    ck_assert_uint_eq(buf_remaining(&reader), 0);
    ck_assert(buf_read_bytes(&reader, 0, &bytes));
    ck_assert(!buf_read_bytes(&reader, 1, &bytes));
}
END_TEST

START_TEST(writes)
{
    struct buf_writer writer;
    uint8_t *data;
    size_t len;
    static const uint8_t expected[] = {1, 0xbe, 0xef, 4, 5, 6, 7, 'a', 'b', 9};
    buf_writer_init(&writer, 100);
    buf_write_u8(&writer, 1);
    buf_write_u16(&writer, 0);
    buf_write_u32(&writer, 0x04050607);
    buf_write_text(&writer, "abc");
    buf_write_cut(&writer, 9);
    buf_write_bytes(&writer, (struct trust_bytes){NULL, 0});
    buf_write_bytes(&writer, (struct trust_bytes){(const uint8_t *)"\x09", 1});
    buf_patch_u16(&writer, 1, 0xbeef);
    ck_assert_int_eq(buf_writer_take(&writer, "it", &data, &len, NULL), 0);
    ck_assert_uint_eq(len, sizeof expected);
    ck_assert_mem_eq(data, expected, len);
    ck_assert_uint_eq(data[len], 0);
    free(data);
    /* Nothing written is an empty text. */
    ck_assert_int_eq(buf_writer_take(&writer, "it", &data, NULL, NULL), 0);
    ck_assert_str_eq((char *)data, "");
    free(data);
}
END_TEST

START_TEST(grows)
{
    struct buf_writer writer;
    uint8_t *data;
    size_t len;
    buf_writer_init(&writer, 100000);
    for (int i = 0; i < 100000; i++)
        buf_write_u8(&writer, (uint8_t)i);
    ck_assert_int_eq(writer.failed, 0);
    ck_assert_int_eq(buf_writer_take(&writer, "it", &data, &len, NULL), 0);
    ck_assert_uint_eq(len, 100000);
    for (size_t i = 0; i < len; i++)
        ck_assert_uint_eq(data[i], (uint8_t)i);
    free(data);
}
END_TEST

START_TEST(too_large)
{
    struct buf_writer writer;
    struct trust_error err;
    uint8_t *data = (uint8_t *)&err;
    size_t len = 1;
    buf_writer_init(&writer, 3);
    buf_write_u16(&writer, 1);
    buf_write_u16(&writer, 2);
    buf_write_u8(&writer, 3); /* would fit, but the failure sticks */
    buf_patch_u16(&writer, 0, 5);
    ck_assert_uint_eq(writer.len, 2);
    ck_assert_int_eq(buf_writer_take(&writer, "the list", &data, &len, &err), TRUST_ETOOLARGE);
    ck_assert_ptr_null(data);
    ck_assert_uint_eq(len, 0);
    ck_assert_ptr_nonnull(strstr(err.text, "the list"));
}
END_TEST

START_TEST(patch_too_large)
{
    struct buf_writer writer;
    struct trust_error err;
    uint8_t *data;
    buf_writer_init(&writer, 100);
    buf_write_u16(&writer, 0);
    buf_patch_u16(&writer, 0, 65535);
    ck_assert_int_eq(writer.failed, 0);
    buf_patch_u16(&writer, 0, 65536);
    ck_assert_int_eq(buf_writer_take(&writer, "it", &data, NULL, &err), TRUST_ETOOLARGE);
    buf_writer_fini(&writer);
}
END_TEST

START_TEST(out_of_memory)
{
    struct buf_writer writer;
    struct trust_error err;
    uint8_t *data;
    buf_writer_init(&writer, 100);
    buf_write_u8(&writer, 1);
    writer.failed = TRUST_ENOMEM;
    ck_assert_int_eq(buf_writer_take(&writer, "it", &data, NULL, &err), TRUST_ENOMEM);
    ck_assert_ptr_null(data);
    ck_assert_str_eq(err.text, "it: out of memory");
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("buf");
    TCase *t = tcase_create("reader");
    tcase_add_test(t, reads_numbers);
    tcase_add_test(t, reads_bytes);
    tcase_add_test(t, reads_nested);
    tcase_add_test(t, reads_nothing);
    suite_add_tcase(s, t);
    t = tcase_create("writer");
    tcase_add_test(t, writes);
    tcase_add_test(t, grows);
    tcase_add_test(t, too_large);
    tcase_add_test(t, patch_too_large);
    tcase_add_test(t, out_of_memory);
    suite_add_tcase(s, t);
    return s;
}
