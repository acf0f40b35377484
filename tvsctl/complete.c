#include "complete.h"

#include "config/text.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void complete_free(struct completion *completion)
{
    for (size_t i = 0; i < completion->count; i++) {
        free(completion->list[i].text);
        free(completion->list[i].help);
    }
    free(completion->list);
    free(completion->typed);
    free(completion->wrong);
    *completion = (struct completion){0};
}

bool complete_add(struct completion *completion, const char *text, const char *help)
{
    struct candidate *list = realloc(completion->list, (completion->count + 1) * sizeof *list);
    if (list == NULL)
        return false;
    completion->list = list;
    struct candidate *added = &list[completion->count];
    *added = (struct candidate){.text = strdup(text), .help = strdup(help)};
    added->shown = added->text;
    if (added->text != NULL && added->help != NULL) {
        completion->count++;
        return true;
    }
    free(added->text);
    free(added->help);
    return false;
}

static bool add_hint(struct completion *completion, const char *text, const char *help)
{
    if (!complete_add(completion, text, help))
        return false;
    completion->list[completion->count - 1].is_hint = true;
    return true;
}

/* Control characters cannot be typed. */
static bool can_be_typed(const char *value)
{
    size_t len = strlen(value), size;
    bool plain = len > 0;
    for (; plain && len > 0; value += size, len -= size)
        plain = text_is_plain(text_decode(value, len, &size));
    return plain;
}

bool complete_offer(struct completion *completion, const char *value)
{
    if (strncmp(value, completion->typed, strlen(completion->typed)) != 0 || !can_be_typed(value))
        return true;
    for (size_t i = 0; i < completion->count; i++)
        if (!completion->list[i].is_hint && strcmp(completion->list[i].text, value) == 0)
            return true;
    return complete_add(completion, value, "");
}

static bool begins(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

/* Whether the argument's name, between its brackets, is that of a file. */
static bool names_file(const char *name)
{
    size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return (len == strlen("FILE") && strncmp(name, "FILE", len) == 0) ||
           (len == strlen("DB") && strncmp(name, "DB", len) == 0);
}

static bool add_units(struct completion *completion, unsigned flags)
{
    size_t count;
    const struct trust_unit_info *units = trust_units(&count);
    bool any = (flags & (PHRASE_OWN_UNIT | PHRASE_TRUST_UNIT)) == 0;
    for (size_t i = 0; i < count; i++) {
        unsigned kind = units[i].own ? PHRASE_OWN_UNIT : PHRASE_TRUST_UNIT;
        if ((any || (flags & kind) != 0) && begins(units[i].name, completion->typed) &&
            !complete_add(completion, units[i].name, ""))
            return false;
    }
    return true;
}

/* A place before the cursor: the words there without the options, and what follows them. */
struct place {
    const struct grammar *of;
    const struct complete_source *source;
    char **words; /* room for one more */
    size_t count;
    struct flags flags;
    enum flag_id awaits; /* the option whose value the cursor is in; FLAG_COUNT: none */
    struct phrase_next next;
};

/* A keyword is explained by its phrase if it has one alone, else by the words that follow it. */
static bool add_keyword(struct completion *completion, struct place *place, const struct phrase_fit *fit)
{
    char word[64];
    struct phrase_match match;
    snprintf(word, sizeof word, "%.*s", (int)fit->len, fit->word);
    if (!begins(word, completion->typed))
        return true;
    place->words[place->count] = word;
    phrase_match(place->of, place->words, place->count + 1, &match);
    const char *help = fit->rows > 1 && match.result == PHRASE_MISSING ? match.fits : fit->phrase->help;
    return complete_add(completion, word, help != NULL ? help : "");
}

/* The values of an argument, or of an option (phrase NULL). */
static bool add_values(struct completion *completion, const struct place *place, const struct phrase *phrase)
{
    if (place->source == NULL)
        return true;
    const struct complete_place at = {phrase, place->awaits,
                                      place->count > 0 ? place->words[place->count - 1] : "", &place->flags};
    return place->source->values(place->source->arg, &at, completion);
}

static bool add_argument(struct completion *completion, const struct place *place,
                         const struct phrase_fit *fit)
{
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)fit->len, fit->word);
    completion->wants_file |= names_file(word + 1);
    if (!add_hint(completion, word, fit->phrase->help != NULL ? fit->phrase->help : ""))
        return false;
    return strcmp(word, "<UNIT>") == 0 ? add_units(completion, fit->phrase->flags)
                                       : add_values(completion, place, fit->phrase);
}

/* The options that the phrases take and that are not there yet. Those that every phrase takes are named only
 * to somebody who has begun to type one. */
static bool add_options(struct completion *completion, const struct place *place)
{
    bool begun = completion->typed[0] == '-';
    unsigned takes = (place->next.flags | (begun ? FLAGS_GENERAL : 0)) & ~place->flags.given;
    for (enum flag_id id = 0; id < FLAG_COUNT; id++) {
        char name[64];
        const char *usage = flag_usage(id);
        snprintf(name, sizeof name, "%.*s", (int)strcspn(usage, " "), usage);
        if ((takes & FLAG_BIT(id)) == 0 || (begun && !begins(name, completion->typed)))
            continue;
        if (!(begun ? complete_add(completion, name, flag_help(id))
                    : add_hint(completion, usage, flag_help(id))))
            return false;
    }
    return true;
}

static bool add_value(struct completion *completion, const struct place *place)
{
    const char *name = strchr(flag_usage(place->awaits), ' ') + 1;
    completion->wants_file = names_file(name);
    return add_hint(completion, name, flag_help(place->awaits)) && add_values(completion, place, NULL);
}

static bool add_all(struct completion *completion, struct place *place);

#define PHRASE_ARGUMENT "<PHRASE>…"

/* What fits where one phrase holds another, which changes something: as if that one stood alone. */
static bool add_inner(struct completion *completion, const struct place *outer, const struct phrase *holder)
{
    struct phrase rows[PHRASES_MAX];
    struct grammar changing = {rows, 0};
    unsigned inner_flags = 0;
    size_t skipped = 0;
    for (const char *at = holder->words; (at = strchr(at, ' ')) != NULL; at++)
        skipped++;
    for (size_t i = 0; i < outer->of->count; i++) {
        const struct phrase *row = &outer->of->rows[i];
        if ((row->flags & PHRASE_CHANGES) == 0)
            continue;
        inner_flags |= row->flags;
        rows[changing.count++] = *row;
    }
    struct place inner = *outer;
    inner.of = &changing;
    inner.words = outer->words + skipped;
    inner.count = outer->count - skipped;
    if (!phrase_next(inner.of, inner.words, inner.count, &inner.next)) {
        completion->wrong = strdup(inner.words[inner.next.at]);
        return completion->wrong != NULL;
    }
    inner.next.flags |= holder->flags & ~inner_flags;
    return add_all(completion, &inner);
}

static bool add_all(struct completion *completion, struct place *place)
{
    const struct phrase_next *next = &place->next;
    if (place->awaits != FLAG_COUNT)
        return add_value(completion, place);
    if (next->count == 1 && next->fits[0].len == strlen(PHRASE_ARGUMENT) &&
        strncmp(next->fits[0].word, PHRASE_ARGUMENT, next->fits[0].len) == 0)
        return add_inner(completion, place, next->fits[0].phrase);
    if (completion->typed[0] == '-' && !next->in_statement)
        return add_options(completion, place);
    if (next->can_end && completion->typed[0] == '\0' && !add_hint(completion, "<Enter>", "do it"))
        return false;
    for (size_t i = 0; i < next->count; i++)
        if (!(next->fits[i].is_keyword ? add_keyword(completion, place, &next->fits[i])
                                       : add_argument(completion, place, &next->fits[i])))
            return false;
    /* While several phrases are possible, their options would say little. */
    return next->rows > 1 || completion->typed[0] != '\0' || add_options(completion, place);
}

/* The option that word is, if it takes a value. */
static enum flag_id flag_with_value(const char *word)
{
    enum flag_id id = 0;
    size_t len = strlen(word);
    while (id < FLAG_COUNT && (strncmp(flag_usage(id), word, len) != 0 || flag_usage(id)[len] != ' '))
        id++;
    return id;
}

/* Look at the words before the cursor. false: nothing fits behind them; *wrong is the word to blame, or NULL.
 */
static bool find_place(struct place *place, char **words, size_t count, const char **wrong)
{
    char text[256];
    *wrong = NULL;
    place->awaits = FLAG_COUNT;
    const char *error =
        flags_parse((int)count, words, &place->flags, place->words, &place->count, text, sizeof text);
    if (error != NULL && count > 0) {
        place->awaits = flag_with_value(words[count - 1]);
        if (place->awaits != FLAG_COUNT)
            error = flags_parse((int)count - 1, words, &place->flags, place->words, &place->count, text,
                                sizeof text);
    }
    if (error != NULL || (place->awaits != FLAG_COUNT && flag_given(&place->flags, place->awaits)))
        return false;
    bool fits = phrase_next(place->of, place->words, place->count, &place->next);
    if (!fits)
        *wrong = place->words[place->next.at];
    return fits || place->awaits != FLAG_COUNT;
}

/* "--config=/et": what is typed is the value. */
static void look_into_option(struct completion *completion, struct place *place)
{
    char *equals = strchr(completion->typed, '=');
    if (completion->typed[0] != '-' || equals == NULL || completion->quote != '\0' ||
        place->awaits != FLAG_COUNT || place->next.in_statement)
        return;
    *equals = '\0';
    enum flag_id id = flag_with_value(completion->typed);
    *equals = '=';
    if (id == FLAG_COUNT || flag_given(&place->flags, id))
        return;
    size_t skipped = (size_t)(equals + 1 - completion->typed);
    memmove(completion->typed, equals + 1, strlen(equals + 1) + 1);
    completion->from += skipped;
    place->awaits = id;
}

static bool complete_words(const struct grammar *of, const struct complete_source *source, const char *line,
                           size_t cursor, const struct words *words, struct completion *out)
{
    size_t before = words->count;
    struct place place = {.of = of, .source = source};
    const char *wrong;
    if (before > 0 && words->place[before - 1].to == cursor)
        before--;
    bool in_word = before < words->count;
    out->from = in_word ? words->place[before].from : cursor;
    out->quote = in_word && strchr("'\"", line[out->from]) != NULL ? line[out->from] : '\0';
    out->typed = strdup(in_word ? words->text[before] : "");
    place.words = calloc(words->count + 2, sizeof *place.words);
    bool done = out->typed != NULL && place.words != NULL;
    if (done && find_place(&place, words->text, before, &wrong)) {
        out->is_text = words->open != '\0' || (place.next.in_statement && place.awaits == FLAG_COUNT);
        look_into_option(out, &place);
        done = add_all(out, &place);
    } else if (done) {
        out->is_text = words->open != '\0';
        out->wrong = wrong != NULL ? strdup(wrong) : NULL;
        done = wrong == NULL || out->wrong != NULL;
    }
    free(place.words);
    return done;
}

bool complete_line(const struct grammar *of, const struct complete_source *source, const char *line,
                   size_t cursor, struct completion *out)
{
    struct words words;
    *out = (struct completion){0};
    bool done = words_split(line, cursor, &words) && complete_words(of, source, line, cursor, &words, out);
    words_free(&words);
    return done;
}

/* How many bytes all candidates but the hints begin with; in *which one of them, NULL if there is none. */
static size_t common_beginning(const struct completion *completion, const struct candidate **which,
                               size_t *candidates)
{
    size_t len = 0;
    *which = NULL;
    *candidates = 0;
    for (size_t i = 0; i < completion->count; i++) {
        const struct candidate *one = &completion->list[i];
        size_t same = 0;
        if (one->is_hint)
            continue;
        while (*which != NULL && same < len && one->text[same] == (*which)->text[same])
            same++;
        len = *which == NULL ? strlen(one->text) : same;
        *which = one;
        ++*candidates;
    }
    /* Not in the middle of a character. */
    while (*which != NULL && len > 0 && ((unsigned char)(*which)->text[len] & 0xC0) == 0x80)
        len--;
    return len;
}

bool complete_insertion(const struct completion *completion, char **text)
{
    const struct candidate *one;
    size_t candidates, len = common_beginning(completion, &one, &candidates);
    bool whole = candidates == 1 && !one->goes_on;
    *text = NULL;
    if (one == NULL || len < strlen(completion->typed))
        return true;
    char *part = strndup(one->text, len), *end;
    char *quoted = part != NULL ? words_quote(part, completion->quote, whole) : NULL;
    free(part);
    if (quoted == NULL || !whole) {
        *text = quoted;
        return quoted != NULL;
    }
    end = realloc(quoted, strlen(quoted) + 2);
    if (end == NULL) {
        free(quoted);
        return false;
    }
    strcat(end, " ");
    *text = end;
    return true;
}
