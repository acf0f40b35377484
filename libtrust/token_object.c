/* What is in a token: certificates and keys, and their attributes. */
#include "internal.h"
#include "token_parts.h"

#include <stdlib.h>

/* More than any attribute that is read here. */
#define ATTRIBUTE_MAX (64 * 1024)

int token_object_find(const struct token_place *place, CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted,
                      size_t count, struct token_objects *out, struct trust_error *err)
{
    CK_FUNCTION_LIST *module = place->module;
    CK_ULONG got = 0;
    const size_t room = sizeof out->handles / sizeof out->handles[0];
    out->count = 0;
    CK_RV rv = module->C_FindObjectsInit(session, wanted, count);
    if (rv != CKR_OK)
        return token_error(err, rv, "token '%s': it does not tell what is in it", place->info.label);
    do {
        rv = module->C_FindObjects(session, out->handles + out->count, room - out->count, &got);
        out->count += rv == CKR_OK && got <= room - out->count ? got : 0;
    } while (rv == CKR_OK && got > 0 && out->count < room);
    module->C_FindObjectsFinal(session);
    return rv == CKR_OK
               ? 0
               : token_error(err, rv, "token '%s': it does not tell what is in it", place->info.label);
}

int token_object_read(const struct token_place *place, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                      CK_ATTRIBUTE_TYPE type, uint8_t **data, size_t *len, struct trust_error *err)
{
    CK_ATTRIBUTE attribute = {type, NULL, 0};
    *data = NULL;
    *len = 0;
    CK_RV rv = place->module->C_GetAttributeValue(session, object, &attribute, 1);
    const bool has_none =
        rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
        (rv == CKR_OK && (attribute.ulValueLen == 0 || attribute.ulValueLen > ATTRIBUTE_MAX));
    if (has_none)
        return 0;
    if (rv == CKR_OK) {
        *data = malloc(attribute.ulValueLen);
        if (*data == NULL)
            return crypto_no_memory(err, "an object of a token");
        attribute.pValue = *data;
        rv = place->module->C_GetAttributeValue(session, object, &attribute, 1);
    }
    if (rv == CKR_OK) {
        *len = attribute.ulValueLen;
        return 0;
    }
    free(*data);
    *data = NULL;
    return token_error(err, rv, "token '%s': an object in it cannot be read", place->info.label);
}

int token_object_find_certs(const struct token_place *place, CK_SESSION_HANDLE session, P11KitUri *uri,
                            struct token_objects *out, struct trust_error *err)
{
    CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    CK_CERTIFICATE_TYPE type = CKC_X_509;
    CK_ATTRIBUTE wanted[4] = {{CKA_CLASS, &class, sizeof class}, {CKA_CERTIFICATE_TYPE, &type, sizeof type}};
    return token_object_find(place, session, wanted, 2 + token_wanted(uri, wanted + 2), out, err);
}

int token_object_cert(const struct token_place *place, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                      struct trust_cert **out, struct trust_error *err)
{
    uint8_t *der;
    size_t len;
    *out = NULL;
    int code = token_object_read(place, session, object, CKA_VALUE, &der, &len, err);
    if (code == 0)
        code = trust_cert_from_der((struct trust_bytes){der, len}, out, err);
    if (code == TRUST_ECERT)
        trust_error_prefix(err, code, "token '%s': a certificate in it", place->info.label);
    free(der);
    return code;
}
