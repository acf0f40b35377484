/* The console on a pseudo-terminal, within this program; tests/it/45-console.sh has the whole of it. */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/terminal.h"
#include "tvsctl/console.h"
#include "tvsctl/editor.h"
#include "tvsctl/run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECONDS 20

/* Begin `tvsctl --config CONFIG [OPTION]` on a terminal, with the bench's folder as the home. */
static void begin(const struct bench *bench, struct terminal *terminal, unsigned short columns, char *option)
{
    char program[] = "tvsctl", config[] = "--config", path[256];
    pid_t child = terminal_fork(terminal, columns);
    ck_assert_int_ge(child, 0);
    if (child > 0)
        return;
    snprintf(path, sizeof path, "%s", bench->config);
    char *argv[] = {program, config, path, option};
    const struct tvsctl_io io = {STDIN_FILENO, stdout, stderr};
    setenv("HOME", bench->folder, 1);
    setenv("TERM", "xterm", 1);
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    int status = tvsctl_run(option != NULL ? 4 : 3, argv, &io);
    fflush(stdout);
    _exit(status);
}

static void waits(struct terminal *terminal, const char *text)
{
    ck_assert_msg(terminal_wait(terminal, text, SECONDS), "not printed: %s; but: %s", text, terminal->said);
}

/* It is at its prompt; type. */
static void type(struct terminal *terminal, const char *keys)
{
    waits(terminal, "admin:");
    ck_assert(terminal_wait_raw(terminal, true, SECONDS));
    ck_assert(terminal_type(terminal, keys));
}

static void end(struct bench *bench, struct terminal *terminal)
{
    type(terminal, "exit\r");
    ck_assert_int_eq(terminal_end(terminal, SECONDS), 0);
    terminal_free(terminal);
    bench_close(bench);
}

START_TEST(greets_and_leaves)
{
    struct bench bench;
    struct terminal terminal;
    bench_open(&bench, "");
    begin(&bench, &terminal, 80, NULL);
    waits(&terminal, "tvsctl " TVS_VERSION ". Tab completes, ? shows what fits, exit leaves\r\n");
    type(&terminal, "frobnicate\r");
    waits(&terminal, "no phrase begins with `frobnicate`");
    end(&bench, &terminal);
}
END_TEST

/* What was said at the start holds for each line; what a line says itself comes first. */
START_TEST(options_of_the_start)
{
    struct bench bench;
    struct terminal terminal;
    char yes[] = "--yes";
    bench_open(&bench, "");
    begin(&bench, &terminal, 80, yes);
    for (int i = 0; i < 2; i++) {
        type(&terminal, "set cert regen TVS\r");
        waits(&terminal, i > 0 ? "(yes|no)? yes" : "Successfully");
        waits(&terminal, "for the regenerated certificates to become active.");
    }
    type(&terminal, "show cert own TVS --config /nowhere.yaml\r");
    waits(&terminal, "/nowhere.yaml");
    end(&bench, &terminal);
}
END_TEST

/* A line of several rows is drawn again as it was, below what was shown. */
START_TEST(long_line_on_a_narrow_terminal)
{
    struct bench bench;
    struct terminal terminal;
    bench_open(&bench, "");
    begin(&bench, &terminal, 30, NULL);
    type(&terminal, "set cert import trust tomcat-trust aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ?");
    waits(&terminal, "<FILE>…");
    waits(&terminal, "--password-file FILE");
    /* The line has three rows. The editor clears as many upwards: two that were left free, and its own. */
    waits(&terminal, "that is logged\r\n\r\n\r\n");
    waits(&terminal, "admin:set cert import trust");
    ck_assert(terminal_type(&terminal, "\025"));
    ck_assert(terminal_type(&terminal, "show cert list own\r"));
    waits(&terminal, "there is no store yet");
    end(&bench, &terminal);
}
END_TEST

/* Tab knows what is there. */
START_TEST(values_that_are_there)
{
    static const struct {
        const char *typed, *completed;
    } cases[] = {
        {"show cert trust tomcat-trust Ab\t", "el\\ Root"},
        {"set cert regen TVS --node fa\t", "r-away"},
        {"utils rehearse utils node delete f\t", "ar-away"},
        {"file delete tftp SEPA\t", ".cnf.xml"},
        {"file sign SEPB\t", ".cnf.xml"},
        {"utils itl restore \t", "1"},
    };
    struct bench bench;
    struct terminal terminal;
    bench_open(&bench, "  itl: manual\n");
    bench_write_cert(&bench, "abel.pem", "Abel Root", time(NULL));
    bench_run(&bench, "set cert import trust tomcat-trust %s", bench_path(&bench, "abel.pem"));
    bench_run(&bench, "utils node add far-away");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils itl update --yes");
    bench_write(&bench, bench_in_tftp(&bench, "SEPA.cnf.xml"), helper_bytes("x"));
    bench_write(&bench, bench_in_tftp(&bench, "SEPB.cnf.xml"), helper_bytes("x"));
    bench_write(&bench, bench_in_tftp(&bench, "SEPB.cnf.xml.sgn"), helper_bytes("x"));
    begin(&bench, &terminal, 80, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        type(&terminal, cases[i].typed);
        waits(&terminal, cases[i].completed);
        ck_assert(terminal_type(&terminal, "\003"));
    }
    end(&bench, &terminal);
}
END_TEST

/* A phrase that dies takes nothing with it. */
START_TEST(phrase_that_dies)
{
    struct bench bench;
    struct terminal terminal;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen TVS");
    begin(&bench, &terminal, 80, NULL);
    type(&terminal, "set cert regen TVS\r");
    waits(&terminal, "(yes|no)? ");
    ck_assert(terminal_wait_raw(&terminal, false, SECONDS));
    ck_assert(terminal_type(&terminal, "\034")); /* SIGQUIT */
    waits(&terminal, "the phrase was ended by signal 3");
    end(&bench, &terminal);
}
END_TEST

/* Only where there is a terminal on both sides, and nothing was said that is for a phrase. */
START_TEST(wanted)
{
    static const struct {
        bool in, out;
        unsigned given;
        bool is_console, wanted;
    } cases[] = {
        {true, true, 0, false, true},
        {true, true, FLAG_BIT(FLAG_CONFIG) | FLAG_BIT(FLAG_YES), false, true},
        {true, true, FLAG_BIT(FLAG_JSON), false, false},
        {true, true, FLAG_BIT(FLAG_HELP), false, false},
        {true, true, 0, true, false},
        {false, true, 0, false, false},
        {true, false, 0, false, false},
        {false, false, 0, false, false},
    };
    struct terminal terminal;
    pid_t child = terminal_fork(&terminal, 80);
    ck_assert_int_ge(child, 0);
    if (child > 0) {
        ck_assert_int_eq(terminal_end(&terminal, SECONDS), 0);
        terminal_free(&terminal);
        return;
    }
    char *text;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session session = {.is_console = cases[i].is_console};
        struct tvsctl ctl = {.session = &session, .flags.given = cases[i].given};
        ctl.io = (struct tvsctl_io){cases[i].in ? STDIN_FILENO : -1, cases[i].out ? stdout : memory, stderr};
        if (console_is_wanted(&ctl) != cases[i].wanted)
            _exit((int)i + 1);
    }
    _exit(0);
}
END_TEST

/* The history alone: an equal line goes to its end, and the file is written each time. */
START_TEST(history_file)
{
    char *folder = fixture_folder(), path[512];
    struct terminal terminal;
    struct stat info;
    snprintf(path, sizeof path, "%s/history", folder);
    pid_t child = terminal_fork(&terminal, 80);
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const struct tvsctl_io io = {STDIN_FILENO, stdout, stderr};
        struct editor *editor = editor_new(&io, &grammar, NULL, "> ", path);
        if (editor == NULL)
            _exit(1);
        editor_remember(editor, "a b");
        editor_remember(editor, "ż 'c'");
        editor_remember(editor, "a b");
        editor_free(editor);
        free(folder);
        _exit(0);
    }
    ck_assert_int_eq(terminal_end(&terminal, SECONDS), 0);
    terminal_free(&terminal);
    struct trust_bytes bytes = fixture_read(path);
    ck_assert_str_eq((const char *)bytes.data, "ż 'c'\na b\n");
    fixture_free(bytes);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
    fixture_folder_remove(folder);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("console");
    TCase *tests = tcase_create("console");
    tcase_add_test(tests, greets_and_leaves);
    tcase_add_test(tests, options_of_the_start);
    tcase_add_test(tests, long_line_on_a_narrow_terminal);
    tcase_add_test(tests, values_that_are_there);
    tcase_add_test(tests, phrase_that_dies);
    tcase_add_test(tests, wanted);
    tcase_add_test(tests, history_file);
    suite_add_tcase(all, tests);
    return all;
}
