/* The grammar, the options around it, and that the manual page knows both. */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/mdoc.h"
#include "tvsctl/phrase.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void match_in(const struct grammar *of, const char *text, struct phrase_match *out)
{
    static char copy[256];
    static char *words[20];
    size_t count = 0;
    char *save;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        words[count++] = word;
    phrase_match(of, words, count, out);
}

static void match(const char *text, struct phrase_match *out)
{
    match_in(&grammar, text, out);
}

/* Words, and the row that they find with how many arguments. */
static const struct {
    const char *text, *row;
    size_t arguments;
} found[] = {
    {"show ctl", "show ctl [FILE]", 0},
    {"show ctl x.tlv", "show ctl [FILE]", 1},
    {"sh i", "show itl [FILE]", 0},
    {"SHOW CTL", "show ctl [FILE]", 0},
    {"show cert list own", "show cert list own", 0},
    {"sh ce l t", "show cert list trust", 0},
    {"show cert own CallManager.pem", "show cert own <UNIT>", 1},
    {"show cert o own", "show cert own <UNIT>", 1},
    {"show cert trust tomcat-trust CN=x", "show cert trust <UNIT> <NAME>", 2},
    {"set cert import own TVS a.pem", "set cert import own <UNIT> <FILE>…", 2},
    {"set cert import trust Phone-SAST-trust a b c d", "set cert import trust <UNIT> <FILE>…", 5},
    {"set cert regen TVS", "set cert regen <UNIT>", 1},
    {"set csr gen TVS", "set csr gen <UNIT>", 1},
    {"se n h x", "set network hostname <NAME>", 1},
    {"sh cs l", "show csr list", 0},
    {"show csr own tomcat", "show csr own <UNIT>", 1},
    {"u n a x 10.1.2.3", "utils node add <NAME> [ADDRESS]", 2},
    {"utils node add x", "utils node add <NAME> [ADDRESS]", 1},
    {"u n d x", "utils node delete <NAME>", 1},
    {"u n l", "utils node list", 0},
    {"set cert delete tomcat x", "set cert delete <UNIT> <NAME>", 2},
    {"run sql select 1", "run sql <STATEMENT>…", 2},
    {"utils import usecallmanager x.db", "utils import usecallmanager <DB>", 1},
    {"utils ctl set-cluster mixed-mode", "utils ctl set-cluster mixed-mode", 0},
    {"utils ctl update CTLFile", "utils ctl update CTLFile", 0},
    {"u c u c", "utils ctl update CTLFile", 0},
    {"fi l t", "file list tftp", 0},
    {"file get tftp a", "file get tftp <NAME> [FILE]", 1},
    {"file get tftp a b", "file get tftp <NAME> [FILE]", 2},
    {"file d t CTLFile.tlv", "file delete tftp <NAME>", 1},
    {"file delete activelog cm/tftpdata/CTLFile.tlv", "file delete activelog <FILE>", 1},
    {"file sign", "file sign [FILE]…", 0},
    {"file sign a b c", "file sign [FILE]…", 3},
    {"fi v a", "file verify <FILE>…", 1},
};

START_TEST(finds)
{
    struct phrase_match got;
    match(found[_i].text, &got);
    ck_assert_msg(got.result == PHRASE_FOUND, "%s: %s", found[_i].text, got.fits);
    ck_assert_str_eq(got.phrase->words, found[_i].row);
    ck_assert_uint_eq(got.arg_count, found[_i].arguments);
    ck_assert_ptr_nonnull(got.phrase->run);
}
END_TEST

/* Words that are no phrase: why, at which word, what fits there. */
static const struct {
    const char *text;
    enum phrase_result result;
    size_t at;
    const char *fits;
} refused[] = {
    {"", PHRASE_MISSING, 0, "show, set, file, run, utils"},
    {"s ctl", PHRASE_AMBIGUOUS, 0, "show, set"},
    {"shw ctl", PHRASE_WRONG, 0, "show, set, file, run, utils"},
    {"show", PHRASE_MISSING, 1, "ctl, itl, cert, published, token, status, tvs, csr"},
    {"show c", PHRASE_AMBIGUOUS, 1, "ctl, cert, csr"},
    {"show ctls", PHRASE_WRONG, 1, "ctl, itl, cert, published, token, status, tvs, csr"},
    {"show ctl a b", PHRASE_WRONG, 3, ""},
    {"show cert", PHRASE_MISSING, 2, "list, own, trust"},
    {"show cert list", PHRASE_MISSING, 3, "own, trust"},
    {"show cert own", PHRASE_MISSING, 3, "<UNIT>"},
    {"show cert own A B", PHRASE_WRONG, 4, ""},
    {"show cert trust A", PHRASE_MISSING, 4, "<NAME>"},
    {"set cert import trust A", PHRASE_MISSING, 5, "<FILE>…"},
    {"set cert import all A b", PHRASE_WRONG, 3, "own, trust"},
    {"run sql", PHRASE_MISSING, 2, "<STATEMENT>…"},
    {"utils ctl", PHRASE_MISSING, 2, "set-cluster, update, sign, reset, restore"},
    {"utils ctl set-cluster mixed-mode now", PHRASE_WRONG, 4, ""},
    {"utils ctl update ITLFile", PHRASE_WRONG, 3, "CTLFile"},
};

START_TEST(refuses)
{
    struct phrase_match got;
    match(refused[_i].text, &got);
    ck_assert_msg(got.result == refused[_i].result, "%s: %d", refused[_i].text, got.result);
    ck_assert_uint_eq(got.at, refused[_i].at);
    ck_assert_str_eq(got.fits, refused[_i].fits);
}
END_TEST

/* A word of no letters is the beginning of every word, and yet none. */
START_TEST(empty_word_fits_nothing)
{
    char show[] = "show", empty[] = "", *words[] = {show, empty};
    struct phrase_match got;
    phrase_match(&grammar, words, 2, &got);
    ck_assert_int_eq(got.result, PHRASE_WRONG);
    ck_assert_uint_eq(got.at, 1);
}
END_TEST

/* What our own grammar has no case of yet: a word that begins another, and a word where others take an
 * argument. */
static const struct phrase odd_rows[] = {
    {.words = "get files"},  {.words = "get file"},    {.words = "get file now"},
    {.words = "get <NAME>"}, {.words = "put <A> [B]"},
};
static const struct grammar odd = {odd_rows, sizeof odd_rows / sizeof odd_rows[0]};

static const struct {
    const char *text;
    enum phrase_result result;
    const char *row;
} odd_cases[] = {
    {"get file", PHRASE_FOUND, "get file"},     {"get files", PHRASE_FOUND, "get files"},
    {"get fil", PHRASE_AMBIGUOUS, NULL},        {"get file n", PHRASE_FOUND, "get file now"},
    {"get folder", PHRASE_FOUND, "get <NAME>"}, {"get", PHRASE_MISSING, NULL},
    {"put a", PHRASE_FOUND, "put <A> [B]"},     {"put a b", PHRASE_FOUND, "put <A> [B]"},
    {"put a b c", PHRASE_WRONG, NULL},          {"put", PHRASE_MISSING, NULL},
};

START_TEST(odd_grammar)
{
    struct phrase_match got;
    match_in(&odd, odd_cases[_i].text, &got);
    ck_assert_msg(got.result == odd_cases[_i].result, "%s: %d", odd_cases[_i].text, got.result);
    if (odd_cases[_i].row != NULL)
        ck_assert_str_eq(got.phrase->words, odd_cases[_i].row);
}
END_TEST

/* Whole command lines: status and what is said. */
static const struct {
    const char *line;
    int status;
    const char *out, *err;
} lines[] = {
    {"", TVSCTL_USAGE, "", "a phrase is missing. It begins with: show, set, file, run, utils"},
    {"sho", TVSCTL_USAGE, "", "`sho` needs more. Behind it fits: ctl, itl, cert"},
    {"s ctl", TVSCTL_USAGE, "", "`s` can be several words; write more of it: show, set"},
    {"frobnicate", TVSCTL_USAGE, "",
     "no phrase begins with `frobnicate`. One begins with: show, set, file, run, utils"},
    {"show cert liszt own", TVSCTL_USAGE, "",
     "`liszt` does not fit behind `show cert`. What fits: list, own, trust"},
    {"help show itl", TVSCTL_DONE, "show itl [FILE]", ""},
    {"help frobnicate", TVSCTL_USAGE, "", "no phrase begins like that"},
    {"show cert trust tomcat-trust Own Root", TVSCTL_USAGE, "",
     "A name with blanks stands in quotes: \"Own Root\""},
    {"show itl a b", TVSCTL_USAGE, "", "`b` is one word too many: nothing follows `show itl a`"},
    {"show ctl --jsn", TVSCTL_USAGE, "", "there is no option --jsn"},
    {"--frob show", TVSCTL_USAGE, "", "there is no option --frob"},
    {"show ctl --days 3", TVSCTL_USAGE, "", "`show ctl [FILE]` does not take --days N"},
    {"utils ctl update CTLFile --json", TVSCTL_USAGE, "", "does not take --json"},
    {"set cert regen TVS --node", TVSCTL_USAGE, "", "--node needs a value: --node NAME"},
    {"show ctl --json=yes", TVSCTL_USAGE, "", "--json takes no value"},
    {"set cert regen TVS --days 3 --days 4", TVSCTL_USAGE, "", "--days stands there twice"},
    {"show ctl \x1b[2J x", TVSCTL_USAGE, "", "\\1B[2J"},
    {"--version", TVSCTL_DONE, "tvsctl " TVS_VERSION, ""},
    {"--help", TVSCTL_DONE, "utils ctl set-cluster mixed-mode", ""},
    {"--help", TVSCTL_DONE, "--password-file FILE", ""},
    {"--help show cert", TVSCTL_DONE, "show cert trust <UNIT> <NAME> [--json]", ""},
    {"set cert regen --help", TVSCTL_DONE, "set cert regen <UNIT> [--node NAME] [--key SPEC] [--days N]", ""},
    {"--help frob", TVSCTL_USAGE, "", "no phrase begins like that"},
    {"--config /nowhere/tvsd.yaml show ctl", TVSCTL_REFUSED, "", "/nowhere/tvsd.yaml"},
    {"--config=/nowhere/tvsd.yaml show ctl x.tlv", TVSCTL_REFUSED, "", "/nowhere/tvsd.yaml"},
};

START_TEST(says)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run_plain(&bench, NULL, lines[_i].line);
    bench_expect(&bench, lines[_i].status, lines[_i].out, lines[_i].err);
    ck_assert_ptr_null(strchr(bench.err, '\x1b'));
    bench_close(&bench);
}
END_TEST

/* A statement may hold words that look like options; those that are options stay options. */
START_TEST(statement_keeps_its_words)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen TVS");
    bench_run(&bench, "run sql select 1 as one --comment");
    bench_expect(&bench, TVSCTL_DONE, "one\n===\n1\n", "");
    bench_run(&bench, "run sql --json select 1 as one");
    bench_expect(&bench, TVSCTL_DONE, "\"one\": \"1\"", "");
    bench_close(&bench);
}
END_TEST

START_TEST(config_that_is_wrong_is_said)
{
    struct bench bench;
    bench_open(&bench, "nonsense: 1\n");
    bench_run(&bench, "show ctl");
    bench_expect(&bench, TVSCTL_REFUSED, "", "nonsense");
    bench_close(&bench);
}
END_TEST

START_TEST(full_disk_is_no_success)
{
    FILE *full = fopen("/dev/full", "w"), *err;
    char program[] = "tvsctl", help[] = "--help", *text = NULL, *argv[] = {program, help};
    size_t size;
    if (full == NULL)
        return;
    err = open_memstream(&text, &size);
    const struct tvsctl_io io = {-1, full, err};
    ck_assert_int_eq(tvsctl_run(2, argv, &io), TVSCTL_REFUSED);
    fclose(err);
    fclose(full);
    ck_assert(helper_holds(text, "could not be written"));
    free(text);
}
END_TEST

/* `tvsctl --help | head`. */
START_TEST(reader_that_left)
{
    int ends[2];
    char program[] = "tvsctl", help[] = "--help", *text = NULL, *argv[] = {program, help};
    size_t size;
    ck_assert_int_eq(pipe(ends), 0);
    FILE *out = fdopen(ends[1], "w"), *err = open_memstream(&text, &size);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    const struct tvsctl_io io = {-1, out, err};
    ck_assert_int_eq(tvsctl_run(2, argv, &io), TVSCTL_REFUSED);
    fclose(err);
    fclose(out);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

/* The manual page has an item for every phrase, as `tvsctl --help` prints it, and for every option; and no
 * other. */
#define MANUAL "./man/tvsctl.1"

struct described {
    char *rows[PHRASES_MAX];
    bool seen[PHRASES_MAX];
    size_t count;
};

static void find_described(void *arg, const char *item)
{
    struct described *wanted = arg;
    size_t i = 0;
    while (i < wanted->count && strcmp(wanted->rows[i], item) != 0)
        i++;
    ck_assert_msg(i < wanted->count, MANUAL " describes `%s`, which there is not", item);
    ck_assert_msg(!wanted->seen[i], MANUAL " describes `%s` twice", item);
    wanted->seen[i] = true;
}

static void expect_described(struct described *wanted, const char *section)
{
    mdoc_each_item(MANUAL, section, find_described, wanted);
    for (size_t i = 0; i < wanted->count; i++) {
        ck_assert_msg(wanted->seen[i], MANUAL " lacks `%s`", wanted->rows[i]);
        free(wanted->rows[i]);
    }
}

START_TEST(manual_has_the_phrases)
{
    struct described wanted = {.count = grammar.count};
    for (size_t i = 0; i < grammar.count; i++) {
        size_t size;
        const struct grammar one = {&grammar.rows[i], 1};
        FILE *out = open_memstream(&wanted.rows[i], &size);
        ck_assert_ptr_nonnull(out);
        ck_assert_uint_eq(phrase_help(&one, out, NULL, 0), 1);
        ck_assert_int_eq(fclose(out), 0);
        *strchr(wanted.rows[i], '\n') = '\0';
    }
    expect_described(&wanted, "PHRASES");
}
END_TEST

START_TEST(manual_has_the_options)
{
    struct described wanted = {.count = FLAG_COUNT};
    for (enum flag_id id = 0; id < FLAG_COUNT; id++)
        wanted.rows[id] = strdup(flag_usage(id));
    expect_described(&wanted, "DESCRIPTION");
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("phrase");
    TCase *tests = tcase_create("grammar");
    tcase_add_loop_test(tests, finds, 0, sizeof found / sizeof found[0]);
    tcase_add_loop_test(tests, refuses, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tests, empty_word_fits_nothing);
    tcase_add_loop_test(tests, odd_grammar, 0, sizeof odd_cases / sizeof odd_cases[0]);
    tcase_add_loop_test(tests, says, 0, sizeof lines / sizeof lines[0]);
    tcase_add_test(tests, statement_keeps_its_words);
    tcase_add_test(tests, config_that_is_wrong_is_said);
    tcase_add_test(tests, full_disk_is_no_success);
    tcase_add_test(tests, reader_that_left);
    tcase_add_test(tests, manual_has_the_phrases);
    tcase_add_test(tests, manual_has_the_options);
    suite_add_tcase(all, tests);
    return all;
}
