#include "trust/digest.h"

#include "internal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

static const struct {
    const char *name, *word;
    size_t size;
    const EVP_MD *(*md)(void);
} digests[] = {
    [TRUST_DIGEST_MD5] = {"MD5", NULL, 16, EVP_md5},
    [TRUST_DIGEST_SHA1] = {"SHA-1", "sha1", 20, EVP_sha1},
    [TRUST_DIGEST_SHA256] = {"SHA-256", "sha256", 32, EVP_sha256},
    [TRUST_DIGEST_SHA512] = {"SHA-512", "sha512", 64, EVP_sha512},
};

#define DIGEST_COUNT (sizeof digests / sizeof digests[0])

/* An algorithm is looked up once, not for each digest; where that failed (NULL), each time. They last as long
 * as the process. */
static EVP_MD *fetched[DIGEST_COUNT];
static CRYPTO_ONCE fetch_once = CRYPTO_ONCE_STATIC_INIT;

static void fetch_all(void)
{
    for (size_t i = 0; i < DIGEST_COUNT; i++)
        fetched[i] = EVP_MD_fetch(NULL, EVP_MD_get0_name(digests[i].md()), NULL);
    ERR_clear_error();
}

static bool is_known(enum trust_digest digest)
{
    return (unsigned)digest < DIGEST_COUNT;
}

size_t trust_digest_size(enum trust_digest digest)
{
    return is_known(digest) ? digests[digest].size : 0;
}

const char *trust_digest_name(enum trust_digest digest)
{
    return is_known(digest) ? digests[digest].name : NULL;
}

const EVP_MD *digest_md(enum trust_digest digest)
{
    return is_known(digest) ? digests[digest].md() : NULL;
}

static const EVP_MD *quick_md(enum trust_digest digest)
{
    const bool is_ready = CRYPTO_THREAD_run_once(&fetch_once, fetch_all) == 1;
    return is_ready && fetched[digest] != NULL ? fetched[digest] : digests[digest].md();
}

/* "SHA-256" is "sha256". */
static bool same_word(const char *name, const char *word)
{
    for (; *name != '\0'; name++) {
        if (*name == '-')
            continue;
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 'a' - 'A') : *name;
        if (c != *word)
            return false;
        word++;
    }
    return *word == '\0';
}

int trust_digest_by_name(const char *name)
{
    for (size_t i = 0; i < DIGEST_COUNT; i++)
        if (digests[i].word != NULL && same_word(name, digests[i].word))
            return (int)i;
    return -1;
}

int trust_digest_pieces(enum trust_digest digest, const struct trust_bytes *pieces, size_t count,
                        uint8_t *out, struct trust_error *err)
{
    if (!is_known(digest))
        return trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET, "digest code %d: not a known one",
                               (int)digest);
    int code;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, quick_md(digest), NULL) == 1;
    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(ctx, pieces[i].data, pieces[i].len) == 1;
    if (!ok || EVP_DigestFinal_ex(ctx, out, NULL) != 1) {
        code = crypto_error(err, ctx != NULL ? TRUST_ECRYPTO : TRUST_ENOMEM, "cannot compute %s",
                            digests[digest].name);
        goto out;
    }
    ERR_clear_error(); /* OpenSSL may complain on its way and yet succeed */
    code = 0;
out:
    EVP_MD_CTX_free(ctx);
    return code;
}

char *trust_hex(struct trust_bytes bytes, char separator, bool upper, char *out)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        if (i > 0 && separator != '\0')
            out[at++] = separator;
        out[at++] = digits[bytes.data[i] >> 4];
        out[at++] = digits[bytes.data[i] & 15];
    }
    out[at] = '\0';
    return out;
}

/* 0 to 15; -1 for a separator, -2 for anything else. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return strchr(":- \t\r\n", c) != NULL ? -1 : -2;
}

int trust_unhex(const char *text, uint8_t *out, size_t *len, struct trust_error *err)
{
    size_t room = *len, digits = 0;
    *len = 0;
    for (const char *c = text; *c != '\0'; c++) {
        int value = hex_value(*c);
        if (value == -2) {
            char shown[8];
            return trust_error_set(
                err, TRUST_EVALUE, (size_t)(c - text), "'%s' is no hex digit",
                utf8_escape((struct trust_bytes){(const uint8_t *)c, 1}, shown, sizeof shown));
        }
        digits += value >= 0;
    }
    if (digits == 0)
        return trust_error_set(err, TRUST_EVALUE, 0, "no hex digits");
    if ((digits + 1) / 2 > room)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "%zu hex digits: %zu bytes are the most", digits, room);
    /* An odd number of digits starts in the middle of its first byte. */
    size_t nibble = digits % 2;
    memset(out, 0, (digits + 1) / 2);
    for (const char *c = text; *c != '\0'; c++) {
        int value = hex_value(*c);
        if (value < 0)
            continue;
        out[nibble / 2] = (uint8_t)(out[nibble / 2] << 4 | value);
        nibble++;
    }
    *len = (digits + 1) / 2;
    return 0;
}
