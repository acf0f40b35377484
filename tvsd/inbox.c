#include "inbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST 1024 /* a verify request is about 960 bytes, and malloc has that size at hand */

struct trust_bytes inbox_bytes(const struct inbox *inbox)
{
    return (struct trust_bytes){inbox->data == NULL ? NULL : inbox->data + inbox->start,
                                inbox->end - inbox->start};
}

uint8_t *inbox_room(struct inbox *inbox, size_t frame_len, size_t *size)
{
    size_t need = frame_len > SIZE_FIRST ? frame_len : SIZE_FIRST;
    assert(frame_len <= TRUST_FRAME_MAX && inbox->end - inbox->start < need);
    if (inbox->start > 0) {
        memmove(inbox->data, inbox->data + inbox->start, inbox->end - inbox->start);
        inbox->end -= inbox->start;
        inbox->start = 0;
    }
    if (inbox->size < need) {
        uint8_t *grown = realloc(inbox->data, need);
        if (grown == NULL)
            return NULL;
        inbox->data = grown;
        inbox->size = need;
    }
    *size = inbox->size - inbox->end;
    return inbox->data + inbox->end;
}

void inbox_received(struct inbox *inbox, size_t len)
{
    assert(len <= inbox->size - inbox->end);
    inbox->end += len;
}

void inbox_consume(struct inbox *inbox, size_t len)
{
    assert(len <= inbox->end - inbox->start);
    inbox->start += len;
}

void inbox_rest(struct inbox *inbox)
{
    if (inbox->start == inbox->end)
        inbox_fini(inbox);
}

void inbox_fini(struct inbox *inbox)
{
    free(inbox->data);
    *inbox = (struct inbox){0};
}
