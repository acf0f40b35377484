/* Reading the store: what answers phones, and rows for those who list or use them. */
#include "store_internal.h"

#include <string.h>

/* Columns of the load. */
enum { PKID, TTL, PEM, SHA256, DER, SERIAL, ISSUER, CANONICAL, CANONICAL_FULL, NOT_AFTER, ROLES };

static const char load_sql[] =
    "SELECT c.pkid, c.timetolive, c.certificate, k.sha256, k.der, k.serial, k.issuer, k.issuercanonical,"
    " k.issuercanonicalfull, k.notafter,"
    " (SELECT group_concat(tktrustrole) FROM certificatetrustrolemap WHERE fkcertificate = c.pkid)"
    " FROM certificate AS c LEFT JOIN certificatecache AS k ON k.fkcertificate = c.pkid WHERE " STORE_ANSWERS;

/* Add a row out of its PEM, which other software wrote. */
static int load_parsed(sqlite3_stmt *statement, struct trust_entry *entry,
                       struct trust_index_builder *builder, struct trust_error *err)
{
    struct trust_cert *cert;
    int rc = store_cert_from_pem(store_column_bytes(statement, PEM), &cert, err);
    if (rc != 0)
        return rc;
    const struct trust_name *issuer = trust_cert_issuer(cert);
    entry->der = trust_cert_der(cert);
    memcpy(entry->sha256, trust_cert_sha256(cert), sizeof entry->sha256);
    entry->serial = trust_cert_serial(cert);
    entry->issuer = trust_name_cucm(issuer);
    entry->issuer_canonical = trust_name_canonical(issuer);
    entry->issuer_canonical_full = trust_name_canonical_full(issuer);
    entry->not_after = trust_cert_not_after(cert);
    rc = trust_index_add(builder, entry, err);
    trust_cert_free(cert);
    return rc;
}

static int load_row(sqlite3_stmt *statement, struct trust_index_builder *builder, struct trust_error *err)
{
    int64_t ttl;
    struct trust_entry entry = {0};
    int rc = store_roles_from_text(store_column_text(statement, ROLES), &entry.roles, err);
    if (rc == 0)
        rc = store_column_ttl(statement, TTL, &ttl, err);
    if (rc != 0)
        return rc;
    entry.has_ttl = ttl >= 0;
    entry.ttl = entry.has_ttl ? (uint32_t)ttl : 0;

    uint8_t digest[TRUST_DIGEST_MAX];
    entry.der = store_column_bytes(statement, DER);
    if (!store_cache_is_valid(entry.der, store_column_text(statement, SHA256), digest))
        return load_parsed(statement, &entry, builder, err);
    memcpy(entry.sha256, digest, sizeof entry.sha256);
    entry.serial = store_column_bytes(statement, SERIAL);
    entry.issuer = store_column_text(statement, ISSUER);
    entry.issuer_canonical = store_column_text(statement, CANONICAL);
    entry.issuer_canonical_full = store_column_text(statement, CANONICAL_FULL);
    entry.not_after = (time_t)sqlite3_column_int64(statement, NOT_AFTER);
    return trust_index_add(builder, &entry, err);
}

int trust_store_load(struct trust_store *store, struct trust_index_builder *builder, struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err, load_sql, "");
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        struct trust_error why = {0};
        if (load_row(statement, builder, &why) != 0)
            rc = store_row_corrupt(store, store_column_text(statement, PKID), &why, err);
    }
    sqlite3_finalize(statement);
    return rc;
}

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

int trust_store_vouches(struct trust_store *store, const struct trust_cert *cert, bool *vouches,
                        struct trust_error *err)
{
    *vouches = false;
    char sha256[2 * TRUST_SHA256_SIZE + 1];
    trust_hex((struct trust_bytes){trust_cert_sha256(cert), TRUST_SHA256_SIZE}, 0, false, sha256);
    sqlite3_stmt *statement;
    bool more = true, found = false;
    int rc = store_prepare(store, &statement, err, STORE_ROW_SELECT "WHERE k.sha256 IS NULL OR k.sha256 = ?1",
                           "t", sha256);
    while (rc == 0 && !found && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        struct trust_store_row row;
        rc = store_row_read(store, statement, &row, err);
        if (rc == 0 && trust_cert_equal(row.cert, cert)) {
            found = trust_roles_has(&row.roles, TRUST_ROLE_SAST);
            if (!found)
                rc = was_signer(store, row.pkid, &found, err);
        }
        trust_cert_free(row.cert);
    }
    sqlite3_finalize(statement);
    if (rc == 0)
        *vouches = found;
    return rc;
}
