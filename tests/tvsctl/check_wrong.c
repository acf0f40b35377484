/* Whatever is wrong with a phrase: one line names it and the way out, and nothing changes.
 *
 * The words and what must be said about them stand in tests/data/wrong. What the grammar alone can tell
 * (words missing, too many, options) is tried with every phrase of it, and a phrase without rows there fails.
 */
#include "helper_wrong.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsctl/phrase.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- The rows */

static const char *const files[] = {"show.txt", "set.txt", "file.txt", "utils.txt", "state.txt"};
#define FILES (sizeof files / sizeof files[0])

/* One row is run; what is wrong with the outcome is added to the complaints. */
static void try_row(struct wrong_scene *scene, const struct wrong_row *row, FILE *complaints)
{
    struct bench *bench = &scene->bench;
    char *before = wrong_snapshot(bench->folder);
    if (row->answer != NULL)
        bench_run_answered(bench, row->answer, "%s", row->words);
    else
        bench_run(bench, "%s", row->words);
    char *after = wrong_snapshot(bench->folder), *why = wrong_judge(bench, row);
    if (why != NULL)
        fprintf(complaints, "%s:%d: %s\n  %s\n  out: %s\n  err: %s\n", row->file, row->line, row->words, why,
                bench->out, bench->err);
    if (strcmp(before, after) != 0)
        fprintf(complaints, "%s:%d: %s\n  something changed\n  err: %s\n", row->file, row->line, row->words,
                bench->err);
    if (strcmp(before, after) != 0)
        wrong_print_difference(before, after, complaints);
    free(why);
    free(before);
    free(after);
}

static void expect_none(char *complaints)
{
    ck_assert_msg(complaints[0] == '\0', "\n%.3000s", complaints);
    free(complaints);
}

/* Every row that belongs into a scene, in one bench: nothing of it may change. */
START_TEST(rows_of_a_scene)
{
    struct wrong_scene scene;
    struct wrong_row row;
    char *text;
    size_t size, rows = 0;
    FILE *complaints = open_memstream(&text, &size);
    struct wrong_file *open[FILES];
    for (size_t i = 0; i < FILES; i++)
        open[i] = wrong_file_open(files[i]);
    wrong_scene_open(&scene, wrong_scenes[_i]);
    for (size_t i = 0; i < FILES; i++)
        while (wrong_file_next(open[i], &row)) {
            if (!wrong_row_is_of(&row, wrong_scenes[_i]))
                continue;
            try_row(&scene, &row, complaints);
            rows++;
        }
    for (size_t i = 0; i < FILES; i++)
        wrong_file_close(open[i]);
    wrong_scene_close(&scene);
    fclose(complaints);
    expect_none(text);
    ck_assert_uint_gt(rows, 0);
}
END_TEST

/* ---- No phrase may be without rows */

/* Phrases that change things and yet put no question, and those that look only. `set cert own` asks when it
 * has read the token: tests/it/57-tokens.sh. */
static const char *const never_ask[] = {
    "show ",
    "run sql",
    "file list",
    "file verify",
    "file sign",
    "utils node list",
    "utils node add",
    "set cert import",
    "set cert own",
    "utils import usecallmanager",
    "utils rehearse",
    "utils migrate-check",
    "utils itl diagnose",
    "set trace",
    "utils service",
    "utils store",
    "utils rollout show",
};

static bool asks(const struct phrase *phrase)
{
    for (size_t i = 0; i < sizeof never_ask / sizeof never_ask[0]; i++)
        if (strncmp(phrase->words, never_ask[i], strlen(never_ask[i])) == 0)
            return false;
    return true;
}

/* What the rows have tried of a phrase. */
struct coverage {
    size_t rows;
    bool answered, without_terminal;
    unsigned flags;
};

static void cover(struct coverage *all, const struct wrong_row *row)
{
    char copy[512], text[256], *words[64], *rest[64], *save;
    size_t count = 0, left;
    struct flags flags;
    struct phrase_match match;
    snprintf(copy, sizeof copy, "%s", row->words);
    for (char *word = strtok_r(copy, " ", &save); word != NULL && count < 63;
         word = strtok_r(NULL, " ", &save))
        words[count++] = word;
    flags_parse((int)count, words, &flags, rest, &left, text, sizeof text);
    phrase_match(&grammar, rest, left, &match);
    if (match.result != PHRASE_FOUND)
        return;
    struct coverage *one = &all[match.phrase - grammar.rows];
    one->rows++;
    one->flags |= flags.given;
    one->answered |= row->answer != NULL;
    one->without_terminal |= strstr(row->texts, "no terminal") != NULL;
}

static void complain(FILE *complaints, const struct phrase *phrase, const struct coverage *one)
{
    const unsigned wanted = phrase->flags & (FLAG_BIT(FLAG_NODE) | FLAG_BIT(FLAG_KEY) | FLAG_BIT(FLAG_DAYS) |
                                             FLAG_BIT(FLAG_PASSWORD_FILE));
    if (one->rows == 0)
        fprintf(complaints, "`%s` has no row in tests/data/wrong\n", phrase->words);
    for (enum flag_id id = 0; id < FLAG_COUNT; id++)
        if ((wanted & ~one->flags & FLAG_BIT(id)) != 0)
            fprintf(complaints, "`%s` has no row with a wrong %s\n", phrase->words, flag_usage(id));
    if (asks(phrase) && !one->answered)
        fprintf(complaints, "`%s` has no row that is answered with no\n", phrase->words);
    if (asks(phrase) && !one->without_terminal)
        fprintf(complaints, "`%s` has no row with neither --yes nor a terminal\n", phrase->words);
}

START_TEST(every_phrase_has_rows)
{
    struct coverage all[PHRASES_MAX] = {0};
    struct wrong_row row;
    char *text;
    size_t size;
    FILE *complaints = open_memstream(&text, &size);
    for (size_t i = 0; i < FILES; i++) {
        struct wrong_file *file = wrong_file_open(files[i]);
        while (wrong_file_next(file, &row))
            cover(all, &row);
        wrong_file_close(file);
    }
    for (size_t i = 0; i < grammar.count; i++)
        complain(complaints, &grammar.rows[i], &all[i]);
    fclose(complaints);
    expect_none(text);
}
END_TEST

/* ---- What the grammar alone can tell, of every phrase */

struct trial {
    struct wrong_scene *scene;
    const struct phrase *phrase;
    FILE *complaints;
    char keywords[128]; /* "set cert regen" */
    size_t keyword_count;
    size_t required, optional; /* arguments */
    bool many;                 /* any number of them */
    bool has_unit;             /* the first is a unit */
};

/* "show cert own <UNIT>" into its parts. */
static void take_apart(struct trial *trial)
{
    char copy[256], *save;
    size_t used = 0;
    snprintf(copy, sizeof copy, "%s", trial->phrase->words);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        trial->many = trial->many || strstr(word, "…") != NULL;
        trial->has_unit = trial->has_unit || strcmp(word, "<UNIT>") == 0;
        trial->required += word[0] == '<';
        trial->optional += word[0] == '[';
        if (word[0] == '<' || word[0] == '[')
            continue;
        used += (size_t)snprintf(trial->keywords + used, sizeof trial->keywords - used, "%s%s",
                                 used > 0 ? " " : "", word);
        trial->keyword_count++;
    }
}

static void try_words(const struct trial *trial, int status, const char *text, const char *format, ...)
    TRUST_PRINTF(4, 5);

static void try_words(const struct trial *trial, int status, const char *text, const char *format, ...)
{
    va_list args;
    struct wrong_row row = {.file = "grammar", .status = status, .texts = text};
    va_start(args, format);
    ck_assert_int_lt(vsnprintf(row.words, sizeof row.words, format, args), (int)sizeof row.words);
    va_end(args);
    bench_run(&trial->scene->bench, "%s", row.words);
    char *why = wrong_judge(&trial->scene->bench, &row);
    if (why != NULL)
        fprintf(trial->complaints, "%s\n  %s\n  err: %s", row.words, why, trial->scene->bench.err);
    free(why);
}

/* The arguments that are needed, or one less, or too many. Returns static storage. */
static const char *arguments(size_t count, const char *first)
{
    static char text[128];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, " %s", i == 0 ? first : "x");
    return text;
}

static void try_keywords(const struct trial *trial)
{
    char copy[128], before[128] = "", *save;
    size_t at = 0, used = 0;
    snprintf(copy, sizeof copy, "%s", trial->keywords);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save), at++) {
        try_words(trial, TVSCTL_USAGE, at == 0 ? "`frobnicate`. One begins with: show" : "`frobnicate`|fits",
                  "%s frobnicate%s", before, arguments(trial->required, "x"));
        used += (size_t)snprintf(before + used, sizeof before - used, "%s%s", used > 0 ? " " : "", word);
        if (at + 1 < trial->keyword_count)
            try_words(trial, TVSCTL_USAGE, "needs more. Behind it fits: ", "%s", before);
    }
}

static void try_counts(const struct trial *trial)
{
    const size_t all = trial->required + trial->optional;
    if (trial->required > 0)
        try_words(trial, TVSCTL_USAGE, "needs more. Behind it fits: <", "%s%s", trial->keywords,
                  arguments(trial->required - 1, "x"));
    if (!trial->many)
        try_words(trial, TVSCTL_USAGE,
                  all == 0 ? "`x` is one word too many: nothing follows" : "one word too many", "%s%s",
                  trial->keywords, arguments(all + 1, "x"));
}

static void try_flags(const struct trial *trial)
{
    const char *args = arguments(trial->required, "x");
    if (!trial->phrase->any_words)
        try_words(trial, TVSCTL_USAGE, "there is no option --frobnicate|tvsctl --help", "%s%s --frobnicate",
                  trial->keywords, args);
    for (enum flag_id id = 0; id < FLAG_COUNT; id++) {
        char name[32];
        const char *usage = flag_usage(id);
        const bool takes_value = strchr(usage, ' ') != NULL;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(usage, " "), usage);
        if (!takes_value)
            try_words(trial, TVSCTL_USAGE, "takes no value", "%s%s %s=x", trial->keywords, args, name);
        if (takes_value)
            try_words(trial, TVSCTL_USAGE, "needs a value: --", "%s%s %s", trial->keywords, args, name);
        if (takes_value && id != FLAG_CONFIG && strstr(flag_help(id), "given again") == NULL)
            try_words(trial, TVSCTL_USAGE, "stands there twice", "%s%s %s x %s=y", trial->keywords, args,
                      name, name);
        if ((FLAG_BIT(id) & (FLAGS_GENERAL | trial->phrase->flags)) == 0)
            try_words(trial, TVSCTL_USAGE, "does not take --", "%s%s %s%s", trial->keywords, args, name,
                      takes_value ? " x" : "");
    }
}

static void try_units(const struct trial *trial)
{
    const bool own = (trial->phrase->flags & PHRASE_OWN_UNIT) != 0;
    const bool trust = (trial->phrase->flags & PHRASE_TRUST_UNIT) != 0;
    if (!trial->has_unit)
        return;
    try_words(trial, TVSCTL_REFUSED,
              trust ? "frobnicate: there is no such|tomcat-trust"
                    : "frobnicate: there is no such|CallManager",
              "%s%s", trial->keywords, arguments(trial->required, "frobnicate"));
    if (own)
        try_words(trial, TVSCTL_REFUSED, "tomcat-trust is no own unit; there are: |CallManager", "%s%s",
                  trial->keywords, arguments(trial->required, "tomcat-trust"));
    if (trust)
        try_words(trial, TVSCTL_REFUSED, "TVS is no trust unit; ", "%s%s", trial->keywords,
                  arguments(trial->required, "TVS"));
}

START_TEST(usage_of_every_phrase)
{
    struct wrong_scene scene;
    char *text;
    size_t size;
    FILE *complaints = open_memstream(&text, &size);
    wrong_scene_open(&scene, wrong_scenes[_i]);
    char *before = wrong_snapshot(scene.bench.folder);
    for (size_t i = 0; i < grammar.count; i++) {
        struct trial trial = {.scene = &scene, .phrase = &grammar.rows[i], .complaints = complaints};
        take_apart(&trial);
        try_keywords(&trial);
        try_counts(&trial);
        try_flags(&trial);
        try_units(&trial);
        char *after = wrong_snapshot(scene.bench.folder);
        if (strcmp(before, after) != 0) {
            fprintf(complaints, "`%s`: something changed\n", trial.phrase->words);
            wrong_print_difference(before, after, complaints);
        }
        free(before);
        before = after;
    }
    free(before);
    wrong_scene_close(&scene);
    fclose(complaints);
    expect_none(text);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("wrong");
    TCase *cases = tcase_create("wrong");
    tcase_add_loop_test(cases, rows_of_a_scene, 0, WRONG_SCENES);
    tcase_add_test(cases, every_phrase_has_rows);
    tcase_add_loop_test(cases, usage_of_every_phrase, 0, 2); /* without a state, and with a full one */
    suite_add_tcase(all, cases);
    return all;
}
