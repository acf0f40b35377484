#include "state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int state_path(const struct config *config, const char *name, char out[STATE_PATH_MAX],
                      struct trust_error *err)
{
    if (config_state_path(config, name, out, STATE_PATH_MAX) == NULL)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%s: the path is too long",
                               config->state);
    return 0;
}

static int make_folders(const struct state *state, struct trust_error *err)
{
    int code = trust_folder_make(state->keys, 0700, err);
    return code != 0 ? code : trust_folder_make(state->published, 0750, err);
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
    if (code == 0 && mode == TRUST_STORE_WRITE)
        code = trust_folder_make(config->state, 0750, err);
    if (code == 0)
        code = rights_enter(config->state, &state->before, err);
    if (code == 0 && mode == TRUST_STORE_WRITE)
        code = make_folders(state, err);
    if (code == 0)
        code = trust_store_open(path, mode, &state->store, err);
    if (code == 0)
        return 0;
    code = rights_explain(config->state, code, err);
    if (code == TRUST_ENOTFOUND && mode == TRUST_STORE_READ)
        code = trust_error_set(
            err, code, TRUST_NO_OFFSET,
            "%s: there is no store yet; `set cert regen CallManager` or `set cert import` makes it", path);
    state_close(state);
    return code;
}

void state_close(struct state *state)
{
    trust_store_close(state->store);
    state->store = NULL;
    rights_leave(&state->before);
    state->before.changed = false;
}

struct own_search {
    const char *node;
    struct trust_store_row *row;
};

static int take_own(void *arg, const struct trust_store_row *row)
{
    struct own_search *search = arg;
    if (strcmp(row->server_name, search->node) != 0)
        return 0;
    *search->row = *row;
    search->row->cert = trust_cert_ref(row->cert);
    return 1;
}

int state_own_row(struct state *state, const char *node, enum trust_unit unit, struct trust_store_row *row,
                  struct trust_error *err)
{
    struct own_search search = {node, row};
    *row = (struct trust_store_row){0};
    int code = trust_store_each(state->store, (int)unit, take_own, &search, err);
    if (code != 0)
        return code < 0 ? code : 0;
    const char *name = trust_unit_by_number((int)unit)->name;
    return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                           "%s: there is no %s certificate of node %s; `set cert regen %s` makes one",
                           TRUST_STORE_FILE, name, node, name);
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

int state_is_mixed(struct state *state, bool *mixed, struct trust_error *err)
{
    char *value;
    int code = trust_store_get_param(state->store, STATE_PARAM_MODE, &value, err);
    *mixed = code == 0 && strcmp(value, "1") == 0;
    free(value);
    return code == TRUST_ENOTFOUND ? 0 : code;
}
