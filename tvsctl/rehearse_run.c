#include "rehearse_run.h"

#include "handlers.h"
#include "phrase.h"
#include "published.h"
#include "rehearse_signers.h"
#include "run.h"
#include "say.h"

#include <stdlib.h>
#include <string.h>

/* What `utils rehearse` takes for itself; other options are the phrase's. */
#define OWN_FLAGS (FLAG_BIT(FLAG_JSON) | FLAG_BIT(FLAG_FAMILY) | FLAG_BIT(FLAG_INSTALLED))

/* The run of the phrase. */
static struct tvsctl inner_run(const struct tvsctl *ctl)
{
    struct tvsctl inner = *ctl;
    inner.flags.given &= ~OWN_FLAGS;
    inner.io.in = -1;
    return inner;
}

int rehearse_check(struct tvsctl *ctl, char *const *words, size_t count, char *said, size_t size,
                   const struct phrase **phrase)
{
    struct phrase_match match;
    struct tvsctl inner = inner_run(ctl);
    int result = run_find(&inner, words, count, &match);
    snprintf(said, size, "%s", inner.said);
    *phrase = match.phrase;
    if (result != TVSCTL_DONE)
        return result;
    if ((match.phrase->flags & PHRASE_CHANGES) == 0)
        return say_refusal(ctl,
                           "`%s` changes nothing that phones find or are told, so there is nothing to "
                           "rehearse",
                           said);
    /* Files elsewhere would be signed in their own places. */
    if (match.phrase->run == file_sign && !flag_given(&ctl->flags, FLAG_ALL))
        return say_refusal(ctl,
                           "`%s` signs what phones fetch by itself, whatever lists they hold; what can be "
                           "rehearsed is `file sign --all`",
                           said);
    return TVSCTL_DONE;
}

/* ---- Running */

static void say_with_real_names(struct tvsctl *ctl, const struct rehearse_place *place, const char *text)
{
    char *real = rehearse_place_real_names(place, ctl->config, text);
    fputs(real != NULL ? real : text, ctl->io.err);
    free(real);
}

static int run_at(struct tvsctl *inner, struct rehearse_place *place, char *const *words, size_t count)
{
    struct phrase_match match;
    inner->config = &place->config;
    inner->flags.given |= FLAG_BIT(FLAG_YES);
    int result = run_find(inner, words, count, &match);
    inner->flags.given |= FLAG_BIT(FLAG_PHONES_ARE_BACK);
    return result == TVSCTL_DONE ? match.phrase->run(inner, match.args, match.arg_count) : result;
}

/* errors: gets what it says; free() it. */
static int run_quietly(struct tvsctl *inner, struct rehearse_place *place, char *const *words, size_t count,
                       char **errors)
{
    size_t size;
    *errors = NULL;
    inner->forced = NULL; /* what guard rails have to do with is the phrase proper */
    inner->seen = NULL;
    FILE *out = fopen("/dev/null", "w"), *err = open_memstream(errors, &size);
    int result = -1;
    if (out != NULL && err != NULL) {
        inner->io.out = out;
        inner->io.err = err;
        result = run_at(inner, place, words, count);
    }
    if (out != NULL)
        fclose(out);
    if (err != NULL)
        fclose(err);
    return result;
}

int rehearse_run(struct tvsctl *ctl, struct rehearse_place *place, char *const *words, size_t count)
{
    char *errors;
    struct tvsctl inner = inner_run(ctl);
    int result = run_quietly(&inner, place, words, count, &errors);
    if (result < 0)
        result = say_no_memory(ctl);
    else if (errors != NULL)
        say_with_real_names(ctl, place, errors);
    free(errors);
    return result;
}

int rehearse_try(struct tvsctl *ctl, struct rehearse_place *place, char *const *words, size_t count,
                 char **said)
{
    struct tvsctl inner = inner_run(ctl);
    int result = run_quietly(&inner, place, words, count, said);
    return result < 0 ? TVSCTL_REFUSED : result;
}

/* ---- Candidates */

static const struct candidate_phrase {
    const char *phrase;
    bool is_ctl;
} candidate_phrases[] = {
    {"utils ctl update CTLFile", true},
    {"utils itl update", false},
    {"utils ctl reset localkey", true},
    {"utils itl reset localkey", false},
    /* What is signed anew keeps its records, and is the last list published: new records come first. */
    {"utils ctl update CTLFile; utils ctl reset localkey", true},
    {"utils itl update; utils itl reset localkey", false},
};

/* Say one phrase. */
static int say_phrase(struct tvsctl *ctl, struct rehearse_place *place, char *phrase)
{
    char *words[8], *save = NULL, *errors;
    size_t count = 0;
    struct tvsctl inner = *ctl;
    for (char *word = strtok_r(phrase, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        words[count++] = word;
    inner.flags = (struct flags){0};
    inner.io.in = -1;
    int result = run_quietly(&inner, place, words, count, &errors);
    free(errors);
    return result;
}

/* Says all of it; out stays NULL if any refuses. */
static int publish_at(struct tvsctl *ctl, struct rehearse_place *place,
                      const struct candidate_phrase *candidate, struct trust_list **out,
                      struct trust_error *err)
{
    char text[96], *save = NULL;
    struct published lists;
    snprintf(text, sizeof text, "%s", candidate->phrase);
    for (char *phrase = strtok_r(text, ";", &save); phrase != NULL; phrase = strtok_r(NULL, ";", &save))
        if (say_phrase(ctl, place, phrase) != TVSCTL_DONE)
            return 0;
    int code = published_read(&place->config, &lists, err);
    if (code == 0) {
        struct trust_list **wanted = candidate->is_ctl ? &lists.ctl : &lists.itl;
        *out = *wanted;
        *wanted = NULL;
    }
    published_fini(&lists);
    return code;
}

/* Takes list. */
static int add_candidate(struct rehearse_candidates *candidates, const struct candidate_phrase *candidate,
                         const char *node, struct trust_list *take_list)
{
    const size_t i = candidates->count;
    struct trust_list **lists = reallocarray(candidates->lists, i + 1, sizeof *lists);
    if (lists != NULL)
        candidates->lists = lists;
    char **phrases = reallocarray(candidates->phrases, i + 1, sizeof *phrases), *phrase = NULL;
    if (phrases != NULL)
        candidates->phrases = phrases;
    struct trust_candidate *items = reallocarray(candidates->items, i + 1, sizeof *items);
    if (items != NULL)
        candidates->items = items;
    if (lists == NULL || phrases == NULL || items == NULL ||
        asprintf(&phrase, "%s%s%s%s", node != NULL ? "on " : "", node != NULL ? node : "",
                 node != NULL ? ": " : "", candidate->phrase) < 0) {
        trust_list_free(take_list);
        return TRUST_ENOMEM;
    }
    lists[i] = take_list;
    phrases[i] = phrase;
    items[i] = (struct trust_candidate){
        .phrase = phrase,
        .ctl = candidate->is_ctl ? take_list : NULL,
        .itl = candidate->is_ctl ? NULL : take_list,
    };
    candidates->count++;
    return 0;
}

/* signer NULL: as our own node. */
static int read_of_node(struct tvsctl *ctl, const struct config *config, struct rehearse_signer *signer,
                        struct rehearse_candidates *candidates, struct trust_error *err)
{
    const size_t count = sizeof candidate_phrases / sizeof candidate_phrases[0];
    int code = 0;
    for (size_t i = 0; code == 0 && i < count; i++) {
        const struct candidate_phrase *candidate = &candidate_phrases[i];
        struct rehearse_place copy;
        struct trust_list *list = NULL;
        code = rehearse_place_make(config, REHEARSE_LISTS, &copy, err);
        if (code == 0 && signer != NULL) {
            copy.config.node.name = signer->name;
            if (signer->ipv4[0] != '\0')
                copy.config.node.address = signer->ipv4;
        }
        if (code == 0)
            code = publish_at(ctl, &copy, candidate, &list, err);
        rehearse_place_remove(&copy);
        if (list != NULL && add_candidate(candidates, candidate, signer != NULL ? signer->name : NULL, list))
            code =
                trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
    }
    return code;
}

int rehearse_candidates_read(struct tvsctl *ctl, const struct rehearse_place *place,
                             struct rehearse_candidates *candidates, struct trust_error *err)
{
    struct rehearse_signers signers = {0};
    struct state state;
    *candidates = (struct rehearse_candidates){0};
    int code = state_open(&place->config, TRUST_STORE_READ, &state, err);
    if (code != 0)
        return code;
    char own[TRUST_NODE_NAME_SIZE];
    snprintf(own, sizeof own, "%s", state.node);
    code = rehearse_signers_read(&state, &signers, err);
    state_close(&state);
    if (code == 0)
        code = read_of_node(ctl, &place->config, NULL, candidates, err);
    for (size_t i = 0; code == 0 && i < signers.count; i++)
        if (strcmp(signers.items[i].name, own) != 0)
            code = read_of_node(ctl, &place->config, &signers.items[i], candidates, err);
    rehearse_signers_fini(&signers);
    return code;
}

void rehearse_candidates_fini(struct rehearse_candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        trust_list_free(candidates->lists[i]);
        free(candidates->phrases[i]);
    }
    free(candidates->lists);
    free(candidates->phrases);
    free(candidates->items);
    *candidates = (struct rehearse_candidates){0};
}
