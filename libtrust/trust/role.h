/* Roles (what a certificate may be trusted for) and units (where CUCM files it, which gives it roles). */
#ifndef TRUST_ROLE_H
#define TRUST_ROLE_H

#include "error.h"

#include <stdbool.h>

/* Codes of CUCM's typetrustrole; the FUNCTION of a trust-list record and tag 8 of an answer use them too. */
enum trust_role {
    TRUST_ROLE_SAST = 0,
    TRUST_ROLE_CCM = 1,
    TRUST_ROLE_CCM_TFTP = 2,
    TRUST_ROLE_TFTP = 3,
    TRUST_ROLE_CAPF = 4,
    TRUST_ROLE_SRST = 5,
    TRUST_ROLE_FIREWALL = 6,
    TRUST_ROLE_APP_SERVER = 7,
    TRUST_ROLE_CA = 20,
    TRUST_ROLE_TVS = 21,
    TRUST_ROLE_SIGNALING = 22,
    TRUST_ROLE_PROVISIONING = 23,
    TRUST_ROLE_DATA_SERVICE = 24,
    TRUST_ROLE_NETWORK_ELEMENT = 25,
    TRUST_ROLE_VPN = 26,
    TRUST_ROLE_SERVICEABILITY = 27,
    TRUST_ROLE_UNKNOWN = 255,
};

/* A set of roles, ascending without repeats. Zero-initialised it is empty. */
#define TRUST_ROLES_MAX 32
struct trust_roles {
    uint8_t count;
    uint8_t code[TRUST_ROLES_MAX];
};

/* Put a role into the set. false if it is full (the set is unchanged then). */
bool trust_roles_add(struct trust_roles *roles, uint8_t role);
bool trust_roles_has(const struct trust_roles *roles, uint8_t role);
bool trust_roles_merge(struct trust_roles *into, const struct trust_roles *from);

/* As `show ctl` prints a FUNCTION: 0 "System Administrator Security Token", 2 "CCM+TFTP", 21 "TVS", … A code
 * without a name gives "UNKNOWN". Static storage. */
const char *trust_role_function_name(uint16_t code);

/* The short name of the open tools and of our own prints: "SAST", "CCM+TFTP", "APP-SERVER", "TVS", … or
 * "UNKNOWN". Static storage. */
const char *trust_role_short_name(uint16_t code);

/* The code of a short name, case ignored; -1 if there is none of that name. */
int trust_role_by_short_name(const char *name);

/* CUCM's certificate purposes, numbered as in typecertificateservice. */
enum trust_unit {
    TRUST_UNIT_PHONE_TRUST = 1,
    TRUST_UNIT_PHONE_VPN_TRUST = 2,
    TRUST_UNIT_CALLMANAGER = 3,
    TRUST_UNIT_CALLMANAGER_TRUST = 4,
    TRUST_UNIT_TOMCAT = 5,
    TRUST_UNIT_TOMCAT_TRUST = 6,
    TRUST_UNIT_IPSEC = 7,
    TRUST_UNIT_IPSEC_TRUST = 8,
    TRUST_UNIT_CAPF = 9,
    TRUST_UNIT_CAPF_TRUST = 10,
    TRUST_UNIT_TVS = 11,
    TRUST_UNIT_TVS_TRUST = 12,
    TRUST_UNIT_DIRECTORY_TRUST = 13,
    TRUST_UNIT_PHONE_SAST_TRUST = 14,
    TRUST_UNIT_PHONE_CTL_TRUST = 15,
    TRUST_UNIT_USERLICENSING_TRUST = 16,
    TRUST_UNIT_ITLRECOVERY = 17, /* 17 and 18 are numbers of ours */
    TRUST_UNIT_TVS_ECDSA = 18,
};

struct trust_unit_info {
    enum trust_unit unit;
    const char *name;
    bool own; /* holds our certificate and key; false: a trust unit, other people's certificates */
    struct trust_roles roles;
};

/* All units in the order of their numbers; *count of them. Static storage. */
const struct trust_unit_info *trust_units(size_t *count);

/* NULL if there is none. The name is compared without regard to case; a ".pem" behind it is ignored. */
const struct trust_unit_info *trust_unit_by_name(const char *name);
const struct trust_unit_info *trust_unit_by_number(int unit);

#endif
