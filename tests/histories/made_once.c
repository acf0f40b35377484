#include "made_once.h"

#include "trust.h"

#include <check.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

int __real_trust_key_generate(const char *spec, struct trust_key **out, struct trust_error *err);
int __wrap_trust_key_generate(const char *spec, struct trust_key **out, struct trust_error *err);
int __real_trust_cert_from_der(struct trust_bytes der, struct trust_cert **out, struct trust_error *err);
int __wrap_trust_cert_from_der(struct trust_bytes der, struct trust_cert **out, struct trust_error *err);
int __real_trust_key_parse(struct trust_bytes bytes, const char *password, struct trust_key **out,
                           struct trust_error *err);
int __wrap_trust_key_parse(struct trust_bytes bytes, const char *password, struct trust_key **out,
                           struct trust_error *err);
int __real_sqlite3_prepare_v2(sqlite3 *db, const char *text, int len, sqlite3_stmt **out, const char **tail);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *text, int len, sqlite3_stmt **out, const char **tail);
int __real_sqlite3_finalize(sqlite3_stmt *statement);
int __wrap_sqlite3_finalize(sqlite3_stmt *statement);
int __real_sqlite3_close(sqlite3 *db);
int __wrap_sqlite3_close(sqlite3 *db);

/* ---- The pool */

#define SPECS_MAX 8

static struct pool {
    const char *spec; /* NULL: this and the rest are free */
    struct trust_key **keys;
    size_t count, used;
} pools[SPECS_MAX];

static struct pool *pool_of(const char *spec)
{
    size_t i = 0;
    while (i < SPECS_MAX && pools[i].spec != NULL && strcmp(pools[i].spec, spec) != 0)
        i++;
    ck_assert_uint_lt(i, SPECS_MAX);
    if (pools[i].spec == NULL)
        pools[i].spec = strdup(spec);
    return &pools[i];
}

int __wrap_trust_key_generate(const char *spec, struct trust_key **out, struct trust_error *err)
{
    *out = NULL;
    if (!trust_key_spec_is_valid(spec))
        return __real_trust_key_generate(spec, out, err);
    struct pool *pool = pool_of(spec);
    if (pool->used == pool->count) {
        pool->keys = reallocarray(pool->keys, pool->count + 1, sizeof *pool->keys);
        ck_assert_ptr_nonnull(pool->keys);
        int code = __real_trust_key_generate(spec, &pool->keys[pool->count], err);
        if (code != 0)
            return code;
        pool->count++;
    }
    *out = trust_key_ref(pool->keys[pool->used++]);
    return 0;
}

/* ---- What was read already */

#define BUCKETS 1024

struct seen {
    struct seen *next;
    struct trust_cert *cert; /* one of the two */
    struct trust_key *key;
    size_t len;
    uint8_t bytes[];
};
static struct seen *all_seen[BUCKETS];

/* FNV-1a. */
static struct seen **bucket_of(struct trust_bytes bytes)
{
    uint32_t hash = UINT32_C(2166136261);
    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ bytes.data[i]) * UINT32_C(16777619);
    return &all_seen[hash % BUCKETS];
}

static struct seen *find(struct trust_bytes bytes, bool is_cert)
{
    struct seen *seen = *bucket_of(bytes);
    while (seen != NULL && ((seen->cert != NULL) != is_cert || seen->len != bytes.len ||
                            memcmp(seen->bytes, bytes.data, bytes.len) != 0))
        seen = seen->next;
    return seen;
}

static void remember(struct trust_bytes bytes, struct trust_cert *cert, struct trust_key *key)
{
    struct seen **bucket = bucket_of(bytes), *seen = malloc(sizeof *seen + bytes.len);
    ck_assert_ptr_nonnull(seen);
    *seen = (struct seen){.next = *bucket, .len = bytes.len};
    seen->cert = cert != NULL ? trust_cert_ref(cert) : NULL;
    seen->key = key != NULL ? trust_key_ref(key) : NULL;
    memcpy(seen->bytes, bytes.data, bytes.len);
    *bucket = seen;
}

int __wrap_trust_cert_from_der(struct trust_bytes der, struct trust_cert **out, struct trust_error *err)
{
    struct seen *seen = find(der, true);
    if (seen != NULL) {
        *out = trust_cert_ref(seen->cert);
        return 0;
    }
    int code = __real_trust_cert_from_der(der, out, err);
    if (code == 0)
        remember(der, *out, NULL);
    return code;
}

int __wrap_trust_key_parse(struct trust_bytes bytes, const char *password, struct trust_key **out,
                           struct trust_error *err)
{
    struct seen *seen = password == NULL ? find(bytes, false) : NULL;
    if (seen != NULL) {
        *out = trust_key_ref(seen->key);
        return 0;
    }
    int code = __real_trust_key_parse(bytes, password, out, err);
    if (code == 0 && password == NULL)
        remember(bytes, NULL, *out);
    return code;
}

/* ---- Statements: one that is done with lies ready for who prepares the same on its connection */

#define IDLE_MAX 256
static sqlite3_stmt *idle[IDLE_MAX];

/* A PRAGMA may have done its work when it is prepared, and what is given with a length is not ours. */
static bool may_lie_ready(const char *text)
{
    static const char *const words[] = {"SELECT ", "INSERT ", "UPDATE ", "DELETE "};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(text, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *text, int len, sqlite3_stmt **out, const char **tail)
{
    for (size_t i = 0; i < IDLE_MAX && len < 0 && tail == NULL; i++) {
        if (idle[i] == NULL || sqlite3_db_handle(idle[i]) != db || strcmp(sqlite3_sql(idle[i]), text) != 0)
            continue;
        *out = idle[i];
        idle[i] = NULL;
        return SQLITE_OK;
    }
    return __real_sqlite3_prepare_v2(db, text, len, out, tail);
}

int __wrap_sqlite3_finalize(sqlite3_stmt *statement)
{
    size_t i = 0;
    while (i < IDLE_MAX && idle[i] != NULL)
        i++;
    if (statement == NULL || i == IDLE_MAX || !may_lie_ready(sqlite3_sql(statement)))
        return __real_sqlite3_finalize(statement);
    int code = sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    idle[i] = statement;
    return code;
}

int __wrap_sqlite3_close(sqlite3 *db)
{
    for (size_t i = 0; i < IDLE_MAX; i++) {
        if (idle[i] == NULL || sqlite3_db_handle(idle[i]) != db)
            continue;
        __real_sqlite3_finalize(idle[i]);
        idle[i] = NULL;
    }
    return __real_sqlite3_close(db);
}

/* ---- A history */

void made_once_begin(void)
{
    static bool is_set_up;
    /* One thread, and nobody who asks how much memory it takes. */
    if (!is_set_up)
        ck_assert(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK &&
                  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
    is_set_up = true;
    for (size_t i = 0; i < SPECS_MAX; i++)
        pools[i].used = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (all_seen[i] != NULL) {
            struct seen *seen = all_seen[i];
            all_seen[i] = seen->next;
            trust_cert_free(seen->cert);
            trust_key_free(seen->key);
            free(seen);
        }
    }
}
