/* What `show ctl` and `show itl` ought to print of a list: written from the bytes alone, beside the program's
 * own way, so that each can be held against the other. */
#ifndef TESTS_TVSCTL_HELPER_LISTING_H
#define TESTS_TVSCTL_HELPER_LISTING_H

#include "trust.h"

/* The whole print of a verified list, with single blanks between columns. kind: "CTL" or "ITL". signer: by
 * which certificate it was signed. free() it. */
char *listing_of(const char *kind, struct trust_bytes file, const struct trust_cert *signer);

#endif
