#include "tests/check_main.h"
#include "tests/failing_malloc.h"
#include "tests/libtrust/helper_anchor.h"
#include "tests/libtrust/helper_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the cases of one file reach. */
struct reached {
    bool how[TRUST_ANCHOR_FILE_COUNT][TRUST_HOW_COUNT], by[TRUST_HOW_COUNT];
    bool reason[TRUST_REASON_COUNT], outcome[TRUST_OUTCOME_COUNT], remedy[TRUST_REMEDY_COUNT];
    bool first[TRUST_ANCHOR_FILE_COUNT]; /* is the first that is refused */
    unsigned warnings;
    size_t count;
};

static void note(struct reached *reached, const struct trust_fate *fate)
{
    for (size_t i = 0; i < TRUST_ANCHOR_FILE_COUNT; i++)
        reached->how[i][fate->step[i].how] = true;
    reached->outcome[fate->outcome] = true;
    reached->reason[fate->reason] = true;
    reached->remedy[fate->remedy] = true;
    reached->by[fate->by] = true;
    reached->warnings |= fate->warnings;
    if (fate->outcome != TRUST_OUTCOME_FOLLOWS)
        reached->first[fate->file] = true;
    reached->count++;
}

/* What must hold of any fate, whatever the case. */
static void check_sense(const struct helper_anchor_case *now, const struct trust_fate *fate)
{
    const bool follows = fate->outcome == TRUST_OUTCOME_FOLLOWS;
    bool refused = false;
    for (size_t i = 0; i < TRUST_ANCHOR_FILE_COUNT; i++) {
        const bool is = fate->step[i].how == TRUST_HOW_REFUSED;
        ck_assert_int_eq(is, fate->step[i].reason != TRUST_REASON_NONE);
        refused = refused || is;
    }
    ck_assert_int_eq(follows, !refused);
    ck_assert_int_eq(follows, fate->reason == TRUST_REASON_NONE);
    ck_assert_int_eq(follows, fate->remedy == TRUST_REMEDY_NONE);
    ck_assert_int_eq(fate->remedy == TRUST_REMEDY_PUBLISH, fate->phrases[0] != NULL);
    ck_assert(fate->outcome == TRUST_OUTCOME_WAITING || (!fate->needs_servers && !fate->needs_signing));
    ck_assert(follows ? fate->by >= TRUST_HOW_CTL : fate->by == TRUST_HOW_REFUSED);
    ck_assert(follows || fate->warnings == 0);
    ck_assert(follows || fate->reason == fate->step[fate->file].reason);
    /* A list that is refused or not there leaves the old one. */
    const bool ctl_taken = fate->step[TRUST_ANCHOR_CTL].how > TRUST_HOW_HELD;
    const bool itl_taken = fate->step[TRUST_ANCHOR_ITL].how > TRUST_HOW_HELD;
    ck_assert_ptr_eq(fate->after.ctl, ctl_taken ? now->site.ctl : now->held.ctl);
    ck_assert_ptr_eq(fate->after.itl, itl_taken                ? now->site.itl
                                      : now->family->knows_itl ? now->held.itl
                                                               : NULL);
    ck_assert(!(ctl_taken || itl_taken) || fate->after.cache_count == 0);
}

/* A phone that followed and comes again has nothing to do but take its configuration. */
static void check_again(const struct helper_anchor_case *now, const struct trust_fate *fate)
{
    struct trust_error err = {0};
    struct trust_fate again;
    if (fate->outcome != TRUST_OUTCOME_FOLLOWS)
        return;
    helper_ok(trust_anchor_judge(now->family, &fate->after, &now->site, now->now, &again, &err), &err);
    ck_assert_int_eq(again.outcome, TRUST_OUTCOME_FOLLOWS);
    ck_assert_uint_eq(again.warnings, fate->warnings);
    for (size_t i = 0; i < TRUST_ANCHOR_CONFIGURATION; i++)
        ck_assert_int_eq(again.step[i].how,
                         fate->step[i].how == TRUST_HOW_NONE ? TRUST_HOW_NONE : TRUST_HOW_HELD);
}

static void run_cases(const char *name, bool as_files, struct reached *reached)
{
    struct helper_anchor *cases = helper_anchor_open(name);
    const struct helper_anchor_case *now;
    struct trust_fate fate = {0};
    char text[256];
    size_t wrong = 0;
    while ((now = helper_anchor_next(cases, &fate.after, as_files)) != NULL) {
        struct trust_error err = {0};
        helper_ok(trust_anchor_judge(now->family, &now->held, &now->site, now->now, &fate, &err), &err);
        helper_anchor_describe(&fate, text, sizeof text);
        const bool expected = strcmp(text, now->expect) == 0;
        if (!expected)
            printf("%s:%d: %s\n  %s\n  instead of\n  %s\n", now->file, now->line, now->name, text,
                   now->expect);
        helper_anchor_describe_warnings(&fate, text, sizeof text);
        const bool warned = strcmp(text, now->warnings) == 0;
        if (!warned)
            printf("%s:%d: %s\n  warns \"%s\" instead of \"%s\"\n", now->file, now->line, now->name, text,
                   now->warnings);
        wrong += expected && warned ? 0 : 1;
        check_sense(now, &fate);
        check_again(now, &fate);
        note(reached, &fate);
    }
    helper_anchor_close(cases);
    fflush(stdout);
    ck_assert_msg(wrong == 0, "%s: %zu cases end otherwise", name, wrong);
}

static const char *const data[] = {"anchor/rules.txt", "anchor/scenarios.txt"};

/* Twice each: configurations by signer and digest, and as files. */
START_TEST(each_case)
{
    struct reached reached = {0};
    run_cases(data[_i / 2], _i % 2 == 1, &reached);
    ck_assert_uint_gt(reached.count, 40);
}
END_TEST

START_TEST(every_word_is_reached)
{
    struct reached reached = {0};
    run_cases(data[0], false, &reached);
    run_cases(data[1], false, &reached);
    for (int i = 0; i < TRUST_REASON_COUNT; i++)
        ck_assert_msg(reached.reason[i], "no case has the reason %s", trust_reason_name(i));
    for (int i = 0; i < TRUST_REMEDY_COUNT; i++)
        ck_assert_msg(reached.remedy[i], "no case has the remedy %s", trust_remedy_name(i));
    for (int i = 0; i < TRUST_OUTCOME_COUNT; i++)
        ck_assert_msg(reached.outcome[i], "no case is %s", trust_outcome_name(i));
    for (int i = TRUST_HOW_CTL; i < TRUST_HOW_COUNT; i++)
        ck_assert_msg(reached.by[i], "nobody follows %s", trust_how_text(i));
    for (int file = 0; file < TRUST_ANCHOR_FILE_COUNT; file++) {
        ck_assert_msg(reached.first[file], "no %s is the first refused", trust_anchor_file_text(file));
        for (int i = 0; i < TRUST_HOW_COUNT; i++) {
            /* A configuration is always there, and always new. */
            const bool can_be =
                file != TRUST_ANCHOR_CONFIGURATION || (i != TRUST_HOW_NONE && i != TRUST_HOW_HELD);
            ck_assert_msg(reached.how[file][i] == can_be, "%s, %s", trust_anchor_file_name(file),
                          trust_how_name(i));
        }
    }
    ck_assert_uint_eq(reached.warnings, TRUST_WARNING_EMPTY_BESIDE_CTL | TRUST_WARNING_ONE_ANCHOR);
}
END_TEST

/* Names are for programs, sentences end in none. */
static void check_words(const char *(*name)(int), const char *(*text)(int), int count)
{
    for (int i = 0; i < count; i++) {
        ck_assert_uint_eq(strspn(name(i), "abcdefghijklmnopqrstuvwxyz-"), strlen(name(i)));
        ck_assert(text(i)[0] != '\0' && text(i)[strlen(text(i)) - 1] != '.');
        for (int k = 0; k < i; k++)
            ck_assert(strcmp(name(i), name(k)) != 0 && strcmp(text(i), text(k)) != 0);
    }
}

#define WORDS(what, type)                                                                                    \
    static const char *what##_name(int i)                                                                    \
    {                                                                                                        \
        return trust_##what##_name((type)i);                                                                 \
    }                                                                                                        \
    static const char *what##_text(int i)                                                                    \
    {                                                                                                        \
        return trust_##what##_text((type)i);                                                                 \
    }
WORDS(anchor_file, enum trust_anchor_file)
WORDS(how, enum trust_how)
WORDS(reason, enum trust_reason)
WORDS(outcome, enum trust_outcome)
WORDS(remedy, enum trust_remedy)

static const char *warning_name(int i)
{
    return trust_warning_name((enum trust_warning)(1 << i));
}

static const char *warning_text(int i)
{
    return trust_warning_text((enum trust_warning)(1 << i));
}

START_TEST(words)
{
    check_words(anchor_file_name, anchor_file_text, TRUST_ANCHOR_FILE_COUNT);
    check_words(how_name, how_text, TRUST_HOW_COUNT);
    check_words(reason_name, reason_text, TRUST_REASON_COUNT);
    check_words(outcome_name, outcome_text, TRUST_OUTCOME_COUNT);
    check_words(remedy_name, remedy_text, TRUST_REMEDY_COUNT);
    check_words(warning_name, warning_text, 2);
}
END_TEST

START_TEST(families)
{
    size_t count;
    const struct trust_family *all = trust_families(&count);
    ck_assert_uint_eq(count, 8);
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_eq(trust_family_by_name(all[i].name), &all[i]);
        ck_assert(all[i].knows_itl || !all[i].knows_tvs);
        ck_assert_uint_ne(all[i].digests & 1U << TRUST_DIGEST_SHA1, 0);
    }
    ck_assert_ptr_eq(trust_family_by_name("89XX"), trust_family_by_name("69xx"));
    ck_assert_ptr_eq(trust_family_by_name("jabber"), trust_family_by_name("TelePresence"));
    ck_assert_ptr_eq(trust_family_by_name("With TVS"), &all[6]);
    ck_assert_str_eq(all[7].name, "without TVS");
    ck_assert(!all[7].knows_tvs && all[7].knows_itl);
    static const char *const none[] = {"", "/", "79x", "79xxx", "69xx/89xx", "xx", "TVS"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        ck_assert_msg(trust_family_by_name(none[i]) == NULL, "\"%s\" is a family", none[i]);
}
END_TEST

/* ---- Damage */

static struct helper_anchor_case *find_case(struct helper_anchor *cases, const char *name)
{
    const struct trust_held nothing = {0};
    struct helper_anchor_case *now;
    do {
        now = helper_anchor_next(cases, &nothing, true);
        ck_assert_msg(now != NULL, "no case \"%s\"", name);
    } while (strcmp(now->name, name) != 0);
    return now;
}

static struct trust_fate judge(const struct helper_anchor_case *now)
{
    struct trust_error err = {0};
    struct trust_fate fate;
    helper_ok(trust_anchor_judge(now->family, &now->held, &now->site, now->now, &fate, &err), &err);
    return fate;
}

/* Wherever a bit of a list is turned, no phone that can check it takes it: signer in the ITL, at the TVS. */
START_TEST(no_changed_list_is_taken)
{
    static const char *const wanted[] = {"9, TVS first", "9, CallManager first"};
    struct helper_anchor *cases = helper_anchor_open("anchor/scenarios.txt");
    struct helper_anchor_case *now = find_case(cases, wanted[_i]);
    const struct trust_list *good = now->site.itl;
    ck_assert_int_eq(judge(now).outcome, TRUST_OUTCOME_FOLLOWS);
    uint8_t *bytes = malloc(good->file.len);
    size_t parsed = 0;
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, good->file.data, good->file.len);
    for (size_t i = 0; i < good->file.len; i++) {
        struct trust_list *changed;
        bytes[i] ^= (uint8_t)(1 << i % 8);
        if (trust_list_parse((struct trust_bytes){bytes, good->file.len}, &changed, NULL) == 0) {
            now->site.itl = changed;
            const struct trust_fate fate = judge(now);
            ck_assert_msg(fate.step[TRUST_ANCHOR_ITL].how == TRUST_HOW_REFUSED, "byte %zu changed: %s", i,
                          trust_how_text(fate.step[TRUST_ANCHOR_ITL].how));
            ck_assert_ptr_eq(fate.after.itl, now->held.itl);
            trust_list_free(changed);
            parsed++;
        }
        bytes[i] ^= (uint8_t)(1 << i % 8);
    }
    ck_assert_uint_gt(parsed, good->file.len / 2);
    free(bytes);
    helper_anchor_close(cases);
}
END_TEST

/* The number of a digest is no number of bits to shift by: 33 is not 1. */
START_TEST(digest_out_of_range)
{
    struct helper_anchor *cases = helper_anchor_open("anchor/scenarios.txt");
    struct helper_anchor_case *now = find_case(cases, "9, TVS first");
    struct trust_list odd = *now->site.itl;
    odd.header.digest = 32 + TRUST_DIGEST_SHA1;
    now->site.itl = &odd;
    const struct trust_step step = judge(now).step[TRUST_ANCHOR_ITL];
    ck_assert_int_eq(step.how, TRUST_HOW_REFUSED);
    ck_assert_int_eq(step.reason, TRUST_REASON_DIGEST);
    helper_anchor_close(cases);
}
END_TEST

/* Lists that parse and are bad: as what is published, none is taken; as what is held, none helps. */
START_TEST(bad_lists)
{
    struct helper_anchor *cases = helper_anchor_open("anchor/scenarios.txt");
    struct helper_anchor_case *now = find_case(cases, "9, TVS first");
    const struct trust_list *good = now->site.itl, *held = now->held.itl;
    static const char *const *files; /* they live as long as the process */
    size_t count, parsed = 0;
    files = helper_files("bad/*.tlv", &count);
    for (size_t i = 0; i < count; i++) {
        struct trust_list *list;
        const struct trust_bytes bytes = fixture_read(files[i]);
        const int rc = trust_list_parse(bytes, &list, NULL);
        fixture_free(bytes);
        if (rc != 0)
            continue;
        now->site.itl = list;
        now->held.itl = held;
        ck_assert_msg(judge(now).step[TRUST_ANCHOR_ITL].how == TRUST_HOW_REFUSED, "%s", files[i]);
        now->site.itl = good;
        now->held.itl = list;
        ck_assert_msg(judge(now).step[TRUST_ANCHOR_ITL].how == TRUST_HOW_REFUSED, "%s", files[i]);
        trust_list_free(list);
        parsed++;
    }
    ck_assert_uint_gt(parsed, 10);
    helper_anchor_close(cases);
}
END_TEST

/* ---- Out of memory */

struct scene {
    const struct helper_anchor_case *now;
    struct trust_fate fate; /* while there is memory */
};

static bool same_steps(const struct trust_fate *a, const struct trust_fate *b)
{
    bool same = true;
    for (size_t i = 0; i < TRUST_ANCHOR_FILE_COUNT; i++)
        same = same && a->step[i].how == b->step[i].how && a->step[i].reason == b->step[i].reason;
    return same;
}

static int act_judge(void *arg, struct trust_error *err)
{
    static const struct trust_fate nothing;
    const struct scene *scene = arg;
    const struct helper_anchor_case *now = scene->now;
    struct trust_fate fate;
    int rc = trust_anchor_judge(now->family, &now->held, &now->site, now->now, &fate, err);
    const struct trust_fate *expected = rc == 0 ? &scene->fate : &nothing;
    MEMORY_EXPECT(same_steps(&fate, expected));
    MEMORY_EXPECT(fate.outcome == expected->outcome && fate.remedy == expected->remedy);
    MEMORY_EXPECT(fate.after.ctl == expected->after.ctl && fate.after.itl == expected->after.itl);
    MEMORY_EXPECT(fate.phrases[0] == expected->phrases[0] && fate.warnings == expected->warnings);
    return rc;
}

START_TEST(memory)
{
    static const char *const wanted[] = {
        "11, one of two nodes renamed: the other one's TVS vouches",
        "12, a group that has the renamed node alone",
        "10, both regenerated, ITLRecovery in the phone's ITL",
        "25, both tokens lost: by the ITL",
    };
    struct helper_anchor *cases = helper_anchor_open("anchor/scenarios.txt");
    const struct failing_act act = {wanted[_i], act_judge, {0, 0}};
    struct scene scene = {.now = find_case(cases, wanted[_i])};
    scene.fate = judge(scene.now);
    failing_malloc_each(&act, &scene);
    helper_anchor_close(cases);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("anchor");
    TCase *tests = tcase_create("anchor");
    tcase_add_loop_test(tests, each_case, 0, 4);
    tcase_add_test(tests, every_word_is_reached);
    tcase_add_test(tests, words);
    tcase_add_test(tests, families);
    tcase_add_loop_test(tests, no_changed_list_is_taken, 0, 2);
    tcase_add_test(tests, digest_out_of_range);
    tcase_add_test(tests, bad_lists);
    tcase_add_loop_test(tests, memory, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}
