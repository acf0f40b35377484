/* What decoder and encoder of the TVS protocol share. */
#ifndef LIBTRUST_PROTO_ELEMENTS_H
#define LIBTRUST_PROTO_ELEMENTS_H

#include "buf.h"
#include "trust/proto.h"

#define PROTO_DISCRIMINATOR 0x57
#define PROTO_VERSION_MAX   1
#define PROTO_BODY_MAX      65535

/* Of the element "device name": stands before the name. */
#define PROTO_DEVICE_MARK 1

struct proto_header {
    uint8_t version, type;
    uint32_t session;
};

/* Check that frame is one whole message and read its header; body is set to what follows. Errors as
 * trust_frame_peek, TRUST_ETRUNCATED (not even a header), TRUST_ELENGTH. */
int proto_open(struct trust_bytes frame, struct proto_header *header, struct buf_reader *body,
               struct trust_error *err) TRUST_MUST_CHECK;

/* The next element of a body that is not at its end. TRUST_ETRUNCATED if it runs past the body. */
int proto_next(struct buf_reader *body, uint8_t *tag, struct trust_bytes *value,
               struct trust_error *err) TRUST_MUST_CHECK;

#endif
