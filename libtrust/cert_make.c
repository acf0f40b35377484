/* Self-signed certificates as CUCM makes them (trust/key.h). */
#include "cert_parts.h"
#include "internal.h"
#include "name_parts.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

#define SECONDS_PER_DAY 86400
#define DAYS_MAX        36500
#define SERIAL_BYTES    16
#define TIME_MAX        253402300799 /* the end of the year 9999, X.509's last */

/* Valid for whole days less a second. */
static time_t end_of(const struct trust_cert_request *request)
{
    return request->now + (time_t)request->days * SECONDS_PER_DAY - 1;
}

int cert_check_request(const struct trust_cert_request *request, const struct trust_key *key,
                       struct trust_error *err)
{
    if (request->common_name == NULL || *request->common_name == '\0')
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "a certificate needs a common name");
    if (trust_key_type(key) == TRUST_KEY_OTHER)
        return trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                               "a certificate for a key that is neither RSA nor EC");
    if (request->digest == TRUST_DIGEST_MD5 || digest_md(request->digest) == NULL)
        return trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                               "certificates are signed with SHA-1, SHA-256 or SHA-512");
    return 0;
}

static int check_time(const struct trust_cert_request *request, struct trust_error *err)
{
    if (request->days < 1 || request->days > DAYS_MAX)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "a certificate for %d days: 1 to %d are possible", request->days, DAYS_MAX);
    if (request->now < 0 || request->now > TIME_MAX || end_of(request) > TIME_MAX)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "a certificate cannot be valid before 1970 or after 9999: check the clock");
    return 0;
}

static int add_attribute(X509_NAME *name, const struct name_part *part, struct trust_error *err)
{
    /* The one short name of RFC 4514 that OpenSSL spells differently. */
    const char *type = strcmp(part->type, "STREET") == 0 ? "2.5.4.9" : part->type;
    ASN1_OBJECT *object = OBJ_txt2obj(type, 0);
    if (object == NULL || part->is_der) {
        ASN1_OBJECT_free(object);
        ERR_clear_error();
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "subject: attribute %s is not known here, or not given as text", part->type);
    }
    int ok = X509_NAME_add_entry_by_OBJ(name, object, MBSTRING_UTF8, part->value, (int)part->len, -1, 0);
    ASN1_OBJECT_free(object);
    if (ok == 1)
        return 0;
    char shown[100];
    return crypto_error(err, TRUST_EVALUE, "subject: %s=%s cannot stand in a certificate", part->type,
                        utf8_escape((struct trust_bytes){part->value, part->len}, shown, sizeof shown));
}

/* CUCM's DER order, which is not the order in which it prints. */
static const char *const der_order[] = {"C", "O", "OU", "CN", "ST", "L"};
#define DER_ORDER_COUNT (sizeof der_order / sizeof der_order[0])

static size_t rank_of(const struct name_part *part)
{
    size_t rank = 0;
    while (rank < DER_ORDER_COUNT && strcmp(der_order[rank], part->type) != 0)
        rank++;
    return rank;
}

static bool has_common_name(const struct name_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        if (strcmp(parts->items[i].type, "CN") == 0)
            return true;
    return false;
}

static int subject_parts(const struct trust_cert_request *request, struct name_parts *parts,
                         struct trust_error *err)
{
    if (request->subject != NULL && *request->subject != '\0') {
        struct trust_bytes text = {(const uint8_t *)request->subject, strlen(request->subject)};
        int code = name_parts_parse(text, parts, err);
        if (code != 0)
            return trust_error_prefix(err, code, "subject");
        if (has_common_name(parts))
            return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                                   "subject: leave CN out of it; the common name comes from elsewhere");
    }
    struct trust_bytes type = {(const uint8_t *)"CN", 2};
    struct trust_bytes value = {(const uint8_t *)request->common_name, strlen(request->common_name)};
    return name_parts_add(parts, type, value, false, err);
}

int cert_put_subject(X509_NAME *name, const struct trust_cert_request *request, struct trust_error *err)
{
    struct name_parts parts = {0};
    int code = subject_parts(request, &parts, err);
    for (size_t rank = 0; rank <= DER_ORDER_COUNT; rank++)
        for (size_t i = 0; code == 0 && i < parts.count; i++)
            if (rank_of(&parts.items[i]) == rank)
                code = add_attribute(name, &parts.items[i], err);
    name_parts_fini(&parts);
    return code;
}

/* 16 bytes, the first bit clear so that no sign byte is needed and the next one set so that none is lost. */
static bool set_serial(X509 *x509)
{
    uint8_t bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    return ASN1_STRING_set(X509_get_serialNumber(x509), bytes, sizeof bytes) == 1;
}

static bool set_validity(X509 *x509, const struct trust_cert_request *request)
{
    return ASN1_TIME_set(X509_getm_notBefore(x509), request->now) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(x509), end_of(request)) != NULL;
}

static bool add_extension(STACK_OF(X509_EXTENSION) * *extensions, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
    bool ok = extension != NULL && X509v3_add_ext(extensions, extension, -1) != NULL;
    X509_EXTENSION_free(extension);
    return ok;
}

/* keyEncipherment is what phones with RSA key exchange need; an EC key can only agree. */
int cert_add_usages(STACK_OF(X509_EXTENSION) * *extensions, enum trust_key_type type, struct trust_error *err)
{
    const char *usage = type == TRUST_KEY_RSA ? "digitalSignature,keyEncipherment,dataEncipherment"
                                              : "digitalSignature,keyAgreement";
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, NULL, NULL, NULL, NULL, 0);
    if (add_extension(extensions, &ctx, NID_key_usage, usage) &&
        add_extension(extensions, &ctx, NID_ext_key_usage, "serverAuth,clientAuth,ipsecEndSystem"))
        return 0;
    return crypto_error(err, TRUST_ECRYPTO, "certificate: cannot be put together");
}

/* Of the public key that the certificate has by now. */
static int add_key_id(STACK_OF(X509_EXTENSION) * *extensions, X509 *x509, struct trust_error *err)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, x509, x509, NULL, NULL, 0);
    if (add_extension(extensions, &ctx, NID_subject_key_identifier, "hash"))
        return 0;
    return crypto_error(err, TRUST_ECRYPTO, "certificate: cannot be put together");
}

/* Built piece by piece: OpenSSL's text form of the extension would take a comma in the name as the next one.
 */
int cert_add_dns_name(STACK_OF(X509_EXTENSION) * *extensions, const char *dns_name, struct trust_error *err)
{
    if (dns_name == NULL || *dns_name == '\0')
        return 0;
    for (const char *c = dns_name; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return trust_error_set(err, TRUST_EVALUE, (size_t)(c - dns_name), "'%s' is no DNS name",
                                   dns_name);
    int code = 0;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    if (names == NULL || name == NULL || text == NULL || ASN1_STRING_set(text, dns_name, -1) != 1) {
        code = crypto_error(err, TRUST_ENOMEM, "certificate: DNS name");
        goto out;
    }
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    text = NULL;
    if (sk_GENERAL_NAME_push(names, name) == 0) {
        code = crypto_error(err, TRUST_ENOMEM, "certificate: DNS name");
        goto out;
    }
    name = NULL;
    if (X509V3_add1_i2d(extensions, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) != 1)
        code = crypto_error(err, TRUST_ENOMEM, "certificate: DNS name");
out:
    ASN1_IA5STRING_free(text);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return code;
}

static int add_extensions(X509 *x509, const struct trust_cert_request *request, enum trust_key_type type,
                          struct trust_error *err)
{
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    int code = cert_add_usages(&extensions, type, err);
    if (code == 0)
        code = add_key_id(&extensions, x509, err);
    if (code == 0)
        code = cert_add_dns_name(&extensions, request->dns_name, err);
    for (int i = 0; code == 0 && i < sk_X509_EXTENSION_num(extensions); i++)
        if (X509_add_ext(x509, sk_X509_EXTENSION_value(extensions, i), -1) != 1)
            code = crypto_error(err, TRUST_ENOMEM, "certificate: cannot be put together");
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return code;
}

static int fill(X509 *x509, const struct trust_cert_request *request, const struct trust_key *key,
                struct trust_error *err)
{
    if (X509_set_version(x509, X509_VERSION_3) != 1 || !set_serial(x509) || !set_validity(x509, request) ||
        X509_set_pubkey(x509, key_pkey(key)) != 1)
        return crypto_error(err, TRUST_ECRYPTO, "certificate: cannot be put together");
    X509_NAME *subject = X509_get_subject_name(x509);
    int code = cert_put_subject(subject, request, err);
    if (code == 0 && X509_set_issuer_name(x509, subject) != 1)
        code = crypto_error(err, TRUST_ENOMEM, "certificate: names");
    if (code == 0)
        code = add_extensions(x509, request, trust_key_type(key), err);
    if (code == 0 && X509_sign(x509, key_pkey(key), digest_md(request->digest)) == 0)
        code = crypto_error(err, TRUST_ECRYPTO, "certificate: cannot be signed");
    return code;
}

int trust_cert_generate(const struct trust_cert_request *request, const struct trust_key *key,
                        struct trust_cert **out, struct trust_error *err)
{
    *out = NULL;
    int code = cert_check_request(request, key, err);
    if (code == 0)
        code = check_time(request, err);
    if (code != 0)
        return code;
    ERR_clear_error();
    X509 *x509 = X509_new();
    if (x509 == NULL)
        return crypto_no_memory(err, "certificate");
    code = fill(x509, request, key, err);
    if (code == 0)
        code = cert_from_x509(x509, out, err);
    X509_free(x509);
    ERR_clear_error();
    return code;
}
