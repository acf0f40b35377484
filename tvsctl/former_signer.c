#include "former_signer.h"

#include "history.h"

#include <string.h>

struct search {
    bool answers, has_role;
    struct trust_roles imported;
    int64_t ttl;
};

static int take_row(void *arg, const struct trust_store_row *row)
{
    struct search *search = arg;
    search->answers = row->units != 0 || row->imported;
    search->has_role = search->answers && trust_roles_has(&row->roles, TRUST_ROLE_SAST);
    search->imported = row->imported ? row->roles : (struct trust_roles){0};
    search->ttl = row->imported ? row->ttl : -1;
    return 1;
}

static int look_up(struct state *state, const struct trust_cert *cert, struct search *search,
                   struct trust_error *err)
{
    *search = (struct search){.ttl = -1};
    int code = trust_store_each_same(state->store, cert, take_row, search, err);
    return code < 0 ? code : 0;
}

static bool has_sast(const struct trust_list *ctl, const struct trust_cert *cert)
{
    const struct trust_bytes der = trust_cert_der(cert);
    for (size_t i = 0; i < ctl->record_count; i++) {
        const struct trust_list_record *record = &ctl->records[i];
        if (record->function == TRUST_ROLE_SAST && record->certificate.len == der.len &&
            memcmp(record->certificate.data, der.data, der.len) == 0)
            return true;
    }
    return false;
}

/* The CTL answers for what the store does not. */
static int ctl_answers(struct state *state, const struct trust_list *list, const struct trust_list *ctl,
                       const struct trust_cert *cert, bool *answers, struct trust_error *err)
{
    int64_t number;
    bool is_ours = ctl == list;
    int code = ctl == NULL || is_ours ? 0 : history_is_last(state, COMPOSE_CTL, ctl, &is_ours, &number, err);
    *answers = code == 0 && is_ours && has_sast(ctl, cert);
    return code;
}

int former_signer_find(struct state *state, const struct trust_list *list, const struct trust_list *ctl,
                       struct trust_cert **out, struct trust_error *err)
{
    struct search search = {0};
    struct trust_cert *signer = NULL;
    bool answers = false;
    *out = NULL;
    int code = history_signer(state, list, &signer, err);
    if (code == 0)
        code = look_up(state, signer, &search, err);
    if (code == 0 && search.answers)
        answers = search.has_role;
    else if (code == 0)
        code = ctl_answers(state, list, ctl, signer, &answers, err);
    if (code == 0 && !answers) {
        *out = signer;
        signer = NULL;
    }
    trust_cert_free(signer);
    return code;
}

int former_signer_vouch(struct state *state, const struct trust_cert *cert, struct trust_error *err)
{
    struct search search;
    bool was_there;
    int code = look_up(state, cert, &search, err);
    if (code == 0 && !trust_roles_add(&search.imported, TRUST_ROLE_SAST))
        code = trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "the signer of the list has more than %d roles", TRUST_ROLES_MAX);
    return code == 0
               ? trust_store_add_imported(state->store, cert, &search.imported, search.ttl, &was_there, err)
               : code;
}
