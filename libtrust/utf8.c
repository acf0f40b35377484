#include "utf8.h"

#include "internal.h"

#include <assert.h>
#include <string.h>

size_t utf8_decode(struct trust_bytes bytes, uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (bytes.len == 0)
        return 0;
    uint8_t first = bytes.data[0];
    size_t need = first < 0x80   ? 1
                  : first < 0xc0 ? 0
                  : first < 0xe0 ? 2
                  : first < 0xf0 ? 3
                  : first < 0xf8 ? 4
                                 : 0;
    if (need == 0 || need > bytes.len)
        return 0;
    uint32_t value = need == 1 ? first : first & (0x7fU >> need);
    for (size_t i = 1; i < need; i++) {
        if ((bytes.data[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (bytes.data[i] & 0x3f);
    }
    if (value < smallest[need] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code = value;
    return need;
}

bool utf8_is_printable(uint32_t code)
{
    /* What is invisible makes two names look like one; what changes the direction makes one look like
     * another. config/text.c has the same table, and fuzz_name holds them to that. */
    static const struct {
        uint32_t first, last;
    } harmful[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},
        {0xad, 0xad}, /* controls, soft hyphen */
        {0x061c, 0x061c},   {0x180e, 0x180e},
        {0x200b, 0x200f}, /* zero width, direction marks */
        {0x2028, 0x202e},   {0x2060, 0x206f},
        {0xfdd0, 0xfdef}, /* line ends, direction, no characters */
        {0xfeff, 0xfeff},   {0xfff9, 0xfffb},
        {0xfffe, 0xffff},                           /* byte order mark, annotations */
        {0xe0000, 0xe0fff}, {0x10ffff, UINT32_MAX}, /* tags */
    };
    for (size_t i = 0; i < sizeof harmful / sizeof harmful[0]; i++)
        if (code >= harmful[i].first && code <= harmful[i].last)
            return false;
    return true;
}

size_t utf8_printable(struct trust_bytes bytes)
{
    uint32_t code;
    size_t n = utf8_decode(bytes, &code);
    return n > 0 && utf8_is_printable(code) ? n : 0;
}

void utf8_clean(char *text)
{
    struct trust_bytes rest = {(const uint8_t *)text, strlen(text)};
    for (size_t i = 0, len = rest.len; i < len;) {
        size_t n = utf8_printable((struct trust_bytes){rest.data + i, len - i});
        if (n == 0)
            text[i] = '?';
        i += n > 0 ? n : 1;
    }
}

/* One character of the input, escaped if it must be; returns its length in out (at most 4). */
static size_t escape_one(struct trust_bytes rest, char out[5], size_t *used)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = utf8_printable(rest);
    if (n > 0 && rest.data[0] != '\\') {
        memcpy(out, rest.data, n);
        *used = n;
        return n;
    }
    *used = 1;
    out[0] = '\\';
    if (rest.data[0] == '\\') {
        out[1] = '\\';
        return 2;
    }
    out[1] = hex[rest.data[0] >> 4];
    out[2] = hex[rest.data[0] & 15];
    return 3;
}

char *utf8_escape(struct trust_bytes bytes, char *out, size_t size)
{
    assert(size >= 4);
    size_t len = 0, cut = 0; /* cut: where "..." still fits */
    for (size_t i = 0, used; i < bytes.len; i += used) {
        char piece[5];
        size_t n = escape_one((struct trust_bytes){bytes.data + i, bytes.len - i}, piece, &used);
        if (len + n + 1 > size) {
            memcpy(out + cut, "...", 4);
            return out;
        }
        memcpy(out + len, piece, n);
        len += n;
        if (len + 4 <= size)
            cut = len;
    }
    out[len] = '\0';
    return out;
}
