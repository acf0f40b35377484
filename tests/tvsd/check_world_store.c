/* When the store is loaded again: whenever something that answers come from may have changed, and else not.
 */
#include "helper_world.h"
#include "tests/check_main.h"

#include <sqlite3.h>
#include <stdio.h>

/* By hand, as sqlite3 does it. */
static void exec(const char *sql)
{
    char path[300];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/%s", site.state, TRUST_STORE_FILE);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* It is noticed that somebody wrote. Returns whether the store was loaded, which is said then. */
static bool loads(void)
{
    const struct trust_index *before = world.store_index;
    ck_assert(store_source_changed(&world.store));
    bool changed = world_store_changed(&world), is_said = world.fresh & WORLD_STORE;
    ck_assert_int_eq(changed, is_said);
    ck_assert_int_eq(world.store_index != before, is_said);
    ck_assert(!store_source_changed(&world.store));
    world_announce(&world);
    return is_said;
}

START_TEST(a_write_that_no_answer_depends_on)
{
    ck_started();
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(trust_store_set_param(site.store, "A", i % 2 != 0 ? "1" : "2", &err), 0);
        ck_assert(!loads());
    }
    site_set_own(&site, TRUST_UNIT_CAPF, &stranger);
    ck_assert(loads());
    ck_assert_int_eq(trust_store_clear_pending(site.store, &err), 0);
    exec("INSERT INTO node (name) VALUES ('by hand')");
    ck_assert(!loads());
}
END_TEST

/* Also if it is the same as before. */
START_TEST(a_write_by_hand)
{
    ck_started();
    for (int i = 0; i < 3; i++) {
        exec("UPDATE certificate SET timetolive = 60");
        ck_assert(loads());
        ck_assert_uint_eq(trust_index_at(world.store_index, 0)->ttl, 60);
    }
    exec("DELETE FROM certificatetrustrolemap");
    ck_assert(loads());
    ck_assert_uint_eq(trust_index_at(world.store_index, 0)->roles.count, 0);
}
END_TEST

START_TEST(a_store_that_cannot_tell)
{
    ck_started();
    exec("DROP TRIGGER answerstate_certificate_update");
    ck_assert(loads());
    exec("INSERT INTO node (name) VALUES ('a')");
    ck_assert(loads());
    exec("UPDATE certificate SET timetolive = 61");
    ck_assert(loads());
    ck_assert_uint_eq(trust_index_at(world.store_index, 0)->ttl, 61);
}
END_TEST

/* What could not be loaded is tried again, and loaded when it is right, though it is as it was then. */
START_TEST(a_load_that_failed)
{
    ck_started();
    exec("INSERT INTO certificate (pkid, subjectname, issuername, serialnumber, certificate)"
         " VALUES ('x', '', '', '', 'nothing')");
    ck_assert(store_source_changed(&world.store));
    ck_assert(!world_store_changed(&world));
    ck_assert_int_eq(world.store_error.code, TRUST_ESTORE);
    exec("INSERT INTO node (name) VALUES ('a')");
    ck_assert(!world_store_changed(&world));
    ck_assert_int_eq(world.store_error.code, TRUST_ESTORE);
    exec("DELETE FROM certificate WHERE pkid = 'x'");
    ck_assert(world_store_changed(&world));
    ck_assert_int_eq(world.store_error.code, 0);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("world: store");
    TCase *c = tcase_create("store");
    tcase_add_checked_fixture(c, world_set_up, world_tear_down);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_write_that_no_answer_depends_on);
    tcase_add_test(c, a_write_by_hand);
    tcase_add_test(c, a_store_that_cannot_tell);
    tcase_add_test(c, a_load_that_failed);
    suite_add_tcase(s, c);
    return s;
}
