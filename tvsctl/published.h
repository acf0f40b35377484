/* The lists in the TFTP folder, to tell which certificates stand in them. */
#ifndef TVSCTL_PUBLISHED_H
#define TVSCTL_PUBLISHED_H

#include "config/config.h"
#include "trust.h"

#include <stdbool.h>

#define PUBLISHED_CTL "CTLFile.tlv"
#define PUBLISHED_ITL "ITLFile.tlv"

struct published {
    struct trust_list *ctl, *itl; /* NULL: not there, not a list, or not to be read */
};

/* Read what is there, with the rights of the folder's owner where the process has them: others may not look
 * into it. A folder that is missing holds nothing. *published is filled as far as possible, whatever comes
 * out. Errors: a file is there and cannot be read (TRUST_EDENIED, TRUST_ESYSTEM, TRUST_ENOMEM): to be heeded
 * by who changes something, not by who only shows. */
int published_read(const struct config *config, struct published *published, struct trust_error *err);
void published_fini(struct published *published);

/* Whether two lists are the same, byte for byte. NULL: there is none. */
bool published_same(const struct trust_list *a, const struct trust_list *b);

/* "CTL, ITL", "CTL", "ITL" or "-". Static storage. */
const char *published_where(const struct published *published, const struct trust_cert *cert);

#endif
