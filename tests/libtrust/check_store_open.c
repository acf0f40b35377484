/* The store as a file: made, migrated by several at once, refused when it is not ours, transactions. */
#include "libtrust/store_internal.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(made_with_its_mode_whatever_the_umask)
{
    char path[256], *folder = helper_fresh_path(path);
    umask(0077);
    trust_store_close(helper_store_open(path, TRUST_STORE_WRITE));
    struct stat info;
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(info.st_mode & 07777, 0640);
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(starts_with_what_cucm_has)
{
    struct helper_store s = helper_store_new();
    helper_sql_is(s.store, "select paramname,paramvalue from processconfig", "ClusterSecurityMode|0;");
    helper_sql_is(s.store, "select count(*), min(enum), max(enum) from typetrustrole", "17|0|255;");
    helper_sql_is(s.store, "select count(*) from certificate", "0;");
    int64_t cache = 0;
    ck_assert_int_eq(store_number(s.store, 0, &cache, NULL, "PRAGMA cache_size", ""), 0);
    ck_assert_int_eq(cache, -65536);

    /* The unit table of the library and the one in the database say the same. */
    size_t count;
    const struct trust_unit_info *units = trust_units(&count);
    for (size_t i = 0; i < count; i++) {
        char statement[128], expected[64];
        snprintf(statement, sizeof statement, "select name from typecertificateservice where enum = %d",
                 (int)units[i].unit);
        snprintf(expected, sizeof expected, "%s;", units[i].name);
        helper_sql_is(s.store, statement, expected);
    }
    helper_sql_is(s.store, "select count(*) from typecertificateservice", "18;");
    helper_store_free(&s);
}
END_TEST

/* Of 0 bytes, or without a table: nothing that a reader could bring up to date. To write, it becomes one. */
START_TEST(empty)
{
    char path[256], *folder = helper_fresh_path(path);
    helper_exec(path, ""); /* 0 bytes */
    for (int i = 0; i < 2; i++) {
        helper_open_fails(path, TRUST_STORE_READ, TRUST_EEMPTY, "the store is empty: ");
        helper_open_fails(path, TRUST_STORE_READ, TRUST_EEMPTY, "`tvsctl utils restore FILE`");
        helper_exec(path, "CREATE TABLE t (c); DROP TABLE t");
    }
    trust_store_close(helper_store_open(path, TRUST_STORE_WRITE));
    trust_store_close(helper_store_open(path, TRUST_STORE_READ));
    fixture_folder_remove(folder);
}
END_TEST

/* Whoever has it open finds it damaged. */
START_TEST(emptied_while_open)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    bool blank;
    helper_store_close(&s); /* nothing is left in its log */
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    ck_assert_int_eq(trust_store_is_blank(reader, &blank, &err), 0);
    ck_assert_int_eq(truncate(s.path, 0), 0);
    ck_assert_int_eq(trust_store_is_blank(reader, &blank, &err), TRUST_EEMPTY);
    ck_assert_msg(strstr(err.text, "the store is empty: ") != NULL, "%s", err.text);
    trust_store_close(reader);
    helper_store_free(&s);
}
END_TEST

/* In any of the three tables, and in no other: what a first phrase that fails leaves is blank. */
START_TEST(blank_until_something_is_in_it)
{
    static const char *const rows[] = {
        "INSERT INTO publication VALUES (1, '', 0, '', '', '', '', '', '', 0, 0)",
        "INSERT INTO signingrequest VALUES ('node', 1, '', 0)",
    };
    struct helper_store s = helper_store_new();
    bool blank = false;
    helper_exec(s.path, "INSERT INTO processconfig (paramname, paramvalue) VALUES ('a', 'b')");
    ck_assert_int_eq(trust_store_is_blank(s.store, &blank, NULL), 0);
    ck_assert(blank);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        helper_exec(s.path, rows[i]);
        ck_assert_int_eq(trust_store_is_blank(s.store, &blank, NULL), 0);
        ck_assert(!blank);
        helper_exec(s.path, "DELETE FROM publication; DELETE FROM signingrequest");
    }
    struct trust_cert *cert = helper_cert_from("one", time(NULL));
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert);
    ck_assert_int_eq(trust_store_is_blank(s.store, &blank, NULL), 0);
    ck_assert(!blank);
    trust_cert_free(cert);
    helper_store_free(&s);
}
END_TEST

START_TEST(missing)
{
    char path[256], *folder = helper_fresh_path(path);
    helper_open_fails(path, TRUST_STORE_READ, TRUST_ENOTFOUND, "no store yet");
    strcat(path, "/below/" TRUST_STORE_FILE);
    helper_open_fails(path, TRUST_STORE_WRITE, TRUST_ENOTFOUND, "folder");
    helper_open_fails(path, TRUST_STORE_READ, TRUST_ENOTFOUND, "no store yet");
    helper_open_fails(folder, TRUST_STORE_WRITE, TRUST_ESTORE,
                      "a folder, not a file: move it away and put the store back, or name the store's folder "
                      "(`state` in tvsd.yaml)");
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(no_database)
{
    char path[256], *folder = helper_fresh_path(path);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is no database ", file);
    fclose(file);
    helper_open_fails(path, TRUST_STORE_READ, TRUST_ESTORE, "SQLITE_NOTADB");
    helper_open_fails(path, TRUST_STORE_WRITE, TRUST_ESTORE, "SQLITE_NOTADB");
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(a_database_of_others)
{
    char path[256], *folder = helper_fresh_path(path);
    helper_exec(path, "CREATE TABLE t (a)");
    helper_open_fails(path, TRUST_STORE_READ, TRUST_ESTORE, "name the store's folder (`state` in tvsd.yaml)");
    helper_open_fails(path, TRUST_STORE_WRITE, TRUST_ESTORE, "`tvsctl utils import usecallmanager`");
    helper_exec(path, "PRAGMA user_version = 1");
    helper_open_fails(path, TRUST_STORE_WRITE, TRUST_ESTORE, "other software");
    helper_exec(path, "SELECT a FROM t");
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(newer_than_this_program)
{
    struct helper_store s = helper_store_new();
    helper_store_close(&s);
    helper_exec(s.path, "PRAGMA user_version = 4711");
    helper_open_fails(s.path, TRUST_STORE_READ, TRUST_ESTOREVERSION, "4711");
    helper_open_fails(s.path, TRUST_STORE_WRITE, TRUST_ESTOREVERSION, "4711");
    helper_open_fails(s.path, TRUST_STORE_READ, TRUST_ESTOREVERSION, "knows up to 5");
    helper_store_free(&s);
}
END_TEST

START_TEST(version_that_makes_no_sense)
{
    struct helper_store s = helper_store_new();
    helper_store_close(&s);
    helper_exec(s.path, "PRAGMA user_version = -1");
    helper_open_fails(s.path, TRUST_STORE_READ, TRUST_ESTORE, "version -1");
    helper_open_fails(s.path, TRUST_STORE_WRITE, TRUST_ESTORE, "version -1");
    helper_store_free(&s);
}
END_TEST

START_TEST(unfinished_file_is_finished)
{
    char path[256], *folder = helper_fresh_path(path);
    close(open(path, O_CREAT | O_WRONLY, 0640));
    helper_open_fails(path, TRUST_STORE_READ, TRUST_EEMPTY, "is empty");
    trust_store_close(helper_store_open(path, TRUST_STORE_WRITE));
    trust_store_close(helper_store_open(path, TRUST_STORE_READ));
    fixture_folder_remove(folder);
}
END_TEST

/* Root may do anything; the child becomes somebody else. Exit status 0: refused as it should be. */
static int as_nobody(const char *path, enum trust_store_mode mode)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (geteuid() == 0 && (setegid(65534) != 0 || seteuid(65534) != 0))
            _exit(2);
        struct trust_error err = {0};
        struct trust_store *store;
        int rc = trust_store_open(path, mode, &store, &err);
        bool said = strstr(err.text, "folder") != NULL || strstr(err.text, "ermission") != NULL;
        _exit(rc == TRUST_EDENIED && said ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(without_the_right)
{
    struct helper_store s = helper_store_new();
    helper_store_close(&s);
    ck_assert_int_eq(chmod(s.path, 0444), 0);
    ck_assert_int_eq(chmod(s.folder, 0555), 0);
    ck_assert_int_eq(as_nobody(s.path, TRUST_STORE_READ), 0); /* the log cannot be made */
    ck_assert_int_eq(as_nobody(s.path, TRUST_STORE_WRITE), 0);
    ck_assert_int_eq(chmod(s.path, 0), 0);
    ck_assert_int_eq(as_nobody(s.path, TRUST_STORE_READ), 0);
    ck_assert_int_eq(chmod(s.folder, 0), 0);
    ck_assert_int_eq(as_nobody(s.path, TRUST_STORE_READ), 0);
    ck_assert_int_eq(chmod(s.folder, 0755), 0);
    ck_assert_int_eq(unlink(s.path), 0);
    ck_assert_int_eq(chmod(s.folder, 0555), 0);
    ck_assert_int_eq(as_nobody(s.path, TRUST_STORE_WRITE), 0); /* cannot be made */
    ck_assert_int_eq(chmod(s.folder, 0755), 0);
    helper_store_free(&s);
}
END_TEST

#define PROGRAMS 8

START_TEST(several_programs_make_it_at_once)
{
    char path[256], *folder = helper_fresh_path(path);
    int gate[2];
    pid_t children[PROGRAMS];
    ck_assert_int_eq(pipe(gate), 0);
    for (int i = 0; i < PROGRAMS; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            char byte, name[32];
            struct trust_store *store;
            close(gate[1]);
            ssize_t n = read(gate[0], &byte, 1); /* all start when the parent closes its end */
            snprintf(name, sizeof name, "Program%d", i);
            int rc = trust_store_open(path, TRUST_STORE_WRITE, &store, NULL);
            if (rc == 0)
                rc = trust_store_set_param(store, name, "done", NULL);
            trust_store_close(store);
            _exit(n == 0 && rc == 0 ? 0 : 1);
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < PROGRAMS; i++) {
        int status;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    struct trust_store *store = helper_store_open(path, TRUST_STORE_READ);
    helper_sql_is(store, "select count(*) from processconfig where paramvalue = 'done'", "8;");
    helper_sql_is(store, "select count(*) from typetrustrole", "17;");
    trust_store_close(store);
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(readers_see_that_somebody_wrote)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    int64_t before, same, after;
    helper_ok(trust_store_data_version(reader, &before, &err), &err);
    helper_ok(trust_store_data_version(reader, &same, &err), &err);
    ck_assert_int_eq(before, same);
    helper_ok(trust_store_set_param(s.store, "A", "1", &err), &err);
    helper_ok(trust_store_data_version(reader, &after, &err), &err);
    ck_assert_int_ne(before, after);

    /* One's own changes do not count. */
    helper_ok(trust_store_data_version(s.store, &before, &err), &err);
    helper_ok(trust_store_set_param(s.store, "A", "2", &err), &err);
    helper_ok(trust_store_data_version(s.store, &after, &err), &err);
    ck_assert_int_eq(before, after);
    trust_store_close(reader);
    helper_store_free(&s);
}
END_TEST

START_TEST(readers_do_not_write)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    struct trust_cert *cert = helper_cert_file("pub.crt");
    struct trust_store_added added;
    ck_assert_int_eq(trust_store_set_param(reader, "A", "1", &err), TRUST_EDENIED);
    ck_assert_int_eq(trust_store_add_trust(reader, TRUST_UNIT_TOMCAT_TRUST, cert, &added, &err),
                     TRUST_EDENIED);
    helper_ok(trust_store_begin(reader, &err), &err);
    helper_ok(trust_store_commit(reader, &err), &err);
    trust_cert_free(cert);
    trust_store_close(reader);
    helper_store_free(&s);
}
END_TEST

START_TEST(a_second_writer_waits_then_says_so)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_store *other = helper_store_open(s.path, TRUST_STORE_WRITE);
    helper_ok(trust_store_begin(other, &err), &err);
    ck_assert_int_eq(trust_store_set_param(s.store, "A", "1", &err), TRUST_ESTOREBUSY);
    ck_assert_ptr_nonnull(strstr(err.text, "SQLITE_BUSY"));
    trust_store_close(other); /* rolls back and frees the lock */
    helper_ok(trust_store_set_param(s.store, "A", "1", &err), &err);
    helper_store_free(&s);
}
END_TEST

START_TEST(parameters)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    char *value;
    helper_ok(trust_store_get_param(s.store, "ClusterSecurityMode", &value, &err), &err);
    ck_assert_str_eq(value, "0");
    free(value);
    helper_ok(trust_store_set_param(s.store, "ClusterSecurityMode", "1", &err), &err);
    helper_ok(trust_store_get_param(s.store, "ClusterSecurityMode", &value, &err), &err);
    ck_assert_str_eq(value, "1");
    free(value);
    ck_assert_int_eq(trust_store_get_param(s.store, "No\nsuch", &value, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_null(value);
    ck_assert_ptr_null(strchr(err.text, '\n'));
    helper_store_free(&s);
}
END_TEST

static void params_are(struct trust_store *store, const char *expected)
{
    helper_sql_is(store, "select paramname from processconfig where paramname like 'P_' order by 1",
                  expected);
}

START_TEST(several_changes_as_one)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    helper_ok(trust_store_begin(s.store, &err), &err);
    helper_ok(trust_store_set_param(s.store, "P1", "", &err), &err);
    helper_ok(trust_store_begin(s.store, &err), &err);
    helper_ok(trust_store_set_param(s.store, "P2", "", &err), &err);
    trust_store_rollback(s.store); /* the inner one alone */
    helper_ok(trust_store_begin(s.store, &err), &err);
    helper_ok(trust_store_set_param(s.store, "P3", "", &err), &err);
    helper_ok(trust_store_commit(s.store, &err), &err);
    params_are(s.store, "P1;P3;");
    params_are(reader, "");
    helper_ok(trust_store_commit(s.store, &err), &err);
    params_are(reader, "P1;P3;");

    helper_ok(trust_store_begin(s.store, &err), &err);
    helper_ok(trust_store_set_param(s.store, "P4", "", &err), &err);
    trust_store_rollback(s.store);
    trust_store_rollback(s.store); /* nothing to undo is no error */
    params_are(s.store, "P1;P3;");
    ck_assert_int_eq(trust_store_commit(s.store, &err), TRUST_EARGUMENT);

    helper_ok(trust_store_begin(s.store, &err), &err);
    helper_ok(trust_store_set_param(s.store, "P5", "", &err), &err);
    helper_store_close(&s); /* rolls back */
    params_are(reader, "P1;P3;");
    trust_store_close(reader);
    trust_store_close(NULL);
    helper_store_free(&s);
}
END_TEST

START_TEST(a_failure_inside_undoes_that_call_alone)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    struct trust_cert *first = helper_cert_from("one", 1000000), *second = helper_cert_from("two", 1000000);
    helper_exec(s.path, "CREATE TRIGGER full AFTER INSERT ON certificateservicecertificatemap"
                        " WHEN NEW.tkcertificateservice = 4"
                        " BEGIN SELECT RAISE(ABORT, 'no room'); END");
    struct trust_store_added added;
    helper_ok(trust_store_begin(s.store, &err), &err);
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, first);
    ck_assert_int_eq(trust_store_add_trust(s.store, TRUST_UNIT_CALLMANAGER_TRUST, second, &added, &err),
                     TRUST_ESTORE);
    ck_assert_ptr_nonnull(strstr(err.text, "no room"));
    helper_ok(trust_store_commit(s.store, &err), &err);
    helper_sql_is(s.store, "select count(*) from certificate", "1;");
    helper_sql_is(s.store, "select count(*) from certificatecache", "1;");
    trust_cert_free(first);
    trust_cert_free(second);
    helper_store_free(&s);
}
END_TEST

START_TEST(nothing_runs_on_after_sqlite_undid_everything)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    helper_exec(s.path, "CREATE TRIGGER undone AFTER INSERT ON processconfig WHEN NEW.paramname = 'P2'"
                        " BEGIN SELECT RAISE(ROLLBACK, 'gone'); END");
    helper_ok(trust_store_begin(s.store, &err), &err);
    helper_ok(trust_store_set_param(s.store, "P1", "", &err), &err);
    ck_assert_int_eq(trust_store_set_param(s.store, "P2", "", &err), TRUST_ESTORE);
    ck_assert_int_eq(trust_store_set_param(s.store, "P3", "", &err), TRUST_ESTORE);
    ck_assert_ptr_nonnull(strstr(err.text, "undone"));
    ck_assert_int_eq(trust_store_commit(s.store, &err), TRUST_ESTORE);
    trust_store_rollback(s.store);
    params_are(s.store, "");
    helper_ok(trust_store_set_param(s.store, "P4", "", &err), &err);
    params_are(s.store, "P4;");
    helper_store_free(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("store: file");
    TCase *opening = tcase_create("opening");
    tcase_set_timeout(opening, 60);
    tcase_add_test(opening, made_with_its_mode_whatever_the_umask);
    tcase_add_test(opening, starts_with_what_cucm_has);
    tcase_add_test(opening, empty);
    tcase_add_test(opening, emptied_while_open);
    tcase_add_test(opening, blank_until_something_is_in_it);
    tcase_add_test(opening, missing);
    tcase_add_test(opening, no_database);
    tcase_add_test(opening, a_database_of_others);
    tcase_add_test(opening, newer_than_this_program);
    tcase_add_test(opening, version_that_makes_no_sense);
    tcase_add_test(opening, unfinished_file_is_finished);
    tcase_add_test(opening, without_the_right);
    tcase_add_test(opening, several_programs_make_it_at_once);
    suite_add_tcase(s, opening);
    TCase *transactions = tcase_create("transactions");
    tcase_set_timeout(transactions, 60);
    tcase_add_test(transactions, readers_see_that_somebody_wrote);
    tcase_add_test(transactions, readers_do_not_write);
    tcase_add_test(transactions, a_second_writer_waits_then_says_so);
    tcase_add_test(transactions, parameters);
    tcase_add_test(transactions, several_changes_as_one);
    tcase_add_test(transactions, a_failure_inside_undoes_that_call_alone);
    tcase_add_test(transactions, nothing_runs_on_after_sqlite_undid_everything);
    suite_add_tcase(s, transactions);
    return s;
}
