/* Building an index: merging, refusals, the records of lists, many certificates. */
#include "libtrust/index_internal.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_index.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The linker puts this in the place of the library's function. */
int __real_trust_cert_from_der(struct trust_bytes der, struct trust_cert **out, struct trust_error *err);
int __wrap_trust_cert_from_der(struct trust_bytes der, struct trust_cert **out, struct trust_error *err);

static int parsed; /* certificates */

int __wrap_trust_cert_from_der(struct trust_bytes der, struct trust_cert **out, struct trust_error *err)
{
    parsed++;
    return __real_trust_cert_from_der(der, out, err);
}

START_TEST(same_bytes_merge_their_roles)
{
    struct trust_index_builder *builder = helper_builder();
    struct trust_cert *cert = helper_cert_file("pub.crt");
    struct trust_error err = {0};
    helper_index_add(builder, cert, TRUST_ROLE_CCM_TFTP);
    helper_index_add(builder, cert, TRUST_ROLE_SAST);
    helper_index_add(builder, cert, TRUST_ROLE_SAST);
    struct trust_entry entry = helper_entry(cert, (struct trust_roles){0});
    entry.has_ttl = true;
    entry.ttl = 60;
    helper_ok(trust_index_add(builder, &entry, &err), &err);
    struct trust_index *index = helper_index_build(builder);
    ck_assert_uint_eq(trust_index_count(index), 1);
    ck_assert_str_eq(helper_roles(index, cert), "0,2");
    ck_assert_uint_eq(trust_index_at(index, 0)->ttl, 60);
    trust_index_free(index);
    trust_cert_free(cert);
}
END_TEST

START_TEST(nonsense_is_refused)
{
    struct trust_index_builder *builder = helper_builder();
    struct trust_cert *cert = helper_cert_file("pub.crt");
    struct trust_error err = {0};
    helper_index_add(builder, cert, 0);

    struct trust_entry other = helper_entry(cert, (struct trust_roles){0});
    other.sha256[TRUST_SHA256_SIZE - 1] ^= 1;
    ck_assert_int_eq(trust_index_add(builder, &other, &err), TRUST_EARGUMENT);
    ck_assert_int_eq(err.code, TRUST_EARGUMENT);

    struct trust_entry crowded = helper_entry(cert, (struct trust_roles){0});
    for (unsigned role = 100; role < 100 + TRUST_ROLES_MAX; role++)
        ck_assert(trust_roles_add(&crowded.roles, (uint8_t)role));
    ck_assert_int_eq(trust_index_add(builder, &crowded, &err), TRUST_ETOOLARGE);

    struct trust_index *index = helper_index_build(builder);
    ck_assert_str_eq(helper_roles(index, cert), "0");
    trust_index_free(index);
    trust_cert_free(cert);
}
END_TEST

START_TEST(builder_is_empty_after_building)
{
    struct trust_index_builder *builder = helper_builder();
    struct trust_error err = {0};
    struct trust_index *first, *second;
    helper_index_add_synthetic(builder, "one", "01", "CN=one");
    helper_ok(trust_index_build(builder, &first, &err), &err);
    ck_assert_int_eq(helper_index_alias(builder, "one", "02", "CN=one", &err), TRUST_ENOTFOUND);
    helper_index_add_synthetic(builder, "two", "02", "CN=two");
    helper_ok(trust_index_build(builder, &second, &err), &err);
    trust_index_builder_free(builder);
    helper_ask(first, "01", "CN=one", TRUST_FOUND_ONE, 0);
    helper_ask(first, "02", "CN=two", TRUST_FOUND_NONE, -1);
    helper_ask(second, "02", "CN=two", TRUST_FOUND_ONE, 0);
    helper_ask(second, "01", "CN=one", TRUST_FOUND_NONE, -1);
    trust_index_free(first);
    trust_index_free(second);
}
END_TEST

/* ---- Lists */

static const struct {
    const char *name;
    size_t certificates;
    const char *cert, *roles;
} lists[] = {
    {"good/peer-ctl-sha1.tlv", 3, "pub-old.crt", "0,2"},  {"good/peer-ctl-sha1.tlv", 3, "capf.crt", "4"},
    {"good/peer-ctl-etokens.tlv", 5, "etoken2.crt", "0"}, {"good/peer-itl-ec.tlv", 3, "tvs-ec.crt", "21"},
    {"good/peer-itl-ec.tlv", 3, "apache.crt", "7"},
};

START_TEST(certificates_of_a_list)
{
    struct trust_bytes file = fixture_read(lists[_i].name);
    struct trust_list *list = helper_parse(file);
    struct trust_index_builder *builder = helper_builder();
    struct trust_error err = {0};
    helper_ok(trust_index_add_list(builder, list, &err), &err);
    struct trust_index *index = helper_index_build(builder);
    ck_assert_uint_eq(trust_index_count(index), lists[_i].certificates);
    struct trust_cert *cert = helper_cert_file(lists[_i].cert);
    ck_assert_str_eq(helper_roles(index, cert), lists[_i].roles);

    /* Each is found as its record spells it. */
    for (size_t i = 0; i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        enum trust_found found;
        const struct trust_entry *entry;
        helper_ok(trust_index_query(index, record->serial, (const char *)record->issuer.data,
                                    record->issuer.len, &found, &entry, &err),
                  &err);
        ck_assert_int_eq(found, TRUST_FOUND_ONE);
        ck_assert_ptr_eq(entry, trust_index_by_der(index, record->certificate));
    }
    trust_cert_free(cert);
    trust_index_free(index);
    trust_list_free(list);
    fixture_free(file);
}
END_TEST

START_TEST(records_that_carry_other_names)
{
    struct trust_cert *token = helper_cert_file("etoken-mfg.crt"), *pub = helper_cert_file("pub.crt");
    static const uint8_t reversed[] = {0x3c, 0xf9, 0x27, 0, 0, 0, 0xaf, 0xa2, 0xda, 0x45};
    static const char issuer[] = "cn=Cisco Manufacturing CA;o=Cisco Systems";
    struct trust_list_record records[] = {
        {.function = 0,
         .certificate = trust_cert_der(token),
         .serial = {reversed, sizeof reversed},
         .issuer = {(const uint8_t *)issuer, sizeof issuer - 1}},
        {.function = 2}, /* hollow */
        {.function = 0x1234, .certificate = trust_cert_der(pub), .serial = {reversed, 2}},
        {.function = 7,
         .certificate = trust_cert_der(pub),
         .issuer = {(const uint8_t *)"no name", 7},
         .serial = {reversed, 1}},
        {.function = 1, .certificate = trust_cert_der(pub)},
    };
    struct trust_list list = {.records = records, .record_count = sizeof records / sizeof records[0]};
    struct trust_index_builder *builder = helper_builder();
    struct trust_error err = {0};
    helper_ok(trust_index_add_list(builder, &list, &err), &err);
    struct trust_index *index = helper_index_build(builder);
    ck_assert_uint_eq(trust_index_count(index), 2);
    helper_ask(index, "3cf927000000afa2da45", issuer, TRUST_FOUND_ONE, 0);
    helper_ask(index, "3cf9", trust_name_cucm(trust_cert_issuer(pub)), TRUST_FOUND_ONE, 1);
    ck_assert_str_eq(helper_roles(index, pub), "1,7");
    trust_index_free(index);
    trust_cert_free(token);
    trust_cert_free(pub);
}
END_TEST

/* Whoever signs a list has an expensive key parsed once, not as often as it stands there. All else is as if
 * each record had its own. */
START_TEST(a_certificate_in_many_records_is_parsed_once)
{
    enum { RECORDS = 300 };
    static const uint8_t number[] = {0x2a};
    static const char issuer[] = "CN=as the last record spells it";
    struct trust_cert *pub = helper_cert_file("pub.crt"), *capf = helper_cert_file("capf.crt");
    struct trust_list_record records[RECORDS];
    for (size_t i = 0; i < RECORDS; i++)
        records[i] = (struct trust_list_record){.function = (uint16_t)(i % 3),
                                                .certificate = trust_cert_der(i % 2 != 0 ? pub : capf)};
    records[RECORDS - 1].serial = (struct trust_bytes){number, sizeof number};
    records[RECORDS - 2].issuer = (struct trust_bytes){(const uint8_t *)issuer, sizeof issuer - 1};
    struct trust_list list = {.records = records, .record_count = RECORDS};
    struct trust_index_builder *builder = helper_builder();
    struct trust_error err = {0};
    /* What others say of the bytes is no certificate. */
    helper_index_add_synthetic(builder, "no certificate", "01", "CN=none");
    parsed = 0;
    helper_ok(trust_index_add_list(builder, &list, &err), &err);
    ck_assert_int_eq(parsed, 2);

    const struct trust_bytes bytes = {(const uint8_t *)"no certificate", strlen("no certificate")};
    records[1].certificate = bytes;
    ck_assert_int_eq(trust_index_add_list(builder, &list, &err), TRUST_ECERT);
    ck_assert_ptr_nonnull(strstr(err.text, "record 2"));

    struct trust_index *index = helper_index_build(builder);
    ck_assert_uint_eq(trust_index_count(index), 3);
    ck_assert_str_eq(helper_roles(index, pub), "0,1,2");
    ck_assert_str_eq(helper_roles(index, capf), "0,1,2");
    helper_ask(index, "2a", trust_name_cucm(trust_cert_issuer(pub)), TRUST_FOUND_ONE, 2);
    enum trust_found found;
    const struct trust_entry *entry;
    helper_ok(
        trust_index_query(index, trust_cert_serial(capf), issuer, sizeof issuer - 1, &found, &entry, &err),
        &err);
    ck_assert_int_eq(found, TRUST_FOUND_ONE);
    ck_assert_ptr_eq(entry, trust_index_by_der(index, trust_cert_der(capf)));
    trust_index_free(index);
    trust_cert_free(pub);
    trust_cert_free(capf);
}
END_TEST

/* A list's certificate that has more roles than an answer holds is refused, parsed or known. */
START_TEST(more_roles_than_fit_are_refused)
{
    struct trust_cert *cert = helper_cert_file("pub.crt");
    struct trust_list_record records[TRUST_ROLES_MAX + 1];
    struct trust_list list = {.records = records, .record_count = TRUST_ROLES_MAX + 1};
    char place[32];
    for (size_t i = 0; i <= TRUST_ROLES_MAX; i++)
        records[i] =
            (struct trust_list_record){.function = (uint16_t)(100 + i), .certificate = trust_cert_der(cert)};
    struct trust_index_builder *builder = helper_builder();
    struct trust_error err = {0};
    ck_assert_int_eq(trust_index_add_list(builder, &list, &err), TRUST_ETOOLARGE);
    snprintf(place, sizeof place, "record %d", TRUST_ROLES_MAX + 1);
    ck_assert_ptr_nonnull(strstr(err.text, place));
    trust_index_builder_free(builder);
    trust_cert_free(cert);
}
END_TEST

START_TEST(records_without_a_certificate_in_their_bytes)
{
    struct trust_cert *cert = helper_cert_file("pub.crt");
    struct trust_bytes der = trust_cert_der(cert);
    uint8_t *longer = calloc(1, der.len + 1);
    ck_assert_ptr_nonnull(longer);
    memcpy(longer, der.data, der.len);
    const struct trust_bytes wrong[] = {{(const uint8_t *)"nothing", 7}, {longer, der.len + 1}};
    for (size_t i = 0; i < 2; i++) {
        struct trust_list_record records[] = {{.certificate = der}, {.certificate = wrong[i]}};
        struct trust_list list = {.records = records, .record_count = 2};
        struct trust_index_builder *builder = helper_builder();
        struct trust_error err = {0};
        ck_assert_int_eq(trust_index_add_list(builder, &list, &err), TRUST_ECERT);
        ck_assert_int_eq(err.code, TRUST_ECERT);
        ck_assert_ptr_nonnull(strstr(err.text, "record 2"));
        ck_assert_int_eq(trust_index_add_list(builder, &list, NULL), TRUST_ECERT);
        helper_openssl_is_quiet();
        trust_index_builder_free(builder);
    }
    free(longer);
    trust_cert_free(cert);
}
END_TEST

/* ---- Size */

#define MANY 100000

static void add_many(struct trust_index_builder *builder, uint32_t count)
{
    struct trust_error err = {0};
    for (uint32_t i = 0; i < count; i++) {
        uint8_t der[1200] = {0}, serial[16] = {0x10};
        char issuer[64];
        memcpy(der + 600, &i, sizeof i);
        memcpy(serial + 8, &i, sizeof i);
        int len = snprintf(issuer, sizeof issuer, "CN=node-%u;O=Example", i % 1000);
        struct trust_name *name;
        helper_ok(trust_name_parse(issuer, (size_t)len, &name, &err), &err);
        struct trust_entry entry = {.der = {der, sizeof der},
                                    .serial = {serial, sizeof serial},
                                    .issuer = issuer,
                                    .issuer_canonical = trust_name_canonical(name),
                                    .issuer_canonical_full = trust_name_canonical_full(name)};
        uint64_t mixed = i * UINT64_C(0x9e3779b97f4a7c15);
        memcpy(entry.sha256, &mixed, sizeof mixed);
        memcpy(entry.sha256 + 16, &i, sizeof i);
        helper_ok(trust_index_add(builder, &entry, &err), &err);
        trust_name_free(name);
    }
}

static void build_and_ask(uint32_t count, clock_t *building, clock_t *asking)
{
    struct trust_index_builder *builder = helper_builder();
    clock_t start = clock();
    add_many(builder, count);
    struct trust_index *index = helper_index_build(builder);
    *building = clock() - start;
    ck_assert_uint_eq(trust_index_count(index), count);

    start = clock();
    for (size_t i = 0; i < count; i++) {
        const struct trust_entry *entry = trust_index_at(index, i);
        ck_assert_ptr_eq(trust_index_by_der(index, entry->der), entry);
    }
    struct trust_error err = {0};
    for (size_t i = 0; i < count; i += 10) {
        const struct trust_entry *entry = trust_index_at(index, i), *answer;
        enum trust_found found;
        helper_ok(trust_index_query(index, entry->serial, entry->issuer, strlen(entry->issuer), &found,
                                    &answer, &err),
                  &err);
        ck_assert_ptr_eq(answer, entry);
    }
    *asking = clock() - start;
    trust_index_free(index);
}

START_TEST(a_hundred_thousand)
{
    clock_t building[2], asking[2];
    build_and_ask(MANY / 4, &building[0], &asking[0]);
    build_and_ask(MANY, &building[1], &asking[1]);
    helper_grows_evenly("building", building[0], building[1]);
    helper_grows_evenly("asking", asking[0], asking[1]);
}
END_TEST

/* Slots are chosen by the low bits: certificates that differ in one place alone, wherever it is, are spread
 * as chance would spread them (256 among 4096: some 248 slots). */
START_TEST(one_byte_spreads)
{
    static uint8_t bytes[811]; /* no multiple of what is hashed at a time */
    for (size_t at = 0; at < sizeof bytes; at++) {
        bool taken[4096] = {false};
        int slots = 0;
        for (int value = 0; value < 256; value++) {
            bytes[at] = (uint8_t)value;
            bool *slot = &taken[index_hash((struct trust_bytes){bytes, sizeof bytes}) % 4096];
            slots += !*slot;
            *slot = true;
        }
        bytes[at] = 0;
        ck_assert_msg(slots > 220, "byte %zu: %d slots", at, slots);
    }
    const struct trust_bytes shorter = {bytes, 800}, longer = {bytes, 801};
    ck_assert(index_hash(shorter) != index_hash(longer));
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("index: building");
    TCase *building = tcase_create("building");
    tcase_set_timeout(building, 60);
    tcase_add_test(building, same_bytes_merge_their_roles);
    tcase_add_test(building, nonsense_is_refused);
    tcase_add_test(building, builder_is_empty_after_building);
    tcase_add_loop_test(building, certificates_of_a_list, 0, sizeof lists / sizeof lists[0]);
    tcase_add_test(building, records_that_carry_other_names);
    tcase_add_test(building, a_certificate_in_many_records_is_parsed_once);
    tcase_add_test(building, more_roles_than_fit_are_refused);
    tcase_add_test(building, records_without_a_certificate_in_their_bytes);
    tcase_add_test(building, a_hundred_thousand);
    tcase_add_test(building, one_byte_spreads);
    suite_add_tcase(s, building);
    return s;
}
