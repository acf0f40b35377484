/* set csr gen, show csr …, and the certificate that answers. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <dirent.h>
#include <fnmatch.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* How many files of the folder of keys have such a name. All must be 0600. */
static int count_keys(const struct bench *bench, const char *pattern)
{
    char folder[512], path[1024];
    const struct dirent *entry;
    struct stat info;
    int count = 0;
    snprintf(folder, sizeof folder, "%s/keys", bench->state);
    DIR *dir = opendir(folder);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        ck_assert_int_eq(stat(path, &info), 0);
        ck_assert_uint_eq(info.st_mode & 07777, 0600);
        count += fnmatch(pattern, entry->d_name, 0) == 0;
    }
    if (dir != NULL)
        closedir(dir);
    return count;
}

static X509_REQ *read_request(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509_REQ *request = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(request);
    ck_assert_int_eq(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
    BIO_free(bio);
    return request;
}

/* What an authority sends back: the certificate, its own one behind it. */
static const char *sign(struct bench *bench, const char *name, const char *pem)
{
    X509_REQ *request = read_request(pem);
    EVP_PKEY *authority = EVP_RSA_gen(1024);
    X509 *certs[] = {X509_new(), X509_new()};
    X509_NAME *issuer = X509_NAME_new();
    BIO *out = BIO_new(BIO_s_mem());
    char *data;
    ck_assert_int_eq(X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_UTF8,
                                                (const unsigned char *)"Example CA", -1, -1, 0),
                     1);
    for (int i = 0; i < 2; i++) {
        ck_assert(X509_set_version(certs[i], 2) == 1 && X509_set_issuer_name(certs[i], issuer) == 1);
        ASN1_INTEGER_set(X509_get_serialNumber(certs[i]), 4711 + i);
        X509_set_subject_name(certs[i], i == 0 ? X509_REQ_get_subject_name(request) : issuer);
        X509_set_pubkey(certs[i], i == 0 ? X509_REQ_get0_pubkey(request) : authority);
        X509_gmtime_adj(X509_getm_notBefore(certs[i]), -60);
        X509_gmtime_adj(X509_getm_notAfter(certs[i]), 400 * 86400L);
        ck_assert_int_gt(X509_sign(certs[i], authority, EVP_sha256()), 0);
        ck_assert_int_eq(PEM_write_bio_X509(out, certs[i]), 1);
        X509_free(certs[i]);
    }
    long len = BIO_get_mem_data(out, &data);
    const char *path = bench_write(bench, name, (struct trust_bytes){(const uint8_t *)data, (size_t)len});
    BIO_free(out);
    X509_NAME_free(issuer);
    EVP_PKEY_free(authority);
    X509_REQ_free(request);
    ERR_clear_error();
    return path;
}

/* The request of a unit that waits. free() it. */
static char *show(struct bench *bench, const char *unit)
{
    bench_run(bench, "show csr own %s", unit);
    bench_expect(bench, TVSCTL_DONE, "-----END CERTIFICATE REQUEST-----\n", "");
    ck_assert_int_eq(strncmp(bench->out, "-----BEGIN CERTIFICATE REQUEST-----\n", 36), 0);
    return strdup(bench->out);
}

static const struct {
    const char *unit, *common_name, *roles;
    const char *itl; /* after its certificate and a CallManager came */
} units[] = {
    {"tomcat", "cucm-1051-a-pub", "APP-SERVER", "SAST CCM+TFTP SAST"},
    {"TVS", "cucm-1051-a-pub", "TVS", "SAST CCM+TFTP TVS# SAST"},
    {"CAPF", "CAPF-????????", "CAPF", "SAST CCM+TFTP CAPF# SAST"},
    {"TVS-ECDSA", "cucm-1051-a-pub", "TVS", "SAST CCM+TFTP TVS# SAST"},
    {"CallManager", "cucm-1051-a-pub", "SAST, CCM+TFTP", "SAST CCM+TFTP SAST"},
};

START_TEST(request_and_answer)
{
    struct bench bench;
    char text[256], name[64] = "";
    const char *unit = units[_i].unit;
    bench_open(&bench, "");
    bench_run(&bench, "set csr gen %s", unit);
    snprintf(text, sizeof text, "Successfully Generated CSR for %s.\n", unit);
    bench_expect(&bench, TVSCTL_DONE, text, "");
    ck_assert_str_eq(bench.out, text);
    snprintf(text, sizeof text, "%s-*.pem", unit);
    ck_assert_int_eq(count_keys(&bench, text), 1);
    char *pem = show(&bench, unit);
    X509_REQ *request = read_request(pem);
    X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(request), NID_commonName, name, sizeof name);
    ck_assert_msg(fnmatch(units[_i].common_name, name, 0) == 0, "%s", name);
    X509_REQ_free(request);
    bench_run(&bench, "show csr list");
    snprintf(text, sizeof text, "%s cucm-1051-a-pub", unit);
    bench_expect(&bench, TVSCTL_DONE, text, "");
    ck_assert(!helper_exists(lists_tftp(&bench, "ITLFile.tlv")));

    bench_run(&bench, "set cert import own %s %s", unit, sign(&bench, "answer.pem", pem));
    snprintf(text, sizeof text, "Successfully imported certificate for %s.\n", unit);
    bench_expect(&bench, TVSCTL_DONE, text, "Example CA was passed over");
    bench_run(&bench, "show cert own %s", unit);
    bench_expect(&bench, TVSCTL_DONE, "Certificate Signed by Example CA", "");
    bench_expect(&bench, TVSCTL_DONE, units[_i].roles, "");
    bench_run(&bench, "show csr list");
    bench_expect(&bench, TVSCTL_DONE, "No CSR waits for its certificate.\n", "");
    bench_run(&bench, "show csr own %s", unit);
    bench_expect(&bench, TVSCTL_REFUSED, "", "`set csr gen");
    bench_run(&bench, "set cert regen CallManager --yes");
    struct trust_list *itl = lists_read(&bench, "ITL");
    lists_expect(itl, units[_i].itl);
    ck_assert(lists_signed_by(&bench, itl, TRUST_UNIT_CALLMANAGER));
    trust_list_free(itl);
    free(pem);
    bench_close(&bench);
}
END_TEST

/* The second asks; the key of the first goes, so that its certificate is of no use any more. */
START_TEST(second_request_asks)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set csr gen tomcat");
    char *first = show(&bench, "tomcat"), *before = lists_snapshot(&bench);
    bench_run(&bench, "set csr gen tomcat");
    bench_expect(&bench, TVSCTL_REFUSED, "", "Repeat it with --yes");
    bench_run_answered(&bench, "no\n", "set csr gen tomcat");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "nothing was changed");
    lists_expect_unchanged(&bench, before);
    bench_run_answered(&bench, "yes\n", "set csr gen tomcat");
    bench_expect(
        &bench, TVSCTL_DONE,
        "WARNING: This operation will overwrite the CSR previously generated for tomcat; a certificate "
        "for that one can no longer be imported\nProceed with generation (yes|no)? Successfully "
        "Generated CSR for tomcat.\n",
        "");
    ck_assert_int_eq(count_keys(&bench, "*"), 1);
    char *second = show(&bench, "tomcat");
    ck_assert_str_ne(first, second);
    bench_run(&bench, "set cert import own tomcat %s", sign(&bench, "first.pem", first));
    bench_expect(&bench, TVSCTL_REFUSED, "", "none waits in");
    bench_run(&bench, "set cert import own tomcat %s", sign(&bench, "second.pem", second));
    bench_expect(&bench, TVSCTL_DONE, "Successfully imported certificate for tomcat.\n", NULL);
    ck_assert_int_eq(count_keys(&bench, "*"), 1);
    free(first);
    free(second);
    bench_close(&bench);
}
END_TEST

/* A certificate that came another way does not take away what an authority was asked for. */
START_TEST(request_waits_on)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set csr gen TVS");
    char *pem = show(&bench, "TVS");
    bench_run(&bench, "set cert regen TVS");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(count_keys(&bench, "TVS-*.pem"), 2);
    bench_run(&bench, "set cert import own TVS %s", sign(&bench, "answer.pem", pem));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(count_keys(&bench, "TVS-*.pem"), 1);
    bench_run(&bench, "show cert own TVS");
    bench_expect(&bench, TVSCTL_DONE, "Certificate Signed by Example CA", "");
    free(pem);
    bench_close(&bench);
}
END_TEST

/* The answer was filed under a trust unit by mistake: its key stays, so that this can be put right. */
START_TEST(key_of_a_trust_unit)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set csr gen TVS");
    char *pem = show(&bench, "TVS");
    bench_run(&bench, "set cert import trust TVS-trust %s", sign(&bench, "answer.pem", pem));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run_answered(&bench, "yes\n", "set csr gen TVS");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(count_keys(&bench, "TVS-*.pem"), 2);
    free(pem);
    bench_close(&bench);
}
END_TEST

/* Requests of two nodes do not mix. */
START_TEST(requests_of_nodes)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "utils node add sub1 10.48.47.156");
    bench_run(&bench, "set csr gen TVS --node sub1 --key ec:P-384");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    bench_run(&bench, "set csr gen TVS --key rsa:2048");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    bench_run(&bench, "show csr list --json");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert(helper_is_json(bench.out));
    ck_assert_int_eq(helper_count(bench.out, "\"unit\": \"TVS\""), 2);
    bench_run(&bench, "show csr own TVS --node sub1 --json");
    ck_assert(helper_is_json(bench.out));
    bench_expect(&bench, TVSCTL_DONE, "\"node\": \"sub1\"", "");
    bench_expect(&bench, TVSCTL_DONE, "\"pem\": \"-----BEGIN CERTIFICATE REQUEST-----", "");
    bench_run(&bench, "show csr own TVS --node sub1");
    X509_REQ *request = read_request(bench.out);
    ck_assert_int_eq(EVP_PKEY_get_bits(X509_REQ_get0_pubkey(request)), 384);
    X509_REQ_free(request);
    char *pem = strdup(bench.out);
    bench_run(&bench, "set cert import own TVS %s --node sub1", sign(&bench, "sub1.pem", pem));
    bench_expect(&bench, TVSCTL_DONE, "Successfully imported certificate for TVS.\n", "was passed over");
    bench_run(&bench, "show csr list");
    bench_expect(&bench, TVSCTL_DONE, "TVS cucm-1051-a-pub", "");
    ck_assert_int_eq(helper_count(bench.out, "sub1"), 0);
    free(pem);
    bench_close(&bench);
}
END_TEST

static const struct {
    const char *words;
    int status;
    const char *err;
} refused[] = {
    {"set csr gen Tomcatt", TVSCTL_REFUSED, "there is no such own unit; there are: CallManager,"},
    {"set csr gen tomcat-trust", TVSCTL_REFUSED, "tomcat-trust is no own unit"},
    {"set csr gen tomcat --key rsa:3", TVSCTL_USAGE, "--key rsa:3 is none of: rsa:1024"},
    {"set csr gen CallManager --key ec:P-256", TVSCTL_REFUSED, "RSA keys only; nothing was changed"},
    {"set csr gen tomcat --node nobody", TVSCTL_REFUSED, "there is no node nobody"},
    {"set csr gen tomcat --node ''", TVSCTL_USAGE, "--node needs a name"},
    {"set csr gen tomcat --days 5", TVSCTL_USAGE, "does not take --days"},
    {"set csr gen", TVSCTL_USAGE, "<UNIT>"},
    {"show csr own tomcat", TVSCTL_REFUSED,
     "no CSR of node cucm-1051-a-pub for tomcat waits; `set csr gen tomcat` makes one"},
    {"show csr own TVS --node nobody", TVSCTL_REFUSED, "there is no node nobody"},
    {"show csr own Phone-trust", TVSCTL_REFUSED, "Phone-trust is no own unit"},
};

START_TEST(refuses)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set csr gen ipsec");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "%s", refused[_i].words);
    bench_expect(&bench, refused[_i].status, "", refused[_i].err);
    lists_expect_unchanged(&bench, before);
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("csr");
    TCase *tests = tcase_create("csr");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, request_and_answer, 0, sizeof units / sizeof units[0]);
    tcase_add_test(tests, second_request_asks);
    tcase_add_test(tests, request_waits_on);
    tcase_add_test(tests, key_of_a_trust_unit);
    tcase_add_test(tests, requests_of_nodes);
    tcase_add_loop_test(tests, refuses, 0, sizeof refused / sizeof refused[0]);
    suite_add_tcase(all, tests);
    return all;
}
