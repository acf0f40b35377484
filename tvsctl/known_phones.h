/* The phones that tvsd has answered: from the one that runs, else from the file that the last one left. */
#ifndef TVSCTL_KNOWN_PHONES_H
#define TVSCTL_KNOWN_PHONES_H

#include "config/config.h"
#include "config/phone.h"

struct known_phones {
    struct phone *items; /* sorted by name; those without one by address */
    size_t count;
    bool from_file;            /* no tvsd answered */
    time_t as_of;              /* when they were so */
    struct trust_error why;    /* from_file: why tvsd did not answer; as_of is 0 if there is no file either */
    struct trust_error damage; /* code 0, or what is wrong with the file: the phones before that are there */
};

/* Errors: TRUST_ENOMEM, TRUST_EDENIED, TRUST_ESYSTEM. That nobody knows any phone is no error. */
int known_phones_read(const struct config *config, struct known_phones *out,
                      struct trust_error *err) TRUST_MUST_CHECK;
void known_phones_fini(struct known_phones *phones);

/* How many of them followed a roll-out. */
size_t known_phones_followed(const struct known_phones *phones, int64_t rollout);

#endif
