/* The folder of private keys (trust/key.h). */
#include "key_file_parts.h"

#include "file_parts.h"
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READY       ".new" /* behind the name of a key that lies ready */
#define READY_CHARS 4
#define URI_END     ".uri" /* as long as KEY_END */

static int suffix_of_spki(struct trust_bytes spki, struct key_suffix *out, struct trust_error *err)
{
    uint8_t digest[TRUST_SHA256_SIZE];
    char hex[KEY_ID_CHARS + 1];
    int code = trust_digest_pieces(TRUST_DIGEST_SHA256, &spki, 1, digest, err);
    if (code != 0)
        return code;
    trust_hex((struct trust_bytes){digest, KEY_ID_CHARS / 2}, '\0', false, hex);
    snprintf(out->text, sizeof out->text, "-%s" KEY_END, hex);
    return 0;
}

/* What the name of the file ends in that says in which token the key is. */
static struct key_suffix uri_suffix(const struct key_suffix *of_key)
{
    struct key_suffix suffix = *of_key;
    memcpy(suffix.text + SUFFIX_CHARS - strlen(URI_END), URI_END, strlen(URI_END));
    return suffix;
}

int key_file_suffix(const struct trust_key *key, struct key_suffix *out, struct trust_error *err)
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

/* FOLDER/UNITSUFFIXTAIL; the caller frees it. */
static int path_of(const char *folder, const char *unit, const struct key_suffix *suffix, const char *tail,
                   char **out, struct trust_error *err)
{
    *out = NULL;
    if (unit[0] == '\0' || unit[0] == '.' || strchr(unit, '/') != NULL)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "'%s' cannot be the name of a key file",
                               unit);
    if (asprintf(out, "%s/%s%s%s", folder, unit, suffix->text, tail) < 0) {
        *out = NULL;
        return crypto_no_memory(err, "a private key");
    }
    return 0;
}

/* ---- Writing */

static int write_text(const char *path, const char *text, struct trust_error *err)
{
    return trust_file_replace(path, (struct trust_bytes){(const uint8_t *)text, strlen(text)}, 0600,
                              (uid_t)-1, (gid_t)-1, err);
}

static int write_key(const char *path, const struct trust_key *key, struct trust_error *err)
{
    char *pem;
    int code = trust_key_to_pem(key, &pem, err);
    if (code != 0)
        return code;
    code = write_text(path, pem, err);
    OPENSSL_cleanse(pem, strlen(pem));
    free(pem);
    return code;
}

int trust_key_save(const char *folder, const char *unit, const struct trust_key *key, struct trust_error *err)
{
    struct key_suffix suffix;
    char *path = NULL;
    int code = key_file_suffix(key, &suffix, err);
    if (code == 0)
        code = path_of(folder, unit, &suffix, "", &path, err);
    if (code == 0)
        code = write_key(path, key, err);
    free(path);
    return code;
}

/* Where a file of that name lies ready; staged and name are given out with success alone. */
static int ready_path(const char *folder, const char *unit, const struct key_suffix *suffix, char **path,
                      struct trust_error *err)
{
    if (strlen(unit) + SUFFIX_CHARS + READY_CHARS >= TRUST_KEY_NAME_SIZE)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "'%s' is too long for the name of a key file", unit);
    return path_of(folder, unit, suffix, READY, path, err);
}

static void give_names(const char *unit, const struct key_suffix *suffix, char staged[TRUST_KEY_NAME_SIZE],
                       char name[TRUST_KEY_NAME_SIZE])
{
    snprintf(name, TRUST_KEY_NAME_SIZE, "%s%s", unit, suffix->text);
    snprintf(staged, TRUST_KEY_NAME_SIZE, "%s%s" READY, unit, suffix->text);
}

int trust_key_stage(const char *folder, const char *unit, const struct trust_key *key,
                    char staged[TRUST_KEY_NAME_SIZE], char name[TRUST_KEY_NAME_SIZE], struct trust_error *err)
{
    struct key_suffix suffix;
    char *path = NULL;
    staged[0] = name[0] = '\0';
    int code = key_file_suffix(key, &suffix, err);
    if (code == 0)
        code = ready_path(folder, unit, &suffix, &path, err);
    if (code == 0)
        code = write_key(path, key, err);
    if (code == 0)
        give_names(unit, &suffix, staged, name);
    free(path);
    return code;
}

bool key_file_ends_in(const char *name, const char *end)
{
    size_t len = strlen(name), tail = strlen(end);
    return len > tail && strcmp(name + len - tail, end) == 0;
}

/* UNIT-0123456789abcdefEND. */
static bool is_key_name(const char *name, const char *end)
{
    const size_t len = strlen(name), tail = 1 + KEY_ID_CHARS + strlen(end);
    return name[0] != '.' && len > tail && name[len - tail] == '-' &&
           strspn(name + len - tail + 1, "0123456789abcdef") == KEY_ID_CHARS && key_file_ends_in(name, end);
}

/* What is not in its place yet, and what a process left that died while it wrote a key. */
static bool lies_ready(const char *name)
{
    return file_is_staged(name) || is_key_name(name, KEY_END READY) || is_key_name(name, URI_END READY);
}

int trust_key_sweep(const char *folder, const char *const *keep, size_t keep_count, struct trust_error *err)
{
    return file_sweep(folder, lies_ready, keep, keep_count, err);
}

/* ---- Finding */

/* A key in place is better than one that lies ready; 0: no key of that ending. */
static int rank_of(const char *name, const struct key_suffix *suffix)
{
    char ready[sizeof suffix->text + READY_CHARS];
    snprintf(ready, sizeof ready, "%s" READY, suffix->text);
    if (name[0] == '.')
        return 0;
    return key_file_ends_in(name, suffix->text) ? 2 : key_file_ends_in(name, ready) ? 1 : 0;
}

/* A file with the key of any unit's name: a certificate finds its key whatever the store says of units.
 * *out stays NULL if there is none. */
static int find_other(const char *folder, const struct key_suffix *suffix, char **out,
                      struct trust_error *err)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return file_error(err, errno, "read the folder of keys", folder);
    int code = 0, best = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL && code == 0; entry = readdir(dir)) {
        int rank = rank_of(entry->d_name, suffix);
        if (rank <= best)
            continue;
        best = rank;
        free(*out);
        if (asprintf(out, "%s/%s", folder, entry->d_name) < 0) {
            *out = NULL;
            code = crypto_no_memory(err, "a private key");
        }
    }
    closedir(dir);
    return code;
}

/* The path of the file with the key, of that unit's name rather than another's; NULL if there is none. */
static int find(const char *folder, const char *unit, const struct key_suffix *suffix, char **out,
                struct trust_error *err)
{
    static const char *const tails[] = {"", READY};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        struct stat info;
        int code = path_of(folder, unit, suffix, tails[i], out, err);
        if (code != 0 || stat(*out, &info) == 0)
            return code;
        if (errno != ENOENT && errno != ENOTDIR)
            code = file_error(err, errno, "open the private key", *out);
        free(*out);
        *out = NULL;
        if (code != 0)
            return code;
    }
    return find_other(folder, suffix, out, err);
}

/* whose: the certificate that has the key, or what is said in its place. */
static int none_found(const char *folder, const char *unit, const struct key_suffix *suffix,
                      const char *whose, struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                           "no private key for the %s certificate %s in %s: there is neither %s/%s%s nor a "
                           "file of another unit with this ending; restore it from a backup or regenerate "
                           "the certificate",
                           unit, whose, folder, folder, unit, suffix->text);
}

static const char *subject_of(const struct trust_cert *cert)
{
    return trust_name_cucm(trust_cert_subject(cert));
}

static int find_name(const char *folder, const char *unit, struct trust_bytes spki, const char *whose,
                     char name[TRUST_KEY_NAME_SIZE], struct trust_error *err)
{
    struct key_suffix suffix;
    char *path = NULL;
    name[0] = '\0';
    int code = suffix_of_spki(spki, &suffix, err);
    if (code == 0)
        code = find(folder, unit, &suffix, &path, err);
    if (code == 0 && path == NULL) {
        const struct key_suffix of_uri = uri_suffix(&suffix);
        code = find(folder, unit, &of_uri, &path, err);
    }
    if (code != 0)
        goto out;
    if (path == NULL) {
        code = none_found(folder, unit, &suffix, whose, err);
        goto out;
    }
    const char *base = strrchr(path, '/') + 1;
    if (strlen(base) >= TRUST_KEY_NAME_SIZE)
        code = trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "private key %s: its name has more than %d characters: rename it", path,
                               TRUST_KEY_NAME_SIZE - 1);
    else
        memcpy(name, base, strlen(base) + 1);
out:
    free(path);
    return code;
}

int trust_key_find(const char *folder, const char *unit, const struct trust_cert *cert,
                   char name[TRUST_KEY_NAME_SIZE], struct trust_error *err)
{
    return find_name(folder, unit, trust_cert_spki(cert), subject_of(cert), name, err);
}

int trust_key_find_public(const char *folder, const char *unit, struct trust_bytes spki,
                          char name[TRUST_KEY_NAME_SIZE], struct trust_error *err)
{
    return find_name(folder, unit, spki, "to come", name, err);
}

/* ---- Reading */

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
        code = key_file_mismatch(path, key, cert, err);
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

/* There is no file with the key: it may be in a token. */
static int no_file(const char *folder, const char *unit, const struct key_suffix *suffix,
                   const struct trust_cert *cert, struct trust_error *err)
{
    char *path;
    const struct key_suffix of_uri = uri_suffix(suffix);
    int code = find(folder, unit, &of_uri, &path, err);
    if (code == 0 && path == NULL)
        code = none_found(folder, unit, suffix, subject_of(cert), err);
    else if (code == 0)
        code = trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                               "the private key of %.120s is in a security token (%s), and in no file",
                               subject_of(cert), path);
    free(path);
    return code;
}

/* A key that lies ready may get its name between the look for it and its reading; the second look finds it.
 */
int trust_key_load(const char *folder, const char *unit, const struct trust_cert *cert,
                   struct trust_key **out, struct trust_error *err)
{
    struct key_suffix suffix;
    *out = NULL;
    int code = suffix_of_spki(trust_cert_spki(cert), &suffix, err);
    if (code != 0)
        return code;
    for (int look = 0; look < 2; look++) {
        char *path = NULL;
        code = find(folder, unit, &suffix, &path, err);
        if (code == 0)
            code = path != NULL ? read_key(path, cert, out, err) : no_file(folder, unit, &suffix, cert, err);
        free(path);
        if (code != TRUST_ENOTFOUND)
            break;
    }
    return code;
}

int trust_key_remove(const char *folder, const char *unit, const struct trust_cert *cert,
                     struct trust_error *err)
{
    struct key_suffix suffix;
    char *path = NULL;
    int code = suffix_of_spki(trust_cert_spki(cert), &suffix, err);
    if (code == 0)
        code = path_of(folder, unit, &suffix, "", &path, err);
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

/* ---- Keys in tokens */

int trust_key_uri_name(const char *unit, const struct trust_cert *cert, char name[TRUST_KEY_NAME_SIZE],
                       struct trust_error *err)
{
    struct key_suffix of_key;
    name[0] = '\0';
    int code = suffix_of_spki(trust_cert_spki(cert), &of_key, err);
    if (code == 0)
        snprintf(name, TRUST_KEY_NAME_SIZE, "%.*s%s", TRUST_KEY_NAME_SIZE - SUFFIX_CHARS - READY_CHARS - 1,
                 unit, uri_suffix(&of_key).text);
    return code;
}

int trust_key_stage_uri(const char *folder, const char *name, const char *uri,
                        char staged[TRUST_KEY_NAME_SIZE], struct trust_error *err)
{
    char *path = NULL, *line = NULL, *checked = NULL;
    const bool fits = is_key_name(name, URI_END) && strchr(name, '/') == NULL;
    staged[0] = '\0';
    if (!fits || strlen(name) + READY_CHARS >= TRUST_KEY_NAME_SIZE)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "'%.60s' is no name of a key's file",
                               name);
    if (asprintf(&line, "%s\n", uri) < 0)
        return crypto_no_memory(err, "a token's URI");
    int code = trust_key_parse_uri((struct trust_bytes){(const uint8_t *)line, strlen(line)}, &checked, err);
    if (code == 0 && asprintf(&path, "%s/%s" READY, folder, name) < 0) {
        path = NULL;
        code = crypto_no_memory(err, "a token's URI");
    }
    if (code == 0)
        code = write_text(path, line, err);
    if (code == 0)
        snprintf(staged, TRUST_KEY_NAME_SIZE, "%s" READY, name);
    free(checked);
    free(line);
    free(path);
    return code;
}

int trust_key_parse_uri(struct trust_bytes bytes, char **uri, struct trust_error *err)
{
    static const char scheme[] = "pkcs11:";
    *uri = NULL;
    const bool is_line =
        bytes.len > sizeof scheme && memchr(bytes.data, '\n', bytes.len) == bytes.data + bytes.len - 1;
    bool is_text = is_line && memcmp(bytes.data, scheme, sizeof scheme - 1) == 0;
    for (size_t i = 0; is_text && i + 1 < bytes.len; i++)
        is_text = bytes.data[i] > ' ' && bytes.data[i] < 0x7f; /* RFC 7512: all else is percent-encoded */
    if (!is_text)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "not one line with a URI pkcs11:…");
    *uri = strndup((const char *)bytes.data, bytes.len - 1);
    return *uri != NULL ? 0 : crypto_no_memory(err, "a token's URI");
}

static int read_uri(const char *path, char **uri, struct trust_error *err)
{
    uint8_t *data = NULL;
    size_t len = 0;
    struct stat info;
    int code = trust_file_read(path, KEY_FILE_MAX, &data, &len, &info, err);
    if (code == 0)
        code = check_mode(path, &info, err);
    if (code == 0 && (code = trust_key_parse_uri((struct trust_bytes){data, len}, uri, err)) != 0)
        code = trust_error_prefix(err, code, "%s", path);
    free(data);
    return code;
}

int trust_key_load_uri(const char *folder, const char *unit, const struct trust_cert *cert, char **uri,
                       char name[TRUST_KEY_NAME_SIZE], struct trust_error *err)
{
    struct key_suffix of_key;
    char *path = NULL;
    *uri = NULL;
    int code = suffix_of_spki(trust_cert_spki(cert), &of_key, err);
    if (code != 0)
        return code;
    const struct key_suffix suffix = uri_suffix(&of_key);
    code = find(folder, unit, &suffix, &path, err);
    if (code == 0)
        code = path != NULL ? read_uri(path, uri, err)
                            : none_found(folder, unit, &suffix, subject_of(cert), err);
    if (code == 0 && name != NULL)
        snprintf(name, TRUST_KEY_NAME_SIZE, "%.*s", TRUST_KEY_NAME_SIZE - 1, strrchr(path, '/') + 1);
    free(path);
    return code;
}
