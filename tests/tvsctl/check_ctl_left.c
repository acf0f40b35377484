/* CTLFile.tlv in a cluster that is not in mixed mode: what phones may hold, and what others laid there. */
#include "helper_lists.h"
#include "tests/check_main.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_garbage(struct bench *bench)
{
    bench_write(bench, lists_tftp(bench, "CTLFile.tlv"), (struct trust_bytes){(const uint8_t *)"x\n", 2});
}

static void make_fifo(struct bench *bench)
{
    ck_assert_int_eq(mkfifo(lists_tftp(bench, "CTLFile.tlv"), 0644), 0);
}

static void link_to_itself(struct bench *bench)
{
    ck_assert_int_eq(symlink("CTLFile.tlv", lists_tftp(bench, "CTLFile.tlv")), 0);
}

static void link_to_nothing(struct bench *bench)
{
    ck_assert_int_eq(symlink("/nowhere/at/all", lists_tftp(bench, "CTLFile.tlv")), 0);
}

static void put_large(struct bench *bench)
{
    put_garbage(bench);
    ck_assert_int_eq(truncate(lists_tftp(bench, "CTLFile.tlv"), TRUST_LIST_MAX + 1), 0);
}

static void put_strangers(struct bench *bench)
{
    lists_copy_data(bench, "good/peer-ctl-sha1.tlv", "CTLFile.tlv");
}

static const struct {
    void (*lay)(struct bench *bench);
    const char *shown; /* by `show ctl` */
} rows[] = {
    {put_garbage, "where phones need none: `file delete tftp CTLFile.tlv` takes it away"},
    {make_fifo, "is a FIFO, not a file; take it away: `rm -d "},
    {link_to_itself, "Too many levels of symbolic links; take it away: `rm -d "},
    {link_to_nothing, "No such file or directory"},
    {put_large, "where phones need none: `file delete tftp CTLFile.tlv` takes it away"},
    {put_strangers, ""},
};

/* Whoever can write the TFTP folder does not get us to publish the first CTL file. */
START_TEST(nothing_was_left_behind)
{
    static const char *const phrases[] = {"update CTLFile", "set-cluster non-secure-mode"};
    struct bench bench;
    struct stat info;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    rows[_i].lay(&bench);
    bench_run(&bench, "show ctl");
    ck_assert_msg(helper_holds(bench.err, rows[_i].shown), "%s", bench.err);
    ck_assert_msg(!helper_holds(bench.err, "update CTLFile"), "%s", bench.err);
    for (size_t i = 0; i < 2; i++) {
        bench_run(&bench, "utils ctl %s --yes", phrases[i]);
        bench_expect(&bench, TVSCTL_REFUSED, "", "no CTL file was published here");
        bench_expect(&bench, TVSCTL_REFUSED, "", "`file delete tftp CTLFile.tlv` takes it away");
    }
    ck_assert_int_eq(lists_count(&bench), 1);
    bench_run(&bench, "utils rehearse file delete tftp CTLFile.tlv");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    bench_run(&bench, "file delete tftp CTLFile.tlv --yes");
    bench_expect(&bench, TVSCTL_DONE, "deleted = 1", "");
    ck_assert_int_ne(lstat(lists_tftp(&bench, "CTLFile.tlv"), &info), 0);
    bench_close(&bench);
}
END_TEST

/* Other software published it, and this site knows its signer: phones hold it, and need the hollow one. */
START_TEST(migrated_one_is_left)
{
    struct bench bench;
    uint8_t *data;
    size_t len;
    struct trust_list *list;
    struct trust_cert *signer;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    put_strangers(&bench);
    ck_assert_int_eq(
        trust_file_read(lists_tftp(&bench, "CTLFile.tlv"), TRUST_LIST_MAX, &data, &len, NULL, NULL), 0);
    ck_assert_int_eq(trust_list_parse((struct trust_bytes){data, len}, &list, NULL), 0);
    ck_assert_int_eq(trust_list_verify_self(list, &signer, NULL), 0);
    bench_run(&bench, "set cert import trust Phone-SAST-trust %s",
              bench_write(&bench, "signer.der", trust_cert_der(signer)));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    trust_cert_free(signer);
    trust_list_free(list);
    free(data);
    bench_run(&bench, "utils ctl set-cluster non-secure-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Non Secure Mode", NULL);
    list = lists_read(&bench, "CTL");
    lists_expect(list, "SAST (CCM+TFTP) SAST");
    trust_list_free(list);
    bench_close(&bench);
}
END_TEST

/* Where one was published, phones may hold it, whatever lies there now. */
START_TEST(garbage_over_one_of_ours)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    put_garbage(&bench);
    bench_run(&bench, "show ctl");
    bench_expect(&bench, TVSCTL_NO, NULL, "`utils ctl update CTLFile` makes a new one");
    bench_run(&bench, "utils ctl set-cluster non-secure-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Non Secure Mode", NULL);
    put_garbage(&bench);
    bench_run(&bench, "show ctl");
    bench_expect(&bench, TVSCTL_NO, NULL, "`utils ctl set-cluster non-secure-mode` makes a new one");
    bench_run(&bench, "utils ctl set-cluster non-secure-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Non Secure Mode", NULL);
    trust_list_free(lists_read(&bench, "CTL"));
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("ctl left");
    TCase *tests = tcase_create("ctl left");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, nothing_was_left_behind, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(tests, migrated_one_is_left);
    tcase_add_test(tests, garbage_over_one_of_ours);
    suite_add_tcase(all, tests);
    return all;
}
