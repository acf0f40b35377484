/* Stores of older versions: brought up to date whole, or left as they are. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>

START_TEST(older_is_migrated_by_a_writer)
{
    char path[256], *folder = helper_fresh_path(path);
    struct trust_bytes first = fixture_read("./sql/0001-cucm.sql");
    helper_exec(path, (const char *)first.data);
    helper_exec(path, "PRAGMA user_version = 1; INSERT INTO processconfig VALUES ('Kept', 'yes')");
    fixture_free(first);
    helper_open_fails(path, TRUST_STORE_READ, TRUST_ESTOREVERSION, "version 1");
    struct trust_store *store = helper_store_open(path, TRUST_STORE_WRITE);
    helper_sql_is(store, "select paramvalue from processconfig where paramname = 'Kept'", "yes;");
    helper_sql_is(store, "select count(*) from certificatecache", "0;");
    trust_store_close(store);
    trust_store_close(helper_store_open(path, TRUST_STORE_READ));
    fixture_folder_remove(folder);
}
END_TEST

/* A store as version 2 left it. */
static void make_second_version(const char *path)
{
    struct trust_bytes first = fixture_read("./sql/0001-cucm.sql"),
                       second = fixture_read("./sql/0002-own.sql");
    helper_exec(path, (const char *)first.data);
    helper_exec(path, (const char *)second.data);
    helper_exec(path, "PRAGMA user_version = 2");
    fixture_free(first);
    fixture_free(second);
}

START_TEST(second_version_gets_nodes_from_its_certificates)
{
    char path[256], *folder = helper_fresh_path(path);
    make_second_version(path);
    helper_exec(path, "INSERT INTO certificate (pkid, servername, subjectname, issuername, serialnumber,"
                      " certificate, ipv4address) VALUES ('1', 'pub', '', '', '', '', '192.0.2.1'),"
                      " ('2', 'pub', '', '', '', '', ''), ('3', 'sub', '', '', '', '', ''),"
                      " ('4', '', '', '', '', '', '')");
    helper_open_fails(path, TRUST_STORE_READ, TRUST_ESTOREVERSION, "version 2");
    struct trust_store *store = helper_store_open(path, TRUST_STORE_WRITE);
    helper_sql_is(store, "select name, ipv4address from node order by 1", "pub|192.0.2.1;sub|;");
    helper_sql_is(store, "select count(*) from certificate", "4;");
    helper_sql_is(store,
                  "select (select count(*) from formername), (select count(*) from publication),"
                  " (select count(*) from signingrequest), (select count(*) from pendingfile),"
                  " (select count(*) from savedfile)",
                  "0|0|0|0|0;");
    trust_store_close(store);
    trust_store_close(helper_store_open(path, TRUST_STORE_READ));
    fixture_folder_remove(folder);
}
END_TEST

/* A store as version 3 left it. */
static void make_third_version(const char *path)
{
    struct trust_bytes third = fixture_read("./sql/0003-authority.sql");
    make_second_version(path);
    helper_exec(path, (const char *)third.data);
    helper_exec(path, "PRAGMA user_version = 3");
    fixture_free(third);
}

START_TEST(third_version_has_no_rollouts_yet)
{
    char path[256], *folder = helper_fresh_path(path);
    make_third_version(path);
    helper_exec(path,
                "INSERT INTO publication VALUES (5, 'ITLFile.tlv', 1, 'p', 'q', 'm', 's', 'n', 'x', 1, 1)");
    helper_open_fails(path, TRUST_STORE_READ, TRUST_ESTOREVERSION, "version 3");
    struct trust_store *store = helper_store_open(path, TRUST_STORE_WRITE);
    helper_sql_is(store, "select number, phrase from publication", "5|p;");
    helper_sql_is(store,
                  "select (select count(*) from rollout), (select count(*) from rolloutphone),"
                  " (select count(*) from forced)",
                  "0|0|0;");
    trust_store_close(store);
    trust_store_close(helper_store_open(path, TRUST_STORE_READ));
    fixture_folder_remove(folder);
}
END_TEST

/* The last table that each migration makes is there already: nothing of it is done. */
static const struct {
    void (*make)(const char *path);
    const char *version, *last, *first;
} failing[] = {
    {make_second_version, "version 2", "savedfile", "node"},
    {make_third_version, "version 3", "forced", "rollout"},
};

START_TEST(stays_whole_when_the_next_fails)
{
    char path[256], sql[128], *folder = helper_fresh_path(path);
    failing[_i].make(path);
    snprintf(sql, sizeof sql, "CREATE TABLE %s (a)", failing[_i].last);
    helper_exec(path, sql);
    helper_open_fails(path, TRUST_STORE_WRITE, TRUST_ESTORE, "schema up to date");
    helper_open_fails(path, TRUST_STORE_READ, TRUST_ESTOREVERSION, failing[_i].version);
    snprintf(sql, sizeof sql, "DROP TABLE %s; CREATE TABLE %s (a); DROP TABLE %s", failing[_i].last,
             failing[_i].first, failing[_i].first);
    helper_exec(path, sql);
    trust_store_close(helper_store_open(path, TRUST_STORE_WRITE));
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(failed_migration_leaves_nothing_half_done)
{
    char path[256], *folder = helper_fresh_path(path);
    struct trust_bytes first = fixture_read("./sql/0001-cucm.sql");
    helper_exec(path, (const char *)first.data);
    helper_exec(path, "PRAGMA user_version = 1; CREATE TABLE importedtrustrole (a)");
    fixture_free(first);
    helper_open_fails(path, TRUST_STORE_WRITE, TRUST_ESTORE, "schema up to date");
    helper_exec(path, "DROP TABLE importedtrustrole");
    trust_store_close(helper_store_open(path, TRUST_STORE_WRITE));
    fixture_folder_remove(folder);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("store: migrations");
    TCase *c = tcase_create("migrations");
    tcase_add_test(c, older_is_migrated_by_a_writer);
    tcase_add_test(c, second_version_gets_nodes_from_its_certificates);
    tcase_add_test(c, third_version_has_no_rollouts_yet);
    tcase_add_loop_test(c, stays_whole_when_the_next_fails, 0, sizeof failing / sizeof failing[0]);
    tcase_add_test(c, failed_migration_leaves_nothing_half_done);
    suite_add_tcase(s, c);
    return s;
}
