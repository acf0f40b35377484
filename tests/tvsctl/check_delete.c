/* set cert delete: what goes, what follows, and while somebody else changes the store. */
#include "helper_lists.h"
#include "tests/check_main.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The question of a deletion that runs in a process of its own, and the terminal to answer on. */
struct question {
    pid_t child;
    int master, out;
};

static void ask(const struct bench *bench, int in, int out)
{
    char program[] = "tvsctl", option[] = "--config", set[] = "set", cert[] = "cert", delete[] = "delete",
         unit[] = "Phone-trust", name[] = "TVS.pem", config[256];
    char *argv[] = {program, option, config, set, cert, delete, unit, name, NULL};
    snprintf(config, sizeof config, "%s", bench->config);
    const struct tvsctl_io io = {in, fdopen(out, "w"), stderr};
    int status = tvsctl_run(8, argv, &io);
    fflush(io.out);
    _exit(status);
}

static struct question start(const struct bench *bench)
{
    struct question question = {.master = posix_openpt(O_RDWR | O_NOCTTY)};
    int ends[2];
    char text[512] = "";
    size_t len = 0;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert(grantpt(question.master) == 0 && unlockpt(question.master) == 0);
    int in = open(ptsname(question.master), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(in, 0);
    question.child = fork();
    if (question.child == 0)
        ask(bench, in, ends[1]);
    close(ends[1]);
    question.out = ends[0];
    for (ssize_t got = 1; got > 0 && strstr(text, "(yes|no)? ") == NULL && len + 1 < sizeof text;) {
        got = read(question.out, text + len, sizeof text - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    close(in);
    ck_assert_msg(strstr(text, "(yes|no)? ") != NULL, "%s", text);
    return question;
}

static int say_yes(const struct question *question)
{
    int status;
    ck_assert_int_eq(write(question->master, "yes\n", 4), 4);
    ck_assert_int_eq(waitpid(question->child, &status, 0), question->child);
    close(question->master);
    close(question->out);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void import_from(struct bench *bench, time_t from)
{
    bench_run(bench, "set cert import trust Phone-trust %s", bench_write_cert(bench, "x.pem", "TVS", from));
    bench_expect(bench, TVSCTL_DONE, "added to Phone-trust", NULL);
}

/* What goes is the certificate that the question named, and no other that has its name by now. */
START_TEST(another_one_meanwhile)
{
    struct bench bench;
    bench_open(&bench, "");
    import_from(&bench, 1425667513);
    struct question question = start(&bench);
    if (_i == 1)
        import_from(&bench, 1525667513);
    ck_assert_int_eq(say_yes(&question), _i == 1 ? TVSCTL_REFUSED : TVSCTL_DONE);
    bench_run(&bench, "show cert list trust");
    ck_assert_int_eq(helper_count(bench.out, "Phone-trust"), _i);
    bench_close(&bench);
}
END_TEST

static void open_cluster(struct bench *bench, const char *config)
{
    bench_open(bench, config);
    bench_run(bench, "set cert regen CallManager");
    bench_run(bench, "set cert regen TVS");
    bench_run(bench, "set cert regen CAPF");
    bench_run(bench, "utils itl update --yes");
    bench_run(bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(bench, TVSCTL_DONE, NULL, "");
}

static void expect_itl(const struct bench *bench, const char *functions)
{
    struct trust_list *itl = lists_read(bench, "ITL");
    lists_expect(itl, functions);
    trust_list_free(itl);
}

/* A key of a unit in the folder of keys. */
static bool has_key(const struct bench *bench, const char *unit)
{
    char wanted[64], *snapshot = lists_snapshot(bench);
    snprintf(wanted, sizeof wanted, "/keys/%s-", unit);
    bool has = strstr(snapshot, wanted) != NULL;
    free(snapshot);
    return has;
}

START_TEST(lists_follow)
{
    struct bench bench;
    open_cluster(&bench, "");
    expect_itl(&bench, "SAST CCM+TFTP TVS# CAPF# SAST");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "set cert delete CAPF CAPF.pem");
    bench_expect(&bench, TVSCTL_REFUSED, "", "Repeat it with --yes");
    lists_expect_unchanged(&bench, before);
    bench_run(&bench, "set cert delete CAPF CAPF.pem --yes");
    bench_expect(
        &bench, TVSCTL_DONE,
        ": deleted from CAPF\nThe CTL file does not hold the change yet: run `utils ctl update CTLFile`.\n",
        "");
    expect_itl(&bench, "SAST CCM+TFTP TVS# SAST");
    ck_assert(!has_key(&bench, "CAPF") && has_key(&bench, "TVS"));
    bench_run(&bench, "set cert delete TVS TVS.pem --yes");
    bench_expect(&bench, TVSCTL_DONE,
                 " from TVS, and its private key. tvsd goes on with both until it is restarted, and then "
                 "does not start",
                 "the ITL file holds no TVS certificate");
    expect_itl(&bench, "SAST CCM+TFTP SAST");
    bench_close(&bench);
}
END_TEST

/* Without it nobody can sign: what is published stays, and the operator is told. */
START_TEST(the_signer)
{
    struct bench bench;
    open_cluster(&bench, "");
    bench.forces = true;
    int published = lists_count(&bench);
    bench_run(&bench, "set cert delete CallManager CallManager.pem --yes");
    bench_expect(
        &bench, TVSCTL_DONE, "cucm-1051-a-pub: deleted from CallManager\n",
        "without a CallManager certificate no list can be signed any more, and phones go on fetching "
        "CTLFile.tlv and ITLFile.tlv as published, with the deleted certificate; `set cert regen "
        "CallManager` makes one");
    ck_assert_int_eq(helper_count(bench.out, "does not hold"), 0);
    ck_assert_int_eq(lists_count(&bench), published);
    ck_assert(has_key(&bench, "CallManager"));
    expect_itl(&bench, "SAST CCM+TFTP TVS# CAPF# SAST");
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_DONE, "The ITL file was verified successfully.", NULL);
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, "(retired) cucm-1051-a-pub ", "");
    bench_expect(&bench, TVSCTL_DONE, "CTL, ITL cucm-1051-a-pub replaced or deleted; kept until", "");
    bench_run(&bench, "set cert delete TVS TVS.pem --yes");
    bench_expect(&bench, TVSCTL_DONE, "deleted from TVS\n", "");
    ck_assert_int_eq(lists_count(&bench), published);
    bench_run(&bench, "set cert regen CallManager");
    bench_expect(&bench, TVSCTL_DONE, "run `utils ctl update CTLFile`", NULL);
    expect_itl(&bench, "SAST CCM+TFTP CAPF# SAST");
    bench_close(&bench);
}
END_TEST

/* The first certificate there is goes before any list was published. */
START_TEST(the_signer_of_nothing)
{
    struct bench bench;
    bench_open(&bench, "  itl: manual\n");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert delete CallManager CallManager.pem --yes");
    bench_expect(&bench, TVSCTL_DONE, "deleted from CallManager\n",
                 "warning: without a CallManager certificate no list can be signed any more; `set cert regen "
                 "CallManager` makes one\n");
    bench_close(&bench);
}
END_TEST

/* The lists need one, so that deleting it means a new one; unless they do not. */
START_TEST(the_second_anchor)
{
    struct bench bench;
    open_cluster(&bench, _i == 0 ? "" : "  itl: manual\n");
    bench_run(&bench, "show cert own ITLRecovery");
    char *before = strdup(strstr(bench.out, "-----BEGIN"));
    bench_run(&bench, "set cert delete ITLRecovery ITLRecovery.pem --yes");
    if (_i == 0) {
        bench_expect(
            &bench, TVSCTL_DONE,
            "until they fetch a list with another; its private key stays in keys/\nProceed with deletion "
            "(yes|no)? yes\n",
            "");
        bench_expect(
            &bench, TVSCTL_DONE,
            "deleted from ITLRecovery\nA new ITLRecovery was made, since the trust lists need one.\nThe "
            "CTL file does not hold ITLRecovery of cucm-1051-a-pub yet: run `utils ctl update CTLFile`.\n",
            "");
        bench_run(&bench, "show cert own ITLRecovery");
        bench_expect(&bench, TVSCTL_DONE, "-----BEGIN", "");
        ck_assert_ptr_null(strstr(bench.out, before));
    } else {
        bench_expect(
            &bench, TVSCTL_DONE,
            "deleted from ITLRecovery\nThe CTL file does not hold the change yet: run `utils ctl update "
            "CTLFile`.\nThe ITL file does not hold the change yet: run `utils itl update`.\n",
            "");
        bench_run(&bench, "show cert own ITLRecovery");
        bench_expect(&bench, TVSCTL_REFUSED, "", "`set cert regen ITLRecovery` makes one");
    }
    ck_assert(has_key(&bench, "ITLRecovery")); /* it signed lists, and may win back phones */
    free(before);
    bench_close(&bench);
}
END_TEST

/* Two nodes, one unit: the serial number tells which is meant. */
START_TEST(one_of_two_nodes)
{
    struct bench bench;
    char serial[64] = "";
    open_cluster(&bench, "");
    bench_run(&bench, "utils node add sub1 10.48.47.156");
    bench_run(&bench, "set cert regen TVS --node sub1");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "set cert delete TVS TVS.pem --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "name one by its serial number");
    lists_expect_unchanged(&bench, before);
    bench_run(&bench, "show cert own TVS --node sub1 --json");
    ck_assert_int_eq(sscanf(strstr(bench.out, "\"serial\": \""), "\"serial\": \"%63[0-9a-fA-F]", serial), 1);
    bench_run(&bench, "set cert delete TVS %s --yes", serial);
    bench_expect(&bench, TVSCTL_DONE, "sub1: deleted from TVS\n", "");
    expect_itl(&bench, "SAST CCM+TFTP TVS# CAPF# SAST");
    bench_run(&bench, "show cert own TVS");
    bench_expect(&bench, TVSCTL_DONE, "CN=cucm-1051-a-pub", "");
    bench_close(&bench);
}
END_TEST

/* Other people's certificates stand in no list: nothing is signed for them, even if nothing could be. */
START_TEST(trust_unit)
{
    struct bench bench;
    char elsewhere[300];
    open_cluster(&bench, "");
    import_from(&bench, 1425667513);
    int published = lists_count(&bench);
    snprintf(elsewhere, sizeof elsewhere, "%s.away", bench.tftp);
    ck_assert_int_eq(rename(bench.tftp, elsewhere), 0);
    bench_run(&bench, "set cert delete Phone-trust TVS --yes");
    bench_expect(&bench, TVSCTL_DONE, "TVS: deleted from Phone-trust\n", "");
    ck_assert_int_eq(lists_count(&bench), published);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("delete");
    TCase *tests = tcase_create("delete");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, another_one_meanwhile, 0, 2);
    tcase_add_test(tests, lists_follow);
    tcase_add_test(tests, the_signer);
    tcase_add_test(tests, the_signer_of_nothing);
    tcase_add_loop_test(tests, the_second_anchor, 0, 2);
    tcase_add_test(tests, one_of_two_nodes);
    tcase_add_test(tests, trust_unit);
    suite_add_tcase(all, tests);
    return all;
}
