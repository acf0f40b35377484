/* What is answered to whom: request.c on indexes made by hand. */
#include "helper_bench.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/request.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1800000000

static struct trust_cert *pub, *sub1, *apache, *etoken;
static struct server_key self, twin; /* equal names and serial numbers, given below */
static struct trust_index *store, *ctl, *empty;
static struct config *config;

/* Two certificates of one issuer and serial number: the second is the first one's DER with another byte in
 * its signature, which nobody checks here. */
static struct trust_cert *twin_of(const struct trust_cert *cert)
{
    struct trust_error err = {0};
    struct trust_cert *other;
    struct trust_bytes der = trust_cert_der(cert);
    uint8_t *bytes = malloc(der.len);
    memcpy(bytes, der.data, der.len);
    bytes[der.len - 1] ^= 1;
    ck_assert_msg(trust_cert_from_der((struct trust_bytes){bytes, der.len}, &other, &err) == 0, "%s",
                  err.text);
    free(bytes);
    return other;
}

static void set_up(void)
{
    pub = cert_read("pub.crt");
    sub1 = cert_read("sub1.crt");
    apache = cert_read("apache.crt");
    etoken = cert_read("etoken2.crt");
    server_key_make(&self, "rsa:1024", "twin", TRUST_DIGEST_SHA256);
    twin = (struct server_key){.cert = twin_of(self.cert)};
    const struct held in_store[] = {{pub, "02", 0}, {apache, "7", 3600}, {sub1, "", 0}, {self.cert, "03", 0}};
    const struct held in_ctl[] = {{pub, "4", 60}, {sub1, "2", 0}, {etoken, "0", 0}};
    store = index_make(in_store, 4);
    ctl = index_make(in_ctl, 3);
    empty = index_make(NULL, 0);
    config = config_make("answers: { ttl: 86400 }");
}

static void tear_down(void)
{
    trust_cert_free(pub);
    trust_cert_free(sub1);
    trust_cert_free(apache);
    trust_cert_free(etoken);
    server_key_fini(&self);
    server_key_fini(&twin);
    trust_index_free(store);
    trust_index_free(ctl);
    trust_index_free(empty);
    config_free(config);
}

static struct recent_certs recent; /* of all requests of a test, which is a process of its own */

/* The same is answered whatever is remembered, twice to whoever asks twice. */
static void check_memory_is_silent(struct request_known known, const struct trust_request *request,
                                   const struct request_answer *expected)
{
    known.recent = &recent;
    for (int i = 0; i < 2; i++) {
        struct request_answer answer;
        request_answer(&known, request, &answer);
        ck_assert_int_eq(answer.result, expected->result);
        ck_assert_int_eq(answer.source, expected->source);
        ck_assert_ptr_eq(answer.entry, expected->entry);
        ck_assert_uint_eq(answer.serial_len, expected->serial_len);
        ck_assert_mem_eq(answer.serial, expected->serial, answer.serial_len);
        ck_assert_uint_eq(answer.issuer_len, expected->issuer_len);
        ck_assert_mem_eq(answer.issuer, expected->issuer, answer.issuer_len);
    }
    if (request->type == TRUST_MSG_VERIFY_REQ && expected->result == REQUEST_UNKNOWN)
        ck_assert_ptr_nonnull(recent.certs[0]);
}

static void ask(const struct trust_index *first, const struct trust_index *second,
                const struct trust_request *request, struct request_answer *answer)
{
    const struct request_known known = {.store = first, .ctl = second, .config = config, .now = NOW};
    request_answer(&known, request, answer);
    check_memory_is_silent(known, request, answer);
    ck_assert_uint_eq(answer->response.session, request->session);
    ck_assert_uint_eq(answer->response.version, request->version);
    ck_assert_int_eq(answer->response.type,
                     request->type == TRUST_MSG_VERIFY_REQ ? TRUST_MSG_VERIFY_RES : TRUST_MSG_QUERY_RES);
    ck_assert_int_eq(answer->response.status == 0, answer->result == REQUEST_TRUSTED);
    if (answer->result != REQUEST_TRUSTED) {
        ck_assert_uint_eq(trust_response_size(&answer->response), TRUST_FRAME_HEADER + 4);
        ck_assert(!answer->response.has_roles && !answer->response.has_ttl);
        ck_assert_ptr_null(answer->response.certificate.data);
    }
}

static struct trust_request verify_of(struct trust_bytes der)
{
    return (struct trust_request){
        .version = 1, .type = TRUST_MSG_VERIFY_REQ, .session = 0x3e9, .certificate = der};
}

static struct trust_request query_of(struct trust_bytes serial, const char *issuer)
{
    return (struct trust_request){.version = 0,
                                  .type = TRUST_MSG_QUERY_REQ,
                                  .session = 0xfffffffe,
                                  .issuer = {(const uint8_t *)issuer, strlen(issuer)},
                                  .serial = serial};
}

/* Verify and query by the certificate's own names must agree in everything but the certificate. */
static const struct {
    struct trust_cert **cert;
    struct trust_index **store, **ctl;
    enum request_result result;
    enum request_source source;
    const char *roles;
    uint32_t ttl;
} known[] = {
    {&pub, &store, &ctl, REQUEST_TRUSTED, REQUEST_SOURCE_STORE, "02", 86400}, /* roles are not merged */
    {&pub, &empty, &ctl, REQUEST_TRUSTED, REQUEST_SOURCE_CTL, "4", 60},
    {&pub, &empty, &empty, REQUEST_UNKNOWN, REQUEST_SOURCE_NONE, "", 0},
    {&apache, &store, &ctl, REQUEST_TRUSTED, REQUEST_SOURCE_STORE, "7", 3600},
    {&apache, &empty, &ctl, REQUEST_UNKNOWN, REQUEST_SOURCE_NONE, "", 0},
    {&etoken, &store, &ctl, REQUEST_TRUSTED, REQUEST_SOURCE_CTL, "0", 86400},
    {&sub1, &store, &ctl, REQUEST_NO_ROLE, REQUEST_SOURCE_STORE, "", 0}, /* the store's word is final */
    {&sub1, &empty, &ctl, REQUEST_TRUSTED, REQUEST_SOURCE_CTL, "2", 86400},
};

static void check_known(int i, const struct request_answer *answer)
{
    ck_assert_str_eq(request_result_name(answer->result), request_result_name(known[i].result));
    ck_assert_str_eq(request_source_name(answer->source), request_source_name(known[i].source));
    ck_assert_int_eq(answer->entry != NULL, known[i].source != REQUEST_SOURCE_NONE);
    ck_assert_uint_eq(answer->response.roles.count, strlen(known[i].roles));
    for (size_t n = 0; n < answer->response.roles.count; n++)
        ck_assert_int_eq(answer->response.roles.code[n], known[i].roles[n] - '0');
    ck_assert_uint_eq(answer->response.ttl, known[i].ttl);
}

START_TEST(verified_and_queried)
{
    struct request_answer answer;
    const struct trust_cert *cert = *known[_i].cert;
    const char *issuer = trust_name_cucm(trust_cert_issuer(cert));
    struct trust_bytes der = trust_cert_der(cert), serial = trust_cert_serial(cert);
    struct trust_request verify = verify_of(der), query = query_of(serial, issuer);
    ask(*known[_i].store, *known[_i].ctl, &verify, &answer);
    check_known(_i, &answer);
    ck_assert_ptr_null(answer.response.certificate.data);
    ck_assert_uint_eq(answer.serial_len, serial.len);
    ck_assert_mem_eq(answer.serial, serial.data, serial.len);
    ck_assert_uint_eq(answer.issuer_len, strlen(issuer));
    ck_assert_mem_eq(answer.issuer, issuer, answer.issuer_len);
    ask(*known[_i].store, *known[_i].ctl, &query, &answer);
    check_known(_i, &answer);
    ck_assert_mem_eq(answer.serial, serial.data, serial.len);
    ck_assert_mem_eq(answer.issuer, issuer, answer.issuer_len);
    if (answer.result == REQUEST_TRUSTED) {
        ck_assert_uint_eq(answer.response.certificate.len, der.len);
        ck_assert_mem_eq(answer.response.certificate.data, der.data, der.len);
    }
}
END_TEST

START_TEST(twins)
{
    struct request_answer answer;
    struct trust_request request = verify_of(trust_cert_der(twin.cert));
    ask(store, ctl, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_TWIN);
    ck_assert_int_eq(answer.source, REQUEST_SOURCE_STORE);
    ck_assert_ptr_nonnull(answer.entry);
    ck_assert_uint_eq(answer.serial_len, trust_cert_serial(self.cert).len);
    ask(empty, store, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_TWIN);
    ck_assert_int_eq(answer.source, REQUEST_SOURCE_CTL);
    ask(empty, ctl, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_UNKNOWN);
    /* Known by its bytes to the second source: that decides, twin or not. */
    const struct held held = {twin.cert, "7", 0};
    struct trust_index *has_twin = index_make(&held, 1);
    ask(store, has_twin, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_TRUSTED);
    ck_assert_int_eq(answer.source, REQUEST_SOURCE_CTL);
    trust_index_free(has_twin);
}
END_TEST

START_TEST(ambiguous)
{
    struct request_answer answer;
    const struct held both[] = {{self.cert, "0", 0}, {twin.cert, "0", 0}};
    const struct held one = {self.cert, "0", 0};
    struct trust_index *two = index_make(both, 2), *single = index_make(&one, 1);
    const char *issuer = trust_name_cucm(trust_cert_issuer(self.cert));
    struct trust_request request = query_of(trust_cert_serial(self.cert), issuer);
    ask(two, single, &request, &answer); /* the other source is not asked */
    ck_assert_int_eq(answer.result, REQUEST_AMBIGUOUS);
    ck_assert_int_eq(answer.source, REQUEST_SOURCE_STORE);
    ck_assert_ptr_null(answer.entry);
    ask(single, two, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_TRUSTED);
    ask(empty, two, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_AMBIGUOUS);
    ck_assert_int_eq(answer.source, REQUEST_SOURCE_CTL);
    /* Bytes are never ambiguous; a third of the same names is a twin of both. */
    request = verify_of(trust_cert_der(twin.cert));
    ask(two, empty, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_TRUSTED);
    struct trust_bytes der = trust_cert_der(self.cert);
    uint8_t *third = malloc(der.len);
    memcpy(third, der.data, der.len);
    third[der.len - 1] ^= 2;
    request = verify_of((struct trust_bytes){third, der.len});
    ask(two, empty, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_TWIN);
    free(third);
    trust_index_free(two);
    trust_index_free(single);
}
END_TEST

/* Windows' CTL client writes serial numbers byte-reversed: that finds the certificate, but makes no twin. */
START_TEST(reversed_serial)
{
    struct request_answer answer;
    struct trust_bytes serial = trust_cert_serial(etoken);
    uint8_t reversed[32];
    for (size_t i = 0; i < serial.len; i++)
        reversed[i] = serial.data[serial.len - 1 - i];
    struct trust_request request =
        query_of((struct trust_bytes){reversed, serial.len}, trust_name_cucm(trust_cert_issuer(etoken)));
    ask(store, ctl, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_TRUSTED);
    ck_assert_mem_eq(answer.serial, reversed, serial.len); /* as it was asked */
    request = query_of((struct trust_bytes){reversed, serial.len}, "CN=Somebody else");
    ask(store, ctl, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_UNKNOWN);
}
END_TEST

START_TEST(expired)
{
    struct request_answer answer;
    struct trust_request request = verify_of(trust_cert_der(self.cert));
    struct config *refusing = config_make("answers: { expired: refuse, ttl: 7 }");
    time_t end = trust_cert_not_after(self.cert);
    struct request_known now = {.store = store, .ctl = ctl, .config = refusing, .now = end};
    request_answer(&now, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_TRUSTED);
    ck_assert_uint_eq(answer.response.ttl, 7);
    now.now = end + 1;
    request_answer(&now, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_EXPIRED);
    ck_assert_int_eq(answer.source, REQUEST_SOURCE_STORE);
    ck_assert_int_ne(answer.response.status, 0);
    now.config = config; /* the default answers */
    request_answer(&now, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_TRUSTED);
    config_free(refusing);
}
END_TEST

START_TEST(unusable)
{
    struct request_answer answer;
    struct trust_request request = verify_of((struct trust_bytes){(const uint8_t *)"no certificate", 14});
    ask(store, ctl, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_UNUSABLE);
    ck_assert_ptr_nonnull(answer.unusable);
    ck_assert_uint_eq(answer.serial_len + answer.issuer_len, 0);
    char why[REQUEST_WHY_SIZE];
    request_why_unusable(&answer, why);
    ck_assert(strncmp(why, "the certificate cannot be parsed: ", 34) == 0 && why[34] != '\0');
    request.unusable = "two candidates for the issuer";
    ask(store, ctl, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_UNUSABLE);
    request_why_unusable(&answer, why);
    ck_assert_str_eq(why, "two candidates for the issuer");
    request = query_of(trust_cert_serial(pub), "no name at all");
    ask(store, ctl, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_UNKNOWN);
}
END_TEST

/* What is asked is kept for the log, as far as it fits. */
START_TEST(endless_names)
{
    struct request_answer answer;
    char issuer[4000] = "CN=";
    uint8_t serial[1000];
    memset(issuer + 3, 'x', sizeof issuer - 4);
    issuer[sizeof issuer - 1] = '\0';
    memset(serial, 0x77, sizeof serial);
    struct trust_request request = query_of((struct trust_bytes){serial, sizeof serial}, issuer);
    ask(store, ctl, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_UNKNOWN);
    ck_assert_uint_eq(answer.serial_len, sizeof answer.serial);
    ck_assert_uint_eq(answer.issuer_len, sizeof answer.issuer);
}
END_TEST

START_TEST(captured_query)
{
    struct request_answer answer;
    struct trust_request request;
    struct trust_error err = {0};
    struct trust_bytes hex = fixture_read("query-request.hex");
    uint8_t frame[400];
    size_t len = sizeof frame;
    char *text = strndup((const char *)hex.data, hex.len);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\n')
            *at = ' ';
    ck_assert_msg(trust_unhex(text, frame, &len, &err) == 0, "%s", err.text);
    ck_assert_msg(trust_request_decode((struct trust_bytes){frame, len}, &request, &err) == 0, "%s",
                  err.text);
    ask(store, ctl, &request, &answer);
    ck_assert_int_eq(answer.result, REQUEST_UNKNOWN);
    ck_assert_uint_eq(answer.response.session, 0x3e9);
    ck_assert_int_eq(strncmp(answer.issuer, "CN=stormin-WIN2012-CA", answer.issuer_len), 0);
    free(text);
    fixture_free(hex);
}
END_TEST

Suite *suite(void)
{
    Suite *request = suite_create("request");
    TCase *all = tcase_create("all");
    tcase_add_unchecked_fixture(all, set_up, tear_down);
    tcase_add_loop_test(all, verified_and_queried, 0, (int)(sizeof known / sizeof known[0]));
    tcase_add_test(all, twins);
    tcase_add_test(all, ambiguous);
    tcase_add_test(all, reversed_serial);
    tcase_add_test(all, expired);
    tcase_add_test(all, unusable);
    tcase_add_test(all, endless_names);
    tcase_add_test(all, captured_query);
    suite_add_tcase(request, all);
    return request;
}
