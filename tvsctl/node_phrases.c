/* utils node add, utils node delete: the other nodes of the cluster. */
#include "ask.h"
#include "handlers.h"
#include "own_cert.h"
#include "own_node.h"
#include "relist.h"
#include "say.h"

#include <arpa/inet.h>
#include <string.h>

/* What a node is to be, or the node that goes. */
struct node_change {
    struct trust_node node;
    struct relist_behind behind;
};

static const char *config_path(const struct tvsctl *ctl)
{
    const char *named = ctl->flags.value[FLAG_CONFIG];
    return named != NULL ? named : CONFIG_PATH_DEFAULT;
}

static int follow(struct change *change, struct node_change *node, struct trust_error *err)
{
    int code = relist_follow(change, err);
    return code == 0 ? relist_look(change, &node->behind, err) : code;
}

/* ---- add */

static int put(struct change *change, void *arg, struct trust_error *err)
{
    struct node_change *node = arg;
    int code = trust_store_put_node(change->state->store, &node->node, err);
    return code == 0 ? follow(change, node, err) : code;
}

/* What makes no sense: our own node, a node that is there and is to stay as it is. *has: it is known. */
static int check_add(struct tvsctl *ctl, struct state *state, const struct trust_node *node, bool *has)
{
    char address[16];
    struct trust_error err = {0};
    if (strcmp(node->server_name, state->node) == 0)
        return say_refusal(ctl, "%s is this node; its address is node.address of %s", node->server_name,
                           config_path(ctl));
    if (trust_store_has_node(state->store, node->server_name, has, address, &err) != 0)
        return say_error(ctl, &err);
    if (*has && node->ipv4[0] == '\0')
        return say_refusal(ctl, "there is a node %s already; `utils node add %s ADDRESS` gives it an address",
                           node->server_name, node->server_name);
    if (*has && strcmp(node->ipv4, address) == 0)
        return say_refusal(ctl, "there is a node %s with the address %s already; nothing was changed",
                           node->server_name, address);
    return TVSCTL_DONE;
}

struct twin_search {
    struct tvsctl *ctl;
    const struct trust_node *node;
    bool is_found;
};

static int warn_of_twin(void *arg, const struct trust_node *other)
{
    struct twin_search *search = arg;
    if (strcmp(other->server_name, search->node->server_name) != 0 && other->ipv4 != NULL &&
        strcmp(other->ipv4, search->node->ipv4) == 0) {
        search->is_found = true;
        say_warning(search->ctl, "%s is the address of node %s, too: phones cannot tell the two apart by it",
                    other->ipv4, other->server_name);
    }
    return search->is_found;
}

/* An address that another node has: most likely mistyped. */
static void look_for_twin(struct tvsctl *ctl, struct state *state, const struct trust_node *node)
{
    struct twin_search search = {ctl, node, false};
    const struct trust_node ours = {state->node, ctl->config->node.address};
    if (node->ipv4[0] == '\0' || warn_of_twin(&search, &ours) != 0)
        return;
    struct trust_error err = {0};
    if (trust_store_each_node(state->store, warn_of_twin, &search, &err) < 0)
        say_warning(ctl, "%s", err.text);
}

static int add(struct tvsctl *ctl, struct state *state, struct node_change *node)
{
    bool has;
    const char *name = node->node.server_name;
    int result = check_add(ctl, state, &node->node, &has);
    if (result == TVSCTL_DONE)
        look_for_twin(ctl, state, &node->node);
    if (result == TVSCTL_DONE)
        result = change_run(ctl, state, put, node);
    if (result != TVSCTL_DONE)
        return result;
    if (has)
        fprintf(ctl->io.out, "%s: the address is %s now\n", name, node->node.ipv4);
    else
        fprintf(ctl->io.out,
                "%s: node added\n`set cert import own UNIT FILE --node %s` takes its certificates.\n", name,
                name);
    if (node->node.ipv4[0] == '\0')
        fprintf(
            ctl->io.out,
            "It has no address: its records of the lists will have none. `utils node add %s ADDRESS` gives "
            "it one.\n",
            name);
    relist_say(ctl, &node->behind);
    return TVSCTL_DONE;
}

int node_add(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state;
    struct in_addr address;
    struct trust_error err = {0};
    struct node_change node = {.node = {args[0], count > 1 ? args[1] : ""}};
    int result = own_node_check_name(ctl, args[0]);
    if (result != TVSCTL_DONE)
        return result;
    if (count > 1 && inet_pton(AF_INET, args[1], &address) != 1)
        return say_refusal(ctl, "%s is no IPv4 address; something like 10.48.47.156 would do", args[1]);
    if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
        return say_error(ctl, &err);
    result = add(ctl, &state, &node);
    state_close(&state);
    return result;
}

/* ---- delete */

/* Certificates of the node that goes, to find their keys afterwards. */
struct going {
    struct change *change;
    const char *node;
    struct trust_cert *certs[32]; /* by unit */
};

static int take_cert(void *arg, enum trust_unit unit, struct trust_error *err)
{
    struct going *going = arg;
    struct trust_store_row row;
    int code = state_own_row(going->change->state, going->node, unit, &row, err);
    if (code == 0)
        going->certs[unit] = row.cert;
    return code == TRUST_ENOTFOUND ? 0 : code;
}

static int drop_key(void *arg, enum trust_unit unit, struct trust_error *err)
{
    const struct going *going = arg;
    return going->certs[unit] != NULL ? own_cert_drop_key(going->change, unit, going->certs[unit], err) : 0;
}

static int delete_node(struct going *going, struct trust_error *err)
{
    int code = own_node_each_unit(take_cert, going, err);
    if (code == 0)
        code = own_node_drop_requests(going->change, going->node, err);
    if (code == 0)
        code = trust_store_delete_node(going->change->state->store, going->node, err);
    return code == 0 ? own_node_each_unit(drop_key, going, err) : code;
}

/* The cluster's second anchor outlives the node under which it stands, if its key is here. */
static int keep_anchor(struct change *change, const struct trust_cert *cert, struct trust_error *err)
{
    struct trust_key *key;
    bool has; /* another one: from before a cluster had but one */
    const struct own_cert_request request = own_cert_request(change->state, TRUST_UNIT_ITLRECOVERY);
    int code = state_has_own(change->state, change->state->node, TRUST_UNIT_ITLRECOVERY, &has, err);
    if (code != 0 || has)
        return code;
    code = trust_key_load(change->state->keys, trust_unit_by_number(TRUST_UNIT_ITLRECOVERY)->name, cert, &key,
                          err);
    if (code == 0 || code == TRUST_EUNSUPPORTED) /* in a token of ours */
        code = own_cert_install(change, &request, cert, NULL, err);
    trust_key_free(key);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

static int take_away(struct change *change, void *arg, struct trust_error *err)
{
    struct node_change *node = arg;
    struct going going = {.change = change, .node = node->node.server_name};
    struct trust_store_row anchor = {0};
    int code = state_own_row(change->state, going.node, TRUST_UNIT_ITLRECOVERY, &anchor, err);
    code = code == TRUST_ENOTFOUND ? 0 : code;
    bool moves = anchor.cert != NULL && strcmp(anchor.server_name, going.node) == 0;
    if (code == 0)
        code = delete_node(&going, err);
    if (code == 0 && moves)
        code = keep_anchor(change, anchor.cert, err);
    if (code == 0)
        code = follow(change, node, err);
    trust_cert_free(anchor.cert);
    for (size_t i = 0; i < sizeof going.certs / sizeof going.certs[0]; i++)
        trust_cert_free(going.certs[i]);
    return code;
}

static int ask_first(struct tvsctl *ctl, struct state *state, const char *node)
{
    char units[OWN_NODE_UNITS_SIZE], warning[1024];
    struct trust_error err = {0};
    if (own_node_units(state, node, units, &err) != 0)
        return say_error(ctl, &err);
    snprintf(warning, sizeof warning, "This operation will delete the node %s and its certificates: %s", node,
             units[0] != '\0' ? units : "it has none");
    return ask_proceed(ctl, warning, "deletion");
}

static int delete_other(struct tvsctl *ctl, struct state *state, const char *name)
{
    struct state_node node;
    struct trust_error err = {0};
    if (state_find_node(state, name, &node, &err) != 0)
        return say_error(ctl, &err);
    if (node.is_ours)
        return say_refusal(ctl, "%s is this node, which cannot be deleted; `set network hostname` renames it",
                           node.name);
    struct node_change going = {.node = node.node};
    int result = ask_first(ctl, state, node.name);
    if (result == TVSCTL_DONE)
        result = change_run(ctl, state, take_away, &going);
    if (result == TVSCTL_DONE) {
        fprintf(ctl->io.out, "%s: node deleted\n", node.name);
        relist_say(ctl, &going.behind);
    }
    return result;
}

int node_delete(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state;
    struct trust_error err = {0};
    (void)count;
    int result = own_node_check_name(ctl, args[0]);
    if (result != TVSCTL_DONE)
        return result;
    if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
        return say_error(ctl, &err);
    result = delete_other(ctl, &state, args[0]);
    state_close(&state);
    return result;
}
