#include "log_ring.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

/* Positions count bytes from the beginning and never go back; the place in data is the position modulo size.
 * Each end writes its own position alone: release lets the other end see the bytes before it sees the
 * position, acquire is the other half of that. */
struct log_ring {
    size_t size;
    _Alignas(CACHE_LINE) atomic_size_t read;
    _Alignas(CACHE_LINE) atomic_size_t written;
    atomic_uint_fast64_t lost;
    _Alignas(CACHE_LINE) unsigned char data[];
};

struct record {
    uint16_t len, body;
    uint8_t level;
};

_Static_assert(LOG_LINE_MAX <= UINT16_MAX, "a line's length must fit into its record");

struct log_ring *log_ring_new(size_t size)
{
    assert((size & (size - 1)) == 0 && size >= sizeof(struct record) + LOG_LINE_MAX);
    size_t whole = (sizeof(struct log_ring) + size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    struct log_ring *ring = aligned_alloc(CACHE_LINE, whole);
    if (ring == NULL)
        return NULL;
    ring->size = size;
    atomic_init(&ring->read, 0);
    atomic_init(&ring->written, 0);
    atomic_init(&ring->lost, 0);
    return ring;
}

void log_ring_free(struct log_ring *ring)
{
    free(ring);
}

static void copy_in(struct log_ring *ring, size_t position, const void *from, size_t len)
{
    size_t at = position & (ring->size - 1), first = ring->size - at < len ? ring->size - at : len;
    memcpy(ring->data + at, from, first);
    memcpy(ring->data, (const unsigned char *)from + first, len - first);
}

static void copy_out(const struct log_ring *ring, size_t position, void *to, size_t len)
{
    size_t at = position & (ring->size - 1), first = ring->size - at < len ? ring->size - at : len;
    memcpy(to, ring->data + at, first);
    memcpy((unsigned char *)to + first, ring->data, len - first);
}

bool log_ring_push(struct log_ring *ring, const struct log_line *line)
{
    size_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    size_t read = atomic_load_explicit(&ring->read, memory_order_acquire);
    struct record record = {(uint16_t)line->len, (uint16_t)line->body, (uint8_t)line->level};
    assert(line->len <= LOG_LINE_MAX);
    if (sizeof record + line->len > ring->size - (written - read)) {
        atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
        return false;
    }
    copy_in(ring, written, &record, sizeof record);
    copy_in(ring, written + sizeof record, line->text, line->len);
    atomic_store_explicit(&ring->written, written + sizeof record + line->len, memory_order_release);
    return true;
}

size_t log_ring_mark(const struct log_ring *ring)
{
    return atomic_load_explicit(&ring->written, memory_order_acquire);
}

bool log_ring_pop(struct log_ring *ring, size_t mark, struct log_line *out)
{
    size_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
    struct record record;
    if (read == mark)
        return false;
    copy_out(ring, read, &record, sizeof record);
    out->len = record.len;
    out->body = record.body;
    out->level = record.level;
    copy_out(ring, read + sizeof record, out->text, record.len);
    atomic_store_explicit(&ring->read, read + sizeof record + record.len, memory_order_release);
    return true;
}

uint64_t log_ring_take_lost(struct log_ring *ring)
{
    return atomic_exchange_explicit(&ring->lost, 0, memory_order_relaxed);
}
