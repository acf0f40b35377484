/* For tests of guard rails: phrases that are refused and that are forced, and a phone that goes along. */
#ifndef TESTS_TVSCTL_HELPER_GUARD_H
#define TESTS_TVSCTL_HELPER_GUARD_H

#include "helper.h"

/* A bench with a TMPDIR of its own, in which nothing is ever left over; CallManager and TVS of our node, and
 * the lists with them. extra as for bench_open. */
void guard_open(struct bench *bench, const char *extra);
void guard_close(struct bench *bench);

/* The same state and folders as another node, sub, which `utils node add` may have made known. Of it phrases
 * are run; the bench is still to be closed. */
struct bench guard_open_sub(struct bench *bench);
void guard_close_sub(struct bench *sub);

/* Other lines of trust_lists from now on, in place of extra. */
void guard_configure(struct bench *bench, const char *extra);

/* Refused by that guard rail: its words on one line, the rehearsal's table or counts, what to do instead, how
 * to override it; and nothing has changed. text (NULL: not looked at) stands in it. */
void guard_refused(struct bench *bench, const char *rail, const char *words, const char *text);

/* Done without a word about guard rails, and none is logged. */
void guard_passes(struct bench *bench, const char *words);

/* Done, said, and logged with guard rail, phrase and person. */
void guard_forced(struct bench *bench, const char *rail, const char *words);

/* A certificate with its key, to be imported for our node, in the bench's folder. */
void guard_write_own(struct bench *bench, const char *name, const char *serial);
/* "set cert delete UNIT NUMBER" of the one that is in force for our node. Valid until the next call. */
const char *guard_delete_own(const struct bench *bench, enum trust_unit unit);

/* How often something was forced. */
int guard_count_forced(const struct bench *bench);

/* All phones are back: closes every roll-out that is open, if there is one. */
void guard_close_rollouts(struct bench *bench);

/* A phone of a family with TVS, which decides as trust_anchor_judge says. Zeroed it is fresh from the box. */
struct guard_phone {
    struct trust_list *ctl, *itl;
    const char *family; /* NULL: 78xx/88xx */
};

/* It boots, and keeps what it takes. Returns its outcome; candidates are those of `utils rehearse`. */
enum trust_outcome guard_phone_boots(struct bench *bench, struct guard_phone *phone);
/* It boots and follows. */
void guard_phone_follows(struct bench *bench, struct guard_phone *phone);
void guard_phone_fini(struct guard_phone *phone);

#endif
