/* What is in force after a start, a change, a reload, and after each that fails. */
#include "tests/check_main.h"

#include "tests/fixture.h"
#include "tests/tvsd/helper_site.h"
#include "tvsd/world.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct site site;
static struct person server, signer, stranger;
static struct world world;
static struct trust_error err;
static char config_path[240], good_path[240];

static void write_config(const char *more)
{
    char *text;
    int len = asprintf(&text, "state: %s\nnode: { name: %s }\ntrust_lists: { directory: %s%s }\n", site.state,
                       site.config->node.name, site.tftp, more);
    ck_assert_int_gt(len, 0);
    put_file(config_path, (struct trust_bytes){(const uint8_t *)text, (size_t)len});
    free(text);
}

static void set_up(void)
{
    site_init(&site);
    person_init(&server, "tvs");
    person_init(&signer, "publisher");
    person_init(&stranger, "stranger");
    snprintf(config_path, sizeof config_path, "%s/tvsd.yaml", site.root);
    snprintf(good_path, sizeof good_path, "%s/%s", site.state, CTL_FILE_GOOD);
    site_set_own(&site, TRUST_UNIT_CALLMANAGER, &signer);
    site_set_own(&site, TRUST_UNIT_TVS, &server);
    write_config("");
}

static void tear_down(void)
{
    world_fini(&world);
    person_fini(&server);
    person_fini(&signer);
    person_fini(&stranger);
    site_fini(&site);
}

static int start(void)
{
    err = (struct trust_error){0};
    int rc = world_read_config(&world, config_path, &err);
    if (rc == 0)
        rc = world_build(&world, NULL, &err);
    if (rc == 0) {
        world_say(&world);
        world_remember_ctl(&world);
    }
    return rc;
}

/* Reload as SIGHUP does: the new world in the place of the old, or nothing. */
static int reload(void)
{
    struct world next;
    err = (struct trust_error){0};
    int rc = world_read_config(&next, config_path, &err);
    if (rc == 0)
        rc = world_build(&next, &world, &err);
    if (rc != 0) {
        world_fini(&next);
        return rc;
    }
    world_fini(&world);
    world = next;
    world_remember_ctl(&world);
    return 0;
}

/* Certificates of the CTL that the next snapshot would hold. */
static size_t ctl_count(void)
{
    struct snapshot *snapshot = world_snapshot(&world);
    ck_assert_ptr_nonnull(snapshot);
    size_t count = trust_index_count(snapshot->ctl);
    snapshot_free(snapshot);
    return count;
}

static void put_ctl(const struct person *by, const struct person *also)
{
    put_list(site.ctl_path, "CTLFile.tlv", by, by, also);
}

static void garble_ctl(void)
{
    put_file(site.ctl_path, (struct trust_bytes){(const uint8_t *)"\1\0\2\1\2\2\0", 7});
}

#define ck_started() ck_assert_msg(start() == 0, "%s", err.text)

START_TEST(a_start_without_ctl_is_normal)
{
    ck_started();
    ck_assert_int_eq(world.ctl_status, CTL_ABSENT);
    ck_assert_uint_eq(ctl_count(), 0);
    ck_assert_uint_eq(trust_index_count(world.store_index), 2);
    ck_assert(trust_cert_equal(world.cert, server.cert));
    ck_assert_uint_eq(world.generation, 1);
}
END_TEST

START_TEST(a_start_without_store_says_what_to_run)
{
    site_remove_store(&site);
    ck_assert_int_eq(start(), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "`tvsctl set cert regen TVS --config "));
    ck_assert_ptr_nonnull(strstr(err.text, config_path));
}
END_TEST

START_TEST(a_start_without_certificate_says_what_to_run)
{
    struct trust_cert *deleted;
    ck_assert_int_eq(trust_store_delete(site.store, TRUST_UNIT_TVS, "tvs", &deleted, &err), 0);
    trust_cert_free(deleted);
    ck_assert_int_eq(start(), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "set cert regen TVS"));
}
END_TEST

START_TEST(a_start_without_key_says_what_to_run)
{
    char keys[240];
    snprintf(keys, sizeof keys, "%s/keys", site.state);
    ck_assert_int_eq(trust_key_remove(keys, "TVS", server.cert, NULL), 0);
    ck_assert_int_eq(start(), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "set cert regen TVS"));
    world_fini(&world);
    ck_assert_int_eq(world_read_config(&world, config_path, &err), 0);
    ck_assert_int_eq(world_check(&world, &err), TRUST_ENOTFOUND);
}
END_TEST

START_TEST(a_check_needs_no_ctl)
{
    ck_assert_int_eq(world_read_config(&world, config_path, &err), 0);
    garble_ctl();
    ck_assert_msg(world_check(&world, &err) == 0, "%s", err.text);
}
END_TEST

START_TEST(a_believed_ctl_is_in_force_and_kept)
{
    put_ctl(&signer, &stranger);
    ck_started();
    ck_assert_int_eq(world.ctl_status, CTL_BELIEVED);
    ck_assert_uint_eq(ctl_count(), 2);
    ck_assert_int_eq(access(good_path, F_OK), 0);
}
END_TEST

START_TEST(the_last_good_ctl_serves_at_a_start)
{
    put_ctl(&signer, &stranger);
    ck_started();
    world_fini(&world);
    garble_ctl();
    ck_started();
    ck_assert_int_eq(world.ctl_status, CTL_REFUSED);
    ck_assert_uint_eq(ctl_count(), 2);
    ck_assert_str_eq(world.ctl_path, good_path);
    ck_assert_int_eq(access(good_path, F_OK), 0);
}
END_TEST

START_TEST(the_last_good_ctl_is_judged_too)
{
    struct trust_list *list = site_list("CTLFile.tlv", &stranger, &stranger, NULL);
    put_file(good_path, list->file);
    trust_list_free(list);
    garble_ctl();
    ck_started();
    ck_assert_int_eq(world.ctl_status, CTL_REFUSED);
    ck_assert_uint_eq(ctl_count(), 0);
}
END_TEST

START_TEST(a_ctl_deleted_while_we_were_down_is_forgotten)
{
    put_ctl(&signer, NULL);
    ck_started();
    world_fini(&world);
    ck_assert_int_eq(unlink(site.ctl_path), 0);
    ck_started();
    ck_assert_uint_eq(ctl_count(), 0);
    ck_assert_int_ne(access(good_path, F_OK), 0);
}
END_TEST

START_TEST(a_tftp_folder_that_is_not_there_deletes_nothing)
{
    char away[300];
    snprintf(away, sizeof away, "%s/away", site.root);
    put_ctl(&signer, NULL);
    ck_started();
    ck_assert_int_eq(rename(site.tftp, away), 0);
    ck_assert(!world_ctl_changed(&world));
    ck_assert_uint_eq(ctl_count(), 1);
    world_fini(&world);
    ck_started();
    ck_assert_uint_eq(ctl_count(), 1);
    world_fini(&world);
    ck_assert_int_eq(unlink(good_path), 0);
    ck_started();
    ck_assert_int_eq(world.ctl_status, CTL_ABSENT);
    ck_assert(!world_ctl_changed(&world));
    ck_assert_msg(reload() == 0, "%s", err.text);
}
END_TEST

START_TEST(garbling_keeps_the_last_good)
{
    put_ctl(&signer, NULL);
    ck_started();
    garble_ctl();
    ck_assert(!world_ctl_changed(&world));
    ck_assert_int_eq(world.ctl_status, CTL_REFUSED);
    ck_assert_uint_eq(ctl_count(), 1);
    put_ctl(&stranger, &signer);
    ck_assert(!world_ctl_changed(&world));
    ck_assert_int_eq(world.ctl_error.code, TRUST_ESIGNER);
    ck_assert_uint_eq(ctl_count(), 1);
    put_ctl(&signer, &stranger);
    ck_assert(world_ctl_changed(&world));
    ck_assert_int_eq(world.ctl_status, CTL_BELIEVED);
    ck_assert_uint_eq(ctl_count(), 2);
}
END_TEST

START_TEST(deleting_empties_the_source)
{
    put_ctl(&signer, NULL);
    ck_started();
    ck_assert_int_eq(unlink(site.ctl_path), 0);
    ck_assert(world_ctl_changed(&world));
    ck_assert_int_eq(world.ctl_status, CTL_ABSENT);
    ck_assert_uint_eq(ctl_count(), 0);
    ck_assert_int_ne(access(good_path, F_OK), 0);
    ck_assert(!world_ctl_changed(&world)); /* nothing more to empty */
}
END_TEST

START_TEST(a_signer_that_becomes_known_is_believed)
{
    put_ctl(&stranger, NULL);
    ck_started();
    ck_assert_uint_eq(ctl_count(), 0);
    ck_assert(!world_retry_ctl(&world));
    site_add_trust(&site, TRUST_UNIT_PHONE_SAST_TRUST, &stranger);
    ck_assert(store_source_changed(&world.store));
    ck_assert(world_store_changed(&world));
    ck_assert_int_eq(world.ctl_status, CTL_BELIEVED);
    ck_assert_uint_eq(ctl_count(), 1);
    ck_assert(!world_retry_ctl(&world));
}
END_TEST

START_TEST(a_published_list_makes_its_signer_known)
{
    char path[300];
    put_ctl(&stranger, NULL);
    ck_started();
    snprintf(path, sizeof path, "%s/000001-CTLFile.tlv", site.published);
    put_list(path, "CTLFile.tlv", &stranger, &stranger, NULL);
    ck_assert(world_retry_ctl(&world));
    ck_assert_uint_eq(ctl_count(), 1);
}
END_TEST

START_TEST(only_what_changed_is_built_again)
{
    put_ctl(&signer, NULL);
    ck_started();
    struct snapshot *before = world_snapshot(&world);
    site_add_trust(&site, TRUST_UNIT_TOMCAT_TRUST, &stranger);
    ck_assert(world_store_changed(&world));
    struct snapshot *after = world_snapshot(&world);
    ck_assert_ptr_eq(before->config, after->config);
    ck_assert_ptr_eq(before->tls, after->tls);
    ck_assert_ptr_eq(before->ctl, after->ctl);
    ck_assert_ptr_ne(before->store, after->store);
    ck_assert_uint_eq(trust_index_count(after->store), 3);
    ck_assert_uint_eq(trust_index_count(before->store), 2);
    ck_assert_uint_eq(after->generation, before->generation + 1);
    snapshot_free(before);
    snapshot_free(after);
}
END_TEST

START_TEST(a_new_tvs_certificate_is_shown)
{
    ck_started();
    struct tls_context *before = world.tls;
    site_set_own(&site, TRUST_UNIT_TVS, &stranger);
    ck_assert(world_store_changed(&world));
    ck_assert_ptr_ne(world.tls, before);
    ck_assert(trust_cert_equal(world.cert, stranger.cert));
}
END_TEST

START_TEST(a_new_tvs_certificate_without_key_is_not)
{
    char keys[240];
    ck_started();
    struct tls_context *before = world.tls;
    site_set_own(&site, TRUST_UNIT_TVS, &stranger);
    snprintf(keys, sizeof keys, "%s/keys", site.state);
    ck_assert_int_eq(trust_key_remove(keys, "TVS", stranger.cert, NULL), 0);
    ck_assert(world_store_changed(&world));
    ck_assert_ptr_eq(world.tls, before);
    ck_assert(trust_cert_equal(world.cert, server.cert));
    ck_assert_int_ne(reload(), 0);
    ck_assert_ptr_eq(world.tls, before);
}
END_TEST

START_TEST(a_store_that_is_lost_stays_in_force)
{
    ck_started();
    const struct trust_index *before = world.store_index;
    site_remove_store(&site);
    ck_assert(!world_store_changed(&world));
    ck_assert_int_eq(world.store_error.code, TRUST_ENOTFOUND);
    ck_assert_ptr_eq(world.store_index, before);
    put_file(site.store_path, (struct trust_bytes){(const uint8_t *)"no database at all, but text", 28});
    ck_assert(!world_store_changed(&world));
    ck_assert_ptr_eq(world.store_index, before);
    ck_assert_uint_eq(trust_index_count(before), 2);
}
END_TEST

START_TEST(a_reload_takes_everything)
{
    put_ctl(&stranger, NULL);
    ck_started();
    ck_assert_uint_eq(ctl_count(), 0);
    write_config(", require_trusted_signer: false");
    unsigned long generation = world.generation;
    ck_assert_msg(reload() == 0, "%s", err.text);
    ck_assert(!world.config->trust_lists.require_trusted_signer);
    ck_assert_uint_eq(ctl_count(), 1);
    ck_assert_uint_gt(world.generation, generation);
}
END_TEST

/* Each makes a reload fail. */
static void bad_config(void)
{
    write_config(", no_such_option: 1");
}

static void no_store(void)
{
    site_remove_store(&site);
}

static void (*const spoil[])(void) = {bad_config, no_store};

START_TEST(a_reload_takes_everything_or_nothing)
{
    put_ctl(&signer, NULL);
    ck_started();
    const struct world before = world;
    site_add_trust(&site, TRUST_UNIT_TOMCAT_TRUST, &stranger);
    spoil[_i]();
    ck_assert_int_lt(reload(), 0);
    ck_assert_str_ne(err.text, "");
    ck_assert_ptr_eq(world.config, before.config);
    ck_assert_ptr_eq(world.tls, before.tls);
    ck_assert_ptr_eq(world.store_index, before.store_index);
    ck_assert_uint_eq(ctl_count(), 1);
}
END_TEST

/* Others may write the TFTP folder: they must not be able to hold up a reload. */
START_TEST(a_garbled_ctl_does_not_hold_up_a_reload)
{
    put_ctl(&signer, NULL);
    ck_started();
    world_remember_ctl(&world);
    garble_ctl();
    site_add_trust(&site, TRUST_UNIT_TOMCAT_TRUST, &stranger);
    ck_assert_msg(reload() == 0, "%s", err.text);
    ck_assert_int_eq(world.ctl_status, CTL_REFUSED);
    ck_assert_uint_eq(ctl_count(), 1);
    ck_assert_uint_eq(trust_index_count(world.store_index), 3);
    /* Not even when the copy is gone. */
    ck_assert_int_eq(unlink(good_path), 0);
    ck_assert_msg(reload() == 0, "%s", err.text);
    ck_assert_uint_eq(ctl_count(), 1);
}
END_TEST

/* 0: CTLFile.tlv is the CTL in force; 1: it is garbled, and the last good one serves; 2: at a reload. */
START_TEST(a_withdrawn_signer_takes_his_ctl_along)
{
    struct trust_cert *deleted;
    site_add_trust(&site, TRUST_UNIT_PHONE_SAST_TRUST, &stranger);
    put_ctl(&stranger, &server);
    ck_started();
    if (_i == 1) {
        garble_ctl();
        ck_assert(!world_ctl_changed(&world));
    }
    ck_assert_uint_eq(ctl_count(), 2);
    ck_assert_int_eq(trust_store_delete(site.store, TRUST_UNIT_PHONE_SAST_TRUST, "stranger", &deleted, &err),
                     0);
    trust_cert_free(deleted);
    ck_assert(_i == 2 ? reload() == 0 : world_store_changed(&world));
    ck_assert_uint_eq(ctl_count(), 0);
    ck_assert_int_eq(world.ctl_status, CTL_REFUSED);
    ck_assert(!world_retry_ctl(&world));
    put_ctl(&signer, NULL);
    ck_assert(world_retry_ctl(&world));
    ck_assert_uint_eq(ctl_count(), 1);
}
END_TEST

/* What was replaced is retired, and vouches on. */
START_TEST(a_replaced_signer_is_not_withdrawn)
{
    put_ctl(&signer, NULL);
    ck_started();
    site_set_own(&site, TRUST_UNIT_CALLMANAGER, &stranger);
    ck_assert(world_store_changed(&world));
    ck_assert_uint_eq(ctl_count(), 1);
    ck_assert_int_eq(world.ctl_status, CTL_BELIEVED);
}
END_TEST

Suite *suite(void)
{
    const TTest *const tests[] = {
        a_start_without_ctl_is_normal,
        a_start_without_store_says_what_to_run,
        a_start_without_certificate_says_what_to_run,
        a_start_without_key_says_what_to_run,
        a_check_needs_no_ctl,
        a_believed_ctl_is_in_force_and_kept,
        the_last_good_ctl_serves_at_a_start,
        the_last_good_ctl_is_judged_too,
        a_ctl_deleted_while_we_were_down_is_forgotten,
        a_tftp_folder_that_is_not_there_deletes_nothing,
        garbling_keeps_the_last_good,
        deleting_empties_the_source,
        a_signer_that_becomes_known_is_believed,
        a_published_list_makes_its_signer_known,
        only_what_changed_is_built_again,
        a_new_tvs_certificate_is_shown,
        a_new_tvs_certificate_without_key_is_not,
        a_store_that_is_lost_stays_in_force,
        a_reload_takes_everything,
        a_garbled_ctl_does_not_hold_up_a_reload,
        a_replaced_signer_is_not_withdrawn,
    };
    Suite *s = suite_create("world");
    TCase *c = tcase_create("world");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 60);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(c, tests[i]);
    tcase_add_loop_test(c, a_withdrawn_signer_takes_his_ctl_along, 0, 3);
    tcase_add_loop_test(c, a_reload_takes_everything_or_nothing, 0, (int)(sizeof spoil / sizeof spoil[0]));
    suite_add_tcase(s, c);
    return s;
}
