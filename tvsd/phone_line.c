#include "phone_line.h"

#include "line_writer.h"

#include <stdio.h>
#include <string.h>

/* The longest name takes four bytes each as \xNN, with quotes. */
_Static_assert(4 * PHONE_NAME_MAX + 2 + 512 < PHONE_LINE_MAX, "a phone's line must hold all of it");

static void put_digest(struct line_writer *line, const char *key, const uint8_t digest[PHONE_DIGEST])
{
    static const uint8_t none[PHONE_DIGEST];
    if (memcmp(digest, none, PHONE_DIGEST) != 0)
        line_hex(line, key, digest, PHONE_DIGEST);
}

static void put_followed(struct line_writer *line, const struct phone *phone)
{
    char text[PHONE_FOLLOWED_MAX * 24];
    int len = 0;
    for (size_t i = 0; i < PHONE_FOLLOWED_MAX && phone->followed[i].rollout != 0; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%s%u:%u", i > 0 ? "," : "",
                        (unsigned)phone->followed[i].rollout, (unsigned)phone->followed[i].when);
    line_bytes(line, "followed", text, (size_t)len);
}

size_t phone_line(const struct phone *phone, char out[static PHONE_LINE_MAX])
{
    struct line_writer line;
    line_begin(&line, out, PHONE_LINE_MAX - 1);
    line_text(&line, "name", phone->name);
    if (phone->cut)
        line_text(&line, "cut", "yes");
    line_text(&line, "address", phone->address);
    line_integer(&line, "first", phone->first);
    line_integer(&line, "last", phone->last);
    line_text(&line, "tls", phone->tls);
    line_text(&line, "class", phone->class);
    line_text(&line, "asked", phone->asked);
    line_text(&line, "result", phone->result);
    line_integer(&line, "count", (int64_t)phone->count);
    put_digest(&line, "about", phone->about);
    put_digest(&line, "shown", phone->shown);
    put_followed(&line, phone);
    return line_end(&line);
}
