/* What the calls that write have in common: their transaction, certificate rows with their caches, roles. */
#include "internal.h"
#include "store_internal.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A random UUID (version 4), as CUCM's pkids look. */
static int make_pkid(char out[37], struct trust_error *err)
{
    uint8_t r[16];
    if (RAND_bytes(r, sizeof r) != 1)
        return crypto_error(err, TRUST_ECRYPTO, "no random bytes for a pkid");
    r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
    r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1],
             r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
    return 0;
}

/* *wrote: not, if the bytes have a cache already under another row that other software wrote; one is enough.
 */
static int write_cache(struct trust_store *store, const char *pkid, const struct trust_cert *cert,
                       bool *wrote, struct trust_error *err)
{
    char sha256[2 * TRUST_SHA256_SIZE + 1];
    trust_hex((struct trust_bytes){trust_cert_sha256(cert), TRUST_SHA256_SIZE}, 0, false, sha256);
    const struct trust_name *issuer = trust_cert_issuer(cert);
    char *common_name;
    int rc = store_fold_name(trust_name_common_name(trust_cert_subject(cert)), &common_name, err);
    if (rc != 0)
        return rc;
    /* One whose row is gone, without its trigger, is in the way. */
    rc = store_run(store, err,
                   "DELETE FROM certificatecache WHERE sha256 = ?1"
                   " AND NOT EXISTS (SELECT 1 FROM certificate WHERE pkid = fkcertificate)",
                   "t", sha256);
    if (rc == 0)
        rc = store_run(store, err,
                       "INSERT OR IGNORE INTO certificatecache (fkcertificate, sha256, der, serial, issuer,"
                       " issuercanonical, issuercanonicalfull, commonname, notbefore, notafter)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                       "ttbbttttii", pkid, sha256, trust_cert_der(cert), trust_cert_serial(cert),
                       trust_name_cucm(issuer), trust_name_canonical(issuer),
                       trust_name_canonical_full(issuer), common_name, (int64_t)trust_cert_not_before(cert),
                       (int64_t)trust_cert_not_after(cert));
    *wrote = rc == 0 && sqlite3_changes(store->db) > 0;
    free(common_name);
    return rc;
}

/* Rows of other software that are in no unit are imports. Their roles are kept as such, so that a unit that
 * they come into later adds to them. */
static int adopt_imports(struct trust_store *store, struct trust_error *err)
{
    static const char sql[] =
        "INSERT OR IGNORE INTO importedcertificate SELECT c.pkid FROM certificate AS c WHERE " STORE_UNCACHED
        " AND NOT EXISTS (SELECT 1 FROM certificateservicecertificatemap WHERE fkcertificate = c.pkid)"
        " AND NOT EXISTS (SELECT 1 FROM retiredcertificate WHERE fkcertificate = c.pkid)"
        " AND NOT EXISTS (SELECT 1 FROM importedcertificate WHERE fkcertificate = c.pkid)"
        " RETURNING fkcertificate";
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err, sql, "");
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more)
        rc = store_run(store, err,
                       "INSERT OR IGNORE INTO importedtrustrole SELECT fkcertificate, tktrustrole"
                       " FROM certificatetrustrolemap WHERE fkcertificate = ?1"
                       " AND tktrustrole IN (SELECT enum FROM typetrustrole)",
                       "t", store_column_text(statement, 0));
    sqlite3_finalize(statement);
    return rc;
}

/* A row that cannot be parsed stays as it is: it fails the load, which names it, and must not keep anybody
 * from adding others. One with the bytes of another stays without a cache, too: *left. */
static int adopt_caches(struct trust_store *store, bool *left, struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err,
                           "SELECT c.pkid, c.certificate FROM certificate AS c WHERE " STORE_UNCACHED, "");
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        struct trust_cert *cert;
        bool wrote = true;
        rc = store_cert_from_pem(store_column_bytes(statement, 1), &cert, NULL);
        if (rc == TRUST_ENOMEM)
            rc = store_no_memory(err);
        else if (rc != 0)
            rc = 0;
        else
            rc = write_cache(store, store_column_text(statement, 0), cert, &wrote, err);
        *left |= !wrote;
        trust_cert_free(cert);
    }
    sqlite3_finalize(statement);
    return rc;
}

/* Whether that was done already, by another program perhaps, and nobody wrote certificates since. */
static int is_adopted(struct trust_store *store, bool *is, struct trust_error *err)
{
    int64_t state, adopted = 0;
    int rc = trust_store_state(store, &state, err);
    if (rc == 0 && state != 0)
        rc = store_number(store, 0, &adopted, err, "SELECT adopted = ?1 FROM answerstate", "i", state);
    *is = adopted != 0;
    return rc;
}

/* See to rows that other software wrote. As long as one of them cannot be found by a cache though it is
 * sound, nothing may be taken for seen to. */
static int adopt_rows(struct trust_store *store, struct trust_error *err)
{
    int64_t version;
    bool is = false, left = false;
    int rc = trust_store_data_version(store, &version, err);
    if (rc != 0 || version == store->adopted)
        return rc;
    rc = is_adopted(store, &is, err);
    if (rc == 0 && !is)
        rc = adopt_imports(store, err);
    if (rc == 0 && !is)
        rc = adopt_caches(store, &left, err);
    if (rc == 0 && !left)
        store->adopted = version;
    return rc;
}

int store_has_adopted(struct trust_store *store, bool *has, struct trust_error *err)
{
    int64_t version;
    int rc = trust_store_data_version(store, &version, err);
    *has = rc == 0 && store->adopted == version;
    return rc != 0 || *has ? rc : is_adopted(store, has, err);
}

int store_note_adopted(struct trust_store *store, struct trust_error *err)
{
    bool has;
    int rc = store_has_adopted(store, &has, err);
    if (rc != 0 || !has)
        return rc;
    int64_t state;
    rc = trust_store_state(store, &state, err);
    if (rc != 0 || state == 0)
        return rc;
    return store_run(store, err, "UPDATE answerstate SET adopted = ?1 WHERE adopted <> ?1", "i", state);
}

int store_start(struct trust_store *store, struct trust_error *err)
{
    if (store->mode != TRUST_STORE_WRITE)
        return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET, "%s: the store was opened to read only",
                               store->path);
    int rc = trust_store_begin(store, err);
    if (rc != 0)
        return rc;
    rc = adopt_rows(store, err);
    if (rc != 0)
        trust_store_rollback(store);
    return rc;
}

int store_end(struct trust_store *store, int result, struct trust_error *err)
{
    if (result == 0)
        result = trust_store_commit(store, err);
    if (result != 0)
        trust_store_rollback(store);
    return result;
}

int store_row_of(struct trust_store *store, const struct trust_cert *cert, char **pkid,
                 struct trust_error *err)
{
    char sha256[2 * TRUST_SHA256_SIZE + 1];
    trust_hex((struct trust_bytes){trust_cert_sha256(cert), TRUST_SHA256_SIZE}, 0, false, sha256);
    return store_text(store, pkid, err,
                      "SELECT c.pkid FROM certificatecache AS k JOIN certificate AS c"
                      " ON c.pkid = k.fkcertificate WHERE k.sha256 = ?1",
                      "t", sha256);
}

static int insert_row(struct trust_store *store, const struct trust_cert *cert, const char *pkid,
                      struct trust_error *err)
{
    struct trust_bytes serial = trust_cert_serial(cert);
    char *pem = NULL, *hex = malloc(2 * serial.len + 1);
    int rc = hex == NULL ? store_no_memory(err) : trust_cert_to_pem(cert, &pem, err);
    if (rc == 0)
        rc = store_run(store, err,
                       "INSERT INTO certificate (pkid, subjectname, issuername, serialnumber, certificate)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
                       "ttttt", pkid, trust_name_database(trust_cert_subject(cert)),
                       trust_name_database(trust_cert_issuer(cert)), trust_hex(serial, 0, false, hex), pem);
    free(pem);
    free(hex);
    bool wrote = true;
    if (rc == 0)
        rc = write_cache(store, pkid, cert, &wrote, err);
    if (!wrote)
        store->adopted = -1;
    return rc;
}

int store_row_make(struct trust_store *store, const struct trust_cert *cert, char **pkid,
                   struct trust_error *err)
{
    int rc = store_row_of(store, cert, pkid, err);
    if (rc != 0 || *pkid != NULL)
        return rc;
    char *fresh = malloc(37);
    if (fresh == NULL)
        return store_no_memory(err);
    rc = make_pkid(fresh, err);
    if (rc == 0)
        rc = insert_row(store, cert, fresh, err);
    if (rc != 0) {
        free(fresh);
        return rc;
    }
    *pkid = fresh;
    return 0;
}

/* The union of the roles of a row's units and of its import. */
static int wanted_roles(struct trust_store *store, const char *pkid, struct trust_roles *roles,
                        struct trust_error *err)
{
    *roles = (struct trust_roles){0};
    sqlite3_stmt *statement;
    int rc = store_prepare(store, &statement, err,
                           "SELECT 0, tkcertificateservice FROM certificateservicecertificatemap"
                           " WHERE fkcertificate = ?1"
                           " UNION ALL SELECT 1, tktrustrole FROM importedtrustrole WHERE fkcertificate = ?1",
                           "t", pkid);
    bool more = true, fits = true;
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        int number = sqlite3_column_int(statement, 1);
        const struct trust_unit_info *unit = trust_unit_by_number(number);
        if (sqlite3_column_int(statement, 0) != 0)
            fits = trust_roles_add(roles, (uint8_t)number) && fits;
        else if (unit != NULL)
            fits = trust_roles_merge(roles, &unit->roles) && fits;
    }
    sqlite3_finalize(statement);
    if (rc == 0 && !fits)
        rc = trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                             "%s: a certificate has more than %d roles", store->path, TRUST_ROLES_MAX);
    return rc;
}

int store_row_roles(struct trust_store *store, const char *pkid, struct trust_error *err)
{
    struct trust_roles roles;
    int rc = wanted_roles(store, pkid, &roles, err);
    if (rc == 0)
        rc = store_run(store, err, "DELETE FROM certificatetrustrolemap WHERE fkcertificate = ?1", "t", pkid);
    for (size_t i = 0; rc == 0 && i < roles.count; i++) {
        char map_pkid[37];
        rc = make_pkid(map_pkid, err);
        if (rc == 0)
            rc = store_run(store, err,
                           "INSERT INTO certificatetrustrolemap (pkid, fkcertificate, tktrustrole)"
                           " VALUES (?1, ?2, ?3)",
                           "tti", map_pkid, pkid, (int64_t)roles.code[i]);
    }
    return rc;
}

int store_row_settle(struct trust_store *store, const char *pkid, struct trust_error *err)
{
    int rc =
        store_run(store, err,
                  "DELETE FROM certificate WHERE pkid = ?1"
                  " AND NOT EXISTS (SELECT 1 FROM certificateservicecertificatemap WHERE fkcertificate = ?1)"
                  " AND NOT EXISTS (SELECT 1 FROM importedcertificate WHERE fkcertificate = ?1)"
                  " AND NOT EXISTS (SELECT 1 FROM retiredcertificate WHERE fkcertificate = ?1)",
                  "t", pkid);
    if (rc == 0 && sqlite3_changes(store->db) == 0)
        rc = store_row_roles(store, pkid, err);
    return rc;
}
