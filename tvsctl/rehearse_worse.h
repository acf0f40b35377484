/* Phones of real families that fare worse than the general ones by which a rehearsal goes: old ones speak no
 * TLS 1.2 or no ECDSA, know no SHA-512, or hold no ITL. */
#ifndef TVSCTL_REHEARSE_WORSE_H
#define TVSCTL_REHEARSE_WORSE_H

#include "rehearse_words.h"

struct rehearse_worse_family {
    const struct trust_family *family;
    size_t waiting,
        stranded; /* kinds of phones, where the general family with the same lists is better off */
};

struct rehearse_worse {
    struct rehearse_worse_family items[REHEARSE_FAMILIES_MAX]; /* only those that fare worse */
    size_t count;
};

/* Judge every family that the question does not ask for, and compare with the words about those that it does
 * ask for. Phones that ask one node alone are not looked at. Errors: rehearse_judge's. */
int rehearse_worse_look(const struct rehearse_question *question, const struct rehearse_words *words,
                        struct rehearse_worse *worse, struct trust_error *err) TRUST_MUST_CHECK;

/* One line; nothing if none fares worse. phrase: the one that takes --family, to be told why. */
void rehearse_worse_print(const struct rehearse_worse *worse, const char *phrase, FILE *out);

/* The member "worse_families", an array; null if they were not looked at. */
void rehearse_worse_json(const struct rehearse_worse *worse, bool looked, struct json *json);

#endif
