#include "trust/role.h"

#include <string.h>
#include <strings.h>

bool trust_roles_has(const struct trust_roles *roles, uint8_t role)
{
    return memchr(roles->code, role, roles->count) != NULL;
}

bool trust_roles_add(struct trust_roles *roles, uint8_t role)
{
    if (trust_roles_has(roles, role))
        return true;
    if (roles->count == TRUST_ROLES_MAX)
        return false;
    size_t at = roles->count;
    while (at > 0 && roles->code[at - 1] > role)
        at--;
    memmove(roles->code + at + 1, roles->code + at, roles->count - at);
    roles->code[at] = role;
    roles->count++;
    return true;
}

bool trust_roles_merge(struct trust_roles *into, const struct trust_roles *from)
{
    struct trust_roles merged = *into;
    for (size_t i = 0; i < from->count; i++)
        if (!trust_roles_add(&merged, from->code[i]))
            return false;
    *into = merged;
    return true;
}

/* function: as `show ctl` prints it, where that differs from the short name. */
static const struct {
    uint8_t code;
    const char *short_name, *function;
} role_names[] = {
    {TRUST_ROLE_SAST, "SAST", "System Administrator Security Token"},
    {TRUST_ROLE_CCM, "CCM", NULL},
    {TRUST_ROLE_CCM_TFTP, "CCM+TFTP", NULL},
    {TRUST_ROLE_TFTP, "TFTP", NULL},
    {TRUST_ROLE_CAPF, "CAPF", NULL},
    {TRUST_ROLE_SRST, "SRST", NULL},
    {TRUST_ROLE_FIREWALL, "FIREWALL", NULL},
    {TRUST_ROLE_APP_SERVER, "APP-SERVER", NULL},
    {TRUST_ROLE_CA, "CA", NULL},
    {TRUST_ROLE_TVS, "TVS", NULL},
    {TRUST_ROLE_SIGNALING, "SIGNALING", NULL},
    {TRUST_ROLE_PROVISIONING, "PROVISIONING", NULL},
    {TRUST_ROLE_DATA_SERVICE, "DATA-SERVICE", NULL},
    {TRUST_ROLE_NETWORK_ELEMENT, "NETWORK-ELEMENT", NULL},
    {TRUST_ROLE_VPN, "VPN", NULL},
    {TRUST_ROLE_SERVICEABILITY, "SERVICEABILITY", NULL},
    {TRUST_ROLE_UNKNOWN, "UNKNOWN", NULL},
};

#define ROLE_COUNT (sizeof role_names / sizeof role_names[0])

const char *trust_role_short_name(uint16_t code)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (role_names[i].code == code)
            return role_names[i].short_name;
    return "UNKNOWN";
}

const char *trust_role_function_name(uint16_t code)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (role_names[i].code == code && role_names[i].function != NULL)
            return role_names[i].function;
    return trust_role_short_name(code);
}

int trust_role_by_short_name(const char *name)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (strcasecmp(role_names[i].short_name, name) == 0)
            return role_names[i].code;
    return -1;
}

/* One row a unit, in the order of the numbers (trust_unit_by_number counts on it). */
#define ROLES0()                                                                                             \
    {                                                                                                        \
        0,                                                                                                   \
        {                                                                                                    \
            0                                                                                                \
        }                                                                                                    \
    }
#define ROLES1(a)                                                                                            \
    {                                                                                                        \
        1,                                                                                                   \
        {                                                                                                    \
            TRUST_ROLE_##a                                                                                   \
        }                                                                                                    \
    }
#define ROLES2(a, b)                                                                                         \
    {                                                                                                        \
        2,                                                                                                   \
        {                                                                                                    \
            TRUST_ROLE_##a, TRUST_ROLE_##b                                                                   \
        }                                                                                                    \
    }
static const struct trust_unit_info units[] = {
    {TRUST_UNIT_PHONE_TRUST, "Phone-trust", false, ROLES1(APP_SERVER)},
    {TRUST_UNIT_PHONE_VPN_TRUST, "Phone-VPN-trust", false, ROLES1(VPN)},
    {TRUST_UNIT_CALLMANAGER, "CallManager", true, ROLES2(SAST, CCM_TFTP)},
    {TRUST_UNIT_CALLMANAGER_TRUST, "CallManager-trust", false, ROLES0()},
    {TRUST_UNIT_TOMCAT, "tomcat", true, ROLES1(APP_SERVER)},
    {TRUST_UNIT_TOMCAT_TRUST, "tomcat-trust", false, ROLES1(APP_SERVER)},
    {TRUST_UNIT_IPSEC, "ipsec", true, ROLES1(APP_SERVER)},
    {TRUST_UNIT_IPSEC_TRUST, "ipsec-trust", false, ROLES0()},
    {TRUST_UNIT_CAPF, "CAPF", true, ROLES1(CAPF)},
    {TRUST_UNIT_CAPF_TRUST, "CAPF-trust", false, ROLES0()},
    {TRUST_UNIT_TVS, "TVS", true, ROLES1(TVS)},
    {TRUST_UNIT_TVS_TRUST, "TVS-trust", false, ROLES0()},
    {TRUST_UNIT_DIRECTORY_TRUST, "directory-trust", false, ROLES0()},
    {TRUST_UNIT_PHONE_SAST_TRUST, "Phone-SAST-trust", false, ROLES2(SAST, TFTP)},
    {TRUST_UNIT_PHONE_CTL_TRUST, "Phone-CTL-trust", false, ROLES1(APP_SERVER)},
    {TRUST_UNIT_USERLICENSING_TRUST, "userlicensing-trust", false, ROLES0()},
    {TRUST_UNIT_ITLRECOVERY, "ITLRecovery", true, ROLES1(SAST)},
    {TRUST_UNIT_TVS_ECDSA, "TVS-ECDSA", true, ROLES1(TVS)},
};

#define UNIT_COUNT (sizeof units / sizeof units[0])

const struct trust_unit_info *trust_units(size_t *count)
{
    *count = UNIT_COUNT;
    return units;
}

const struct trust_unit_info *trust_unit_by_name(const char *name)
{
    size_t len = strlen(name);
    if (len > 4 && strcasecmp(name + len - 4, ".pem") == 0)
        len -= 4;
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (strlen(units[i].name) == len && strncasecmp(units[i].name, name, len) == 0)
            return &units[i];
    return NULL;
}

const struct trust_unit_info *trust_unit_by_number(int unit)
{
    if (unit < 1 || (size_t)unit > UNIT_COUNT)
        return NULL;
    return &units[unit - 1];
}
