/* The one bounds-checked cursor of the library, and a growing buffer. No parser does pointer arithmetic. */
#ifndef LIBTRUST_BUF_H
#define LIBTRUST_BUF_H

#include "trust/error.h"

#include <stdbool.h>

/* Reads forward through bytes that somebody else owns and never past their end. base is where the bytes start
 * in the outermost input, so that errors of nested parts name a byte of the whole. */
struct buf_reader {
    struct trust_bytes bytes;
    size_t pos;
    size_t base;
};

struct buf_reader buf_reader_of(struct trust_bytes bytes);

size_t buf_remaining(const struct buf_reader *reader);

/* Offset of the next byte in the outermost input. */
size_t buf_offset(const struct buf_reader *reader);

/* The rest, without moving. */
struct trust_bytes buf_rest(const struct buf_reader *reader);

/* Big-endian numbers. false if not that many bytes remain: nothing has moved, *out is 0. */
bool buf_read_u8(struct buf_reader *reader, uint8_t *out) TRUST_MUST_CHECK;
bool buf_read_u16(struct buf_reader *reader, uint16_t *out) TRUST_MUST_CHECK;
bool buf_read_u32(struct buf_reader *reader, uint32_t *out) TRUST_MUST_CHECK;

/* The next byte without moving. */
bool buf_peek_u8(const struct buf_reader *reader, uint8_t *out) TRUST_MUST_CHECK;

/* The next n bytes, borrowed. false if fewer remain: nothing has moved, *out is empty. */
bool buf_read_bytes(struct buf_reader *reader, size_t n, struct trust_bytes *out) TRUST_MUST_CHECK;

/* A reader of the next n bytes, for a nested length; the outer one moves behind them. Same failure. */
bool buf_read_sub(struct buf_reader *reader, size_t n, struct buf_reader *out) TRUST_MUST_CHECK;

/* Collects bytes. A failure (out of memory, more than max) sticks: later writes do nothing, and
 * buf_writer_take reports it. Embedded: buf_writer_init, then buf_writer_fini or buf_writer_take. */
struct buf_writer {
    uint8_t *data;
    size_t len;
    size_t capacity;
    size_t max;
    int failed; /* 0, TRUST_ENOMEM or TRUST_ETOOLARGE */
};

void buf_writer_init(struct buf_writer *writer, size_t max);
void buf_writer_fini(struct buf_writer *writer);

void buf_write_u8(struct buf_writer *writer, uint8_t value);
void buf_write_u16(struct buf_writer *writer, uint16_t value);
void buf_write_u32(struct buf_writer *writer, uint32_t value);
void buf_write_bytes(struct buf_writer *writer, struct trust_bytes bytes);
void buf_write_text(struct buf_writer *writer, const char *text); /* without its NUL */

/* Drop what was written behind the first len bytes. */
void buf_write_cut(struct buf_writer *writer, size_t len);

/* Overwrite two bytes that were written before, at offset `at`, by value. A value over 65535 makes the writer
 * fail with TRUST_ETOOLARGE. */
void buf_patch_u16(struct buf_writer *writer, size_t at, size_t value);

/* Hand the bytes over (never NULL; one NUL stands behind them, not counted, so that text is a C string) and
 * leave the writer empty. len may be NULL. what names the result in the error ("the list"). The caller frees
 * *out with free(). */
int buf_writer_take(struct buf_writer *writer, const char *what, uint8_t **out, size_t *len,
                    struct trust_error *err) TRUST_MUST_CHECK;

#endif
