/* Lines: rendered, escaped, cut. */
#include "tests/check_main.h"

#include "config/text.h"
#include "tests/fixture.h"
#include "tvsd/conn_end.h"
#include "tvsd/log.h"
#include "tvsd/log_escape.h"
#include "tvsd/log_render.h"
#include "tvsd/tls.h"

#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* 2026-11-20T15:04:05.123Z */
static const struct log_stamp stamp = {{1795187045, 123999999}, 42};

#define HEAD "2026-11-20T15:04:05.123Z tvsd[42]: "
#define JSON "{\"time\":\"2026-11-20T15:04:05.123Z\",\"program\":\"tvsd\",\"pid\":42,"

static void utc(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
}

/* The line as a string, in a buffer that lives until the next call. */
static const char *text_of(const struct log_line *line)
{
    static char text[LOG_LINE_MAX + 1];
    ck_assert_uint_le(line->len, LOG_LINE_MAX);
    ck_assert_uint_le(line->body, line->len);
    memcpy(text, line->text, line->len);
    text[line->len] = '\0';
    ck_assert_uint_eq(strlen(text), line->len);
    return text;
}

static const char *render(enum config_log_format format, enum log_event event, const struct log_field *fields,
                          size_t count, struct log_line *line)
{
    log_render_event(format, &stamp, event, fields, count, line);
    return text_of(line);
}

START_TEST(test_formats)
{
    static const uint8_t device[] = {'S', 'E', 'P', '0'};
    struct log_line line;
    const struct log_field fields[] = {log_text("type", "verify"), log_text("roles", "CCM+TFTP,TVS"),
                                       log_bytes("device", ((struct trust_bytes){device, sizeof device})),
                                       log_text("peer", "[2001:db8::1]:50000"), log_number("us", -7)};
    utc();
    ck_assert_str_eq(render(CONFIG_LOG_LOGFMT, LOG_EV_ANSWER, fields, 5, &line),
                     HEAD "level=info event=answer type=verify roles=CCM+TFTP,TVS device=SEP0 "
                          "peer=\"[2001:db8::1]:50000\" us=-7");
    ck_assert_uint_eq(line.body, strlen(HEAD));
    ck_assert_int_eq(line.level, CONFIG_LOG_INFO);
    ck_assert_str_eq(render(CONFIG_LOG_JSON, LOG_EV_ANSWER, fields, 5, &line), JSON
                     "\"level\":\"info\",\"event\":\"answer\",\"type\":\"verify\",\"roles\":\"CCM+TFTP,TVS\","
                     "\"device\":\"SEP0\",\"peer\":\"[2001:db8::1]:50000\",\"us\":-7}");
    ck_assert_uint_eq(line.body, 0);
    ck_assert_str_eq(render(CONFIG_LOG_TRACE, LOG_EV_ANSWER, fields, 5, &line),
                     "15:04:05.123 |   info event=answer type=verify roles=CCM+TFTP,TVS device=SEP0 "
                     "peer=\"[2001:db8::1]:50000\" us=-7");
    ck_assert_uint_eq(line.body, 0);
    ck_assert_str_eq(render(CONFIG_LOG_LOGFMT, LOG_EV_STOPPED, NULL, 0, &line),
                     HEAD "level=info event=stopped");
    ck_assert_str_eq(render(CONFIG_LOG_JSON, LOG_EV_LOG_DROPPED, NULL, 0, &line),
                     JSON "\"level\":\"warning\",\"event\":\"log-dropped\"}");
    ck_assert_str_eq(render(CONFIG_LOG_LOGFMT, LOG_EV_RELOAD_REFUSED, NULL, 0, &line),
                     HEAD "level=error event=reload-refused");
}
END_TEST

START_TEST(test_trace_lines)
{
    struct log_line line;
    static const char name[] =
        "tvsHandleQueryCertReq : SAST Issuer Name  is: cn=\"A\\,B\";o=\xc3\xbc\x1b[2J\n\xff";
    utc();
    log_render_trace(&stamp, name, strlen(name), &line);
    ck_assert_str_eq(text_of(&line), "15:04:05.123 |   debug tvsHandleQueryCertReq : SAST Issuer Name  is: "
                                     "cn=\"A\\,B\";o=\xc3\xbc\\x1b[2J\\n\\xff");
    ck_assert_int_eq(line.level, CONFIG_LOG_DEBUG);
    log_render_trace(&stamp, "    MsgType               : TVS_MSG_CERT_VERIFICATION_REQ", 57, &line);
    ck_assert_str_eq(text_of(&line),
                     "15:04:05.123 |   debug     MsgType               : TVS_MSG_CERT_VERIFICATION_REQ");
}
END_TEST

static const struct {
    const char *value;
    size_t len; /* 0: strlen */
    const char *logfmt, *json;
} escapes[] = {
    {"", 0, "\"\"", "\"\""},
    {"word", 0, "word", "\"word\""},
    {"a-Z_9./+,", 0, "a-Z_9./+,", "\"a-Z_9./+,\""},
    {"two words", 0, "\"two words\"", "\"two words\""},
    {"a=b", 0, "\"a=b\"", "\"a=b\""},
    {"0.0.0.0:2445", 0, "\"0.0.0.0:2445\"", "\"0.0.0.0:2445\""},
    {"say \"x\"", 0, "\"say \\\"x\\\"\"", "\"say \\\"x\\\"\""},
    {"back\\slash", 0, "\"back\\\\slash\"", "\"back\\\\slash\""},
    {"line\nbreak", 0, "\"line\\nbreak\"", "\"line\\nbreak\""},
    {"\r\t", 0, "\"\\x0d\\x09\"", "\"\\u000d\\u0009\""},
    {"a\0b", 3, "\"a\\x00b\"", "\"a\\u0000b\""},
    {"\x1b[31m", 0, "\"\\x1b[31m\"", "\"\\u001b[31m\""},
    {"\x7f", 0, "\"\\x7f\"", "\"\\u007f\""},
    {"K\xc3\xb6ln", 0, "\"K\xc3\xb6ln\"", "\"K\xc3\xb6ln\""},
    {"\xf0\x9f\x93\x9e", 0, "\"\xf0\x9f\x93\x9e\"", "\"\xf0\x9f\x93\x9e\""},
    {"\xc2\x9b"
     "2J",
     0, "\"\\xc2\\x9b2J\"", "\"\\u009b2J\""},                                  /* CSI in one character */
    {"\xe2\x80\xae", 0, "\"\\xe2\\x80\\xae\"", "\"\\u202e\""},                 /* right to left from here */
    {"\xf3\xa0\x81\x81", 0, "\"\\xf3\\xa0\\x81\\x81\"", "\"\\udb40\\udc41\""}, /* a tag, invisible */
    {"\xff", 0, "\"\\xff\"", "\"\\ufffd\""},
    {"\xc3", 0, "\"\\xc3\"", "\"\\ufffd\""},
    {"\xed\xa0\x80", 0, "\"\\xed\\xa0\\x80\"", "\"\\ufffd\\ufffd\\ufffd\""},
};

START_TEST(test_escapes)
{
    char out[256];
    const char *value = escapes[_i].value;
    size_t len = escapes[_i].len != 0 ? escapes[_i].len : strlen(value);
    size_t used = log_escape(LOG_STYLE_LOGFMT, value, len, out, sizeof out);
    ck_assert_uint_eq(used, log_escape_size(LOG_STYLE_LOGFMT, value, len));
    out[used] = '\0';
    ck_assert_str_eq(out, escapes[_i].logfmt);
    used = log_escape(LOG_STYLE_JSON, value, len, out, sizeof out);
    ck_assert_uint_eq(used, log_escape_size(LOG_STYLE_JSON, value, len));
    out[used] = '\0';
    ck_assert_str_eq(out, escapes[_i].json);
}
END_TEST

/* Cut to any room, a value keeps within it, is closed and shows that it was cut. */
START_TEST(test_cut_anywhere)
{
    static const char value[] = "a \"b\" \\ \n \xc3\xbc \x1b \xff \xf0\x9f\x93\x9e \xe2\x80\xae abcdefgh";
    static const enum log_style styles[] = {LOG_STYLE_LOGFMT, LOG_STYLE_JSON, LOG_STYLE_LINE};
    for (size_t s = 0; s < 3; s++) {
        size_t whole = log_escape_size(styles[s], value, sizeof value - 1);
        for (size_t room = LOG_ESCAPE_LEAST; room <= whole; room++) {
            char out[256];
            const char *end = styles[s] == LOG_STYLE_LINE ? "…" : "…\"";
            size_t used = log_escape(styles[s], value, sizeof value - 1, out, room);
            ck_assert_uint_le(used, room);
            ck_assert_int_eq(memcmp(out + used - strlen(end), end, strlen(end)) == 0, room < whole);
            for (size_t i = 0, size; i < used; i += size)
                ck_assert(text_is_plain(text_decode(out + i, used - i, &size)));
        }
    }
    char out[32] = "";
    ck_assert_uint_eq(log_escape(LOG_STYLE_LOGFMT, "abcdefghijklmnop", 16, out, 12), 12);
    ck_assert_str_eq(out, "\"abcdefg…\"");
}
END_TEST

/* A reader of JSON objects whose values are strings and numbers; returns the members, or -1. */
static int json_members(const char *at)
{
    int members = 0;
    regex_t member;
    regmatch_t match;
    ck_assert_int_eq(
        regcomp(&member,
                "^[{,]\"[a-z0-9_.-]+\":(-?[0-9]+|\"([^\"\\\\\x01-\x1f]|\\\\[\"\\\\n]|\\\\u[0-9a-f]{4})*\")",
                REG_EXTENDED),
        0);
    while (regexec(&member, at, 1, &match, 0) == 0) {
        ck_assert(at[0] == (members == 0 ? '{' : ','));
        at += match.rm_eo;
        members++;
    }
    regfree(&member);
    return strcmp(at, "}") == 0 ? members : -1;
}

/* Values that do not fit share the room; the short ones stay whole, every key is there, the line is
 * well-formed. */
START_TEST(test_long_values)
{
    static char big[20000], medium[1001];
    struct log_line line;
    const struct log_field fields[] = {log_text("serial", big), log_text("issuer", medium),
                                       log_text("source", "store"), log_text("device", big),
                                       log_text("peer", "192.0.2.1:1")};
    for (int fill = 1; fill < 256; fill += 5) {
        memset(big, fill, sizeof big - 1);
        memset(medium, 'm', sizeof medium - 1);
        const char *text = render(CONFIG_LOG_LOGFMT, LOG_EV_TWIN_REFUSED, fields, 5, &line);
        ck_assert_uint_gt(line.len, LOG_LINE_MAX - 64);
        ck_assert_ptr_nonnull(strstr(text, "…\" issuer=mmm"));
        ck_assert_ptr_nonnull(strstr(text, " source=store device=\""));
        ck_assert_str_eq(text + line.len - strlen("…\" peer=\"192.0.2.1:1\""), "…\" peer=\"192.0.2.1:1\"");
        text = render(CONFIG_LOG_JSON, LOG_EV_TWIN_REFUSED, fields, 5, &line);
        ck_assert_int_eq(json_members(text), 5 + 5);
        ck_assert_uint_gt(line.len, LOG_LINE_MAX - 64);
        render(CONFIG_LOG_TRACE, LOG_EV_TWIN_REFUSED, fields, 5, &line);
        log_render_trace(&stamp, big, sizeof big - 1, &line);
        text = text_of(&line);
        ck_assert_str_eq(text + line.len - strlen("…"), "…");
    }
}
END_TEST

/* Any bytes at all give one line that a terminal and a parser can take. */
START_TEST(test_any_bytes)
{
    unsigned seed = 1;
    for (int round = 0; round < 2000; round++) {
        uint8_t noise[300];
        struct log_line line;
        size_t len = (size_t)rand_r(&seed) % sizeof noise;
        for (size_t i = 0; i < len; i++)
            noise[i] = (uint8_t)rand_r(&seed);
        const struct log_field field = log_bytes("reason", ((struct trust_bytes){noise, len}));
        const char *text = render(CONFIG_LOG_JSON, LOG_EV_RELOAD_REFUSED, &field, 1, &line);
        ck_assert_msg(json_members(text) == 6, "%s", text);
        render(CONFIG_LOG_LOGFMT, LOG_EV_RELOAD_REFUSED, &field, 1, &line);
        for (size_t i = 0, size; i < line.len; i += size)
            ck_assert(text_is_plain(text_decode(line.text + i, line.len - i, &size)));
    }
}
END_TEST

START_TEST(test_empty_values)
{
    struct log_line line;
    const struct log_field fields[] = {log_text("file", NULL), log_bytes("reason", (struct trust_bytes){0})};
    ck_assert_str_eq(render(CONFIG_LOG_LOGFMT, LOG_EV_STORE_REFUSED, fields, 2, &line),
                     HEAD "level=error event=store-refused file=\"\" reason=\"\"");
}
END_TEST

START_TEST(test_numbers)
{
    struct log_line line;
    const struct log_field fields[] = {log_number("us", INT64_MIN), log_number("roles", 0)};
    ck_assert_str_eq(render(CONFIG_LOG_LOGFMT, LOG_EV_ANSWER, fields, 1, &line),
                     HEAD "level=info event=answer us=-9223372036854775808");
    const struct log_field most = log_number("us", INT64_MAX);
    ck_assert_str_eq(render(CONFIG_LOG_JSON, LOG_EV_ANSWER, &most, 1, &line),
                     JSON "\"level\":\"info\",\"event\":\"answer\",\"us\":9223372036854775807}");
    ck_assert_str_eq(render(CONFIG_LOG_LOGFMT, LOG_EV_ANSWER, &fields[1], 1, &line),
                     HEAD "level=info event=answer roles=0");
}
END_TEST

/* The date is remembered from line to line: another second, day or year is another date. */
START_TEST(test_dates)
{
    static const struct {
        struct log_stamp stamp;
        const char *head;
    } dates[] = {
        {{{1795187045, 123999999}, 42}, "2026-11-20T15:04:05.123Z tvsd[42]: "},
        {{{1795187045, 999999999}, 42}, "2026-11-20T15:04:05.999Z tvsd[42]: "},
        {{{1795187046, 1000000}, 4194304}, "2026-11-20T15:04:06.001Z tvsd[4194304]: "},
        {{{1798761599, 0}, 1}, "2026-12-31T23:59:59.000Z tvsd[1]: "},
        {{{1798761600, 0}, 1}, "2027-01-01T00:00:00.000Z tvsd[1]: "},
        {{{-1, 0}, 1}, "1969-12-31T23:59:59.000Z tvsd[1]: "},
        {{{0, 0}, 1}, "1970-01-01T00:00:00.000Z tvsd[1]: "},
    };
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        struct log_line line;
        log_render_event(CONFIG_LOG_LOGFMT, &dates[i].stamp, LOG_EV_STOPPED, NULL, 0, &line);
        ck_assert_uint_eq(line.body, strlen(dates[i].head));
        ck_assert_mem_eq(line.text, dates[i].head, line.body);
    }
}
END_TEST

START_TEST(test_catalogue)
{
    const struct log_field ok[] = {log_text("type", ""), log_text("peer", ""), log_number("us", 1)};
    const struct log_field turned[] = {log_text("peer", ""), log_text("type", "")};
    const struct log_field twice[] = {log_text("type", ""), log_text("type", "")};
    const struct log_field foreign[] = {log_text("count", "")}, half[] = {log_text("typ", "")};
    const struct log_field odd[] = {log_text("a b", "")}, none[] = {log_text("", "")};
    ck_assert(log_event_takes(LOG_EV_ANSWER, ok, 3));
    ck_assert(log_event_takes(LOG_EV_ANSWER, NULL, 0));
    ck_assert(!log_event_takes(LOG_EV_ANSWER, turned, 2));
    ck_assert(!log_event_takes(LOG_EV_ANSWER, twice, 2));
    ck_assert(!log_event_takes(LOG_EV_ANSWER, foreign, 1));
    ck_assert(!log_event_takes(LOG_EV_ANSWER, half, 1));
    ck_assert(!log_event_takes(LOG_EV_STOPPED, ok, 1));
    ck_assert(log_event_takes(LOG_EV_STATS, turned, 2));
    ck_assert(!log_event_takes(LOG_EV_STATS, odd, 1));
    ck_assert(!log_event_takes(LOG_EV_STATS, none, 1));
    ck_assert(!log_event_takes(LOG_EV_STATS, turned, LOG_FIELDS_MAX + 1));
    /* Ids are lower case and no two are the same. */
    for (int a = 0; a < LOG_EV_COUNT; a++) {
        const char *id = log_event_id((enum log_event)a);
        ck_assert_uint_eq(strspn(id, "abcdefghijklmnopqrstuvwxyz-"), strlen(id));
        for (int b = 0; b < a; b++)
            ck_assert_str_ne(id, log_event_id((enum log_event)b));
    }
}
END_TEST

/* Measured as it is written, whatever stands between runs of simple characters. */
START_TEST(test_sizes)
{
    static const char odd[] = "\"\\\n\x1b\xff\xc3\xbc ~\x7f";
    static const enum log_style styles[] = {LOG_STYLE_LOGFMT, LOG_STYLE_JSON, LOG_STYLE_LINE};
    unsigned seed = 2;
    for (int round = 0; round < 3000; round++) {
        char value[64], out[512];
        size_t len = (size_t)rand_r(&seed) % sizeof value;
        for (size_t i = 0; i < len; i++)
            value[i] = rand_r(&seed) % 4 != 0 ? 'x' : odd[(size_t)rand_r(&seed) % (sizeof odd - 1)];
        for (size_t s = 0; s < 3; s++) {
            size_t size = log_escape_size(styles[s], value, len);
            ck_assert_uint_le(size, log_escape_most(len));
            memset(out, '#', sizeof out);
            ck_assert_uint_eq(log_escape(styles[s], value, len, out, sizeof out), size);
            ck_assert_int_eq(out[size], '#');
            memset(out, '#', sizeof out);
            ck_assert_uint_eq(log_escape(styles[s], value, len, out, size < 8 ? 8 : size), size);
            ck_assert_int_eq(out[size < 8 ? 8 : size], '#');
        }
    }
}
END_TEST

/* ---- Operators look these up in the manual */

/* The next item of a list of that macro, "\n.It Ql one , two\n"; its words end at *end. NULL: there is none.
 */
static const char *next_item(const char *at, const char *macro, const char **end)
{
    at = strstr(at, macro);
    if (at == NULL)
        return NULL;
    at += strlen(macro);
    *end = at + strcspn(at, "\n");
    return at;
}

/* How many items of the text carry the name. */
static int count_items(const char *text, const char *macro, const char *name)
{
    int count = 0;
    const char *end;
    for (const char *at = text; (at = next_item(at, macro, &end)) != NULL;)
        for (size_t word; at < end; at += word + strspn(at + word, " ,")) {
            word = strcspn(at, " ,\n");
            count += word == strlen(name) && memcmp(at, name, word) == 0;
        }
    return count;
}

static int count_all_items(const char *text, const char *macro)
{
    int count = 0;
    const char *end;
    for (const char *at = text; (at = next_item(at, macro, &end)) != NULL;)
        for (; at < end; at += strcspn(at, " ,\n"), at += strspn(at, " ,"))
            count++;
    return count;
}

/* A section, or all of it (NULL). Freed by the caller. */
static char *manual(const char *heading)
{
    struct trust_bytes page = fixture_read("./man/tvsd.8");
    char *all = strndup((const char *)page.data, page.len);
    fixture_free(page);
    if (heading == NULL)
        return all;
    char *start = strstr(all, heading);
    ck_assert_msg(start != NULL, "man/tvsd.8 lacks %s", heading);
    start += strlen(heading);
    char *end = strstr(start, "\n.Ss ");
    if (end == NULL)
        end = strstr(start, "\n.Sh ");
    char *section = strndup(start, (size_t)((end != NULL ? end : start + strlen(start)) - start));
    free(all);
    return section;
}

static const struct {
    const char *id, *keys, *meaning, *remedy;
} told_events[] = {
#define X(constant, id, level, fields, meaning, remedy) {id, fields, meaning, remedy},
    LOG_EVENTS(X)
#undef X
};

static const struct {
    const char *name, *meaning;
} told_keys[] = {
#define X(name, meaning) {name, meaning},
    LOG_KEYS(X)
#undef X
};
#define TOLD_KEYS (sizeof told_keys / sizeof told_keys[0])

/* Sentences, and words between signs that are there in pairs. */
static void expect_prose(const char *id, const char *text)
{
    size_t signs = 0, len = strlen(text);
    for (const char *p = text; *p != '\0'; p++)
        signs += *p == '`';
    ck_assert_msg(signs % 2 == 0 && len > 10 && text[len - 1] == '.', "%s: %s", id, text);
}

/* tvsd-events(7) is made from these. */
START_TEST(test_every_event_is_told)
{
    bool used[TOLD_KEYS] = {false};
    for (size_t i = 0; i < sizeof told_events / sizeof told_events[0]; i++) {
        expect_prose(told_events[i].id, told_events[i].meaning);
        if (told_events[i].remedy[0] != '\0')
            expect_prose(told_events[i].id, told_events[i].remedy);
        char *keys = strdup(strcmp(told_events[i].keys, "*") == 0 ? "" : told_events[i].keys), *rest = keys;
        for (char *key; (key = strsep(&rest, " ")) != NULL && *key != '\0';) {
            size_t k = 0;
            ck_assert_uint_eq(strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.-"), strlen(key));
            while (k < TOLD_KEYS && strcmp(told_keys[k].name, key) != 0)
                k++;
            ck_assert_msg(k < TOLD_KEYS, "nobody tells what %s means in %s", key, told_events[i].id);
            used[k] = true;
        }
        free(keys);
    }
    for (size_t k = 0; k < TOLD_KEYS; k++)
        ck_assert_msg(used[k] && told_keys[k].meaning[0] != '\0', "no event has the key %s",
                      told_keys[k].name);
}
END_TEST

/* Each once, and nothing else. */
START_TEST(test_manual_names_every_reason)
{
    char *ends = manual("\n.Ss Why a connection ended\n"),
         *failures = manual("\n.Ss Why a phone is not let in\n");
    for (int i = 0; i < CONN_END_COUNT; i++)
        ck_assert_msg(count_items(ends, "\n.It Li ", conn_end_name((enum conn_end)i)) == 1, "man/tvsd.8: %s",
                      conn_end_name((enum conn_end)i));
    ck_assert_int_eq(count_all_items(ends, "\n.It Li "), CONN_END_COUNT);
    for (int i = TLS_FAILURE_NONE + 1; i < TLS_FAILURE_COUNT; i++)
        ck_assert_msg(count_items(failures, "\n.It Li ", tls_failure_name((enum tls_failure)i)) == 1,
                      "man/tvsd.8: %s", tls_failure_name((enum tls_failure)i));
    ck_assert_int_eq(count_all_items(failures, "\n.It Li "), TLS_FAILURE_COUNT - 1);
    free(ends);
    free(failures);
}
END_TEST

/* Those that mean nothing for a CTL are left out. */
START_TEST(test_manual_names_the_codes_of_a_ctl)
{
    char *codes = manual("\n.Ss Why a CTL is refused\n");
    int known = 0;
    for (int code = TRUST_ERRNO_BASE + 1; code < TRUST_ERRNO_END; code++) {
        int count = count_items(codes, "\n.It Li ", trust_error_name(code));
        ck_assert_msg(count <= 1, "man/tvsd.8: %s", trust_error_name(code));
        known += count;
    }
    ck_assert_int_gt(known, 20);
    ck_assert_int_eq(count_all_items(codes, "\n.It Li "), known);
    free(codes);
}
END_TEST

START_TEST(test_say_refuses_foreign_keys)
{
    LOG_SAY(READY, log_text("reason", "no such key"));
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("log");
    TCase *tc = tcase_create("lines");
    tcase_add_test(tc, test_formats);
    tcase_add_test(tc, test_trace_lines);
    tcase_add_loop_test(tc, test_escapes, 0, sizeof escapes / sizeof escapes[0]);
    tcase_add_test(tc, test_cut_anywhere);
    tcase_add_test(tc, test_sizes);
    tcase_add_test(tc, test_numbers);
    tcase_add_test(tc, test_dates);
    tcase_add_test(tc, test_long_values);
    tcase_add_test(tc, test_any_bytes);
    tcase_add_test(tc, test_empty_values);
    tcase_add_test(tc, test_catalogue);
    tcase_add_test(tc, test_every_event_is_told);
    tcase_add_test(tc, test_manual_names_every_reason);
    tcase_add_test(tc, test_manual_names_the_codes_of_a_ctl);
    tcase_add_test_raise_signal(tc, test_say_refuses_foreign_keys, SIGABRT);
    suite_add_tcase(s, tc);
    return s;
}
