/* Guard rails: each refuses, and nothing has changed; with --force the phrase is done, and that is logged;
 * and what the refusal names instead works, for a phone that goes along. */
#include "helper_guard.h"
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fake_tokens.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ONE_ANCHOR "  recovery_anchor: false\n"
#define RECOVERY   "  signer: itlrecovery\n"

static const char *import_own(const struct bench *bench, const char *unit, const char *name)
{
    static char words[512];
    snprintf(words, sizeof words, "set cert import own %s %s/%s", unit, bench->folder, name);
    return words;
}

/* ---- Roll-outs */

/* In both orders: the first, phones come back, the second. */
static const struct {
    enum trust_unit first, second;
    const char *rail, *text;
} pairs[] = {
    {TRUST_UNIT_CALLMANAGER, TRUST_UNIT_TVS, "tvs-while-signer", "roll-out 1 of another signer is open"},
    {TRUST_UNIT_TVS, TRUST_UNIT_CALLMANAGER, "signer-while-tvs",
     "roll-out 1 of another TVS certificate is open"},
    {TRUST_UNIT_CALLMANAGER, TRUST_UNIT_ITLRECOVERY, "recovery-while-signer",
     "roll-out 1 of another CallManager is open"},
};

static const char *regenerate(enum trust_unit unit)
{
    static char words[64];
    snprintf(words, sizeof words, "set cert regen %s", trust_unit_by_number((int)unit)->name);
    return words;
}

START_TEST(while_a_rollout_is_open)
{
    struct bench bench;
    struct guard_phone phone = {0};
    guard_open(&bench, pairs[_i].second == TRUST_UNIT_ITLRECOVERY ? "" : ONE_ANCHOR);
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, regenerate(pairs[_i].first));
    guard_refused(&bench, pairs[_i].rail, regenerate(pairs[_i].second), pairs[_i].text);
    ck_assert(helper_holds(bench.out, "Looked at: "));
    guard_write_own(&bench, "own.pem", "0A0B0C");
    guard_refused(&bench, pairs[_i].rail,
                  import_own(&bench, trust_unit_by_number((int)pairs[_i].second)->name, "own.pem"), NULL);
    /* The phones come, and somebody says so: that is what was named instead. */
    ck_assert(helper_holds(bench.out, "Guard rail"));
    guard_phone_follows(&bench, &phone);
    guard_close_rollouts(&bench);
    guard_passes(&bench, regenerate(pairs[_i].second));
    guard_phone_follows(&bench, &phone);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

START_TEST(forced_while_a_rollout_is_open)
{
    struct bench bench;
    struct guard_phone phone = {0};
    const bool both = pairs[_i].second != TRUST_UNIT_ITLRECOVERY;
    guard_open(&bench, both ? ONE_ANCHOR : "");
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, regenerate(pairs[_i].first));
    guard_forced(&bench, pairs[_i].rail, regenerate(pairs[_i].second));
    /* It was no idle warning. */
    ck_assert_int_eq(guard_phone_boots(&bench, &phone),
                     both ? TRUST_OUTCOME_STRANDED : TRUST_OUTCOME_FOLLOWS);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* The certificate of a security token comes in place of ours: that is as new to phones as any other. */
START_TEST(token_while_a_rollout_is_open)
{
    struct bench bench;
    struct guard_phone phone = {0};
    struct fake_tokens tokens;
    char source[300], words[1024];
    fake_tokens_open(&tokens);
    guard_open(&bench, pairs[_i].second == TRUST_UNIT_ITLRECOVERY ? "" : ONE_ANCHOR);
    fake_tokens_make(&tokens, "01", "SIGNER");
    bench_write(&bench, "pin", helper_bytes(FAKE_PIN));
    ck_assert_int_eq(chmod(bench_path(&bench, "pin"), 0600), 0);
    snprintf(source, sizeof source, "pin-source=file:%s", bench_path(&bench, "pin"));
    snprintf(words, sizeof words, "set cert own %s --token %s",
             trust_unit_by_number((int)pairs[_i].second)->name, fake_tokens_uri("token=SIGNER", source));
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, regenerate(pairs[_i].first));
    guard_refused(&bench, pairs[_i].rail, words, pairs[_i].text);
    ck_assert_str_eq(fake_tokens_read(&tokens, "01", "logins"), "");
    guard_phone_follows(&bench, &phone);
    guard_close_rollouts(&bench);
    guard_passes(&bench, words);
    guard_phone_follows(&bench, &phone);
    guard_phone_fini(&phone);
    guard_close(&bench);
    fake_tokens_close(&tokens);
}
END_TEST

START_TEST(deleting_while_a_rollout_is_open)
{
    struct bench bench;
    guard_open(&bench, "");
    guard_passes(&bench, "set cert regen CallManager");
    guard_refused(&bench, "tvs-while-signer", guard_delete_own(&bench, TRUST_UNIT_TVS), "list 2 yet");
    guard_close_rollouts(&bench);
    guard_passes(&bench, "set cert regen TVS");
    guard_refused(&bench, "signer-while-tvs", guard_delete_own(&bench, TRUST_UNIT_CALLMANAGER),
                  "guard rail last-anchor, too: ITLFile.tlv that phones find now is signed with");
    guard_close(&bench);
}
END_TEST

static void add_sub(struct bench *bench)
{
    bench_run(bench, "utils node add sub 10.48.47.156");
    guard_write_own(bench, "sub.pem", "0515");
    bench_run(bench, "set cert import own TVS %s --node sub --yes", bench_path(bench, "sub.pem"));
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
}

/* Another node's CallManager signs nothing here. */
START_TEST(another_nodes_call_manager)
{
    struct bench bench;
    struct guard_phone phone = {0};
    guard_open(&bench, ONE_ANCHOR);
    add_sub(&bench);
    guard_passes(&bench, "set cert regen CallManager --node sub");
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, "set cert regen TVS");
    guard_passes(&bench, "set cert regen CallManager --node sub");
    guard_phone_follows(&bench, &phone);
    guard_refused(&bench, "signer-while-tvs", "set cert regen CallManager", NULL);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* The anchors are exchanged. */
START_TEST(signer_while_recovery)
{
    struct bench bench;
    struct guard_phone phone = {0};
    guard_open(&bench, RECOVERY);
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, "set cert regen ITLRecovery");
    guard_refused(&bench, "signer-while-recovery", "set cert regen CallManager",
                  "ITLRecovery signed is open");
    guard_phone_follows(&bench, &phone);
    guard_close_rollouts(&bench);
    guard_passes(&bench, "set cert regen CallManager");
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, "set cert regen ITLRecovery");
    guard_forced(&bench, "signer-while-recovery", "set cert regen CallManager");
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* Where several are in the way, all of them are named, and once: what is named then does. */
START_TEST(several_are_open)
{
    static const char *const instead =
        "Instead: wait until the phones have lists 3, 4: `utils rollout show` tells who has asked; when all "
        "are back, say `utils rollout close 1 2`, and then this.\n--force";
    struct bench bench;
    guard_open(&bench, "");
    guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    guard_passes(&bench, "set cert regen CallManager");
    guard_passes(&bench, "utils ctl update CTLFile");
    guard_refused(&bench, "tvs-while-signer", "set cert regen TVS", NULL);
    bench_run(&bench, "set cert regen TVS --yes");
    ck_assert_msg(helper_holds(bench.err, instead), "%s", bench.err);
    bench_run(&bench, "utils rollout close 1 2 --phones-are-back");
    bench_expect(&bench, TVSCTL_DONE, "roll-out 2 is closed", NULL);
    guard_passes(&bench, "set cert regen TVS");
    guard_close(&bench);
}
END_TEST

START_TEST(one_way_round_for_two_rails)
{
    struct bench bench;
    guard_open(&bench, RECOVERY);
    guard_passes(&bench, "set cert regen ITLRecovery");
    bench_run(&bench, "set network hostname cucm-new --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "tvs-while-signer");
    const char *instead = strstr(bench.err, "Instead: ");
    ck_assert(helper_holds(bench.err, "guard rail signer-while-recovery, too: "));
    ck_assert_msg(instead != NULL && strstr(instead + 1, "Instead: ") == NULL, "%s", bench.err);
    guard_close(&bench);
}
END_TEST

/* What goes on while one is open all the same. */
START_TEST(open_and_harmless)
{
    struct bench bench;
    struct guard_phone phone = {0}, late = {0};
    guard_open(&bench, "");
    guard_phone_follows(&bench, &phone);
    guard_phone_follows(&bench, &late);
    guard_passes(&bench, "set cert regen CallManager");
    guard_passes(&bench, "set cert regen CAPF");
    guard_passes(&bench, "set cert regen CallManager");
    guard_passes(&bench, "utils itl update");
    guard_passes(&bench, "utils itl reset localkey");
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, "utils itl update");
    guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    guard_phone_follows(&bench, &phone);
    guard_phone_follows(&bench, &late);
    guard_phone_fini(&phone);
    guard_phone_fini(&late);
    guard_close(&bench);
}
END_TEST

/* ---- Host names */

/* What is named instead: the other anchor signs while the name changes. */
static void rename_while_recovery_signs(struct bench *bench, struct guard_phone *phone, bool mixed)
{
    guard_configure(bench, RECOVERY);
    guard_passes(bench, "utils itl update");
    if (mixed)
        guard_passes(bench, "utils ctl update CTLFile");
    guard_phone_follows(bench, phone);
    guard_close_rollouts(bench);
    guard_passes(bench, "set network hostname cucm-new");
    if (mixed)
        guard_passes(bench, "utils ctl update CTLFile");
    guard_phone_follows(bench, phone);
}

START_TEST(renaming_the_only_node)
{
    struct bench bench;
    struct guard_phone phone = {0};
    const bool mixed = _i == 1;
    guard_open(&bench, "");
    if (mixed)
        guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    guard_phone_follows(&bench, &phone);
    guard_refused(&bench, "rename-all", "set network hostname cucm-new", "this renames the only node");
    bench_run(&bench, "set network hostname cucm-new --yes");
    ck_assert(helper_holds(bench.err, "set trust_lists.signer: itlrecovery in "));
    ck_assert(helper_holds(bench.err, bench.config));
    ck_assert(helper_holds(bench.err, "`utils ctl update CTLFile`") == mixed);
    rename_while_recovery_signs(&bench, &phone, mixed);
    guard_close_rollouts(&bench);
    guard_configure(&bench, "");
    guard_passes(&bench, "utils itl update");
    guard_phone_follows(&bench, &phone);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* From lists without a second anchor as well: TVS vouches for it. */
START_TEST(renaming_without_a_second_anchor)
{
    struct bench bench;
    struct guard_phone phone = {0};
    guard_open(&bench, ONE_ANCHOR);
    guard_phone_follows(&bench, &phone);
    guard_refused(&bench, "rename-all", "set network hostname cucm-new", "0 wait, 2 are stranded");
    rename_while_recovery_signs(&bench, &phone, false);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

START_TEST(renaming_by_force)
{
    struct bench bench;
    struct guard_phone phone = {0};
    guard_open(&bench, ONE_ANCHOR);
    guard_phone_follows(&bench, &phone);
    guard_forced(&bench, "rename-all", "set network hostname cucm-new");
    ck_assert_int_eq(guard_phone_boots(&bench, &phone), TRUST_OUTCOME_STRANDED);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* One node after the other; the second while the phones have not come back from the first is all at once. */
START_TEST(renaming_node_by_node)
{
    struct bench bench;
    struct guard_phone phone = {0};
    guard_open(&bench, "");
    add_sub(&bench);
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, "set network hostname sub-new --node sub");
    guard_refused(&bench, "rename-all", "set network hostname cucm-new",
                  "with this every node of the cluster is renamed");
    guard_phone_follows(&bench, &phone);
    guard_close_rollouts(&bench);
    guard_passes(&bench, "set network hostname cucm-new");
    guard_phone_follows(&bench, &phone);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* A TVS that stands in no list yet vouches for nobody. */
START_TEST(renaming_beside_a_tvs_that_nobody_knows)
{
    struct bench bench;
    struct guard_phone phone = {0};
    guard_open(&bench, ONE_ANCHOR "  itl: manual\n");
    guard_passes(&bench, "utils itl update");
    guard_phone_follows(&bench, &phone);
    add_sub(&bench);
    guard_refused(&bench, "rename-all", "set network hostname cucm-new", NULL);
    guard_passes(&bench, "utils itl update");
    guard_phone_follows(&bench, &phone);
    guard_refused(&bench, "stranded", "set network hostname cucm-new", "asks cucm-new alone");
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* ---- The rails themselves */

/* As README has it: nothing that a first set-up needs is refused, in whatever order, and often. */
START_TEST(first_set_up)
{
    static const char *const phrases[] = {
        "set cert regen CallManager", "set cert regen TVS",       "utils ctl set-cluster mixed-mode",
        "set cert regen CAPF",        "utils ctl update CTLFile", "utils itl update",
    };
    struct bench bench;
    guard_open(&bench, _i == 0 ? "" : ONE_ANCHOR "  itl: manual\n");
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (i >= 2)
            guard_passes(&bench, phrases[i]);
    guard_close(&bench);
}
END_TEST

/* Before any list was published nobody can be stranded. */
START_TEST(nothing_published)
{
    struct bench bench;
    guard_open(&bench, "  itl: manual\n");
    guard_passes(&bench, "set cert regen TVS");
    guard_passes(&bench, "set cert regen CallManager");
    guard_passes(&bench, "set cert regen TVS");
    guard_passes(&bench, "set network hostname cucm-new");
    guard_passes(&bench, "set cert delete CallManager cucm-new");
    guard_close(&bench);
}
END_TEST

/* What is not done is not logged; and where no rail refuses, --force forces nothing. */
START_TEST(what_is_logged)
{
    struct bench bench;
    guard_open(&bench, "");
    bench_run(&bench, "set cert regen CAPF --yes --force");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert(!helper_holds(bench.err, "guard rail"));
    guard_passes(&bench, "set cert regen CallManager");
    bench_run_answered(&bench, "no\n", "set cert regen TVS --force");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "forced past guard rail tvs-while-signer");
    ck_assert_int_eq(guard_count_forced(&bench), 0);
    bench_run(&bench, "set cert regen TVS --key rsa:9 --yes --force");
    ck_assert_int_ne(bench.status, TVSCTL_DONE);
    ck_assert(!helper_holds(bench.err, "guard rail"));
    ck_assert_int_eq(guard_count_forced(&bench), 0);
    guard_close(&bench);
}
END_TEST

START_TEST(only_where_a_rail_could_refuse)
{
    static const char *const phrases[] = {"show itl", "file sign --all", "set csr gen CallManager",
                                          "utils rehearse utils itl update", "utils node add x"};
    struct bench bench;
    guard_open(&bench, "");
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        bench_run(&bench, "%s --force", phrases[i]);
        bench_expect(&bench, TVSCTL_USAGE, "", "does not take --force");
    }
    guard_close(&bench);
}
END_TEST

/* No place to rehearse: that lets nothing through. */
START_TEST(without_a_rehearsal)
{
    struct bench bench;
    guard_open(&bench, "");
    char *temporary = strdup(getenv("TMPDIR"));
    setenv("TMPDIR", bench_path(&bench, "nowhere"), 1);
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "set cert regen CAPF --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "",
                 "without a rehearsal no guard rail can look at `set cert regen CAPF`");
    ck_assert(helper_holds(bench.err, "TMPDIR names another place"));
    lists_expect_unchanged(&bench, before);
    bench_run(&bench, "set cert regen CAPF --yes --force");
    bench_expect(&bench, TVSCTL_DONE, NULL, "forced past guard rail not-rehearsed: ");
    ck_assert_int_eq(guard_count_forced(&bench), 1);
    setenv("TMPDIR", temporary, 1);
    free(temporary);
    guard_close(&bench);
}
END_TEST

START_TEST(told_to_programs)
{
    struct bench bench;
    guard_open(&bench, "");
    bench_run(&bench, "utils rehearse set cert regen CallManager --json");
    ck_assert(helper_is_json(bench.out));
    ck_assert(helper_holds(bench.out, "\"guards\": []"));
    guard_passes(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils rehearse set cert regen TVS --json");
    bench_expect(&bench, TVSCTL_DONE, "\"name\": \"tvs-while-signer\"", NULL);
    ck_assert(helper_holds(bench.out, "\"why\": \"roll-out 1 of another signer is open"));
    ck_assert(helper_holds(bench.out, "\"instead\": \"wait until the phones have list 2"));
    ck_assert(helper_is_json(bench.out));
    guard_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("guard");
    TCase *rollouts = tcase_create("rollouts");
    tcase_add_loop_test(rollouts, while_a_rollout_is_open, 0, sizeof pairs / sizeof pairs[0]);
    tcase_add_loop_test(rollouts, forced_while_a_rollout_is_open, 0, sizeof pairs / sizeof pairs[0]);
    if (trust_token_is_supported())
        tcase_add_loop_test(rollouts, token_while_a_rollout_is_open, 1, sizeof pairs / sizeof pairs[0]);
    tcase_add_test(rollouts, deleting_while_a_rollout_is_open);
    tcase_add_test(rollouts, another_nodes_call_manager);
    tcase_add_test(rollouts, signer_while_recovery);
    tcase_add_test(rollouts, several_are_open);
    tcase_add_test(rollouts, one_way_round_for_two_rails);
    tcase_add_test(rollouts, open_and_harmless);
    suite_add_tcase(suite, rollouts);
    TCase *names = tcase_create("names");
    tcase_add_loop_test(names, renaming_the_only_node, 0, 2);
    tcase_add_test(names, renaming_without_a_second_anchor);
    tcase_add_test(names, renaming_by_force);
    tcase_add_test(names, renaming_node_by_node);
    tcase_add_test(names, renaming_beside_a_tvs_that_nobody_knows);
    suite_add_tcase(suite, names);
    TCase *rest = tcase_create("rest");
    tcase_add_loop_test(rest, first_set_up, 0, 2);
    tcase_add_test(rest, nothing_published);
    tcase_add_test(rest, what_is_logged);
    tcase_add_test(rest, only_where_a_rail_could_refuse);
    tcase_add_test(rest, without_a_rehearsal);
    tcase_add_test(rest, told_to_programs);
    suite_add_tcase(suite, rest);
    return suite;
}
