/* The memory of an index: chunks that it may share with the one before it. Counts are plain: indexes that
 * share belong to one thread. */
#include "index_internal.h"

#include <assert.h>
#include <stdlib.h>

/* With what malloc puts before it, it fills whole pages. */
#define CHUNK_SIZE ((1 << 20) - 64 - sizeof(struct index_chunk))

int index_no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory for the index of certificates");
}

int index_grow(void **array, size_t *capacity, size_t count, size_t n, size_t size, struct trust_error *err)
{
    if (n <= *capacity - count)
        return 0;
    size_t wanted = *capacity > 0 ? *capacity : 64;
    while (wanted - count < n) {
        if (wanted > SIZE_MAX / 2 / size)
            return index_no_memory(err);
        wanted *= 2;
    }
    void *moved = realloc(*array, wanted * size);
    if (moved == NULL)
        return index_no_memory(err);
    *array = moved;
    *capacity = wanted;
    return 0;
}

static int grow_list(struct index_holds *holds, struct trust_error *err)
{
    void *list = holds->list;
    int rc = index_grow(&list, &holds->capacity, holds->count, 1, sizeof *holds->list, err);
    holds->list = list;
    return rc;
}

static struct index_chunk *open_chunk(const struct index_holds *holds)
{
    return holds->open != INDEX_FREE ? holds->list[holds->open].chunk : NULL;
}

int index_holds_take(struct index_holds *holds, size_t n, uint8_t **out, uint32_t *place,
                     struct trust_error *err)
{
    struct index_chunk *chunk = open_chunk(holds);
    if (chunk == NULL || chunk->size - chunk->used < n) {
        size_t size = n > CHUNK_SIZE ? n : CHUNK_SIZE;
        int rc = grow_list(holds, err);
        if (rc != 0)
            return rc;
        if (size > SIZE_MAX - sizeof *chunk || (chunk = malloc(sizeof *chunk + size)) == NULL)
            return index_no_memory(err);
        *chunk = (struct index_chunk){.holders = 1, .size = size};
        holds->open = (uint32_t)holds->count;
        holds->list[holds->count++] = (struct index_hold){.chunk = chunk};
    }
    *out = chunk->bytes + chunk->used;
    *place = holds->open;
    chunk->used += n;
    holds->list[holds->open].live += n;
    return 0;
}

int index_holds_share(struct index_holds *holds, const struct index_holds *other, uint32_t *moved,
                      struct trust_error *err)
{
    for (size_t i = 0; i < other->count; i++) {
        struct index_chunk *chunk = other->list[i].chunk;
        moved[i] = INDEX_FREE;
        /* Of the size, not of what is used: else each change would leave a chunk for good. */
        if (chunk == NULL || other->list[i].live < chunk->size / 2)
            continue;
        int rc = grow_list(holds, err);
        if (rc != 0)
            return rc;
        chunk->holders++;
        moved[i] = (uint32_t)holds->count;
        holds->list[holds->count++] = (struct index_hold){.chunk = chunk};
    }
    return 0;
}

static void let_go(struct index_hold *hold)
{
    struct index_chunk *chunk = hold->chunk;
    hold->chunk = NULL;
    if (chunk == NULL)
        return;
    assert(chunk->holders > 0);
    if (--chunk->holders == 0)
        free(chunk);
}

void index_holds_trim(struct index_holds *holds)
{
    for (size_t i = 0; i < holds->count; i++)
        if (holds->list[i].live == 0)
            let_go(&holds->list[i]);
}

void index_holds_fini(struct index_holds *holds)
{
    for (size_t i = 0; i < holds->count; i++)
        let_go(&holds->list[i]);
    free(holds->list);
    *holds = (struct index_holds){.open = INDEX_FREE};
}
