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

/* Open addressing with linear probing: positions of entries, by a hash that the user computes. */
struct index_table {
    uint32_t *slots; /* INDEX_FREE, or a position; a power of two of them, never full */
    size_t capacity;
};
#define INDEX_FREE UINT32_MAX

struct trust_index {
    uint8_t *pool; /* all bytes and texts that entries and keys point to */
    struct trust_entry *entries;
    size_t entry_count;
    struct index_key *keys; /* sorted by index_key_compare; no two are equal */
    size_t key_count;
    struct index_table by_der; /* by index_hash of the DER */
};

/* Slots for count entries without crowding. */
int index_table_init(struct index_table *table, size_t count, struct trust_error *err) TRUST_MUST_CHECK;

/* FNV-1a. What is in an index comes from the operator, so nobody can choose collisions. */
uint64_t index_hash(struct trust_bytes bytes);

/* Drop leading zeros. */
struct trust_bytes index_number(struct trust_bytes serial);

/* Order of keys: by serial number (length, then bytes), then issuer, then entry. */
int index_key_compare(const void *a, const void *b);

#endif
