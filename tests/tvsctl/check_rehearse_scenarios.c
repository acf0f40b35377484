/* What the two notes describe, told before it is done: regenerations in either order, renamed nodes, tokens,
 * a rollback, modes, families. */
#include "helper_lists.h"
#include "helper_rehearse.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ONE_ANCHOR "  recovery_anchor: false\n"

static void open_cluster(struct bench *bench, const char *extra)
{
    rehearse_open(bench, extra);
    rehearse_do(bench, "set cert regen TVS");
    rehearse_do(bench, "set cert regen CallManager");
    bench_write(bench, bench_in_tftp(bench, "SEP001122334455.cnf.xml"), helper_bytes("<device/>"));
    rehearse_do(bench, "file sign SEP001122334455.cnf.xml");
}

/* The rehearsal for phones that hold these alone. */
static void expect_held(struct bench *bench, const char *phrase, const char *family, const char *ctl,
                        const char *itl, int status, const char *out)
{
    char words[2048];
    snprintf(words, sizeof words, "%s --family %s%s%s%s%s", phrase, family,
             ctl != NULL ? " --installed " : "", ctl != NULL ? ctl : "", itl != NULL ? " --installed " : "",
             itl != NULL ? itl : "");
    rehearse_expect(bench, words, status, out, NULL);
}

/* 5, 23: a CallManager regenerated in mixed mode, then its CTL; phones with and without TVS. */
START_TEST(regenerated_in_mixed_mode)
{
    struct bench bench;
    open_cluster(&bench, ONE_ANCHOR);
    rehearse_do(&bench, "utils ctl set-cluster mixed-mode");
    char *ctl = rehearse_keep(&bench, "CTL", "ctl"), *itl = rehearse_keep(&bench, "ITL", "itl");
    expect_held(&bench, "set cert regen CallManager", "88xx", ctl, itl, 0, "All of them follow: 1 by TVS.");
    expect_held(&bench, "set cert regen CallManager", "7940", ctl, NULL, 3, "1 are stranded:");
    rehearse_do(&bench, "set cert regen CallManager");
    char *next = rehearse_keep(&bench, "ITL", "next");
    expect_held(&bench, "utils ctl update CTLFile", "88xx", ctl, itl, 0, "All of them follow: 1 by TVS.");
    expect_held(&bench, "utils ctl update CTLFile", "88xx", ctl, next, 0, "All of them follow: 1 by ITL.");
    expect_held(&bench, "utils ctl update CTLFile", "7940", ctl, NULL, 3, "7940/7960 stranded");
    ck_assert(helper_holds(bench.out, "Remedy: delete the lists on each phone."));
    free(ctl), free(itl), free(next);
    rehearse_close(&bench);
}
END_TEST

/* A phone without lists takes the CTL blindly: the new one is what it needs, if it has not come yet. */
START_TEST(fresh_in_mixed_mode)
{
    struct bench bench;
    open_cluster(&bench, "");
    rehearse_do(&bench, "utils ctl set-cluster mixed-mode");
    rehearse_expect(
        &bench, "set cert regen CallManager", TVSCTL_DONE,
        "Remedy: say `utils ctl update CTLFile` before they come; where they came before it, publish "
        "what these phones do take, wait until they have it, then go on: `utils itl reset "
        "localkey`.",
        NULL);
    rehearse_do(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils rehearse utils ctl update CTLFile");
    ck_assert(!helper_holds(bench.out, "before they come"));
    rehearse_close(&bench);
}
END_TEST

/* 9, 10: one after the other with the phones in between, in both orders; and both at once. */
static const char *const orders[][2] = {{"CallManager", "TVS"}, {"TVS", "CallManager"}};

START_TEST(one_after_the_other)
{
    struct bench bench;
    char first[64], second[64];
    open_cluster(&bench, ONE_ANCHOR);
    snprintf(first, sizeof first, "set cert regen %s", orders[_i][0]);
    snprintf(second, sizeof second, "set cert regen %s", orders[_i][1]);
    char *old = rehearse_keep(&bench, "ITL", "old");
    expect_held(&bench, first, "88xx", NULL, old, 0, "All of them follow");
    rehearse_do(&bench, first);
    char *middle = rehearse_keep(&bench, "ITL", "middle");
    expect_held(&bench, second, "88xx", NULL, middle, 0, "All of them follow");
    expect_held(&bench, second, "88xx", NULL, old, 3, "1 are stranded:");
    ck_assert(helper_holds(bench.out, "no TVS server has a certificate that does"));
    ck_assert(helper_holds(bench.out, "Remedy: change signer and TVS one at a time"));
    /* Without --installed the history says the same of both. */
    snprintf(second, sizeof second, "set cert regen %s --family 88xx", orders[_i][1]);
    rehearse_expect(&bench, second, 3, "1 are stranded:", NULL);
    free(old), free(middle);
    rehearse_close(&bench);
}
END_TEST

START_TEST(both_at_once)
{
    struct bench bench;
    const bool anchored = _i == 1;
    open_cluster(&bench, anchored ? "" : ONE_ANCHOR);
    bench.forces = true;
    char *old = rehearse_keep(&bench, "ITL", "old");
    rehearse_do(&bench, "set cert regen CallManager");
    rehearse_do(&bench, "set cert regen TVS");
    expect_held(&bench, "utils itl update", "79xx", NULL, old, anchored ? 0 : 3,
                anchored ? "0 follow, 1 wait, 0 are stranded:" : "0 follow, 0 wait, 1 are stranded:");
    ck_assert(helper_holds(bench.out, "follows not now either"));
    ck_assert(!anchored || helper_holds(bench.out, "`utils itl reset localkey`"));
    /* What was named does reach them. */
    if (anchored)
        expect_held(&bench, "utils itl reset localkey", "79xx", NULL, old, 0,
                    "All of them follow: 1 by ITL.");
    free(old);
    rehearse_close(&bench);
}
END_TEST

/* 11, 12: one node renamed, then the other's TVS as well. */
START_TEST(renamed_nodes)
{
    struct bench bench;
    char words[1024];
    open_cluster(&bench, ONE_ANCHOR);
    bench.forces = true;
    rehearse_other_node(&bench, "sub.pem");
    char *old = rehearse_keep(&bench, "ITL", "old");
    expect_held(&bench, "set network hostname other", "88xx", NULL, old, 0, "All of them follow: 1 by TVS.");
    ck_assert(helper_holds(bench.out, "78xx/88xx, asks other alone stranded"));
    ck_assert(helper_holds(bench.out, "first put a TVS server that the phones trust into their group"));
    rehearse_do(&bench, "set network hostname other");
    bench_write_cert(&bench, "sub2.pem", "sub", time(NULL) - 30);
    snprintf(words, sizeof words, "set cert import own TVS %s --node sub", bench_path(&bench, "sub2.pem"));
    expect_held(&bench, words, "88xx", NULL, old, 3, "0 follow, 0 wait, 1 are stranded:");
    free(old);
    rehearse_close(&bench);
}
END_TEST

/* 13: a token signs the CTL, and every certificate of the cluster is new. */
static struct trust_signer *make_token(void)
{
    const struct trust_cert_request request = {
        .common_name = "SAST-ADN0054f509", .days = 10, .digest = TRUST_DIGEST_SHA1, .now = time(NULL) - 60};
    struct trust_key *key;
    struct trust_cert *cert;
    struct trust_signer *signer;
    ck_assert_int_eq(trust_key_generate("rsa:1024", &key, NULL), 0);
    ck_assert_int_eq(trust_cert_generate(&request, key, &cert, NULL), 0);
    ck_assert_int_eq(trust_signer_from_key(cert, key, &signer, NULL), 0);
    trust_cert_free(cert);
    trust_key_free(key);
    return signer;
}

static void sign_ctl(struct bench *bench, struct trust_signer *token, struct trust_cert *server)
{
    const struct trust_header_spec header = {
        .filename = "CTLFile.tlv", .timestamp = time(NULL), .digest = TRUST_DIGEST_SHA1, .minor = 2};
    const struct trust_record_spec records[] = {
        {.form = TRUST_RECORD_WHOLE, .function = TRUST_ROLE_SAST, .cert = trust_signer_cert(token)},
        {.form = TRUST_RECORD_WHOLE, .function = TRUST_ROLE_CCM_TFTP, .cert = server},
    };
    struct trust_list *list;
    ck_assert_int_eq(trust_list_build(&header, records, 2, token, &list, NULL), 0);
    bench_write(bench, bench_in_tftp(bench, "CTLFile.tlv"), list->file);
    trust_list_free(list);
}

START_TEST(token_signs)
{
    struct bench bench;
    struct trust_signer *token = make_token();
    open_cluster(&bench, ONE_ANCHOR);
    bench.forces = true;
    struct trust_cert *server = lists_own(&bench, TRUST_UNIT_CALLMANAGER);
    sign_ctl(&bench, token, server);
    trust_cert_free(server);
    char *ctl = rehearse_keep(&bench, "CTL", "ctl"), *itl = rehearse_keep(&bench, "ITL", "itl");
    rehearse_do(&bench, "set cert regen CallManager");
    rehearse_do(&bench, "set cert regen TVS");
    expect_held(&bench, "utils itl update", "88xx", ctl, itl, 3, "1 are stranded:");
    server = lists_own(&bench, TRUST_UNIT_CALLMANAGER);
    sign_ctl(&bench, token, server);
    trust_cert_free(server);
    expect_held(&bench, "utils itl update", "88xx", ctl, itl, 0, "All of them follow: 1 by CTL.");
    trust_signer_free(token);
    free(ctl), free(itl);
    rehearse_close(&bench);
}
END_TEST

/* 17: an empty ITL reaches everybody, and does not free who holds a CTL. */
START_TEST(rollback)
{
    struct bench bench;
    open_cluster(&bench, ONE_ANCHOR);
    bench.forces = true;
    char *itl = rehearse_keep(&bench, "ITL", "itl");
    expect_held(&bench, "utils itl rollback on", "88xx", NULL, itl, 0, "All of them follow");
    rehearse_do(&bench, "utils itl rollback on");
    char *empty = rehearse_keep(&bench, "ITL", "empty");
    expect_held(&bench, "set cert regen CallManager", "88xx", NULL, empty, 0, "All of them follow");
    rehearse_do(&bench, "utils itl rollback off");
    rehearse_do(&bench, "utils ctl set-cluster mixed-mode");
    char *ctl = rehearse_keep(&bench, "CTL", "ctl");
    expect_held(&bench, "utils itl rollback on", "88xx", ctl, itl, 0,
                "Warning, for 1 of those that follow: the "
                "empty ITL does not empty the CTL");
    rehearse_do(&bench, "utils itl rollback on");
    /* Any configuration is taken meanwhile; the next CTL is not. */
    expect_held(&bench, "set cert regen CallManager", "88xx", ctl, empty, 0, "All of them follow");
    rehearse_do(&bench, "set cert regen CallManager");
    expect_held(&bench, "utils ctl update CTLFile", "88xx", ctl, empty, 3, "1 are stranded:");
    free(itl), free(empty), free(ctl);
    rehearse_close(&bench);
}
END_TEST

/* 21: hollow records of a list that the known signer signed. */
START_TEST(non_secure)
{
    struct bench bench;
    open_cluster(&bench, "");
    rehearse_do(&bench, "utils ctl set-cluster mixed-mode");
    rehearse_expect(&bench, "utils ctl set-cluster non-secure-mode --family 88xx", 0, "All of them follow",
                    NULL);
    rehearse_close(&bench);
}
END_TEST

/* A digest that some families do not know. */
START_TEST(digest)
{
    struct bench bench;
    open_cluster(&bench, "  digest: sha512\n");
    rehearse_expect(&bench, "utils itl update --family 88xx", 0, "All of them follow", NULL);
    rehearse_expect(&bench, "utils itl update --family 79xx", 3, "trust_lists.digest: sha1", NULL);
    rehearse_close(&bench);
}
END_TEST

/* TVS-ECDSA is shown once its roll-out is closed: a phone that offers ECDSA, and stayed away, asks TVS no
 * more.
 */
START_TEST(ecdsa)
{
    struct bench bench;
    static const char regen[] = "set cert regen CallManager";
    open_cluster(&bench, ONE_ANCHOR);
    char *old = rehearse_keep(&bench, "ITL", "old");
    rehearse_do(&bench, "set cert regen TVS-ECDSA");
    char *new = rehearse_keep(&bench, "ITL", "new");
    expect_held(&bench, regen, "88xx", NULL, old, 0, "All of them follow: 1 by TVS.");
    expect_held(&bench, "utils rollout close", "88xx", NULL, old, 0, "All of them follow: 1 by ITL.");
    rehearse_do(&bench, "utils rollout close --phones-are-back");
    expect_held(&bench, regen, "88xx", NULL, old, 3, "1 are stranded:");
    ck_assert(helper_holds(bench.out, "no TVS server has a certificate that does"));
    expect_held(&bench, regen, "88xx", NULL, new, 0, "All of them follow: 1 by TVS.");
    expect_held(&bench, regen, "894x", NULL, old, 0, "All of them follow: 1 by TVS.");
    free(old), free(new);
    rehearse_close(&bench);
}
END_TEST

/* What the general families can and real ones cannot: TLS 1.2, an ITL. They are named, and decide nothing. */
#define WORSE(family) "{\n \"family\": \"" family "\",\n \"waiting\": 1,\n \"stranded\": 0\n }"

static const struct {
    const char *extra, *mode;
    int status;
    const char *out, *json;
} worse[] = {
    {ONE_ANCHOR "tls:\n  minimum: 1.2\n", NULL, TVSCTL_NO,
     "Some families fare worse: 79xx, 69xx/89xx/99xx: 2 kinds of phones wait; `utils rehearse "
     "PHRASE --family 79xx` tells why.",
     "\"worse_families\": [\n " WORSE("79xx") ",\n " WORSE("69xx/89xx/99xx") "\n ],"},
    {ONE_ANCHOR "tls:\n  minimum: 1.0\n", NULL, TVSCTL_NO, NULL, "\"worse_families\": [],"},
    {"  signer: itlrecovery\n", "utils ctl set-cluster mixed-mode", TVSCTL_DONE,
     "All of them follow: 2 by ITL.\nSome families fare worse: 7940/7960, TelePresence/Jabber: 2 kinds of "
     "phones wait; `utils rehearse PHRASE --family 7940/7960` tells why.",
     "\"worse_families\": [\n " WORSE("7940/7960") ",\n " WORSE("TelePresence/Jabber") "\n ],"},
};

START_TEST(families_that_fare_worse)
{
    struct bench bench;
    char words[1024];
    open_cluster(&bench, worse[_i].extra);
    if (worse[_i].mode != NULL)
        rehearse_do(&bench, worse[_i].mode);
    int len =
        snprintf(words, sizeof words, "set cert regen CallManager --installed %s/ITLFile.tlv", bench.tftp);
    if (worse[_i].mode != NULL)
        snprintf(words + len, sizeof words - (size_t)len, " --installed %s/CTLFile.tlv", bench.tftp);
    rehearse_expect(&bench, words, worse[_i].status, worse[_i].out, NULL);
    ck_assert(helper_holds(bench.out, "fare worse") == (worse[_i].out != NULL));
    bench_run(&bench, "utils rehearse %s --json", words);
    bench_expect(&bench, worse[_i].status, worse[_i].json, NULL);
    ck_assert(helper_is_json(bench.out));
    bench_run(&bench, "utils rehearse %s --family '%s'", words, "with TVS");
    ck_assert(!helper_holds(bench.out, "fare worse"));
    bench_run(&bench, "utils rehearse %s --family '%s' --json", words, "with TVS");
    bench_expect(&bench, TVSCTL_DONE, "\"worse_families\": null,", NULL);
    rehearse_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("rehearse-scenarios");
    TCase *t = tcase_create("scenarios");
    tcase_add_test(t, regenerated_in_mixed_mode);
    tcase_add_test(t, fresh_in_mixed_mode);
    tcase_add_loop_test(t, one_after_the_other, 0, 2);
    tcase_add_loop_test(t, both_at_once, 0, 2);
    tcase_add_test(t, renamed_nodes);
    tcase_add_test(t, token_signs);
    tcase_add_test(t, rollback);
    tcase_add_test(t, non_secure);
    tcase_add_test(t, digest);
    tcase_add_loop_test(t, families_that_fare_worse, 0, sizeof worse / sizeof worse[0]);
    tcase_add_test(t, ecdsa);
    suite_add_tcase(s, t);
    return s;
}
