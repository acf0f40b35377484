#include "helper_messages.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static bool equal(struct trust_bytes a, struct trust_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

void helper_request_again(const struct trust_request *request)
{
    struct trust_error err = {0};
    struct trust_request again;
    uint8_t *bytes;
    size_t len;
    if (request->unusable != NULL)
        return;
    ck_assert_msg(trust_request_encode(request, &bytes, &len, &err) == 0, "%s", err.text);
    ck_assert_msg(trust_request_decode((struct trust_bytes){bytes, len}, &again, &err) == 0, "%s", err.text);
    ck_assert_int_eq(request->type, again.type);
    ck_assert_int_eq(request->version, again.version);
    ck_assert_uint_eq(request->session, again.session);
    ck_assert(equal(request->device, again.device));
    ck_assert(equal(request->certificate, again.certificate));
    ck_assert(equal(request->subject, again.subject));
    ck_assert(equal(request->issuer, again.issuer));
    ck_assert(equal(request->serial, again.serial));
    ck_assert_ptr_null(again.unusable);
    free(bytes);
}

void helper_answer_again(const struct trust_response *answer)
{
    struct trust_error err = {0};
    struct trust_response again;
    const size_t size = trust_response_size(answer);
    uint8_t *bytes = malloc(size);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_msg(trust_response_encode(answer, bytes, size, &err) == 0, "%s", err.text);
    ck_assert_msg(trust_response_decode((struct trust_bytes){bytes, size}, &again, &err) == 0, "%s",
                  err.text);
    ck_assert_int_eq(answer->type, again.type);
    ck_assert_uint_eq(answer->session, again.session);
    ck_assert_int_eq(answer->status, again.status);
    if (answer->status == 0) {
        ck_assert(equal(answer->certificate, again.certificate));
        ck_assert_int_eq(answer->roles.count, again.roles.count);
        ck_assert_uint_eq(answer->ttl, again.ttl);
    }
    free(bytes);
}
