/* The security tokens of a history, real as far as tvsctl can tell: the fake module (tests/tokens) shows
 * them. Two sign CTL files, and have the certificates that stand-ins have; two more have keys for our own
 * units. */
#ifndef TESTS_HISTORIES_HARDWARE_H
#define TESTS_HISTORIES_HARDWARE_H

#include "history.h"
#include "tests/fake_tokens.h"

#define HARDWARE_SIGNERS 2 /* the first of them */
#define HARDWARE_TOKENS  4

struct hardware {
    struct fake_tokens tokens; /* folder NULL: there are none */
    char pin[300];             /* the file with their PIN */
    bool gone[HARDWARE_TOKENS];
};

/* Where tokens were not built in, there are none. */
void hardware_open(struct hardware *hardware);
void hardware_close(struct hardware *hardware);
bool hardware_is_there(const struct hardware *hardware);

/* The URI of one of them, with its PIN. Valid for the next three calls. */
const char *hardware_uri(const struct hardware *hardware, size_t token);

/* One that signs CTL files and is at hand, that one if it can be. */
size_t hardware_signer(const struct hardware *hardware, size_t wanted);

/* It is lost, or fails when it is asked to sign (by_half); or, if it was, it is found again. out: which. */
void hardware_turn(struct hardware *hardware, size_t token, bool by_half, char *out, size_t size);

/* Whether any cannot sign. A rehearsal needs no token for keys of our own, and cannot know. */
bool hardware_lacks(const struct hardware *hardware);

#endif
