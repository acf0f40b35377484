#include "phone_signer.h"

#include "phone_tvs.h"

#include <string.h>

static bool may_sign(uint16_t function, enum phone_file kind)
{
    return function == TRUST_ROLE_SAST || function == TRUST_ROLE_CCM_TFTP ||
           (function == TRUST_ROLE_TFTP && kind == PHONE_FILE_CONFIG);
}

static bool same_name(struct trust_bytes a, struct trust_bytes b)
{
    struct trust_name *left = NULL, *right = NULL;
    if (a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0))
        return true;
    bool same = trust_name_parse((const char *)a.data, a.len, &left, NULL) == 0 &&
                trust_name_parse((const char *)b.data, b.len, &right, NULL) == 0 &&
                trust_name_equal(left, right);
    trust_name_free(left);
    trust_name_free(right);
    return same;
}

/* The signer's certificate out of a list. A record with a hash alone is of no use here: the phone needs the
 * key. */
static struct trust_cert *find_in(const struct trust_list *list, const struct trust_list *file,
                                  enum phone_file kind)
{
    struct trust_cert *cert;
    for (size_t i = 0; list != NULL && i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        if (may_sign(record->function, kind) && record->certificate.len > 0 &&
            trust_serial_equal(record->serial, file->header.serial) &&
            same_name(record->issuer, file->header.ca_name) &&
            trust_cert_from_der(record->certificate, &cert, NULL) == 0)
            return cert;
    }
    return NULL;
}

static struct trust_cert *find_remembered(struct phone *phone, const struct trust_list *file)
{
    const struct phone_cache_entry *entry =
        phone_cache_signer(&phone->cache, file, phone_plan_now(phone->plan));
    if (entry == NULL)
        phone_notice(&phone->console, "SECD",
                     "lookupAuthCertTvsCacheEntry: No matching entry found at cache");
    return entry != NULL ? trust_cert_ref(entry->cert) : NULL;
}

/* The signer's certificate, the caller's to free, and where it was found; NULL, and the verdict, if nowhere.
 */
static struct trust_cert *find_signer(struct phone *phone, const struct trust_list *file,
                                      enum phone_file kind, enum phone_source_of_trust *by,
                                      struct phone_verdict *verdict)
{
    struct trust_cert *cert = find_in(phone->ctl, file, kind);
    *by = PHONE_BY_CTL;
    if (cert == NULL) {
        *by = PHONE_BY_ITL;
        cert = find_in(phone->itl, file, kind);
    }
    if (cert == NULL && phone->family->itl) {
        *by = PHONE_BY_CACHE;
        cert = find_remembered(phone, file);
    }
    if (cert == NULL) {
        *by = PHONE_BY_TVS;
        phone_tvs_signer(phone, file, &cert, verdict);
    }
    return cert;
}

static bool refuse_digest(const struct phone *phone, const struct trust_list *file,
                          struct phone_verdict *verdict)
{
    const char *name = trust_digest_name((enum trust_digest)file->header.digest);
    return phone_refuse(verdict, PHONE_WHY_DIGEST, "it is signed with %s, which a %s does not know",
                        name != NULL ? name : "an unknown digest", phone->family->name);
}

static bool refuse_key(const struct phone *phone, const struct trust_list *file,
                       struct phone_verdict *verdict)
{
    return phone_refuse(verdict, PHONE_WHY_KEY_SIZE,
                        "it is signed with a key of %zu bits, and a %s uses none above %d",
                        file->header.signature.len * 8, phone->family->name, phone->family->rsa_max);
}

bool phone_signer_judge(struct phone *phone, const struct trust_list *file, enum phone_file kind,
                        struct phone_verdict *verdict)
{
    struct trust_error err;
    enum phone_source_of_trust by;
    if (!phone_family_can(phone->family, file->header.digest))
        return refuse_digest(phone, file, verdict);
    if (file->header.signature.len * 8 > (size_t)phone->family->rsa_max)
        return refuse_key(phone, file, verdict);
    struct trust_cert *cert = find_signer(phone, file, kind, &by, verdict);
    if (cert == NULL)
        return false;
    bool good = trust_list_verify(file, cert, &err) == 0
                    ? phone_accept(verdict, by)
                    : phone_refuse(verdict, PHONE_WHY_SIGNATURE, "%s (signer found by %s)", err.text,
                                   phone_by_name(by));
    trust_cert_free(cert);
    return good;
}
