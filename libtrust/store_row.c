/* Rows of the store and the certificates in them. */
#include "store_internal.h"
#include "trust/bundle.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int store_row_corrupt(struct trust_store *store, const char *pkid, const struct trust_error *why,
                      struct trust_error *err)
{
    if (why->code == TRUST_ENOMEM)
        return store_no_memory(err);
    char printable[80];
    return trust_error_set(err, TRUST_ESTORE, TRUST_NO_OFFSET,
                           "%s: certificate with pkid %s is corrupt: %s: delete that row or restore a backup",
                           store->path, store_printable(pkid, printable, sizeof printable), why->text);
}

bool store_cache_is_valid(struct trust_bytes der, const char *sha256, uint8_t digest[TRUST_DIGEST_MAX])
{
    char hex[2 * TRUST_SHA256_SIZE + 1];
    if (der.len == 0 || trust_digest_pieces(TRUST_DIGEST_SHA256, &der, 1, digest, NULL) != 0)
        return false;
    trust_hex((struct trust_bytes){digest, TRUST_SHA256_SIZE}, 0, false, hex);
    return strcmp(hex, sha256) == 0;
}

int store_cert_from_pem(struct trust_bytes pem, struct trust_cert **out, struct trust_error *err)
{
    *out = NULL;
    struct trust_bundle *bundle;
    int rc = trust_bundle_read(pem, NULL, &bundle, err);
    if (rc != 0)
        return rc;
    if (bundle->cert_count == 1)
        *out = trust_cert_ref(bundle->certs[0]);
    else
        rc = trust_error_set(err, TRUST_ECERT, TRUST_NO_OFFSET,
                             "%zu certificates where one is expected: keep that one alone",
                             bundle->cert_count);
    trust_bundle_free(bundle);
    return rc;
}

int store_column_ttl(sqlite3_stmt *statement, int column, int64_t *ttl, struct trust_error *err)
{
    *ttl = -1;
    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return 0;
    int64_t value = sqlite3_column_int64(statement, column);
    if (sqlite3_column_type(statement, column) != SQLITE_INTEGER || value < 0 || value > UINT32_MAX)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "the time to live is no number of seconds from 0 to %u", UINT32_MAX);
    *ttl = value;
    return 0;
}

int store_roles_from_text(const char *text, struct trust_roles *roles, struct trust_error *err)
{
    *roles = (struct trust_roles){0};
    while (*text != '\0') {
        char *end;
        unsigned long role = strtoul(text, &end, 10);
        if (end == text || role > UINT8_MAX || (*end != ',' && *end != '\0'))
            return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "a role is no number from 0 to 255");
        if (!trust_roles_add(roles, (uint8_t)role))
            return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "it has more than %d roles",
                                   TRUST_ROLES_MAX);
        text = *end == ',' ? end + 1 : end;
    }
    return 0;
}

int store_fold_name(const char *name, char **out, struct trust_error *err)
{
    *out = NULL;
    char *folded = malloc(strlen(name) + 1), *at = folded;
    if (folded == NULL)
        return store_no_memory(err);
    for (; *name != '\0'; name++) {
        bool is_blank = *name == ' ' || *name == '\t';
        if (is_blank && (at == folded || at[-1] == ' '))
            continue;
        *at++ = is_blank ? ' ' : *name >= 'A' && *name <= 'Z' ? (char)(*name + 'a' - 'A') : *name;
    }
    if (at > folded && at[-1] == ' ')
        at--;
    *at = '\0';
    *out = folded;
    return 0;
}

static uint32_t units_from_text(const char *text)
{
    uint32_t units = 0;
    while (*text != '\0') {
        char *end;
        unsigned long unit = strtoul(text, &end, 10);
        if (unit > 0 && unit < 32)
            units |= (uint32_t)1 << unit;
        text = *end == ',' ? end + 1 : "";
    }
    return units;
}

/* From the cache if it is valid, else from the PEM. */
static int read_cert(const struct trust_store *store, sqlite3_stmt *statement, struct trust_cert **out,
                     struct trust_error *err)
{
    uint8_t digest[TRUST_DIGEST_MAX];
    struct trust_bytes der = store_column_bytes(statement, 6);
    if (store->keeps_caches && store_cache_is_valid(der, store_column_text(statement, 5), digest) &&
        trust_cert_from_der(der, out, NULL) == 0)
        return 0;
    return store_cert_from_pem(store_column_bytes(statement, 4), out, err);
}

int store_row_read(struct trust_store *store, sqlite3_stmt *statement, struct trust_store_row *row,
                   struct trust_error *err)
{
    *row = (struct trust_store_row){0};
    struct trust_error why = {0};
    const char *pkid = store_column_text(statement, 0);
    int rc = 0;
    if (strlen(pkid) >= sizeof row->pkid)
        rc = trust_error_set(&why, TRUST_EVALUE, TRUST_NO_OFFSET, "a pkid has at most 36 characters");
    if (rc == 0)
        rc = store_column_ttl(statement, 3, &row->ttl, &why);
    if (rc == 0)
        rc = store_roles_from_text(store_column_text(statement, 8), &row->roles, &why);
    if (rc == 0)
        rc = read_cert(store, statement, &row->cert, &why);
    if (rc != 0) {
        rc = store_row_corrupt(store, pkid, &why, err);
        *row = (struct trust_store_row){0};
        return rc;
    }
    snprintf(row->pkid, sizeof row->pkid, "%s", pkid);
    snprintf(row->server_name, sizeof row->server_name, "%s", store_column_text(statement, 1));
    snprintf(row->ipv4, sizeof row->ipv4, "%s", store_column_text(statement, 2));
    row->units = units_from_text(store_column_text(statement, 7));
    row->retired = sqlite3_column_int(statement, 9) != 0;
    /* Other software writes certificates into no unit: taken over as they stand. */
    row->imported = sqlite3_column_int(statement, 10) != 0 || (row->units == 0 && !row->retired);
    return 0;
}
