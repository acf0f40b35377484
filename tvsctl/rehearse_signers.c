#include "rehearse_signers.h"

#include <stdlib.h>
#include <string.h>

struct signers_visit {
    struct rehearse_signers *signers;
    const struct state *state;
};

static int take_signer(void *arg, const struct trust_store_row *row)
{
    const struct signers_visit *visit = arg;
    struct rehearse_signers *signers = visit->signers;
    char key[TRUST_KEY_NAME_SIZE];
    /* A retired one of another unit may be CallManager's still. */
    if ((row->units & UINT32_C(1) << TRUST_UNIT_CALLMANAGER) == 0 ||
        trust_key_find(visit->state->keys, "CallManager", row->cert, key, NULL) != 0)
        return 0;
    struct rehearse_signer *items = reallocarray(signers->items, signers->count + 1, sizeof *items);
    if (items == NULL)
        return TRUST_ENOMEM;
    signers->items = items;
    size_t at = signers->count++;
    if (strcmp(row->server_name, visit->state->node) == 0) {
        memmove(items + 1, items, at * sizeof *items);
        at = 0;
    }
    items[at] = (struct rehearse_signer){.cert = trust_cert_ref(row->cert)};
    snprintf(items[at].name, sizeof items[at].name, "%s", row->server_name);
    snprintf(items[at].ipv4, sizeof items[at].ipv4, "%s", row->ipv4);
    return 0;
}

int rehearse_signers_read(struct state *state, struct rehearse_signers *signers, struct trust_error *err)
{
    struct signers_visit visit = {signers, state};
    *signers = (struct rehearse_signers){0};
    int code = trust_store_each(state->store, TRUST_UNIT_CALLMANAGER, take_signer, &visit, err);
    return code != TRUST_ENOMEM
               ? code
               : trust_error_set(err, code, TRUST_NO_OFFSET, "%s", trust_error_meaning(code));
}

void rehearse_signers_fini(struct rehearse_signers *signers)
{
    for (size_t i = 0; i < signers->count; i++)
        trust_cert_free(signers->items[i].cert);
    free(signers->items);
    *signers = (struct rehearse_signers){0};
}
