#include "token_keys.h"

#include "ask.h"
#include "say.h"

#include <string.h>

int token_keys_begin(struct token_keys *keys, struct tvsctl *ctl)
{
    struct trust_error err = {0};
    const char *path = ctl->flags.value[FLAG_PIN_FILE];
    *keys = (struct token_keys){.ctl = ctl};
    ctl->tokens = keys;
    if (path == NULL)
        return TVSCTL_DONE;
    if (trust_pin_read(path, keys->pin, &err) != 0)
        return say_error(ctl, &err);
    keys->has_pin = true;
    return TVSCTL_DONE;
}

void token_keys_fini(struct token_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        token_agent_close(keys->items[i].agent);
        explicit_bzero(keys->items[i].pin, sizeof keys->items[i].pin);
    }
    explicit_bzero(keys->pin, sizeof keys->pin);
    keys->count = 0;
    keys->has_pin = false;
}

/* Its PIN is not needed before it signs, and neither is that of a token that only shows its certificate. */
static int read_source(struct token_key *key, const char *uri, struct trust_error *err)
{
    struct trust_token_uri parts;
    int code = trust_token_uri_read(uri, &parts, err);
    key->has_source = code == 0 && parts.pin_source != NULL;
    if (key->has_source)
        key->source_code = trust_pin_read(parts.pin_source, key->pin, &key->source_err);
    trust_token_uri_fini(&parts);
    return code;
}

static int find_or_open(struct token_keys *keys, const char *uri, struct token_key **out,
                        struct trust_error *err)
{
    *out = NULL;
    for (size_t i = 0; *out == NULL && i < keys->count; i++)
        if (strcmp(token_agent_uri(keys->items[i].agent), uri) == 0)
            *out = &keys->items[i];
    if (*out != NULL)
        return 0;
    if (keys->count == TOKEN_KEYS_MAX)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "more than %d security tokens cannot be used at once", TOKEN_KEYS_MAX);
    struct token_key *key = &keys->items[keys->count];
    *key = (struct token_key){0};
    int code = token_agent_open(uri, &key->agent, err);
    if (code != 0)
        return code;
    keys->count++;
    code = read_source(key, uri, err);
    if (code == 0)
        *out = key;
    return code;
}

int token_keys_open(struct token_keys *keys, const char *uri, struct token_agent **out,
                    struct trust_error *err)
{
    struct token_key *key;
    int code = find_or_open(keys, uri, &key, err);
    *out = code == 0 ? key->agent : NULL;
    return code;
}

/* ---- PINs */

static int no_pin(const struct trust_token_info *info, struct trust_error *err)
{
    return trust_error_set(
        err, TRUST_EPASSWORD, TRUST_NO_OFFSET,
        "token '%s' wants its PIN, and none was typed, or there is no terminal to ask for it on: "
        "write it into a file (mode 0600) and add --pin-file FILE, or pin-source=file:/PATH to "
        "the URI",
        info->label);
}

/* Into key->pin, which stays empty if the token needs none. A token that would refuse is not asked about:
 * nobody types a PIN for nothing. */
static int find_pin(struct token_keys *keys, struct token_key *key, struct trust_error *err)
{
    const struct trust_token_info *info = token_agent_info(key->agent);
    const bool would_refuse = info->tries == TRUST_TRIES_LAST || info->tries == TRUST_TRIES_NONE;
    if (!info->needs_pin || info->has_pad || would_refuse)
        return 0;
    if (key->has_source)
        *err = key->source_err;
    if (key->has_source)
        return key->source_code;
    if (!keys->has_pin)
        return ask_pin(keys->ctl, info, key->pin) ? 0 : no_pin(info, err);
    /* It is one token's: another would count it as a wrong one. */
    memcpy(key->pin, keys->pin, TRUST_PIN_SIZE);
    explicit_bzero(keys->pin, sizeof keys->pin);
    keys->has_pin = false;
    return 0;
}

/* A PIN that was refused once is not given again, whoever asks in this run. */
static int log_in(struct token_keys *keys, struct token_key *key, struct trust_error *err)
{
    if (!key->was_tried) {
        key->login_code = find_pin(keys, key, &key->login_err);
        if (key->login_code == 0)
            key->login_code =
                token_agent_log_in(key->agent, key->pin[0] != '\0' ? key->pin : NULL, &key->login_err);
        explicit_bzero(key->pin, sizeof key->pin);
        key->was_tried = true;
    }
    if (key->login_code != 0 && err != NULL)
        *err = key->login_err;
    return key->login_code;
}

int token_keys_signer(struct token_keys *keys, const char *uri, struct trust_cert *cert,
                      struct trust_signer **out, struct trust_error *err)
{
    struct token_key *key;
    *out = NULL;
    if (trust_is_pretending())
        return trust_signer_pretend(cert, out, err);
    if (keys == NULL)
        return trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                               "it is in a security token, which cannot be used here");
    int code = find_or_open(keys, uri, &key, err);
    if (code == 0)
        code = log_in(keys, key, err);
    if (code == 0)
        code = token_agent_find_key(key->agent, cert, err);
    return code == 0 ? token_agent_signer(key->agent, cert, out, err) : code;
}
