#include "trust/bundle.h"

#include "bundle_parts.h"
#include "internal.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <stdlib.h>
#include <string.h>

static int add_cert(struct trust_bundle *bundle, struct trust_cert *take_cert, struct trust_error *err)
{
    if (bundle->cert_count == BUNDLE_MAX_CERTS) {
        trust_cert_free(take_cert);
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "more than %d certificates in one file",
                               BUNDLE_MAX_CERTS);
    }
    struct trust_cert **certs = reallocarray(bundle->certs, bundle->cert_count + 1, sizeof *certs);
    if (certs == NULL) {
        trust_cert_free(take_cert);
        return crypto_no_memory(err, "certificates");
    }
    certs[bundle->cert_count++] = take_cert;
    bundle->certs = certs;
    return 0;
}

static int add_cert_der(struct trust_bundle *bundle, struct trust_bytes der, struct trust_error *err)
{
    struct trust_cert *cert;
    int code = trust_cert_from_der(der, &cert, err);
    return code == 0 ? add_cert(bundle, cert, err) : code;
}

int bundle_add_x509(struct trust_bundle *bundle, X509 *x509, struct trust_error *err)
{
    struct trust_cert *cert;
    int code = cert_from_x509(x509, &cert, err);
    return code == 0 ? add_cert(bundle, cert, err) : code;
}

int bundle_add_key(struct trust_bundle *bundle, struct trust_key *take_key, struct trust_error *err)
{
    if (bundle->key != NULL) {
        trust_key_free(take_key);
        return trust_error_set(err, TRUST_EDUPLICATE, TRUST_NO_OFFSET,
                               "two private keys in one file; leave the one that belongs to the certificate");
    }
    bundle->key = take_key;
    return 0;
}

static int add_pkcs7(struct trust_bundle *bundle, const PKCS7 *p7, struct trust_error *err)
{
    STACK_OF(X509) *certs = NULL;
    int code = 0;
    /* The content may be missing. */
    if (PKCS7_type_is_signed(p7) && p7->d.sign != NULL)
        certs = p7->d.sign->cert;
    else if (PKCS7_type_is_signedAndEnveloped(p7) && p7->d.signed_and_enveloped != NULL)
        certs = p7->d.signed_and_enveloped->cert;
    if (sk_X509_num(certs) <= 0)
        return trust_error_set(err, TRUST_ECERT, TRUST_NO_OFFSET, "a PKCS#7 file without certificates");
    for (int i = 0; code == 0 && i < sk_X509_num(certs); i++)
        code = bundle_add_x509(bundle, sk_X509_value(certs, i), err);
    return code;
}

/* ---- PEM */

/* One block of PEM. */
struct pem_block {
    char *name, *header;
    unsigned char *data;
    long len;
};

static void pem_block_fini(struct pem_block *block)
{
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    if (block->data != NULL)
        OPENSSL_clear_free(block->data, (size_t)block->len);
}

static bool is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

static int add_pem_pkcs7(struct trust_bundle *bundle, const struct pem_block *block, struct trust_error *err)
{
    const unsigned char *data = block->data;
    PKCS7 *p7 = d2i_PKCS7(NULL, &data, block->len);
    if (p7 == NULL)
        return crypto_error(err, TRUST_ECERT, "the block %s is damaged", block->name);
    int code = add_pkcs7(bundle, p7, err);
    PKCS7_free(p7);
    return code;
}

/* OpenSSL's own "TRUSTED CERTIFICATE" has its trust settings behind the certificate. */
static int add_pem_trusted(struct trust_bundle *bundle, const struct pem_block *block,
                           struct trust_error *err)
{
    const unsigned char *data = block->data;
    X509 *x509 = d2i_X509_AUX(NULL, &data, block->len);
    if (x509 == NULL)
        return crypto_error(err, TRUST_ECERT, "the block %s is damaged", block->name);
    int code = bundle_add_x509(bundle, x509, err);
    X509_free(x509);
    return code;
}

static int add_pem_key(struct trust_bundle *bundle, const struct pem_block *block, const char *password,
                       struct trust_error *err)
{
    struct trust_key *key;
    char *text;
    int code;
    BIO *bio = BIO_new(BIO_s_mem()); /* wiped when freed */
    if (bio == NULL || PEM_write_bio(bio, block->name, block->header, block->data, block->len) <= 0) {
        code = crypto_error(err, TRUST_ENOMEM, "a private key");
        goto out;
    }
    long len = BIO_get_mem_data(bio, &text);
    code = trust_key_parse((struct trust_bytes){(const uint8_t *)text, (size_t)len}, password, &key, err);
    if (code == 0)
        code = bundle_add_key(bundle, key, err);
out:
    BIO_free(bio);
    return code;
}

static int add_pem_block(struct trust_bundle *bundle, const struct pem_block *block, const char *password,
                         char other[64], struct trust_error *err)
{
    static const char *const certs[] = {PEM_STRING_X509, PEM_STRING_X509_OLD, NULL};
    static const char *const pkcs7s[] = {PEM_STRING_PKCS7, PEM_STRING_PKCS7_SIGNED, PEM_STRING_CMS, NULL};
    static const char *const keys[] = {PEM_STRING_PKCS8INF,     PEM_STRING_PKCS8, PEM_STRING_RSA,
                                       PEM_STRING_ECPRIVATEKEY, PEM_STRING_DSA,   NULL};
    if (is_one_of(block->name, certs))
        return add_cert_der(bundle, (struct trust_bytes){block->data, (size_t)block->len}, err);
    if (strcmp(block->name, PEM_STRING_X509_TRUSTED) == 0)
        return add_pem_trusted(bundle, block, err);
    if (is_one_of(block->name, pkcs7s))
        return add_pem_pkcs7(bundle, block, err);
    if (is_one_of(block->name, keys))
        return add_pem_key(bundle, block, password, err);
    /* Parameters, requests, revocation lists: no concern of ours, but worth naming if nothing else is there.
     */
    utf8_escape((struct trust_bytes){(const uint8_t *)block->name, strlen(block->name)}, other, 64);
    return 0;
}

static int read_pem(struct trust_bundle *bundle, struct trust_bytes bytes, const char *password,
                    struct trust_error *err)
{
    char other[64] = "";
    int code = 0, number = 0;
    BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    if (bio == NULL)
        return crypto_no_memory(err, "certificates");
    while (code == 0) {
        struct pem_block block = {0};
        number++;
        if (PEM_read_bio(bio, &block.name, &block.header, &block.data, &block.len) != 1)
            break;
        code = add_pem_block(bundle, &block, password, other, err);
        if (code != 0)
            trust_error_prefix(err, code, "PEM block %d", number);
        pem_block_fini(&block);
    }
    if (code != 0)
        goto out;
    if (ERR_peek_error() == 0) /* of all else OpenSSL complains */
        code = crypto_no_memory(err, "certificates");
    else if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        code = crypto_error(err, TRUST_ECERT, "PEM block %d is damaged or cut off", number);
    else if (bundle->cert_count == 0 && bundle->key == NULL)
        code = trust_error_set(err, TRUST_ECERT, TRUST_NO_OFFSET,
                               "PEM, but neither a certificate nor a private key in it%s%s",
                               *other != '\0' ? ": only " : "", other);
out:
    BIO_free(bio);
    return code;
}

/* ---- DER */

static int check_end(struct trust_bytes bytes, const unsigned char *end, const char *what,
                     struct trust_error *err)
{
    size_t used = (size_t)(end - bytes.data);
    if (used == bytes.len)
        return 0;
    return trust_error_set(err, TRUST_ETRAILING, used, "%zu bytes are left over behind the %s",
                           bytes.len - used, what);
}

/* Try the containers one after the other; their DER cannot be mistaken for each other's. *known false: it was
 * none of them. */
static int read_der(struct trust_bundle *bundle, struct trust_bytes bytes, const char *password, bool *known,
                    struct trust_error *err)
{
    *known = true;
    const unsigned char *end = bytes.data;
    int code;
    PKCS12 *p12 = d2i_PKCS12(NULL, &end, (long)bytes.len);
    if (p12 != NULL) {
        code = check_end(bytes, end, "PKCS#12", err);
        if (code == 0)
            code = bundle_read_pkcs12(bundle, p12, password, err);
        PKCS12_free(p12);
        return code;
    }
    if (crypto_error(NULL, TRUST_ECERT, "PKCS#12") == TRUST_ENOMEM)
        return crypto_no_memory(err, "PKCS#12");
    end = bytes.data;
    PKCS7 *p7 = d2i_PKCS7(NULL, &end, (long)bytes.len);
    if (p7 != NULL) {
        code = check_end(bytes, end, "PKCS#7", err);
        if (code == 0)
            code = add_pkcs7(bundle, p7, err);
        PKCS7_free(p7);
        return code;
    }
    if (crypto_error(NULL, TRUST_ECERT, "PKCS#7") == TRUST_ENOMEM)
        return crypto_no_memory(err, "PKCS#7");
    code = add_cert_der(bundle, bytes, err);
    if (code != TRUST_ECERT && code != TRUST_ETOOLARGE)
        return code;
    struct trust_key *key;
    code = trust_key_parse(bytes, password, &key, err);
    *known = code != TRUST_EKEY;
    return code == 0 ? bundle_add_key(bundle, key, err) : code;
}

static int read_any(struct trust_bundle *bundle, struct trust_bytes bytes, const char *password,
                    struct trust_error *err)
{
    if (bytes.data[0] == 0x30) { /* an ASN.1 sequence, as all of them are; or text that starts with a 0 */
        bool known;
        int code = read_der(bundle, bytes, password, &known, err);
        if (known)
            return code;
    }
    if (memmem(bytes.data, bytes.len, "-----BEGIN ", 11) != NULL)
        return read_pem(bundle, bytes, password, err);
    struct trust_cert *none;
    if (bytes.data[0] == 0x30 && cert_has_explicit_curve(bytes))
        return trust_cert_from_der(bytes, &none, err);
    return trust_error_set(
        err, TRUST_ECERT, TRUST_NO_OFFSET,
        "neither a certificate nor a private key: it was tried as PEM, DER, PKCS#7 and PKCS#12");
}

int trust_bundle_read(struct trust_bytes bytes, const char *password, struct trust_bundle **out,
                      struct trust_error *err)
{
    *out = NULL;
    if (bytes.len == 0)
        return trust_error_set(err, TRUST_EEMPTY, 0, "an empty file holds no certificate");
    if (bytes.len > BUNDLE_MAX_BYTES)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "%zu bytes: files with certificates have %d at the most", bytes.len,
                               BUNDLE_MAX_BYTES);
    struct trust_bundle *bundle = calloc(1, sizeof *bundle);
    if (bundle == NULL)
        return crypto_no_memory(err, "certificates");
    ERR_clear_error();
    int code = read_any(bundle, bytes, password, err);
    if (code != 0)
        goto out;
    *out = bundle;
    bundle = NULL;
out:
    trust_bundle_free(bundle);
    ERR_clear_error();
    return code;
}

void trust_bundle_free(struct trust_bundle *bundle)
{
    if (bundle == NULL)
        return;
    for (size_t i = 0; i < bundle->cert_count; i++)
        trust_cert_free(bundle->certs[i]);
    free(bundle->certs);
    trust_key_free(bundle->key);
    free(bundle);
}
