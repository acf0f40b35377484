#include "helper_seal.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 5
#define NONCE  12
#define SALT   4 /* RFC 5288, section 3: the implicit part of the nonce; the rest is in the record */
#define TAG    16
#define HASH   32

/* Of the last TLS 1.3 handshake in this thread. */
static _Thread_local uint8_t secret[HASH];

/* NSS key log: label, client random, secret, in hex. */
static void key_logged(const SSL *ssl, const char *line)
{
    static const char label[] = "CLIENT_TRAFFIC_SECRET_0 ";
    (void)ssl;
    if (strncmp(line, label, sizeof label - 1) != 0)
        return;
    const char *hex = strrchr(line, ' ') + 1;
    for (size_t i = 0; i < HASH; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        secret[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

void seal_listen(SSL_CTX *ctx)
{
    SSL_CTX_set_keylog_callback(ctx, key_logged);
}

static bool derive(const char *function, OSSL_PARAM *params, uint8_t *out, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, function, NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    bool done = ctx != NULL && EVP_KDF_derive(ctx, out, len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return done;
}

/* RFC 5246, section 6.3: the client's key, the server's, the client's salt, the server's. */
static bool derive_12(struct seal *seal, SSL *ssl)
{
    static const char label[] = "key expansion";
    uint8_t master[48], seed[sizeof label - 1 + 64], block[2 * sizeof seal->key + 2 * SALT];
    SSL_SESSION_get_master_key(SSL_get0_session(ssl), master, sizeof master);
    memcpy(seed, label, sizeof label - 1);
    SSL_get_server_random(ssl, seed + sizeof label - 1, 32);
    SSL_get_client_random(ssl, seed + sizeof label - 1 + 32, 32);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA256"}, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, sizeof master),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
                           OSSL_PARAM_construct_end()};
    bool done = derive("TLS1-PRF", params, block, sizeof block);
    memcpy(seal->key, block, sizeof seal->key);
    memcpy(seal->iv, block + 2 * sizeof seal->key, SALT);
    return done;
}

/* RFC 8446, section 7.1: HKDF-Expand-Label without a context. */
static bool expand_label(const char *label, uint8_t *out, uint8_t len)
{
    uint8_t info[32];
    const size_t label_len = strlen(label);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    info[0] = 0;
    info[1] = len;
    info[2] = (uint8_t)(6 + label_len);
    memcpy(info + 3, "tls13 ", 6);
    memcpy(info + 9, label, label_len);
    info[9 + label_len] = 0;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                           OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA256"}, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, sizeof secret),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, 10 + label_len),
                           OSSL_PARAM_construct_end()};
    return derive("HKDF", params, out, len);
}

bool seal_begin(struct seal *seal, SSL *ssl)
{
    /* The client's Finished was record 0 of TLS 1.2; TLS 1.3 has other keys for it. */
    *seal = (struct seal){.is_13 = SSL_version(ssl) == TLS1_3_VERSION};
    seal->number = seal->is_13 ? 0 : 1;
    return seal->is_13 ? expand_label("key", seal->key, sizeof seal->key) &&
                             expand_label("iv", seal->iv, sizeof seal->iv)
                       : derive_12(seal, ssl);
}

static void put_number(uint8_t out[8], uint64_t number)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

static bool encrypt(const struct seal *seal, const uint8_t nonce[NONCE], const uint8_t *aad, int aad_len,
                    const uint8_t *text, int len, uint8_t *out)
{
    int moved;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool done = ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, seal->key, nonce) == 1 &&
                EVP_EncryptUpdate(ctx, NULL, &moved, aad, aad_len) == 1 &&
                (len == 0 || EVP_EncryptUpdate(ctx, out, &moved, text, len) == 1) &&
                EVP_EncryptFinal_ex(ctx, out + len, &moved) == 1 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, out + len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return done;
}

static void put_header(uint8_t *out, uint8_t type, size_t len)
{
    const uint8_t header[HEADER] = {type, 3, 3, (uint8_t)(len >> 8), (uint8_t)len};
    memcpy(out, header, HEADER);
}

/* RFC 5246, section 6.2.3.3. */
static size_t seal_12(struct seal *seal, uint8_t type, const void *text, size_t len, uint8_t *out)
{
    const size_t explicit = NONCE - SALT;
    uint8_t nonce[NONCE], aad[8 + HEADER];
    memcpy(nonce, seal->iv, SALT);
    put_number(nonce + SALT, seal->number);
    put_number(aad, seal->number);
    put_header(aad + 8, type, len);
    put_header(out, type, explicit + len + TAG);
    put_number(out + HEADER, seal->number++);
    return encrypt(seal, nonce, aad, sizeof aad, text, (int)len, out + HEADER + explicit)
               ? HEADER + explicit + len + TAG
               : 0;
}

/* RFC 8446, sections 5.2 to 5.4: the type is sealed behind the text, and padding behind that; the nonce is a
 * mask of the number. */
static size_t seal_13(struct seal *seal, uint8_t type, const void *text, size_t len, uint8_t *out)
{
    uint8_t nonce[NONCE] = {0}, inner[SEAL_TEXT_MAX + 1];
    const size_t size = len + 1 + seal->padding;
    memset(inner, 0, size);
    memcpy(inner, text, len);
    inner[len] = type;
    put_number(nonce + SALT, seal->number++);
    for (size_t i = 0; i < NONCE; i++)
        nonce[i] ^= seal->iv[i];
    put_header(out, SEAL_APPLICATION, size + TAG);
    return encrypt(seal, nonce, out, HEADER, inner, (int)size, out + HEADER) ? HEADER + size + TAG : 0;
}

size_t seal_record(struct seal *seal, uint8_t type, const void *text, size_t len,
                   uint8_t out[SEAL_RECORD_MAX])
{
    if (len > SEAL_TEXT_MAX || seal->padding > SEAL_TEXT_MAX - len)
        return 0;
    return seal->is_13 ? seal_13(seal, type, text, len, out) : seal_12(seal, type, text, len, out);
}
