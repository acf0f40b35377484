/* The words that `systemctl status` shows. */
#include "helper_world.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/log.h"
#include "tvsd/status.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char status[STATUS_MAX];

#define shows(text)                                                                                          \
    ck_assert_msg(strstr(status_text(&world, 3, false, status), text) != NULL, "%s: %s", text, status)

START_TEST(all_is_well)
{
    put_ctl(&signer, NULL);
    ck_started();
    ck_assert_str_eq(status_text(&world, 3, false, status),
                     "Certificates: 2 in the store, 1 in the CTL. Connections: 3.");
    ck_assert_str_eq(
        status_text(&world, 0, true, status),
        "Certificates: 2 in the store, 1 in the CTL. Connections: 0. The last reload was refused; "
        "the log says why.");
}
END_TEST

START_TEST(what_is_refused)
{
    char keys[240];
    put_ctl(&signer, NULL);
    ck_started();
    garble_ctl();
    ck_assert(!ctl_changed());
    shows(" CTLFile.tlv is refused, the last good one is in force.");
    site_set_own(&site, TRUST_UNIT_TVS, &stranger);
    snprintf(keys, sizeof keys, "%s/keys", site.state);
    ck_assert_int_eq(trust_key_remove(keys, "TVS", stranger.cert, NULL), 0);
    ck_assert(store_changed());
    shows(" The new TVS certificate cannot be used, the one before is in force.");
    site_remove_store(&site);
    ck_assert(!store_changed());
    shows(" The store cannot be read, what was read last is in force.");
}
END_TEST

START_TEST(no_ctl_in_force)
{
    char away[300];
    snprintf(away, sizeof away, "%s/away", site.root);
    garble_ctl();
    ck_started();
    shows(" CTLFile.tlv is refused, no CTL is in force.");
    ck_assert_int_eq(rename(site.tftp, away), 0);
    ck_assert(!ctl_changed());
    shows(" The TFTP folder is not there, no CTL is in force.");
    ck_assert_int_eq(mkdir(site.tftp, 0700), 0);
    ck_assert(ctl_changed());
    ck_assert_ptr_null(strstr(status_text(&world, 0, false, status), "CTLFile"));
}
END_TEST

START_TEST(a_log_that_fails)
{
    struct rlimit limit, low;
    char path[300], more[400], want[400];
    snprintf(path, sizeof path, "%s/log", site.root);
    snprintf(more, sizeof more, "log: { target: %s }\n", path);
    ck_started();
    struct config *config = site_config(&site, more);
    ck_assert_int_eq(log_open(config, &err), 0);
    config_free(config);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    low = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &low), 0);
    LOG_SAY(STOPPED);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    snprintf(want, sizeof want, " log.target %s: File too large.", path);
    shows(want);
    log_close();
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("status");
    TCase *c = tcase_create("status");
    tcase_add_checked_fixture(c, world_set_up, world_tear_down);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, all_is_well);
    tcase_add_test(c, what_is_refused);
    tcase_add_test(c, no_ctl_in_force);
    tcase_add_test(c, a_log_that_fails);
    suite_add_tcase(s, c);
    return s;
}
