/* Is this CTL older than one that was in force? A list keeps its good signature for ever, so whoever can
 * write the TFTP folder can put back one from before a signer or a server was taken out. Main thread. */
#ifndef TVSD_CTL_AGE_H
#define TVSD_CTL_AGE_H

#include "config/config.h"
#include "ctl_file.h"
#include "trust.h"

/* Compare with the last CTL that was believed, and with the last one that was published here, by the time at
 * which their headers say that they were signed. An older one is warned of (ctl-older) or, with
 * trust_lists.refuse_older_ctl, refused with TRUST_EVALUE. Lists that cannot be read count as not there;
 * TRUST_ENOMEM. */
int ctl_age_check(const struct config *config, const char *path, const struct ctl_file *ctl,
                  struct trust_error *err) TRUST_MUST_CHECK;

#endif
