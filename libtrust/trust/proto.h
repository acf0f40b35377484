/* The TVS protocol: requests and answers inside TLS on port 2445.
 *
 * A message is a header of 10 bytes (discriminator 0x57, version, type, reserved, session id of 4 bytes,
 * length of 2 bytes, big-endian) and a body of elements: tag (1 byte), length (2 bytes), value. */
#ifndef TRUST_PROTO_H
#define TRUST_PROTO_H

#include "error.h"
#include "role.h"

#include <stdbool.h>

#define TRUST_FRAME_HEADER 10
#define TRUST_FRAME_MAX    (TRUST_FRAME_HEADER + 65535)
#define TRUST_TTL_DEFAULT  86400 /* seconds */

enum trust_message_type {
    TRUST_MSG_VERIFY_REQ = 1, /* TVS_MSG_CERT_VERIFICATION_REQ */
    TRUST_MSG_VERIFY_RES = 2,
    TRUST_MSG_QUERY_REQ = 3, /* TVS_MSG_QUERY_CERT_REQ */
    TRUST_MSG_QUERY_RES = 4,
};

enum trust_element_tag {
    TRUST_TAG_DEVICE = 1,
    TRUST_TAG_CERTIFICATE = 2,
    TRUST_TAG_SUBJECT = 3,
    TRUST_TAG_ISSUER = 4,
    TRUST_TAG_SERIAL = 5,
    TRUST_TAG_STATUS = 7,
    TRUST_TAG_ROLES = 8,
    TRUST_TAG_TTL = 9,
};

/* "TVS_MSG_CERT_VERIFICATION_REQ" and so on, as CUCM's traces print them; "UNKNOWN" otherwise. Static
 * storage. */
const char *trust_message_type_name(int type);

/* Look at the start of a stream of messages. 0: *frame_len is the length of the message that starts there,
 * header included (it may be more than len: then go on reading), or 0 if fewer than 10 bytes are there and
 * none of them is wrong. Errors, as soon as the byte that shows it is there: TRUST_EDISCRIMINATOR,
 * TRUST_EVERSION (above 1), TRUST_ETYPE (not one of the four). */
int trust_frame_peek(struct trust_bytes stream, size_t *frame_len, struct trust_error *err) TRUST_MUST_CHECK;

/* A decoded request. Everything points into the message. */
struct trust_request {
    uint8_t version;
    enum trust_message_type type; /* VERIFY_REQ or QUERY_REQ */
    uint32_t session;
    struct trust_bytes device;      /* without the leading 01 byte, without a NUL; client bytes */
    struct trust_bytes certificate; /* VERIFY: DER; data NULL if there is none */
    struct trust_bytes subject;     /* QUERY: without the NUL */
    struct trust_bytes issuer;      /* QUERY: without the NUL */
    struct trust_bytes serial;      /* QUERY */
    /* NULL, or why the content of this well-formed message cannot be used and is to be answered "not
     * trusted": "no certificate", "no serial number", "two candidates for the issuer", … Static storage. */
    const char *unusable;
};

/* Decode one whole message that a phone sends. Unknown tags are skipped. 4 is the issuer and 5 the serial
 * number if 4 is text and 5 is there; else 4 to 6 are told apart by shape: an issuer is text that ends in its
 * only NUL and holds "=" behind a letter, the other is the serial number. A certificate, or any of the tags 4
 * to 6, that stands there twice makes the request unusable; of device and subject, which decide nothing, the
 * first counts. Errors, which close a connection: trust_frame_peek's, TRUST_ETYPE (an answer),
 * TRUST_ETRUNCATED (an element runs past the body, or a piece of one is left), TRUST_ELENGTH (the frame's
 * length is not the message's). */
int trust_request_decode(struct trust_bytes frame, struct trust_request *out,
                         struct trust_error *err) TRUST_MUST_CHECK;

/* Encode a request as a phone writes it. The caller frees *out with free(). */
int trust_request_encode(const struct trust_request *request, uint8_t **out, size_t *len,
                         struct trust_error *err) TRUST_MUST_CHECK;

struct trust_response {
    uint8_t version;
    enum trust_message_type type; /* VERIFY_RES or QUERY_RES */
    uint32_t session;
    uint8_t status;                 /* 0: trusted */
    struct trust_bytes certificate; /* QUERY, trusted; data NULL: none */
    bool has_roles, has_ttl;
    struct trust_roles roles;
    uint32_t ttl; /* seconds */
};

/* Bytes that trust_response_encode needs for this response. */
size_t trust_response_size(const struct trust_response *response);

/* Encode in CUCM's order: status, certificate, roles, TTL. A response that is not "trusted" carries the
 * status alone. out holds trust_response_size bytes. Errors: TRUST_ETOOLARGE (the certificate does not fit
 * into a message). Does not allocate. */
int trust_response_encode(const struct trust_response *response, uint8_t *out, size_t size,
                          struct trust_error *err) TRUST_MUST_CHECK;

/* Decode an answer, for the phone's side. certificate points into frame. Missing roles and TTL are no error;
 * a missing status is (TRUST_EMISSING), and so is an element that stands there twice (TRUST_EDUPLICATE), one
 * of a wrong length (TRUST_ELENGTH), and what trust_request_decode refuses. */
int trust_response_decode(struct trust_bytes frame, struct trust_response *out,
                          struct trust_error *err) TRUST_MUST_CHECK;

#endif
