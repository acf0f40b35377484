/* Lines of key=value, as tvsd writes and tvsctl reads them. */
#include "config/line.h"
#include "tests/check_main.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *line;
    size_t count;            /* 0: it is no such line */
    const char *key, *value; /* of the last field */
    size_t len;
} lines[] = {
    {"a=1", 1, "a", "1", 1},
    {"a=1 b=two", 2, "b", "two", 3},
    {"a=", 1, "a", "", 0},
    {"a=\"\"", 1, "a", "", 0},
    {"a=\"x y\" b=\"\\\"q\\\\\\n\\x1b\"", 2, "b", "\"q\\\n\x1b", 5},
    {"a=\"\\x00z\"", 1, "a", "", 2},
    {"a=caf\xc3\xa9", 1, "a", "caf\xc3\xa9", 5},
    {"a=b=c", 1, "a", "b=c", 3},
    {"a=1 ", 0, NULL, NULL, 0},
    {" a=1", 0, NULL, NULL, 0},
    {"a=1  b=2", 0, NULL, NULL, 0},
    {"a", 0, NULL, NULL, 0},
    {"=1", 0, NULL, NULL, 0},
    {"a=\"open", 0, NULL, NULL, 0},
    {"a=\"x\"y", 0, NULL, NULL, 0},
    {"a=x\"y", 0, NULL, NULL, 0},
    {"a=\"\\q\"", 0, NULL, NULL, 0},
    {"a=\"\\x1\"", 0, NULL, NULL, 0},
    {"a=\"\\x1G\"", 0, NULL, NULL, 0},
    {"a=\"\\", 0, NULL, NULL, 0},
    {"a=\"\\x", 0, NULL, NULL, 0},
    {"a=1 b=2 c=3 d=4 e=5", 0, NULL, NULL, 0}, /* more than there is room for */
};

START_TEST(lines_are_split)
{
    struct line_field fields[4];
    size_t count = 0;
    char *line = strdup(lines[_i].line);
    bool split = line_split(line, fields, 4, &count);
    ck_assert_msg(split == (lines[_i].count > 0), "%s", lines[_i].line);
    if (split) {
        ck_assert_uint_eq(count, lines[_i].count);
        ck_assert_str_eq(fields[count - 1].key, lines[_i].key);
        ck_assert_str_eq(fields[count - 1].value, lines[_i].value);
        ck_assert_uint_eq(fields[count - 1].len, lines[_i].len);
    }
    free(line);
}
END_TEST

START_TEST(values_are_found)
{
    struct line_field fields[8];
    size_t count = 0;
    int64_t number = 0;
    char line[] = "a=7 b=-3 c=x d= e=9223372036854775808 f=12x";
    ck_assert(line_split(line, fields, 8, &count));
    ck_assert_str_eq(line_value(fields, count, "c"), "x");
    ck_assert_str_eq(line_value(fields, count, "z"), "");
    ck_assert(line_number(fields, count, "a", 0, 7, 0, &number) && number == 7);
    ck_assert(!line_number(fields, count, "a", 0, 6, 0, &number));
    ck_assert(line_number(fields, count, "b", -3, 0, 0, &number) && number == -3);
    ck_assert(!line_number(fields, count, "b", 0, 9, 0, &number));
    ck_assert(line_number(fields, count, "z", 0, 9, 5, &number) && number == 5);
    ck_assert(!line_number(fields, count, "c", 0, 9, 0, &number));
    ck_assert(!line_number(fields, count, "d", 0, 9, 0, &number));
    ck_assert(!line_number(fields, count, "e", 0, INT64_MAX, 0, &number));
    ck_assert(!line_number(fields, count, "f", 0, 99, 0, &number));
}
END_TEST

Suite *suite(void)
{
    Suite *line = suite_create("lines of key=value");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, lines_are_split, 0, sizeof lines / sizeof lines[0]);
    tcase_add_test(all, values_are_found);
    suite_add_tcase(line, all);
    return line;
}
