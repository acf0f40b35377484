/* Between what the guard rails looked at and what is done: the state may be another, and what was refused
 * where it was rehearsed gets no further. */
#include "helper_guard.h"
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/terminal.h"
#include "tvsctl/guard.h"
#include "tvsctl/guard_seen.h"
#include "tvsctl/phrase.h"
#include "tvsctl/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 60

/* ---- Another phrase while the operator thinks */

/* In the child. */
static void say_on_terminal(const struct bench *bench)
{
    char words[] = "tvsctl\0--config\0set\0cert\0regen\0CallManager", *at = words, *argv[8] = {NULL};
    char *config = strdup(bench->config);
    for (int i = 0; i < 7; i++) {
        argv[i] = i == 2 ? config : at;
        at += i == 2 ? 0 : strlen(at) + 1;
    }
    const struct tvsctl_io io = {STDIN_FILENO, stdout, stderr};
    const int status = tvsctl_run(7, argv, &io);
    fflush(stdout);
    _exit(status);
}

/* "set cert regen CallManager" up to its question. */
static void begin(struct bench *bench, struct terminal *terminal)
{
    const pid_t pid = terminal_fork(terminal, 200);
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        say_on_terminal(bench);
    ck_assert_msg(terminal_wait(terminal, "(yes|no)? ", SECONDS), "%s", terminal->said);
}

static void answer(struct terminal *terminal, int status, const char *said)
{
    ck_assert(terminal_type(terminal, "yes\n"));
    ck_assert_msg(terminal_wait(terminal, said, SECONDS), "%s", terminal->said);
    ck_assert_int_eq(terminal_end(terminal, SECONDS), status);
    terminal_free(terminal);
}

START_TEST(changed_meanwhile)
{
    static const char *const phrases[] = {
        "set cert regen TVS", "utils itl reset localkey", "utils ctl set-cluster mixed-mode",
        "utils node add sub 10.48.47.156", /* says nothing that the guard rails look at */
    };
    struct bench bench;
    struct terminal terminal;
    guard_open(&bench, "");
    begin(&bench, &terminal);
    guard_passes(&bench, phrases[_i]);
    if (_i == 3) {
        answer(&terminal, TVSCTL_DONE, "Successfully Regenerated Certificate for CallManager.");
    } else {
        char *before = lists_snapshot(&bench);
        answer(&terminal, TVSCTL_REFUSED,
               "another phrase has changed this state since the guard rails looked at `set cert regen "
               "CallManager`; nothing was changed: say it again");
        lists_expect_unchanged(&bench, before);
    }
    guard_close(&bench);
}
END_TEST

/* ---- Refused at the rehearsal's place alone */

/* A run of a guarded phrase that comes to its step. */
struct scene {
    struct bench bench;
    struct session session;
    struct tvsctl ctl;
    struct state state;
    FILE *out;
};

static void open_scene(struct scene *scene)
{
    struct trust_error err;
    *scene = (struct scene){.session = {.grammar = &grammar}};
    guard_open(&scene->bench, "");
    scene->out = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(scene->out);
    scene->ctl = (struct tvsctl){.io = {-1, scene->out, scene->out},
                                 .session = &scene->session,
                                 .said = "set cert regen CAPF",
                                 .now = time(NULL)};
    ck_assert_int_eq(config_load(scene->bench.config, &scene->ctl.config, &err), 0);
    ck_assert_int_eq(state_open(scene->ctl.config, TRUST_STORE_WRITE, &scene->state, &err), 0);
    scene->ctl.seen = calloc(1, sizeof *scene->ctl.seen);
    ck_assert_ptr_nonnull(scene->ctl.seen);
}

static void close_scene(struct scene *scene)
{
    state_close(&scene->state);
    guard_seen_free(scene->ctl.seen);
    guard_free(scene->ctl.forced);
    config_free(scene->ctl.config);
    fclose(scene->out);
    guard_close(&scene->bench);
}

static int nothing(struct change *change, void *arg, struct trust_error *err)
{
    (void)change;
    (void)err;
    ++*(int *)arg;
    return 0;
}

START_TEST(refused_there_alone)
{
    struct scene scene;
    struct trust_error err = {0};
    int steps = 0;
    open_scene(&scene);
    ck_assert_int_eq(change_do(&scene.ctl, &scene.state, nothing, &steps, &err), 0);
    scene.ctl.seen->is_done = false;
    guard_seen_refused(scene.ctl.seen, "tvsctl: warning: first\ntvsctl: no room on the disk of /tmp/x\n");
    ck_assert_str_eq(scene.ctl.seen->why, "no room on the disk of /tmp/x");
    ck_assert_int_eq(change_do(&scene.ctl, &scene.state, nothing, &steps, &err), TRUST_EDENIED);
    ck_assert_int_eq(steps, 2);
    ck_assert(helper_holds(err.text, "`set cert regen CAPF` is refused where it is rehearsed, and not here "
                                     "(no room on the disk of /tmp/x)"));
    ck_assert(helper_holds(err.text, "--force does it all the same, and is logged"));
    ck_assert_int_eq(guard_count_forced(&scene.bench), 0);
    scene.ctl.flags.given |= FLAG_BIT(FLAG_FORCE);
    ck_assert_int_eq(change_do(&scene.ctl, &scene.state, nothing, &steps, &err), 0);
    ck_assert_int_eq(guard_count_forced(&scene.bench), 1);
    ck_assert_str_eq(scene.ctl.forced->items[0].guard, "not-rehearsed");
    close_scene(&scene);
}
END_TEST

START_TEST(what_was_said_there)
{
    static const struct {
        const char *said, *why;
    } rows[] = {
        {NULL, ""},
        {"", ""},
        {"\n", ""},
        {"no end", "no end"},
        {"tvsctl: one\n", "one"},
        {"tvsctl: warning: one\ntvsctl: two\n", "two"},
        {"one\n\n", ""},
    };
    struct guard_seen seen = {0};
    guard_seen_refused(&seen, rows[_i].said);
    ck_assert(seen.was_refused);
    ck_assert_str_eq(seen.why, rows[_i].why);
}
END_TEST

/* A phrase that no guard rail looks at is not kept by a place that cannot be made. */
START_TEST(what_only_shows)
{
    struct bench bench;
    guard_open(&bench, "");
    guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    char *temporary = strdup(getenv("TMPDIR"));
    setenv("TMPDIR", bench_path(&bench, "nowhere"), 1);
    bench_run(&bench, "utils ctl set-cluster non-secure-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Non Secure Mode",
                 "warning: what this does to phones cannot be shown: ");
    setenv("TMPDIR", temporary, 1);
    free(temporary);
    guard_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("guard_seen");
    TCase *tcase = tcase_create("guard_seen");
    tcase_add_loop_test(tcase, changed_meanwhile, 0, 4);
    tcase_add_test(tcase, refused_there_alone);
    tcase_add_loop_test(tcase, what_was_said_there, 0, 7);
    tcase_add_test(tcase, what_only_shows);
    suite_add_tcase(suite, tcase);
    return suite;
}
