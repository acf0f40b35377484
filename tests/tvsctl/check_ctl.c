/* utils ctl …: dialogues, what the list holds, what is published and in which order. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char restart[] =
    "Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster\n"
    "that run these services\n";

static void expect_mode(struct bench *bench, const char *mode)
{
    char text[64];
    bench_run(bench,
              "run sql \"select paramvalue from processconfig where paramname='ClusterSecurityMode'\"");
    snprintf(text, sizeof text, "==========\n%s\n", mode);
    bench_expect(bench, TVSCTL_DONE, text, "");
}

START_TEST(mixed_mode)
{
    struct bench bench;
    char row[512];
    static const char published[] = "CTLFile.tlv|utils ctl set-cluster mixed-mode|";
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen CAPF");
    umask(077);
    bench_run_answered(&bench, "y\n", "utils ctl set-cluster mixed-mode");
    bench_expect(&bench, TVSCTL_DONE, "Do you want to continue? (y/n):\nMoving Cluster to Mixed Mode\n", "");
    bench_expect(&bench, TVSCTL_DONE,
                 "This operation will set the cluster to Mixed mode. Do you want to continue? (y/n):", "");
    bench_expect(&bench, TVSCTL_DONE, "Moving Cluster to Mixed Mode\nCluster set to Mixed Mode\n", "");
    bench_expect(&bench, TVSCTL_DONE, restart, "");
    expect_mode(&bench, "1");
    struct trust_list *list = lists_read(&bench, "CTL");
    lists_expect(list, "SAST CCM+TFTP CAPF SAST");
    trust_list_free(list);
    ck_assert_int_eq(strncmp(lists_last_row(&bench, row, sizeof row), published, strlen(published)), 0);
    bench_run(&bench, "show ctl");
    bench_expect(&bench, TVSCTL_DONE, "The CTL file was verified successfully.", "");
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, "ITLRecovery.pem ITLRECOVERY_cucm-1051-a-pub ", "");
    bench_expect(&bench, TVSCTL_DONE, " SAST, CCM+TFTP CTL, ITL cucm-1051-a-pub Self-signed", "");
    bench_run(&bench, "show cert own CAPF --json");
    bench_expect(&bench, TVSCTL_DONE, "\"lists\": [\n\"CTL\",\n\"ITL\"\n]", "");
    bench_close(&bench);
}
END_TEST

/* With --yes the dialogue reads as the note prints it. */
START_TEST(dialogues_word_for_word)
{
    struct bench bench;
    char expected[512];
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    snprintf(expected, sizeof expected,
             "This operation will set the cluster to Mixed mode. Do you want to continue? (y/n):y\n\nMoving "
             "Cluster to Mixed "
             "Mode\nCluster set to Mixed Mode\n%s",
             restart);
    ck_assert_str_eq(bench.out, expected);
    bench_run(&bench, "utils ctl update CTLFile --yes");
    snprintf(expected, sizeof expected,
             "This operation will update the CTLFile. Do you want to continue? (y/n):y\n\nUpdating CTL "
             "file\nCTL file "
             "Updated\n%s",
             restart);
    ck_assert_str_eq(bench.out, expected);
    bench_close(&bench);
}
END_TEST

/* Who signs, whether there is a second anchor, and the records that follow, as short names of roles and what
 * their names begin with. */
static const struct {
    const char *extra;
    bool capf, other_node;
    const char *records[6];
    uint8_t digest;
} lists[] = {
    {"", true, true, {"SAST cucm", "CCM+TFTP cucm", "CAPF CAPF", "CCM+TFTP cucm", "SAST ITLR"}, 1},
    {"", false, false, {"SAST cucm", "CCM+TFTP cucm", "SAST ITLR"}, 1},
    {"  recovery_anchor: false\n", true, false, {"SAST cucm", "CCM+TFTP cucm", "CAPF CAPF"}, 1},
    {"  digest: sha512\n  recovery_anchor: false\n", false, false, {"SAST cucm", "CCM+TFTP cucm"}, 3},
    {"  signer: ITLRecovery\n",
     true,
     true,
     {"SAST ITLR", "SAST cucm", "CCM+TFTP cucm", "CAPF CAPF", "CCM+TFTP cucm"},
     1},
};

static void expect_record(const struct trust_list_record *record, const char *wanted, bool is_other)
{
    const char *role = trust_role_short_name(record->function), *name = strchr(wanted, ' ') + 1;
    ck_assert_msg(strncmp(wanted, role, strlen(role)) == 0 && wanted[strlen(role)] == ' ', "%s, not %s", role,
                  wanted);
    ck_assert_int_eq(strncmp((const char *)record->subject.data + 3, name, strlen(name)), 0);
    const char *node = is_other ? "cucm-1051-a-sub1" : "cucm-1051-a-pub";
    ck_assert_uint_eq(record->dns_name.len, strlen(node));
    ck_assert_mem_eq(record->dns_name.data, node, strlen(node));
    ck_assert(record->has_address == !is_other);
    ck_assert(is_other || memcmp(record->address, (const uint8_t[]){10, 48, 47, 155}, 4) == 0);
}

START_TEST(records_of_the_list)
{
    struct bench bench;
    size_t count = 0;
    bench_open(&bench, lists[_i].extra);
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen TVS");
    if (lists[_i].capf)
        bench_run(&bench, "set cert regen CAPF");
    if (lists[_i].other_node)
        lists_add_node(&bench, "cucm-1051-a-sub1", "");
    if (lists[_i].other_node)
        bench_run(&bench, "set cert import own CallManager %s --node cucm-1051-a-sub1",
                  fixture_path("certs/sub1.crt"));
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Mixed Mode", "");
    struct trust_list *list = lists_read(&bench, "CTL");
    while (count < 6 && lists[_i].records[count] != NULL)
        count++;
    ck_assert_uint_eq(list->record_count, count);
    for (size_t i = 0; i < count; i++)
        expect_record(&list->records[i], lists[_i].records[i],
                      lists[_i].other_node && i > 2 && strncmp(lists[_i].records[i], "CCM", 3) == 0);
    ck_assert_uint_eq(list->header.digest, lists[_i].digest);
    ck_assert_uint_eq(list->header.minor, 2);
    ck_assert(!trust_list_is_itl(list));
    trust_list_free(list);
    bench_close(&bench);
}
END_TEST

/* Regenerate, update: the history grows, the old certificate is retired while a published list holds it. */
START_TEST(update_follows_regeneration)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_expect(&bench, TVSCTL_DONE, "run `utils ctl update CTLFile`", NULL);
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, "(retired) cucm-1051-a-pub ", "");
    bench_expect(&bench, TVSCTL_DONE, " none CTL cucm-1051-a-pub replaced", "");
    bench_run(&bench, "show cert list own --json");
    bench_expect(&bench, TVSCTL_DONE, "\"retired\": true", "");
    char *before = lists_snapshot(&bench);
    bench_run_answered(&bench, "n\n", "utils ctl update CTLFile");
    bench_expect(&bench, TVSCTL_REFUSED, "This operation will update the CTLFile.", "nothing was changed");
    lists_expect_unchanged(&bench, before);
    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(&bench, TVSCTL_DONE, "CTL file Updated", "");
    trust_list_free(lists_read(&bench, "CTL"));
    bench_run(&bench, "show cert list own");
    ck_assert(!helper_holds(bench.out, "retired"));
    bench_run(&bench, "show ctl");
    bench_expect(&bench, TVSCTL_DONE, "The CTL file was verified successfully.", "");
    bench_close(&bench);
}
END_TEST

/* The next number is beyond all that there are, whatever else lies in the folder. */
START_TEST(history_goes_on)
{
    struct bench bench;
    const struct trust_bytes bytes = {(const uint8_t *)"x", 1};
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_write(&bench, lists_published(&bench, "000041-ITLFile.tlv"), bytes);
    bench_write(&bench, lists_published(&bench, "notes.txt"), bytes);
    bench_write(&bench, lists_published(&bench, "99x-CTLFile.tlv"), bytes);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    ck_assert(helper_exists(lists_published(&bench, "000042-CTLFile.tlv")));
    bench_close(&bench);
}
END_TEST

START_TEST(what_is_missing_is_said_before_the_question)
{
    struct bench bench;
    char path[512];
    bench_open(&bench, "");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "`set cert regen CallManager` makes one");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "the cluster is not in mixed mode");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "utils ctl set-cluster mixed-mode");
    bench_expect(&bench, TVSCTL_REFUSED, "", "--yes");
    /* The key is gone: nothing can be signed, nothing is published. */
    snprintf(path, sizeof path, "%s/keys", bench.state);
    ck_assert_int_eq(rename(path, bench_path(&bench, "keys-elsewhere")), 0);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "CallManager");
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(rename(bench_path(&bench, "keys-elsewhere"), path), 0);
    lists_expect_unchanged(&bench, before);
    expect_mode(&bench, "0");
    bench_close(&bench);
}
END_TEST

/* The TFTP folder is not there: neither mode nor history say that a list was given out. */
START_TEST(tftp_folder_that_is_missing)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    ck_assert_int_eq(rename(bench.tftp, bench_path(&bench, "tftp-elsewhere")), 0);
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "trust_lists.directory");
    lists_expect_unchanged(&bench, before);
    expect_mode(&bench, "0");
    bench_close(&bench);
}
END_TEST

/* In the place of the C library's: fails for the folder whose inode number this is. */
static ino_t unsyncable;
int fsync(int fd)
{
    struct stat info;
    if (unsyncable != 0 && fstat(fd, &info) == 0 && info.st_ino == unsyncable) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

/* Likewise: somebody makes a folder of that path in the last moment. */
static const char *folder_in_the_way;
int rename(const char *from, const char *to)
{
    if (folder_in_the_way != NULL && strcmp(to, folder_in_the_way) == 0) {
        ck_assert_int_eq(mkdir(to, 0755), 0);
        folder_in_the_way = NULL;
    }
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* A folder stands where a list should: nothing is changed, and the line says what to do. The second list is
 * the ITL that follows. */
START_TEST(folder_in_the_place_of_a_list)
{
    static const char *const names[] = {"CTLFile.tlv", "ITLFile.tlv"};
    struct bench bench;
    char want[700];
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    const char *path = lists_tftp(&bench, names[_i]);
    unlink(path);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    snprintf(want, sizeof want,
             "tvsctl: %s is a folder, and no file can take its place: take it away (`rmdir %s`); nothing was "
             "changed\n",
             path, path);
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, want);
    ck_assert(_i > 0 || bench.out[0] == '\0'); /* not even asked */
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes --force");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, want);
    bench_run(&bench, "utils rehearse utils ctl set-cluster mixed-mode");
    bench_expect(&bench, TVSCTL_REFUSED, "", want);
    bench_run(&bench, "show %s", _i == 0 ? "ctl" : "itl");
    bench_expect(&bench, TVSCTL_REFUSED, "", "is a folder, not a file; take it away: `rm -d ");
    bench_run(&bench, "file delete tftp %s --yes", names[_i]);
    bench_expect(&bench, TVSCTL_REFUSED, "", "is a folder, not a file; nothing was deleted. `rmdir ");
    lists_expect_unchanged(&bench, before);
    expect_mode(&bench, "0");
    ck_assert_int_eq(rmdir(lists_tftp(&bench, names[_i])), 0);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Mixed Mode", NULL);
    bench_close(&bench);
}
END_TEST

/* One that comes after it was looked at: what was decided is finished as soon as that can be. Until then who
 * changes something, and who rehearses, is told what is in the way, and of no other phrase. */
START_TEST(folder_that_comes_late)
{
    static const char *const phrases[] = {
        "utils ctl update CTLFile --yes",
        "utils ctl update CTLFile --yes --force",
        "utils rehearse utils ctl update CTLFile",
    };
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    const char *path = lists_tftp(&bench, "CTLFile.tlv");
    folder_in_the_way = path;
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "the change is made, but not everything is in place yet");
    bench_expect(&bench, TVSCTL_REFUSED, NULL,
                 "Is a directory (a folder stands there: take it away); when that");
    ck_assert(!helper_holds(bench.out, "Cluster set to Mixed Mode"));
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        bench_run(&bench, "%s", phrases[i]);
        bench_expect(&bench, TVSCTL_REFUSED, "",
                     "tvsctl: a phrase was interrupted, and its change cannot be");
        bench_expect(&bench, TVSCTL_REFUSED, "", "Is a directory (a folder stands there: take it away)\n");
        ck_assert(!helper_holds(bench.err, "another phrase"));
        ck_assert(!helper_holds(bench.err, "--force"));
        ck_assert_int_eq(helper_count(bench.err, "\n"), 1);
    }
    bench_run(&bench, "utils itl diagnose %s", lists_tftp(&bench, "ITLFile.tlv"));
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "what an interrupted phrase changed is not in place yet");
    ck_assert_int_eq(rmdir(lists_tftp(&bench, "CTLFile.tlv")), 0);
    expect_mode(&bench, "1");
    trust_list_free(lists_read(&bench, "CTL"));
    bench_close(&bench);
}
END_TEST

/* An error after the list was put there: phones can fetch it, so the history has to have it. */
START_TEST(list_that_is_out_stays_in_the_history)
{
    struct bench bench;
    struct stat info;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    ck_assert_int_eq(stat(bench.tftp, &info), 0);
    unsyncable = info.st_ino;
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    unsyncable = 0;
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "the change is made, but not everything is in place yet");
    trust_list_free(lists_read(&bench, "CTL"));
    expect_mode(&bench, "1");
    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    bench_close(&bench);
}
END_TEST

/* ---- Back to non-secure mode */

static void expect_same_record(const struct trust_list *a, const struct trust_list *b, size_t i)
{
    ck_assert_uint_eq(a->records[i].length, b->records[i].length);
    ck_assert_mem_eq(a->file.data + a->records[i].offset, b->file.data + b->records[i].offset,
                     a->records[i].length);
}

/* The CTL stays: its CCM+TFTP records become hollow, security tokens and CAPF stay what they were. */
START_TEST(non_secure_mode)
{
    struct bench bench;
    char row[512];
    static const char published[] = "CTLFile.tlv|utils ctl set-cluster non-secure-mode|";
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen CAPF");
    lists_add_node(&bench, "cucm-1051-a-sub1", "10.48.47.156");
    bench_run(&bench, "set cert import own CallManager %s --node cucm-1051-a-sub1",
              fixture_path("certs/sub1.crt"));
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    struct trust_list *mixed = lists_read(&bench, "CTL");
    lists_expect(mixed, "SAST CCM+TFTP CAPF CCM+TFTP SAST");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "utils ctl set-cluster non-secure-mode");
    bench_expect(&bench, TVSCTL_REFUSED, "", "--yes");
    bench_run_answered(&bench, "n\n", "utils ctl set-cluster non-secure-mode");
    bench_expect(&bench, TVSCTL_REFUSED, "This operation will set the cluster to non secure mode.",
                 "nothing was changed");
    lists_expect_unchanged(&bench, before);
    bench_run_answered(&bench, "yes\n", "utils ctl set-cluster non-secure-mode");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "the answer was not y");
    bench_run_answered(&bench, "y\n", "ut ctl set non");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Non Secure Mode", "");
    expect_mode(&bench, "0");
    struct trust_list *hollow = lists_read(&bench, "CTL");
    lists_expect(hollow, "SAST (CCM+TFTP) CAPF (CCM+TFTP) SAST");
    expect_same_record(mixed, hollow, 0);
    expect_same_record(mixed, hollow, 2);
    expect_same_record(mixed, hollow, 4);
    ck_assert_mem_eq(hollow->records[3].address, ((const uint8_t[]){10, 48, 47, 156}), 4);
    ck_assert_int_eq(strncmp(lists_last_row(&bench, row, sizeof row), published, strlen(published)), 0);
    /* A leftover can be built again, in either mode; which phrase does it, is said. */
    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(
        &bench, TVSCTL_REFUSED, "",
        "`utils ctl set-cluster non-secure-mode` publishes the CTL file that it left behind once more");
    bench_run(&bench, "utils ctl set-cluster non-secure-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Non Secure Mode", "");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    trust_list_free(hollow);
    hollow = lists_read(&bench, "CTL");
    lists_expect(hollow, "SAST CCM+TFTP CAPF CCM+TFTP SAST");
    trust_list_free(hollow);
    trust_list_free(mixed);
    bench_close(&bench);
}
END_TEST

START_TEST(non_secure_mode_that_is_refused)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "utils ctl set-cluster non-secure-mode --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "the cluster is not in mixed mode, and there is no CTL file in");
    bench_run(&bench, "utils ctl set-cluster secure-mode --yes");
    bench_expect(&bench, TVSCTL_USAGE, "", "What fits: mixed-mode, non-secure-mode");
    lists_expect_unchanged(&bench, before);
    /* In mixed mode a CTL file that is gone is made again. */
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    ck_assert_int_eq(unlink(lists_tftp(&bench, "CTLFile.tlv")), 0);
    bench_run(&bench, "utils ctl set-cluster non-secure-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Non Secure Mode", "");
    trust_list_free(lists_read(&bench, "CTL"));
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("ctl");
    TCase *tests = tcase_create("ctl");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, mixed_mode);
    tcase_add_test(tests, dialogues_word_for_word);
    tcase_add_loop_test(tests, records_of_the_list, 0, sizeof lists / sizeof lists[0]);
    tcase_add_test(tests, update_follows_regeneration);
    tcase_add_test(tests, history_goes_on);
    tcase_add_test(tests, what_is_missing_is_said_before_the_question);
    tcase_add_test(tests, tftp_folder_that_is_missing);
    tcase_add_loop_test(tests, folder_in_the_place_of_a_list, 0, 2);
    tcase_add_test(tests, folder_that_comes_late);
    tcase_add_test(tests, list_that_is_out_stays_in_the_history);
    tcase_add_test(tests, non_secure_mode);
    tcase_add_test(tests, non_secure_mode_that_is_refused);
    suite_add_tcase(all, tests);
    return all;
}
