/* One run after another: a command line is a session of one run, the console one of many. */
#ifndef TVSCTL_RUN_H
#define TVSCTL_RUN_H

#include "phrase.h"

struct session {
    struct tvsctl_io io;
    const struct grammar *grammar;
    struct flags flags; /* those of a run that gives none of its own: --config, --yes */
    bool is_console;
    bool told;    /* what a published list takes */
    bool leaving; /* the console ends after this run */
};

/* Do what options and words say, in any order. Returns enum tvsctl_exit. */
int run_words(struct session *session, int count, char **words);

/* Find the phrase that the words are, and check that it takes the options given to ctl. TVSCTL_DONE: match,
 * ctl->phrase and ctl->said are set; else said. */
int run_find(struct tvsctl *ctl, char *const *words, size_t count, struct phrase_match *match);

/* Explain the phrases of the session that begin with the words; all and the options without words. */
int run_help(struct tvsctl *ctl, char *const *words, size_t count);

#endif
