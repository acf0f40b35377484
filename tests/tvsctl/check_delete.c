/* set cert delete, while somebody else changes the store. */
#include "helper.h"
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

Suite *suite(void)
{
    Suite *all = suite_create("delete");
    TCase *tests = tcase_create("delete");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, another_one_meanwhile, 0, 2);
    suite_add_tcase(all, tests);
    return all;
}
