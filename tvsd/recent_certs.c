#include "recent_certs.h"

#include <string.h>

int recent_certs_get(struct recent_certs *recent, struct trust_bytes der, const struct trust_cert **cert,
                     struct trust_error *err)
{
    for (size_t i = 0; i < RECENT_CERTS && recent->certs[i] != NULL; i++) {
        const struct trust_bytes known = trust_cert_der(recent->certs[i]);
        if (known.len == der.len && memcmp(known.data, der.data, der.len) == 0) {
            *cert = recent->certs[i];
            return 0;
        }
    }
    struct trust_cert *fresh;
    *cert = NULL;
    trust_cert_free(recent->large);
    recent->large = NULL;
    int code = trust_cert_from_der(der, &fresh, err);
    if (code != 0)
        return code;
    *cert = fresh;
    if (der.len > RECENT_CERT_SIZE) {
        recent->large = fresh;
        return 0;
    }
    trust_cert_free(recent->certs[recent->next]);
    recent->certs[recent->next] = fresh;
    recent->next = (recent->next + 1) % RECENT_CERTS;
    return 0;
}

void recent_certs_fini(struct recent_certs *recent)
{
    for (size_t i = 0; i < RECENT_CERTS; i++)
        trust_cert_free(recent->certs[i]);
    trust_cert_free(recent->large);
    *recent = (struct recent_certs){0};
}
