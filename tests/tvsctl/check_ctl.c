/* utils ctl …: dialogues, what the list holds, what is published and in which order. */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char restart[] =
    "Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster\n"
    "that run these services\n";

static char *published_path(const struct bench *bench, const char *name)
{
    static char path[2][512];
    static unsigned next;
    char *out = path[next++ % 2];
    snprintf(out, sizeof path[0], "%s/published/%s", bench->state, name);
    return out;
}

static char *ctl_path(const struct bench *bench)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/CTLFile.tlv", bench->tftp);
    return path;
}

static void expect_mode(struct bench *bench, const char *mode)
{
    char text[64];
    bench_run(bench,
              "run sql \"select paramvalue from processconfig where paramname='ClusterSecurityMode'\"");
    snprintf(text, sizeof text, "==========\n%s\n", mode);
    bench_expect(bench, TVSCTL_DONE, text, "");
}

static void expect_same_file(const char *a, const char *b)
{
    struct trust_bytes x = fixture_read(a), y = fixture_read(b);
    ck_assert_uint_eq(x.len, y.len);
    ck_assert_mem_eq(x.data, y.data, x.len);
    fixture_free(x);
    fixture_free(y);
}

static struct trust_list *read_ctl(const struct bench *bench)
{
    struct trust_list *list;
    struct trust_error err = {0};
    struct trust_bytes file = fixture_read(ctl_path(bench));
    ck_assert_msg(trust_list_parse(file, &list, &err) == 0, "%s", err.text);
    ck_assert_msg(trust_list_verify_self(list, NULL, &err) == 0, "%s", err.text);
    fixture_free(file);
    return list;
}

START_TEST(mixed_mode)
{
    struct bench bench;
    struct stat info;
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
    expect_same_file(ctl_path(&bench), published_path(&bench, "000001-CTLFile.tlv"));
    ck_assert_int_eq(stat(ctl_path(&bench), &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0644);
    bench_run(&bench, "show ctl");
    bench_expect(&bench, TVSCTL_DONE, "The CTL file was verified successfully.", "");
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, "ITLRecovery.pem ITLRECOVERY_cucm-1051-a-pub ", "");
    bench_expect(&bench, TVSCTL_DONE, " SAST, CCM+TFTP CTL cucm-1051-a-pub Self-signed", "");
    bench_run(&bench, "show cert own CAPF --json");
    bench_expect(&bench, TVSCTL_DONE, "\"lists\": [\n\"CTL\"\n]", "");
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
    {"", true, true, {"SAST cucm", "CCM+TFTP cucm", "CAPF CAPF", "SAST ITLR", "CCM+TFTP cucm"}, 1},
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
        bench_run(&bench, "set cert import own CallManager %s --node cucm-1051-a-sub1",
                  fixture_path("certs/sub1.crt"));
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Mixed Mode", "");
    struct trust_list *list = read_ctl(&bench);
    while (count < 6 && lists[_i].records[count] != NULL)
        count++;
    ck_assert_uint_eq(list->record_count, count);
    for (size_t i = 0; i < count; i++)
        expect_record(&list->records[i], lists[_i].records[i], lists[_i].other_node && i + 1 == count);
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
    bench_run_answered(&bench, "n\n", "utils ctl update CTLFile");
    bench_expect(&bench, TVSCTL_REFUSED, "This operation will update the CTLFile.", "nothing was changed");
    ck_assert(!helper_exists(published_path(&bench, "000002-CTLFile.tlv")));
    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(&bench, TVSCTL_DONE, "CTL file Updated", "");
    expect_same_file(ctl_path(&bench), published_path(&bench, "000002-CTLFile.tlv"));
    ck_assert(helper_exists(published_path(&bench, "000001-CTLFile.tlv")));
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
    bench_write(&bench, published_path(&bench, "000041-ITLFile.tlv"), bytes);
    bench_write(&bench, published_path(&bench, "notes.txt"), bytes);
    bench_write(&bench, published_path(&bench, "99x-CTLFile.tlv"), bytes);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    ck_assert(helper_exists(published_path(&bench, "000042-CTLFile.tlv")));
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
    bench_run(&bench, "utils ctl set-cluster mixed-mode");
    bench_expect(&bench, TVSCTL_REFUSED, "", "--yes");
    expect_mode(&bench, "0");
    ck_assert(!helper_exists(ctl_path(&bench)));
    /* The key is gone: nothing can be signed, nothing is published. */
    snprintf(path, sizeof path, "%s/keys", bench.state);
    ck_assert_int_eq(rename(path, bench_path(&bench, "keys-elsewhere")), 0);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "CallManager");
    expect_mode(&bench, "0");
    ck_assert(!helper_exists(ctl_path(&bench)));
    ck_assert(!helper_exists(published_path(&bench, "000001-CTLFile.tlv")));
    bench_close(&bench);
}
END_TEST

/* The TFTP folder refuses: neither mode nor history say that a list was given out. */
START_TEST(tftp_folder_that_refuses)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    ck_assert_int_eq(rmdir(bench.tftp), 0);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "trust_lists.directory");
    ck_assert(!helper_holds(bench.out, "Cluster set to Mixed Mode"));
    ck_assert(!helper_exists(published_path(&bench, "000001-CTLFile.tlv")));
    expect_mode(&bench, "0");
    /* A folder stands where the list should: the rename fails, after everything else went well. */
    ck_assert_int_eq(mkdir(bench.tftp, 0755), 0);
    ck_assert_int_eq(mkdir(ctl_path(&bench), 0755), 0);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "CTLFile.tlv");
    ck_assert(!helper_exists(published_path(&bench, "000001-CTLFile.tlv")));
    expect_mode(&bench, "0");
    ck_assert_int_eq(rmdir(ctl_path(&bench)), 0);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    expect_mode(&bench, "1");
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
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "CTLFile.tlv is in the TFTP folder");
    expect_same_file(ctl_path(&bench), published_path(&bench, "000001-CTLFile.tlv"));
    expect_mode(&bench, "0");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    expect_mode(&bench, "1");
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
    tcase_add_test(tests, tftp_folder_that_refuses);
    tcase_add_test(tests, list_that_is_out_stays_in_the_history);
    suite_add_tcase(all, tests);
    return all;
}
