/* SQLite with this library's errors: open, prepare, bind, step. */
#include "internal.h"
#include "store_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int store_no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory for the store");
}

char *store_printable(const char *text, char *out, size_t size)
{
    return utf8_escape((struct trust_bytes){(const uint8_t *)text, strlen(text)}, out, size);
}

/* The names of SQLite's primary codes that a store can meet. */
#define CODES(X)                                                                                             \
    X(SQLITE_ERROR, TRUST_ESTORE)                                                                            \
    X(SQLITE_PERM, TRUST_EDENIED)                                                                            \
    X(SQLITE_BUSY, TRUST_ESTOREBUSY)                                                                         \
    X(SQLITE_LOCKED, TRUST_ESTOREBUSY)                                                                       \
    X(SQLITE_NOMEM, TRUST_ENOMEM)                                                                            \
    X(SQLITE_READONLY, TRUST_EDENIED)                                                                        \
    X(SQLITE_INTERRUPT, TRUST_ESTORE)                                                                        \
    X(SQLITE_IOERR, TRUST_ESTORE)                                                                            \
    X(SQLITE_CORRUPT, TRUST_ESTORE)                                                                          \
    X(SQLITE_FULL, TRUST_ESTORE)                                                                             \
    X(SQLITE_CANTOPEN, TRUST_ESTORE)                                                                         \
    X(SQLITE_PROTOCOL, TRUST_ESTOREBUSY)                                                                     \
    X(SQLITE_SCHEMA, TRUST_ESTORE)                                                                           \
    X(SQLITE_TOOBIG, TRUST_ETOOLARGE)                                                                        \
    X(SQLITE_CONSTRAINT, TRUST_ESTORE)                                                                       \
    X(SQLITE_MISMATCH, TRUST_ESTORE)                                                                         \
    X(SQLITE_MISUSE, TRUST_ESTORE)                                                                           \
    X(SQLITE_AUTH, TRUST_EDENIED)                                                                            \
    X(SQLITE_NOTADB, TRUST_ESTORE)

static const struct {
    int primary;
    const char *name;
    int code;
} codes[] = {
#define X(primary, code) {primary, #primary, code},
    CODES(X)
#undef X
};

/* What to do about it, behind SQLite's words. */
static const char *advice(int primary)
{
    switch (primary) {
    case SQLITE_BUSY:
        return "; another program has been writing the store for 5 s: try again when it is done";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return "; the file and its folder must be writable for this user, also to read: SQLite keeps its "
               "write-ahead log (-wal, -shm) beside it";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "; restore it from a backup";
    default:
        return "";
    }
}

/* To read takes room, too: for the index of the write-ahead log (-shm), which is written by every reader that
 * comes first. */
static bool is_no_room(sqlite3 *db, int extended)
{
    if ((extended & 0xff) == SQLITE_FULL || extended == SQLITE_IOERR_SHMSIZE)
        return true;
    int system = db != NULL && (extended & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(db) : 0;
    return system == ENOSPC || system == EDQUOT;
}

static int no_room(const char *path, const char *doing, const char *name, int extended,
                   struct trust_error *err)
{
    const char *slash = strrchr(path, '/');
    const int len = slash != NULL && slash != path ? (int)(slash - path) : 1;
    return trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                           "%s: %s: there is no room on the disk of %.*s: free some and try again (%s, %d)",
                           path, doing, len, slash != NULL ? path : ".", name, extended);
}

int store_is_empty(const char *path, struct trust_error *err)
{
    return trust_error_set(err, TRUST_EEMPTY, TRUST_NO_OFFSET,
                           "%s: the store is empty: if it ever held anything, put it back, or restore a "
                           "backup (`tvsctl utils restore FILE`)",
                           path);
}

/* To a connection that was open before, a file that was cut to nothing is a damaged one. */
static bool was_emptied(const char *path, int extended)
{
    struct stat info;
    return (extended & 0xff) == SQLITE_CORRUPT && stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           info.st_size == 0;
}

int store_db_error(sqlite3 *db, const char *path, const char *doing, struct trust_error *err)
{
    int extended = db != NULL ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    int code = TRUST_ESTORE;
    const char *name = "SQLite";
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].primary == (extended & 0xff)) {
            code = codes[i].code;
            name = codes[i].name;
        }
    }
    if (is_no_room(db, extended))
        return no_room(path, doing, name, extended, err);
    if (was_emptied(path, extended))
        return store_is_empty(path, err);
    if ((extended & 0xff) == SQLITE_CANTOPEN && db != NULL) {
        int system = sqlite3_system_errno(db);
        if (system == EACCES || system == EPERM || system == EROFS)
            code = TRUST_EDENIED;
    }
    char words[200];
    store_printable(db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(extended), words, sizeof words);
    return trust_error_set(err, code, TRUST_NO_OFFSET, "%s: %s: %s (%s, %d)%s", path, doing, words, name,
                           extended, advice(extended & 0xff));
}

int store_error(struct trust_store *store, const char *doing, struct trust_error *err)
{
    return store_db_error(store->db, store->path, doing, err);
}

int store_db_open(const char *path, int flags, sqlite3 **out, struct trust_error *err)
{
    *out = NULL;
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        int rc = store_db_error(db, path, "cannot open the database", err);
        sqlite3_close(db);
        return rc;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, STORE_BUSY_MS);
    /* What a schema in the file says is never trusted to run anything but plain SQL. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    *out = db;
    return 0;
}

/* SQLite counts in int; nothing here comes near. */
static int bind_bytes(sqlite3_stmt *statement, int at, struct trust_bytes bytes)
{
    if (bytes.len == 0)
        return sqlite3_bind_zeroblob(statement, at, 0);
    return sqlite3_bind_blob64(statement, at, bytes.data, bytes.len, SQLITE_STATIC);
}

static int bind_all(sqlite3_stmt *statement, const char *kinds, va_list values)
{
    int rc = SQLITE_OK;
    for (int at = 1; kinds[at - 1] != '\0' && rc == SQLITE_OK; at++) {
        switch (kinds[at - 1]) {
        case 't':
            rc = sqlite3_bind_text(statement, at, va_arg(values, const char *), -1, SQLITE_STATIC);
            break;
        case 'i':
            rc = sqlite3_bind_int64(statement, at, va_arg(values, int64_t));
            break;
        case 'b':
            rc = bind_bytes(statement, at, va_arg(values, struct trust_bytes));
            break;
        default:
            rc = sqlite3_bind_null(statement, at);
            break;
        }
    }
    return rc;
}

static int prepare(struct trust_store *store, sqlite3_stmt **out, struct trust_error *err, const char *sql,
                   const char *kinds, va_list values)
{
    *out = NULL;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK ||
        bind_all(statement, kinds, values) != SQLITE_OK) {
        int rc = store_error(store, "cannot be read", err);
        sqlite3_finalize(statement);
        return rc;
    }
    *out = statement;
    return 0;
}

int store_prepare(struct trust_store *store, sqlite3_stmt **out, struct trust_error *err, const char *sql,
                  const char *kinds, ...)
{
    va_list values;
    va_start(values, kinds);
    int rc = prepare(store, out, err, sql, kinds, values);
    va_end(values);
    return rc;
}

int store_step(struct trust_store *store, sqlite3_stmt *statement, bool *more, struct trust_error *err)
{
    *more = false;
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_DONE)
        return 0;
    if (rc != SQLITE_ROW)
        return store_error(store, sqlite3_stmt_readonly(statement) ? "cannot be read" : "cannot be written",
                           err);
    *more = true;
    return 0;
}

int store_run(struct trust_store *store, struct trust_error *err, const char *sql, const char *kinds, ...)
{
    sqlite3_stmt *statement;
    va_list values;
    va_start(values, kinds);
    int rc = prepare(store, &statement, err, sql, kinds, values);
    va_end(values);
    bool more = true;
    while (rc == 0 && more)
        rc = store_step(store, statement, &more, err);
    sqlite3_finalize(statement);
    return rc;
}

int store_number(struct trust_store *store, int64_t fallback, int64_t *out, struct trust_error *err,
                 const char *sql, const char *kinds, ...)
{
    *out = fallback;
    sqlite3_stmt *statement;
    va_list values;
    va_start(values, kinds);
    int rc = prepare(store, &statement, err, sql, kinds, values);
    va_end(values);
    bool more = false;
    if (rc == 0)
        rc = store_step(store, statement, &more, err);
    if (rc == 0 && more)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc;
}

int store_text(struct trust_store *store, char **out, struct trust_error *err, const char *sql,
               const char *kinds, ...)
{
    *out = NULL;
    sqlite3_stmt *statement;
    va_list values;
    va_start(values, kinds);
    int rc = prepare(store, &statement, err, sql, kinds, values);
    va_end(values);
    bool more = false;
    if (rc == 0)
        rc = store_step(store, statement, &more, err);
    if (rc == 0 && more) {
        *out = strdup(store_column_text(statement, 0));
        if (*out == NULL)
            rc = store_no_memory(err);
    }
    sqlite3_finalize(statement);
    return rc;
}

const char *store_column_text(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text != NULL ? (const char *)text : "";
}

struct trust_bytes store_column_bytes(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);
    int len = sqlite3_column_bytes(statement, column);
    return (struct trust_bytes){data, data != NULL && len > 0 ? (size_t)len : 0};
}
