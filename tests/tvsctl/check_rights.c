/* Whose files they are: root works as the owner of a folder, others are told who may. As somebody who is not
 * root there is nothing to be tested but the refusal. */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsctl/rights.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATE_USER 64123
#define TFTP_USER  64124

static int check_owner(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)flag, (void)walk;
    ck_assert_msg(info->st_uid == STATE_USER && info->st_gid == STATE_USER, "%s belongs to %u:%u", path,
                  info->st_uid, info->st_gid);
    ck_assert_msg((info->st_mode & 07) == 0, "%s is open to all", path);
    return 0;
}

static bool is_root(const char *test)
{
    if (geteuid() == 0)
        return true;
    printf("%s: skipped, it needs root\n", test);
    return false;
}

static void give_away(struct bench *bench)
{
    ck_assert_int_eq(chmod(bench->folder, 0755), 0);
    ck_assert_int_eq(mkdir(bench->state, 0750), 0);
    ck_assert_int_eq(chown(bench->state, STATE_USER, STATE_USER), 0);
    ck_assert_int_eq(chown(bench->tftp, TFTP_USER, TFTP_USER), 0);
}

START_TEST(root_works_as_the_owner)
{
    struct bench bench;
    struct stat info;
    char path[512];
    if (!is_root("root_works_as_the_owner"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    bench_run(&bench, "set cert regen CallManager");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "set cert import trust tomcat-trust %s", fixture_path("certs/apache.crt"));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Mixed Mode", "");
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_int_eq(nftw(bench.state, check_owner, 16, FTW_PHYS), 0);
    snprintf(path, sizeof path, "%s/CTLFile.tlv", bench.tftp);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert(info.st_uid == TFTP_USER && info.st_gid == TFTP_USER);
    ck_assert_uint_eq(info.st_mode & 0777, 0644);
    ck_assert(geteuid() == 0 && getegid() == 0);
    bench_close(&bench);
}
END_TEST

/* Root is not told to be root: the owner as whom it works lacks the right. */
START_TEST(root_is_told_what_the_owner_lacks)
{
    struct bench bench;
    if (!is_root("root_is_told_what_the_owner_lacks"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    bench_run(&bench, "set cert regen CallManager");
    ck_assert_int_eq(chmod(bench.tftp, 0555), 0);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "as the folder's owner (user 64124)");
    ck_assert_int_eq(chmod(bench.store, 0600), 0);
    ck_assert_int_eq(chown(bench.store, 0, 0), 0);
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_REFUSED, "", "as the folder's owner (user 64123)");
    bench_close(&bench);
}
END_TEST

/* The TFTP folder of root's own lies where the owner of the state may not look. */
START_TEST(folder_that_only_root_can_reach)
{
    struct bench bench;
    char config[1024];
    if (!is_root("folder_that_only_root_can_reach"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    ck_assert_int_eq(mkdir(bench_path(&bench, "private"), 0700), 0);
    ck_assert_int_eq(mkdir(bench_path(&bench, "private/tftp"), 0755), 0);
    snprintf(config, sizeof config, "state: %s\ntrust_lists: {directory: %s}\n", bench.state,
             bench_path(&bench, "private/tftp"));
    bench_write(&bench, "tvsd.yaml", (struct trust_bytes){(const uint8_t *)config, strlen(config)});
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Mixed Mode", NULL);
    ck_assert(helper_exists(bench_path(&bench, "private/tftp/CTLFile.tlv")));
    bench_close(&bench);
}
END_TEST

/* What the operator names is read with the operator's rights. */
START_TEST(files_of_root_can_be_imported)
{
    struct bench bench;
    if (!is_root("files_of_root_can_be_imported"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    struct trust_bytes bytes = fixture_read("certs/apache.crt"), database = fixture_read("peer.sqlite3");
    const char *path = bench_write(&bench, "private.pem", bytes);
    ck_assert_int_eq(chmod(path, 0600), 0);
    bench_run(&bench, "set cert import trust tomcat-trust %s", path);
    bench_expect(&bench, TVSCTL_DONE, "added to tomcat-trust", "");
    path = bench_write(&bench, "private.db", database);
    ck_assert_int_eq(chmod(path, 0600), 0);
    bench_run(&bench, "utils import usecallmanager %s", path);
    bench_expect(&bench, TVSCTL_DONE, "certificates imported", NULL);
    fixture_free(bytes);
    fixture_free(database);
    bench_close(&bench);
}
END_TEST

/* Run in a process of its own as a user without any right; ends it with 0 if the checks hold. */
static void as_stranger(struct bench *bench, void (*checks)(struct bench *bench))
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (setgid(STATE_USER + 5) != 0 || setuid(STATE_USER + 5) != 0)
            _exit(70);
        checks(bench);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the stranger's checks failed: %d", status);
}

static void expect_in_child(struct bench *bench, const char *words, int status, const char *text)
{
    bench_run(bench, "%s", words);
    if (bench->status != status || !helper_holds(bench->err, text)) {
        fprintf(stderr, "%s: %d, %s\n", words, bench->status, bench->err);
        _exit(71);
    }
}

static void checks_of_stranger(struct bench *bench)
{
    expect_in_child(bench, "set cert regen TVS", TVSCTL_REFUSED, "run it as root");
    expect_in_child(bench, "show cert list own", TVSCTL_REFUSED, "run it as root");
    expect_in_child(bench, "run sql select 1", TVSCTL_REFUSED, "run it as root");
    expect_in_child(bench, "show ctl", TVSCTL_DONE, "");
}

START_TEST(strangers_are_told_who_may)
{
    struct bench bench;
    if (!is_root("strangers_are_told_who_may"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    as_stranger(&bench, checks_of_stranger);
    bench_close(&bench);
}
END_TEST

/* The name of the owner stands in the refusal, if the owner has one. */
static void checks_of_owner_name(struct bench *bench)
{
    expect_in_child(bench, "set cert regen TVS", TVSCTL_REFUSED, "run it as root or as nobody");
}

START_TEST(owner_is_named)
{
    struct bench bench;
    struct trust_error err = {0};
    struct rights before;
    if (!is_root("owner_is_named"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    ck_assert_int_eq(chown(bench.state, 65534, 65534), 0);
    as_stranger(&bench, checks_of_owner_name);
    ck_assert_int_eq(rights_enter(bench.config, &before, &err), TRUST_ESYSTEM);
    ck_assert(helper_holds(err.text, "no folder"));
    ck_assert_int_eq(rights_enter("/nowhere/at/all", &before, &err), TRUST_ENOTFOUND);
    ck_assert(!before.changed);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("rights");
    TCase *tests = tcase_create("rights");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, root_works_as_the_owner);
    tcase_add_test(tests, root_is_told_what_the_owner_lacks);
    tcase_add_test(tests, folder_that_only_root_can_reach);
    tcase_add_test(tests, files_of_root_can_be_imported);
    tcase_add_test(tests, strangers_are_told_who_may);
    tcase_add_test(tests, owner_is_named);
    suite_add_tcase(all, tests);
    return all;
}
