/* What goes to a terminal or into JSON: safe, aligned, well-formed. */
#include "helper.h"
#include "tests/check_main.h"
#include "tvsctl/json.h"
#include "tvsctl/print.h"
#include "tvsctl/table.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *in, *terminal, *json;
} texts[] = {
    {"plain", "plain", "\"plain\""},
    {"", "", "\"\""},
    {"Krak\xc3\xb3w", "Krak\xc3\xb3w", "\"Krak\xc3\xb3w\""},
    {"a\x1b[31mred", "a\\1B[31mred", "\"a\\u001b[31mred\""},
    {"two\nlines", "two\\0Alines", "\"two\\nlines\""},
    {"q\"b\\", "q\"b\\", "\"q\\\"b\\\\\""},
    {"latin\xe9", "latin\\E9", "\"latin\\u00e9\""},
    {"c1\xc2\x9b", "c1\\C2\\9B", "\"c1\\u009b\""},
    {"\xe2\x80\xaeright to left", "\\E2\\80\\AEright to left", "\"\\u202eright to left\""},
    {"\xf0\x9f\x93\x9e", "\xf0\x9f\x93\x9e", "\"\xf0\x9f\x93\x9e\""},
    {"tag \xf3\xa0\x80\x81", "tag \\F3\\A0\\80\\81", "\"tag \\udb40\\udc01\""},
    {"cut \xe2\x82", "cut \\E2\\82", "\"cut \\u00e2\\u0082\""},
};

START_TEST(text_is_made_safe)
{
    char *copy = print_escaped(texts[_i].in), *out = NULL;
    size_t size;
    FILE *memory = open_memstream(&out, &size);
    struct json json;
    json_init(&json, memory);
    json_string(&json, NULL, texts[_i].in);
    fclose(memory);
    ck_assert_str_eq(copy, texts[_i].terminal);
    ck_assert_str_eq(out, texts[_i].json);
    ck_assert(helper_is_json(out));
    free(copy);
    free(out);
}
END_TEST

START_TEST(json_nests)
{
    char *out = NULL;
    size_t size;
    FILE *memory = open_memstream(&out, &size);
    struct json json;
    json_init(&json, memory);
    json_object(&json, NULL);
    json_array(&json, "empty");
    json_array_end(&json);
    json_array(&json, "some");
    json_number(&json, NULL, -7);
    json_null(&json, NULL);
    json_object(&json, NULL);
    json_object_end(&json);
    json_array_end(&json);
    json_bool(&json, "no", false);
    json_hex(&json, "hex", (struct trust_bytes){(const uint8_t *)"\x00\xff", 2});
    json_string(&json, "nothing", NULL);
    json_time(&json, "when", 1425667513);
    json_object_end(&json);
    fclose(memory);
    ck_assert_str_eq(
        out, "{\n  \"empty\": [],\n  \"some\": [\n    -7,\n    null,\n    {}\n  ],\n  \"no\": false,\n"
             "  \"hex\": \"00ff\",\n  \"nothing\": null,\n  \"when\": \"2015-03-06T18:45:13Z\"\n}\n");
    ck_assert(helper_is_json(out));
    free(out);
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
    const char *decimal;
} numbers[] = {
    {"\x00", 1, "0"},
    {"\x09", 1, "9"},
    {"\xff", 1, "255"},
    {"\x10\x01", 2, "4097"},
    {"\x00\x00\x01", 3, "1"},
    {"\x83\xe9\x08\x00\x00\x00\x55\x45\xaf\x31", 10, "622928677085851582574385"},
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 20,
     "1461501637330902918203684832716283019655932542975"},
};

START_TEST(decimal_serial_numbers)
{
    char *text = print_decimal((struct trust_bytes){(const uint8_t *)numbers[_i].bytes, numbers[_i].len});
    ck_assert_str_eq(text, numbers[_i].decimal);
    free(text);
}
END_TEST

START_TEST(table_aligns)
{
    static const char *const cells[][3] = {
        {"a", "wide name", "c"}, {"Krak\xc3\xb3w", NULL, "1"}, {"x", "y\tz", NULL}};
    struct table table;
    char *out = NULL;
    size_t size;
    FILE *memory = open_memstream(&out, &size);
    table_init(&table, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert(table_add_row(&table, cells[i]));
    ck_assert_uint_eq(table_rows(&table), 2);
    table_print(&table, memory);
    fclose(memory);
    ck_assert_str_eq(out,
                     "a      wide name c\n====== ========= =\nKrak\xc3\xb3w           1\nx      y\\09z\n");
    table_fini(&table);
    free(out);
}
END_TEST

/* The tables of roles are longer than anybody's list of them. */
START_TEST(roles_by_name)
{
    struct trust_roles roles = {0};
    char text[PRINT_ROLES_SIZE];
    ck_assert_str_eq(print_roles(&roles, text), "none");
    trust_roles_add(&roles, TRUST_ROLE_CCM_TFTP);
    trust_roles_add(&roles, TRUST_ROLE_SAST);
    ck_assert_str_eq(print_roles(&roles, text), "SAST, CCM+TFTP");
    for (int role = 0; role < TRUST_ROLES_MAX; role++)
        trust_roles_add(&roles, (uint8_t)(200 + role));
    ck_assert_uint_lt(strlen(print_roles(&roles, text)), sizeof text);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("print");
    TCase *tests = tcase_create("print");
    tcase_add_loop_test(tests, text_is_made_safe, 0, sizeof texts / sizeof texts[0]);
    tcase_add_test(tests, json_nests);
    tcase_add_loop_test(tests, decimal_serial_numbers, 0, sizeof numbers / sizeof numbers[0]);
    tcase_add_test(tests, table_aligns);
    tcase_add_test(tests, roles_by_name);
    suite_add_tcase(all, tests);
    return all;
}
