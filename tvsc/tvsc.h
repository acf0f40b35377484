/* The phone's side of the TVS protocol: ask a server about a certificate or for one. */
#ifndef TVSC_TVSC_H
#define TVSC_TVSC_H

#include <stdio.h>

enum tvsc_exit {
    TVSC_TRUSTED = 0,
    TVSC_NOT_TRUSTED = 1,
    TVSC_USAGE = 2, /* wrong usage, or a file of ours that cannot be read or written */
    TVSC_NO_ANSWER = 3,
};

/* The whole program but for the process's own affairs: results to out, one line to err when something is
 * wrong. Returns an enum tvsc_exit. */
int tvsc_run(int argc, char **argv, FILE *out, FILE *err);

#endif
