/* show published; utils ctl|itl restore. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Numbers 1 (ITL), 2 (ITL), 3 (CTL), 4 (ITL), 5 (CTL). */
static void open_with_history(struct bench *bench)
{
    bench_open(bench, "");
    bench_run(bench, "set cert regen CallManager");
    bench_run(bench, "set cert regen TVS");
    bench_run(bench, "utils ctl set-cluster mixed-mode --yes");
    bench_run(bench, "set cert regen CAPF");
    bench_run(bench, "utils ctl update CTLFile --yes");
    ck_assert_int_eq(lists_count(bench), 5);
}

static void refuse(struct bench *bench, const char *phrase, const char *why)
{
    char *before = lists_snapshot(bench);
    bench_run(bench, "%s --yes", phrase);
    bench_expect(bench, TVSCTL_REFUSED, "", why);
    lists_expect_unchanged(bench, before);
}

/* "MD5 SHA1" of a list as the columns show them. */
static const char *checksums(const char *path)
{
    static char text[128];
    static const enum trust_digest digests[] = {TRUST_DIGEST_MD5, TRUST_DIGEST_SHA1};
    struct trust_bytes bytes = fixture_read(path);
    text[0] = '\0';
    for (size_t i = 0; i < 2; i++) {
        uint8_t digest[TRUST_DIGEST_MAX];
        ck_assert_int_eq(trust_digest_pieces(digests[i], &bytes, 1, digest, NULL), 0);
        strcat(text, i > 0 ? " " : "");
        trust_hex((struct trust_bytes){digest, trust_digest_size(digests[i])}, 0, false, text + strlen(text));
    }
    fixture_free(bytes);
    return text;
}

START_TEST(published)
{
    struct bench bench;
    char line[512], serial[64];
    open_with_history(&bench);
    bench_run(&bench, "show published");
    bench_expect(&bench, TVSCTL_DONE, "NUMBER FILE STATE PUBLISHED PHRASE BY SIZE RECORDS MD5 SHA1 SIGNER\n",
                 "");
    bench_expect(&bench, TVSCTL_DONE, "\n1 ITLFile.tlv - 20", "");
    bench_expect(&bench, TVSCTL_DONE, "Z set cert regen CallManager ", "");
    bench_expect(&bench, TVSCTL_DONE, "\n2 ITLFile.tlv - 20", "");
    bench_expect(&bench, TVSCTL_DONE, "\n3 CTLFile.tlv - 20", "");
    bench_expect(&bench, TVSCTL_DONE, "\n4 ITLFile.tlv now 20", "");
    bench_expect(&bench, TVSCTL_DONE, "Z set cert regen CAPF ", "");
    bench_expect(&bench, TVSCTL_DONE, "\n5 CTLFile.tlv now 20", "");
    struct trust_list *list = lists_read(&bench, "CTL");
    ck_assert_uint_eq(list->header.serial.len, 16);
    trust_hex(list->header.serial, 0, true, serial);
    trust_list_free(list);
    snprintf(line, sizeof line,
             " %s CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL (%.8s...)\n",
             checksums(lists_published(&bench, "000003-CTLFile.tlv")), serial);
    bench_expect(&bench, TVSCTL_DONE, line, "");
    ck_assert_int_eq(helper_count(bench.out, "\n"), 7);
    bench_close(&bench);
}
END_TEST

START_TEST(published_as_json)
{
    struct bench bench;
    char text[512];
    open_with_history(&bench);
    ck_assert_int_eq(unlink(lists_published(&bench, "000004-ITLFile.tlv")), 0);
    lists_copy_file(lists_published(&bench, "000002-ITLFile.tlv"),
                    lists_published(&bench, "000001-ITLFile.tlv"));
    bench_run(&bench, "show published --json");
    bench_expect(
        &bench, TVSCTL_DONE,
        "\"number\": 1,\n\"filename\": \"ITLFile.tlv\",\n\"current\": false,\n\"file\": \"changed\",", "");
    bench_expect(&bench, TVSCTL_DONE,
                 "\"number\": 2,\n\"filename\": \"ITLFile.tlv\",\n\"current\": false,\n\"file\": \"there\",",
                 "");
    bench_expect(&bench, TVSCTL_DONE,
                 "\"number\": 4,\n\"filename\": \"ITLFile.tlv\",\n\"current\": true,\n\"file\": \"missing\",",
                 "");
    struct trust_list *list = lists_read(&bench, "CTL");
    snprintf(text, sizeof text, "\"size\": %zu,\n\"records\": %zu\n", list->file.len, list->record_count);
    bench_expect(&bench, TVSCTL_DONE, text, "");
    bench_expect(&bench, TVSCTL_DONE, "\"phrase\": \"utils ctl set-cluster mixed-mode\"", "");
    ck_assert(helper_is_json(bench.out));
    trust_list_free(list);
    bench_run(&bench, "show published");
    bench_expect(&bench, TVSCTL_DONE, "\n1 ITLFile.tlv changed 20", "");
    bench_expect(&bench, TVSCTL_DONE, "\n4 ITLFile.tlv now, missing 20", "");
    bench_close(&bench);
}
END_TEST

START_TEST(nothing_published)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "show published");
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no store yet");
    bench_run(&bench, "set cert regen tomcat");
    bench_run(&bench, "show published");
    bench_expect(&bench, TVSCTL_DONE, "No list has been published yet.\n", "");
    bench_run(&bench, "show published --json");
    bench_expect(&bench, TVSCTL_DONE, "[]", "");
    refuse(&bench, "utils ctl restore 1", "there is no list 1: none was published yet");
    bench_run(&bench, "show published 1");
    bench_expect(&bench, TVSCTL_USAGE, "", "one word too many");
    bench_close(&bench);
}
END_TEST

/* Phones find a list that nobody here gave out. */
START_TEST(stranger_in_the_folder)
{
    struct bench bench;
    open_with_history(&bench);
    lists_copy_file("good/peer-itl-ec.tlv", lists_tftp(&bench, "ITLFile.tlv"));
    bench_run(&bench, "show published");
    bench_expect(&bench, TVSCTL_DONE, "\n4 ITLFile.tlv - 20",
                 "ITLFile.tlv is none of the lists that were published here");
    /* An older one is known. */
    lists_copy_file(lists_published(&bench, "000002-ITLFile.tlv"), lists_tftp(&bench, "ITLFile.tlv"));
    bench_run(&bench, "show published");
    bench_expect(&bench, TVSCTL_DONE, "\n2 ITLFile.tlv now 20", "");
    bench_close(&bench);
}
END_TEST

/* Byte for byte, under a new number. */
START_TEST(restores)
{
    struct bench bench;
    char row[512];
    open_with_history(&bench);
    bench_run(&bench, "utils ctl restore 3 --yes");
    ck_assert_int_eq(bench.status, TVSCTL_DONE);
    ck_assert_str_eq(bench.err,
                     "tvsctl: note: CTLFile.tlv: list 6 published\n"
                     "tvsctl: note: tvsd takes it by itself; phones fetch it when they are reset\n");
    lists_expect_lines(
        bench.out, "This operation will publish list 3 again: CTLFile.tlv of 20*Z, signed by "
                   "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL. Do you want to continue? "
                   "(y/n):y\n"
                   "\n"
                   "Restoring CTL file\n"
                   "CTL file Restored\n"
                   "Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster\n"
                   "that run these services\n");
    struct trust_list *list = lists_read(&bench, "CTL");
    lists_expect(list, "SAST CCM+TFTP SAST");
    trust_list_free(list);
    lists_expect_same_file(lists_tftp(&bench, "CTLFile.tlv"), lists_published(&bench, "000003-CTLFile.tlv"));
    lists_expect_same_file(lists_tftp(&bench, "CTLFile.tlv"), lists_published(&bench, "000006-CTLFile.tlv"));
    ck_assert_int_eq(strncmp(lists_last_row(&bench, row, sizeof row), "CTLFile.tlv|utils ctl restore 3|", 32),
                     0);
    bench_run_answered(&bench, "y\n", "ut itl resto 000002");
    bench_expect(&bench, TVSCTL_DONE, "Restoring ITL file\nITL file Restored\nPlease Restart", "");
    lists_expect_same_file(lists_tftp(&bench, "ITLFile.tlv"), lists_published(&bench, "000002-ITLFile.tlv"));
    trust_list_free(lists_read(&bench, "ITL"));
    /* Of equal ones the last is the present one. */
    bench_run(&bench, "show published");
    bench_expect(&bench, TVSCTL_DONE, "\n2 ITLFile.tlv - 20", "");
    bench_expect(&bench, TVSCTL_DONE, "\n6 CTLFile.tlv now 20", "");
    bench_expect(&bench, TVSCTL_DONE, "\n7 ITLFile.tlv now 20", "");
    /* The next change publishes what the store says. */
    bench_run(&bench, "set cert regen TVS --yes");
    list = lists_read(&bench, "ITL");
    lists_expect(list, "SAST CCM+TFTP TVS# CAPF# SAST");
    trust_list_free(list);
    bench_close(&bench);
}
END_TEST

/* A list of before a regeneration verifies with the certificate that it holds; phones which take it believe
 * no configuration file of now. */
START_TEST(restores_an_old_signer)
{
    struct bench bench;
    open_with_history(&bench);
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_run(&bench, "utils itl restore 4 --yes");
    bench_expect(&bench, TVSCTL_DONE, "ITL file Restored",
                 "that list does not hold the present CallManager certificate");
    struct trust_list *list = lists_read(&bench, "ITL");
    ck_assert(!lists_signed_by(&bench, list, TRUST_UNIT_CALLMANAGER));
    trust_list_free(list);
    bench_close(&bench);
}
END_TEST

/* What tvsd answers about a certificate out of the store. */
static bool has_role_0(const struct bench *bench, const struct trust_cert *cert)
{
    struct trust_store *store;
    struct trust_index_builder *builder;
    struct trust_index *index;
    bool has = false;
    ck_assert_int_eq(trust_store_open(bench->store, TRUST_STORE_READ, &store, NULL), 0);
    ck_assert_int_eq(trust_index_builder_new(&builder, NULL), 0);
    ck_assert_int_eq(trust_store_load(store, builder, NULL), 0);
    ck_assert_int_eq(trust_index_build(builder, &index, NULL), 0);
    for (size_t i = 0; i < trust_index_count(index); i++) {
        const struct trust_entry *entry = trust_index_at(index, i);
        if (memcmp(entry->sha256, trust_cert_sha256(cert), TRUST_SHA256_SIZE) == 0)
            has = trust_roles_has(&entry->roles, TRUST_ROLE_SAST);
    }
    trust_index_free(index);
    trust_index_builder_free(builder);
    trust_store_close(store);
    return has;
}

/* Phones that have a newer list ask tvsd about the signer of the old one. */
START_TEST(restored_signer_is_answered_for)
{
    struct bench bench;
    bench_open(&bench, "");
    bench.forces = true;
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen TVS");
    struct trust_cert *old = lists_own(&bench, TRUST_UNIT_CALLMANAGER);
    ck_assert(has_role_0(&bench, old));
    bench_run(&bench, "utils itl restore 2 --yes");
    ck_assert(strstr(bench.out, "it will again") == NULL && strstr(bench.err, "imported") == NULL);
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_run(&bench, "set cert regen TVS --yes");
    ck_assert(!has_role_0(&bench, old));
    bench_run(&bench, "utils itl restore 2 --yes");
    bench_expect(&bench, TVSCTL_DONE, "answers for that signer no longer; it will again, with role 0",
                 "`set cert delete imported ");
    bench_expect(&bench, TVSCTL_DONE, NULL,
                 "that list does not hold the present TVS certificate of node cucm-1051-a-pub: phones");
    ck_assert(has_role_0(&bench, old));
    bench_run(&bench, "file verify ITLFile.tlv");
    bench_expect(&bench, TVSCTL_DONE, "Signer found in: ITL, store\n", "");
    trust_cert_free(old);
    bench_close(&bench);
}
END_TEST

/* tvsd believes his lists; what else he signs counts no more. */
START_TEST(who_signed_a_published_list_may_sign_lists)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_write(&bench, lists_tftp(&bench, "SEP1.cnf.xml"), helper_bytes("<device/>"));
    bench_run(&bench, "file sign SEP1.cnf.xml");
    const struct trust_bytes list = fixture_read(lists_tftp(&bench, "ITLFile.tlv"));
    bench_run(&bench, "file get tftp SEP1.cnf.xml.sgn %s", bench_path(&bench, "old.sgn"));
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_write(&bench, "old.tlv", list);
    bench_run(&bench, "file verify %s", bench_path(&bench, "old.tlv"));
    bench_expect(&bench, TVSCTL_DONE, "Signer found in: published lists\n", "");
    bench_run(&bench, "file verify %s", bench_path(&bench, "old.sgn"));
    bench_expect(&bench, TVSCTL_NO, NULL, "old.sgn: signer not in CTL or ITL, and not in the store");
    bench_write(&bench, lists_tftp(&bench, "ITLFile.tlv"), list);
    bench_run(&bench, "file verify ITLFile.tlv");
    bench_expect(&bench, TVSCTL_DONE, "Signer found in: ITL\n", "");
    bench_run(&bench, "file list tftp");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    fixture_free(list);
    bench_close(&bench);
}
END_TEST

START_TEST(restores_an_empty_itl)
{
    struct bench bench;
    open_with_history(&bench);
    bench.forces = true;
    bench_run(&bench, "utils itl rollback on --yes");
    bench_run(&bench, "utils itl rollback off --yes");
    bench_run(&bench, "utils itl restore 6 --yes");
    bench_expect(&bench, TVSCTL_DONE, "ITL file Restored", "");
    struct trust_list *list = lists_read(&bench, "ITL");
    lists_expect(list, "(SAST) (CCM+TFTP) (TVS) (CAPF)");
    trust_list_free(list);
    bench_close(&bench);
}
END_TEST

/* A list whose file is as the history says, and whose signature is not good. */
static void publish_unsigned(struct bench *bench)
{
    struct trust_store *store;
    struct trust_list *list = lists_read(bench, "CTL"), *bad;
    uint8_t *bytes = malloc(list->file.len);
    memcpy(bytes, list->file.data, list->file.len);
    bytes[list->header.signature.data - list->file.data] ^= 1;
    const struct trust_bytes file = {bytes, list->file.len};
    ck_assert_int_eq(trust_list_parse(file, &bad, NULL), 0);
    ck_assert_int_eq(trust_store_open(bench->store, TRUST_STORE_WRITE, &store, NULL), 0);
    ck_assert_int_eq(trust_store_add_publication(store, 6, bad, "CTLFile.tlv", 0, "x", "y", NULL), 0);
    trust_store_close(store);
    bench_write(bench, lists_published(bench, "000006-CTLFile.tlv"), file);
    trust_list_free(bad);
    trust_list_free(list);
    free(bytes);
}

START_TEST(restore_asks_and_refuses)
{
    struct bench bench;
    static const char *const numbers[] = {"0", "-1", "x", "3x", "+3", "99999999999999999999", "''"};
    open_with_history(&bench);
    char *before = lists_snapshot(&bench);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        bench_run(&bench, "utils ctl restore %s --yes", numbers[i]);
        bench_expect(&bench, TVSCTL_USAGE, "", "is no number of a list; `show published` lists them");
    }
    bench_run(&bench, "utils ctl restore");
    bench_expect(&bench, TVSCTL_USAGE, "", "Behind it fits: <N>");
    bench_run(&bench, "utils ctl restore 3");
    bench_expect(&bench, TVSCTL_REFUSED, "", "--yes");
    bench_run_answered(&bench, "n\n", "utils ctl restore 3");
    bench_expect(&bench, TVSCTL_REFUSED, "This operation will publish list 3 again", "nothing was changed");
    lists_expect_unchanged(&bench, before);
    refuse(&bench, "utils ctl restore 6",
           "there is no list 6; there are 1 to 5, and `show published` lists them");
    refuse(&bench, "utils ctl restore 4",
           "list 4 is no CTLFile.tlv but ITLFile.tlv; `utils itl restore 4` publishes it again");
    refuse(&bench, "utils itl restore 5",
           "list 5 is no ITLFile.tlv but CTLFile.tlv; `utils ctl restore 5` publishes it again");
    ck_assert_int_eq(unlink(lists_published(&bench, "000001-ITLFile.tlv")), 0);
    refuse(&bench, "utils itl restore 1", "000001-ITLFile.tlv: the file of list 1 is missing");
    lists_copy_file(lists_published(&bench, "000005-CTLFile.tlv"),
                    lists_published(&bench, "000003-CTLFile.tlv"));
    refuse(&bench, "utils ctl restore 3", "000003-CTLFile.tlv: it is not what was published as list 3");
    publish_unsigned(&bench);
    refuse(&bench, "utils ctl restore 6", "list 6 does not verify, so phones would refuse it");
    ck_assert_int_eq(rename(bench.tftp, bench_path(&bench, "elsewhere")), 0);
    refuse(&bench, "utils ctl restore 5", "trust_lists.directory");
    bench_close(&bench);
}
END_TEST

/* What phones cannot use is named with the list that they could. */
START_TEST(remedy_of_a_garbled_list)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_write(&bench, bench_in_tftp(&bench, "ITLFile.tlv"), helper_bytes("garbled"));
    bench_run(&bench, "show itl");
    bench_expect(
        &bench, TVSCTL_NO, NULL,
        "`utils itl update` makes a new one, `utils itl restore 1` publishes the last good one again");
    bench_run(&bench, "utils itl restore 1 --yes");
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_DONE, "verified successfully", "");
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("history");
    TCase *tests = tcase_create("history");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, published);
    tcase_add_test(tests, published_as_json);
    tcase_add_test(tests, nothing_published);
    tcase_add_test(tests, stranger_in_the_folder);
    tcase_add_test(tests, restores);
    tcase_add_test(tests, restores_an_old_signer);
    tcase_add_test(tests, restored_signer_is_answered_for);
    tcase_add_test(tests, who_signed_a_published_list_may_sign_lists);
    tcase_add_test(tests, restores_an_empty_itl);
    tcase_add_test(tests, restore_asks_and_refuses);
    tcase_add_test(tests, remedy_of_a_garbled_list);
    suite_add_tcase(all, tests);
    return all;
}
