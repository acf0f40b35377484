/* Lines for the operator on the error output. Everything that they carry is made safe for a terminal. */
#ifndef TVSCTL_SAY_H
#define TVSCTL_SAY_H

#include "tvsctl.h"

/* "tvsctl: …": it cannot be done. Returns TVSCTL_REFUSED. */
int say_refusal(struct tvsctl *ctl, const char *format, ...) TRUST_PRINTF(2, 3);

/* The same, with the text of an error of libtrust. */
int say_error(struct tvsctl *ctl, const struct trust_error *err);

/* "tvsctl: …": the command line makes no sense. Returns TVSCTL_USAGE. */
int say_usage(struct tvsctl *ctl, const char *format, ...) TRUST_PRINTF(2, 3);

/* "tvsctl: warning: …". */
void say_warning(struct tvsctl *ctl, const char *format, ...) TRUST_PRINTF(2, 3);

/* "tvsctl: note: …": what was done, where the output itself is to be nothing else. */
void say_note(struct tvsctl *ctl, const char *format, ...) TRUST_PRINTF(2, 3);

/* Refuse for want of memory. Returns TVSCTL_REFUSED. */
int say_no_memory(struct tvsctl *ctl);

#endif
