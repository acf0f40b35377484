#include "fuzz.h"

#include "config/text.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In place of check's own, whose runner is not there: a failure is a crash, which libFuzzer keeps. */
void _ck_assert_failed(const char *file, int line, const char *expr, const char *msg, ...)
{
    va_list args;
    fprintf(stderr, "%s:%d: %s: ", file, line, expr);
    va_start(args, msg);
    if (msg != NULL)
        vfprintf(stderr, msg, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

void _mark_point(const char *file, int line)
{
    (void)file, (void)line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_one((struct trust_bytes){data, size});
    ck_assert_msg(ERR_peek_error() == 0, "OpenSSL's error queue is not empty");
    return 0;
}

struct trust_bytes fuzz_take(struct trust_bytes *input, size_t len)
{
    struct trust_bytes taken = {input->data, len < input->len ? len : input->len};
    if (taken.len > 0)
        input->data += taken.len;
    input->len -= taken.len;
    return taken;
}

uint8_t fuzz_take_byte(struct trust_bytes *input)
{
    struct trust_bytes taken = fuzz_take(input, 1);
    return taken.len == 1 ? taken.data[0] : 0;
}

uint16_t fuzz_take_word(struct trust_bytes *input)
{
    uint8_t high = fuzz_take_byte(input);
    return (uint16_t)(high << 8 | fuzz_take_byte(input));
}

char *fuzz_text(struct trust_bytes input)
{
    char *text = malloc(input.len + 1);
    ck_assert_ptr_nonnull(text);
    if (input.len > 0)
        memcpy(text, input.data, input.len);
    text[input.len] = '\0';
    return text;
}

bool fuzz_same(struct trust_bytes a, struct trust_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool fuzz_inside(struct trust_bytes inner, struct trust_bytes outer)
{
    return inner.len == 0 || (inner.data >= outer.data && inner.len <= outer.len &&
                              (size_t)(inner.data - outer.data) <= outer.len - inner.len);
}

void fuzz_error(int rc, const struct trust_error *err)
{
    if (rc == 0)
        return;
    ck_assert_int_eq(rc, err->code);
    ck_assert_str_ne(trust_error_name(rc), "unknown");
    size_t len = strnlen(err->text, sizeof err->text), size;
    ck_assert_uint_gt(len, 0);
    ck_assert_uint_lt(len, sizeof err->text);
    for (size_t at = 0; at < len; at += size)
        ck_assert_msg(text_is_plain(text_decode(err->text + at, len - at, &size)),
                      "byte %zu of an error's text cannot be shown: %s", at, err->text);
}

void fuzz_ok(int rc, const struct trust_error *err)
{
    ck_assert_msg(rc == 0, "%s: %s", trust_error_name(rc), err->text);
}
