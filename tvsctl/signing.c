#include "signing.h"

#include "token_keys.h"

#include <stdlib.h>

static int open_key(const struct state *state, const char *unit, struct trust_cert *cert,
                    struct trust_signer **out, struct trust_error *err)
{
    struct trust_key *key = NULL;
    int code = trust_key_load(state->keys, unit, cert, &key, err);
    if (code == 0)
        code = trust_signer_from_key(cert, key, out, err);
    trust_key_free(key);
    return code;
}

static int open_anywhere(const struct state *state, const char *unit, struct trust_cert *cert,
                         struct trust_signer **out, struct trust_error *err)
{
    char *uri;
    int code = trust_key_load_uri(state->keys, unit, cert, &uri, NULL, err);
    if (code == TRUST_ENOTFOUND)
        return open_key(state, unit, cert, out, err);
    if (code == 0)
        code = token_keys_signer(state->tokens, uri, cert, out, err);
    free(uri);
    return code != 0 ? trust_error_prefix(err, code, "the key of %s", unit) : 0;
}

int signing_open(struct state *state, enum trust_unit unit, struct trust_signer **out,
                 struct trust_error *err)
{
    struct trust_store_row row;
    *out = NULL;
    int code = state_own_row(state, state->node, unit, &row, err);
    if (code == 0)
        code = open_anywhere(state, trust_unit_by_number((int)unit)->name, row.cert, out, err);
    trust_cert_free(row.cert);
    return code;
}

bool signing_is_in_token(struct state *state, enum trust_unit unit)
{
    struct trust_store_row row;
    char *uri = NULL;
    int code = state_own_row(state, state->node, unit, &row, NULL);
    if (code == 0)
        code = trust_key_load_uri(state->keys, trust_unit_by_number((int)unit)->name, row.cert, &uri, NULL,
                                  NULL);
    trust_cert_free(row.cert);
    free(uri);
    return code == 0;
}

enum trust_unit signing_unit(const struct config *config)
{
    return (enum trust_unit)config->trust_lists.signer;
}

enum trust_unit signing_other_unit(const struct config *config)
{
    return signing_unit(config) == TRUST_UNIT_CALLMANAGER ? TRUST_UNIT_ITLRECOVERY : TRUST_UNIT_CALLMANAGER;
}
