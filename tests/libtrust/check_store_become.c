/* The store is replaced by another in one step, whoever reads it and whatever happens meanwhile. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_copy.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct helper_store s;
static struct trust_error err;
static char copy[300]; /* path beside the store */

static void set_up(void)
{
    s = helper_store_new();
    snprintf(copy, sizeof copy, "%s/copy", s.folder);
    err = (struct trust_error){0};
}

static void tear_down(void)
{
    helper_store_free(&s);
}

static void make_copy(void)
{
    helper_ok(trust_store_copy(s.store, copy, &err), &err);
}

static void become(void)
{
    helper_ok(trust_store_become(s.store, copy, &err), &err);
}

static void become_fails(int code, const char *part)
{
    ck_assert_int_eq(trust_store_become(s.store, copy, &err), code);
    ck_assert_msg(strstr(err.text, part) != NULL, "\"%s\" lacks \"%s\"", err.text, part);
    helper_param_is(s.store, "ClusterSecurityMode", "0");
}

/* ---- Becoming another */

/* The copy has P=old and many rows less or more than the store, which has P=new. */
static void make_two(int rows_of_copy, int rows_of_store)
{
    helper_set_param(s.store, "P", "old");
    make_copy();
    helper_fill(copy, rows_of_copy);
    helper_set_param(s.store, "P", "new");
    helper_fill(s.path, rows_of_store);
}

static void whole_again(const char *rows)
{
    helper_param_is(s.store, "P", "old");
    helper_sql_is(s.store, "select count(*) from publication", rows);
    helper_pragma_is(s.path, "PRAGMA integrity_check", "ok");
    helper_pragma_is(s.path, "PRAGMA journal_mode", "wal");
    helper_pragma_is(s.path, "PRAGMA page_size", "4096");
    helper_set_param(s.store, "P", "afterwards");
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    helper_param_is(reader, "P", "afterwards");
    trust_store_close(reader);
}

START_TEST(becomes_what_was_copied)
{
    make_two(0, 500);
    become();
    whole_again("0;");
    helper_is_one_file(copy);
    /* The file shrinks with its content as soon as the log is written back. */
    helper_store_close(&s);
    struct stat live, copied;
    ck_assert_int_eq(stat(s.path, &live), 0);
    ck_assert_int_eq(stat(copy, &copied), 0);
    ck_assert_int_eq(live.st_size, copied.st_size);
    helper_is_one_file(s.path);
}
END_TEST

START_TEST(becomes_something_larger)
{
    make_two(2000, 0);
    become();
    whole_again("2000;");
}
END_TEST

START_TEST(becomes_a_store_with_a_log)
{
    make_two(10, 3);
    struct trust_store *other = helper_store_open(copy, TRUST_STORE_WRITE);
    helper_set_param(other, "Q", "in the log alone");
    become();
    helper_param_is(s.store, "Q", "in the log alone");
    whole_again("10;");
    trust_store_close(other);
    helper_is_one_file(copy);
    helper_pragma_is(copy, "PRAGMA journal_mode", "wal");
    ck_assert(helper_exists(copy, ""));
    become();
    helper_is_one_file(copy);
    whole_again("10;");
}
END_TEST

/* Rows of other software are seen to in the store that came as in any other. */
START_TEST(forgets_what_it_knew_of_its_rows)
{
    struct trust_cert *cert = helper_cert_file("pub.crt");
    struct trust_roles roles = {1, {7}};
    helper_import(s.store, cert, roles, -1);
    make_copy();
    helper_exec(copy, "DELETE FROM certificatecache; DELETE FROM importedcertificate;"
                      "DELETE FROM importedtrustrole");
    helper_set_param(s.store, "P", "adopts");
    become();
    helper_set_param(s.store, "P", "adopts again");
    helper_sql_is(s.store, "select count(*) from certificatecache", "1;");
    helper_sql_is(s.store, "select tktrustrole from importedtrustrole", "7;");
    trust_cert_free(cert);
}
END_TEST

START_TEST(what_it_must_not_become)
{
    become_fails(TRUST_ENOTFOUND, copy);
    ck_assert(!helper_exists(copy, ""));
    make_copy();
    helper_ok(trust_store_begin(s.store, &err), &err);
    become_fails(TRUST_EARGUMENT, "transaction");
    trust_store_rollback(s.store);
    helper_exec(copy, "PRAGMA user_version = 4711");
    become_fails(TRUST_ESTOREVERSION, "4711");
    helper_exec(copy, "PRAGMA user_version = 4");
    become_fails(TRUST_ESTOREVERSION, "version 4");
    helper_exec(copy, "PRAGMA user_version = 5; PRAGMA application_id = 1");
    become_fails(TRUST_ESTORE, "other software");
    helper_exec(copy, "PRAGMA application_id = 0x54565364; PRAGMA page_size = 1024; VACUUM");
    become_fails(TRUST_ESTORE, "1024");
    helper_exec(copy, "PRAGMA page_size = 4096; VACUUM");
    become();

    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    ck_assert_int_eq(trust_store_become(reader, copy, &err), TRUST_EDENIED);
    trust_store_close(reader);
    char self[300];
    snprintf(self, sizeof self, "%s/./" TRUST_STORE_FILE, s.folder);
    ck_assert_int_eq(trust_store_become(s.store, self, &err), TRUST_EARGUMENT);
}
END_TEST

START_TEST(a_damaged_file_is_refused)
{
    make_copy();
    helper_fill(copy, 1000);
    int fd = open(copy, O_WRONLY);
    static const char nothing[4096];
    ck_assert_int_eq(pwrite(fd, nothing, sizeof nothing, 80 * 4096), sizeof nothing);
    close(fd);
    become_fails(TRUST_ESTORE, "damaged");
    helper_sql_is(s.store, "select count(*) from publication", "0;");
}
END_TEST

START_TEST(waits_for_a_writer_then_says_so)
{
    make_two(1, 2);
    struct trust_store *other = helper_store_open(s.path, TRUST_STORE_WRITE);
    helper_ok(trust_store_begin(other, &err), &err);
    become_fails(TRUST_ESTOREBUSY, "SQLITE_BUSY");
    helper_param_is(s.store, "P", "new");
    trust_store_close(other);
    become();
    whole_again("1;");
}
END_TEST

/* ---- Others meanwhile */

/* Another process with the store open: looks, waits, and looks again. Exit status 0: all as it should be. */
static int watch(int ready, int go)
{
    struct trust_store *store;
    struct trust_index_builder *builder;
    char byte = 0, *value;
    int64_t before, after;
    if (trust_store_open(s.path, TRUST_STORE_READ, &store, NULL) != 0 ||
        trust_store_get_param(store, "P", &value, NULL) != 0 || strcmp(value, "new") != 0 ||
        trust_store_data_version(store, &before, NULL) != 0)
        return 1;
    free(value);
    if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
        return 2;
    if (trust_store_data_version(store, &after, NULL) != 0 || after == before)
        return 3;
    if (trust_store_get_param(store, "P", &value, NULL) != 0 || strcmp(value, "old") != 0)
        return 4;
    free(value);
    if (trust_index_builder_new(&builder, NULL) != 0 || trust_store_load(store, builder, NULL) != 0)
        return 5;
    trust_index_builder_free(builder);
    trust_store_close(store);
    return 0;
}

START_TEST(readers_in_other_processes_see_it)
{
    make_two(300, 20);
    helper_store_close(&s); /* a connection must not be taken into another process */
    int ready[2], go[2];
    char byte = 0;
    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(go), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(watch(ready[1], go[0]));
    s.store = helper_store_open(s.path, TRUST_STORE_WRITE);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    become();
    ck_assert_int_eq(write(go[1], &byte, 1), 1);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    whole_again("300;");
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
}
END_TEST

START_TEST(a_reader_in_the_middle_keeps_what_it_reads)
{
    make_two(300, 20);
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    helper_ok(trust_store_begin(reader, &err), &err);
    helper_param_is(reader, "P", "new");
    become();
    helper_param_is(reader, "P", "new");
    helper_sql_is(reader, "select count(*) from publication", "20;");
    helper_ok(trust_store_commit(reader, &err), &err);
    helper_param_is(reader, "P", "old");
    helper_sql_is(reader, "select count(*) from publication", "300;");
    trust_store_close(reader);
}
END_TEST

static int become_alone(void)
{
    struct trust_store *store;
    if (trust_store_open(s.path, TRUST_STORE_WRITE, &store, NULL) != 0)
        return 2;
    int rc = trust_store_become(store, copy, &err);
    trust_store_close(store);
    return rc == 0 ? 0 : rc == TRUST_ESTORE ? 1 : 2;
}

/* Whether the store is the new one (P=old); fails the test if it is neither. */
static bool has_become(void)
{
    s.store = helper_store_open(s.path, TRUST_STORE_WRITE);
    char *state = helper_sql(s.store, "select paramvalue, (select count(*) from publication)"
                                      " from processconfig where paramname = 'P'");
    bool has = strcmp(state, "old|100;") == 0;
    ck_assert_msg(has || strcmp(state, "new|400;") == 0, "half of each: %s", state);
    helper_pragma_is(s.path, "PRAGMA integrity_check", "ok");
    free(state);
    return has;
}

/* The process that writes dies, or is refused room, with the write that would make a file longer than so many
 * bytes: the log first, the store when the log is written back. */
static void interrupted(bool is_deadly)
{
    make_two(100, 400);
    int before = 0, after = 0;
    for (rlim_t limit = 36 * 1024; limit < 400 * 1024; limit += 4000) {
        helper_store_close(&s);
        int result = helper_limited_to(limit, is_deadly, become_alone);
        bool has = has_become();
        ck_assert(result != 2);
        ck_assert(result != 0 || has);
        before += !has;
        after += has;
        if (has) {
            helper_set_param(s.store, "P", "new");
            helper_exec(s.path, "DELETE FROM publication");
            helper_fill(s.path, 400);
        }
    }
    ck_assert_int_gt(before, 0);
    ck_assert_int_gt(after, 0);
}

START_TEST(killed_anywhere_it_is_one_or_the_other)
{
    interrupted(true);
}
END_TEST

START_TEST(without_room_it_is_one_or_the_other)
{
    interrupted(false);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("store: becoming another");
    TCase *becoming = tcase_create("becoming");
    tcase_set_timeout(becoming, 60);
    tcase_add_checked_fixture(becoming, set_up, tear_down);
    tcase_add_test(becoming, becomes_what_was_copied);
    tcase_add_test(becoming, becomes_something_larger);
    tcase_add_test(becoming, becomes_a_store_with_a_log);
    tcase_add_test(becoming, forgets_what_it_knew_of_its_rows);
    tcase_add_test(becoming, what_it_must_not_become);
    tcase_add_test(becoming, a_damaged_file_is_refused);
    tcase_add_test(becoming, waits_for_a_writer_then_says_so);
    tcase_add_test(becoming, readers_in_other_processes_see_it);
    tcase_add_test(becoming, a_reader_in_the_middle_keeps_what_it_reads);
    tcase_add_test(becoming, killed_anywhere_it_is_one_or_the_other);
    tcase_add_test(becoming, without_room_it_is_one_or_the_other);
    suite_add_tcase(suite, becoming);
    return suite;
}
