/* What a phone takes from its configuration file: its TVS servers. */
#ifndef TVSC_PHONE_CONFIG_H
#define TVSC_PHONE_CONFIG_H

#include "net.h"

/* The servers of <TVS><members><member priority="0"><address>HOST</address><port>2445</port></member>…, by
 * priority, those without one in the file's order behind; at most max. What is no address or port is
 * skipped, and so are comments. Returns how many. */
unsigned phone_config_servers(struct trust_bytes config, struct net_target *out, unsigned max);

#endif
