/* Tables of positions by a hash, and the hashes. */
#include "index_internal.h"

#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 32;
}

/* A lane waits for its own multiplication alone. */
uint64_t index_hash(struct trust_bytes bytes)
{
    enum { LANES = 4 };
    uint64_t hash = 0, words[LANES], lanes[LANES] = {bytes.len, 1, 2, 3};
    size_t i = 0;
    for (; bytes.len - i >= sizeof words; i += sizeof words) {
        memcpy(words, bytes.data + i, sizeof words);
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] = mix(lanes[lane], words[lane]);
    }
    memset(words, 0, sizeof words);
    if (i < bytes.len)
        memcpy(words, bytes.data + i, bytes.len - i);
    for (size_t lane = 0; lane < LANES; lane++)
        hash = mix(hash, mix(lanes[lane], words[lane]));
    return hash; /* slots are chosen by the low bits: every word has come there */
}

uint64_t index_number_hash(struct trust_bytes number, bool reversed)
{
    uint64_t hash = number.len;
    for (size_t i = 0; i < number.len; i++)
        hash = mix(hash, number.data[reversed ? number.len - 1 - i : i]);
    return mix(hash, 0);
}

int index_table_init(struct index_table *table, size_t count, struct trust_error *err)
{
    size_t capacity = 64;
    while (capacity < 2 * count)
        capacity *= 2;
    struct index_slot *slots = malloc(capacity * sizeof *slots);
    if (slots == NULL)
        return index_no_memory(err);
    for (size_t i = 0; i < capacity; i++)
        slots[i] = (struct index_slot){.at = INDEX_FREE};
    *table = (struct index_table){.slots = slots, .capacity = capacity};
    return 0;
}

void index_table_add(struct index_table *table, uint64_t hash, uint32_t at)
{
    size_t i = index_table_start(table, hash);
    while (table->slots[i].at != INDEX_FREE)
        i = index_table_next(table, i);
    table->slots[i] = (struct index_slot){.at = at, .tag = index_tag(hash)};
}
