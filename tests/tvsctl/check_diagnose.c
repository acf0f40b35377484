/* utils itl diagnose: the four conditions, each with every answer. */
#include "helper_lists.h"
#include "helper_rehearse.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void open_cluster(struct bench *bench, const char *extra)
{
    rehearse_open(bench, extra);
    rehearse_do(bench, "set cert regen TVS");
    rehearse_do(bench, "set cert regen CallManager");
}

static void diagnose(struct bench *bench, const char *words, int status, const char *out, const char *err)
{
    char *before = rehearse_snapshot(bench);
    bench_run(bench, "utils itl diagnose %s", words);
    bench_expect(bench, status, out, err);
    char *after = rehearse_snapshot(bench);
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
}

static void diagnose_for_programs(struct bench *bench, const char *words, int status, const char *out)
{
    char *all;
    ck_assert_int_ge(asprintf(&all, "%s --json", words), 0);
    diagnose(bench, all, status, NULL, "");
    ck_assert(helper_is_json(bench->out));
    ck_assert_msg(helper_holds(bench->out, out), "%s", bench->out);
    free(all);
}

/* The key of the certificate that signed a list goes. */
static void lose_key(const struct bench *bench, const char *path)
{
    char folder[512], name[TRUST_KEY_NAME_SIZE], key[1024];
    struct trust_list *list;
    struct trust_cert *signer;
    struct trust_bytes bytes = fixture_read(path);
    ck_assert_int_eq(trust_list_parse(bytes, &list, NULL), 0);
    ck_assert_int_eq(trust_list_verify_self(list, &signer, NULL), 0);
    snprintf(folder, sizeof folder, "%s/keys", bench->state);
    ck_assert_int_eq(trust_key_find(folder, "CallManager", signer, name, NULL), 0);
    snprintf(key, sizeof key, "%s/%s", folder, name);
    ck_assert_int_eq(unlink(key), 0);
    trust_cert_free(signer);
    trust_list_free(list);
    fixture_free(bytes);
}

START_TEST(all_is_well)
{
    struct bench bench;
    open_cluster(&bench, "");
    char *itl = rehearse_keep(&bench, "ITL", "itl");
    diagnose(&bench, itl, TVSCTL_NO, "1. The signature differs from that of the TFTP server's ITL file: no (",
             "");
    ck_assert(helper_holds(bench.out, "2. The TVS certificate differs from the ITL's: no (it holds the TVS "
                                      "certificate of node cucm-1051-a-pub)"));
    ck_assert(helper_holds(bench.out,
                           "3. The phone shows a verification failure: no (a phone that holds it takes "
                           "what is published, by ITL)"));
    ck_assert(helper_holds(bench.out, "4. The key of its signer is lost, here and in backups: no ("));
    ck_assert(helper_holds(bench.out, "Not all four hold: do not delete the ITL on that phone."));
    diagnose_for_programs(&bench, itl, TVSCTL_NO, "\"condition\": \"verification-fails\"");
    ck_assert(helper_holds(bench.out, "\"a phone that holds it takes what is published, by ITL\""));
    ck_assert(helper_holds(bench.out, "\"delete\": \"no\""));
    ck_assert(helper_holds(bench.out, "\"outcome\": \"follows\""));
    ck_assert(helper_holds(bench.out, "\"remedy_text\": null"));
    free(itl);
    rehearse_close(&bench);
}
END_TEST

/* Without a second anchor: unknown without a backup, yes with one that has not the key, no with one that has.
 */
START_TEST(lost_key)
{
    struct bench bench;
    char words[2048];
    open_cluster(&bench, "  recovery_anchor: false\n");
    bench.forces = true;
    char *itl = rehearse_keep(&bench, "ITL", "itl");
    bench_write(&bench, "password", helper_bytes("secret\n"));
    char *password = strdup(bench_path(&bench, "password")), *with = strdup(bench_path(&bench, "with")),
         *without = strdup(bench_path(&bench, "without"));
    bench_run(&bench, "utils backup %s --password-file %s", with, password);
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    rehearse_do(&bench, "set cert regen CallManager");
    rehearse_do(&bench, "set cert regen TVS");
    diagnose(&bench, itl, TVSCTL_NO, "2. The TVS certificate differs from the ITL's: yes", "");
    ck_assert(helper_holds(bench.out,
                           "3. The phone shows a verification failure: yes (ITL: its signer stands in "
                           "no list that the phone holds"));
    ck_assert(helper_holds(bench.out, "lost, here and in backups: no (the key of its signer is in"));
    lose_key(&bench, itl);
    diagnose(&bench, itl, TVSCTL_NO, "backups: unknown (the key of its signer is not here", "");
    ck_assert(helper_holds(bench.out, "Delete the ITL on that phone by hand only if what is unknown"));
    bench_run(&bench, "utils backup %s --password-file %s", without, password);
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    snprintf(words, sizeof words, "%s %s --password-file %s", itl, without, password);
    diagnose(&bench, words, TVSCTL_DONE, "All four hold: delete the ITL on that phone by hand.", "");
    diagnose_for_programs(&bench, words, TVSCTL_DONE, "\"delete\": \"yes\"");
    ck_assert(helper_holds(bench.out, "\"outcome\": \"stranded\""));
    snprintf(words, sizeof words, "%s %s --password-file %s", itl, with, password);
    diagnose(&bench, words, TVSCTL_NO, "backups: no (the key of its signer is in", "");
    ck_assert(helper_holds(bench.out, "`utils restore`"));
    bench_write(&bench, "password", helper_bytes("another\n"));
    diagnose(&bench, words, TVSCTL_REFUSED, "", "with");
    free(itl), free(password), free(with), free(without);
    rehearse_close(&bench);
}
END_TEST

/* With one, the phone waits. */
START_TEST(second_anchor)
{
    struct bench bench;
    open_cluster(&bench, "");
    bench.forces = true;
    char *itl = rehearse_keep(&bench, "ITL", "itl");
    rehearse_do(&bench, "set cert regen CallManager");
    rehearse_do(&bench, "set cert regen TVS");
    lose_key(&bench, itl);
    diagnose(&bench, itl, TVSCTL_NO, "It waits: publish what these phones do take", "");
    ck_assert(helper_holds(bench.out, "`utils itl reset localkey`"));
    diagnose_for_programs(&bench, itl, TVSCTL_NO, "\"outcome\": \"waiting\"");
    ck_assert(helper_holds(bench.out, "\"delete\": \"unknown\""));
    ck_assert(helper_holds(bench.out, "\"remedy_text\": \"publish what these phones do take"));
    free(itl);
    rehearse_close(&bench);
}
END_TEST

START_TEST(what_cannot_be_known)
{
    struct bench bench;
    open_cluster(&bench, "  recovery_anchor: false\n");
    rehearse_do(&bench, "utils itl rollback on");
    char *empty = rehearse_keep(&bench, "ITL", "empty");
    rehearse_do(&bench, "utils itl rollback off");
    rehearse_do(&bench, "set cert delete TVS cucm-1051-a-pub");
    ck_assert_int_eq(unlink(lists_tftp(&bench, "ITLFile.tlv")), 0);
    diagnose(&bench, empty, TVSCTL_NO, "TFTP server's ITL file: unknown (there is no ITL file in", "");
    ck_assert(helper_holds(bench.out, "the ITL's: unknown (no node has a TVS certificate)"));
    free(empty);
    rehearse_close(&bench);
}
END_TEST

/* In mixed mode a phone may hold a CTL as well, and follow by it. */
START_TEST(mixed_mode)
{
    struct bench bench;
    open_cluster(&bench, "  recovery_anchor: false\n");
    bench.forces = true;
    char *itl = rehearse_keep(&bench, "ITL", "itl");
    rehearse_do(&bench, "set cert regen CallManager");
    rehearse_do(&bench, "set cert regen TVS");
    rehearse_do(&bench, "utils ctl set-cluster mixed-mode");
    diagnose(&bench, itl, TVSCTL_NO, "failure: unknown (it would, unless the phone also holds our CTL file)",
             "");
    free(itl);
    rehearse_close(&bench);
}
END_TEST

START_TEST(wrong_arguments)
{
    struct bench bench;
    char words[1024];
    open_cluster(&bench, "");
    rehearse_do(&bench, "utils ctl set-cluster mixed-mode");
    diagnose(&bench, "/nowhere/ITLFile.tlv", TVSCTL_REFUSED, "", "/nowhere/ITLFile.tlv");
    diagnose(&bench, lists_tftp(&bench, "CTLFile.tlv"), TVSCTL_REFUSED, "", "is a CTL file");
    snprintf(words, sizeof words, "%s --password-file x", lists_tftp(&bench, "ITLFile.tlv"));
    diagnose(&bench, words, TVSCTL_USAGE, "", "--password-file opens a BACKUP, and none is named");
    snprintf(words, sizeof words, "%s /nowhere/backup", lists_tftp(&bench, "ITLFile.tlv"));
    diagnose(&bench, words, TVSCTL_REFUSED, "", "--password-file");
    rehearse_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("diagnose");
    TCase *t = tcase_create("diagnose");
    tcase_add_test(t, all_is_well);
    tcase_add_test(t, lost_key);
    tcase_add_test(t, second_anchor);
    tcase_add_test(t, what_cannot_be_known);
    tcase_add_test(t, mixed_mode);
    tcase_add_test(t, wrong_arguments);
    suite_add_tcase(s, t);
    return s;
}
