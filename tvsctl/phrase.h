/* The grammar: phrases as rows of a table, found by their words, which may be cut short while they are
 * unambiguous. */
#ifndef TVSCTL_PHRASE_H
#define TVSCTL_PHRASE_H

#include "tvsctl.h"

enum phrase_config {
    PHRASE_CONFIG_NEEDED,
    PHRASE_CONFIG_IF_THERE, /* with arguments it does without: a file from elsewhere */
    PHRASE_CONFIG_NONE,     /* it looks at none */
};

/* Beside FLAG_BITs in phrase.flags: which units <UNIT> can be. With neither, those of both kinds. */
#define PHRASE_OWN_UNIT   (1u << 30)
#define PHRASE_TRUST_UNIT (1u << 31)
/* It changes what phones may find or be told: what `utils rehearse` can rehearse, on a copy. */
#define PHRASE_CHANGES (1u << 29)

/* One phrase. words: keywords, then arguments: "<one>", "[may be left out]", "<one or more>…", "<the rest of
 * the line>…" likewise. */
struct phrase {
    const char *words;
    unsigned flags; /* FLAG_BITs beside FLAGS_GENERAL; PHRASE_…_UNIT */
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

/* A word, or an argument, that can stand at some place. */
struct phrase_fit {
    const char *word; /* of len bytes: "cert", "<UNIT>" */
    size_t len;
    bool is_keyword;
    size_t rows;                 /* how many phrases have it there */
    const struct phrase *phrase; /* the first of them */
};

/* What can stand behind some words. */
struct phrase_next {
    size_t at;         /* how many of the words fit, and are no beginning of several */
    bool can_end;      /* they are a phrase already */
    bool in_statement; /* what follows is a statement: nothing in it is special */
    size_t rows;       /* how many phrases begin so, or are so */
    unsigned flags;    /* what these take */
    struct phrase_fit fits[PHRASES_MAX];
    size_t count;
};

/* false if one of the words, words[next->at], does not fit or can be several; nothing else is told then. */
bool phrase_next(const struct grammar *of, char *const *words, size_t count, struct phrase_next *next);

/* The phrase of a match that was FOUND as the history keeps it: whole keywords, then the arguments; cut at
 * size. Returns out. */
char *phrase_said(const struct phrase_match *match, char *out, size_t size);

/* Print the phrases that the words begin ("" for none: all), each with its help. Returns how many. */
size_t phrase_help(const struct grammar *of, FILE *out, char *const *words, size_t count);

#endif
