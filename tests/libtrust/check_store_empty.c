/* A store that is in no file. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>
#include <unistd.h>

START_TEST(empty_one_is_in_no_file)
{
    char path[256], *folder = fixture_folder();
    struct trust_store *store;
    struct trust_error err = {0};
    char *value;
    snprintf(path, sizeof path, "%s/" TRUST_STORE_FILE, folder);
    helper_ok(trust_store_open_empty(path, &store, &err), &err);
    helper_sql_is(store, "select paramname,paramvalue from processconfig", "ClusterSecurityMode|0;");
    ck_assert_int_eq(trust_store_get_param(store, "other", &value, &err), TRUST_ENOTFOUND);
    trust_store_close(store);
    ck_assert_int_ne(access(path, F_OK), 0);
    fixture_folder_remove(folder);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("store: empty");
    TCase *cases = tcase_create("empty");
    tcase_add_test(cases, empty_one_is_in_no_file);
    suite_add_tcase(all, cases);
    return all;
}
