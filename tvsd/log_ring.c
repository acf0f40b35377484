#include "log_ring.h"

#include <assert.h>

struct record {
    uint16_t len, body;
    uint8_t level;
};

_Static_assert(LOG_LINE_MAX <= UINT16_MAX, "a line's length must fit into its record");

bool log_ring_push(struct ring *ring, const struct log_line *line)
{
    const struct record record = {(uint16_t)line->len, (uint16_t)line->body, (uint8_t)line->level};
    assert(line->len <= LOG_LINE_MAX);
    return ring_push(ring, (struct trust_bytes){(const uint8_t *)&record, sizeof record},
                     (struct trust_bytes){(const uint8_t *)line->text, line->len});
}

bool log_ring_pop(struct ring *ring, size_t mark, struct log_line *out)
{
    struct record record;
    if (!ring_has(ring, mark))
        return false;
    ring_take(ring, &record, sizeof record);
    out->len = record.len;
    out->body = record.body;
    out->level = record.level;
    ring_take(ring, out->text, record.len);
    ring_release(ring);
    return true;
}
