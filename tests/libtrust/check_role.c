#include "tests/check_main.h"

#include "trust/role.h"

#include <string.h>

START_TEST(sets_are_ascending_without_repeats)
{
    struct trust_roles roles = {0};
    static const uint8_t in[] = {21, 0, 7, 0, 255, 21, 2}, out[] = {0, 2, 7, 21, 255};
    for (size_t i = 0; i < sizeof in; i++)
        ck_assert(trust_roles_add(&roles, in[i]));
    ck_assert_uint_eq(roles.count, sizeof out);
    ck_assert_mem_eq(roles.code, out, sizeof out);
    ck_assert(trust_roles_has(&roles, 255));
    ck_assert(!trust_roles_has(&roles, 3));
}
END_TEST

START_TEST(sets_have_a_limit)
{
    struct trust_roles roles = {0}, other = {0};
    for (uint8_t i = 0; i < TRUST_ROLES_MAX; i++)
        ck_assert(trust_roles_add(&roles, (uint8_t)(2 * i)));
    ck_assert(!trust_roles_add(&roles, 1));
    ck_assert(trust_roles_add(&roles, 2)); /* in it already */
    ck_assert_uint_eq(roles.count, TRUST_ROLES_MAX);
    ck_assert(!trust_roles_has(&roles, 1));

    struct trust_roles before = roles;
    ck_assert(trust_roles_add(&other, 2));
    ck_assert(trust_roles_merge(&roles, &other));
    ck_assert(trust_roles_add(&other, 3));
    ck_assert(!trust_roles_merge(&roles, &other));
    ck_assert_mem_eq(&roles, &before, sizeof roles);
}
END_TEST

START_TEST(sets_merge)
{
    struct trust_roles a = {2, {0, 3}}, b = {2, {2, 3}};
    ck_assert(trust_roles_merge(&a, &b));
    ck_assert_uint_eq(a.count, 3);
    ck_assert_mem_eq(a.code, ((uint8_t[]){0, 2, 3}), 3);
}
END_TEST

static const struct {
    uint16_t code;
    const char *function, *short_name;
} names[] = {
    {0, "System Administrator Security Token", "SAST"},
    {1, "CCM", "CCM"},
    {2, "CCM+TFTP", "CCM+TFTP"},
    {3, "TFTP", "TFTP"},
    {4, "CAPF", "CAPF"},
    {5, "SRST", "SRST"},
    {7, "APP-SERVER", "APP-SERVER"},
    {21, "TVS", "TVS"},
    {26, "VPN", "VPN"},
    {255, "UNKNOWN", "UNKNOWN"},
};

START_TEST(role_names)
{
    ck_assert_str_eq(trust_role_function_name(names[_i].code), names[_i].function);
    ck_assert_str_eq(trust_role_short_name(names[_i].code), names[_i].short_name);
    ck_assert_int_eq(trust_role_by_short_name(names[_i].short_name), names[_i].code);
}
END_TEST

START_TEST(other_role_names)
{
    ck_assert_str_eq(trust_role_function_name(8), "UNKNOWN");
    ck_assert_str_eq(trust_role_short_name(256), "UNKNOWN"); /* not role 0 */
    ck_assert_int_eq(trust_role_by_short_name("app-server"), 7);
    ck_assert_int_eq(trust_role_by_short_name("CCM+"), -1);
    ck_assert_int_eq(trust_role_by_short_name(""), -1);
    int named = 0;
    for (int code = 0; code < 256; code++) {
        if (strcmp(trust_role_short_name((uint16_t)code), "UNKNOWN") == 0)
            continue;
        named++;
        ck_assert_int_eq(trust_role_by_short_name(trust_role_short_name((uint16_t)code)), code);
    }
    ck_assert_int_eq(named, 16);
}
END_TEST

/* CUCM's own enumeration. */
static const struct {
    int number;
    const char *name;
    bool own;
    struct trust_roles roles;
} units[] = {
    {1, "Phone-trust", false, {1, {7}}},
    {2, "Phone-VPN-trust", false, {1, {26}}},
    {3, "CallManager", true, {2, {0, 2}}},
    {4, "CallManager-trust", false, {0, {0}}},
    {5, "tomcat", true, {1, {7}}},
    {6, "tomcat-trust", false, {1, {7}}},
    {7, "ipsec", true, {1, {7}}},
    {8, "ipsec-trust", false, {0, {0}}},
    {9, "CAPF", true, {1, {4}}},
    {10, "CAPF-trust", false, {0, {0}}},
    {11, "TVS", true, {1, {21}}},
    {12, "TVS-trust", false, {0, {0}}},
    {13, "directory-trust", false, {0, {0}}},
    {14, "Phone-SAST-trust", false, {2, {0, 3}}},
    {15, "Phone-CTL-trust", false, {1, {7}}},
    {16, "userlicensing-trust", false, {0, {0}}},
    {17, "ITLRecovery", true, {1, {0}}},
    {18, "TVS-ECDSA", true, {1, {21}}},
};

START_TEST(unit_table)
{
    size_t count;
    const struct trust_unit_info *unit = trust_unit_by_number(units[_i].number);
    ck_assert_ptr_nonnull(unit);
    ck_assert_ptr_eq(&trust_units(&count)[_i], unit);
    ck_assert_uint_eq(count, sizeof units / sizeof units[0]);
    ck_assert_int_eq(unit->unit, units[_i].number);
    ck_assert_str_eq(unit->name, units[_i].name);
    ck_assert_int_eq(unit->own, units[_i].own);
    ck_assert_mem_eq(&unit->roles, &units[_i].roles, sizeof unit->roles);
    ck_assert_ptr_eq(trust_unit_by_name(unit->name), unit);
}
END_TEST

START_TEST(units_by_name)
{
    ck_assert_int_eq(trust_unit_by_name("callmanager.pem")->unit, TRUST_UNIT_CALLMANAGER);
    ck_assert_int_eq(trust_unit_by_name("TVS-ecdsa.PEM")->unit, TRUST_UNIT_TVS_ECDSA);
    ck_assert_ptr_null(trust_unit_by_name("CallManage"));
    ck_assert_ptr_null(trust_unit_by_name("TVS.der"));
    ck_assert_ptr_null(trust_unit_by_name(".pem"));
    ck_assert_ptr_null(trust_unit_by_name(""));
    ck_assert_ptr_null(trust_unit_by_number(0));
    ck_assert_ptr_null(trust_unit_by_number(-1));
    ck_assert_ptr_null(trust_unit_by_number(19));
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("role");
    TCase *t = tcase_create("role");
    tcase_add_test(t, sets_are_ascending_without_repeats);
    tcase_add_test(t, sets_have_a_limit);
    tcase_add_test(t, sets_merge);
    tcase_add_loop_test(t, role_names, 0, sizeof names / sizeof names[0]);
    tcase_add_test(t, other_role_names);
    tcase_add_loop_test(t, unit_table, 0, sizeof units / sizeof units[0]);
    tcase_add_test(t, units_by_name);
    suite_add_tcase(s, t);
    return s;
}
