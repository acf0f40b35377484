#include "tests/libtrust/helper_store.h"

#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *helper_fresh_path(char path[256])
{
    char *folder = fixture_folder();
    snprintf(path, 256, "%s/" TRUST_STORE_FILE, folder);
    return folder;
}

void helper_open_fails(const char *path, enum trust_store_mode mode, int code, const char *part)
{
    struct trust_error err = {0};
    struct trust_store *store;
    ck_assert_int_eq(trust_store_open(path, mode, &store, &err), code);
    ck_assert_ptr_null(store);
    ck_assert_int_eq(err.code, code);
    ck_assert_msg(strstr(err.text, part) != NULL, "\"%s\" lacks \"%s\"", err.text, part);
    ck_assert_msg(strstr(err.text, path) != NULL, "\"%s\" lacks the path", err.text);
    ck_assert_int_eq(trust_store_open(path, mode, &store, NULL), code);
    helper_openssl_is_quiet();
}

struct trust_store *helper_store_open(const char *path, enum trust_store_mode mode)
{
    struct trust_error err = {0};
    struct trust_store *store;
    helper_ok(trust_store_open(path, mode, &store, &err), &err);
    return store;
}

struct helper_store helper_store_new(void)
{
    struct helper_store store = {.folder = fixture_folder()};
    snprintf(store.path, sizeof store.path, "%s/" TRUST_STORE_FILE, store.folder);
    store.store = helper_store_open(store.path, TRUST_STORE_WRITE);
    return store;
}

void helper_store_close(struct helper_store *store)
{
    trust_store_close(store->store);
    store->store = NULL;
}

void helper_store_free(struct helper_store *store)
{
    helper_store_close(store);
    fixture_folder_remove(store->folder);
}

void helper_exec(const char *path, const char *sql)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

void helper_exec_beside_caches(const char *path, const char *sql)
{
    char all[1000];
    int len = snprintf(all, sizeof all,
                       "CREATE TEMP TABLE kept AS SELECT * FROM certificatecache; %s;"
                       "DELETE FROM certificatecache; INSERT INTO certificatecache SELECT * FROM kept",
                       sql);
    ck_assert_int_lt(len, (int)sizeof all);
    helper_exec(path, all);
}

static int collect_columns(void *arg, int count, const char *const *names)
{
    (void)arg;
    for (int i = 0; i < count; i++)
        ck_assert_ptr_nonnull(names[i]);
    return 0;
}

static int collect_row(void *arg, int count, const char *const *cells)
{
    FILE *out = arg;
    for (int i = 0; i < count; i++)
        fprintf(out, "%s%s", i > 0 ? "|" : "", cells[i] != NULL ? cells[i] : "NULL");
    fputs(";", out);
    return 0;
}

char *helper_sql(struct trust_store *store, const char *statement)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct trust_sql_sink sink = {.arg = out, .columns = collect_columns, .row = collect_row};
    struct trust_error err = {0};
    helper_ok(trust_store_sql(store, statement, &sink, &err), &err);
    fclose(out);
    return text;
}

void helper_sql_is(struct trust_store *store, const char *statement, const char *expected)
{
    char *text = helper_sql(store, statement);
    ck_assert_msg(strcmp(text, expected) == 0, "%s: %s instead of %s", statement, text, expected);
    free(text);
}

struct trust_cert *helper_cert_from(const char *common_name, time_t now)
{
    static struct trust_key *key;
    if (key == NULL)
        key = helper_key("ec:P-256");
    struct trust_cert_request request = {.common_name = common_name,
                                         .subject = "OU=TAC;O=Example;C=PL",
                                         .days = 1825,
                                         .digest = TRUST_DIGEST_SHA256,
                                         .now = now};
    struct trust_error err = {0};
    struct trust_cert *cert;
    helper_ok(trust_cert_generate(&request, key, &cert, &err), &err);
    return cert;
}

struct trust_store_added helper_add_trust(struct trust_store *store, enum trust_unit unit,
                                          const struct trust_cert *cert)
{
    struct trust_error err = {0};
    struct trust_store_added added;
    helper_ok(trust_store_add_trust(store, unit, cert, &added, &err), &err);
    return added;
}

void helper_set_own(struct trust_store *store, const char *node, enum trust_unit unit,
                    const struct trust_cert *cert)
{
    struct trust_error err = {0};
    struct trust_node named = {.server_name = node, .ipv4 = "192.0.2.1"};
    helper_ok(trust_store_set_own(store, &named, unit, cert, &err), &err);
}

bool helper_import(struct trust_store *store, const struct trust_cert *cert, struct trust_roles roles,
                   int64_t ttl)
{
    struct trust_error err = {0};
    bool was_there;
    helper_ok(trust_store_add_imported(store, cert, &roles, ttl, &was_there, &err), &err);
    return was_there;
}

void helper_vouches(struct trust_store *store, const struct trust_cert *cert, bool expected)
{
    struct trust_error err = {0};
    bool is;
    helper_ok(trust_store_vouches(store, cert, &is, &err), &err);
    ck_assert_int_eq(is, expected);
}

struct trust_entry helper_entry(const struct trust_cert *cert, struct trust_roles roles)
{
    const struct trust_name *issuer = trust_cert_issuer(cert);
    struct trust_entry entry = {
        .der = trust_cert_der(cert),
        .serial = trust_cert_serial(cert),
        .issuer = trust_name_cucm(issuer),
        .issuer_canonical = trust_name_canonical(issuer),
        .issuer_canonical_full = trust_name_canonical_full(issuer),
        .roles = roles,
        .not_after = trust_cert_not_after(cert),
    };
    memcpy(entry.sha256, trust_cert_sha256(cert), sizeof entry.sha256);
    return entry;
}

struct trust_index *helper_load(struct trust_store *store)
{
    struct trust_error err = {0};
    struct trust_index_builder *builder;
    struct trust_index *index;
    helper_ok(trust_index_builder_new(&builder, &err), &err);
    helper_ok(trust_store_load(store, builder, &err), &err);
    helper_ok(trust_index_build(builder, &index, &err), &err);
    trust_index_builder_free(builder);
    return index;
}

const char *helper_roles(const struct trust_index *index, const struct trust_cert *cert)
{
    static char text[128];
    const struct trust_entry *entry = trust_index_by_der(index, trust_cert_der(cert));
    if (entry == NULL)
        return "absent";
    text[0] = '\0';
    for (size_t i = 0; i < entry->roles.count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%u", i > 0 ? "," : "", entry->roles.code[i]);
    }
    return text;
}

void helper_store_roles_are(struct trust_store *store, const struct trust_cert *cert, const char *expected)
{
    struct trust_index *index = helper_load(store);
    ck_assert_str_eq(helper_roles(index, cert), expected);
    trust_index_free(index);
}
