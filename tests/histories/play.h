/* Play a history: before each phrase the rehearsal's word for each phone, then the phrase, then what the
 * phone does. */
#ifndef TESTS_HISTORIES_PLAY_H
#define TESTS_HISTORIES_PLAY_H

#include "history.h"

#include <stdio.h>

struct play_result {
    bool disagrees;
    size_t event;    /* the one after which it did; event_count of those before: at which it ended */
    char what[4096]; /* which phone, and both reasons */
    size_t words;    /* how many were compared */
    size_t by[4];    /* of them: follows, waiting, stranded, phrases refused */
    size_t guarded, forced,
        kept; /* phrases that guard rails refused, that were forced; words that the promise held for */
};

/* told (NULL: nowhere) gets a line for each event. Fails the running test when the site itself breaks. */
void play_history(const struct history *history, FILE *told, struct play_result *result);

/* Leave out what a history that disagrees does not need in order to disagree. *history and *result become
 * the shorter ones. programs: as wire_history has them; NULL: in this process. */
void play_shrink(const char *programs, struct history *history, struct play_result *result);

#endif
