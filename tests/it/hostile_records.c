/* Hostile clients that seal their own records, where OpenSSL's client would not send such ones. */
#include "hostile.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SUITE       "ECDHE-RSA-AES128-GCM-SHA256"
#define KEY         16
#define SALT        4 /* RFC 5288, section 3: the implicit part of the nonce */
#define NONCE       8
#define TAG         16
#define HEADER      5
#define ALERT       21
#define APPLICATION 23
#define WARNINGS    10000

/* A TLS 1.2 connection with AES128-GCM, of which we write the client's records. */
struct sealed {
    SSL *ssl;
    int fd;
    uint8_t key[KEY], salt[SALT];
    uint64_t number; /* of the next record */
};

/* RFC 5246, section 6.3: the client's key, the server's, the client's salt, the server's. */
static bool derive(struct sealed *sealed)
{
    static const char label[] = "key expansion";
    uint8_t master[48], seed[sizeof label - 1 + 64], block[2 * KEY + 2 * SALT];
    SSL_SESSION_get_master_key(SSL_get0_session(sealed->ssl), master, sizeof master);
    memcpy(seed, label, sizeof label - 1);
    SSL_get_server_random(sealed->ssl, seed + sizeof label - 1, 32);
    SSL_get_client_random(sealed->ssl, seed + sizeof label - 1 + 32, 32);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA256"}, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, sizeof master),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
                           OSSL_PARAM_construct_end()};
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    bool done = ctx != NULL && EVP_KDF_derive(ctx, block, sizeof block, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    memcpy(sealed->key, block, KEY);
    memcpy(sealed->salt, block + 2 * KEY, SALT);
    return done;
}

static void put_number(uint8_t *out, uint64_t number)
{
    for (int i = 0; i < NONCE; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

/* RFC 5246, section 6.2.3.3. Its length. */
static size_t seal(struct sealed *sealed, uint8_t type, const uint8_t *text, size_t len, uint8_t *out)
{
    const size_t whole = NONCE + len + TAG;
    uint8_t nonce[SALT + NONCE], aad[NONCE + HEADER];
    int moved;
    put_number(aad, sealed->number);
    put_number(nonce + SALT, sealed->number);
    memcpy(nonce, sealed->salt, SALT);
    const uint8_t start[] = {type, 3, 3, (uint8_t)(len >> 8), (uint8_t)len};
    const uint8_t header[] = {type, 3, 3, (uint8_t)(whole >> 8), (uint8_t)whole};
    memcpy(aad + NONCE, start, HEADER);
    memcpy(out, header, HEADER);
    put_number(out + HEADER, sealed->number++);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL || EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, sealed->key, nonce) != 1 ||
        EVP_EncryptUpdate(ctx, NULL, &moved, aad, sizeof aad) != 1 ||
        EVP_EncryptUpdate(ctx, out + HEADER + NONCE, &moved, text, (int)len) != 1 ||
        EVP_EncryptFinal_ex(ctx, out + HEADER + NONCE + len, &moved) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, out + HEADER + NONCE + len) != 1)
        hostile_die("AES-GCM");
    EVP_CIPHER_CTX_free(ctx);
    return HEADER + whole;
}

static bool send_sealed(struct sealed *sealed, uint8_t type, const uint8_t *text, size_t len)
{
    uint8_t record[HEADER + NONCE + 16384 + TAG];
    if (len > 16384)
        return false;
    size_t size = seal(sealed, type, text, len, record);
    return send(sealed->fd, record, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static bool is_open(struct sealed *sealed)
{
    sealed->fd = hostile_dial("127.0.0.3", 0, true);
    sealed->ssl = sealed->fd >= 0 ? hostile_shake_with(sealed->fd, SUITE) : NULL;
    sealed->number = 1; /* 0 was the Finished */
    return sealed->ssl != NULL && derive(sealed);
}

/* Until the server's end, or as long as a client waits. */
static bool has_hung_up(int fd)
{
    uint8_t bytes[4096];
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
        ;
    return n == 0 || errno == ECONNRESET || errno == EPIPE;
}

void hostile_warnings(struct attacker *attacker)
{
    static const uint8_t user_canceled[] = {1, 90};
    uint8_t answer[ANSWER_MAX];
    struct sealed sealed = {0};
    (void)attacker;
    if (is_open(&sealed)) {
        /* One is no reason to hang up; that it was understood shows in the answer. */
        if (!send_sealed(&sealed, ALERT, user_canceled, sizeof user_canceled) ||
            !send_sealed(&sealed, APPLICATION, plan.request, plan.request_len) ||
            hostile_answer(sealed.ssl, answer, sizeof answer) == 0)
            hostile_complain("there was no answer after one warning");
        for (int i = 0; i < WARNINGS && send_sealed(&sealed, ALERT, user_canceled, sizeof user_canceled); i++)
            ;
        if (!has_hung_up(sealed.fd))
            hostile_complain("warnings without end were taken");
    } else {
        hostile_complain("no handshake with " SUITE);
    }
    ERR_clear_error();
    SSL_free(sealed.ssl);
    if (sealed.fd >= 0)
        close(sealed.fd);
}
