#include "outbox.h"

#include <assert.h>
#include <stdlib.h>

/* The first is of a size that malloc has at hand, and holds one answer to a query or many to verifies; who
 * sends many questions at once gets larger ones. */
#define BLOCK_FIRST 984
#define BLOCK_SIZE  4096

struct outbox_block {
    struct outbox_block *next;
    int64_t started;
    size_t sent, len, size;
    uint8_t data[];
};
_Static_assert(sizeof(struct outbox_block) + BLOCK_FIRST <= 1024, "the first block is a small one");

uint8_t *outbox_add(struct outbox *outbox, size_t len, int64_t started)
{
    struct outbox_block *block = outbox->last;
    /* Answers share a block, and thus a TLS record, only if one deadline serves them all. */
    if (block == NULL || block->started != started || block->size - block->len < len) {
        size_t least = block == NULL ? BLOCK_FIRST : BLOCK_SIZE, size = len > least ? len : least;
        block = malloc(sizeof *block + size);
        if (block == NULL)
            return NULL;
        *block = (struct outbox_block){.started = started, .size = size};
        if (outbox->last != NULL)
            outbox->last->next = block;
        else
            outbox->first = block;
        outbox->last = block;
        outbox->held += sizeof *block + size;
    }
    uint8_t *room = block->data + block->len;
    block->len += len;
    return room;
}

struct trust_bytes outbox_next(const struct outbox *outbox)
{
    const struct outbox_block *block = outbox->first;
    if (block == NULL)
        return (struct trust_bytes){NULL, 0};
    return (struct trust_bytes){block->data + block->sent, block->len - block->sent};
}

void outbox_sent(struct outbox *outbox, size_t len)
{
    struct outbox_block *block = outbox->first;
    assert(block != NULL && len <= block->len - block->sent);
    block->sent += len;
    if (block->sent < block->len)
        return;
    outbox->first = block->next;
    if (outbox->first == NULL)
        outbox->last = NULL;
    outbox->held -= sizeof *block + block->size;
    free(block);
}

int64_t outbox_started(const struct outbox *outbox)
{
    assert(outbox->first != NULL);
    return outbox->first->started;
}

void outbox_fini(struct outbox *outbox)
{
    while (outbox->first != NULL) {
        struct outbox_block *block = outbox->first;
        outbox->first = block->next;
        free(block);
    }
    *outbox = (struct outbox){0};
}
