/* PINs and URIs, as far as they need no PKCS#11. */
#include "trust/file.h"
#include "trust/token.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define PIN_FILE_MAX 4096

static int check(const char *path, const struct stat *info, size_t len, struct trust_error *err)
{
    if ((info->st_mode & 077) != 0)
        return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET,
                               "%s: others may read or change the PIN in it (mode %04o): run: chmod 600 %s",
                               path, (unsigned)info->st_mode & 07777, path);
    if (len == 0)
        return trust_error_set(err, TRUST_EEMPTY, TRUST_NO_OFFSET, "%s: its first line, the PIN, is empty",
                               path);
    if (len >= TRUST_PIN_SIZE)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "%s: its first line has %zu bytes, and no PIN has more than %d", path, len,
                               TRUST_PIN_SIZE - 1);
    return 0;
}

int trust_pin_read(const char *path, char pin[TRUST_PIN_SIZE], struct trust_error *err)
{
    uint8_t *data;
    size_t len;
    struct stat info;
    OPENSSL_cleanse(pin, TRUST_PIN_SIZE);
    int code = trust_file_read(path, PIN_FILE_MAX, &data, &len, &info, err);
    if (code != 0)
        return code;
    size_t line = strcspn((char *)data, "\r\n");
    code = check(path, &info, line, err);
    if (code == 0)
        memcpy(pin, data, line);
    pin[code == 0 ? line : 0] = '\0';
    OPENSSL_cleanse(data, len);
    free(data);
    return code;
}

void trust_token_uri_fini(struct trust_token_uri *uri)
{
    free(uri->module);
    free(uri->pin_source);
    *uri = (struct trust_token_uri){0};
}
