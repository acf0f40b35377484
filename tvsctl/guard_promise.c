/* The last guard rail: whatever else a phrase does, phones that all rails promise to keep are kept. */
#include "guard.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct promise {
    const struct guard_scene *scene;
    struct rehearsal *rehearsal;
    struct rehearse_holders kept;      /* those that the promise holds for; borrows */
    struct rehearse_candidates before; /* lists that could be published instead, before the phrase */
    bool has_before;
    struct rehearse_question question;
    struct rehearse_words words; /* of those that would be stranded */
};

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

/* ---- Who it holds for */

static bool decide_alike(const struct trust_family *a, const struct trust_family *b)
{
    return a->knows_itl == b->knows_itl && a->digests == b->digests && a->rsa_max == b->rsa_max &&
           a->old_tls == b->old_tls && a->ecdsa == b->ecdsa;
}

/* Families with TVS: the one that can do everything first, then those that can do less, and may see another
 * certificate of the same server. One is judged also with lists whose digest it cannot verify: it may have
 * taken them blindly. */
static void choose_families(struct rehearse_question *question)
{
    size_t count;
    const struct trust_family *families = trust_families(&count);
    question->families[0] = trust_family_by_name("with TVS");
    question->family_count = 1;
    for (size_t i = 0; i < count && question->family_count < REHEARSE_FAMILIES_MAX; i++) {
        bool is_new = families[i].knows_tvs;
        for (size_t k = 0; k < question->family_count; k++)
            is_new = is_new && !decide_alike(&families[i], question->families[k]);
        if (is_new)
            question->families[question->family_count++] = &families[i];
    }
}

static bool is_recent(const struct promise *promise, size_t which, enum compose_kind kind)
{
    const struct rehearse_holders *all = &promise->rehearsal->holders;
    return which == REHEARSE_NO_LIST || all->lists[which].number == 0 ||
           all->lists[which].number >= promise->scene->before.back[kind];
}

static int choose(struct promise *promise, struct trust_error *err)
{
    const struct rehearse_holders *all = &promise->rehearsal->holders;
    promise->kept = *all;
    promise->kept.count = 0;
    promise->kept.items = calloc(all->count + 1, sizeof *promise->kept.items);
    if (promise->kept.items == NULL)
        return no_memory(err);
    for (size_t i = 0; i < all->count; i++) {
        const struct rehearse_holder *holder = &all->items[i];
        if (!holder->is_fresh && is_recent(promise, holder->ctl, COMPOSE_CTL) &&
            is_recent(promise, holder->itl, COMPOSE_ITL))
            promise->kept.items[promise->kept.count++] = *holder;
    }
    return 0;
}

/* ---- Before and after */

static bool is_rolling_out(const struct guard_view *view, const struct trust_cert *cert)
{
    for (size_t i = 0; i < view->open_count; i++)
        if (view->open[i].kind == TRUST_ROLLOUT_TVS &&
            memcmp(view->open[i].sha256, trust_cert_sha256(cert), TRUST_ROLLOUT_SHA256) == 0)
            return true;
    return false;
}

/* Whether phones that ask this node alone may not know its TVS certificate. One for ECDSA is shown only while
 * the published lists hold it. */
static bool is_new_node(const struct promise *promise, size_t node)
{
    const struct guard_view *before = &promise->scene->before;
    const struct trust_list *was = before->lists.itl, *is = promise->scene->after.lists.itl;
    const struct trust_cert *tvs = promise->rehearsal->after.nodes[node].tvs;
    return was == NULL || is == NULL || !trust_list_holds(was, tvs) || !trust_list_holds(is, tvs) ||
           is_rolling_out(before, tvs);
}

static int read_before(struct promise *promise, struct trust_error *err)
{
    const struct rehearse_place real = {.config = *promise->scene->ctl->config};
    if (promise->has_before)
        return 0;
    promise->has_before = true;
    return rehearse_candidates_read(promise->rehearsal->ctl, &real, &promise->before, err);
}

/* Whether a phone that does not follow now is stranded already. */
static int was_stranded(struct promise *promise, const struct rehearse_word *word, bool *was,
                        struct trust_error *err)
{
    const struct rehearsal *rehearsal = promise->rehearsal;
    struct published loaded = {0};
    struct trust_held held;
    struct trust_fate fate = {0};
    struct trust_server *servers = calloc(rehearsal->before.node_count + 1, sizeof *servers);
    int code = servers != NULL ? read_before(promise, err) : no_memory(err);
    if (code == 0)
        code = rehearse_holders_load(&promise->kept, word->holder, &loaded, &held, err);
    if (code == 0) {
        struct trust_site site = rehearse_site_view(&rehearsal->before, REHEARSE_ALL_NODES, servers);
        site.candidates = promise->before.items;
        site.candidate_count = promise->before.count;
        code = rehearse_fate(word->family, &held, &site, promise->question.now, &fate, err);
    }
    *was = code == 0 && fate.outcome == TRUST_OUTCOME_STRANDED;
    published_fini(&loaded);
    free(servers);
    return code;
}

static int is_broken(struct promise *promise, const struct rehearse_word *word, bool *is,
                     struct trust_error *err)
{
    bool was = false;
    int code = 0;
    if (!word->follows_now)
        code = was_stranded(promise, word, &was, err);
    *is = code == 0 && !was;
    return code;
}

/* ---- Judging */

bool guard_is_of_choice(enum trust_reason reason)
{
    return reason == TRUST_REASON_DIGEST || reason == TRUST_REASON_KEY_SIZE ||
           reason == TRUST_REASON_KEY_KIND || reason == TRUST_REASON_TOO_LARGE;
}

/* word: which phone; its fate is found, and kept if it would be stranded. */
static int judge_phone(struct promise *promise, struct rehearse_word word, const struct trust_held *held,
                       struct trust_error *err)
{
    const struct rehearsal *rehearsal = promise->rehearsal;
    struct rehearse_words *words = &promise->words;
    struct trust_server *servers = calloc(promise->question.room + 1, sizeof *servers);
    struct rehearse_word *items = reallocarray(words->items, words->count + 1, sizeof *items);
    if (items != NULL)
        words->items = items;
    int code = servers != NULL && items != NULL ? 0 : no_memory(err);
    if (code == 0) {
        const struct trust_site site = promise->question.view(promise->rehearsal, true, word.node, servers);
        code = rehearse_fate(word.family, held, &site, rehearsal->question.now, &word.fate, err);
    }
    if (code == 0 && word.fate.outcome == TRUST_OUTCOME_STRANDED && !guard_is_of_choice(word.fate.reason)) {
        struct trust_fate before;
        const struct trust_site site =
            promise->question.view(promise->rehearsal, false, REHEARSE_ALL_NODES, servers);
        code = rehearse_fate(word.family, held, &site, rehearsal->question.now, &before, err);
        word.follows_now = code == 0 && before.outcome == TRUST_OUTCOME_FOLLOWS;
        items[words->count++] = word;
    }
    free(servers);
    return code;
}

static int judge_at(struct promise *promise, size_t holder, const struct trust_held *held, size_t node,
                    struct trust_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < promise->question.family_count; i++) {
        const struct rehearse_word word = {
            .holder = holder, .family = promise->question.families[i], .node = node};
        code = judge_phone(promise, word, held, err);
    }
    return code;
}

/* Who asks all nodes, and who asks one alone that it may not know. */
static int judge_holder(struct promise *promise, size_t holder, struct trust_error *err)
{
    struct published loaded;
    struct trust_held held;
    int code = rehearse_holders_load(&promise->kept, holder, &loaded, &held, err);
    if (code == 0)
        code = judge_at(promise, holder, &held, REHEARSE_ALL_NODES, err);
    for (size_t node = 0; code == 0 && node < promise->rehearsal->after.node_count; node++)
        if (promise->rehearsal->after.node_count > 1 && is_new_node(promise, node))
            code = judge_at(promise, holder, &held, node, err);
    published_fini(&loaded);
    return code;
}

static int judge_all(struct promise *promise, struct trust_error *err)
{
    int code = 0;
    rehearse_words_fini(&promise->words);
    for (size_t i = 0; code == 0 && i < promise->kept.count; i++)
        code = judge_holder(promise, i, err);
    return code;
}

/* Without what could be published instead, nobody is known to be only waiting. */
static int judge(struct promise *promise, struct trust_error *err)
{
    struct rehearsal *rehearsal = promise->rehearsal;
    int code = judge_all(promise, err);
    if (code != 0 || promise->words.count == 0)
        return code;
    code = rehearsal_read_candidates(rehearsal, err);
    return code == 0 ? judge_all(promise, err) : code;
}

/* Keep the words of those alone that the promise is broken to. */
static int choose_broken(struct promise *promise, struct trust_error *err)
{
    struct rehearse_words *words = &promise->words;
    size_t kept = 0;
    int code = 0;
    for (size_t i = 0; code == 0 && i < words->count; i++) {
        bool is;
        code = is_broken(promise, &words->items[i], &is, err);
        if (code == 0 && is)
            words->items[kept++] = words->items[i];
    }
    words->count = kept;
    return code;
}

/* Phones of several families with the same lists stand beside one another, and are one kind. */
static size_t count_kinds(const struct rehearse_words *words)
{
    size_t count = 0;
    for (size_t i = 0; i < words->count; i++)
        count += i == 0 || words->items[i].holder != words->items[i - 1].holder ||
                 words->items[i].node != words->items[i - 1].node;
    return count;
}

/* Before the phrase, unlike at the phones, lists can still be given another anchor that phones take. */
static bool needs_anchor(const struct promise *promise, const struct rehearse_word *word)
{
    return promise->rehearsal->before.node_count == 0 &&
           (word->fate.reason == TRUST_REASON_NO_SERVER || word->fate.reason == TRUST_REASON_NO_TVS_RECORD);
}

static void say_anchor_first(const struct promise *promise, struct guard_finding *finding)
{
    const bool mixed = promise->scene->before.is_mixed;
    snprintf(
        finding->instead, sizeof finding->instead,
        "no node has a TVS certificate that could vouch, so give the lists a second anchor first: "
        "trust_lists.recovery_anchor: true, `utils itl update`%s; when all phones have what that publishes, "
        "this, and then `utils itl reset localkey`%s",
        mixed ? ", `utils ctl update CTLFile`" : "",
        mixed ? ", `utils ctl update CTLFile`, `utils ctl reset localkey`" : "");
}

/* What phones find if this was published first: before the phrase, and after it, which may leave that list as
 * it is. */
static struct trust_site view_first(const struct promise *promise, const struct trust_candidate *candidate,
                                    bool after, size_t node, struct trust_server *servers)
{
    struct rehearsal *rehearsal = promise->rehearsal;
    const struct published *was = &rehearsal->before.lists;
    struct trust_site site = promise->question.view(rehearsal, after, node, servers);
    if (candidate->ctl != NULL && published_same(site.ctl, was->ctl))
        site.ctl = candidate->ctl;
    if (candidate->itl != NULL && published_same(site.itl, was->itl))
        site.itl = candidate->itl;
    if (candidate->has_configuration && !after)
        site.configuration = candidate->configuration;
    /* Of phones that are let in no more it is said that all must have the list. */
    for (size_t i = 0; !after && i < site.server_count; i++)
        servers[i].refuses_old_tls = false;
    return site;
}

/* A node of the site after the phrase, in the one before it; all of them where it was none. */
static size_t node_before(const struct promise *promise, size_t node)
{
    const struct guard_scene *scene = promise->scene;
    const struct rehearse_site *before = &promise->rehearsal->before;
    if (node == REHEARSE_ALL_NODES)
        return node;
    const char *name = promise->rehearsal->after.nodes[node].name;
    if (strcmp(name, scene->after.node) == 0) /* our own may have been renamed */
        name = scene->before.node;
    for (size_t i = 0; i < before->node_count; i++)
        if (strcmp(before->nodes[i].name, name) == 0)
            return i;
    return REHEARSE_ALL_NODES;
}

/* Whether the phone takes that, and is not stranded by the phrase then. */
static int helps_first(const struct promise *promise, const struct trust_candidate *candidate,
                       const struct rehearse_word *word, struct trust_held held, bool *helps,
                       struct trust_error *err)
{
    const time_t now = promise->question.now;
    struct trust_fate fate = {0};
    struct trust_server *servers = calloc(promise->question.room + 1, sizeof *servers);
    int code = servers != NULL ? 0 : no_memory(err);
    for (int after = 0; code == 0 && after < 2; after++) {
        const size_t node = after != 0 ? word->node : node_before(promise, word->node);
        const struct trust_site site = view_first(promise, candidate, after != 0, node, servers);
        code = trust_anchor_judge(word->family, &held, &site, now, &fate, err);
        if (code != 0 || (after == 0 && fate.outcome != TRUST_OUTCOME_FOLLOWS))
            break;
        held = fate.after;
        *helps = after != 0 && fate.outcome != TRUST_OUTCOME_STRANDED;
    }
    free(servers);
    return code;
}

static int helps_one(const struct promise *promise, const struct trust_candidate *candidate,
                     const struct rehearse_word *word, bool *helps, struct trust_error *err)
{
    struct published loaded;
    struct trust_held held;
    int code = rehearse_holders_load(&promise->kept, word->holder, &loaded, &held, err);
    *helps = false;
    if (code == 0)
        code = helps_first(promise, candidate, word, held, helps, err);
    published_fini(&loaded);
    return code;
}

/* Whether all of them can follow it first, and are not stranded by the phrase then. */
static int helps_all(const struct promise *promise, const struct trust_candidate *candidate, bool *helps,
                     struct trust_error *err)
{
    int code = 0;
    *helps = true;
    for (size_t i = 0; code == 0 && *helps && i < promise->words.count; i++)
        code = helps_one(promise, candidate, &promise->words.items[i], helps, err);
    return code;
}

/* What is published already is not to be published once more. */
static int is_published(const struct promise *promise, const struct trust_candidate *candidate, bool *is,
                        struct trust_error *err)
{
    const struct published *now = &promise->rehearsal->before.lists;
    bool same_ctl = true, same_itl = true;
    int code = 0;
    if (candidate->ctl != NULL)
        code = rehearse_same_list(candidate->ctl, now->ctl, &same_ctl, err);
    if (code == 0 && candidate->itl != NULL)
        code = rehearse_same_list(candidate->itl, now->itl, &same_itl, err);
    *is = same_ctl && same_itl;
    return code;
}

/* The mildest phrase that helps all of them first. *first: NULL if there is none. */
static int find_first(struct promise *promise, const char **first, struct trust_error *err)
{
    *first = NULL;
    int code = read_before(promise, err);
    for (size_t i = 0; code == 0 && *first == NULL && i < promise->before.count; i++) {
        const struct trust_candidate *candidate = &promise->before.items[i];
        bool is, helps = false;
        code = is_published(promise, candidate, &is, err);
        if (code == 0 && !is)
            code = helps_all(promise, candidate, &helps, err);
        if (code == 0 && helps)
            *first = candidate->phrase;
    }
    return code;
}

static int say_instead(struct promise *promise, const struct rehearse_word *word,
                       struct guard_finding *finding, struct trust_error *err)
{
    const char *first = NULL;
    if (needs_anchor(promise, word)) {
        say_anchor_first(promise, finding);
        return 0;
    }
    int code = find_first(promise, &first, err);
    char *remedy = rehearse_remedy(word);
    if (first != NULL)
        snprintf(finding->instead, sizeof finding->instead, "first `%s`; when all phones have that, this",
                 first);
    else
        snprintf(finding->instead, sizeof finding->instead, "%s", remedy != NULL ? remedy : "");
    free(remedy);
    return code;
}

/* "; the first, of family 79xx, asks cucm-pub alone": what sets it apart. */
static void describe(const struct promise *promise, const struct rehearse_word *word, char *out, size_t size)
{
    const bool is_general = word->family == promise->question.families[0];
    const char *family = word->family->name;
    out[0] = '\0';
    if (word->node == REHEARSE_ALL_NODES) {
        if (!is_general)
            snprintf(out, size, "; the first is of family %s", family);
        return;
    }
    const char *node = promise->rehearsal->after.nodes[word->node].name;
    if (is_general)
        snprintf(out, size, "; the first asks %s alone", node);
    else
        snprintf(out, size, "; the first, of family %s, asks %s alone", family, node);
}

static int say_broken(struct promise *promise, struct guard_finding *finding, struct trust_error *err)
{
    const struct rehearse_word *word = &promise->words.items[0];
    const size_t count = count_kinds(&promise->words);
    const struct rehearse_telling telling = {&promise->words, &promise->question, &promise->rehearsal->after,
                                             true};
    char which[TRUST_NODE_NAME_SIZE + 96], *reason = rehearse_reason(&telling, word);
    describe(promise, word, which, sizeof which);
    *finding = (struct guard_finding){.guard = GUARD_STRANDED};
    snprintf(
        finding->why, sizeof finding->why,
        "it would strand phones that follow until now, and that hold lists of the last roll-out or newer "
        "ones (%zu %s of them%s): %s",
        count, count == 1 ? "kind" : "kinds", which, reason != NULL ? reason : "");
    free(reason);
    return say_instead(promise, word, finding, err);
}

int guard_promise_look(const struct guard_scene *scene, struct rehearsal *rehearsal,
                       struct guard_findings *findings, struct trust_error *err)
{
    struct promise promise = {.scene = scene, .rehearsal = rehearsal, .question = rehearsal->question};
    promise.question.holders = &promise.kept;
    choose_families(&promise.question);
    int code = choose(&promise, err);
    if (code == 0)
        code = judge(&promise, err);
    if (code == 0)
        code = choose_broken(&promise, err);
    if (code == 0 && promise.words.count > 0)
        code = say_broken(&promise, &findings->items[findings->count++], err);
    rehearse_words_fini(&promise.words);
    rehearse_candidates_fini(&promise.before);
    free(promise.kept.items);
    return code;
}
