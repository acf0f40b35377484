/* `run sql`: one SELECT that an operator typed. SQLite's authorizer decides what it may do, so nothing is
 * guessed from the text. */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What was refused first, for the error. */
struct refusal {
    bool refused;
    char function[80]; /* "": no function */
};

/* Functions that reach outside the database, should the SQLite at hand have them. */
static bool is_forbidden_function(const char *name)
{
    static const char *const forbidden[] = {"load_extension", "readfile", "writefile",     "edit", "eval",
                                            "fts3_tokenizer", "lsmode",   "sqlar_compress"};
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (strcasecmp(name, forbidden[i]) == 0)
            return true;
    return false;
}

static int authorize(void *arg, int action, const char *first, const char *second, const char *database,
                     const char *trigger)
{
    (void)first, (void)database, (void)trigger;
    struct refusal *refusal = arg;
    bool is_function = action == SQLITE_FUNCTION;
    if (action == SQLITE_SELECT || action == SQLITE_READ || (is_function && !is_forbidden_function(second)))
        return SQLITE_OK;
    if (!refusal->refused && is_function)
        store_printable(second, refusal->function, sizeof refusal->function);
    refusal->refused = true;
    return SQLITE_DENY;
}

static int denied(const struct refusal *refusal, struct trust_error *err)
{
    if (refusal->function[0] != '\0')
        return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET,
                               "the statement calls %s(), which is not allowed here", refusal->function);
    return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET,
                           "only SELECT is allowed here, and the statement does something else");
}

/* Why a statement could not be prepared or run. */
static int failed(struct trust_store *store, const struct refusal *refusal, size_t base,
                  struct trust_error *err)
{
    if (refusal->refused)
        return denied(refusal, err);
    if ((sqlite3_errcode(store->db) & 0xff) != SQLITE_ERROR)
        return store_error(store, "cannot run the statement", err);
    int at = sqlite3_error_offset(store->db);
    char words[200];
    store_printable(sqlite3_errmsg(store->db), words, sizeof words);
    return trust_error_set(err, TRUST_EVALUE, at >= 0 ? base + (size_t)at : TRUST_NO_OFFSET,
                           "the statement makes no sense to SQLite: %s", words);
}

/* Prepare exactly one statement; empty ones and comments around it are nothing. */
static int prepare_one(struct trust_store *store, const char *text, const struct refusal *refusal,
                       sqlite3_stmt **out, struct trust_error *err)
{
    int rc = 0;
    for (const char *rest = text; rc == 0 && *rest != '\0';) {
        const char *tail = rest;
        sqlite3_stmt *next = NULL;
        bool prepared = sqlite3_prepare_v2(store->db, rest, -1, &next, &tail) == SQLITE_OK;
        if (*out != NULL && (!prepared || next != NULL))
            rc = trust_error_set(err, TRUST_EDENIED, (size_t)(rest - text),
                                 "one statement at a time: something follows the first");
        else if (!prepared)
            rc = failed(store, refusal, (size_t)(rest - text), err);
        if (rc != 0)
            sqlite3_finalize(next);
        else if (next != NULL)
            *out = next;
        rest = tail;
    }
    if (rc == 0 && *out == NULL)
        rc = trust_error_set(err, TRUST_EEMPTY, TRUST_NO_OFFSET, "there is no statement");
    if (rc == 0 && sqlite3_stmt_isexplain(*out))
        rc = denied(refusal, err);
    return rc;
}

/* The cells of the present row. Binary cells become hex, X'…', as SQL writes them. */
struct cells {
    const char **text;
    char **hex;
    int count;
};

static int fill_cell(struct cells *cells, sqlite3_stmt *statement, int column, struct trust_error *err)
{
    free(cells->hex[column]);
    cells->hex[column] = NULL;
    cells->text[column] = NULL;
    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return 0;
    if (sqlite3_column_type(statement, column) != SQLITE_BLOB) {
        cells->text[column] = (const char *)sqlite3_column_text(statement, column);
        return cells->text[column] != NULL ? 0 : store_no_memory(err);
    }
    struct trust_bytes bytes = store_column_bytes(statement, column);
    char *hex = malloc(2 * bytes.len + 4);
    if (hex == NULL)
        return store_no_memory(err);
    hex[0] = 'X';
    hex[1] = '\'';
    trust_hex(bytes, 0, true, hex + 2);
    memcpy(hex + 2 + 2 * bytes.len, "'", 2);
    cells->text[column] = cells->hex[column] = hex;
    return 0;
}

static int emit_columns(sqlite3_stmt *statement, struct cells *cells, const struct trust_sql_sink *sink,
                        struct trust_error *err)
{
    for (int i = 0; i < cells->count; i++) {
        cells->text[i] = sqlite3_column_name(statement, i);
        if (cells->text[i] == NULL)
            return store_no_memory(err);
    }
    return sink->columns(sink->arg, cells->count, cells->text);
}

static int emit_rows(struct trust_store *store, sqlite3_stmt *statement, const struct refusal *refusal,
                     struct cells *cells, const struct trust_sql_sink *sink, struct trust_error *err)
{
    for (;;) {
        int step = sqlite3_step(statement);
        if (step == SQLITE_DONE)
            return 0;
        if (step != SQLITE_ROW)
            return failed(store, refusal, 0, err);
        int rc = 0;
        for (int i = 0; rc == 0 && i < cells->count; i++)
            rc = fill_cell(cells, statement, i, err);
        if (rc == 0)
            rc = sink->row(sink->arg, cells->count, cells->text);
        if (rc != 0)
            return rc;
    }
}

static void cells_fini(struct cells *cells)
{
    for (int i = 0; cells->hex != NULL && i < cells->count; i++)
        free(cells->hex[i]);
    free(cells->hex);
    free(cells->text);
}

int trust_store_sql(struct trust_store *store, const char *statement, const struct trust_sql_sink *sink,
                    struct trust_error *err)
{
    sqlite3_stmt *prepared = NULL;
    struct refusal refusal = {0};
    struct cells cells = {0};
    sqlite3_set_authorizer(store->db, authorize, &refusal);
    int rc = prepare_one(store, statement, &refusal, &prepared, err);
    if (rc == 0) {
        cells.count = sqlite3_column_count(prepared);
        cells.text = calloc((size_t)cells.count, sizeof *cells.text);
        cells.hex = calloc((size_t)cells.count, sizeof *cells.hex);
        if (cells.text == NULL || cells.hex == NULL)
            rc = store_no_memory(err);
    }
    if (rc == 0)
        rc = emit_columns(prepared, &cells, sink, err);
    if (rc == 0)
        rc = emit_rows(store, prepared, &refusal, &cells, sink, err);
    sqlite3_finalize(prepared);
    sqlite3_set_authorizer(store->db, NULL, NULL);
    cells_fini(&cells);
    return rc;
}
