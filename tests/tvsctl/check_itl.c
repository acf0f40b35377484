/* The ITL file: rebuilt by every phrase that changes what it holds, by none other, in every style; and
 * utils itl update, utils itl rollback. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Phrases one after the other: how many lists each publishes, and the ITL that is there then. */
static const struct {
    const char *phrase;
    int lists;
    const char *itl;
} steps[] = {
    {"set cert regen CallManager", 1, "SAST CCM+TFTP SAST"},
    {"set cert regen TVS", 1, "SAST CCM+TFTP TVS# SAST"},
    {"set cert regen CAPF", 1, "SAST CCM+TFTP TVS# CAPF# SAST"},
    {"set cert regen TVS-ECDSA", 1, "SAST CCM+TFTP TVS# TVS# CAPF# SAST"},
    {"set cert regen tomcat", 0, "SAST CCM+TFTP TVS# TVS# CAPF# SAST"},
    {"set cert regen ipsec", 0, "SAST CCM+TFTP TVS# TVS# CAPF# SAST"},
    {"set cert regen ITLRecovery", 1, "SAST CCM+TFTP TVS# TVS# CAPF# SAST"},
    {"set cert regen CallManager", 1, "SAST CCM+TFTP TVS# TVS# CAPF# SAST"},
    {"set cert regen TVS", 1, "SAST CCM+TFTP TVS# TVS# CAPF# SAST"},
    {"set cert delete TVS-ECDSA cucm-1051-a-pub", 1, "SAST CCM+TFTP TVS# CAPF# SAST"},
    {"set cert delete tomcat cucm-1051-a-pub", 0, "SAST CCM+TFTP TVS# CAPF# SAST"},
    {"utils ctl set-cluster mixed-mode", 1, "SAST CCM+TFTP TVS# CAPF# SAST"},
    {"utils ctl update CTLFile", 1, "SAST CCM+TFTP TVS# CAPF# SAST"},
    {"utils itl update", 1, "SAST CCM+TFTP TVS# CAPF# SAST"},
    {"utils ctl set-cluster non-secure-mode", 1, "SAST CCM+TFTP TVS# CAPF# SAST"},
};

START_TEST(follows_every_phrase)
{
    struct bench bench;
    int count = 0;
    bench_open(&bench, "");
    bench.forces = true;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char row[512], wanted[256];
        bench_run(&bench, "%s --yes", steps[i].phrase);
        bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
        count += steps[i].lists;
        ck_assert_msg(lists_count(&bench) == count, "%s: %d lists, not %d", steps[i].phrase,
                      lists_count(&bench), count);
        snprintf(wanted, sizeof wanted, "%s|%s|",
                 strstr(steps[i].phrase, " ctl ") != NULL ? "CTLFile.tlv" : "ITLFile.tlv", steps[i].phrase);
        lists_last_row(&bench, row, sizeof row);
        ck_assert_msg(steps[i].lists == 0 || strncmp(row, wanted, strlen(wanted)) == 0, "%s, not %s", row,
                      wanted);
        struct trust_list *list = lists_read(&bench, "ITL");
        lists_expect(list, steps[i].itl);
        ck_assert(lists_signed_by(&bench, list, TRUST_UNIT_CALLMANAGER));
        trust_list_free(list);
    }
    bench_close(&bench);
}
END_TEST

/* Imports do as regenerations do; trust units stand in no list. */
START_TEST(follows_imports)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert import trust Phone-SAST-trust %s", fixture_path("certs/etoken1.crt"));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "set cert regen TVS");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(lists_count(&bench), 0);
    ck_assert(!helper_exists(lists_tftp(&bench, "ITLFile.tlv")));
    const struct lists_cert pub = {.subject = "CN=cucm-1051-a-pub", .serial = "17", .bits = 1024};
    bench_run(&bench, "set cert import own CallManager %s", lists_write_cert(&bench, "pub.pem", &pub));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(lists_count(&bench), 1);
    struct trust_list *list = lists_read(&bench, "ITL");
    lists_expect(list, "SAST CCM+TFTP TVS# SAST");
    ck_assert(lists_signed_by(&bench, list, TRUST_UNIT_CALLMANAGER));
    trust_list_free(list);
    /* The same once more changes nothing. */
    bench_run(&bench, "set cert import own CallManager %s", bench_path(&bench, "pub.pem"));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "set cert import trust Phone-SAST-trust %s", fixture_path("certs/etoken2.crt"));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(lists_count(&bench), 1);
    bench_close(&bench);
}
END_TEST

/* Every style that the configuration can ask for. */
static const struct {
    const char *extra, *itl;
    uint8_t digest;
    const char *dns; /* of our node's records */
    bool has_address;
    enum trust_unit signer;
} styles[] = {
    {"", "SAST CCM+TFTP TVS# TVS# CAPF# SAST", 1, "cucm-1051-a-pub", true, TRUST_UNIT_CALLMANAGER},
    {"  recovery_anchor: false\n", "SAST CCM+TFTP TVS# TVS# CAPF#", 1, "cucm-1051-a-pub", true,
     TRUST_UNIT_CALLMANAGER},
    {"  signer: ITLRecovery\n", "SAST SAST CCM+TFTP TVS# TVS# CAPF#", 1, "cucm-1051-a-pub", true,
     TRUST_UNIT_ITLRECOVERY},
    {"  signer: ITLRecovery\n  recovery_anchor: false\n", "SAST SAST CCM+TFTP TVS# TVS# CAPF#", 1,
     "cucm-1051-a-pub", true, TRUST_UNIT_ITLRECOVERY},
    {"  itl_records: certificate\n", "SAST CCM+TFTP TVS TVS CAPF SAST", 1, "cucm-1051-a-pub", true,
     TRUST_UNIT_CALLMANAGER},
    {"  dns_names: address\n", "SAST CCM+TFTP TVS# TVS# CAPF# SAST", 1, "10.48.47.155", true,
     TRUST_UNIT_CALLMANAGER},
    {"  dns_names: blank\n  addresses: false\n", "SAST CCM+TFTP TVS# TVS# CAPF# SAST", 1, " ", false,
     TRUST_UNIT_CALLMANAGER},
    {"  digest: sha256\n", "SAST CCM+TFTP TVS# TVS# CAPF# SAST", 2, "cucm-1051-a-pub", true,
     TRUST_UNIT_CALLMANAGER},
    {"  digest: sha512\n  signer: ITLRecovery\n  itl_records: certificate\n",
     "SAST SAST CCM+TFTP TVS TVS CAPF", 3, "cucm-1051-a-pub", true, TRUST_UNIT_ITLRECOVERY},
};

/* Hashes stand without an address, as in CUCM's ITL. */
static void expect_style(const struct trust_list *list, const char *dns, bool has_address)
{
    static const uint8_t address[] = {10, 48, 47, 155};
    for (size_t i = 0; i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        ck_assert_uint_eq(record->dns_name.len, strlen(dns));
        ck_assert_mem_eq(record->dns_name.data, dns, strlen(dns));
        ck_assert(record->has_address == (has_address && record->cert_hash.len == 0));
        ck_assert(!record->has_address || memcmp(record->address, address, 4) == 0);
        ck_assert(record->cert_hash.len == 0 || (record->cert_hash.len == 20 && record->hash_algorithm == 1));
    }
}

START_TEST(every_style)
{
    struct bench bench;
    static const char *const own[] = {"CallManager", "TVS", "TVS-ECDSA", "CAPF"};
    static const enum trust_unit units[] = {TRUST_UNIT_CALLMANAGER, TRUST_UNIT_TVS, TRUST_UNIT_TVS_ECDSA,
                                            TRUST_UNIT_CAPF};
    bench_open(&bench, styles[_i].extra);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        bench_run(&bench, "set cert regen %s", own[i]);
        bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    }
    struct trust_list *list = lists_read(&bench, "ITL");
    lists_expect(list, styles[_i].itl);
    ck_assert_uint_eq(list->header.digest, styles[_i].digest);
    ck_assert_uint_eq(list->header.minor, 2);
    ck_assert(lists_signed_by(&bench, list, styles[_i].signer));
    expect_style(list, styles[_i].dns, styles[_i].has_address);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct trust_cert *cert = lists_own(&bench, units[i]);
        ck_assert(trust_list_holds(list, cert));
        trust_cert_free(cert);
    }
    trust_list_free(list);
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_DONE, "The ITL file was verified successfully.", "");
    bench_close(&bench);
}
END_TEST

/* Every node's TVS, each with its name and address; CallManager and CAPF of ours. */
START_TEST(three_nodes)
{
    struct bench bench;
    static const char *const nodes[] = {"cucm-1051-a-sub1", "cucm-1051-a-sub2"};
    static const char *const names[] = {"cucm-1051-a-pub", "cucm-1051-a-sub1", "cucm-1051-a-sub2"};
    bench_open(&bench, "  itl_records: certificate\n");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen TVS");
    for (size_t i = 0; i < 2; i++) {
        char name[64], address[16];
        snprintf(name, sizeof name, "%s.pem", nodes[i]);
        snprintf(address, sizeof address, "10.48.47.15%zu", i + 6);
        lists_add_node(&bench, nodes[i], address);
        bench_write_cert(&bench, name, nodes[i], time(NULL));
        bench_run(&bench, "set cert import own TVS %s --node %s", bench_path(&bench, name), nodes[i]);
        bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
        ck_assert_int_eq(lists_count(&bench), (int)i + 3);
    }
    struct trust_list *list = lists_read(&bench, "ITL");
    lists_expect(list, "SAST CCM+TFTP TVS TVS TVS SAST");
    for (size_t i = 0; i < 3; i++) {
        const struct trust_list_record *record = &list->records[2 + i];
        ck_assert_mem_eq(record->dns_name.data, names[i], strlen(names[i]));
        ck_assert_mem_eq(record->address, ((const uint8_t[]){10, 48, 47, (uint8_t)(155 + i)}), 4);
    }
    trust_list_free(list);
    bench_close(&bench);
}
END_TEST

START_TEST(manual_is_manual)
{
    struct bench bench;
    bench_open(&bench, "  itl: manual\n");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen TVS");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    ck_assert(!helper_exists(lists_tftp(&bench, "ITLFile.tlv")));
    ck_assert_int_eq(lists_count(&bench), 1);
    bench_run(&bench, "utils itl update --yes");
    bench_expect(&bench, TVSCTL_DONE, "ITL file Updated", "");
    struct trust_list *list = lists_read(&bench, "ITL");
    lists_expect(list, "SAST CCM+TFTP TVS# SAST");
    bench_run(&bench, "set cert regen TVS --yes");
    struct trust_list *same = lists_read(&bench, "ITL");
    ck_assert_mem_eq(list->file.data, same->file.data, list->file.len);
    trust_list_free(list);
    trust_list_free(same);
    bench_close(&bench);
}
END_TEST

/* Somebody else wrote into the TFTP folder: the next phrase that looks puts ours there. */
START_TEST(what_others_wrote_is_replaced)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    const char *path = lists_tftp(&bench, "ITLFile.tlv");
    struct trust_bytes file = fixture_read(path);
    struct trust_list *list = lists_read(&bench, "ITL");
    uint8_t *bytes = malloc(file.len);
    memcpy(bytes, file.data, file.len);
    bytes[list->header.signature.data - list->file.data] ^= 1;
    bench_write(&bench, path, (struct trust_bytes){bytes, file.len});
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_NO, "Verification of the ITL file failed.", NULL);
    bench_run(&bench, "set cert regen tomcat");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(lists_count(&bench), 2);
    trust_list_free(list);
    trust_list_free(lists_read(&bench, "ITL"));
    free(bytes);
    fixture_free(file);
    bench_close(&bench);
}
END_TEST

/* Behind our header they would be a list that we signed. */
START_TEST(records_of_a_list_are_not_signed)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    struct trust_list *itl = lists_read(&bench, "ITL");
    const struct trust_bytes records = {itl->file.data + itl->header.length,
                                        itl->file.len - itl->header.length};
    bench_write(&bench, bench_in_tftp(&bench, "a.xml"), records);
    bench_run(&bench, "file sign a.xml");
    bench_expect(&bench, TVSCTL_REFUSED, "", "a.xml.sgn: its content is records of a trust list");
    ck_assert(!helper_exists(bench_in_tftp(&bench, "a.xml.sgn")));
    trust_list_free(itl);
    bench_close(&bench);
}
END_TEST

/* A phrase that cannot publish the ITL which it makes necessary does nothing else either. */
START_TEST(nothing_without_its_list)
{
    struct bench bench;
    char keys[512];
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    ck_assert_int_eq(rename(bench.tftp, bench_path(&bench, "elsewhere")), 0);
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "set cert regen TVS");
    bench_expect(&bench, TVSCTL_REFUSED, "", "trust_lists.directory");
    bench_run(&bench, "utils itl update --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "trust_lists.directory");
    lists_expect_unchanged(&bench, before);
    ck_assert_int_eq(rename(bench_path(&bench, "elsewhere"), bench.tftp), 0);
    /* Nothing can sign without the key. */
    snprintf(keys, sizeof keys, "%s/keys", bench.state);
    ck_assert_int_eq(rename(keys, bench_path(&bench, "keys-elsewhere")), 0);
    bench_run(&bench, "set cert regen TVS");
    bench_expect(&bench, TVSCTL_REFUSED, "", "CallManager");
    ck_assert_int_eq(rmdir(keys), 0);
    ck_assert_int_eq(rename(bench_path(&bench, "keys-elsewhere"), keys), 0);
    bench_run(&bench, "set cert regen TVS");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_close(&bench);
}
END_TEST

/* ---- utils itl update */

START_TEST(update_asks_and_refuses)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen tomcat");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "utils itl update --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "`set cert regen CallManager` makes one");
    lists_expect_unchanged(&bench, before);
    bench_run(&bench, "set cert regen CallManager");
    before = lists_snapshot(&bench);
    bench_run(&bench, "utils itl update");
    bench_expect(&bench, TVSCTL_REFUSED, "", "--yes");
    bench_run_answered(&bench, "n\n", "utils itl update");
    bench_expect(&bench, TVSCTL_REFUSED, "This operation will update the ITLFile.", "nothing was changed");
    bench_run(&bench, "utils itl update ITLFile --yes");
    bench_expect(&bench, TVSCTL_USAGE, "", "one word too many");
    bench_run(&bench, "utils itl updte --yes");
    bench_expect(&bench, TVSCTL_USAGE, "", "What fits: ");
    lists_expect_unchanged(&bench, before);
    bench_run_answered(&bench, "y\n", "ut itl u");
    bench_expect(&bench, TVSCTL_DONE, "ITL file Updated",
                 "the ITL file holds no TVS certificate, so phones will not ask tvsd");
    ck_assert_int_eq(lists_count(&bench), 2);
    bench_close(&bench);
}
END_TEST

/* ---- utils itl rollback */

static void expect_rollback(struct bench *bench, const char *value)
{
    bench_run(bench, "run sql \"select paramvalue from processconfig where "
                     "paramname='PrepareClusterForRollback'\"");
    bench_expect(bench, TVSCTL_DONE, value, "");
}

START_TEST(rollback_on_and_off)
{
    struct bench bench;
    char row[512];
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen TVS");
    struct trust_list *full = lists_read(&bench, "ITL");
    bench_run_answered(&bench, "y\n", "utils itl rollback on");
    bench_expect(&bench, TVSCTL_DONE, "Cluster prepared for Rollback\nPlease Restart the TFTP", "");
    ck_assert(!helper_holds(bench.out, "stranded"));
    expect_rollback(&bench, "==========\n1\n");
    struct trust_list *blank = lists_read(&bench, "ITL");
    lists_expect(blank, "(SAST) (CCM+TFTP) (TVS) (CAPF)");
    ck_assert(lists_signed_by(&bench, blank, TRUST_UNIT_CALLMANAGER));
    ck_assert_uint_eq(blank->file.len, blank->header.length + 4 * 14);
    bench_run(&bench, "show itl");
    bench_expect(
        &bench, TVSCTL_DONE, "The ITL file was verified successfully.",
        "the ITL file is empty because the cluster is prepared for rollback; `utils itl rollback off`");
    bench_run(&bench, "utils itl rollback on --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "`utils itl rollback off` publishes it with its content again");
    lists_last_row(&bench, row, sizeof row);
    ck_assert_int_eq(strncmp(row, "ITLFile.tlv|utils itl rollback on|", 34), 0);
    /* It holds nothing that a new certificate could change, and phones with the old list know its signer. */
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_expect(&bench, TVSCTL_DONE, "ITLFile.tlv stays empty, since the cluster is prepared for rollback",
                 NULL);
    ck_assert_int_eq(lists_count(&bench), 3);
    bench_run(&bench, "show itl");
    bench_expect(&bench, TVSCTL_DONE, "The ITL file was verified successfully.", NULL);
    bench_run(&bench, "utils itl rollback off --yes");
    bench_expect(&bench, TVSCTL_DONE, "Updating ITL file\nITL file Updated\nPlease Restart the TFTP", "");
    expect_rollback(&bench, "==========\n0\n");
    trust_list_free(blank);
    blank = lists_read(&bench, "ITL");
    lists_expect(blank, "SAST CCM+TFTP TVS# SAST");
    ck_assert(lists_signed_by(&bench, blank, TRUST_UNIT_CALLMANAGER));
    ck_assert(trust_list_verify_self(full, NULL, NULL) == 0);
    trust_list_free(blank);
    trust_list_free(full);
    bench_close(&bench);
}
END_TEST

/* It is published even where the ITL is the operator's own affair, and updates keep it. */
START_TEST(rollback_with_manual_itl)
{
    struct bench bench;
    bench_open(&bench, "  itl: manual\n  signer: ITLRecovery\n");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils itl rollback on --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster prepared for Rollback", NULL);
    bench_run(&bench, "utils itl update --yes");
    struct trust_list *list = lists_read(&bench, "ITL");
    lists_expect(list, "(SAST) (CCM+TFTP) (TVS) (CAPF)");
    ck_assert(lists_signed_by(&bench, list, TRUST_UNIT_ITLRECOVERY));
    trust_list_free(list);
    bench_close(&bench);
}
END_TEST

START_TEST(rollback_asks_and_refuses)
{
    struct bench bench;
    bench_open(&bench, "");
    bench.forces = true;
    bench_run(&bench, "set cert regen TVS");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "utils itl rollback on --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "`set cert regen CallManager` makes one");
    lists_expect_unchanged(&bench, before);
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    before = lists_snapshot(&bench);
    bench_run(&bench, "utils itl rollback off --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "the cluster is not prepared for rollback; nothing was changed");
    bench_run(&bench, "utils itl rollback");
    bench_expect(&bench, TVSCTL_USAGE, "", "Behind it fits: ");
    bench_run(&bench, "utils itl rollback yes");
    bench_expect(&bench, TVSCTL_USAGE, "", "What fits: on, off");
    bench_run(&bench, "utils itl rollback on");
    bench_expect(&bench, TVSCTL_REFUSED, "", "--yes");
    bench_run_answered(&bench, "n\n", "utils itl rollback on");
    bench_expect(
        &bench, TVSCTL_REFUSED,
        "The cluster is in mixed mode: phones that hold a CTL file would be stranded by it. Do you want "
        "to continue? (y/n):",
        "nothing was changed");
    lists_expect_unchanged(&bench, before);
    bench_run(&bench, "utils itl rollback on --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster prepared for Rollback", NULL);
    before = lists_snapshot(&bench);
    bench_run(&bench, "utils itl rollback on --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "the cluster is already prepared for rollback");
    lists_expect_unchanged(&bench, before);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("itl");
    TCase *tests = tcase_create("itl");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, follows_every_phrase);
    tcase_add_test(tests, follows_imports);
    tcase_add_loop_test(tests, every_style, 0, sizeof styles / sizeof styles[0]);
    tcase_add_test(tests, three_nodes);
    tcase_add_test(tests, manual_is_manual);
    tcase_add_test(tests, what_others_wrote_is_replaced);
    tcase_add_test(tests, records_of_a_list_are_not_signed);
    tcase_add_test(tests, nothing_without_its_list);
    tcase_add_test(tests, update_asks_and_refuses);
    tcase_add_test(tests, rollback_on_and_off);
    tcase_add_test(tests, rollback_with_manual_itl);
    tcase_add_test(tests, rollback_asks_and_refuses);
    suite_add_tcase(all, tests);
    return all;
}
