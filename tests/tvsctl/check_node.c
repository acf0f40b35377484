/* utils node …: the other nodes of the cluster, and the second anchor that all of them share. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>

#define OURS  "cucm-1051-a-pub"
#define OTHER "cucm-1051-a-sub1"

/* A cluster in mixed mode, of which the other node brought its certificates. */
static void open_cluster(struct bench *bench, const char *config)
{
    bench_open(bench, config);
    bench_run(bench, "set cert regen CallManager");
    bench_run(bench, "set cert regen TVS");
    bench_run(bench, "utils node add " OTHER " 10.48.47.156");
    bench_run(bench, "set cert import own CallManager %s --node " OTHER, fixture_path("certs/sub1.crt"));
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
    bench_run(bench, "set cert import own TVS %s --node " OTHER, fixture_path("certs/tvs-ec.crt"));
    bench_expect(bench, TVSCTL_DONE, NULL, NULL);
    bench_run(bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(bench, TVSCTL_DONE, NULL, "");
}

static void expect_lists(const struct bench *bench, const char *ctl, const char *itl)
{
    struct trust_list *list = lists_read(bench, "CTL");
    lists_expect(list, ctl);
    trust_list_free(list);
    list = lists_read(bench, "ITL");
    lists_expect(list, itl);
    trust_list_free(list);
}

/* The address in the last record but one of the ITL, "" if it has none. */
static const char *address_of_other(const struct bench *bench)
{
    static char text[32];
    struct trust_list *list = lists_read(bench, "ITL");
    ck_assert_uint_ge(list->record_count, 2);
    const struct trust_list_record *record = &list->records[list->record_count - 2];
    text[0] = '\0';
    if (record->has_address)
        snprintf(text, sizeof text, "%u.%u.%u.%u", record->address[0], record->address[1], record->address[2],
                 record->address[3]);
    trust_list_free(list);
    return text;
}

/* Most likely mistyped, but it can be meant. */
START_TEST(address_of_another_node)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "utils node add " OTHER " 10.48.47.155");
    bench_expect(&bench, TVSCTL_DONE, "node added\n", "10.48.47.155 is the address of node " OURS ", too");
    bench_run(&bench, "utils node add third 10.48.47.157");
    bench_expect(&bench, TVSCTL_DONE, "node added\n", "");
    bench_run(&bench, "utils node add fourth 10.48.47.157");
    bench_expect(&bench, TVSCTL_DONE, "node added\n", "10.48.47.157 is the address of node third, too");
    bench_close(&bench);
}
END_TEST

START_TEST(add_list_delete)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen tomcat");
    bench_run(&bench, "utils node add " OTHER " 10.48.47.156");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(bench.out, OTHER ": node added\n`set cert import own UNIT FILE --node " OTHER
                                      "` takes its certificates.\n");
    bench_run(&bench, "utils node add third");
    bench_expect(&bench, TVSCTL_DONE, "third: node added\n", "");
    bench_expect(&bench, TVSCTL_DONE, "It has no address: its records of the lists will have none.", "");
    bench_run(&bench, "set cert import own TVS %s --node third", fixture_path("certs/tvs-ec.crt"));
    bench_run(&bench, "utils node list");
    bench_expect(&bench, TVSCTL_DONE, OURS " 10.48.47.155 tomcat this node\n", "");
    bench_expect(&bench, TVSCTL_DONE, OTHER " 10.48.47.156 -\n", "");
    bench_expect(&bench, TVSCTL_DONE, "third - TVS\n", "");
    bench_run(&bench, "utils node list --json");
    bench_expect(&bench, TVSCTL_DONE, "\"name\": \"" OTHER "\"", "");
    bench_expect(&bench, TVSCTL_DONE, "\"this_node\": true", "");
    ck_assert(helper_is_json(bench.out));
    bench_run(&bench, "utils node delete third --yes");
    bench_expect(&bench, TVSCTL_DONE,
                 "WARNING: This operation will delete the node third and its certificates: TVS\n"
                 "Proceed with deletion (yes|no)? yes\nthird: node deleted\n",
                 "");
    bench_run(&bench, "utils node delete " OTHER " --yes");
    bench_expect(&bench, TVSCTL_DONE, "and its certificates: it has none\n", "");
    bench_run(&bench, "utils node list");
    ck_assert_int_eq(helper_count(bench.out, "\n"), 3);
    bench_close(&bench);
}
END_TEST

/* Without any certificate the store does not know our node yet; it is there all the same. */
START_TEST(list_of_a_new_store)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "utils node list");
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no store yet");
    bench_run(&bench, "utils node add aaa");
    bench_run(&bench, "utils node list --json");
    bench_expect(&bench, TVSCTL_DONE, "\"name\": \"" OURS "\"", "");
    ck_assert(helper_is_json(bench.out));
    bench_close(&bench);
}
END_TEST

START_TEST(address_follows_into_the_lists)
{
    struct bench bench;
    open_cluster(&bench, "  itl_records: certificate\n");
    ck_assert_str_eq(address_of_other(&bench), "10.48.47.156");
    int published = lists_count(&bench);
    bench_run(&bench, "utils node add " OTHER " 10.48.47.200");
    bench_expect(&bench, TVSCTL_DONE,
                 OTHER
                 ": the address is 10.48.47.200 now\nThe CTL file does not hold the change yet: run `utils "
                 "ctl update CTLFile`.\n",
                 "");
    ck_assert_str_eq(address_of_other(&bench), "10.48.47.200");
    ck_assert_int_eq(lists_count(&bench), published + 1);
    char row[512];
    ck_assert(strstr(lists_last_row(&bench, row, sizeof row), "|utils node add " OTHER " 10.48.47.200|") !=
              NULL);
    bench_run(&bench, "utils ctl update CTLFile --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    bench_close(&bench);
}
END_TEST

START_TEST(delete_takes_the_certificates_out)
{
    struct bench bench;
    open_cluster(&bench, "");
    bench_run(&bench, "set cert regen tomcat --node " OTHER);
    bench_run(&bench, "set csr gen ipsec --node " OTHER);
    expect_lists(&bench, "SAST CCM+TFTP CCM+TFTP SAST", "SAST CCM+TFTP TVS# TVS# SAST");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "utils node delete " OTHER);
    bench_expect(&bench, TVSCTL_REFUSED, "", "Repeat it with --yes");
    bench_run_answered(&bench, "no\n", "utils node delete " OTHER);
    bench_expect(&bench, TVSCTL_REFUSED, "its certificates: CallManager, tomcat, TVS\n",
                 "nothing was changed");
    ck_assert(strstr(before, "/keys/tomcat-") != NULL && strstr(before, "/keys/ipsec-") != NULL);
    lists_expect_unchanged(&bench, before);
    bench_run_answered(&bench, "yes\n", "utils node delete " OTHER);
    bench_expect(&bench, TVSCTL_DONE,
                 OTHER ": node deleted\nThe CTL file does not hold the change yet: run `utils ctl update "
                       "CTLFile`.\n",
                 "the CSR for ipsec names " OTHER " and was dropped");
    expect_lists(&bench, "SAST CCM+TFTP CCM+TFTP SAST", "SAST CCM+TFTP TVS# SAST");
    char *after = lists_snapshot(&bench);
    ck_assert(strstr(after, "/keys/tomcat-") == NULL && strstr(after, "/keys/ipsec-") == NULL);
    free(after);
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, "(retired) " OTHER " ", "");
    bench_run(&bench, "utils ctl update CTLFile --yes");
    expect_lists(&bench, "SAST CCM+TFTP SAST", "SAST CCM+TFTP TVS# SAST");
    bench_run(&bench, "show cert list own");
    ck_assert_int_eq(helper_count(bench.out, OTHER), 0);
    bench_close(&bench);
}
END_TEST

static const struct {
    const char *words;
    int status;
    const char *err;
} refused[] = {
    {"utils node add", TVSCTL_USAGE, "<NAME>"},
    {"utils node add 'two words'", TVSCTL_REFUSED, "\"two words\" is no host name"},
    {"utils node add -x", TVSCTL_REFUSED, "\"-x\" is no host name"},
    {"utils node add ''", TVSCTL_REFUSED, "a node's name has 1 to 253 characters"},
    {"utils node add ../x", TVSCTL_REFUSED, "\"../x\" is no host name"},
    {"utils node add x 10.1.2", TVSCTL_REFUSED, "10.1.2 is no IPv4 address"},
    {"utils node add x fe80::1", TVSCTL_REFUSED, "fe80::1 is no IPv4 address"},
    {"utils node add x 10.1.2.3 y", TVSCTL_USAGE, "one word too many"},
    {"utils node add " OURS, TVSCTL_REFUSED, OURS " is this node; its address is node.address of /"},
    {"utils node add " OURS " 10.1.2.3", TVSCTL_REFUSED, OURS " is this node"},
    {"utils node add " OTHER, TVSCTL_REFUSED, "`utils node add " OTHER " ADDRESS` gives it an address"},
    {"utils node add " OTHER " 10.48.47.156", TVSCTL_REFUSED,
     "there is a node " OTHER " with the address 10.48.47.156 already; nothing was changed"},
    {"utils node add former", TVSCTL_REFUSED, "\"former\" is a former name of node \"" OTHER "\""},
    {"utils node delete nobody --yes", TVSCTL_REFUSED,
     "there is no node nobody; there are: " OURS ", " OTHER},
    {"utils node delete 'a b' --yes", TVSCTL_REFUSED, "is no host name"},
    {"utils node delete " OURS " --yes", TVSCTL_REFUSED,
     OURS " is this node, which cannot be deleted; `set network hostname` renames it"},
    {"utils node list " OTHER, TVSCTL_USAGE, "one word too many"},
};

START_TEST(refuses)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils node add former 10.48.47.156");
    bench_run(&bench, "set network hostname " OTHER " --node former --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "%s", refused[_i].words);
    bench_expect(&bench, refused[_i].status, "", refused[_i].err);
    lists_expect_unchanged(&bench, before);
    bench_close(&bench);
}
END_TEST

/* ---- ITLRecovery is the cluster's. */

/* The same state folder, seen by a program on the other node. */
static void become_other(struct bench *bench)
{
    char config[1024];
    snprintf(config, sizeof config,
             "node:\n  name: " OTHER "\n  address: 10.48.47.156\n"
             "certificates:\n  key: \"rsa:1024\"\n"
             "state: %s\ntrust_lists:\n  directory: %s\n",
             bench->state, bench->tftp);
    bench_write(bench, "tvsd.yaml", (struct trust_bytes){(const uint8_t *)config, strlen(config)});
}

static char *pem_of_anchor(struct bench *bench)
{
    bench_run(bench, "show cert own ITLRecovery");
    bench_expect(bench, TVSCTL_DONE, "Units: ITLRecovery\n", "");
    return strdup(strstr(bench->out, "-----BEGIN"));
}

START_TEST(anchor_is_the_clusters)
{
    struct bench bench;
    bench_open(&bench, "");
    bench.forces = true;
    bench_run(&bench, "set cert regen CallManager");
    char *anchor = pem_of_anchor(&bench);
    become_other(&bench);
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    char *same = pem_of_anchor(&bench);
    ck_assert_str_eq(anchor, same);
    struct trust_list *itl = lists_read(&bench, "ITL");
    lists_expect(itl, "SAST CCM+TFTP SAST");
    ck_assert(memmem(itl->file.data, itl->file.len, "ITLRECOVERY_" OURS, strlen("ITLRECOVERY_" OURS)) !=
              NULL);
    trust_list_free(itl);
    /* A new one takes the place of the cluster's, whichever node makes it. */
    bench_run(&bench, "set cert regen ITLRecovery --yes");
    bench_expect(&bench, TVSCTL_DONE, "Successfully Regenerated Certificate for ITLRecovery.\n", NULL);
    char *fresh = pem_of_anchor(&bench);
    ck_assert_str_ne(anchor, fresh);
    bench_run(&bench, "show cert list own");
    ck_assert_int_eq(helper_count(bench.out, "ITLRecovery.pem"), 1);
    bench_run(&bench, "show cert own ITLRecovery --node " OURS);
    bench_expect(&bench, TVSCTL_DONE, fresh, "");
    free(anchor);
    free(same);
    free(fresh);
    bench_close(&bench);
}
END_TEST

/* It outlives the node under which it stands. */
START_TEST(anchor_outlives_its_node)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    char *anchor = pem_of_anchor(&bench);
    become_other(&bench);
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_run(&bench, "utils node delete " OURS " --yes");
    bench_expect(&bench, TVSCTL_DONE, OURS ": node deleted\n", NULL);
    char *same = pem_of_anchor(&bench);
    ck_assert_str_eq(anchor, same);
    bench_expect(&bench, TVSCTL_DONE, "Node: " OTHER "\n", "");
    bench_run(&bench, "utils itl reset localkey --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    free(anchor);
    free(same);
    bench_close(&bench);
}
END_TEST

/* Adding a node to delete it is no advice. */
START_TEST(deletes_no_unknown_node)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "utils node delete nobody --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no node nobody; there are: " OURS);
    ck_assert_int_eq(helper_count(bench.err, "utils node add"), 0);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("node");
    TCase *tests = tcase_create("node");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, address_of_another_node);
    tcase_add_test(tests, add_list_delete);
    tcase_add_test(tests, list_of_a_new_store);
    tcase_add_test(tests, address_follows_into_the_lists);
    tcase_add_test(tests, delete_takes_the_certificates_out);
    tcase_add_loop_test(tests, refuses, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tests, anchor_is_the_clusters);
    tcase_add_test(tests, deletes_no_unknown_node);
    tcase_add_test(tests, anchor_outlives_its_node);
    suite_add_tcase(all, tests);
    return all;
}
