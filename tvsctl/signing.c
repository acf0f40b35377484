#include "signing.h"

int signing_open(struct state *state, enum trust_unit unit, struct trust_signer **out,
                 struct trust_error *err)
{
    struct trust_store_row row;
    struct trust_key *key = NULL;
    *out = NULL;
    int code = state_own_row(state, state->node, unit, &row, err);
    if (code == 0)
        code = trust_key_load(state->keys, trust_unit_by_number((int)unit)->name, row.cert, &key, err);
    if (code == 0)
        code = trust_signer_from_key(row.cert, key, out, err);
    trust_key_free(key);
    trust_cert_free(row.cert);
    return code;
}

enum trust_unit signing_unit(const struct config *config)
{
    return (enum trust_unit)config->trust_lists.signer;
}

enum trust_unit signing_other_unit(const struct config *config)
{
    return signing_unit(config) == TRUST_UNIT_CALLMANAGER ? TRUST_UNIT_ITLRECOVERY : TRUST_UNIT_CALLMANAGER;
}
