/* Files that a decided change has still to put in place, and the places of files. */
#include "trust/pending.h"

#include "store_internal.h"

#include <string.h>

/* As the tables name them, in the order of the enum. */
static const char *const places[] = {"keys", "published", "state", "tftp"};
#define PLACES (sizeof places / sizeof places[0])
_Static_assert(PLACES == TRUST_PLACE_TFTP + 1, "each place has a name");

const char *store_place_name(enum trust_place place)
{
    return (size_t)place < PLACES ? places[place] : NULL;
}

static bool place_by_name(const char *name, enum trust_place *place)
{
    for (size_t i = 0; i < PLACES; i++) {
        if (strcmp(places[i], name) == 0) {
            *place = (enum trust_place)i;
            return true;
        }
    }
    return false;
}

bool store_is_file_name(const char *name)
{
    return name != NULL && name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

int store_column_file(struct trust_store *store, sqlite3_stmt *statement, int column, enum trust_place *place,
                      const char **name, struct trust_error *err)
{
    const char *folder = store_column_text(statement, column);
    *name = store_column_text(statement, column + 1);
    if (place_by_name(folder, place) && store_is_file_name(*name))
        return 0;
    char printable[120];
    return trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                           "%s: \"%s\" is no name of a file that belongs to the store: restore a backup",
                           store->path, store_printable(*name, printable, sizeof printable));
}

/* A file can lie ready in a folder below the place, but not outside of it. */
static bool is_staged_name(const char *staged)
{
    if (staged[0] == '/')
        return false;
    for (const char *part = staged; *part != '\0';) {
        size_t len = strcspn(part, "/");
        if (len == 2 && memcmp(part, "..", 2) == 0)
            return false;
        part += len + (part[len] == '/');
    }
    return true;
}

int trust_store_add_pending(struct trust_store *store, const struct trust_pending *pending,
                            struct trust_error *err)
{
    const char *place = store_place_name(pending->place);
    const bool has_folder = pending->folder != NULL && pending->folder[0] != '\0';
    if (place == NULL || has_folder != (pending->place == TRUST_PLACE_TFTP) || pending->staged == NULL ||
        !is_staged_name(pending->staged) || !store_is_file_name(pending->name))
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "a file to be put in place needs its place and its name there");
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc =
        store_run(store, err, "INSERT INTO pendingfile (place, folder, staged, name) VALUES (?1, ?2, ?3, ?4)",
                  "tttt", place, has_folder ? pending->folder : "", pending->staged, pending->name);
    return store_end(store, rc, err);
}

static int read_pending(struct trust_store *store, sqlite3_stmt *statement, struct trust_pending *pending,
                        struct trust_error *err)
{
    int rc = store_column_file(store, statement, 0, &pending->place, &pending->name, err);
    pending->folder = store_column_text(statement, 2);
    pending->staged = store_column_text(statement, 3);
    if (rc == 0 && !is_staged_name(pending->staged))
        rc = trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                             "%s: a file that lies ready is outside of its place: restore a backup",
                             store->path);
    return rc;
}

int trust_store_each_pending(struct trust_store *store, trust_pending_visit visit, void *arg,
                             struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err,
                           "SELECT place, name, folder, staged FROM pendingfile ORDER BY number", "");
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        struct trust_pending pending;
        rc = read_pending(store, statement, &pending, err);
        if (rc == 0)
            rc = visit(arg, &pending);
    }
    sqlite3_finalize(statement);
    return rc;
}

int trust_store_count_pending(struct trust_store *store, int64_t *count, struct trust_error *err)
{
    return store_number(store, 0, count, err, "SELECT count(*) FROM pendingfile", "");
}

int trust_store_clear_pending(struct trust_store *store, struct trust_error *err)
{
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    return store_end(store, store_run(store, err, "DELETE FROM pendingfile", ""), err);
}
