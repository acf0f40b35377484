/* Own certificates that were replaced, and when they may go. */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

/* Whether a record is this certificate's: by the whole of it, or by its hash. */
static bool record_holds(const struct trust_list_record *record, const struct trust_cert *cert)
{
    struct trust_bytes der = trust_cert_der(cert);
    if (record->certificate.len > 0)
        return record->certificate.len == der.len && memcmp(record->certificate.data, der.data, der.len) == 0;
    uint8_t digest[TRUST_DIGEST_MAX];
    enum trust_digest algorithm = (enum trust_digest)record->hash_algorithm;
    size_t size = trust_digest_size(algorithm);
    return record->cert_hash.len > 0 && record->cert_hash.len == size &&
           trust_digest_pieces(algorithm, &der, 1, digest, NULL) == 0 &&
           memcmp(record->cert_hash.data, digest, size) == 0;
}

static bool list_holds(const struct trust_list *list, const struct trust_cert *cert)
{
    for (size_t i = 0; i < list->record_count; i++)
        if (record_holds(&list->records[i], cert))
            return true;
    /* An empty ITL has no record of its signer. */
    return trust_list_signer_is(list, cert);
}

/* The pkids of retired rows that the list does not hold, each with its NUL, one behind the other. */
static int collect(struct trust_store *store, const struct trust_list *list, char **pkids, size_t *count,
                   struct trust_error *err)
{
    static const size_t size = sizeof((struct trust_store_row *)0)->pkid;
    *pkids = NULL;
    *count = 0;
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(
        store, &statement, err,
        STORE_ROW_SELECT "WHERE EXISTS (SELECT 1 FROM retiredcertificate WHERE fkcertificate = c.pkid)", "");
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        struct trust_store_row row;
        rc = store_row_read(store, statement, &row, err);
        if (rc != 0)
            break;
        if (!list_holds(list, row.cert)) {
            char *longer = realloc(*pkids, (*count + 1) * size);
            if (longer != NULL) {
                *pkids = longer;
                memcpy(longer + (*count)++ * size, row.pkid, size);
            } else {
                rc = store_no_memory(err);
            }
        }
        trust_cert_free(row.cert);
    }
    sqlite3_finalize(statement);
    return rc;
}

int trust_store_drop_retired(struct trust_store *store, const struct trust_list *published,
                             struct trust_error *err)
{
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    char *pkids;
    size_t count;
    rc = collect(store, published, &pkids, &count, err);
    const char *pkid = pkids;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = store_run(store, err, "DELETE FROM retiredcertificate WHERE fkcertificate = ?1", "t", pkid);
        if (rc == 0)
            rc = store_row_settle(store, pkid, err);
        pkid += sizeof((struct trust_store_row *)0)->pkid;
    }
    free(pkids);
    return store_end(store, rc, err);
}
