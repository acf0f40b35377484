#include "tests/check_main.h"

#include "internal.h"
#include "trust/error.h"
#include "utf8.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

static const int codes[] = {
#define X(constant, name, meaning) TRUST_##constant,
    TRUST_ERRORS(X)
#undef X
};

START_TEST(names_and_codes)
{
    int code = codes[_i];
    ck_assert_int_lt(code, 0);
    const char *name = trust_error_name(code);
    ck_assert_str_ne(name, "unknown");
    ck_assert_int_eq(trust_error_code(name), code);
    ck_assert_str_ne(trust_error_meaning(code), trust_error_meaning(TRUST_ERRNO_END));
}
END_TEST

START_TEST(other_codes)
{
    ck_assert_str_eq(trust_error_name(0), "ok");
    ck_assert_str_eq(trust_error_meaning(0), "no error");
    ck_assert_str_eq(trust_error_name(TRUST_ERRNO_BASE), "unknown");
    ck_assert_str_eq(trust_error_name(TRUST_ERRNO_END), "unknown");
    ck_assert_str_eq(trust_error_name(1), "unknown");
    ck_assert_int_eq(trust_error_code("no such name"), 0);
    ck_assert_str_eq(trust_error_name(TRUST_ELENGTH), "bad-length");
}
END_TEST

START_TEST(set)
{
    struct trust_error err;
    ck_assert_int_eq(trust_error_set(&err, TRUST_ETAG, 17, "tag %d: %s", 5, "why"), TRUST_ETAG);
    ck_assert_int_eq(err.code, TRUST_ETAG);
    ck_assert_uint_eq(err.offset, 17);
    ck_assert_str_eq(err.text, "tag 5: why");
    ck_assert_int_eq(trust_error_set(NULL, TRUST_ETAG, 17, "tag"), TRUST_ETAG);
    /* From its own text. */
    trust_error_set(&err, TRUST_EVALUE, 0, "again: %s", err.text);
    ck_assert_str_eq(err.text, "again: tag 5: why");
}
END_TEST

START_TEST(prefix)
{
    struct trust_error err;
    trust_error_set(&err, TRUST_ETAG, 17, "tag 5");
    ck_assert_int_eq(trust_error_prefix(&err, TRUST_ENOMEM, "record %d", 3), TRUST_ETAG);
    ck_assert_str_eq(err.text, "record 3: tag 5");
    ck_assert_uint_eq(err.offset, 17);
    ck_assert_int_eq(trust_error_prefix(NULL, TRUST_ENOMEM, "record"), TRUST_ENOMEM);
}
END_TEST

START_TEST(long_texts_are_cut)
{
    struct trust_error err;
    char text[1000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    trust_error_set(&err, TRUST_EVALUE, 0, "%s", text);
    ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
    trust_error_prefix(&err, 0, "file");
    ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
    ck_assert_int_eq(strncmp(err.text, "file: xxx", 9), 0);
    /* Two-byte characters, the last of which would be cut in half. */
    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = i % 2 == 0 ? '\xc3' : '\xab';
    trust_error_set(&err, TRUST_EVALUE, 0, "%s", text);
    ck_assert_uint_eq(strlen(err.text), sizeof err.text - 2);
    ck_assert_ptr_null(strchr(err.text, '?'));
}
END_TEST

START_TEST(texts_are_one_printable_line)
{
    struct trust_error err;
    trust_error_set(&err, TRUST_EVALUE, 0, "a\nb\tc\x1b[1md\xff e\xc3\xab");
    ck_assert_str_eq(err.text, "a?b?c?[1md? e\xc3\xab");
}
END_TEST

static const struct {
    const char *bytes;
    size_t len, used; /* used 0: not valid */
    uint32_t code;
} utf8_cases[] = {
    {"", 0, 0, 0},
    {"A", 1, 1, 'A'},
    {"\0", 1, 1, 0},
    {"\xc3\xab", 2, 2, 0xeb},
    {"\xe2\x82\xac", 3, 3, 0x20ac},
    {"\xf0\x9f\x98\x80", 4, 4, 0x1f600},
    {"\xc3", 1, 0, 0}, /* cut */
    {"\xe2\x82", 2, 0, 0},
    {"\xc3z", 2, 0, 0},    /* no continuation */
    {"\x80", 1, 0, 0},     /* a continuation alone */
    {"\xc0\x80", 2, 0, 0}, /* overlong */
    {"\xe0\x80\x80", 3, 0, 0},
    {"\xf0\x80\x80\x80", 4, 0, 0},
    {"\xed\xa0\x80", 3, 0, 0},     /* surrogate */
    {"\xf4\x90\x80\x80", 4, 0, 0}, /* above U+10FFFF */
    {"\xf8\x88\x80\x80\x80", 5, 0, 0},
    {"\xff", 1, 0, 0},
};

START_TEST(utf8_decodes)
{
    uint32_t code = 0;
    size_t used =
        utf8_decode((struct trust_bytes){(const uint8_t *)utf8_cases[_i].bytes, utf8_cases[_i].len}, &code);
    ck_assert_uint_eq(used, utf8_cases[_i].used);
    ck_assert_uint_eq(code, utf8_cases[_i].code);
}
END_TEST

START_TEST(utf8_printable_characters)
{
    static const uint32_t not [] = {0,      0x1f,   0x7f,   0x9f,   0xad,   0x61c,  0x180e, 0x200b,
                                    0x200e, 0x200f, 0x2028, 0x202e, 0x2060, 0x2065, 0x2066, 0x206f,
                                    0xfdd0, 0xfeff, 0xfff9, 0xfffe, 0xffff, 0xe0041};
    static const uint32_t yes[] = {' ', '~', 0xa0, 0xae, 0x200a, 0x20ac, 0x2027, 0x202f, 0x2070, 0x1f600};
    for (size_t i = 0; i < sizeof not / sizeof not [0]; i++)
        ck_assert_msg(!utf8_is_printable(not [i]), "U+%04X", not [i]);
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        ck_assert_msg(utf8_is_printable(yes[i]), "U+%04X", yes[i]);
}
END_TEST

static const struct {
    const char *in, *out;
    size_t size;
} escapes[] = {
    {"plain", "plain", 6}, {"plain", "p...", 5},
    {"plain", "...", 4},   {"a\\b\x01\xff\xc3\xab", "a\\\\b\\01\\FF\xc3\xab", 40},
    {"ab\xff", "a...", 5}, {"ab\xff", "ab\\FF", 6},
    {"", "", 4},
};

START_TEST(utf8_escapes)
{
    char out[40];
    struct trust_bytes in = {(const uint8_t *)escapes[_i].in, strlen(escapes[_i].in)};
    ck_assert_ptr_eq(utf8_escape(in, out, escapes[_i].size), out);
    ck_assert_str_eq(out, escapes[_i].out);
}
END_TEST

START_TEST(openssl_errors_are_taken_over)
{
    struct trust_error err;
    ERR_raise(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH);
    ERR_raise(ERR_LIB_X509, X509_R_UNKNOWN_NID);
    ck_assert_int_eq(crypto_error(&err, TRUST_EKEY, "key %d", 1), TRUST_EKEY);
    ck_assert_str_eq(err.text, "key 1: key values mismatch");
    ck_assert_uint_eq(ERR_peek_error(), 0);
    ck_assert_int_eq(crypto_error(&err, TRUST_EKEY, "key %d", 2), TRUST_EKEY);
    ck_assert_str_eq(err.text, "key 2");
    ERR_raise(ERR_LIB_X509, ERR_R_MALLOC_FAILURE);
    ck_assert_int_eq(crypto_error(&err, TRUST_EKEY, "key"), TRUST_ENOMEM);
    ck_assert_str_eq(err.text, "key: out of memory");
    ERR_raise(ERR_LIB_X509, ERR_R_MALLOC_FAILURE);
    ck_assert_int_eq(crypto_error(NULL, TRUST_EKEY, "key"), TRUST_ENOMEM);
    ERR_raise(ERR_LIB_X509, ERR_R_MALLOC_FAILURE);
    ck_assert_int_eq(crypto_no_memory(&err, "list"), TRUST_ENOMEM);
    ck_assert_str_eq(err.text, "list: out of memory");
    ck_assert_uint_eq(ERR_peek_error(), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("error");
    TCase *t = tcase_create("error");
    tcase_add_loop_test(t, names_and_codes, 0, sizeof codes / sizeof codes[0]);
    tcase_add_test(t, other_codes);
    tcase_add_test(t, set);
    tcase_add_test(t, prefix);
    tcase_add_test(t, long_texts_are_cut);
    tcase_add_test(t, texts_are_one_printable_line);
    tcase_add_loop_test(t, utf8_decodes, 0, sizeof utf8_cases / sizeof utf8_cases[0]);
    tcase_add_test(t, utf8_printable_characters);
    tcase_add_loop_test(t, utf8_escapes, 0, sizeof escapes / sizeof escapes[0]);
    tcase_add_test(t, openssl_errors_are_taken_over);
    suite_add_tcase(s, t);
    return s;
}
