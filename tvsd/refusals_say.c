#include "refusals_say.h"

#include "log.h"
#include "phone_addresses.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct saying {
    struct phone_addresses *addresses;
    int64_t now;
};

/* "CP-7975" of CP-7975-SEP001122334455: the only part of a name that a sentence takes up, since anything may
 * stand in the others. 0: it is no such name. */
static int model_length(struct trust_bytes name)
{
    size_t len = 3;
    if (name.len <= len || memcmp(name.data, "CP-", len) != 0)
        return 0;
    while (len < name.len && isalnum(name.data[len]))
        len++;
    return len > 3 && len <= 16 && (len == name.len || name.data[len] == '-') ? (int)len : 0;
}

static char *sentence(const struct refusal *refusal, struct trust_bytes name, char *out, size_t size)
{
    const int model = model_length(name);
    const bool hints = name.len == 0 && refusal->families != NULL;
    if (model > 0)
        snprintf(out, size, "%.*s at %s %s", model, (const char *)name.data, refusal->address, refusal->does);
    else
        snprintf(out, size, "the %s at %s%s%s%s %s", name.len > 0 ? "phone" : "client", refusal->address,
                 hints ? " (if it is a phone: " : "", hints ? refusal->families : "", hints ? ")" : "",
                 refusal->does);
    return out;
}

static void say_answer(const struct refusal *refusal, struct trust_bytes name, const char *reason,
                       uint64_t count)
{
    struct log_field fields[] = {
        log_text("serial", refusal->serial),
        log_bytes("issuer", ((struct trust_bytes){(const uint8_t *)refusal->issuer, refusal->issuer_len})),
        log_text("source", refusal->source),
        log_bytes("device", name),
        log_text("peer", refusal->peer),
        log_text("remedy", refusal->remedy),
        log_text("reason", reason),
        log_number("count", (int64_t)count),
    };
    size_t used = sizeof fields / sizeof fields[0];
    if (refusal->remedy[0] == '\0') {
        memmove(&fields[5], &fields[6], 2 * sizeof fields[0]);
        used--;
    }
    log_say(refusal->event, fields, used);
}

static void take(void *arg, const struct refusal *refusal, uint64_t count)
{
    const struct saying *saying = arg;
    char reason[sizeof refusal->does + 128];
    struct trust_bytes name = {(const uint8_t *)refusal->device, refusal->device_len};
    const struct phone *phone = NULL;
    if (name.len == 0 && saying->addresses != NULL)
        phone = phone_addresses_find(saying->addresses, refusal->address, saying->now);
    if (phone != NULL)
        name = (struct trust_bytes){(const uint8_t *)phone->name, strlen(phone->name)};
    sentence(refusal, name, reason, sizeof reason);
    switch (refusal->event) {
    case LOG_EV_TLS_REFUSED:
        LOG_SAY(TLS_REFUSED, log_text("reason", reason), log_text("peer", refusal->peer),
                log_text("setting", refusal->setting), log_text("remedy", refusal->remedy),
                log_bytes("device", name), log_number("count", (int64_t)count));
        break;
    case LOG_EV_REQUEST_REFUSED:
        LOG_SAY(REQUEST_REFUSED, log_text("reason", reason), log_text("peer", refusal->peer),
                log_text("setting", refusal->setting), log_bytes("device", name),
                log_number("count", (int64_t)count));
        break;
    case LOG_EV_ADDRESS_REFUSED:
        LOG_SAY(ADDRESS_REFUSED, log_text("peer", refusal->peer), log_number("connections", refusal->limit),
                log_text("setting", refusal->setting), log_number("count", (int64_t)count));
        break;
    default:
        say_answer(refusal, name, reason, count);
    }
}

void refusals_say(struct phone_addresses *addresses, int64_t now, bool at_end)
{
    static int64_t said_more;
    struct saying saying = {addresses, now};
    refusals_turn((uint64_t)now, at_end, take, &saying);
    if (!at_end && now - said_more < REFUSALS_EVERY)
        return;
    const uint64_t more = refusals_more();
    if (more == 0)
        return;
    said_more = now;
    LOG_SAY(REFUSED_MORE, log_number("count", (int64_t)more));
}
