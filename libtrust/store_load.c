/* The load: everything that answers phones, in two passes over the tables. The first goes through their
 * indexes alone, in the order of the keys that join them; the second reads each certificate in the order of
 * the file. One statement that joins it all would look for every row in several indexes, each time at another
 * place. */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

/* A certificate that answers phones. */
struct load_row {
    int64_t row, cache; /* rowids of certificate and certificatecache */
    uint32_t roles;     /* position in load.roles */
    uint32_t ttl;
    bool has_cache, has_ttl;
};

struct load {
    struct trust_store *store;
    struct trust_index_builder *builder;
    struct load_row *rows;
    size_t count, capacity;
    struct trust_roles *roles; /* those that occur; one may stand here again */
    size_t role_count, role_capacity;
    sqlite3_stmt *caches; /* from some rowid on */
    int64_t cache_at;     /* rowid of its present row */
    bool cache_there;     /* it has one */
};

/* How many sets of roles are looked through before one is taken for new. */
#define ROLES_TRIED 64

/* Room for one more. */
static int grow(void **array, size_t *capacity, size_t count, size_t size, struct trust_error *err)
{
    if (count < *capacity)
        return 0;
    size_t wanted = *capacity > 0 ? 2 * *capacity : 256;
    void *moved = wanted <= SIZE_MAX / size ? realloc(*array, wanted * size) : NULL;
    if (moved == NULL)
        return store_no_memory(err);
    *array = moved;
    *capacity = wanted;
    return 0;
}

static int corrupt(struct load *load, int64_t row, const struct trust_error *why, struct trust_error *err)
{
    char *pkid;
    int rc = store_text(load->store, &pkid, err, "SELECT pkid FROM certificate WHERE rowid = ?1", "i", row);
    if (rc != 0)
        return rc;
    rc = store_row_corrupt(load->store, pkid != NULL ? pkid : "", why, err);
    free(pkid);
    return rc;
}

/* ---- The first pass */

static int place_roles(struct load *load, const struct trust_roles *roles, uint32_t *place,
                       struct trust_error *err)
{
    for (size_t i = load->role_count; i > 0 && load->role_count - i < ROLES_TRIED; i--) {
        *place = (uint32_t)(i - 1);
        if (load->roles[i - 1].count == roles->count &&
            memcmp(load->roles[i - 1].code, roles->code, roles->count) == 0)
            return 0;
    }
    void *array = load->roles;
    int rc = grow(&array, &load->role_capacity, load->role_count, sizeof *load->roles, err);
    load->roles = array;
    if (rc != 0)
        return rc;
    *place = (uint32_t)load->role_count;
    load->roles[load->role_count++] = *roles;
    return 0;
}

static int add_row(struct load *load, sqlite3_stmt *statement, struct trust_error *err)
{
    void *array = load->rows;
    int rc = grow(&array, &load->capacity, load->count, sizeof *load->rows, err);
    load->rows = array;
    if (rc != 0)
        return rc;
    struct trust_roles roles;
    struct trust_error why = {0};
    struct load_row row = {
        .row = sqlite3_column_int64(statement, 0),
        .cache = sqlite3_column_int64(statement, 1),
        .has_cache = sqlite3_column_type(statement, 1) != SQLITE_NULL,
    };
    if (store_roles_from_text(store_column_text(statement, 2), &roles, &why) != 0)
        return corrupt(load, row.row, &why, err);
    rc = place_roles(load, &roles, &row.roles, err);
    if (rc == 0)
        load->rows[load->count++] = row;
    return rc;
}

static int compare_rows(const void *a, const void *b)
{
    const struct load_row *left = a, *right = b;
    return left->row < right->row ? -1 : left->row > right->row;
}

static int find_rows(struct load *load, struct trust_error *err)
{
    static const char sql[] =
        "SELECT c.rowid, k.rowid,"
        " (SELECT group_concat(tktrustrole) FROM certificatetrustrolemap WHERE fkcertificate = c.pkid)"
        " FROM certificate AS c LEFT JOIN certificatecache AS k ON k.fkcertificate = c.pkid"
        " WHERE " STORE_ANSWERS " ORDER BY c.pkid";
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(load->store, &statement, err, sql, "");
    while (rc == 0 && (rc = store_step(load->store, statement, &more, err)) == 0 && more)
        rc = add_row(load, statement, err);
    sqlite3_finalize(statement);
    if (rc == 0 && load->count > 0)
        qsort(load->rows, load->count, sizeof *load->rows, compare_rows);
    return rc;
}

/* Few rows have a time to live of their own; they have an index. */
static int find_ttls(struct load *load, struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(load->store, &statement, err,
                           "SELECT rowid, timetolive FROM certificate WHERE timetolive IS NOT NULL", "");
    while (rc == 0 && (rc = store_step(load->store, statement, &more, err)) == 0 && more) {
        struct trust_error why = {0};
        struct load_row wanted = {.row = sqlite3_column_int64(statement, 0)};
        struct load_row *row =
            load->count > 0 ? bsearch(&wanted, load->rows, load->count, sizeof *load->rows, compare_rows)
                            : NULL;
        int64_t ttl;
        if (row == NULL)
            continue;
        if (store_column_ttl(statement, 1, &ttl, &why) != 0)
            rc = corrupt(load, row->row, &why, err);
        row->has_ttl = true;
        row->ttl = rc == 0 ? (uint32_t)ttl : 0;
    }
    sqlite3_finalize(statement);
    return rc;
}

/* ---- The second */

/* Columns of the caches. */
enum {
    CACHE_ROWID,
    CACHE_SHA256,
    CACHE_DER,
    CACHE_SERIAL,
    CACHE_ISSUER,
    CACHE_CANONICAL,
    CACHE_CANONICAL_FULL,
    CACHE_NOT_AFTER
};

static int next_cache(struct load *load, struct trust_error *err)
{
    int rc = store_step(load->store, load->caches, &load->cache_there, err);
    if (rc == 0 && load->cache_there)
        load->cache_at = sqlite3_column_int64(load->caches, CACHE_ROWID);
    return rc;
}

/* Go to the cache with that rowid. Mostly it is the next. */
static int go_to_cache(struct load *load, int64_t rowid, struct trust_error *err)
{
    int rc = load->cache_there ? next_cache(load, err) : 0;
    if (rc != 0 || (load->cache_there && load->cache_at == rowid))
        return rc;
    sqlite3_reset(load->caches);
    if (sqlite3_bind_int64(load->caches, 1, rowid) != SQLITE_OK)
        return store_error(load->store, "cannot be read", err);
    return next_cache(load, err);
}

/* Whether the cache may be used, and its SHA-256. Of bytes that were loaded before, that is known. */
static bool has_valid_cache(const struct load *load, struct trust_bytes der,
                            uint8_t sha256[TRUST_SHA256_SIZE])
{
    uint8_t digest[TRUST_DIGEST_MAX];
    char hex[2 * TRUST_SHA256_SIZE + 1];
    const char *said = store_column_text(load->caches, CACHE_SHA256);
    const struct trust_entry *known = der.len > 0 ? trust_index_builder_known(load->builder, der) : NULL;
    if (known == NULL) {
        if (!store_cache_is_valid(der, said, digest))
            return false;
        memcpy(sha256, digest, TRUST_SHA256_SIZE);
        return true;
    }
    memcpy(sha256, known->sha256, TRUST_SHA256_SIZE);
    return strcmp(trust_hex((struct trust_bytes){sha256, TRUST_SHA256_SIZE}, 0, false, hex), said) == 0;
}

static int load_cached(struct load *load, struct trust_entry *entry, struct trust_error *err)
{
    entry->serial = store_column_bytes(load->caches, CACHE_SERIAL);
    entry->issuer = store_column_text(load->caches, CACHE_ISSUER);
    entry->issuer_canonical = store_column_text(load->caches, CACHE_CANONICAL);
    entry->issuer_canonical_full = store_column_text(load->caches, CACHE_CANONICAL_FULL);
    entry->not_after = (time_t)sqlite3_column_int64(load->caches, CACHE_NOT_AFTER);
    return trust_index_add(load->builder, entry, err);
}

/* Add a certificate out of its PEM, which other software wrote. */
static int load_pem(struct load *load, struct trust_bytes pem, struct trust_entry *entry,
                    struct trust_error *err)
{
    struct trust_cert *cert;
    int rc = store_cert_from_pem(pem, &cert, err);
    if (rc != 0)
        return rc;
    const struct trust_name *issuer = trust_cert_issuer(cert);
    entry->der = trust_cert_der(cert);
    memcpy(entry->sha256, trust_cert_sha256(cert), sizeof entry->sha256);
    entry->serial = trust_cert_serial(cert);
    entry->issuer = trust_name_cucm(issuer);
    entry->issuer_canonical = trust_name_canonical(issuer);
    entry->issuer_canonical_full = trust_name_canonical_full(issuer);
    entry->not_after = trust_cert_not_after(cert);
    rc = trust_index_add(load->builder, entry, err);
    trust_cert_free(cert);
    return rc;
}

static int load_parsed(struct load *load, int64_t row, struct trust_entry *entry, struct trust_error *why,
                       struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = false;
    int rc = store_prepare(load->store, &statement, err,
                           "SELECT certificate FROM certificate WHERE rowid = ?1", "i", row);
    if (rc == 0)
        rc = store_step(load->store, statement, &more, err);
    if (rc == 0)
        load_pem(load, more ? store_column_bytes(statement, 0) : (struct trust_bytes){0}, entry, why);
    sqlite3_finalize(statement);
    return rc;
}

static int load_row(struct load *load, const struct load_row *row, struct trust_error *err)
{
    struct trust_error why = {0};
    struct trust_entry entry = {.roles = load->roles[row->roles], .has_ttl = row->has_ttl, .ttl = row->ttl};
    bool valid = false;
    const bool has_cache = row->has_cache && load->store->keeps_caches;
    int rc = has_cache ? go_to_cache(load, row->cache, err) : 0;
    if (rc != 0)
        return rc;
    if (has_cache && load->cache_there && load->cache_at == row->cache) {
        entry.der = store_column_bytes(load->caches, CACHE_DER);
        valid = has_valid_cache(load, entry.der, entry.sha256);
    }
    if (valid)
        load_cached(load, &entry, &why);
    else
        rc = load_parsed(load, row->row, &entry, &why, err);
    return rc == 0 && why.code != 0 ? corrupt(load, row->row, &why, err) : rc;
}

static int load_rows(struct load *load, struct trust_error *err)
{
    int rc = store_prepare(load->store, &load->caches, err,
                           "SELECT rowid, sha256, der, serial, issuer, issuercanonical, issuercanonicalfull,"
                           " notafter FROM certificatecache WHERE rowid >= ?1 ORDER BY rowid",
                           "i", INT64_MIN);
    for (size_t i = 0; rc == 0 && i < load->count; i++)
        rc = load_row(load, &load->rows[i], err);
    sqlite3_finalize(load->caches);
    return rc;
}

/* Both passes see the same state: what is written meanwhile is seen by the next load. */
int trust_store_load(struct trust_store *store, struct trust_index_builder *builder, struct trust_error *err)
{
    struct load load = {.store = store, .builder = builder};
    int64_t state;
    int rc = store_run(store, err, "SAVEPOINT load", "");
    if (rc != 0)
        return rc;
    /* For what it finds out about the caches. */
    rc = trust_store_state(store, &state, err);
    if (rc == 0)
        rc = find_rows(&load, err);
    if (rc == 0)
        rc = find_ttls(&load, err);
    if (rc == 0)
        rc = load_rows(&load, err);
    free(load.rows);
    free(load.roles);
    int end = store_run(store, rc == 0 ? err : NULL, "RELEASE load", "");
    return rc != 0 ? rc : end;
}
