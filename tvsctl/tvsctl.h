/* The operator's command line: one run of it. */
#ifndef TVSCTL_TVSCTL_H
#define TVSCTL_TVSCTL_H

#include "config/config.h"
#include "deeds.h"
#include "flags.h"
#include "trust.h"

#include <stdio.h>
#include <time.h>

/* What the process exits with. */
enum tvsctl_exit {
    TVSCTL_DONE = 0,
    TVSCTL_REFUSED = 1, /* it could not be done or answered; one line on err says why */
    TVSCTL_USAGE = 2,
    TVSCTL_NO = 3, /* what was asked was answered with no: a list that was read and does not verify */
};

/* Where a run reads answers and writes. */
struct tvsctl_io {
    int in; /* answers are read from it if it is a terminal; -1: none */
    FILE *out, *err;
};

struct ask_typed;
struct guard_findings;
struct guard_seen;
struct phrase;
struct session;
struct token_keys;

/* A run. Handlers of phrases get it. */
struct tvsctl {
    struct tvsctl_io io;
    struct flags flags;
    struct config *config; /* NULL only for a phrase that can do without */
    const struct phrase *phrase;
    struct session *session;   /* run.h: what it is a part of */
    struct token_keys *tokens; /* token_keys.h */
    struct deeds deeds;
    struct ask_typed *typed;       /* ask.h: passwords of this run; NULL: none is kept */
    struct guard_findings *forced; /* past which guard rails the phrase goes; NULL: none */
    struct guard_seen *seen;       /* guard_seen.h: what the guard rails looked at; NULL: at nothing */
    char said[256];                /* the phrase as the history keeps it, with its arguments */
    time_t now;
};

/* Do what the arguments say (argv[0] is the program). Never exits; returns enum tvsctl_exit. */
int tvsctl_run(int argc, char **argv, const struct tvsctl_io *io);

#endif
