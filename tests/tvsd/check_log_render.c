/* Values that are longer than any line: how much of them is looked at, and that nobody sees it. */
#include "tests/check_main.h"

#include "tvsd/log_render.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define READABLE (LOG_LINE_MAX + 16)
#define CLAIMED  65000

static const struct log_stamp stamp = {{1795187045, 123999999}, 42};

static const char *const units[] = {
    "x",
    "\"",
    "\x01",
    "\n",
    "\xff",
    "\xc3\xbc",
    "\xe2\x82\xac",
    "\xe2\x80\xae",
    "\xf0\x9f\x93\x9e",
    "\xf3\xa0\x81\x81",
    "\xf0\x9f",
    "ab\xf0\x9f\x93\x9e\x1b\xc3",
};

/* READABLE bytes, behind which not one can be read. */
static char *before_a_wall(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (READABLE + page - 1) / page * page;
    char *at = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(at != MAP_FAILED);
    ck_assert_int_eq(mprotect(at + whole, page, PROT_NONE), 0);
    return at + whole - READABLE;
}

static void render(enum config_log_format format, const char *text, size_t len, size_t count,
                   struct log_line *line)
{
    const struct trust_bytes bytes = {(const uint8_t *)text, len};
    const struct log_field fields[] = {log_bytes("serial", bytes), log_bytes("device", bytes)};
    log_render_event(format, &stamp, LOG_EV_ANSWER, fields, count, line);
}

static void expect_same(const struct log_line *line, const struct log_line *expected)
{
    ck_assert_uint_eq(line->len, expected->len);
    ck_assert_mem_eq(line->text, expected->text, expected->len);
}

/* A line shows of a long text what it shows of as much of it as a line has bytes, whatever stands where it is
 * cut; the rest is not even read. */
START_TEST(what_cannot_be_shown_is_not_read)
{
    char *text = before_a_wall();
    const char *unit = units[_i];
    for (size_t shift = 0; shift <= strlen(unit); shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i < READABLE; i++)
            text[i] = unit[(i - shift) % strlen(unit)];
        for (int format = CONFIG_LOG_LOGFMT; format <= CONFIG_LOG_TRACE; format++) {
            struct log_line line, expected;
            for (size_t count = 1; count <= 2; count++) {
                render((enum config_log_format)format, text, LOG_LINE_MAX, count, &expected);
                render((enum config_log_format)format, text, CLAIMED, count, &line);
                expect_same(&line, &expected);
                ck_assert_ptr_nonnull(memmem(line.text, line.len, "…\"", strlen("…\"")));
            }
            const struct log_field endless = log_text("serial", text);
            render((enum config_log_format)format, text, LOG_LINE_MAX, 1, &expected);
            log_render_event((enum config_log_format)format, &stamp, LOG_EV_ANSWER, &endless, 1, &line);
            expect_same(&line, &expected);
        }
    }
}
END_TEST

/* What just fits is whole; one byte more, and it is cut. */
START_TEST(what_fits_is_whole)
{
    char text[LOG_LINE_MAX];
    struct log_line line;
    memset(text, 'x', sizeof text);
    render(CONFIG_LOG_LOGFMT, text, 1, 1, &line);
    const size_t most = sizeof text - line.len; /* and one for a brace, which logfmt leaves free */
    render(CONFIG_LOG_LOGFMT, text, most, 1, &line);
    ck_assert_uint_eq(line.len, LOG_LINE_MAX - 1);
    ck_assert_int_eq(line.text[line.len - 1], 'x');
    render(CONFIG_LOG_LOGFMT, text, most + 1, 1, &line);
    ck_assert_mem_eq(line.text + line.len - strlen("x…\""), "x…\"", strlen("x…\""));
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("log_render");
    TCase *tc = tcase_create("long values");
    tcase_add_loop_test(tc, what_cannot_be_shown_is_not_read, 0, sizeof units / sizeof units[0]);
    tcase_add_test(tc, what_fits_is_whole);
    suite_add_tcase(s, tc);
    return s;
}
