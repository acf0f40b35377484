/* Look-up of certificates: by bytes, by serial number and issuer in any spelling, reversed, ambiguous. */
#include "tests/check_main.h"
#include "tests/failing_malloc.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_index.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include "libtrust/index_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(empty_index_finds_nothing)
{
    struct trust_index *index = helper_index_build(helper_builder());
    ck_assert_uint_eq(trust_index_count(index), 0);
    helper_ask(index, "01", "CN=a", TRUST_FOUND_NONE, -1);
    ck_assert_ptr_null(trust_index_by_der(index, (struct trust_bytes){(const uint8_t *)"x", 1}));
    ck_assert_ptr_null(trust_index_by_der(index, (struct trust_bytes){NULL, 0}));
    trust_index_free(index);
    trust_index_free(NULL);
    trust_index_builder_free(NULL);
}
END_TEST

START_TEST(found_by_its_bytes_alone)
{
    struct trust_index *index = helper_index_of("pub.crt", "pub-old.crt");
    struct trust_cert *cert = helper_cert_file("pub-old.crt");
    struct trust_bytes der = trust_cert_der(cert);
    const struct trust_entry *entry = trust_index_by_der(index, der);
    ck_assert_ptr_eq(entry, trust_index_at(index, 1));
    ck_assert_mem_eq(entry->sha256, trust_cert_sha256(cert), TRUST_SHA256_SIZE);
    ck_assert_str_eq(entry->issuer, trust_name_cucm(trust_cert_issuer(cert)));
    ck_assert_str_eq(entry->issuer_canonical, trust_name_canonical(trust_cert_issuer(cert)));
    ck_assert_str_eq(entry->issuer_canonical_full, trust_name_canonical_full(trust_cert_issuer(cert)));
    ck_assert_int_eq(entry->not_after, trust_cert_not_after(cert));

    uint8_t *changed = malloc(der.len);
    ck_assert_ptr_nonnull(changed);
    memcpy(changed, der.data, der.len);
    changed[der.len - 1] ^= 1;
    ck_assert_ptr_null(trust_index_by_der(index, (struct trust_bytes){changed, der.len}));
    ck_assert_ptr_null(trust_index_by_der(index, (struct trust_bytes){der.data, der.len - 1}));
    free(changed);
    trust_cert_free(cert);
    trust_index_free(index);
}
END_TEST

/* A phone may choose bytes whose hash is that of a certificate that is trusted. */
START_TEST(a_hash_decides_nothing)
{
    struct trust_index *index = helper_index_of("pub.crt", "pub-old.crt");
    const struct trust_entry *entry = trust_index_at(index, 1);
    const uint64_t hash = index_hash(entry->der);
    uint8_t *bytes = malloc(entry->der.len + 1);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, entry->der.data, entry->der.len);
    bytes[entry->der.len] = 0;
    ck_assert_ptr_eq(index_by_hash(index, (struct trust_bytes){bytes, entry->der.len}, hash), entry);
    ck_assert_ptr_null(index_by_hash(index, (struct trust_bytes){bytes, entry->der.len - 1}, hash));
    ck_assert_ptr_null(index_by_hash(index, (struct trust_bytes){bytes, entry->der.len + 1}, hash));
    bytes[entry->der.len / 2] ^= 1;
    ck_assert_ptr_null(index_by_hash(index, (struct trust_bytes){bytes, entry->der.len}, hash));
    free(bytes);
    trust_index_free(index);
}
END_TEST

/* The captured query, and other ways to spell the same. */
#define STORMIN "24000000179479B8F124AC3F3B000000000017"
static const struct {
    const char *serial, *issuer;
    enum trust_found found;
} spellings[] = {
    {STORMIN, "CN=stormin-WIN2012-CA", TRUST_FOUND_ONE},
    {"0000" STORMIN, "CN=stormin-WIN2012-CA", TRUST_FOUND_ONE},
    {STORMIN, "cn=\"STORMIN-win2012-ca", TRUST_FOUND_ONE},
    {STORMIN, "CN=stormin-WIN2012-CA,DC=stormin,DC=local", TRUST_FOUND_ONE},
    {STORMIN, "DC=local;DC=stormin;CN=stormin-WIN2012-CA", TRUST_FOUND_ONE},
    {STORMIN, "CN=stormin-WIN2012-CA,DC=elsewhere", TRUST_FOUND_ONE},
    {"170000000000"
     "3B3FAC24F1B8799417000000"
     "24",
     "CN=stormin-WIN2012-CA", TRUST_FOUND_REVERSED},
    {STORMIN, "CN=stormin-WIN2013-CA", TRUST_FOUND_NONE},
    {STORMIN, "CN=stormin-WIN2012-CA;O=Stormin", TRUST_FOUND_NONE},
    {"25000000179479B8F124AC3F3B000000000017", "CN=stormin-WIN2012-CA", TRUST_FOUND_NONE},
    {STORMIN "00", "CN=stormin-WIN2012-CA", TRUST_FOUND_NONE},
    {"17", "CN=stormin-WIN2012-CA", TRUST_FOUND_NONE},
    {STORMIN, "no name at all", TRUST_FOUND_NONE},
    {STORMIN, "", TRUST_FOUND_NONE},
};

START_TEST(issuer_in_any_spelling)
{
    struct trust_index *index = helper_index_of("stormin-pub.crt", NULL);
    helper_ask(index, spellings[_i].serial, spellings[_i].issuer, spellings[_i].found,
               spellings[_i].found == TRUST_FOUND_NONE ? -1 : 0);
    trust_index_free(index);
}
END_TEST

START_TEST(captured_query_as_a_phone_sends_it)
{
    struct trust_index *index = helper_index_of("pub.crt", "stormin-pub.crt");
    struct trust_bytes frame = helper_hex("query-request.hex");
    struct trust_error err = {0};
    struct trust_request request;
    helper_ok(trust_request_decode(frame, &request, &err), &err);
    char serial[129];
    trust_hex(request.serial, 0, false, serial);
    helper_ask_bytes(index, serial, request.issuer, TRUST_FOUND_ONE, 1);
    fixture_free(frame);
    trust_index_free(index);
}
END_TEST

START_TEST(etoken_by_reversed_serial_number)
{
    struct trust_index *index = helper_index_of("etoken-mfg.crt", "etoken1.crt");
    const char *issuer = "cn=Cisco Manufacturing CA;o=Cisco Systems";
    helper_ask(index, "45daa2af00000027f93c", issuer, TRUST_FOUND_ONE, 0);
    helper_ask(index, "3cf927000000afa2da45", issuer, TRUST_FOUND_REVERSED, 0);
    helper_ask(index, "3cf927000000afa2da45", "cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Cisco Systems",
               TRUST_FOUND_ONE, 1);
    helper_ask(index, "3cf927000000afa2da45", "cn=Cisco Manufacturing CA;o=Somebody", TRUST_FOUND_NONE, -1);
    trust_index_free(index);
}
END_TEST

START_TEST(reversed_only_when_nothing_is_found_forward)
{
    struct trust_index_builder *builder = helper_builder();
    helper_index_add_synthetic(builder, "a", "abcd", "CN=x");
    helper_index_add_synthetic(builder, "b", "cdab", "CN=x");
    helper_index_add_synthetic(builder, "c", "123400", "CN=x");
    helper_index_add_synthetic(builder, "d", "00", "CN=zero");
    struct trust_index *index = helper_index_build(builder);
    helper_ask(index, "abcd", "CN=x", TRUST_FOUND_ONE, 0);
    helper_ask(index, "cdab", "CN=x", TRUST_FOUND_ONE, 1);
    helper_ask(index, "003412", "CN=x", TRUST_FOUND_REVERSED, 2);
    helper_ask(index, "3412", "CN=x", TRUST_FOUND_NONE, -1);
    helper_ask(index, "0000", "CN=zero", TRUST_FOUND_ONE, 3);
    trust_index_free(index);
}
END_TEST

/* Authorities that count from one: each number again and again, with others before and behind it. */
START_TEST(one_number_of_many_issuers)
{
    enum { ISSUERS = 37 };
    char der[64], issuer[64];
    struct trust_index_builder *builder = helper_builder();
    for (int serial = 1; serial <= 3; serial++)
        for (int i = 0; i < ISSUERS; i++) {
            snprintf(der, sizeof der, "certificate %d of %d", serial, i);
            snprintf(issuer, sizeof issuer, "CN=issuer %02d", 2 * i);
            helper_index_add_synthetic(builder, der, (const char *[]){"", "0101", "0102", "0201"}[serial],
                                       issuer);
        }
    struct trust_index *index = helper_index_build(builder);
    for (int i = 0; i < ISSUERS; i++) {
        snprintf(issuer, sizeof issuer, "CN=issuer %02d", 2 * i);
        helper_ask(index, "0101", issuer, TRUST_FOUND_ONE, i);
        helper_ask(index, "0102", issuer, TRUST_FOUND_ONE, ISSUERS + i);
        helper_ask(index, "0201", issuer, TRUST_FOUND_ONE, 2 * ISSUERS + i);
        helper_ask(index, "0103", issuer, TRUST_FOUND_NONE, -1);
        snprintf(issuer, sizeof issuer, "CN=issuer %02d", 2 * i + 1);
        helper_ask(index, "0102", issuer, TRUST_FOUND_NONE, -1);
    }
    helper_ask(index, "0102", "CN=a", TRUST_FOUND_NONE, -1);
    helper_ask(index, "010100000001", "CN=issuer 02", TRUST_FOUND_NONE, -1);
    helper_ask(index, "00000102", "CN=issuer 02", TRUST_FOUND_ONE, ISSUERS + 1);
    trust_index_free(index);
}
END_TEST

START_TEST(twins_are_never_guessed_between)
{
    struct trust_index_builder *builder = helper_builder();
    helper_index_add_synthetic(builder, "one", "0a", "CN=ca;DC=one");
    helper_index_add_synthetic(builder, "two", "0a", "CN=ca;DC=two");
    helper_index_add_synthetic(builder, "same 1", "0b", "CN=ca;O=x");
    helper_index_add_synthetic(builder, "same 2", "0b", "CN=CA;O=X");
    struct trust_index *index = helper_index_build(builder);
    helper_ask(index, "0a", "CN=ca", TRUST_FOUND_AMBIGUOUS, -1);
    helper_ask(index, "0a", "CN=ca;DC=three", TRUST_FOUND_AMBIGUOUS, -1);
    helper_ask(index, "0a", "CN=ca;DC=one", TRUST_FOUND_ONE, 0);
    helper_ask(index, "0a", "dc=TWO, cn=ca", TRUST_FOUND_ONE, 1);
    helper_ask(index, "0b", "CN=ca;O=x", TRUST_FOUND_AMBIGUOUS, -1);
    trust_index_free(index);
}
END_TEST

START_TEST(real_twins_decided_by_their_domain)
{
    struct trust_index *index = helper_index_of("stormin-pub.crt", "other-pub.crt");
    helper_ask(index, STORMIN, "CN=stormin-WIN2012-CA", TRUST_FOUND_AMBIGUOUS, -1);
    helper_ask(index, STORMIN, "CN=stormin-WIN2012-CA,DC=stormin,DC=local", TRUST_FOUND_ONE, 0);
    helper_ask(index, STORMIN, "CN=stormin-WIN2012-CA,DC=other,DC=local", TRUST_FOUND_ONE, 1);
    trust_index_free(index);
}
END_TEST

START_TEST(reversed_twins_are_ambiguous_too)
{
    struct trust_index_builder *builder = helper_builder();
    helper_index_add_synthetic(builder, "one", "0a0b", "CN=ca;DC=one");
    helper_index_add_synthetic(builder, "two", "0a0b", "CN=ca;DC=two");
    struct trust_index *index = helper_index_build(builder);
    helper_ask(index, "0b0a", "CN=ca", TRUST_FOUND_AMBIGUOUS, -1);
    helper_ask(index, "0b0a", "CN=ca;DC=two", TRUST_FOUND_REVERSED, 1);
    trust_index_free(index);
}
END_TEST

START_TEST(aliases)
{
    struct trust_index_builder *builder = helper_builder();
    struct trust_error err = {0};
    helper_index_add_synthetic(builder, "one", "0102", "CN=one");
    helper_index_add_synthetic(builder, "two", "0304", "CN=two");
    helper_ok(helper_index_alias(builder, "one", "0201", "CN=Manufacturer", &err), &err);
    helper_ok(helper_index_alias(builder, "one", "000201", "cn=\"manufacturer", &err), &err);
    helper_ok(helper_index_alias(builder, "one", "0102", "CN=one", &err), &err);
    helper_ok(helper_index_alias(builder, "one", "05", "CN=both", &err), &err);
    helper_ok(helper_index_alias(builder, "two", "05", "CN=both", &err), &err);
    helper_ok(helper_index_alias(builder, "two", "0102", "CN=one", &err), &err);
    ck_assert_int_eq(helper_index_alias(builder, "nobody", "01", "CN=one", &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(helper_index_alias(builder, "one", "01", "no name", &err), TRUST_ENAME);

    struct trust_index *index = helper_index_build(builder);
    ck_assert_uint_eq(trust_index_count(index), 2);
    helper_ask(index, "0201", "CN=Manufacturer", TRUST_FOUND_ONE, 0);
    helper_ask(index, "05", "CN=both", TRUST_FOUND_AMBIGUOUS, -1);
    /* The certificate that really has this name, not the one that a record calls so. */
    helper_ask(index, "0102", "CN=one", TRUST_FOUND_ONE, 0);
    trust_index_free(index);
}
END_TEST

/* A name as CUCM spells it is not read, and found as if it were: among many of one serial number, and where
 * a record calls a certificate by another's number. */
START_TEST(spelt_as_in_the_index)
{
    struct trust_index_builder *builder = helper_builder();
    struct trust_error err = {0};
    char der[16], issuer[32];
    for (int i = 0; i < 40; i++) {
        snprintf(der, sizeof der, "der %d", i);
        snprintf(issuer, sizeof issuer, "CN=Issuer %02d;O=x", i);
        helper_index_add_synthetic(builder, der, "01", issuer);
    }
    helper_index_add_synthetic(builder, "other", "02", "CN=Issuer 00;O=x");
    helper_index_add_synthetic(builder, "reversed", "0300", "CN=r");
    helper_ok(helper_index_alias(builder, "der 7", "02", "CN=alias", &err), &err);
    helper_ok(helper_index_alias(builder, "der 8", "04", "CN=alias", &err), &err);
    struct trust_index *index = helper_index_build(builder);
    for (int i = 0; i < 40; i++) {
        snprintf(issuer, sizeof issuer, "CN=Issuer %02d;O=x", i);
        helper_ask(index, "01", issuer, TRUST_FOUND_ONE, i);
        helper_ask(index, "0001", issuer, TRUST_FOUND_ONE, i);
        helper_ask(index, "02", issuer, i == 0 ? TRUST_FOUND_ONE : TRUST_FOUND_NONE, i == 0 ? 40 : -1);
        snprintf(issuer, sizeof issuer, "o=X, cn=issuer  %02d", i);
        helper_ask(index, "01", issuer, TRUST_FOUND_ONE, i);
    }
    helper_ask(index, "04", "CN=Issuer 08;O=x", TRUST_FOUND_NONE, -1);
    helper_ask(index, "04", "CN=alias", TRUST_FOUND_ONE, 8);
    helper_ask(index, "0300", "CN=r", TRUST_FOUND_ONE, 41);
    helper_ask(index, "0003", "CN=r", TRUST_FOUND_REVERSED, 41);
    helper_ask(index, "01", "", TRUST_FOUND_NONE, -1);
    trust_index_free(index);
}
END_TEST

/* A name is parsed only where something has the number: forwards, backwards, as an alias. */
START_TEST(names_of_unknown_numbers)
{
    static const struct {
        uint8_t serial[2];
        bool parsed;
    } cases[] = {{{0, 1}, true}, {{0, 2}, true},  {{3, 4}, true},
                 {{4, 3}, true}, {{0, 5}, false}, {{5, 0}, false}};
    struct trust_index_builder *builder = helper_builder();
    struct trust_error err = {0};
    helper_index_add_synthetic(builder, "one", "01", "CN=a");
    helper_index_add_synthetic(builder, "two", "0304", "CN=b");
    helper_ok(helper_index_alias(builder, "one", "02", "CN=alias", &err), &err);
    struct trust_index *index = helper_index_build(builder);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum trust_found found;
        const struct trust_entry *entry;
        failing_malloc_start(FAILING_NONE);
        int rc = trust_index_query(index, (struct trust_bytes){cases[i].serial, 2}, "CN=nobody", 9, &found,
                                   &entry, &err);
        failing_malloc_stop();
        const bool parsed = failing_malloc_count() > 0;
        ck_assert(rc == 0 && found == TRUST_FOUND_NONE && entry == NULL);
        ck_assert_msg(!failing_malloc_works() || parsed == cases[i].parsed, "case %zu", i);
    }
    trust_index_free(index);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("index");
    TCase *look_up = tcase_create("look-up");
    tcase_add_test(look_up, empty_index_finds_nothing);
    tcase_add_test(look_up, found_by_its_bytes_alone);
    tcase_add_test(look_up, a_hash_decides_nothing);
    tcase_add_loop_test(look_up, issuer_in_any_spelling, 0, sizeof spellings / sizeof spellings[0]);
    tcase_add_test(look_up, captured_query_as_a_phone_sends_it);
    tcase_add_test(look_up, etoken_by_reversed_serial_number);
    tcase_add_test(look_up, reversed_only_when_nothing_is_found_forward);
    tcase_add_test(look_up, one_number_of_many_issuers);
    tcase_add_test(look_up, twins_are_never_guessed_between);
    tcase_add_test(look_up, real_twins_decided_by_their_domain);
    tcase_add_test(look_up, reversed_twins_are_ambiguous_too);
    tcase_add_test(look_up, aliases);
    tcase_add_test(look_up, spelt_as_in_the_index);
    tcase_add_test(look_up, names_of_unknown_numbers);
    suite_add_tcase(s, look_up);
    return s;
}
