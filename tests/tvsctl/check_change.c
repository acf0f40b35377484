/* The crash-safe step: one at a time, and what a phrase that died left is finished or swept away by the next.
 */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsctl/lock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char holder[] = "4242 set cert regen TVS";

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* A phrase that died leaves its name in the lock. */
static void leave_lock(const struct bench *bench)
{
    write_text(bench_in_state(bench, "lock"), holder);
}

static off_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_size : -1;
}

/* Take the lock as another process would. */
static int hold(const struct bench *bench)
{
    leave_lock(bench);
    int fd = open(bench_in_state(bench, "lock"), O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    return fd;
}

static void open_with_itl(struct bench *bench)
{
    bench_open(bench, "");
    bench_run(bench, "set cert regen CallManager --yes");
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
}

START_TEST(refuses_while_another_works)
{
    struct bench bench;
    open_with_itl(&bench);
    int fd = hold(&bench);
    bench_run(&bench, "set cert regen TVS --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", holder);
    bench_expect(&bench, TVSCTL_REFUSED, "", "nothing was changed");
    bench_run(&bench, "show cert own TVS");
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no TVS certificate");
    close(fd);
    bench_close(&bench);
}
END_TEST

/* Lets go as soon as somebody else opens the lock. */
static pid_t let_go_when_asked(const char *path, int fd)
{
    char event[4096];
    int watch = inotify_init1(IN_CLOEXEC);
    ck_assert_int_ge(inotify_add_watch(watch, path, IN_OPEN), 0);
    pid_t child = fork();
    if (child == 0) {
        ssize_t got = read(watch, event, sizeof event);
        if (ftruncate(fd, 0) != 0)
            got = -1;
        _exit(got > 0 ? 0 : 1);
    }
    close(watch);
    close(fd); /* the child's copy holds the lock */
    return child;
}

START_TEST(waits_for_another)
{
    struct bench bench;
    int status;
    open_with_itl(&bench);
    pid_t child = let_go_when_asked(bench_in_state(&bench, "lock"), hold(&bench));
    bench_run(&bench, "set cert regen TVS --yes");
    bench_expect(&bench, TVSCTL_DONE, "Successfully Regenerated Certificate for TVS.", NULL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    bench_close(&bench);
}
END_TEST

/* What lies ready and was not decided goes, whatever the next phrase is. */
START_TEST(sweeps_what_was_not_decided)
{
    struct bench bench;
    char tftp[512];
    open_with_itl(&bench);
    snprintf(tftp, sizeof tftp, "%s/.tvs-abc123", bench.tftp);
    write_text(bench_in_state(&bench, "keys/TVS-0123456789abcdef.pem.new"), "a key");
    write_text(bench_in_state(&bench, "published/.tvs-abc123"), "a list");
    write_text(tftp, "a list");
    bench_run(&bench, "show itl");
    ck_assert_int_eq(size_of(tftp), 6); /* the lock says that nobody died */
    leave_lock(&bench);
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_DONE, "The ITL file was verified successfully.", "");
    ck_assert_int_eq(size_of(tftp), -1);
    ck_assert_int_eq(size_of(bench_in_state(&bench, "published/.tvs-abc123")), -1);
    ck_assert_int_eq(size_of(bench_in_state(&bench, "keys/TVS-0123456789abcdef.pem.new")), -1);
    ck_assert_int_eq(size_of(bench_in_state(&bench, "lock")), 0);
    bench_close(&bench);
}
END_TEST

/* A phrase that works is not disturbed by one that looks. */
START_TEST(lets_a_living_phrase_be)
{
    struct bench bench;
    open_with_itl(&bench);
    int fd = hold(&bench);
    write_text(bench_in_state(&bench, "published/.tvs-abc123"), "a list");
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_DONE, "The ITL file was verified successfully.", "");
    ck_assert_int_eq(size_of(bench_in_state(&bench, "published/.tvs-abc123")), 6);
    ck_assert_int_eq(size_of(bench_in_state(&bench, "lock")), (off_t)strlen(holder));
    close(fd);
    bench_close(&bench);
}
END_TEST

/* Decide, as change_commit does, that a file of a folder becomes text, and that another goes; and die. */
static void decide(const struct bench *bench, const char *folder, const char *name, const char *gone)
{
    struct trust_store *store;
    char staged[TRUST_STAGED_SIZE];
    const struct trust_bytes text = {(const uint8_t *)"fresh", 5};
    ck_assert_int_eq(trust_store_open(bench->store, TRUST_STORE_WRITE, &store, NULL), 0);
    ck_assert_int_eq(trust_store_begin(store, NULL), 0);
    ck_assert_int_eq(trust_file_stage(folder, text, 0644, (uid_t)-1, (gid_t)-1, true, staged, NULL), 0);
    const struct trust_pending put = {TRUST_PLACE_TFTP, folder, staged, name};
    const struct trust_pending drop = {TRUST_PLACE_TFTP, folder, "", gone};
    ck_assert_int_eq(trust_store_add_pending(store, &put, NULL), 0);
    ck_assert_int_eq(trust_store_add_pending(store, &drop, NULL), 0);
    ck_assert_int_eq(trust_store_commit(store, NULL), 0);
    trust_store_close(store);
    leave_lock(bench);
}

static void expect_pending(struct bench *bench, const char *count)
{
    bench_run(bench, "run sql select count(*) as n from pendingfile");
    bench_expect(bench, TVSCTL_DONE, count, NULL);
}

START_TEST(finishes_what_was_decided)
{
    struct bench bench;
    char old[512], gone[512];
    open_with_itl(&bench);
    snprintf(old, sizeof old, "%s/old", bench.tftp);
    snprintf(gone, sizeof gone, "%s/gone", bench.tftp);
    write_text(old, "as it was");
    write_text(gone, "as it was");
    decide(&bench, bench.tftp, "old", "gone");
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_int_eq(size_of(old), 5);
    ck_assert_int_eq(size_of(gone), -1);
    ck_assert_int_eq(size_of(bench_in_state(&bench, "lock")), 0);
    expect_pending(&bench, "0");
    bench_close(&bench);
}
END_TEST

/* Dying again while it is finished does no harm: what is in place already is passed over. */
START_TEST(finishes_what_was_half_finished)
{
    struct bench bench;
    char old[512], gone[512], command[1200];
    open_with_itl(&bench);
    snprintf(old, sizeof old, "%s/old", bench.tftp);
    snprintf(gone, sizeof gone, "%s/gone", bench.tftp);
    write_text(gone, "as it was");
    decide(&bench, bench.tftp, "old", "gone");
    snprintf(command, sizeof command, "mv %s/.tvs-?????? %s", bench.tftp, old);
    ck_assert_int_eq(system(command), 0);
    bench_run(&bench, "set cert regen TVS --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(size_of(old), 5);
    ck_assert_int_eq(size_of(gone), -1);
    expect_pending(&bench, "0");
    bench_close(&bench);
}
END_TEST

/* It stays decided until it can be done, and nothing else is begun meanwhile. */
START_TEST(says_what_cannot_be_finished)
{
    struct bench bench;
    char moved[512], old[512];
    open_with_itl(&bench);
    snprintf(moved, sizeof moved, "%s.away", bench.tftp);
    snprintf(old, sizeof old, "%s/old", bench.tftp);
    decide(&bench, bench.tftp, "old", "gone");
    ck_assert_int_eq(rename(bench.tftp, moved), 0);
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, "CallManager",
                 "warning: a phrase was interrupted, and its change cannot be finished now");
    bench_run(&bench, "set cert regen TVS --yes");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, bench.tftp);
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "make it, or name the TFTP server's");
    expect_pending(&bench, "2");
    ck_assert_int_eq(rename(moved, bench.tftp), 0);
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    expect_pending(&bench, "0");
    ck_assert_int_eq(size_of(old), 5);
    bench_close(&bench);
}
END_TEST

/* A TFTP folder that was moved since, with the configuration that names it: what lies ready went along. */
START_TEST(finishes_in_a_folder_that_was_moved)
{
    struct bench bench;
    char moved[512], path[520], config[1400];
    open_with_itl(&bench);
    snprintf(moved, sizeof moved, "%s.moved", bench.tftp);
    snprintf(path, sizeof path, "%s/gone", bench.tftp);
    write_text(path, "as it was");
    decide(&bench, bench.tftp, "old", "gone");
    ck_assert_int_eq(rename(bench.tftp, moved), 0);
    snprintf(config, sizeof config,
             "state: %s\nnode: {name: cucm-1051-a-pub, address: 10.48.47.155}\n"
             "trust_lists: {directory: %s}\n",
             bench.state, moved);
    write_text(bench.config, config);
    bench_run(&bench, "set cert regen TVS --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    expect_pending(&bench, "0");
    snprintf(path, sizeof path, "%s/old", moved);
    ck_assert_int_eq(size_of(path), 5);
    snprintf(path, sizeof path, "%s/gone", moved);
    ck_assert_int_eq(size_of(path), -1);
    bench_close(&bench);
}
END_TEST

/* Root, a state folder and a TFTP folder of two owners who may not look at each other's files; and so many
 * signed files that they are synced together. */
START_TEST(two_owners)
{
    static const uid_t state_user = 64123, tftp_user = 64124;
    struct bench bench;
    char path[512];
    if (geteuid() != 0) {
        puts("two_owners: skipped, it needs root");
        return;
    }
    bench_open(&bench, "");
    ck_assert(chmod(bench.folder, 0755) == 0 && mkdir(bench.state, 0700) == 0 &&
              chmod(bench.tftp, 0700) == 0);
    ck_assert_int_eq(chown(bench.state, state_user, state_user), 0);
    bench_run(&bench, "set cert regen CallManager");
    for (int i = 0; i < 20; i++) {
        snprintf(path, sizeof path, "%s/SEP%d.xml", bench.tftp, i);
        write_text(path, "<device/>");
        bench_run(&bench, "file sign SEP%d.xml", i);
        bench_expect(&bench, TVSCTL_DONE, NULL, "");
    }
    snprintf(path, sizeof path, "chown -R %u:%u %s", tftp_user, tftp_user, bench.tftp);
    ck_assert_int_eq(system(path), 0);
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "file sign --all");
    bench_expect(&bench, TVSCTL_DONE, "files: found = 20, signed = 0, right already = 20, not signed = 0",
                 "");
    bench_run(&bench, "show published");
    bench_expect(&bench, TVSCTL_DONE, "ITLFile.tlv now ", "");
    bench_run(&bench, "utils itl reset localkey --yes");
    bench_expect(&bench, TVSCTL_DONE, "The reset ITL file was generated successfully", "");
    bench_run(&bench, "set cert delete CallManager cucm-1051-a-pub --yes --force");
    bench_expect(&bench, TVSCTL_DONE, NULL, "phones go on fetching ITLFile.tlv");
    bench_close(&bench);
}
END_TEST

/* What is refused before the step leaves no state folder behind. */
START_TEST(makes_nothing_for_nothing)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "utils itl update --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no CallManager certificate");
    ck_assert(!helper_exists(bench.state));
    ck_assert_int_eq(mkdir(bench.state, 0750), 0);
    bench_run(&bench, "utils node delete other --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no node other");
    ck_assert_int_eq(rmdir(bench.state), 0);
    bench_run(&bench, "utils node add other");
    bench_expect(&bench, TVSCTL_DONE, "other: node added", "");
    ck_assert(helper_exists(bench.store) && helper_exists(bench_in_state(&bench, "keys")));
    bench_close(&bench);
}
END_TEST

START_TEST(says_that_there_is_no_room)
{
    struct trust_error err = {0};
    struct lock lock;
    ck_assert_int_eq(lock_take("/dev/full", "set cert regen TVS", &lock, &err), TRUST_ESYSTEM);
    ck_assert_str_eq(err.text,
                     "cannot lock /dev/full: there is no room on the disk of /dev: free some and try "
                     "again; nothing was changed");
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("change");
    TCase *cases = tcase_create("change");
    tcase_add_test(cases, refuses_while_another_works);
    tcase_add_test(cases, waits_for_another);
    tcase_add_test(cases, sweeps_what_was_not_decided);
    tcase_add_test(cases, lets_a_living_phrase_be);
    tcase_add_test(cases, finishes_what_was_decided);
    tcase_add_test(cases, finishes_what_was_half_finished);
    tcase_add_test(cases, says_what_cannot_be_finished);
    tcase_add_test(cases, finishes_in_a_folder_that_was_moved);
    tcase_add_test(cases, says_that_there_is_no_room);
    tcase_add_test(cases, two_owners);
    tcase_add_test(cases, makes_nothing_for_nothing);
    suite_add_tcase(all, cases);
    return all;
}
