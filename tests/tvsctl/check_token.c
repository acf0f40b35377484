/* utils ctl sign: CTL files that a security token signs, and the way back. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>

#define SERVERS "CCM+TFTP CAPF"

static const struct lists_cert first = {.subject = "CN=SAST-ADN0054f509        ;OU=IPCBU;O=Cisco Systems",
                                        .issuer = "CN=Cisco Manufacturing CA;O=Cisco Systems",
                                        .serial = "45DAA2AF00000027F93C",
                                        .bits = 1024,
                                        .issuer_bits = 1024};
static const struct lists_cert second = {.subject = "CN=SAST-ADN008580ef        ;OU=IPCBU;O=Cisco Systems",
                                         .issuer = "CN=Cisco Manufacturing CA;O=Cisco Systems",
                                         .serial = "31AF455500000008E983",
                                         .bits = 1024,
                                         .issuer_bits = 1024};
static const struct lists_cert third = {.subject = "CN=other cluster", .serial = "0BADCAFE", .bits = 1024};

/* In mixed mode, with the files of three tokens of which nothing is known yet. */
static void open_mixed(struct bench *bench)
{
    bench_open(bench, "  dns_names: host\n");
    bench_run(bench, "set cert regen CallManager");
    bench_run(bench, "set cert regen TVS");
    bench_run(bench, "set cert regen CAPF");
    bench_run(bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(bench, TVSCTL_DONE, "Cluster set to Mixed Mode", NULL);
    lists_write_cert(bench, "1.pem", &first);
    lists_write_cert(bench, "2.pem", &second);
    lists_write_cert(bench, "3.pem", &third);
}

static void upload(struct bench *bench, const char *name)
{
    bench_run(bench, "set cert import trust Phone-SAST-trust %s", bench_path(bench, name));
    bench_expect(bench, TVSCTL_DONE, "added to Phone-SAST-trust", NULL);
}

static void sign(struct bench *bench, const char *name)
{
    bench_run(bench, "utils ctl sign --token file:%s --yes", bench_path(bench, name));
    bench_expect(bench, TVSCTL_DONE, "CTL file Updated", "");
}

/* One line, and everything is as before. */
static void refuse(struct bench *bench, int status, const char *words, const char *why)
{
    char *before = lists_snapshot(bench);
    bench_run(bench, "utils ctl sign %s --yes", words);
    bench_expect(bench, status, "", why);
    ck_assert_int_eq(helper_count(bench->err, "\n"), 1);
    lists_expect_unchanged(bench, before);
}

static const struct trust_list_record *record_of(const struct trust_list *list, const char *serial)
{
    char hex[64];
    for (size_t i = 0; i < list->record_count; i++) {
        trust_hex(list->records[i].serial, 0, true, hex);
        if (strcmp(hex, serial) == 0)
            return &list->records[i];
    }
    ck_abort_msg("no record %s", serial);
}

static bool is_text(struct trust_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

/* As the CTL client writes them: no SIGNATURE anywhere, addresses for names, tokens in its spelling. */
static void expect_client_records(const struct trust_list *list)
{
    for (size_t i = 0; i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        ck_assert_uint_eq(record->signature.len, 0);
        ck_assert(record->has_address);
        if (record->function != TRUST_ROLE_SAST)
            ck_assert(is_text(record->dns_name, "10.48.47.155"));
    }
    const struct trust_list_record *token = record_of(list, "83E9080000005545AF31");
    ck_assert_uint_eq(token->function, TRUST_ROLE_SAST);
    ck_assert_uint_eq(token->dns_name.len, 0);
    ck_assert(is_text(token->issuer, "cn=Cisco Manufacturing CA;o=Cisco Systems"));
    ck_assert_mem_eq(token->address, "\0\0\0\0", 4);
}

/* Scenarios 3, 4 and 2 of a site: refused, uploaded, signed, and back. */
START_TEST(to_tokens_and_back)
{
    struct bench bench;
    char row[256], words[600];
    open_mixed(&bench);
    snprintf(words, sizeof words, "--token file:%s", bench_path(&bench, "2.pem"));
    refuse(&bench, TVSCTL_REFUSED, words,
           "The Security Token you have inserted does not exist in the CTL File (SAST-ADN008580ef");
    refuse(&bench, TVSCTL_REFUSED, words, "`set cert import trust Phone-SAST-trust FILE`");
    upload(&bench, "2.pem");
    refuse(&bench, TVSCTL_REFUSED, words, "a CTL file needs two security tokens");
    upload(&bench, "1.pem");
    bench_run(&bench, "file delete tftp CTLFile.tlv --yes");
    bench_run_answered(&bench, "y\n", "utils ctl sign %s", words);
    bench_expect(&bench, TVSCTL_DONE,
                 "No CTL File exists on the server but the Call Manager Cluster Security Mode is in Secure "
                 "Mode.\nFor the system to function, you must create the CTL File and set Call Manager "
                 "Cluster the Secure Mode.\nThis operation will update the CTLFile: the security token "
                 "SAST-ADN008580ef",
                 "");
    bench_expect(&bench, TVSCTL_DONE, "(serial number 31AF455500000008E983) signs it.", "");

    struct trust_list *list = lists_read(&bench, "CTL");
    lists_expect(list, "SAST " SERVERS " SAST");
    expect_client_records(list);
    ck_assert(is_text(list->header.ca_name, "cn=Cisco Manufacturing CA;o=Cisco Systems"));
    ck_assert_uint_eq(list->header.serial.data[0], 0x83);
    trust_list_free(list);
    ck_assert_int_eq(strncmp(lists_last_row(&bench, row, sizeof row), "CTLFile.tlv|utils ctl sign|", 27), 0);
    bench_run(&bench, "show ctl");
    ck_assert_int_eq(helper_count(bench.out, "This etoken was used to sign the CTL file."), 1);
    ck_assert_int_eq(helper_count(bench.out, "This etoken was not used to sign the CTL file."), 1);
    bench_expect(&bench, TVSCTL_DONE, "The CTL file was verified successfully.", "");

    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(&bench, TVSCTL_DONE, "CTL file Updated", "");
    list = lists_read(&bench, "CTL");
    ck_assert(lists_signed_by(&bench, list, TRUST_UNIT_CALLMANAGER));
    lists_expect(list, "SAST " SERVERS " SAST");
    trust_list_free(list);
    bench_run(&bench, "show ctl");
    ck_assert_ptr_null(strstr(bench.out, "SAST-ADN"));
    bench_close(&bench);
}
END_TEST

/* The other token of the list signs though neither is in the store any longer, and the list keeps both. */
START_TEST(tokens_that_stand_in_the_list)
{
    struct bench bench;
    open_mixed(&bench);
    upload(&bench, "1.pem");
    upload(&bench, "2.pem");
    sign(&bench, "1.pem");
    bench_run(&bench, "set cert delete Phone-SAST-trust 45DAA2AF00000027F93C --yes --force");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "set cert delete Phone-SAST-trust 31AF455500000008E983 --yes --force");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    upload(&bench, "3.pem");
    sign(&bench, "2.pem");
    struct trust_list *list = lists_read(&bench, "CTL");
    lists_expect(list, "SAST " SERVERS " SAST");
    ck_assert_uint_eq(list->header.serial.data[0], 0x83);
    record_of(list, "3CF927000000AFA2DA45");
    trust_list_free(list);
    /* What others put there vouches for no token. */
    lists_copy_file(lists_published(&bench, "000005-CTLFile.tlv"), lists_tftp(&bench, "CTLFile.tlv"));
    char words[600];
    snprintf(words, sizeof words, "--token file:%s", bench_path(&bench, "1.pem"));
    refuse(&bench, TVSCTL_REFUSED, words, "does not exist in the CTL File");
    bench_close(&bench);
}
END_TEST

START_TEST(second_token_is_named)
{
    struct bench bench;
    char one[300], words[900];
    open_mixed(&bench);
    upload(&bench, "1.pem");
    upload(&bench, "2.pem");
    upload(&bench, "3.pem");
    snprintf(one, sizeof one, "--token file:%s", bench_path(&bench, "1.pem"));
    refuse(&bench, TVSCTL_REFUSED, one, "Phone-SAST-trust holds 2 other certificates");
    snprintf(words, sizeof words, "%s %s", one, one);
    refuse(&bench, TVSCTL_REFUSED, words, "this token was named before");
    /* Its certificate will do for the second, not for the first. */
    struct trust_bytes pem = fixture_read(bench_path(&bench, "3.pem"));
    const char *end = strstr((const char *)pem.data, "-----BEGIN PRIVATE KEY");
    ck_assert_ptr_nonnull(end);
    bench_write(&bench, "3.crt", (struct trust_bytes){pem.data, (size_t)(end - (const char *)pem.data)});
    fixture_free(pem);
    snprintf(words, sizeof words, "--token file:%s", bench_path(&bench, "3.crt"));
    refuse(&bench, TVSCTL_REFUSED, words, "there is no private key in it, and the first --token signs");
    bench_run(&bench, "utils ctl sign %s --token=file://%s --yes", one, bench_path(&bench, "3.crt"));
    bench_expect(&bench, TVSCTL_DONE, "CTL file Updated", "");
    struct trust_list *list = lists_read(&bench, "CTL");
    record_of(list, "FECAAD0B");
    record_of(list, "3CF927000000AFA2DA45");
    lists_expect(list, "SAST " SERVERS " SAST");
    trust_list_free(list);
    bench_close(&bench);
}
END_TEST

START_TEST(token_that_makes_no_sense)
{
    struct bench bench;
    char words[600];
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    lists_write_cert(&bench, "1.pem", &first);
    snprintf(words, sizeof words, "--token file:%s", bench_path(&bench, "1.pem"));
    refuse(&bench, TVSCTL_REFUSED, words, "the cluster is not in mixed mode");
    refuse(&bench, TVSCTL_USAGE, "", "--token URI (pkcs11:… or file:/PATH)");
    refuse(&bench, TVSCTL_REFUSED, "--token pkcs12:object=x", "no such kind of token is known");
    refuse(&bench, TVSCTL_REFUSED, "--token file:1.pem", "behind file: stands a whole path");
    refuse(&bench, TVSCTL_REFUSED, "--token file://host/1.pem", "behind file: stands a whole path");
    bench_write(&bench, "key.pem", helper_bytes("nothing"));
    snprintf(words, sizeof words, "--token file:%s", bench_path(&bench, "key.pem"));
    refuse(&bench, TVSCTL_REFUSED, words, "key.pem");
    bench_close(&bench);
}
END_TEST

/* What a later phrase says of the CTL file: nothing when it is as it should be, else the token's phrase. */
START_TEST(what_is_said_of_a_list_with_tokens)
{
    struct bench bench;
    open_mixed(&bench);
    upload(&bench, "1.pem");
    upload(&bench, "2.pem");
    sign(&bench, "1.pem");
    bench_run(&bench, "set cert regen tomcat");
    bench_expect(&bench, TVSCTL_DONE, "Successfully Regenerated", NULL);
    ck_assert_ptr_null(strstr(bench.out, "does not hold"));
    bench_run(&bench, "set cert regen CAPF --yes");
    bench_expect(&bench, TVSCTL_DONE,
                 "The CTL file does not hold CAPF of cucm-1051-a-pub yet: run `utils ctl sign --token URI`.",
                 NULL);
    sign(&bench, "1.pem");
    bench_run(&bench, "set cert delete Phone-SAST-trust 45DAA2AF00000027F93C --yes --force");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_ptr_null(strstr(bench.out, "does not hold"));
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("token");
    TCase *tests = tcase_create("token");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, to_tokens_and_back);
    tcase_add_test(tests, tokens_that_stand_in_the_list);
    tcase_add_test(tests, second_token_is_named);
    tcase_add_test(tests, token_that_makes_no_sense);
    tcase_add_test(tests, what_is_said_of_a_list_with_tokens);
    suite_add_tcase(all, tests);
    return all;
}
