#include "state.h"

#include "config/state_mode.h"
#include "lost_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int state_path(const struct config *config, const char *name, char out[STATE_PATH_MAX],
                      struct trust_error *err)
{
    if (config_state_path(config, name, out, STATE_PATH_MAX) == NULL)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%s: the path is too long",
                               config->state);
    return 0;
}

/* The rights of the folder's owner, if the folder is there. */
static int enter(struct state *state, struct trust_error *err)
{
    struct trust_error why = {0};
    if (state->entered)
        return 0;
    int code = rights_enter(state->config->state, &state->before, &why);
    state->entered = code == 0;
    if (code != 0 && err != NULL)
        *err = why;
    return code;
}

/* Whether a missing state folder, or a missing store in it, could be made: asked of the first folder that is
 * there. */
static int check_can_make(const struct config *config, struct trust_error *err)
{
    char path[STATE_PATH_MAX];
    if (config_state_path(config, "", path, sizeof path) == NULL)
        return 0;
    while (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) != 0) {
        char *slash = strrchr(path, '/');
        const bool is_missing = errno == ENOENT;
        if (is_missing && slash != NULL && slash != path) {
            *slash = '\0';
            continue;
        }
        if (is_missing)
            return 0;
        int code = errno == EACCES || errno == EPERM || errno == EROFS ? TRUST_EDENIED : TRUST_ESYSTEM;
        return trust_error_set(err, code, TRUST_NO_OFFSET, "%s: cannot make the state folder here: %s", path,
                               strerror(errno));
    }
    return 0;
}

/* The store, or what stands for one that is still to be made. */
static int open_store(struct state *state, enum trust_store_mode mode, const char *path,
                      struct trust_error *err)
{
    struct trust_error why = {0};
    int code = trust_store_open(path, TRUST_STORE_READ, &state->store, &why);
    if (code != 0 && err != NULL && (mode == TRUST_STORE_READ || code == TRUST_ESTOREBUSY))
        *err = why;
    if (mode == TRUST_STORE_READ || code == TRUST_ESTOREBUSY)
        return code;
    trust_store_close(state->store);
    state->store = NULL;
    /* A file without a schema is as good as none: nothing is made of it before state_make. */
    state->is_new = code == TRUST_EEMPTY || (code == TRUST_ENOTFOUND && access(path, F_OK) != 0);
    if (!state->is_new)
        return trust_store_open(path, mode, &state->store, err);
    code = check_can_make(state->config, err);
    return code == 0 ? trust_store_open_empty(path, &state->store, err) : code;
}

/* A copy lies in a folder for temporary files, of which nobody is told to change the mode. */
static int check_modes(const struct config *config, struct trust_error *err)
{
    int code = config->state_is_copy ? 0 : state_mode_check_above(config->state, err);
    return code == 0 ? state_mode_check(config->state, err) : code;
}

int state_open(const struct config *config, enum trust_store_mode mode, struct state *state,
               struct trust_error *err)
{
    char path[STATE_PATH_MAX];
    *state = (struct state){.config = config};
    int code = state_path(config, TRUST_STORE_FILE, path, err);
    if (code == 0)
        code = state_path(config, "keys", state->keys, err);
    if (code == 0)
        code = state_path(config, "published", state->published, err);
    if (code == 0)
        code = state_path(config, STATE_LOCK, state->lock, err);
    if (code == 0)
        code = enter(state, err);
    if (code == TRUST_ENOTFOUND && mode == TRUST_STORE_WRITE)
        code = 0;
    if (code == 0 && (code = check_modes(config, err)) != 0) {
        state_close(state);
        return code;
    }
    if (code == 0)
        code = open_store(state, mode, path, err);
    if (code == 0)
        code = trust_store_node_name(state->store, config->node.name, state->node, err);
    if (code == 0)
        return 0;
    code = rights_explain(config->state, code, err);
    if ((code == TRUST_ENOTFOUND || code == TRUST_EEMPTY) && mode == TRUST_STORE_READ)
        code = lost_store_none(state, code == TRUST_EEMPTY ? LOST_STORE_EMPTY : LOST_STORE_GONE, err);
    state_close(state);
    return code;
}

/* Another phrase may have made it since it was looked for. */
static int make_store(struct state *state, struct trust_error *err)
{
    char path[STATE_PATH_MAX];
    struct trust_store *store = NULL;
    int code = state_path(state->config, TRUST_STORE_FILE, path, err);
    if (code == 0)
        code = trust_store_open(path, TRUST_STORE_WRITE, &store, err);
    if (code == 0)
        code = trust_store_node_name(store, state->config->node.name, state->node, err);
    if (code != 0) {
        trust_store_close(store);
        return code;
    }
    trust_store_close(state->store);
    state->store = store;
    state->is_new = false;
    return 0;
}

int state_make(struct state *state, struct trust_error *err)
{
    int code = state->entered ? 0 : trust_folder_make(state->config->state, 0750, err);
    if (code == 0)
        code = enter(state, err);
    if (code == 0)
        code = trust_folder_make(state->keys, 0700, err);
    if (code == 0)
        code = trust_folder_make(state->published, 0750, err);
    if (code == 0 && state->is_new)
        code = make_store(state, err);
    return rights_explain(state->config->state, code, err);
}

void state_close(struct state *state)
{
    trust_store_close(state->store);
    state->store = NULL;
    rights_leave(&state->before);
    state->before.changed = false;
    state->entered = false;
}

struct own_search {
    const char *node;
    bool any; /* another node's would do */
    struct trust_store_row *row;
};

static int take_own(void *arg, const struct trust_store_row *row)
{
    struct own_search *search = arg;
    bool fits = strcmp(row->server_name, search->node) == 0;
    if (!fits && (!search->any || search->row->cert != NULL))
        return 0;
    trust_cert_free(search->row->cert);
    *search->row = *row;
    search->row->cert = trust_cert_ref(row->cert);
    return fits;
}

struct other_search {
    const char *node, *keys;
    uint32_t unit;
    char *other;
    bool has_any; /* our node */
};

static int take_other(void *arg, const struct trust_store_row *row)
{
    struct other_search *search = arg;
    char key[TRUST_KEY_NAME_SIZE];
    bool is_own = false;
    for (int unit = 1; unit < 32 && !is_own; unit++) {
        const struct trust_unit_info *info = trust_unit_by_number(unit);
        is_own = info != NULL && info->own && (row->units & UINT32_C(1) << unit) != 0;
    }
    if (!is_own)
        return 0;
    search->has_any = strcmp(row->server_name, search->node) == 0;
    if (!search->has_any && search->other[0] == '\0' && (row->units & search->unit) != 0 &&
        trust_key_find(search->keys, "key", row->cert, key, NULL) == 0)
        snprintf(search->other, TRUST_NODE_NAME_SIZE, "%s", row->server_name);
    return search->has_any;
}

int state_other_node(struct state *state, enum trust_unit unit, char other[TRUST_NODE_NAME_SIZE],
                     struct trust_error *err)
{
    struct other_search search = {state->node, state->keys, UINT32_C(1) << unit, other, false};
    other[0] = '\0';
    int code = trust_store_each_listed(state->store, take_other, &search, err);
    if (search.has_any)
        other[0] = '\0';
    return code < 0 ? code : 0;
}

static int no_own_row(struct state *state, const char *node, enum trust_unit unit, struct trust_error *err)
{
    const char *name = trust_unit_by_number((int)unit)->name;
    char other[TRUST_NODE_NAME_SIZE] = "";
    int code = lost_store_is_why(state, err);
    if (code != 0)
        return code;
    code = strcmp(node, state->node) == 0 ? state_other_node(state, unit, other, err) : 0;
    if (code != 0)
        return code;
    if (other[0] != '\0')
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "node.name: there is no %s certificate of node %s, but node %s has one: "
                               "correct node.name; only for a new node `set cert regen %s` makes one",
                               name, node, other, name);
    return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                           "%s/" TRUST_STORE_FILE
                           ": there is no %s certificate of node %s; `set cert regen %s` makes one",
                           state->config->state, name, node, name);
}

int state_own_row(struct state *state, const char *node, enum trust_unit unit, struct trust_store_row *row,
                  struct trust_error *err)
{
    struct own_search search = {node, unit == TRUST_UNIT_ITLRECOVERY, row};
    *row = (struct trust_store_row){0};
    int code = trust_store_each(state->store, (int)unit, take_own, &search, err);
    if (code >= 0 && row->cert != NULL)
        return 0;
    trust_cert_free(row->cert);
    *row = (struct trust_store_row){0};
    return code < 0 ? code : no_own_row(state, node, unit, err);
}

int state_has_own(struct state *state, const char *node, enum trust_unit unit, bool *has,
                  struct trust_error *err)
{
    struct trust_store_row row;
    int code = state_own_row(state, node, unit, &row, err);
    *has = code == 0;
    trust_cert_free(row.cert);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

static int is_set(struct state *state, const char *param, bool *set, struct trust_error *err)
{
    char *value;
    int code = trust_store_get_param(state->store, param, &value, err);
    *set = code == 0 && strcmp(value, "1") == 0;
    free(value);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

int state_is_mixed(struct state *state, bool *mixed, struct trust_error *err)
{
    return is_set(state, STATE_PARAM_MODE, mixed, err);
}

int state_is_rollback(struct state *state, bool *rollback, struct trust_error *err)
{
    return is_set(state, STATE_PARAM_ROLLBACK, rollback, err);
}

/* "a, b, c", cut at the size. */
struct names {
    char text[256];
    size_t used;
    const char *but; /* already there */
};

static int add_name(void *arg, const struct trust_node *node)
{
    struct names *names = arg;
    size_t room = sizeof names->text - names->used;
    if (strcmp(node->server_name, names->but) == 0)
        return 0;
    int written = snprintf(names->text + names->used, room, ", %s", node->server_name);
    names->used += (size_t)written < room ? (size_t)written : 0;
    return 0;
}

static int no_such_node(struct state *state, const char *name, struct trust_error *err)
{
    struct names names = {.but = state->node};
    names.used = (size_t)snprintf(names.text, sizeof names.text, "%s", state->node);
    int code = trust_store_each_node(state->store, add_name, &names, err);
    if (code != 0)
        return code;
    return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET, "there is no node %s; there are: %s", name,
                           names.text);
}

int state_find_node(struct state *state, const char *name, struct state_node *out, struct trust_error *err)
{
    bool has = true;
    *out = (struct state_node){0};
    int code = trust_store_node_name(state->store, name != NULL ? name : state->node, out->name, err);
    out->is_ours = code == 0 && strcmp(out->name, state->node) == 0;
    if (code == 0 && out->is_ours)
        snprintf(out->ipv4, sizeof out->ipv4, "%s", state->config->node.address);
    else if (code == 0)
        code = trust_store_has_node(state->store, out->name, &has, out->ipv4, err);
    out->node = (struct trust_node){out->name, out->ipv4};
    return code == 0 && !has ? no_such_node(state, name, err) : code;
}
