/* TMPDIR: a folder that is root's alone, as pam_tmpdir makes them, is in nobody's way where root works as the
 * owner of the state folder. */
#include "helper_lists.h"
#include "tests/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_USER 64123

/* SQLite takes TMPDIR as it stands when the first store is opened. */
START_TEST(of_root_alone)
{
    struct bench bench;
    if (geteuid() != 0) {
        printf("of_root_alone: skipped, it needs root\n");
        return;
    }
    bench_open(&bench, "");
    ck_assert_int_eq(chmod(bench.folder, 0755), 0);
    ck_assert_int_eq(mkdir(bench.state, 0750), 0);
    ck_assert_int_eq(chown(bench.state, STATE_USER, STATE_USER), 0);
    const char *folder = bench_path(&bench, "tmp-of-root");
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(setenv("TMPDIR", folder, 1), 0);
    bench_run(&bench, "set cert regen TVS");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "set cert regen CallManager");
    bench_expect(&bench, TVSCTL_DONE, "ITLFile.tlv: list 1 published", NULL);
    /* Guard rails rehearse that one, in /tmp. */
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Mixed Mode", NULL);
    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("tmpdir");
    TCase *tests = tcase_create("tests");
    tcase_add_test(tests, of_root_alone);
    suite_add_tcase(all, tests);
    return all;
}
