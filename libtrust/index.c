/* Look-up: by bytes, or by serial number and issuer. Reads only. */
#include "index_internal.h"
#include "internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SPELT_MOST 16 /* issuers with the same serial number that are looked at: more are read instead */

void trust_index_free(struct trust_index *index)
{
    if (index == NULL)
        return;
    index_holds_fini(&index->holds);
    free(index->places);
    free(index->entries);
    free(index->keys);
    free(index->by_der.slots);
    free(index->by_number.slots);
    free(index);
}

size_t trust_index_count(const struct trust_index *index)
{
    return index->entry_count;
}

const struct trust_entry *trust_index_at(const struct trust_index *index, size_t i)
{
    assert(i < index->entry_count);
    return &index->entries[i];
}

uint32_t index_position(const struct index_table *table, const struct trust_entry *entries,
                        struct trust_bytes der, uint64_t hash)
{
    size_t i = index_table_start(table, hash);
    for (; table->slots[i].at != INDEX_FREE; i = index_table_next(table, i)) {
        if (table->slots[i].tag != index_tag(hash))
            continue;
        const struct trust_entry *entry = &entries[table->slots[i].at];
        if (entry->der.len == der.len && memcmp(entry->der.data, der.data, der.len) == 0)
            break;
    }
    return table->slots[i].at;
}

const struct trust_entry *index_by_hash(const struct trust_index *index, struct trust_bytes der,
                                        uint64_t hash)
{
    const uint32_t at = index_position(&index->by_der, index->entries, der, hash);
    return at != INDEX_FREE ? &index->entries[at] : NULL;
}

const struct trust_entry *trust_index_by_der(const struct trust_index *index, struct trust_bytes der)
{
    return index_by_hash(index, der, index_hash(der));
}

/* The number that the bytes are when read from the other end: its leading zeros stand at the end. */
static struct trust_bytes reversed_number(struct trust_bytes serial)
{
    while (serial.len > 0 && serial.data[serial.len - 1] == 0)
        serial.len--;
    return serial;
}

static int compare_serials(struct trust_bytes a, struct trust_bytes b, bool b_is_reversed)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    if (!b_is_reversed)
        return a.len > 0 ? memcmp(a.data, b.data, a.len) : 0;
    for (size_t i = 0; i < a.len; i++) {
        uint8_t byte = b.data[b.len - 1 - i];
        if (a.data[i] != byte)
            return a.data[i] < byte ? -1 : 1;
    }
    return 0;
}

int index_key_compare(const void *a, const void *b)
{
    const struct index_key *left = a, *right = b;
    int order = compare_serials(left->serial, right->serial, false);
    if (order == 0)
        order = strcmp(left->issuer, right->issuer);
    if (order == 0 && left->entry != right->entry)
        order = left->entry < right->entry ? -1 : 1;
    return order;
}

/* Order of a key against what is asked for; several keys may be equal to it. */
static int compare_to_question(const struct index_key *key, struct trust_bytes serial, bool reversed,
                               const char *issuer)
{
    int order = compare_serials(key->serial, serial, reversed);
    return order != 0 ? order : strcmp(key->issuer, issuer);
}

/* The first key with that serial number; key_count: none has it. */
static size_t first_key(const struct trust_index *index, struct trust_bytes serial, bool reversed)
{
    const struct index_table *table = &index->by_number;
    /* The last key is the longest: what is longer, as a message may have it, is not worth hashing. */
    if (index->key_count == 0 || serial.len > index->keys[index->key_count - 1].serial.len)
        return index->key_count;
    const uint64_t hash = index_number_hash(serial, reversed);
    size_t i = index_table_start(table, hash);
    for (; table->slots[i].at != INDEX_FREE; i = index_table_next(table, i))
        if (table->slots[i].tag == index_tag(hash) &&
            compare_serials(index->keys[table->slots[i].at].serial, serial, reversed) == 0)
            return table->slots[i].at;
    return index->key_count;
}

/* The keys that fit, as a range of the sorted array. */
static size_t fitting_keys(const struct trust_index *index, struct trust_bytes serial, bool reversed,
                           const char *issuer, size_t *first)
{
    size_t low = first_key(index, serial, reversed), high = low, step = 1;
    /* Hardly any two share a number, but there are authorities that count from one: in leaps, then by halves.
     */
    for (; high < index->key_count && compare_to_question(&index->keys[high], serial, reversed, issuer) < 0;
         step *= 2) {
        low = high + 1;
        high = high + step < index->key_count ? high + step : index->key_count;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_to_question(&index->keys[middle], serial, reversed, issuer) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    while (high < index->key_count && compare_to_question(&index->keys[high], serial, reversed, issuer) == 0)
        high++;
    return high - low;
}

/* Among several certificates, the only one whose issuer is the name with its DC components. NULL if there is
 * none or more than one: nobody guesses. */
static const struct trust_entry *exact_issuer(const struct trust_index *index, size_t first, size_t count,
                                              const char *issuer_full)
{
    const struct trust_entry *exact = NULL;
    for (size_t i = first; i < first + count; i++) {
        const struct trust_entry *entry = &index->entries[index->keys[i].entry];
        if (strcmp(entry->issuer_canonical_full, issuer_full) != 0)
            continue;
        if (exact != NULL)
            return NULL;
        exact = entry;
    }
    return exact;
}

enum trust_found trust_index_find(const struct trust_index *index, struct trust_bytes serial,
                                  const struct trust_name *issuer, const struct trust_entry **entry)
{
    *entry = NULL;
    const char *canonical = trust_name_canonical(issuer);
    enum trust_found found = TRUST_FOUND_ONE;
    size_t first, count = fitting_keys(index, serial_trim(serial), false, canonical, &first);
    if (count == 0) {
        found = TRUST_FOUND_REVERSED;
        count = fitting_keys(index, reversed_number(serial), true, canonical, &first);
    }
    if (count == 0)
        return TRUST_FOUND_NONE;
    /* Equal keys belong to different certificates: the builder dropped the others. */
    *entry = count == 1 ? &index->entries[index->keys[first].entry]
                        : exact_issuer(index, first, count, trust_name_canonical_full(issuer));
    return *entry != NULL ? found : TRUST_FOUND_AMBIGUOUS;
}

/* Phones name an issuer as their lists spell it, which is how CUCM does: such a name need not be read, since
 * that spelling stands for the canonical one. Only what trust_index_find would find, too; NULL: it has to be
 * asked. */
static const struct trust_entry *as_spelt(const struct trust_index *index, struct trust_bytes serial,
                                          const char *issuer, size_t issuer_len)
{
    const struct trust_bytes number = serial_trim(serial);
    size_t first, last = first_key(index, number, false) + SPELT_MOST;
    for (size_t i = last - SPELT_MOST; i < index->key_count && i < last; i++) {
        const struct trust_entry *entry = &index->entries[index->keys[i].entry];
        if (compare_serials(index->keys[i].serial, number, false) != 0)
            return NULL;
        if (issuer_len == 0 || strlen(entry->issuer) != issuer_len ||
            memcmp(entry->issuer, issuer, issuer_len) != 0)
            continue;
        /* The key may be a record's, with other names than the certificate's own. */
        size_t count = fitting_keys(index, number, false, entry->issuer_canonical, &first);
        return count == 1 ? &index->entries[index->keys[first].entry] : NULL;
    }
    return NULL;
}

static bool has_number(const struct trust_index *index, struct trust_bytes serial)
{
    return first_key(index, serial_trim(serial), false) < index->key_count ||
           first_key(index, reversed_number(serial), true) < index->key_count;
}

int trust_index_query(const struct trust_index *index, struct trust_bytes serial, const char *issuer,
                      size_t issuer_len, enum trust_found *found, const struct trust_entry **entry,
                      struct trust_error *err)
{
    *found = TRUST_FOUND_NONE;
    *entry = as_spelt(index, serial, issuer, issuer_len);
    if (*entry != NULL) {
        *found = TRUST_FOUND_ONE;
        return 0;
    }
    if (!has_number(index, serial))
        return 0; /* a name is dear to parse: not for a number that nobody has */
    struct trust_name *name;
    int rc = trust_name_parse(issuer, issuer_len, &name, err);
    if (rc == TRUST_ENOMEM)
        return rc;
    if (rc != 0)
        return 0;
    *found = trust_index_find(index, serial, name, entry);
    trust_name_free(name);
    return 0;
}
