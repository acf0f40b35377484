/* Own certificates that were replaced, and when they may go. */
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

struct lists {
    const struct trust_list *const *items; /* NULL among them is skipped */
    size_t count;
};

/* An empty ITL has no record of its signer, and is believed for it all the same. */
static bool is_held(const struct lists *lists, const struct trust_cert *cert)
{
    for (size_t i = 0; i < lists->count; i++) {
        const struct trust_list *list = lists->items[i];
        if (list != NULL && (trust_list_holds(list, cert) || trust_list_signer_is(list, cert)))
            return true;
    }
    return false;
}

/* The pkids of retired rows that no list holds, each with its NUL, one behind the other. */
static int collect(struct trust_store *store, const struct lists *lists, char **pkids, size_t *count,
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
        if (!is_held(lists, row.cert)) {
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

int trust_store_drop_retired(struct trust_store *store, const struct trust_list *const *published,
                             size_t count, struct trust_error *err)
{
    const struct lists lists = {published, count};
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    char *pkids;
    size_t dropped;
    rc = collect(store, &lists, &pkids, &dropped, err);
    const char *pkid = pkids;
    for (size_t i = 0; rc == 0 && i < dropped; i++) {
        rc = store_run(store, err, "DELETE FROM retiredcertificate WHERE fkcertificate = ?1", "t", pkid);
        if (rc == 0)
            rc = store_row_settle(store, pkid, err);
        pkid += sizeof((struct trust_store_row *)0)->pkid;
    }
    free(pkids);
    return store_end(store, rc, err);
}
