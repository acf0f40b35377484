/* Collecting certificates for an index. While it grows, everything lies in one pool and is known by offset,
 * since the pool moves; building turns offsets into pointers and hands the pool over. */
#include "index_internal.h"

#include <stdlib.h>
#include <string.h>

/* Where bytes lie in the pool. */
struct span {
    size_t at, len;
};

struct builder_entry {
    struct trust_entry entry; /* its pointers mean nothing yet */
    struct span der, serial;
    size_t issuer, canonical, canonical_full;
};

struct builder_alias {
    struct span serial;
    size_t canonical;
    uint32_t entry;
};

struct trust_index_builder {
    uint8_t *pool;
    size_t pool_len, pool_capacity;
    struct builder_entry *entries;
    size_t entry_count, entry_capacity;
    struct builder_alias *aliases;
    size_t alias_count, alias_capacity;
    struct index_table by_sha256;
};

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory for the index of certificates");
}

int index_table_init(struct index_table *table, size_t count, struct trust_error *err)
{
    size_t capacity = 64;
    while (capacity < 2 * count)
        capacity *= 2;
    uint32_t *slots = malloc(capacity * sizeof *slots);
    if (slots == NULL)
        return no_memory(err);
    for (size_t i = 0; i < capacity; i++)
        slots[i] = INDEX_FREE;
    *table = (struct index_table){.slots = slots, .capacity = capacity};
    return 0;
}

int trust_index_builder_new(struct trust_index_builder **out, struct trust_error *err)
{
    *out = NULL;
    struct trust_index_builder *builder = calloc(1, sizeof *builder);
    if (builder == NULL)
        return no_memory(err);
    int rc = index_table_init(&builder->by_sha256, 0, err);
    if (rc != 0) {
        free(builder);
        return rc;
    }
    *out = builder;
    return 0;
}

void trust_index_builder_free(struct trust_index_builder *builder)
{
    if (builder == NULL)
        return;
    free(builder->pool);
    free(builder->entries);
    free(builder->aliases);
    free(builder->by_sha256.slots);
    free(builder);
}

/* Room for n more elements of an array. */
static int grow(void **array, size_t *capacity, size_t count, size_t n, size_t size, struct trust_error *err)
{
    if (n <= *capacity - count)
        return 0;
    size_t wanted = *capacity > 0 ? *capacity : 64;
    while (wanted - count < n) {
        if (wanted > SIZE_MAX / 2 / size)
            return no_memory(err);
        wanted *= 2;
    }
    void *moved = realloc(*array, wanted * size);
    if (moved == NULL)
        return no_memory(err);
    *array = moved;
    *capacity = wanted;
    return 0;
}

static int grow_pool(struct trust_index_builder *builder, size_t n, struct trust_error *err)
{
    void *pool = builder->pool;
    int rc = grow(&pool, &builder->pool_capacity, builder->pool_len, n, 1, err);
    builder->pool = pool;
    return rc;
}

/* Copy into the pool, which has room. */
static struct span keep_bytes(struct trust_index_builder *builder, struct trust_bytes bytes)
{
    struct span span = {.at = builder->pool_len, .len = bytes.len};
    if (bytes.len > 0)
        memcpy(builder->pool + span.at, bytes.data, bytes.len);
    builder->pool_len += bytes.len;
    return span;
}

static size_t keep_text(struct trust_index_builder *builder, const char *text)
{
    return keep_bytes(builder, (struct trust_bytes){(const uint8_t *)text, strlen(text) + 1}).at;
}

/* The slot of a certificate, or the free one where it belongs. SHA-256 is its own hash. */
static uint32_t *slot_of(const struct trust_index_builder *builder, const struct index_table *table,
                         const uint8_t sha256[TRUST_SHA256_SIZE])
{
    uint64_t hash;
    memcpy(&hash, sha256, sizeof hash);
    size_t mask = table->capacity - 1, i = (size_t)hash & mask;
    while (table->slots[i] != INDEX_FREE &&
           memcmp(builder->entries[table->slots[i]].entry.sha256, sha256, TRUST_SHA256_SIZE) != 0)
        i = (i + 1) & mask;
    return &table->slots[i];
}

/* Double the table before it crowds. */
static int grow_table(struct trust_index_builder *builder, struct trust_error *err)
{
    if (2 * (builder->entry_count + 1) <= builder->by_sha256.capacity)
        return 0;
    struct index_table larger;
    int rc = index_table_init(&larger, builder->by_sha256.capacity, err);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < builder->entry_count; i++)
        *slot_of(builder, &larger, builder->entries[i].entry.sha256) = (uint32_t)i;
    free(builder->by_sha256.slots);
    builder->by_sha256 = larger;
    return 0;
}

static int merge(struct trust_index_builder *builder, struct builder_entry *known,
                 const struct trust_entry *entry, struct trust_error *err)
{
    if (known->der.len != entry->der.len ||
        memcmp(builder->pool + known->der.at, entry->der.data, entry->der.len) != 0)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "two different certificates were added under one SHA-256");
    struct trust_roles roles = known->entry.roles;
    if (!trust_roles_merge(&roles, &entry->roles))
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "a certificate has more than %d roles",
                               TRUST_ROLES_MAX);
    known->entry.roles = roles;
    if (!known->entry.has_ttl) {
        known->entry.has_ttl = entry->has_ttl;
        known->entry.ttl = entry->ttl;
    }
    return 0;
}

int trust_index_add(struct trust_index_builder *builder, const struct trust_entry *entry,
                    struct trust_error *err)
{
    uint32_t position = *slot_of(builder, &builder->by_sha256, entry->sha256);
    if (position != INDEX_FREE)
        return merge(builder, &builder->entries[position], entry, err);
    if (builder->entry_count == INDEX_FREE - 1)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "too many certificates for one index");

    size_t need = entry->der.len + entry->serial.len + strlen(entry->issuer) +
                  strlen(entry->issuer_canonical) + strlen(entry->issuer_canonical_full) + 3;
    int rc = grow_pool(builder, need, err);
    if (rc != 0)
        return rc;
    void *entries = builder->entries;
    rc = grow(&entries, &builder->entry_capacity, builder->entry_count, 1, sizeof *builder->entries, err);
    builder->entries = entries;
    if (rc != 0)
        return rc;
    rc = grow_table(builder, err);
    if (rc != 0)
        return rc;

    struct builder_entry *added = &builder->entries[builder->entry_count];
    *added = (struct builder_entry){
        .entry = *entry,
        .der = keep_bytes(builder, entry->der),
        .serial = keep_bytes(builder, entry->serial),
        .issuer = keep_text(builder, entry->issuer),
        .canonical = keep_text(builder, entry->issuer_canonical),
    };
    added->canonical_full = strcmp(entry->issuer_canonical, entry->issuer_canonical_full) == 0
                                ? added->canonical
                                : keep_text(builder, entry->issuer_canonical_full);
    *slot_of(builder, &builder->by_sha256, entry->sha256) = (uint32_t)builder->entry_count++;
    return 0;
}

int trust_index_alias(struct trust_index_builder *builder, const uint8_t sha256[TRUST_SHA256_SIZE],
                      struct trust_bytes serial, const char *issuer, size_t len, struct trust_error *err)
{
    uint32_t position = *slot_of(builder, &builder->by_sha256, sha256);
    if (position == INDEX_FREE)
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "an alias for a certificate that is not in the index");
    struct trust_name *name;
    int rc = trust_name_parse(issuer, len, &name, err);
    if (rc != 0)
        return rc;
    const char *canonical = trust_name_canonical(name);
    rc = grow_pool(builder, serial.len + strlen(canonical) + 1, err);
    if (rc != 0)
        goto out;
    void *aliases = builder->aliases;
    rc = grow(&aliases, &builder->alias_capacity, builder->alias_count, 1, sizeof *builder->aliases, err);
    builder->aliases = aliases;
    if (rc != 0)
        goto out;
    builder->aliases[builder->alias_count++] = (struct builder_alias){
        .serial = keep_bytes(builder, serial),
        .canonical = keep_text(builder, canonical),
        .entry = position,
    };
out:
    trust_name_free(name);
    return rc;
}

static int add_record(struct trust_index_builder *builder, const struct trust_list_record *record,
                      struct trust_error *err)
{
    struct trust_cert *cert;
    int rc = trust_cert_from_der(record->certificate, &cert, err);
    if (rc != 0)
        return rc;
    const struct trust_name *issuer = trust_cert_issuer(cert);
    struct trust_entry entry = {
        .der = trust_cert_der(cert),
        .serial = trust_cert_serial(cert),
        .issuer = trust_name_cucm(issuer),
        .issuer_canonical = trust_name_canonical(issuer),
        .issuer_canonical_full = trust_name_canonical_full(issuer),
        .not_after = trust_cert_not_after(cert),
    };
    memcpy(entry.sha256, trust_cert_sha256(cert), sizeof entry.sha256);
    /* A FUNCTION has two bytes, a role of an answer one: what does not fit is no role. */
    if (record->function <= UINT8_MAX)
        trust_roles_add(&entry.roles, (uint8_t)record->function);
    rc = trust_index_add(builder, &entry, err);
    if (rc != 0 || (record->serial.len == 0 && record->issuer.len == 0))
        goto out;

    struct trust_bytes serial = record->serial.len > 0 ? record->serial : entry.serial;
    struct trust_bytes spelt = record->issuer;
    if (spelt.len == 0)
        spelt = (struct trust_bytes){(const uint8_t *)entry.issuer, strlen(entry.issuer)};
    rc = trust_index_alias(builder, entry.sha256, serial, (const char *)spelt.data, spelt.len, err);
    /* Nobody can ask for what is no name; the certificate answers under its own. */
    if (rc == TRUST_ENAME || rc == TRUST_EEMPTY || rc == TRUST_ETOOLARGE)
        rc = 0;
out:
    trust_cert_free(cert);
    return rc;
}

int trust_index_add_list(struct trust_index_builder *builder, const struct trust_list *list,
                         struct trust_error *err)
{
    for (size_t i = 0; i < list->record_count; i++) {
        if (list->records[i].certificate.len == 0)
            continue;
        int rc = add_record(builder, &list->records[i], err);
        if (rc == TRUST_ETRAILING) {
            rc = TRUST_ECERT;
            if (err != NULL)
                err->code = rc;
        }
        if (rc != 0)
            return trust_error_prefix(err, rc, "record %zu", i + 1);
    }
    return 0;
}

/* Point the entries into the pool, which is the index's now, and count them in by their DER. */
static void place_entries(const struct trust_index_builder *builder, struct trust_index *index)
{
    for (size_t i = 0; i < builder->entry_count; i++) {
        const struct builder_entry *from = &builder->entries[i];
        struct trust_entry *entry = &index->entries[i];
        *entry = from->entry;
        entry->der = (struct trust_bytes){index->pool + from->der.at, from->der.len};
        entry->serial = (struct trust_bytes){index->pool + from->serial.at, from->serial.len};
        entry->issuer = (const char *)index->pool + from->issuer;
        entry->issuer_canonical = (const char *)index->pool + from->canonical;
        entry->issuer_canonical_full = (const char *)index->pool + from->canonical_full;
        index->keys[i] =
            (struct index_key){index_number(entry->serial), entry->issuer_canonical, (uint32_t)i};

        size_t mask = index->by_der.capacity - 1, slot = (size_t)index_hash(entry->der) & mask;
        while (index->by_der.slots[slot] != INDEX_FREE)
            slot = (slot + 1) & mask;
        index->by_der.slots[slot] = (uint32_t)i;
    }
}

/* Sort, and drop an alias that says what the certificate or another alias of it says already. */
static void sort_keys(struct trust_index *index)
{
    if (index->key_count == 0)
        return;
    qsort(index->keys, index->key_count, sizeof *index->keys, index_key_compare);
    size_t kept = 1;
    for (size_t i = 1; i < index->key_count; i++)
        if (index_key_compare(&index->keys[kept - 1], &index->keys[i]) != 0)
            index->keys[kept++] = index->keys[i];
    index->key_count = kept;
}

int trust_index_build(struct trust_index_builder *builder, struct trust_index **out, struct trust_error *err)
{
    *out = NULL;
    struct trust_index *index = calloc(1, sizeof *index);
    if (index == NULL)
        return no_memory(err);
    struct index_table fresh = {0};
    size_t keys = builder->entry_count + builder->alias_count;
    index->entries = calloc(builder->entry_count + 1, sizeof *index->entries);
    index->keys = calloc(keys + 1, sizeof *index->keys);
    int rc = index->entries == NULL || index->keys == NULL ? no_memory(err) : 0;
    if (rc == 0)
        rc = index_table_init(&index->by_der, builder->entry_count, err);
    if (rc == 0)
        rc = index_table_init(&fresh, 0, err);
    if (rc != 0) {
        trust_index_free(index);
        return rc;
    }

    uint8_t *fitting = builder->pool_len > 0 ? realloc(builder->pool, builder->pool_len) : NULL;
    index->pool = fitting != NULL ? fitting : builder->pool;
    index->entry_count = builder->entry_count;
    index->key_count = keys;
    place_entries(builder, index);
    for (size_t i = 0; i < builder->alias_count; i++) {
        const struct builder_alias *alias = &builder->aliases[i];
        struct trust_bytes serial = {index->pool + alias->serial.at, alias->serial.len};
        index->keys[builder->entry_count + i] = (struct index_key){
            index_number(serial), (const char *)index->pool + alias->canonical, alias->entry};
    }
    sort_keys(index);

    free(builder->entries);
    free(builder->aliases);
    free(builder->by_sha256.slots);
    *builder = (struct trust_index_builder){.by_sha256 = fresh};
    *out = index;
    return 0;
}
