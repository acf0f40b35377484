/* A refusal that owner and mode do not explain names who else may have refused. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/confined.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *label, *enforce, *added;
} hosts[] = {
    {"tvsd (enforce)\n", NULL, "the AppArmor profile tvsd does not: `journalctl -k -g DENIED`"},
    {"tvsd (complain)\n", NULL, NULL},
    {"unconfined\n", NULL, NULL},
    {"system_u:system_r:tvsd_t:s0\n", "1",
     "SELinux (system_u:system_r:tvsd_t:s0) does not: `ausearch -m avc"},
    {"system_u:system_r:tvsd_t:s0\n", "0", NULL},
    {"system_u:system_r:tvsd_t:s0\n", NULL, NULL},
    {"unconfined_u:unconfined_r:unconfined_t:s0\n", "1", NULL},
    {"", NULL, NULL},
};

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(who_confines_is_named)
{
    char *folder = fixture_folder(), label[300], enforce[300];
    struct trust_error err = {0};
    snprintf(label, sizeof label, "%s/label", folder);
    snprintf(enforce, sizeof enforce, "%s/enforce", folder);
    put(label, hosts[_i].label);
    if (hosts[_i].enforce != NULL)
        put(enforce, hosts[_i].enforce);
    trust_error_set(&err, TRUST_EDENIED, TRUST_NO_OFFSET, "cannot open it");
    confined_explain(label, enforce, &err);
    if (hosts[_i].added == NULL)
        ck_assert_str_eq(err.text, "cannot open it");
    else
        ck_assert_msg(strstr(err.text, hosts[_i].added) != NULL, "%s", err.text);
    trust_error_set(&err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "x: Permission denied");
    confined_explain(label, enforce, &err);
    ck_assert((strlen(err.text) > strlen("x: Permission denied")) == (hosts[_i].added != NULL));
    trust_error_set(&err, TRUST_EVALUE, TRUST_NO_OFFSET, "no number");
    confined_explain(label, enforce, &err);
    ck_assert_str_eq(err.text, "no number");
    fixture_folder_remove(folder);
}
END_TEST

Suite *suite(void)
{
    Suite *confined = suite_create("confined");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, who_confines_is_named, 0, (int)(sizeof hosts / sizeof hosts[0]));
    suite_add_tcase(confined, all);
    return confined;
}
