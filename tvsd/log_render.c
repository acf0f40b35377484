#include "log_render.h"

#include "log_escape.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
    size_t len = strlen(key);
    while (*words != '\0') {
        size_t word = strcspn(words, " ");
        if (word == len && memcmp(words, key, len) == 0)
            return words + word;
        words += word + strspn(words + word, " ");
    }
    return NULL;
}

bool log_event_takes(enum log_event event, const struct log_field *fields, size_t count)
{
    const char *keys = catalogue[event].keys;
    bool any = strcmp(keys, "*") == 0;
    if (count > LOG_FIELDS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *key = fields[i].key;
        if (key[0] == '\0' || key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.-")] != '\0')
            return false;
        keys = any ? keys : find_key(keys + strspn(keys, " "), key);
        if (keys == NULL)
            return false;
    }
    return true;
}

static void put(struct log_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct log_line *line, const char *format, ...)
{
    va_list args;
    size_t room = sizeof line->text - line->len;
    va_start(args, format);
    int len = vsnprintf(line->text + line->len, room, format, args);
    va_end(args);
    assert(len >= 0 && (size_t)len < room);
    line->len += (size_t)len;
}

static void put_clock(struct log_line *line, const struct log_stamp *stamp)
{
    struct tm local;
    localtime_r(&stamp->when.tv_sec, &local);
    put(line, "%02d:%02d:%02d.%03ld |   ", local.tm_hour, local.tm_min, local.tm_sec,
        stamp->when.tv_nsec / 1000000);
}

static void put_head(struct log_line *line, enum config_log_format format, const struct log_stamp *stamp,
                     enum log_event event)
{
    const char *level = level_names[catalogue[event].level], *id = catalogue[event].id;
    struct tm utc;
    char when[64];
    if (format == CONFIG_LOG_TRACE) {
        put_clock(line, stamp);
        put(line, "%s event=%s", level, id);
        return;
    }
    gmtime_r(&stamp->when.tv_sec, &utc);
    snprintf(when, sizeof when, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", utc.tm_year + 1900, utc.tm_mon + 1,
             utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, stamp->when.tv_nsec / 1000000);
    if (format == CONFIG_LOG_JSON) {
        put(line, "{\"time\":\"%s\",\"program\":\"tvsd\",\"pid\":%ld,\"level\":\"%s\",\"event\":\"%s\"", when,
            stamp->pid, level, id);
        return;
    }
    put(line, "%s tvsd[%ld]: ", when, stamp->pid);
    line->body = line->len;
    put(line, "level=%s event=%s", level, id);
}

/* A field's value: text of its own, or a number as it was printed. */
struct value {
    const char *text;
    size_t len, size; /* as it is; as it is written */
    bool is_number;
    char number[24];
};

static void value_of(const struct log_field *field, enum log_style style, struct value *out)
{
    out->is_number = field->kind == LOG_FIELD_NUMBER;
    if (out->is_number) {
        out->text = out->number;
        out->len = out->size =
            (size_t)snprintf(out->number, sizeof out->number, "%lld", (long long)field->number);
        return;
    }
    bool is_bytes = field->kind == LOG_FIELD_BYTES;
    out->text = is_bytes ? (const char *)field->bytes.data : field->text != NULL ? field->text : "";
    out->len = is_bytes ? field->bytes.len : strlen(out->text);
    out->size = log_escape_size(style, out->text, out->len);
}

/* How long a value may be so that all of them fit into room: the short ones as they are, the long ones equal
 * shares of the rest. */
static size_t fair_share(const struct value *values, size_t count, size_t room)
{
    size_t share = 0;
    for (size_t round = 0; round <= count; round++) {
        size_t taken = 0, longer = 0;
        for (size_t i = 0; i < count; i++) {
            if (values[i].is_number || values[i].size <= share)
                taken += values[i].size;
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

void log_render_event(enum config_log_format format, const struct log_stamp *stamp, enum log_event event,
                      const struct log_field *fields, size_t count, struct log_line *out)
{
    enum log_style style = format == CONFIG_LOG_JSON ? LOG_STYLE_JSON : LOG_STYLE_LOGFMT;
    struct value values[LOG_FIELDS_MAX];
    assert(count <= LOG_FIELDS_MAX);
    out->level = catalogue[event].level;
    out->len = out->body = 0;
    put_head(out, format, stamp, event);
    size_t fixed = out->len + 2; /* a closing brace, and a NUL while it is made */
    for (size_t i = 0; i < count; i++) {
        value_of(&fields[i], style, &values[i]);
        fixed += strlen(fields[i].key) + (style == LOG_STYLE_JSON ? 4 : 2); /* ,"key": or blank and = */
    }
    assert(fixed < sizeof out->text);
    size_t share = fair_share(values, count, sizeof out->text - fixed);
    for (size_t i = 0; i < count; i++) {
        put(out, style == LOG_STYLE_JSON ? ",\"%s\":" : " %s=", fields[i].key);
        if (values[i].is_number)
            put(out, "%s", values[i].text);
        else
            out->len += log_escape(style, values[i].text, values[i].len, out->text + out->len, share);
    }
    if (style == LOG_STYLE_JSON)
        put(out, "}");
}

void log_render_trace(const struct log_stamp *stamp, const char *text, size_t len, struct log_line *out)
{
    out->level = CONFIG_LOG_DEBUG;
    out->len = out->body = 0;
    put_clock(out, stamp);
    put(out, "%s ", level_names[CONFIG_LOG_DEBUG]);
    out->len += log_escape(LOG_STYLE_LINE, text, len, out->text + out->len, sizeof out->text - out->len);
}
