#include "tests/check_main.h"
#include "tests/fixture.h"
#include "trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A key in a token: a file that names it stands in the folder of the key's own. */
START_TEST(key_in_a_token)
{
    static const char *const no_line[] = {"",          "\n",           "pkcs11:x",         "pkcs11:x\nmore\n",
                                          "file:/x\n", "pkcs11:a b\n", "pkcs11:\x1b[2J\n", "pkcs11:\n"};
    char name[TRUST_KEY_NAME_SIZE], staged[TRUST_KEY_NAME_SIZE], found[TRUST_KEY_NAME_SIZE], path[512], *uri;
    struct trust_error err = {0};
    struct trust_key *key, *loaded;
    struct trust_cert *cert;
    const struct trust_cert_request request = {
        .common_name = "x", .days = 10, .digest = TRUST_DIGEST_SHA256, .now = 1700000000};
    char *folder = fixture_folder();
    ck_assert_int_eq(trust_key_generate("rsa:1024", &key, &err), 0);
    ck_assert_int_eq(trust_cert_generate(&request, key, &cert, &err), 0);
    ck_assert_int_eq(trust_key_load_uri(folder, "TVS", cert, &uri, NULL, &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(trust_key_uri_name("CallManager", cert, name, &err), 0);
    ck_assert_int_eq(trust_key_stage_uri(folder, name, "pkcs11:token=x", staged, &err), 0);

    /* It lies ready, then it is in its folder. */
    for (int placed = 0; placed < 2; placed++) {
        ck_assert_int_eq(trust_key_load_uri(folder, "CallManager", cert, &uri, found, &err), 0);
        ck_assert_str_eq(uri, "pkcs11:token=x");
        ck_assert_str_eq(found, placed ? name : staged);
        free(uri);
        ck_assert_int_eq(trust_key_load(folder, "CallManager", cert, &loaded, &err), TRUST_EUNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(err.text, "is in a security token"));
        ck_assert_int_eq(trust_key_find(folder, "key", cert, found, &err), 0);
        if (!placed)
            ck_assert_int_eq(trust_file_place(folder, staged, name, &err), 0);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(trust_key_load_uri(folder, "CallManager", cert, &uri, NULL, &err), TRUST_EDENIED);
    for (size_t i = 0; i < sizeof no_line / sizeof no_line[0]; i++) {
        const struct trust_bytes bytes = {(const uint8_t *)no_line[i], strlen(no_line[i])};
        ck_assert_int_eq(trust_file_replace(path, bytes, 0600, (uid_t)-1, (gid_t)-1, &err), 0);
        ck_assert_msg(trust_key_load_uri(folder, "CallManager", cert, &uri, NULL, &err) == TRUST_EVALUE,
                      "%zu", i);
        ck_assert_ptr_null(uri);
    }
    ck_assert_int_eq(trust_key_stage_uri(folder, name, "no uri", staged, &err), TRUST_EVALUE);
    ck_assert_int_eq(trust_key_stage_uri(folder, "../x", "pkcs11:x", staged, &err), TRUST_EARGUMENT);

    /* The key's own file goes before it, and what lies ready is swept. */
    ck_assert_int_eq(trust_key_stage_uri(folder, name, "pkcs11:x", staged, &err), 0);
    ck_assert_int_eq(trust_key_save(folder, "CallManager", key, &err), 0);
    ck_assert_int_eq(trust_key_load(folder, "CallManager", cert, &loaded, &err), 0);
    trust_key_free(loaded);
    ck_assert_int_eq(trust_key_sweep(folder, NULL, 0, &err), 0);
    snprintf(path, sizeof path, "%s/%s", folder, staged);
    ck_assert_int_ne(access(path, F_OK), 0);
    trust_cert_free(cert);
    trust_key_free(key);
    fixture_folder_remove(folder);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("key uri");
    TCase *tests = tcase_create("key uri");
    tcase_add_test(tests, key_in_a_token);
    suite_add_tcase(suite, tests);
    return suite;
}
