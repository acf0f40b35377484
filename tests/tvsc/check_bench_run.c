/* tvsc bench against a server that does what a script says, a connection at a time. */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsc/net.h"
#include "tvsc/tvsc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION 1 /* of the first question of the first connection */

static uint8_t frame[TRUST_FRAME_MAX];

static struct trust_bytes answer(uint32_t session, uint8_t status)
{
    struct trust_response response = {
        .version = 1, .type = TRUST_MSG_VERIFY_RES, .session = session, .status = status};
    response.has_roles = response.has_ttl = status == 0;
    trust_roles_add(&response.roles, TRUST_ROLE_TFTP);
    size_t size = trust_response_size(&response);
    ck_assert_int_eq(trust_response_encode(&response, frame, sizeof frame, NULL), 0);
    return (struct trust_bytes){frame, size};
}

static int bench(struct helper_server *server, const char *time, const char *option)
{
    const char *words[] = {"bench",         helper_cert_path(server),
                           "--trust",       helper_cert_path(server),
                           "--connections", "1",
                           "--timeout",     time,
                           option,          NULL};
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

static const struct {
    enum helper_act act;
    uint32_t session;
    uint8_t answer;
    const char *time;
    int status;
    const char *ended, *answers;
} cases[] = {
    {HELPER_ANSWER, SESSION, 0, "10s", TVSC_TRUSTED, " 1, 1 answered\n", "1 trusted, 0 not trusted"},
    {HELPER_ANSWER, SESSION, 1, "10s", TVSC_TRUSTED, " 1, 1 answered\n", "0 trusted, 1 not trusted"},
    {HELPER_ANSWER_SLOWLY, SESSION, 0, "10s", TVSC_TRUSTED, " 1, 1 answered\n", "1 trusted, 0 not trusted"},
    {HELPER_ANSWER, SESSION + 1, 0, "10s", TVSC_NO_ANSWER, " 1, 1 wrong (first: an answer that",
     "0 trusted, 0 not trusted"},
    {HELPER_HALF_ANSWER, SESSION, 0, "10s", TVSC_NO_ANSWER, " 1, 1 refused (first: the server closed",
     "0 trusted, 0 not trusted"},
    {HELPER_HANG_UP, SESSION, 0, "10s", TVSC_NO_ANSWER, " 1, 1 refused (first: the server closed",
     "0 trusted, 0 not trusted"},
    {HELPER_NO_TLS, SESSION, 0, "10s", TVSC_NO_ANSWER, " 1, 1 refused (first: ", "0 trusted, 0 not trusted"},
    {HELPER_MUTE, SESSION, 0, "200ms", TVSC_NO_ANSWER, " 1, 1 gave-up\n", "0 trusted, 0 not trusted"},
    {HELPER_DEAF, SESSION, 0, "200ms", TVSC_NO_ANSWER, " 1, 1 gave-up\n", "0 trusted, 0 not trusted"},
};

START_TEST(test_ends)
{
    struct helper_server *server = helper_start(
        &(struct helper_script){.act = cases[_i].act, .answer = answer(cases[_i].session, cases[_i].answer)});
    int64_t start = net_now();
    ck_assert_int_eq(bench(server, cases[_i].time, NULL), cases[_i].status);
    if (cases[_i].act == HELPER_MUTE || cases[_i].act == HELPER_DEAF)
        ck_assert(net_now() - start >= 200 && net_now() - start < 10000);
    SAYS(helper_out, cases[_i].ended, cases[_i].answers);
    ck_assert_str_eq(helper_err, "");
    helper_free(server);
}
END_TEST

START_TEST(test_json)
{
    struct helper_server *server =
        helper_start(&(struct helper_script){.act = HELPER_ANSWER, .answer = answer(SESSION, 0)});
    ck_assert_int_eq(bench(server, "10s", "--json"), TVSC_TRUSTED);
    SAYS(helper_out, "\"protocol\":\"TLSv1.3\"", "\"answered\":1,", "\"handshakes\":1,\"resumed\":0,");
    struct trust_request request;
    ck_assert_int_eq(trust_request_decode(helper_heard(server), &request, NULL), 0);
    ck_assert_mem_eq(request.device.data, "CP-8861-SEP000000000000", request.device.len);
    ck_assert_uint_eq(request.session, SESSION);
    helper_free(server);
}
END_TEST

/* What stands in the file given by --trust decides; nothing is asked of any other server. */
START_TEST(test_another_server)
{
    struct trust_key *key;
    struct trust_cert *cert = helper_cert("another", &key);
    char *pem, *folder = fixture_folder(), path[1200];
    struct helper_server *server =
        helper_start(&(struct helper_script){.act = HELPER_ANSWER, .answer = answer(SESSION, 0)});
    ck_assert_int_eq(trust_cert_to_pem(cert, &pem, NULL), 0);
    snprintf(path, sizeof path, "%s/another.pem", folder);
    FILE *file = fopen(path, "w");
    ck_assert(file != NULL && fputs(pem, file) >= 0 && fclose(file) == 0);
    const char *words[] = {"bench", path, "--trust", path, "--connections", "1", NULL};
    ck_assert_int_eq(helper_tvsc(server, words), TVSC_NO_ANSWER);
    SAYS(helper_err, "the server's certificate does not stand in", path);
    ck_assert_str_eq(helper_out, "");
    helper_stop(server);
    ck_assert_uint_eq(helper_heard(server).len, 0);
    helper_free(server);
    fixture_folder_remove(folder);
    trust_cert_free(cert);
    trust_key_free(key);
    free(pem);
}
END_TEST

/* Nobody at that port: all that was due is counted, and it ends, with however few connections for a thread.
 */
START_TEST(test_nobody)
{
    static const char *const numbers[][3] = {{"8", "3", "64"}, {"3", "10", "2"}, {"2", "9", "5"}};
    struct helper_server *server = helper_start(&(struct helper_script){.act = HELPER_HANG_UP});
    char wanted[80];
    const char *words[] = {"bench",
                           helper_cert_path(server),
                           "--trust",
                           helper_cert_path(server),
                           "--host",
                           "127.0.0.1:1",
                           "--threads",
                           numbers[_i][0],
                           "--connections",
                           numbers[_i][1],
                           "--at-once",
                           numbers[_i][2],
                           NULL};
    ck_assert_int_eq(helper_tvsc(NULL, words), TVSC_NO_ANSWER);
    snprintf(wanted, sizeof wanted, "Connections: %s, %s unreachable (first: Connection refused)",
             numbers[_i][1], numbers[_i][1]);
    SAYS(helper_out, wanted);
    helper_free(server);
}
END_TEST

static const struct {
    const char *option, *value, *words;
} unusable[] = {
    {"--pid", "x", "--pid x: not the id of a process"},
    {"--pid", "0", "--pid 0: not the id of a process"},
    {"--pid", "2147483647", "no such process here"},
    {"--resume", "cookie", "--resume cookie: ticket or id"},
    {"--from", "::1", "--from ::1: not an IPv4 address"},
    {"--ciphers", "NO-SUCH", "no cipher suite"},
    {"--at-once", "10000000", "raise the limit of open files"},
    {"--threads", "65", "not a number from 1 to 64"},
};

START_TEST(test_unusable)
{
    struct helper_server *server = helper_start(&(struct helper_script){.act = HELPER_HANG_UP});
    const char *words[] = {"bench",
                           helper_cert_path(server),
                           "--trust",
                           helper_cert_path(server),
                           unusable[_i].option,
                           unusable[_i].value,
                           NULL};
    ck_assert_int_ne(helper_tvsc(server, words), TVSC_TRUSTED);
    SAYS(helper_err, unusable[_i].words);
    ck_assert_str_eq(helper_out, "");
    helper_free(server);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("tvsc bench, run");
    TCase *tests = tcase_create("run");
    tcase_add_loop_test(tests, test_ends, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(tests, test_json);
    tcase_add_test(tests, test_another_server);
    tcase_add_loop_test(tests, test_nobody, 0, 3);
    tcase_add_loop_test(tests, test_unusable, 0, sizeof unusable / sizeof unusable[0]);
    suite_add_tcase(suite, tests);
    return suite;
}
