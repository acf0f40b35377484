#include "own_csr.h"

#include <stdlib.h>
#include <string.h>

struct search {
    const char *node;
    enum trust_unit unit;
    char *pem;
    time_t created;
};

static int take(void *arg, const struct trust_csr_row *row)
{
    struct search *search = arg;
    if (row->unit != search->unit || strcmp(row->server_name, search->node) != 0)
        return 0;
    search->created = row->created;
    search->pem = strdup(row->request);
    return search->pem != NULL ? 1 : TRUST_ENOMEM;
}

int own_csr_find(struct state *state, const char *node, enum trust_unit unit, char **pem, time_t *created,
                 struct trust_error *err)
{
    struct search search = {.node = node, .unit = unit};
    *pem = NULL;
    int code = trust_store_each_csr(state->store, take, &search, err);
    if (code == TRUST_ENOMEM)
        trust_error_set(err, code, TRUST_NO_OFFSET, "%s", trust_error_meaning(code));
    if (code < 0)
        return code;
    *pem = search.pem;
    if (created != NULL)
        *created = search.created;
    return 0;
}

/* The key of a request that nobody waits for any more. */
static int drop_key(struct change *change, enum trust_unit unit, const char *pem, struct trust_error *err)
{
    uint8_t *spki;
    size_t len;
    bool in_use = true;
    char name[TRUST_KEY_NAME_SIZE];
    int code = trust_csr_public_key(pem, &spki, &len, err);
    const struct trust_bytes key = {spki, len};
    if (code == 0)
        code = own_cert_key_in_use(change->state, key, &in_use, err);
    if (code == 0 && !in_use) {
        code =
            trust_key_find_public(change->state->keys, trust_unit_by_number((int)unit)->name, key, name, err);
        if (code == 0)
            code = change_drop(change, TRUST_PLACE_KEYS, name, err);
        else if (code == TRUST_ENOTFOUND)
            code = 0;
    }
    free(spki);
    return code;
}

int own_csr_drop(struct change *change, const char *node, enum trust_unit unit, bool *dropped,
                 struct trust_error *err)
{
    char *pem;
    int code = own_csr_find(change->state, node, unit, &pem, NULL, err);
    if (dropped != NULL)
        *dropped = code == 0 && pem != NULL;
    if (code == 0 && pem != NULL)
        code = drop_key(change, unit, pem, err);
    if (code == 0 && pem != NULL)
        code = trust_store_drop_csr(change->state->store, node, unit, err);
    free(pem);
    return code;
}

int own_csr_answer(struct change *change, const struct own_cert_request *request,
                   const struct trust_cert *cert, struct trust_error *err)
{
    const char *node = request->node.server_name;
    char *pem;
    uint8_t *spki = NULL;
    size_t len = 0;
    int code = own_csr_find(change->state, node, request->unit, &pem, NULL, err);
    if (code == 0 && pem != NULL)
        code = trust_csr_public_key(pem, &spki, &len, err);
    const struct trust_bytes key = trust_cert_spki(cert);
    if (code == 0 && spki != NULL && len == key.len && memcmp(spki, key.data, len) == 0)
        code = trust_store_drop_csr(change->state->store, node, request->unit, err);
    free(spki);
    free(pem);
    return code;
}

int own_csr_make(struct change *change, const struct own_cert_request *request, struct trust_error *err)
{
    struct state *state = change->state;
    struct trust_cert_request spec;
    struct trust_key *key = NULL;
    char *name = NULL, *pem = NULL;
    int code = own_csr_drop(change, request->node.server_name, request->unit, NULL, err);
    if (code == 0)
        code = own_cert_new_key(state, request, &key, err);
    if (code == 0)
        code = own_cert_spec(state, request, change->ctl->now, &spec, &name, err);
    if (code == 0)
        code = trust_csr_generate(&spec, key, &pem, err);
    if (code == 0)
        code = change_put_key(change, trust_unit_by_number((int)request->unit)->name, key, err);
    if (code == 0) {
        const struct trust_csr_row row = {request->node.server_name, request->unit, pem, change->ctl->now};
        code = trust_store_set_csr(state->store, &row, err);
    }
    free(pem);
    free(name);
    trust_key_free(key);
    return code;
}
