/* What is offered at the cursor of a line, what is put into the line, and how a line falls into words. */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsctl/complete.h"
#include "tvsctl/words.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* All candidates, comma-separated; hints in (…). */
static void offer_in(const struct grammar *of, const char *line, char *out, size_t size)
{
    struct completion found;
    size_t used = 0;
    ck_assert(complete_line(of, NULL, line, strlen(line), &found));
    out[0] = '\0';
    for (size_t i = 0; i < found.count; i++)
        used += (size_t)snprintf(out + used, size - used, found.list[i].is_hint ? "%s(%s)" : "%s%s",
                                 i > 0 ? ", " : "", found.list[i].text);
    complete_free(&found);
}

/* A grammar that stays as it is, whatever phrases are added to ours. */
static const struct phrase small_rows[] = {
    {.words = "show ctl [FILE]", .flags = FLAG_BIT(FLAG_JSON), .help = "a CTL"},
    {.words = "show cert list own", .flags = FLAG_BIT(FLAG_JSON), .help = "own ones"},
    {.words = "show cert own <UNIT>", .flags = PHRASE_OWN_UNIT | FLAG_BIT(FLAG_NODE), .help = "one"},
    {.words = "set cert regen <UNIT>",
     .flags = PHRASE_OWN_UNIT | FLAG_BIT(FLAG_NODE) | FLAG_BIT(FLAG_DAYS),
     .help = "regenerate"},
    {.words = "set cert import trust <UNIT> <FILE>…",
     .flags = PHRASE_TRUST_UNIT | FLAG_BIT(FLAG_PASSWORD_FILE),
     .help = "import"},
    {.words = "set cert delete <UNIT> <NAME>", .help = "delete"},
    {.words = "run sql <STATEMENT>…", .flags = FLAG_BIT(FLAG_JSON), .any_words = true, .help = "ask"},
    {.words = "utils import usecallmanager <DB>", .help = "take over"},
    {.words = "utils itl reset remotekey <FILE.p12>", .help = "reset"},
    {.words = "get file", .help = "this"},
    {.words = "get files", .help = "these"},
    {.words = "get <NAME>", .help = "that"},
};
static const struct grammar small = {small_rows, sizeof small_rows / sizeof small_rows[0]};

static const struct {
    const char *line, *offered;
} offers[] = {
    {"", "show, set, run, utils, get"},
    {"s", "show, set"},
    {"S", "show, set"},
    {"sh", "show"},
    {"show", "show"},
    {"  show ", "ctl, cert"},
    {"show c", "ctl, cert"},
    {"sh ce ", "list, own"},
    {"SHOW CERT L", "list"},
    {"show x", ""},
    {"show x ", ""},
    {"s c", ""},
    {"show cert list own", "own"},
    {"show cert list own ", "(<Enter>), (--json)"},
    {"show cert list own x", ""},
    {"show ctl ", "(<Enter>), ([FILE]), (--json)"},
    {"show ctl x ", "(<Enter>), (--json)"},
    {"show cert own call", "(<UNIT>), CallManager"},
    {"show cert own CAP", "(<UNIT>), CAPF"},
    {"set cert regen TVS ", "(<Enter>), (--node NAME), (--days N)"},
    {"set cert import trust tom", "(<UNIT>), tomcat-trust"},
    {"set cert import trust tomcat-trust ", "(<FILE>…), (--password-file FILE)"},
    {"set cert import trust tomcat-trust a b c ", "(<Enter>), (<FILE>…), (--password-file FILE)"},
    {"set cert delete tomcat", "(<UNIT>), tomcat, tomcat-trust"},
    {"set cert delete tomcat ", "(<NAME>)"},
    {"run ", "sql, (--json)"},
    {"run sql select ", "(<Enter>), (<STATEMENT>…), (--json)"},
    {"run sql --js", "(<STATEMENT>…)"},
    {"get ", "file, files, (<NAME>)"},
    {"get file", "file, files, (<NAME>)"},
    /* Options stand anywhere, once, and where the phrase takes them. */
    {"--", "--config, --yes, --help, --version, --json, --password-file, --node, --days, --pin-file"},
    {"--c", "--config"},
    {"--yes sh", "show"},
    {"--yes --", "--config, --help, --version, --json, --password-file, --node, --days, --pin-file"},
    {"set cert regen --n", "--node"},
    {"set cert --node x regen --n", ""},
    {"set cert regen TVS --j", ""},
    {"set cert --node ", "(NAME)"},
    {"set cert --node re", "(NAME)"},
    {"set cert --node x re", "regen"},
    {"set cert --node=x re", "regen"},
    {"set cert --node=x", "(NAME)"},
    {"set cert --node x --node ", ""},
    {"set cert --yes=x ", ""},
    {"set cert --frob ", ""},
    {"frob --node ", "(NAME)"},
    /* Quoting is looked through. */
    {"'show' \"cert\" ow", "own"},
    {"sh\\ow ce", "cert"},
    {"show 'ce", "cert"},
    {"show ''", "ctl, cert"},
};

START_TEST(offered)
{
    char got[1024];
    offer_in(&small, offers[_i].line, got, sizeof got);
    ck_assert_msg(strcmp(got, offers[_i].offered) == 0, "%s|: %s, not %s", offers[_i].line, got,
                  offers[_i].offered);
}
END_TEST

/* Where the units are a table of libtrust's, all of it is offered. */
START_TEST(units_of_each_kind)
{
    static const struct {
        const char *line;
        bool own, trust;
    } kinds[] = {
        {"show cert own ", true, false},         {"set cert regen ", true, false},
        {"set cert import own ", true, false},   {"show cert trust ", false, true},
        {"set cert import trust ", false, true}, {"set cert delete ", true, true},
    };
    size_t count, k = (size_t)_i;
    const struct trust_unit_info *units = trust_units(&count);
    struct completion found;
    ck_assert(complete_line(&grammar, NULL, kinds[k].line, strlen(kinds[k].line), &found));
    for (size_t i = 0; i < count; i++) {
        bool is_there = false;
        for (size_t j = 0; j < found.count; j++)
            is_there |= !found.list[j].is_hint && strcmp(found.list[j].text, units[i].name) == 0;
        ck_assert_msg(is_there == (units[i].own ? kinds[k].own : kinds[k].trust), "%s%s", kinds[k].line,
                      units[i].name);
    }
    complete_free(&found);
}
END_TEST

/* The cursor may stand in the middle: what is behind it plays no part. */
START_TEST(before_the_cursor)
{
    struct completion found;
    ck_assert(complete_line(&small, NULL, "show ce list own", 7, &found));
    ck_assert_uint_eq(found.count, 1);
    ck_assert_str_eq(found.list[0].text, "cert");
    ck_assert_uint_eq(found.from, 5);
    ck_assert_str_eq(found.typed, "ce");
    complete_free(&found);
}
END_TEST

/* One phrase is explained, several are named. */
START_TEST(explained)
{
    struct completion found;
    ck_assert(complete_line(&small, NULL, "show ", 5, &found));
    ck_assert_uint_eq(found.count, 2);
    ck_assert_str_eq(found.list[0].help, "a CTL");
    ck_assert_str_eq(found.list[1].help, "list, own");
    complete_free(&found);
}
END_TEST

static const struct {
    const char *line;
    bool is_text, wants_file;
    const char *wrong;
} places[] = {
    {"", false, false, NULL},
    {"show ctl ", false, true, NULL},
    {"show ctl x", false, true, NULL},
    {"show ctl 'x", true, true, NULL},
    {"show ctl \"x", true, true, NULL},
    {"show ctl 'x' ", false, false, NULL},
    {"show ctl x\\", true, true, NULL},
    {"show cert own T", false, false, NULL},
    {"run sql", false, false, NULL},
    {"run sql ", true, false, NULL},
    {"run sql select x", true, false, NULL},
    {"utils import usecallmanager ", false, true, NULL},
    {"utils itl reset remotekey x", false, true, NULL},
    {"set cert delete TVS x", false, false, NULL},
    {"--config ", false, true, NULL},
    {"--config=x", false, true, NULL},
    {"set cert --node ", false, false, NULL},
    {"set cert import trust tomcat-trust a --password-file ", false, true, NULL},
    {"show frob ", false, false, "frob"},
    {"show frob x y", false, false, "frob"},
    {"s ctl", false, false, "s"},
    {"show 'frob' 'x", true, false, "frob"},
};

START_TEST(place)
{
    struct completion found;
    ck_assert(complete_line(&small, NULL, places[_i].line, strlen(places[_i].line), &found));
    ck_assert_msg(found.is_text == places[_i].is_text, "%s|: text: %d", places[_i].line, found.is_text);
    ck_assert_msg(found.wants_file == places[_i].wants_file, "%s|: file: %d", places[_i].line,
                  found.wants_file);
    ck_assert_pstr_eq(found.wrong, places[_i].wrong);
    complete_free(&found);
}
END_TEST

/* What stands in place of the word at the cursor: NULL if it stays. */
static const struct {
    const char *line, *text;
} insertions[] = {
    {"sh", "show "},
    {"SH", "show "},
    {"s", "s"},
    {"S", "s"},
    {"show c", "c"},
    {"show ", "c"},
    {"", ""},
    {"run ", "sql "},
    {"show cert own callm", "CallManager "},
    {"set cert delete toM", "tomcat"},
    {"set cert delete pHone", "Phone-"},
    {"set cert regen c", "C"},
    {"set cert regen ca", NULL},
    {"set cert delete TVS x", NULL},
    {"frob", NULL},
    {"--co", "--config "},
    {"show 'ce", "'cert' "},
    {"\"sh", "\"show\" "},
    {"show \"c", "\"c"},
};

START_TEST(inserted)
{
    struct completion found;
    char *text;
    ck_assert(complete_line(&small, NULL, insertions[_i].line, strlen(insertions[_i].line), &found));
    ck_assert(complete_insertion(&found, &text));
    ck_assert_msg(text == NULL ? insertions[_i].text == NULL
                               : insertions[_i].text != NULL && strcmp(text, insertions[_i].text) == 0,
                  "%s|: %s", insertions[_i].line, text);
    free(text);
    complete_free(&found);
}
END_TEST

/* Values as somebody else knows them: which argument was asked for. */
static bool tell_place(void *arg, const struct complete_place *at, struct completion *out)
{
    char value[128];
    (void)arg;
    snprintf(value, sizeof value, "%s of %s", at->phrase != NULL ? at->phrase->help : flag_usage(at->option),
             at->before);
    return complete_offer(out, value) && complete_offer(out, "bad\x1b[2J") && complete_offer(out, value);
}

START_TEST(values)
{
    static const struct phrase rows[] = {
        {.words = "set cert delete <UNIT> <NAME>", .flags = PHRASE_CHANGES, .help = "delete"},
        {.words = "set cert regen <UNIT>", .flags = PHRASE_CHANGES | FLAG_BIT(FLAG_NODE), .help = "make"},
        {.words = "show cert <NAME>", .flags = FLAG_BIT(FLAG_JSON), .help = "show"},
        {.words = "utils rehearse <PHRASE>…", .flags = FLAG_BIT(FLAG_JSON), .help = "rehearse"},
    };
    static const struct grammar of = {rows, sizeof rows / sizeof rows[0]};
    static const struct complete_source source = {.values = tell_place};
    static const struct {
        const char *line, *offered;
    } cases[] = {
        {"set cert delete tomcat-trust ", "<NAME>, delete of tomcat-trust, "},
        {"set cert delete tomcat-trust del", "<NAME>, delete of tomcat-trust, "},
        {"set cert delete tomcat-trust x", "<NAME>, "},
        {"show cert ", "<NAME>, show of cert, --json, "},
        {"set cert regen TVS --node ", "NAME, --node NAME of TVS, "},
        {"utils rehearse ", "set, "},
        {"utils rehearse set cert d", "delete, "},
        {"utils rehearse set cert delete CAP", "<UNIT>, CAPF, CAPF-trust, "},
        {"utils rehearse set cert delete x ", "<NAME>, delete of x, --json, "},
        {"utils rehearse set cert regen TVS ", "<Enter>, --json, --node NAME, "},
        {"utils rehearse show ", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct completion found;
        char got[512] = "";
        ck_assert(complete_line(&of, &source, cases[i].line, strlen(cases[i].line), &found));
        for (size_t k = 0; k < found.count; k++)
            strcat(strcat(got, found.list[k].text), ", ");
        ck_assert_msg(strcmp(got, cases[i].offered) == 0, "%s|: %s", cases[i].line, got);
        complete_free(&found);
    }
}
END_TEST

/* In a folder with these names; @ stands for it. shown: what is listed. */
static const char *const names[] = {"one.pem", "one more.pem", "other",      "it's",   "ż1",
                                    "ź2",      ".hidden",      "bad\x1b[2J", "bad\xff"};

static const struct {
    const char *line, *shown, *text;
} file_cases[] = {
    {"show ctl @/on", "one more.pem,one.pem,", "@/one"},
    {"show ctl @/one.", "one.pem,", "@/one.pem "},
    {"show ctl @/one\\ ", "one more.pem,", "@/one\\ more.pem "},
    {"show ctl '@/one ", "one more.pem,", "'@/one more.pem' "},
    {"show ctl \"@/one", "one more.pem,one.pem,", "\"@/one"},
    {"show ctl @/ot", "other/,", "@/other/"},
    {"show ctl '@/ot", "other/,", "'@/other/"},
    {"show ctl @/other/", "in,", "@/other/in "},
    {"show ctl @/i", "it's,", "@/it\\'s "},
    {"show ctl '@/i", "it's,", "\"@/it's\" "},
    {"show ctl @/ż", "ż1,", "@/ż1 "},
    {"show ctl @/.", ".hidden,", "@/.hidden "},
    {"show ctl @/bad", "", NULL},
    {"show ctl @/none/x", "", NULL},
    {"--config=@/one.", "one.pem,", "@/one.pem "},
    {"--config @/one.", "one.pem,", "@/one.pem "},
    {"show cert own @/one.", "", NULL},
};

static char *with_folder(const char *text, const char *folder)
{
    const char *at = strchr(text, '@');
    char *out;
    ck_assert_int_ge(at == NULL ? asprintf(&out, "%s", text)
                                : asprintf(&out, "%.*s%s%s", (int)(at - text), text, folder, at + 1),
                     0);
    return out;
}

START_TEST(files)
{
    char *folder = fixture_folder(), path[512], shown[512] = "", *text;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (strcmp(names[i], "other") == 0) {
            ck_assert_int_eq(mkdir(path, 0755), 0);
            strcat(path, "/in");
        }
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fclose(file);
    }
    struct completion found;
    char *line = with_folder(file_cases[_i].line, folder);
    ck_assert(complete_line(&small, NULL, line, strlen(line), &found) && complete_files(&found));
    for (size_t i = 0; i < found.count; i++)
        if (!found.list[i].is_hint)
            strcat(strcat(shown, found.list[i].shown), ",");
    ck_assert_str_eq(shown, file_cases[_i].shown);
    ck_assert(complete_insertion(&found, &text));
    char *want = file_cases[_i].text != NULL ? with_folder(file_cases[_i].text, folder) : NULL;
    ck_assert_pstr_eq(text, want);
    free(want);
    free(text);
    free(line);
    complete_free(&found);
    fixture_folder_remove(folder);
}
END_TEST

/* The part that two names in UTF-8 share is never half a character. */
START_TEST(whole_characters)
{
    struct completion found;
    char *text;
    ck_assert(complete_line(&small, NULL, "show ctl a", 10, &found));
    ck_assert(complete_add(&found, "aż", "") && complete_add(&found, "aź", ""));
    ck_assert(complete_insertion(&found, &text));
    ck_assert_str_eq(text, "a");
    free(text);
    complete_free(&found);
}
END_TEST

/* A line, its words in […], and what it leaves open. */
static const struct {
    const char *line, *words;
    char open;
} splits[] = {
    {"", "", 0},
    {" \t ", "", 0},
    {"a b", "[a][b]", 0},
    {"  a\tb  ", "[a][b]", 0},
    {"'a b' c", "[a b][c]", 0},
    {"\"a b\"c'd e'", "[a bcd e]", 0},
    {"''", "[]", 0},
    {"a '' b", "[a][][b]", 0},
    {"a\\ b", "[a b]", 0},
    {"\\'a\\\"", "['a\"]", 0},
    {"'a\\b'", "[a\\b]", 0},
    {"\"a\\b\\\"\\\\\"", "[a\\b\"\\]", 0},
    {"a 'b c", "[a][b c]", '\''},
    {"a \"b'", "[a][b']", '"'},
    {"\"a\\", "[a\\]", '"'},
    {"a\\", "[a]", '\\'},
    {"a b\\", "[a][b]", '\\'},
};

START_TEST(split)
{
    struct words words;
    char got[256] = "";
    ck_assert(words_split(splits[_i].line, strlen(splits[_i].line), &words));
    for (size_t i = 0; i < words.count; i++)
        sprintf(got + strlen(got), "[%s]", words.text[i]);
    ck_assert_str_eq(got, splits[_i].words);
    ck_assert_int_eq(words.open, splits[_i].open);
    ck_assert_ptr_null(words.text[words.count]);
    words_free(&words);
}
END_TEST

/* What is quoted is one word again, the same. */
START_TEST(quoted)
{
    static const char *const texts[] = {"a", "a b", "it's", "\"", "\\", "a\\b \"c\" 'd'", "what?", "ż", ""};
    static const char quotes[] = {0, '\'', '"'};
    struct words words;
    const char *text = texts[_i / 3];
    char open = quotes[_i % 3], *typed = words_quote(text, open, true);
    ck_assert_ptr_nonnull(typed);
    ck_assert(words_split(typed, strlen(typed), &words));
    ck_assert_int_eq(words.open, 0);
    if (open != 0 || text[0] != '\0') {
        ck_assert_uint_eq(words.count, 1);
        ck_assert_str_eq(words.text[0], text);
        ck_assert_uint_eq(words.place[0].to, strlen(typed));
    }
    words_free(&words);
    free(typed);
}
END_TEST

START_TEST(words_change)
{
    struct words words;
    ck_assert(words_split("a b c", 5, &words));
    words_remove(&words, 1);
    ck_assert_uint_eq(words.count, 2);
    ck_assert_str_eq(words.text[1], "c");
    ck_assert_uint_eq(words.place[1].from, 4);
    ck_assert(words_set(&words, 0, "longer"));
    ck_assert_str_eq(words.text[0], "longer");
    ck_assert_ptr_null(words.text[2]);
    words_remove(&words, 1);
    words_remove(&words, 0);
    ck_assert_ptr_null(words.text[0]);
    words_free(&words);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

Suite *suite(void)
{
    Suite *all = suite_create("complete");
    TCase *tests = tcase_create("complete");
    tcase_add_loop_test(tests, offered, 0, COUNT(offers));
    tcase_add_loop_test(tests, units_of_each_kind, 0, 6);
    tcase_add_test(tests, before_the_cursor);
    tcase_add_test(tests, explained);
    tcase_add_loop_test(tests, place, 0, COUNT(places));
    tcase_add_loop_test(tests, inserted, 0, COUNT(insertions));
    tcase_add_test(tests, values);
    tcase_add_loop_test(tests, files, 0, COUNT(file_cases));
    tcase_add_test(tests, whole_characters);
    tcase_add_loop_test(tests, split, 0, COUNT(splits));
    tcase_add_loop_test(tests, quoted, 0, 9 * 3);
    tcase_add_test(tests, words_change);
    suite_add_tcase(all, tests);
    return all;
}
