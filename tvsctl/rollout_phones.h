/* The phones of a roll-out: who has asked about its certificate, and who has not. */
#ifndef TVSCTL_ROLLOUT_PHONES_H
#define TVSCTL_ROLLOUT_PHONES_H

#include "known_phones.h"
#include "tvsctl.h"

/* Owns its texts. Those that have not asked come first, then by name. */
struct rollout_phones {
    struct trust_rollout_phone *items;
    size_t count, asked;
    bool counted; /* somebody knew which phones there are */
};

/* Of one that is open, what tvsd knows (NULL: nobody was asked); of one that is closed, what was known then.
 * Free with rollout_phones_fini, after a failure too. */
int rollout_phones_read(struct trust_store *store, const struct trust_rollout *rollout,
                        const struct known_phones *known, struct rollout_phones *out,
                        struct trust_error *err) TRUST_MUST_CHECK;
void rollout_phones_fini(struct rollout_phones *phones);

/* Print the phones that have asked, or have not: a table, cut after the first twenty unless --all is given.
 */
int rollout_phones_print(struct tvsctl *ctl, const struct rollout_phones *phones,
                         bool asked) TRUST_MUST_CHECK;

/* A line on where the phones come from: the running tvsd, or the file that the last one left. */
void rollout_phones_say_source(struct tvsctl *ctl, const struct known_phones *known);

#endif
