#include "buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct buf_reader buf_reader_of(struct trust_bytes bytes)
{
    assert(bytes.data != NULL || bytes.len == 0);
    return (struct buf_reader){.bytes = bytes};
}

size_t buf_remaining(const struct buf_reader *reader)
{
    assert(reader->pos <= reader->bytes.len);
    return reader->bytes.len - reader->pos;
}

size_t buf_offset(const struct buf_reader *reader)
{
    return reader->base + reader->pos;
}

struct trust_bytes buf_rest(const struct buf_reader *reader)
{
    size_t n = buf_remaining(reader);
    return (struct trust_bytes){n > 0 ? reader->bytes.data + reader->pos : NULL, n};
}

static bool read_number(struct buf_reader *reader, size_t n, uint32_t *out)
{
    struct trust_bytes bytes;
    *out = 0;
    if (!buf_read_bytes(reader, n, &bytes))
        return false;
    for (size_t i = 0; i < n; i++)
        *out = *out << 8 | bytes.data[i];
    return true;
}

bool buf_read_u8(struct buf_reader *reader, uint8_t *out)
{
    uint32_t value;
    bool ok = read_number(reader, 1, &value);
    *out = (uint8_t)value;
    return ok;
}

bool buf_read_u16(struct buf_reader *reader, uint16_t *out)
{
    uint32_t value;
    bool ok = read_number(reader, 2, &value);
    *out = (uint16_t)value;
    return ok;
}

bool buf_read_u32(struct buf_reader *reader, uint32_t *out)
{
    return read_number(reader, 4, out);
}

bool buf_peek_u8(const struct buf_reader *reader, uint8_t *out)
{
    struct buf_reader ahead = *reader;
    return buf_read_u8(&ahead, out);
}

bool buf_read_bytes(struct buf_reader *reader, size_t n, struct trust_bytes *out)
{
    *out = (struct trust_bytes){NULL, 0};
    if (n > buf_remaining(reader))
        return false;
    if (n > 0)
        *out = (struct trust_bytes){reader->bytes.data + reader->pos, n};
    reader->pos += n;
    return true;
}

bool buf_read_sub(struct buf_reader *reader, size_t n, struct buf_reader *out)
{
    size_t base = buf_offset(reader);
    *out = (struct buf_reader){.base = base};
    return buf_read_bytes(reader, n, &out->bytes);
}

void buf_writer_init(struct buf_writer *writer, size_t max)
{
    assert(max < SIZE_MAX / 2);
    *writer = (struct buf_writer){.max = max};
}

void buf_writer_fini(struct buf_writer *writer)
{
    free(writer->data);
    *writer = (struct buf_writer){.max = writer->max};
}

/* Room for n bytes more and the NUL of buf_writer_take. */
static bool reserve(struct buf_writer *writer, size_t n)
{
    if (writer->failed != 0)
        return false;
    if (n > writer->max - writer->len) {
        writer->failed = TRUST_ETOOLARGE;
        return false;
    }
    size_t need = writer->len + n + 1;
    if (need <= writer->capacity)
        return true;
    size_t capacity = writer->capacity * 2 > need ? writer->capacity * 2 : need;
    capacity = capacity > 64 ? capacity : 64;
    uint8_t *data = realloc(writer->data, capacity);
    if (data == NULL) {
        writer->failed = TRUST_ENOMEM;
        return false;
    }
    writer->data = data;
    writer->capacity = capacity;
    return true;
}

void buf_write_bytes(struct buf_writer *writer, struct trust_bytes bytes)
{
    if (!reserve(writer, bytes.len) || bytes.len == 0)
        return;
    memcpy(writer->data + writer->len, bytes.data, bytes.len);
    writer->len += bytes.len;
}

void buf_write_text(struct buf_writer *writer, const char *text)
{
    buf_write_bytes(writer, (struct trust_bytes){(const uint8_t *)text, strlen(text)});
}

void buf_write_u8(struct buf_writer *writer, uint8_t value)
{
    buf_write_bytes(writer, (struct trust_bytes){&value, 1});
}

void buf_write_u16(struct buf_writer *writer, uint16_t value)
{
    uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};
    buf_write_bytes(writer, (struct trust_bytes){bytes, sizeof bytes});
}

void buf_write_u32(struct buf_writer *writer, uint32_t value)
{
    buf_write_u16(writer, (uint16_t)(value >> 16));
    buf_write_u16(writer, (uint16_t)value);
}

void buf_write_cut(struct buf_writer *writer, size_t len)
{
    assert(len <= writer->len);
    writer->len = len;
}

void buf_patch_u16(struct buf_writer *writer, size_t at, size_t value)
{
    if (writer->failed != 0)
        return;
    assert(at + 2 <= writer->len);
    if (value > UINT16_MAX) {
        writer->failed = TRUST_ETOOLARGE;
        return;
    }
    writer->data[at] = (uint8_t)(value >> 8);
    writer->data[at + 1] = (uint8_t)value;
}

int buf_writer_take(struct buf_writer *writer, const char *what, uint8_t **out, size_t *len,
                    struct trust_error *err)
{
    *out = NULL;
    if (len != NULL)
        *len = 0;
    int code = reserve(writer, 0) ? 0 : writer->failed;
    if (code == TRUST_ENOMEM)
        trust_error_set(err, code, TRUST_NO_OFFSET, "%s: out of memory", what);
    else if (code != 0)
        trust_error_set(err, code, TRUST_NO_OFFSET,
                        "%s: too large: a length does not fit, or it is over %zu bytes", what, writer->max);
    if (code == 0) {
        writer->data[writer->len] = '\0';
        if (len != NULL)
            *len = writer->len;
        *out = writer->data;
        writer->data = NULL;
    }
    buf_writer_fini(writer);
    return code;
}
