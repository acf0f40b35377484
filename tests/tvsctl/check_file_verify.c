/* file verify. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(verifies)
{
    struct bench bench;
    lists_open_with_file(&bench);
    bench_write(&bench, bench_in_tftp(&bench, "SEP1.enc"), helper_bytes("\x80\x81 encrypted"));
    bench_run(&bench, "file sign SEP1.enc");
    bench_run(&bench, "file verify SEP1.sgn SEP1.enc.sgn ITLFile.tlv");
    bench_expect(&bench, TVSCTL_DONE,
                 "SEP1.sgn\nKind: signed configuration\nFile name in the header: SEP1.sgn\nSigner: "
                 "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL\nSerial number: ",
                 "");
    bench_expect(
        &bench, TVSCTL_DONE,
        "\nIssuer: CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL\nDigest: SHA-1\nSigned on ",
        "");
    bench_expect(&bench, TVSCTL_DONE, "\nSEP1.enc.sgn\nKind: signed configuration\n", "");
    bench_expect(&bench, TVSCTL_DONE, "\nITLFile.tlv\nKind: ITL\n", "");
    ck_assert_int_eq(
        helper_count(bench.out, "Signer found in: ITL, store\nThe file was verified successfully.\n"), 3);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_run(&bench, "file verify %s", bench_in_tftp(&bench, "SEP1.sgn"));
    bench_expect(&bench, TVSCTL_DONE, "Signer found in: CTL, ITL, store\n", "");
    bench_run(&bench, "file verify SEP1.sgn nix --json");
    bench_expect(&bench, TVSCTL_REFUSED, "\"file\": \"nix\",", "a file of the present folder is ./nix");
    bench_expect(&bench, TVSCTL_REFUSED, "\"error\": \"not-found\"", NULL);
    ck_assert(helper_is_json(bench.out));
    bench_run(&bench, "file verify SEP1.sgn CTLFile.tlv --json");
    bench_expect(&bench, TVSCTL_DONE, "\"verified\": true", "");
    bench_expect(&bench, TVSCTL_DONE, "\"present_key\": true", "");
    ck_assert(helper_is_json(bench.out));
    bench_close(&bench);
}
END_TEST

static const struct {
    const char *words;
    int status;
    const char *out, *err;
} not_verified[] = {
    {"captured.sgn", TVSCTL_NO, "Verification of the file failed.\n",
     "tvsctl: captured.sgn: signer not in CTL or ITL, and not in the store\n"},
    {"tampered.sgn", TVSCTL_NO, "Verification of the file failed.\n", "tvsctl: tampered.sgn: "},
    {"garbage.sgn", TVSCTL_NO, "Verification of the file failed.\n", "tvsctl: garbage.sgn: byte "},
    {"empty.sgn", TVSCTL_NO, "Verification of the file failed.\n", "an empty file"},
    {"foreign.tlv", TVSCTL_NO, "Kind: CTL\n", "foreign.tlv: signer not in CTL or ITL"},
    {"SEP1", TVSCTL_NO, "Verification of the file failed.\n", "tvsctl: SEP1: byte "},
    {"absent.sgn", TVSCTL_REFUSED, "",
     "absent.sgn: No such file or directory; a file of the present folder is"},
    {"./absent.sgn", TVSCTL_REFUSED, "", "./absent.sgn: No such file or directory"},
    {"folder.sgn", TVSCTL_REFUSED, "", "is a folder, not a file"},
    {"outside.sgn", TVSCTL_REFUSED, "", "is a link, and not to a file of that folder"},
    {"SEP1.sgn captured.sgn", TVSCTL_NO, "The file was verified successfully.\n",
     "captured.sgn: signer not in"},
    {"captured.sgn SEP1.sgn", TVSCTL_NO, "The file was verified successfully.\n",
     "captured.sgn: signer not in"},
    {"SEP1.sgn absent.sgn", TVSCTL_REFUSED, "The file was verified successfully.\n", "absent.sgn"},
    {"captured.sgn --json", TVSCTL_NO, "\"error\": \"unknown-signer\"", "signer not in CTL or ITL"},
    {"garbage.sgn tampered.sgn --json", TVSCTL_NO, "\"error\": \"bad-signature\"", "garbage.sgn"},
    {"", TVSCTL_USAGE, "", "`file verify` needs more"},
};

START_TEST(does_not_verify)
{
    struct bench bench;
    struct trust_bytes file;
    lists_open_with_file(&bench);
    lists_copy_data(&bench, "SEP0011215A1AE3.cnf.xml.sgn", "captured.sgn");
    lists_copy_data(&bench, "good/peer-ctl-sha1.tlv", "foreign.tlv");
    bench_write(&bench, bench_in_tftp(&bench, "garbage.sgn"), helper_bytes("garbage"));
    bench_write(&bench, bench_in_tftp(&bench, "empty.sgn"), helper_bytes(""));
    ck_assert_int_eq(mkdir(bench_in_tftp(&bench, "folder.sgn"), 0755), 0);
    bench_write(&bench, "secret", helper_bytes("secret"));
    ck_assert_int_eq(symlink("../secret", bench_in_tftp(&bench, "outside.sgn")), 0);
    file = fixture_read(bench_in_tftp(&bench, "SEP1.sgn"));
    char *copy = malloc(file.len);
    memcpy(copy, file.data, file.len);
    copy[file.len - 1] ^= 1;
    bench_write(&bench, bench_in_tftp(&bench, "tampered.sgn"),
                (struct trust_bytes){(const uint8_t *)copy, file.len});
    free(copy);
    fixture_free(file);
    for (size_t i = 0; i < sizeof not_verified / sizeof not_verified[0]; i++) {
        bench_run(&bench, "file verify %s", not_verified[i].words);
        bench_expect(&bench, not_verified[i].status, not_verified[i].out, not_verified[i].err);
        if (strstr(not_verified[i].words, "--json") != NULL)
            ck_assert(helper_is_json(bench.out));
    }
    bench_close(&bench);
}
END_TEST

/* Who may write the TFTP folder must not be able to make a signer known by a list of his own. */
START_TEST(a_list_counts_if_its_signer_is_known)
{
    struct bench bench, stranger;
    lists_open_with_file(&bench);
    lists_open_with_file(&stranger);
    bench_run(&stranger, "utils ctl set-cluster mixed-mode --yes");
    lists_copy_data(&bench, bench_in_tftp(&stranger, "CTLFile.tlv"), "CTLFile.tlv");
    lists_copy_data(&bench, bench_in_tftp(&stranger, "SEP1.sgn"), "evil.sgn");
    bench_run(&bench, "file verify evil.sgn");
    bench_expect(
        &bench, TVSCTL_NO, "Verification of the file failed.",
        "warning: what the CTLFile.tlv of the TFTP folder holds does not count: the store does not vouch");
    bench_run(&bench, "file verify CTLFile.tlv");
    bench_expect(&bench, TVSCTL_NO, NULL, "signer not in CTL or ITL");
    bench_run(&bench, "file verify SEP1.sgn");
    bench_expect(&bench, TVSCTL_DONE, "Signer found in: ITL, store\n", NULL);
    /* A signature of ours from before is no present one. */
    bench_run(&bench, "file get tftp SEP1.sgn %s", bench_path(&bench, "old.sgn"));
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_run(&bench, "file verify %s", bench_path(&bench, "old.sgn"));
    bench_expect(&bench, TVSCTL_NO, NULL, "old.sgn: signer not in CTL or ITL, and not in the store");
    bench_close(&stranger);
    bench_close(&bench);
}
END_TEST

START_TEST(any_signer_if_the_configuration_says_so)
{
    struct bench bench, stranger;
    lists_open_with_file(&stranger);
    bench_open(&bench, "  require_trusted_signer: false\n");
    lists_copy_data(&bench, bench_in_tftp(&stranger, "ITLFile.tlv"), "ITLFile.tlv");
    lists_copy_data(&bench, bench_in_tftp(&stranger, "SEP1.sgn"), "SEP1.sgn");
    bench_run(&bench, "file verify SEP1.sgn");
    bench_expect(&bench, TVSCTL_DONE, "Signer found in: ITL\n", NULL);
    ck_assert(!helper_exists(bench.state));
    bench_close(&stranger);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("file verify");
    TCase *tests = tcase_create("file verify");
    tcase_add_test(tests, verifies);
    tcase_add_test(tests, does_not_verify);
    tcase_add_test(tests, a_list_counts_if_its_signer_is_known);
    tcase_add_test(tests, any_signer_if_the_configuration_says_so);
    suite_add_tcase(suite, tests);
    return suite;
}
