#include "json.h"

#include "config/text.h"
#include "print.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void json_init(struct json *json, FILE *out)
{
    *json = (struct json){.out = out};
}

static void indent(struct json *json)
{
    fputc('\n', json->out);
    for (unsigned i = 0; i < json->depth; i++)
        fputs("  ", json->out);
}

/* A code point as JSON escapes it: beyond the basic plane as a surrogate pair. */
static void write_escape(struct json *json, uint32_t code)
{
    if (code == '"' || code == '\\' || code == '\n') {
        fprintf(json->out, "\\%c", code == '\n' ? 'n' : (char)code);
        return;
    }
    if (code > 0xffff) {
        fprintf(json->out, "\\u%04x", (unsigned)(0xd800 + ((code - 0x10000) >> 10)));
        code = 0xdc00 + (code & 0x3ff);
    }
    fprintf(json->out, "\\u%04x", (unsigned)code);
}

static void write_text(struct json *json, struct trust_bytes value)
{
    const char *text = (const char *)value.data;
    fputc('"', json->out);
    for (size_t i = 0, size; i < value.len; i += size) {
        uint32_t code = text_decode(text + i, value.len - i, &size);
        if (code == TEXT_INVALID)
            write_escape(json, value.data[i]);
        else if (!text_is_plain(code) || code == '"' || code == '\\')
            write_escape(json, code);
        else
            fwrite(text + i, 1, size, json->out);
    }
    fputc('"', json->out);
}

/* What stands before a value: comma, line, key. */
static void begin(struct json *json, const char *key)
{
    if (json->depth > 0) {
        bool *filled = &json->filled[json->depth - 1];
        if (*filled)
            fputc(',', json->out);
        *filled = true;
        indent(json);
    }
    if (key != NULL) {
        write_text(json, print_bytes(key));
        fputs(": ", json->out);
    }
}

static void open_level(struct json *json, const char *key, char bracket)
{
    begin(json, key);
    fputc(bracket, json->out);
    assert(json->depth < JSON_DEPTH);
    json->filled[json->depth++] = false;
}

static void close_level(struct json *json, char bracket)
{
    assert(json->depth > 0);
    bool filled = json->filled[--json->depth];
    if (filled)
        indent(json);
    fputc(bracket, json->out);
    if (json->depth == 0)
        fputc('\n', json->out);
}

void json_object(struct json *json, const char *key)
{
    open_level(json, key, '{');
}

void json_object_end(struct json *json)
{
    close_level(json, '}');
}

void json_array(struct json *json, const char *key)
{
    open_level(json, key, '[');
}

void json_array_end(struct json *json)
{
    close_level(json, ']');
}

void json_text(struct json *json, const char *key, struct trust_bytes value)
{
    begin(json, key);
    write_text(json, value);
}

void json_string(struct json *json, const char *key, const char *value)
{
    if (value == NULL)
        json_null(json, key);
    else
        json_text(json, key, print_bytes(value));
}

static void write_hex(struct json *json, const char *key, const char *digits, struct trust_bytes value)
{
    begin(json, key);
    fputc('"', json->out);
    for (size_t i = 0; i < value.len; i++) {
        fputc(digits[value.data[i] >> 4], json->out);
        fputc(digits[value.data[i] & 15], json->out);
    }
    fputc('"', json->out);
}

void json_hex(struct json *json, const char *key, struct trust_bytes value)
{
    write_hex(json, key, "0123456789abcdef", value);
}

void json_serial(struct json *json, const char *key, struct trust_bytes value)
{
    write_hex(json, key, "0123456789ABCDEF", value);
}

void json_number(struct json *json, const char *key, int64_t value)
{
    begin(json, key);
    fprintf(json->out, "%" PRId64, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin(json, key);
    fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *key)
{
    begin(json, key);
    fputs("null", json->out);
}

void json_time(struct json *json, const char *key, int64_t value)
{
    char text[PRINT_TIME_SIZE];
    json_string(json, key, print_time_utc((time_t)value, text));
}
