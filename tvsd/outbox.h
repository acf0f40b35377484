/* Answers that the socket has not taken yet, in order, each with the moment when its request began. */
#ifndef TVSD_OUTBOX_H
#define TVSD_OUTBOX_H

#include "trust.h"

struct outbox_block;

/* Zero-initialised it is empty. */
struct outbox {
    struct outbox_block *first, *last;
    size_t held; /* bytes of memory, which may be many times those of the answers; 0: all is sent */
};

/* Room for an answer of len bytes at the end, which the caller fills at once. NULL: out of memory. */
uint8_t *outbox_add(struct outbox *outbox, size_t len, int64_t started);

/* What to send next (len 0: nothing), and that so many bytes of it were taken. */
struct trust_bytes outbox_next(const struct outbox *outbox);
void outbox_sent(struct outbox *outbox, size_t len);

/* When the request of the oldest unsent answer began. Not to be asked of an empty outbox. */
int64_t outbox_started(const struct outbox *outbox);

void outbox_fini(struct outbox *outbox);

#endif
