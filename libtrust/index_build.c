/* Collecting certificates for an index. Their bytes go to where they will stay. */
#include "index_internal.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct trust_index_builder {
    const struct trust_index *previous; /* NULL: none */
    uint32_t *moved;                    /* of each hold of the previous index: which one it is here */
    struct index_holds holds;
    struct trust_entry *entries;
    uint32_t *places; /* of each entry: the hold where its bytes lie */
    uint32_t *from;   /* the entry of the previous index that it is, INDEX_FREE: none */
    uint64_t *hashes; /* of its DER */
    size_t entry_count, entry_capacity;
    struct index_key *aliases;
    size_t alias_count, alias_capacity;
    struct index_table by_der;
};

int trust_index_builder_new(struct trust_index_builder **out, struct trust_error *err)
{
    *out = NULL;
    struct trust_index_builder *builder = calloc(1, sizeof *builder);
    if (builder == NULL)
        return index_no_memory(err);
    builder->holds.open = INDEX_FREE;
    int rc = index_table_init(&builder->by_der, 0, err);
    if (rc != 0) {
        free(builder);
        return rc;
    }
    *out = builder;
    return 0;
}

int trust_index_builder_after(struct trust_index_builder **out, const struct trust_index *previous,
                              struct trust_error *err)
{
    int rc = trust_index_builder_new(out, err);
    if (rc != 0 || previous == NULL)
        return rc;
    struct trust_index_builder *builder = *out;
    builder->previous = previous;
    builder->moved = malloc((previous->holds.count + 1) * sizeof *builder->moved);
    rc = builder->moved == NULL ? index_no_memory(err)
                                : index_holds_share(&builder->holds, &previous->holds, builder->moved, err);
    if (rc != 0) {
        trust_index_builder_free(builder);
        *out = NULL;
    }
    return rc;
}

/* Free what it has collected, but for the table. */
static void forget(struct trust_index_builder *builder)
{
    free(builder->moved);
    index_holds_fini(&builder->holds);
    free(builder->entries);
    free(builder->places);
    free(builder->from);
    free(builder->hashes);
    free(builder->aliases);
}

void trust_index_builder_free(struct trust_index_builder *builder)
{
    if (builder == NULL)
        return;
    forget(builder);
    free(builder->by_der.slots);
    free(builder);
}

/* Copy to *at, and move that on. */
static struct trust_bytes keep_bytes(uint8_t **at, struct trust_bytes bytes)
{
    struct trust_bytes kept = {*at, bytes.len};
    if (bytes.len > 0)
        memcpy(*at, bytes.data, bytes.len);
    *at += bytes.len;
    return kept;
}

static const char *keep_text(uint8_t **at, const char *text)
{
    return (const char *)keep_bytes(at, (struct trust_bytes){(const uint8_t *)text, strlen(text) + 1}).data;
}

/* Double the table before it crowds. */
static int grow_table(struct trust_index_builder *builder, struct trust_error *err)
{
    if (2 * (builder->entry_count + 1) <= builder->by_der.capacity)
        return 0;
    struct index_table larger;
    int rc = index_table_init(&larger, builder->by_der.capacity, err);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < builder->entry_count; i++)
        index_table_add(&larger, builder->hashes[i], (uint32_t)i);
    free(builder->by_der.slots);
    builder->by_der = larger;
    return 0;
}

static int merge(struct trust_entry *known, const struct trust_entry *entry, struct trust_error *err)
{
    if (memcmp(known->sha256, entry->sha256, sizeof known->sha256) != 0)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "one certificate was added under two SHA-256");
    struct trust_roles roles = known->roles;
    if (!trust_roles_merge(&roles, &entry->roles))
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "a certificate has more than %d roles",
                               TRUST_ROLES_MAX);
    known->roles = roles;
    if (!known->has_ttl) {
        known->has_ttl = entry->has_ttl;
        known->ttl = entry->ttl;
    }
    return 0;
}

static bool is_one_text(const struct trust_entry *entry)
{
    return strcmp(entry->issuer_canonical, entry->issuer_canonical_full) == 0;
}

static size_t bytes_of(const struct trust_entry *entry)
{
    size_t full = is_one_text(entry) ? 0 : strlen(entry->issuer_canonical_full) + 1;
    return entry->der.len + entry->serial.len + strlen(entry->issuer) + strlen(entry->issuer_canonical) + 2 +
           full;
}

/* Point the entry to copies of what it points to. */
static int copy_bytes(struct trust_index_builder *builder, struct trust_entry *entry, uint32_t *place,
                      struct trust_error *err)
{
    bool one_text = is_one_text(entry);
    uint8_t *at;
    int rc = index_holds_take(&builder->holds, bytes_of(entry), &at, place, err);
    if (rc != 0)
        return rc;
    entry->der = keep_bytes(&at, entry->der);
    entry->serial = keep_bytes(&at, entry->serial);
    entry->issuer = keep_text(&at, entry->issuer);
    entry->issuer_canonical = keep_text(&at, entry->issuer_canonical);
    entry->issuer_canonical_full =
        one_text ? entry->issuer_canonical : keep_text(&at, entry->issuer_canonical_full);
    return 0;
}

static bool is_same(const struct trust_entry *a, const struct trust_entry *b)
{
    return memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0 && a->serial.len == b->serial.len &&
           (a->serial.len == 0 || memcmp(a->serial.data, b->serial.data, a->serial.len) == 0) &&
           strcmp(a->issuer, b->issuer) == 0 && strcmp(a->issuer_canonical, b->issuer_canonical) == 0 &&
           strcmp(a->issuer_canonical_full, b->issuer_canonical_full) == 0;
}

/* Point the entry, which becomes the next, to the bytes of the same one in the previous index. false: it has
 * none, or they do not stay. */
static bool share_bytes(struct trust_index_builder *builder, struct trust_entry *entry, uint64_t hash)
{
    const struct trust_index *previous = builder->previous;
    const struct trust_entry *same = previous != NULL ? index_by_hash(previous, entry->der, hash) : NULL;
    if (same == NULL || !is_same(same, entry))
        return false;
    size_t from = (size_t)(same - previous->entries);
    uint32_t place = builder->moved[previous->places[from]];
    if (place == INDEX_FREE)
        return false;
    entry->der = same->der;
    entry->serial = same->serial;
    entry->issuer = same->issuer;
    entry->issuer_canonical = same->issuer_canonical;
    entry->issuer_canonical_full = same->issuer_canonical_full;
    builder->holds.list[place].live += bytes_of(entry);
    builder->places[builder->entry_count] = place;
    builder->from[builder->entry_count] = (uint32_t)from;
    return true;
}

static int grow_one(void **array, size_t capacity, const struct trust_index_builder *builder, size_t size,
                    struct trust_error *err)
{
    return index_grow(array, &capacity, builder->entry_count, 1, size, err);
}

/* Room for one more entry, and in all that there is one of for each. */
static int grow_entries(struct trust_index_builder *builder, struct trust_error *err)
{
    void *entries = builder->entries, *places = builder->places, *from = builder->from,
         *hashes = builder->hashes;
    size_t capacity = builder->entry_capacity, grown = capacity;
    int rc = index_grow(&entries, &grown, builder->entry_count, 1, sizeof *builder->entries, err);
    builder->entries = entries;
    if (rc == 0)
        rc = grow_one(&places, capacity, builder, sizeof *builder->places, err);
    builder->places = places;
    if (rc == 0)
        rc = grow_one(&from, capacity, builder, sizeof *builder->from, err);
    builder->from = from;
    if (rc == 0)
        rc = grow_one(&hashes, capacity, builder, sizeof *builder->hashes, err);
    builder->hashes = hashes;
    if (rc == 0)
        builder->entry_capacity = grown;
    return rc == 0 ? grow_table(builder, err) : rc;
}

const struct trust_entry *trust_index_builder_known(const struct trust_index_builder *builder,
                                                    struct trust_bytes der)
{
    return builder->previous != NULL ? trust_index_by_der(builder->previous, der) : NULL;
}

int trust_index_add(struct trust_index_builder *builder, const struct trust_entry *entry,
                    struct trust_error *err)
{
    const uint64_t hash = index_hash(entry->der);
    const uint32_t position = index_position(&builder->by_der, builder->entries, entry->der, hash);
    if (position != INDEX_FREE)
        return merge(&builder->entries[position], entry, err);
    if (builder->entry_count == INDEX_FREE - 1)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "too many certificates for one index");

    int rc = grow_entries(builder, err);
    if (rc != 0)
        return rc;
    struct trust_entry added = *entry;
    const size_t at = builder->entry_count;
    builder->from[at] = INDEX_FREE;
    if (!share_bytes(builder, &added, hash))
        rc = copy_bytes(builder, &added, &builder->places[at], err);
    if (rc != 0)
        return rc;
    index_table_add(&builder->by_der, hash, (uint32_t)at);
    builder->entries[at] = added;
    builder->hashes[at] = hash;
    builder->entry_count++;
    return 0;
}

int trust_index_alias(struct trust_index_builder *builder, struct trust_bytes der, struct trust_bytes serial,
                      const char *issuer, size_t len, struct trust_error *err)
{
    const uint32_t position = index_position(&builder->by_der, builder->entries, der, index_hash(der));
    if (position == INDEX_FREE)
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "an alias for a certificate that is not in the index");
    struct trust_name *name;
    int rc = trust_name_parse(issuer, len, &name, err);
    if (rc != 0)
        return rc;
    const char *canonical = trust_name_canonical(name);
    uint8_t *at;
    uint32_t place;
    void *aliases = builder->aliases;
    rc = index_grow(&aliases, &builder->alias_capacity, builder->alias_count, 1, sizeof *builder->aliases,
                    err);
    builder->aliases = aliases;
    if (rc == 0)
        rc = index_holds_take(&builder->holds, serial.len + strlen(canonical) + 1, &at, &place, err);
    if (rc == 0) {
        struct trust_bytes kept = keep_bytes(&at, serial);
        builder->aliases[builder->alias_count++] =
            (struct index_key){serial_trim(kept), keep_text(&at, canonical), position};
    }
    trust_name_free(name);
    return rc;
}

/* The entry of a record: parsed, or taken from an entry of the same bytes if there is one from first on,
 * which all come from the same list. A key may be expensive to parse, and stand in every record. *cert: what
 * the entry points to, NULL: to the other. */
static int read_record(const struct trust_index_builder *builder, const struct trust_list_record *record,
                       size_t first, struct trust_cert **cert, struct trust_entry *entry,
                       struct trust_error *err)
{
    *cert = NULL;
    const uint32_t position = index_position(&builder->by_der, builder->entries, record->certificate,
                                             index_hash(record->certificate));
    if (position != INDEX_FREE && position >= first) {
        *entry = builder->entries[position];
        entry->roles = (struct trust_roles){0};
        return 0;
    }
    int rc = trust_cert_from_der(record->certificate, cert, err);
    if (rc != 0)
        return rc;
    const struct trust_name *issuer = trust_cert_issuer(*cert);
    *entry = (struct trust_entry){
        .der = trust_cert_der(*cert),
        .serial = trust_cert_serial(*cert),
        .issuer = trust_name_cucm(issuer),
        .issuer_canonical = trust_name_canonical(issuer),
        .issuer_canonical_full = trust_name_canonical_full(issuer),
        .not_after = trust_cert_not_after(*cert),
    };
    memcpy(entry->sha256, trust_cert_sha256(*cert), sizeof entry->sha256);
    return 0;
}

static int add_record(struct trust_index_builder *builder, const struct trust_list_record *record,
                      size_t first, struct trust_error *err)
{
    struct trust_cert *cert;
    struct trust_entry entry;
    int rc = read_record(builder, record, first, &cert, &entry, err);
    if (rc != 0)
        return rc;
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
    rc = trust_index_alias(builder, entry.der, serial, (const char *)spelt.data, spelt.len, err);
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
    const size_t first = builder->entry_count;
    for (size_t i = 0; i < list->record_count; i++) {
        if (list->records[i].certificate.len == 0)
            continue;
        int rc = add_record(builder, &list->records[i], first, err);
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

/* What the builder has collected becomes the index's; taken is what only the builder needs. */
static void hand_over(struct trust_index_builder *builder, struct index_table fresh,
                      struct trust_index *index, struct trust_index_builder *taken)
{
    *taken = *builder;
    *builder = (struct trust_index_builder){.holds.open = INDEX_FREE, .by_der = fresh};
    struct trust_entry *fitting = realloc(taken->entries, (taken->entry_count + 1) * sizeof *fitting);
    if (fitting != NULL)
        taken->entries = fitting;
    index->entries = taken->entries;
    index->entry_count = taken->entry_count;
    index->places = taken->places;
    index->holds = taken->holds;
    index->holds.open = INDEX_FREE;
    index_holds_trim(&index->holds);
    index->by_der = taken->by_der;
    taken->by_der = (struct index_table){0};
    taken->entries = NULL;
    taken->places = NULL;
    taken->holds = (struct index_holds){.open = INDEX_FREE};
}

int trust_index_build(struct trust_index_builder *builder, struct trust_index **out, struct trust_error *err)
{
    *out = NULL;
    struct index_table fresh;
    struct trust_index_builder taken;
    struct trust_index *index = calloc(1, sizeof *index);
    if (index == NULL)
        return index_no_memory(err);
    int rc = index_table_init(&fresh, 0, err);
    if (rc != 0) {
        free(index);
        return rc;
    }
    hand_over(builder, fresh, index, &taken);
    rc = index_keys_make(index, taken.aliases, taken.alias_count, taken.previous, taken.from, err);
    forget(&taken);
    if (rc != 0) {
        trust_index_free(index);
        return rc;
    }
    *out = index;
    return 0;
}
