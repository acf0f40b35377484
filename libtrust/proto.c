#include "proto_elements.h"

const char *trust_message_type_name(int type)
{
    switch (type) {
    case TRUST_MSG_VERIFY_REQ:
        return "TVS_MSG_CERT_VERIFICATION_REQ";
    case TRUST_MSG_VERIFY_RES:
        return "TVS_MSG_CERT_VERIFICATION_RES";
    case TRUST_MSG_QUERY_REQ:
        return "TVS_MSG_QUERY_CERT_REQ";
    case TRUST_MSG_QUERY_RES:
        return "TVS_MSG_QUERY_CERT_RES";
    default:
        return "UNKNOWN";
    }
}

/* As much of the header as is there. *complete: all of it. */
static int read_header(struct buf_reader *in, struct proto_header *header, uint16_t *length, bool *complete,
                       struct trust_error *err)
{
    uint8_t discriminator, reserved;
    *complete = false;
    *length = 0;
    if (!buf_read_u8(in, &discriminator))
        return 0;
    if (discriminator != PROTO_DISCRIMINATOR)
        return trust_error_set(err, TRUST_EDISCRIMINATOR, 0,
                               "this is no TVS message: it begins with byte 0x%02x, not 0x57", discriminator);
    if (!buf_read_u8(in, &header->version))
        return 0;
    if (header->version > PROTO_VERSION_MAX)
        return trust_error_set(err, TRUST_EVERSION, 1, "protocol version %u is not known; 0 and 1 are",
                               header->version);
    if (!buf_read_u8(in, &header->type))
        return 0;
    if (header->type < TRUST_MSG_VERIFY_REQ || header->type > TRUST_MSG_QUERY_RES)
        return trust_error_set(err, TRUST_ETYPE, 2, "message type %u is not known; 1 to 4 are", header->type);
    /* CUCM itself sends garbage in the reserved byte. */
    *complete = buf_read_u8(in, &reserved) && buf_read_u32(in, &header->session) && buf_read_u16(in, length);
    return 0;
}

int trust_frame_peek(struct trust_bytes stream, size_t *frame_len, struct trust_error *err)
{
    struct buf_reader in = buf_reader_of(stream);
    struct proto_header header;
    uint16_t length;
    bool complete;
    *frame_len = 0;
    int rc = read_header(&in, &header, &length, &complete, err);
    if (rc == 0 && complete)
        *frame_len = (size_t)TRUST_FRAME_HEADER + length;
    return rc;
}

int proto_open(struct trust_bytes frame, struct proto_header *header, struct buf_reader *body,
               struct trust_error *err)
{
    uint16_t length;
    bool complete;
    *header = (struct proto_header){0};
    *body = buf_reader_of(frame);
    int rc = read_header(body, header, &length, &complete, err);
    if (rc != 0)
        return rc;
    if (!complete)
        return trust_error_set(err, TRUST_ETRUNCATED, frame.len,
                               "the message ends after %zu bytes, inside its header of %d", frame.len,
                               TRUST_FRAME_HEADER);
    if (length != buf_remaining(body))
        return trust_error_set(err, TRUST_ELENGTH, 8,
                               "the message says that %u bytes follow its header; %zu do", length,
                               buf_remaining(body));
    return 0;
}

int proto_next(struct buf_reader *body, uint8_t *tag, struct trust_bytes *value, struct trust_error *err)
{
    const size_t offset = buf_offset(body);
    uint16_t length;
    if (!buf_read_u8(body, tag) || !buf_read_u16(body, &length))
        return trust_error_set(err, TRUST_ETRUNCATED, offset, "a piece of an element is left at byte %zu",
                               offset);
    if (!buf_read_bytes(body, length, value))
        return trust_error_set(err, TRUST_ETRUNCATED, offset,
                               "element %u at byte %zu claims %u bytes, but %zu are left", *tag, offset,
                               length, buf_remaining(body));
    return 0;
}
