/* set network hostname NAME: a node's new name, and with it its certificates.
 *
 * Unified Communications Manager regenerates every certificate of a server whose host name changes, and so
 * does this, CAPF's too. ITLRecovery is the cluster's and stays: phones that do not know the new CallManager,
 * nor a TVS that vouches for it, can be won back with it alone. Of another node, only certificates whose keys
 * are here can be made anew; the others name a host that is no more and are taken out. */
#include "ask.h"
#include "handlers.h"
#include "input.h"
#include "limits.h"
#include "own_cert.h"
#include "own_node.h"
#include "relist.h"
#include "say.h"
#include "signing.h"

#include <string.h>

struct renaming {
    const struct state_node *from;
    const char *name;      /* to */
    struct change *change; /* while it is under way */
    uint32_t made, taken;  /* bit 1 << unit: certificates that were made anew, and that were taken out */
    uint32_t stay;         /* and that stay, since their keys are in security tokens */
    bool has_anchor;       /* an ITLRecovery that phones may know */
    struct relist_behind behind;
};

static int is_ours_to_make(const struct state *state, const struct state_node *from, enum trust_unit unit,
                           const struct trust_cert *cert, bool *is, struct trust_error *err)
{
    struct trust_key *key = NULL;
    *is = from->is_ours;
    if (*is)
        return 0;
    int code = trust_key_load(state->keys, trust_unit_by_number((int)unit)->name, cert, &key, err);
    if (code == TRUST_EUNSUPPORTED) /* it is in a token */
        code = TRUST_ENOTFOUND;
    *is = code == 0;
    trust_key_free(key);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

static int make(struct renaming *renaming, enum trust_unit unit, struct trust_error *err)
{
    struct trust_cert *cert;
    struct own_cert_request request = own_cert_request(renaming->change->state, unit);
    request.node = (struct trust_node){renaming->name, renaming->from->node.ipv4};
    int code = own_cert_make(renaming->change, &request, &cert, err);
    if (code == 0)
        limits_warn(renaming->change->ctl, cert);
    trust_cert_free(cert);
    renaming->made |= UINT32_C(1) << unit;
    return code;
}

/* What signs by a security token goes on: no key of it may come to lie in a file unasked, and phones do not
 * look at the host name in a signer's certificate. */
static bool stays(const struct renaming *renaming, enum trust_unit unit)
{
    struct state *state = renaming->change->state;
    return renaming->from->is_ours && signing_is_in_token(state, unit);
}

static int renew(void *arg, enum trust_unit unit, struct trust_error *err)
{
    struct renaming *renaming = arg;
    struct trust_store_row row;
    bool is_ours;
    if (stays(renaming, unit)) {
        renaming->stay |= UINT32_C(1) << unit;
        return 0;
    }
    int code = state_own_row(renaming->change->state, renaming->name, unit, &row, err);
    if (code != 0)
        return code == TRUST_ENOTFOUND ? 0 : code;
    code = is_ours_to_make(renaming->change->state, renaming->from, unit, row.cert, &is_ours, err);
    if (code == 0 && is_ours) {
        code = make(renaming, unit, err);
    } else if (code == 0) {
        code = own_cert_remove(renaming->change, unit, row.cert, err);
        renaming->taken |= UINT32_C(1) << unit;
    }
    trust_cert_free(row.cert);
    return code;
}

/* Our own node may have no certificate yet, and then the store does not know it. */
static int rename_node(struct renaming *renaming, struct trust_error *err)
{
    struct state *state = renaming->change->state;
    const struct state_node *from = renaming->from;
    int code = from->is_ours ? trust_store_put_node(state->store, &from->node, err) : 0;
    if (code == 0)
        code = own_node_drop_requests(renaming->change, from->name, err);
    if (code == 0)
        code = trust_store_rename_node(state->store, from->name, renaming->name, err);
    if (code == 0 && from->is_ours)
        snprintf(state->node, sizeof state->node, "%s", renaming->name);
    return code;
}

static int change_name(struct change *change, void *arg, struct trust_error *err)
{
    struct renaming *renaming = arg;
    renaming->change = change;
    int code =
        state_has_own(change->state, change->state->node, TRUST_UNIT_ITLRECOVERY, &renaming->has_anchor, err);
    if (code == 0)
        code = rename_node(renaming, err);
    if (code == 0)
        code = own_node_each_unit(renew, renaming, err);
    if (code == 0)
        code = relist_follow(change, err);
    return code == 0 ? relist_look(change, &renaming->behind, err) : code;
}

static void say_units(const struct tvsctl *ctl, const struct renaming *renaming)
{
    size_t count;
    const struct trust_unit_info *units = trust_units(&count);
    for (size_t i = 0; i < count; i++)
        if ((renaming->made & UINT32_C(1) << units[i].unit) != 0)
            fprintf(ctl->io.out, "Successfully Regenerated Certificate for %s.\n", units[i].name);
}

static void warn_of_units(struct tvsctl *ctl, const struct renaming *renaming)
{
    size_t count;
    const struct trust_unit_info *units = trust_units(&count);
    for (size_t i = 0; i < count; i++)
        if ((renaming->stay & UINT32_C(1) << units[i].unit) != 0)
            say_warning(
                ctl,
                "%s stays as it is, since its key is in a security token; phones do not mind the host "
                "name in it. `set cert own %s --token URI` takes another certificate of the token",
                units[i].name, units[i].name);
    for (size_t i = 0; i < count; i++)
        if ((renaming->taken & UINT32_C(1) << units[i].unit) != 0)
            say_warning(ctl,
                        "%s of %s was taken out, since its key is not here; import the node's new one with "
                        "`set cert import own %s FILE --node %s`",
                        units[i].name, renaming->name, units[i].name, renaming->name);
}

static void say_done(struct tvsctl *ctl, const struct renaming *renaming)
{
    const struct config *config = ctl->config;
    const char *named = ctl->flags.value[FLAG_CONFIG];
    const uint32_t pair = UINT32_C(1) << TRUST_UNIT_CALLMANAGER | UINT32_C(1) << TRUST_UNIT_TVS;
    say_units(ctl, renaming);
    fprintf(ctl->io.out, "Host name of node %s changed to %s.\n", renaming->from->name, renaming->name);
    warn_of_units(ctl, renaming);
    if (renaming->made != 0)
        fputs("You must restart services on this node for the regenerated certificates to become active.\n",
              ctl->io.out);
    relist_say(ctl, &renaming->behind);
    if (renaming->from->is_ours && (renaming->made & pair) == pair && renaming->has_anchor &&
        signing_unit(config) == TRUST_UNIT_CALLMANAGER)
        fputs("Phones that refuse the new ITL file take it from ITLRecovery, which did not change: run "
              "`utils itl "
              "reset localkey`.\n",
              ctl->io.out);
    if (renaming->from->is_ours && strcmp(config->node.name, renaming->name) != 0)
        fprintf(ctl->io.out, "node.name in %s still says %s; tvsd and tvsctl take it for %s.\n",
                named != NULL ? named : CONFIG_PATH_DEFAULT, config->node.name, renaming->name);
}

/* What can be seen to be wrong is said before anything is asked. */
static int check(struct tvsctl *ctl, struct state *state, const struct state_node *from, const char *name)
{
    char present[TRUST_NODE_NAME_SIZE];
    bool has;
    struct trust_error err = {0};
    if (strcmp(from->name, name) == 0)
        return say_refusal(ctl, "the node is called %s already; nothing was changed", name);
    if (trust_store_has_node(state->store, name, &has, NULL, &err) != 0 ||
        trust_store_node_name(state->store, name, present, &err) != 0)
        return say_error(ctl, &err);
    if (has || strcmp(name, state->node) == 0)
        return say_refusal(ctl, "there is a node %s already; choose another name", name);
    if (strcmp(present, name) != 0 && strcmp(present, from->name) != 0)
        return say_refusal(ctl, "%s is a former name of node %s; choose another name", name, present);
    return TVSCTL_DONE;
}

/* What would become of the certificates of a node. */
struct outlook {
    struct state *state;
    const struct state_node *from;
    char made[OWN_NODE_UNITS_SIZE], taken[OWN_NODE_UNITS_SIZE]; /* "CallManager, TVS" */
};

static int look_at(void *arg, enum trust_unit unit, struct trust_error *err)
{
    struct outlook *outlook = arg;
    struct trust_store_row row;
    bool is_ours;
    int code = state_own_row(outlook->state, outlook->from->name, unit, &row, err);
    if (code != 0)
        return code == TRUST_ENOTFOUND ? 0 : code;
    code = is_ours_to_make(outlook->state, outlook->from, unit, row.cert, &is_ours, err);
    trust_cert_free(row.cert);
    if (code != 0)
        return code;
    char *names = is_ours ? outlook->made : outlook->taken;
    const size_t used = strlen(names);
    snprintf(names + used, OWN_NODE_UNITS_SIZE - used, "%s%s", used > 0 ? ", " : "",
             trust_unit_by_number((int)unit)->name);
    return 0;
}

static int ask_first(struct tvsctl *ctl, struct state *state, const struct state_node *from, const char *name)
{
    char warning[1600];
    struct outlook outlook = {.state = state, .from = from};
    struct trust_error err = {0};
    if (own_node_each_unit(look_at, &outlook, &err) != 0)
        return say_error(ctl, &err);
    int used = snprintf(warning, sizeof warning, "This operation will change the host name of node %s to %s",
                        from->name, name);
    if (outlook.made[0] != '\0')
        used +=
            snprintf(warning + used, sizeof warning - (size_t)used,
                     " and regenerate all its certificates%s, including any CA signed certificate previously "
                     "imported: %s",
                     outlook.taken[0] != '\0' ? " whose keys are here" : "", outlook.made);
    if (outlook.taken[0] != '\0')
        snprintf(warning + used, sizeof warning - (size_t)used,
                 "%s take out those whose keys are not here, for the node to bring new ones: %s",
                 outlook.made[0] != '\0' ? "; and" : " and", outlook.taken);
    return ask_proceed(ctl, warning, "the change of host name");
}

int set_hostname(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state;
    struct state_node from;
    struct trust_error err = {0};
    struct renaming renaming = {.from = &from, .name = args[0]};
    (void)count;
    int result = own_node_check_name(ctl, args[0]);
    if (result != TVSCTL_DONE)
        return result;
    if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
        return say_error(ctl, &err);
    result = input_node(ctl, &state, &from);
    if (result == TVSCTL_DONE)
        result = check(ctl, &state, &from, args[0]);
    if (result == TVSCTL_DONE)
        result = ask_first(ctl, &state, &from, args[0]);
    if (result == TVSCTL_DONE)
        result = change_run(ctl, &state, change_name, &renaming);
    if (result == TVSCTL_DONE)
        say_done(ctl, &renaming);
    state_close(&state);
    return result;
}
