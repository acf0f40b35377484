/* The rehearsal's word, as `utils rehearse --installed` comes to it, for the lists that a phone holds. */
#ifndef TESTS_HISTORIES_FORETOLD_H
#define TESTS_HISTORIES_FORETOLD_H

#include "sims.h"
#include "tvsctl/rehearse_run.h"
#include "tvsctl/rehearse_words.h"
#include "tvsctl/run.h"
#include "tvsctl/token_keys.h"

/* A run of words at a place: what a command line gives a handler. Borrows the text. */
struct foretold_run {
    struct session session;
    struct tvsctl ctl;
    struct token_keys tokens;
    char text[SITE_WORDS_MAX];
    char *words[32];
    size_t count;
    char *errors; /* what was said */
    size_t errors_size;
};

/* What a phrase would do, before it is done. */
struct foretold {
    struct site *site;
    struct foretold_run run;
    struct rehearse_place place;
    struct rehearse_site after;
    struct rehearse_candidates candidates;
    bool has_candidates;
    int status; /* of the phrase */
};

/* words "": no phrase. Free with foretold_close. */
void foretold_open(struct foretold *foretold, struct site *site, size_t node, const char *words);
void foretold_close(struct foretold *foretold);

/* All words were heard: the rehearsal's place goes. As long as it is there, this process pretends signatures
 * of tokens, and a phrase that is said for good must not. */
void foretold_end(struct foretold *foretold);

/* The word for a phone: with what it remembers of TVS, and (bare) without, as guard rails take it. */
struct foretold_fate {
    struct trust_fate full, bare;
};
void foretold_word(struct foretold *foretold, const struct sim *sim, struct foretold_fate *fate);

/* Say phrases, "; " between them, on a node at a copy of the site as it is now. Returns the exit status of
 * the first that is not done, or 0. The caller removes the place. */
int foretold_try(struct site *site, size_t node, const char *const phrases[], size_t count,
                 struct rehearse_place *place);

#endif
