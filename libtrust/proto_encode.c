#include "proto_elements.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Writes forward into memory that was measured beforehand: answers are encoded without allocating. */
struct sink {
    uint8_t *out;
    size_t size, len;
};

static void put(struct sink *sink, struct trust_bytes bytes)
{
    assert(bytes.len <= sink->size - sink->len);
    if (bytes.len > 0)
        memcpy(&sink->out[sink->len], bytes.data, bytes.len);
    sink->len += bytes.len;
}

static void put_number(struct sink *sink, uint32_t value, unsigned bytes)
{
    uint8_t big_endian[4];
    for (unsigned i = 0; i < bytes; i++)
        big_endian[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    put(sink, (struct trust_bytes){big_endian, bytes});
}

static void put_header(struct sink *sink, uint8_t version, int type, uint32_t session, size_t body)
{
    put_number(sink, PROTO_DISCRIMINATOR, 1);
    put_number(sink, version, 1);
    put_number(sink, (uint32_t)type, 1);
    put_number(sink, 0, 1); /* reserved */
    put_number(sink, session, 4);
    put_number(sink, (uint32_t)body, 2);
}

static void put_element(struct sink *sink, uint8_t tag, struct trust_bytes value)
{
    put_number(sink, tag, 1);
    put_number(sink, (uint32_t)value.len, 2);
    put(sink, value);
}

/* ---- Requests */

/* One element of a request: what stands before and behind its value, NULL if the value is not there. */
struct part {
    uint8_t tag;
    struct trust_bytes value;
    bool mark; /* 01 before it */
    bool nul;  /* 00 behind it */
};

#define PARTS_MAX 4

/* The elements of a request in a phone's order. Returns how many there are. */
static size_t request_parts(const struct trust_request *request, struct part parts[PARTS_MAX])
{
    const struct part all[] = {
        {TRUST_TAG_DEVICE, request->device, true, false},
        {TRUST_TAG_CERTIFICATE, request->certificate, false, false},
        {TRUST_TAG_SUBJECT, request->subject, false, true},
        {TRUST_TAG_ISSUER, request->issuer, false, true},
        {TRUST_TAG_SERIAL, request->serial, false, false},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const bool verify = all[i].tag == TRUST_TAG_CERTIFICATE;
        if (all[i].value.data == NULL)
            continue;
        if (all[i].tag == TRUST_TAG_DEVICE || verify == (request->type == TRUST_MSG_VERIFY_REQ))
            parts[count++] = all[i];
    }
    return count;
}

static void put_part(struct sink *sink, const struct part *part)
{
    put_number(sink, part->tag, 1);
    put_number(sink, (uint32_t)(part->value.len + part->mark + part->nul), 2);
    if (part->mark)
        put_number(sink, PROTO_DEVICE_MARK, 1);
    put(sink, part->value);
    if (part->nul)
        put_number(sink, 0, 1);
}

int trust_request_encode(const struct trust_request *request, uint8_t **out, size_t *len,
                         struct trust_error *err)
{
    struct part parts[PARTS_MAX];
    size_t body = 0;
    *out = NULL;
    *len = 0;
    if (request->type != TRUST_MSG_VERIFY_REQ && request->type != TRUST_MSG_QUERY_REQ)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "message type %d is no request",
                               (int)request->type);
    const size_t count = request_parts(request, parts);
    for (size_t i = 0; i < count; i++) {
        const size_t size = parts[i].value.len;
        body += size < PROTO_BODY_MAX ? 3 + size + parts[i].mark + parts[i].nul : (size_t)PROTO_BODY_MAX + 1;
    }
    if (body > PROTO_BODY_MAX)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "the request does not fit into a message of %d bytes", PROTO_BODY_MAX);
    struct sink sink = {.size = TRUST_FRAME_HEADER + body};
    sink.out = malloc(sink.size);
    if (sink.out == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory: a request");
    put_header(&sink, request->version, request->type, request->session, body);
    for (size_t i = 0; i < count; i++)
        put_part(&sink, &parts[i]);
    *out = sink.out;
    *len = sink.len;
    return 0;
}

/* ---- Answers */

size_t trust_response_size(const struct trust_response *response)
{
    size_t size = TRUST_FRAME_HEADER + 3 + 1;
    if (response->status != 0)
        return size;
    if (response->certificate.data != NULL)
        size += 3 + response->certificate.len;
    if (response->has_roles)
        size += 3 + (size_t)response->roles.count;
    if (response->has_ttl)
        size += 3 + 4;
    return size;
}

int trust_response_encode(const struct trust_response *response, uint8_t *out, size_t size,
                          struct trust_error *err)
{
    const size_t whole = trust_response_size(response);
    if (response->type != TRUST_MSG_VERIFY_RES && response->type != TRUST_MSG_QUERY_RES)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "message type %d is no answer",
                               (int)response->type);
    if (whole > TRUST_FRAME_MAX)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "a certificate of %zu bytes does not fit into an answer",
                               response->certificate.len);
    assert(size >= whole);
    struct sink sink = {.out = out, .size = size};
    put_header(&sink, response->version, response->type, response->session, whole - TRUST_FRAME_HEADER);
    put_element(&sink, TRUST_TAG_STATUS, (struct trust_bytes){&response->status, 1});
    if (response->status != 0)
        return 0;
    if (response->certificate.data != NULL)
        put_element(&sink, TRUST_TAG_CERTIFICATE, response->certificate);
    if (response->has_roles)
        put_element(&sink, TRUST_TAG_ROLES,
                    (struct trust_bytes){response->roles.code, response->roles.count});
    if (response->has_ttl) {
        put_number(&sink, TRUST_TAG_TTL, 1);
        put_number(&sink, 4, 2);
        put_number(&sink, response->ttl, 4);
    }
    return 0;
}
