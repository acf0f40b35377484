/* The lists in the TFTP folder, to tell which certificates stand in them. */
#ifndef TVSCTL_PUBLISHED_H
#define TVSCTL_PUBLISHED_H

#include "config/config.h"
#include "trust.h"

struct published {
    struct trust_list *ctl, *itl; /* NULL: not there, or not a list */
};

/* Read what is there. Never fails: a list that cannot be read holds nothing, and `show ctl` says why. */
void published_read(const struct config *config, struct published *published);
void published_fini(struct published *published);

/* Whether a list holds the certificate, whole or as its hash. A NULL list holds nothing. */
bool published_holds(const struct trust_list *list, const struct trust_cert *cert);

/* "CTL, ITL", "CTL", "ITL" or "-". Static storage. */
const char *published_where(const struct published *published, const struct trust_cert *cert);

#endif
