/* Which CTL is in force after a start, a change, a reload. */
#include "helper_world.h"
#include "tests/check_main.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    ck_assert(!ctl_changed());
    ck_assert_uint_eq(ctl_count(), 1);
    world_fini(&world);
    ck_started();
    ck_assert_uint_eq(ctl_count(), 1);
    world_fini(&world);
    ck_assert_int_eq(unlink(good_path), 0);
    ck_started();
    ck_assert_int_eq(world.ctl_error.code, TRUST_ENOTFOUND);
    ck_assert(!ctl_changed());
    ck_assert_msg(reload() == 0, "%s", err.text);
}
END_TEST

START_TEST(garbling_keeps_the_last_good)
{
    put_ctl(&signer, NULL);
    ck_started();
    garble_ctl();
    ck_assert(!ctl_changed());
    ck_assert_int_eq(world.ctl_status, CTL_REFUSED);
    ck_assert_uint_eq(ctl_count(), 1);
    put_ctl(&stranger, &signer);
    ck_assert(!ctl_changed());
    ck_assert_int_eq(world.ctl_error.code, TRUST_ESIGNER);
    ck_assert_uint_eq(ctl_count(), 1);
    put_ctl(&signer, &stranger);
    ck_assert(ctl_changed());
    ck_assert_int_eq(world.ctl_status, CTL_BELIEVED);
    ck_assert_uint_eq(ctl_count(), 2);
}
END_TEST

START_TEST(deleting_empties_the_source)
{
    put_ctl(&signer, NULL);
    ck_started();
    ck_assert_int_eq(unlink(site.ctl_path), 0);
    ck_assert(ctl_changed());
    ck_assert_int_eq(world.ctl_status, CTL_ABSENT);
    ck_assert_uint_eq(ctl_count(), 0);
    ck_assert_int_ne(access(good_path, F_OK), 0);
    ck_assert(!ctl_changed()); /* nothing more to empty */
}
END_TEST

START_TEST(a_signer_that_becomes_known_is_believed)
{
    put_ctl(&stranger, NULL);
    ck_started();
    ck_assert_uint_eq(ctl_count(), 0);
    ck_assert(!retry_ctl());
    site_add_trust(&site, TRUST_UNIT_PHONE_SAST_TRUST, &stranger);
    ck_assert(store_source_changed(&world.store));
    ck_assert(store_changed());
    ck_assert_int_eq(world.ctl_status, CTL_BELIEVED);
    ck_assert_uint_eq(ctl_count(), 1);
    ck_assert(!retry_ctl());
}
END_TEST

START_TEST(a_published_list_makes_its_signer_known)
{
    char path[300];
    put_ctl(&stranger, NULL);
    ck_started();
    snprintf(path, sizeof path, "%s/000001-CTLFile.tlv", site.published);
    put_list(path, "CTLFile.tlv", &stranger, &stranger, NULL);
    ck_assert(retry_ctl());
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
    put_ctl(&stranger, &tvs);
    ck_started();
    if (_i == 1) {
        garble_ctl();
        ck_assert(!ctl_changed());
    }
    ck_assert_uint_eq(ctl_count(), 2);
    ck_assert_int_eq(trust_store_delete(site.store, TRUST_UNIT_PHONE_SAST_TRUST, "stranger", &deleted, &err),
                     0);
    trust_cert_free(deleted);
    ck_assert(_i == 2 ? reload() == 0 : store_changed());
    ck_assert_uint_eq(ctl_count(), 0);
    ck_assert_int_eq(world.ctl_status, CTL_REFUSED);
    ck_assert(!retry_ctl());
    put_ctl(&signer, NULL);
    ck_assert(retry_ctl());
    ck_assert_uint_eq(ctl_count(), 1);
}
END_TEST

/* What was replaced is retired, and vouches on. */
START_TEST(a_replaced_signer_is_not_withdrawn)
{
    put_ctl(&signer, NULL);
    ck_started();
    site_set_own(&site, TRUST_UNIT_CALLMANAGER, &stranger);
    ck_assert(store_changed());
    ck_assert_uint_eq(ctl_count(), 1);
    ck_assert_int_eq(world.ctl_status, CTL_BELIEVED);
}
END_TEST

Suite *suite(void)
{
    const TTest *const tests[] = {
        a_believed_ctl_is_in_force_and_kept,
        the_last_good_ctl_serves_at_a_start,
        the_last_good_ctl_is_judged_too,
        a_ctl_deleted_while_we_were_down_is_forgotten,
        a_tftp_folder_that_is_not_there_deletes_nothing,
        garbling_keeps_the_last_good,
        deleting_empties_the_source,
        a_signer_that_becomes_known_is_believed,
        a_published_list_makes_its_signer_known,
        a_garbled_ctl_does_not_hold_up_a_reload,
        a_replaced_signer_is_not_withdrawn,
    };
    Suite *s = suite_create("world: CTL");
    TCase *c = tcase_create("CTL");
    tcase_add_checked_fixture(c, world_set_up, world_tear_down);
    tcase_set_timeout(c, 60);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(c, tests[i]);
    tcase_add_loop_test(c, a_withdrawn_signer_takes_his_ctl_along, 0, 3);
    suite_add_tcase(s, c);
    return s;
}
