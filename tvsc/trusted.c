#include "trusted.h"

#include <stdlib.h>
#include <string.h>

struct trusted {
    struct trust_bundle *bundle; /* one of the two is NULL */
    struct trust_list *list;
};

/* A trust list begins with the version element: tag 1, length 2. No PEM and no DER does. */
static bool looks_like_list(struct trust_bytes file)
{
    static const uint8_t start[] = {TRUST_HEADER_VERSION, 0, 2};
    return file.len >= sizeof start && memcmp(file.data, start, sizeof start) == 0;
}

static int check_list(const struct trust_list *list, struct trust_error *err)
{
    for (size_t i = 0; i < list->record_count; i++) {
        if (list->records[i].function == TRUST_ROLE_TVS)
            return 0;
    }
    return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                           "no TVS record in the list (CUCM puts it into the ITL): a phone would ask nobody");
}

int trusted_read(const char *path, struct trusted **out, struct trust_error *err)
{
    struct trust_bytes file = {0};
    uint8_t *data = NULL;
    *out = NULL;
    struct trusted *trusted = calloc(1, sizeof *trusted);
    int rc = trusted == NULL ? trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory") : 0;
    if (rc != 0 || (rc = trust_file_read(path, TRUST_LIST_MAX, &data, &file.len, NULL, err)) != 0)
        goto out;
    file.data = data;
    if (looks_like_list(file)) {
        if ((rc = trust_list_parse(file, &trusted->list, err)) == 0)
            rc = check_list(trusted->list, err);
    } else if ((rc = trust_bundle_read(file, NULL, &trusted->bundle, err)) == 0 &&
               trusted->bundle->cert_count == 0) {
        rc = trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET, "no certificate in it");
    }
    if (rc != 0) {
        trust_error_prefix(err, rc, "--trust %s", path);
        goto out;
    }
    *out = trusted;
    trusted = NULL;
out:
    free(data);
    trusted_free(trusted);
    return rc;
}

void trusted_free(struct trusted *trusted)
{
    if (trusted == NULL)
        return;
    trust_bundle_free(trusted->bundle);
    trust_list_free(trusted->list);
    free(trusted);
}

static bool bytes_equal(struct trust_bytes a, struct trust_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool names_it(const struct trust_list_record *record, const struct trust_cert *server)
{
    struct trust_name *issuer;
    if (!trust_serial_equal(record->serial, trust_cert_serial(server)) ||
        trust_name_parse((const char *)record->issuer.data, record->issuer.len, &issuer, NULL) != 0)
        return false;
    bool same = trust_name_equal(issuer, trust_cert_issuer(server));
    trust_name_free(issuer);
    return same;
}

static bool holds_it(const struct trust_list_record *record, const struct trust_cert *server)
{
    struct trust_bytes der = trust_cert_der(server);
    uint8_t hash[TRUST_DIGEST_MAX];
    enum trust_digest digest = (enum trust_digest)record->hash_algorithm;
    if (record->certificate.len > 0)
        return bytes_equal(record->certificate, der);
    if (record->cert_hash.len == 0 || trust_digest_pieces(digest, &der, 1, hash, NULL) != 0)
        return false;
    return bytes_equal(record->cert_hash, (struct trust_bytes){hash, trust_digest_size(digest)});
}

const struct trust_list_record *trusted_find(const struct trust_list *list, uint16_t function,
                                             const struct trust_cert *server)
{
    for (size_t i = 0; list != NULL && i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        if (record->function == function && names_it(record, server) && holds_it(record, server))
            return record;
    }
    return NULL;
}

bool trusted_has(const struct trusted *trusted, const struct trust_cert *server)
{
    if (trusted->bundle != NULL) {
        for (size_t i = 0; i < trusted->bundle->cert_count; i++) {
            if (trust_cert_equal(trusted->bundle->certs[i], server))
                return true;
        }
        return false;
    }
    return trusted_find(trusted->list, TRUST_ROLE_TVS, server) != NULL;
}
