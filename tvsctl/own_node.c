#include "own_node.h"

#include "config/checks.h"
#include "own_csr.h"
#include "say.h"

#include <string.h>

#define NAME_MAX_CHARS 253 /* as node.name of the configuration */

int own_node_check_name(struct tvsctl *ctl, const char *name)
{
    struct trust_error err = {0};
    size_t len = strlen(name);
    if (len == 0 || len > NAME_MAX_CHARS)
        return say_refusal(ctl, "a node's name has 1 to %d characters, this one %zu", NAME_MAX_CHARS, len);
    return check_node_name(name, &err) != 0 ? say_error(ctl, &err) : TVSCTL_DONE;
}

int own_node_each_unit(own_node_visit visit, void *arg, struct trust_error *err)
{
    size_t count;
    const struct trust_unit_info *units = trust_units(&count);
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++)
        if (units[i].own && units[i].unit != TRUST_UNIT_ITLRECOVERY)
            code = visit(arg, units[i].unit, err);
    return code;
}

struct names {
    struct state *state;
    const char *node;
    char *out;
    size_t used;
};

static int add_name(void *arg, enum trust_unit unit, struct trust_error *err)
{
    struct names *names = arg;
    bool has;
    int code = state_has_own(names->state, names->node, unit, &has, err);
    if (code != 0 || !has)
        return code;
    size_t room = OWN_NODE_UNITS_SIZE - names->used;
    int written = snprintf(names->out + names->used, room, "%s%s", names->used > 0 ? ", " : "",
                           trust_unit_by_number((int)unit)->name);
    names->used += (size_t)written < room ? (size_t)written : 0;
    return 0;
}

int own_node_units(struct state *state, const char *node, char out[OWN_NODE_UNITS_SIZE],
                   struct trust_error *err)
{
    struct names names = {state, node, out, 0};
    out[0] = '\0';
    return own_node_each_unit(add_name, &names, err);
}

int own_node_drop_requests(struct change *change, const char *node, struct trust_error *err)
{
    size_t count;
    const struct trust_unit_info *units = trust_units(&count);
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        bool dropped = false;
        if (units[i].own)
            code = own_csr_drop(change, node, units[i].unit, &dropped, err);
        if (dropped)
            say_warning(change->ctl,
                        "the CSR for %s names %s and was dropped; `set csr gen %s` makes one anew",
                        units[i].name, node, units[i].name);
    }
    return code;
}
