/* What the builder of an index and its look-up share. */
#ifndef LIBTRUST_INDEX_INTERNAL_H
#define LIBTRUST_INDEX_INTERNAL_H

#include "trust/index.h"

/* One way to find a certificate: its own serial number and issuer, or those that a record of a list carries.
 */
struct index_key {
    struct trust_bytes serial; /* without leading zeros; zero is empty */
    const char *issuer;        /* canonical */
    uint32_t entry;
};

/* Open addressing with linear probing: positions, of entries or keys, by a hash that the user computes. */
struct index_table {
    struct index_slot {
        uint32_t at;  /* INDEX_FREE, or a position */
        uint32_t tag; /* index_tag: compared before what lies at that position, in cold memory */
    } * slots;        /* a power of two of them, never full */
    size_t capacity;
};
#define INDEX_FREE UINT32_MAX

/* Bytes and texts that entries and keys point to. What does not change from one index to the next stays where
 * it is: both hold the chunk then, and the last of them frees it. */
struct index_chunk {
    unsigned long holders;
    size_t size, used;
    uint8_t bytes[];
};

/* The chunks of an index, or of one that is being built. */
struct index_holds {
    struct index_hold {
        struct index_chunk *chunk; /* NULL: let go of */
        size_t live;               /* bytes in it that this index points to */
    } * list;
    size_t count, capacity;
    uint32_t open; /* the one that is filled, INDEX_FREE: none */
};

struct trust_index {
    struct index_holds holds;
    uint32_t *places; /* of each entry: the hold where its bytes lie, all of them in one */
    struct trust_entry *entries;
    size_t entry_count;
    struct index_key *keys; /* sorted by index_key_compare; no two are equal */
    size_t key_count;
    struct index_table by_der;    /* entries, by index_hash of the DER */
    struct index_table by_number; /* the first key of each serial number, by index_number_hash */
};

/* ---- index_chunk.c */

int index_no_memory(struct trust_error *err);

/* Room for n more elements of an array. */
int index_grow(void **array, size_t *capacity, size_t count, size_t n, size_t size,
               struct trust_error *err) TRUST_MUST_CHECK;

/* Room for n bytes: in the chunk that is being filled, or in a new one. *place: the hold. */
int index_holds_take(struct index_holds *holds, size_t n, uint8_t **out, uint32_t *place,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Hold the chunks of other, too, but for those of which it uses less than half: what is gone must not stay
 * for ever because of what is left beside it. moved: of each of its holds, which one it is here, INDEX_FREE:
 * none. */
int index_holds_share(struct index_holds *holds, const struct index_holds *other, uint32_t *moved,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* Let go of the chunks that nothing here points to; the others stay where they are in the list. */
void index_holds_trim(struct index_holds *holds);
void index_holds_fini(struct index_holds *holds);

/* ---- index_keys.c */

/* Make the keys of an index that has its entries, and of count aliases. previous, if not NULL: an index of
 * which entry i is entry from[i], INDEX_FREE: none; its order is used again. */
int index_keys_make(struct trust_index *index, const struct index_key *aliases, size_t count,
                    const struct trust_index *previous, const uint32_t *from,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* ---- index_table.c */

/* Slots for count positions without crowding. */
int index_table_init(struct index_table *table, size_t count, struct trust_error *err) TRUST_MUST_CHECK;

/* Add a position that is not there yet. There is room. */
void index_table_add(struct index_table *table, uint64_t hash, uint32_t at);

/* Where to look first for what has that hash, and where after slot i, until a slot is free. */
static inline size_t index_table_start(const struct index_table *table, uint64_t hash)
{
    return (size_t)hash & (table->capacity - 1);
}

static inline size_t index_table_next(const struct index_table *table, size_t i)
{
    return (i + 1) & (table->capacity - 1);
}

static inline uint32_t index_tag(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

/* Where to look. What is in an index comes from the operator, so that nobody can crowd a place; what is asked
 * about does not, so that the bytes alone decide what it is. */
uint64_t index_hash(struct trust_bytes bytes);

/* Of a serial number without leading zeros. reversed: it stands there the other way round. */
uint64_t index_number_hash(struct trust_bytes number, bool reversed);

/* ---- What look-up and building share */

/* The entry with those bytes, INDEX_FREE: none. hash: index_hash of them. */
uint32_t index_position(const struct index_table *table, const struct trust_entry *entries,
                        struct trust_bytes der, uint64_t hash);

/* trust_index_by_der, of bytes whose hash is known. */
const struct trust_entry *index_by_hash(const struct trust_index *index, struct trust_bytes der,
                                        uint64_t hash);

/* Order of keys: by serial number (length, then bytes), then issuer, then entry. */
int index_key_compare(const void *a, const void *b);

#endif
