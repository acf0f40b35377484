/* utils ctl|itl reset: the present content of a list under another anchor's signature. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void open_with_lists(struct bench *bench, const char *extra)
{
    bench_open(bench, extra);
    bench_run(bench, "set cert regen CallManager");
    bench_run(bench, "set cert regen TVS");
    bench_run(bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(bench, TVSCTL_DONE, "Cluster set to Mixed Mode", NULL);
}

/* The records of two lists from the first-th on are the same, byte for byte. */
static void expect_same_content(const struct trust_list *a, const struct trust_list *b, size_t first)
{
    const size_t at_a = a->records[0].offset, at_b = b->records[first].offset;
    ck_assert_uint_eq(a->file.len - at_a, b->file.len - at_b);
    ck_assert_mem_eq(a->file.data + at_a, b->file.data + at_b, a->file.len - at_a);
}

static void refuse(struct bench *bench, const char *phrase, const char *why)
{
    char *before = lists_snapshot(bench);
    bench_run(bench, "%s --yes", phrase);
    bench_expect(bench, TVSCTL_REFUSED, "", why);
    lists_expect_unchanged(bench, before);
}

/* Which list, who signs by the configuration, and who then. */
static const struct {
    const char *extra, *phrase, *kind, *update;
    enum trust_unit usual, other;
} local[] = {
    {"", "utils itl reset localkey", "ITL", "utils itl update", TRUST_UNIT_CALLMANAGER,
     TRUST_UNIT_ITLRECOVERY},
    {"", "utils ctl reset localkey", "CTL", "utils ctl update CTLFile", TRUST_UNIT_CALLMANAGER,
     TRUST_UNIT_ITLRECOVERY},
    {"  signer: ITLRecovery\n", "utils itl reset localkey", "ITL", "utils itl update", TRUST_UNIT_ITLRECOVERY,
     TRUST_UNIT_CALLMANAGER},
    {"  signer: ITLRecovery\n  digest: sha512\n", "utils ctl reset localkey", "CTL",
     "utils ctl update CTLFile", TRUST_UNIT_ITLRECOVERY, TRUST_UNIT_CALLMANAGER},
};

START_TEST(localkey)
{
    struct bench bench;
    char row[512], show[16], wanted[128];
    open_with_lists(&bench, local[_i].extra);
    struct trust_list *before = lists_read(&bench, local[_i].kind);
    ck_assert(lists_signed_by(&bench, before, local[_i].usual));
    int count = lists_count(&bench);
    bench_run_answered(&bench, "y\n", "%s", local[_i].phrase);
    bench_expect(&bench, TVSCTL_DONE, "its present content is signed with the key of", "");
    struct trust_list *after = lists_read(&bench, local[_i].kind);
    ck_assert(lists_signed_by(&bench, after, local[_i].other));
    ck_assert_uint_eq(after->header.digest, before->header.digest);
    expect_same_content(before, after, 0);
    ck_assert_int_eq(lists_count(&bench), count + 1);
    snprintf(wanted, sizeof wanted, "%sFile.tlv|%s|", local[_i].kind, local[_i].phrase);
    ck_assert_int_eq(strncmp(lists_last_row(&bench, row, sizeof row), wanted, strlen(wanted)), 0);
    snprintf(show, sizeof show, "show %s", local[_i].kind);
    bench_run(&bench, "%s", show);
    bench_expect(&bench, TVSCTL_DONE, "file was verified successfully.", "");
    /* It stays until there is a reason for another. */
    bench_run(&bench, "set cert regen tomcat");
    ck_assert_int_eq(lists_count(&bench), count + 1);
    bench_run(&bench, "%s --yes", local[_i].phrase);
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    bench_run(&bench, "%s --yes", local[_i].update);
    trust_list_free(after);
    after = lists_read(&bench, local[_i].kind);
    ck_assert(lists_signed_by(&bench, after, local[_i].usual));
    trust_list_free(after);
    trust_list_free(before);
    bench_close(&bench);
}
END_TEST

START_TEST(what_comes_next_is_said)
{
    struct bench bench;
    open_with_lists(&bench, "");
    bench_run(&bench, "utils itl reset localkey --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL,
                 "tvsctl: note: ITLFile.tlv: list 4 published\n"
                 "tvsctl: note: the next ITLFile.tlv is signed by CallManager again\n"
                 "tvsctl: note: tvsd takes it by itself; phones fetch it when they are reset\n");
    ck_assert_int_eq(helper_count(bench.err, "no list before"), 0);
    /* An anchor that came with the last list alone. */
    bench_run(&bench, "set cert regen ITLRecovery --yes");
    bench_expect(&bench, TVSCTL_DONE, "ITLFile.tlv: list 5 published\n", NULL);
    bench_run(&bench, "utils itl reset localkey --yes");
    bench_expect(
        &bench, TVSCTL_DONE, NULL,
        "warning: no list before number 5 holds our ITLRecovery certificate: phones that have not taken");
    bench_close(&bench);
}
END_TEST

/* What is no file is no list, whatever it is: it does not keep the next one from its place. */
START_TEST(link_to_itself)
{
    struct bench bench;
    open_with_lists(&bench, "");
    const char *list = bench_in_tftp(&bench, "ITLFile.tlv");
    ck_assert_int_eq(unlink(list), 0);
    ck_assert_int_eq(symlink("ITLFile.tlv", list), 0);
    bench_run(&bench, "utils itl reset localkey --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no trust list to sign anew");
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_REFUSED, "", "Too many levels of symbolic links; take it away: `rm -d ");
    bench_run(&bench, "utils itl update --yes");
    bench_expect(&bench, TVSCTL_DONE, "ITL file Updated", NULL);
    bench_close(&bench);
}
END_TEST

START_TEST(backup_is_no_key)
{
    struct bench bench;
    open_with_lists(&bench, "");
    bench_run(&bench, "utils itl reset remotekey %s --yes",
              bench_write(&bench, "b1.tvs", helper_bytes("TVSSEAL1 and what is sealed")));
    bench_expect(&bench, TVSCTL_REFUSED, "",
                 "b1.tvs: it is a sealed backup of tvsctl; `utils restore` reads it");
    bench_close(&bench);
}
END_TEST

START_TEST(ctl_dialogue)
{
    struct bench bench;
    open_with_lists(&bench, "");
    bench_run(&bench, "utils ctl reset localkey --yes");
    ck_assert_str_eq(bench.out,
                     "This operation will reset the CTLFile: its present content is signed with the key of "
                     "ITLRecovery. Do you want to continue? (y/n):y\n\nResetting CTL file\nCTL file Reset\n"
                     "Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster\n"
                     "that run these services\n");
    bench_close(&bench);
}
END_TEST

/* What the phrase is for: a new CallManager that phones do not know, or a key that is lost. */
START_TEST(callmanager_key_that_is_lost)
{
    struct bench bench;
    char keys[512];
    const struct dirent *entry;
    open_with_lists(&bench, "");
    snprintf(keys, sizeof keys, "%s/keys", bench.state);
    DIR *dir = opendir(keys);
    while ((entry = readdir(dir)) != NULL)
        if (strncmp(entry->d_name, "CallManager-", 12) == 0)
            ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
    closedir(dir);
    bench_run(&bench, "utils itl reset localkey --yes");
    bench_expect(&bench, TVSCTL_DONE, "Successfully transferred reset ITL to node cucm-1051-a-pub",
                 "tvsctl: warning: nothing can sign configuration files: ");
    struct trust_list *list = lists_read(&bench, "ITL");
    ck_assert(lists_signed_by(&bench, list, TRUST_UNIT_ITLRECOVERY));
    trust_list_free(list);
    bench_close(&bench);
}
END_TEST

START_TEST(anchor_that_no_phone_knows)
{
    struct bench bench;
    open_with_lists(&bench, "  recovery_anchor: false\n");
    refuse(&bench, "utils itl reset localkey", "node cucm-1051-a-pub has no such certificate");
    refuse(&bench, "utils ctl reset localkey",
           "`set cert regen ITLRecovery`, then `utils ctl update CTLFile`");
    /* There is one, and still no list holds it. */
    bench_run(&bench, "set cert regen ITLRecovery");
    refuse(&bench, "utils itl reset localkey",
           "ITLFile.tlv holds no System Administrator Security Token record of our ITLRecovery certificate");
    bench_close(&bench);
}
END_TEST

/* What is in the TFTP folder is signed only if it is ours. */
START_TEST(list_that_is_not_ours)
{
    struct bench bench;
    char itl[512];
    open_with_lists(&bench, "");
    snprintf(itl, sizeof itl, "%s", lists_tftp(&bench, "ITLFile.tlv"));
    /* An older one of ours. */
    lists_copy_file(lists_published(&bench, "000001-ITLFile.tlv"), itl);
    refuse(&bench, "utils itl reset localkey",
           "it is not the list that was published last (number 2), so its content is not signed anew; `utils "
           "itl restore 2` puts that one there");
    /* Somebody else's. */
    lists_copy_file("good/peer-itl-ec.tlv", itl);
    refuse(&bench, "utils itl reset localkey", "it is not the list that was published last");
    refuse(&bench, "utils itl reset remotekey /nonexistent.p12", "/nonexistent.p12");
    /* None, and none that is one. */
    bench_write(&bench, itl, (struct trust_bytes){(const uint8_t *)"x", 1});
    refuse(&bench, "utils itl reset localkey", "there is no trust list to sign anew");
    ck_assert_int_eq(unlink(itl), 0);
    refuse(&bench, "utils itl reset localkey", "there is no trust list to sign anew");
    bench_run(&bench, "utils itl rollback on --yes --force");
    refuse(&bench, "utils itl reset localkey", "ITLFile.tlv is empty");
    bench_close(&bench);
}
END_TEST

/* A list that came with its keys from elsewhere and was never published here: our anchor's signature tells.
 */
START_TEST(list_that_was_never_published_here)
{
    struct bench bench;
    sqlite3 *db;
    open_with_lists(&bench, "");
    ck_assert_int_eq(sqlite3_open(bench.store, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "DELETE FROM publication", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    lists_copy_file(lists_tftp(&bench, "ITLFile.tlv"), bench_path(&bench, "kept.tlv"));
    lists_copy_file("good/peer-itl-ec.tlv", lists_tftp(&bench, "ITLFile.tlv"));
    refuse(&bench, "utils itl reset localkey", "neither CallManager nor ITLRecovery of node cucm-1051-a-pub");
    lists_copy_file(bench_path(&bench, "kept.tlv"), lists_tftp(&bench, "ITLFile.tlv"));
    bench_run(&bench, "utils itl reset localkey --yes");
    bench_expect(&bench, TVSCTL_DONE, "Successfully transferred", "");
    trust_list_free(lists_read(&bench, "ITL"));
    bench_close(&bench);
}
END_TEST

START_TEST(localkey_asks_and_refuses)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen tomcat");
    refuse(&bench, "utils itl reset localkey", "there is no trust list to sign anew");
    refuse(&bench, "utils ctl reset localkey", "there is no trust list to sign anew");
    bench_run(&bench, "set cert regen CallManager");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "utils itl reset localkey");
    bench_expect(&bench, TVSCTL_REFUSED, "", "--yes");
    bench_run_answered(&bench, "n\n", "utils itl reset localkey");
    bench_expect(&bench, TVSCTL_REFUSED, "This operation will reset the ITLFile", "nothing was changed");
    bench_run(&bench, "utils itl reset");
    bench_expect(&bench, TVSCTL_USAGE, "", "Behind it fits: ");
    bench_run(&bench, "utils ctl reset remotekey x.p12");
    bench_expect(&bench, TVSCTL_USAGE, "", "What fits: localkey");
    bench_run(&bench, "utils itl reset localkey now");
    bench_expect(&bench, TVSCTL_USAGE, "", "one word too many");
    bench_run(&bench, "utils itl re localkey");
    bench_expect(&bench, TVSCTL_USAGE, "", "reset, restore");
    lists_expect_unchanged(&bench, before);
    bench_close(&bench);
}
END_TEST

/* ---- remotekey */

static const struct lists_cert remote = {
    .subject = "CN=ITLRECOVERY_other-pub", .serial = "0BADCAFE", .bits = 2048, .password = "secret"};

static void write_password(struct bench *bench, const char *name, const char *password)
{
    bench_write(bench, name, (struct trust_bytes){(const uint8_t *)password, strlen(password)});
}

static int count_keys(const struct bench *bench)
{
    char path[512];
    int count = 0;
    snprintf(path, sizeof path, "%s/keys", bench->state);
    DIR *dir = opendir(path);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static const char *folder_path(const struct bench *bench, const char *name)
{
    static char paths[2][512];
    static unsigned next;
    char *path = paths[next++ % 2];
    snprintf(path, sizeof paths[0], "%s", bench_path(bench, name));
    return path;
}

START_TEST(remotekey)
{
    struct bench bench;
    char row[512];
    open_with_lists(&bench, "");
    bench.forces = true;
    struct trust_list *before = lists_read(&bench, "ITL");
    int keys = count_keys(&bench), count = lists_count(&bench);
    lists_write_cert(&bench, "remote.p12", &remote);
    write_password(&bench, "password", "secret\n");
    bench_run_answered(&bench, "y\n", "utils itl reset remotekey %s --password-file %s",
                       folder_path(&bench, "remote.p12"), folder_path(&bench, "password"));
    bench_expect(&bench, TVSCTL_DONE,
                 "This operation will reset the ITLFile: its present content is signed with the key of "
                 "ITLRECOVERY_other-pub (serial number 0BADCAFE) from ",
                 "");
    bench_expect(&bench, TVSCTL_DONE, "Successfully transferred reset ITL to node cucm-1051-a-pub\n", "");
    struct trust_list *after = lists_read(&bench, "ITL");
    lists_expect(after, "SAST SAST CCM+TFTP TVS# SAST");
    expect_same_content(before, after, 1);
    ck_assert_uint_eq(after->header.serial.len, 4);
    ck_assert_mem_eq(after->header.serial.data, "\x0b\xad\xca\xfe", 4);
    ck_assert_int_eq(count_keys(&bench), keys);
    ck_assert_int_eq(lists_count(&bench), count + 1);
    lists_last_row(&bench, row, sizeof row);
    ck_assert_int_eq(strncmp(row, "ITLFile.tlv|utils itl reset remotekey /", 39), 0);
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_DONE, "The ITL file was verified successfully.", "");
    /* Once more: the record is there already. */
    bench_run(&bench, "utils itl reset remotekey %s --password-file %s --yes",
              folder_path(&bench, "remote.p12"), folder_path(&bench, "password"));
    struct trust_list *again = lists_read(&bench, "ITL");
    expect_same_content(after, again, 0);
    /* Back to our own anchor, which phones with that list know; then to what the store says. */
    bench_run(&bench, "utils itl reset localkey --yes");
    trust_list_free(again);
    again = lists_read(&bench, "ITL");
    expect_same_content(after, again, 0);
    ck_assert(lists_signed_by(&bench, again, TRUST_UNIT_ITLRECOVERY));
    bench_run(&bench, "set cert regen CAPF");
    trust_list_free(again);
    again = lists_read(&bench, "ITL");
    lists_expect(again, "SAST CCM+TFTP TVS# CAPF# SAST");
    trust_list_free(again);
    trust_list_free(after);
    trust_list_free(before);
    bench_close(&bench);
}
END_TEST

/* Our own ITLRecovery out of a backup stands in the list: no record is added. PEM does as well. */
START_TEST(remotekey_of_a_record)
{
    struct bench bench;
    bench_open(&bench, "");
    const struct lists_cert own = {.subject = "CN=ITLRECOVERY_cucm-1051-a-pub", .serial = "42", .bits = 1024};
    bench_run(&bench, "set cert import own ITLRecovery %s", lists_write_cert(&bench, "own.pem", &own));
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils itl reset remotekey %s --yes", bench_path(&bench, "own.pem"));
    bench_expect(&bench, TVSCTL_DONE, "Successfully transferred", "");
    struct trust_list *list = lists_read(&bench, "ITL");
    lists_expect(list, "SAST CCM+TFTP SAST");
    ck_assert(lists_signed_by(&bench, list, TRUST_UNIT_ITLRECOVERY));
    trust_list_free(list);
    bench_close(&bench);
}
END_TEST

/* Keys that phones' lists do not know, or files that hold no signer. */
static const struct {
    struct lists_cert cert;
    const char *password, *why;
} bad_keys[] = {
    {{.subject = "CN=r", .serial = "1", .bits = 2048, .password = "secret"}, NULL, "--password-file FILE"},
    {{.subject = "CN=r", .serial = "1", .bits = 2048, .password = "secret"}, "wrong", "password"},
    {{.subject = "CN=r", .serial = "1", .bits = 0}, NULL, "RSA"},
    {{.subject = "CN=r", .serial = "1", .bits = 3072}, NULL, "3072"},
};

START_TEST(remotekey_that_cannot_sign)
{
    struct bench bench;
    char phrase[1200];
    open_with_lists(&bench, "");
    snprintf(phrase, sizeof phrase, "utils itl reset remotekey %s",
             lists_write_cert(&bench, "key.p12", &bad_keys[_i].cert));
    if (bad_keys[_i].password != NULL) {
        write_password(&bench, "password", bad_keys[_i].password);
        snprintf(phrase + strlen(phrase), sizeof phrase - strlen(phrase), " --password-file %s",
                 bench_path(&bench, "password"));
    }
    refuse(&bench, phrase, bad_keys[_i].why);
    refuse(&bench, phrase, "key.p12");
    bench_close(&bench);
}
END_TEST

START_TEST(remotekey_files_that_are_refused)
{
    struct bench bench;
    char phrase[1200];
    static const char *const files[][2] = {
        {"certs/pub.crt", "there is no private key in it; export ITLRecovery with its key"},
        {"bundles/key-rsa1024.pem", "there is no certificate of its private key in it"},
        {"bundles/damaged.pem", "damaged.pem"},
        {"bundles/no-such.p12", "no-such.p12"},
    };
    open_with_lists(&bench, "");
    bench.forces = true;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(phrase, sizeof phrase, "utils itl reset remotekey %s", fixture_path(files[i][0]));
        refuse(&bench, phrase, files[i][1]);
    }
    lists_write_cert(&bench, "remote.pem",
                     &(struct lists_cert){.subject = "CN=r", .serial = "1", .bits = 1024});
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "utils itl reset remotekey %s", bench_path(&bench, "remote.pem"));
    bench_expect(&bench, TVSCTL_REFUSED, "", "--yes");
    bench_run_answered(&bench, "no\n", "utils itl reset remotekey %s", bench_path(&bench, "remote.pem"));
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "nothing was changed");
    bench_run(&bench, "utils itl reset remotekey");
    bench_expect(&bench, TVSCTL_USAGE, "", "<FILE>");
    lists_expect_unchanged(&bench, before);
    bench_run(&bench, "utils itl rollback on --yes");
    snprintf(phrase, sizeof phrase, "utils itl reset remotekey %s", bench_path(&bench, "remote.pem"));
    refuse(&bench, phrase, "ITLFile.tlv is empty");
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("reset");
    TCase *tests = tcase_create("reset");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, localkey, 0, sizeof local / sizeof local[0]);
    tcase_add_test(tests, what_comes_next_is_said);
    tcase_add_test(tests, link_to_itself);
    tcase_add_test(tests, backup_is_no_key);
    tcase_add_test(tests, ctl_dialogue);
    tcase_add_test(tests, callmanager_key_that_is_lost);
    tcase_add_test(tests, anchor_that_no_phone_knows);
    tcase_add_test(tests, list_that_is_not_ours);
    tcase_add_test(tests, list_that_was_never_published_here);
    tcase_add_test(tests, localkey_asks_and_refuses);
    tcase_add_test(tests, remotekey);
    tcase_add_test(tests, remotekey_of_a_record);
    tcase_add_loop_test(tests, remotekey_that_cannot_sign, 0, sizeof bad_keys / sizeof bad_keys[0]);
    tcase_add_test(tests, remotekey_files_that_are_refused);
    suite_add_tcase(all, tests);
    return all;
}
