/* set cert own UNIT --token URI: a key that signs for us and lies in no file. */
#include "ask.h"
#include "handlers.h"
#include "input.h"
#include "limits.h"
#include "own_cert.h"
#include "print.h"
#include "relist.h"
#include "say.h"
#include "signing.h"
#include "token.h"
#include "token_keys.h"

#include <stdlib.h>
#include <string.h>

struct taking {
    const struct trust_unit_info *unit;
    const char *uri;
    struct trust_cert *cert;
    struct relist_behind behind;
};

static int check_words(struct tvsctl *ctl, const struct trust_unit_info *unit)
{
    const char *uri = flag_value(&ctl->flags, FLAG_TOKEN, 0);
    if (unit->unit != TRUST_UNIT_CALLMANAGER && unit->unit != TRUST_UNIT_ITLRECOVERY)
        return say_refusal(
            ctl,
            "%s: only the keys of CallManager and ITLRecovery can be in a security token: they "
            "sign when you say so, and the others are used unattended",
            unit->name);
    if (uri == NULL)
        return say_usage(ctl, "`set cert own %s` needs to know which token: --token URI", unit->name);
    if (flag_value(&ctl->flags, FLAG_TOKEN, 1) != NULL)
        return say_usage(ctl, "`set cert own %s` takes one --token: a unit has one key", unit->name);
    if (!token_is_hardware(uri))
        return say_refusal(
            ctl,
            "%.200s: no PKCS#11 URI (pkcs11:…); keys in files are taken by `set cert import own %s FILE`",
            uri, unit->name);
    return TVSCTL_DONE;
}

/* The key signs something, before anything relies on it. */
static int try_key(struct tvsctl *ctl, const struct taking *taking)
{
    static const struct trust_bytes text = {(const uint8_t *)"tvsctl", 6};
    struct trust_error err = {0};
    struct trust_signer *signer;
    uint8_t signature[TRUST_SIGNATURE_MAX];
    size_t len;
    int code = token_keys_signer(ctl->tokens, taking->uri, taking->cert, &signer, &err);
    if (code == 0)
        code = trust_signer_sign(signer, TRUST_DIGEST_SHA1, &text, 1, signature, &len, &err);
    trust_signer_free(signer);
    return code == 0 ? TVSCTL_DONE : say_error(ctl, &err);
}

static int ask_first(struct tvsctl *ctl, struct state *state, const struct taking *taking)
{
    char warning[1024];
    struct trust_error err = {0};
    struct trust_key *key;
    bool has;
    if (state_has_own(state, state->node, taking->unit->unit, &has, &err) != 0)
        return say_error(ctl, &err);
    if (!has)
        return TVSCTL_DONE;
    const bool in_file = trust_key_load(state->keys, taking->unit->name, taking->cert, &key, NULL) == 0;
    trust_key_free(key);
    snprintf(warning, sizeof warning,
             "This operation will replace the %s certificate by %.200s, whose key is in a security token%s",
             taking->unit->name, print_cert_name(taking->cert),
             in_file ? "; the same key lies in a file here, which will be removed" : "");
    return ask_proceed(ctl, warning, "import");
}

static int put_in_force(struct change *change, void *arg, struct trust_error *err)
{
    struct taking *taking = arg;
    const struct own_cert_request request = own_cert_request(change->state, taking->unit->unit);
    int code = own_cert_install(change, &request, taking->cert, NULL, err);
    if (code == 0)
        code = change_put_key_uri(change, taking->unit->name, taking->cert, taking->uri, err);
    if (code == 0)
        code = relist_follow(change, err);
    return code == 0 ? relist_look(change, &taking->behind, err) : code;
}

static int take(struct tvsctl *ctl, struct state *state, struct taking *taking)
{
    struct trust_error err = {0};
    if (token_read_cert(ctl, taking->uri, &taking->cert, &err) != 0)
        return say_error(ctl, &err);
    const char *objection = own_cert_objection(taking->unit->unit, taking->cert);
    if (objection != NULL)
        return say_refusal(ctl, "%s: %s: %s", taking->unit->name, print_cert_name(taking->cert), objection);
    int result = ask_first(ctl, state, taking);
    if (result == TVSCTL_DONE)
        result = try_key(ctl, taking);
    if (result == TVSCTL_DONE)
        result = change_run(ctl, state, put_in_force, taking);
    if (result != TVSCTL_DONE)
        return result;
    limits_warn(ctl, taking->cert);
    fprintf(ctl->io.out, "Successfully imported certificate for %s.\n", taking->unit->name);
    fprintf(ctl->io.out, "Please restart services related to %s for the new certificate to become active.\n",
            taking->unit->name);
    relist_say(ctl, &taking->behind);
    return TVSCTL_DONE;
}

/* The token is opened with the rights of the state folder's owner, as it will be whenever it signs. */
int cert_own(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state;
    struct trust_error err = {0};
    (void)count;
    struct taking taking = {.unit = input_unit(ctl, args[0], true),
                            .uri = flag_value(&ctl->flags, FLAG_TOKEN, 0)};
    if (taking.unit == NULL)
        return TVSCTL_REFUSED;
    int result = check_words(ctl, taking.unit);
    if (result != TVSCTL_DONE)
        return result;
    if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
        return say_error(ctl, &err);
    result = take(ctl, &state, &taking);
    trust_cert_free(taking.cert);
    state_close(&state);
    return result;
}
