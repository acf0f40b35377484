/* Names printed in CUCM's two forms, and their canonical forms. */
#include "buf.h"
#include "name_parts.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>

/* Every byte costs three when it is printed in hex; types and separators come on top. */
#define PRINT_MAX (8 * NAME_MAX_BYTES)

static void write_hex_byte(struct buf_writer *out, uint8_t byte)
{
    static const char hex[] = "0123456789ABCDEF";
    buf_write_u8(out, (uint8_t)hex[byte >> 4]);
    buf_write_u8(out, (uint8_t)hex[byte & 15]);
}

/* Bytes with control and invalid ones as \XX; those of `special` get a backslash. */
static void write_escaped(struct buf_writer *out, struct trust_bytes text, const char *special)
{
    for (size_t i = 0, n; i<text.len; i += n> 0 ? n : 1) {
        n = utf8_printable((struct trust_bytes){text.data + i, text.len - i});
        if (n == 0 || (n == 1 && strchr(special, text.data[i]) != NULL))
            buf_write_u8(out, '\\');
        if (n == 0)
            write_hex_byte(out, text.data[i]);
        buf_write_bytes(out, (struct trust_bytes){text.data + i, n});
    }
}

/* Whether a text would be read back as DER in hex: blanks around it do not count then. */
static int looks_like_der(struct trust_bytes text, bool *is_hex)
{
    *is_hex = false;
    while (text.len > 0 && text.data[0] == ' ') {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && text.data[text.len - 1] == ' ')
        text.len--;
    if (text.len < 2 || text.data[0] != '#')
        return 0;
    return name_is_hex_value((struct trust_bytes){text.data + 1, text.len - 1}, is_hex);
}

static void write_value(struct buf_writer *out, const struct name_part *part)
{
    if (part->is_der) {
        buf_write_u8(out, '#');
        for (size_t i = 0; i < part->len; i++)
            write_hex_byte(out, part->value[i]);
        return;
    }
    bool like_der;
    if (looks_like_der((struct trust_bytes){part->value, part->len}, &like_der) != 0)
        out->failed = TRUST_ENOMEM;
    else if (like_der)
        buf_write_u8(out, '\\');
    write_escaped(out, (struct trust_bytes){part->value, part->len}, ";,+\"\\<>");
}

static bool is_dc(const struct name_part *part)
{
    return strcmp(part->type, "DC") == 0;
}

static bool has_only_dc(const struct name_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        if (!is_dc(&parts->items[i]))
            return false;
    return true;
}

/* CUCM's order, whatever the order of the DER. */
static const char *const cucm_order[] = {"CN", "OU", "O", "L", "ST", "C"};
#define CUCM_ORDER_COUNT (sizeof cucm_order / sizeof cucm_order[0])

static size_t rank_of(const struct name_part *part)
{
    size_t rank = 0;
    while (rank < CUCM_ORDER_COUNT && strcmp(cucm_order[rank], part->type) != 0)
        rank++;
    return rank;
}

static void write_part(struct buf_writer *out, const struct name_part *part, char separator)
{
    if (out->len > 0)
        buf_write_u8(out, (uint8_t)separator);
    buf_write_text(out, part->type);
    buf_write_u8(out, '=');
    write_value(out, part);
}

static void write_cucm(struct buf_writer *out, const struct name_parts *parts, char separator)
{
    for (size_t rank = 0; rank <= CUCM_ORDER_COUNT; rank++)
        for (size_t i = 0; i < parts->count; i++)
            if (rank_of(&parts->items[i]) == rank && !is_dc(&parts->items[i]))
                write_part(out, &parts->items[i], separator);
}

/* Domain components, most special first ("DC=rcdncollab,DC=com") in the database's form: DER has them the
 * other way round. */
static void write_domain(struct buf_writer *out, const struct name_parts *parts, bool reverse, char separator)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct name_part *part = &parts->items[reverse ? parts->count - 1 - i : i];
        if (is_dc(part))
            write_part(out, part, separator);
    }
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* The value with ASCII case folded, blanks trimmed and each run of them one blank. */
static int fold(const struct name_part *part, uint8_t **out, size_t *len, struct trust_error *err)
{
    struct buf_writer writer;
    buf_writer_init(&writer, NAME_MAX_BYTES);
    bool blank = false;
    for (size_t i = 0; i < part->len; i++) {
        uint8_t c = part->value[i];
        if (c == ' ' || c == '\t') {
            blank = true;
            continue;
        }
        if (blank && writer.len > 0)
            buf_write_u8(&writer, ' ');
        blank = false;
        buf_write_u8(&writer, lower(c));
    }
    return buf_writer_take(&writer, "a value of a name", out, len, err);
}

/* "TYPE=value" so that different parts differ whatever their values hold: what could end a value is escaped,
 * and an unescaped '#' starts DER alone. */
static int canonical_part(const struct name_part *part, char **out, struct trust_error *err)
{
    struct buf_writer writer;
    buf_writer_init(&writer, PRINT_MAX);
    uint8_t *folded = NULL;
    size_t len;
    int code = fold(part, &folded, &len, err);
    *out = NULL;
    if (code != 0)
        goto out;
    buf_write_text(&writer, part->type);
    buf_write_u8(&writer, '=');
    if (part->is_der) {
        write_value(&writer, part);
    } else {
        if (len > 0 && folded[0] == '#')
            buf_write_u8(&writer, '\\');
        write_escaped(&writer, (struct trust_bytes){folded, len}, ";,+\"\\<>");
    }
    uint8_t *text;
    code = buf_writer_take(&writer, "a name", &text, NULL, err);
    *out = (char *)text;
out:
    buf_writer_fini(&writer);
    free(folded);
    return code;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The parts sorted, as a multiset: writers do not agree on an order. */
static int print_canonical(const struct name_parts *parts, bool with_dc, struct buf_writer *out,
                           struct trust_error *err)
{
    int code = 0;
    size_t count = 0;
    char **texts = calloc(parts->count + 1, sizeof *texts);
    if (texts == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "a name: out of memory");
    for (size_t i = 0; code == 0 && i < parts->count; i++) {
        if (!with_dc && is_dc(&parts->items[i]))
            continue;
        code = canonical_part(&parts->items[i], &texts[count], err);
        count += code == 0;
    }
    if (count > 1)
        qsort(texts, count, sizeof *texts, compare_text);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_write_u8(out, ';');
        buf_write_text(out, texts[i]);
        free(texts[i]);
    }
    free(texts);
    return code;
}

int name_parts_print(const struct name_parts *parts, enum name_form form, char **out, struct trust_error *err)
{
    bool only_dc = has_only_dc(parts);
    struct buf_writer writer;
    buf_writer_init(&writer, PRINT_MAX);
    uint8_t *text = NULL;
    int code = 0;
    *out = NULL;
    switch (form) {
    case NAME_CUCM:
        write_cucm(&writer, parts, ';');
        if (only_dc)
            write_domain(&writer, parts, false, ';');
        break;
    case NAME_DATABASE:
        write_cucm(&writer, parts, ',');
        write_domain(&writer, parts, parts->from_der, ',');
        break;
    case NAME_CANONICAL:
        code = print_canonical(parts, only_dc, &writer, err);
        break;
    case NAME_CANONICAL_FULL:
        code = print_canonical(parts, true, &writer, err);
        break;
    }
    if (code == 0)
        code = buf_writer_take(&writer, "a name", &text, NULL, err);
    buf_writer_fini(&writer);
    *out = (char *)text;
    return code;
}

/* As fold() takes them: what is equal in the canonical form is alike here, too. */
static void write_tabs_as_blanks(struct buf_writer *out, struct trust_bytes text)
{
    const uint8_t *tab;
    while (text.len > 0 && (tab = memchr(text.data, '\t', text.len)) != NULL) {
        const size_t before = (size_t)(tab - text.data);
        write_escaped(out, (struct trust_bytes){text.data, before}, "");
        buf_write_u8(out, ' ');
        text = (struct trust_bytes){tab + 1, text.len - before - 1};
    }
    write_escaped(out, text, "");
}

int name_parts_first(const struct name_parts *parts, const char *type, char **out, struct trust_error *err)
{
    struct buf_writer writer;
    buf_writer_init(&writer, PRINT_MAX);
    uint8_t *text;
    for (size_t i = 0; i < parts->count; i++) {
        const struct name_part *part = &parts->items[i];
        if (strcmp(part->type, type) == 0 && !part->is_der) {
            write_tabs_as_blanks(&writer, (struct trust_bytes){part->value, part->len});
            break;
        }
    }
    int code = buf_writer_take(&writer, "a name", &text, NULL, err);
    *out = (char *)text;
    return code;
}
