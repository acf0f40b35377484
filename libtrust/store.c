/* The store as a file: opening, its schema's version, transactions, parameters. */
#include "file_parts.h"
#include "migrations.h"
#include "store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* user_version of the database: how many migrations were applied. */
#define STORE_VERSION ((int64_t)(sizeof migrations / sizeof migrations[0]))

/* Which of them makes the table answerstate and its triggers; it may be done again. */
#define ANSWERSTATE 4

/* application_id of the database, set by the first migration. */
#define STORE_APPLICATION 0x54565364

static int no_look(const char *path, struct trust_error *err)
{
    return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET, "%s: user %u may not look into its folder",
                           path, (unsigned)geteuid());
}

/* Make the file before SQLite does, for its mode; SQLite gives its log files the same. */
static int make_file(const char *path, struct trust_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0 && errno == EEXIST)
        return 0;
    int failed = fd < 0 || fchmod(fd, 0640) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    /* It may be there all the same. */
    struct stat info;
    if (failed == EACCES && stat(path, &info) != 0 && errno == EACCES)
        return no_look(path, err);
    switch (failed) {
    case 0:
        return 0;
    case ENOENT:
    case ENOTDIR:
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "%s: cannot make the store: %s: make its folder first", path,
                               strerror(failed));
    case EACCES:
    case EPERM:
    case EROFS:
        return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET, "%s: cannot make the store: %s", path,
                               strerror(failed));
    default:
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: cannot make the store: %s", path,
                               strerror(failed));
    }
}

static int no_file(const char *path, mode_t mode, struct trust_error *err)
{
    return trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                           "%s: no store: %s, not a file: move it away and put the store back, or name the "
                           "store's folder (`state` in tvsd.yaml)",
                           path, file_kind(mode));
}

static int no_store_of_ours(const char *path, struct trust_error *err)
{
    return trust_error_set(
        err, TRUST_ESTORE, TRUST_NO_OFFSET,
        "%s: no store: a database that other software made: move it away and put the store "
        "back, or name the store's folder (`state` in tvsd.yaml); the open Python tools' is "
        "taken over by `tvsctl utils import usecallmanager`",
        path);
}

static int find_file(const char *path, struct trust_error *err)
{
    struct stat info;
    if (stat(path, &info) == 0)
        return S_ISREG(info.st_mode) ? 0 : no_file(path, info.st_mode, err);
    if (errno == ENOENT || errno == ENOTDIR)
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "%s: there is no store yet: it is made when a certificate is made or imported",
                               path);
    if (errno == EACCES)
        return no_look(path, err);
    return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: cannot open the store: %s", path,
                           strerror(errno));
}

static int read_version(struct trust_store *store, int64_t *version, struct trust_error *err)
{
    return store_number(store, 0, version, err, "PRAGMA user_version", "");
}

/* Refuse what is not ours and what is newer than this program. */
static int check_version(struct trust_store *store, int64_t version, struct trust_error *err)
{
    if (version > STORE_VERSION)
        return trust_error_set(err, TRUST_ESTOREVERSION, TRUST_NO_OFFSET,
                               "%s: the store has schema version %lld, this program knows up to %lld: "
                               "install the newer tvsd that wrote it, or restore a backup",
                               store->path, (long long)version, (long long)STORE_VERSION);
    int64_t application, objects;
    int rc = store_number(store, 0, &application, err, "PRAGMA application_id", "");
    if (rc == 0)
        rc = store_number(store, 0, &objects, err, "SELECT count(*) FROM sqlite_master", "");
    if (rc != 0)
        return rc;
    if (version < 0)
        return trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                               "%s: schema version %lld makes no sense: restore a backup", store->path,
                               (long long)version);
    bool is_new = version == 0 && application == 0 && objects == 0;
    if (application != STORE_APPLICATION && !is_new)
        return no_store_of_ours(store->path, err);
    if (is_new && store->mode == TRUST_STORE_READ)
        return store_is_empty(store->path, err);
    if (version < STORE_VERSION && store->mode == TRUST_STORE_READ)
        return trust_error_set(err, TRUST_ESTOREVERSION, TRUST_NO_OFFSET,
                               "%s: the store has schema version %lld, this program needs %lld: whatever "
                               "writes it next (tvsctl) brings it up to date",
                               store->path, (long long)version, (long long)STORE_VERSION);
    return 0;
}

/* Readers must not wait for writers, nor writers for readers. When several programs switch the mode at once,
 * SQLite refuses some without waiting, so that they cannot wait for each other: ask again. */
static int use_wal(struct trust_store *store, struct trust_error *err)
{
    int rc;
    char *mode = NULL;
    for (int waited = 0;; waited += 20) {
        rc = store_text(store, &mode, err, "PRAGMA journal_mode = WAL", "");
        if (rc != TRUST_ESTOREBUSY || waited >= STORE_BUSY_MS)
            break;
        sqlite3_sleep(20);
    }
    if (rc == 0 && (mode == NULL || strcmp(mode, "wal") != 0))
        rc = trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                             "%s: SQLite cannot keep a write-ahead log here (journal mode \"%s\"): put the "
                             "state folder on a local disk",
                             store->path, mode != NULL ? mode : "");
    free(mode);
    return rc;
}

/* Apply what is missing, all or nothing. The version is read again under the lock: another program may have
 * done it meanwhile. */
static int migrate(struct trust_store *store, struct trust_error *err)
{
    int64_t version;
    int rc = trust_store_begin(store, err);
    if (rc != 0)
        return rc;
    rc = read_version(store, &version, err);
    if (rc == 0)
        rc = check_version(store, version, err);
    for (int64_t i = version; rc == 0 && i < STORE_VERSION; i++)
        if (sqlite3_exec(store->db, migrations[i], NULL, NULL, NULL) != SQLITE_OK)
            rc = store_error(store, "cannot bring the schema up to date", err);
    if (rc == 0 && version < STORE_VERSION) {
        char set[64];
        snprintf(set, sizeof set, "PRAGMA user_version = %lld", (long long)STORE_VERSION);
        rc = store_run(store, err, set, "");
    }
    if (rc == 0)
        rc = trust_store_commit(store, err);
    if (rc != 0)
        trust_store_rollback(store);
    return rc;
}

/* Whether the table is there and each trigger on the table of its name, with the very words of the migration:
 * without one of them, or with one of the same name that does something else, changes would go unnoticed. */
static int notes_changes(struct trust_store *store, bool *notes, struct trust_error *err)
{
    int64_t whole = 0;
    int rc =
        store_number(store, 0, &whole, err,
                     "SELECT count(*) = 19 FROM sqlite_master WHERE (type = 'table' AND name = 'answerstate')"
                     " OR (type = 'trigger' AND name IN ('answerstate_' || tbl_name || '_insert',"
                     " 'answerstate_' || tbl_name || '_update', 'answerstate_' || tbl_name || '_delete')"
                     " AND instr(?1, 'CREATE TRIGGER IF NOT EXISTS ' || substr(sql, 16)) > 0)",
                     "t", migrations[ANSWERSTATE]);
    *notes = whole != 0;
    store->keeps_caches = *notes;
    return rc;
}

/* Where their names are taken, they cannot be made. */
static int drop_notes(struct trust_store *store, struct trust_error *err)
{
    char *drop = NULL;
    int rc = store_text(store, &drop, err,
                        "SELECT group_concat(printf('DROP TRIGGER \"%w\"', name), ';') FROM sqlite_master"
                        " WHERE type = 'trigger' AND instr(?1, ' EXISTS ' || lower(name) || ' AFTER ') > 0",
                        "t", migrations[ANSWERSTATE]);
    if (rc == 0 && drop != NULL && sqlite3_exec(store->db, drop, NULL, NULL, NULL) != SQLITE_OK)
        rc = store_error(store, "cannot complete the schema", err);
    free(drop);
    return rc;
}

/* Somebody may have dropped or changed them, or have brought back tables of before: what was cached may not
 * be true any more. */
static int complete_notes(struct trust_store *store, struct trust_error *err)
{
    bool notes;
    int rc = notes_changes(store, &notes, err);
    if (rc != 0 || notes)
        return rc;
    rc = trust_store_begin(store, err);
    if (rc == 0)
        rc = drop_notes(store, err);
    if (rc == 0 && sqlite3_exec(store->db, migrations[ANSWERSTATE], NULL, NULL, NULL) != SQLITE_OK)
        rc = store_error(store, "cannot complete the schema", err);
    if (rc == 0)
        rc = store_run(store, err, "DELETE FROM certificatecache", "");
    if (rc == 0)
        rc = store_run(store, err, "UPDATE answerstate SET adopted = 0", "");
    if (rc == 0)
        rc = trust_store_commit(store, err);
    if (rc != 0)
        trust_store_rollback(store);
    else
        store->keeps_caches = true;
    return rc;
}

/* In one transaction: of a store that another program is just making, it is seen nothing or all. */
static int look_at_version(struct trust_store *store, int64_t *version, struct trust_error *err)
{
    int rc = store_run(store, err, "BEGIN", "");
    if (rc != 0)
        return rc;
    rc = read_version(store, version, err);
    if (rc == 0)
        rc = check_version(store, *version, err);
    int end = store_run(store, rc == 0 ? err : NULL, "ROLLBACK", "");
    return rc != 0 ? rc : end;
}

static int set_up(struct trust_store *store, struct trust_error *err)
{
    int64_t version = 0;
    /* Files in TMPDIR are looked for by the real user and opened by the effective one: root who works as the
     * owner of the store may have a TMPDIR that is root's alone. */
    bool notes;
    int rc = store_run(store, err, "PRAGMA temp_store = MEMORY", "");
    if (rc == 0)
        rc = look_at_version(store, &version, err);
    if (rc != 0)
        return rc;
    if (store->mode == TRUST_STORE_READ)
        return notes_changes(store, &notes, err);
    rc = use_wal(store, err);
    if (rc == 0)
        rc = store_run(store, err, "PRAGMA foreign_keys = ON", "");
    if (rc == 0)
        rc = store_run(store, err, "PRAGMA synchronous = FULL", "");
    /* 64 MiB at most: pages of the indexes, which a large transaction changes again and again, stay until it
     * ends. With the 2 MB that are usual, a hundred thousand certificates wrote ten times as much to the log.
     */
    if (rc == 0)
        rc = store_run(store, err, "PRAGMA cache_size = -65536", "");
    if (rc == 0 && version < STORE_VERSION)
        rc = migrate(store, err);
    if (rc == 0)
        rc = complete_notes(store, err);
    return rc;
}

int trust_store_open(const char *path, enum trust_store_mode mode, struct trust_store **out,
                     struct trust_error *err)
{
    *out = NULL;
    struct trust_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return store_no_memory(err);
    store->mode = mode;
    store->adopted = -1;
    store->path = strdup(path);
    int rc = store->path == NULL ? store_no_memory(err) : 0;
    if (rc == 0 && mode == TRUST_STORE_WRITE)
        rc = make_file(path, err);
    if (rc == 0)
        rc = find_file(path, err);
    if (rc == 0)
        rc = store_db_open(path, mode == TRUST_STORE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY,
                           &store->db, err);
    if (rc == 0)
        rc = set_up(store, err);
    if (rc != 0) {
        trust_store_close(store);
        return rc;
    }
    *out = store;
    return 0;
}

int trust_store_open_empty(const char *path, struct trust_store **out, struct trust_error *err)
{
    *out = NULL;
    struct trust_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return store_no_memory(err);
    store->mode = TRUST_STORE_WRITE;
    store->adopted = -1;
    store->path = strdup(path);
    int rc = store->path == NULL ? store_no_memory(err) : 0;
    if (rc == 0)
        rc = store_db_open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, &store->db, err);
    if (rc == 0)
        rc = migrate(store, err);
    if (rc == 0)
        rc = complete_notes(store, err);
    if (rc != 0) {
        trust_store_close(store);
        return rc;
    }
    *out = store;
    return 0;
}

void trust_store_close(struct trust_store *store)
{
    if (store == NULL)
        return;
    sqlite3_close(store->db);
    free(store->path);
    free(store);
}

int trust_store_data_version(struct trust_store *store, int64_t *version, struct trust_error *err)
{
    return store_number(store, 0, version, err, "PRAGMA data_version", "");
}

int trust_store_state(struct trust_store *store, int64_t *state, struct trust_error *err)
{
    static const char sql[] =
        "SELECT state, (SELECT schema_version FROM pragma_schema_version) FROM answerstate";
    sqlite3_stmt *statement;
    bool more = false, notes;
    *state = 0;
    int rc = notes_changes(store, &notes, err);
    if (rc != 0 || !notes)
        return rc;
    rc = store_prepare(store, &statement, err, sql, "");
    if (rc == 0)
        rc = store_step(store, statement, &more, err);
    /* Triggers that were away for a while have left another version of the schema. */
    if (rc == 0 && more)
        *state = (int64_t)((uint64_t)sqlite3_column_int64(statement, 0) ^
                           (uint64_t)sqlite3_column_int64(statement, 1));
    sqlite3_finalize(statement);
    return rc;
}

/* SQLite rolls back by itself after some failures (disk full, say): what follows must not run outside a
 * transaction as if nothing had happened. */
static int check_alive(struct trust_store *store, struct trust_error *err)
{
    if (store->depth > 0 && sqlite3_get_autocommit(store->db))
        return trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                               "%s: the changes before this one failed and were undone", store->path);
    return 0;
}

int trust_store_begin(struct trust_store *store, struct trust_error *err)
{
    int rc = check_alive(store, err);
    if (rc != 0)
        return rc;
    char begin[64];
    if (store->depth > 0)
        snprintf(begin, sizeof begin, "SAVEPOINT level%d", store->depth);
    else
        snprintf(begin, sizeof begin, "%s", store->mode == TRUST_STORE_WRITE ? "BEGIN IMMEDIATE" : "BEGIN");
    rc = store_run(store, err, begin, "");
    if (rc == 0)
        store->depth++;
    return rc;
}

int trust_store_commit(struct trust_store *store, struct trust_error *err)
{
    if (store->depth == 0)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "%s: commit without begin",
                               store->path);
    int rc = check_alive(store, err);
    if (rc == 0 && store->depth == 1 && store->adopted >= 0)
        rc = store_note_adopted(store, err);
    if (rc != 0)
        return rc;
    char end[64] = "COMMIT";
    if (store->depth > 1)
        snprintf(end, sizeof end, "RELEASE level%d", store->depth - 1);
    rc = store_run(store, err, end, "");
    if (rc == 0)
        store->depth--;
    return rc;
}

void trust_store_rollback(struct trust_store *store)
{
    if (store->depth == 0)
        return;
    store->depth--;
    store->adopted = -1;
    char end[64] = "ROLLBACK";
    if (store->depth > 0)
        snprintf(end, sizeof end, "ROLLBACK TO level%d; RELEASE level%d", store->depth, store->depth);
    sqlite3_exec(store->db, end, NULL, NULL, NULL);
}

int trust_store_get_param(struct trust_store *store, const char *name, char **value, struct trust_error *err)
{
    int rc =
        store_text(store, value, err, "SELECT paramvalue FROM processconfig WHERE paramname = ?1", "t", name);
    if (rc == 0 && *value == NULL) {
        char printable[80];
        rc = trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET, "%s: no parameter \"%s\"", store->path,
                             store_printable(name, printable, sizeof printable));
    }
    return rc;
}

int trust_store_set_param(struct trust_store *store, const char *name, const char *value,
                          struct trust_error *err)
{
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = store_run(store, err,
                   "INSERT INTO processconfig (paramname, paramvalue) VALUES (?1, ?2)"
                   " ON CONFLICT (paramname) DO UPDATE SET paramvalue = excluded.paramvalue",
                   "tt", name, value);
    return store_end(store, rc, err);
}
