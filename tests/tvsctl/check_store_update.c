/* utils store update: what an earlier version left becomes what this one needs. */
#include "helper.h"
#include "tests/check_main.h"

#include <sqlite3.h>

/* The store of the bench as version 3 of its schema had it. */
static void make_older(const struct bench *bench)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(bench->store, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "DROP TABLE forced; DROP TABLE rolloutphone; DROP TABLE rollout;"
                                  "PRAGMA user_version = 3",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(older_store)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen TVS");
    make_older(&bench);
    bench_run(&bench, "show cert own TVS");
    bench_expect(&bench, TVSCTL_REFUSED, "", "schema version 3");
    bench_run(&bench, "utils store update");
    bench_expect(&bench, TVSCTL_DONE, "the schema that this version needs", "");
    bench_run(&bench, "show cert own TVS");
    bench_expect(&bench, TVSCTL_DONE, "TVS", "");
    bench_run(&bench, "utils store update");
    bench_expect(&bench, TVSCTL_DONE, "the schema that this version needs", "");
    bench_close(&bench);
}
END_TEST

START_TEST(no_store)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "utils store update");
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no store yet");
    ck_assert(!helper_exists(bench.store));
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *update = suite_create("store_update");
    TCase *all = tcase_create("all");
    tcase_add_test(all, older_store);
    tcase_add_test(all, no_store);
    suite_add_tcase(update, all);
    return update;
}
