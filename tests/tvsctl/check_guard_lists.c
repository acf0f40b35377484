/* Guard rails that look at lists and certificates: each refuses, and nothing has changed; with --force the
 * phrase is done, and that is logged; and what the refusal names instead works, for a phone that goes along.
 */
#include "helper_guard.h"
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsctl/guard.h"

#include <stdlib.h>
#include <string.h>

#define ONE_ANCHOR "  recovery_anchor: false\n"

/* ---- Signers */

START_TEST(signer_that_nobody_knows)
{
    struct bench bench;
    struct guard_phone phone = {0};
    char words[400];
    const struct lists_cert far = {.subject = "CN=ITLRECOVERY_far", .serial = "0BADCAFE", .bits = 1024};
    guard_open(&bench, "");
    guard_phone_follows(&bench, &phone);
    lists_write_cert(&bench, "far.pem", &far);
    snprintf(words, sizeof words, "utils itl reset remotekey %s", bench_path(&bench, "far.pem"));
    guard_refused(&bench, "unknown-signer", words,
                  "vouches for ITLRECOVERY_far, which would sign ITLFile.tlv");
    /* In CallManager-trust it has no role. */
    bench_run(&bench, "set cert import trust CallManager-trust %s", bench_path(&bench, "far.pem"));
    bench_expect(&bench, TVSCTL_DONE, NULL, "warning: CallManager-trust gives no role");
    guard_refused(&bench, "unknown-signer", words, "CallManager-trust alone gives it no role");
    bench_run(&bench, "set cert import trust Phone-SAST-trust %s", bench_path(&bench, "far.pem"));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    guard_passes(&bench, words);
    guard_phone_follows(&bench, &phone);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

START_TEST(signer_by_force)
{
    struct bench bench;
    struct guard_phone phone = {0};
    char words[400];
    const struct lists_cert far = {.subject = "CN=ITLRECOVERY_far", .serial = "0BADCAFE", .bits = 1024};
    guard_open(&bench, "");
    guard_phone_follows(&bench, &phone);
    lists_write_cert(&bench, "far.pem", &far);
    snprintf(words, sizeof words, "utils itl reset remotekey %s", bench_path(&bench, "far.pem"));
    guard_forced(&bench, "unknown-signer", words);
    ck_assert_int_eq(guard_phone_boots(&bench, &phone), TRUST_OUTCOME_WAITING);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* ---- Anchors */

START_TEST(fewer_anchors)
{
    struct bench bench;
    guard_open(&bench, "");
    guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    guard_configure(&bench, ONE_ANCHOR);
    guard_refused(&bench, "one-anchor", "utils itl update",
                  "ITLFile.tlv would hold one anchor, and the one before it holds 2");
    guard_refused(&bench, "one-anchor", "utils ctl update CTLFile", "set trust_lists.recovery_anchor: true");
    guard_forced(&bench, "one-anchor", "utils ctl update CTLFile");
    /* The list before this one has one, too. */
    guard_passes(&bench, "utils ctl update CTLFile");
    guard_configure(&bench, "  recovery_anchor: true\n");
    guard_passes(&bench, "utils itl update");
    guard_passes(&bench, "utils ctl update CTLFile");
    guard_refused(&bench, "one-anchor", "utils ctl restore 3",
                  "`utils ctl update CTLFile` publishes a list with ITLRecovery as its second anchor");
    guard_close(&bench);
}
END_TEST

START_TEST(deleting_anchors)
{
    struct bench bench;
    struct guard_phone phone = {0};
    guard_open(&bench, "");
    guard_phone_follows(&bench, &phone);
    guard_refused(&bench, "last-anchor", guard_delete_own(&bench, TRUST_UNIT_CALLMANAGER),
                  "Instead: `set cert regen CallManager` replaces it in one step");
    /* The other one does not sign; another is made. */
    guard_passes(&bench, guard_delete_own(&bench, TRUST_UNIT_ITLRECOVERY));
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, "set cert regen CallManager");
    guard_phone_follows(&bench, &phone);
    guard_close_rollouts(&bench);
    guard_forced(&bench, "last-anchor", guard_delete_own(&bench, TRUST_UNIT_CALLMANAGER));
    /* The last one; it signs nothing now, for want of a CallManager. */
    guard_refused(&bench, "last-anchor", guard_delete_own(&bench, TRUST_UNIT_ITLRECOVERY),
                  "this is the last anchor");
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

START_TEST(deleting_a_token)
{
    struct bench bench;
    char words[1024];
    const struct lists_cert one = {.subject = "CN=token one", .serial = "7001", .bits = 1024},
                            two = {.subject = "CN=token two", .serial = "7002", .bits = 1024};
    guard_open(&bench, "");
    lists_write_cert(&bench, "one.pem", &one);
    lists_write_cert(&bench, "two.pem", &two);
    bench_run(&bench, "set cert import trust Phone-SAST-trust %s/one.pem %s/two.pem", bench.folder,
              bench.folder);
    guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    snprintf(words, sizeof words, "utils ctl sign --token file:%s/one.pem --token file:%s/two.pem --yes",
             bench.folder, bench.folder);
    bench_run(&bench, "%s", words);
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    guard_refused(&bench, "last-anchor", "set cert delete Phone-SAST-trust 7001",
                  "CTLFile.tlv that phones find now is signed with token one");
    guard_passes(&bench, "set cert delete Phone-SAST-trust 7002");
    /* An earlier list vouches for it still. */
    snprintf(words, sizeof words, "utils ctl sign --token file:%s/two.pem", bench.folder);
    guard_passes(&bench, words);
    guard_close_rollouts(&bench);
    guard_passes(&bench, "utils ctl update CTLFile");
    guard_passes(&bench, "set cert delete Phone-SAST-trust 7001");
    guard_close(&bench);
}
END_TEST

/* ---- Modes */

START_TEST(rollback_in_mixed_mode)
{
    struct bench bench;
    struct guard_phone phone = {0};
    guard_open(&bench, "");
    guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    guard_phone_follows(&bench, &phone);
    guard_refused(&bench, "rollback-mixed", "utils itl rollback on", "the cluster is in mixed mode");
    guard_passes(&bench, "utils ctl set-cluster non-secure-mode");
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, "utils itl rollback on");
    guard_phone_follows(&bench, &phone);
    guard_refused(&bench, "rollback-mixed", "utils ctl set-cluster mixed-mode",
                  "the ITL that is published is empty, prepared for a rollback");
    guard_passes(&bench, "utils itl rollback off");
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    guard_forced(&bench, "rollback-mixed", "utils itl rollback on");
    /* Done already: the list before is empty as well. */
    guard_passes(&bench, "utils itl update");
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* Its question shows the table; it is never refused, and takes no --force. */
START_TEST(leaving_mixed_mode)
{
    struct bench bench;
    guard_open(&bench, ONE_ANCHOR);
    guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    guard_passes(&bench, "set cert regen CallManager");
    guard_forced(&bench, "tvs-while-signer", "set cert regen TVS");
    bench_run_answered(&bench, "n\n", "utils ctl set-cluster non-secure-mode");
    bench_expect(&bench, TVSCTL_REFUSED, "Do you want to continue? (y/n):", NULL);
    ck_assert(helper_holds(bench.err, "Looked at: "));
    ck_assert(helper_holds(bench.err, "LISTS PUBLISHED SIGNER FAMILY OUTCOME WHY"));
    ck_assert(helper_holds(bench.err, "stranded"));
    bench_run(&bench, "utils ctl set-cluster non-secure-mode --force");
    bench_expect(&bench, TVSCTL_USAGE, "", "does not take --force");
    guard_passes(&bench, "utils ctl set-cluster non-secure-mode");
    guard_close(&bench);
}
END_TEST

/* Families that fare worse are named there, too, where all others follow. */
START_TEST(leaving_mixed_mode_with_old_phones)
{
    struct bench bench;
    guard_open(&bench, "");
    guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    bench_run_answered(&bench, "n\n", "utils ctl set-cluster non-secure-mode");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "by the rehearsal all phones follow");
    guard_configure(&bench, "  digest: sha512\n");
    bench_run_answered(&bench, "n\n", "utils ctl set-cluster non-secure-mode");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "\nAll of them follow: ");
    ck_assert(helper_holds(bench.err, "\nSome families fare worse: 79xx, "));
    guard_close(&bench);
}
END_TEST

/* ---- Whatever else strands phones */

/* Lists that are the operator's to publish open no roll-out until he does. */
START_TEST(lists_by_hand)
{
    struct bench bench;
    struct guard_phone phone = {0};
    guard_open(&bench, ONE_ANCHOR "  itl: manual\n");
    guard_passes(&bench, "utils itl update");
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, "set cert regen CallManager");
    guard_refused(&bench, "stranded", "set cert regen TVS", "it would strand phones that follow until now");
    bench_run(&bench, "set cert regen TVS --yes");
    ck_assert(helper_holds(bench.err, "Instead: first `utils itl update`; when all phones have that, this."));
    guard_passes(&bench, "utils itl update");
    guard_phone_follows(&bench, &phone);
    guard_close_rollouts(&bench);
    guard_passes(&bench, "set cert regen TVS");
    guard_passes(&bench, "utils itl update");
    guard_phone_follows(&bench, &phone);
    guard_close_rollouts(&bench);
    guard_passes(&bench, "set cert regen CallManager");
    guard_forced(&bench, "stranded", "set cert regen TVS");
    /* Who is stranded already keeps nobody from going on. */
    guard_passes(&bench, "set cert regen CAPF");
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* Families that cannot ECDSA are shown the TVS's other certificate, and are kept, too. */
START_TEST(families_that_see_another_certificate)
{
    struct bench bench;
    struct guard_phone phone = {.family = "894x"};
    guard_open(&bench, ONE_ANCHOR "  itl: manual\n");
    guard_passes(&bench, "set cert regen TVS-ECDSA");
    guard_passes(&bench, "utils itl update");
    guard_phone_follows(&bench, &phone);
    guard_close_rollouts(&bench);
    guard_passes(&bench, "set cert regen TVS");
    guard_refused(&bench, "stranded", "set cert regen CallManager",
                  "it would strand phones that follow until now");
    bench_run(&bench, "set cert regen CallManager --yes");
    ck_assert(helper_holds(bench.err, "(1 kind of them; the first is of family 79xx)"));
    ck_assert(helper_holds(bench.err, "Some families fare worse: "));
    ck_assert(helper_holds(bench.err, "Instead: first `utils itl update`; when all phones have that, this."));
    guard_passes(&bench, "utils itl update");
    guard_phone_follows(&bench, &phone);
    guard_close_rollouts(&bench);
    guard_passes(&bench, "set cert regen CallManager");
    guard_passes(&bench, "utils itl update");
    guard_phone_follows(&bench, &phone);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* What phones cannot read, whoever signs it, is chosen: warnings tell of it. */
START_TEST(lists_that_no_phone_reads)
{
    struct bench bench;
    guard_open(&bench, "");
    guard_configure(&bench, "  digest: sha256\n");
    guard_passes(&bench, "utils itl update");
    ck_assert(helper_holds(bench.err, "is signed with SHA-256, which no phone is known to verify"));
    ck_assert(guard_is_of_choice(TRUST_REASON_DIGEST) && guard_is_of_choice(TRUST_REASON_KEY_SIZE) &&
              guard_is_of_choice(TRUST_REASON_KEY_KIND) && guard_is_of_choice(TRUST_REASON_TOO_LARGE));
    ck_assert(!guard_is_of_choice(TRUST_REASON_SERVER_CHANGED) &&
              !guard_is_of_choice(TRUST_REASON_TVS_UNKNOWN) && !guard_is_of_choice(TRUST_REASON_UNSIGNED));
    guard_close(&bench);
}
END_TEST

/* Who asks the renamed node alone has nobody left, though there is another node. */
START_TEST(one_server_in_the_group)
{
    struct bench bench;
    guard_open(&bench, ONE_ANCHOR);
    bench_run(&bench, "utils node add sub 10.48.47.156");
    guard_write_own(&bench, "sub.pem", "0515");
    bench_run(&bench, "set cert import own TVS %s --node sub --yes", bench_path(&bench, "sub.pem"));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    guard_refused(&bench, "stranded", "set network hostname cucm-new", "asks cucm-new alone");
    /* A second anchor is what helps here. */
    guard_configure(&bench, "");
    guard_passes(&bench, "utils itl update");
    guard_passes(&bench, "set network hostname cucm-new");
    guard_close(&bench);
}
END_TEST

/* So has one of a family that cannot ECDSA, where others see another certificate of that server. */
START_TEST(one_server_in_the_group_of_old_phones)
{
    struct bench bench;
    guard_open(&bench, ONE_ANCHOR "  itl: manual\n");
    bench_run(&bench, "utils node add sub 10.48.47.156");
    guard_write_own(&bench, "sub.pem", "0515");
    bench_run(&bench, "set cert import own TVS %s --node sub --yes", bench_path(&bench, "sub.pem"));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    guard_passes(&bench, "set cert regen TVS-ECDSA");
    guard_passes(&bench, "utils itl update");
    guard_close_rollouts(&bench);
    guard_passes(&bench, "set cert regen TVS");
    guard_refused(&bench, "stranded", "set cert regen CallManager",
                  "the first, of family 79xx, asks cucm-1051-a-pub alone");
    guard_close(&bench);
}
END_TEST

/* Whom the lists of one node still reach is stranded nowhere, and is kept from that everywhere. */
START_TEST(from_another_node)
{
    struct bench bench;
    guard_open(&bench, "  signer: itlrecovery\n  itl: manual\n");
    bench_run(&bench, "utils node add sub 10.48.47.156");
    guard_write_own(&bench, "sub.pem", "0515");
    bench_run(&bench, "set cert import own TVS %s --node sub --yes", bench_path(&bench, "sub.pem"));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    guard_passes(&bench, "utils itl update");
    guard_close_rollouts(&bench);
    guard_passes(&bench, "set cert regen CallManager");
    guard_passes(&bench, "set cert regen TVS");
    struct bench sub = guard_open_sub(&bench);
    bench_run(&sub, "utils rehearse set cert regen TVS --family 88xx");
    bench_expect(&sub, TVSCTL_DONE, "`on cucm-1051-a-pub: utils itl update`", NULL);
    guard_passes(&sub, "set cert regen TVS");
    guard_refused(&sub, "stranded", "set cert regen ITLRecovery", "it would strand phones");
    bench_run(&sub, "set cert regen ITLRecovery --yes");
    ck_assert(helper_holds(sub.err, "Instead: first `on cucm-1051-a-pub: utils itl update`; when"));
    guard_close_sub(&sub);
    guard_close(&bench);
}
END_TEST

/* A password is typed once, for the rehearsal and for the phrase. */
START_TEST(password_is_typed_once)
{
    struct bench bench;
    const struct lists_cert far = {
        .subject = "CN=ITLRECOVERY_far", .serial = "0BADCAFE", .bits = 1024, .password = "secret"};
    guard_open(&bench, "");
    lists_write_cert(&bench, "far.p12", &far);
    char *before = lists_snapshot(&bench);
    bench_run_answered(&bench, "secret\ny\n", "utils itl reset remotekey %s", bench_path(&bench, "far.p12"));
    bench_expect(&bench, TVSCTL_REFUSED, "Password of ", "refused by guard rail unknown-signer");
    lists_expect_unchanged(&bench, before);
    bench_run_answered(&bench, "secret\ny\n", "utils itl reset remotekey %s --force",
                       bench_path(&bench, "far.p12"));
    bench_expect(&bench, TVSCTL_DONE, "The reset ITL file was generated successfully",
                 "forced past guard rail unknown-signer");
    ck_assert_int_eq(helper_count(bench.out, "Password of "), 1);
    /* A wrong one is the phrase's to say. */
    bench_run_answered(&bench, "wrong\nwrong\n", "utils itl reset remotekey %s",
                       bench_path(&bench, "far.p12"));
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "far.p12");
    guard_close(&bench);
}
END_TEST

/* Without any TVS certificate nobody can be put into a group: a second anchor can be had. */
START_TEST(renaming_without_tvs)
{
    struct bench bench;
    struct guard_phone phone = {0};
    const bool mixed = _i == 1;
    guard_open(&bench, ONE_ANCHOR);
    if (mixed)
        guard_passes(&bench, "utils ctl set-cluster mixed-mode");
    guard_passes(&bench, guard_delete_own(&bench, TRUST_UNIT_TVS));
    guard_phone_follows(&bench, &phone);
    guard_refused(
        &bench, "stranded", "set network hostname cucm-new",
        "Instead: no node has a TVS certificate that could vouch, so give the lists a second anchor "
        "first: trust_lists.recovery_anchor: true, `utils itl update`");
    bench_run(&bench, "set network hostname cucm-new --yes");
    ck_assert(!helper_holds(bench.err, "into their group"));
    ck_assert(helper_holds(bench.err, "`utils ctl reset localkey`") == mixed);
    guard_configure(&bench, "");
    guard_passes(&bench, "utils itl update");
    if (mixed)
        guard_passes(&bench, "utils ctl update CTLFile");
    guard_phone_follows(&bench, &phone);
    guard_passes(&bench, "set network hostname cucm-new");
    guard_passes(&bench, "utils itl reset localkey");
    if (mixed) {
        guard_passes(&bench, "utils ctl update CTLFile");
        guard_passes(&bench, "utils ctl reset localkey");
    }
    guard_phone_follows(&bench, &phone);
    guard_phone_fini(&phone);
    guard_close(&bench);
}
END_TEST

/* Names from certificates and files do not reach the terminal as they are. */
START_TEST(strange_names)
{
    struct bench bench;
    char words[400];
    const struct lists_cert far = {.subject = "CN=far\033[2J%s%n", .serial = "0BADCAFE", .bits = 1024};
    guard_open(&bench, "");
    lists_write_cert(&bench, "far.pem", &far);
    snprintf(words, sizeof words, "utils itl reset remotekey %s", bench_path(&bench, "far.pem"));
    guard_refused(&bench, "unknown-signer", words, "vouches for far\\1B[2J%s%n, which");
    ck_assert_ptr_null(strchr(bench.out, '\033'));
    guard_forced(&bench, "unknown-signer", words);
    ck_assert_ptr_null(strchr(bench.err, '\033'));
    guard_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("guard_lists");
    TCase *anchors = tcase_create("anchors");
    tcase_add_test(anchors, signer_that_nobody_knows);
    tcase_add_test(anchors, signer_by_force);
    tcase_add_test(anchors, fewer_anchors);
    tcase_add_test(anchors, deleting_anchors);
    tcase_add_test(anchors, deleting_a_token);
    tcase_add_test(anchors, rollback_in_mixed_mode);
    tcase_add_test(anchors, leaving_mixed_mode);
    tcase_add_test(anchors, leaving_mixed_mode_with_old_phones);
    suite_add_tcase(suite, anchors);
    TCase *rest = tcase_create("rest");
    tcase_add_test(rest, lists_by_hand);
    tcase_add_test(rest, families_that_see_another_certificate);
    tcase_add_test(rest, lists_that_no_phone_reads);
    tcase_add_test(rest, one_server_in_the_group);
    tcase_add_test(rest, one_server_in_the_group_of_old_phones);
    tcase_add_test(rest, from_another_node);
    tcase_add_test(rest, password_is_typed_once);
    tcase_add_loop_test(rest, renaming_without_tvs, 0, 2);
    tcase_add_test(rest, strange_names);
    suite_add_tcase(suite, rest);
    return suite;
}
