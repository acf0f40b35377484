#include "rollout_subject.h"

#include "history.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

void rollout_subject_fini(struct rollout_subject *subject)
{
    trust_cert_free(subject->cert);
    free(subject->name);
    free(subject->issuer);
    free(subject->serial);
}

static int take_row(void *arg, const struct trust_store_row *row)
{
    struct rollout_certs *certs = arg;
    struct rollout_cert *items = reallocarray(certs->items, certs->count + 1, sizeof *items);
    if (items == NULL)
        return TRUST_ENOMEM;
    certs->items = items;
    struct rollout_cert *item = &items[certs->count++];
    *item = (struct rollout_cert){
        .cert = trust_cert_ref(row->cert), .units = row->units, .is_retired = row->retired};
    snprintf(item->server_name, sizeof item->server_name, "%s", row->server_name);
    return 0;
}

int rollout_certs_read(struct trust_store *store, struct rollout_certs *certs, struct trust_error *err)
{
    *certs = (struct rollout_certs){0};
    int code = trust_store_each_listed(store, take_row, certs, err);
    return code == TRUST_ENOMEM ? no_memory(err) : code;
}

void rollout_certs_fini(struct rollout_certs *certs)
{
    for (size_t i = 0; i < certs->count; i++)
        trust_cert_free(certs->items[i].cert);
    free(certs->items);
}

static void fill(struct rollout_subject *subject, const struct rollout_cert *item)
{
    subject->is_stored = true;
    subject->units = item->units;
    snprintf(subject->server_name, sizeof subject->server_name, "%s", item->server_name);
    if (subject->cert == NULL)
        subject->cert = trust_cert_ref(item->cert);
}

/* A name of a list in CUCM's form, or as it stands there. */
static char *text_of(struct trust_bytes text)
{
    struct trust_name *name = NULL;
    char *out = trust_name_parse((const char *)text.data, text.len, &name, NULL) == 0
                    ? strdup(trust_name_cucm(name))
                    : strndup(text.data != NULL ? (const char *)text.data : "", text.len);
    trust_name_free(name);
    return out;
}

static char *hex_of(struct trust_bytes bytes)
{
    char *out = malloc(2 * bytes.len + 1);
    if (out != NULL)
        trust_hex(bytes, 0, true, out);
    return out;
}

static int name_subject(struct rollout_subject *subject, struct trust_bytes name, struct trust_bytes issuer,
                        struct trust_bytes serial, struct trust_error *err)
{
    const struct trust_cert *cert = subject->cert;
    subject->name = cert != NULL ? strdup(trust_name_cucm(trust_cert_subject(cert))) : text_of(name);
    subject->issuer = cert != NULL ? strdup(trust_name_cucm(trust_cert_issuer(cert))) : text_of(issuer);
    subject->serial = hex_of(cert != NULL ? trust_cert_serial(cert) : serial);
    return subject->name != NULL && subject->issuer != NULL && subject->serial != NULL ? 0 : no_memory(err);
}

struct trust_list rollout_only(const struct trust_list_record *record)
{
    return (struct trust_list){.records = record, .record_count = 1};
}

int rollout_subject_of_record(const struct rollout_certs *certs, const struct trust_list_record *record,
                              struct rollout_subject *subject, struct trust_error *err)
{
    const struct trust_list one = rollout_only(record);
    int code = 0;
    *subject = (struct rollout_subject){0};
    for (size_t i = 0; i < certs->count && !subject->is_stored; i++)
        if (trust_list_holds(&one, certs->items[i].cert))
            fill(subject, &certs->items[i]);
    if (!subject->is_stored && record->certificate.len > 0 &&
        trust_cert_from_der(record->certificate, &subject->cert, NULL) == TRUST_ENOMEM)
        code = no_memory(err);
    return code == 0 ? name_subject(subject, record->subject, record->issuer, record->serial, err) : code;
}

int rollout_subject_of_signer(struct state *state, const struct rollout_certs *certs,
                              const struct trust_list *list, struct rollout_subject *subject,
                              struct trust_error *err)
{
    const struct trust_list_header *header = &list->header;
    *subject = (struct rollout_subject){0};
    int code = history_signer(state, list, &subject->cert, err);
    if (code != 0 && code != TRUST_ESIGNER) /* that: a key from elsewhere, whose certificate is nowhere */
        return code;
    for (size_t i = 0; subject->cert != NULL && i < certs->count && !subject->is_stored; i++)
        if (trust_cert_equal(subject->cert, certs->items[i].cert))
            fill(subject, &certs->items[i]);
    return name_subject(subject, header->signer_name, header->ca_name, header->serial, err);
}

int rollout_own_unit(uint32_t units)
{
    size_t count;
    const struct trust_unit_info *info = trust_units(&count);
    for (size_t i = 0; i < count; i++)
        if (info[i].own && (units & UINT32_C(1) << info[i].unit) != 0)
            return (int)info[i].unit;
    return 0;
}

int rollout_still_matters(const struct rollout_certs *certs, const struct trust_list *list,
                          const uint8_t sha256[TRUST_SHA256_SIZE], bool *does, struct trust_error *err)
{
    int code = 0;
    *does = false;
    for (size_t i = 0; i < certs->count; i++) {
        const struct trust_cert *cert = certs->items[i].cert;
        if (memcmp(sha256, trust_cert_sha256(cert), TRUST_SHA256_SIZE) == 0) {
            *does = trust_list_holds(list, cert) || trust_list_verify(list, cert, NULL) == 0;
            return 0;
        }
    }
    for (size_t i = 0; code == 0 && !*does && i < list->record_count; i++) {
        uint8_t digest[TRUST_DIGEST_MAX];
        const struct trust_bytes der = list->records[i].certificate;
        if (der.len == 0)
            continue;
        code = trust_digest_pieces(TRUST_DIGEST_SHA256, &der, 1, digest, err);
        *does = code == 0 && memcmp(digest, sha256, TRUST_SHA256_SIZE) == 0;
    }
    return code;
}

bool rollout_is_in_force(const struct rollout_certs *certs, int unit, const uint8_t sha256[TRUST_SHA256_SIZE])
{
    for (size_t i = 0; i < certs->count; i++) {
        const struct rollout_cert *item = &certs->items[i];
        if (!item->is_retired && (item->units & UINT32_C(1) << unit) != 0 &&
            memcmp(sha256, trust_cert_sha256(item->cert), TRUST_SHA256_SIZE) == 0)
            return true;
    }
    return false;
}
