/* What is in force after a start, a change, a reload, and after each that fails. */
#include "helper_world.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

START_TEST(a_start_without_ctl_is_normal)
{
    ck_started();
    ck_assert_int_eq(world.ctl_status, CTL_ABSENT);
    ck_assert_uint_eq(ctl_count(), 0);
    ck_assert_uint_eq(trust_index_count(world.store_index), 2);
    ck_assert(trust_cert_equal(world.cert, tvs.cert));
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
    ck_assert_ptr_null(strstr(err.text, "correct node.name"));
}
END_TEST

/* The TVS certificate is another node's: the name is wrong rather than the certificate missing. */
START_TEST(a_wrong_node_name_is_named)
{
    char text[600];
    int len = snprintf(text, sizeof text, "state: %s\nnode: { name: mistyped }\n", site.state);
    put_file(config_path, (struct trust_bytes){(const uint8_t *)text, (size_t)len});
    ck_assert_int_eq(start(), TRUST_ENOTFOUND);
    const char *name = strstr(err.text, "correct node.name"), *regen = strstr(err.text, "set cert regen TVS");
    ck_assert(name != NULL && regen != NULL && name < regen);
    ck_assert_ptr_nonnull(strstr(err.text, "node \"mistyped\" has no"));
    snprintf(text, sizeof text, "node \"%s\" has: ", site.config->node.name);
    ck_assert_ptr_nonnull(strstr(err.text, text));
}
END_TEST

START_TEST(a_start_without_key_says_what_to_run)
{
    char keys[240];
    struct trust_error warning;
    snprintf(keys, sizeof keys, "%s/keys", site.state);
    ck_assert_int_eq(trust_key_remove(keys, "TVS", tvs.cert, NULL), 0);
    ck_assert_int_eq(start(), TRUST_ENOTFOUND);
    /* A new one is what no phone knows: the lost key comes first. */
    const char *restore = strstr(err.text, "from a backup"), *regen = strstr(err.text, "set cert regen TVS");
    ck_assert(restore != NULL && regen != NULL && restore < regen);
    ck_assert_ptr_nonnull(strstr(regen, "which phones refuse until they have an ITL"));
    world_fini(&world);
    ck_assert_int_eq(world_read_config(&world, config_path, &err), 0);
    ck_assert_int_eq(world_check(&world, &warning, &err), TRUST_ENOTFOUND);
}
END_TEST

START_TEST(a_check_needs_no_ctl)
{
    struct trust_error warning;
    ck_assert_int_eq(world_read_config(&world, config_path, &err), 0);
    ck_assert_msg(world_check(&world, &warning, &err) == 0, "%s", err.text);
    ck_assert_int_eq(warning.code, 0);
    world_fini(&world);
    ck_assert_int_eq(world_read_config(&world, config_path, &err), 0);
    garble_ctl();
    ck_assert_msg(world_check(&world, &warning, &err) == 0, "%s", err.text);
    ck_assert_int_ne(warning.code, 0);
}
END_TEST

START_TEST(only_what_changed_is_built_again)
{
    put_ctl(&signer, NULL);
    ck_started();
    struct snapshot *before = world_snapshot(&world);
    site_add_trust(&site, TRUST_UNIT_TOMCAT_TRUST, &stranger);
    ck_assert(store_changed());
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
    ck_assert(store_changed());
    ck_assert_ptr_ne(world.tls, before);
    ck_assert(trust_cert_equal(world.cert, stranger.cert));
}
END_TEST

/* The configuration goes on saying the name that the node had. */
START_TEST(a_renamed_node_is_followed)
{
    const struct trust_node renamed = {"renamed", "127.0.0.1"};
    char keys[240];
    snprintf(keys, sizeof keys, "%s/keys", site.state);
    ck_started();
    struct tls_context *before = world.tls;
    ck_assert_int_eq(trust_store_rename_node(site.store, world.config->node.name, "renamed", &err), 0);
    ck_assert(store_changed());
    ck_assert_ptr_eq(world.tls, before);
    ck_assert_int_eq(world.cert_error.code, 0);
    ck_assert_int_eq(trust_key_save(keys, "TVS", stranger.key, &err), 0);
    ck_assert_int_eq(trust_store_set_own(site.store, &renamed, TRUST_UNIT_TVS, stranger.cert, &err), 0);
    ck_assert(store_changed());
    ck_assert_ptr_ne(world.tls, before);
    ck_assert(trust_cert_equal(world.cert, stranger.cert));
    ck_assert_msg(reload() == 0, "%s", err.text);
    ck_assert(trust_cert_equal(world.cert, stranger.cert));
    world_fini(&world);
    ck_started();
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
    ck_assert(store_changed());
    ck_assert_ptr_eq(world.tls, before);
    ck_assert(trust_cert_equal(world.cert, tvs.cert));
    ck_assert_int_ne(reload(), 0);
    ck_assert_ptr_eq(world.tls, before);
}
END_TEST

/* Connections have all descriptors: the key cannot be read now. It is tried again without being asked to. */
START_TEST(a_new_tvs_certificate_waits_for_descriptors)
{
    struct rlimit limit, low;
    ck_started();
    site_set_own(&site, TRUST_UNIT_TVS, &stranger);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int next = dup(0); /* the lowest descriptor that is free */
    close(next);
    low = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    bool fresh = store_changed(), again = retry_cert();
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert(fresh && !again);
    ck_assert(trust_cert_equal(world.cert, tvs.cert));
    ck_assert(world_waits(&world));
    ck_assert(retry_cert());
    ck_assert(trust_cert_equal(world.cert, stranger.cert));
    ck_assert(!world_waits(&world));
    ck_assert(!retry_cert());
}
END_TEST

START_TEST(a_store_that_is_lost_stays_in_force)
{
    ck_started();
    const struct trust_index *before = world.store_index;
    site_remove_store(&site);
    ck_assert(!store_changed());
    ck_assert_int_eq(world.store_error.code, TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(world.store_error.text, " is gone; what was read stays in force: "));
    ck_assert_int_eq(reload(), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, " is gone; what was read stays in force: "));
    ck_assert_ptr_eq(world.store_index, before);
    put_file(site.store_path, (struct trust_bytes){(const uint8_t *)"no database at all, but text", 28});
    ck_assert(!store_changed());
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

Suite *suite(void)
{
    const TTest *const tests[] = {
        a_start_without_ctl_is_normal,
        a_start_without_store_says_what_to_run,
        a_start_without_certificate_says_what_to_run,
        a_wrong_node_name_is_named,
        a_start_without_key_says_what_to_run,
        a_check_needs_no_ctl,
        only_what_changed_is_built_again,
        a_new_tvs_certificate_is_shown,
        a_renamed_node_is_followed,
        a_new_tvs_certificate_without_key_is_not,
        a_new_tvs_certificate_waits_for_descriptors,
        a_store_that_is_lost_stays_in_force,
        a_reload_takes_everything,
    };
    Suite *s = suite_create("world");
    TCase *c = tcase_create("world");
    tcase_add_checked_fixture(c, world_set_up, world_tear_down);
    tcase_set_timeout(c, 60);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(c, tests[i]);
    tcase_add_loop_test(c, a_reload_takes_everything_or_nothing, 0, (int)(sizeof spoil / sizeof spoil[0]));
    suite_add_tcase(s, c);
    return s;
}
