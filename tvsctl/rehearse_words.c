#include "rehearse_words.h"

#include "say.h"

#include <stdlib.h>
#include <string.h>

/* "79xx, 69xx/89xx/99xx, …" */
static void name_families(char *out, size_t size)
{
    size_t count, used = 0;
    const struct trust_family *families = trust_families(&count);
    out[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", families[i].name);
}

static bool is_asked(const struct rehearse_question *question, const struct trust_family *family)
{
    for (size_t i = 0; i < question->family_count; i++)
        if (question->families[i] == family)
            return true;
    return false;
}

int rehearse_families(struct tvsctl *ctl, struct rehearse_question *question)
{
    static const char *const general[] = {"with TVS", "without TVS"};
    char names[512];
    const char *name;
    question->family_count = 0;
    for (size_t i = 0; (name = flag_value(&ctl->flags, FLAG_FAMILY, i)) != NULL; i++) {
        const struct trust_family *family = trust_family_by_name(name);
        name_families(names, sizeof names);
        if (family == NULL)
            return say_usage(ctl, "there is no family %s; there are: %s", name, names);
        if (!is_asked(question, family))
            question->families[question->family_count++] = family;
    }
    for (size_t i = 0; !flag_given(&ctl->flags, FLAG_FAMILY) && i < sizeof general / sizeof general[0]; i++)
        question->families[question->family_count++] = trust_family_by_name(general[i]);
    return TVSCTL_DONE;
}

/* ---- Judging */

int rehearse_fate(const struct trust_family *family, const struct trust_held *held,
                  const struct trust_site *site, time_t now, struct trust_fate *fate, struct trust_error *err)
{
    int code = trust_anchor_judge(family, held, site, now, fate, err);
    fate->after = (struct trust_held){0};
    return code;
}

struct judging {
    const struct rehearse_question *question;
    struct rehearse_words *words;
    struct trust_server *servers;
    struct trust_error *err;
};

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

static int judge_at(const struct judging *judging, const struct trust_family *family,
                    const struct trust_held *held, bool after, size_t node, struct trust_fate *fate)
{
    const struct rehearse_question *question = judging->question;
    const struct trust_site site = question->view(question->arg, after, node, judging->servers);
    return rehearse_fate(family, held, &site, question->now, fate, judging->err);
}

static int add_word(const struct judging *judging, const struct rehearse_word *word)
{
    struct rehearse_words *words = judging->words;
    struct rehearse_word *items = reallocarray(words->items, words->count + 1, sizeof *items);
    if (items == NULL)
        return no_memory(judging->err);
    words->items = items;
    items[words->count++] = *word;
    if (word->node != REHEARSE_ALL_NODES)
        return 0;
    words->judged++;
    words->waiting += word->fate.outcome == TRUST_OUTCOME_WAITING;
    words->stranded += word->fate.outcome == TRUST_OUTCOME_STRANDED;
    words->by[word->fate.by] += word->fate.outcome == TRUST_OUTCOME_FOLLOWS;
    words->warnings |= word->fate.warnings;
    return 0;
}

static int judge_each_node(const struct judging *judging, const struct rehearse_word *all,
                           const struct trust_held *held)
{
    int code = 0;
    for (size_t node = 0; node < judging->question->node_count && code == 0; node++) {
        struct rehearse_word word = *all;
        word.node = node;
        code = judge_at(judging, word.family, held, true, node, &word.fate);
        if (code == 0 && word.fate.outcome != all->fate.outcome)
            code = add_word(judging, &word);
    }
    return code;
}

/* What reaches a phone that has come already is for latecomers the second thing to do: those who have no list
 * yet take a new CTL blindly. */
static int find_sooner(const struct judging *judging, struct rehearse_word *word,
                       const struct trust_held *held)
{
    const struct rehearse_question *question = judging->question;
    const struct trust_site now = question->view(question->arg, true, REHEARSE_ALL_NODES, judging->servers);
    int code = 0;
    for (size_t i = 0; code == 0 && word->sooner == NULL && i < now.candidate_count; i++) {
        const struct trust_candidate *candidate = &now.candidates[i];
        struct trust_site site = now;
        struct trust_fate fate;
        site.ctl = candidate->ctl != NULL ? candidate->ctl : now.ctl;
        site.itl = candidate->itl != NULL ? candidate->itl : now.itl;
        code = rehearse_fate(word->family, held, &site, question->now, &fate, judging->err);
        if (code == 0 && fate.outcome == TRUST_OUTCOME_FOLLOWS)
            word->sooner = candidate->phrase;
    }
    return code;
}

static int judge_one(const struct judging *judging, size_t holder, const struct trust_family *family,
                     const struct trust_held *held)
{
    const struct rehearse_question *question = judging->question;
    struct trust_fate before;
    struct rehearse_word word = {.holder = holder, .family = family, .node = REHEARSE_ALL_NODES};
    if (!family->knows_itl && rehearse_holders_same_ctl(question->holders, holder))
        return 0;
    int code = judge_at(judging, family, held, false, REHEARSE_ALL_NODES, &before);
    word.follows_now = before.outcome == TRUST_OUTCOME_FOLLOWS;
    if (code == 0)
        code = judge_at(judging, family, held, true, REHEARSE_ALL_NODES, &word.fate);
    if (code == 0 && question->holders->items[holder].is_fresh &&
        word.fate.outcome == TRUST_OUTCOME_WAITING && word.fate.remedy == TRUST_REMEDY_PUBLISH)
        code = find_sooner(judging, &word, held);
    if (code == 0)
        code = add_word(judging, &word);
    if (code == 0 && question->node_count > 1 && family->knows_tvs)
        code = judge_each_node(judging, &word, held);
    return code;
}

static int judge_holder(const struct judging *judging, size_t which)
{
    const struct rehearse_question *question = judging->question;
    struct published loaded;
    struct trust_held held;
    int code = rehearse_holders_load(question->holders, which, &loaded, &held, judging->err);
    for (size_t i = 0; code == 0 && i < question->family_count; i++)
        code = judge_one(judging, which, question->families[i], &held);
    published_fini(&loaded);
    return code;
}

int rehearse_judge(const struct rehearse_question *question, struct rehearse_words *words,
                   struct trust_error *err)
{
    struct judging judging = {question, words, calloc(question->room + 1, sizeof(struct trust_server)), err};
    *words = (struct rehearse_words){0};
    int code = judging.servers != NULL ? 0 : no_memory(err);
    for (size_t i = 0; code == 0 && i < question->holders->count; i++)
        code = judge_holder(&judging, i);
    free(judging.servers);
    return code;
}

void rehearse_words_fini(struct rehearse_words *words)
{
    free(words->items);
    *words = (struct rehearse_words){0};
}
