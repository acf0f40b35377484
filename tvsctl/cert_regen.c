/* set cert regen UNIT. */
#include "ask.h"
#include "handlers.h"
#include "input.h"
#include "limits.h"
#include "own_cert.h"
#include "say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_MAX 36500

/* --node, --key and --days into the request. TVSCTL_DONE, or said. */
static int take_flags(struct tvsctl *ctl, struct own_cert_request *request)
{
    const char *node = ctl->flags.value[FLAG_NODE], *key = ctl->flags.value[FLAG_KEY];
    const char *days = ctl->flags.value[FLAG_DAYS];
    if (node != NULL && node[0] == '\0')
        return say_usage(ctl, "--node needs a name");
    if (node != NULL && strcmp(node, request->node) != 0) {
        request->node = node;
        request->address = ""; /* the configuration knows our own node's only */
    }
    if (key != NULL && !trust_key_spec_is_valid(key))
        return say_usage(ctl, "--key %s is none of: %s", key, flag_help(FLAG_KEY));
    enum trust_key_type type = key != NULL && strncmp(key, "ec:", 3) == 0 ? TRUST_KEY_EC : TRUST_KEY_RSA;
    const char *objection = key != NULL ? own_cert_key_objection(request->unit, type) : NULL;
    if (objection != NULL)
        return say_refusal(ctl, "--key %s: %s; nothing was changed", key, objection);
    request->key_spec = key;
    if (days != NULL) {
        char *end;
        errno = 0;
        long number = strtol(days, &end, 10);
        if (errno != 0 || end == days || *end != '\0' || number < 1 || number > DAYS_MAX)
            return say_usage(ctl, "--days %s is no number from 1 to %d", days, DAYS_MAX);
        request->days = (int)number;
    }
    return TVSCTL_DONE;
}

/* Nothing is asked when nothing is overwritten. */
static int ask_first(struct tvsctl *ctl, enum trust_unit unit, bool has)
{
    char warning[512];
    const char *name = trust_unit_by_number((int)unit)->name;
    if (!has)
        return TVSCTL_DONE;
    if (unit == TRUST_UNIT_ITLRECOVERY)
        snprintf(warning, sizeof warning,
                 "This operation will replace the second anchor of the trust lists. With a tokenless CTL and "
                 "a recently "
                 "generated CallManager certificate, the CTL file must hold the new CallManager certificate "
                 "and be on "
                 "the endpoints before you go on");
    else
        snprintf(warning, sizeof warning,
                 "This operation will overwrite any CA signed certificate previously imported for %s", name);
    return ask_proceed(ctl, warning, "regeneration");
}

/* CUCM's words; then what else has to follow here. */
static void say_done(struct tvsctl *ctl, const char *unit, bool list_is_old)
{
    fprintf(ctl->io.out, "Successfully Regenerated Certificate for %s.\n", unit);
    fprintf(ctl->io.out,
            "You must restart services related to %s for the regenerated certificates to become active.\n",
            unit);
    if (list_is_old)
        fputs("The CTL file does not hold the new certificate yet: run `utils ctl update CTLFile`.\n",
              ctl->io.out);
}

static int regenerate(struct tvsctl *ctl, struct state *state, const struct own_cert_request *request)
{
    struct trust_error err = {0};
    bool has, mixed = false;
    const char *name = trust_unit_by_number((int)request->unit)->name;
    bool in_ctl = request->unit == TRUST_UNIT_CALLMANAGER || request->unit == TRUST_UNIT_CAPF ||
                  request->unit == TRUST_UNIT_ITLRECOVERY;
    if (state_has_own(state, request->node, request->unit, &has, &err) != 0 ||
        state_is_mixed(state, &mixed, &err) != 0)
        return say_error(ctl, &err);
    int result = ask_first(ctl, request->unit, has);
    if (result != TVSCTL_DONE)
        return result;
    struct trust_cert *cert;
    if (own_cert_make(state, request, &cert, &err) != 0)
        return say_error(ctl, &err);
    limits_warn(ctl, cert);
    trust_cert_free(cert);
    say_done(ctl, name, mixed && in_ctl);
    return TVSCTL_DONE;
}

int cert_regen(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state;
    struct trust_error err = {0};
    (void)count;
    const struct trust_unit_info *unit = input_unit(ctl, args[0], true);
    if (unit == NULL)
        return TVSCTL_REFUSED;
    struct own_cert_request request = own_cert_request(ctl, unit->unit);
    int result = take_flags(ctl, &request);
    if (result != TVSCTL_DONE)
        return result;
    if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
        return say_error(ctl, &err);
    result = regenerate(ctl, &state, &request);
    state_close(&state);
    return result;
}
