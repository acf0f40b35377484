/* The keys of an index in their order. Of certificates that the index before it had, the order is known. */
#include "index_internal.h"
#include "internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct index_key own_key(const struct trust_index *index, uint32_t entry)
{
    const struct trust_entry *of = &index->entries[entry];
    return (struct index_key){serial_trim(of->serial), of->issuer_canonical, entry};
}

/* Drop an alias that says what the certificate or another alias of it says already. */
static void drop_equal(struct trust_index *index)
{
    size_t kept = index->key_count > 0 ? 1 : 0;
    for (size_t i = 1; i < index->key_count; i++)
        if (index_key_compare(&index->keys[kept - 1], &index->keys[i]) != 0)
            index->keys[kept++] = index->keys[i];
    index->key_count = kept;
}

static void sort_all(struct trust_index *index, const struct index_key *aliases, size_t count)
{
    for (size_t i = 0; i < index->entry_count; i++)
        index->keys[i] = own_key(index, (uint32_t)i);
    for (size_t i = 0; i < count; i++)
        index->keys[index->entry_count + i] = aliases[i];
    index->key_count = index->entry_count + count;
    if (index->key_count > 0)
        qsort(index->keys, index->key_count, sizeof *index->keys, index_key_compare);
    if (count > 0)
        drop_equal(index);
}

/* Keys of the entries that previous had too, in its order. Among certificates that are called alike, that
 * order is theirs there, not here: nobody looks at it. Returns how many. */
static size_t known_keys(struct trust_index *index, const struct trust_index *previous, const uint32_t *from,
                         uint32_t *to)
{
    size_t count = 0;
    for (size_t i = 0; i < previous->entry_count; i++)
        to[i] = INDEX_FREE;
    for (size_t i = 0; i < index->entry_count; i++)
        if (from[i] != INDEX_FREE)
            to[from[i]] = (uint32_t)i;
    for (size_t i = 0; i < previous->key_count; i++) {
        uint32_t entry = to[previous->keys[i].entry];
        if (entry != INDEX_FREE)
            index->keys[count++] = own_key(index, entry);
    }
    return count;
}

/* Merge sorted fresh keys into the first `known` of index->keys, from the end on: there is room behind them.
 */
static void merge(struct trust_index *index, size_t known, const struct index_key *fresh, size_t count)
{
    size_t to = known + count;
    while (count > 0) {
        if (known > 0 && index_key_compare(&index->keys[known - 1], &fresh[count - 1]) > 0)
            index->keys[--to] = index->keys[--known];
        else
            index->keys[--to] = fresh[--count];
    }
}

static int sort_fresh(struct trust_index *index, const struct trust_index *previous, const uint32_t *from,
                      struct trust_error *err)
{
    uint32_t *to = malloc((previous->entry_count + 1) * sizeof *to);
    if (to == NULL)
        return index_no_memory(err);
    size_t known = known_keys(index, previous, from, to);
    free(to);
    assert(known <= index->entry_count);
    struct index_key *fresh = malloc((index->entry_count - known + 1) * sizeof *fresh);
    if (fresh == NULL)
        return index_no_memory(err);
    size_t count = 0;
    for (size_t i = 0; i < index->entry_count; i++)
        if (from[i] == INDEX_FREE)
            fresh[count++] = own_key(index, (uint32_t)i);
    if (count > 0)
        qsort(fresh, count, sizeof *fresh, index_key_compare);
    merge(index, known, fresh, count);
    index->key_count = known + count;
    free(fresh);
    return 0;
}

static int place_keys(struct trust_index *index, struct trust_error *err)
{
    int rc = index_table_init(&index->by_number, index->key_count, err);
    for (size_t i = 0; rc == 0 && i < index->key_count; i++) {
        const struct trust_bytes number = index->keys[i].serial;
        const struct trust_bytes before = i > 0 ? index->keys[i - 1].serial : (struct trust_bytes){NULL, 0};
        if (i > 0 && before.len == number.len &&
            (number.len == 0 || memcmp(before.data, number.data, number.len) == 0))
            continue;
        index_table_add(&index->by_number, index_number_hash(number, false), (uint32_t)i);
    }
    return rc;
}

int index_keys_make(struct trust_index *index, const struct index_key *aliases, size_t count,
                    const struct trust_index *previous, const uint32_t *from, struct trust_error *err)
{
    index->keys = malloc((index->entry_count + count + 1) * sizeof *index->keys);
    if (index->keys == NULL)
        return index_no_memory(err);
    /* With aliases, a certificate has more keys than one. */
    int rc = 0;
    if (previous != NULL && count == 0 && previous->key_count == previous->entry_count)
        rc = sort_fresh(index, previous, from, err);
    else
        sort_all(index, aliases, count);
    return rc == 0 ? place_keys(index, err) : rc;
}
