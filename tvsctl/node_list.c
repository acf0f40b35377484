/* utils node list. */
#include "handlers.h"
#include "json.h"
#include "own_node.h"
#include "say.h"
#include "table.h"

#include <string.h>

struct listing {
    struct state *state;
    struct table table;
    struct json *json; /* NULL: the table */
    bool has_ours;     /* our own came among those of the store */
    struct trust_error err;
};

struct units {
    struct listing *listing;
    const char *node;
};

static int write_unit(void *arg, enum trust_unit unit, struct trust_error *err)
{
    const struct units *units = arg;
    bool has;
    int code = state_has_own(units->listing->state, units->node, unit, &has, err);
    if (code == 0 && has)
        json_string(units->listing->json, NULL, trust_unit_by_number((int)unit)->name);
    return code;
}

static int write_node(struct listing *listing, const struct trust_node *node, bool is_ours)
{
    struct json *json = listing->json;
    struct units units = {listing, node->server_name};
    json_object(json, NULL);
    json_string(json, "name", node->server_name);
    json_string(json, "address", node->ipv4[0] != '\0' ? node->ipv4 : NULL);
    json_bool(json, "this_node", is_ours);
    json_array(json, "units");
    int code = own_node_each_unit(write_unit, &units, &listing->err);
    json_array_end(json);
    json_object_end(json);
    return code;
}

static int add_row(struct listing *listing, const struct trust_node *node, bool is_ours)
{
    char units[OWN_NODE_UNITS_SIZE];
    int code = own_node_units(listing->state, node->server_name, units, &listing->err);
    const char *const cells[] = {node->server_name, node->ipv4[0] != '\0' ? node->ipv4 : "-",
                                 units[0] != '\0' ? units : "-", is_ours ? "this node" : ""};
    if (code == 0 && !table_add_row(&listing->table, cells))
        code = trust_error_set(&listing->err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s",
                               trust_error_meaning(TRUST_ENOMEM));
    return code;
}

/* Our own node's address is the configuration's. */
static int take_node(void *arg, const struct trust_node *node)
{
    struct listing *listing = arg;
    const struct state *state = listing->state;
    bool is_ours = strcmp(node->server_name, state->node) == 0;
    const struct trust_node shown = {node->server_name, is_ours ? state->config->node.address : node->ipv4};
    listing->has_ours = listing->has_ours || is_ours;
    return listing->json != NULL ? write_node(listing, &shown, is_ours) : add_row(listing, &shown, is_ours);
}

static int list(struct listing *listing)
{
    struct state *state = listing->state;
    const struct trust_node ours = {state->node, state->config->node.address};
    if (listing->json != NULL)
        json_array(listing->json, NULL);
    int code = trust_store_each_node(state->store, take_node, listing, &listing->err);
    if (code == 0 && !listing->has_ours)
        code = take_node(listing, &ours);
    if (listing->json != NULL)
        json_array_end(listing->json);
    return code;
}

int node_list(struct tvsctl *ctl, char *const *args, size_t count)
{
    static const char *const head[] = {"NODE", "ADDRESS", "CERTIFICATES", "REMARK"};
    struct state state;
    struct json json;
    struct listing listing = {.state = &state};
    (void)args, (void)count;
    if (state_open(ctl->config, TRUST_STORE_READ, &state, &listing.err) != 0)
        return say_error(ctl, &listing.err);
    if (flag_given(&ctl->flags, FLAG_JSON)) {
        json_init(&json, ctl->io.out);
        listing.json = &json;
    }
    table_init(&listing.table, sizeof head / sizeof head[0]);
    int result = !table_add_row(&listing.table, head) ? say_no_memory(ctl)
                 : list(&listing) != 0                ? say_error(ctl, &listing.err)
                                                      : TVSCTL_DONE;
    if (result == TVSCTL_DONE && listing.json == NULL)
        table_print(&listing.table, ctl->io.out);
    table_fini(&listing.table);
    state_close(&state);
    return result;
}
