#include "phone.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 24

int64_t phone_followed(const struct phone *phone, int64_t rollout)
{
    for (size_t i = 0; i < PHONE_FOLLOWED_MAX && phone->followed[i].rollout != 0; i++)
        if (phone->followed[i].rollout == rollout)
            return phone->followed[i].when;
    return 0;
}

struct source {
    const struct line_field *fields;
    size_t count;
};

/* Text that has to fit, and holds no NUL. */
static bool take_text(const struct source *from, const char *key, char *out, size_t size)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct line_field *field = &from->fields[i];
        if (strcmp(field->key, key) != 0)
            continue;
        if (field->len >= size || strlen(field->value) != field->len)
            return false;
        memcpy(out, field->value, field->len + 1);
    }
    return true;
}

static bool take_digest(const struct source *from, const char *key, uint8_t out[PHONE_DIGEST])
{
    static const char digits[] = "0123456789abcdef";
    const char *text = line_value(from->fields, from->count, key);
    if (text[0] == '\0')
        return true;
    if (strlen(text) != 2 * PHONE_DIGEST || text[strspn(text, digits)] != '\0')
        return false;
    for (size_t i = 0; i < PHONE_DIGEST; i++)
        out[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 |
                           (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}

static bool take_when(const struct source *from, const char *key, int64_t *out)
{
    return line_number(from->fields, from->count, key, 0, UINT32_MAX, 0, out);
}

/* "3:1700000000,4:1700000100" */
static bool take_followed(const struct source *from, struct phone *out)
{
    const char *text = line_value(from->fields, from->count, "followed");
    for (size_t i = 0; text[0] != '\0'; i++) {
        char *end;
        if (i == PHONE_FOLLOWED_MAX || text[strspn(text, "0123456789:,")] != '\0')
            return false;
        unsigned long long number = strtoull(text, &end, 10);
        if (number == 0 || number > UINT32_MAX || *end != ':')
            return false;
        unsigned long long when = strtoull(end + 1, &end, 10);
        if (when > UINT32_MAX || (*end != ',' && *end != '\0'))
            return false;
        out->followed[i] = (struct phone_followed){(uint32_t)number, (uint32_t)when};
        text = *end == ',' ? end + 1 : end;
    }
    return true;
}

bool phone_from(const struct line_field *fields, size_t count, struct phone *out)
{
    const struct source from = {fields, count};
    int64_t requests;
    *out = (struct phone){0};
    if (!take_text(&from, "name", out->name, sizeof out->name) ||
        !take_text(&from, "address", out->address, sizeof out->address) ||
        !take_text(&from, "tls", out->tls, sizeof out->tls) ||
        !take_text(&from, "class", out->class, sizeof out->class) ||
        !take_text(&from, "asked", out->asked, sizeof out->asked) ||
        !take_text(&from, "result", out->result, sizeof out->result) ||
        !take_digest(&from, "about", out->about) || !take_digest(&from, "shown", out->shown) ||
        !take_when(&from, "first", &out->first) || !take_when(&from, "last", &out->last) ||
        !line_number(from.fields, from.count, "count", 0, INT64_MAX, 0, &requests) ||
        !take_followed(&from, out))
        return false;
    out->cut = strcmp(line_value(fields, count, "cut"), "yes") == 0;
    out->count = (uint64_t)requests;
    return (out->name[0] != '\0' || out->address[0] != '\0') && out->last >= out->first;
}

bool phone_parse(char *line, struct phone *out)
{
    struct line_field fields[FIELDS_MAX];
    size_t count;
    return line_split(line, fields, FIELDS_MAX, &count) && phone_from(fields, count, out);
}
