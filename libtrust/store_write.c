/* Changing what certificates the store holds and what for. Each call is one transaction. */
#include "store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int into_unit(struct trust_store *store, const char *pkid, int unit, struct trust_error *err)
{
    return store_run(store, err,
                     "INSERT OR IGNORE INTO certificateservicecertificatemap"
                     " (fkcertificate, tkcertificateservice) VALUES (?1, ?2)",
                     "ti", pkid, (int64_t)unit);
}

int store_row_leave(struct trust_store *store, const char *pkid, const struct trust_unit_info *unit,
                    struct trust_error *err)
{
    int rc = store_run(store, err,
                       "DELETE FROM certificateservicecertificatemap"
                       " WHERE fkcertificate = ?1 AND tkcertificateservice = ?2",
                       "ti", pkid, (int64_t)unit->unit);
    if (rc == 0 && unit->own)
        rc = store_run(store, err,
                       "INSERT OR IGNORE INTO retiredcertificate (fkcertificate, tkcertificateservice)"
                       " VALUES (?1, ?2)",
                       "ti", pkid, (int64_t)unit->unit);
    return rc == 0 ? store_row_settle(store, pkid, err) : rc;
}

/* A row names one node: a certificate cannot be an own certificate of two. */
static int check_owner(struct trust_store *store, const char *pkid, const struct trust_node *node,
                       struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err,
                           "SELECT c.servername, m.tkcertificateservice FROM certificate AS c"
                           " JOIN certificateservicecertificatemap AS m ON m.fkcertificate = c.pkid"
                           " WHERE c.pkid = ?1 AND c.servername <> ?2",
                           "tt", pkid, node->server_name);
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        const struct trust_unit_info *unit = trust_unit_by_number(sqlite3_column_int(statement, 1));
        if (unit == NULL || !unit->own)
            continue;
        char other[160];
        store_printable(store_column_text(statement, 0), other, sizeof other);
        rc = trust_error_set(err, TRUST_EEXISTS, TRUST_NO_OFFSET,
                             "%s: node \"%s\" has this certificate as its %s: a certificate belongs to one "
                             "node",
                             store->path, other, unit->name);
    }
    sqlite3_finalize(statement);
    return rc;
}

/* Retire what the node had in that unit. */
static int retire_others(struct trust_store *store, const char *pkid, const struct trust_node *node,
                         const struct trust_unit_info *unit, struct trust_error *err)
{
    for (;;) {
        char *other;
        int rc =
            store_text(store, &other, err,
                       "SELECT c.pkid FROM certificate AS c"
                       " JOIN certificateservicecertificatemap AS m ON m.fkcertificate = c.pkid"
                       " WHERE c.servername = ?1 AND m.tkcertificateservice = ?2 AND c.pkid <> ?3 LIMIT 1",
                       "tit", node->server_name, (int64_t)unit->unit, pkid);
        if (rc != 0 || other == NULL)
            return rc;
        rc = store_row_leave(store, other, unit, err);
        free(other);
        if (rc != 0)
            return rc;
    }
}

static int make_own(struct trust_store *store, const char *pkid, const struct trust_node *node,
                    const struct trust_unit_info *unit, struct trust_error *err)
{
    int rc = check_owner(store, pkid, node, err);
    if (rc == 0)
        rc = retire_others(store, pkid, node, unit, err);
    if (rc == 0)
        rc = store_run(store, err,
                       "UPDATE certificate SET servername = ?2, ipv4address ="
                       " (SELECT ipv4address FROM node WHERE name = ?2) WHERE pkid = ?1",
                       "tt", pkid, node->server_name);
    if (rc == 0)
        rc =
            store_run(store, err,
                      "DELETE FROM retiredcertificate WHERE fkcertificate = ?1 AND tkcertificateservice = ?2",
                      "ti", pkid, (int64_t)unit->unit);
    if (rc == 0)
        rc = into_unit(store, pkid, (int)unit->unit, err);
    return rc == 0 ? store_row_settle(store, pkid, err) : rc;
}

int trust_store_set_own(struct trust_store *store, const struct trust_node *node, enum trust_unit unit,
                        const struct trust_cert *cert, struct trust_error *err)
{
    const struct trust_unit_info *info = trust_unit_by_number((int)unit);
    if (info == NULL || !info->own)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "%s is no unit of own certificates",
                               info != NULL ? info->name : "that");
    char *pkid = NULL;
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = store_row_make(store, cert, &pkid, err);
    if (rc == 0)
        rc = store_node_make(store, node, err);
    if (rc == 0)
        rc = make_own(store, pkid, node, info, err);
    free(pkid);
    return store_end(store, rc, err);
}

/* One common name, one certificate: say that a newer one is there, or take the others out of the unit. Equal
 * dates: what was brought last wins. */
static int make_way(struct trust_store *store, const struct trust_unit_info *unit,
                    const struct trust_cert *cert, struct trust_store_added *added, struct trust_error *err)
{
    char *name;
    int rc = store_fold_name(trust_name_common_name(trust_cert_subject(cert)), &name, err);
    if (rc != 0 || *name == '\0') {
        free(name);
        return rc;
    }
    int64_t newest;
    rc = store_number(store, INT64_MIN, &newest, err,
                      "SELECT k.notbefore FROM certificatecache AS k"
                      " JOIN certificateservicecertificatemap AS m ON m.fkcertificate = k.fkcertificate"
                      " WHERE k.commonname = ?1 AND m.tkcertificateservice = ?2"
                      " ORDER BY k.notbefore DESC LIMIT 1",
                      "ti", name, (int64_t)unit->unit);
    added->kept_newer = rc == 0 && newest > (int64_t)trust_cert_not_before(cert);
    while (rc == 0 && !added->kept_newer) {
        char *other, *serial = NULL;
        rc = store_text(
            store, &other, err,
            "SELECT k.fkcertificate FROM certificatecache AS k"
            " JOIN certificateservicecertificatemap AS m ON m.fkcertificate = k.fkcertificate"
            " WHERE k.commonname = ?1 AND m.tkcertificateservice = ?2 ORDER BY k.notbefore LIMIT 1",
            "ti", name, (int64_t)unit->unit);
        if (rc != 0 || other == NULL)
            break;
        rc = store_text(store, &serial, err, "SELECT serialnumber FROM certificate WHERE pkid = ?1", "t",
                        other);
        if (rc == 0 && serial != NULL)
            snprintf(added->replaced, sizeof added->replaced, "%s", serial);
        if (rc == 0)
            rc = store_row_leave(store, other, unit, err);
        free(serial);
        free(other);
    }
    free(name);
    return rc;
}

/* The time to live came with the import and goes with it. */
static int out_of_imports(struct trust_store *store, const char *pkid, struct trust_error *err)
{
    int rc = store_run(store, err, "DELETE FROM importedcertificate WHERE fkcertificate = ?1", "t", pkid);
    if (rc == 0)
        rc = store_run(store, err, "UPDATE certificate SET timetolive = NULL WHERE pkid = ?1", "t", pkid);
    return rc == 0 ? store_row_settle(store, pkid, err) : rc;
}

static int is_in_unit(struct trust_store *store, const struct trust_cert *cert, int unit, bool *is,
                      struct trust_error *err)
{
    char *pkid;
    int64_t count = 0;
    int rc = store_row_of(store, cert, &pkid, err);
    if (rc == 0 && pkid != NULL)
        rc = store_number(store, 0, &count, err,
                          "SELECT count(*) FROM certificateservicecertificatemap"
                          " WHERE fkcertificate = ?1 AND tkcertificateservice = ?2",
                          "ti", pkid, (int64_t)unit);
    free(pkid);
    *is = count > 0;
    return rc;
}

static int add_trust(struct trust_store *store, const struct trust_unit_info *unit,
                     const struct trust_cert *cert, struct trust_store_added *added, struct trust_error *err)
{
    int rc = is_in_unit(store, cert, (int)unit->unit, &added->was_there, err);
    if (rc != 0 || added->was_there)
        return rc;
    rc = make_way(store, unit, cert, added, err);
    if (rc != 0 || added->kept_newer)
        return rc;
    char *pkid;
    rc = store_row_make(store, cert, &pkid, err);
    if (rc == 0)
        rc = into_unit(store, pkid, (int)unit->unit, err);
    if (rc == 0)
        rc = store_row_settle(store, pkid, err);
    free(pkid);
    return rc;
}

int trust_store_add_trust(struct trust_store *store, enum trust_unit unit, const struct trust_cert *cert,
                          struct trust_store_added *added, struct trust_error *err)
{
    *added = (struct trust_store_added){0};
    const struct trust_unit_info *info = trust_unit_by_number((int)unit);
    if (info == NULL || info->own)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "%s is no trust unit",
                               info != NULL ? info->name : "that");
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    struct trust_store_added done = {0};
    rc = store_end(store, add_trust(store, info, cert, &done, err), err);
    if (rc == 0)
        *added = done;
    return rc;
}

static int check_import(const struct trust_roles *roles, int64_t ttl, struct trust_error *err)
{
    if (ttl < -1 || ttl > UINT32_MAX)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "the time to live is no number of seconds from 0 to %u", UINT32_MAX);
    for (size_t i = 0; i < roles->count; i++)
        if (roles->code[i] != TRUST_ROLE_UNKNOWN &&
            strcmp(trust_role_short_name(roles->code[i]), "UNKNOWN") == 0)
            return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "%u is no role", roles->code[i]);
    return 0;
}

static int write_import(struct trust_store *store, const char *pkid, const struct trust_roles *roles,
                        int64_t ttl, bool *was_there, struct trust_error *err)
{
    int64_t count = 0;
    int rc = store_number(store, 0, &count, err,
                          "SELECT count(*) FROM importedcertificate WHERE fkcertificate = ?1", "t", pkid);
    if (rc == 0)
        rc = store_run(store, err, "DELETE FROM importedtrustrole WHERE fkcertificate = ?1", "t", pkid);
    if (rc == 0)
        rc = store_run(store, err, "INSERT OR IGNORE INTO importedcertificate (fkcertificate) VALUES (?1)",
                       "t", pkid);
    for (size_t i = 0; rc == 0 && i < roles->count; i++)
        rc = store_run(store, err,
                       "INSERT INTO importedtrustrole (fkcertificate, tktrustrole) VALUES (?1, ?2)", "ti",
                       pkid, (int64_t)roles->code[i]);
    if (rc == 0)
        rc = store_run(store, err, "UPDATE certificate SET timetolive = nullif(?2, -1) WHERE pkid = ?1", "ti",
                       pkid, ttl);
    if (rc == 0)
        rc = store_row_settle(store, pkid, err);
    *was_there = rc == 0 && count > 0;
    return rc;
}

int trust_store_add_imported(struct trust_store *store, const struct trust_cert *cert,
                             const struct trust_roles *roles, int64_t ttl, bool *was_there,
                             struct trust_error *err)
{
    *was_there = false;
    int rc = check_import(roles, ttl, err);
    if (rc == 0)
        rc = store_start(store, err);
    if (rc != 0)
        return rc;
    char *pkid;
    rc = store_row_make(store, cert, &pkid, err);
    if (rc == 0)
        rc = write_import(store, pkid, roles, ttl, was_there, err);
    free(pkid);
    return store_end(store, rc, err);
}

int trust_store_delete(struct trust_store *store, int unit, const char *name, struct trust_cert **deleted,
                       struct trust_error *err)
{
    *deleted = NULL;
    const struct trust_unit_info *info = trust_unit_by_number(unit);
    if (unit != 0 && info == NULL)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "%d is no unit", unit);
    struct trust_store_row row = {0};
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = trust_store_find(store, unit, name, &row, err);
    if (rc == 0)
        rc =
            info != NULL ? store_row_leave(store, row.pkid, info, err) : out_of_imports(store, row.pkid, err);
    rc = store_end(store, rc, err);
    if (rc == 0)
        *deleted = row.cert;
    else
        trust_cert_free(row.cert);
    return rc;
}
