/* The whole store at once: copied into a file, replaced by one, and the files that go along. */
#include "store_internal.h"
#include "trust/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Copy all pages in one transaction of the target: committed as one, or not at all. */
static int copy_pages(sqlite3 *from, struct trust_store *to, const char *doing, struct trust_error *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", from, "main");
    if (backup == NULL)
        return store_error(to, doing, err);
    sqlite3_backup_step(backup, -1);
    /* Gives what the step met, and leaves it with the target. */
    return sqlite3_backup_finish(backup) == SQLITE_OK ? 0 : store_error(to, doing, err);
}

/* ---- A copy */

static int make_target(const char *path, struct trust_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int failed = fd < 0 || fchmod(fd, 0600) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (failed == 0)
        return 0;
    int code = failed == EEXIST                        ? TRUST_EEXISTS
               : failed == EACCES || failed == EPERM   ? TRUST_EDENIED
               : failed == ENOENT || failed == ENOTDIR ? TRUST_ENOTFOUND
                                                       : TRUST_ESYSTEM;
    return trust_error_set(err, code, TRUST_NO_OFFSET, "%s: cannot make a copy of the store here: %s", path,
                           strerror(failed));
}

/* Without a write-ahead log the copy is one file, also for whoever only reads it. */
static int leave_wal(struct trust_store *copy, struct trust_error *err)
{
    char *mode;
    int rc = store_text(copy, &mode, err, "PRAGMA journal_mode = DELETE", "");
    if (rc == 0 && (mode == NULL || strcmp(mode, "delete") != 0))
        rc = trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                             "%s: the copy of the store cannot be finished", copy->path);
    free(mode);
    return rc;
}

static int fill_target(struct trust_store *source, const char *path, struct trust_error *err)
{
    struct trust_store copy = {.mode = TRUST_STORE_WRITE, .path = strdup(path)};
    int rc =
        copy.path == NULL ? store_no_memory(err) : store_db_open(path, SQLITE_OPEN_READWRITE, &copy.db, err);
    if (rc == 0)
        rc = copy_pages(source->db, &copy, "the store cannot be copied here", err);
    if (rc == 0)
        rc = leave_wal(&copy, err);
    sqlite3_close(copy.db);
    free(copy.path);
    return rc;
}

/* Over a connection of its own: SQLite copies nothing out of one that is writing. */
int trust_store_copy(struct trust_store *store, const char *path, struct trust_error *err)
{
    struct trust_store *source;
    int rc = trust_store_open(store->path, TRUST_STORE_READ, &source, err);
    if (rc != 0)
        return rc;
    rc = make_target(path, err);
    if (rc == 0) {
        rc = fill_target(source, path, err);
        if (rc != 0)
            unlink(path);
    }
    trust_store_close(source);
    return rc;
}

/* ---- Becoming another */

static int check_target(struct trust_store *store, const char *path, struct trust_error *err)
{
    struct stat ours, theirs;
    if (store->mode != TRUST_STORE_WRITE)
        return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET, "%s: the store was opened to read only",
                               store->path);
    if (store->depth > 0)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "%s: the store cannot be replaced within a transaction", store->path);
    if (stat(store->path, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
        ours.st_ino == theirs.st_ino)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "%s: the store cannot be replaced by itself", store->path);
    return 0;
}

/* SQLite reports that memory ran out as one more finding: "... error code=7". */
static bool is_out_of_memory(const char *finding)
{
    static const char label[] = "error code=";
    const char *code = strstr(finding, label);
    return code != NULL && strtol(code + sizeof label - 1, NULL, 10) == SQLITE_NOMEM;
}

/* What cannot be used must not replace what can. */
static int check_sound(struct trust_store *source, struct trust_error *err)
{
    char *words;
    int rc = store_text(source, &words, err, "PRAGMA integrity_check(1)", "");
    if (rc != 0)
        return rc;
    const char *last_line = words != NULL && strrchr(words, '\n') != NULL ? strrchr(words, '\n') + 1 : words;
    if (last_line == NULL || is_out_of_memory(last_line)) {
        rc = store_no_memory(err);
    } else if (strcmp(last_line, "ok") != 0) {
        char printable[160];
        rc = trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                             "%s: the database is damaged: %s: take another backup", source->path,
                             store_printable(last_line, printable, sizeof printable));
    }
    free(words);
    return rc;
}

/* SQLite cannot change the size of the pages of a database with a write-ahead log. */
static int check_page_size(struct trust_store *source, struct trust_store *store, struct trust_error *err)
{
    int64_t theirs = 0, ours = 0;
    int rc = store_number(source, 0, &theirs, err, "PRAGMA page_size", "");
    if (rc == 0)
        rc = store_number(store, 0, &ours, err, "PRAGMA page_size", "");
    if (rc != 0 || theirs == ours)
        return rc;
    return trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                           "%s: the database has pages of %lld bytes and %s of %lld: convert the former "
                           "first (sqlite3: PRAGMA page_size = %lld; VACUUM INTO 'FILE')",
                           source->path, (long long)theirs, store->path, (long long)ours, (long long)ours);
}

/* A connection that only reads leaves an empty write-ahead log behind; the last that may write takes it away.
 */
static void tidy(const char *path)
{
    sqlite3 *db;
    if (store_db_open(path, SQLITE_OPEN_READWRITE, &db, NULL) == 0)
        sqlite3_exec(db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
    sqlite3_close(db);
}

int trust_store_become(struct trust_store *store, const char *path, struct trust_error *err)
{
    struct trust_store *source = NULL;
    int rc = check_target(store, path, err);
    if (rc == 0)
        rc = trust_store_open(path, TRUST_STORE_READ, &source, err);
    if (rc == 0)
        rc = check_sound(source, err);
    if (rc == 0)
        rc = check_page_size(source, store, err);
    if (rc == 0)
        rc = copy_pages(source->db, store, "the store cannot be replaced", err);
    if (rc == 0) {
        store->adopted = -1;
        store->keeps_caches = source->keeps_caches;
    }
    if (source != NULL) {
        trust_store_close(source);
        tidy(path);
    }
    return rc;
}

/* ---- Files that go along */

int trust_store_save_file(struct trust_store *store, enum trust_place place, const char *name,
                          struct trust_bytes content, struct trust_error *err)
{
    const char *folder = store_place_name(place);
    if (folder == NULL || !store_is_file_name(name))
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "a file that is saved needs its place and its name there");
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = store_run(store, err, "INSERT OR REPLACE INTO savedfile (place, name, content) VALUES (?1, ?2, ?3)",
                   "ttb", folder, name, content);
    return store_end(store, rc, err);
}

int trust_store_each_saved(struct trust_store *store, trust_saved_visit visit, void *arg,
                           struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err,
                           "SELECT place, name, content FROM savedfile ORDER BY place, name", "");
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        enum trust_place place;
        const char *name;
        rc = store_column_file(store, statement, 0, &place, &name, err);
        if (rc == 0)
            rc = visit(arg, place, name, store_column_bytes(statement, 2));
    }
    sqlite3_finalize(statement);
    return rc;
}

int trust_store_clear_saved(struct trust_store *store, struct trust_error *err)
{
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    return store_end(store, store_run(store, err, "DELETE FROM savedfile", ""), err);
}

int trust_store_compact(struct trust_store *store, struct trust_error *err)
{
    return store_run(store, err, "VACUUM", "");
}
