/* Addresses to listen on, and the address that the node is known by. */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include "config.h"

#define ADDRESS_IPV4_MAX 16 /* "255.255.255.255" and its NUL */

/* Checks of the option table: TRUST_EVALUE with "why; what would do". */
int address_check_listen(const char *value, struct trust_error *err);
int address_check_node(const char *value, struct trust_error *err);

/* The IPv4 address that others reach this node at: the first of listen that is no wildcard, else the one that
 * the default route leaves by, else 127.0.0.1. Nothing is sent. */
void address_of_node(const struct config_strings *listen, char out[ADDRESS_IPV4_MAX]);

#endif
