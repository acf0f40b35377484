/* Which lists open roll-outs, and which make them pointless. */
#include "helper_backup.h"
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct bench bench;

static void set_up(void)
{
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen TVS");
}

static void tear_down(void)
{
    bench_close(&bench);
}

/* A phrase that no guard rail is to stop here. */
static void say(const char *phrase)
{
    bench_run(&bench, "%s --yes --force", phrase);
    if (strstr(bench.err, "--force") != NULL && bench.status == TVSCTL_USAGE)
        bench_run(&bench, "%s --yes", phrase);
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
}

static void back(void)
{
    bench_run(&bench, "run sql \"select group_concat(number, ' ') as n from rollout where closed = 0\"");
    char *text = helper_fold(bench.out), *numbers = strrchr(text, '=') + 2;
    numbers[strcspn(numbers, "\n")] = '\0';
    bench_run(&bench, "utils rollout close %s --phones-are-back", numbers);
    bench_expect(&bench, TVSCTL_DONE, "is closed\n", NULL);
    free(text);
}

/* "1 signer ITLFile.tlv 3 CallManager open": number, kind, list, its number, unit, how it is; ';' between. */
#define ROWS                                                                                                 \
    "run sql \"select coalesce(group_concat(r.number || ' ' || kind || ' ' || substr(filename, 1, 3) || "    \
    "publication "                                                                                           \
    "||"                                                                                                     \
    " ' ' || coalesce(t.name, '-') || ' ' || case how when '' then 'open' else how end ||"                   \
    " case withdrawn when 0 then '' else ' withdrawn' end, '; '), 'none') as rows from (select * from "      \
    "rollout order "                                                                                         \
    "by number) as r left join typecertificateservice as t on t.enum = r.unit\""

static void rollouts_are(const char *expected)
{
    bench_run(&bench, "%s", ROWS);
    char *text = helper_fold(bench.out);
    const char *rows = strrchr(text, '=');
    rows = rows != NULL ? rows + 2 : text;
    ck_assert_msg(strncmp(rows, expected, strlen(expected)) == 0 && rows[strlen(expected)] == '\n',
                  "not \"%s\" but: %s", expected, rows);
    free(text);
}

START_TEST(first_lists_open_none)
{
    rollouts_are("none");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(helper_count(bench.err, "roll-out"), 0);
    say("set cert regen CAPF");
    say("utils itl update");
    say("utils ctl update CTLFile");
    rollouts_are("none");
}
END_TEST

/* The beginning of the signer's serial number tells renewals apart. */
static void is_told(int64_t number)
{
    char line[512], serial[64];
    struct trust_list *list = lists_read(&bench, "ITL");
    ck_assert_uint_eq(list->header.serial.len, 16);
    trust_hex(list->header.serial, 0, true, serial);
    snprintf(
        line, sizeof line,
        "\nroll-out %d (ITLFile.tlv is signed by CallManager of cucm-1051-a-pub (%.8s...)) is open: `utils "
        "rollout show` tells which phones have asked; close it with `utils rollout close` when all are "
        "back\n",
        (int)number, serial);
    bench_expect(&bench, TVSCTL_DONE, line, NULL);
    trust_list_free(list);
}

START_TEST(another_signer)
{
    say("set cert regen CallManager");
    is_told(1);
    rollouts_are("1 signer ITL3 CallManager open");
    bench_run(&bench, "run sql \"select count(*) as n from rollout as r join certificate as c on r.serial ="
                      " upper(c.serialnumber) where opened > 0 and length(sha256) = 64 and"
                      " phrase = 'set cert regen CallManager' and person <> '' and r.subject = r.issuer"
                      " and r.subject like 'CN=cucm-1051-a-pub;%%' and r.servername = c.servername\"");
    bench_expect(&bench, TVSCTL_DONE, "n\n=\n1\n", NULL);
    /* The same signer again opens none. */
    say("utils itl update");
    say("set cert regen CAPF");
    rollouts_are("1 signer ITL3 CallManager open");
}
END_TEST

/* What is said in one step is told in one line. */
START_TEST(several_lists_at_once)
{
    say("utils ctl set-cluster mixed-mode");
    say("set cert regen CallManager");
    say("utils ctl update CTLFile");
    rollouts_are("1 signer ITL4 CallManager open; 2 signer CTL5 CallManager open");
    back();
    rollouts_are("1 signer ITL4 CallManager back; 2 signer CTL5 CallManager back");
    say("set network hostname cucm-new");
    bench_expect(&bench, TVSCTL_DONE, "roll-outs 3 (ITLFile.tlv is signed by CallManager of cucm-new (",
                 NULL);
    bench_expect(&bench, TVSCTL_DONE, "...)), 4 (ITLFile.tlv has the TVS certificate ", NULL);
    bench_expect(&bench, TVSCTL_DONE, " of cucm-new) are open: ", NULL);
    bench_expect(&bench, TVSCTL_DONE, "close each with `utils rollout close N`", NULL);
    rollouts_are("1 signer ITL4 CallManager back; 2 signer CTL5 CallManager back; "
                 "3 signer ITL6 CallManager open; 4 tvs ITL6 TVS open");
    bench_run(&bench, "run sql \"select count(*) as n from rollout where servername <> 'cucm-new'\"");
    bench_expect(&bench, TVSCTL_DONE, "n\n=\n0\n", NULL); /* the older ones have followed */
}
END_TEST

START_TEST(anchors_in_turn)
{
    say("utils itl reset localkey");
    rollouts_are("1 signer ITL3 ITLRecovery open");
    say("utils itl update"); /* ITLRecovery stands in it: it still matters */
    rollouts_are("1 signer ITL3 ITLRecovery open; 2 signer ITL4 CallManager open");
    say("utils itl reset localkey"); /* that one is open already */
    rollouts_are("1 signer ITL3 ITLRecovery open; 2 signer ITL4 CallManager open");
    back();
    say("utils itl update");
    rollouts_are(
        "1 signer ITL3 ITLRecovery back; 2 signer ITL4 CallManager back; 3 signer ITL6 CallManager open");
}
END_TEST

START_TEST(superseded)
{
    say("set cert regen CallManager");
    say("set cert regen CallManager"); /* the one between stands nowhere now */
    rollouts_are("1 signer ITL3 CallManager superseded; 2 signer ITL4 CallManager open");
    say("set cert regen TVS");
    say("set cert regen TVS");
    rollouts_are("1 signer ITL3 CallManager superseded; 2 signer ITL4 CallManager open; "
                 "3 tvs ITL5 TVS superseded; 4 tvs ITL6 TVS open");
    bench_run(&bench, "utils rollout close 3 --phones-are-back");
    bench_expect(&bench, TVSCTL_REFUSED, "", "roll-out 3 is not open");
}
END_TEST

START_TEST(restored_lists)
{
    say("set cert regen CallManager");
    back();
    say("utils itl restore 2");
    rollouts_are("1 signer ITL3 CallManager back; 2 signer ITL4 - open");
    say("utils itl restore 3");
    rollouts_are(
        "1 signer ITL3 CallManager back; 2 signer ITL4 - superseded; 3 signer ITL5 CallManager open");
    back();
    say("set cert regen TVS");
    back();
    say("utils itl restore 3"); /* a TVS certificate of before, of which the store knows nothing more */
    bench_expect(&bench, TVSCTL_DONE, NULL, "ITLFile.tlv has the TVS certificate ");
    rollouts_are(
        "1 signer ITL3 CallManager back; 2 signer ITL4 - superseded; 3 signer ITL5 CallManager back; "
        "4 tvs ITL6 TVS back; 5 tvs ITL7 TVS open");
}
END_TEST

/* An empty ITL has its signer, and no TVS certificate: the ones of before are those of the list before it. */
START_TEST(rollback)
{
    say("utils itl rollback on");
    rollouts_are("none");
    say("utils itl rollback off");
    rollouts_are("none");
    say("utils itl rollback on");
    say("set cert regen TVS");
    rollouts_are("none");
    say("utils itl rollback off");
    rollouts_are("1 tvs ITL6 TVS open");
}
END_TEST

/* A CTL that was deleted is what phones hold all the same. */
START_TEST(a_list_that_was_deleted)
{
    say("utils ctl set-cluster mixed-mode");
    say("utils ctl set-cluster non-secure-mode");
    say("file delete activelog cm/tftpdata/CTLFile.tlv");
    say("set cert regen CallManager");
    rollouts_are("1 signer ITL5 CallManager open");
    say("utils ctl set-cluster mixed-mode");
    rollouts_are("1 signer ITL5 CallManager open; 2 signer CTL6 CallManager open");
}
END_TEST

/* Others may write into the TFTP folder. */
START_TEST(a_strangers_list)
{
    lists_copy_file("good/peer-ctl-sha1.tlv", lists_tftp(&bench, "CTLFile.tlv"));
    say("utils ctl set-cluster mixed-mode"); /* phones may hold it: nothing was published before */
    rollouts_are("1 signer CTL3 CallManager open");
    lists_copy_file("good/peer-ctl-sha1.tlv", lists_tftp(&bench, "ITLFile.tlv"));
    say("utils itl update"); /* what was published last counts */
    rollouts_are("1 signer CTL3 CallManager open");
}
END_TEST

START_TEST(another_nodes_tvs)
{
    lists_add_node(&bench, "cucm-2", "192.0.2.2");
    say("set cert regen TVS --node cucm-2"); /* a node that had none */
    rollouts_are("none");
    say("set cert regen TVS --node cucm-2");
    bench_expect(&bench, TVSCTL_DONE, " of cucm-2) is open", NULL);
    rollouts_are("1 tvs ITL4 TVS open");
    say("set cert regen TVS"); /* of another node: the first is open still */
    rollouts_are("1 tvs ITL4 TVS open; 2 tvs ITL5 TVS open");
}
END_TEST

/* Nobody waits for a TVS that is no more; and one that a list lacks by mistake is waited for. */
START_TEST(a_node_that_goes)
{
    lists_add_node(&bench, "cucm-2", "192.0.2.2");
    say("set cert regen TVS --node cucm-2");
    say("set cert regen TVS --node cucm-2");
    rollouts_are("1 tvs ITL4 TVS open");
    say("utils itl restore 2");
    rollouts_are("1 tvs ITL4 TVS open");
    say("utils itl update");
    rollouts_are("1 tvs ITL4 TVS open");
    say("utils node delete cucm-2");
    rollouts_are("1 tvs ITL4 TVS superseded");
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
}
END_TEST

/* With another name it has another certificate. */
START_TEST(a_node_with_another_name)
{
    lists_add_node(&bench, "cucm-2", "192.0.2.2");
    say("set cert regen TVS --node cucm-2");
    say("set cert regen TVS --node cucm-2");
    say("set network hostname cucm-3 --node cucm-2");
    rollouts_are("1 tvs ITL4 TVS superseded; 2 tvs ITL5 TVS open");
}
END_TEST

START_TEST(hashes_will_do)
{
    bench_close(&bench);
    bench_open(&bench, "  itl_records: hash\n  dns_names: blank\n");
    say("set cert regen CallManager");
    say("set cert regen TVS");
    say("set cert regen TVS");
    rollouts_are("1 tvs ITL3 TVS open");
    say("set cert regen TVS-ECDSA");
    say("utils itl update");
    rollouts_are("1 tvs ITL3 TVS open; 2 tvs ITL4 TVS-ECDSA open");
}
END_TEST

START_TEST(ecdsa)
{
    say("set cert regen TVS-ECDSA");
    bench_expect(&bench, TVSCTL_DONE, "roll-out 1 (ITLFile.tlv has the TVS-ECDSA certificate ", NULL);
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, "TVS ITL cucm-1051-a-pub", NULL);
    back();
    say("utils itl update");
    say("utils itl rollback on"); /* who holds that asks no TVS */
    say("utils itl rollback off");
    rollouts_are("1 tvs ITL3 TVS-ECDSA back");
    say("set cert regen TVS-ECDSA"); /* another one */
    rollouts_are("1 tvs ITL3 TVS-ECDSA back withdrawn; 2 tvs ITL7 TVS-ECDSA open");
    say("set cert regen TVS-ECDSA");
    rollouts_are("1 tvs ITL3 TVS-ECDSA back withdrawn; 2 tvs ITL7 TVS-ECDSA superseded; "
                 "3 tvs ITL8 TVS-ECDSA open");
    say("set cert delete TVS-ECDSA cucm-1051-a-pub");
    rollouts_are("1 tvs ITL3 TVS-ECDSA back withdrawn; 2 tvs ITL7 TVS-ECDSA superseded; "
                 "3 tvs ITL8 TVS-ECDSA superseded");
}
END_TEST

/* Phones that take a list without it could not check it; when it comes again, that is a roll-out again. */
START_TEST(ecdsa_that_a_list_lacks)
{
    say("set cert regen TVS-ECDSA");
    back();
    say("utils itl restore 2");
    rollouts_are("1 tvs ITL3 TVS-ECDSA back withdrawn");
    say("utils itl update");
    rollouts_are("1 tvs ITL3 TVS-ECDSA back withdrawn; 2 tvs ITL5 TVS-ECDSA open");
}
END_TEST

/* The first ITL is no first one to phones that come from elsewhere. */
START_TEST(ecdsa_in_the_first_list)
{
    bench_close(&bench);
    bench_open(&bench, "");
    say("set cert regen TVS");
    say("set cert regen TVS-ECDSA");
    rollouts_are("none");
    say("set cert regen CallManager");
    rollouts_are("1 tvs ITL1 TVS-ECDSA open");
}
END_TEST

/* Nothing is opened when nothing is published. */
START_TEST(a_step_that_fails)
{
    char *before = lists_snapshot(&bench);
    ck_assert_int_eq(rename(bench.tftp, bench_path(&bench, "elsewhere")), 0);
    bench_run(&bench, "set cert regen CallManager --yes --force");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "trust_lists.directory");
    ck_assert_int_eq(rename(bench_path(&bench, "elsewhere"), bench.tftp), 0);
    lists_expect_unchanged(&bench, before);
    rollouts_are("none");
}
END_TEST

START_TEST(backups)
{
    bench_write(&bench, "password", helper_bytes("secret"));
    backup_make(&bench);
    say("set cert regen CallManager");
    back();
    say("set cert regen CallManager");
    rollouts_are("1 signer ITL3 CallManager back; 2 signer ITL4 CallManager open");
    backup_run(&bench, "utils restore --force", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    /* What phones did is not undone, and the list of before is another signer's to those who followed. */
    rollouts_are("1 signer ITL3 CallManager back; 2 signer ITL4 CallManager superseded; 3 signer ITL5 "
                 "CallManager open");
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("rollout");
    TCase *c = tcase_create("rollout");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, first_lists_open_none);
    tcase_add_test(c, another_signer);
    tcase_add_test(c, several_lists_at_once);
    tcase_add_test(c, anchors_in_turn);
    tcase_add_test(c, superseded);
    tcase_add_test(c, restored_lists);
    tcase_add_test(c, rollback);
    tcase_add_test(c, a_list_that_was_deleted);
    tcase_add_test(c, a_strangers_list);
    tcase_add_test(c, another_nodes_tvs);
    tcase_add_test(c, a_node_that_goes);
    tcase_add_test(c, a_node_with_another_name);
    tcase_add_test(c, hashes_will_do);
    tcase_add_test(c, ecdsa);
    tcase_add_test(c, ecdsa_that_a_list_lacks);
    tcase_add_test(c, ecdsa_in_the_first_list);
    tcase_add_test(c, a_step_that_fails);
    tcase_add_test(c, backups);
    suite_add_tcase(s, c);
    return s;
}
