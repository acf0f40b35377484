#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* tests/data/proto/NAME.hex says in its "# key: value" lines what its message means; bad/ERROR-….hex fails
 * with that error. */

static const char *const *good, *const *bad;
static size_t good_count, bad_count;

static void is_hex(struct trust_bytes bytes, const char *hex)
{
    char *text = malloc(2 * bytes.len + 1);
    ck_assert_str_eq(trust_hex(bytes, 0, false, text), hex);
    free(text);
}

/* ---- Samples */

static void check_request(const char *name, struct trust_bytes frame)
{
    struct trust_error err = {0};
    struct trust_request request;
    helper_ok(trust_request_decode(frame, &request, &err), &err);
    ck_assert_str_eq(request.unusable != NULL ? request.unusable : "", helper_hex_note(name, "unusable"));
    if (helper_hex_note(name, "device")[0] != '\0')
        ck_assert(helper_is(request.device, helper_hex_note(name, "device")));
    if (request.unusable != NULL)
        return;
    if (request.type == TRUST_MSG_QUERY_REQ) {
        ck_assert(helper_is(request.issuer, helper_hex_note(name, "issuer")));
        is_hex(request.serial, helper_hex_note(name, "serial"));
    } else {
        is_hex(request.certificate, helper_hex_note(name, "certificate"));
    }
    uint8_t *bytes;
    size_t len;
    helper_ok(trust_request_encode(&request, &bytes, &len, &err), &err);
    if (strcmp(helper_hex_note(name, "again"), "same") == 0) {
        ck_assert_uint_eq(len, frame.len);
        ck_assert_mem_eq(bytes, frame.data, len);
    }
    free(bytes);
}

static void check_answer(const char *name, struct trust_bytes frame)
{
    struct trust_error err = {0};
    struct trust_response answer;
    helper_ok(trust_response_decode(frame, &answer, &err), &err);
    ck_assert_int_eq(answer.status, atoi(helper_hex_note(name, "status")));
    is_hex(answer.certificate, helper_hex_note(name, "certificate"));
    is_hex((struct trust_bytes){answer.roles.code, answer.roles.count}, helper_hex_note(name, "roles"));
    ck_assert_int_eq(answer.has_ttl, helper_hex_note(name, "ttl")[0] != '\0');
    ck_assert_int_eq((int)answer.ttl, atoi(helper_hex_note(name, "ttl")));
    if (strcmp(helper_hex_note(name, "again"), "same") != 0)
        return;
    uint8_t *bytes = malloc(trust_response_size(&answer));
    ck_assert_uint_eq(trust_response_size(&answer), frame.len);
    helper_ok(trust_response_encode(&answer, bytes, frame.len, &err), &err);
    ck_assert_mem_eq(bytes, frame.data, frame.len);
    free(bytes);
}

START_TEST(good_message)
{
    const char *name = good[_i];
    struct trust_bytes frame = helper_hex(name);
    size_t len;
    ck_assert_int_eq(trust_frame_peek(frame, &len, NULL), 0);
    ck_assert_uint_eq(len, frame.len);
    const bool answer = strcmp(helper_hex_note(name, "decodes"), "answer") == 0;
    (answer ? check_answer : check_request)(name, frame);
    fixture_free(frame);
}
END_TEST

START_TEST(bad_message)
{
    const char *name = bad[_i], *decodes = helper_hex_note(name, "decodes");
    const bool as_answer = strcmp(decodes, "answer") == 0;
    struct trust_bytes frame = helper_hex(name);
    const int promised = helper_promised_code(name);
    /* A file that says nothing is bad for both sides. */
    for (int answer = 0; answer < 2; answer++) {
        struct trust_error err = {0};
        struct trust_request request;
        struct trust_response response;
        if (decodes[0] != '\0' && answer != as_answer)
            continue;
        int rc = answer ? trust_response_decode(frame, &response, &err)
                        : trust_request_decode(frame, &request, &err);
        /* An element that is cut is only looked at where the type is right. */
        if (decodes[0] == '\0' && rc == TRUST_ETYPE && promised != TRUST_ETYPE)
            continue;
        ck_assert_msg(rc == promised, "%s: %s: %s", helper_base(name), trust_error_name(rc), err.text);
        ck_assert_int_eq(err.code, rc);
        ck_assert_uint_gt(strlen(err.text), 10);
        ck_assert(err.offset == TRUST_NO_OFFSET || err.offset <= frame.len);
    }
    fixture_free(frame);
}
END_TEST

/* ---- The captured query, and the answer that it got */

START_TEST(captured_query)
{
    struct trust_error err = {0};
    struct trust_bytes frame = helper_hex("query-request.hex");
    struct trust_request request;
    uint8_t *bytes;
    size_t len;
    ck_assert_uint_eq(frame.len, 153);
    helper_ok(trust_request_decode(frame, &request, &err), &err);
    ck_assert_ptr_null(request.unusable);
    ck_assert_int_eq(request.type, TRUST_MSG_QUERY_REQ);
    ck_assert_int_eq(request.version, 1);
    ck_assert_uint_eq(request.session, 0x3e9);
    ck_assert(helper_is(request.device, "CP-8861-SEPB000B4BA0AEE"));
    ck_assert(
        helper_is(request.subject, "CN=ucm11pub.stormin.local;OU=IST;O=Stormin;L=Brisbane;ST=QLD;C=AU"));
    ck_assert(helper_is(request.issuer, "CN=stormin-WIN2012-CA"));
    is_hex(request.serial, "24000000179479b8f124ac3f3b000000000017");
    helper_ok(trust_request_encode(&request, &bytes, &len, &err), &err);
    ck_assert_uint_eq(len, frame.len);
    ck_assert_mem_eq(bytes, frame.data, len);
    free(bytes);
    fixture_free(frame);
}
END_TEST

START_TEST(captured_answer)
{
    static const uint8_t start[] = {0x57, 1, 4, 0, 0, 0, 3,    0xe9, 5,   0xbe,
                                    7,    0, 1, 0, 2, 5, 0xab, 0x30, 0x82};
    static const uint8_t end[] = {8, 0, 2, 0, 3, 9, 0, 4, 0, 1, 0x51, 0x80};
    uint8_t der[1451] = {0x30, 0x82, 0x05, 0xa7}, out[1481];
    struct trust_error err = {0};
    struct trust_response answer = {.version = 1,
                                    .type = TRUST_MSG_QUERY_RES,
                                    .session = 0x3e9,
                                    .certificate = {der, sizeof der},
                                    .has_roles = true,
                                    .has_ttl = true,
                                    .ttl = TRUST_TTL_DEFAULT};
    ck_assert(trust_roles_add(&answer.roles, 3) && trust_roles_add(&answer.roles, 0));
    ck_assert_uint_eq(trust_response_size(&answer), 1480);
    out[1480] = 0x77;
    helper_ok(trust_response_encode(&answer, out, 1480, &err), &err);
    ck_assert_mem_eq(out, start, sizeof start);
    ck_assert_mem_eq(out + 17, der, sizeof der);
    ck_assert_mem_eq(out + 1480 - sizeof end, end, sizeof end);
    ck_assert_int_eq(out[1480], 0x77);
    /* "Not trusted" carries the status alone, whatever else was set. */
    answer.status = 1;
    ck_assert_uint_eq(trust_response_size(&answer), 14);
    helper_ok(trust_response_encode(&answer, out, 14, &err), &err);
    ck_assert_mem_eq(out + 8, ((const uint8_t[]){0, 4, 7, 0, 1, 1}), 6);
}
END_TEST

/* ---- The stream */

/* Every byte that shows an error shows it at once; no prefix of a good message is wrong. */
START_TEST(peek)
{
    struct trust_bytes frame = helper_hex("query-request.hex");
    uint8_t stream[16];
    size_t len;
    for (size_t there = 0; there <= frame.len; there++) {
        ck_assert_int_eq(trust_frame_peek((struct trust_bytes){frame.data, there}, &len, NULL), 0);
        ck_assert_uint_eq(len, there < 10 ? 0 : 153);
    }
    static const struct {
        size_t byte;
        uint8_t value;
        int code;
    } wrong[] = {
        {0, 0x16, TRUST_EDISCRIMINATOR},
        {0, 0x47, TRUST_EDISCRIMINATOR},
        {1, 2, TRUST_EVERSION},
        {1, 0xff, TRUST_EVERSION},
        {2, 0, TRUST_ETYPE},
        {2, 5, TRUST_ETYPE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(stream, frame.data, sizeof stream);
        stream[wrong[i].byte] = wrong[i].value;
        for (size_t there = 0; there <= sizeof stream; there++) {
            struct trust_error err = {0};
            int rc = trust_frame_peek((struct trust_bytes){stream, there}, &len, &err);
            ck_assert_int_eq(rc, there > wrong[i].byte ? wrong[i].code : 0);
            ck_assert_uint_eq(len, 0);
            ck_assert(rc == 0 || err.offset == wrong[i].byte);
        }
    }
    memcpy(stream, frame.data, sizeof stream);
    stream[8] = stream[9] = 0xff;
    ck_assert_int_eq(trust_frame_peek((struct trust_bytes){stream, 10}, &len, NULL), 0);
    ck_assert_uint_eq(len, TRUST_FRAME_MAX);
    fixture_free(frame);
}
END_TEST

/* A message that is cut anywhere is refused. */
START_TEST(cut)
{
    struct trust_bytes frame = helper_hex("query-request.hex");
    struct trust_request request;
    for (size_t len = 0; len < frame.len; len++)
        ck_assert_int_eq(trust_request_decode((struct trust_bytes){frame.data, len}, &request, NULL),
                         len < 10 ? TRUST_ETRUNCATED : TRUST_ELENGTH);
    fixture_free(frame);
}
END_TEST

/* ---- What cannot be encoded */

START_TEST(limits)
{
    static uint8_t big[65536];
    struct trust_error err = {0};
    uint8_t *bytes;
    size_t len;
    struct trust_request request = {.version = 1, .type = TRUST_MSG_VERIFY_REQ, .certificate = {big, 65532}};
    helper_ok(trust_request_encode(&request, &bytes, &len, &err), &err);
    ck_assert_uint_eq(len, TRUST_FRAME_MAX);
    free(bytes);
    for (request.certificate.len = 65533; request.certificate.len <= 65536; request.certificate.len++) {
        ck_assert_int_eq(trust_request_encode(&request, &bytes, &len, &err), TRUST_ETOOLARGE);
        ck_assert_ptr_null(bytes);
    }
    request.type = TRUST_MSG_QUERY_RES;
    ck_assert_int_eq(trust_request_encode(&request, &bytes, &len, &err), TRUST_EARGUMENT);

    uint8_t *out = malloc(TRUST_FRAME_MAX);
    struct trust_response answer = {.type = TRUST_MSG_QUERY_RES, .certificate = {big, 65535 - 4 - 3}};
    helper_ok(trust_response_encode(&answer, out, TRUST_FRAME_MAX, &err), &err);
    ck_assert_uint_eq(trust_response_size(&answer), TRUST_FRAME_MAX);
    answer.certificate.len++;
    ck_assert_int_eq(trust_response_encode(&answer, out, TRUST_FRAME_MAX, &err), TRUST_ETOOLARGE);
    answer.type = TRUST_MSG_QUERY_REQ;
    ck_assert_int_eq(trust_response_encode(&answer, out, TRUST_FRAME_MAX, &err), TRUST_EARGUMENT);
    free(out);
}
END_TEST

START_TEST(type_names)
{
    ck_assert_str_eq(trust_message_type_name(1), "TVS_MSG_CERT_VERIFICATION_REQ");
    ck_assert_str_eq(trust_message_type_name(2), "TVS_MSG_CERT_VERIFICATION_RES");
    ck_assert_str_eq(trust_message_type_name(3), "TVS_MSG_QUERY_CERT_REQ");
    ck_assert_str_eq(trust_message_type_name(4), "TVS_MSG_QUERY_CERT_RES");
    ck_assert_str_eq(trust_message_type_name(0), "UNKNOWN");
    ck_assert_str_eq(trust_message_type_name(-1), "UNKNOWN");
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("proto");
    TCase *tcase = tcase_create("proto");
    good = helper_files("proto/*.hex", &good_count);
    bad = helper_files("proto/bad/*.hex", &bad_count);
    tcase_add_loop_test(tcase, good_message, 0, (int)good_count);
    tcase_add_loop_test(tcase, bad_message, 0, (int)bad_count);
    tcase_add_test(tcase, captured_query);
    tcase_add_test(tcase, captured_answer);
    tcase_add_test(tcase, peek);
    tcase_add_test(tcase, cut);
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, type_names);
    suite_add_tcase(suite, tcase);
    return suite;
}
