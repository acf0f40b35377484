/* utils restore: what comes back, what stays, and who is told what. */
#include "helper_backup.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void change_much(struct bench *bench)
{
    bench_run(bench, "set cert regen CallManager --yes");
    bench_run(bench, "set cert regen TVS --yes");
    bench_run(bench, "utils ctl update CTLFile --yes");
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
}

static bool own_verifies(const struct bench *bench, const char *name)
{
    struct trust_list *file;
    struct trust_cert *cert = lists_own(bench, TRUST_UNIT_CALLMANAGER);
    struct trust_bytes bytes = fixture_read(lists_tftp(bench, name));
    ck_assert_int_eq(trust_signed_file_parse(bytes, &file, NULL), 0);
    bool verifies = trust_list_verify(file, cert, NULL) == 0;
    trust_list_free(file);
    trust_cert_free(cert);
    fixture_free(bytes);
    return verifies;
}

static void copy_aside(struct bench *bench, const char *name)
{
    char to[512];
    snprintf(to, sizeof to, "%s", bench_path(bench, name));
    lists_copy_file(lists_tftp(bench, name), to);
}

static void expect_as_aside(struct bench *bench, const char *name)
{
    lists_expect_same_file(bench_path(bench, name), lists_tftp(bench, name));
    ck_assert_uint_eq(backup_mode(lists_tftp(bench, name)), 0644);
}

static int rows_of(const struct bench *bench, const char *condition)
{
    struct bench copy = *bench;
    copy.out = copy.err = NULL;
    bench_run(&copy, "run sql \"select 'row' || ':' from %s\"", condition);
    int count = helper_count(copy.out, "row:");
    free(copy.out);
    free(copy.err);
    return count;
}

/* Everything comes back; what was published since is kept, and its keys. */
START_TEST(restores)
{
    struct bench bench;
    backup_open(&bench, "");
    bench.forces = true;
    copy_aside(&bench, "CTLFile.tlv");
    copy_aside(&bench, "ITLFile.tlv");
    bench_run(&bench, "show cert list own");
    char *own = strdup(bench.out);
    backup_make(&bench);
    bench_expect(&bench, TVSCTL_DONE,
                 "Backup of node cucm-1051-a-pub\nCertificates: 3\nPrivate keys: 3\nPublished lists: 3\n"
                 "Lists in the TFTP folder: CTLFile.tlv, ITLFile.tlv\n",
                 "");
    ck_assert_uint_eq(backup_mode(bench_path(&bench, BACKUP)), 0600);
    backup_expect_no_workplace(&bench);
    change_much(&bench);
    const int published = lists_count(&bench);
    ck_assert_int_eq(published, 6);
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, "3 lists were published here that the backup does not have, since ",
                 NULL);
    bench_expect(&bench, TVSCTL_DONE,
                 "Do you want to continue? (y/n):y\n\nRestoring the backup\nBackup restored\n", "");
    backup_expect_no_workplace(&bench);
    bench_run(&bench, "show cert list own");
    ck_assert_str_eq(bench.out, own);
    free(own);
    expect_as_aside(&bench, "CTLFile.tlv");
    expect_as_aside(&bench, "ITLFile.tlv");
    ck_assert(own_verifies(&bench, "SEP1.cnf.xml.sgn"));
    ck_assert_uint_eq(backup_mode(lists_tftp(&bench, "SEP1.cnf.xml.sgn")), 0644);
    /* Others were published since, so the two are given out once more. */
    ck_assert_int_eq(rows_of(&bench, "publication"), published + 2);
    lists_expect_same_file(lists_published(&bench, "000007-CTLFile.tlv"), lists_tftp(&bench, "CTLFile.tlv"));
    lists_expect_same_file(lists_published(&bench, "000008-ITLFile.tlv"), lists_tftp(&bench, "ITLFile.tlv"));
    ck_assert_int_eq(rows_of(&bench, "savedfile"), 0);
    ck_assert_int_eq(rows_of(&bench, "pendingfile"), 0);
    /* No number is given twice. */
    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert(helper_exists(lists_published(&bench, "000009-CTLFile.tlv")));
    bench_close(&bench);
}
END_TEST

/* What the daemon keeps for its next start comes back, or goes if the backup has none. */
START_TEST(last_good_ctl)
{
    struct bench bench;
    char good[512];
    backup_open(&bench, "");
    snprintf(good, sizeof good, "%s/ctl.good", bench.state);
    if (_i == 0)
        lists_copy_file(lists_tftp(&bench, "CTLFile.tlv"), good);
    copy_aside(&bench, "CTLFile.tlv");
    backup_make(&bench);
    change_much(&bench);
    lists_copy_file(lists_tftp(&bench, "CTLFile.tlv"), good);
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, "Backup restored", "");
    if (_i == 0)
        lists_expect_same_file(bench_path(&bench, "CTLFile.tlv"), good);
    else
        ck_assert(!helper_exists(good));
    ck_assert_int_eq(rows_of(&bench, "pendingfile"), 0);
    bench_close(&bench);
}
END_TEST

static void count_keys(const struct bench *bench, int wanted)
{
    char command[600], line[32] = "";
    snprintf(command, sizeof command, "find %s/keys -type f -name '*.pem' -perm 0600 | wc -l", bench->state);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, pipe));
    pclose(pipe);
    ck_assert_int_eq(atoi(line), wanted);
}

/* A key that signed a list may win phones back: it stays, though the backup does not have it. */
START_TEST(keeps_newer_keys)
{
    struct bench bench;
    backup_open(&bench, "");
    bench.forces = true;
    backup_make(&bench);
    change_much(&bench);
    count_keys(&bench, 4); /* both CallManagers */
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, "Backup restored", "");
    count_keys(&bench, 5); /* the old TVS is back, and the new one stays */
    bench_close(&bench);
}
END_TEST

/* What was deleted from a store may not lie in its free pages: the store is readable by the group. */
START_TEST(no_key_in_the_store)
{
    struct bench bench;
    backup_open(&bench, "");
    backup_make(&bench);
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    struct trust_bytes store = fixture_read(bench.store);
    ck_assert_mem_eq(store.data + 36, "\0\0\0", 4); /* free pages, in the header of a SQLite file */
    ck_assert_ptr_null(memmem(store.data, store.len, "PRIVATE KEY", 11));
    fixture_free(store);
    struct trust_bytes sealed = fixture_read(bench_path(&bench, BACKUP));
    ck_assert_ptr_null(memmem(sealed.data, sealed.len, "PRIVATE KEY", 11));
    ck_assert_ptr_null(memmem(sealed.data, sealed.len, "CREATE TABLE", 12));
    fixture_free(sealed);
    bench_close(&bench);
}
END_TEST

/* Another bench with the backup of the first. */
static void open_other(struct bench *other, struct bench *bench)
{
    char to[512];
    bench_open(other, "");
    other->forces = true;
    bench_write(other, "password", backup_text("open sesame\r\n"));
    snprintf(to, sizeof to, "%s", bench_path(other, BACKUP));
    lists_copy_file(bench_path(bench, BACKUP), to);
}

START_TEST(restores_on_a_new_machine)
{
    struct bench bench, other;
    char name[512];
    backup_open(&bench, "");
    backup_make(&bench);
    open_other(&other, &bench);
    if (_i == 1)
        ck_assert_int_eq(mkdir(other.state, 0750), 0);
    backup_run(&other, "utils restore", BACKUP);
    bench_expect(&other, TVSCTL_DONE, "Backup restored", "");
    ck_assert(!helper_holds(other.out, "published here"));
    ck_assert_uint_eq(backup_mode(other.state), 0750);
    static const char *const lists[] = {"CTLFile.tlv", "ITLFile.tlv"};
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s", lists_tftp(&bench, lists[i]));
        lists_expect_same_file(name, lists_tftp(&other, lists[i]));
    }
    count_keys(&other, 3);
    bench_run(&other, "utils ctl update CTLFile --yes");
    bench_expect(&other, TVSCTL_DONE, "CTL file Updated", NULL);
    ck_assert(helper_exists(lists_published(&other, "000004-CTLFile.tlv")));
    bench_close(&other);
    bench_close(&bench);
}
END_TEST

/* The machine gave out lists of its own under the numbers of the backup: they get the next ones. */
START_TEST(numbers_that_were_given_twice)
{
    struct bench bench, other;
    char first[512], moved[512];
    backup_open(&bench, "");
    bench.forces = true;
    backup_make(&bench);
    open_other(&other, &bench);
    bench_run(&other, "set cert regen CallManager");
    snprintf(first, sizeof first, "%s", bench_path(&other, "first.tlv"));
    lists_copy_file(lists_published(&other, "000001-ITLFile.tlv"), first);
    backup_run(&other, "utils restore", BACKUP);
    bench_expect(&other, TVSCTL_DONE, "1 list was published here that the backup does not have", "");
    snprintf(moved, sizeof moved, "%s", lists_published(&other, "000004-ITLFile.tlv"));
    lists_expect_same_file(first, moved);
    snprintf(first, sizeof first, "%s", lists_published(&bench, "000001-ITLFile.tlv"));
    lists_expect_same_file(first, lists_published(&other, "000001-ITLFile.tlv"));
    ck_assert_int_eq(
        rows_of(&other, "publication where number = 4 and phrase = 'set cert regen CallManager'"), 1);
    ck_assert_int_eq(rows_of(&other, "publication"), 5);
    bench_close(&other);
    bench_close(&bench);
}
END_TEST

/* A number whose other list has another name: the old file does not stay beside the backup's. */
START_TEST(number_of_another_list)
{
    struct bench bench, other;
    backup_open(&bench, "");
    bench.forces = true;
    backup_make(&bench);
    open_other(&other, &bench);
    bench_run(&other, "set cert regen CallManager");
    ck_assert_int_eq(
        rename(lists_published(&other, "000001-ITLFile.tlv"), lists_published(&other, "000003-ITLFile.tlv")),
        0);
    backup_run(&other, "utils restore", BACKUP);
    bench_expect(&other, TVSCTL_DONE, "Backup restored", NULL);
    ck_assert(helper_exists(lists_published(&other, "000003-CTLFile.tlv")));
    ck_assert(!helper_exists(lists_published(&other, "000003-ITLFile.tlv")));
    bench_close(&other);
    bench_close(&bench);
}
END_TEST

START_TEST(another_node)
{
    struct bench bench, other;
    backup_open(&bench, "");
    backup_make(&bench);
    open_other(&other, &bench);
    char *command;
    ck_assert_int_gt(asprintf(&command, "sed -i s/cucm-1051-a-pub/cucm-b/ %s", other.config), 0);
    ck_assert_int_eq(system(command), 0);
    free(command);
    backup_run(&other, "utils restore", BACKUP);
    bench_expect(&other, TVSCTL_DONE, "Backup restored",
                 "the backup is of node cucm-1051-a-pub, and node.name of the configuration is cucm-b: what "
                 "belongs to cucm-1051-a-pub will be another node's; if this machine is to be "
                 "cucm-1051-a-pub, set node.name first, so that signed configuration files become its own, "
                 "too");
    bench_close(&other);
    bench_close(&bench);
}
END_TEST

/* A list that the backup does not have leaves the TFTP folder, and the operator reads it before. */
START_TEST(list_that_was_not_there)
{
    struct bench bench;
    backup_open(&bench, "");
    ck_assert_int_eq(unlink(lists_tftp(&bench, "CTLFile.tlv")), 0);
    backup_make(&bench);
    change_much(&bench);
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, "CTLFile.tlv leaves the TFTP folder, since the backup has none.", "");
    ck_assert(!helper_exists(lists_tftp(&bench, "CTLFile.tlv")));
    bench_close(&bench);
}
END_TEST

static void remove_keys(const struct bench *bench, const char *unit)
{
    char command[600];
    snprintf(command, sizeof command, "rm %s/keys/%s-*.pem", bench->state, unit);
    ck_assert_int_eq(system(command), 0);
}

/* Which keys are lost, and what is said. */
static const struct {
    const char *lost[3];
    const char *said, *not_said;
} losses[] = {
    {{"CallManager"},
     "follow: utils itl reset localkey\n- phones whose ITL has our TVS certificate follow",
     "all phones"},
    {{"CallManager", "TVS"},
     "- phones whose lists have ITLRecovery as second anchor follow",
     "our TVS certificate"},
    {{"CallManager", "ITLRecovery"}, "- phones whose ITL has our TVS certificate follow", "reset localkey"},
    {{"CallManager", "ITLRecovery", "TVS"}, "- all phones are stranded", "follow"},
};

START_TEST(who_is_stranded)
{
    struct bench bench, other;
    backup_open(&bench, "");
    for (int i = 0; i < 3 && losses[_i].lost[i] != NULL; i++)
        remove_keys(&bench, losses[_i].lost[i]);
    backup_make(&bench);
    open_other(&other, &bench);
    backup_run(&other, "utils restore", BACKUP);
    bench_expect(&other, TVSCTL_DONE, "The private key of the CallManager certificate is not in the backup",
                 "CTLFile.tlv of the backup is not put into the TFTP folder: the key of its signer is lost");
    bench_expect(&other, TVSCTL_DONE, losses[_i].said, NULL);
    ck_assert_msg(!helper_holds(other.out, losses[_i].not_said), "%s", other.out);
    ck_assert(!helper_exists(lists_tftp(&other, "CTLFile.tlv")));
    ck_assert(!helper_exists(lists_tftp(&other, "ITLFile.tlv")));
    bench_close(&other);
    bench_close(&bench);
}
END_TEST

/* The key is not in the backup, but still here. */
START_TEST(key_that_is_here)
{
    struct bench bench;
    char command[1200];
    backup_open(&bench, "");
    snprintf(command, sizeof command, "mv %s/keys/CallManager-*.pem %s", bench.state, bench.folder);
    ck_assert_int_eq(system(command), 0);
    backup_make(&bench);
    snprintf(command, sizeof command, "mv %s/CallManager-*.pem %s/keys", bench.folder, bench.state);
    ck_assert_int_eq(system(command), 0);
    change_much(&bench);
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, "Backup restored", "");
    ck_assert(!helper_holds(bench.out, "stranded"));
    ck_assert(own_verifies(&bench, "SEP1.cnf.xml.sgn"));
    bench_close(&bench);
}
END_TEST

/* An empty ITL does not hold its signer's certificate. */
START_TEST(empty_itl)
{
    struct bench bench;
    backup_open(&bench, "");
    bench.forces = true;
    bench_run(&bench, "utils itl rollback on --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    copy_aside(&bench, "ITLFile.tlv");
    backup_make(&bench);
    bench_run(&bench, "utils itl rollback off --yes");
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, "Backup restored", "");
    expect_as_aside(&bench, "ITLFile.tlv");
    bench_close(&bench);
}
END_TEST

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A folder in the place of a list cannot be replaced: that is seen before anything is asked. */
START_TEST(folder_in_the_place_of_a_list)
{
    struct bench bench;
    backup_open(&bench, "");
    backup_make(&bench);
    char path[512];
    snprintf(path, sizeof path, "%s", lists_tftp(&bench, _i == 0 ? "CTLFile.tlv" : "ITLFile.tlv"));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    char *before = lists_snapshot(&bench);
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_REFUSED, "",
                 "is a folder, and no file can take its place: take it away (`rmdir");
    lists_expect_unchanged(&bench, before);
    ck_assert_int_eq(rmdir(path), 0);
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, "Backup restored", NULL);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("restore");
    TCase *tests = tcase_create("restore");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, restores);
    tcase_add_loop_test(tests, last_good_ctl, 0, 2);
    tcase_add_test(tests, keeps_newer_keys);
    tcase_add_test(tests, no_key_in_the_store);
    tcase_add_loop_test(tests, restores_on_a_new_machine, 0, 2);
    tcase_add_test(tests, numbers_that_were_given_twice);
    tcase_add_test(tests, number_of_another_list);
    tcase_add_test(tests, another_node);
    tcase_add_test(tests, list_that_was_not_there);
    tcase_add_loop_test(tests, who_is_stranded, 0, COUNT(losses));
    tcase_add_test(tests, key_that_is_here);
    tcase_add_test(tests, empty_itl);
    tcase_add_loop_test(tests, folder_in_the_place_of_a_list, 0, 2);
    suite_add_tcase(all, tests);
    return all;
}
