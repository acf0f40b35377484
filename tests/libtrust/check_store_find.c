/* Certificates of the store by the names that people use for them. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0 ((time_t)1400000000)

#define NODE "cucm-1051-a-pub"

static int describe(void *arg, const struct trust_store_row *row)
{
    FILE *out = arg;
    fprintf(out, "%s%s%s %x%s;", row->server_name, row->server_name[0] != '\0' ? " " : "",
            trust_name_common_name(trust_cert_subject(row->cert)), row->units,
            row->retired    ? " retired"
            : row->imported ? " imported"
                            : "");
    return 0;
}

static void rows_are(struct trust_store *store, int unit, const char *expected)
{
    char *text = NULL;
    size_t len;
    struct trust_error err = {0};
    FILE *out = open_memstream(&text, &len);
    helper_ok(trust_store_each(store, unit, describe, out, &err), &err);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

static const struct {
    const char *name;
    int rc;
} names[] = {
    {"ucm11pub.stormin.local", 0},
    {" UCM11PUB.stormin.LOCAL ", 0},
    {"ucm11pub.stormin.local.pem", 0},
    {"CN=ucm11pub.stormin.local;OU=IST;O=Stormin;L=Brisbane;ST=QLD;C=AU", 0},
    {"C=AU,ST=QLD,L=Brisbane,O=Stormin,OU=IST,CN=ucm11pub.stormin.local", 0},
    {"70CAF64E090751B9DF22F49F754FC5BB", 0},
    {"70:ca:f6:4e:09:07:51:b9:df:22:f4:9f:75:4f:c5:bb", 0},
    {"24000000179479B8F124AC3F3B000000000017", TRUST_EAMBIGUOUS},
    {"ucm11pub", TRUST_ENOTFOUND},
    {".pem", TRUST_ENOTFOUND},
    {"", TRUST_ENOTFOUND},
    {"00", TRUST_ENOTFOUND},
    {"CN=ucm11pub.stormin.local", TRUST_ENOTFOUND},
    {"\x1b[31mred", TRUST_ENOTFOUND},
};

START_TEST(found_by_the_names_that_people_use)
{
    struct helper_store s = helper_store_new();
    const char *const files[] = {"stormin-pub.crt", "other-pub.crt", "pub-old.crt"};
    for (size_t i = 0; i < 3; i++) {
        struct trust_cert *cert = helper_cert_file(files[i]);
        helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, cert);
        trust_cert_free(cert);
    }
    struct trust_error err = {0};
    struct trust_store_row row;
    int rc = trust_store_find(s.store, TRUST_UNIT_PHONE_SAST_TRUST, names[_i].name, &row, &err);
    ck_assert_msg(rc == names[_i].rc, "%s: %s", names[_i].name, err.text);
    if (rc == 0)
        ck_assert_str_eq(row.server_name, "");
    else
        ck_assert_ptr_null(row.cert);
    if (rc == TRUST_EAMBIGUOUS)
        ck_assert_ptr_nonnull(strstr(err.text, "24000000179479b8f124ac3f3b000000000017, 2400"));
    ck_assert_ptr_null(strchr(err.text, '\x1b'));
    trust_cert_free(row.cert);

    ck_assert_int_eq(trust_store_find(s.store, TRUST_UNIT_TOMCAT_TRUST, names[_i].name, &row, &err),
                     TRUST_ENOTFOUND);
    ck_assert_int_eq(trust_store_find(s.store, 0, names[_i].name, &row, &err), TRUST_ENOTFOUND);
    struct trust_cert *deleted;
    ck_assert_int_eq(trust_store_delete(s.store, 0, names[_i].name, &deleted, &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(trust_store_delete(s.store, 99, names[_i].name, &deleted, &err), TRUST_EARGUMENT);
    helper_openssl_is_quiet();
    helper_store_free(&s);
}
END_TEST

START_TEST(full_subject_decides)
{
    struct helper_store s = helper_store_new();
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert *one =
        helper_cert(&(struct helper_plan){.subject = "DC=one;CN=ca", .serial = "01", .key = key});
    struct trust_cert *two =
        helper_cert(&(struct helper_plan){.subject = "DC=two;CN=ca", .serial = "02", .key = key});
    helper_import(s.store, one, (struct trust_roles){0}, -1);
    helper_import(s.store, two, (struct trust_roles){0}, -1);
    struct trust_error err = {0};
    struct trust_store_row row;
    ck_assert_int_eq(trust_store_find(s.store, 0, "CN=ca", &row, &err), TRUST_EAMBIGUOUS);
    helper_ok(trust_store_find(s.store, 0, "CN=ca,DC=two", &row, &err), &err);
    ck_assert(trust_cert_equal(row.cert, two));
    ck_assert(row.imported);
    trust_cert_free(row.cert);
    trust_cert_free(one);
    trust_cert_free(two);
    trust_key_free(key);
    helper_store_free(&s);
}
END_TEST

/* Blanks of any kind are alike: nobody guesses between two names that differ in them alone. */
START_TEST(tabs_are_blanks)
{
    static const char *const typed[] = {"CN=a b", "a b", "a\tb", "CN=a\tb", "CN=\"a \t b\""};
    struct helper_store s = helper_store_new();
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert *blank =
        helper_cert(&(struct helper_plan){.subject = "CN=a b", .serial = "01", .key = key});
    struct trust_cert *tab =
        helper_cert(&(struct helper_plan){.subject = "CN=a\tb", .serial = "02", .key = key});
    struct trust_error err = {0};
    struct trust_store_row row;
    helper_import(s.store, tab, (struct trust_roles){0}, -1);
    helper_ok(trust_store_find(s.store, 0, typed[_i], &row, &err), &err);
    ck_assert(trust_cert_equal(row.cert, tab));
    trust_cert_free(row.cert);
    helper_import(s.store, blank, (struct trust_roles){0}, -1);
    ck_assert_int_eq(trust_store_find(s.store, 0, typed[_i], &row, &err), TRUST_EAMBIGUOUS);
    trust_cert_free(blank);
    trust_cert_free(tab);
    trust_key_free(key);
    helper_store_free(&s);
}
END_TEST

/* Whatever of its subject is typed, in whatever order. */
static const struct {
    const char *subject, *name;
} spelt[] = {
    {"OU=first;O=Example", "O=Example;OU=first"},
    {"CN=one;CN=two;O=Example", "CN=two,CN=one,O=Example"},
    {"CN=one;CN=two;O=Example", "one"},
    {"CN=Some  Name", " some name"},
    {"CN=Some  Name", "cn=some name"},
    {"CN=a;OU=with CN=b", "OU=with CN=b;CN=a"},
    {"CN=a", "00:00:4f"},
    {"CN=a", "4F"},
    {"CN=a", "A.PEM"},
};

START_TEST(found_by_any_spelling)
{
    struct helper_store s = helper_store_new();
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert *cert =
        helper_cert(&(struct helper_plan){.subject = spelt[_i].subject, .serial = "4f", .key = key});
    struct trust_cert *other = helper_cert_file("pub.crt"), *deleted;
    helper_import(s.store, other, (struct trust_roles){0}, -1);
    helper_import(s.store, cert, (struct trust_roles){0}, -1);
    struct trust_error err = {0};
    struct trust_store_row row;
    helper_ok(trust_store_find(s.store, 0, spelt[_i].name, &row, &err), &err);
    ck_assert(trust_cert_equal(row.cert, cert));
    trust_cert_free(row.cert);
    /* Other software took the cache away: a reader finds it all the same. */
    helper_exec(s.path, "DELETE FROM certificatecache");
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    helper_ok(trust_store_find(reader, 0, spelt[_i].name, &row, &err), &err);
    ck_assert(trust_cert_equal(row.cert, cert));
    trust_cert_free(row.cert);
    trust_store_close(reader);
    helper_ok(trust_store_delete(s.store, 0, spelt[_i].name, &deleted, &err), &err);
    ck_assert(trust_cert_equal(deleted, cert));
    rows_are(s.store, 0, NODE " 0 imported;");
    trust_cert_free(deleted);
    trust_cert_free(cert);
    trust_cert_free(other);
    trust_key_free(key);
    helper_store_free(&s);
}
END_TEST

/* Not every row is read for it: one that cannot be parsed is in nobody's way but when nothing is found. */
START_TEST(others_are_not_read)
{
    static const char *const by[] = {"cucm-1051-a-sub1", "cucm-1051-a-sub1.pem", "{serial}", "{subject}"};
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *cert = helper_cert_file("sub1.crt"), *deleted;
    helper_import(s.store, cert, (struct trust_roles){0}, -1);
    helper_exec(s.path, "INSERT INTO certificate (pkid, subjectname, issuername, serialnumber, certificate)"
                        " VALUES ('bad', 'CN=x', 'CN=x', '00', 'nothing');"
                        "INSERT INTO importedcertificate VALUES ('bad')");
    char serial[80];
    const char *name = by[_i];
    if (strcmp(name, "{serial}") == 0)
        name = trust_hex(trust_cert_serial(cert), 0, true, serial);
    else if (strcmp(name, "{subject}") == 0)
        name = trust_name_cucm(trust_cert_subject(cert));
    ck_assert_int_eq(trust_store_delete(s.store, 0, "nobody", &deleted, &err), TRUST_ESTORE);
    helper_ok(trust_store_delete(s.store, 0, name, &deleted, &err), &err);
    ck_assert(trust_cert_equal(deleted, cert));
    trust_cert_free(deleted);
    trust_cert_free(cert);
    helper_store_free(&s);
}
END_TEST

START_TEST(deleted_own_certificate_is_retired)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *pub = helper_cert_file("pub.crt"), *deleted;
    helper_set_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, pub);
    helper_ok(trust_store_delete(s.store, TRUST_UNIT_CALLMANAGER, "CallManager.pem", &deleted, &err), &err);
    trust_cert_free(deleted);
    rows_are(s.store, 0, NODE " " NODE " 0 retired;");
    helper_vouches(s.store, pub, true);
    helper_store_roles_are(s.store, pub, "absent");
    trust_cert_free(pub);
    helper_store_free(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("store: rows and names");
    TCase *rows = tcase_create("rows and names");
    tcase_add_loop_test(rows, found_by_the_names_that_people_use, 0, sizeof names / sizeof names[0]);
    tcase_add_test(rows, full_subject_decides);
    tcase_add_loop_test(rows, tabs_are_blanks, 0, 5);
    tcase_add_loop_test(rows, found_by_any_spelling, 0, sizeof spelt / sizeof spelt[0]);
    tcase_add_loop_test(rows, others_are_not_read, 0, 4);
    tcase_add_test(rows, deleted_own_certificate_is_retired);
    suite_add_tcase(s, rows);
    return s;
}
