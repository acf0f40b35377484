/* Certificate signing requests (trust/csr.h). */
#include "trust/csr.h"
#include "cert_parts.h"
#include "internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static int fill(X509_REQ *csr, const struct trust_cert_request *request, const struct trust_key *key,
                struct trust_error *err)
{
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    if (X509_REQ_set_version(csr, X509_REQ_VERSION_1) != 1 || X509_REQ_set_pubkey(csr, key_pkey(key)) != 1)
        return crypto_error(err, TRUST_ECRYPTO, "signing request: cannot be put together");
    int code = cert_put_subject(X509_REQ_get_subject_name(csr), request, err);
    if (code == 0)
        code = cert_add_usages(&extensions, trust_key_type(key), err);
    if (code == 0)
        code = cert_add_dns_name(&extensions, request->dns_name, err);
    if (code == 0 && X509_REQ_add_extensions(csr, extensions) != 1)
        code = crypto_error(err, TRUST_ECRYPTO, "signing request: cannot be put together");
    if (code == 0 && X509_REQ_sign(csr, key_pkey(key), digest_md(request->digest)) == 0)
        code = crypto_error(err, TRUST_ECRYPTO, "signing request: cannot be signed");
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return code;
}

static int to_pem(X509_REQ *csr, char **pem, struct trust_error *err)
{
    unsigned char *der = NULL;
    int len = i2d_X509_REQ(csr, &der);
    if (len < 0)
        return crypto_error(err, TRUST_ECRYPTO, "signing request: cannot be encoded");
    int code = crypto_to_pem(PEM_STRING_X509_REQ, (struct trust_bytes){der, (size_t)len}, "signing request",
                             pem, err);
    OPENSSL_free(der);
    return code;
}

int trust_csr_generate(const struct trust_cert_request *request, const struct trust_key *key, char **pem,
                       struct trust_error *err)
{
    *pem = NULL;
    int code = cert_check_request(request, key, err);
    if (code != 0)
        return code;
    ERR_clear_error();
    X509_REQ *csr = X509_REQ_new();
    if (csr == NULL)
        return crypto_no_memory(err, "signing request");
    code = fill(csr, request, key, err);
    if (code == 0)
        code = to_pem(csr, pem, err);
    X509_REQ_free(csr);
    ERR_clear_error();
    return code;
}

int trust_csr_public_key(const char *pem, uint8_t **spki, size_t *len, struct trust_error *err)
{
    unsigned char *der = NULL;
    int code = 0, size = -1;
    *spki = NULL;
    *len = 0;
    ERR_clear_error();
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509_REQ *csr = bio != NULL ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
    if (csr != NULL)
        size = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(csr), &der);
    if (size < 0)
        code = crypto_error(err, TRUST_EVALUE, "signing request: it cannot be read");
    if (code == 0 && (*spki = malloc((size_t)size)) == NULL)
        code = crypto_no_memory(err, "signing request");
    if (code == 0) {
        memcpy(*spki, der, (size_t)size);
        *len = (size_t)size;
    }
    OPENSSL_free(der);
    X509_REQ_free(csr);
    BIO_free(bio);
    ERR_clear_error();
    return code;
}
