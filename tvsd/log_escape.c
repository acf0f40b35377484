#include "log_escape.h"

#include "config/text.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define UNIT_MAX 20 /* four bytes as \xNN, and what snprintf wants */

static const char cut_mark[] = "…";

/* Bytes that nobody mistakes for anything else; a colon is none of them, so addresses are quoted. */
static bool is_safe(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("._-+/,", byte) != NULL);
}

static bool is_word(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_safe((unsigned char)value[i]))
            return false;
    return len > 0;
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
    for (size_t i = 0, size; i < len; i += size)
        total += next_unit(style, value + i, len - i, &size, unit);
    return total;
}

size_t log_escape(enum log_style style, const char *value, size_t len, char *out, size_t room)
{
    bool cut = log_escape_size(style, value, len) > room;
    bool quoted = style == LOG_STYLE_JSON || (style == LOG_STYLE_LOGFMT && (cut || !is_word(value, len)));
    size_t used = 0, tail = (quoted ? 1 : 0) + (cut ? sizeof cut_mark - 1 : 0);
    assert(!cut || room >= LOG_ESCAPE_LEAST);
    if (quoted)
        out[used++] = '"';
    for (size_t i = 0, size; i < len; i += size) {
        char unit[UNIT_MAX];
        size_t unit_len = next_unit(style, value + i, len - i, &size, unit);
        if (used + unit_len + tail > room)
            break;
        memcpy(out + used, unit, unit_len);
        used += unit_len;
    }
    if (cut) {
        memcpy(out + used, cut_mark, sizeof cut_mark - 1);
        used += sizeof cut_mark - 1;
    }
    if (quoted)
        out[used++] = '"';
    return used;
}
