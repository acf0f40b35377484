#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The figures of CUCM's own lists, as its `show ctl` and `show itl` print them. The certificates are made
 * here with the names, serial numbers, key and DER sizes of the printed ones. */

#define PUB_DER   "C=PL;O=Cisco;OU=TAC;CN=cucm-1051-a-pub;ST=Malopolska;L=Krakow"
#define SUB_DER   "C=PL;O=Cisco;OU=TAC;CN=cucm-1051-a-sub1;ST=Malopolska;L=Krakow"
#define CAPF_DER  "C=PL;O=Cisco;OU=TAC;CN=CAPF-e41e7d87;ST=Malopolska;L=Krakow"
#define PUB_TEXT  "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL"
#define CUCM8_DER "CN=CUCM8-Publisher.bbbburns.lab;OU=TAC;O=Cisco;L=RTP;ST=North Carolina;C=US"

static struct trust_key *small_key, *small_key_2, *large_key;
static const uint8_t pub_address[4] = {10, 48, 47, 155}, sub_address[4] = {10, 48, 47, 156};

static void setup(void)
{
    small_key = helper_key("rsa:1024");
    small_key_2 = helper_key("rsa:1024");
    large_key = helper_key("rsa:2048");
}

static void teardown(void)
{
    trust_key_free(small_key);
    trust_key_free(small_key_2);
    trust_key_free(large_key);
}

static struct trust_cert *pub_cert(void)
{
    return helper_cert(&(struct helper_plan){
        .subject = PUB_DER, .serial = "70CAF64E090751B9DF22F49F754FC5BB", .key = small_key, .der_size = 694});
}

static struct trust_cert *sub_cert(void)
{
    return helper_cert(&(struct helper_plan){.subject = SUB_DER,
                                             .serial = "6BEBFDCDCD8CA277CB2FD1D183A60E72",
                                             .key = small_key_2,
                                             .der_size = 696});
}

static struct trust_cert *capf_cert(void)
{
    return helper_cert(&(struct helper_plan){.subject = CAPF_DER,
                                             .serial = "744B4999770496E799E91E81D3C8109B",
                                             .key = small_key_2,
                                             .der_size = 680});
}

static const struct trust_header_spec ctl_header = {
    .filename = "CTLFile.tlv", .timestamp = 1425667513, .digest = TRUST_DIGEST_SHA1, .minor = 2};
static const struct trust_header_spec itl_header = {
    .filename = "ITLFile.tlv", .timestamp = 1311776184, .digest = TRUST_DIGEST_SHA1, .minor = 2};

/* Sizes of header, records and file; the list reads back, byte for byte, and verifies. */
static void check_sizes(const struct trust_list *list, unsigned header, const unsigned *records, size_t count,
                        size_t file)
{
    struct trust_error err = {0};
    ck_assert_uint_eq(list->header.length, header);
    ck_assert_uint_eq(list->record_count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(list->records[i].length == records[i], "record %zu has %u bytes, not %u", i + 1,
                      list->records[i].length, records[i]);
    ck_assert_uint_eq(list->file.len, file);
    helper_round_trip(list);
    helper_ok(trust_list_verify_self(list, NULL, &err), &err);
}

START_TEST(tokenless_ctl)
{
    struct trust_cert *pub = pub_cert(), *sub = sub_cert(), *capf = capf_cert();
    struct trust_signer *signer = helper_signer(pub, small_key);
    const struct trust_record_spec records[] = {
        {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, pub, "cucm-1051-a-pub", .address = pub_address},
        {TRUST_RECORD_WHOLE, TRUST_ROLE_CCM_TFTP, pub, "cucm-1051-a-pub", .address = pub_address},
        {TRUST_RECORD_WHOLE, TRUST_ROLE_CAPF, capf, "cucm-1051-a-pub", .address = pub_address},
        {TRUST_RECORD_WHOLE, TRUST_ROLE_CCM_TFTP, sub, "cucm-1051-a-sub1", .address = sub_address},
    };
    struct trust_list *list = helper_build(&ctl_header, records, 4, signer);
    check_sizes(list, 336, (const unsigned[]){1156, 1156, 1138, 1161}, 4, 4947);
    ck_assert(helper_is(list->header.signer_name, PUB_TEXT));
    ck_assert(helper_is(list->records[3].dns_name, "cucm-1051-a-sub1"));
    ck_assert(list->records[3].has_address);
    ck_assert_mem_eq(list->records[3].address, sub_address, 4);
    ck_assert_uint_eq(list->records[0].elements[8].value.len, 694);
    size_t index;
    ck_assert_ptr_eq(trust_list_signer_record(list, &index), &list->records[0]);
    ck_assert_uint_eq(index, 0);
    trust_list_free(list);
    trust_signer_free(signer);
    trust_cert_free(pub);
    trust_cert_free(sub);
    trust_cert_free(capf);
}
END_TEST

START_TEST(regenerated_ctl)
{
    struct trust_cert *sub = sub_cert(), *capf = capf_cert();
    struct trust_cert *pub = helper_cert(&(struct helper_plan){
        .subject = PUB_DER, .serial = "6B1D357B6841740B078FEE4A1813D5D6", .key = large_key, .der_size = 955});
    struct trust_signer *signer = helper_signer(pub, large_key);
    const struct trust_record_spec records[] = {
        {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, pub, "cucm-1051-a-pub", .address = pub_address},
        {TRUST_RECORD_WHOLE, TRUST_ROLE_CCM_TFTP, pub, "cucm-1051-a-pub", .address = pub_address},
        {TRUST_RECORD_WHOLE, TRUST_ROLE_CAPF, capf, "cucm-1051-a-pub", .address = pub_address},
        {TRUST_RECORD_WHOLE, TRUST_ROLE_CCM_TFTP, sub, "cucm-1051-a-sub1", .address = sub_address},
    };
    struct trust_list *list = helper_build(&ctl_header, records, 4, signer);
    check_sizes(list, 464, (const unsigned[]){1675, 1675, 1138, 1161}, 4, 6113);
    ck_assert_int_eq(list->header.modulus, 2);
    trust_list_free(list);
    trust_signer_free(signer);
    trust_cert_free(pub);
    trust_cert_free(sub);
    trust_cert_free(capf);
}
END_TEST

/* An eToken's certificate has its serial number forwards, the CTL client writes it backwards. */
static struct trust_cert *token_cert(const char *common_name, const char *serial)
{
    char subject[128];
    snprintf(subject, sizeof subject, "CN=%s;OU=IPCBU;O=Cisco Systems", common_name);
    return helper_cert(&(struct helper_plan){.subject = subject,
                                             .issuer = "CN=Cisco Manufacturing CA;O=Cisco Systems",
                                             .serial = serial,
                                             .key = small_key,
                                             .issuer_key = large_key,
                                             .der_size = 902});
}

START_TEST(token_ctl)
{
    static const char issuer[] = "cn=Cisco Manufacturing CA;o=Cisco Systems";
    static const char name_1[] = "cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Cisco Systems";
    static const char name_2[] = "cn=\"SAST-ADN008580ef        \";ou=IPCBU;o=\"Cisco Systems";
    static const uint8_t serial_1[] = {0x3c, 0xf9, 0x27, 0, 0, 0, 0xaf, 0xa2, 0xda, 0x45};
    static const uint8_t serial_2[] = {0x83, 0xe9, 0x08, 0, 0, 0, 0x55, 0x45, 0xaf, 0x31};
    static const uint8_t nowhere[4] = {0};
    struct trust_cert *token_1 = token_cert("SAST-ADN0054f509        ", "45DAA2AF00000027F93C");
    struct trust_cert *token_2 = token_cert("SAST-ADN008580ef        ", "31AF455500000008E983");
    struct trust_cert *pub = pub_cert(), *sub = sub_cert(), *capf = capf_cert();
    struct trust_signer *signer = helper_signer(token_2, small_key);
    const struct trust_record_spec records[] = {
        {TRUST_RECORD_CLIENT, TRUST_ROLE_SAST, token_1, NULL, nowhere, 0, name_1, issuer, {serial_1, 10}},
        {TRUST_RECORD_CLIENT, TRUST_ROLE_CCM_TFTP, pub, "10.48.47.155", .address = pub_address},
        {TRUST_RECORD_CLIENT, TRUST_ROLE_CAPF, capf, "10.48.47.155", .address = pub_address},
        {TRUST_RECORD_CLIENT, TRUST_ROLE_CCM_TFTP, sub, "10.48.47.156", .address = sub_address},
        {TRUST_RECORD_CLIENT, TRUST_ROLE_SAST, token_2, NULL, nowhere, 0, name_2, issuer, {serial_2, 10}},
    };
    struct trust_header_spec header = ctl_header;
    header.signer_name = name_2;
    header.ca_name = issuer;
    header.serial = (struct trust_bytes){serial_2, 10};
    struct trust_list *list = helper_build(&header, records, 5, signer);
    check_sizes(list, 304, (const unsigned[]){1186, 1022, 1004, 1026, 1186}, 5, 5728);
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_eq(list->records[i].signature.len, 0);
    ck_assert_uint_eq(list->records[0].dns_name.len, 0);
    size_t index;
    ck_assert_ptr_nonnull(trust_list_signer_record(list, &index));
    ck_assert_uint_eq(index, 4);
    ck_assert(trust_list_signer_is(list, token_2));
    ck_assert(!trust_list_signer_is(list, token_1));
    trust_list_free(list);
    trust_signer_free(signer);
    trust_cert_free(token_1);
    trust_cert_free(token_2);
    trust_cert_free(pub);
    trust_cert_free(sub);
    trust_cert_free(capf);
}
END_TEST

/* CUCM 8 writes two bytes where a DNS name could stand, and hashes where a whole certificate is not needed.
 */
START_TEST(cucm_8_itl)
{
    struct trust_error err = {0};
    struct trust_cert *pub = helper_cert(&(struct helper_plan){.subject = CUCM8_DER,
                                                               .issuer = "DC=lab;DC=bbbburns;CN=JASBURNS-AD",
                                                               .serial = "21002D17000000000005",
                                                               .key = small_key,
                                                               .issuer_key = large_key,
                                                               .der_size = 1442});
    struct trust_cert *tvs = helper_cert(
        &(struct helper_plan){.subject = CUCM8_DER, .serial = "2E3E1A7BDAA64D84", .key = large_key});
    struct trust_cert *capf = helper_cert(
        &(struct helper_plan){.subject = "CN=CAPF-9c4cba7d;OU=TAC;O=Cisco;L=RTP;ST=North Carolina;C=US",
                              .serial = "0ADC6E7742914A53",
                              .key = small_key_2});
    struct trust_signer *signer = helper_signer(pub, small_key);
    const struct trust_record_spec records[] = {
        {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, pub, .dns_name = " "},
        {TRUST_RECORD_WHOLE, TRUST_ROLE_CCM_TFTP, pub, .dns_name = " "},
        {TRUST_RECORD_HASH, TRUST_ROLE_TVS, tvs, " ", .hash = TRUST_DIGEST_SHA1, .address = pub_address},
        {TRUST_RECORD_HASH, TRUST_ROLE_CAPF, capf, " ", .hash = TRUST_DIGEST_SHA1},
    };
    struct trust_list *list = helper_build(&itl_header, records, 4, signer);
    check_sizes(list, 296, (const unsigned[]){1972, 1972, 743, 455}, 4, 5438);
    ck_assert(trust_list_is_itl(list));
    ck_assert(helper_is(list->header.ca_name, "CN=JASBURNS-AD"));
    const struct trust_list_record *record = &list->records[2];
    const struct trust_bytes der = trust_cert_der(tvs);
    uint8_t hash[TRUST_DIGEST_MAX];
    helper_ok(trust_digest_pieces(TRUST_DIGEST_SHA1, &der, 1, hash, &err), &err);
    ck_assert_uint_eq(record->cert_hash.len, 20);
    ck_assert_mem_eq(record->cert_hash.data, hash, 20);
    ck_assert_int_eq(record->hash_algorithm, TRUST_DIGEST_SHA1);
    ck_assert(!record->has_address);
    ck_assert_uint_eq(record->certificate.len, 0);
    trust_list_free(list);
    trust_signer_free(signer);
    trust_cert_free(pub);
    trust_cert_free(tvs);
    trust_cert_free(capf);
}
END_TEST

/* ---- Records without a certificate */

START_TEST(hollow_and_blank)
{
    struct trust_error err = {0};
    struct trust_cert *pub = pub_cert();
    struct trust_signer *signer = helper_signer(pub, small_key);
    const struct trust_record_spec records[] = {
        {TRUST_RECORD_HOLLOW, TRUST_ROLE_CCM_TFTP, NULL, "10.48.47.155", .address = pub_address},
        {TRUST_RECORD_HOLLOW, TRUST_ROLE_CCM_TFTP, NULL, .dns_name = NULL},
        {TRUST_RECORD_BLANK, TRUST_ROLE_TVS, NULL, "never written", .address = pub_address},
        {TRUST_RECORD_BLANK, 0x1234, NULL, .dns_name = NULL},
    };
    static const unsigned sizes[] = {33, 5 + 4 + 5, 5 + 4 + 5, 5 + 4 + 5};
    struct trust_list *list = helper_build(&ctl_header, records, 4, signer);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(list->records[i].length, sizes[i]);
    ck_assert_int_eq(list->records[3].function, 0x1234);
    ck_assert_uint_eq(list->records[0].element_count, 4);
    ck_assert_uint_eq(list->records[2].element_count, 3);
    ck_assert(list->records[0].has_address && !list->records[2].has_address);
    helper_round_trip(list);
    ck_assert_ptr_null(trust_list_signer_record(list, NULL));
    ck_assert_int_eq(trust_list_verify_self(list, NULL, &err), TRUST_ESIGNER);
    helper_ok(trust_list_verify(list, pub, &err), &err);
    trust_list_free(list);
    trust_signer_free(signer);
    trust_cert_free(pub);
}
END_TEST

START_TEST(empty_itl)
{
    struct trust_error err = {0};
    struct trust_cert *pub = pub_cert();
    struct trust_signer *signer = helper_signer(pub, small_key);
    const struct trust_record_spec records[] = {
        {TRUST_RECORD_BLANK, .function = TRUST_ROLE_SAST},
        {TRUST_RECORD_BLANK, .function = TRUST_ROLE_CCM_TFTP},
        {TRUST_RECORD_BLANK, .function = TRUST_ROLE_TVS},
        {TRUST_RECORD_BLANK, .function = TRUST_ROLE_CAPF},
    };
    struct trust_list *list = helper_build(&itl_header, records, 4, signer);
    ck_assert_uint_eq(list->file.len, 336 + 4 * 14);
    helper_round_trip(list);
    helper_ok(trust_list_verify(list, pub, &err), &err);
    trust_list_free(list);
    trust_signer_free(signer);
    trust_cert_free(pub);
}
END_TEST

/* EC certificates in records, every digest, tag 28. */
START_TEST(ec_and_digests)
{
    static const enum trust_digest digests[] = {TRUST_DIGEST_SHA1, TRUST_DIGEST_SHA256, TRUST_DIGEST_SHA512};
    const enum trust_digest digest = digests[_i];
    struct trust_error err = {0};
    struct trust_cert *pub = pub_cert(), *ec = helper_cert_file("tvs-ec.crt");
    struct trust_signer *signer = helper_signer(pub, small_key);
    const struct trust_record_spec records[] = {
        {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, pub, .dns_name = "a"},
        {TRUST_RECORD_WHOLE, TRUST_ROLE_TVS, ec, .dns_name = "a"},
        {TRUST_RECORD_HASH, TRUST_ROLE_TVS, ec, "a", .hash = digest},
    };
    struct trust_header_spec header = itl_header;
    header.digest = digest;
    header.signer_version = true;
    header.signer_version_minor = 1;
    struct trust_list *list = helper_build(&header, records, 3, signer);
    ck_assert_int_eq(list->header.digest, digest);
    ck_assert_int_eq(list->header.elements[2].tag, TRUST_HEADER_SIGNERVERSION);
    ck_assert_mem_eq(list->header.elements[2].value.data, "\1\1", 2);
    ck_assert_uint_eq(list->header.length % 4, 0);
    ck_assert_uint_eq(list->records[1].public_key.len, 97);
    ck_assert_uint_eq(list->records[2].cert_hash.len, trust_digest_size(digest));
    helper_round_trip(list);
    helper_ok(trust_list_verify_self(list, NULL, &err), &err);
    trust_list_free(list);
    trust_signer_free(signer);
    trust_cert_free(pub);
    trust_cert_free(ec);
}
END_TEST

/* A header of any length is padded to a multiple of four. */
START_TEST(padding)
{
    static const char *const names[] = {"a", "ab", "abc", "abcd"};
    struct trust_cert *pub = pub_cert();
    struct trust_signer *signer = helper_signer(pub, small_key);
    struct trust_header_spec header = ctl_header;
    header.filename = names[_i];
    struct trust_list *list = helper_build(&header, NULL, 0, signer);
    size_t paddings = 0;
    for (size_t i = 0; i < list->header.element_count; i++)
        paddings += list->header.elements[i].tag == TRUST_HEADER_PADDING;
    ck_assert_uint_eq(list->header.length % 4, 0);
    ck_assert_uint_eq(list->header.length, list->file.len);
    ck_assert_uint_lt(paddings, 4);
    ck_assert_int_eq(list->header.elements[list->header.element_count - 1 - paddings].tag,
                     TRUST_HEADER_TIMESTAMP);
    helper_round_trip(list);
    trust_list_free(list);
    trust_signer_free(signer);
    trust_cert_free(pub);
}
END_TEST

START_TEST(signed_file)
{
    static const char payload[] = "<device/>\n";
    struct trust_error err = {0};
    struct trust_cert *pub = pub_cert();
    struct trust_signer *signer = helper_signer(pub, small_key);
    struct trust_header_spec header = ctl_header;
    struct trust_list *file, *again;
    header.filename = "SEP0011215A1AE3.cnf.xml.sgn";
    header.minor = 0;
    helper_ok(trust_signed_file_build(&header, (struct trust_bytes){(const uint8_t *)payload, 10}, signer,
                                      &file, &err),
              &err);
    ck_assert(helper_is(file->payload, payload));
    ck_assert_uint_eq(file->file.len, (size_t)file->header.length + 10);
    helper_round_trip(file);
    helper_ok(trust_list_verify(file, pub, &err), &err);
    /* A payload begins with no record, so the file is no list. */
    ck_assert_int_eq(trust_list_parse(file->file, &again, &err), TRUST_ETRAILING);
    trust_list_free(file);
    helper_ok(trust_signed_file_build(&header, (struct trust_bytes){NULL, 0}, signer, &file, &err), &err);
    ck_assert_uint_eq(file->payload.len, 0);
    trust_list_free(file);
    trust_signer_free(signer);
    trust_cert_free(pub);
}
END_TEST

/* ---- What cannot be built */

START_TEST(bad_arguments)
{
    struct trust_cert *pub = pub_cert();
    struct trust_signer *signer = helper_signer(pub, small_key);
    const struct trust_header_spec header = ctl_header;
    struct trust_header_spec headers[5];
    for (size_t i = 0; i < 5; i++)
        headers[i] = header;
    headers[0].filename = NULL;
    headers[1].filename = "";
    headers[2].timestamp = -1;
    headers[3].timestamp = (time_t)1 << 32;
    headers[4].digest = TRUST_DIGEST_MD5;
    for (size_t i = 0; i < 5; i++) {
        struct trust_error err = {0};
        struct trust_list *list;
        ck_assert_int_eq(trust_list_build(&headers[i], NULL, 0, signer, &list, &err), TRUST_EARGUMENT);
        ck_assert_ptr_null(list);
        ck_assert_ptr_nonnull(strstr(err.text, "header"));
        ck_assert_int_eq(
            trust_signed_file_build(&headers[i], (struct trust_bytes){NULL, 0}, signer, &list, NULL),
            TRUST_EARGUMENT);
    }
    const struct trust_record_spec records[] = {
        {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, NULL, .dns_name = "a"},
        {TRUST_RECORD_CLIENT, TRUST_ROLE_SAST, NULL, .dns_name = "a"},
        {TRUST_RECORD_HASH, TRUST_ROLE_SAST, NULL, "a", .hash = TRUST_DIGEST_SHA1},
        {TRUST_RECORD_HASH, TRUST_ROLE_SAST, pub, "a", .hash = TRUST_DIGEST_MD5},
        {(enum trust_record_form)9, TRUST_ROLE_SAST, pub, .dns_name = "a"},
    };
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        struct trust_error err = {0};
        struct trust_list *list;
        ck_assert_int_eq(trust_list_build(&header, &records[i], 1, signer, &list, &err), TRUST_EARGUMENT);
        ck_assert_ptr_null(list);
        ck_assert_ptr_nonnull(strstr(err.text, "record 1"));
    }
    trust_signer_free(signer);
    trust_cert_free(pub);
}
END_TEST

START_TEST(too_large)
{
    struct trust_error err = {0};
    struct trust_cert *pub = pub_cert();
    struct trust_signer *signer = helper_signer(pub, small_key);
    struct trust_list *list;
    char *name = malloc(65536);
    memset(name, 'x', 65535);
    name[65535] = '\0';
    struct trust_record_spec record = {TRUST_RECORD_BLANK, .function = 1};
    struct trust_header_spec header = ctl_header;
    /* One element over 65535 bytes, then only the sum of a record. */
    record = (struct trust_record_spec){TRUST_RECORD_HOLLOW, 1, NULL, .dns_name = name};
    ck_assert_int_eq(trust_list_build(&header, &record, 1, signer, &list, &err), TRUST_ETOOLARGE);
    name[65534] = '\0';
    ck_assert_int_eq(trust_list_build(&header, &record, 1, signer, &list, &err), TRUST_ETOOLARGE);
    ck_assert_ptr_nonnull(strstr(err.text, "record 1"));
    /* The largest record, and so many that the file is too large. */
    name[65535 - 5 - 3 - 5 - 1] = '\0';
    struct trust_record_spec records[17];
    for (size_t i = 0; i < 17; i++)
        records[i] = record;
    list = helper_build(&header, records, 15, signer);
    ck_assert_int_eq(list->records[0].length, 65535);
    trust_list_free(list);
    ck_assert_int_eq(trust_list_build(&header, records, 17, signer, &list, &err), TRUST_ETOOLARGE);
    header.filename = name;
    ck_assert_int_eq(trust_list_build(&header, NULL, 0, signer, &list, &err), TRUST_ETOOLARGE);
    ck_assert_ptr_nonnull(strstr(err.text, "header"));
    uint8_t *payload = calloc(1, TRUST_SIGNED_FILE_MAX);
    ck_assert_int_eq(trust_signed_file_build(&ctl_header,
                                             (struct trust_bytes){payload, TRUST_SIGNED_FILE_MAX}, signer,
                                             &list, &err),
                     TRUST_ETOOLARGE);
    ck_assert_ptr_null(list);
    free(payload);
    free(name);
    trust_signer_free(signer);
    trust_cert_free(pub);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("list_build");
    TCase *tcase = tcase_create("build");
    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, tokenless_ctl);
    tcase_add_test(tcase, regenerated_ctl);
    tcase_add_test(tcase, token_ctl);
    tcase_add_test(tcase, cucm_8_itl);
    tcase_add_test(tcase, hollow_and_blank);
    tcase_add_test(tcase, empty_itl);
    tcase_add_loop_test(tcase, ec_and_digests, 0, 3);
    tcase_add_loop_test(tcase, padding, 0, 4);
    tcase_add_test(tcase, signed_file);
    tcase_add_test(tcase, bad_arguments);
    tcase_add_test(tcase, too_large);
    suite_add_tcase(suite, tcase);
    return suite;
}
