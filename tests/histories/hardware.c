#include "hardware.h"

#include "certificates.h"
#include "tests/fixture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define must(call)                                                                                           \
    do {                                                                                                     \
        struct trust_error err = {0};                                                                        \
        ck_assert_msg((call) == 0, "%s", err.text);                                                          \
    } while (0)

static const struct {
    const char *serial, *label;
    size_t certificate;
} names[HARDWARE_TOKENS] = {
    {"01", "first", 0},
    {"02", "second", 1},
    {"03", "third", CERTIFICATES_TRUSTED},
    {"04", "fourth", CERTIFICATES_TRUSTED + 1},
};

static void add(const struct hardware *hardware, size_t token)
{
    struct trust_bundle *bundle;
    struct trust_bytes bytes = fixture_read(certificates_path(names[token].certificate));
    must(trust_bundle_read(bytes, NULL, &bundle, &err));
    ck_assert(bundle->cert_count == 1 && bundle->key != NULL);
    fake_tokens_add(&hardware->tokens, names[token].serial, names[token].label, bundle->certs[0],
                    bundle->key);
    trust_bundle_free(bundle);
    fixture_free(bytes);
}

void hardware_open(struct hardware *hardware)
{
    *hardware = (struct hardware){.tokens = {NULL}};
    if (!trust_token_is_supported())
        return;
    fake_tokens_open(&hardware->tokens);
    for (size_t i = 0; i < HARDWARE_TOKENS; i++)
        add(hardware, i);
    fake_tokens_write(&hardware->tokens, "", "pin", FAKE_PIN);
    snprintf(hardware->pin, sizeof hardware->pin, "%s/pin", hardware->tokens.folder);
}

void hardware_close(struct hardware *hardware)
{
    if (hardware_is_there(hardware))
        fake_tokens_close(&hardware->tokens);
    hardware->tokens.folder = NULL;
}

bool hardware_is_there(const struct hardware *hardware)
{
    return hardware->tokens.folder != NULL;
}

const char *hardware_uri(const struct hardware *hardware, size_t token)
{
    char what[40], pin[sizeof hardware->pin + 20];
    snprintf(what, sizeof what, "token=%s", names[token].label);
    snprintf(pin, sizeof pin, "pin-source=file:%s", hardware->pin);
    return fake_tokens_uri(what, pin);
}

size_t hardware_signer(const struct hardware *hardware, size_t wanted)
{
    const size_t other = (wanted + 1) % HARDWARE_SIGNERS;
    return hardware->gone[wanted] && !hardware->gone[other] ? other : wanted;
}

static bool is_hidden(const struct hardware *hardware, size_t token, char out[400])
{
    snprintf(out, 400, "%s/.%s", hardware->tokens.folder, names[token].serial);
    return access(out, F_OK) == 0;
}

void hardware_turn(struct hardware *hardware, size_t token, bool by_half, char *out, size_t size)
{
    char hidden[400], shown[400];
    const bool was_hidden = is_hidden(hardware, token, hidden);
    snprintf(shown, sizeof shown, "%s/%s", hardware->tokens.folder, names[token].serial);
    if (was_hidden)
        ck_assert_int_eq(rename(hidden, shown), 0);
    else if (hardware->gone[token] || by_half)
        fake_tokens_write(&hardware->tokens, names[token].serial, "mode",
                          hardware->gone[token] ? "" : "removed");
    else
        ck_assert_int_eq(rename(shown, hidden), 0);
    hardware->gone[token] = !hardware->gone[token];
    snprintf(out, size, "(the %s token is %s)", names[token].label,
             !hardware->gone[token] ? "there again"
             : by_half              ? "taken out when it signs"
                                    : "lost");
}

bool hardware_lacks(const struct hardware *hardware)
{
    for (size_t i = 0; i < HARDWARE_TOKENS; i++)
        if (hardware->gone[i])
            return true;
    return false;
}
