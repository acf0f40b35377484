#include "tests/libtrust/helper_copy.h"

#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <check.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void helper_set_param(struct trust_store *store, const char *name, const char *value)
{
    struct trust_error err = {0};
    helper_ok(trust_store_set_param(store, name, value, &err), &err);
}

void helper_param_is(struct trust_store *store, const char *name, const char *expected)
{
    struct trust_error err = {0};
    char *value;
    helper_ok(trust_store_get_param(store, name, &value, &err), &err);
    ck_assert_str_eq(value, expected);
    free(value);
}

void helper_pragma_is(const char *path, const char *pragma, const char *expected)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, pragma, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), expected);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

bool helper_exists(const char *path, const char *ending)
{
    char name[320];
    snprintf(name, sizeof name, "%s%s", path, ending);
    return access(name, F_OK) == 0;
}

void helper_is_one_file(const char *path)
{
    ck_assert(helper_exists(path, ""));
    ck_assert(!helper_exists(path, "-wal") && !helper_exists(path, "-shm") &&
              !helper_exists(path, "-journal"));
}

void helper_fill(const char *path, int rows)
{
    char sql[400];
    if (rows == 0)
        return;
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO publication SELECT 1000 + i, 'CTLFile.tlv', i, 'phrase', 'person',"
             " hex(zeroblob(400)), '', '', '', 0, 0 FROM n",
             rows);
    helper_exec(path, sql);
}

int helper_limited_to(rlim_t bytes, bool is_deadly, int (*act)(void))
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct rlimit limit = {bytes, bytes}, no_core = {0, 0};
        signal(SIGXFSZ, is_deadly ? SIG_DFL : SIG_IGN);
        setrlimit(RLIMIT_CORE, &no_core);
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(act());
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) || (is_deadly && WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
