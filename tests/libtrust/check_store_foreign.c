/* Taking over the certificate database of the open Python tools. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct seen {
    size_t count;
    struct trust_store *store; /* where rows go; NULL: nowhere */
    int64_t ttl;               /* of the last */
    struct trust_roles roles;
};

static int take(void *arg, const struct trust_foreign_row *row)
{
    struct seen *seen = arg;
    seen->count++;
    seen->ttl = row->ttl;
    seen->roles = row->roles;
    if (seen->store != NULL)
        helper_import(seen->store, row->cert, row->roles, row->ttl);
    return 0;
}

START_TEST(a_database_that_the_tools_wrote)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct seen seen = {.store = s.store};
    helper_ok(trust_store_read_usecallmanager(fixture_path("peer.sqlite3"), take, &seen, &err), &err);
    ck_assert_uint_eq(seen.count, 4);
    static const struct {
        const char *file, *roles;
        uint32_t ttl;
    } expected[] = {{"pub.crt", "0,2", 86400},
                    {"etoken2.crt", "0", 86400},
                    {"tvs-ec.crt", "21", 86400},
                    {"apache.crt", "7", 3600}};
    struct trust_index *index = helper_load(s.store);
    ck_assert_uint_eq(trust_index_count(index), 4);
    for (size_t i = 0; i < 4; i++) {
        struct trust_cert *cert = helper_cert_file(expected[i].file);
        ck_assert_str_eq(helper_roles(index, cert), expected[i].roles);
        ck_assert_uint_eq(trust_index_by_der(index, trust_cert_der(cert))->ttl, expected[i].ttl);
        trust_cert_free(cert);
    }
    trust_index_free(index);
    helper_sql_is(s.store, "select count(*) from certificateservicecertificatemap", "0;");
    helper_store_free(&s);
}
END_TEST

/* Write a database of one row. ttl and roles as SQL. Returns the folder. */
static char *database(char path[256], const char *roles, const char *ttl, bool good_pem)
{
    char *folder = fixture_folder(), sql[8192];
    struct trust_bytes pem = fixture_read("certs/pub.crt");
    snprintf(path, 256, "%s/peer.sqlite3", folder);
    snprintf(sql, sizeof sql,
             "CREATE TABLE certificates (certificate_hash TEXT PRIMARY KEY, serial_number TEXT, certificate,"
             " roles TEXT, ttl);"
             "INSERT INTO certificates VALUES ('00', '4711', '%s', %s, %s)",
             good_pem ? (const char *)pem.data : "no PEM", roles, ttl);
    helper_exec(path, sql);
    fixture_free(pem);
    return folder;
}

static const struct {
    const char *roles, *ttl;
    int rc;
    const char *part;
    bool bad_pem;
} rows[] = {
    {"'SAST,CCM+TFTP'", "60", 0, "", false},
    {"' sast , tvs '", "NULL", 0, "", false},
    {"''", "0", 0, "", false},
    {"NULL", "0", 0, "", false},
    {"'SAST,WIZARD'", "60", TRUST_EVALUE, "\"WIZARD\"", false},
    {"'a role whose name is longer than any that there is'", "60", TRUST_EVALUE, "no code", false},
    {"'SAST,,TVS'", "60", TRUST_EVALUE, "no code", false},
    {"'SAST' || char(10)", "60", TRUST_EVALUE, "no code", false},
    {"'SAST'", "-1", TRUST_EVALUE, "time to live", false},
    {"'SAST'", "'long'", TRUST_EVALUE, "time to live", false},
    {"'SAST'", "60", TRUST_ECERT, "row 1", true},
};

START_TEST(rows_one_by_one)
{
    char path[256], *folder = database(path, rows[_i].roles, rows[_i].ttl, !rows[_i].bad_pem);
    struct trust_error err = {0};
    struct seen seen = {0};
    int rc = trust_store_read_usecallmanager(path, take, &seen, &err);
    ck_assert_msg(rc == rows[_i].rc, "%d: %s", rc, err.text);
    ck_assert_uint_eq(seen.count, rc == 0 ? 1 : 0);
    if (rc != 0) {
        ck_assert_int_eq(err.code, rc);
        ck_assert_msg(strstr(err.text, rows[_i].part) != NULL, "%s", err.text);
        ck_assert_msg(strstr(err.text, "row 1 of certificates (serial number 4711)") != NULL, "%s", err.text);
        ck_assert_ptr_null(strchr(err.text, '\n'));
    }
    helper_openssl_is_quiet();
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(values_of_a_row)
{
    char path[256], *folder = database(path, "'TVS, SAST,tvs'", "NULL", true);
    struct trust_error err = {0};
    struct seen seen = {0};
    helper_ok(trust_store_read_usecallmanager(path, take, &seen, &err), &err);
    ck_assert_int_eq(seen.ttl, -1);
    ck_assert_uint_eq(seen.roles.count, 2);
    ck_assert(trust_roles_has(&seen.roles, TRUST_ROLE_SAST) && trust_roles_has(&seen.roles, TRUST_ROLE_TVS));
    fixture_folder_remove(folder);
}
END_TEST

static int refuse(void *arg, const struct trust_foreign_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 42;
}

START_TEST(no_such_database)
{
    char path[256], *folder = fixture_folder();
    struct trust_error err = {0};
    struct seen seen = {0};
    snprintf(path, sizeof path, "%s/peer.sqlite3", folder);
    ck_assert_int_eq(trust_store_read_usecallmanager(path, take, &seen, &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(mkfifo(path, 0600), 0); /* nobody ever writes into it */
    ck_assert_int_eq(trust_store_read_usecallmanager(path, take, &seen, &err), TRUST_EARGUMENT);
    ck_assert_int_eq(unlink(path), 0);
    helper_exec(path, "CREATE TABLE certificates (a)");
    ck_assert_int_eq(trust_store_read_usecallmanager(path, take, &seen, &err), TRUST_ESTORE);
    ck_assert_ptr_nonnull(strstr(err.text, "usecallmanager"));
    ck_assert_int_eq(trust_store_read_usecallmanager(fixture_path("query-request.hex"), take, &seen, &err),
                     TRUST_ESTORE);
    ck_assert_ptr_nonnull(strstr(err.text, "it is no SQLite database"));
    ck_assert_int_ne(trust_store_read_usecallmanager(folder, take, &seen, &err), 0);
    ck_assert_uint_eq(seen.count, 0);
    int calls = 0;
    ck_assert_int_eq(trust_store_read_usecallmanager(fixture_path("peer.sqlite3"), refuse, &calls, &err), 42);
    ck_assert_int_eq(calls, 1);
    fixture_folder_remove(folder);
}
END_TEST

/* What a schema would have computed: rows without end, and values that take hours. */
START_TEST(what_is_no_table)
{
    static const char *const schemas[] = {
        "CREATE VIEW Certificates AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT i AS certificate_hash, i AS serial_number, '' AS certificate, '' AS roles, 1 AS ttl FROM n",
        "CREATE TABLE certificates (certificate_hash, serial_number, roles, ttl, certificate AS"
        " (instr(hex(zeroblob(4000000)), hex(zeroblob(2000000)) || '1')))",
        "CREATE TABLE CERTIFICATES (certificate_hash, serial_number, roles, ttl, certificate AS ('x') "
        "STORED)",
        "CREATE VIRTUAL TABLE certificates"
        " USING fts5(certificate_hash, serial_number, roles, ttl, certificate)",
        "CREATE VIEW v AS SELECT 1 AS rowid, '' AS certificate_hash, '' AS serial_number, '' AS roles, 1 AS "
        "ttl,"
        " '' AS certificate; CREATE VIRTUAL TABLE certificates"
        " USING fts5(certificate_hash, serial_number, roles, ttl, certificate, content='v');"
        "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 2 WHERE name = 'certificates'",
    };
    char path[256], *folder = fixture_folder();
    struct trust_error err = {0};
    struct seen seen = {0};
    snprintf(path, sizeof path, "%s/peer.sqlite3", folder);
    helper_exec(path, schemas[_i]);
    ck_assert_int_eq(trust_store_read_usecallmanager(path, take, &seen, &err), TRUST_ESTORE);
    ck_assert_msg(strstr(err.text, "computed") != NULL, "%s", err.text);
    ck_assert_uint_eq(seen.count, 0);
    fixture_folder_remove(folder);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("store: take over");
    TCase *foreign = tcase_create("usecallmanager");
    tcase_add_test(foreign, a_database_that_the_tools_wrote);
    tcase_add_loop_test(foreign, rows_one_by_one, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(foreign, values_of_a_row);
    tcase_add_test(foreign, no_such_database);
    tcase_add_loop_test(foreign, what_is_no_table, 0, 5);
    suite_add_tcase(s, foreign);
    return s;
}
