/* Names in DER, and the values that text carries as DER in hex. */
#include "internal.h"
#include "name_parts.h"

#include <openssl/asn1.h>
#include <stdlib.h>
#include <string.h>

static bool is_text_type(int type)
{
    switch (type) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_NUMERICSTRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_T61STRING: /* taken as Latin-1, which is what everybody writes into it */
    case V_ASN1_IA5STRING:
    case V_ASN1_VISIBLESTRING:
    case V_ASN1_UNIVERSALSTRING:
    case V_ASN1_BMPSTRING:
        return true;
    default:
        return false;
    }
}

/* Append a text value as UTF-8. *is_text false: it is none, nothing was appended. */
static int add_text(struct name_parts *parts, struct trust_bytes type, const ASN1_STRING *string,
                    bool *is_text, struct trust_error *err)
{
    unsigned char *utf8 = NULL;
    *is_text = false;
    if (!is_text_type(ASN1_STRING_type(string)))
        return 0;
    int len = ASN1_STRING_to_UTF8(&utf8, string);
    if (len < 0) /* such as a BMPString of half a character */
        return crypto_error(err, TRUST_ENAME, "a name") == TRUST_ENOMEM ? TRUST_ENOMEM : 0;
    int code = name_parts_add(parts, type, (struct trust_bytes){utf8, (size_t)len}, false, err);
    OPENSSL_free(utf8);
    *is_text = code == 0;
    return code;
}

static int add_entry(struct name_parts *parts, const X509_NAME_ENTRY *entry, struct trust_error *err)
{
    char oid[256];
    int oid_len = OBJ_obj2txt(oid, sizeof oid, X509_NAME_ENTRY_get_object(entry), 1);
    if (oid_len <= 0 || (size_t)oid_len >= sizeof oid)
        return crypto_error(err, TRUST_ENAME, "a name has an attribute type that is no usable OID");
    struct trust_bytes type = {(const uint8_t *)oid, (size_t)oid_len};
    ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
    bool is_text;
    int code = add_text(parts, type, value, &is_text, err);
    if (code != 0 || is_text)
        return code;
    unsigned char *der = NULL;
    int len = i2d_ASN1_PRINTABLE(value, &der);
    if (len < 0)
        return crypto_error(err, TRUST_ENAME, "a name has a value that cannot be encoded");
    code = name_parts_add(parts, type, (struct trust_bytes){der, (size_t)len}, true, err);
    OPENSSL_free(der);
    return code;
}

int name_parts_from_x509(const X509_NAME *x509_name, struct name_parts *parts, struct trust_error *err)
{
    int code = 0;
    parts->from_der = true;
    for (int i = 0; code == 0 && i < X509_NAME_entry_count(x509_name); i++)
        code = add_entry(parts, X509_NAME_get_entry(x509_name, i), err);
    if (code != 0)
        name_parts_fini(parts);
    return code;
}

/* The bytes of strict hex: pairs of digits, nothing between them. *out stays NULL if it is none. */
static int unhex_strictly(struct trust_bytes hex, uint8_t **out, size_t *len, struct trust_error *err)
{
    *out = NULL;
    if (hex.len < 4 || hex.len % 2 != 0)
        return 0;
    for (size_t i = 0; i < hex.len; i++)
        if (memchr("0123456789abcdefABCDEF", hex.data[i], 22) == NULL)
            return 0;
    *len = hex.len / 2;
    int code = 0;
    char *text = strndup((const char *)hex.data, hex.len);
    uint8_t *bytes = malloc(*len);
    if (text == NULL || bytes == NULL)
        code = trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "a name: out of memory");
    else
        code = trust_unhex(text, bytes, len, err);
    if (code == 0)
        *out = bytes;
    else
        free(bytes);
    free(text);
    return code;
}

/* One DER value that fills the hex exactly; *value stays NULL if there is none. */
static int parse_hex(struct trust_bytes hex, ASN1_TYPE **value, uint8_t **bytes, size_t *len,
                     struct trust_error *err)
{
    *value = NULL;
    int code = unhex_strictly(hex, bytes, len, err);
    if (code != 0 || *bytes == NULL)
        return code;
    const unsigned char *end = *bytes;
    *value = d2i_ASN1_TYPE(NULL, &end, (long)*len);
    if (*value != NULL && end == *bytes + *len)
        return 0;
    /* Not DER is no error here, but running out of memory is. */
    code = crypto_error(err, TRUST_ENAME, "a name") == TRUST_ENOMEM ? TRUST_ENOMEM : 0;
    ASN1_TYPE_free(*value);
    *value = NULL;
    free(*bytes);
    *bytes = NULL;
    return code;
}

int name_parts_add_hex(struct name_parts *parts, struct trust_bytes type, struct trust_bytes hex,
                       bool *is_hex, struct trust_error *err)
{
    uint8_t *bytes;
    size_t len;
    ASN1_TYPE *value;
    *is_hex = false;
    int code = parse_hex(hex, &value, &bytes, &len, err);
    if (code != 0 || value == NULL)
        return code;
    bool is_text = false;
    if (is_text_type(ASN1_TYPE_get(value)))
        code = add_text(parts, type, value->value.asn1_string, &is_text, err);
    if (code == 0 && !is_text)
        code = name_parts_add(parts, type, (struct trust_bytes){bytes, len}, true, err);
    *is_hex = code == 0;
    ASN1_TYPE_free(value);
    free(bytes);
    return code;
}

int name_is_hex_value(struct trust_bytes hex, bool *is_hex)
{
    uint8_t *bytes;
    size_t len;
    ASN1_TYPE *value;
    int code = parse_hex(hex, &value, &bytes, &len, NULL);
    *is_hex = value != NULL;
    ASN1_TYPE_free(value);
    free(bytes);
    return code;
}

int trust_name_from_der(struct trust_bytes der, struct trust_name **out, struct trust_error *err)
{
    *out = NULL;
    if (der.len == 0)
        return trust_error_set(err, TRUST_EEMPTY, 0, "an empty name");
    if (der.len > NAME_MAX_BYTES)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "a name of %zu bytes: %d are the most",
                               der.len, NAME_MAX_BYTES);
    int code;
    const unsigned char *end = der.data;
    X509_NAME *x509_name = d2i_X509_NAME(NULL, &end, (long)der.len);
    if (x509_name == NULL) {
        code = crypto_error(err, TRUST_ENAME, "not the DER of a distinguished name");
        goto out;
    }
    if (end != der.data + der.len) {
        code = trust_error_set(err, TRUST_ENAME, (size_t)(end - der.data),
                               "%zu bytes are left over behind the DER of a name",
                               der.len - (size_t)(end - der.data));
        goto out;
    }
    code = name_from_x509(x509_name, out, err);
out:
    X509_NAME_free(x509_name);
    return code;
}
