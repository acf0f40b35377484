/* Frames and elements, as the daemon and as a phone reads them. */
#include "fuzz.h"
#include "tests/libtrust/helper_messages.h"

#include <stdlib.h>
#include <string.h>

/* What is wrong is said as soon as its byte is there, and stays so, whatever follows. */
static void peek(struct trust_bytes stream)
{
    struct trust_error err = {0};
    size_t len, again;
    int rc = trust_frame_peek(stream, &len, &err);
    fuzz_error(rc, &err);
    ck_assert(len == 0 || (len >= TRUST_FRAME_HEADER && len <= TRUST_FRAME_MAX));
    int before = 0;
    for (size_t i = 0; i <= TRUST_FRAME_HEADER && i <= stream.len; i++) {
        int code = trust_frame_peek((struct trust_bytes){stream.data, i}, &again, NULL);
        ck_assert(before == 0 || code == before);
        ck_assert(again == 0 || again == len);
        before = code;
    }
    ck_assert_int_eq(before, rc);
}

static void decode(struct trust_bytes frame)
{
    struct trust_error err = {0};
    struct trust_request request;
    struct trust_response response;
    int rc = trust_request_decode(frame, &request, &err);
    fuzz_error(rc, &err);
    if (rc == 0) {
        const struct trust_bytes parts[] = {request.device, request.certificate, request.subject,
                                            request.issuer, request.serial};
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
            ck_assert(fuzz_inside(parts[i], frame));
        helper_request_again(&request);
    }
    rc = trust_response_decode(frame, &response, &err);
    fuzz_error(rc, &err);
    if (rc == 0) {
        ck_assert(fuzz_inside(response.certificate, frame));
        helper_answer_again(&response);
    }
}

void fuzz_one(struct trust_bytes input)
{
    peek(input);
    decode(input);
    if (input.len < TRUST_FRAME_HEADER || input.len > TRUST_FRAME_MAX)
        return;
    /* Most changes break the frame's length: mended, what stands behind it is reached. */
    uint8_t *mended = malloc(input.len);
    ck_assert_ptr_nonnull(mended);
    memcpy(mended, input.data, input.len);
    mended[8] = (uint8_t)((input.len - TRUST_FRAME_HEADER) >> 8);
    mended[9] = (uint8_t)(input.len - TRUST_FRAME_HEADER);
    decode((struct trust_bytes){mended, input.len});
    free(mended);
}
