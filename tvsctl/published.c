#include "published.h"

#include <stdlib.h>
#include <string.h>

static struct trust_list *read_list(const char *folder, const char *name)
{
    char *path;
    uint8_t *data;
    struct trust_list *list = NULL;
    size_t len;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return NULL;
    if (trust_file_read(path, TRUST_LIST_MAX, &data, &len, NULL, NULL) == 0 &&
        trust_list_parse((struct trust_bytes){data, len}, &list, NULL) != 0)
        list = NULL;
    free(data);
    free(path);
    return list;
}

void published_read(const struct config *config, struct published *published)
{
    published->ctl = read_list(config->trust_lists.directory, "CTLFile.tlv");
    published->itl = read_list(config->trust_lists.directory, "ITLFile.tlv");
}

void published_fini(struct published *published)
{
    trust_list_free(published->ctl);
    trust_list_free(published->itl);
    *published = (struct published){0};
}

static bool same(struct trust_bytes a, struct trust_bytes b)
{
    return a.len == b.len && a.len > 0 && memcmp(a.data, b.data, a.len) == 0;
}

static bool is_hash_of(const struct trust_list_record *record, struct trust_bytes der)
{
    uint8_t digest[TRUST_DIGEST_MAX];
    enum trust_digest algorithm = (enum trust_digest)record->hash_algorithm;
    if (record->cert_hash.len == 0 || trust_digest_pieces(algorithm, &der, 1, digest, NULL) != 0)
        return false;
    return same(record->cert_hash, (struct trust_bytes){digest, trust_digest_size(algorithm)});
}

bool published_holds(const struct trust_list *list, const struct trust_cert *cert)
{
    struct trust_bytes der = trust_cert_der(cert);
    for (size_t i = 0; list != NULL && i < list->record_count; i++)
        if (same(list->records[i].certificate, der) || is_hash_of(&list->records[i], der))
            return true;
    return false;
}

const char *published_where(const struct published *published, const struct trust_cert *cert)
{
    bool in_ctl = published_holds(published->ctl, cert), in_itl = published_holds(published->itl, cert);
    return in_ctl && in_itl ? "CTL, ITL" : in_ctl ? "CTL" : in_itl ? "ITL" : "-";
}
