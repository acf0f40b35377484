/* The whole program against a server that does what a script says. */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsc/tvsc.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SESSION 0x3e9

static uint8_t frame[TRUST_FRAME_MAX];

static struct trust_bytes encode(const struct trust_response *response)
{
    size_t size = trust_response_size(response);
    ck_assert_int_eq(trust_response_encode(response, frame, sizeof frame, NULL), 0);
    return (struct trust_bytes){frame, size};
}

static struct trust_response trusted(enum trust_message_type type)
{
    struct trust_response response = {.version = 1, .type = type, .session = SESSION};
    response.has_roles = response.has_ttl = true;
    trust_roles_add(&response.roles, TRUST_ROLE_CCM_TFTP);
    trust_roles_add(&response.roles, TRUST_ROLE_SAST);
    response.ttl = 4711;
    return response;
}

/* tvsc verify of the server's own certificate. */
static int verify(struct helper_server *server, const char *option, const char *value)
{
    const char *words[] = {"verify",    helper_cert_path(server),
                           "--trust",   helper_cert_path(server),
                           "--timeout", "5s",
                           option,      value,
                           NULL};
    int status = helper_tvsc(server, words);
    helper_stop(server);
    return status;
}

static void says(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        ck_assert_msg(strstr(text, *words) != NULL, "lacks %s: %s", *words, text);
}
#define SAYS(text, ...) says(text, (const char *const[]){__VA_ARGS__, NULL})

START_TEST(test_verify)
{
    struct trust_response response = trusted(TRUST_MSG_VERIFY_RES);
    struct helper_server *server = helper_start(&(struct helper_script){
        .act = _i == 0 ? HELPER_ANSWER : HELPER_ANSWER_SLOWLY, .answer = encode(&response)});
    ck_assert_int_eq(verify(server, "--device", "CP-1"), TVSC_TRUSTED);
    SAYS(helper_out, helper_host(server), "TLSv1.3", "Status:   0 (trusted)\n",
         "Roles:    0 (SAST), 2 (CCM+TFTP)\n", "TTL:      4711 seconds\n", "Subject:  CN=helper\n",
         "Issuer:   CN=helper\n", "Serial:   ");
    ck_assert_str_eq(helper_err, "");
    struct trust_request request;
    ck_assert_int_eq(trust_request_decode(helper_heard(server), &request, NULL), 0);
    ck_assert_int_eq(request.type, TRUST_MSG_VERIFY_REQ);
    ck_assert_uint_eq(request.session, SESSION);
    ck_assert_mem_eq(request.device.data, "CP-1", 4);
    ck_assert_uint_gt(request.certificate.len, 300);
    helper_free(server);
}
END_TEST

START_TEST(test_verify_json)
{
    struct trust_response response = trusted(TRUST_MSG_VERIFY_RES);
    struct helper_server *server =
        helper_start(&(struct helper_script){.act = HELPER_ANSWER, .answer = encode(&response)});
    ck_assert_int_eq(verify(server, "--json", NULL), TVSC_TRUSTED);
    SAYS(helper_out,
         "{\"status\":0,\"trusted\":true,\"roles\":[{\"code\":0,\"name\":\"SAST\"},{\"code\":2,\"name\":"
         "\"CCM+TFTP\"}],\"ttl\":4711,\"subject\":\"CN=helper\"",
         ",\"protocol\":\"TLSv1.3\"", "}\n");
    helper_free(server);
}
END_TEST

START_TEST(test_not_trusted)
{
    struct trust_response response = {
        .version = 1, .type = TRUST_MSG_VERIFY_RES, .session = SESSION, .status = 1};
    struct helper_server *server =
        helper_start(&(struct helper_script){.act = HELPER_ANSWER, .answer = encode(&response)});
    ck_assert_int_eq(verify(server, NULL, NULL), TVSC_NOT_TRUSTED);
    SAYS(helper_out, "Status:   1 (not trusted)\n");
    ck_assert_ptr_null(strstr(helper_out, "TTL"));
    ck_assert_str_eq(helper_err, "");
    helper_free(server);
}
END_TEST

/* How a connection ends without an answer to go by. */
static const struct {
    enum helper_act act;
    const char *timeout, *words;
} failures[] = {
    {HELPER_HALF_ANSWER, "5s", "in the middle of its answer"},
    {HELPER_HANG_UP, "5s", "closed the connection without an answer"},
    {HELPER_MUTE, "2s", "no answer in time (waiting for the answer)"},
    {HELPER_DEAF, "100ms", "no answer in time (TLS handshake)"},
    {HELPER_NO_TLS, "5s", "TLS handshake: wrong version number"},
};

START_TEST(test_failures)
{
    struct trust_response response = trusted(TRUST_MSG_VERIFY_RES);
    struct helper_server *server =
        helper_start(&(struct helper_script){.act = failures[_i].act, .answer = encode(&response)});
    const char *words[] = {"verify",    helper_cert_path(server), "--trust", helper_cert_path(server),
                           "--timeout", failures[_i].timeout,     NULL};
    ck_assert_int_eq(helper_tvsc(server, words), TVSC_NO_ANSWER);
    SAYS(helper_err, "tvsc: ", helper_host(server), failures[_i].words);
    ck_assert_str_eq(helper_out, "");
    ck_assert_ptr_eq(strchr(helper_err, '\n'), helper_err + strlen(helper_err) - 1);
    helper_free(server);
}
END_TEST

/* Answers that do not belong to the request, or are none. */
static const struct {
    const char *bytes;
    size_t len;
    const char *words;
} answers[] = {
    {"\x57\x01\x04\x00\x00\x00\x03\xe9\x00\x04\x07\x00\x01\x00", 14,
     "TVS_MSG_QUERY_CERT_RES, which was not asked for"},
    {"\x57\x01\x02\x00\x00\x00\x03\xea\x00\x04\x07\x00\x01\x00", 14, "another session"},
    {"\x58\x01\x02\x00\x00\x00\x03\xe9\x00\x04\x07\x00\x01\x00", 14, "the answer: "},
    {"\x57\x01\x02\x00\x00\x00\x03\xe9\x00\x00", 10, "the answer: "},
    {"\x57\x01\x02\x00\x00\x00\x03\xe9\x00\x04\x07\x00\x09\x00", 14, "the answer: "},
};

START_TEST(test_bad_answers)
{
    struct helper_server *server = helper_start(&(struct helper_script){
        .act = HELPER_ANSWER, .answer = {(const uint8_t *)answers[_i].bytes, answers[_i].len}});
    ck_assert_int_eq(verify(server, NULL, NULL), TVSC_NO_ANSWER);
    SAYS(helper_err, helper_host(server), answers[_i].words);
    helper_free(server);
}
END_TEST

/* Nothing is sent to a server that the phone's list does not name. */
START_TEST(test_server_not_in_the_list)
{
    struct trust_response response = trusted(TRUST_MSG_VERIFY_RES);
    struct helper_server *server =
        helper_start(&(struct helper_script){.act = HELPER_ANSWER, .answer = encode(&response)});
    const char *words[] = {"verify", "tests/data/certs/pub.crt", "--trust", "tests/data/certs/pub.crt", NULL};
    ck_assert_int_eq(helper_tvsc(server, words), TVSC_NO_ANSWER);
    SAYS(helper_err, helper_host(server), "does not stand in tests/data/certs/pub.crt", "CN=helper");
    helper_stop(server);
    ck_assert_uint_eq(helper_heard(server).len, 0);
    helper_free(server);
}
END_TEST

/* What each TLS option ends up with, and that a server that cannot do it is named. */
static const struct {
    const char *option, *ciphers, *words;
    int tls_max;
    int status;
} versions[] = {
    {"--tls1.0", NULL, "TLSv1, AES256-SHA", 0, TVSC_TRUSTED},
    {"--tls1.1", NULL, "TLSv1.1, AES256-SHA", 0, TVSC_TRUSTED},
    {"--tls1.0", "AES128-SHA", "TLSv1, AES128-SHA", 0, TVSC_TRUSTED},
    {"--tls1.2", "AES256-SHA", "TLSv1.2, AES256-SHA", 0, TVSC_TRUSTED},
    {"--tls1.2", NULL, "TLSv1.2, ECDHE-RSA-AES256-GCM-SHA384", 0, TVSC_TRUSTED},
    {"--tls1.3", "TLS_AES_128_GCM_SHA256", "TLSv1.3, TLS_AES_128_GCM_SHA256", 0, TVSC_TRUSTED},
    {"--json", "AES128-GCM-SHA256", "\"protocol\":\"TLSv1.2\",\"cipher\":\"AES128-GCM-SHA256\"", 0,
     TVSC_TRUSTED},
    {"--json", "TLS_AES_128_GCM_SHA256", "\"protocol\":\"TLSv1.3\"", 0, TVSC_TRUSTED},
    {"--json", "AES256-SHA:TLS_AES_128_GCM_SHA256", "\"protocol\":\"TLSv1.2\"", TLS1_2_VERSION, TVSC_TRUSTED},
    {"--tls1.3", NULL, "TLS handshake: ", TLS1_2_VERSION, TVSC_NO_ANSWER},
    {"--tls1.2", NULL, "TLS handshake: ", TLS1_1_VERSION, TVSC_NO_ANSWER},
};

START_TEST(test_versions)
{
    struct trust_response response = trusted(TRUST_MSG_VERIFY_RES);
    struct helper_server *server = helper_start(&(struct helper_script){
        .act = HELPER_ANSWER, .answer = encode(&response), .tls_max = versions[_i].tls_max});
    const char *words[] = {"verify",
                           helper_cert_path(server),
                           versions[_i].option,
                           "--trust",
                           helper_cert_path(server),
                           versions[_i].ciphers != NULL ? "--ciphers" : NULL,
                           versions[_i].ciphers,
                           NULL};
    ck_assert_int_eq(helper_tvsc(server, words), versions[_i].status);
    SAYS(versions[_i].status == TVSC_TRUSTED ? helper_out : helper_err, versions[_i].words);
    helper_free(server);
}
END_TEST

static struct trust_cert *pub_cert(void)
{
    struct trust_bytes file = fixture_read("certs/pub.crt");
    struct trust_bundle *bundle;
    ck_assert_int_eq(trust_bundle_read(file, NULL, &bundle, NULL), 0);
    struct trust_cert *cert = trust_cert_ref(bundle->certs[0]);
    trust_bundle_free(bundle);
    fixture_free(file);
    return cert;
}

static struct helper_server *answer_pub(uint8_t role)
{
    struct trust_cert *cert = pub_cert();
    struct trust_response response = {
        .version = 1, .type = TRUST_MSG_QUERY_RES, .session = SESSION, .has_roles = true};
    trust_roles_add(&response.roles, role);
    response.certificate = trust_cert_der(cert);
    struct helper_server *server =
        helper_start(&(struct helper_script){.act = HELPER_ANSWER, .answer = encode(&response)});
    trust_cert_free(cert);
    return server;
}

START_TEST(test_query)
{
    struct helper_server *server = answer_pub(TRUST_ROLE_SAST);
    char *folder = fixture_folder(), path[1024];
    snprintf(path, sizeof path, "%s/saved.pem", folder);
    const char *words[] = {"query",
                           "--serial",
                           "6B:1D:35:7B:68:41:74:0B:07:8F:EE:4A:18:13:D5:D6",
                           "--issuer",
                           "CN=a;O=b",
                           "--subject",
                           "CN=c",
                           "--save",
                           path,
                           "--trust",
                           helper_cert_path(server),
                           NULL};
    ck_assert_int_eq(helper_tvsc(server, words), TVSC_TRUSTED);
    SAYS(helper_out, "Status:   0 (trusted)",
         "Subject:  CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL\n",
         "Serial:   6B1D357B6841740B078FEE4A1813D5D6\n", "Saved:    ");
    struct trust_cert *cert = pub_cert();
    struct trust_bytes saved = fixture_read(path);
    struct trust_bundle *bundle;
    ck_assert_int_eq(trust_bundle_read(saved, NULL, &bundle, NULL), 0);
    ck_assert(trust_cert_equal(bundle->certs[0], cert));
    helper_stop(server);
    struct trust_request request;
    ck_assert_int_eq(trust_request_decode(helper_heard(server), &request, NULL), 0);
    ck_assert_int_eq(request.type, TRUST_MSG_QUERY_REQ);
    ck_assert_ptr_null(request.unusable);
    ck_assert_mem_eq(request.issuer.data, "CN=a;O=b", 8);
    ck_assert_mem_eq(request.subject.data, "CN=c", 4);
    ck_assert_uint_eq(request.serial.len, 16);
    trust_bundle_free(bundle);
    fixture_free(saved);
    trust_cert_free(cert);
    fixture_folder_remove(folder);
    helper_free(server);
}
END_TEST

/* What is no regular file is not replaced by one: a device would be gone. */
START_TEST(test_save_over_something_else)
{
    struct helper_server *server = answer_pub(TRUST_ROLE_SAST);
    char *folder = fixture_folder(), path[1024];
    struct stat info;
    snprintf(path, sizeof path, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    const char *words[] = {
        "query", "--serial", "6B1D357B6841740B078FEE4A1813D5D6", "--issuer", "CN=a", "--save",
        path,    "--trust",  helper_cert_path(server),           NULL};
    ck_assert_int_eq(helper_tvsc(server, words), TVSC_USAGE);
    SAYS(helper_err, path, "no regular file");
    ck_assert_ptr_null(strstr(helper_out, "Saved:"));
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert(S_ISFIFO(info.st_mode));
    fixture_folder_remove(folder);
    helper_free(server);
}
END_TEST

/* What the certificate received must be: the one asked for, and for a file its signer. */
static const struct {
    const char *option, *value;
    uint8_t role;
    int status;
    const char *out, *err;
} received[] = {
    {"--serial", "D6D513184AEE8F070B7441687B351D6B", TRUST_ROLE_SAST, TVSC_TRUSTED, "Serial:   6B1D", ""},
    {"--serial", "6B1D357B", TRUST_ROLE_SAST, TVSC_NOT_TRUSTED, "Status:   0", "another serial number"},
    {"--file", "tests/data/SEP0011215A1AE3.cnf.xml.sgn", TRUST_ROLE_SAST, TVSC_TRUSTED,
     "Verified: tests/data/SEP", ""},
    {"--file", "tests/data/SEP0011215A1AE3.cnf.xml.sgn", TRUST_ROLE_TFTP, TVSC_TRUSTED,
     "Verified: tests/data/SEP", ""},
    {"--file", "tests/data/SEP0011215A1AE3.cnf.xml.sgn", TRUST_ROLE_APP_SERVER, TVSC_NOT_TRUSTED,
     "APP-SERVER", "none of the roles"},
    {"--file", "tests/data/good/peer-ctl-sha1.tlv", TRUST_ROLE_SAST, TVSC_NOT_TRUSTED, "",
     "another serial number"},
};

START_TEST(test_received)
{
    struct helper_server *server = answer_pub(received[_i].role);
    bool file = strcmp(received[_i].option, "--file") == 0;
    const char *words[] = {"query",
                           received[_i].option,
                           received[_i].value,
                           "--trust",
                           helper_cert_path(server),
                           file ? NULL : "--issuer",
                           "CN=a",
                           NULL};
    ck_assert_int_eq(helper_tvsc(server, words), received[_i].status);
    SAYS(helper_out, received[_i].out);
    SAYS(helper_err, received[_i].err);
    helper_free(server);
}
END_TEST

START_TEST(test_send)
{
    struct helper_server *server = answer_pub(TRUST_ROLE_SAST);
    const char *words[] = {"send", "tests/data/query-request.hex", "--trust", helper_cert_path(server), NULL};
    ck_assert_int_eq(helper_tvsc(server, words), TVSC_TRUSTED);
    SAYS(helper_out, "Answer:   TVS_MSG_QUERY_CERT_RES, ", "Elements: 7[1] 2[", "] 8[1]\n", "Serial:   6B1D");
    helper_stop(server);
    ck_assert_uint_eq(helper_heard(server).len, 153);
    helper_free(server);
}
END_TEST

/* Usage errors are found before anybody is asked. */
static const char *const unusable[][12] = {
    {"is missing", "verify", "c.pem", NULL},
    {"--help", "frob", NULL},
    {"missing.pem", "verify", "missing.pem", "--trust", "tests/data/certs/pub.crt", NULL},
    {"missing.pem", "verify", "tests/data/certs/pub.crt", "--trust", "missing.pem", NULL},
    {"query-request.hex: ", "verify", "tests/data/query-request.hex", "--trust", "tests/data/certs/pub.crt",
     NULL},
    {"--serial xyz: ", "query", "--serial", "xyz", "--issuer", "CN=a", "--trust", "tests/data/certs/pub.crt",
     NULL},
    {"--file tests/data/certs/pub.crt: ", "query", "--file", "tests/data/certs/pub.crt", "--trust",
     "tests/data/certs/pub.crt", NULL},
    {"certs/pub.crt: ", "send", "tests/data/certs/pub.crt", "--trust", "tests/data/certs/pub.crt", NULL},
    {"--ciphers NONSENSE: ", "verify", "tests/data/certs/pub.crt", "--trust", "tests/data/certs/pub.crt",
     "--ciphers", "NONSENSE", NULL},
    {"a port is", "verify", "tests/data/certs/pub.crt", "--trust", "tests/data/certs/pub.crt", "--host",
     "a:b", NULL},
};

START_TEST(test_unusable)
{
    ck_assert_int_eq(helper_tvsc(NULL, unusable[_i] + 1), TVSC_USAGE);
    SAYS(helper_err, unusable[_i][0]);
    ck_assert_str_eq(helper_out, "");
}
END_TEST

START_TEST(test_help)
{
    ck_assert_int_eq(helper_tvsc(NULL, (const char *const[]){"--help", NULL}), TVSC_TRUSTED);
    SAYS(helper_out, "tvsc verify", "tvsc query", "tvsc send", "--host HOST:PORT", "Exit status: 0 trusted");
    ck_assert_int_eq(helper_tvsc(NULL, (const char *const[]){"--version", NULL}), TVSC_TRUSTED);
    SAYS(helper_out, "tvsc " TVS_VERSION "\n");
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("tvsc exchange");
    TCase *tests = tcase_create("exchange");
    tcase_set_timeout(tests, 30);
    tcase_add_loop_test(tests, test_verify, 0, 2);
    tcase_add_test(tests, test_verify_json);
    tcase_add_test(tests, test_not_trusted);
    tcase_add_loop_test(tests, test_failures, 0, sizeof failures / sizeof failures[0]);
    tcase_add_loop_test(tests, test_bad_answers, 0, sizeof answers / sizeof answers[0]);
    tcase_add_test(tests, test_server_not_in_the_list);
    tcase_add_loop_test(tests, test_versions, 0, sizeof versions / sizeof versions[0]);
    tcase_add_test(tests, test_query);
    tcase_add_test(tests, test_save_over_something_else);
    tcase_add_loop_test(tests, test_received, 0, sizeof received / sizeof received[0]);
    tcase_add_test(tests, test_send);
    tcase_add_loop_test(tests, test_unusable, 0, sizeof unusable / sizeof unusable[0]);
    tcase_add_test(tests, test_help);
    suite_add_tcase(suite, tests);
    return suite;
}
