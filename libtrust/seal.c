/* A file under a password (trust/backup.h has the format): scrypt makes the key, AES-256-GCM encrypts. */
#include "file_parts.h"
#include "internal.h"
#include "trust/backup.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC        "TVSSEAL"
#define MAGIC_BYTES  7
#define FORMAT       '1' /* behind it */
#define COST_AT      8   /* log2 N, r, p */
#define SALT_AT      11
#define SALT_BYTES   16
#define NONCE_AT     27
#define NONCE_BYTES  12
#define HEAD_BYTES   39
#define TAG_BYTES    16
#define KEY_BYTES    32
#define PIECE_BYTES  (64 * 1024)
#define LOG2_N       15 /* written; 32 MiB and about 100 ms */
#define BLOCKS       8
#define PARALLEL     1
#define LOG2_N_MAX   20 /* accepted */
#define BLOCKS_MAX   32
#define PARALLEL_MAX 16
#define MEMORY_MAX   (UINT64_C(1) << 30)

/* ---- The key */

/* A file of unknown origin must not make us work for hours or ask for all memory there is. RFC 7914, section
 * 2: N is less than 2^(128 r / 8). */
static int check_cost(const uint8_t cost[3], const char *path, struct trust_error *err)
{
    const unsigned log2_n = cost[0], r = cost[1], p = cost[2];
    if (log2_n >= 1 && log2_n <= LOG2_N_MAX && r >= 1 && r <= BLOCKS_MAX && p >= 1 && p <= PARALLEL_MAX &&
        log2_n < 16 * r && (UINT64_C(128) * r << log2_n) <= MEMORY_MAX)
        return 0;
    return trust_error_set(
        err, TRUST_EVALUE, COST_AT,
        "%s: its password takes scrypt with N=2^%u, r=%u, p=%u; accepted are N to 2^%d, r to "
        "%d, p to %d, and 1 GiB of memory",
        path, log2_n, r, p, LOG2_N_MAX, BLOCKS_MAX, PARALLEL_MAX);
}

static int derive(const uint8_t head[HEAD_BYTES], const char *password, uint8_t key[KEY_BYTES],
                  struct trust_error *err)
{
    uint64_t n = UINT64_C(1) << head[COST_AT];
    uint32_t r = head[COST_AT + 1], p = head[COST_AT + 2];
    uint64_t memory = UINT64_C(128) * r * (n + p + 2); /* as OpenSSL reckons it */
    uint8_t salt[SALT_BYTES];
    memcpy(salt, head + SALT_AT, SALT_BYTES);
    /* OpenSSL only reads the password, and wipes its own copy. */
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)password,
                                          strlen(password)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, sizeof salt),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_SCRYPT, NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    int code = 0;
    if (ctx == NULL || EVP_KDF_derive(ctx, key, KEY_BYTES, params) != 1)
        code = crypto_error(err, TRUST_ECRYPTO, "the password cannot be made a key with scrypt");
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return code;
}

/* ---- One file read, another written */

struct job {
    const char *from;
    int fd;
    struct stat info; /* of what is read */
    struct file_draft draft;
    uint8_t *piece;
    EVP_CIPHER_CTX *cipher;
};

/* Reads from fd, which is the job's. to NULL: nothing is written. */
static int job_begin(struct job *job, const char *from, int fd, const char *to, struct trust_error *err)
{
    int code = 0;
    *job = (struct job){.from = from, .fd = fd, .draft.fd = -1};
    if (fstat(fd, &job->info) != 0)
        return file_error(err, errno, "read", from);
    ERR_clear_error();
    job->piece = malloc(PIECE_BYTES);
    job->cipher = EVP_CIPHER_CTX_new();
    char *folder = to != NULL ? file_folder_of(to) : NULL;
    if (job->piece == NULL || job->cipher == NULL || (to != NULL && folder == NULL))
        code = crypto_no_memory(err, to != NULL ? to : from);
    else if (to != NULL)
        code = file_draft_open(&job->draft, folder, to, err);
    free(folder);
    return code;
}

static void job_fini(struct job *job)
{
    EVP_CIPHER_CTX_free(job->cipher);
    if (job->piece != NULL)
        OPENSSL_cleanse(job->piece, PIECE_BYTES);
    free(job->piece);
    file_draft_fini(&job->draft);
    if (job->fd >= 0)
        close(job->fd);
    ERR_clear_error();
}

/* Set the cipher up for what stands in head, which it authenticates. */
static int job_key(struct job *job, const uint8_t head[HEAD_BYTES], const char *password, bool encrypt,
                   struct trust_error *err)
{
    uint8_t key[KEY_BYTES];
    int len;
    int code = derive(head, password, key, err);
    if (code == 0 &&
        (EVP_CipherInit_ex2(job->cipher, EVP_aes_256_gcm(), key, head + NONCE_AT, encrypt, NULL) != 1 ||
         EVP_CipherUpdate(job->cipher, NULL, &len, head, HEAD_BYTES) != 1))
        code = crypto_error(err, TRUST_ECRYPTO, "AES-256-GCM cannot be used");
    OPENSSL_cleanse(key, sizeof key);
    return code;
}

/* Read n bytes, fewer at the end of the file. */
static int job_read(struct job *job, uint8_t *out, size_t n, size_t *got, struct trust_error *err)
{
    for (*got = 0; *got < n;) {
        ssize_t more = read(job->fd, out + *got, n - *got);
        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0)
            return file_error(err, errno, "read", job->from);
        if (more == 0)
            break;
        *got += (size_t)more;
    }
    return 0;
}

/* Encrypt or decrypt up to max bytes, piece by piece in place; *done of them were there. */
static int job_run(struct job *job, uint64_t max, uint64_t *done, struct trust_error *err)
{
    for (*done = 0; *done < max;) {
        const uint64_t left = max - *done;
        size_t got;
        int len;
        int code = job_read(job, job->piece, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES, &got, err);
        if (code != 0 || got == 0)
            return code;
        if (EVP_CipherUpdate(job->cipher, job->piece, &len, job->piece, (int)got) != 1)
            return crypto_error(err, TRUST_ECRYPTO, "%s: AES-256-GCM fails", job->from);
        if (job->draft.fd >= 0)
            code = file_draft_write(&job->draft, (struct trust_bytes){job->piece, (size_t)len}, err);
        if (code != 0)
            return code;
        *done += got;
    }
    return 0;
}

static int job_place(struct job *job, const char *path, struct trust_error *err)
{
    int code = file_draft_settle(&job->draft, 0600, (uid_t)-1, (gid_t)-1, true, err);
    return code == 0 ? file_draft_place(&job->draft, path, err) : code;
}

/* ---- Sealing */

static int put_head(struct job *job, uint8_t head[HEAD_BYTES], struct trust_error *err)
{
    static const uint8_t begin[SALT_AT] = {'T', 'V',    'S',    'S',    'E',     'A',
                                           'L', FORMAT, LOG2_N, BLOCKS, PARALLEL};
    memcpy(head, begin, sizeof begin);
    if (RAND_bytes(head + SALT_AT, SALT_BYTES) != 1 || RAND_bytes(head + NONCE_AT, NONCE_BYTES) != 1)
        return crypto_error(err, TRUST_ECRYPTO, "no random numbers");
    return file_draft_write(&job->draft, (struct trust_bytes){head, HEAD_BYTES}, err);
}

static int put_tag(struct job *job, struct trust_error *err)
{
    uint8_t tag[TAG_BYTES];
    int len;
    if (EVP_CipherFinal_ex(job->cipher, tag, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(job->cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) != 1)
        return crypto_error(err, TRUST_ECRYPTO, "%s: AES-256-GCM fails", job->from);
    return file_draft_write(&job->draft, (struct trust_bytes){tag, TAG_BYTES}, err);
}

int trust_seal_open(const char *path, int *fd, struct trust_error *err)
{
    struct stat info;
    return file_open(path, fd, &info, err);
}

int trust_seal_fd(int take_fd, const char *plain, const char *sealed, const char *password,
                  struct trust_error *err)
{
    struct job job;
    uint8_t head[HEAD_BYTES];
    uint64_t done;
    int code = job_begin(&job, plain, take_fd, sealed, err);
    if (code == 0 && (password == NULL || *password == '\0'))
        code = trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "%s: it cannot be sealed with an empty password", sealed);
    if (code == 0)
        code = put_head(&job, head, err);
    if (code == 0)
        code = job_key(&job, head, password, true, err);
    if (code == 0)
        code = job_run(&job, UINT64_MAX, &done, err);
    if (code == 0)
        code = put_tag(&job, err);
    if (code == 0)
        code = job_place(&job, sealed, err);
    job_fini(&job);
    return code;
}

int trust_seal(const char *plain, const char *sealed, const char *password, struct trust_error *err)
{
    int fd;
    int code = trust_seal_open(plain, &fd, err);
    return code == 0 ? trust_seal_fd(fd, plain, sealed, password, err) : code;
}

/* ---- Unsealing */

static int too_short(const char *path, struct trust_error *err)
{
    return trust_error_set(err, TRUST_ETRUNCATED, TRUST_NO_OFFSET,
                           "%s: the sealed file ends too early; it was not copied whole", path);
}

static int read_head(struct job *job, uint8_t head[HEAD_BYTES], struct trust_error *err)
{
    size_t got;
    int code = job_read(job, head, HEAD_BYTES, &got, err);
    if (code != 0)
        return code;
    if (memcmp(head, MAGIC, got < MAGIC_BYTES ? got : MAGIC_BYTES) != 0)
        return trust_error_set(err, TRUST_EVALUE, 0, "%s is no sealed file: it does not begin with " MAGIC,
                               job->from);
    if (got > MAGIC_BYTES && head[MAGIC_BYTES] != FORMAT)
        return trust_error_set(
            err, TRUST_EVERSION, MAGIC_BYTES,
            "%s is sealed in a format that this version does not know; it knows %c: unseal it "
            "with the version that wrote it",
            job->from, FORMAT);
    if (job->info.st_size < HEAD_BYTES + TAG_BYTES || got < HEAD_BYTES)
        return too_short(job->from, err);
    return check_cost(head + COST_AT, job->from, err);
}

static int check_tag(struct job *job, struct trust_error *err)
{
    uint8_t tag[TAG_BYTES], rest[TAG_BYTES];
    size_t got;
    int len;
    int code = job_read(job, tag, TAG_BYTES, &got, err);
    if (code != 0)
        return code;
    if (got < TAG_BYTES)
        return too_short(job->from, err);
    if (EVP_CIPHER_CTX_ctrl(job->cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) != 1)
        return crypto_error(err, TRUST_ECRYPTO, "%s: AES-256-GCM fails", job->from);
    if (EVP_CipherFinal_ex(job->cipher, rest, &len) == 1)
        return 0;
    return trust_error_set(err, TRUST_EPASSWORD, TRUST_NO_OFFSET,
                           "%s: sealed with another password, or changed since", job->from);
}

int trust_unseal_fd(int take_fd, const char *sealed, const char *plain, const char *password,
                    struct trust_error *err)
{
    struct job job;
    uint8_t head[HEAD_BYTES];
    uint64_t size = 0, done = 0;
    int code = job_begin(&job, sealed, take_fd, plain, err);
    if (code == 0)
        code = read_head(&job, head, err);
    if (code == 0 && (password == NULL || *password == '\0'))
        code = trust_error_set(err, TRUST_EPASSWORD, TRUST_NO_OFFSET, "%s: it needs its password", sealed);
    if (code == 0)
        code = job_key(&job, head, password, false, err);
    if (code == 0) {
        size = (uint64_t)job.info.st_size - HEAD_BYTES - TAG_BYTES;
        code = job_run(&job, size, &done, err);
    }
    if (code == 0 && done < size) /* it became shorter meanwhile */
        code = too_short(sealed, err);
    if (code == 0)
        code = check_tag(&job, err);
    if (code == 0 && plain != NULL)
        code = job_place(&job, plain, err);
    job_fini(&job);
    return code;
}

int trust_unseal(const char *sealed, const char *plain, const char *password, struct trust_error *err)
{
    int fd;
    int code = trust_seal_open(sealed, &fd, err);
    return code == 0 ? trust_unseal_fd(fd, sealed, plain, password, err) : code;
}
