#include "ring.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

/* Positions count bytes from the beginning and never go back; the place in data is the position modulo size.
 * Each end writes its own position alone: release lets the other end see the bytes before it sees the
 * position, acquire is the other half of that. */
struct ring {
    size_t size;
    _Alignas(CACHE_LINE) atomic_size_t read;
    size_t taken; /* the consumer's own: how far it has copied out */
    _Alignas(CACHE_LINE) atomic_size_t written;
    atomic_uint_fast64_t lost;
    _Alignas(CACHE_LINE) unsigned char data[];
};

struct ring *ring_new(size_t size)
{
    assert(size > 0 && (size & (size - 1)) == 0);
    size_t whole = (sizeof(struct ring) + size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    struct ring *ring = aligned_alloc(CACHE_LINE, whole);
    if (ring == NULL)
        return NULL;
    ring->size = size;
    ring->taken = 0;
    atomic_init(&ring->read, 0);
    atomic_init(&ring->written, 0);
    atomic_init(&ring->lost, 0);
    return ring;
}

void ring_free(struct ring *ring)
{
    free(ring);
}

static void copy_in(struct ring *ring, size_t position, struct trust_bytes from)
{
    size_t at = position & (ring->size - 1), first = ring->size - at < from.len ? ring->size - at : from.len;
    if (from.len == 0)
        return;
    memcpy(ring->data + at, from.data, first);
    memcpy(ring->data, from.data + first, from.len - first);
}

bool ring_push(struct ring *ring, struct trust_bytes head, struct trust_bytes tail)
{
    size_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    size_t read = atomic_load_explicit(&ring->read, memory_order_acquire);
    if (head.len + tail.len > ring->size - (written - read)) {
        atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
        return false;
    }
    copy_in(ring, written, head);
    copy_in(ring, written + head.len, tail);
    atomic_store_explicit(&ring->written, written + head.len + tail.len, memory_order_release);
    return true;
}

bool ring_is_filling(const struct ring *ring)
{
    return atomic_load_explicit(&ring->written, memory_order_relaxed) -
               atomic_load_explicit(&ring->read, memory_order_relaxed) >
           ring->size / 2;
}

size_t ring_mark(const struct ring *ring)
{
    return atomic_load_explicit(&ring->written, memory_order_acquire);
}

bool ring_has(const struct ring *ring, size_t mark)
{
    return ring->taken != mark;
}

void ring_take(struct ring *ring, void *out, size_t len)
{
    size_t at = ring->taken & (ring->size - 1), first = ring->size - at < len ? ring->size - at : len;
    memcpy(out, ring->data + at, first);
    memcpy((unsigned char *)out + first, ring->data, len - first);
    ring->taken += len;
}

void ring_release(struct ring *ring)
{
    atomic_store_explicit(&ring->read, ring->taken, memory_order_release);
}

uint64_t ring_take_lost(struct ring *ring)
{
    return atomic_exchange_explicit(&ring->lost, 0, memory_order_relaxed);
}
