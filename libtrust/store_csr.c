/* Requests whose certificate is awaited. */
#include "store_internal.h"
#include "trust/csr.h"

static int check_row(const struct trust_csr_row *row, struct trust_error *err)
{
    const struct trust_unit_info *info = trust_unit_by_number((int)row->unit);
    if (info == NULL || !info->own)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "%s is no unit of own certificates",
                               info != NULL ? info->name : "that");
    if (row->request == NULL || row->request[0] == '\0')
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "there is no request to keep");
    return store_check_node_name(row->server_name, err);
}

int trust_store_set_csr(struct trust_store *store, const struct trust_csr_row *row, struct trust_error *err)
{
    int rc = check_row(row, err);
    if (rc == 0)
        rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc =
        store_run(store, err,
                  "INSERT OR REPLACE INTO signingrequest (servername, tkcertificateservice, request, created)"
                  " VALUES (?1, ?2, ?3, ?4)",
                  "titi", row->server_name, (int64_t)row->unit, row->request, (int64_t)row->created);
    return store_end(store, rc, err);
}

int trust_store_drop_csr(struct trust_store *store, const char *server_name, enum trust_unit unit,
                         struct trust_error *err)
{
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = store_run(store, err,
                   "DELETE FROM signingrequest WHERE servername = ?1 AND tkcertificateservice = ?2", "ti",
                   server_name, (int64_t)unit);
    return store_end(store, rc, err);
}

int trust_store_each_csr(struct trust_store *store, trust_csr_visit visit, void *arg, struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err,
                           "SELECT servername, tkcertificateservice, request, created FROM signingrequest"
                           " ORDER BY servername, tkcertificateservice",
                           "");
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        const struct trust_csr_row row = {
            .server_name = store_column_text(statement, 0),
            .unit = (enum trust_unit)sqlite3_column_int(statement, 1),
            .request = store_column_text(statement, 2),
            .created = (time_t)sqlite3_column_int64(statement, 3),
        };
        rc = visit(arg, &row);
    }
    sqlite3_finalize(statement);
    return rc;
}
