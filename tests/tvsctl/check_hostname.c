/* set network hostname: a node's new name, its certificates, and the lists. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>

#define OLD   "cucm-1051-a-pub"
#define OTHER "cucm-1051-a-sub1"

static char *serial_of(struct bench *bench, const char *words)
{
    bench_run(bench, "show cert own %s", words);
    bench_expect(bench, TVSCTL_DONE, "Serial Number:", "");
    const char *at = strstr(bench->out, "Serial Number:");
    return strndup(at, strcspn(at, "\n"));
}

static bool mentions(const struct trust_list *list, const char *text)
{
    return memmem(list->file.data, list->file.len, text, strlen(text)) != NULL;
}

static const char *const every_unit[] = {"CallManager", "TVS", "TVS-ECDSA", "CAPF", "tomcat", "ipsec"};
#define UNITS (sizeof every_unit / sizeof every_unit[0])

static const char dialogue[] =
    "WARNING: This operation will change the host name of node " OLD
    " to new-name and regenerate all its certificates, including any CA signed certificate previously "
    "imported: CallManager, tomcat, ipsec, CAPF, TVS, TVS-ECDSA\n"
    "Proceed with the change of host name (yes|no)? Successfully Regenerated Certificate for "
    "CallManager.\n"
    "Successfully Regenerated Certificate for tomcat.\n"
    "Successfully Regenerated Certificate for ipsec.\n"
    "Successfully Regenerated Certificate for CAPF.\n"
    "Successfully Regenerated Certificate for TVS.\n"
    "Successfully Regenerated Certificate for TVS-ECDSA.\n"
    "Host name of node " OLD " changed to new-name.\n"
    "You must restart services on this node for the regenerated certificates to become active.\n"
    "The CTL file does not hold CallManager of new-name, CAPF of new-name yet: run `utils ctl update "
    "CTLFile`.\n"
    "Phones that refuse the new ITL file take it from ITLRecovery, which did not change: run `utils itl "
    "reset localkey`.\n";
#define STILL "node.name in %s still says " OLD "; tvsd and tvsctl take it for new-name.\n"

START_TEST(renames_our_node)
{
    struct bench bench;
    char *before[UNITS], text[2048];
    bench_open(&bench, "");
    bench.forces = true;
    for (size_t i = 0; i < UNITS; i++)
        bench_run(&bench, "set cert regen %s", every_unit[i]);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    struct trust_bytes body = {(const uint8_t *)"<device/>", 9};
    bench_write(&bench, lists_tftp(&bench, "SEP001122334455.cnf.xml"), body);
    bench_run(&bench, "file sign SEP001122334455.cnf.xml");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    for (size_t i = 0; i < UNITS; i++)
        before[i] = serial_of(&bench, every_unit[i]);
    char *anchor = serial_of(&bench, "ITLRecovery"), *untouched = lists_snapshot(&bench);
    int published = lists_count(&bench);
    bench_run(&bench, "set network hostname new-name");
    bench_expect(&bench, TVSCTL_REFUSED, "", "Repeat it with --yes");
    bench_run_answered(&bench, "no\n", "set network hostname new-name");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "the answer was not yes: nothing was changed");
    lists_expect_unchanged(&bench, untouched);

    bench_run_answered(&bench, "yes\n", "set network hostname new-name");
    snprintf(text, sizeof text, "%s" STILL, dialogue, bench.config);
    bench_expect(&bench, TVSCTL_DONE, text, NULL);

    for (size_t i = 0; i < UNITS; i++) {
        char *after = serial_of(&bench, every_unit[i]);
        ck_assert_str_ne(before[i], after);
        bench_expect(&bench, TVSCTL_DONE, "Node: new-name\n", "");
        bench_expect(&bench, TVSCTL_DONE, i == 3 ? "CN=CAPF-" : "CN=new-name;OU=TAC", "");
        free(before[i]);
        free(after);
    }
    char *same = serial_of(&bench, "ITLRecovery");
    ck_assert_str_eq(anchor, same);
    bench_expect(&bench, TVSCTL_DONE, "CN=ITLRECOVERY_" OLD, "");
    ck_assert_int_eq(lists_count(&bench), published + 1);
    struct trust_list *itl = lists_read(&bench, "ITL");
    lists_expect(itl, "SAST CCM+TFTP TVS# TVS# CAPF# SAST");
    ck_assert(mentions(itl, "CN=new-name;OU=TAC") && !mentions(itl, "CN=" OLD));
    trust_list_free(itl);
    lists_last_row(&bench, text, sizeof text);
    ck_assert_msg(strncmp(text, "ITLFile.tlv|set network hostname new-name|", 42) == 0, "%s", text);
    bench_run(&bench, "file verify SEP001122334455.cnf.xml.sgn");
    bench_expect(&bench, TVSCTL_DONE, "CN=new-name", NULL);

    /* All further phrases work with the configuration as it is, and the former name is one. */
    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    struct trust_list *ctl = lists_read(&bench, "CTL");
    lists_expect(ctl, "SAST CCM+TFTP CAPF SAST");
    ck_assert(mentions(ctl, "CN=new-name;OU=TAC") && !mentions(ctl, "CN=" OLD));
    trust_list_free(ctl);
    bench_run(&bench, "show cert own TVS --node " OLD);
    bench_expect(&bench, TVSCTL_DONE, "Node: new-name\n", "");
    bench_run(&bench, "utils node list");
    bench_expect(&bench, TVSCTL_DONE,
                 "new-name 10.48.47.155 CallManager, tomcat, ipsec, CAPF, TVS, TVS-ECDSA this node\n", "");
    ck_assert_int_eq(helper_count(bench.out, OLD), 0);
    free(anchor);
    free(same);
    bench_close(&bench);
}
END_TEST

/* Back to a name that it had, which the configuration still says; and without certificates. */
START_TEST(renames_there_and_back)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set network hostname second --yes");
    bench_expect(&bench, TVSCTL_DONE,
                 "WARNING: This operation will change the host name of node " OLD
                 " to second\nProceed with the "
                 "change of host name (yes|no)? yes\nHost name of node " OLD " changed to second.\n",
                 "");
    bench_run(&bench, "set cert regen TVS");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "set network hostname third --yes");
    bench_expect(&bench, TVSCTL_DONE, "Host name of node second changed to third.\n", NULL);
    bench_expect(&bench, TVSCTL_DONE, "still says " OLD "; tvsd and tvsctl take it for third.\n", NULL);
    bench_run(&bench, "set network hostname " OLD " --yes");
    bench_expect(&bench, TVSCTL_DONE, "Host name of node third changed to " OLD ".\n", NULL);
    ck_assert_int_eq(helper_count(bench.out, "still says"), 0);
    ck_assert_int_eq(helper_count(bench.out, "reset localkey"), 0);
    bench_run(&bench, "show cert own TVS --node second");
    bench_expect(&bench, TVSCTL_DONE, "Subject Name: CN=" OLD ";", "");
    bench_close(&bench);
}
END_TEST

/* Of another node, what is made here is made anew; the rest it has to bring. */
START_TEST(renames_another_node)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen TVS");
    bench_run(&bench, "utils node add " OTHER " 10.48.47.156");
    bench_run(&bench, "set cert regen TVS --node " OTHER);
    bench_run(&bench, "set cert import own CallManager %s --node " OTHER, fixture_path("certs/sub1.crt"));
    bench_run(&bench, "set csr gen tomcat --node " OTHER);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    char *ours = serial_of(&bench, "CallManager");
    bench_run(&bench, "set network hostname sub-two --node " OTHER " --yes");
    bench_expect(
        &bench, TVSCTL_DONE,
        " and regenerate all its certificates whose keys are here, including any CA signed certificate "
        "previously imported: TVS; and take out those whose keys are not here, for the node to bring new "
        "ones: CallManager\n",
        NULL);
    bench_expect(
        &bench, TVSCTL_DONE,
        "Successfully Regenerated Certificate for TVS.\nHost name of node " OTHER " changed to sub-two.\n",
        "warning: CallManager of sub-two was taken out, since its key is not here; import the node's new "
        "one with `set cert import own CallManager FILE --node sub-two`");
    bench_expect(&bench, TVSCTL_DONE, "The CTL file does not hold the change yet",
                 "the CSR for tomcat names " OTHER);
    ck_assert_int_eq(helper_count(bench.out, "still says"), 0);
    struct trust_list *itl = lists_read(&bench, "ITL");
    lists_expect(itl, "SAST CCM+TFTP TVS# TVS# SAST");
    ck_assert(mentions(itl, "CN=sub-two") && !mentions(itl, OTHER));
    trust_list_free(itl);
    bench_run(&bench, "show csr list");
    bench_expect(&bench, TVSCTL_DONE, "No CSR waits", "");
    bench_run(&bench, "show cert own CallManager --node sub-two");
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no CallManager certificate of node sub-two");
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, "(retired) " OTHER " ", "");
    char *same = serial_of(&bench, "CallManager");
    ck_assert_str_eq(ours, same);
    free(ours);
    free(same);
    bench_close(&bench);
}
END_TEST

static const struct {
    const char *words;
    int status;
    const char *err;
} refused[] = {
    {"set network hostname", TVSCTL_USAGE, "<NAME>"},
    {"set network hostname 'a b' --yes", TVSCTL_REFUSED, "\"a b\" is no host name"},
    {"set network hostname .a --yes", TVSCTL_REFUSED, "\".a\" is no host name"},
    {"set network hostname '' --yes", TVSCTL_REFUSED, "1 to 253 characters"},
    {"set network hostname " OLD " --yes", TVSCTL_REFUSED, "the node is called " OLD " already"},
    {"set network hostname " OTHER " --yes", TVSCTL_REFUSED,
     "there is a node " OTHER " already; choose another name"},
    {"set network hostname " OLD " --node " OTHER " --yes", TVSCTL_REFUSED,
     "there is a node " OLD " already; choose another name"},
    {"set network hostname former --yes", TVSCTL_REFUSED, "former is a former name of node " OTHER},
    {"set network hostname x --node nobody --yes", TVSCTL_REFUSED, "there is no node nobody"},
    {"set network hostname x --node '' --yes", TVSCTL_USAGE, "--node needs a name"},
    {"set network hostname x y", TVSCTL_USAGE, "one word too many"},
};

START_TEST(refuses)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils node add former");
    bench_run(&bench, "set network hostname " OTHER " --node former --yes");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "%s", refused[_i].words);
    bench_expect(&bench, refused[_i].status, "", refused[_i].err);
    lists_expect_unchanged(&bench, before);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("hostname");
    TCase *tests = tcase_create("hostname");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, renames_our_node);
    tcase_add_test(tests, renames_there_and_back);
    tcase_add_test(tests, renames_another_node);
    tcase_add_loop_test(tests, refuses, 0, sizeof refused / sizeof refused[0]);
    suite_add_tcase(all, tests);
    return all;
}
