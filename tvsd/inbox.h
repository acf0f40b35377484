/* What a connection has received and not yet answered: never more than one message and what came with it. */
#ifndef TVSD_INBOX_H
#define TVSD_INBOX_H

#include "trust.h"

#include <stdbool.h>

/* Zero-initialised it is empty. It holds memory only while it holds bytes. */
struct inbox {
    uint8_t *data;
    size_t start, end, size;
};

struct trust_bytes inbox_bytes(const struct inbox *inbox);

/* Room for more bytes, at least one, so that a message of frame_len bytes (0: not known yet) will fit. At
 * most *size of them may be written at the place returned, then inbox_received says how many were. NULL: out
 * of memory. */
uint8_t *inbox_room(struct inbox *inbox, size_t frame_len, size_t *size);
void inbox_received(struct inbox *inbox, size_t len);

/* Drop bytes from the front. */
void inbox_consume(struct inbox *inbox, size_t len);

/* Give memory back if no bytes are left. */
void inbox_rest(struct inbox *inbox);
void inbox_fini(struct inbox *inbox);

#endif
