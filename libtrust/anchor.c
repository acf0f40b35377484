/* What a phone does with the three files, and what would help one that refuses some. */
#include "anchor_parts.h"

#include <string.h>

bool trust_held_is_empty_itl(const struct trust_list *itl)
{
    for (size_t i = 0; itl != NULL && i < itl->record_count; i++) {
        const struct trust_list_record *record = &itl->records[i];
        if (record->subject.len + record->issuer.len + record->serial.len + record->public_key.len +
                    record->certificate.len + record->cert_hash.len >
                0 ||
            record->has_address)
            return false;
    }
    return itl != NULL && itl->record_count > 0;
}

/* ---- The three files */

/* Whether the phone takes whatever comes next. An empty ITL empties no CTL. */
static bool is_free(const struct trust_held *held)
{
    return held->ctl == NULL && (held->itl == NULL || trust_held_is_empty_itl(held->itl));
}

/* What no phone of the family can read, whoever signed it. */
static enum trust_reason unreadable(const struct trust_family *family, const struct trust_configuration *from)
{
    const unsigned digest = from->file != NULL ? from->file->header.digest : (unsigned)from->digest;
    const size_t bits =
        from->file != NULL ? from->file->header.signature.len * 8 : (size_t)trust_cert_key_bits(from->signer);
    if (digest >= 32 || (family->digests >> digest & 1) == 0)
        return TRUST_REASON_DIGEST;
    return bits > (size_t)family->rsa_max ? TRUST_REASON_KEY_SIZE : TRUST_REASON_NONE;
}

static int judge_signed(const struct anchor_scene *scene, const struct trust_held *held,
                        const struct trust_configuration *from, bool is_list, struct trust_step *step,
                        struct trust_error *err)
{
    const enum trust_reason reason = unreadable(scene->family, from);
    if (reason == TRUST_REASON_NONE)
        return anchor_vouch(scene, held, from, is_list, step, err);
    *step = (struct trust_step){TRUST_HOW_REFUSED, reason};
    return 0;
}

static bool is_same(const struct trust_list *a, const struct trust_list *b)
{
    return b != NULL && a->file.len == b->file.len && memcmp(a->file.data, b->file.data, a->file.len) == 0;
}

/* One list: *mine is the phone's of that kind, one of held's. */
static int judge_list(const struct anchor_scene *scene, struct trust_held *held,
                      const struct trust_list **mine, const struct trust_list *list, struct trust_step *step,
                      struct trust_error *err)
{
    const struct trust_configuration from = {.file = list};
    int rc = 0;
    *step = (struct trust_step){.how = TRUST_HOW_NONE};
    if (list == NULL)
        return 0;
    if (is_same(list, *mine)) {
        step->how = TRUST_HOW_HELD;
        return 0;
    }
    if (list->file.len > TRUST_LIST_PHONE_MAX)
        *step = (struct trust_step){TRUST_HOW_REFUSED, TRUST_REASON_TOO_LARGE};
    else if (is_free(held))
        step->how = TRUST_HOW_BLIND; /* its signature is not looked at */
    else
        rc = judge_signed(scene, held, &from, true, step, err);
    if (rc == 0 && step->how != TRUST_HOW_REFUSED) {
        *mine = list;
        held->cache_count = 0;
    }
    return rc;
}

static int judge_configuration(const struct anchor_scene *scene, const struct trust_held *held,
                               const struct trust_configuration *from, struct trust_step *step,
                               struct trust_error *err)
{
    /* An empty ITL lets any configuration in, beside a CTL too; lists it lets in alone. */
    if (is_free(held) || trust_held_is_empty_itl(held->itl)) {
        *step = (struct trust_step){.how = TRUST_HOW_BLIND};
        return 0;
    }
    if (from->file == NULL && from->signer == NULL) {
        *step = (struct trust_step){TRUST_HOW_REFUSED, TRUST_REASON_UNSIGNED};
        return 0;
    }
    return judge_signed(scene, held, from, false, step, err);
}

/* All of them, in the phone's order, each with what it holds by then. */
static int walk(const struct anchor_scene *scene, const struct trust_held *held, struct trust_fate *fate,
                struct trust_error *err)
{
    const struct trust_site *site = scene->site;
    const bool knows_itl = scene->family->knows_itl;
    struct trust_held *after = &fate->after;
    *after = *held;
    if (!knows_itl)
        after->itl = NULL;
    if (!scene->family->knows_tvs)
        after->cache_count = 0;
    int rc = judge_list(scene, after, &after->ctl, site->ctl, &fate->step[TRUST_ANCHOR_CTL], err);
    if (rc == 0)
        rc = judge_list(scene, after, &after->itl, knows_itl ? site->itl : NULL,
                        &fate->step[TRUST_ANCHOR_ITL], err);
    if (rc == 0)
        rc = judge_configuration(scene, after, &site->configuration, &fate->step[TRUST_ANCHOR_CONFIGURATION],
                                 err);
    return rc;
}

static size_t first_refused(const struct trust_fate *fate)
{
    size_t file = 0;
    while (file < TRUST_ANCHOR_FILE_COUNT && fate->step[file].how != TRUST_HOW_REFUSED)
        file++;
    return file;
}

/* ---- What if */

/* What becomes of a phone with what it holds now and nothing remembered. */
struct trial {
    bool follows;
    bool needs_signing;       /* only once its configuration is signed anew */
    enum trust_reason reason; /* unless it follows */
};

static int try_signing(const struct anchor_scene *scene, const struct trust_fate *fate, struct trial *trial,
                       struct trust_error *err)
{
    const struct trust_configuration *anew = &scene->site->anew;
    struct trust_step step;
    if (anew->file == NULL && anew->signer == NULL)
        return 0;
    int rc = judge_configuration(scene, &fate->after, anew, &step, err);
    if (rc == 0 && step.how != TRUST_HOW_REFUSED)
        *trial = (struct trial){.follows = true, .needs_signing = true};
    return rc;
}

static int try_walk(const struct anchor_scene *scene, const struct trust_held *held, struct trial *trial,
                    struct trust_error *err)
{
    struct trust_fate fate = {0};
    const struct trust_held bare = {.ctl = held->ctl, .itl = held->itl};
    int rc = walk(scene, &bare, &fate, err);
    const size_t file = first_refused(&fate);
    *trial = (struct trial){.follows = rc == 0 && file == TRUST_ANCHOR_FILE_COUNT};
    if (rc != 0 || trial->follows)
        return rc;
    trial->reason = fate.step[file].reason;
    return file == TRUST_ANCHOR_CONFIGURATION ? try_signing(scene, &fate, trial, err) : 0;
}

static bool some_server_is_down(const struct anchor_scene *scene)
{
    const struct trust_site *site = scene->site;
    for (size_t i = 0; i < site->server_count; i++)
        if (anchor_is_down(scene, &site->servers[i]) && !site->servers[i].unnamed)
            return true;
    return false;
}

static void wait_for(struct trust_fate *fate, enum trust_remedy remedy, const struct trial *trial,
                     bool needs_servers)
{
    fate->outcome = TRUST_OUTCOME_WAITING;
    fate->remedy = remedy;
    fate->needs_servers = needs_servers && remedy != TRUST_REMEDY_START_SERVER;
    fate->needs_signing = trial->needs_signing && remedy != TRUST_REMEDY_SIGN_CONFIGURATION;
}

/* The lists as they are. *reason is then what stands in the way with all servers up. */
static int try_without_lists(const struct anchor_scene *scene, struct trust_fate *fate,
                             enum trust_reason *reason, struct trust_error *err)
{
    struct anchor_scene up = *scene;
    struct trial now, then = {0};
    up.all_up = true;
    int rc = try_walk(scene, &fate->after, &now, err);
    if (rc == 0 && some_server_is_down(scene))
        rc = try_walk(&up, &fate->after, &then, err);
    if (rc != 0)
        return rc;
    if (then.reason != TRUST_REASON_NONE)
        *reason = then.reason;
    if (then.follows && !then.needs_signing)
        wait_for(fate, TRUST_REMEDY_START_SERVER, &then, true);
    else if (now.follows && now.needs_signing)
        wait_for(fate, TRUST_REMEDY_SIGN_CONFIGURATION, &now, false);
    else if (then.follows)
        wait_for(fate, TRUST_REMEDY_SIGN_CONFIGURATION, &then, true);
    return 0;
}

static int try_lists(const struct anchor_scene *scene, const struct trust_candidate *first,
                     const struct trust_candidate *second, struct trust_fate *fate, struct trust_error *err)
{
    struct trust_site site = *scene->site;
    struct anchor_scene instead = *scene;
    const struct trust_candidate *const both[] = {first, second};
    struct trial trial;
    for (size_t i = 0; i < 2 && both[i] != NULL; i++) {
        if (both[i]->ctl != NULL)
            site.ctl = both[i]->ctl;
        if (both[i]->itl != NULL)
            site.itl = both[i]->itl;
        if (both[i]->has_configuration)
            site.configuration = both[i]->configuration;
    }
    instead.site = &site;
    int rc = try_walk(&instead, &fate->after, &trial, err);
    if (rc == 0 && trial.follows) {
        wait_for(fate, TRUST_REMEDY_PUBLISH, &trial, scene->all_up);
        fate->phrases[0] = first->phrase;
        fate->phrases[1] = second != NULL ? second->phrase : NULL;
    }
    return rc;
}

/* Each candidate alone, then each for the CTL with each for the ITL. */
static int try_candidates(const struct anchor_scene *scene, struct trust_fate *fate, struct trust_error *err)
{
    const struct trust_candidate *all = scene->site->candidates;
    const size_t count = scene->site->candidate_count;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count && fate->outcome == TRUST_OUTCOME_STRANDED; i++)
        rc = try_lists(scene, &all[i], NULL, fate, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (all[i].ctl == NULL || all[i].itl != NULL)
            continue;
        for (size_t k = 0; rc == 0 && k < count && fate->outcome == TRUST_OUTCOME_STRANDED; k++)
            if (all[k].itl != NULL && all[k].ctl == NULL)
                rc = try_lists(scene, &all[i], &all[k], fate, err);
    }
    return rc;
}

/* For a phone that nothing reaches. SERVER_DOWN is no reason once all of them are up. */
static enum trust_remedy remedy_of(enum trust_reason reason)
{
    static const enum trust_remedy remedies[TRUST_REASON_COUNT] = {
        [TRUST_REASON_TOO_LARGE] = TRUST_REMEDY_SHORTEN,
        [TRUST_REASON_DIGEST] = TRUST_REMEDY_OTHER_DIGEST,
        [TRUST_REASON_KEY_SIZE] = TRUST_REMEDY_OTHER_KEY,
        [TRUST_REASON_KEY_KIND] = TRUST_REMEDY_OTHER_KEY,
        [TRUST_REASON_BAD_SIGNATURE] = TRUST_REMEDY_SIGN_AGAIN,
        [TRUST_REASON_UNSIGNED] = TRUST_REMEDY_SIGN_CONFIGURATION,
        [TRUST_REASON_WRONG_FUNCTION] = TRUST_REMEDY_OTHER_SIGNER,
        [TRUST_REASON_FAMILY_WITHOUT_TVS] = TRUST_REMEDY_DELETE_LISTS,
        [TRUST_REASON_NO_TVS_RECORD] = TRUST_REMEDY_DELETE_LISTS,
        [TRUST_REASON_NO_SERVER] = TRUST_REMEDY_NAME_SERVER,
        [TRUST_REASON_SERVER_UNNAMED] = TRUST_REMEDY_NAME_SERVER,
        [TRUST_REASON_SERVER_CHANGED] = TRUST_REMEDY_ONE_AT_A_TIME,
        [TRUST_REASON_TVS_UNKNOWN] = TRUST_REMEDY_IMPORT_SIGNER,
        [TRUST_REASON_TVS_NO_ROLE] = TRUST_REMEDY_IMPORT_SIGNER,
        [TRUST_REASON_TVS_AMBIGUOUS] = TRUST_REMEDY_REMOVE_TWIN,
        [TRUST_REASON_TVS_EXPIRED] = TRUST_REMEDY_RENEW_SIGNER,
    };
    return remedies[reason];
}

static int look_for_help(const struct anchor_scene *scene, struct trust_fate *fate, struct trust_error *err)
{
    enum trust_reason reason = fate->reason;
    struct anchor_scene up = *scene;
    up.all_up = true;
    fate->outcome = TRUST_OUTCOME_STRANDED;
    int rc = try_without_lists(scene, fate, &reason, err);
    if (rc == 0 && fate->outcome == TRUST_OUTCOME_STRANDED)
        rc = try_candidates(scene, fate, err);
    if (rc == 0 && fate->outcome == TRUST_OUTCOME_STRANDED && some_server_is_down(scene))
        rc = try_candidates(&up, fate, err);
    if (rc == 0 && fate->outcome == TRUST_OUTCOME_STRANDED)
        fate->remedy = remedy_of(reason);
    return rc;
}

/* ---- A phone that follows */

/* How many certificates sign lists for it; two are as good as many. */
static size_t count_anchors(const struct trust_held *held)
{
    const struct trust_list *const lists[] = {held->ctl, held->itl};
    struct trust_bytes first = {NULL, 0};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; lists[k] != NULL && i < lists[k]->record_count; i++) {
            const struct trust_list_record *record = &lists[k]->records[i];
            const struct trust_bytes der = record->certificate;
            if (der.len == 0 || !anchor_signs(record, true))
                continue;
            if (first.len == 0)
                first = der;
            else if (first.len != der.len || memcmp(first.data, der.data, der.len) != 0)
                return 2;
        }
    }
    return first.len > 0 ? 1 : 0;
}

static int trusts_some_server(const struct anchor_scene *scene, const struct trust_held *held, bool *trusts,
                              struct trust_error *err)
{
    const struct trust_site *site = scene->site;
    int rc = 0;
    *trusts = false;
    for (size_t i = 0; scene->family->knows_tvs && rc == 0 && !*trusts && i < site->server_count; i++)
        if (!site->servers[i].unnamed)
            rc = anchor_trusts_server(scene, held, &site->servers[i], trusts, err);
    return rc;
}

static int describe(const struct anchor_scene *scene, struct trust_fate *fate, struct trust_error *err)
{
    bool trusts;
    fate->outcome = TRUST_OUTCOME_FOLLOWS;
    for (size_t i = 0; i < TRUST_ANCHOR_FILE_COUNT; i++)
        if (fate->step[i].how > fate->by)
            fate->by = fate->step[i].how;
    if (is_free(&fate->after))
        return 0;
    if (trust_held_is_empty_itl(fate->after.itl))
        fate->warnings |= TRUST_WARNING_EMPTY_BESIDE_CTL;
    int rc = trusts_some_server(scene, &fate->after, &trusts, err);
    if (rc == 0 && !trusts && count_anchors(&fate->after) < 2)
        fate->warnings |= TRUST_WARNING_ONE_ANCHOR;
    return rc;
}

int trust_anchor_judge(const struct trust_family *family, const struct trust_held *held,
                       const struct trust_site *site, time_t now, struct trust_fate *fate,
                       struct trust_error *err)
{
    const struct anchor_scene scene = {.family = family, .site = site, .now = now};
    struct trust_fate judged = {0};
    *fate = (struct trust_fate){0};
    int rc = walk(&scene, held, &judged, err);
    const size_t file = first_refused(&judged);
    if (rc == 0 && file == TRUST_ANCHOR_FILE_COUNT)
        rc = describe(&scene, &judged, err);
    else if (rc == 0) {
        judged.by = TRUST_HOW_REFUSED;
        judged.file = (enum trust_anchor_file)file;
        judged.reason = judged.step[file].reason;
        rc = look_for_help(&scene, &judged, err);
    }
    if (rc == 0)
        *fate = judged;
    return rc;
}
