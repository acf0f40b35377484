#include "guard_view.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

/* ---- Certificates */

#define UNIT(name) (UINT32_C(1) << TRUST_UNIT_##name)
/* The units whose certificates phones need to follow. */
#define UNITS (UNIT(CALLMANAGER) | UNIT(TVS) | UNIT(TVS_ECDSA) | UNIT(ITLRECOVERY))

static int take_cert(void *arg, const struct trust_store_row *row)
{
    struct guard_view *view = arg;
    const uint32_t units = row->retired ? 0 : row->units & UNITS;
    const bool is_sast = (row->units != 0 || row->imported) && trust_roles_has(&row->roles, TRUST_ROLE_SAST);
    if (units == 0 && !is_sast)
        return 0;
    struct guard_cert *certs = reallocarray(view->certs, view->cert_count + 1, sizeof *certs);
    if (certs == NULL)
        return TRUST_ENOMEM;
    view->certs = certs;
    struct guard_cert *added = &certs[view->cert_count++];
    *added = (struct guard_cert){.units = units, .is_sast = is_sast, .cert = trust_cert_ref(row->cert)};
    snprintf(added->server_name, sizeof added->server_name, "%s", row->server_name);
    return 0;
}

bool guard_view_has(const struct guard_view *view, int unit)
{
    for (size_t i = 0; i < view->cert_count; i++)
        if ((view->certs[i].units & UINT32_C(1) << unit) != 0)
            return true;
    return false;
}

static bool has_unit(const struct guard_cert *cert, int unit)
{
    return unit == 0 || (cert->units & UINT32_C(1) << unit) != 0;
}

bool guard_view_has_cert(const struct guard_view *view, int unit, const struct trust_cert *cert)
{
    for (size_t i = 0; i < view->cert_count; i++)
        if (has_unit(&view->certs[i], unit) && trust_cert_equal(view->certs[i].cert, cert))
            return true;
    return false;
}

const struct guard_cert *guard_view_gone(const struct guard_view *before, const struct guard_view *after,
                                         int unit)
{
    for (size_t i = 0; i < before->cert_count; i++)
        if (has_unit(&before->certs[i], unit) && !guard_view_has_cert(after, unit, before->certs[i].cert))
            return &before->certs[i];
    return NULL;
}

/* ---- Roll-outs and the history */

struct reading {
    struct guard_view *view;
    int64_t back;  /* the newest list of which somebody said that all phones have it; 0: of none */
    int64_t first; /* the list that opened the first roll-out; 0: none ever did */
};

static int take_rollout(void *arg, const struct trust_rollout *row)
{
    struct reading *reading = arg;
    struct guard_view *view = reading->view;
    if (row->end == TRUST_ROLLOUT_BACK && row->publication > reading->back)
        reading->back = row->publication;
    if (reading->first == 0 || row->publication < reading->first)
        reading->first = row->publication;
    if (row->end != TRUST_ROLLOUT_OPEN)
        return 0;
    struct guard_rollout *open = reallocarray(view->open, view->open_count + 1, sizeof *open);
    if (open == NULL)
        return TRUST_ENOMEM;
    view->open = open;
    struct guard_rollout *added = &open[view->open_count++];
    *added = (struct guard_rollout){
        .number = row->number, .publication = row->publication, .kind = row->kind, .unit = row->unit};
    snprintf(added->server_name, sizeof added->server_name, "%s", row->server_name);
    memcpy(added->sha256, row->sha256, sizeof added->sha256);
    return 0;
}

/* Who has list N has found the list of the other kind that was the newest then. Before the first roll-out all
 * lists have the same signer, and the last of them counts: the first may have been made without a TVS. */
static int take_publication(void *arg, const struct trust_publication *row)
{
    const struct reading *reading = arg;
    const int kind = strcmp(row->filename, PUBLISHED_CTL) == 0 ? COMPOSE_CTL : COMPOSE_ITL;
    reading->view->last[kind] = row->number;
    if (reading->back != 0 ? row->number <= reading->back
                           : reading->first == 0 || row->number < reading->first)
        reading->view->back[kind] = row->number;
    return 0;
}

static int read_history(struct state *state, struct guard_view *view, struct trust_error *err)
{
    struct reading reading = {.view = view};
    int code = trust_store_each_rollout(state->store, TRUST_ROLLOUTS_ALL, take_rollout, &reading, err);
    if (code == 0)
        code = trust_store_each_publication(state->store, take_publication, &reading, err);
    return code;
}

const struct guard_rollout *guard_view_open(const struct guard_view *view, enum trust_rollout_kind kind,
                                            int unit)
{
    for (size_t i = 0; i < view->open_count; i++)
        if (view->open[i].kind == kind && (unit == 0 || view->open[i].unit == unit))
            return &view->open[i];
    return NULL;
}

/* ---- All of it */

int guard_view_read(const struct config *config, struct guard_view *view, struct trust_error *err)
{
    struct state state;
    *view = (struct guard_view){0};
    int code = state_open(config, TRUST_STORE_READ, &state, err);
    if (code != 0)
        return code;
    snprintf(view->node, sizeof view->node, "%s", state.node);
    code = trust_store_each_listed(state.store, take_cert, view, err);
    if (code == 0)
        code = state_is_mixed(&state, &view->is_mixed, err);
    if (code == 0)
        code = state_is_rollback(&state, &view->is_rollback, err);
    if (code == 0)
        code = read_history(&state, view, err);
    if (code == 0)
        code = published_read(config, &view->lists, err);
    state_close(&state);
    return code == TRUST_ENOMEM ? no_memory(err) : code;
}

void guard_view_fini(struct guard_view *view)
{
    for (size_t i = 0; i < view->cert_count; i++)
        trust_cert_free(view->certs[i].cert);
    free(view->certs);
    free(view->open);
    published_fini(&view->lists);
    *view = (struct guard_view){0};
}

bool guard_view_has_history(const struct guard_view *view)
{
    return view->last[COMPOSE_CTL] != 0 || view->last[COMPOSE_ITL] != 0;
}

const struct trust_list *guard_view_list(const struct guard_view *view, enum compose_kind kind)
{
    return kind == COMPOSE_CTL ? view->lists.ctl : view->lists.itl;
}

/* ---- Comparing two */

bool guard_view_same_lists(const struct guard_view *a, const struct guard_view *b)
{
    for (int kind = 0; kind < GUARD_KINDS; kind++)
        if (!published_same(guard_view_list(a, (enum compose_kind)kind),
                            guard_view_list(b, (enum compose_kind)kind)))
            return false;
    return true;
}

static bool same_certs(const struct guard_view *a, const struct guard_view *b)
{
    if (a->cert_count != b->cert_count)
        return false;
    for (size_t i = 0; i < a->cert_count; i++) {
        const struct guard_cert *x = &a->certs[i], *y = &b->certs[i];
        if (x->units != y->units || x->is_sast != y->is_sast || strcmp(x->server_name, y->server_name) != 0 ||
            !trust_cert_equal(x->cert, y->cert))
            return false;
    }
    return true;
}

static bool same_rollouts(const struct guard_view *a, const struct guard_view *b)
{
    if (a->open_count != b->open_count)
        return false;
    for (size_t i = 0; i < a->open_count; i++)
        if (a->open[i].number != b->open[i].number)
            return false;
    return true;
}

bool guard_view_same(const struct guard_view *a, const struct guard_view *b)
{
    return strcmp(a->node, b->node) == 0 && a->is_mixed == b->is_mixed && a->is_rollback == b->is_rollback &&
           memcmp(a->last, b->last, sizeof a->last) == 0 && memcmp(a->back, b->back, sizeof a->back) == 0 &&
           same_certs(a, b) && same_rollouts(a, b) && guard_view_same_lists(a, b);
}
