/* Who else may say no: AppArmor and SELinux refuse what owner and mode allow, and the error is the same. */
#ifndef TVSD_CONFINED_H
#define TVSD_CONFINED_H

#include "trust.h"

#define CONFINED_LABEL   "/proc/self/attr/current"
#define CONFINED_SELINUX "/sys/fs/selinux/enforce"

/* If err says that something was not allowed (TRUST_EDENIED, or the system's words for it), and this process
 * is confined, add what to look at. label: CONFINED_LABEL; enforce: CONFINED_SELINUX. */
void confined_explain(const char *label, const char *enforce, struct trust_error *err);

#endif
