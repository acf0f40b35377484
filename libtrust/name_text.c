/* Names in text. One issuer is spelt in several ways (trust/name.h); this reads all of them. */
#include "buf.h"
#include "name_parts.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_separator(uint8_t c)
{
    return c == ';' || c == ',' || c == '+';
}

static bool is_type_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void skip(struct buf_reader *in, bool (*is)(uint8_t))
{
    uint8_t c;
    while (buf_peek_u8(in, &c) && is(c))
        (void)!buf_read_u8(in, &c);
}

static size_t count_type_chars(const struct buf_reader *in)
{
    struct buf_reader ahead = *in;
    skip(&ahead, is_type_char);
    return ahead.pos - in->pos;
}

/* "TYPE =": takes it and returns true, or leaves *in as it was. */
static bool read_type(struct buf_reader *in, struct trust_bytes *type)
{
    struct buf_reader ahead = *in;
    uint8_t c;
    size_t n = count_type_chars(&ahead);
    if (n == 0 || !buf_read_bytes(&ahead, n, type))
        return false;
    skip(&ahead, is_blank);
    if (!buf_read_u8(&ahead, &c) || c != '=')
        return false;
    *in = ahead;
    return true;
}

/* Behind a separator: does the value before it end there? Writers that do not escape leave values such as
 * `Cisco Systems, Inc.` or `C++`, where no attribute follows. */
static bool value_ends(uint8_t separator, struct buf_reader in)
{
    struct trust_bytes type;
    uint8_t c;
    skip(&in, is_blank);
    if (separator != '+' && (!buf_peek_u8(&in, &c) || is_separator(c)))
        return true;
    return read_type(&in, &type);
}

/* What follows a backslash: two hex digits are a byte (RFC 4514 section 3), anything else stands for itself.
 */
static int read_escape(struct buf_reader *in, struct buf_writer *value, struct trust_error *err)
{
    uint8_t first, second;
    if (!buf_read_u8(in, &first))
        return trust_error_set(err, TRUST_ENAME, buf_offset(in) - 1, "a name ends in a lone backslash");
    if (hex_digit(first) >= 0 && buf_peek_u8(in, &second) && hex_digit(second) >= 0) {
        buf_write_u8(value, (uint8_t)(hex_digit(first) << 4 | hex_digit(second)));
        return buf_read_u8(in, &second) ? 0 : TRUST_ENAME;
    }
    buf_write_u8(value, first);
    return 0;
}

/* A value from behind its opening quote. The last quote of a name may be missing: CUCM's eToken client cuts
 * it off. A doubled quote is one that belongs to the value, as Windows writes it. */
static int read_quoted(struct buf_reader *in, struct buf_writer *value, struct trust_error *err)
{
    uint8_t c, next;
    while (buf_read_u8(in, &c)) {
        if (c == '\\') {
            int code = read_escape(in, value, err);
            if (code != 0)
                return code;
            continue;
        }
        if (c == '"' && (!buf_peek_u8(in, &next) || next != '"'))
            break;
        if (c == '"' && !buf_read_u8(in, &c))
            break;
        buf_write_u8(value, c);
    }
    skip(in, is_blank);
    if (buf_peek_u8(in, &c) && !is_separator(c))
        return trust_error_set(err, TRUST_ENAME, buf_offset(in),
                               "a name has text between a closing quote and the next separator");
    return 0;
}

/* A value up to the separator that ends it, which is left; blanks at its end do not count unless escaped. */
static int read_plain(struct buf_reader *in, struct buf_writer *value, struct trust_error *err)
{
    size_t keep = 0;
    uint8_t c;
    while (buf_peek_u8(in, &c)) {
        struct buf_reader before = *in;
        if (!buf_read_u8(in, &c) || (is_separator(c) && value_ends(c, *in))) {
            *in = before;
            break;
        }
        if (c == '\\') {
            int code = read_escape(in, value, err);
            if (code != 0)
                return code;
        } else {
            buf_write_u8(value, c);
        }
        if (c == '\\' || !is_blank(c))
            keep = value->len;
    }
    buf_write_cut(value, keep);
    return 0;
}

static int read_value(struct buf_reader *in, struct buf_writer *value, bool *is_hash, struct trust_error *err)
{
    uint8_t c = 0;
    skip(in, is_blank);
    if (buf_peek_u8(in, &c) && c == '"') {
        *is_hash = false;
        return buf_read_u8(in, &c) ? read_quoted(in, value, err) : TRUST_ENAME;
    }
    *is_hash = c == '#';
    return read_plain(in, value, err);
}

static int add_value(struct name_parts *parts, struct trust_bytes type, struct trust_bytes value,
                     bool is_hash, struct trust_error *err)
{
    if (is_hash) {
        struct buf_reader hex = buf_reader_of(value);
        uint8_t hash;
        bool is_hex = false;
        int code =
            buf_read_u8(&hex, &hash) ? name_parts_add_hex(parts, type, buf_rest(&hex), &is_hex, err) : 0;
        if (code != 0 || is_hex)
            return code;
    }
    return name_parts_add(parts, type, value, false, err);
}

static int read_part(struct buf_reader *in, struct name_parts *parts, struct trust_error *err)
{
    struct trust_bytes type;
    if (!read_type(in, &type))
        return trust_error_set(err, TRUST_ENAME, buf_offset(in),
                               "not a distinguished name: no attribute such as CN= at byte %zu",
                               buf_offset(in));
    struct buf_writer writer;
    buf_writer_init(&writer, NAME_MAX_BYTES);
    uint8_t *value = NULL;
    size_t len;
    bool is_hash;
    int code = read_value(in, &writer, &is_hash, err);
    if (code != 0)
        goto out;
    code = buf_writer_take(&writer, "a value of a name", &value, &len, err);
    if (code != 0)
        goto out;
    code = add_value(parts, type, (struct trust_bytes){value, len}, is_hash, err);
out:
    buf_writer_fini(&writer);
    free(value);
    return code;
}

/* Separators with nothing between them are passed over. */
static bool is_between(uint8_t c)
{
    return is_blank(c) || is_separator(c);
}

int name_parts_parse(struct trust_bytes text, struct name_parts *parts, struct trust_error *err)
{
    if (text.len > 0 && text.data[text.len - 1] == '\0')
        text.len--;
    if (text.len == 0)
        return trust_error_set(err, TRUST_EEMPTY, 0, "an empty name");
    if (text.len > NAME_MAX_BYTES)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "a name of %zu bytes: %d are the most",
                               text.len, NAME_MAX_BYTES);
    const uint8_t *nul = memchr(text.data, '\0', text.len);
    if (nul != NULL)
        return trust_error_set(err, TRUST_ENAME, (size_t)(nul - text.data), "a name with a NUL inside");

    struct buf_reader in = buf_reader_of(text);
    int code = 0;
    for (skip(&in, is_between); code == 0 && buf_remaining(&in) > 0; skip(&in, is_between))
        code = read_part(&in, parts, err);
    if (code == 0 && parts->count == 0)
        code = trust_error_set(err, TRUST_EEMPTY, 0, "a name of blanks and separators alone");
    if (code != 0)
        name_parts_fini(parts);
    return code;
}
