/* Certificates by the names that people use for them: common name, subject in any spelling, serial number in
 * hex, file name. */
#include "store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a name can mean, worked out once. What it cannot mean is NULL or absent. */
struct meaning {
    char *common_name;          /* folded */
    char *file_name;            /* folded, without ".pem" */
    struct trust_name *subject; /* it parses as one */
    char *subject_common_name;  /* of that, folded */
    uint8_t serial[256];
    size_t serial_len; /* 0: it is no serial number */
    bool is_unit;      /* the unit's own file name, "CallManager.pem" */
};

/* What was found so far. */
struct search {
    struct trust_store *store;
    struct meaning meaning;
    int unit;
    size_t fitting, exact;      /* exact: the subject with its DC components is the name */
    struct trust_store_row row; /* the first that fits, or the first that is exact */
    char list[200];             /* serial numbers of those that fit, for the error */
    size_t list_len;
    struct trust_error *err;
};

static void meaning_fini(struct meaning *meaning)
{
    free(meaning->common_name);
    free(meaning->file_name);
    free(meaning->subject_common_name);
    trust_name_free(meaning->subject);
}

static int meaning_of(const char *name, int unit, struct meaning *meaning, struct trust_error *err)
{
    *meaning = (struct meaning){0};
    size_t len = strlen(name);
    int rc = store_fold_name(name, &meaning->common_name, err);
    if (rc == 0 && len > 4 && strcasecmp(name + len - 4, ".pem") == 0) {
        rc = store_fold_name(name, &meaning->file_name, err);
        if (rc == 0)
            meaning->file_name[strlen(meaning->file_name) - 4] = '\0';
    }
    if (rc == 0 && trust_name_parse(name, len, &meaning->subject, NULL) == TRUST_ENOMEM)
        rc = store_no_memory(err);
    if (rc == 0 && meaning->subject != NULL)
        rc = store_fold_name(trust_name_common_name(meaning->subject), &meaning->subject_common_name, err);
    if (rc != 0) {
        meaning_fini(meaning);
        return rc;
    }
    meaning->serial_len = sizeof meaning->serial;
    if (trust_unhex(name, meaning->serial, &meaning->serial_len, NULL) != 0)
        meaning->serial_len = 0;
    const struct trust_unit_info *info = trust_unit_by_number(unit);
    meaning->is_unit = info != NULL && info->own && trust_unit_by_name(name) == info;
    return 0;
}

/* Common names are compared as the rule of one common name a unit compares them. */
static int has_common_name(const struct meaning *meaning, const struct trust_cert *cert, bool *has,
                           struct trust_error *err)
{
    char *folded;
    int rc = store_fold_name(trust_name_common_name(trust_cert_subject(cert)), &folded, err);
    *has = rc == 0 && *folded != '\0' &&
           (strcmp(folded, meaning->common_name) == 0 ||
            (meaning->file_name != NULL && strcmp(folded, meaning->file_name) == 0));
    free(folded);
    return rc;
}

static bool has_other_name(const struct meaning *meaning, const struct trust_cert *cert)
{
    struct trust_bytes serial = {meaning->serial, meaning->serial_len};
    return meaning->is_unit || (serial.len > 0 && trust_serial_equal(serial, trust_cert_serial(cert))) ||
           (meaning->subject != NULL && trust_name_equal(meaning->subject, trust_cert_subject(cert)));
}

static int list_row(struct search *search, const struct trust_cert *cert)
{
    struct trust_bytes serial = trust_cert_serial(cert);
    char *hex = malloc(2 * serial.len + 1);
    if (hex == NULL)
        return store_no_memory(search->err);
    trust_hex(serial, 0, false, hex);
    size_t room = sizeof search->list - search->list_len;
    int n = snprintf(search->list + search->list_len, room, "%s%s", search->list_len > 0 ? ", " : "", hex);
    if (n >= 0 && (size_t)n < room)
        search->list_len += (size_t)n;
    else
        search->list[search->list_len] = '\0';
    free(hex);
    return 0;
}

static int look_at(void *arg, const struct trust_store_row *row)
{
    struct search *search = arg;
    const struct meaning *meaning = &search->meaning;
    if (search->unit == 0 && !row->imported)
        return 0;
    bool fits;
    int rc = has_common_name(meaning, row->cert, &fits, search->err);
    if (rc != 0 || !(fits || has_other_name(meaning, row->cert)))
        return rc;
    bool exact =
        meaning->subject != NULL && strcmp(trust_name_canonical_full(meaning->subject),
                                           trust_name_canonical_full(trust_cert_subject(row->cert))) == 0;
    if (search->fitting == 0 || (exact && search->exact == 0)) {
        trust_cert_free(search->row.cert);
        search->row = *row;
        search->row.cert = trust_cert_ref(row->cert);
    }
    search->fitting++;
    search->exact += exact;
    return list_row(search, row->cert);
}

static const char *unit_name(int unit)
{
    const struct trust_unit_info *info = trust_unit_by_number(unit);
    return info != NULL ? info->name : "imported";
}

/* Look at the rows that may fit, found by indexes: not each of a million is to be parsed for one. Those
 * without a cache are among them, unless they were all seen to. */
static int each_candidate(struct search *search)
{
    static const char sql[] =
        STORE_ROW_SELECT "WHERE (?1 = 0 OR EXISTS (SELECT 1 FROM certificateservicecertificatemap"
                         " WHERE fkcertificate = c.pkid AND tkcertificateservice = ?1))"
                         " AND c.pkid IN (SELECT fkcertificate FROM certificatecache"
                         " WHERE commonname IN (?2, ?3, ?4) OR serial = ?5"
                         " UNION SELECT fkcertificate FROM certificateservicecertificatemap"
                         " WHERE ?6 AND tkcertificateservice = ?1"
                         " UNION SELECT u.pkid FROM certificate AS u WHERE ?7"
                         " AND NOT EXISTS (SELECT 1 FROM certificatecache WHERE fkcertificate = u.pkid))"
                         " ORDER BY (SELECT min(tkcertificateservice) FROM certificateservicecertificatemap"
                         " WHERE fkcertificate = c.pkid) NULLS LAST, c.subjectname, c.servername, c.pkid";
    const struct meaning *meaning = &search->meaning;
    struct trust_store *store = search->store;
    struct trust_bytes serial = {meaning->serial, meaning->serial_len};
    while (serial.len > 1 && serial.data[0] == 0) {
        serial.data++;
        serial.len--;
    }
    sqlite3_stmt *statement;
    bool more = true, adopted;
    int rc = store_has_adopted(store, &adopted, search->err);
    if (rc != 0)
        return rc;
    rc = store_prepare(store, &statement, search->err, sql, "itttbii", (int64_t)search->unit,
                       meaning->common_name, meaning->file_name, meaning->subject_common_name, serial,
                       (int64_t)meaning->is_unit, (int64_t)!adopted);
    while (rc == 0 && (rc = store_step(store, statement, &more, search->err)) == 0 && more) {
        struct trust_store_row row;
        rc = store_row_read(store, statement, &row, search->err);
        if (rc == 0)
            rc = look_at(search, &row);
        trust_cert_free(row.cert);
    }
    sqlite3_finalize(statement);
    return rc;
}

/* Whether a certificate with that subject has that common name: with several, the first in its own order is
 * it. */
static bool has_one_common_name(const struct trust_name *subject)
{
    const char *first = strstr(trust_name_canonical(subject), "CN=");
    return first == NULL || strstr(first + 1, "CN=") == NULL;
}

int trust_store_find(struct trust_store *store, int unit, const char *name, struct trust_store_row *row,
                     struct trust_error *err)
{
    *row = (struct trust_store_row){0};
    struct search search = {.store = store, .unit = unit, .err = err};
    int rc = meaning_of(name, unit, &search.meaning, err);
    if (rc != 0)
        return rc;
    if (store->keeps_caches &&
        (search.meaning.subject == NULL || has_one_common_name(search.meaning.subject)))
        rc = each_candidate(&search);
    if (rc == 0 && search.fitting == 0)
        rc = trust_store_each(store, unit, look_at, &search, err);
    char printable[120];
    store_printable(name, printable, sizeof printable);
    if (rc == 0 && search.fitting == 0)
        rc = trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                             "%s: no certificate \"%s\" in %s: give its common name, subject, serial number "
                             "in hex, or NAME.pem",
                             store->path, printable, unit_name(unit));
    else if (rc == 0 && search.fitting > 1 && search.exact != 1)
        rc = trust_error_set(err, TRUST_EAMBIGUOUS, TRUST_NO_OFFSET,
                             "%s: %zu certificates in %s fit \"%s\": name one by its serial number: %s",
                             store->path, search.fitting, unit_name(unit), printable, search.list);
    if (rc == 0)
        *row = search.row;
    else
        trust_cert_free(search.row.cert);
    meaning_fini(&search.meaning);
    return rc;
}
