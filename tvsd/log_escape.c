#include "log_escape.h"

#include "config/text.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define UNIT_MAX  20 /* four bytes as \xNN, and what snprintf wants */
#define BYTE_MOST 6  /* what a byte may become: an invalid one is \ufffd in JSON */

static const char cut_mark[] = "…";

/* Bytes that nobody mistakes for anything else; a colon is none of them, so addresses are quoted. */
static bool is_safe(unsigned char byte)
{
    const unsigned char lower = byte | 0x20;
    if ((lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9'))
        return true;
    return byte == '.' || byte == '_' || byte == '-' || byte == '+' || byte == '/' || byte == ',';
}

static bool is_word(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_safe((unsigned char)value[i]))
            return false;
    return len > 0;
}

/* How many bytes at the start are characters that every style shows as they are. Nearly all values are
 * nothing else, and a line has hundreds of them: they are not to be decoded one by one. */
static size_t simple_run(const char *value, size_t len)
{
    size_t i = 0;
    while (i < len && value[i] >= ' ' && value[i] <= '~' && value[i] != '"' && value[i] != '\\')
        i++;
    return i;
}

static size_t escape_json(uint32_t code, char unit[UNIT_MAX])
{
    if (code == '\n')
        return (size_t)snprintf(unit, UNIT_MAX, "\\n");
    if (code == TEXT_INVALID)
        code = 0xfffd;
    if (code < 0x10000)
        return (size_t)snprintf(unit, UNIT_MAX, "\\u%04x", (unsigned)code);
    code -= 0x10000; /* a pair of surrogates */
    return (size_t)snprintf(unit, UNIT_MAX, "\\u%04x\\u%04x", 0xd800 + (unsigned)(code >> 10),
                            0xdc00 + (unsigned)(code & 0x3ff));
}

static size_t escape_bytes(const char *value, size_t size, char unit[UNIT_MAX])
{
    size_t used = 0;
    if (value[0] == '\n')
        return (size_t)snprintf(unit, UNIT_MAX, "\\n");
    for (size_t i = 0; i < size; i++)
        used += (size_t)snprintf(unit + used, UNIT_MAX - used, "\\x%02x", (unsigned char)value[i]);
    return used;
}

/* The next character of value as it is written; *size is what it takes of value. Returns the bytes in unit.
 */
static size_t next_unit(enum log_style style, const char *value, size_t len, size_t *size,
                        char unit[UNIT_MAX])
{
    uint32_t code = text_decode(value, len, size);
    if (!text_is_plain(code))
        return style == LOG_STYLE_JSON ? escape_json(code, unit) : escape_bytes(value, *size, unit);
    size_t used = 0;
    if (style != LOG_STYLE_LINE && (code == '"' || code == '\\'))
        unit[used++] = '\\';
    memcpy(unit + used, value, *size);
    return used + *size;
}

size_t log_escape_size(enum log_style style, const char *value, size_t len)
{
    char unit[UNIT_MAX];
    size_t total = style == LOG_STYLE_LINE ? 0 : 2;
    if (style == LOG_STYLE_LOGFMT && is_word(value, len))
        return len;
    for (size_t i = 0, size; i < len; i += size) {
        size = simple_run(value + i, len - i);
        total += size > 0 ? size : next_unit(style, value + i, len - i, &size, unit);
    }
    return total;
}

size_t log_escape_most(size_t len)
{
    return 2 + BYTE_MOST * len;
}

/* As much of the value as fits into room. Returns the bytes written. */
static size_t escape_into(enum log_style style, const char *value, size_t len, char *out, size_t room)
{
    size_t used = 0;
    for (size_t i = 0, size; i < len; i += size) {
        char unit[UNIT_MAX];
        const char *from = value + i;
        size_t unit_len = size = simple_run(from, len - i);
        if (size == 0) {
            unit_len = next_unit(style, from, len - i, &size, unit);
            from = unit;
        } else if (size > room - used) {
            unit_len = size = room - used;
            len = i + size; /* no more */
        }
        if (unit_len > room - used)
            break;
        memcpy(out + used, from, unit_len);
        used += unit_len;
    }
    return used;
}

size_t log_escape(enum log_style style, const char *value, size_t len, char *out, size_t room)
{
    if (style == LOG_STYLE_LOGFMT && len <= room && is_word(value, len)) {
        memcpy(out, value, len);
        return len;
    }
    bool cut = log_escape_most(len) > room && log_escape_size(style, value, len) > room;
    bool quoted = style != LOG_STYLE_LINE;
    size_t used = 0, tail = (quoted ? 1 : 0) + (cut ? sizeof cut_mark - 1 : 0);
    assert(!cut || room >= LOG_ESCAPE_LEAST);
    if (quoted)
        out[used++] = '"';
    used += escape_into(style, value, len, out + used, room - used - tail);
    if (cut) {
        memcpy(out + used, cut_mark, sizeof cut_mark - 1);
        used += sizeof cut_mark - 1;
    }
    if (quoted)
        out[used++] = '"';
    return used;
}
