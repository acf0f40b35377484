/* Rows of the store in their order: all, those of a unit, those that lists hold, and the signers of a list.
 */
#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0 ((time_t)1400000000)

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

/* unit -1: those that lists hold. list: its signers instead. */
static void rows_are(struct trust_store *store, int unit, const struct trust_list *list, const char *expected)
{
    char *text = NULL;
    size_t len;
    struct trust_error err = {0};
    FILE *out = open_memstream(&text, &len);
    if (list != NULL)
        helper_ok(trust_store_each_signer(store, list, describe, out, &err), &err);
    else if (unit < 0)
        helper_ok(trust_store_each_listed(store, describe, out, &err), &err);
    else
        helper_ok(trust_store_each(store, unit, describe, out, &err), &err);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

static int stop(void *arg, const struct trust_store_row *row)
{
    (void)row;
    return ++*(int *)arg == 2 ? 42 : 0;
}

START_TEST(rows_in_order)
{
    struct helper_store s = helper_store_new();
    struct trust_cert *a = helper_cert_from("a", T0), *b = helper_cert_from("b", T0),
                      *c = helper_cert_from("c", T0), *old = helper_cert_from("old", T0);
    helper_set_own(s.store, "n", TRUST_UNIT_TVS, old);
    helper_set_own(s.store, "n", TRUST_UNIT_TVS, c);
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, b);
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, a);
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, b);
    struct trust_cert *imported = helper_cert_file("capf.crt");
    helper_import(s.store, imported, (struct trust_roles){1, {4}}, -1);
    rows_are(s.store, 0, NULL, "a 40;b 4040;n c 800;CAPF-e41e7d87 0 imported;n old 0 retired;");
    rows_are(s.store, TRUST_UNIT_TOMCAT_TRUST, NULL, "a 40;b 4040;");
    rows_are(s.store, TRUST_UNIT_TVS, NULL, "n c 800;");
    rows_are(s.store, TRUST_UNIT_CAPF, NULL, "");
    int visited = 0;
    ck_assert_int_eq(trust_store_each(s.store, 0, stop, &visited, NULL), 42);
    ck_assert_int_eq(visited, 2);
    trust_cert_free(a);
    trust_cert_free(b);
    trust_cert_free(c);
    trust_cert_free(old);
    trust_cert_free(imported);
    helper_store_free(&s);
}
END_TEST

/* A row that cannot be read: whoever reads it fails. */
static void add_unreadable(const char *path, const char *pkid)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "INSERT INTO certificate (pkid, subjectname, issuername, serialnumber, certificate)"
             " VALUES ('%s', 'CN=x', 'CN=x', '00', 'nothing');"
             "INSERT INTO certificateservicecertificatemap VALUES ('%s', %d)",
             pkid, pkid, TRUST_UNIT_TOMCAT_TRUST);
    helper_exec(path, sql);
}

static int never(void *arg, const struct trust_store_row *row)
{
    (void)arg, (void)row;
    return 0;
}

START_TEST(rows_that_lists_hold)
{
    static const struct {
        const char *name;
        uint8_t role;
    } imported[] = {{"sast", 0}, {"ccm", 1}, {"both", 2}, {"tftp", 3}, {"capf", 4}, {"app", 7}, {"tvs", 21}};
    struct helper_store s = helper_store_new();
    struct trust_cert *old = helper_cert_from("old", T0), *new = helper_cert_from("new", T0),
                      *web = helper_cert_from("web", T0), *trusted = helper_cert_from("trusted", T0),
                      *signer = helper_cert_from("signer", T0);
    helper_set_own(s.store, "n", TRUST_UNIT_CALLMANAGER, old);
    helper_set_own(s.store, "n", TRUST_UNIT_CALLMANAGER, new);
    helper_set_own(s.store, "n", TRUST_UNIT_TOMCAT, web);
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, trusted);
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, signer);
    for (size_t i = 0; i < sizeof imported / sizeof imported[0]; i++) {
        struct trust_cert *cert = helper_cert_from(imported[i].name, T0);
        helper_import(s.store, cert, (struct trust_roles){1, {imported[i].role}}, -1);
        trust_cert_free(cert);
    }
    add_unreadable(s.path, "bad");
    rows_are(s.store, -1, NULL,
             "n new 8;n web 20;signer 4000;both 0 imported;ccm 0 imported;n old 0 retired;sast 0 imported;"
             "tftp 0 imported;tvs 0 imported;");
    ck_assert_int_eq(trust_store_each(s.store, 0, never, NULL, NULL), TRUST_ESTORE);
    /* As other software may have it: an own certificate whose node, or whose roles, it forgot. */
    helper_exec(s.path, "UPDATE certificate SET servername = '' WHERE subjectname LIKE '%CN=new%'");
    helper_exec(s.path, "DELETE FROM certificatetrustrolemap");
    rows_are(s.store, -1, NULL, "new 8;n web 20;n old 0 retired;");
    trust_cert_free(old);
    trust_cert_free(new);
    trust_cert_free(web);
    trust_cert_free(trusted);
    trust_cert_free(signer);
    helper_store_free(&s);
}
END_TEST

/* A list whose header names the serial number. */
static struct trust_list *list_naming(struct trust_cert *cert, struct trust_key *key,
                                      struct trust_bytes serial)
{
    const struct trust_header_spec header = {
        .filename = "CTLFile.tlv", .digest = TRUST_DIGEST_SHA256, .minor = 2, .serial = serial};
    struct trust_signer *signer = helper_signer(cert, key);
    struct trust_list *list = helper_build(&header, NULL, 0, signer);
    trust_signer_free(signer);
    return list;
}

static const struct {
    const char *cert;
    uint8_t header[6];
    size_t len;
    bool is_named;
} serials[] = {
    {"010203", {1, 2, 3}, 3, true},  {"010203", {0, 0, 1, 2, 3}, 5, true},
    {"010203", {3, 2, 1}, 3, true},  {"010203", {3, 2, 1, 0, 0}, 5, true},
    {"010200", {0, 2, 1}, 3, true},  {"010203", {1, 2}, 2, false},
    {"8001", {0, 0x80, 1}, 3, true}, {"8001", {1, 0x80}, 2, true},
    {"00", {0, 0}, 2, true},         {"05", {0}, 1, false},
};

START_TEST(signers_of_a_list)
{
    struct helper_store s = helper_store_new();
    struct trust_key *key = helper_key("rsa:1024");
    struct helper_plan plan = {.subject = "CN=pub;O=Cisco", .serial = serials[_i].cert, .key = key};
    struct trust_cert *pub = helper_cert(&plan);
    plan.issuer = plan.subject = "CN=another";
    struct trust_cert *another = helper_cert(&plan);
    struct trust_list *list =
        list_naming(pub, key, (struct trust_bytes){serials[_i].header, serials[_i].len});
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, pub);
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, another);
    rows_are(s.store, 0, list, serials[_i].is_named ? "pub 40;" : "");
    /* Without a cache, which other software does not make, a row is looked at too. */
    helper_exec(s.path, "UPDATE certificate SET certificate = certificate");
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    rows_are(reader, 0, list, serials[_i].is_named ? "pub 40;" : "");
    trust_store_close(reader);
    trust_list_free(list);
    trust_cert_free(pub);
    trust_cert_free(another);
    trust_key_free(key);
    helper_store_free(&s);
}
END_TEST

/* What does not fit is not even read. */
START_TEST(others_are_not_read)
{
    struct helper_store s = helper_store_new();
    struct trust_key *key = helper_key("rsa:1024");
    struct trust_cert *pub =
        helper_cert(&(struct helper_plan){.subject = "CN=pub", .serial = "77", .key = key});
    struct trust_cert *other =
        helper_cert(&(struct helper_plan){.subject = "CN=other", .serial = "78", .key = key});
    struct trust_list *list = list_naming(pub, key, (struct trust_bytes){NULL, 0});
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, pub);
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, other);
    helper_exec(s.path, "UPDATE certificatecache SET der = x'00' WHERE commonname = 'other'");
    helper_exec_beside_caches(
        s.path, "UPDATE certificate SET certificate = 'nothing' WHERE subjectname LIKE '%other%'");
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    ck_assert_int_eq(trust_store_each(reader, 0, never, NULL, NULL), TRUST_ESTORE);
    rows_are(reader, 0, list, "pub 40;");
    trust_store_close(reader);
    trust_list_free(list);
    trust_cert_free(pub);
    trust_cert_free(other);
    trust_key_free(key);
    helper_store_free(&s);
}
END_TEST

static int count(void *arg, const struct trust_store_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 0;
}

/* Everybody finds it: by its bytes, as a signer, by its name. */
static void is_found(struct trust_store *store, const struct trust_cert *cert, const struct trust_list *list,
                     int rows)
{
    struct trust_error err = {0};
    int same = 0, signers = 0;
    struct trust_store_row row;
    helper_ok(trust_store_each_same(store, cert, count, &same, &err), &err);
    ck_assert_int_eq(same, rows);
    helper_ok(trust_store_each_signer(store, list, count, &signers, &err), &err);
    ck_assert_int_eq(signers, rows);
    helper_vouches(store, cert, rows > 0);
    ck_assert_int_eq(trust_store_find(store, TRUST_UNIT_PHONE_SAST_TRUST, "pub", &row, NULL),
                     rows == 0   ? TRUST_ENOTFOUND
                     : rows == 1 ? 0
                                 : TRUST_EAMBIGUOUS);
    trust_cert_free(row.cert);
}

struct signed_list {
    struct trust_key *key;
    struct trust_cert *cert;
    struct trust_list *list;
};

static struct signed_list signed_list_new(void)
{
    struct trust_key *key = helper_key("rsa:1024");
    struct trust_cert *cert =
        helper_cert(&(struct helper_plan){.subject = "CN=pub", .serial = "77", .key = key});
    return (struct signed_list){key, cert, list_naming(cert, key, (struct trust_bytes){NULL, 0})};
}

static void signed_list_free(struct signed_list *list)
{
    trust_list_free(list->list);
    trust_cert_free(list->cert);
    trust_key_free(list->key);
}

/* A cache without a row, as other software may leave it, keeps the next row of these bytes from nothing. */
START_TEST(caches_without_a_row)
{
    struct helper_store s = helper_store_new();
    struct signed_list by = signed_list_new();
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, by.cert);
    helper_exec_beside_caches(s.path, "DELETE FROM certificateservicecertificatemap;"
                                      "DELETE FROM certificatetrustrolemap; DELETE FROM certificate");
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    is_found(reader, by.cert, by.list, 0);
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, by.cert);
    helper_sql_is(s.store, "select count(*) from certificatecache, certificate where fkcertificate = pkid",
                  "1;");
    is_found(s.store, by.cert, by.list, 1);
    is_found(reader, by.cert, by.list, 1);
    /* Another row of the same bytes cannot have a cache, too. */
    helper_exec(s.path, "INSERT INTO certificate SELECT 'again', servername, subjectname, issuername,"
                        " serialnumber, certificate, ipv4address, ipv6address, timetolive,"
                        " tkcertificatedistribution FROM certificate;"
                        "INSERT INTO certificateservicecertificatemap VALUES ('again', 14)");
    helper_ok(trust_store_set_param(s.store, "A", "1", NULL), NULL);
    is_found(reader, by.cert, by.list, 2);
    trust_store_close(reader);
    signed_list_free(&by);
    helper_store_free(&s);
}
END_TEST

/* Without the triggers that keep them true, caches are not believed, neither by a reader nor by who writes
 * next. */
START_TEST(caches_that_nobody_keeps)
{
    struct helper_store s = helper_store_new();
    struct signed_list by = signed_list_new();
    struct trust_cert *other = helper_cert_from("other", T0);
    char sql[4096], *pem;
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, other);
    helper_ok(trust_cert_to_pem(by.cert, &pem, NULL), NULL);
    snprintf(sql, sizeof sql,
             "DROP TRIGGER answerstate_certificate_update; UPDATE certificate SET certificate = '%s'", pem);
    helper_exec(s.path, sql);
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    is_found(reader, by.cert, by.list, 1);
    helper_vouches(reader, other, false);
    helper_store_roles_are(reader, other, "absent");
    helper_store_roles_are(reader, by.cert, "0,3");
    struct trust_store *writer = helper_store_open(s.path, TRUST_STORE_WRITE);
    helper_ok(trust_store_set_param(writer, "A", "1", NULL), NULL);
    is_found(writer, by.cert, by.list, 1);
    helper_vouches(writer, other, false);
    is_found(reader, by.cert, by.list, 1);
    helper_sql_is(writer, "select commonname from certificatecache", "pub;");
    trust_store_close(reader);
    trust_store_close(writer);
    free(pem);
    trust_cert_free(other);
    signed_list_free(&by);
    helper_store_free(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("store: rows");
    TCase *rows = tcase_create("rows");
    tcase_add_test(rows, rows_in_order);
    tcase_add_test(rows, rows_that_lists_hold);
    tcase_add_loop_test(rows, signers_of_a_list, 0, sizeof serials / sizeof serials[0]);
    tcase_add_test(rows, others_are_not_read);
    tcase_add_test(rows, caches_without_a_row);
    tcase_add_test(rows, caches_that_nobody_keeps);
    suite_add_tcase(s, rows);
    return s;
}
