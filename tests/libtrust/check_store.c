/* What the store holds and what for: own certificates, trust units, imports, retired ones. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <string.h>

#define T0 ((time_t)1400000000)

#define NODE "cucm-1051-a-pub"

START_TEST(own_certificate_in_cucms_columns)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *pub = helper_cert_file("pub.crt"), *own;
    ck_assert_int_eq(trust_store_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, &own, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_null(own);
    ck_assert_ptr_nonnull(strstr(err.text, "set cert regen CallManager"));

    helper_set_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, pub);
    helper_ok(trust_store_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, &own, &err), &err);
    ck_assert(trust_cert_equal(own, pub));
    trust_cert_free(own);
    helper_store_roles_are(s.store, pub, "0,2");
    helper_sql_is(s.store,
                  "select servername, subjectname, issuername, serialnumber, ipv4address, ipv6address,"
                  " timetolive from certificate",
                  NODE "|CN=cucm-1051-a-pub,OU=TAC,O=Cisco,L=Krakow,ST=Malopolska,C=PL|"
                       "CN=cucm-1051-a-pub,OU=TAC,O=Cisco,L=Krakow,ST=Malopolska,C=PL|"
                       "6b1d357b6841740b078fee4a1813d5d6|192.0.2.1||NULL;");
    helper_sql_is(s.store, "select length(pkid), pkid = lower(pkid), substr(pkid, 15, 1) from certificate",
                  "36|1|4;");
    helper_sql_is(s.store, "select substr(certificate, 1, 27) from certificate",
                  "-----BEGIN CERTIFICATE-----;");
    trust_cert_free(pub);
    helper_store_free(&s);
}
END_TEST

START_TEST(own_certificate_is_checked)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *pub = helper_cert_file("pub.crt");
    char long_name[300];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const struct trust_node nodes[] = {
        {NODE, NULL}, {"", NULL}, {NULL, NULL}, {long_name, NULL}, {NODE, "1234.1234.1234.1234"}};
    ck_assert_int_eq(trust_store_set_own(s.store, &nodes[0], TRUST_UNIT_TOMCAT_TRUST, pub, &err),
                     TRUST_EARGUMENT);
    ck_assert_int_eq(trust_store_set_own(s.store, &nodes[0], (enum trust_unit)99, pub, &err),
                     TRUST_EARGUMENT);
    for (size_t i = 1; i < sizeof nodes / sizeof nodes[0]; i++)
        ck_assert_int_eq(trust_store_set_own(s.store, &nodes[i], TRUST_UNIT_TVS, pub, &err), TRUST_EARGUMENT);
    helper_ok(trust_store_set_own(s.store, &nodes[0], TRUST_UNIT_TVS, pub, &err), &err);
    helper_sql_is(s.store, "select ipv4address from certificate", ";");

    /* A certificate belongs to one node. */
    struct trust_node other = {"other", NULL};
    ck_assert_int_eq(trust_store_set_own(s.store, &other, TRUST_UNIT_TVS, pub, &err), TRUST_EEXISTS);
    ck_assert_ptr_nonnull(strstr(err.text, NODE));
    helper_sql_is(s.store, "select servername from certificate", NODE ";");
    trust_cert_free(pub);
    helper_store_free(&s);
}
END_TEST

START_TEST(replaced_certificate_is_retired)
{
    struct helper_store s = helper_store_new();
    struct trust_cert *old = helper_cert_file("pub-old.crt"), *pub = helper_cert_file("pub.crt");
    helper_vouches(s.store, old, false);
    helper_set_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, old);
    helper_vouches(s.store, old, true);
    helper_set_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, pub);
    helper_store_roles_are(s.store, old, "absent");
    helper_store_roles_are(s.store, pub, "0,2");
    helper_vouches(s.store, old, true);
    helper_vouches(s.store, pub, true);

    /* Other nodes keep theirs. */
    struct trust_cert *sub = helper_cert_file("sub1.crt");
    helper_set_own(s.store, "cucm-1051-a-sub1", TRUST_UNIT_CALLMANAGER, sub);
    helper_store_roles_are(s.store, pub, "0,2");
    helper_store_roles_are(s.store, sub, "0,2");

    /* And back again. */
    helper_set_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, old);
    helper_set_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, old);
    helper_store_roles_are(s.store, old, "0,2");
    helper_store_roles_are(s.store, pub, "absent");
    helper_sql_is(s.store, "select count(*) from retiredcertificate", "1;");
    trust_cert_free(old);
    trust_cert_free(pub);
    trust_cert_free(sub);
    helper_store_free(&s);
}
END_TEST

START_TEST(retired_web_server_never_vouches)
{
    struct helper_store s = helper_store_new();
    struct trust_cert *old = helper_cert_from("web", T0), *fresh = helper_cert_from("web", T0 + 1);
    helper_set_own(s.store, NODE, TRUST_UNIT_TOMCAT, old);
    helper_set_own(s.store, NODE, TRUST_UNIT_TOMCAT, fresh);
    helper_vouches(s.store, old, false);
    helper_vouches(s.store, fresh, false);
    trust_cert_free(old);
    trust_cert_free(fresh);
    helper_store_free(&s);
}
END_TEST

/* An empty ITL has no record of its signer. */
START_TEST(retired_stays_while_it_signs_a_list)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *old = helper_cert_from("old", T0), *fresh = helper_cert_from("fresh", T0);
    const char *issuer = trust_name_cucm(trust_cert_issuer(old));
    struct trust_list itl = {
        .header = {.serial = trust_cert_serial(old), .ca_name = {(const uint8_t *)issuer, strlen(issuer)}},
    };
    const struct trust_list *const lists[] = {&itl, NULL};
    helper_set_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, old);
    helper_set_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, fresh);
    helper_ok(trust_store_drop_retired(s.store, lists, 2, &err), &err);
    helper_vouches(s.store, old, true);
    helper_ok(trust_store_drop_retired(s.store, lists + 1, 1, &err), &err);
    helper_vouches(s.store, old, false);
    trust_cert_free(old);
    trust_cert_free(fresh);
    helper_store_free(&s);
}
END_TEST

START_TEST(retired_goes_when_no_list_holds_it)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_bytes file = fixture_read("good/peer-ctl-sha1.tlv");
    struct trust_list *list = helper_parse(file);
    struct trust_cert *old = helper_cert_file("pub-old.crt"), *pub = helper_cert_file("pub.crt"),
                      *tvs = helper_cert_file("tvs-ec.crt"), *both = helper_cert_from("both", T0),
                      *fresh = helper_cert_from("fresh", T0);
    helper_set_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, old); /* in the list */
    helper_set_own(s.store, NODE, TRUST_UNIT_CALLMANAGER, pub);
    helper_set_own(s.store, NODE, TRUST_UNIT_TVS, tvs);
    helper_set_own(s.store, NODE, TRUST_UNIT_TVS, both);
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, both);
    helper_set_own(s.store, NODE, TRUST_UNIT_TVS, fresh);
    helper_sql_is(s.store, "select count(*) from retiredcertificate", "3;");
    helper_ok(trust_store_drop_retired(s.store, &(const struct trust_list *){list}, 1, &err), &err);
    helper_sql_is(s.store, "select count(*) from retiredcertificate", "1;");
    helper_vouches(s.store, old, true);
    helper_sql_is(s.store, "select count(*) from certificate where subjectname like 'CN=TVS-EC%'", "0;");
    helper_store_roles_are(s.store, both, "0,3");

    /* A list that holds its hash alone holds it too. */
    uint8_t digest[TRUST_DIGEST_MAX];
    struct trust_bytes der = trust_cert_der(old);
    helper_ok(trust_digest_pieces(TRUST_DIGEST_SHA1, &der, 1, digest, &err), &err);
    struct trust_list_record record = {.hash_algorithm = TRUST_DIGEST_SHA1, .cert_hash = {digest, 20}};
    struct trust_list hashes = {.records = &record, .record_count = 1}, empty = {0};
    const struct trust_list *const lists[] = {NULL, &hashes, &empty};
    helper_ok(trust_store_drop_retired(s.store, lists, 3, &err), &err);
    helper_vouches(s.store, old, true);
    digest[0] ^= 1;
    helper_ok(trust_store_drop_retired(s.store, lists, 3, &err), &err);
    helper_vouches(s.store, old, false);
    helper_sql_is(s.store, "select count(*) from certificate", "3;");
    trust_cert_free(old);
    trust_cert_free(pub);
    trust_cert_free(tvs);
    trust_cert_free(both);
    trust_cert_free(fresh);
    trust_list_free(list);
    fixture_free(file);
    helper_store_free(&s);
}
END_TEST

/* ---- Trust units */

START_TEST(roles_of_every_unit)
{
    struct helper_store s = helper_store_new();
    size_t count;
    const struct trust_unit_info *unit = &trust_units(&count)[_i];
    struct trust_cert *cert = helper_cert_file("pub.crt");
    if (unit->own)
        helper_set_own(s.store, NODE, unit->unit, cert);
    else
        helper_add_trust(s.store, unit->unit, cert);
    struct trust_index *index = helper_load(s.store);
    const struct trust_entry *entry = trust_index_by_der(index, trust_cert_der(cert));
    ck_assert_ptr_nonnull(entry);
    ck_assert_uint_eq(entry->roles.count, unit->roles.count);
    ck_assert_mem_eq(entry->roles.code, unit->roles.code, unit->roles.count);
    ck_assert(!entry->has_ttl);
    trust_index_free(index);
    trust_cert_free(cert);
    helper_store_free(&s);
}
END_TEST

START_TEST(one_certificate_in_several_units)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *cert = helper_cert_file("stormin-pub.crt"), *deleted;
    ck_assert(!helper_add_trust(s.store, TRUST_UNIT_CALLMANAGER_TRUST, cert).was_there);
    helper_store_roles_are(s.store, cert, "");
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, cert);
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert);
    ck_assert(helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert).was_there);
    helper_store_roles_are(s.store, cert, "0,3,7");
    helper_sql_is(s.store, "select count(*) from certificate", "1;");

    helper_ok(
        trust_store_delete(s.store, TRUST_UNIT_PHONE_SAST_TRUST, "ucm11pub.stormin.local", &deleted, &err),
        &err);
    ck_assert(trust_cert_equal(deleted, cert));
    trust_cert_free(deleted);
    helper_store_roles_are(s.store, cert, "7");
    helper_ok(
        trust_store_delete(s.store, TRUST_UNIT_TOMCAT_TRUST, "ucm11pub.stormin.local.pem", &deleted, &err),
        &err);
    trust_cert_free(deleted);
    helper_store_roles_are(s.store, cert, "");
    helper_ok(trust_store_delete(s.store, TRUST_UNIT_CALLMANAGER_TRUST,
                                 "24:00:00:00:17:94:79:B8:F1:24:AC:3F:3B:00:00:00:00:00:17", &deleted, &err),
              &err);
    trust_cert_free(deleted);
    helper_store_roles_are(s.store, cert, "absent");
    helper_sql_is(s.store,
                  "select (select count(*) from certificate) + (select count(*) from certificatecache)"
                  " + (select count(*) from certificatetrustrolemap)",
                  "0;");
    trust_cert_free(cert);
    helper_store_free(&s);
}
END_TEST

START_TEST(newest_of_one_common_name)
{
    struct helper_store s = helper_store_new();
    struct trust_cert *old = helper_cert_from("One  Name", T0), *mid = helper_cert_from("one name", T0 + 100),
                      *young = helper_cert_from("ONE NAME", T0 + 200),
                      *same = helper_cert_from("one name", T0 + 200);
    struct trust_store_added added = helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, mid);
    ck_assert(!added.was_there && !added.kept_newer);
    ck_assert_str_eq(added.replaced, "");

    added = helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, old);
    ck_assert(added.kept_newer && !added.was_there);
    helper_store_roles_are(s.store, old, "absent");

    added = helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, young);
    char serial[65];
    trust_hex(trust_cert_serial(mid), 0, false, serial);
    ck_assert_str_eq(added.replaced, serial);
    ck_assert(!added.kept_newer);
    helper_store_roles_are(s.store, mid, "absent");
    helper_store_roles_are(s.store, young, "7");

    /* Other units have rules of their own, and of two that are equally old the last one counts. */
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, old);
    helper_store_roles_are(s.store, old, "0,3");
    added = helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, same);
    ck_assert(!added.kept_newer && added.replaced[0] != '\0');
    helper_store_roles_are(s.store, young, "absent");
    helper_store_roles_are(s.store, same, "7");
    trust_cert_free(old);
    trust_cert_free(mid);
    trust_cert_free(young);
    trust_cert_free(same);
    helper_store_free(&s);
}
END_TEST

START_TEST(no_common_name_is_not_one_name)
{
    struct helper_store s = helper_store_new();
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert *a = helper_cert(&(struct helper_plan){.subject = "O=A", .serial = "01", .key = key});
    struct trust_cert *b = helper_cert(&(struct helper_plan){.subject = "O=B", .serial = "02", .key = key});
    helper_add_trust(s.store, TRUST_UNIT_PHONE_VPN_TRUST, a);
    helper_add_trust(s.store, TRUST_UNIT_PHONE_VPN_TRUST, b);
    helper_store_roles_are(s.store, a, "26");
    helper_store_roles_are(s.store, b, "26");
    struct trust_error err = {0};
    struct trust_store_added added;
    ck_assert_int_eq(trust_store_add_trust(s.store, TRUST_UNIT_TVS, a, &added, &err), TRUST_EARGUMENT);
    ck_assert_int_eq(trust_store_add_trust(s.store, (enum trust_unit)0, a, &added, &err), TRUST_EARGUMENT);
    trust_cert_free(a);
    trust_cert_free(b);
    trust_key_free(key);
    helper_store_free(&s);
}
END_TEST

START_TEST(many_replacements_leave_one)
{
    struct helper_store s = helper_store_new();
    for (int i = 0; i < 20; i++) {
        struct trust_cert *cert = helper_cert_from("node", T0 + i);
        helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, cert);
        trust_cert_free(cert);
    }
    helper_sql_is(s.store, "select count(*) from certificate", "1;");
    helper_sql_is(s.store, "select count(*) from certificatetrustrolemap", "2;");
    helper_store_free(&s);
}
END_TEST

/* ---- Imports */

START_TEST(imports_keep_their_roles)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *cert = helper_cert_file("pub.crt"), *deleted;
    ck_assert(!helper_import(s.store, cert, (struct trust_roles){2, {4, 21}}, 3600));
    helper_store_roles_are(s.store, cert, "4,21");
    ck_assert(helper_import(s.store, cert, (struct trust_roles){1, {21}}, 3600));
    helper_store_roles_are(s.store, cert, "21");
    struct trust_index *index = helper_load(s.store);
    ck_assert_uint_eq(trust_index_at(index, 0)->ttl, 3600);
    trust_index_free(index);

    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert);
    helper_store_roles_are(s.store, cert, "7,21");
    helper_ok(trust_store_delete(s.store, 0, NODE, &deleted, &err), &err);
    trust_cert_free(deleted);
    helper_store_roles_are(s.store, cert, "7");
    helper_sql_is(s.store, "select timetolive from certificate", "NULL;");
    ck_assert(!helper_import(s.store, cert, (struct trust_roles){0}, -1));
    helper_store_roles_are(s.store, cert, "7");
    helper_ok(trust_store_delete(s.store, TRUST_UNIT_TOMCAT_TRUST, NODE, &deleted, &err), &err);
    trust_cert_free(deleted);
    helper_store_roles_are(s.store, cert, "");
    helper_sql_is(s.store, "select timetolive from certificate", "NULL;");
    helper_ok(trust_store_delete(s.store, 0, NODE, &deleted, &err), &err);
    trust_cert_free(deleted);
    helper_store_roles_are(s.store, cert, "absent");

    struct trust_roles odd = {1, {99}};
    bool was_there;
    ck_assert_int_eq(trust_store_add_imported(s.store, cert, &odd, -1, &was_there, &err), TRUST_EVALUE);
    odd = (struct trust_roles){1, {255}};
    ck_assert_int_eq(trust_store_add_imported(s.store, cert, &odd, -2, &was_there, &err), TRUST_EVALUE);
    ck_assert_int_eq(trust_store_add_imported(s.store, cert, &odd, (int64_t)UINT32_MAX + 1, &was_there, &err),
                     TRUST_EVALUE);
    helper_ok(trust_store_add_imported(s.store, cert, &odd, UINT32_MAX, &was_there, &err), &err);
    helper_store_roles_are(s.store, cert, "255");
    trust_cert_free(cert);
    helper_store_free(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("store");
    size_t units;
    trust_units(&units);
    TCase *own = tcase_create("own certificates");
    tcase_add_test(own, own_certificate_in_cucms_columns);
    tcase_add_test(own, own_certificate_is_checked);
    tcase_add_test(own, replaced_certificate_is_retired);
    tcase_add_test(own, retired_web_server_never_vouches);
    tcase_add_test(own, retired_stays_while_it_signs_a_list);
    tcase_add_test(own, retired_goes_when_no_list_holds_it);
    suite_add_tcase(s, own);
    TCase *trust = tcase_create("units and imports");
    tcase_add_loop_test(trust, roles_of_every_unit, 0, (int)units);
    tcase_add_test(trust, one_certificate_in_several_units);
    tcase_add_test(trust, newest_of_one_common_name);
    tcase_add_test(trust, no_common_name_is_not_one_name);
    tcase_add_test(trust, many_replacements_leave_one);
    tcase_add_test(trust, imports_keep_their_roles);
    suite_add_tcase(s, trust);
    return s;
}
