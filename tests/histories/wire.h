/* The same histories over TLS: the built programs are the servers, a tvsd a node, and the phones, `tvsc
 * phone`. Phrases and rehearsals are said as in the others, to tvsctl's own code in this process. */
#ifndef TESTS_HISTORIES_WIRE_H
#define TESTS_HISTORIES_WIRE_H

#include "play.h"

/* As play_history; programs: the folder where they are. Time does not pass by itself there, and phones
 * remember no answers from one boot to the next, since a rehearsal is not told of them. While a server is
 * down, only words that need none are compared: a rehearsal takes all of them to be up. */
void wire_history(const char *programs, const struct history *history, FILE *told,
                  struct play_result *result);

#endif
