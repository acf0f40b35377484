/* Keys that lie in files of other keys' names: what a key file that does not fit its certificate is told by.
 */
#include "key_file_parts.h"

#include "file_parts.h"
#include "internal.h"

#include <dirent.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool holds_key_of(const char *folder, const char *name, const struct trust_cert *cert)
{
    char *path = NULL;
    uint8_t *data = NULL;
    size_t len = 0;
    struct stat info;
    struct trust_key *key = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return false;
    bool holds = trust_file_read(path, KEY_FILE_MAX, &data, &len, &info, NULL) == 0 &&
                 trust_key_parse((struct trust_bytes){data, len}, NULL, &key, NULL) == 0 &&
                 trust_key_matches(key, cert);
    trust_key_free(key);
    if (data != NULL)
        OPENSSL_cleanse(data, len);
    free(data);
    free(path);
    ERR_clear_error();
    return holds;
}

/* Which file has the key of cert, and which has the name for a key of that suffix; "" if none has. */
struct places {
    char of_cert[TRUST_KEY_NAME_SIZE], of_suffix[TRUST_KEY_NAME_SIZE];
};

static void look(const char *folder, const struct trust_cert *cert, const struct key_suffix *suffix,
                 struct places *places)
{
    *places = (struct places){.of_cert = ""};
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const char *name = entry->d_name;
        if (name[0] == '.' || !key_file_ends_in(name, KEY_END) || strlen(name) >= TRUST_KEY_NAME_SIZE)
            continue;
        if (suffix != NULL && key_file_ends_in(name, suffix->text))
            memcpy(places->of_suffix, name, strlen(name) + 1);
        if (holds_key_of(folder, name, cert))
            memcpy(places->of_cert, name, strlen(name) + 1);
    }
    closedir(dir);
}

bool trust_key_misplaced(const char *folder, const struct trust_cert *cert, char name[TRUST_KEY_NAME_SIZE])
{
    struct places places;
    look(folder, cert, NULL, &places);
    memcpy(name, places.of_cert, sizeof places.of_cert);
    return name[0] != '\0';
}

int key_file_mismatch(const char *path, const struct trust_key *key, const struct trust_cert *cert,
                      struct trust_error *err)
{
    struct key_suffix suffix;
    struct places places;
    char *folder = file_folder_of(path);
    int code = folder == NULL ? crypto_no_memory(err, "a private key") : key_file_suffix(key, &suffix, err);
    if (code != 0)
        goto out;
    look(folder, cert, &suffix, &places);
    trust_error_set(err, TRUST_EMISMATCH, TRUST_NO_OFFSET,
                    "private key %s: does not belong to the certificate %.100s", path,
                    trust_name_cucm(trust_cert_subject(cert)));
    if (err == NULL)
        goto mismatch;
    /* Aside, since it may be the only file that has another certificate's key. */
    size_t used = strlen(err->text), room = sizeof err->text - used;
    char *end = err->text + used;
    if (places.of_cert[0] != '\0' && strcmp(places.of_cert, places.of_suffix) == 0)
        snprintf(end, room, "; it was swapped with %s: exchange the two files", places.of_cert);
    else if (places.of_cert[0] != '\0')
        snprintf(end, room, ", whose key is in %s: move this file aside, and copy that one to its place",
                 places.of_cert);
    else if (places.of_suffix[0] != '\0')
        snprintf(end, room,
                 "; it is the key that belongs in %s: move it aside, and restore this one from a backup",
                 places.of_suffix);
    else
        snprintf(end, room, ": move it aside, and restore it from a backup");
mismatch:
    code = TRUST_EMISMATCH;
out:
    free(folder);
    return code;
}
