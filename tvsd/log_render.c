#include "log_render.h"

#include "log_escape.h"

#include <assert.h>
#include <string.h>

#define NUMBER_SIZE 20 /* of 64 bits in decimal, with a sign */

/* As much of a text as is looked at, whatever a client sends: a byte takes one in a line at least, so that a
 * longer text is cut, and ends before this, with the last character that is tried. */
#define TEXT_MOST (LOG_LINE_MAX + 4)

static const struct {
    const char *id;
    enum config_log_level level;
    const char *keys;
} catalogue[LOG_EV_COUNT] = {
#define X(constant, id, level, fields, meaning, remedy) {id, CONFIG_LOG_##level, fields},
    LOG_EVENTS(X)
#undef X
};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

const char *log_event_id(enum log_event event)
{
    return catalogue[event].id;
}

enum config_log_level log_event_level(enum log_event event)
{
    return catalogue[event].level;
}

/* Where the key stands among blank-separated words: behind it; NULL if it does not. */
static const char *find_key(const char *words, const char *key)
{
    while (*words != '\0') {
        size_t i = 0;
        while (key[i] != '\0' && words[i] == key[i])
            i++;
        if (key[i] == '\0' && (words[i] == ' ' || words[i] == '\0'))
            return words + i;
        for (words += i; *words != ' ' && *words != '\0'; words++)
            continue;
        for (; *words == ' '; words++)
            continue;
    }
    return NULL;
}

static bool is_key(const char *key)
{
    return key[0] != '\0' && key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.-")] == '\0';
}

bool log_event_takes(enum log_event event, const struct log_field *fields, size_t count)
{
    const char *keys = catalogue[event].keys;
    bool any = strcmp(keys, "*") == 0;
    if (count > LOG_FIELDS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].key[0] == '\0' || (any && !is_key(fields[i].key)))
            return false;
        for (; !any && *keys == ' '; keys++)
            continue;
        keys = any ? keys : find_key(keys, fields[i].key);
        if (keys == NULL)
            return false;
    }
    return true;
}

static void put(struct log_line *line, const char *text, size_t len)
{
    assert(len <= sizeof line->text - line->len);
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void put_text(struct log_line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* With zeros before it up to so many digits. */
static void put_number(struct log_line *line, int64_t number, size_t least)
{
    char digits[NUMBER_SIZE], *at = digits + sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    for (size_t i = 0; i < least || rest > 0; i++) {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (number < 0)
        *--at = '-';
    put(line, at, (size_t)(digits + sizeof digits - at));
}

/* "15:04:05.123" */
static void put_time(struct log_line *line, const struct tm *at, long nanoseconds)
{
    put_number(line, at->tm_hour, 2);
    put(line, ":", 1);
    put_number(line, at->tm_min, 2);
    put(line, ":", 1);
    put_number(line, at->tm_sec, 2);
    put(line, ".", 1);
    put_number(line, nanoseconds / 1000000, 3);
}

static void put_clock(struct log_line *line, const struct log_stamp *stamp)
{
    struct tm local;
    localtime_r(&stamp->when.tv_sec, &local);
    put_time(line, &local, stamp->when.tv_nsec);
    put_text(line, " |   ");
}

/* "2026-11-20T15:04:05.123Z". The C library takes a lock to know the date: once a second will do. */
static void put_date(struct log_line *line, const struct log_stamp *stamp)
{
    static _Thread_local struct tm utc;
    static _Thread_local time_t known = -1;
    if (known != stamp->when.tv_sec || known == -1)
        gmtime_r(&stamp->when.tv_sec, &utc);
    known = stamp->when.tv_sec;
    put_number(line, utc.tm_year + 1900, 4);
    put(line, "-", 1);
    put_number(line, utc.tm_mon + 1, 2);
    put(line, "-", 1);
    put_number(line, utc.tm_mday, 2);
    put(line, "T", 1);
    put_time(line, &utc, stamp->when.tv_nsec);
    put(line, "Z", 1);
}

static void put_head(struct log_line *line, enum config_log_format format, const struct log_stamp *stamp,
                     enum log_event event)
{
    const char *level = level_names[catalogue[event].level], *id = catalogue[event].id;
    switch (format) {
    case CONFIG_LOG_TRACE:
        put_clock(line, stamp);
        put_text(line, level);
        put_text(line, " event=");
        put_text(line, id);
        break;
    case CONFIG_LOG_JSON:
        put_text(line, "{\"time\":\"");
        put_date(line, stamp);
        put_text(line, "\",\"program\":\"tvsd\",\"pid\":");
        put_number(line, stamp->pid, 1);
        put_text(line, ",\"level\":\"");
        put_text(line, level);
        put_text(line, "\",\"event\":\"");
        put_text(line, id);
        put_text(line, "\"");
        break;
    case CONFIG_LOG_LOGFMT:
        put_date(line, stamp);
        put_text(line, " tvsd[");
        put_number(line, stamp->pid, 1);
        put_text(line, "]: ");
        line->body = line->len;
        put_text(line, "level=");
        put_text(line, level);
        put_text(line, " event=");
        put_text(line, id);
    }
}

/* A field's text, as far as it matters; a number has none. */
static struct trust_bytes text_of(const struct log_field *field)
{
    switch (field->kind) {
    case LOG_FIELD_NUMBER:
        break;
    case LOG_FIELD_BYTES:
        return (struct trust_bytes){field->bytes.data,
                                    field->bytes.len < TEXT_MOST ? field->bytes.len : TEXT_MOST};
    case LOG_FIELD_TEXT:
        if (field->text != NULL)
            return (struct trust_bytes){(const uint8_t *)field->text, strnlen(field->text, TEXT_MOST)};
    }
    return (struct trust_bytes){NULL, 0};
}

/* How long a value may be so that all of them fit into room: the short ones as they are, the long ones equal
 * shares of the rest. */
static size_t fair_share(const size_t *sizes, size_t count, size_t room)
{
    size_t share = 0;
    for (size_t round = 0; round <= count; round++) {
        size_t taken = 0, longer = 0;
        for (size_t i = 0; i < count; i++) {
            if (sizes[i] <= share)
                taken += sizes[i];
            else
                longer++;
        }
        assert(taken <= room);
        if (longer == 0)
            return room;
        size_t next = (room - taken) / longer;
        if (next <= share)
            break;
        share = next;
    }
    return share;
}

/* The same of fields. Lines of which even the worst would fit, nearly all of them, need no measuring. */
static size_t share_of(const struct log_field *fields, size_t count, enum log_style style, size_t room)
{
    size_t sizes[LOG_FIELDS_MAX], texts = 0, most = 0;
    for (size_t i = 0; i < count; i++)
        most += log_escape_most(text_of(&fields[i]).len);
    if (most <= room)
        return room;
    for (size_t i = 0; i < count; i++) {
        struct trust_bytes text = text_of(&fields[i]);
        if (fields[i].kind != LOG_FIELD_NUMBER)
            sizes[texts++] = log_escape_size(style, (const char *)text.data, text.len);
    }
    return fair_share(sizes, texts, room);
}

static void put_field(struct log_line *line, const struct log_field *field, enum log_style style,
                      size_t share)
{
    struct trust_bytes text = text_of(field);
    put_text(line, style == LOG_STYLE_JSON ? ",\"" : " ");
    put_text(line, field->key);
    put_text(line, style == LOG_STYLE_JSON ? "\":" : "=");
    if (field->kind == LOG_FIELD_NUMBER)
        put_number(line, field->number, 1);
    else
        line->len += log_escape(style, (const char *)text.data, text.len, line->text + line->len, share);
}

void log_render_event(enum config_log_format format, const struct log_stamp *stamp, enum log_event event,
                      const struct log_field *fields, size_t count, struct log_line *out)
{
    enum log_style style = format == CONFIG_LOG_JSON ? LOG_STYLE_JSON : LOG_STYLE_LOGFMT;
    assert(count <= LOG_FIELDS_MAX);
    out->level = catalogue[event].level;
    out->len = out->body = 0;
    put_head(out, format, stamp, event);
    size_t fixed = out->len + 1; /* a closing brace */
    for (size_t i = 0; i < count; i++) {
        fixed += strlen(fields[i].key) + (style == LOG_STYLE_JSON ? 4 : 2); /* ,"key": or blank and = */
        fixed += fields[i].kind == LOG_FIELD_NUMBER ? NUMBER_SIZE : 0;
    }
    assert(fixed < sizeof out->text);
    size_t share = share_of(fields, count, style, sizeof out->text - fixed);
    for (size_t i = 0; i < count; i++)
        put_field(out, &fields[i], style, share);
    if (style == LOG_STYLE_JSON)
        put(out, "}", 1);
}

void log_render_trace(const struct log_stamp *stamp, const char *text, size_t len, struct log_line *out)
{
    out->level = CONFIG_LOG_DEBUG;
    out->len = out->body = 0;
    put_clock(out, stamp);
    put_text(out, level_names[CONFIG_LOG_DEBUG]);
    put(out, " ", 1);
    out->len += log_escape(LOG_STYLE_LINE, text, len, out->text + out->len, sizeof out->text - out->len);
}
