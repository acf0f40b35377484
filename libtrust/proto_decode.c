#include "proto_elements.h"
#include "utf8.h"

#include <string.h>

/* Tags 4 to 6 carry issuer and serial number; which is which is known for 4 and 5 only by inference. */
#define SIGNER_FIRST 4
#define SIGNER_LAST  6

/* The first of each element that means something, and how often each stood there. */
struct found {
    struct trust_bytes value[SIGNER_LAST + 1];
    unsigned count[SIGNER_LAST + 1];
};

static struct trust_bytes without_nuls(struct trust_bytes value)
{
    while (value.len > 0 && value.data[value.len - 1] == 0)
        value.len--;
    return value;
}

/* Valid UTF-8 without control characters that ends in its only NUL. */
static bool is_text(struct trust_bytes value)
{
    struct buf_reader in = buf_reader_of(without_nuls(value));
    if (buf_remaining(&in) == 0 || buf_remaining(&in) + 1 != value.len)
        return false;
    while (buf_remaining(&in) > 0) {
        uint32_t code;
        struct trust_bytes character;
        size_t len = utf8_decode(buf_rest(&in), &code);
        if (len == 0 || code < 0x20 || code == 0x7f || !buf_read_bytes(&in, len, &character))
            return false;
    }
    return true;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Text that holds "=" behind a letter, as every distinguished name does. */
static bool is_name(struct trust_bytes value)
{
    for (size_t i = 1; i < value.len; i++) {
        if (value.data[i] == '=' && is_letter(value.data[i - 1]))
            return is_text(value);
    }
    return false;
}

/* Issuer and serial number among elements that are numbered in a way not seen yet. */
static const char *tell_by_shape(const struct found *found, struct trust_request *request)
{
    unsigned issuers = 0, serials = 0;
    for (unsigned tag = SIGNER_FIRST; tag <= SIGNER_LAST; tag++) {
        if (found->count[tag] == 0)
            continue;
        if (is_name(found->value[tag])) {
            request->issuer = without_nuls(found->value[tag]);
            issuers++;
        } else {
            request->serial = found->value[tag];
            serials++;
        }
    }
    if (issuers > 1)
        return "two candidates for the issuer";
    if (serials > 1)
        return "two candidates for the serial number";
    return NULL;
}

static const char *decode_query(const struct found *found, struct trust_request *request)
{
    const char *why = NULL;
    request->subject = without_nuls(found->value[TRUST_TAG_SUBJECT]);
    for (unsigned tag = SIGNER_FIRST; tag <= SIGNER_LAST; tag++) {
        if (found->count[tag] > 1)
            return tag == TRUST_TAG_SERIAL ? "two candidates for the serial number"
                                           : "two candidates for the issuer";
    }
    if (is_text(found->value[TRUST_TAG_ISSUER]) && found->count[TRUST_TAG_SERIAL] > 0) {
        request->issuer = without_nuls(found->value[TRUST_TAG_ISSUER]);
        request->serial = found->value[TRUST_TAG_SERIAL];
    } else {
        why = tell_by_shape(found, request);
    }
    if (why == NULL && request->issuer.len == 0)
        why = "no issuer";
    if (why == NULL && request->serial.len == 0)
        why = "no serial number";
    return why;
}

static const char *decode_verify(const struct found *found, struct trust_request *request)
{
    request->certificate = found->value[TRUST_TAG_CERTIFICATE];
    if (found->count[TRUST_TAG_CERTIFICATE] > 1)
        return "two certificates";
    return request->certificate.len == 0 ? "no certificate" : NULL;
}

static struct trust_bytes device_name(struct trust_bytes value)
{
    struct buf_reader in = buf_reader_of(without_nuls(value));
    uint8_t mark;
    if (!buf_peek_u8(&in, &mark) || mark != PROTO_DEVICE_MARK)
        return buf_rest(&in);
    return buf_read_u8(&in, &mark) ? buf_rest(&in) : value;
}

int trust_request_decode(struct trust_bytes frame, struct trust_request *out, struct trust_error *err)
{
    struct found found = {0};
    struct proto_header header;
    struct buf_reader body;
    *out = (struct trust_request){0};
    int rc = proto_open(frame, &header, &body, err);
    if (rc != 0)
        return rc;
    if (header.type != TRUST_MSG_VERIFY_REQ && header.type != TRUST_MSG_QUERY_REQ)
        return trust_error_set(err, TRUST_ETYPE, 2, "%s is an answer; a request was expected",
                               trust_message_type_name(header.type));
    while (buf_remaining(&body) > 0) {
        uint8_t tag;
        struct trust_bytes value;
        rc = proto_next(&body, &tag, &value, err);
        if (rc != 0)
            return rc;
        if (tag > SIGNER_LAST)
            continue;
        if (found.count[tag]++ == 0)
            found.value[tag] = value;
    }
    struct trust_request request = {
        .version = header.version, .type = (enum trust_message_type)header.type, .session = header.session};
    request.device = device_name(found.value[TRUST_TAG_DEVICE]);
    request.unusable = header.type == TRUST_MSG_VERIFY_REQ ? decode_verify(&found, &request)
                                                           : decode_query(&found, &request);
    *out = request;
    return 0;
}

/* ---- Answers */

static int wrong_length(uint8_t tag, struct trust_bytes value, size_t right, size_t offset,
                        struct trust_error *err)
{
    return trust_error_set(err, TRUST_ELENGTH, offset,
                           "element %u at byte %zu has %zu bytes; it always has %zu", tag, offset, value.len,
                           right);
}

static int decode_roles(struct trust_bytes value, size_t offset, struct trust_response *out,
                        struct trust_error *err)
{
    out->has_roles = true;
    for (size_t i = 0; i < value.len; i++) {
        if (!trust_roles_add(&out->roles, value.data[i]))
            return trust_error_set(err, TRUST_ETOOLARGE, offset, "the roles at byte %zu are more than %d",
                                   offset, TRUST_ROLES_MAX);
    }
    return 0;
}

static int decode_answer_element(uint8_t tag, struct trust_bytes value, size_t offset,
                                 struct trust_response *out, struct trust_error *err)
{
    struct buf_reader in = buf_reader_of(value);
    switch (tag) {
    case TRUST_TAG_STATUS:
        if (value.len != 1 || !buf_read_u8(&in, &out->status))
            return wrong_length(tag, value, 1, offset, err);
        return 0;
    case TRUST_TAG_CERTIFICATE:
        out->certificate = value;
        return 0;
    case TRUST_TAG_ROLES:
        return decode_roles(value, offset, out, err);
    case TRUST_TAG_TTL:
        if (value.len != 4 || !buf_read_u32(&in, &out->ttl))
            return wrong_length(tag, value, 4, offset, err);
        out->has_ttl = true;
        return 0;
    default:
        return 0;
    }
}

static int decode_answer(struct buf_reader *body, struct trust_response *out, struct trust_error *err)
{
    bool seen[TRUST_TAG_TTL + 1] = {false};
    while (buf_remaining(body) > 0) {
        const size_t offset = buf_offset(body);
        uint8_t tag;
        struct trust_bytes value;
        int rc = proto_next(body, &tag, &value, err);
        if (rc == 0 && tag <= TRUST_TAG_TTL) {
            if (seen[tag])
                return trust_error_set(err, TRUST_EDUPLICATE, offset,
                                       "element %u stands there a second time at byte %zu", tag, offset);
            seen[tag] = true;
        }
        if (rc == 0)
            rc = decode_answer_element(tag, value, offset, out, err);
        if (rc != 0)
            return rc;
    }
    if (!seen[TRUST_TAG_STATUS])
        return trust_error_set(err, TRUST_EMISSING, TRUST_NO_OFFSET,
                               "the answer holds no status (element 7)");
    return 0;
}

int trust_response_decode(struct trust_bytes frame, struct trust_response *out, struct trust_error *err)
{
    struct proto_header header;
    struct buf_reader body;
    *out = (struct trust_response){0};
    int rc = proto_open(frame, &header, &body, err);
    if (rc != 0)
        return rc;
    if (header.type != TRUST_MSG_VERIFY_RES && header.type != TRUST_MSG_QUERY_RES)
        return trust_error_set(err, TRUST_ETYPE, 2, "%s is a request; an answer was expected",
                               trust_message_type_name(header.type));
    struct trust_response response = {
        .version = header.version, .type = (enum trust_message_type)header.type, .session = header.session};
    rc = decode_answer(&body, &response, err);
    if (rc == 0)
        *out = response;
    return rc;
}
