#include "line_writer.h"

#include "log_escape.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_SIZE 24

void line_begin(struct line_writer *line, char *out, size_t size)
{
    assert(size >= 256);
    *line = (struct line_writer){.out = out, .size = size};
}

/* What is left, less the newline. */
static size_t room(const struct line_writer *line)
{
    return line->size - line->len - 1;
}

static void put(struct line_writer *line, const char *text, size_t len)
{
    memcpy(line->out + line->len, text, len);
    line->len += len;
}

/* " key=", if so much and `more` bytes fit. */
static bool begin_value(struct line_writer *line, const char *key, size_t more)
{
    size_t len = strlen(key);
    if (room(line) < len + 2 + more)
        return false;
    if (line->len > 0)
        put(line, " ", 1);
    put(line, key, len);
    put(line, "=", 1);
    return true;
}

void line_bytes(struct line_writer *line, const char *key, const char *text, size_t len)
{
    if (len > 0 && begin_value(line, key, LOG_ESCAPE_LEAST))
        line->len += log_escape(LOG_STYLE_LOGFMT, text, len, line->out + line->len, room(line));
}

void line_text(struct line_writer *line, const char *key, const char *text)
{
    line_bytes(line, key, text, strlen(text));
}

void line_integer(struct line_writer *line, const char *key, int64_t number)
{
    char digits[NUMBER_SIZE], *at = digits + sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        *--at = '-';
    size_t len = (size_t)(digits + sizeof digits - at);
    if (begin_value(line, key, len))
        put(line, at, len);
}

void line_hex(struct line_writer *line, const char *key, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    if (!begin_value(line, key, 2 * len))
        return;
    for (size_t i = 0; i < len; i++) {
        line->out[line->len++] = digits[data[i] >> 4];
        line->out[line->len++] = digits[data[i] & 15];
    }
}

void line_word(struct line_writer *line, const char *word)
{
    size_t len = strlen(word);
    if (room(line) < len + 1)
        return;
    if (line->len > 0)
        put(line, " ", 1);
    put(line, word, len);
}

size_t line_end(struct line_writer *line)
{
    line->out[line->len++] = '\n';
    return line->len;
}
