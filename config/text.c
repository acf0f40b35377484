#include "text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Well-formed byte sequences: table 3-7 of the Unicode standard. */
uint32_t text_decode(const char *text, size_t len, size_t *size)
{
    assert(len > 0);
    const unsigned char *in = (const unsigned char *)text;
    unsigned char first = in[0];
    *size = 1;
    if (first < 0x80)
        return first;
    if (first < 0xc2 || first > 0xf4)
        return TEXT_INVALID;
    size_t need = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (len < need)
        return TEXT_INVALID;
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (in[1] < low || in[1] > high)
        return TEXT_INVALID;
    uint32_t code = first & (0xffU >> (need + 1));
    for (size_t i = 1; i < need; i++) {
        if ((in[i] & 0xc0) != 0x80)
            return TEXT_INVALID;
        code = code << 6 | (in[i] & 0x3f);
    }
    *size = need;
    return code;
}

bool text_is_plain(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } harmful[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},       {0xad, 0xad},             /* controls, soft hyphen */
        {0x061c, 0x061c}, {0x180e, 0x180e},   {0x200b, 0x200f},         /* zero width, direction marks */
        {0x2028, 0x202e}, {0x2060, 0x206f},   {0xd800, 0xdfff},         /* line ends, direction, surrogates */
        {0xfdd0, 0xfdef}, {0xfeff, 0xfeff},   {0xfff9, 0xfffb},         /* byte order mark, annotations */
        {0xfffe, 0xffff}, {0xe0000, 0xe0fff}, {0x10ffff, TEXT_INVALID}, /* tags */
    };
    if (code >= 0x20 && code < 0x7f) /* nearly all */
        return true;
    for (size_t i = 0; i < sizeof harmful / sizeof harmful[0]; i++)
        if (code >= harmful[i].first && code <= harmful[i].last)
            return false;
    return true;
}

char *text_show(const char *text, size_t len, char *out, size_t size)
{
    static const char cut[] = "…";
    assert(size >= 16);
    size_t used = 0, cut_at = 0; /* where "…" would still fit */
    for (size_t i = 0, step; i < len; i += step) {
        char unit[8];
        size_t unit_len;
        if (text_is_plain(text_decode(text + i, len - i, &step))) {
            memcpy(unit, text + i, step);
            unit_len = step;
        } else {
            step = 1;
            unit_len = (size_t)snprintf(unit, sizeof unit, "\\x%02X", (unsigned char)text[i]);
        }
        if (used + unit_len >= size) {
            memcpy(out + cut_at, cut, sizeof cut);
            return out;
        }
        memcpy(out + used, unit, unit_len);
        used += unit_len;
        if (used + sizeof cut <= size)
            cut_at = used;
    }
    out[used] = '\0';
    return out;
}
