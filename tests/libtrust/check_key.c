#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"

#include "internal.h"
#include "trust/file.h"
#include "trust/key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *spec;
    enum trust_key_type type;
    int bits;
} specs[] = {
    {"rsa:1024", TRUST_KEY_RSA, 1024}, {"rsa:2048", TRUST_KEY_RSA, 2048}, {"ec:P-256", TRUST_KEY_EC, 256},
    {"ec:P-384", TRUST_KEY_EC, 384},   {"ec:P-521", TRUST_KEY_EC, 521},
};

START_TEST(generates_and_encodes)
{
    struct trust_key *key = helper_key(specs[_i].spec), *again;
    uint8_t *der;
    size_t len;
    char *pem;
    helper_openssl_is_quiet();
    ck_assert(trust_key_spec_is_valid(specs[_i].spec));
    ck_assert_int_eq(trust_key_type(key), specs[_i].type);
    ck_assert_int_eq(trust_key_bits(key), specs[_i].bits);
    ck_assert_int_eq(trust_key_to_der(key, &der, &len, NULL), 0);
    ck_assert_int_eq(trust_key_parse((struct trust_bytes){der, len}, NULL, &again, NULL), 0);
    ck_assert_int_eq(EVP_PKEY_eq(key_pkey(key), key_pkey(again)), 1);
    trust_key_free(again);
    free(der);
    ck_assert_int_eq(trust_key_to_pem(key, &pem, NULL), 0);
    ck_assert_int_eq(strncmp(pem, "-----BEGIN PRIVATE KEY-----\n", 28), 0);
    ck_assert_int_eq(trust_key_parse((struct trust_bytes){(uint8_t *)pem, strlen(pem)}, NULL, &again, NULL),
                     0);
    ck_assert_int_eq(EVP_PKEY_eq(key_pkey(key), key_pkey(again)), 1);
    free(pem);
    ck_assert_ptr_eq(trust_key_ref(again), again);
    trust_key_free(again);
    trust_key_free(again);
    trust_key_free(key);
    trust_key_free(NULL);
}
END_TEST

START_TEST(unknown_specs)
{
    static const char *const bad[] = {"", "rsa", "rsa:2047", "RSA:2048", "ec:P-257", "ed25519", "rsa:2048 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct trust_key *key;
        struct trust_error err;
        ck_assert(!trust_key_spec_is_valid(bad[i]));
        ck_assert_int_eq(trust_key_generate(bad[i], &key, &err), TRUST_EVALUE);
        ck_assert_ptr_null(key);
        ck_assert_ptr_nonnull(strstr(err.text, "rsa:2048"));
    }
    ck_assert(trust_key_spec_is_valid("rsa:4096"));
}
END_TEST

static const struct {
    const char *file, *password;
    int code, bits;
    enum trust_key_type type;
} parses[] = {
    {"bundles/key.pem", NULL, 0, 256, TRUST_KEY_EC},
    {"bundles/key.pem", "unused", 0, 256, TRUST_KEY_EC},
    {"bundles/key.der", NULL, 0, 256, TRUST_KEY_EC},
    {"bundles/key-sec1.der", NULL, 0, 256, TRUST_KEY_EC},
    {"bundles/key-between.pem", NULL, 0, 256, TRUST_KEY_EC}, /* certificates and parameters around it */
    {"bundles/key-rsa1024.pem", NULL, 0, 1024, TRUST_KEY_RSA},
    {"bundles/key-ed25519.pem", NULL, 0, 0, TRUST_KEY_OTHER}, /* the number is a matter of taste */
    {"bundles/key-encrypted.pem", "secret", 0, 256, TRUST_KEY_EC},
    {"bundles/key-encrypted.der", "secret", 0, 256, TRUST_KEY_EC},
    {"bundles/key-traditional.pem", "secret", 0, 256, TRUST_KEY_EC},
    {"bundles/key-encrypted.pem", NULL, TRUST_EPASSWORD, 0, 0},
    {"bundles/key-encrypted.pem", "wrong", TRUST_EPASSWORD, 0, 0},
    {"bundles/key-encrypted.der", NULL, TRUST_EPASSWORD, 0, 0},
    {"bundles/key-encrypted.der", "wrong", TRUST_EPASSWORD, 0, 0},
    {"bundles/key-traditional.pem", NULL, TRUST_EPASSWORD, 0, 0},
    {"bundles/public.pem", NULL, TRUST_EKEY, 0, 0},
    {"bundles/leaf.pem", NULL, TRUST_EKEY, 0, 0},
    {"bundles/leaf.der", NULL, TRUST_EKEY, 0, 0},
    {"names/text.txt", NULL, TRUST_EKEY, 0, 0},
};

START_TEST(parses_files)
{
    struct trust_bytes bytes = fixture_read(parses[_i].file);
    struct trust_error err = {0};
    struct trust_key *key = (struct trust_key *)&err;
    int code = trust_key_parse(bytes, parses[_i].password, &key, &err);
    fixture_free(bytes);
    ck_assert_msg(code == parses[_i].code, "%s: %s", trust_error_name(code), err.text);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    ck_assert_int_eq(key != NULL, code == 0);
    if (key != NULL) {
        ck_assert_int_eq(trust_key_type(key), parses[_i].type);
        if (parses[_i].bits != 0)
            ck_assert_int_eq(trust_key_bits(key), parses[_i].bits);
    }
    trust_key_free(key);
}
END_TEST

START_TEST(parse_refuses)
{
    struct trust_error err;
    struct trust_key *key;
    ck_assert_int_eq(trust_key_parse((struct trust_bytes){NULL, 0}, NULL, &key, &err), TRUST_EKEY);
    /* The private number of one key beside the public one of another. */
    struct trust_bytes der = fixture_read("bundles/key.der");
    uint8_t *copy = malloc(der.len);
    memcpy(copy, der.data, der.len);
    uint8_t *number = memmem(copy, der.len, "\x04\x20", 2);
    ck_assert_ptr_nonnull(number);
    number[10] ^= 1;
    ck_assert_int_eq(trust_key_parse((struct trust_bytes){copy, der.len}, NULL, &key, &err), TRUST_EKEY);
    ck_assert_ptr_nonnull(strstr(err.text, "do not belong together"));
    ck_assert_uint_eq(ERR_peek_error(), 0);
    for (size_t len = 1; len < der.len; len++)
        ck_assert_int_eq(trust_key_parse((struct trust_bytes){der.data, len}, NULL, &key, &err), TRUST_EKEY);
    free(copy);
    fixture_free(der);
    /* The longest password does no harm. */
    der = fixture_read("bundles/key-encrypted.pem");
    char password[5000];
    memset(password, 'x', sizeof password);
    password[sizeof password - 1] = '\0';
    ck_assert_int_eq(trust_key_parse(der, password, &key, &err), TRUST_EPASSWORD);
    fixture_free(der);
}
END_TEST

/* The same of an RSA key: a bit of its modulus, which is the first number of 129 bytes. */
START_TEST(parse_refuses_a_mixed_rsa_key)
{
    struct trust_error err;
    struct trust_key *key;
    uint8_t *der;
    size_t len;
    ck_assert_int_eq(trust_key_generate("rsa:1024", &key, &err), 0);
    ck_assert_int_eq(trust_key_to_der(key, &der, &len, &err), 0);
    trust_key_free(key);
    uint8_t *modulus = memmem(der, len, "\x02\x81\x81\x00", 4);
    ck_assert_ptr_nonnull(modulus);
    modulus[40] ^= 1;
    ck_assert_int_eq(trust_key_parse((struct trust_bytes){der, len}, NULL, &key, &err), TRUST_EKEY);
    ck_assert_ptr_nonnull(strstr(err.text, "do not belong together"));
    ck_assert_uint_eq(ERR_peek_error(), 0);
    free(der);
}
END_TEST

START_TEST(matches)
{
    struct trust_key *key = helper_key("ec:P-256"), *other = helper_key("ec:P-256"),
                     *rsa = helper_key("rsa:1024");
    struct trust_cert *cert = helper_cert_generate(&helper_cert_plain, key);
    ck_assert(trust_key_matches(key, cert));
    ck_assert(!trust_key_matches(other, cert));
    ck_assert(!trust_key_matches(rsa, cert));
    ck_assert_uint_eq(ERR_peek_error(), 0);
    trust_cert_free(cert);
    trust_key_free(key);
    trust_key_free(other);
    trust_key_free(rsa);
}
END_TEST

/* ---- The folder */

static char *folder;

static void setup(void)
{
    folder = fixture_folder();
}

static void teardown(void)
{
    fixture_folder_remove(folder);
}

/* Path of the key of cert under a unit's name, by the rule of trust/key.h. The caller frees it. */
static char *path_of(const char *unit, const struct trust_cert *cert)
{
    struct trust_bytes spki = trust_cert_spki(cert);
    uint8_t digest[TRUST_SHA256_SIZE];
    char hex[2 * TRUST_SHA256_SIZE + 1], *path;
    ck_assert_int_eq(trust_digest_pieces(TRUST_DIGEST_SHA256, &spki, 1, digest, NULL), 0);
    trust_hex((struct trust_bytes){digest, sizeof digest}, '\0', false, hex);
    ck_assert_int_gt(asprintf(&path, "%s/%s-%.16s.pem", folder, unit, hex), 0);
    return path;
}

START_TEST(saves_loads_removes)
{
    struct trust_error err = {0};
    struct trust_key *key = helper_key("ec:P-256"), *loaded;
    struct trust_cert *cert = helper_cert_generate(&helper_cert_plain, key);
    struct stat info;
    char *path = path_of("TVS", cert);
    mode_t mask = umask(0);
    ck_assert_msg(trust_key_save(folder, "TVS", key, &err) == 0, "%s", err.text);
    umask(mask);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
    ck_assert_int_eq(trust_key_load(folder, "TVS", cert, &loaded, &err), 0);
    ck_assert(trust_key_matches(loaded, cert));
    trust_key_free(loaded);
    /* Under another unit's name. */
    ck_assert_int_eq(trust_key_load(folder, "CallManager", cert, &loaded, &err), 0);
    trust_key_free(loaded);

    ck_assert_int_eq(trust_key_remove(folder, "CallManager", cert, &err), 0);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(trust_key_remove(folder, "TVS", cert, &err), 0);
    ck_assert_int_ne(stat(path, &info), 0);
    ck_assert_int_eq(trust_key_remove(folder, "TVS", cert, &err), 0);
    ck_assert_int_eq(trust_key_load(folder, "TVS", cert, &loaded, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    ck_assert_ptr_null(loaded);
    free(path);
    trust_cert_free(cert);
    trust_key_free(key);
}
END_TEST

START_TEST(load_refuses)
{
    struct trust_error err;
    struct trust_key *key = helper_key("ec:P-256"), *other = helper_key("ec:P-256"), *loaded;
    struct trust_cert *cert = helper_cert_generate(&helper_cert_plain, key),
                      *other_cert = helper_cert_generate(&helper_cert_plain, other);
    char *path = path_of("TVS", cert), *other_path = path_of("TVS", other_cert), advice[1200];
    ck_assert_int_eq(trust_key_save(folder, "TVS", key, &err), 0);

    static const mode_t modes[] = {0640, 0604, 0620, 0601};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        ck_assert_int_eq(chmod(path, modes[i]), 0);
        ck_assert_int_eq(trust_key_load(folder, "TVS", cert, &loaded, &err), TRUST_EDENIED);
        ck_assert_ptr_null(loaded);
    }
    snprintf(advice, sizeof advice, "chmod 600 %s", path);
    ck_assert_ptr_nonnull(strstr(err.text, advice));
    ck_assert_int_eq(chmod(path, 0600), 0);

    ck_assert_int_eq(rename(path, other_path), 0);
    ck_assert_int_eq(trust_key_load(folder, "TVS", other_cert, &loaded, &err), TRUST_EMISMATCH);
    ck_assert_ptr_nonnull(strstr(err.text, other_path));

    ck_assert_int_eq(trust_file_replace(path, (struct trust_bytes){(const uint8_t *)"nothing", 7}, 0600,
                                        (uid_t)-1, (gid_t)-1, NULL),
                     0);
    ck_assert_int_eq(trust_key_load(folder, "TVS", cert, &loaded, &err), TRUST_EKEY);
    ck_assert_ptr_nonnull(strstr(err.text, path));

    ck_assert_int_eq(trust_key_load("/no/such/folder", "TVS", cert, &loaded, &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(trust_key_save("/no/such/folder", "TVS", key, &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(trust_key_load(folder, "../TVS", cert, &loaded, &err), TRUST_EARGUMENT);
    ck_assert_int_eq(trust_key_save(folder, "a/b", key, &err), TRUST_EARGUMENT);
    ck_assert_int_eq(trust_key_remove(folder, "", cert, &err), TRUST_EARGUMENT);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    free(path);
    free(other_path);
    trust_cert_free(cert);
    trust_cert_free(other_cert);
    trust_key_free(key);
    trust_key_free(other);
}
END_TEST

START_TEST(remove_reports_failures)
{
    struct trust_error err = {0};
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert *cert = helper_cert_generate(&helper_cert_plain, key);
    char *path = path_of("TVS", cert);
    ck_assert_int_eq(mkdir(path, 0700), 0); /* cannot be unlinked */
    ck_assert_int_ne(trust_key_remove(folder, "TVS", cert, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    free(path);
    trust_cert_free(cert);
    trust_key_free(key);
}
END_TEST

/* ---- Keys that lie ready */

static void check_loads(const char *unit, const struct trust_cert *cert)
{
    struct trust_error err = {0};
    struct trust_key *loaded;
    ck_assert_msg(trust_key_load(folder, unit, cert, &loaded, &err) == 0, "%s", err.text);
    ck_assert(trust_key_matches(loaded, cert));
    trust_key_free(loaded);
}

START_TEST(stages_and_finds)
{
    struct trust_error err = {0};
    struct trust_key *key = helper_key("ec:P-256");
    struct trust_cert *cert = helper_cert_generate(&helper_cert_plain, key);
    struct stat info;
    char staged[TRUST_KEY_NAME_SIZE], name[TRUST_KEY_NAME_SIZE], found[TRUST_KEY_NAME_SIZE] = "before";
    char *path = path_of("TVS", cert), *ready;
    ck_assert_int_eq(trust_key_find(folder, "TVS", cert, found, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    ck_assert_str_eq(found, "");

    ck_assert_msg(trust_key_stage(folder, "TVS", key, staged, name, &err) == 0, "%s", err.text);
    ck_assert_str_eq(name, strrchr(path, '/') + 1);
    ck_assert_int_gt(asprintf(&ready, "%s/%s", folder, staged), 0);
    ck_assert_int_eq(strncmp(ready, path, strlen(path)), 0);
    ck_assert_str_eq(ready + strlen(path), ".new");
    ck_assert_int_eq(stat(ready, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
    ck_assert_int_ne(stat(path, &info), 0);
    static const char *const units[] = {"TVS", "CallManager"};
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(trust_key_find(folder, units[i], cert, found, &err), 0);
        ck_assert_str_eq(found, staged);
        check_loads(units[i], cert);
    }
    ck_assert_int_eq(trust_file_place(folder, staged, name, &err), 0);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(trust_key_find(folder, units[i], cert, found, &err), 0);
        ck_assert_str_eq(found, name);
        check_loads(units[i], cert);
    }
    /* What is in place comes first, and a unit's own name before that. */
    ck_assert_int_eq(trust_key_stage(folder, "TVS", key, staged, name, &err), 0);
    ck_assert_int_eq(trust_key_find(folder, "CallManager", cert, found, &err), 0);
    ck_assert_str_eq(found, name);
    ck_assert_int_eq(trust_key_stage(folder, "CallManager", key, staged, name, &err), 0);
    ck_assert_int_eq(trust_key_find(folder, "CallManager", cert, found, &err), 0);
    ck_assert_str_eq(found, staged);
    free(ready);
    free(path);
    trust_cert_free(cert);
    trust_key_free(key);
}
END_TEST

START_TEST(staged_refuses)
{
    struct trust_error err = {0};
    struct trust_key *key = helper_key("ec:P-256"), *loaded;
    struct trust_cert *cert = helper_cert_generate(&helper_cert_plain, key);
    char staged[TRUST_KEY_NAME_SIZE], name[TRUST_KEY_NAME_SIZE], advice[1200], unit[100] = {0};
    char *path = path_of("TVS", cert), *renamed;
    ck_assert_int_eq(trust_key_stage(folder, "TVS", key, staged, name, &err), 0);
    snprintf(advice, sizeof advice, "chmod 600 %s.new", path);
    ck_assert_int_eq(chmod(advice + strlen("chmod 600 "), 0640), 0);
    ck_assert_int_eq(trust_key_load(folder, "TVS", cert, &loaded, &err), TRUST_EDENIED);
    ck_assert_ptr_null(loaded);
    ck_assert_ptr_nonnull(strstr(err.text, advice));
    ck_assert_int_eq(trust_key_load(folder, "CallManager", cert, &loaded, &err), TRUST_EDENIED);

    ck_assert_int_eq(trust_key_stage(folder, "../TVS", key, staged, name, &err), TRUST_EARGUMENT);
    ck_assert_str_eq(staged, "");
    ck_assert_str_eq(name, "");
    ck_assert_int_eq(trust_key_stage("/no/such/folder", "TVS", key, staged, name, &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(trust_key_find("/no/such/folder", "TVS", cert, name, &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(trust_key_find(folder, "", cert, name, &err), TRUST_EARGUMENT);
    /* The longest name, and one more. */
    memset(unit, 'u', TRUST_KEY_NAME_SIZE - 1 - strlen("-0123456789abcdef.pem.new"));
    ck_assert_int_eq(trust_key_stage(folder, unit, key, staged, name, &err), 0);
    ck_assert_uint_eq(strlen(staged), TRUST_KEY_NAME_SIZE - 1);
    ck_assert_int_eq(trust_key_find(folder, unit, cert, name, &err), 0);
    ck_assert_str_eq(name, staged);
    strcat(unit, "u");
    ck_assert_int_eq(trust_key_stage(folder, unit, key, staged, name, &err), TRUST_EARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "too long"));
    /* Somebody gave it a longer name: it is read, but has no place in a name of ours. */
    memset(unit, 'u', 80);
    renamed = path_of(unit, cert);
    ck_assert_int_eq(chmod(advice + strlen("chmod 600 "), 0600), 0);
    ck_assert_int_eq(rename(advice + strlen("chmod 600 "), renamed), 0);
    check_loads(unit, cert);
    ck_assert_int_eq(trust_key_find(folder, unit, cert, name, &err), TRUST_ETOOLARGE);
    ck_assert_str_eq(name, "");
    ck_assert_uint_eq(ERR_peek_error(), 0);
    free(renamed);
    free(path);
    trust_cert_free(cert);
    trust_key_free(key);
}
END_TEST

static void put(const char *name)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(
        trust_file_replace(path, (struct trust_bytes){NULL, 0}, 0600, (uid_t)-1, (gid_t)-1, NULL), 0);
}

static bool is_there(const char *name)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

START_TEST(sweeps_keys)
{
    static const char *const stay[] = {
        "TVS-0123456789abcdef.pem",
        "TVS-0123456789abcde.pem.new",
        "TVS-0123456789abcdeg.pem.new",
        "TVS_0123456789abcdef.pem.new",
        "-0123456789abcdef.pem.new",
        ".TVS-0123456789abcdef.pem.new",
        "TVS-0123456789abcdef.pem.old",
        "TVS-0123456789abcdef.pem.new~",
        "TVS-0123456789ABCDEF.pem.new",
        "0123456789abcdef.pem.new",
        ".pem.new",
    };
    const size_t count = sizeof stay / sizeof stay[0];
    struct trust_error err = {0};
    struct trust_key *key = helper_key("ec:P-256");
    char kept[TRUST_KEY_NAME_SIZE], gone[TRUST_KEY_NAME_SIZE], name[TRUST_KEY_NAME_SIZE];
    for (size_t i = 0; i < count; i++)
        put(stay[i]);
    put(".tvs-AbC123"); /* a process died while it wrote a key */
    ck_assert_int_eq(trust_key_stage(folder, "TVS", key, kept, name, &err), 0);
    ck_assert_int_eq(trust_key_stage(folder, "ipsec", key, gone, name, &err), 0);
    const char *const keep[] = {kept};
    ck_assert_msg(trust_key_sweep(folder, keep, 1, &err) == 0, "%s", err.text);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(is_there(stay[i]), "%s", stay[i]);
    ck_assert(is_there(kept));
    ck_assert(!is_there(gone));
    ck_assert(!is_there(".tvs-AbC123"));
    ck_assert_int_eq(trust_key_sweep(folder, NULL, 0, &err), 0);
    ck_assert(!is_there(kept));
    ck_assert_int_eq(trust_key_sweep("/no/such/folder", NULL, 0, &err), 0);
    trust_key_free(key);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("key");
    TCase *t = tcase_create("key");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, generates_and_encodes, 0, sizeof specs / sizeof specs[0]);
    tcase_add_test(t, unknown_specs);
    tcase_add_loop_test(t, parses_files, 0, sizeof parses / sizeof parses[0]);
    tcase_add_test(t, parse_refuses);
    tcase_add_test(t, parse_refuses_a_mixed_rsa_key);
    tcase_add_test(t, matches);
    suite_add_tcase(s, t);
    t = tcase_create("folder");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, saves_loads_removes);
    tcase_add_test(t, load_refuses);
    tcase_add_test(t, remove_reports_failures);
    tcase_add_test(t, stages_and_finds);
    tcase_add_test(t, staged_refuses);
    tcase_add_test(t, sweeps_keys);
    suite_add_tcase(s, t);
    return s;
}
