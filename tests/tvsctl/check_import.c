/* set cert import …: from any container, for ours and for other people's units. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Returns how many there were. */
static int chmod_files(const char *folder, mode_t mode)
{
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    int count = 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            count += fchmodat(dirfd(dir), entry->d_name, mode, 0) == 0;
    if (dir != NULL)
        closedir(dir);
    return count;
}

/* Whoever sits at a terminal is asked for the password. */
START_TEST(import_asks_for_the_password)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run_answered(&bench, "wrong\n", "set cert import own TVS tests/data/bundles/modern.p12");
    bench_expect(&bench, TVSCTL_REFUSED,
                 "Password of tests/data/bundles/modern.p12: ", "modern.p12: PKCS#12");
    bench_run(&bench, "set cert import own TVS tests/data/bundles/modern.p12");
    bench_expect(&bench, TVSCTL_REFUSED, "", "add --password-file FILE");
    bench_run_answered(&bench, "secret\n", "set cert import own TVS tests/data/bundles/modern.p12");
    bench_expect(&bench, TVSCTL_DONE, "Successfully imported certificate for TVS.", "phones need no chain");
    bench_close(&bench);
}
END_TEST

/* Container, password, what comes in, and what else is said. */
static const struct {
    const char *files, *password, *warning;
} own[] = {
    {"tests/data/bundles/key-between.pem", NULL, NULL},
    {"tests/data/bundles/leaf.pem tests/data/bundles/key.pem", NULL, NULL},
    {"tests/data/bundles/key.der tests/data/bundles/leaf.der", NULL, NULL},
    {"tests/data/bundles/modern.p12", "secret\n", "was passed over"},
    {"tests/data/bundles/no-password.p12", NULL, "was passed over"},
};

START_TEST(import_own_takes_containers)
{
    struct bench bench;
    char option[600] = "";
    bench_open(&bench, "");
    if (own[_i].password != NULL)
        snprintf(
            option, sizeof option, "--password-file %s",
            bench_write(&bench, "password",
                        (struct trust_bytes){(const uint8_t *)own[_i].password, strlen(own[_i].password)}));
    bench_run(&bench, "set cert import own TVS %s %s", own[_i].files, option);
    bench_expect(
        &bench, TVSCTL_DONE,
        "Successfully imported certificate for TVS.\nPlease restart services related to TVS for the new "
        "certificate to become active.\n",
        own[_i].warning);
    ck_assert_int_eq(helper_count_files(bench_in_state(&bench, "keys")), 1);
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, "TVS.pem node-1 ", "");
    bench_close(&bench);
}
END_TEST

/* Keep the certificate that `show cert own` prints in a file of the bench. */
static const char *keep_cert(struct bench *bench, const char *unit, const char *name)
{
    bench_run(bench, "show cert own %s", unit);
    bench_expect(bench, TVSCTL_DONE, "-----BEGIN CERTIFICATE-----", "");
    const char *pem = strstr(bench->out, "-----BEGIN");
    return bench_write(bench, name, (struct trust_bytes){(const uint8_t *)pem, strlen(pem)});
}

static void expect_cert(struct bench *bench, const char *unit, const char *path)
{
    struct trust_bytes pem = fixture_read(path);
    bench_run(bench, "show cert own %s", unit);
    bench_expect(bench, TVSCTL_DONE, (const char *)pem.data, "");
    fixture_free(pem);
}

/* Keys that signed lists stay: the certificate of before comes back with itself alone, and so does the ITL. A
 * key that signed nothing went with its certificate. */
START_TEST(import_own_finds_the_key_that_stayed)
{
    struct bench bench;
    bench_open(&bench, "");
    bench.forces = true;
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "set cert regen TVS");
    keep_cert(&bench, "CallManager", "signer.pem");
    keep_cert(&bench, "TVS", "tvs.pem");
    bench_run(&bench, "set cert regen CallManager --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "set cert regen TVS --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "set cert import own TVS %s", bench_path(&bench, "tvs.pem"));
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no private key in it, and none waits in");
    lists_expect_unchanged(&bench, before);
    bench_run(&bench, "set cert import own CallManager %s", bench_path(&bench, "signer.pem"));
    bench_expect(&bench, TVSCTL_DONE, "Successfully imported certificate for CallManager.", NULL);
    expect_cert(&bench, "CallManager", bench_path(&bench, "signer.pem"));
    struct trust_list *itl = lists_read(&bench, "ITL");
    ck_assert(lists_signed_by(&bench, itl, TRUST_UNIT_CALLMANAGER));
    lists_expect(itl, "SAST CCM+TFTP TVS# SAST");
    trust_list_free(itl);
    /* What is there already changes nothing. */
    int published = lists_count(&bench), keys = helper_count_files(bench_in_state(&bench, "keys"));
    bench_run(&bench, "set cert import own CallManager %s", bench_path(&bench, "signer.pem"));
    bench_expect(&bench, TVSCTL_DONE, "Successfully imported certificate for CallManager.", NULL);
    ck_assert_int_eq(lists_count(&bench), published);
    ck_assert_int_eq(helper_count_files(bench_in_state(&bench, "keys")), keys);
    bench_close(&bench);
}
END_TEST

/* A certificate of ours, alone, for a second unit: its key waits under the first one's name, and neither unit
 * loses it when the other gets another. */
START_TEST(import_own_of_another_unit)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen tomcat");
    keep_cert(&bench, "tomcat", "tomcat.pem");
    bench_run(&bench, "set cert import own TVS %s", bench_path(&bench, "tomcat.pem"));
    bench_expect(&bench, TVSCTL_DONE, "Successfully imported certificate for TVS.", NULL);
    expect_cert(&bench, "TVS", bench_path(&bench, "tomcat.pem"));
    ck_assert_int_eq(helper_count_files(bench_in_state(&bench, "keys")), 1);
    bench_run(&bench, "set cert regen tomcat --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    expect_cert(&bench, "TVS", bench_path(&bench, "tomcat.pem"));
    ck_assert_int_eq(helper_count_files(bench_in_state(&bench, "keys")), 2);
    bench_run(&bench, "set cert delete TVS cucm-1051-a-pub --yes");
    bench_expect(&bench, TVSCTL_DONE, "cucm-1051-a-pub: deleted from TVS\n", NULL);
    ck_assert_int_eq(helper_count_files(bench_in_state(&bench, "keys")), 1);
    bench_close(&bench);
}
END_TEST

/* A renewed certificate of the same key takes the place of the one before, with the key given or not. */
START_TEST(import_own_of_a_renewed_certificate)
{
    struct bench bench;
    struct trust_key *key;
    char *key_pem;
    bench_open(&bench, "");
    ck_assert_int_eq(trust_key_generate("rsa:1024", &key, NULL), 0);
    ck_assert_int_eq(trust_key_to_pem(key, &key_pem, NULL), 0);
    bench_write(&bench, "key.pem", (struct trust_bytes){(const uint8_t *)key_pem, strlen(key_pem)});
    for (int i = 0; i < 3; i++) {
        const struct trust_cert_request request = {
            .common_name = "node", .days = 10, .digest = TRUST_DIGEST_SHA256, .now = 1425667513 + i};
        struct trust_cert *cert;
        char *pem;
        ck_assert_int_eq(trust_cert_generate(&request, key, &cert, NULL), 0);
        ck_assert_int_eq(trust_cert_to_pem(cert, &pem, NULL), 0);
        bench_write(&bench, "cert.pem", (struct trust_bytes){(const uint8_t *)pem, strlen(pem)});
        bench_run(&bench, "set cert import own tomcat %s/cert.pem %s%s", bench.folder,
                  i == 1 ? "" : bench_path(&bench, "key.pem"), "");
        bench_expect(&bench, TVSCTL_DONE, "Successfully imported certificate for tomcat.", "expired on");
        expect_cert(&bench, "tomcat", bench_path(&bench, "cert.pem"));
        ck_assert_int_eq(helper_count_files(bench_in_state(&bench, "keys")), 1);
        free(pem);
        trust_cert_free(cert);
    }
    /* Without its key's file it is of no use. */
    ck_assert_int_eq(chmod_files(bench_in_state(&bench, "keys"), 0600), 1);
    fixture_folder_remove(strdup(bench_in_state(&bench, "keys")));
    bench_run(&bench, "set cert import own tomcat %s/cert.pem", bench.folder);
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no private key in it, and none waits in");
    free(key_pem);
    trust_key_free(key);
    bench_close(&bench);
}
END_TEST

/* A key that waits, but is open to others, is named with what to do. */
START_TEST(import_own_says_why_the_key_is_of_no_use)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert import own TVS tests/data/bundles/key-between.pem");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(chmod_files(bench_in_state(&bench, "keys"), 0640), 1);
    bench_run(&bench, "set cert import own TVS tests/data/bundles/leaf.pem");
    bench_expect(&bench, TVSCTL_REFUSED, "", "chmod 600");
    ck_assert_int_eq(chmod_files(bench_in_state(&bench, "keys"), 0600), 1);
    bench_run(&bench, "set cert import own TVS tests/data/bundles/leaf.pem");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_close(&bench);
}
END_TEST

/* Whoever else may write there would decide with us what phones trust. */
START_TEST(a_state_that_all_may_write)
{
    struct bench bench;
    bench_open(&bench, "");
    ck_assert_int_eq(mkdir(bench.state, 0700), 0);
    ck_assert_int_eq(chmod(bench.state, 01777), 0);
    bench_run(&bench, "set cert regen CallManager");
    bench_expect(&bench, TVSCTL_REFUSED, "", "state: everybody may write it (mode 1777); chmod o-w ");
    ck_assert_int_eq(helper_count_files(bench.state), 0);
    ck_assert_int_eq(chmod(bench.state, 0770), 0);
    bench_run(&bench, "set cert regen CallManager");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(chmod(bench.store, 0666), 0);
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_REFUSED, "", "tvs.sqlite3: everybody may write it (mode 0666); chmod o-w ");
    bench_close(&bench);
}
END_TEST

/* Another node's certificate comes alone, and its records into the lists that ours signs. */
START_TEST(import_own_of_another_node)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "utils node add cucm-1051-a-sub1 10.48.47.156");
    bench_run(&bench, "set cert import own CallManager %s --node cucm-1051-a-sub1",
              fixture_path("certs/sub1.crt"));
    bench_expect(&bench, TVSCTL_DONE, "Successfully imported certificate for CallManager.", NULL);
    ck_assert_int_eq(helper_count_files(bench_in_state(&bench, "keys")), 0);
    bench_run(&bench, "show cert own CallManager");
    bench_expect(&bench, TVSCTL_REFUSED, "", "`set cert regen CallManager` makes one");
    bench_run(&bench, "show cert list own --json");
    bench_expect(&bench, TVSCTL_DONE, "\"node\": \"cucm-1051-a-sub1\"", "");
    ck_assert(helper_is_json(bench.out));
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    struct trust_list *list = lists_read(&bench, "CTL");
    lists_expect(list, "SAST CCM+TFTP CCM+TFTP SAST");
    trust_list_free(list);
    bench_run(&bench, "set cert import own TVS %s --node cucm-1051-a-sub1", fixture_path("certs/tvs-ec.crt"));
    bench_expect(&bench, TVSCTL_DONE, "Successfully imported certificate for TVS.", NULL);
    ck_assert_int_eq(helper_count(bench.out, "The CTL file does not hold"), 0);
    list = lists_read(&bench, "ITL");
    lists_expect(list, "SAST CCM+TFTP TVS# SAST");
    trust_list_free(list);
    bench_run(&bench, "set cert import own CallManager %s --node cucm-1051-a-sub1",
              fixture_path("certs/pub-old.crt"));
    bench_expect(&bench, TVSCTL_DONE,
                 "The CTL file does not hold CallManager of cucm-1051-a-sub1 yet: run `utils ctl update "
                 "CTLFile`.\n",
                 NULL);
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, "CTL cucm-1051-a-sub1 replaced or deleted; kept until", "");
    bench_close(&bench);
}
END_TEST

/* A list that is not published automatically is named when it lags behind. */
START_TEST(import_own_names_the_list_that_lags)
{
    struct bench bench;
    bench_open(&bench, "  itl: manual\n");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils itl update --yes");
    bench_expect(&bench, TVSCTL_DONE, "ITL file Updated", NULL);
    bench_run(&bench, "set cert import own TVS tests/data/bundles/key-between.pem");
    bench_expect(&bench, TVSCTL_DONE,
                 "The ITL file does not hold TVS of cucm-1051-a-pub yet: run `utils itl update`.\n", NULL);
    bench_run(&bench, "utils itl update --yes");
    bench_run(&bench, "set cert import own TVS tests/data/bundles/key-between.pem");
    ck_assert_int_eq(helper_count(bench.out, "does not hold"), 0);
    bench_close(&bench);
}
END_TEST

START_TEST(import_trust_says_what_happened)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert import trust tomcat-trust tests/data/bundles/chain.p7b %s",
              fixture_path("certs/apache.crt"));
    bench_expect(&bench, TVSCTL_DONE, "node-1 (serial number ", NULL);
    bench_expect(&bench, TVSCTL_DONE, "Example CA (serial number ", NULL);
    bench_expect(&bench, TVSCTL_DONE, "phones.example.org (serial number 1001): added to tomcat-trust\n",
                 NULL);
    bench_expect(&bench, TVSCTL_DONE, "Successfully imported certificate for tomcat-trust.\n", NULL);
    bench_run(&bench, "set cert import trust tomcat-trust %s", fixture_path("certs/apache.crt"));
    bench_expect(&bench, TVSCTL_DONE, "(serial number 1001): was in tomcat-trust already\n", "");
    bench_run(&bench, "show cert list trust");
    bench_expect(&bench, TVSCTL_DONE,
                 "tomcat-trust phones.example.org 1001 2036-11-17 APP-SERVER - Trust Certificate\n", "");
    bench_run(&bench, "show cert trust tomcat-trust phones.example.org");
    bench_expect(&bench, TVSCTL_DONE, "in decimal: 4097\n", "");
    bench_run(&bench, "show cert trust tomcat-trust nobody");
    bench_expect(&bench, TVSCTL_REFUSED, "", "nobody");
    bench_close(&bench);
}
END_TEST

/* One common name, two certificates: the newer stays, whichever comes first. */
START_TEST(import_trust_keeps_the_newest)
{
    static const char *const files[] = {"old.pem", "new.pem"};
    static const char *const said[] = {"it replaces the older one", "a newer one of the same name is there"};
    struct bench bench;
    bench_open(&bench, "");
    bench_write_cert(&bench, "old.pem", "same", 1425667513);
    bench_write_cert(&bench, "new.pem", "same", 1525667513);
    for (int i = 0; i < 2; i++) {
        bench_run(&bench, "set cert import trust Phone-SAST-trust %s",
                  bench_path(&bench, files[(i + _i) % 2]));
        bench_expect(&bench, TVSCTL_DONE, i == 1 ? said[_i] : NULL, NULL);
        /* Nothing was imported when a newer one stayed, and nothing says so. */
        ck_assert_int_eq(helper_count(bench.out, "Successfully imported"), i == 1 && _i == 1 ? 0 : 1);
    }
    bench_run(&bench, "show cert list trust");
    ck_assert_int_eq(helper_count(bench.out, "Phone-SAST-trust"), 1);
    bench_run(&bench, "show cert trust Phone-SAST-trust same --json");
    bench_expect(&bench, TVSCTL_DONE, "\"not_before\": \"2018-05-07T", "");
    bench_close(&bench);
}
END_TEST

START_TEST(import_trust_warns)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert import trust CallManager-trust %s", fixture_path("certs/pub.crt"));
    bench_expect(
        &bench, TVSCTL_DONE, NULL,
        "warning: CallManager-trust gives no role: phones would be told \"not trusted\"; import it as "
        "Phone-SAST-trust (signers) or tomcat-trust (HTTPS)");
    bench_run(&bench, "set cert import trust tomcat-trust %s", fixture_path("certs/etoken1.crt"));
    bench_expect(&bench, TVSCTL_DONE, NULL, "FIPS");
    bench_run(&bench, "set cert import trust tomcat-trust %s", fixture_path("odd-certs/ed25519.der"));
    bench_expect(&bench, TVSCTL_DONE, NULL, "RSA and EC keys only");
    bench_run(&bench, "set cert import trust tomcat-trust %s", fixture_path("bundles/key-between.pem"));
    bench_expect(&bench, TVSCTL_DONE, NULL, "it was not kept");
    ck_assert_int_eq(helper_count_files(bench_in_state(&bench, "keys")), 0);
    bench_close(&bench);
}
END_TEST

/* Nothing of a run is kept if one of its files is bad. */
START_TEST(import_trust_is_all_or_nothing)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert import trust tomcat-trust %s %s", fixture_path("certs/apache.crt"),
              fixture_path("bundles/key.pem"));
    bench_expect(&bench, TVSCTL_REFUSED, "", "nothing was imported");
    bench_run(&bench, "set cert regen TVS");
    bench_run(&bench, "show cert list trust");
    bench_expect(&bench, TVSCTL_DONE, "The store holds no trust certificate.\n", "");
    bench_close(&bench);
}
END_TEST

/* Containers of other people's certificates, and several in one file. */
static const struct {
    const char *files, *password;
    int added;
} trusted[] = {
    {"tests/data/bundles/leaf.der", NULL, 1},
    {"tests/data/bundles/chain.p7b", NULL, 2},
    {"tests/data/bundles/chain-p7b.pem", NULL, 2},
    {"tests/data/bundles/modern.p12", "secret\n", 2},
    {"tests/data/bundles/no-password.p12", NULL, 2},
    {"tests/data/bundles/key-between.pem", NULL, 2},
    {"tests/data/certs/apache.crt tests/data/bundles/leaf.der tests/data/bundles/chain.p7b", NULL, 3},
};

START_TEST(import_trust_takes_containers)
{
    struct bench bench;
    char option[600] = "";
    bench_open(&bench, "");
    const char *password = trusted[_i].password;
    if (password != NULL)
        snprintf(option, sizeof option, "--password-file %s",
                 bench_write(&bench, "password",
                             (struct trust_bytes){(const uint8_t *)password, strlen(password)}));
    bench_run(&bench, "set cert import trust Phone-SAST-trust %s %s", trusted[_i].files, option);
    bench_expect(&bench, TVSCTL_DONE, "Successfully imported certificate for Phone-SAST-trust.\n", NULL);
    ck_assert_int_eq(helper_count(bench.out, ": added to Phone-SAST-trust\n"), trusted[_i].added);
    bench_run(&bench, "show cert list trust");
    ck_assert_int_eq(helper_count(bench.out, "Phone-SAST-trust"), trusted[_i].added);
    ck_assert_int_eq(helper_count_files(bench_in_state(&bench, "keys")), 0);
    bench_close(&bench);
}
END_TEST

/* More than 39 certificates are too many for phones, and more than 64 KB no phone loads: the first is said,
 * the second refused, and then nothing has come in. */
START_TEST(import_own_meets_the_limits)
{
    struct bench bench;
    char *before = NULL, name[32];
    struct trust_list *itl;
    size_t most = 0;
    bench_open(&bench, "  itl_records: certificate\n");
    bench_run(&bench, "set cert regen CallManager");
    for (int i = 0; i < 60; i++) {
        const struct lists_cert spec = {"CN=node", NULL, "77", 1024, 0, 1250, NULL}; /* 64 KB soon after */
        snprintf(name, sizeof name, "node-%03d", i);
        lists_add_node(&bench, name, "10.0.0.1");
        free(before);
        before = lists_snapshot(&bench);
        lists_write_cert(&bench, "node.pem", &spec);
        bench_run(&bench, "set cert import own TVS %s --node %s", bench_path(&bench, "node.pem"), name);
        if (bench.status != TVSCTL_DONE)
            break;
        itl = lists_read(&bench, "ITL");
        ck_assert_uint_le(itl->file.len, TRUST_LIST_PHONE_MAX);
        most = itl->record_count;
        bool many = most > 39;
        ck_assert(helper_holds(bench.err, "with more than 39 certificates a list becomes too large") == many);
        trust_list_free(itl);
    }
    ck_assert_uint_gt(most, 39);
    bench_expect(&bench, TVSCTL_REFUSED, "", "phones do not load more than 65536");
    lists_expect_unchanged(&bench, before);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("import");
    TCase *tests = tcase_create("import");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, import_asks_for_the_password);
    tcase_add_loop_test(tests, import_own_takes_containers, 0, sizeof own / sizeof own[0]);
    tcase_add_test(tests, import_own_finds_the_key_that_stayed);
    tcase_add_test(tests, import_own_of_another_unit);
    tcase_add_test(tests, import_own_of_a_renewed_certificate);
    tcase_add_test(tests, import_own_names_the_list_that_lags);
    tcase_add_test(tests, import_own_says_why_the_key_is_of_no_use);
    tcase_add_test(tests, a_state_that_all_may_write);
    tcase_add_test(tests, import_own_of_another_node);
    tcase_add_test(tests, import_trust_says_what_happened);
    tcase_add_loop_test(tests, import_trust_keeps_the_newest, 0, 2);
    tcase_add_test(tests, import_trust_warns);
    tcase_add_test(tests, import_trust_is_all_or_nothing);
    tcase_add_loop_test(tests, import_trust_takes_containers, 0, sizeof trusted / sizeof trusted[0]);
    tcase_add_test(tests, import_own_meets_the_limits);
    suite_add_tcase(all, tests);
    return all;
}
