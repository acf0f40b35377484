/* From the store to what answers phones: the cache, rows that other software wrote, rows that are corrupt. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Expect the load to fail, naming the row of that pkid. */
static void load_fails(struct trust_store *store, const char *pkid, const char *part)
{
    struct trust_error err = {0};
    struct trust_index_builder *builder;
    helper_ok(trust_index_builder_new(&builder, &err), &err);
    ck_assert_int_eq(trust_store_load(store, builder, &err), TRUST_ESTORE);
    ck_assert_msg(strstr(err.text, pkid) != NULL && strstr(err.text, part) != NULL, "%s", err.text);
    ck_assert_int_eq(trust_store_load(store, builder, NULL), TRUST_ESTORE);
    helper_openssl_is_quiet();
    trust_index_builder_free(builder);
}

/* Write a certificate as other software does: no cache, roles as they stand. */
static void write_foreign(const char *path, const char *pkid, const char *file, const char *roles)
{
    char name[64], sql[8192];
    snprintf(name, sizeof name, "certs/%s", file);
    struct trust_bytes pem = fixture_read(name);
    snprintf(sql, sizeof sql,
             "INSERT INTO certificate (pkid, subjectname, issuername, serialnumber, certificate)"
             " VALUES ('%s', 'CN=x', 'CN=x', '00', '%s');"
             "INSERT INTO certificatetrustrolemap (fkcertificate, tktrustrole)"
             " SELECT '%s', enum FROM typetrustrole WHERE enum IN (%s)",
             pkid, (const char *)pem.data, pkid, roles);
    helper_exec(path, sql);
    fixture_free(pem);
}

START_TEST(captured_query_is_answered)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *cert = helper_cert_file("stormin-pub.crt");
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, cert);
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    struct trust_index *index = helper_load(reader);
    struct trust_bytes frame = helper_hex("query-request.hex");
    struct trust_request request;
    helper_ok(trust_request_decode(frame, &request, &err), &err);
    enum trust_found found;
    const struct trust_entry *entry;
    helper_ok(trust_index_query(index, request.serial, (const char *)request.issuer.data, request.issuer.len,
                                &found, &entry, &err),
              &err);
    ck_assert_int_eq(found, TRUST_FOUND_ONE);
    ck_assert_ptr_eq(entry, trust_index_by_der(index, trust_cert_der(cert)));
    ck_assert_str_eq(helper_roles(index, cert), "0,3");
    ck_assert_str_eq(entry->issuer, "CN=stormin-WIN2012-CA");
    ck_assert_int_eq(entry->not_after, trust_cert_not_after(cert));
    ck_assert_mem_eq(entry->sha256, trust_cert_sha256(cert), TRUST_SHA256_SIZE);
    fixture_free(frame);
    trust_index_free(index);
    trust_store_close(reader);
    trust_cert_free(cert);
    helper_store_free(&s);
}
END_TEST

START_TEST(cache_alone_is_read)
{
    struct helper_store s = helper_store_new();
    struct trust_cert *cert = helper_cert_file("pub.crt");
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert);
    /* The PEM is gone, but whoever took it away kept the cache. */
    helper_exec_beside_caches(s.path, "UPDATE certificate SET certificate = 'gone'");
    helper_store_roles_are(s.store, cert, "7");
    trust_cert_free(cert);
    helper_store_free(&s);
}
END_TEST

/* Each certificate has its own cache, roles and time to live, however the rows lie in the file. */
START_TEST(caches_in_another_order)
{
    static const char *const files[] = {"pub.crt", "sub1.crt", "capf.crt"};
    struct helper_store s = helper_store_new();
    struct trust_cert *certs[3];
    for (uint8_t i = 0; i < 3; i++) {
        certs[i] = helper_cert_file(files[i]);
        helper_import(s.store, certs[i], (struct trust_roles){1, {(uint8_t)(i + 2)}}, i == 1 ? -1 : 60 + i);
    }
    helper_exec_beside_caches(s.path, "UPDATE certificate SET certificate = 'gone'");
    helper_exec(s.path, "CREATE TABLE kept AS SELECT * FROM certificatecache ORDER BY rowid DESC;"
                        "DELETE FROM certificatecache;"
                        "INSERT INTO certificatecache SELECT * FROM kept; DROP TABLE kept");
    struct trust_index *index = helper_load(s.store);
    ck_assert_uint_eq(trust_index_count(index), 3);
    for (uint8_t i = 0; i < 3; i++) {
        const struct trust_entry *entry = trust_index_by_der(index, trust_cert_der(certs[i]));
        ck_assert_ptr_nonnull(entry);
        ck_assert_uint_eq(entry->roles.count, 1);
        ck_assert_uint_eq(entry->roles.code[0], i + 2);
        ck_assert_int_eq(entry->has_ttl, i != 1);
        ck_assert_uint_eq(entry->ttl, i == 1 ? 0 : 60 + i);
        trust_cert_free(certs[i]);
    }
    trust_index_free(index);
    helper_store_free(&s);
}
END_TEST

/* What is known from the load before is believed of the same bytes alone. */
START_TEST(damaged_after_the_load_before)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *cert = helper_cert_file("pub.crt"), *other = helper_cert_file("capf.crt");
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert);
    helper_import(s.store, other, (struct trust_roles){1, {4}}, -1);
    struct trust_index *before = helper_load(s.store), *index;
    helper_exec(s.path, "UPDATE certificatecache SET der = (SELECT der FROM certificatecache WHERE rowid = 2)"
                        " WHERE rowid = 1");
    struct trust_index_builder *builder;
    helper_ok(trust_index_builder_after(&builder, before, &err), &err);
    helper_ok(trust_store_load(s.store, builder, &err), &err);
    helper_ok(trust_index_build(builder, &index, &err), &err);
    trust_index_builder_free(builder);
    trust_index_free(before);
    ck_assert_str_eq(helper_roles(index, cert), "7"); /* out of the PEM */
    ck_assert_str_eq(helper_roles(index, other), "4");
    trust_index_free(index);
    trust_cert_free(cert);
    trust_cert_free(other);
    helper_store_free(&s);
}
END_TEST

START_TEST(damaged_cache_is_not_believed)
{
    struct helper_store s = helper_store_new();
    struct trust_cert *cert = helper_cert_file("pub.crt"), *other = helper_cert_file("capf.crt");
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert);
    char sql[4096], hex[3000];
    snprintf(sql, sizeof sql, "UPDATE certificatecache SET der = X'%s'",
             trust_hex(trust_cert_der(other), 0, false, hex));
    helper_exec(s.path, sql);
    struct trust_index *index = helper_load(s.store);
    ck_assert_str_eq(helper_roles(index, cert), "7"); /* out of the PEM */
    ck_assert_str_eq(helper_roles(index, other), "absent");
    trust_index_free(index);
    helper_vouches(s.store, other, false);

    char *pkid = helper_sql(s.store, "select pkid from certificate");
    pkid[36] = '\0';
    helper_exec_beside_caches(s.path, "UPDATE certificate SET certificate = 'gone'");
    load_fails(s.store, pkid, "corrupt");
    free(pkid);
    trust_cert_free(cert);
    trust_cert_free(other);
    helper_store_free(&s);
}
END_TEST

START_TEST(changed_certificate_drops_its_cache)
{
    struct helper_store s = helper_store_new();
    struct trust_cert *before = helper_cert_file("pub-old.crt"), *after = helper_cert_file("pub.crt");
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, before);
    struct trust_bytes pem = fixture_read("certs/pub.crt");
    char sql[4096];
    snprintf(sql, sizeof sql, "UPDATE certificate SET certificate = '%s'", (const char *)pem.data);
    helper_exec(s.path, sql);
    helper_store_roles_are(s.store, before, "absent");
    helper_store_roles_are(s.store, after, "7");

    /* The next writer makes the cache again, and finds the certificate by it. */
    ck_assert(helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, after).was_there);
    helper_sql_is(s.store, "select count(*), max(commonname) from certificatecache", "1|cucm-1051-a-pub;");
    fixture_free(pem);
    trust_cert_free(before);
    trust_cert_free(after);
    helper_store_free(&s);
}
END_TEST

START_TEST(certificate_put_in_place_of_another)
{
    struct helper_store s = helper_store_new();
    struct trust_cert *before = helper_cert_file("pub-old.crt"), *after = helper_cert_file("pub.crt");
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, before);
    struct trust_bytes pem = fixture_read("certs/pub.crt");
    char sql[4096];
    snprintf(sql, sizeof sql,
             "REPLACE INTO certificate (pkid, subjectname, issuername, serialnumber, certificate)"
             " SELECT pkid, subjectname, issuername, serialnumber, '%s' FROM certificate",
             (const char *)pem.data);
    helper_exec(s.path, sql);
    helper_store_roles_are(s.store, before, "absent");
    helper_store_roles_are(s.store, after, "7");
    fixture_free(pem);
    trust_cert_free(before);
    trust_cert_free(after);
    helper_store_free(&s);
}
END_TEST

START_TEST(rows_of_other_software)
{
    struct helper_store s = helper_store_new();
    struct trust_cert *cert = helper_cert_file("sub1.crt");
    write_foreign(s.path, "foreign-1", "sub1.crt", "2,4");
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    helper_store_roles_are(reader, cert, "2,4");
    helper_vouches(reader, cert, false);
    struct trust_error err = {0};
    struct trust_store_row row;
    helper_ok(trust_store_find(reader, 0, "cucm-1051-a-sub1", &row, &err), &err);
    ck_assert(row.imported);
    ck_assert_int_eq(row.ttl, -1);
    trust_cert_free(row.cert);
    trust_store_close(reader);

    /* Filed under a unit, it keeps the roles that it had; it is no second row. */
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, cert);
    helper_store_roles_are(s.store, cert, "0,2,3,4");
    helper_vouches(s.store, cert, true);
    helper_sql_is(s.store, "select count(*) from certificate", "1;");
    helper_sql_is(s.store, "select count(*) from certificatecache", "1;");

    /* Deleted by software that has foreign keys off: the bytes can come again. */
    helper_exec(s.path, "DELETE FROM certificate");
    helper_store_roles_are(s.store, cert, "absent");
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert);
    helper_store_roles_are(s.store, cert, "7");
    trust_cert_free(cert);
    helper_store_free(&s);
}
END_TEST

START_TEST(same_bytes_in_two_rows)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *cert = helper_cert_file("sub1.crt");
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert);
    write_foreign(s.path, "foreign-2", "sub1.crt", "4");
    helper_ok(trust_store_set_param(s.store, "A", "1", &err), &err);
    struct trust_index *index = helper_load(s.store);
    ck_assert_uint_eq(trust_index_count(index), 1);
    ck_assert_str_eq(helper_roles(index, cert), "4,7");
    trust_index_free(index);
    trust_cert_free(cert);
    helper_store_free(&s);
}
END_TEST

/* What other software can get wrong, and what the error says about it. */
static const struct {
    const char *sql, *part;
} corruptions[] = {
    {"UPDATE certificate SET certificate = 'nothing'", "pkid bad-1"},
    {"UPDATE certificate SET certificate = ''", "pkid bad-1"},
    {"UPDATE certificate SET certificate = certificate || certificate", "2 certificates"},
    {"UPDATE certificate SET certificate = replace(certificate, 'M', 'N')", "pkid bad-1"},
    {"UPDATE certificate SET timetolive = -5", "time to live"},
    {"UPDATE certificate SET timetolive = 'long'", "time to live"},
    {"UPDATE certificate SET timetolive = 4294967296", "time to live"},
    {"INSERT INTO certificatetrustrolemap (fkcertificate, tktrustrole) VALUES ('bad-1', 256)", "role"},
    {"INSERT INTO certificatetrustrolemap (fkcertificate, tktrustrole) VALUES ('bad-1', 'SAST')", "role"},
    {"WITH RECURSIVE n (i) AS (VALUES (100) UNION ALL SELECT i + 1 FROM n WHERE i < 140)"
     " INSERT INTO certificatetrustrolemap (fkcertificate, tktrustrole) SELECT 'bad-1', i FROM n",
     "more than 32"},
};

static int ignore_row(void *arg, const struct trust_store_row *row)
{
    (void)arg, (void)row;
    return 0;
}

START_TEST(corrupt_rows_are_named)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    write_foreign(s.path, "bad-1", "sub1.crt", "2");
    helper_exec(s.path, corruptions[_i].sql);
    load_fails(s.store, "bad-1", corruptions[_i].part);
    ck_assert_int_eq(trust_store_each(s.store, 0, ignore_row, NULL, &err), TRUST_ESTORE);
    ck_assert_ptr_nonnull(strstr(err.text, "bad-1"));

    /* Writing goes on. */
    helper_ok(trust_store_set_param(s.store, "A", "1", &err), &err);
    helper_store_free(&s);
}
END_TEST

START_TEST(pkid_that_is_none)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *cert = helper_cert_file("sub1.crt"), *own;
    bool vouches;
    write_foreign(s.path, "a-pkid-that-is-longer-than-any-uuid-can-be", "sub1.crt", "2");
    ck_assert_int_eq(trust_store_each(s.store, 0, ignore_row, NULL, &err), TRUST_ESTORE);
    ck_assert_int_eq(trust_store_vouches(s.store, cert, &vouches, &err), TRUST_ESTORE);
    helper_exec(s.path, "UPDATE certificate SET servername = 'n';"
                        "INSERT INTO certificateservicecertificatemap SELECT pkid, 11 FROM certificate");
    ck_assert_int_eq(trust_store_own(s.store, "n", TRUST_UNIT_TVS, &own, &err), TRUST_ESTORE);
    ck_assert_ptr_null(own);
    trust_cert_free(cert);
    helper_store_free(&s);
}
END_TEST

START_TEST(newest_own_certificate_of_two)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *old = helper_cert_from("n", 1400000000), *young = helper_cert_from("n", 1500000000),
                      *own;
    for (int round = 0; round < 2; round++) {
        helper_import(s.store, round == 0 ? old : young, (struct trust_roles){0}, -1);
        helper_import(s.store, round == 0 ? young : old, (struct trust_roles){0}, -1);
        helper_exec(s.path, "UPDATE certificate SET servername = 'n';"
                            "INSERT INTO certificateservicecertificatemap SELECT pkid, 11 FROM certificate");
        helper_ok(trust_store_own(s.store, "n", TRUST_UNIT_TVS, &own, &err), &err);
        ck_assert(trust_cert_equal(own, young));
        trust_cert_free(own);
        helper_exec(s.path, "PRAGMA foreign_keys = ON; DELETE FROM certificate");
    }
    trust_cert_free(old);
    trust_cert_free(young);
    helper_store_free(&s);
}
END_TEST

START_TEST(corrupt_pages)
{
    struct helper_store s = helper_store_new();
    for (int i = 0; i < 40; i++) {
        struct trust_cert *cert = helper_cert_from("n", 1400000000 + i);
        helper_import(s.store, cert, (struct trust_roles){1, {7}}, -1);
        trust_cert_free(cert);
    }
    helper_store_close(&s);
    struct trust_bytes file = fixture_read(s.path);
    FILE *out = fopen(s.path, "r+");
    for (long at = 8192; at + 4096 <= (long)file.len; at += 4096) {
        fseek(out, at, SEEK_SET);
        fwrite("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1, 12, out);
    }
    fclose(out);
    fixture_free(file);

    struct trust_error err = {0};
    struct trust_store *reader;
    struct trust_index_builder *builder;
    helper_ok(trust_index_builder_new(&builder, &err), &err);
    int rc = trust_store_open(s.path, TRUST_STORE_READ, &reader, &err);
    if (rc == 0)
        rc = trust_store_load(reader, builder, &err);
    ck_assert_int_eq(rc, TRUST_ESTORE);
    ck_assert_ptr_nonnull(strstr(err.text, "SQLITE_CORRUPT"));
    ck_assert_ptr_nonnull(strstr(err.text, "backup"));
    trust_index_builder_free(builder);
    trust_store_close(reader);
    helper_store_free(&s);
}
END_TEST

#define MANY 3000

/* Writing many in one transaction, then loading them. */
static clock_t write_and_load(int count)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    clock_t start = clock();
    helper_ok(trust_store_begin(s.store, &err), &err);
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "node-%d", i);
        struct trust_cert *cert = helper_cert_from(name, 1400000000);
        helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, cert);
        trust_cert_free(cert);
    }
    helper_ok(trust_store_commit(s.store, &err), &err);
    struct trust_index *index = helper_load(s.store);
    ck_assert_uint_eq(trust_index_count(index), (size_t)count);
    clock_t took = clock() - start;
    trust_index_free(index);
    helper_store_free(&s);
    return took;
}

START_TEST(many)
{
    clock_t quarter = write_and_load(MANY / 4);
    helper_grows_evenly("writing and loading", quarter, write_and_load(MANY));
}
END_TEST

/* Only NULL is the default: 0 tells phones to ask each time. */
START_TEST(a_ttl_of_zero_is_kept)
{
    struct helper_store s = helper_store_new();
    struct trust_cert *cert = helper_cert_file("pub.crt");
    helper_import(s.store, cert, (struct trust_roles){1, {TRUST_ROLE_APP_SERVER}}, 0);
    struct trust_index *index = helper_load(s.store);
    ck_assert(trust_index_at(index, 0)->has_ttl);
    ck_assert_uint_eq(trust_index_at(index, 0)->ttl, 0);
    trust_index_free(index);
    trust_cert_free(cert);
    helper_store_free(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("store: load");
    TCase *load = tcase_create("load");
    tcase_set_timeout(load, 60);
    tcase_add_test(load, captured_query_is_answered);
    tcase_add_test(load, cache_alone_is_read);
    tcase_add_test(load, caches_in_another_order);
    tcase_add_test(load, damaged_after_the_load_before);
    tcase_add_test(load, damaged_cache_is_not_believed);
    tcase_add_test(load, changed_certificate_drops_its_cache);
    tcase_add_test(load, certificate_put_in_place_of_another);
    tcase_add_test(load, rows_of_other_software);
    tcase_add_test(load, same_bytes_in_two_rows);
    tcase_add_loop_test(load, corrupt_rows_are_named, 0, sizeof corruptions / sizeof corruptions[0]);
    tcase_add_test(load, pkid_that_is_none);
    tcase_add_test(load, newest_own_certificate_of_two);
    tcase_add_test(load, a_ttl_of_zero_is_kept);
    tcase_add_test(load, corrupt_pages);
    tcase_add_test(load, many);
    suite_add_tcase(s, load);
    return s;
}
