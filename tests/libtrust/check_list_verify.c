#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"

#include <stdlib.h>
#include <string.h>

#define SUBJECT "O=Cisco;CN=pub"

static struct trust_key *key, *other_key, *large_key;

static void setup(void)
{
    key = helper_key("rsa:1024");
    other_key = helper_key("rsa:1024");
    large_key = helper_key("rsa:2048");
}

static void teardown(void)
{
    trust_key_free(key);
    trust_key_free(other_key);
    trust_key_free(large_key);
}

static struct trust_cert *cert_with(struct trust_key *of, const char *serial)
{
    return helper_cert(
        &(struct helper_plan){.subject = SUBJECT, .serial = serial, .key = of, .issuer_key = large_key});
}

/* A list without records whose header names serial (NULL: the signer's) and issuer (likewise). */
static struct trust_list *list_naming(struct trust_cert *cert, const uint8_t *serial, size_t len,
                                      const char *issuer)
{
    const struct trust_header_spec header = {.filename = "CTLFile.tlv",
                                             .digest = TRUST_DIGEST_SHA256,
                                             .minor = 2,
                                             .ca_name = issuer,
                                             .serial = {serial, len}};
    struct trust_signer *signer = helper_signer(cert, key);
    struct trust_list *list = helper_build(&header, NULL, 0, signer);
    trust_signer_free(signer);
    return list;
}

/* ---- Who the signer is */

START_TEST(serial_numbers)
{
    static const struct {
        const char *cert;
        uint8_t header[6];
        size_t len;
        bool same;
    } cases[] = {
        {"010203", {1, 2, 3}, 3, true},
        {"010203", {0, 0, 1, 2, 3}, 5, true},
        {"010203", {3, 2, 1}, 3, true},
        {"010203", {3, 2, 1, 0, 0}, 5, true},
        {"010203", {1, 2, 4}, 3, false},
        {"010203", {1, 2}, 2, false},
        {"010203", {3, 2, 1, 1}, 4, false},
        {"010200", {0, 2, 1}, 3, true},
        {"010200", {2, 1}, 2, false},
        {"8001", {0x80, 1}, 2, true},
        {"00", {0}, 1, true},
        {"00", {0, 0}, 2, true},
        {"05", {0}, 1, false},
    };
    struct trust_cert *cert = cert_with(key, cases[_i].cert);
    struct trust_list *list = list_naming(cert, cases[_i].header, cases[_i].len, NULL);
    ck_assert_int_eq(trust_list_signer_is(list, cert), cases[_i].same);
    ck_assert_int_eq(trust_list_verify(list, cert, NULL), cases[_i].same ? 0 : TRUST_ESIGNER);
    trust_list_free(list);
    trust_cert_free(cert);
}
END_TEST

START_TEST(issuers)
{
    static const struct {
        const char *text;
        bool same;
    } cases[] = {
        {"CN=pub;O=Cisco", true},       {"O=Cisco,CN=pub", true}, {"cn=\"PUB\";o=\"Cisco", true},
        {"CN=pub;O=Cisco;C=PL", false}, {"no name", false},       {"", false},
    };
    struct trust_cert *cert = cert_with(key, "0102");
    struct trust_list *list = list_naming(cert, NULL, 0, cases[_i].text);
    ck_assert_int_eq(trust_list_signer_is(list, cert), cases[_i].same);
    trust_list_free(list);
    trust_cert_free(cert);
}
END_TEST

/* A certificate with the right name and serial number, and the wrong key. */
START_TEST(impostors)
{
    struct trust_key *ec_key = helper_key("ec:P-256");
    struct trust_cert *cert = cert_with(key, "0102"), *other = cert_with(other_key, "0102");
    struct trust_cert *large = cert_with(large_key, "0102"), *ec = cert_with(ec_key, "0102");
    struct trust_list *list = list_naming(cert, NULL, 0, NULL);
    struct trust_error err = {0};
    ck_assert_int_eq(trust_list_verify(list, other, &err), TRUST_ESIGNATURE);
    ck_assert_int_eq(trust_list_verify(list, large, &err), TRUST_ELENGTH);
    ck_assert_ptr_nonnull(strstr(err.text, "256"));
    ck_assert_int_eq(trust_list_verify(list, ec, &err), TRUST_EUNSUPPORTED);
    helper_openssl_is_quiet();
    helper_ok(trust_list_verify(list, cert, &err), &err);
    trust_list_free(list);
    trust_cert_free(cert);
    trust_cert_free(other);
    trust_cert_free(large);
    trust_cert_free(ec);
    trust_key_free(ec_key);
}
END_TEST

START_TEST(unknown_signer_text)
{
    static const uint8_t serial[] = {0xab, 0xcd};
    struct trust_cert *cert = cert_with(key, "0102");
    struct trust_list *list = list_naming(cert, serial, 2, "CN=a\nb");
    struct trust_error err = {0};
    ck_assert_int_eq(trust_list_verify(list, cert, &err), TRUST_ESIGNER);
    ck_assert_ptr_nonnull(strstr(err.text, "ABCD"));
    ck_assert_ptr_nonnull(strstr(err.text, "CN=a\\0Ab"));
    ck_assert_ptr_null(strchr(err.text, '\n'));
    trust_list_free(list);
    trust_cert_free(cert);
}
END_TEST

/* ---- The record that holds it */

static struct trust_list *list_of(struct trust_cert *cert, const struct trust_record_spec *records,
                                  size_t count)
{
    const struct trust_header_spec header = {
        .filename = "CTLFile.tlv", .digest = TRUST_DIGEST_SHA1, .minor = 2};
    struct trust_signer *signer = helper_signer(cert, key);
    struct trust_list *list = helper_build(&header, records, count, signer);
    trust_signer_free(signer);
    return list;
}

START_TEST(signer_record)
{
    static const uint8_t padded[] = {0, 1, 2}, wrong[] = {1, 3};
    struct trust_cert *cert = cert_with(key, "0102");
    const struct trust_record_spec server = {TRUST_RECORD_WHOLE, TRUST_ROLE_CCM_TFTP, cert, .dns_name = "a"};
    const struct trust_record_spec token = {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, cert, .dns_name = "a"};
    struct trust_record_spec hash = token, spelt = token, stranger = token, nameless = token;
    hash.form = TRUST_RECORD_HASH;
    hash.hash = TRUST_DIGEST_SHA1;
    spelt.issuer = "o=cisco, cn=\"pub";
    spelt.serial = (struct trust_bytes){padded, 3};
    stranger.serial = (struct trust_bytes){wrong, 2};
    nameless.issuer = "nobody";
    const struct {
        struct trust_record_spec records[3];
        size_t count;
        int found; /* -1: none */
    } cases[] = {
        {{server, token, token}, 3, 1},
        {{server, server}, 2, 0},
        {{hash, server}, 2, 1},
        {{hash}, 1, -1},
        {{stranger, nameless, spelt}, 3, 2},
        {{stranger}, 1, -1},
        {{nameless}, 1, -1},
        {{spelt, token}, 2, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trust_error err = {0};
        struct trust_list *list = list_of(cert, cases[i].records, cases[i].count);
        size_t index = 99;
        const struct trust_list_record *record = trust_list_signer_record(list, &index);
        ck_assert_int_eq(record != NULL ? (int)index : -1, cases[i].found);
        struct trust_cert *signer;
        int rc = trust_list_verify_self(list, &signer, &err);
        ck_assert_int_eq(rc, cases[i].found >= 0 ? 0 : TRUST_ESIGNER);
        ck_assert_int_eq(signer != NULL, rc == 0);
        ck_assert(signer == NULL || trust_cert_equal(signer, cert));
        trust_cert_free(signer);
        trust_list_free(list);
    }
    trust_cert_free(cert);
}
END_TEST

START_TEST(itl_names)
{
    static const struct {
        const char *name;
        bool itl;
    } cases[] = {
        {"ITLFile.tlv", true}, {"itlfile.TLV", true},  {"ITLSEP0011215A1AE3.tlv", true},
        {"IT", false},         {"CTLFile.tlv", false}, {"SEP0011215A1AE3.cnf.xml.sgn", false},
    };
    struct trust_cert *cert = cert_with(key, "0102");
    struct trust_signer *signer = helper_signer(cert, key);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct trust_header_spec header = {
            .filename = cases[i].name, .digest = TRUST_DIGEST_SHA1, .minor = 2};
        struct trust_list *list = helper_build(&header, NULL, 0, signer);
        ck_assert_int_eq(trust_list_is_itl(list), cases[i].itl);
        trust_list_free(list);
    }
    trust_signer_free(signer);
    trust_cert_free(cert);
}
END_TEST

START_TEST(holds_a_certificate_whole_or_as_its_hash)
{
    struct trust_cert *cert = helper_cert_file("pub.crt"), *other = helper_cert_file("tvs-ec.crt");
    struct trust_bytes der = trust_cert_der(cert);
    uint8_t digest[TRUST_DIGEST_MAX];
    ck_assert_int_eq(trust_digest_pieces(TRUST_DIGEST_SHA256, &der, 1, digest, NULL), 0);
    struct trust_list_record records[2] = {{.function = 4}, {.certificate = der}};
    struct trust_list list = {.records = records, .record_count = 2};
    ck_assert(!trust_list_holds(NULL, cert));
    ck_assert(trust_list_holds(&list, cert));
    ck_assert(!trust_list_holds(&list, other));
    list.record_count = 1;
    ck_assert(!trust_list_holds(&list, cert));

    records[0] = (struct trust_list_record){.cert_hash = {digest, 32}, .hash_algorithm = TRUST_DIGEST_SHA256};
    ck_assert(trust_list_holds(&list, cert));
    ck_assert(!trust_list_holds(&list, other));
    records[0].cert_hash.len = 20; /* not as long as such a hash is */
    ck_assert(!trust_list_holds(&list, cert));
    records[0].cert_hash.len = 32;
    records[0].hash_algorithm = 200;
    ck_assert(!trust_list_holds(&list, cert));
    helper_openssl_is_quiet();
    trust_cert_free(cert);
    trust_cert_free(other);
}
END_TEST

/* ---- Lists of strangers */

/* So many tiny records without names, which are all compared with a header's issuer of many bytes, and with
 * its serial number, which is nothing but zeros. */
struct crowd {
    const char *begin, *end; /* of the issuer, with letters between */
    size_t name_len, zeros;
    int times; /* that the signer is looked for, to be measured */
};

static struct trust_list *crowd_list(const struct crowd *crowd, size_t name_len, size_t zeros, size_t records)
{
    static const uint8_t record[] = {TRUST_RECORD_LENGTH,      0, 2, 0, 14, TRUST_RECORD_FUNCTION, 0, 2, 0, 1,
                                     TRUST_RECORD_CERTIFICATE, 0, 1, 0};
    struct trust_cert *cert = cert_with(key, "010203");
    char *name = calloc(1, name_len + 1);
    uint8_t *serial = calloc(1, zeros);
    ck_assert(name != NULL && serial != NULL);
    memset(name, 'x', name_len);
    memcpy(name, crowd->begin, strlen(crowd->begin));
    memcpy(name + name_len - strlen(crowd->end), crowd->end, strlen(crowd->end));
    struct trust_list *header = list_naming(cert, serial, zeros, name);
    const size_t head = header->file.len, len = head + records * sizeof record;
    uint8_t *bytes = malloc(len);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, header->file.data, head);
    for (size_t i = 0; i < records; i++)
        memcpy(bytes + head + i * sizeof record, record, sizeof record);
    struct trust_list *list = helper_parse((struct trust_bytes){bytes, len});
    ck_assert_uint_eq(list->record_count, records);
    trust_list_free(header);
    trust_cert_free(cert);
    free(bytes);
    free(serial);
    free(name);
    return list;
}

static clock_t search_takes(const struct crowd *crowd, size_t name_len, size_t zeros, size_t records)
{
    struct trust_list *list = crowd_list(crowd, name_len, zeros, records);
    const clock_t began = clock();
    for (int i = 0; i < crowd->times; i++)
        ck_assert_int_eq(trust_list_verify_self(list, NULL, NULL), TRUST_ESIGNER);
    const clock_t took = clock() - began;
    trust_list_free(list);
    return took;
}

static const struct crowd crowds[] = {
    {"CN=", "", 8000, 4, 1},    /* a long name */
    {"CN=", "\\", 8000, 4, 1},  /* that is none */
    {"CN=a", "", 4, 56000, 10}, /* a long number */
};

/* No names and no numbers make anybody wait who judges such a file. */
START_TEST(many_records_and_long_names)
{
    const struct crowd *crowd = &crowds[_i];
    const size_t len = crowd->name_len, zeros = crowd->zeros, records = 70000;
    const clock_t quarter = search_takes(crowd, len == 4 ? 4 : len / 4, zeros / 4, records / 4);
    helper_grows_evenly("the search", quarter, search_takes(crowd, len, zeros, records));
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("list_verify");
    TCase *tcase = tcase_create("verify");
    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, serial_numbers, 0, 13);
    tcase_add_loop_test(tcase, issuers, 0, 6);
    tcase_add_test(tcase, impostors);
    tcase_add_test(tcase, unknown_signer_text);
    tcase_add_test(tcase, signer_record);
    tcase_add_test(tcase, itl_names);
    tcase_add_test(tcase, holds_a_certificate_whole_or_as_its_hash);
    tcase_add_loop_test(tcase, many_records_and_long_names, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}
