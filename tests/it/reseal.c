/* reseal FILE PASSWORD-FILE: the sealed FILE under a key that costs next to no work (scrypt with N=2), for
 * tests that unseal it some hundred times. The format is in trust/backup.h. */
#include "trust/backup.h"

#include <err.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD    39
#define COST    8
#define SALT    11
#define NONCE   27
#define TAG     16
#define KEY     32
#define LARGEST (1 << 24)

static uint8_t bytes[LARGEST + HEAD + TAG];

static size_t get(const char *path, void *data, size_t max)
{
    FILE *file = fopen(path, "rb");
    size_t len = file != NULL ? fread(data, 1, max, file) : 0;
    if (len == 0 || len == max || ferror(file))
        err(EXIT_FAILURE, "%s", path);
    fclose(file);
    return len;
}

static void put(const char *path, size_t len)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
        err(EXIT_FAILURE, "%s", path);
}

static void seal(const char *password, size_t len)
{
    uint8_t key[KEY];
    int out;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    if (cipher == NULL ||
        EVP_PBE_scrypt(password, strlen(password), bytes + SALT, NONCE - SALT, 2, bytes[COST + 1], 1, 0, key,
                       KEY) != 1 ||
        EVP_EncryptInit_ex2(cipher, EVP_aes_256_gcm(), key, bytes + NONCE, NULL) != 1 ||
        EVP_EncryptUpdate(cipher, NULL, &out, bytes, HEAD) != 1 ||
        EVP_EncryptUpdate(cipher, bytes + HEAD, &out, bytes + HEAD, (int)len) != 1 ||
        EVP_EncryptFinal_ex(cipher, bytes + HEAD + len, &out) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG, bytes + HEAD + len) != 1)
        errx(EXIT_FAILURE, "cannot seal");
    EVP_CIPHER_CTX_free(cipher);
}

int main(int argc, char **argv)
{
    char password[200] = "", plain[4096];
    struct trust_error error = {0};
    if (argc != 3)
        errx(EXIT_FAILURE, "usage: reseal FILE PASSWORD-FILE");
    get(argv[2], password, sizeof password);
    password[strcspn(password, "\n")] = '\0';
    snprintf(plain, sizeof plain, "%s.plain", argv[1]);
    if (trust_unseal(argv[1], plain, password, &error) != 0)
        errx(EXIT_FAILURE, "%s", error.text);
    get(argv[1], bytes, sizeof bytes); /* for its head */
    size_t len = get(plain, bytes + HEAD, LARGEST);
    remove(plain);
    bytes[COST] = 1;
    seal(password, len);
    put(argv[1], HEAD + len + TAG);
    return EXIT_SUCCESS;
}
