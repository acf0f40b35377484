#include "tests/fake_tokens.h"

#include "tests/fixture.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PATH_SIZE 512

void fake_tokens_open(struct fake_tokens *tokens)
{
    tokens->folder = fixture_folder();
    ck_assert_int_eq(setenv("FAKE_TOKENS", tokens->folder, 1), 0);
}

void fake_tokens_close(struct fake_tokens *tokens)
{
    unsetenv("FAKE_TOKENS");
    fixture_folder_remove(tokens->folder);
}

static void write_bytes(const struct fake_tokens *tokens, const char *serial, const char *name,
                        struct trust_bytes bytes)
{
    char path[PATH_SIZE];
    struct trust_error err = {0};
    snprintf(path, sizeof path, "%s/%s/%s", tokens->folder, serial, name);
    ck_assert_msg(trust_file_replace(path, bytes, 0600, (uid_t)-1, (gid_t)-1, &err) == 0, "%s", err.text);
}

void fake_tokens_write(const struct fake_tokens *tokens, const char *serial, const char *name,
                       const char *text)
{
    write_bytes(tokens, serial, name, (struct trust_bytes){(const uint8_t *)text, strlen(text)});
}

void fake_tokens_add(const struct fake_tokens *tokens, const char *serial, const char *label,
                     const struct trust_cert *cert, const struct trust_key *key)
{
    char path[PATH_SIZE], *pem;
    snprintf(path, sizeof path, "%s/%s", tokens->folder, serial);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    fake_tokens_write(tokens, serial, "label", label);
    fake_tokens_write(tokens, serial, "pin", FAKE_PIN);
    write_bytes(tokens, serial, "cert.der", trust_cert_der(cert));
    if (key == NULL)
        return;
    ck_assert_int_eq(trust_key_to_pem(key, &pem, NULL), 0);
    fake_tokens_write(tokens, serial, "key.pem", pem);
    free(pem);
}

void fake_tokens_make(const struct fake_tokens *tokens, const char *serial, const char *name)
{
    struct trust_key *key;
    struct trust_cert *cert;
    const struct trust_cert_request request = {
        .common_name = name, .days = 1000, .digest = TRUST_DIGEST_SHA256, .now = time(NULL)};
    ck_assert_int_eq(trust_key_generate("rsa:1024", &key, NULL), 0);
    ck_assert_int_eq(trust_cert_generate(&request, key, &cert, NULL), 0);
    fake_tokens_add(tokens, serial, name, cert, key);
    trust_cert_free(cert);
    trust_key_free(key);
}

static int give_to_all(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)info, (void)walk;
    return chmod(path, flag == FTW_D ? 0777 : 0666);
}

void fake_tokens_for_all(const char *folder, const char *name)
{
    static const char *const written[] = {"tries", "logins", "rights"};
    char path[PATH_SIZE], *module = fake_tokens_module();
    const struct fake_tokens tokens = {strdup(folder)};
    struct trust_bytes bytes = fixture_read(module);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(setenv("FAKE_TOKENS", folder, 1), 0);
    write_bytes(&tokens, "", "module.so", bytes);
    fake_tokens_make(&tokens, "01", name);
    fake_tokens_write(&tokens, "01", "mode", "pad");
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++)
        fake_tokens_write(&tokens, "01", written[i], i == 0 ? "3" : "");
    snprintf(path, sizeof path, "%s/01", folder);
    ck_assert_int_eq(nftw(path, give_to_all, 16, FTW_PHYS), 0);
    snprintf(path, sizeof path, "%s/module.so", folder);
    ck_assert_int_eq(chmod(path, 0755), 0);
    fixture_free(bytes);
    free(tokens.folder);
    free(module);
}

const char *fake_tokens_read(const struct fake_tokens *tokens, const char *serial, const char *name)
{
    static char text[256];
    char path[PATH_SIZE];
    uint8_t *data = NULL;
    size_t len = 0;
    snprintf(path, sizeof path, "%s/%s/%s", tokens->folder, serial, name);
    text[0] = '\0';
    if (trust_file_read(path, sizeof text - 1, &data, &len, NULL, NULL) == 0)
        snprintf(text, sizeof text, "%s", (char *)data);
    free(data);
    return text;
}

void fake_tokens_remove(const struct fake_tokens *tokens, const char *serial)
{
    char *path = malloc(PATH_SIZE);
    ck_assert_ptr_nonnull(path);
    snprintf(path, PATH_SIZE, "%s/%s", tokens->folder, serial);
    fixture_folder_remove(path);
}

char *fake_tokens_module(void)
{
    char *path, *real;
    const char *build = getenv("BUILD");
    ck_assert_int_gt(asprintf(&path, "%s/tests/fake_module.so", build != NULL ? build : "build"), 0);
    real = realpath(path, NULL);
    ck_assert_msg(real != NULL, "%s is not there", path);
    free(path);
    return real;
}

const char *fake_tokens_uri(const char *what, const char *more)
{
    static char texts[4][2 * PATH_SIZE];
    static size_t at;
    char *module = fake_tokens_module();
    at = (at + 1) % 4;
    snprintf(texts[at], sizeof texts[at], "pkcs11:%s?module-path=%s%s%s", what, module,
             more != NULL ? "&" : "", more != NULL ? more : "");
    free(module);
    return texts[at];
}
