/* Networks in the notation of RFC 4632: "192.0.2.0/24", "2001:db8::/32", or one address without a length. */
#ifndef CONFIG_NETWORK_H
#define CONFIG_NETWORK_H

#include "config.h"

/* A check of an option's value: TRUST_EVALUE if it is no network. Bits behind its length must be zero. */
int network_check(const char *value, struct trust_error *err);

/* Whether an address, in words, lies in one of the networks. IPv4 alone lies in IPv4 networks. */
bool network_has(const struct config_strings *networks, const char *address);

#endif
