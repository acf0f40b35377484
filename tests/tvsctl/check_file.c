/* file list|get|delete, and the CTL that is left over. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char question[] = "Delete the File CTLFile.tlv?\nEnter \"y\" followed by return to continue: ";

/* A present second, so that the print of the time is known. */
static void set_time(const char *path, time_t when)
{
    const struct timespec times[2] = {{when, 0}, {when, 0}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void expect_mode_0644(const char *path)
{
    struct stat info;
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0644);
}

/* ---- file list */

START_TEST(lists)
{
    struct bench bench;
    lists_open_with_file(&bench);
    lists_copy_data(&bench, "SEP0011215A1AE3.cnf.xml.sgn", "captured.sgn");
    lists_copy_data(&bench, "good/peer-ctl-sha1.tlv", "CTLFile.tlv");
    bench_write(&bench, bench_in_tftp(&bench, "bad.tlv"), helper_bytes("garbage"));
    bench_write(&bench, bench_in_tftp(&bench, ".tvs-abc123"), helper_bytes("not yet"));
    ck_assert_int_eq(mkdir(bench_in_tftp(&bench, "locale"), 0755), 0);
    ck_assert_int_eq(mkfifo(bench_in_tftp(&bench, "pipe.sgn"), 0600), 0);
    ck_assert_int_eq(symlink("SEP1.sgn", bench_in_tftp(&bench, "twin.sgn")), 0);
    ck_assert_int_eq(symlink("/nowhere", bench_in_tftp(&bench, "void.sgn")), 0);
    set_time(bench_in_tftp(&bench, "SEP1"), 1425667513);
    setenv("TZ", "UTC", 1);
    tzset();
    bench_run(&bench, "file list tftp");
    bench_expect(&bench, TVSCTL_DONE, "name size modified kind ours signer\n", NULL);
    bench_expect(&bench, TVSCTL_DONE, "\nSEP1 9 Fri Mar 06 18:45:13 UTC 2015 file - -\n", NULL);
    static const char own[] = "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL\n";
    static const struct {
        const char *name, *rest;
    } rows[] = {
        {"\nCTLFile.tlv 4818 ", " CTL no C=PL,O=Cisco,"},
        {"\nITLFile.tlv ", " ITL yes CN=cucm-1051-a-pub;"},
        {"\nSEP1.sgn ", " signed configuration yes CN=cucm-1051-a-pub;"},
        {"\nbad.tlv 7 ", " damaged ("},
        {"\ncaptured.sgn 511 ", " signed configuration no "},
        {"\nlocale ", " folder - -\n"},
        {"\npipe.sgn 0 ", " no file - -\n"},
        {"\ntwin.sgn ", " signed configuration yes "},
        {"\nvoid.sgn ", " broken link - -\n"},
        {"\ndir count = 1, file count = 9\n", ""},
    };
    char *folded = helper_fold(bench.out), *at = folded;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        at = strstr(at, rows[i].name);
        ck_assert_msg(at != NULL, "%s in this order: %s", rows[i].name, bench.out);
        char *end = strchr(at + 1, '\n'), kept = end[1];
        end[1] = '\0';
        ck_assert_msg(strstr(at, rows[i].rest) != NULL, "%s: %s", rows[i].rest, at);
        end[1] = kept;
    }
    ck_assert_ptr_nonnull(strstr(folded, own));
    ck_assert_ptr_null(strstr(folded, ".tvs-"));
    free(folded);
    bench_run(&bench, "file list tftp --json");
    bench_expect(&bench, TVSCTL_DONE, "\"name\": \"ITLFile.tlv\"", NULL);
    bench_expect(&bench, TVSCTL_DONE, "\"present_key\": true", NULL);
    bench_expect(&bench, TVSCTL_DONE, "\"modified\": \"2015-03-06T18:45:13Z\"", NULL);
    ck_assert(helper_is_json(bench.out));
    bench_close(&bench);
}
END_TEST

START_TEST(lists_nothing)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "file list tftp");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(bench.out, "dir count = 0, file count = 0\n");
    bench_run(&bench, "file list tftp --json");
    ck_assert(helper_is_json(bench.out));
    lists_copy_data(&bench, "good/peer-ctl-sha1.tlv", "CTLFile.tlv");
    bench_run(&bench, "fi l t");
    bench_expect(&bench, TVSCTL_DONE, " CTL no ", NULL); /* there is no store */
    ck_assert(!helper_exists(bench.state));
    ck_assert_int_eq(unlink(bench_in_tftp(&bench, "CTLFile.tlv")), 0);
    ck_assert_int_eq(rmdir(bench.tftp), 0);
    bench_run(&bench, "file list tftp");
    bench_expect(&bench, TVSCTL_REFUSED, "", "trust_lists.directory");
    bench_close(&bench);
}
END_TEST

/* ---- file get */

START_TEST(gets)
{
    struct bench bench;
    char copy[512], here[512];
    lists_open_with_file(&bench);
    snprintf(copy, sizeof copy, "%s", bench_path(&bench, "copy"));
    umask(077);
    bench_run(&bench, "file get tftp SEP1 %s", copy);
    bench_expect(&bench, TVSCTL_DONE, "/copy: 9 bytes copied\n", "");
    expect_mode_0644(copy);
    bench_write(&bench, bench_in_tftp(&bench, "SEP1"), helper_bytes("<other/>"));
    bench_run(&bench, "file get tftp SEP1 %s", copy);
    bench_expect(&bench, TVSCTL_REFUSED, "", "Repeat it with --yes");
    bench_run_answered(&bench, "n\n", "file get tftp SEP1 %s", copy);
    bench_expect(&bench, TVSCTL_REFUSED,
                 "Enter \"y\" followed by return to continue: ", "the answer was not y");
    struct trust_bytes kept = fixture_read(copy);
    ck_assert_uint_eq(kept.len, 9);
    fixture_free(kept);
    bench_run_answered(&bench, "y\n", "file get tftp SEP1 %s", copy);
    bench_expect(&bench, TVSCTL_DONE, "Overwrite the File ", "");
    bench_expect(&bench, TVSCTL_DONE, "/copy: 8 bytes copied\n", "");
    expect_mode_0644(copy);
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(bench.folder), 0);
    bench_run(&bench, "file get tftp SEP1.sgn");
    ck_assert_int_eq(chdir(here), 0);
    umask(022);
    bench_expect(&bench, TVSCTL_DONE, "SEP1.sgn: ", "");
    expect_mode_0644(bench_path(&bench, "SEP1.sgn"));
    bench_close(&bench);
}
END_TEST

static const struct {
    const char *words;
    int status;
    const char *err;
} get_refused[] = {
    {"../state/tvs.sqlite3 x", TVSCTL_REFUSED, "must not be empty or hold a slash"},
    {"/etc/passwd x", TVSCTL_REFUSED, "must not be empty or hold a slash"},
    {".. x", TVSCTL_REFUSED, "begins with a dot"},
    {"absent x", TVSCTL_REFUSED, "absent: No such file"},
    {"folder x", TVSCTL_REFUSED, "is a folder, not a file"},
    {"outside x", TVSCTL_REFUSED, "is a link, and not to a file of that folder"},
    {"SEP1 /dev/null --yes", TVSCTL_REFUSED, "/dev/null is there already and is no regular file"},
    {"SEP1 /tmp --yes", TVSCTL_REFUSED, "/tmp is there already and is no regular file"},
    {"SEP1 /nowhere/x", TVSCTL_REFUSED, "/nowhere/x"},
    {"SEP1 ''", TVSCTL_USAGE, "FILE is empty"},
    {"SEP1 x y", TVSCTL_USAGE, "`y` is one word too many"},
    {"SEP1 x --json", TVSCTL_USAGE, "does not take --json"},
};

START_TEST(get_refuses)
{
    struct bench bench;
    char here[512];
    bench_open(&bench, "");
    bench_write(&bench, bench_in_tftp(&bench, "SEP1"), helper_bytes("<device/>"));
    bench_write(&bench, "secret", helper_bytes("secret"));
    ck_assert_int_eq(mkdir(bench_in_tftp(&bench, "folder"), 0755), 0);
    ck_assert_int_eq(symlink("../secret", bench_in_tftp(&bench, "outside")), 0);
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(bench.folder), 0);
    for (size_t i = 0; i < sizeof get_refused / sizeof get_refused[0]; i++) {
        bench_run(&bench, "file get tftp %s", get_refused[i].words);
        bench_expect(&bench, get_refused[i].status, "", get_refused[i].err);
        ck_assert(!helper_exists("x"));
    }
    ck_assert_int_eq(chdir(here), 0);
    ck_assert(!helper_exists(bench.state));
    bench_close(&bench);
}
END_TEST

/* ---- file delete */

START_TEST(deletes)
{
    static const char follows[] = "phones that hold the CTL file keep it, and those without lists find none";
    struct bench bench;
    lists_open_with_file(&bench);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_run(&bench, "file delete tftp CTLFile.tlv");
    bench_expect(&bench, TVSCTL_REFUSED, "", "Repeat it with --yes");
    ck_assert(!helper_holds(bench.err, follows));
    bench_run_answered(&bench, "n\n", "file delete tftp CTLFile.tlv");
    bench_expect(&bench, TVSCTL_REFUSED, question, "the answer was not y: nothing was changed");
    ck_assert(helper_holds(bench.err, follows));
    bench_run_answered(&bench, "", "file delete tftp CTLFile.tlv");
    bench_expect(&bench, TVSCTL_REFUSED, question, "the answer was not y");
    ck_assert(helper_exists(bench_in_tftp(&bench, "CTLFile.tlv")));
    bench_run_answered(&bench, "y\n", "file delete tftp CTLFile.tlv");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(bench.out,
                     "Delete the File CTLFile.tlv?\nEnter \"y\" followed by return to continue: files: "
                     "found = 1, deleted = 1\n");
    ck_assert(!helper_exists(bench_in_tftp(&bench, "CTLFile.tlv")));
    bench_run(&bench, "file delete tftp CTLFile.tlv --yes");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "there is no CTLFile.tlv in ");
    ck_assert_str_eq(bench.out, "files: found = 0, deleted = 0\n");
    bench_run(&bench, "fi d t SEP1 --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert(!helper_holds(bench.err, "mixed mode"));
    ck_assert_str_eq(bench.out,
                     "Delete the File SEP1?\nEnter \"y\" followed by return to continue: y\nfiles: found = "
                     "1, deleted = 1\n");
    ck_assert(!helper_exists(bench_in_tftp(&bench, "SEP1")));
    /* Of a link, the link goes. */
    ck_assert_int_eq(symlink("SEP1.sgn", bench_in_tftp(&bench, "twin.sgn")), 0);
    bench_run(&bench, "file delete tftp twin.sgn --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert(helper_exists(bench_in_tftp(&bench, "SEP1.sgn")));
    bench_close(&bench);
}
END_TEST

static const struct {
    const char *words;
    int status;
    const char *err;
} delete_refused[] = {
    {"tftp ../secret", TVSCTL_REFUSED, "must not be empty or hold a slash"},
    {"tftp ''", TVSCTL_REFUSED, "must not be empty"},
    {"tftp .", TVSCTL_REFUSED, "begins with a dot"},
    {"tftp folder", TVSCTL_REFUSED, "folder is a folder, not a file; nothing was deleted"},
    {"tftp", TVSCTL_USAGE, "`file delete tftp` needs more"},
    {"tftp a b", TVSCTL_USAGE, "`b` is one word too many"},
    {"nowhere a", TVSCTL_USAGE, "What fits: tftp, activelog"},
    {"activelog CTLFile.tlv", TVSCTL_REFUSED, "what can be deleted there is cm/tftpdata/CTLFile.tlv"},
    {"activelog cm/tftpdata/../secret", TVSCTL_REFUSED, "what can be deleted there is"},
    {"activelog cm/tftpdata/SEP1", TVSCTL_REFUSED, "`file delete tftp NAME`"},
};

START_TEST(delete_refuses)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_write(&bench, "secret", helper_bytes("secret"));
    ck_assert_int_eq(mkdir(bench_in_tftp(&bench, "folder"), 0755), 0);
    for (size_t i = 0; i < sizeof delete_refused / sizeof delete_refused[0]; i++) {
        bench_run(&bench, "--yes file delete %s", delete_refused[i].words);
        bench_expect(&bench, delete_refused[i].status, "", delete_refused[i].err);
    }
    ck_assert(helper_exists(bench_path(&bench, "secret")));
    ck_assert(helper_exists(bench_in_tftp(&bench, "folder")));
    ck_assert(!helper_exists(bench.state));
    bench_close(&bench);
}
END_TEST

START_TEST(left_over_lists)
{
    struct bench bench;
    static const char line[] =
        "this CTL file is left over from it; `file delete activelog cm/tftpdata/CTLFile.tlv`";
    lists_open_with_file(&bench);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_run(&bench, "show ctl");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    bench_run(&bench, "--yes file delete activelog cm/tftpdata/CTLFile.tlv");
    bench_expect(&bench, TVSCTL_REFUSED, "", "the cluster is in mixed mode");
    bench_run(&bench, "--yes file delete activelog cm/tftpdata/ITLFile.tlv");
    bench_expect(&bench, TVSCTL_REFUSED, "", "the cluster is in mixed mode");
    ck_assert_int_eq(rename(bench_in_tftp(&bench, "CTLFile.tlv"), bench_path(&bench, "kept.tlv")), 0);
    bench_run(&bench, "utils ctl set-cluster non-secure-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "show ctl");
    bench_expect(&bench, TVSCTL_DONE, NULL, ""); /* hollow: phones leave mixed mode by it */
    bench_run_answered(&bench, "n\n", "file delete tftp CTLFile.tlv");
    bench_expect(&bench, TVSCTL_REFUSED, question, "the answer was not y");
    ck_assert(!helper_holds(bench.err, "mixed mode"));
    ck_assert_int_eq(rename(bench_path(&bench, "kept.tlv"), bench_in_tftp(&bench, "CTLFile.tlv")), 0);
    bench_run(&bench, "show ctl");
    bench_expect(&bench, TVSCTL_DONE, "The CTL file was verified successfully.", line);
    ck_assert_int_eq(helper_count(bench.err, "\n"), 1);
    bench_run(&bench, "show ctl %s", bench_in_tftp(&bench, "CTLFile.tlv"));
    bench_expect(&bench, TVSCTL_DONE, NULL, ""); /* one that was named may be anybody's */
    bench_run(&bench, "file del act cm/tftpdata/CTLFile.tlv --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(bench.out, "Delete the File cm/tftpdata/CTLFile.tlv?\nEnter \"y\" followed by return to "
                                "continue: y\nfiles: found = 1, deleted = 1\n");
    ck_assert(!helper_exists(bench_in_tftp(&bench, "CTLFile.tlv")));
    bench_run(&bench, "file delete activelog cm/tftpdata/CTLFile.tlv --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "files: found = 0, deleted = 0\n", "there is no CTLFile.tlv");
    bench_run(&bench, "file delete activelog cm/tftpdata/ITLFile.tlv --yes");
    bench_expect(&bench, TVSCTL_DONE, "files: found = 1, deleted = 1\n", "");
    ck_assert(!helper_exists(bench_in_tftp(&bench, "ITLFile.tlv")));
    bench_close(&bench);
}
END_TEST

/* ---- Rights */

/* Root works in the folder as its owner, whom the mode binds. */
START_TEST(what_may_not_be_read_or_written)
{
    struct bench bench;
    lists_open_with_file(&bench);
    if (geteuid() == 0) {
        ck_assert_int_eq(chmod(bench.folder, 0755), 0);
        ck_assert_int_eq(chown(bench.tftp, 65534, 65534), 0);
    }
    ck_assert_int_eq(chmod(bench_in_tftp(&bench, "SEP1.sgn"), geteuid() == 0 ? 0600 : 0), 0);
    bench_run(&bench, "file list tftp");
    bench_expect(&bench, TVSCTL_DONE, " unreadable (denied) - -\n", NULL);
    bench_run(&bench, "file verify SEP1.sgn");
    bench_expect(&bench, TVSCTL_REFUSED, "", "SEP1.sgn: Permission denied");
    bench_run(&bench, "file get tftp SEP1.sgn %s", bench_path(&bench, "copy"));
    bench_expect(&bench, TVSCTL_REFUSED, "", "SEP1.sgn: Permission denied");
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL,
                 "warning: SEP1.sgn stays as it is and is not signed by the present");
    ck_assert_int_eq(chmod(bench.tftp, 0555), 0);
    static const char *const words[] = {"file delete tftp SEP1", "file sign SEP1", "file sign --all"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        bench_run(&bench, "%s --yes", words[i]);
        bench_expect(&bench, TVSCTL_REFUSED, "", "trust_lists.directory: ");
        bench_expect(&bench, TVSCTL_REFUSED, "", "Permission denied");
    }
    ck_assert(helper_exists(bench_in_tftp(&bench, "SEP1")));
    ck_assert_int_eq(chmod(bench.tftp, 0755), 0);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("file");
    TCase *tests = tcase_create("file");
    tcase_add_test(tests, lists);
    tcase_add_test(tests, lists_nothing);
    tcase_add_test(tests, gets);
    tcase_add_test(tests, get_refuses);
    tcase_add_test(tests, deletes);
    tcase_add_test(tests, delete_refuses);
    tcase_add_test(tests, left_over_lists);
    tcase_add_test(tests, what_may_not_be_read_or_written);
    suite_add_tcase(suite, tests);
    return suite;
}
