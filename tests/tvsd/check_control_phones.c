/* Which roll-outs are open, read again and again from a store that others change. */
#include "helper_site.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/control_phones.h"
#include "tvsd/log.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct site site;
static struct config *config;
static struct event_base *base;
static struct control_phones *phones;
static char log_path[240];

static void set_up(void)
{
    char line[300];
    struct trust_error err = {0};
    site_init(&site);
    snprintf(log_path, sizeof log_path, "%s/log", site.root);
    snprintf(line, sizeof line, "log: { target: %s }\n", log_path);
    config = site_config(&site, line);
    ck_assert_msg(log_open(config, &err) == 0, "%s", err.text);
    base = event_base_new();
    phones = control_phones_new(base, config, false);
    ck_assert(base != NULL && phones != NULL);
}

static void tear_down(void)
{
    control_phones_free(phones);
    event_base_free(base);
    log_close();
    config_free(config);
    site_fini(&site);
}

/* As somebody else's program does. */
static void change_store(const char *sql)
{
    sqlite3 *db;
    char *why = NULL;
    ck_assert_int_eq(sqlite3_open(site.store_path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s", why);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static size_t lines_about(const char *what)
{
    size_t count = 0;
    struct trust_bytes text = fixture_read(log_path);
    for (const uint8_t *at = text.data;
         (at = memmem(at, text.len - (size_t)(at - text.data), what, strlen(what))) != NULL; at++)
        count++;
    fixture_free(text);
    return count;
}

/* A store that cannot be read is looked at again and again: it is said once, and again when it had been well.
 */
START_TEST(an_error_is_said_once)
{
    change_store("ALTER TABLE rollout RENAME TO elsewhere");
    for (int i = 0; i < 3; i++)
        control_phones_read_rollouts(phones, site.store);
    ck_assert_uint_eq(lines_about("event=store-refused "), 1);
    change_store("ALTER TABLE elsewhere RENAME TO rollout");
    control_phones_read_rollouts(phones, site.store);
    ck_assert_uint_eq(lines_about("event=store-refused "), 1);
    change_store("ALTER TABLE rollout RENAME TO elsewhere");
    for (int i = 0; i < 3; i++)
        control_phones_read_rollouts(phones, site.store);
    ck_assert_uint_eq(lines_about("event=store-refused "), 2);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("control_phones");
    TCase *all = tcase_create("rollouts");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, an_error_is_said_once);
    suite_add_tcase(suite, all);
    return suite;
}
