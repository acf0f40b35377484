/* The grammar: phrases as rows of a table, found by their words, which may be cut short while they are
 * unambiguous. */
#ifndef TVSCTL_PHRASE_H
#define TVSCTL_PHRASE_H

#include "tvsctl.h"

enum phrase_config {
    PHRASE_CONFIG_NEEDED,
    PHRASE_CONFIG_IF_THERE, /* with arguments it does without: a file from elsewhere */
};

/* One phrase. words: keywords, then arguments: "<one>", "[may be left out]", "<one or more>…", "<the rest of
 * the line>…" likewise. */
struct phrase {
    const char *words;
    unsigned flags; /* FLAG_BITs beside FLAGS_GENERAL */
    enum phrase_config config;
    bool any_words; /* words that look like options are arguments too: a statement */
    int (*run)(struct tvsctl *ctl, char *const *args, size_t count);
    const char *help; /* one line */
};

struct grammar {
    const struct phrase *rows;
    size_t count; /* at most PHRASES_MAX */
};
#define PHRASES_MAX 128

/* Every phrase of tvsctl: phrase_table.c. */
extern const struct grammar grammar;

enum phrase_result {
    PHRASE_FOUND,
    PHRASE_MISSING,   /* the words are the beginning of phrases */
    PHRASE_WRONG,     /* words[at] fits nowhere */
    PHRASE_AMBIGUOUS, /* words[at] is the beginning of several words */
};

struct phrase_match {
    enum phrase_result result;
    const struct phrase *phrase; /* FOUND; else any phrase that agrees with the words before `at` */
    size_t at;                   /* which word */
    char *const *args;           /* FOUND: what stands behind the keywords */
    size_t arg_count;
    char fits[512]; /* not FOUND: the words that fit there, comma-separated; "" if nothing more may follow */
};

void phrase_match(const struct grammar *of, char *const *words, size_t count, struct phrase_match *match);

/* Print the phrases that the words begin ("" for none: all), each with its help. Returns how many. */
size_t phrase_help(const struct grammar *of, FILE *out, char *const *words, size_t count);

#endif
