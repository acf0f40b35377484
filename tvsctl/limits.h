/* What phones cannot do with a certificate, said when it comes in. */
#ifndef TVSCTL_LIMITS_H
#define TVSCTL_LIMITS_H

#include "tvsctl.h"

#define LIMITS_EXPIRY_WARNING (90 * 86400L) /* seconds before the end of validity */
#define LIMITS_CERTIFICATES   39            /* more in one list make it too large for phones */

/* Warn of each limit that the certificate meets. */
void limits_warn(struct tvsctl *ctl, const struct trust_cert *cert);

/* Whether old phones (79xx, 89xx, 99xx) can work with the key; if not, why. NULL if they can. */
const char *limits_of_key(const struct trust_cert *cert);

#endif
