#include "phrase.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A word of a row. */
struct token {
    const char *start;
    size_t len; /* 0: the row has no such word */
};

static struct token token_at(const struct phrase *phrase, size_t at)
{
    const char *p = phrase->words;
    for (; at > 0 && *p != '\0'; at--) {
        p += strcspn(p, " ");
        p += strspn(p, " ");
    }
    return (struct token){p, strcspn(p, " ")};
}

static bool is_keyword(struct token token)
{
    return token.len > 0 && token.start[0] != '<' && token.start[0] != '[';
}

static bool is_optional(struct token token)
{
    return token.len == 0 || token.start[0] == '[';
}

static bool repeats(struct token token)
{
    static const char dots[] = "…";
    size_t len = sizeof dots - 1;
    return token.len > len && strncmp(token.start + token.len - len, dots, len) == 0;
}

static bool same_token(struct token a, struct token b)
{
    return a.len == b.len && strncmp(a.start, b.start, a.len) == 0;
}

/* The word that a row has at `at`; a repeated last argument stands at every further place. */
static struct token token_or_repeated(const struct phrase *phrase, size_t at)
{
    struct token token = token_at(phrase, at), last = token;
    while (at > 0 && last.len == 0)
        last = token_at(phrase, --at);
    return token.len > 0 || repeats(last) ? last : token;
}

/* The rows that agree with the words so far. */
struct candidates {
    const struct grammar *of;
    bool is_in[PHRASES_MAX];
    size_t count;
};

static void keep(struct candidates *rows, size_t row, bool stays)
{
    if (rows->is_in[row] && !stays) {
        rows->is_in[row] = false;
        rows->count--;
    }
}

/* Put the distinct words that the candidates have at `at`, and that begin with word, into fits. Returns how
 * many keywords there are among them. */
static size_t collect_fits(const struct candidates *rows, size_t at, const char *word, char *fits,
                           size_t size)
{
    size_t keywords = 0, used = 0;
    fits[0] = '\0';
    for (size_t i = 0; i < rows->of->count; i++) {
        struct token token = token_at(&rows->of->rows[i], at);
        bool seen = false;
        if (!rows->is_in[i] || token.len == 0 ||
            (is_keyword(token) && strncasecmp(token.start, word, strlen(word)) != 0))
            continue;
        for (size_t j = 0; j < i && !seen; j++)
            seen = rows->is_in[j] && same_token(token, token_at(&rows->of->rows[j], at));
        if (seen)
            continue;
        keywords += is_keyword(token);
        int written =
            snprintf(fits + used, size - used, "%s%.*s", used > 0 ? ", " : "", (int)token.len, token.start);
        used += (size_t)written < size - used ? (size_t)written : 0;
    }
    return keywords;
}

enum fit { FIT_NOT, FIT_ARGUMENT, FIT_BEGINNING, FIT_WHOLE };

/* How the word at `at` fits a row. */
static enum fit word_fits(const struct phrase *phrase, size_t at, const char *word)
{
    struct token token = token_or_repeated(phrase, at);
    if (is_keyword(token)) {
        if (strncasecmp(token.start, word, strlen(word)) != 0 || word[0] == '\0')
            return FIT_NOT;
        return strlen(word) == token.len ? FIT_WHOLE : FIT_BEGINNING;
    }
    return token.len > 0 ? FIT_ARGUMENT : FIT_NOT;
}

/* Narrow the rows by one word: a whole keyword beats the beginning of one, and either beats an argument.
 * Returns the best fit there was; nothing is narrowed if there was none. */
static enum fit narrow(struct candidates *rows, size_t at, const char *word)
{
    enum fit best = FIT_NOT;
    for (size_t i = 0; i < rows->of->count; i++) {
        enum fit fit = rows->is_in[i] ? word_fits(&rows->of->rows[i], at, word) : FIT_NOT;
        if (fit > best)
            best = fit;
    }
    for (size_t i = 0; i < rows->of->count && best != FIT_NOT; i++)
        keep(rows, i, word_fits(&rows->of->rows[i], at, word) == best);
    return best;
}

static void found(struct phrase_match *match, const struct phrase *phrase, char *const *words, size_t count)
{
    size_t keywords = 0;
    while (is_keyword(token_at(phrase, keywords)))
        keywords++;
    match->result = PHRASE_FOUND;
    match->phrase = phrase;
    match->args = words + keywords;
    match->arg_count = count - keywords;
}

static void walk(struct candidates *rows, char *const *words, size_t count, struct phrase_match *match)
{
    for (match->at = 0; match->at < count; match->at++) {
        const char *word = words[match->at];
        enum fit fit = narrow(rows, match->at, word);
        if (fit == FIT_NOT) {
            match->result = PHRASE_WRONG;
            collect_fits(rows, match->at, "", match->fits, sizeof match->fits);
            break;
        }
        if (fit == FIT_BEGINNING &&
            collect_fits(rows, match->at, word, match->fits, sizeof match->fits) > 1) {
            match->result = PHRASE_AMBIGUOUS;
            break;
        }
    }
    for (size_t i = 0; i < rows->of->count; i++) {
        if (!rows->is_in[i])
            continue;
        match->phrase = &rows->of->rows[i];
        if (match->at == count && is_optional(token_at(&rows->of->rows[i], count))) {
            found(match, &rows->of->rows[i], words, count);
            return;
        }
    }
    if (match->at == count) {
        match->result = PHRASE_MISSING;
        collect_fits(rows, count, "", match->fits, sizeof match->fits);
    }
}

static void all_rows(struct candidates *rows, const struct grammar *of)
{
    assert(of->count <= PHRASES_MAX);
    *rows = (struct candidates){.of = of, .count = of->count};
    for (size_t i = 0; i < of->count; i++)
        rows->is_in[i] = true;
}

void phrase_match(const struct grammar *of, char *const *words, size_t count, struct phrase_match *match)
{
    struct candidates rows;
    *match = (struct phrase_match){0};
    all_rows(&rows, of);
    walk(&rows, words, count, match);
}

static void add_next(struct phrase_next *next, const struct phrase *phrase, struct token token)
{
    size_t i = 0;
    while (i < next->count && !same_token(token, (struct token){next->fits[i].word, next->fits[i].len}))
        i++;
    if (i == next->count) {
        bool keyword = is_keyword(token);
        next->fits[next->count++] = (struct phrase_fit){token.start, token.len, keyword, 0, phrase};
    }
    next->fits[i].rows++;
}

bool phrase_next(const struct grammar *of, char *const *words, size_t count, struct phrase_next *next)
{
    struct candidates rows;
    struct phrase_match match = {0};
    *next = (struct phrase_next){0};
    all_rows(&rows, of);
    walk(&rows, words, count, &match);
    next->at = match.at;
    if (match.at < count)
        return false;
    next->can_end = match.result == PHRASE_FOUND;
    next->rows = rows.count;
    for (size_t i = 0; i < of->count; i++) {
        const struct phrase *phrase = &of->rows[i];
        struct token token = token_or_repeated(phrase, count);
        if (!rows.is_in[i])
            continue;
        next->flags |= phrase->flags;
        next->in_statement |= phrase->any_words && !is_keyword(token);
        if (token.len > 0)
            add_next(next, phrase, token);
    }
    return true;
}

char *phrase_said(const struct phrase_match *match, char *out, size_t size)
{
    size_t used = 0;
    struct token token;
    out[0] = '\0';
    for (size_t i = 0; used < size && is_keyword(token = token_at(match->phrase, i)); i++)
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", i > 0 ? " " : "", (int)token.len,
                                 token.start);
    for (size_t i = 0; used < size && i < match->arg_count; i++)
        used += (size_t)snprintf(out + used, size - used, " %s", match->args[i]);
    return out;
}

static void print_one(FILE *out, const struct phrase *phrase)
{
    fprintf(out, "%s", phrase->words);
    for (enum flag_id id = 0; id < FLAG_COUNT; id++)
        if ((phrase->flags & FLAG_BIT(id)) != 0)
            fprintf(out, " [%s]", flag_usage(id));
    fprintf(out, "\n    %s\n", phrase->help);
}

size_t phrase_help(const struct grammar *of, FILE *out, char *const *words, size_t count)
{
    struct candidates rows;
    all_rows(&rows, of);
    for (size_t i = 0; i < count; i++)
        if (narrow(&rows, i, words[i]) == FIT_NOT)
            return 0;
    for (size_t i = 0; i < of->count; i++)
        if (rows.is_in[i])
            print_one(out, &of->rows[i]);
    return rows.count;
}
