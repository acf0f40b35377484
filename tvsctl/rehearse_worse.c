#include "rehearse_worse.h"

#include "json.h"

static struct rehearse_question ask_for_others(const struct rehearse_question *question)
{
    size_t count;
    const struct trust_family *families = trust_families(&count);
    struct rehearse_question others = *question;
    others.family_count = 0;
    others.node_count = 0;
    for (size_t i = 0; i < count && others.family_count < REHEARSE_FAMILIES_MAX; i++) {
        bool is_asked = false;
        for (size_t j = 0; j < question->family_count; j++)
            is_asked = is_asked || question->families[j] == &families[i];
        if (!is_asked)
            others.families[others.family_count++] = &families[i];
    }
    return others;
}

/* A phone of a family that knows TVS is compared with the general one that does, another with the other. */
static bool is_worse(const struct rehearse_words *words, const struct rehearse_word *other)
{
    for (size_t i = 0; i < words->count; i++) {
        const struct rehearse_word *word = &words->items[i];
        if (word->holder == other->holder && word->node == REHEARSE_ALL_NODES &&
            word->family->knows_tvs == other->family->knows_tvs)
            return other->fate.outcome < word->fate.outcome; /* the best is the largest */
    }
    return false;
}

static void add(struct rehearse_worse *worse, const struct rehearse_word *word)
{
    size_t i = 0;
    while (i < worse->count && worse->items[i].family != word->family)
        i++;
    if (i == worse->count)
        worse->items[worse->count++] = (struct rehearse_worse_family){.family = word->family};
    worse->items[i].waiting += word->fate.outcome == TRUST_OUTCOME_WAITING;
    worse->items[i].stranded += word->fate.outcome == TRUST_OUTCOME_STRANDED;
}

int rehearse_worse_look(const struct rehearse_question *question, const struct rehearse_words *words,
                        struct rehearse_worse *worse, struct trust_error *err)
{
    const struct rehearse_question others = ask_for_others(question);
    struct rehearse_words all = {0};
    *worse = (struct rehearse_worse){.count = 0};
    int code = rehearse_judge(&others, &all, err);
    for (size_t i = 0; code == 0 && i < all.count; i++)
        if (is_worse(words, &all.items[i]))
            add(worse, &all.items[i]);
    rehearse_words_fini(&all);
    return code;
}

/* ---- Telling */

void rehearse_worse_print(const struct rehearse_worse *worse, const char *phrase, FILE *out)
{
    size_t waiting = 0, stranded = 0;
    if (worse->count == 0)
        return;
    fputs("Some families fare worse: ", out);
    for (size_t i = 0; i < worse->count; i++) {
        fprintf(out, "%s%s", i > 0 ? ", " : "", worse->items[i].family->name);
        waiting += worse->items[i].waiting;
        stranded += worse->items[i].stranded;
    }
    fputs(": ", out);
    if (waiting > 0)
        fprintf(out, "%zu %s of phones %s", waiting, waiting == 1 ? "kind" : "kinds",
                waiting == 1 ? "waits" : "wait");
    if (stranded > 0)
        fprintf(out, "%s%zu %s%s stranded", waiting > 0 ? ", " : "", stranded,
                waiting > 0     ? ""
                : stranded == 1 ? "kind of phones "
                                : "kinds of phones ",
                stranded == 1 ? "is" : "are");
    fprintf(out, "; `%s --family %s` tells why.\n", phrase, worse->items[0].family->name);
}

void rehearse_worse_json(const struct rehearse_worse *worse, bool looked, struct json *json)
{
    if (!looked) {
        json_null(json, "worse_families");
        return;
    }
    json_array(json, "worse_families");
    for (size_t i = 0; i < worse->count; i++) {
        json_object(json, NULL);
        json_string(json, "family", worse->items[i].family->name);
        json_number(json, "waiting", (int64_t)worse->items[i].waiting);
        json_number(json, "stranded", (int64_t)worse->items[i].stranded);
        json_object_end(json);
    }
    json_array_end(json);
}
