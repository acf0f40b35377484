/* Reading the store: rows for those who list or use them. */
#include "store_internal.h"

#include <stdio.h>
#include <string.h>

int trust_store_each(struct trust_store *store, int unit, trust_store_visit visit, void *arg,
                     struct trust_error *err)
{
    /* Rows in no unit come last. */
    static const char sql[] =
        STORE_ROW_SELECT "LEFT JOIN (SELECT fkcertificate, min(tkcertificateservice) AS first"
                         " FROM certificateservicecertificatemap GROUP BY fkcertificate) AS u"
                         " ON u.fkcertificate = c.pkid"
                         " WHERE ?1 = 0 OR EXISTS (SELECT 1 FROM certificateservicecertificatemap"
                         " WHERE fkcertificate = c.pkid AND tkcertificateservice = ?1)"
                         " ORDER BY u.first IS NULL, u.first, c.subjectname, c.servername, c.pkid";
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err, sql, "i", (int64_t)unit);
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        struct trust_store_row row;
        rc = store_row_read(store, statement, &row, err);
        if (rc == 0)
            rc = visit(arg, &row);
        trust_cert_free(row.cert);
    }
    sqlite3_finalize(statement);
    return rc;
}

int trust_store_own(struct trust_store *store, const char *server_name, enum trust_unit unit,
                    struct trust_cert **out, struct trust_error *err)
{
    *out = NULL;
    sqlite3_stmt *statement;
    struct trust_cert *newest = NULL;
    bool more = true;
    int rc = store_prepare(store, &statement, err,
                           STORE_ROW_SELECT "JOIN certificateservicecertificatemap AS m"
                                            " ON m.fkcertificate = c.pkid"
                                            " WHERE c.servername = ?1 AND m.tkcertificateservice = ?2",
                           "ti", server_name, (int64_t)unit);
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        struct trust_store_row row;
        rc = store_row_read(store, statement, &row, err);
        if (rc != 0)
            break;
        if (newest == NULL || trust_cert_not_before(row.cert) > trust_cert_not_before(newest)) {
            trust_cert_free(newest);
            newest = row.cert;
        } else {
            trust_cert_free(row.cert);
        }
    }
    sqlite3_finalize(statement);
    if (rc != 0) {
        trust_cert_free(newest);
        return rc;
    }
    if (newest == NULL) {
        const struct trust_unit_info *info = trust_unit_by_number((int)unit);
        const char *name = info != NULL ? info->name : "?";
        char node[160];
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "%s: node \"%s\" has no %s certificate: make it with `set cert regen %s`",
                               store->path, store_printable(server_name, node, sizeof node), name, name);
    }
    *out = newest;
    return 0;
}

/* Whether a unit that the certificate was retired from made it a signer of lists. Others, a web server's say,
 * never vouched for lists and do not begin to when they are replaced. */
static int was_signer(struct trust_store *store, const char *pkid, bool *was, struct trust_error *err)
{
    *was = false;
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err,
                           "SELECT tkcertificateservice FROM retiredcertificate WHERE fkcertificate = ?1",
                           "t", pkid);
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        const struct trust_unit_info *unit = trust_unit_by_number(sqlite3_column_int(statement, 0));
        *was = *was || (unit != NULL && trust_roles_has(&unit->roles, TRUST_ROLE_SAST));
    }
    sqlite3_finalize(statement);
    return rc;
}

/* Whether the certificate is in one of the rows of the condition on c and k, and vouches there. ?1: its
 * SHA-256 in hex. */
static int vouches_in(struct trust_store *store, const struct trust_cert *cert, const char *condition,
                      bool *found, struct trust_error *err)
{
    char sha256[2 * TRUST_SHA256_SIZE + 1], sql[sizeof STORE_ROW_SELECT + 256];
    trust_hex((struct trust_bytes){trust_cert_sha256(cert), TRUST_SHA256_SIZE}, 0, false, sha256);
    snprintf(sql, sizeof sql, "%sWHERE %s", STORE_ROW_SELECT, condition);
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err, sql, "t", sha256);
    while (rc == 0 && !*found && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        struct trust_store_row row;
        rc = store_row_read(store, statement, &row, err);
        if (rc == 0 && trust_cert_equal(row.cert, cert)) {
            *found = trust_roles_has(&row.roles, TRUST_ROLE_SAST);
            if (!*found)
                rc = was_signer(store, row.pkid, found, err);
        }
        trust_cert_free(row.cert);
    }
    sqlite3_finalize(statement);
    return rc;
}

int trust_store_vouches(struct trust_store *store, const struct trust_cert *cert, bool *vouches,
                        struct trust_error *err)
{
    *vouches = false;
    bool found = false;
    int rc = vouches_in(store, cert, "k.sha256 = ?1", &found, err);
    if (rc == 0 && !found)
        rc = vouches_in(store, cert, "?1 <> '' AND " STORE_UNCACHED, &found, err);
    if (rc == 0)
        *vouches = found;
    return rc;
}
