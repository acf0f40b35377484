/* A phone and its TVS servers: whom it asks, in which order, and what answers are worth. */
#include "helper.h"
#include "helper_site.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsc/tvsc.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION 0x3e9

static uint8_t frame[TRUST_FRAME_MAX];
static struct site site;

/* Every test: the phone holds an ITL of A with the server's certificate as TVS. */
static struct helper_server *prepare(const struct helper_script *script)
{
    struct helper_server *server = helper_start(script);
    struct trust_bytes pem = fixture_read(helper_cert_path(server));
    struct trust_bundle *bundle;
    ck_assert_int_eq(trust_bundle_read(pem, NULL, &bundle, NULL), 0);
    site_key_replace('T', trust_cert_ref(bundle->certs[0]), NULL);
    trust_bundle_free(bundle);
    fixture_free(pem);
    site_init(&site);
    return server;
}

static void finish(struct helper_server *server)
{
    helper_free(server);
    site_fini(&site);
}

/* The answer to a query, "trusted": that certificate with that role. */
static struct trust_bytes vouch(char letter, uint8_t role)
{
    struct trust_response response = {
        .version = 1, .type = TRUST_MSG_QUERY_RES, .session = SESSION, .has_roles = true};
    ck_assert(trust_roles_add(&response.roles, role));
    if (letter != '-')
        response.certificate = trust_cert_der(site_cert(letter));
    size_t size = trust_response_size(&response);
    ck_assert_int_eq(trust_response_encode(&response, frame, sizeof frame, NULL), 0);
    return (struct trust_bytes){frame, size};
}

static struct trust_bytes deny(enum trust_message_type type)
{
    struct trust_response response = {.version = 1, .type = type, .session = SESSION, .status = 1};
    size_t size = trust_response_size(&response);
    ck_assert_int_eq(trust_response_encode(&response, frame, sizeof frame, NULL), 0);
    return (struct trust_bytes){frame, size};
}

static int phone(const struct helper_server *server, const char *words)
{
    char all[500];
    snprintf(all, sizeof all, "--tvs %s %s", helper_host(server), words);
    return site_phone(&site, all);
}

static void says(const char *text)
{
    ck_assert_msg(strstr(helper_out, text) != NULL, "lacks %s: %s%s", text, helper_out, helper_err);
}

static const struct {
    const char *what;
    char letter; /* whose certificate comes; '-': none, '!': "not trusted" */
    uint8_t role;
    enum helper_act act;
    const char *expected;
} answers[] = {
    {"SAST", 'B', 0, HELPER_ANSWER, "itl=accepted itl-by=tvs config=accepted config-by=itl by=tvs"},
    {"CCM+TFTP", 'B', 2, HELPER_ANSWER, "itl=accepted itl-by=tvs"},
    {"TFTP, slowly", 'B', 3, HELPER_ANSWER_SLOWLY, "itl=accepted itl-by=tvs"},
    {"a role that does not sign", 'B', 7, HELPER_ANSWER, "why=tvs-role"},
    {"another certificate", 'R', 2, HELPER_ANSWER, "why=tvs-answer"},
    {"no certificate", '-', 2, HELPER_ANSWER, "why=tvs-answer"},
    {"not trusted", '!', 0, HELPER_ANSWER, "why=tvs-denies"},
    {"half an answer", 'B', 2, HELPER_HALF_ANSWER, "why=tvs-silent"},
    {"no answer", 'B', 2, HELPER_HANG_UP, "why=tvs-silent"},
};

START_TEST(test_answers)
{
    struct helper_script script = {.act = answers[_i].act};
    script.answer =
        answers[_i].letter == '!' ? deny(TRUST_MSG_QUERY_RES) : vouch(answers[_i].letter, answers[_i].role);
    struct helper_server *server = prepare(&script);
    site_hold(&site, "ITLFile.tlv", "A 0A 2A 21T");
    site_publish(&site, "ITLFile.tlv", "B 0B 2B 21T");
    if (strstr(answers[_i].expected, "config=") != NULL)
        site_configure(&site, "B", "<device/>");
    bool good = strstr(answers[_i].expected, "accepted") != NULL;
    bool silent = strstr(answers[_i].expected, "silent") != NULL;
    ck_assert_int_eq(phone(server, ""), good ? TVSC_TRUSTED : silent ? TVSC_NO_ANSWER : TVSC_NOT_TRUSTED);
    says(answers[_i].expected);
    says(good ? "state=follows" : silent ? "state=waiting" : "state=stranded");
    finish(server);
}
END_TEST

/* What goes over the wire: the header's own names, and the phone's name with its model. */
START_TEST(test_query)
{
    struct helper_server *server =
        prepare(&(struct helper_script){.act = HELPER_ANSWER, .answer = vouch('B', 2)});
    struct trust_request request;
    site_hold(&site, "ITLFile.tlv", "A 0A 2A 21hT");
    site_publish(&site, "ITLFile.tlv", "B 0B 2B 21T");
    ck_assert_int_eq(phone(server, "--family 78xx"), TVSC_TRUSTED);
    says("tvs_cert_vfy: TVS cert verified with hash from TL");
    says("with default time-to-live value: 86400 seconds");
    says("tvsFlushCertCache: Completed TVS Certificate cache flush request");
    /* What was answered under the old list is forgotten with it. */
    char path[800];
    snprintf(path, sizeof path, "%s/" SITE_NAME "/tvs-cache", site.state);
    struct trust_bytes kept = fixture_read(path);
    ck_assert_uint_eq(kept.len, 0);
    fixture_free(kept);
    helper_stop(server);
    ck_assert_int_eq(trust_request_decode(helper_heard(server), &request, NULL), 0);
    struct trust_list *list = site_list("B 0B 2B 21T", "ITLFile.tlv");
    ck_assert_int_eq(request.type, TRUST_MSG_QUERY_REQ);
    ck_assert_uint_eq(request.session, SESSION);
    ck_assert_mem_eq(request.issuer.data, list->header.ca_name.data, request.issuer.len);
    ck_assert_mem_eq(request.serial.data, list->header.serial.data, request.serial.len);
    ck_assert_uint_eq(request.serial.len, list->header.serial.len);
    ck_assert_uint_eq(request.device.len, strlen("CP-7841-" SITE_NAME));
    ck_assert_mem_eq(request.device.data, "CP-7841-" SITE_NAME, request.device.len);
    trust_list_free(list);
    finish(server);
}
END_TEST

/* A server that no list names is not asked; nothing is sent. */
START_TEST(test_foreign_server)
{
    static const char *const held[] = {"A 0A 2A 21B", "A 0A 2A 7T 21R", "A 0A 2A 21hR"};
    struct helper_server *server =
        prepare(&(struct helper_script){.act = HELPER_ANSWER, .answer = vouch('B', 2)});
    site_hold(&site, "ITLFile.tlv", held[_i]);
    site_publish(&site, "ITLFile.tlv", "B 0B 2B 21T");
    ck_assert_int_eq(phone(server, ""), TVSC_NOT_TRUSTED);
    says("why=tvs-peer");
    helper_stop(server);
    ck_assert_uint_eq(helper_heard(server).len, 0);
    finish(server);
}
END_TEST

/* The first is down, the second hangs, the third answers. */
START_TEST(test_failover)
{
    struct helper_server *deaf = helper_start(&(struct helper_script){.act = HELPER_DEAF});
    struct helper_server *server =
        prepare(&(struct helper_script){.act = HELPER_ANSWER, .answer = vouch('B', 2)});
    char words[200];
    site_hold(&site, "ITLFile.tlv", "A 0A 2A 21T");
    site_publish(&site, "ITLFile.tlv", "B 0B 2B 21T");
    snprintf(words, sizeof words, "--tvs 127.0.0.1:1 --tvs %s --tvs %s --tvs-timeout 2s", helper_host(deaf),
             helper_host(server));
    ck_assert_int_eq(site_phone(&site, words), TVSC_TRUSTED);
    says("by=tvs");
    says("127.0.0.1:1: no TVS server there");
    says("no answer in time (TLS handshake)");
    finish(server);
    helper_free(deaf);
}
END_TEST

/* Who says no is an answer: the next is not asked. */
START_TEST(test_no_is_an_answer)
{
    struct helper_server *server =
        prepare(&(struct helper_script){.act = HELPER_ANSWER, .answer = deny(TRUST_MSG_QUERY_RES)});
    site_hold(&site, "ITLFile.tlv", "A 0A 2A 21T");
    site_publish(&site, "ITLFile.tlv", "B 0B 2B 21T");
    ck_assert_int_eq(phone(server, "--tvs 127.0.0.1:1"), TVSC_NOT_TRUSTED);
    says("why=tvs-denies");
    ck_assert_ptr_null(strstr(helper_out, "127.0.0.1:1"));
    finish(server);
}
END_TEST

/* Without --tvs the servers are those of the configuration that the phone holds. */
START_TEST(test_servers_of_the_configuration)
{
    struct helper_server *server =
        prepare(&(struct helper_script){.act = HELPER_ANSWER, .answer = vouch('B', 2)});
    char config[300];
    const char *host = helper_host(server), *port = strchr(host, ':');
    snprintf(config, sizeof config,
             "<device><TVS><members><member priority=\"0\"><address>%.*s</address><port>%s</port></member>"
             "</members></TVS></device>",
             (int)(port - host), host, port + 1);
    site_publish(&site, "ITLFile.tlv", "A 0A 2A 21T");
    site_configure(&site, "A", config);
    ck_assert_int_eq(site_phone(&site, ""), TVSC_TRUSTED);
    site_publish(&site, "ITLFile.tlv", "B 0B 2B 21T");
    site_configure(&site, "B", config);
    ck_assert_int_eq(site_phone(&site, ""), TVSC_TRUSTED);
    says("itl-by=tvs");
    finish(server);
}
END_TEST

/* An old phone and a server that wants more than TLS 1.0. */
START_TEST(test_old_phone)
{
    struct helper_server *server = prepare(&(struct helper_script){
        .act = HELPER_ANSWER, .answer = vouch('B', 2), .ciphers = "AES128-SHA:@SECLEVEL=0"});
    site_hold(&site, "ITLFile.tlv", "A 0A 2A 21T");
    site_publish(&site, "ITLFile.tlv", "B 0B 2B 21T");
    ck_assert_int_eq(phone(server, _i == 0 ? "--family 79xx" : "--family 89xx"),
                     _i == 0 ? TVSC_NO_ANSWER : TVSC_TRUSTED);
    says(_i == 0 ? "why=tvs-silent" : "by=tvs");
    finish(server);
}
END_TEST

static const struct {
    const char *itl, *expected;
} peers[] = {
    {"A 0A 2A 7T", "result=accepted by=itl why=none"},
    {"A 0A 2A 7hT", "result=accepted by=itl why=none"},
    {"A 0A 2A 21T", "result=refused by=none why=no-tvs-server"}, /* another role is not enough */
    {"A 0A 2A", "result=refused by=none why=no-tvs-record"},
};

START_TEST(test_https)
{
    struct helper_server *server = prepare(&(struct helper_script){.act = HELPER_MUTE});
    char words[100];
    site_hold(&site, "ITLFile.tlv", peers[_i].itl);
    snprintf(words, sizeof words, "--https https://%s/ccmcip/", helper_host(server));
    bool good = strstr(peers[_i].expected, "accepted") != NULL;
    ck_assert_int_eq(site_phone(&site, words), good ? TVSC_TRUSTED : TVSC_NOT_TRUSTED);
    says(peers[_i].expected);
    says("state=follows"); /* of the lists this says nothing */
    finish(server);
}
END_TEST

START_TEST(test_https_nobody)
{
    site_init(&site);
    ck_assert_int_eq(site_phone(&site, "--https https://127.0.0.1:1/"), TVSC_NOT_TRUSTED);
    says("https=127.0.0.1:1 result=failed by=none why=unreachable reason=\"127.0.0.1:1: no HTTPS server "
         "there");
    ck_assert_int_eq(site_phone(&site, "--https https://127.0.0.1:1/ --family 7940"), TVSC_NOT_TRUSTED);
    says("result=refused by=none why=family-without-https");
    site_fini(&site);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("tvsc phone and TVS");
    TCase *tests = tcase_create("tvs");
    tcase_add_unchecked_fixture(tests, site_keys_make, site_keys_free);
    tcase_add_loop_test(tests, test_answers, 0, sizeof answers / sizeof answers[0]);
    tcase_add_test(tests, test_query);
    tcase_add_loop_test(tests, test_foreign_server, 0, 3);
    tcase_add_test(tests, test_failover);
    tcase_add_test(tests, test_no_is_an_answer);
    tcase_add_test(tests, test_servers_of_the_configuration);
    tcase_add_loop_test(tests, test_old_phone, 0, 2);
    tcase_add_loop_test(tests, test_https, 0, sizeof peers / sizeof peers[0]);
    tcase_add_test(tests, test_https_nobody);
    suite_add_tcase(suite, tests);
    return suite;
}
