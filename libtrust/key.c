#include "trust/key.h"

#include "internal.h"
#include "rounds.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

struct trust_key {
    unsigned references;
    EVP_PKEY *pkey;
    enum trust_key_type type;
    int bits;
};

/* Sign something, and verify it. OpenSSL's own check of an RSA key proves its primes, too: for 4096 bits that
 * takes a third of a second whenever a key is read. */
static bool signs_for_itself(EVP_PKEY *pkey, EVP_PKEY_CTX *ctx)
{
    static const uint8_t message[20] = {0};
    size_t len = (size_t)EVP_PKEY_get_size(pkey);
    uint8_t *signature = OPENSSL_malloc(len);
    bool ok = signature != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
              EVP_PKEY_sign(ctx, signature, &len, message, sizeof message) == 1 &&
              EVP_PKEY_verify_init(ctx) == 1 &&
              EVP_PKEY_verify(ctx, signature, len, message, sizeof message) == 1;
    OPENSSL_free(signature);
    return ok;
}

/* Does the private part belong to the public one? A file may have been put together wrongly, and a signature
 * made with it would verify nowhere. */
static bool is_consistent(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    bool is_rsa = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA;
    bool ok = ctx != NULL && (is_rsa ? signs_for_itself(pkey, ctx) : EVP_PKEY_pairwise_check(ctx) == 1);
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

int key_from_pkey(EVP_PKEY *take_pkey, struct trust_key **out, struct trust_error *err)
{
    *out = NULL;
    int id = EVP_PKEY_get_base_id(take_pkey);
    struct trust_key *key = NULL;
    int code = 0;
    if ((id == EVP_PKEY_RSA || id == EVP_PKEY_EC) && !is_consistent(take_pkey)) {
        code = crypto_error(err, TRUST_EKEY,
                            "a private key whose private and public parts do not belong together");
        goto out;
    }
    key = calloc(1, sizeof *key);
    if (key == NULL) {
        code = crypto_no_memory(err, "key");
        goto out;
    }
    key->references = 1;
    key->type = id == EVP_PKEY_RSA ? TRUST_KEY_RSA : id == EVP_PKEY_EC ? TRUST_KEY_EC : TRUST_KEY_OTHER;
    key->bits = EVP_PKEY_get_bits(take_pkey);
    key->pkey = take_pkey;
    take_pkey = NULL;
    *out = key;
out:
    EVP_PKEY_free(take_pkey);
    return code;
}

/* The password that a decoder asks for, and whether it asked. */
struct password {
    const char *text; /* NULL: none */
    bool asked;
};

static int give_password(char *buffer, int size, int for_writing, void *arg)
{
    struct password *password = arg;
    (void)for_writing;
    password->asked = true;
    size_t len = password->text != NULL ? strlen(password->text) : 0;
    if (password->text == NULL || len > (size_t)size)
        return -1;
    memcpy(buffer, password->text, len);
    return (int)len;
}

/* Decode one key that fills bytes; NULL if it cannot be done. */
static EVP_PKEY *decode(struct trust_bytes bytes, struct password *password)
{
    EVP_PKEY *pkey = NULL;
    const unsigned char *rest = bytes.data;
    size_t rest_len = bytes.len;
    OSSL_DECODER_CTX *ctx =
        OSSL_DECODER_CTX_new_for_pkey(&pkey, NULL, NULL, NULL, EVP_PKEY_KEYPAIR, NULL, NULL);
    if (ctx == NULL || OSSL_DECODER_CTX_set_pem_password_cb(ctx, give_password, password) != 1 ||
        OSSL_DECODER_from_data(ctx, &rest, &rest_len) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    OSSL_DECODER_CTX_free(ctx);
    return pkey;
}

static bool is_key_block(const char *name)
{
    size_t len = strlen(name), tail = strlen("PRIVATE KEY");
    return len >= tail && strcmp(name + len - tail, "PRIVATE KEY") == 0;
}

/* The first block of PEM that is a private key, alone and as PEM again: a file may hold parameters or
 * certificates before it. *out stays NULL if there is none. */
static int find_pem_key(struct trust_bytes bytes, BIO **out, struct trust_error *err)
{
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len;
    int code = 0;
    *out = NULL;
    BIO *in = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    while (in != NULL && code == 0 && *out == NULL && PEM_read_bio(in, &name, &header, &data, &len) == 1) {
        if (is_key_block(name)) {
            *out = BIO_new(BIO_s_mem());
            if (*out == NULL || PEM_write_bio(*out, name, header, data, len) <= 0)
                code = crypto_error(err, TRUST_ENOMEM, "a private key");
            else
                code = rounds_check_key((struct trust_bytes){data, (size_t)len}, err);
        }
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)len);
    }
    if (code == 0 && crypto_error(NULL, TRUST_EKEY, "a private key") == TRUST_ENOMEM)
        code = crypto_no_memory(err, "a private key");
    if (code != 0) {
        BIO_free(*out);
        *out = NULL;
    }
    BIO_free(in);
    return code;
}

static int decode_error(const struct password *password, struct trust_error *err)
{
    if (password->asked && password->text == NULL)
        return crypto_error(err, TRUST_EPASSWORD, "the private key is encrypted; give its password");
    if (password->asked)
        return crypto_error(err, TRUST_EPASSWORD, "the private key does not open with this password");
    return crypto_error(err, TRUST_EKEY, "not a private key (PEM or DER, PKCS#8, PKCS#1 or SEC1)");
}

int trust_key_parse(struct trust_bytes bytes, const char *password, struct trust_key **out,
                    struct trust_error *err)
{
    struct password asked = {.text = password};
    BIO *pem = NULL;
    *out = NULL;
    if (bytes.len == 0)
        return trust_error_set(err, TRUST_EKEY, 0, "not a private key: it is empty");
    if (bytes.len > INT32_MAX)
        return trust_error_set(err, TRUST_EKEY, TRUST_NO_OFFSET, "not a private key: it has %zu bytes",
                               bytes.len);
    ERR_clear_error();
    int code = find_pem_key(bytes, &pem, err);
    if (code != 0)
        return code;
    if (pem != NULL) {
        char *text;
        long len = BIO_get_mem_data(pem, &text);
        bytes = (struct trust_bytes){(const uint8_t *)text, (size_t)len};
    } else if ((code = rounds_check_key(bytes, err)) != 0) {
        return code;
    }
    EVP_PKEY *pkey = decode(bytes, &asked);
    if (pkey == NULL)
        code = decode_error(&asked, err);
    else
        code = key_from_pkey(pkey, out, err);
    BIO_free(pem);
    ERR_clear_error();
    return code;
}

/* What trust_key_generate makes. */
static const struct {
    const char *spec;
    unsigned bits;     /* of RSA, or */
    const char *curve; /* of EC */
} specs[] = {
    {"rsa:1024", 1024, NULL}, {"rsa:2048", 2048, NULL}, {"rsa:4096", 4096, NULL},
    {"ec:P-256", 0, "P-256"}, {"ec:P-384", 0, "P-384"}, {"ec:P-521", 0, "P-521"},
};

#define SPEC_COUNT (sizeof specs / sizeof specs[0])

static size_t find_spec(const char *spec)
{
    size_t i = 0;
    while (i < SPEC_COUNT && strcmp(specs[i].spec, spec) != 0)
        i++;
    return i;
}

bool trust_key_spec_is_valid(const char *spec)
{
    return find_spec(spec) < SPEC_COUNT;
}

int trust_key_generate(const char *spec, struct trust_key **out, struct trust_error *err)
{
    *out = NULL;
    size_t i = find_spec(spec);
    if (i == SPEC_COUNT)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "no such kind of key: '%s'; there are rsa:1024, rsa:2048, rsa:4096, ec:P-256, "
                               "ec:P-384 and ec:P-521",
                               spec);
    EVP_PKEY *pkey = specs[i].curve != NULL ? EVP_EC_gen(specs[i].curve) : EVP_RSA_gen(specs[i].bits);
    if (pkey == NULL)
        return crypto_error(err, TRUST_ECRYPTO, "cannot make a key %s", spec);
    int code = key_from_pkey(pkey, out, err);
    ERR_clear_error(); /* OpenSSL may complain on its way and yet succeed */
    return code;
}

struct trust_key *trust_key_ref(struct trust_key *key)
{
    assert(key->references > 0 && key->references < UINT32_MAX);
    key->references++;
    return key;
}

void trust_key_free(struct trust_key *key)
{
    if (key == NULL)
        return;
    assert(key->references > 0);
    if (--key->references > 0)
        return;
    EVP_PKEY_free(key->pkey); /* clears the numbers of a private key */
    free(key);
}

EVP_PKEY *key_pkey(const struct trust_key *key)
{
    return key->pkey;
}

enum trust_key_type trust_key_type(const struct trust_key *key)
{
    return key->type;
}

int trust_key_bits(const struct trust_key *key)
{
    return key->bits;
}

bool trust_key_matches(const struct trust_key *key, const struct trust_cert *cert)
{
    bool same = cert_pkey(cert) != NULL && EVP_PKEY_eq(key->pkey, cert_pkey(cert)) == 1;
    ERR_clear_error();
    return same;
}

int trust_key_to_der(const struct trust_key *key, uint8_t **out, size_t *len, struct trust_error *err)
{
    unsigned char *der = NULL;
    int code, der_len = -1;
    *out = NULL;
    *len = 0;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
    if (info != NULL)
        der_len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    if (der_len < 0) {
        code = crypto_error(err, TRUST_ECRYPTO, "a private key cannot be encoded");
        goto out;
    }
    *out = malloc((size_t)der_len);
    if (*out == NULL) {
        code = crypto_no_memory(err, "a private key");
        goto out;
    }
    memcpy(*out, der, (size_t)der_len);
    *len = (size_t)der_len;
    code = 0;
out:
    OPENSSL_clear_free(der, der_len > 0 ? (size_t)der_len : 0);
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error(); /* OpenSSL may complain on its way and yet succeed */
    return code;
}

int trust_key_to_pem(const struct trust_key *key, char **out, struct trust_error *err)
{
    uint8_t *der;
    size_t len;
    *out = NULL;
    int code = trust_key_to_der(key, &der, &len, err);
    if (code != 0)
        return code;
    code = crypto_to_pem(PEM_STRING_PKCS8INF, (struct trust_bytes){der, len}, "a private key", out, err);
    OPENSSL_cleanse(der, len);
    free(der);
    return code;
}
