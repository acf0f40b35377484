/* What the last guard rail names to be done instead: it works when it is followed, and nothing is named that
 * does not. */
#include "helper_guard.h"
#include "tests/check_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONE_ANCHOR "  recovery_anchor: false\n"

/* What is named to be done first reaches the phones. */
START_TEST(another_signer_first)
{
    struct bench bench;
    struct guard_phone phone = {0};
    guard_open(&bench, "  signer: itlrecovery\n  itl: manual\n");
    guard_passes(&bench, "utils itl update");
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, "set cert regen ITLRecovery");
    guard_passes(&bench, "set cert regen TVS");
    guard_refused(&bench, "stranded", "set cert regen CallManager", NULL);
    bench_run(&bench, "set cert regen CallManager --yes");
    ck_assert(helper_holds(bench.err, "Instead: first `utils itl update; utils itl reset localkey`; when"));
    guard_passes(&bench, "utils itl update");
    guard_passes(&bench, "utils itl reset localkey");
    guard_phone_follows(&bench, &phone);
    guard_close_rollouts(&bench);
    guard_passes(&bench, "set cert regen CallManager");
    guard_passes(&bench, "utils itl update");
    guard_phone_follows(&bench, &phone);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* Nor is it the phrase itself, or one that is refused for the same reason. */
START_TEST(nothing_helps_first)
{
    static const char *const phrases[] = {"utils itl update", "utils itl rollback off",
                                          "utils ctl update CTLFile"};
    struct bench bench;
    guard_open(&bench, ONE_ANCHOR);
    guard_passes(&bench, "utils itl rollback on");
    guard_forced(&bench, "rollback-mixed", "utils ctl set-cluster mixed-mode");
    guard_passes(&bench, "set cert regen TVS");
    guard_passes(&bench, "set cert regen CallManager");
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        guard_refused(&bench, "stranded", phrases[i], NULL);
        bench_run(&bench, "%s --yes", phrases[i]);
        ck_assert_msg(helper_holds(bench.err, "Instead: delete the lists on each phone.\n"), "%s", bench.err);
    }
    guard_close(&bench);
}
END_TEST

/* An ITL that was emptied otherwise is not filled by what ends a rollback. */
START_TEST(empty_without_a_rollback)
{
    struct bench bench;
    guard_open(&bench, "  itl: manual\n");
    guard_passes(&bench, "utils itl update");
    guard_passes(&bench, "utils itl rollback on");
    guard_passes(&bench, "utils itl rollback off");
    guard_passes(&bench, "utils itl restore 2");
    guard_refused(&bench, "rollback-mixed", "utils ctl set-cluster mixed-mode", "is empty: phones");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    ck_assert(helper_holds(bench.err, "Instead: `utils itl update` first, and wait"));
    guard_passes(&bench, "utils itl update");
    guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    guard_close(&bench);
}
END_TEST

/* Say a phrase, and what is named first as long as it is refused; all phones follow then. Returns how often.
 */
static int follow_advice(struct bench *bench, const char *words)
{
    static const char first[] = "Instead: first `";
    int times = 0;
    for (bench_run(bench, "%s --yes", words); bench->status == TVSCTL_REFUSED;
         bench_run(bench, "%s --yes", words)) {
        char phrase[128];
        const char *at = strstr(bench->err, first);
        ck_assert_msg(at != NULL && times++ < 3, "%s", bench->err);
        at += strlen(first);
        snprintf(phrase, sizeof phrase, "%.*s", (int)strcspn(at, "`"), at);
        guard_passes(bench, phrase);
        guard_close_rollouts(bench);
    }
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
    return times;
}

/* Phones that have not fetched a CTL yet are no reason to publish it again and again. */
START_TEST(what_is_published_already)
{
    struct bench bench;
    guard_open(&bench, ONE_ANCHOR "  signer: itlrecovery\n  itl: manual\ntls:\n  minimum: \"1.0\"\n");
    guard_passes(&bench, "utils node add sub 10.48.47.156");
    struct bench sub = guard_open_sub(&bench);
    guard_passes(&sub, "set cert regen TVS");
    guard_passes(&bench, "utils itl update");
    guard_close_rollouts(&bench);
    guard_passes(&bench, "set cert regen CallManager");
    guard_passes(&bench, "set cert regen ITLRecovery");
    guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    guard_passes(&bench, "set cert regen CallManager");
    guard_passes(&sub, "set cert regen CallManager");
    ck_assert_int_gt(follow_advice(&sub, "set cert regen TVS"), 0);
    guard_close_sub(&sub);
    guard_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("guard_instead");
    TCase *tests = tcase_create("instead");
    tcase_add_test(tests, another_signer_first);
    tcase_add_test(tests, nothing_helps_first);
    tcase_add_test(tests, empty_without_a_rollback);
    tcase_add_test(tests, what_is_published_already);
    suite_add_tcase(suite, tests);
    return suite;
}
