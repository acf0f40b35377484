#include "helper_site.h"

#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = "ABCRTL";
static struct trust_cert *certs[sizeof letters];
static struct trust_key *keys[sizeof letters];

static size_t index_of(char letter)
{
    const char *at = strchr(letters, letter);
    ck_assert_msg(at != NULL && letter != '\0', "no certificate %c", letter);
    return (size_t)(at - letters);
}

/* Making one of that size takes too long. */
static struct trust_key *read_large_key(void)
{
    struct trust_key *key;
    struct trust_bytes pem = fixture_read("keys/rsa-4096.pem");
    ck_assert_int_eq(trust_key_parse(pem, NULL, &key, NULL), 0);
    fixture_free(pem);
    return key;
}

void site_keys_make(void)
{
    for (size_t i = 0; letters[i] != '\0'; i++) {
        char name[] = {letters[i] == 'C' ? 'A' : letters[i], '\0'};
        struct trust_cert_request request = {
            .common_name = name, .days = 10, .digest = TRUST_DIGEST_SHA256, .now = 1700000000};
        if (letters[i] == 'L')
            keys[i] = read_large_key();
        else
            ck_assert_int_eq(trust_key_generate("rsa:1024", &keys[i], NULL), 0);
        ck_assert_int_eq(trust_cert_generate(&request, keys[i], &certs[i], NULL), 0);
    }
}

void site_keys_free(void)
{
    for (size_t i = 0; letters[i] != '\0'; i++) {
        trust_cert_free(certs[i]);
        trust_key_free(keys[i]);
        certs[i] = NULL;
        keys[i] = NULL;
    }
}

void site_key_replace(char letter, struct trust_cert *take_cert, struct trust_key *take_key)
{
    size_t i = index_of(letter);
    trust_cert_free(certs[i]);
    trust_key_free(keys[i]);
    certs[i] = take_cert;
    keys[i] = take_key;
}

const struct trust_cert *site_cert(char letter)
{
    return certs[index_of(letter)];
}

void site_init(struct site *site)
{
    site->folder = fixture_folder();
    snprintf(site->tftp, sizeof site->tftp, "%s/tftp", site->folder);
    snprintf(site->state, sizeof site->state, "%s/state", site->folder);
    ck_assert_int_eq(trust_folder_make(site->tftp, 0755, NULL), 0);
}

void site_fini(struct site *site)
{
    fixture_folder_remove(site->folder);
}

static struct trust_record_spec record_of(const char *word)
{
    static const uint8_t address[4] = {10, 48, 47, 155};
    struct trust_record_spec spec = {.form = TRUST_RECORD_BLANK};
    char *rest;
    if (word[0] == '-')
        return spec;
    spec.function = (uint16_t)strtoul(word, &rest, 10);
    if (rest[0] == '@')
        return (struct trust_record_spec){
            .form = TRUST_RECORD_HOLLOW, .function = spec.function, .address = address};
    spec.form = rest[0] == 'h' ? TRUST_RECORD_HASH : TRUST_RECORD_WHOLE;
    spec.hash = TRUST_DIGEST_SHA1;
    rest += rest[0] == 'h';
    spec.cert = site_cert(rest[0]);
    if (rest[1] == '=')
        spec.serial = trust_cert_serial(site_cert(rest[2]));
    return spec;
}

static struct trust_signer *signer_of(const char *word, enum trust_digest *digest)
{
    struct trust_signer *signer;
    size_t i = index_of(word[0]);
    *digest = strncmp(word + 1, "512", 3) == 0   ? TRUST_DIGEST_SHA512
              : strncmp(word + 1, "256", 3) == 0 ? TRUST_DIGEST_SHA256
                                                 : TRUST_DIGEST_SHA1;
    ck_assert_int_eq(trust_signer_from_key(certs[i], keys[i], &signer, NULL), 0);
    return signer;
}

struct trust_list *site_list(const char *spec, const char *filename)
{
    struct trust_record_spec records[16];
    struct trust_header_spec header = {.filename = filename, .timestamp = 1700000000, .minor = 2};
    struct trust_list *list;
    struct trust_error err = {0};
    size_t count = 0;
    char copy[200], *save;
    snprintf(copy, sizeof copy, "%s", spec);
    struct trust_signer *signer = signer_of(strtok_r(copy, " ", &save), &header.digest);
    for (char *word; (word = strtok_r(NULL, " ", &save)) != NULL; count++)
        records[count] = record_of(word);
    ck_assert_msg(trust_list_build(&header, records, count, signer, &list, &err) == 0, "%s", err.text);
    trust_signer_free(signer);
    return list;
}

static void put(const char *folder, const char *filename, struct trust_bytes bytes)
{
    char path[800];
    snprintf(path, sizeof path, "%s/%s", folder, filename);
    ck_assert_int_eq(trust_file_replace(path, bytes, 0644, (uid_t)-1, (gid_t)-1, NULL), 0);
}

static void put_list(const char *folder, const char *filename, const char *spec)
{
    struct trust_list *list = site_list(spec, filename);
    put(folder, filename, list->file);
    trust_list_free(list);
}

void site_put(const struct site *site, const char *filename, struct trust_bytes bytes)
{
    put(site->tftp, filename, bytes);
}

void site_publish(const struct site *site, const char *filename, const char *spec)
{
    if (spec != NULL)
        put_list(site->tftp, filename, spec);
}

void site_hold(const struct site *site, const char *filename, const char *spec)
{
    char folder[700];
    if (spec == NULL)
        return;
    snprintf(folder, sizeof folder, "%s/" SITE_NAME, site->state);
    ck_assert_int_eq(trust_folder_make(folder, 0755, NULL), 0);
    put_list(folder, filename, spec);
}

void site_configure(const struct site *site, const char *spec, const char *text)
{
    static const char name[] = SITE_NAME ".cnf.xml.sgn";
    struct trust_header_spec header = {.filename = name, .timestamp = 1700000000};
    const struct trust_bytes payload = {(const uint8_t *)text, strlen(text)};
    struct trust_list *file;
    if (spec == NULL)
        return;
    if (strcmp(spec, "plain") == 0) {
        put(site->tftp, SITE_NAME ".cnf.xml", payload);
        return;
    }
    struct trust_signer *signer = signer_of(spec, &header.digest);
    ck_assert_int_eq(trust_signed_file_build(&header, payload, signer, &file, NULL), 0);
    uint8_t *bytes = malloc(file->file.len);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, file->file.data, file->file.len);
    if (strchr(spec, '!') != NULL)
        bytes[file->file.len - 1] ^= 1;
    put(site->tftp, name, (struct trust_bytes){bytes, file->file.len});
    free(bytes);
    trust_list_free(file);
    trust_signer_free(signer);
}

int site_phone(const struct site *site, const char *words)
{
    const char *argv[30] = {"phone", "--tftp", site->tftp, "--state", site->state, "--mac", SITE_MAC};
    char copy[600], *save;
    size_t count = 7;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        argv[count++] = word;
    argv[count] = NULL;
    return helper_tvsc(NULL, argv);
}
