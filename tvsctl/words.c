#include "words.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"

static bool is_blank(char c)
{
    return c != '\0' && strchr(BLANKS, c) != NULL;
}

/* Copy the word that begins at `at` to out without its quoting, and leave in *open what it was in at its end.
 * Returns where it ends. */
static size_t take_word(const char *line, size_t at, size_t len, char *out, char *open)
{
    char quote = '\0';
    for (; at < len && (quote != '\0' || !is_blank(line[at])); at++) {
        char c = line[at];
        bool escapes = c == '\\' && quote != '\'' &&
                       (quote == '\0' || (at + 1 < len && (line[at + 1] == '"' || line[at + 1] == '\\')));
        if (escapes && at + 1 == len) {
            *open = '\\';
            *out = '\0';
            return len;
        }
        if (escapes)
            *out++ = line[++at];
        else if (quote == '\0' && (c == '\'' || c == '"'))
            quote = c;
        else if (c == quote)
            quote = '\0';
        else
            *out++ = c;
    }
    *open = quote;
    *out = '\0';
    return at;
}

bool words_split(const char *line, size_t len, struct words *words)
{
    *words = (struct words){.text = calloc(len / 2 + 2, sizeof *words->text),
                            .place = calloc(len / 2 + 2, sizeof *words->place)};
    char *text = malloc(len + 1);
    bool done = words->text != NULL && words->place != NULL && text != NULL;
    for (size_t at = 0; done;) {
        while (at < len && is_blank(line[at]))
            at++;
        if (at == len)
            break;
        size_t from = at, i = words->count;
        at = take_word(line, at, len, text, &words->open);
        words->place[i] = (struct words_place){from, at};
        words->text[i] = strdup(text);
        done = words->text[i] != NULL;
        words->count += done;
    }
    free(text);
    return done;
}

void words_free(struct words *words)
{
    for (size_t i = 0; words->text != NULL && i < words->count; i++)
        free(words->text[i]);
    free(words->text);
    free(words->place);
    *words = (struct words){0};
}

bool words_set(struct words *words, size_t which, const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return false;
    free(words->text[which]);
    words->text[which] = copy;
    return true;
}

void words_remove(struct words *words, size_t which)
{
    size_t behind = --words->count - which;
    free(words->text[which]);
    memmove(words->text + which, words->text + which + 1, (behind + 1) * sizeof *words->text);
    memmove(words->place + which, words->place + which + 1, behind * sizeof *words->place);
}

char *words_quote(const char *text, char open, bool whole)
{
    if (open == '\'' && strchr(text, '\'') != NULL)
        open = '"';
    const char *special = open == '\'' ? "" : open == '"' ? "\"\\" : BLANKS "'\"\\?";
    char *quoted = malloc(2 * strlen(text) + 3), *out = quoted;
    if (quoted == NULL)
        return NULL;
    if (open != '\0')
        *out++ = open;
    for (; *text != '\0'; text++) {
        if (strchr(special, *text) != NULL)
            *out++ = '\\';
        *out++ = *text;
    }
    if (open != '\0' && whole)
        *out++ = open;
    *out = '\0';
    return quoted;
}
