/* The folder of private keys (trust/key.h). */
#include "internal.h"
#include "trust/file.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_FILE_MAX (64 * 1024)
#define KEY_ID_CHARS 16

/* What the name of a key's file ends in: "-0123456789abcdef.pem". */
struct key_suffix {
    char text[1 + KEY_ID_CHARS + sizeof ".pem"];
};

static int suffix_of_spki(struct trust_bytes spki, struct key_suffix *out, struct trust_error *err)
{
    uint8_t digest[TRUST_SHA256_SIZE];
    char hex[KEY_ID_CHARS + 1];
    int code = trust_digest_pieces(TRUST_DIGEST_SHA256, &spki, 1, digest, err);
    if (code != 0)
        return code;
    trust_hex((struct trust_bytes){digest, KEY_ID_CHARS / 2}, '\0', false, hex);
    snprintf(out->text, sizeof out->text, "-%s.pem", hex);
    return 0;
}

static int suffix_of_key(const struct trust_key *key, struct key_suffix *out, struct trust_error *err)
{
    unsigned char *spki = NULL;
    int len = i2d_PUBKEY(key_pkey(key), &spki);
    if (len < 0)
        return crypto_error(err, TRUST_ECRYPTO, "a public key cannot be encoded");
    int code = suffix_of_spki((struct trust_bytes){spki, (size_t)len}, out, err);
    OPENSSL_free(spki);
    ERR_clear_error();
    return code;
}

/* FOLDER/NAMESUFFIX; the caller frees it. */
static int path_of(const char *folder, const char *name, const char *suffix, char **out,
                   struct trust_error *err)
{
    *out = NULL;
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "'%s' cannot be the name of a key file",
                               name);
    if (asprintf(out, "%s/%s%s", folder, name, suffix) < 0) {
        *out = NULL;
        return crypto_no_memory(err, "a private key");
    }
    return 0;
}

int trust_key_save(const char *folder, const char *unit, const struct trust_key *key, struct trust_error *err)
{
    struct key_suffix suffix;
    char *path = NULL, *pem = NULL;
    int code = suffix_of_key(key, &suffix, err);
    if (code == 0)
        code = path_of(folder, unit, suffix.text, &path, err);
    if (code == 0)
        code = trust_key_to_pem(key, &pem, err);
    if (code == 0)
        code = trust_file_replace(path, (struct trust_bytes){(const uint8_t *)pem, strlen(pem)}, 0600,
                                  (uid_t)-1, (gid_t)-1, err);
    if (pem != NULL)
        OPENSSL_cleanse(pem, strlen(pem));
    free(pem);
    free(path);
    return code;
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t len = strlen(name), tail = strlen(suffix);
    return len > tail && strcmp(name + len - tail, suffix) == 0;
}

/* A file with the key of another unit's name: a certificate finds its key whatever the store says of units.
 * *out stays NULL if there is none. */
static int find_other(const char *folder, const char *suffix, char **out, struct trust_error *err)
{
    *out = NULL;
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        int code = errno == EACCES   ? TRUST_EDENIED
                   : errno == ENOENT ? TRUST_ENOTFOUND
                   : errno == ENOMEM ? TRUST_ENOMEM
                                     : TRUST_ESYSTEM;
        return trust_error_set(err, code, TRUST_NO_OFFSET, "cannot read the folder of keys %s: %s", folder,
                               strerror(errno));
    }
    int code = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL && *out == NULL && code == 0;
         entry = readdir(dir))
        if (entry->d_name[0] != '.' && ends_in(entry->d_name, suffix))
            code = path_of(folder, entry->d_name, "", out, err);
    closedir(dir);
    return code;
}

static int check_mode(const char *path, const struct stat *info, struct trust_error *err)
{
    if ((info->st_mode & 077) == 0)
        return 0;
    return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET,
                           "private key %s: others may read or change it (mode %04o): run: chmod 600 %s",
                           path, (unsigned)info->st_mode & 07777, path);
}

static int read_key(const char *path, const struct trust_cert *cert, struct trust_key **out,
                    struct trust_error *err)
{
    uint8_t *data = NULL;
    size_t len = 0;
    struct stat info;
    struct trust_key *key = NULL;
    int code = trust_file_read(path, KEY_FILE_MAX, &data, &len, &info, err);
    if (code == 0)
        code = check_mode(path, &info, err);
    if (code != 0)
        goto out;
    code = trust_key_parse((struct trust_bytes){data, len}, NULL, &key, err);
    if (code != 0) {
        code = trust_error_prefix(err, code, "private key %s", path);
        goto out;
    }
    if (!trust_key_matches(key, cert)) {
        code = trust_error_set(err, TRUST_EMISMATCH, TRUST_NO_OFFSET,
                               "private key %s: does not belong to the certificate %s", path,
                               trust_name_cucm(trust_cert_subject(cert)));
        goto out;
    }
    *out = key;
    key = NULL;
out:
    trust_key_free(key);
    if (data != NULL)
        OPENSSL_cleanse(data, len);
    free(data);
    return code;
}

int trust_key_load(const char *folder, const char *unit, const struct trust_cert *cert,
                   struct trust_key **out, struct trust_error *err)
{
    struct key_suffix suffix;
    char *path = NULL, *other = NULL;
    *out = NULL;
    int code = suffix_of_spki(trust_cert_spki(cert), &suffix, err);
    if (code == 0)
        code = path_of(folder, unit, suffix.text, &path, err);
    if (code != 0)
        goto out;
    code = read_key(path, cert, out, err);
    if (code != TRUST_ENOTFOUND)
        goto out;
    code = find_other(folder, suffix.text, &other, err);
    if (code != 0)
        goto out;
    if (other != NULL)
        code = read_key(other, cert, out, err);
    else
        code = trust_error_set(
            err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
            "no private key for the %s certificate %s in %s: there is neither %s nor a file of "
            "another unit with this ending; restore it from a backup or regenerate the certificate",
            unit, trust_name_cucm(trust_cert_subject(cert)), folder, path);
out:
    free(path);
    free(other);
    return code;
}

int trust_key_remove(const char *folder, const char *unit, const struct trust_cert *cert,
                     struct trust_error *err)
{
    struct key_suffix suffix;
    char *path = NULL;
    int code = suffix_of_spki(trust_cert_spki(cert), &suffix, err);
    if (code == 0)
        code = path_of(folder, unit, suffix.text, &path, err);
    if (code != 0)
        goto out;
    struct trust_error why;
    code = trust_file_remove(path, &why);
    if (code == TRUST_ENOTFOUND)
        code = 0;
    else if (code != 0)
        code = trust_error_set(err, code, TRUST_NO_OFFSET, "private key: %s", why.text);
out:
    free(path);
    return code;
}
