/* The guard rails, a row each: what is refused, why, and what to do instead. */
#include "guard.h"

#include "handlers.h"
#include "history.h"
#include "phrase.h"
#include "print.h"
#include "signing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef int (*phrase_run)(struct tvsctl *ctl, char *const *args, size_t count);

struct guard_rail {
    const char *name;
    phrase_run phrases[3]; /* whose they are; none: any that is guarded */
    /* Fills why and instead, and *holds, if the phrase does it. */
    int (*look)(const struct guard_scene *scene, struct guard_finding *finding, bool *holds,
                struct trust_error *err);
};

#define SAY_WHY(...)     snprintf(finding->why, sizeof finding->why, __VA_ARGS__)
#define SAY_INSTEAD(...) snprintf(finding->instead, sizeof finding->instead, __VA_ARGS__)

/* ---- Roll-outs */

static void append_number(char *text, size_t size, const char *between, int64_t number)
{
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%" PRId64, used > 0 ? between : "", number);
}

/* Of every open one of that kind and unit (0: any): were one alone closed, the next would refuse this. */
static void say_close_first(struct guard_finding *finding, const struct guard_view *view,
                            const struct guard_rollout *first, int unit)
{
    char lists[256] = "", numbers[256] = "";
    size_t count = 0;
    for (size_t i = 0; i < view->open_count; i++) {
        const struct guard_rollout *open = &view->open[i];
        if (open->kind != first->kind || (unit != 0 && open->unit != unit))
            continue;
        append_number(lists, sizeof lists, ", ", open->publication);
        append_number(numbers, sizeof numbers, " ", open->number);
        count++;
    }
    SAY_INSTEAD("wait until the phones have list%s %s: `utils rollout show%s%s` tells who has asked; when "
                "all are back, say `utils rollout close %s`, and then this",
                count > 1 ? "s" : "", lists, count > 1 ? "" : " ", count > 1 ? "" : numbers, numbers);
}

/* What phones still need of one that is open goes away: a certificate of the unit. Other nodes' CallManagers
 * sign nothing here. */
static const struct guard_rollout *meets(const struct guard_scene *scene, int unit_gone,
                                         enum trust_rollout_kind kind, int unit)
{
    const struct guard_view *before = &scene->before;
    for (size_t i = 0; i < before->cert_count; i++) {
        const struct guard_cert *cert = &before->certs[i];
        if ((cert->units & UINT32_C(1) << unit_gone) != 0 &&
            (unit_gone != TRUST_UNIT_CALLMANAGER || strcmp(cert->server_name, before->node) == 0) &&
            !guard_view_has_cert(&scene->after, unit_gone, cert->cert))
            return guard_view_open(before, kind, unit);
    }
    return NULL;
}

static int tvs_while_signer(const struct guard_scene *scene, struct guard_finding *finding, bool *holds,
                            struct trust_error *err)
{
    const struct guard_rollout *open = meets(scene, TRUST_UNIT_TVS, TRUST_ROLLOUT_SIGNER, 0);
    (void)err;
    *holds = open != NULL;
    if (open == NULL)
        return 0;
    SAY_WHY("roll-out %" PRId64 " of another signer is open: phones that have not fetched list %" PRId64
            " yet need TVS to vouch for its signer, and know TVS by the certificate that this takes away",
            open->number, open->publication);
    say_close_first(finding, &scene->before, open, 0);
    return 0;
}

static int signer_while_tvs(const struct guard_scene *scene, struct guard_finding *finding, bool *holds,
                            struct trust_error *err)
{
    const struct guard_rollout *open =
        meets(scene, TRUST_UNIT_CALLMANAGER, TRUST_ROLLOUT_TVS, TRUST_UNIT_TVS);
    (void)err;
    *holds = open != NULL;
    if (open == NULL)
        return 0;
    SAY_WHY("roll-out %" PRId64 " of another TVS certificate is open: phones that have not fetched list "
            "%" PRId64 " yet cannot ask TVS, and take that list by the CallManager that this takes away",
            open->number, open->publication);
    say_close_first(finding, &scene->before, open, TRUST_UNIT_TVS);
    return 0;
}

/* FN70613: both anchors of a list changed, one soon after the other. */
static int recovery_while_signer(const struct guard_scene *scene, struct guard_finding *finding, bool *holds,
                                 struct trust_error *err)
{
    const struct guard_rollout *open =
        meets(scene, TRUST_UNIT_ITLRECOVERY, TRUST_ROLLOUT_SIGNER, TRUST_UNIT_CALLMANAGER);
    (void)err;
    *holds = open != NULL;
    if (open == NULL)
        return 0;
    SAY_WHY("roll-out %" PRId64 " of another CallManager is open: phones that have not fetched list %" PRId64
            " yet can be won back by ITLRecovery alone if TVS does not reach them, and this replaces it",
            open->number, open->publication);
    say_close_first(finding, &scene->before, open, TRUST_UNIT_CALLMANAGER);
    return 0;
}

static int signer_while_recovery(const struct guard_scene *scene, struct guard_finding *finding, bool *holds,
                                 struct trust_error *err)
{
    const struct guard_rollout *open =
        meets(scene, TRUST_UNIT_CALLMANAGER, TRUST_ROLLOUT_SIGNER, TRUST_UNIT_ITLRECOVERY);
    (void)err;
    *holds = open != NULL;
    if (open == NULL)
        return 0;
    SAY_WHY("roll-out %" PRId64 " of a list that ITLRecovery signed is open: phones that have not fetched "
            "list %" PRId64 " yet can be won back by CallManager alone if they do not know that "
            "ITLRecovery, and this replaces it",
            open->number, open->publication);
    say_close_first(finding, &scene->before, open, TRUST_UNIT_ITLRECOVERY);
    return 0;
}

/* ---- A new name for everything */

static bool is_rolling_out(const struct guard_view *view, const struct trust_cert *cert)
{
    for (size_t i = 0; i < view->open_count; i++)
        if (view->open[i].kind == TRUST_ROLLOUT_TVS &&
            memcmp(view->open[i].sha256, trust_cert_sha256(cert), TRUST_ROLLOUT_SHA256) == 0)
            return true;
    return false;
}

/* Whether no node keeps a TVS certificate that phones surely have. */
static bool leaves_no_tvs(const struct guard_scene *scene)
{
    const struct guard_view *before = &scene->before, *after = &scene->after;
    for (size_t i = 0; i < before->cert_count; i++) {
        const struct guard_cert *cert = &before->certs[i];
        if ((cert->units & UINT32_C(1) << TRUST_UNIT_TVS) != 0 &&
            guard_view_has_cert(after, TRUST_UNIT_TVS, cert->cert) && !is_rolling_out(before, cert->cert) &&
            before->lists.itl != NULL && trust_list_holds(before->lists.itl, cert->cert))
            return false;
    }
    return guard_view_has(before, TRUST_UNIT_TVS);
}

static size_t count_nodes(const struct guard_view *view)
{
    size_t count = 0;
    for (size_t i = 0; i < view->cert_count; i++)
        count += (view->certs[i].units & UINT32_C(1) << TRUST_UNIT_TVS) != 0;
    return count;
}

/* Phones that have the CTL know the token, and take the next one from it. */
static bool is_signed_by_token(const struct guard_view *view)
{
    const uint32_t own = UINT32_C(1) << TRUST_UNIT_CALLMANAGER | UINT32_C(1) << TRUST_UNIT_ITLRECOVERY;
    for (size_t i = 0; view->lists.ctl != NULL && i < view->cert_count; i++)
        if ((view->certs[i].units & own) != 0 &&
            trust_list_verify(view->lists.ctl, view->certs[i].cert, NULL) == 0)
            return false;
    return view->lists.ctl != NULL;
}

/* Where ITLRecovery signs, a new name changes no signer. */
static int rename_all(const struct guard_scene *scene, struct guard_finding *finding, bool *holds,
                      struct trust_error *err)
{
    const struct config *config = scene->ctl->config;
    const char *file = scene->ctl->flags.value[FLAG_CONFIG];
    const bool recovery_signs = signing_unit(config) == TRUST_UNIT_ITLRECOVERY;
    (void)err;
    *holds = guard_view_gone(&scene->before, &scene->after, TRUST_UNIT_CALLMANAGER) != NULL &&
             leaves_no_tvs(scene) && !recovery_signs;
    if (!*holds)
        return 0;
    const bool is_only = count_nodes(&scene->before) == 1;
    SAY_WHY("%s: CallManager and every TVS certificate change before phones have fetched either, and "
            "no TVS that they know is left to vouch",
            is_only ? "this renames the only node" : "with this every node of the cluster is renamed");
    if (!is_only) {
        SAY_INSTEAD(
            "one node after the other: `utils itl update`, if phones do not find the certificates of the "
            "one that was renamed before; when all phones have them, `utils rollout close`; then this");
        return 0;
    }
    SAY_INSTEAD("let the other anchor sign first, which a new name does not change: set trust_lists.signer: "
                "itlrecovery in %s, `utils itl update`%s, and when all phones are back, `utils rollout "
                "close`; then this. Afterwards trust_lists.signer can be callmanager again%s",
                file != NULL ? file : CONFIG_PATH_DEFAULT,
                scene->before.is_mixed ? ", `utils ctl update CTLFile`" : "",
                is_signed_by_token(&scene->before)
                    ? ". Or, if you have the security token that signed the CTL "
                      "file: --force, then `utils ctl sign --token URI`"
                    : "");
    return 0;
}

/* ---- Signers */

static bool is_new(const struct guard_scene *scene, enum compose_kind kind)
{
    const struct trust_list *before = guard_view_list(&scene->before, kind),
                            *after = guard_view_list(&scene->after, kind);
    return after != NULL && (before == NULL || before->file.len != after->file.len ||
                             memcmp(before->file.data, after->file.data, after->file.len) != 0);
}

/* Whether a record that signs lists holds the certificate. */
static bool list_vouches(const struct trust_list *list, const struct trust_cert *cert)
{
    const struct trust_bytes der = trust_cert_der(cert);
    for (size_t i = 0; i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        if ((record->function == TRUST_ROLE_SAST || record->function == TRUST_ROLE_CCM_TFTP) &&
            record->certificate.len == der.len && memcmp(record->certificate.data, der.data, der.len) == 0)
            return true;
    }
    return false;
}

struct earlier {
    const struct state *state;
    const struct trust_cert *cert;
};

static int take_earlier(void *arg, const struct trust_publication *row)
{
    const struct earlier *earlier = arg;
    struct trust_list *list = NULL;
    uint8_t *data = NULL;
    size_t len;
    if (history_look(earlier->state, row, &data, &len) != HISTORY_SAME)
        return 0;
    const bool vouches = trust_list_parse((struct trust_bytes){data, len}, &list, NULL) == 0 &&
                         list_vouches(list, earlier->cert);
    trust_list_free(list);
    free(data);
    return vouches;
}

static int was_vouched(const struct guard_scene *scene, const struct trust_cert *cert, bool *was,
                       struct trust_error *err)
{
    struct state state;
    struct earlier earlier = {&state, cert};
    *was = false;
    int code = state_open(scene->ctl->config, TRUST_STORE_READ, &state, err);
    if (code != 0)
        return code;
    code = trust_store_each_publication(state.store, take_earlier, &earlier, err);
    *was = code > 0;
    state_close(&state);
    return code < 0 ? code : 0;
}

/* Of a list that phones are to take; NULL: in no list and in no unit with role 0. */
static struct trust_cert *find_signer(const struct guard_view *view, const struct trust_list *list)
{
    struct trust_cert *signer = NULL;
    if (trust_list_verify_self(list, &signer, NULL) == 0)
        return signer;
    for (size_t i = 0; i < view->cert_count; i++)
        if (trust_list_verify(list, view->certs[i].cert, NULL) == 0)
            return trust_cert_ref(view->certs[i].cert);
    return NULL;
}

static bool has_role_0(const struct guard_view *view, const struct trust_cert *cert)
{
    for (size_t i = 0; i < view->cert_count; i++)
        if (view->certs[i].is_sast && trust_cert_equal(view->certs[i].cert, cert))
            return true;
    return false;
}

static void say_unknown(enum compose_kind kind, const struct trust_cert *signer,
                        struct guard_finding *finding)
{
    SAY_WHY(
        "no earlier list and no certificate with role 0 vouches for %.200s, which would sign %s: no phone "
        "knows it, and TVS would not vouch for it",
        signer != NULL ? print_cert_name(signer) : "the signer", compose_file_name(kind));
    SAY_INSTEAD(
        "let TVS know it first: `set cert import trust Phone-SAST-trust FILE`, then this. CallManager-trust "
        "alone gives it no role");
}

static int unknown_signer(const struct guard_scene *scene, struct guard_finding *finding, bool *holds,
                          struct trust_error *err)
{
    static const enum compose_kind kinds[] = {COMPOSE_CTL, COMPOSE_ITL};
    int code = 0;
    for (size_t i = 0; i < GUARD_KINDS && code == 0 && !*holds; i++) {
        bool was = false;
        if (!is_new(scene, kinds[i]) || !guard_view_has_history(&scene->before))
            continue;
        struct trust_cert *signer = find_signer(&scene->after, guard_view_list(&scene->after, kinds[i]));
        if (signer != NULL && !has_role_0(&scene->after, signer))
            code = was_vouched(scene, signer, &was, err);
        else
            was = signer != NULL;
        *holds = code == 0 && !was;
        if (*holds)
            say_unknown(kinds[i], signer, finding);
        trust_cert_free(signer);
    }
    return code;
}

/* ---- Anchors */

/* Different certificates whose records sign lists. */
static size_t count_anchors(const struct trust_list *list)
{
    size_t count = 0;
    for (size_t i = 0; list != NULL && i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        bool counts = record->certificate.len > 0 &&
                      (record->function == TRUST_ROLE_SAST || record->function == TRUST_ROLE_CCM_TFTP);
        for (size_t k = 0; k < i && counts; k++) {
            const struct trust_list_record *other = &list->records[k];
            counts = (other->function != TRUST_ROLE_SAST && other->function != TRUST_ROLE_CCM_TFTP) ||
                     other->certificate.len != record->certificate.len ||
                     memcmp(other->certificate.data, record->certificate.data, record->certificate.len) != 0;
        }
        count += counts;
    }
    return count;
}

static int one_anchor(const struct guard_scene *scene, struct guard_finding *finding, bool *holds,
                      struct trust_error *err)
{
    static const enum compose_kind kinds[] = {COMPOSE_CTL, COMPOSE_ITL};
    (void)err;
    for (size_t i = 0; i < GUARD_KINDS && !*holds; i++) {
        const size_t before = count_anchors(guard_view_list(&scene->before, kinds[i])),
                     after = count_anchors(guard_view_list(&scene->after, kinds[i]));
        if (!is_new(scene, kinds[i]) || after != 1 || before <= after)
            continue;
        const char *update = kinds[i] == COMPOSE_CTL ? "utils ctl update CTLFile" : "utils itl update";
        *holds = true;
        SAY_WHY("%s would hold one anchor, and the one before it holds %zu: phones that take it are stranded "
                "if that key is lost, or renewed while TVS does not reach them",
                compose_file_name(kinds[i]), before);
        if (scene->ctl->config->trust_lists.recovery_anchor)
            SAY_INSTEAD("`%s` publishes a list with ITLRecovery as its second anchor", update);
        else
            SAY_INSTEAD("keep a second anchor: set trust_lists.recovery_anchor: true in the configuration; "
                        "this phrase, and `%s`, then put ITLRecovery into the list",
                        update);
    }
    return 0;
}

static bool signed_by(const struct trust_list *list, const struct trust_cert *cert)
{
    return list != NULL && trust_list_verify(list, cert, NULL) == 0;
}

static const char *unit_name(const struct guard_cert *cert)
{
    if ((cert->units & UINT32_C(1) << TRUST_UNIT_CALLMANAGER) != 0)
        return "CallManager";
    return (cert->units & UINT32_C(1) << TRUST_UNIT_ITLRECOVERY) != 0 ? "ITLRecovery" : NULL;
}

static void say_signed_with(const struct guard_scene *scene, const struct guard_cert *cert,
                            struct guard_finding *finding)
{
    const struct guard_view *before = &scene->before;
    const char *unit = unit_name(cert);
    const bool is_ctl = signed_by(before->lists.ctl, cert->cert);
    SAY_WHY("%s that phones find now is signed with %.200s%s%s: they could no longer ask TVS about it",
            compose_file_name(is_ctl ? COMPOSE_CTL : COMPOSE_ITL), print_cert_name(cert->cert),
            unit != NULL ? ", " : "", unit != NULL ? unit : "");
    if (unit != NULL)
        SAY_INSTEAD("`set cert regen %s` replaces it in one step, and phones follow by TVS", unit);
    else
        SAY_INSTEAD(
            "let another certificate sign first: `utils %s`, and wait until the phones have that list",
            is_ctl ? "ctl update CTLFile` or `utils ctl sign --token URI" : "itl update");
}

static int last_anchor(const struct guard_scene *scene, struct guard_finding *finding, bool *holds,
                       struct trust_error *err)
{
    const struct guard_view *before = &scene->before, *after = &scene->after;
    (void)err;
    for (size_t i = 0; i < before->cert_count && !*holds; i++) {
        const struct guard_cert *cert = &before->certs[i];
        if (guard_view_has_cert(after, 0, cert->cert) ||
            (!signed_by(before->lists.ctl, cert->cert) && !signed_by(before->lists.itl, cert->cert)))
            continue;
        *holds = true;
        say_signed_with(scene, cert, finding);
    }
    static const enum trust_unit anchors[] = {TRUST_UNIT_CALLMANAGER, TRUST_UNIT_ITLRECOVERY};
    bool had = false, has = false;
    for (size_t i = 0; i < sizeof anchors / sizeof anchors[0]; i++) {
        had = had || guard_view_has(before, (int)anchors[i]);
        has = has || guard_view_has(after, (int)anchors[i]);
    }
    if (*holds || !had || has)
        return 0;
    *holds = true;
    SAY_WHY("this is the last anchor: nothing could sign for phones any more");
    SAY_INSTEAD(
        "make another first: `set cert regen CallManager`, and wait until the phones have a list with it");
    return 0;
}

/* ---- Rollback */

static int rollback_mixed(const struct guard_scene *scene, struct guard_finding *finding, bool *holds,
                          struct trust_error *err)
{
    (void)err;
    const bool was_empty = trust_held_is_empty_itl(scene->before.lists.itl);
    *holds = scene->after.is_mixed && trust_held_is_empty_itl(scene->after.lists.itl) &&
             !(was_empty && scene->before.is_mixed);
    if (!*holds)
        return 0;
    if (was_empty) {
        const char *full = scene->before.is_rollback ? "utils itl rollback off" : "utils itl update";
        SAY_WHY("the ITL that is published is empty%s: phones that hold one know no TVS that could vouch for "
                "another signer than those of the CTL",
                scene->before.is_rollback ? ", prepared for a rollback" : "");
        SAY_INSTEAD("`%s` first, and wait until the phones have that ITL; then this", full);
        return 0;
    }
    SAY_WHY(
        "the cluster is in mixed mode: an empty ITL does not empty the CTL that phones hold, and takes the "
        "TVS from them that could vouch for another signer");
    SAY_INSTEAD(
        "leave mixed mode first: `utils ctl set-cluster non-secure-mode`, and wait until the phones have "
        "that CTL; then this. What they hold of a CTL still binds their lists to its signers");
    return 0;
}

/* ---- All of them */

static const struct guard_rail rails[] = {
    {"rename-all", {set_hostname}, rename_all},
    {"tvs-while-signer", {NULL}, tvs_while_signer},
    {"signer-while-tvs", {NULL}, signer_while_tvs},
    {"recovery-while-signer", {NULL}, recovery_while_signer},
    {"signer-while-recovery", {NULL}, signer_while_recovery},
    {"unknown-signer", {NULL}, unknown_signer},
    {"last-anchor", {cert_delete, node_delete}, last_anchor},
    {"one-anchor", {NULL}, one_anchor},
    {"rollback-mixed", {NULL}, rollback_mixed},
};
#define RAILS (sizeof rails / sizeof rails[0])
_Static_assert(RAILS < GUARD_MAX, "there is room for each, and for the promise");

static bool is_for(const struct guard_rail *rail, const struct phrase *phrase)
{
    for (size_t i = 0; i < sizeof rail->phrases / sizeof rail->phrases[0] && rail->phrases[i] != NULL; i++)
        if (rail->phrases[i] == phrase->run)
            return true;
    return rail->phrases[0] == NULL;
}

int guard_rails_look(const struct guard_scene *scene, struct guard_findings *findings,
                     struct trust_error *err)
{
    int code = 0;
    findings->count = 0;
    for (size_t i = 0; i < RAILS && code == 0; i++) {
        struct guard_finding *finding = &findings->items[findings->count];
        bool holds = false;
        *finding = (struct guard_finding){.guard = rails[i].name};
        if (is_for(&rails[i], scene->phrase))
            code = rails[i].look(scene, finding, &holds, err);
        findings->count += code == 0 && holds;
    }
    return code;
}
