/* The certificate database of the open Python tools, read to take it over. */
#include "file_parts.h"
#include "store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE_XINFO_HIDDEN 6 /* SQLite's column that says, with 2 or 3, that one is computed */

/* "SAST,CCM+TFTP" */
static int read_roles(const char *text, struct trust_roles *roles, struct trust_error *err)
{
    *roles = (struct trust_roles){0};
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        const char *next = text[len] == ',' ? text + len + 1 : text + len;
        while (len > 0 && *text == ' ') {
            text++;
            len--;
        }
        while (len > 0 && text[len - 1] == ' ')
            len--;
        char name[32];
        int role = -1;
        if (len < sizeof name) {
            memcpy(name, text, len);
            name[len] = '\0';
            role = trust_role_by_short_name(name);
        }
        if (role < 0) {
            char printable[64];
            snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), text);
            return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                                   "role \"%s\" has no code: correct it in that row",
                                   store_printable(name, printable, sizeof printable));
        }
        if (!trust_roles_add(roles, (uint8_t)role))
            return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "it has more than %d roles",
                                   TRUST_ROLES_MAX);
        text = next;
    }
    return 0;
}

static int visit_row(struct trust_store *store, sqlite3_stmt *statement, size_t number,
                     trust_foreign_visit visit, void *arg, struct trust_error *err)
{
    struct trust_cert *cert = NULL;
    struct trust_foreign_row row;
    int rc = store_cert_from_pem(store_column_bytes(statement, 0), &cert, err);
    if (rc == 0)
        rc = read_roles(store_column_text(statement, 1), &row.roles, err);
    if (rc == 0)
        rc = store_column_ttl(statement, 2, &row.ttl, err);
    if (rc != 0) {
        char serial[80];
        store_printable(store_column_text(statement, 3), serial, sizeof serial);
        trust_cert_free(cert);
        return trust_error_prefix(err, rc, "%s: row %zu of certificates (serial number %s)", store->path,
                                  number, serial);
    }
    row.cert = cert;
    rc = visit(arg, &row);
    trust_cert_free(cert);
    return rc;
}

/* SQLite would wait for the other end of a FIFO. */
static int check_file(const char *path, struct trust_error *err)
{
    struct stat info;
    int fd, code = file_open(path, &fd, &info, err);
    if (code == 0)
        close(fd);
    return code;
}

/* The file is another program's, and may be any. */
static int no_statement(struct trust_store *store, struct trust_error *err)
{
    switch (sqlite3_errcode(store->db) & 0xff) {
    case SQLITE_ERROR:
        return trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                               "%s: no database of usecallmanager: a table `certificates` with the "
                               "columns certificate, roles, ttl is missing",
                               store->path);
    case SQLITE_NOTADB:
        return trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                               "%s: no database of usecallmanager: it is no SQLite database; name the one "
                               "that holds its certificates",
                               store->path);
    default:
        return store_error(store, "cannot be read", err);
    }
}

static int no_table(const struct trust_store *store, struct trust_error *err)
{
    return trust_error_set(
        err, TRUST_ESTORE, TRUST_NO_OFFSET,
        "%s: no database of usecallmanager: `certificates` is no plain table, but one whose "
        "rows or columns are computed",
        store->path);
}

/* How many rows the statement gives whose number in a column is at least so much. */
static int count_rows(struct trust_store *store, const char *sql, int column, int least, size_t *count,
                      struct trust_error *err)
{
    sqlite3_stmt *statement = NULL;
    bool more = true;
    int rc = 0;
    *count = 0;
    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        rc = no_statement(store, err);
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more)
        *count += sqlite3_column_int(statement, column) >= least;
    sqlite3_finalize(statement);
    return rc;
}

/* Rows as they stand in the file take work of its size to read; those of a view, or of a virtual table over
 * one, may have no end, and a column that is computed may take hours. */
static int check_table(struct trust_store *store, struct trust_error *err)
{
    size_t tables, computed = 0;
    int rc = count_rows(store,
                        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND lower(name) = 'certificates'"
                        " AND sql LIKE 'CREATE TABLE%'",
                        0, 1, &tables, err);
    if (rc == 0)
        rc = count_rows(store, "PRAGMA table_xinfo(certificates)", TABLE_XINFO_HIDDEN, 2, &computed, err);
    return rc == 0 && (tables != 1 || computed > 0) ? no_table(store, err) : rc;
}

int trust_store_read_usecallmanager(const char *path, trust_foreign_visit visit, void *arg,
                                    struct trust_error *err)
{
    struct trust_store store = {.mode = TRUST_STORE_READ, .path = strdup(path)};
    sqlite3_stmt *statement = NULL;
    bool more = true;
    size_t number = 0;
    int rc = store.path == NULL ? store_no_memory(err) : check_file(path, err);
    if (rc == 0)
        rc = store_db_open(path, SQLITE_OPEN_READONLY, &store.db, err);
    if (rc == 0 && sqlite3_prepare_v2(store.db,
                                      "SELECT certificate, roles, ttl, serial_number FROM certificates"
                                      " ORDER BY certificate_hash",
                                      -1, &statement, NULL) != SQLITE_OK)
        rc = no_statement(&store, err);
    if (rc == 0)
        rc = check_table(&store, err);
    while (rc == 0 && (rc = store_step(&store, statement, &more, err)) == 0 && more)
        rc = visit_row(&store, statement, ++number, visit, arg, err);
    sqlite3_finalize(statement);
    sqlite3_close(store.db);
    free(store.path);
    return rc;
}
