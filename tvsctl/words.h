/* A typed line and its words. */
#ifndef TVSCTL_WORDS_H
#define TVSCTL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Words stand between blanks. '…' and "…" keep blanks, and a backslash keeps the character behind it, but not
 * in '…'; in "…" it does so before " and \ alone. */
struct words {
    char **text; /* without quoting; NULL behind the last */
    struct words_place {
        size_t from, to; /* bytes of the line */
    } * place;
    size_t count;
    char open; /* the quote that the line ends in, '\\' if in a backslash that keeps nothing; 0: neither */
};

/* Split the first len bytes of line. false if memory ran out. Free with words_free, after a failure too. */
bool words_split(const char *line, size_t len, struct words *words);
void words_free(struct words *words);

/* Put a copy of text in place of a word. false if memory ran out. */
bool words_set(struct words *words, size_t which, const char *text);
void words_remove(struct words *words, size_t which);

/* text as it has to be typed to be one word, or its beginning: in the quotes open ('\'' or '"'; 0: none, with
 * backslashes). whole: with the quote that closes it. A new string; NULL if memory ran out. */
char *words_quote(const char *text, char open, bool whole);

#endif
