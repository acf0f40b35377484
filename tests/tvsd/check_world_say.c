/* What is said of a CTL that is refused, in force or gone: when, once, and what to do. */
#include "helper_world.h"
#include "tests/check_main.h"
#include "tvsd/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the log goes, from here on. */
static char log_path[240];
static void log_into_file(void)
{
    char more[300];
    snprintf(log_path, sizeof log_path, "%s/log", site.root);
    snprintf(more, sizeof more, "log: { target: %s }\n", log_path);
    struct config *config = site_config(&site, more);
    ck_assert_int_eq(log_open(config, &err), 0);
    config_free(config);
}

/* Whether the last ctl-refused names the CTL that is in force. */
static bool says_in_force(void)
{
    char name[CTL_SOURCE_NAME_SIZE], want[CTL_SOURCE_NAME_SIZE + 20], *last = NULL;
    uint8_t *log = NULL;
    size_t len;
    ck_assert_int_eq(trust_file_read(log_path, 1 << 20, &log, &len, NULL, NULL), 0);
    char *text = strndup((const char *)log, len);
    for (char *at = text; (at = strstr(at, "event=ctl-refused")) != NULL; at++)
        last = at;
    ck_assert_ptr_nonnull(last);
    snprintf(want, sizeof want, " in-force=%s remedy=", ctl_source_name(&world.ctl, name));
    bool is = strstr(last, want) != NULL && strchr(last, '\n') > strstr(last, want);
    free(text);
    free(log);
    return is;
}

static size_t said(const char *words)
{
    uint8_t *log = NULL;
    size_t len, count = 0;
    ck_assert_int_eq(trust_file_read(log_path, 1 << 20, &log, &len, NULL, NULL), 0);
    char *text = strndup((const char *)log, len);
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
        count++;
    free(text);
    free(log);
    return count;
}

/* A wrong trust_lists.directory is said as it is while running, at a start and at each reload. */
START_TEST(a_folder_that_is_not_there_is_said)
{
    static const char refused[] = "level=error event=ctl-refused";
    struct trust_error warning;
    char away[300];
    snprintf(away, sizeof away, "%s/away", site.root);
    log_into_file();
    ck_assert_int_eq(rename(site.tftp, away), 0);
    ck_started();
    ck_assert_uint_eq(said(refused), 1);
    ck_assert_uint_eq(said(" code=not-found reason="), 1);
    ck_assert_uint_eq(
        said(" in-force=none remedy=\"put the folder back, or correct trust_lists.directory and "), 1);
    ck_assert_msg(reload() == 0, "%s", err.text);
    ck_assert_uint_eq(said(refused), 2);
    ck_assert(!ctl_changed()); /* the same once more is not said */
    ck_assert(!world_waits(&world));
    ck_assert_uint_eq(said(refused), 2);
    struct world check;
    ck_assert_int_eq(world_read_config(&check, config_path, &err), 0);
    ck_assert_msg(world_check(&check, &warning, &err) == 0, "%s", err.text);
    ck_assert_int_eq(warning.code, TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(warning.text, "trust_lists.directory"));
    world_fini(&check);
    /* It is back: nothing went. */
    ck_assert_int_eq(rename(away, site.tftp), 0);
    ctl_changed();
    ck_assert_int_eq(world.ctl_status, CTL_ABSENT);
    ck_assert_uint_eq(said("event=ctl-gone"), 0);
    log_close();
}
END_TEST

/* What stays in force over a reload is not said to be loaded from the file that is refused. */
START_TEST(what_stays_in_force_is_not_loaded)
{
    put_ctl(&signer, NULL);
    log_into_file();
    ck_started();
    ck_assert_uint_eq(said("event=ctl-loaded"), 1);
    garble_ctl();
    ck_assert_msg(reload() == 0, "%s", err.text);
    world_say(&world);
    ck_assert_uint_eq(ctl_count(), 1);
    ck_assert_uint_eq(said("event=ctl-refused"), 1);
    ck_assert_uint_eq(said("event=ctl-loaded"), 1);
    put_ctl(&signer, &stranger);
    ck_assert_msg(reload() == 0, "%s", err.text);
    world_say(&world);
    ck_assert_uint_eq(said("event=ctl-loaded"), 2);
    log_close();
}
END_TEST

/* Whoever reads that something is loaded, or gone, may rely on it: workers have it by then. And the CTL is
 * kept for the next start after that, not before: disks may be slow. */
START_TEST(said_when_it_is_in_force)
{
    log_into_file();
    ck_started();
    size_t loaded = said("event=store-loaded");
    put_ctl(&signer, &stranger);
    site_set_own(&site, TRUST_UNIT_TVS, &signer);
    ck_assert(world_store_changed(&world));
    ck_assert(world_ctl_changed(&world));
    ck_assert_uint_eq(ctl_count(), 2); /* what workers are given */
    ck_assert_uint_eq(said("event=store-loaded"), loaded);
    ck_assert_uint_eq(said("event=certificate-loaded"), 1);
    ck_assert_uint_eq(said("event=ctl-loaded"), 0);
    ck_assert_int_ne(access(good_path, F_OK), 0);
    world_announce(&world);
    ck_assert_uint_eq(said("event=store-loaded"), loaded + 1);
    ck_assert_uint_eq(said("event=certificate-loaded"), 2);
    ck_assert_uint_eq(said("event=ctl-loaded"), 1);
    ck_assert_int_eq(access(good_path, F_OK), 0);
    ck_assert_int_eq(unlink(site.ctl_path), 0);
    ck_assert(world_ctl_changed(&world));
    ck_assert_uint_eq(said("event=ctl-gone"), 0);
    world_announce(&world);
    ck_assert_uint_eq(said("event=ctl-gone"), 1);
    ck_assert_int_ne(access(good_path, F_OK), 0);
    world_announce(&world); /* once */
    ck_assert_uint_eq(said("event=ctl-gone"), 1);
    ck_assert_uint_eq(said("event=certificate-loaded"), 2);
    log_close();
}
END_TEST

static void set_mode(const char *mode)
{
    ck_assert_int_eq(trust_store_set_param(site.store, "ClusterSecurityMode", mode, NULL), 0);
}

START_TEST(refusals_say_what_to_do)
{
    char want[700];
    log_into_file();
    set_mode("1");
    garble_ctl();
    ck_started();
    snprintf(want, sizeof want,
             " remedy=\"`tvsctl utils ctl update CTLFile --config %s`, or put back the last list from %s, "
             "with mode 0644\"\n",
             config_path, site.published);
    ck_assert_uint_eq(said(want), 1);
    put_ctl(&signer, NULL);
    ck_assert(ctl_changed());
    ck_assert_int_eq(unlink(site.ctl_path), 0);
    ck_assert(ctl_changed());
    ck_assert_uint_eq(said("event=ctl-gone file="), 1);
    ck_assert_uint_eq(said(" reason=\"it was deleted: answers come from the store alone\" remedy=\"phones in "
                           "mixed mode need it: `tvsctl utils ctl update CTLFile --config "),
                      1);
    log_close();
}
END_TEST

/* Without mixed mode, and without a CTL that was published here, phones need none: nobody is told to publish
 * one. Where there was one, the phrase is another than in mixed mode. */
START_TEST(refusals_without_mixed_mode)
{
    char want[700], path[300];
    log_into_file();
    garble_ctl();
    ck_started();
    snprintf(
        want, sizeof want,
        " in-force=none remedy=\"take CTLFile.tlv away, `tvsctl file delete tftp CTLFile.tlv --config %s`: "
        "the cluster is not in mixed mode, ",
        config_path);
    ck_assert_uint_eq(said(want), 1);
    ck_assert_int_eq(unlink(site.ctl_path), 0);
    ck_assert(ctl_changed());
    ck_assert_uint_eq(said("event=ctl-gone file="), 1);
    ck_assert_uint_eq(said(" remedy=\"none is needed: the cluster is not in mixed mode"), 1);
    put_ctl(&signer, NULL); /* as other software published it */
    ck_assert(ctl_changed());
    garble_ctl();
    ck_assert(!ctl_changed());
    snprintf(want, sizeof want,
             " remedy=\"put back the CTL in force: a copy of %s with mode 0644, moved to its place\"\n",
             good_path);
    ck_assert_uint_eq(said(want), 1);
    ck_assert_uint_eq(said("utils ctl "), 0);
    ck_assert_int_eq(unlink(site.ctl_path), 0);
    ck_assert_int_eq(mkdir(site.ctl_path, 0755), 0);
    ck_assert(!ctl_changed());
    snprintf(want, sizeof want,
             " remedy=\"take it away: `rm -d %s`; then put back the CTL in force: a copy of %s with mode "
             "0644, moved to its "
             "place\"\n",
             site.ctl_path, good_path);
    ck_assert_uint_eq(said(want), 1);
    ck_assert_int_eq(rmdir(site.ctl_path), 0);
    snprintf(path, sizeof path, "%s/000001-CTLFile.tlv", site.published);
    put_list(path, "CTLFile.tlv", &signer, &signer, NULL);
    garble_ctl();
    ck_assert(!ctl_changed());
    ck_assert_uint_eq(said(" remedy=\"`tvsctl utils ctl set-cluster non-secure-mode --config "), 1);
    /* Nor does that phrase publish where nothing is. */
    ck_assert_int_eq(unlink(site.ctl_path), 0);
    ck_assert_int_eq(mkdir(site.ctl_path, 0755), 0);
    ck_assert(!ctl_changed());
    snprintf(want, sizeof want,
             " remedy=\"take it away: `rm -d %s`; then put back the last list from %s, with mode 0644\"\n",
             site.ctl_path, site.published);
    ck_assert_uint_eq(said(want), 1);
    ck_assert_int_eq(rmdir(site.ctl_path), 0);
    ck_assert(ctl_changed());
    ck_assert_uint_eq(said("if it is to be there again, put back the last list from "), 1);
    log_close();
}
END_TEST

/* What is no file does not become one by waiting: it has to go, before any phrase. */
START_TEST(what_is_no_file_is_to_go)
{
    char want[700];
    log_into_file();
    ck_started();
    snprintf(want, sizeof want, " in-force=none remedy=\"take it away: `rm -d %s`\"\n", site.ctl_path);
    switch (_i) {
    case 0:
        ck_assert_int_eq(symlink("CTLFile.tlv", site.ctl_path), 0);
        break;
    case 1:
        ck_assert_int_eq(mkdir(site.ctl_path, 0755), 0);
        break;
    case 2:
        ck_assert_int_eq(mkfifo(site.ctl_path, 0644), 0);
        break;
    default:
        ck_assert_int_eq(symlink("/dev/null", site.ctl_path), 0);
    }
    ck_assert(!ctl_changed());
    ck_assert_int_eq(world.ctl_error.code, TRUST_EARGUMENT);
    ck_assert(!world_waits(&world));
    ck_assert_uint_eq(said(want), 1);
    set_mode("1");
    ck_assert(!ctl_changed());
    snprintf(want, sizeof want, "`rm -d %s`; then `tvsctl utils ctl update CTLFile --config ", site.ctl_path);
    ck_assert_uint_eq(said(want), 1);
    log_close();
}
END_TEST

START_TEST(a_refusal_says_what_stays_in_force)
{
    struct trust_cert *deleted;
    char name[CTL_SOURCE_NAME_SIZE];
    log_into_file();
    garble_ctl();
    ck_started();
    ck_assert_str_eq(ctl_source_name(&world.ctl, name), "none");
    ck_assert(says_in_force());
    put_ctl(&stranger, &tvs); /* a stranger's, while there is none */
    ck_assert(!ctl_changed());
    ck_assert(says_in_force());
    site_add_trust(&site, TRUST_UNIT_PHONE_SAST_TRUST, &stranger);
    ck_assert(store_changed());
    ck_assert_uint_eq(strlen(ctl_source_name(&world.ctl, name)), 40);
    garble_ctl();
    ck_assert(!ctl_changed());
    ck_assert(says_in_force());
    ck_assert_msg(reload() == 0, "%s", err.text);
    ck_assert(says_in_force());
    world_fini(&world);
    ck_started(); /* ctl.good serves */
    ck_assert_str_eq(world.ctl_path, good_path);
    ck_assert(says_in_force());
    ck_assert_int_eq(trust_store_delete(site.store, TRUST_UNIT_PHONE_SAST_TRUST, "stranger", &deleted, &err),
                     0);
    trust_cert_free(deleted);
    ck_assert_msg(reload() == 0, "%s", err.text); /* its signer is withdrawn: none is left */
    ck_assert_str_eq(ctl_source_name(&world.ctl, name), "none");
    ck_assert(says_in_force());
    ck_assert_int_ne(world.ctl_error.code, TRUST_ESIGNER); /* what CTLFile.tlv is refused for */
    log_close();
}
END_TEST

Suite *suite(void)
{
    const TTest *const tests[] = {
        a_refusal_says_what_stays_in_force,
        a_folder_that_is_not_there_is_said,
        what_stays_in_force_is_not_loaded,
        said_when_it_is_in_force,
        refusals_say_what_to_do,
        refusals_without_mixed_mode,
    };
    Suite *s = suite_create("world: what is said");
    TCase *c = tcase_create("CTL");
    tcase_add_checked_fixture(c, world_set_up, world_tear_down);
    tcase_set_timeout(c, 60);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(c, tests[i]);
    tcase_add_loop_test(c, what_is_no_file_is_to_go, 0, 4);
    suite_add_tcase(s, c);
    return s;
}
