#include "trust/cert.h"

#include "buf.h"
#include "internal.h"
#include "name_parts.h"

#include <assert.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define CERT_MAX_BYTES 65535 /* the most that an element of a list or message can carry */

/* All of it is worked out when the certificate is parsed: nothing changes afterwards but the count, so that
 * threads may read one certificate side by side. */
struct trust_cert {
    unsigned references;
    X509 *x509;
    EVP_PKEY *pkey; /* borrowed from x509; NULL if OpenSSL cannot decode it */
    uint8_t *der;
    size_t der_len;
    uint8_t *serial_data;
    struct trust_bytes serial; /* in serial_data */
    uint8_t *spki;
    size_t spki_len;
    struct trust_bytes public_key, signature; /* in x509 */
    struct trust_name *subject, *issuer;
    enum trust_key_type key_type;
    int key_bits;
    time_t not_before, not_after;
    uint8_t sha256[TRUST_SHA256_SIZE];
    char signature_algorithm[80];
};

/* The number's bytes. A negative number (a serial number with the first bit set, by a writer that forgot the
 * sign byte) is taken as the bytes that stand in the DER, which is what everybody prints. */
static int read_serial(struct trust_cert *cert, struct trust_error *err)
{
    unsigned char *der = NULL;
    int len = i2d_ASN1_INTEGER(X509_get0_serialNumber(cert->x509), &der);
    if (len < 0)
        return crypto_error(err, TRUST_ECERT, "certificate: serial number");
    struct buf_reader reader = buf_reader_of((struct trust_bytes){der, (size_t)len});
    struct trust_bytes head;
    uint8_t length;
    int code = 0;
    /* A long length says in its low bits how many bytes of length follow. */
    if (!buf_read_bytes(&reader, 1, &head) || !buf_read_u8(&reader, &length) ||
        ((length & 0x80) != 0 && !buf_read_bytes(&reader, length & 0x7f, &head)) ||
        buf_remaining(&reader) == 0) {
        code =
            trust_error_set(err, TRUST_ECERT, TRUST_NO_OFFSET, "certificate: serial number without a byte");
        goto out;
    }
    uint8_t first;
    while (buf_remaining(&reader) > 1 && buf_peek_u8(&reader, &first) && first == 0)
        (void)!buf_read_u8(&reader, &first);
    struct trust_bytes number = buf_rest(&reader);
    cert->serial_data = malloc(number.len);
    if (cert->serial_data == NULL) {
        code = crypto_no_memory(err, "certificate");
        goto out;
    }
    memcpy(cert->serial_data, number.data, number.len);
    cert->serial = (struct trust_bytes){cert->serial_data, number.len};
out:
    OPENSSL_free(der);
    return code;
}

static int read_names(struct trust_cert *cert, struct trust_error *err)
{
    int code = name_from_x509(X509_get_subject_name(cert->x509), &cert->subject, err);
    if (code != 0)
        return trust_error_prefix(err, code, "certificate: subject");
    code = name_from_x509(X509_get_issuer_name(cert->x509), &cert->issuer, err);
    return code != 0 ? trust_error_prefix(err, code, "certificate: issuer") : 0;
}

static int read_time(const ASN1_TIME *time, const char *what, time_t *out, struct trust_error *err)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(time, &tm) != 1)
        return crypto_error(err, TRUST_ECERT, "certificate: %s is no time", what);
    *out = timegm(&tm);
    return 0;
}

/* A key without a size is none either. OpenSSL says both also when it ran out of memory on its way, but does
 * not a second time then. */
static int check_undecodable(const struct trust_cert *cert, struct trust_error *err)
{
    const unsigned char *spki = cert->spki;
    EVP_PKEY *again = d2i_PUBKEY(NULL, &spki, (long)cert->spki_len);
    bool is_key = again != NULL && EVP_PKEY_get_bits(again) > 0;
    EVP_PKEY_free(again);
    if (is_key)
        return crypto_no_memory(err, "certificate: public key");
    return crypto_error(err, 0, "certificate: public key") == TRUST_ENOMEM ? TRUST_ENOMEM : 0;
}

static int read_key(struct trust_cert *cert, struct trust_error *err)
{
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert->x509), &cert->spki);
    if (len < 0)
        return crypto_error(err, TRUST_ECERT, "certificate: public key");
    cert->spki_len = (size_t)len;
    const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(cert->x509);
    cert->public_key = (struct trust_bytes){ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key)};

    cert->key_type = TRUST_KEY_OTHER;
    cert->pkey = X509_get0_pubkey(cert->x509);
    if (cert->pkey == NULL || EVP_PKEY_get_bits(cert->pkey) <= 0) {
        cert->pkey = NULL; /* a curve, say, that OpenSSL lacks: the certificate is one all the same */
        return check_undecodable(cert, err);
    }
    cert->key_bits = EVP_PKEY_get_bits(cert->pkey);
    int id = EVP_PKEY_get_base_id(cert->pkey);
    if (id == EVP_PKEY_RSA)
        cert->key_type = TRUST_KEY_RSA;
    else if (id == EVP_PKEY_EC)
        cert->key_type = TRUST_KEY_EC;
    return 0;
}

static int read_signature(struct trust_cert *cert, struct trust_error *err)
{
    const ASN1_BIT_STRING *signature;
    const X509_ALGOR *algorithm;
    const ASN1_OBJECT *object;
    X509_get0_signature(&signature, &algorithm, cert->x509);
    cert->signature =
        (struct trust_bytes){ASN1_STRING_get0_data(signature), (size_t)ASN1_STRING_length(signature)};
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    /* The long name if it has one; a longer OID is cut. */
    if (OBJ_obj2txt(cert->signature_algorithm, sizeof cert->signature_algorithm, object, 0) <= 0)
        return crypto_error(err, TRUST_ECERT, "certificate: signature algorithm");
    return 0;
}

static int read_fields(struct trust_cert *cert, struct trust_error *err)
{
    struct trust_bytes der = trust_cert_der(cert);
    int code = trust_digest_pieces(TRUST_DIGEST_SHA256, &der, 1, cert->sha256, err);
    if (code == 0)
        code = read_serial(cert, err);
    if (code == 0)
        code = read_names(cert, err);
    if (code == 0)
        code = read_time(X509_get0_notBefore(cert->x509), "notBefore", &cert->not_before, err);
    if (code == 0)
        code = read_time(X509_get0_notAfter(cert->x509), "notAfter", &cert->not_after, err);
    if (code == 0)
        code = read_key(cert, err);
    if (code == 0)
        code = read_signature(cert, err);
    return code;
}

/* Whether a curve is spelt out, in place of its name: it takes OpenSSL a sixth of a second to look at one
 * that was made for that, in a certificate of 600 bytes, and it does so as soon as it decodes it. What names
 * the kind of its field (1.2.840.10045.1) stands in one piece wherever it stands, and nowhere else. */
bool cert_has_explicit_curve(struct trust_bytes der)
{
    static const uint8_t field_type[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01};
    return memmem(der.data, der.len, field_type, sizeof field_type) != NULL;
}

static int parse(struct trust_cert *cert, struct trust_bytes der, struct trust_error *err)
{
    if (cert_has_explicit_curve(der))
        return trust_error_set(
            err, TRUST_ECERT, TRUST_NO_OFFSET,
            "a key on a curve without a name, with explicit parameters, which certificates must not have "
            "(RFC 5480 2.1.1): make it anew on a named curve");
    const unsigned char *end = der.data;
    cert->x509 = d2i_X509(NULL, &end, (long)der.len);
    if (cert->x509 == NULL)
        return crypto_error(err, TRUST_ECERT, "not an X.509 certificate in DER");
    size_t used = (size_t)(end - der.data);
    if (used != der.len)
        return trust_error_set(err, TRUST_ETRAILING, used, "%zu bytes are left over behind the certificate",
                               der.len - used);
    cert->der = malloc(der.len);
    if (cert->der == NULL)
        return crypto_no_memory(err, "certificate");
    memcpy(cert->der, der.data, der.len);
    cert->der_len = der.len;
    return read_fields(cert, err);
}

int trust_cert_from_der(struct trust_bytes der, struct trust_cert **out, struct trust_error *err)
{
    *out = NULL;
    if (der.len == 0)
        return trust_error_set(err, TRUST_EEMPTY, 0, "an empty certificate");
    if (der.len > CERT_MAX_BYTES)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "a certificate of %zu bytes: %d are the most that trust lists carry", der.len,
                               CERT_MAX_BYTES);
    struct trust_cert *cert = calloc(1, sizeof *cert);
    if (cert == NULL)
        return crypto_no_memory(err, "certificate");
    cert->references = 1;
    ERR_clear_error();
    int code = parse(cert, der, err);
    if (code != 0)
        goto out;
    *out = cert;
    cert = NULL;
out:
    trust_cert_free(cert);
    return code;
}

int cert_from_x509(X509 *x509, struct trust_cert **out, struct trust_error *err)
{
    unsigned char *der = NULL;
    *out = NULL;
    int len = i2d_X509(x509, &der);
    if (len < 0)
        return crypto_error(err, TRUST_ECERT, "certificate: cannot be encoded");
    int code = trust_cert_from_der((struct trust_bytes){der, (size_t)len}, out, err);
    OPENSSL_free(der);
    return code;
}

struct trust_cert *trust_cert_ref(struct trust_cert *cert)
{
    assert(cert->references > 0 && cert->references < UINT32_MAX);
    cert->references++;
    return cert;
}

void trust_cert_free(struct trust_cert *cert)
{
    if (cert == NULL)
        return;
    assert(cert->references > 0);
    if (--cert->references > 0)
        return;
    X509_free(cert->x509);
    free(cert->der);
    free(cert->serial_data);
    OPENSSL_free(cert->spki);
    trust_name_free(cert->subject);
    trust_name_free(cert->issuer);
    free(cert);
}

X509 *cert_x509(const struct trust_cert *cert)
{
    return cert->x509;
}

EVP_PKEY *cert_pkey(const struct trust_cert *cert)
{
    return cert->pkey;
}

struct trust_bytes trust_cert_der(const struct trust_cert *cert)
{
    return (struct trust_bytes){cert->der, cert->der_len};
}

struct trust_bytes trust_cert_serial(const struct trust_cert *cert)
{
    return cert->serial;
}

const struct trust_name *trust_cert_subject(const struct trust_cert *cert)
{
    return cert->subject;
}

const struct trust_name *trust_cert_issuer(const struct trust_cert *cert)
{
    return cert->issuer;
}

struct trust_bytes trust_cert_signature(const struct trust_cert *cert)
{
    return cert->signature;
}

struct trust_bytes trust_cert_public_key(const struct trust_cert *cert)
{
    return cert->public_key;
}

struct trust_bytes trust_cert_spki(const struct trust_cert *cert)
{
    return (struct trust_bytes){cert->spki, cert->spki_len};
}

const uint8_t *trust_cert_sha256(const struct trust_cert *cert)
{
    return cert->sha256;
}

enum trust_key_type trust_cert_key_type(const struct trust_cert *cert)
{
    return cert->key_type;
}

int trust_cert_key_bits(const struct trust_cert *cert)
{
    return cert->key_bits;
}

time_t trust_cert_not_before(const struct trust_cert *cert)
{
    return cert->not_before;
}

time_t trust_cert_not_after(const struct trust_cert *cert)
{
    return cert->not_after;
}

bool trust_cert_is_self_signed(const struct trust_cert *cert)
{
    if (cert->pkey == NULL ||
        strcmp(trust_name_canonical_full(cert->subject), trust_name_canonical_full(cert->issuer)) != 0)
        return false;
    bool signed_by_itself = X509_verify(cert->x509, cert->pkey) == 1;
    ERR_clear_error();
    return signed_by_itself;
}

const char *trust_cert_signature_algorithm(const struct trust_cert *cert)
{
    return cert->signature_algorithm;
}

int trust_cert_to_pem(const struct trust_cert *cert, char **out, struct trust_error *err)
{
    /* From the bytes that were parsed: encoding the certificate anew might change them. */
    return crypto_to_pem(PEM_STRING_X509, trust_cert_der(cert), "certificate", out, err);
}

bool trust_cert_equal(const struct trust_cert *a, const struct trust_cert *b)
{
    return a->der_len == b->der_len && memcmp(a->der, b->der, a->der_len) == 0;
}

struct trust_bytes serial_trim(struct trust_bytes serial)
{
    while (serial.len > 0 && serial.data[0] == 0) {
        serial.data++;
        serial.len--;
    }
    return serial;
}

bool trust_serial_equal(struct trust_bytes a, struct trust_bytes b)
{
    a = serial_trim(a);
    b = serial_trim(b);
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
