/* set cert regen UNIT. */
#include "ask.h"
#include "handlers.h"
#include "input.h"
#include "limits.h"
#include "own_cert.h"
#include "relist.h"
#include "say.h"
#include "signing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_MAX 36500

/* --key and --days into the request. TVSCTL_DONE, or said. */
static int take_flags(struct tvsctl *ctl, struct own_cert_request *request)
{
    const char *days = ctl->flags.value[FLAG_DAYS];
    int result = own_cert_take_key(ctl, request);
    if (result != TVSCTL_DONE)
        return result;
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

/* Nothing is asked when nothing is overwritten, unless our node looks like one with a wrong name: other is
 * the node that has such a certificate, else "". */
static int ask_first(struct tvsctl *ctl, const struct own_cert_request *request, bool has, const char *other)
{
    char warning[1024];
    const enum trust_unit unit = request->unit;
    const char *name = trust_unit_by_number((int)unit)->name;
    if (!has && other[0] == '\0')
        return TVSCTL_DONE;
    if (!has)
        snprintf(warning, sizeof warning,
                 "This operation will make a %s certificate for a new node %.250s (node.name), which has "
                 "no certificate at all; node %.250s has a %s certificate: if this is that node, correct "
                 "node.name instead",
                 name, request->node.server_name, other, name);
    else if (unit == TRUST_UNIT_ITLRECOVERY)
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

static void say_done(struct tvsctl *ctl, const char *unit)
{
    fprintf(ctl->io.out, "Successfully Regenerated Certificate for %s.\n", unit);
    fprintf(ctl->io.out,
            "You must restart services related to %s for the regenerated certificates to become active.\n",
            unit);
}

struct regeneration {
    struct own_cert_request request;
    struct trust_cert *cert; /* what was made */
    struct relist_behind behind;
};

static int make(struct change *change, void *arg, struct trust_error *err)
{
    struct regeneration *regeneration = arg;
    int code = own_cert_make(change, &regeneration->request, &regeneration->cert, err);
    if (code == 0)
        code = relist_follow(change, err);
    return code == 0 ? relist_look(change, &regeneration->behind, err) : code;
}

static int regenerate(struct tvsctl *ctl, struct state *state, const struct own_cert_request *request)
{
    struct trust_error err = {0};
    bool has;
    char other[TRUST_NODE_NAME_SIZE] = "";
    struct regeneration regeneration = {.request = *request};
    if (state_has_own(state, request->node.server_name, request->unit, &has, &err) != 0)
        return say_error(ctl, &err);
    if (!has && strcmp(request->node.server_name, state->node) == 0 &&
        state_other_node(state, request->unit, other, &err) != 0)
        return say_error(ctl, &err);
    if (strcmp(request->node.server_name, state->node) == 0 && signing_is_in_token(state, request->unit))
        say_warning(ctl, "the key of %s is in a security token, and the new one will lie in a file",
                    trust_unit_by_number((int)request->unit)->name);
    int result = ask_first(ctl, request, has, other);
    if (result == TVSCTL_DONE)
        result = change_run(ctl, state, make, &regeneration);
    if (result == TVSCTL_DONE) {
        limits_warn(ctl, regeneration.cert);
        say_done(ctl, trust_unit_by_number((int)request->unit)->name);
        relist_say(ctl, &regeneration.behind);
    }
    trust_cert_free(regeneration.cert);
    return result;
}

int cert_regen(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct input_own own;
    (void)count;
    int result = input_own(ctl, args[0], TRUST_STORE_WRITE, &own);
    if (result != TVSCTL_DONE)
        return result;
    struct own_cert_request request = own_cert_request(&own.state, own.unit->unit);
    request.node = own.node.node;
    result = take_flags(ctl, &request);
    if (result == TVSCTL_DONE)
        result = regenerate(ctl, &own.state, &request);
    state_close(&own.state);
    return result;
}
