/* Reading the store: rows for those who list or use them. */
#include "list_tags.h"
#include "store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows in no unit come last. */
#define IN_ORDER                                                                                             \
    " ORDER BY (SELECT min(tkcertificateservice) FROM certificateservicecertificatemap"                      \
    " WHERE fkcertificate = c.pkid) NULLS LAST, c.subjectname, c.servername, c.pkid"

/* Visit what the statement gives; list: only those that its header names as its signer. Finalizes it. */
static int visit_rows(struct trust_store *store, sqlite3_stmt *statement, const struct trust_list *list,
                      trust_store_visit visit, void *arg, struct trust_error *err)
{
    bool more = true;
    int rc = 0;
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        struct trust_store_row row;
        bool is_wanted = true;
        rc = store_row_read(store, statement, &row, err);
        if (rc == 0 && list != NULL)
            rc = list_is_signer(list, row.cert, &is_wanted, err);
        if (rc == 0 && is_wanted)
            rc = visit(arg, &row);
        trust_cert_free(row.cert);
    }
    sqlite3_finalize(statement);
    return rc;
}

int trust_store_each(struct trust_store *store, int unit, trust_store_visit visit, void *arg,
                     struct trust_error *err)
{
    static const char all[] = STORE_ROW_SELECT IN_ORDER;
    static const char of_unit[] =
        STORE_ROW_SELECT "WHERE c.pkid IN (SELECT fkcertificate FROM certificateservicecertificatemap"
                         " WHERE tkcertificateservice = ?1)" IN_ORDER;
    sqlite3_stmt *statement;
    int rc = unit == 0 ? store_prepare(store, &statement, err, all, "")
                       : store_prepare(store, &statement, err, of_unit, "i", (int64_t)unit);
    return rc == 0 ? visit_rows(store, statement, NULL, visit, arg, err) : rc;
}

/* "3, 5, …": the units of own certificates. */
static void own_units(char *out, size_t size)
{
    size_t count, used = 0;
    const struct trust_unit_info *info = trust_units(&count);
    for (size_t i = 0; i < count && used < size; i++)
        if (info[i].own)
            used += (size_t)snprintf(out + used, size - used, "%s%d", used > 0 ? ", " : "", info[i].unit);
}

int trust_store_each_listed(struct trust_store *store, trust_store_visit visit, void *arg,
                            struct trust_error *err)
{
    char units[128], sql[sizeof STORE_ROW_SELECT + sizeof IN_ORDER + 640];
    own_units(units, sizeof units);
    snprintf(sql, sizeof sql,
             STORE_ROW_SELECT "WHERE c.pkid IN (SELECT fkcertificate FROM certificatetrustrolemap"
                              " WHERE tktrustrole IN (%d, %d, %d, %d, %d)"
                              " UNION SELECT fkcertificate FROM certificateservicecertificatemap"
                              " WHERE tkcertificateservice IN (%s)"
                              " UNION SELECT fkcertificate FROM retiredcertificate)" IN_ORDER,
             TRUST_ROLE_SAST, TRUST_ROLE_CCM, TRUST_ROLE_CCM_TFTP, TRUST_ROLE_TFTP, TRUST_ROLE_TVS, units);
    sqlite3_stmt *statement;
    int rc = store_prepare(store, &statement, err, sql, "");
    return rc == 0 ? visit_rows(store, statement, NULL, visit, arg, err) : rc;
}

/* The number as certificatecache has it: without leading zeros. */
static struct trust_bytes without_zeros(struct trust_bytes serial)
{
    while (serial.len > 1 && serial.data[0] == 0) {
        serial.data++;
        serial.len--;
    }
    return serial;
}

int trust_store_each_signer(struct trust_store *store, const struct trust_list *list, trust_store_visit visit,
                            void *arg, struct trust_error *err)
{
    static const char sql[] =
        STORE_ROW_SELECT "WHERE c.pkid IN (SELECT fkcertificate FROM certificatecache"
                         " WHERE serial IN (?1, ?2)) OR (?3 AND " STORE_UNCACHED ")" IN_ORDER;
    const struct trust_bytes serial = list->header.serial;
    bool adopted;
    int rc = store_has_adopted(store, &adopted, err);
    if (rc != 0)
        return rc;
    if (!store->keeps_caches) {
        sqlite3_stmt *all;
        rc = store_prepare(store, &all, err, STORE_ROW_SELECT IN_ORDER, "");
        return rc == 0 ? visit_rows(store, all, list, visit, arg, err) : rc;
    }
    uint8_t *turned = malloc(serial.len + 1);
    if (turned == NULL)
        return store_no_memory(err);
    /* Some headers have it the wrong way round. */
    for (size_t i = 0; i < serial.len; i++)
        turned[i] = serial.data[serial.len - 1 - i];
    sqlite3_stmt *statement;
    rc = store_prepare(store, &statement, err, sql, "bbi", without_zeros(serial),
                       without_zeros((struct trust_bytes){turned, serial.len}), (int64_t)!adopted);
    if (rc == 0)
        rc = visit_rows(store, statement, list, visit, arg, err);
    free(turned);
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

/* Visit the rows of the condition on c and k that hold these very bytes. ?1: its SHA-256 in hex. */
static int each_same_of(struct trust_store *store, const struct trust_cert *cert, const char *condition,
                        trust_store_visit visit, void *arg, struct trust_error *err)
{
    char sha256[2 * TRUST_SHA256_SIZE + 1], sql[sizeof STORE_ROW_SELECT + 256];
    trust_hex((struct trust_bytes){trust_cert_sha256(cert), TRUST_SHA256_SIZE}, 0, false, sha256);
    snprintf(sql, sizeof sql, "%sWHERE %s", STORE_ROW_SELECT, condition);
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err, sql, "t", sha256);
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        struct trust_store_row row;
        rc = store_row_read(store, statement, &row, err);
        if (rc == 0 && trust_cert_equal(row.cert, cert))
            rc = visit(arg, &row);
        trust_cert_free(row.cert);
    }
    sqlite3_finalize(statement);
    return rc;
}

int trust_store_each_same(struct trust_store *store, const struct trust_cert *cert, trust_store_visit visit,
                          void *arg, struct trust_error *err)
{
    bool adopted = false;
    int rc = store_has_adopted(store, &adopted, err);
    if (rc == 0 && !store->keeps_caches)
        return each_same_of(store, cert, "?1 <> ''", visit, arg, err);
    if (rc == 0)
        rc = each_same_of(store, cert, "k.sha256 = ?1", visit, arg, err);
    if (rc == 0 && !adopted)
        rc = each_same_of(store, cert, "?1 <> '' AND " STORE_UNCACHED, visit, arg, err);
    return rc;
}

struct vouching {
    struct trust_store *store;
    struct trust_error *err;
};

static int look_whether_it_vouches(void *arg, const struct trust_store_row *row)
{
    const struct vouching *vouching = arg;
    bool vouches = trust_roles_has(&row->roles, TRUST_ROLE_SAST);
    int rc = vouches ? 0 : was_signer(vouching->store, row->pkid, &vouches, vouching->err);
    return rc != 0 ? rc : vouches;
}

int trust_store_vouches(struct trust_store *store, const struct trust_cert *cert, bool *vouches,
                        struct trust_error *err)
{
    struct vouching vouching = {store, err};
    int rc = trust_store_each_same(store, cert, look_whether_it_vouches, &vouching, err);
    *vouches = rc > 0;
    return rc < 0 ? rc : 0;
}

int trust_store_is_blank(struct trust_store *store, bool *blank, struct trust_error *err)
{
    int64_t is_blank = 0;
    int rc = store_number(store, 0, &is_blank, err,
                          "SELECT NOT EXISTS (SELECT 1 FROM certificate)"
                          " AND NOT EXISTS (SELECT 1 FROM signingrequest)"
                          " AND NOT EXISTS (SELECT 1 FROM publication)",
                          "");
    *blank = is_blank != 0;
    return rc;
}
