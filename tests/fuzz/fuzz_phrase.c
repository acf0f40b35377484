/* What people type: quotes, options, phrases, and what fits at the cursor. */
#include "fuzz.h"

#include "tvsctl/complete.h"
#include "tvsctl/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Words */

/* A word as it has to be typed is that word. */
static void check_quote(const char *word, char open)
{
    struct words again;
    char *typed = words_quote(word, open, true);
    ck_assert_ptr_nonnull(typed);
    ck_assert(words_split(typed, strlen(typed), &again));
    ck_assert_uint_eq(again.count, 1);
    ck_assert_str_eq(again.text[0], word);
    ck_assert_int_eq(again.open, 0);
    words_free(&again);
    free(typed);
}

static void check_words(const struct words *words, size_t len)
{
    size_t before = 0;
    for (size_t i = 0; i < words->count; i++) {
        ck_assert(words->place[i].from >= before && words->place[i].from <= words->place[i].to);
        before = words->place[i].to;
        if (*words->text[i] == '\0')
            continue;
        check_quote(words->text[i], 0);
        check_quote(words->text[i], '"');
        if (strchr(words->text[i], '\'') == NULL)
            check_quote(words->text[i], '\'');
    }
    ck_assert_uint_le(before, len);
    ck_assert_ptr_null(words->text[words->count]);
}

/* ---- Phrases */

/* What the history keeps of a phrase finds it again. */
static void check_said(const struct phrase_match *match)
{
    char said[256];
    struct words words;
    struct phrase_match again;
    phrase_said(match, said, sizeof said);
    ck_assert_uint_lt(strlen(said), sizeof said);
    if (strlen(said) + 1 == sizeof said || strpbrk(said, "'\"\\\t\n") != NULL)
        return;
    for (size_t i = 0; i < match->arg_count; i++)
        if (*match->args[i] == '\0')
            return;
    ck_assert(words_split(said, strlen(said), &words));
    phrase_match(&grammar, words.text, words.count, &again);
    if (words.count == match->at + match->arg_count)
        ck_assert_ptr_eq(again.phrase, match->phrase);
    words_free(&words);
}

static void check_phrase(char *const *words, size_t count)
{
    struct phrase_match match;
    struct phrase_next next;
    phrase_match(&grammar, words, count, &match);
    bool fits = phrase_next(&grammar, words, count, &next);
    ck_assert_ptr_nonnull(memchr(match.fits, '\0', sizeof match.fits));
    switch (match.result) {
    case PHRASE_FOUND:
        ck_assert(fits && next.can_end);
        ck_assert(match.phrase >= grammar.rows && match.phrase < grammar.rows + grammar.count);
        ck_assert(match.arg_count <= count && match.args == words + count - match.arg_count);
        check_said(&match);
        break;
    case PHRASE_MISSING:
        ck_assert(fits && !next.can_end && next.count > 0);
        ck_assert_uint_eq(match.at, count);
        ck_assert_str_ne(match.fits, "");
        break;
    case PHRASE_WRONG:
    case PHRASE_AMBIGUOUS:
        ck_assert_uint_lt(match.at, count);
        ck_assert(!fits);
        ck_assert_uint_eq(next.at, match.at);
        break;
    }
}

static void check_flags(struct words *words)
{
    struct flags flags;
    char text[256];
    size_t count;
    char **plain = calloc(words->count + 1, sizeof *plain);
    ck_assert_ptr_nonnull(plain);
    const char *wrong = flags_parse((int)words->count, words->text, &flags, plain, &count, text, sizeof text);
    if (wrong != NULL) {
        ck_assert_str_ne(wrong, "");
    } else {
        ck_assert_uint_le(count, words->count);
        check_phrase(plain, count);
    }
    free(plain);
}

/* ---- Completion */

/* The line with what is offered in it goes on to be one. */
static void check_inserted(const char *line, const struct completion *completion)
{
    struct completion next;
    char *text, *whole;
    ck_assert(complete_insertion(completion, &text));
    if (text == NULL)
        return;
    int len = asprintf(&whole, "%.*s%s", (int)completion->from, line, text);
    ck_assert_int_ge(len, 0);
    ck_assert(complete_line(&grammar, NULL, whole, (size_t)len, &next));
    ck_assert_msg(next.wrong == NULL, "`%s` was completed to `%s`, where `%s` does not fit", line, whole,
                  next.wrong != NULL ? next.wrong : "");
    complete_free(&next);
    free(whole);
    free(text);
}

static void check_completion(const char *line, size_t cursor)
{
    struct completion completion;
    ck_assert(complete_line(&grammar, NULL, line, cursor, &completion));
    ck_assert_uint_le(completion.from, cursor);
    for (size_t i = 0; i < completion.count; i++) {
        const struct candidate *one = &completion.list[i];
        ck_assert(one->is_hint || strncasecmp(one->text, completion.typed, strlen(completion.typed)) == 0);
        ck_assert(one->shown >= one->text && one->shown <= one->text + strlen(one->text));
    }
    if (completion.wrong == NULL && !completion.wants_file)
        check_inserted(line, &completion);
    complete_free(&completion);
}

void fuzz_one(struct trust_bytes input)
{
    struct words words;
    char *line = fuzz_text(input);
    const size_t len = strlen(line);
    ck_assert(words_split(line, len, &words));
    check_words(&words, len);
    check_flags(&words);
    words_free(&words);
    check_completion(line, len);
    check_completion(line, len / 2);
    free(line);
}
