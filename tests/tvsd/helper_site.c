#include "helper_site.h"

#include "tests/fixture.h"
#include "tvsd/sources.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NODE "tvs-test"

struct config *site_config(const struct site *site, const char *more)
{
    struct config *config;
    struct trust_error err = {0};
    char *text;
    int len =
        asprintf(&text, "state: %s\nnode: { name: " NODE ", address: 127.0.0.1 }\n%s", site->state, more);
    ck_assert_int_gt(len, 0);
    ck_assert_msg(config_parse(text, (size_t)len, "test", &config, &err) == 0, "%s", err.text);
    free(text);
    return config;
}

void site_init(struct site *site)
{
    struct trust_error err = {0};
    memset(site, 0, sizeof *site);
    site->root = fixture_folder();
    snprintf(site->state, sizeof site->state, "%s/state", site->root);
    snprintf(site->tftp, sizeof site->tftp, "%s/tftp", site->root);
    snprintf(site->published, sizeof site->published, "%s/published", site->state);
    snprintf(site->store_path, sizeof site->store_path, "%s/%s", site->state, TRUST_STORE_FILE);
    snprintf(site->ctl_path, sizeof site->ctl_path, "%s/%s", site->tftp, CTL_FILE_NAME);
    ck_assert_int_eq(trust_folder_make(site->published, 0755, NULL), 0);
    ck_assert_int_eq(trust_folder_make(site->tftp, 0755, NULL), 0);
    ck_assert_msg(trust_store_open(site->store_path, TRUST_STORE_WRITE, &site->store, &err) == 0, "%s",
                  err.text);
    char more[300];
    snprintf(more, sizeof more, "trust_lists: { directory: %s }\n", site->tftp);
    site->config = site_config(site, more);
}

void site_fini(struct site *site)
{
    trust_store_close(site->store);
    config_free(site->config);
    fixture_folder_remove(site->root);
}

void person_init(struct person *person, const char *name)
{
    struct trust_error err = {0};
    const struct trust_cert_request request = {.common_name = name,
                                               .subject = "O=Example;C=PL",
                                               .days = 100,
                                               .digest = TRUST_DIGEST_SHA256,
                                               .now = time(NULL)};
    memset(person, 0, sizeof *person);
    ck_assert_msg(trust_key_generate("rsa:1024", &person->key, &err) == 0, "%s", err.text);
    ck_assert_msg(trust_cert_generate(&request, person->key, &person->cert, &err) == 0, "%s", err.text);
    ck_assert_msg(trust_signer_from_key(person->cert, person->key, &person->signer, &err) == 0, "%s",
                  err.text);
}

void person_fini(struct person *person)
{
    trust_signer_free(person->signer);
    trust_cert_free(person->cert);
    trust_key_free(person->key);
}

void site_set_own(struct site *site, enum trust_unit unit, const struct person *person)
{
    const struct trust_node node = {.server_name = NODE, .ipv4 = "127.0.0.1"};
    struct trust_error err = {0};
    char keys[220];
    snprintf(keys, sizeof keys, "%s/keys", site->state);
    ck_assert_int_eq(trust_folder_make(keys, 0700, NULL), 0);
    ck_assert_msg(trust_key_save(keys, trust_unit_by_number((int)unit)->name, person->key, &err) == 0, "%s",
                  err.text);
    ck_assert_msg(trust_store_set_own(site->store, &node, unit, person->cert, &err) == 0, "%s", err.text);
}

void site_add_trust(struct site *site, enum trust_unit unit, const struct person *person)
{
    struct trust_store_added added;
    struct trust_error err = {0};
    ck_assert_msg(trust_store_add_trust(site->store, unit, person->cert, &added, &err) == 0, "%s", err.text);
}

void site_remove_store(struct site *site)
{
    const char *const tails[] = {"", "-wal", "-shm"};
    trust_store_close(site->store);
    site->store = NULL;
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s%s", site->store_path, tails[i]);
        unlink(path);
    }
}

struct trust_list *site_list(const char *filename, const struct person *signer, const struct person *holds,
                             const struct person *also)
{
    const struct trust_header_spec header = {
        .filename = filename, .timestamp = time(NULL), .digest = TRUST_DIGEST_SHA1, .minor = 2};
    struct trust_record_spec records[2] = {0};
    size_t count = 0;
    struct trust_list *list;
    struct trust_error err = {0};
    if (holds != NULL)
        records[count++] = (struct trust_record_spec){.form = TRUST_RECORD_WHOLE, .cert = holds->cert};
    if (also != NULL)
        records[count++] = (struct trust_record_spec){.form = TRUST_RECORD_WHOLE, .cert = also->cert};
    ck_assert_msg(trust_list_build(&header, records, count, signer->signer, &list, &err) == 0, "%s",
                  err.text);
    return list;
}

void put_file(const char *path, struct trust_bytes bytes)
{
    struct trust_error err = {0};
    ck_assert_msg(trust_file_replace(path, bytes, 0644, (uid_t)-1, (gid_t)-1, &err) == 0, "%s", err.text);
}

void put_list(const char *path, const char *filename, const struct person *signer, const struct person *holds,
              const struct person *also)
{
    struct trust_list *list = site_list(filename, signer, holds, also);
    put_file(path, list->file);
    trust_list_free(list);
}
