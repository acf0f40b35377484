/* Security tokens, by a module that does what real ones do when something is wrong. */
#include "tests/check_main.h"
#include "tests/fake_tokens.h"
#include "tests/libtrust/helper_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SERIAL "0a1b"

/* One token with a key. */
struct scene {
    struct fake_tokens tokens;
    struct trust_key *key;
    struct trust_cert *cert;
    struct trust_token *token; /* open */
    struct trust_error err;
};

static void open_scene(struct scene *scene, const char *spec)
{
    *scene = (struct scene){.key = helper_key(spec)};
    scene->cert =
        helper_cert(&(struct helper_plan){.subject = "CN=SAST-1", .serial = "01", .key = scene->key});
    fake_tokens_open(&scene->tokens);
    fake_tokens_add(&scene->tokens, SERIAL, "first token", scene->cert, scene->key);
}

static void close_scene(struct scene *scene)
{
    trust_token_free(scene->token);
    helper_openssl_is_quiet();
    trust_cert_free(scene->cert);
    trust_key_free(scene->key);
    fake_tokens_close(&scene->tokens);
}

static void open_token(struct scene *scene)
{
    helper_ok(trust_token_open(fake_tokens_uri("token=first%20token", NULL), NULL, NULL, &scene->token,
                               &scene->err),
              &scene->err);
}

/* Refused, with these words, and how often a PIN was given. */
static void refuse(const struct scene *scene, int got, int code, const char *words, size_t logins)
{
    ck_assert_msg(got == code, "%s: %s", trust_error_name(got), scene->err.text);
    ck_assert_msg(strstr(scene->err.text, words) != NULL, "'%s' is not in: %s", words, scene->err.text);
    ck_assert_ptr_null(strchr(scene->err.text, '\n'));
    ck_assert_uint_eq(strlen(fake_tokens_read(&scene->tokens, SERIAL, "logins")), logins);
}

static void sign_and_verify(struct scene *scene, enum trust_digest digest)
{
    static const struct trust_bytes text = {(const uint8_t *)"what is signed", 14};
    uint8_t hash[TRUST_DIGEST_MAX], signature[TRUST_TOKEN_SIGNATURE_MAX];
    size_t len;
    struct trust_error *err = &scene->err;
    helper_ok(trust_digest_pieces(digest, &text, 1, hash, err), err);
    helper_ok(trust_token_sign(scene->token, digest, (struct trust_bytes){hash, trust_digest_size(digest)},
                               signature, &len, err),
              err);
    helper_ok(
        trust_signature_verify(scene->cert, digest, &text, 1, (struct trust_bytes){signature, len}, err),
        err);
}

static int sign(struct scene *scene)
{
    uint8_t hash[20] = {1}, signature[TRUST_TOKEN_SIGNATURE_MAX];
    size_t len;
    return trust_token_sign(scene->token, TRUST_DIGEST_SHA1, (struct trust_bytes){hash, sizeof hash},
                            signature, &len, &scene->err);
}

START_TEST(signs)
{
    static const char *const specs[] = {"rsa:1024", "rsa:2048"};
    struct scene scene;
    struct trust_cert *cert;
    open_scene(&scene, specs[_i]);
    open_token(&scene);
    const struct trust_token_info *info = trust_token_info(scene.token);
    ck_assert_str_eq(info->label, "first token");
    ck_assert_str_eq(info->serial, SERIAL);
    ck_assert_str_eq(info->manufacturer, "tests");
    ck_assert(info->needs_pin && !info->has_pad && info->tries == TRUST_TRIES_ALL);
    helper_ok(trust_token_cert(scene.token, &cert, &scene.err), &scene.err);
    ck_assert(trust_cert_equal(cert, scene.cert));
    refuse(&scene, sign(&scene), TRUST_EARGUMENT, "no key was found", 0);
    helper_ok(trust_token_log_in(scene.token, FAKE_PIN, &scene.err), &scene.err);
    helper_ok(trust_token_find_key(scene.token, cert, &scene.err), &scene.err);
    sign_and_verify(&scene, TRUST_DIGEST_SHA1);
    sign_and_verify(&scene, TRUST_DIGEST_SHA256);
    sign_and_verify(&scene, TRUST_DIGEST_SHA512);
    ck_assert_str_eq(fake_tokens_read(&scene.tokens, SERIAL, "logins"), "u");
    trust_cert_free(cert);
    close_scene(&scene);
}
END_TEST

/* A key that wants the PIN for every signature; a token on which it is typed. */
START_TEST(other_ways_to_log_in)
{
    struct scene scene;
    open_scene(&scene, "rsa:1024");
    fake_tokens_write(&scene.tokens, SERIAL, "mode", "each-time");
    open_token(&scene);
    helper_ok(trust_token_log_in(scene.token, FAKE_PIN, &scene.err), &scene.err);
    helper_ok(trust_token_find_key(scene.token, scene.cert, &scene.err), &scene.err);
    sign_and_verify(&scene, TRUST_DIGEST_SHA1);
    sign_and_verify(&scene, TRUST_DIGEST_SHA1);
    ck_assert_str_eq(fake_tokens_read(&scene.tokens, SERIAL, "logins"), "ucc");
    trust_token_free(scene.token);

    fake_tokens_write(&scene.tokens, SERIAL, "mode", "pad");
    open_token(&scene);
    ck_assert(trust_token_info(scene.token)->has_pad);
    helper_ok(trust_token_log_in(scene.token, NULL, &scene.err), &scene.err);
    helper_ok(trust_token_find_key(scene.token, scene.cert, &scene.err), &scene.err);
    sign_and_verify(&scene, TRUST_DIGEST_SHA1);
    close_scene(&scene);
}
END_TEST

/* What is wrong with a PIN, or with the tries that are left, costs none where it can be seen before. */
START_TEST(tries)
{
    static const struct {
        const char *tries, *mode, *pin;
        int code;
        const char *words;
        size_t logins;
    } rows[] = {
        {"3", "", "0000", TRUST_EPASSWORD, "the PIN is wrong; it was tried once; fewer tries are left", 1},
        {"2", "", "0000", TRUST_EPASSWORD, "one try is left before it locks itself", 1},
        {"1", "", FAKE_PIN, TRUST_EDENIED, "has one try left", 0},
        {"0", "", FAKE_PIN, TRUST_EDENIED, "is locked", 0},
        {"3", "", "", TRUST_EPASSWORD, "wants a PIN", 0},
        {"3", "", NULL, TRUST_EPASSWORD, "wants a PIN", 0},
        {"3", "", "123", TRUST_EPASSWORD, "its PINs have 4 to 16 characters, and this one has 3", 0},
        {"3", "", "12345678901234567", TRUST_EPASSWORD, "this one has 17; it was not tried", 0},
        {"3", "no-pin", FAKE_PIN, TRUST_EPASSWORD, "has no PIN yet", 0},
        {"1", "pad", NULL, TRUST_EDENIED, "has one try left", 0},
    };
    struct scene scene;
    open_scene(&scene, "rsa:1024");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake_tokens_write(&scene.tokens, SERIAL, "tries", rows[i].tries);
        fake_tokens_write(&scene.tokens, SERIAL, "mode", rows[i].mode);
        fake_tokens_write(&scene.tokens, SERIAL, "logins", "");
        open_token(&scene);
        refuse(&scene, trust_token_log_in(scene.token, rows[i].pin, &scene.err), rows[i].code, rows[i].words,
               rows[i].logins);
        ck_assert_int_eq(atoi(fake_tokens_read(&scene.tokens, SERIAL, "tries")),
                         atoi(rows[i].tries) - (int)rows[i].logins);
        trust_token_free(scene.token);
        scene.token = NULL;
    }
    /* The tries are looked at when the PIN is there, not when the token was opened. */
    fake_tokens_write(&scene.tokens, SERIAL, "tries", "3");
    fake_tokens_write(&scene.tokens, SERIAL, "mode", "");
    open_token(&scene);
    fake_tokens_write(&scene.tokens, SERIAL, "tries", "1");
    refuse(&scene, trust_token_log_in(scene.token, FAKE_PIN, &scene.err), TRUST_EDENIED, "has one try left",
           0);
    close_scene(&scene);
}
END_TEST

START_TEST(taken_out)
{
    struct scene scene;
    open_scene(&scene, "rsa:1024");
    open_token(&scene);
    helper_ok(trust_token_log_in(scene.token, FAKE_PIN, &scene.err), &scene.err);
    helper_ok(trust_token_find_key(scene.token, scene.cert, &scene.err), &scene.err);
    fake_tokens_write(&scene.tokens, SERIAL, "mode", "removed");
    refuse(&scene, sign(&scene), TRUST_ENOTFOUND, "the token was taken out; put it in again", 1);
    trust_token_free(scene.token);
    open_token(&scene);
    fake_tokens_remove(&scene.tokens, SERIAL);
    refuse(&scene, trust_token_log_in(scene.token, FAKE_PIN, &scene.err), TRUST_ENOTFOUND, "taken out", 0);
    close_scene(&scene);
}
END_TEST

static int open_uri(struct scene *scene, const char *uri)
{
    return trust_token_open(uri, NULL, NULL, &scene->token, &scene->err);
}

START_TEST(which_token)
{
    struct scene scene;
    open_scene(&scene, "rsa:1024");
    refuse(&scene, open_uri(&scene, fake_tokens_uri("token=none", NULL)), TRUST_ENOTFOUND,
           "pkcs11:token=none: no such token is there; there are: 'first token' (serial number " SERIAL ")",
           0);
    fake_tokens_add(&scene.tokens, "0c2d", "first token", scene.cert, scene.key);
    refuse(&scene, open_uri(&scene, fake_tokens_uri("token=first%20token", NULL)), TRUST_EAMBIGUOUS,
           "2 tokens fit: 'first token' (serial number " SERIAL "), 'first token' (serial number 0c2d)", 0);
    helper_ok(open_uri(&scene, fake_tokens_uri("token=first%20token;serial=0c2d", NULL)), &scene.err);
    trust_token_free(scene.token);
    helper_ok(open_uri(&scene, fake_tokens_uri("slot-id=0", NULL)), &scene.err);
    ck_assert_str_eq(trust_token_info(scene.token)->serial, SERIAL);
    trust_token_free(scene.token);
    fake_tokens_remove(&scene.tokens, SERIAL);
    fake_tokens_remove(&scene.tokens, "0c2d");
    refuse(&scene, open_uri(&scene, fake_tokens_uri("", NULL)), TRUST_ENOTFOUND, "none at all: put it in", 0);
    refuse(&scene, open_uri(&scene, "pkcs11:token=x?module-path=/nowhere/module.so"), TRUST_ENOTFOUND,
           "PKCS#11 module /nowhere/module.so: No such file or directory", 0);
    refuse(&scene, open_uri(&scene, "pkcs11:token=x?module-path=/etc/passwd"), TRUST_ENOTFOUND,
           "it cannot be loaded", 0);
    fake_tokens_write(&scene.tokens, "", "mode", "refuse-start");
    refuse(&scene, open_uri(&scene, fake_tokens_uri("", NULL)), TRUST_ECRYPTO,
           "fake_module.so: it does not start", 0);
    close_scene(&scene);
}
END_TEST

START_TEST(which_certificate)
{
    struct scene scene;
    struct trust_cert *cert;
    char path[512];
    open_scene(&scene, "rsa:1024");
    struct trust_key *other_key = helper_key("rsa:1024");
    struct trust_cert *other =
        helper_cert(&(struct helper_plan){.subject = "CN=CA", .serial = "02", .key = other_key});
    snprintf(path, sizeof path, "%s/" SERIAL "/cert2.der", scene.tokens.folder);
    helper_ok(trust_file_replace(path, trust_cert_der(other), 0600, (uid_t)-1, (gid_t)-1, &scene.err),
              &scene.err);
    open_token(&scene);
    refuse(&scene, trust_token_cert(scene.token, &cert, &scene.err), TRUST_EAMBIGUOUS,
           "2 certificates of the token fit: CN=SAST-1 (id=%01), CN=CA (id=%02); add ;id=", 0);
    trust_token_free(scene.token);
    helper_ok(open_uri(&scene, fake_tokens_uri("id=%02", NULL)), &scene.err);
    helper_ok(trust_token_cert(scene.token, &cert, &scene.err), &scene.err);
    ck_assert(trust_cert_equal(cert, other));
    helper_ok(trust_token_log_in(scene.token, FAKE_PIN, &scene.err), &scene.err);
    refuse(&scene, trust_token_find_key(scene.token, cert, &scene.err), TRUST_ENOTFOUND,
           "there is no private key of CN=CA in it", 1);
    trust_cert_free(cert);
    trust_token_free(scene.token);
    helper_ok(open_uri(&scene, fake_tokens_uri("id=%01", NULL)), &scene.err);
    helper_ok(trust_token_log_in(scene.token, FAKE_PIN, &scene.err), &scene.err);
    refuse(&scene, trust_token_find_key(scene.token, other, &scene.err), TRUST_EMISMATCH,
           "no private key of CN=CA in it, but another under the same id", 2);
    helper_ok(trust_token_find_key(scene.token, scene.cert, &scene.err), &scene.err);
    trust_token_free(scene.token);
    helper_ok(open_uri(&scene, fake_tokens_uri("id=%09", NULL)), &scene.err);
    refuse(&scene, trust_token_cert(scene.token, &cert, &scene.err), TRUST_ENOTFOUND,
           "has no such certificate", 2);
    trust_cert_free(other);
    trust_key_free(other_key);
    close_scene(&scene);
}
END_TEST

/* ---- Lists */

struct seen {
    size_t tokens, certs, told;
};

static int see(void *arg, const struct trust_token_info *info, struct trust_cert *const *certs, size_t count)
{
    struct seen *seen = arg;
    (void)certs;
    ck_assert_str_eq(info->label, seen->tokens == 0 ? "first token" : "second");
    ck_assert_int_eq(info->tries, seen->tokens == 0 ? TRUST_TRIES_ALL : TRUST_TRIES_NONE);
    seen->tokens++;
    seen->certs += count;
    return 0;
}

static int stop(void *arg, const struct trust_token_info *info, struct trust_cert *const *certs, size_t count)
{
    (void)arg, (void)info, (void)certs, (void)count;
    return 7;
}

static void told(void *arg, const char *module)
{
    struct seen *seen = arg;
    ck_assert_ptr_nonnull(strstr(module, "fake_module.so"));
    seen->told++;
}

START_TEST(lists)
{
    struct scene scene;
    struct seen seen = {0};
    open_scene(&scene, "rsa:1024");
    fake_tokens_add(&scene.tokens, "0c2d", "second", scene.cert, NULL);
    fake_tokens_write(&scene.tokens, "0c2d", "tries", "0");
    helper_ok(trust_token_each(fake_tokens_uri("", NULL), told, see, &seen, &scene.err), &scene.err);
    ck_assert_uint_eq(seen.tokens, 2);
    ck_assert_uint_eq(seen.certs, 2);
    ck_assert_uint_gt(seen.told, 0);
    seen = (struct seen){.tokens = 1};
    helper_ok(trust_token_each(fake_tokens_uri("token=second", NULL), NULL, see, &seen, &scene.err),
              &scene.err);
    ck_assert_uint_eq(seen.tokens, 2);
    ck_assert_int_eq(trust_token_each(fake_tokens_uri("", NULL), NULL, stop, NULL, &scene.err), 7);
    close_scene(&scene);
}
END_TEST

/* ---- URIs and PIN files */

START_TEST(uris)
{
    static const struct {
        const char *uri, *words;
    } wrong[] = {
        {"pkcs12:token=x", "no PKCS#11 URI"},
        {"pkcs11:token", "no PKCS#11 URI"},
        {"pkcs11:token=%zz", "no PKCS#11 URI"},
        {"pkcs11:x-colour=red;colour=blue", "none of RFC 7512's"},
        {"pkcs11:token=x?pin-value=1234", "it holds the PIN itself"},
        {"pkcs11:token=x?pin-source=file:relative", "pin-source must be a file"},
        {"pkcs11:token=x?pin-source=%7Ccat%20/etc/passwd", "pin-source must be a file"},
        {"pkcs11:token=x?pin-source=https://host/pin", "pin-source must be a file"},
    };
    struct trust_token_uri uri;
    struct trust_error err = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_msg(trust_token_uri_read(wrong[i].uri, &uri, &err) == TRUST_EVALUE, "%s", wrong[i].uri);
        ck_assert_msg(strstr(err.text, wrong[i].words) != NULL, "%s: %s", wrong[i].uri, err.text);
        ck_assert_msg(strstr(err.text, "1234") == NULL, "the PIN is shown: %s", err.text);
        trust_token_uri_fini(&uri);
    }
    static const char *const sources[] = {"file:/a%20b", "file:///a%20b", "/a%20b"};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "pkcs11:token=x?module-path=/m.so&pin-source=%s", sources[i]);
        helper_ok(trust_token_uri_read(text, &uri, &err), &err);
        ck_assert_str_eq(uri.module, "/m.so");
        ck_assert_str_eq(uri.pin_source, "/a b");
        trust_token_uri_fini(&uri);
    }
    helper_ok(trust_token_uri_read("pkcs11:", &uri, &err), &err);
    ck_assert(uri.module == NULL && uri.pin_source == NULL);
    trust_token_uri_fini(&uri);
}
END_TEST

static void write_pin(const char *path, const char *text, mode_t mode)
{
    struct trust_error err = {0};
    helper_ok(trust_file_replace(path, (struct trust_bytes){(const uint8_t *)text, strlen(text)}, mode,
                                 (uid_t)-1, (gid_t)-1, &err),
              &err);
}

START_TEST(pin_files)
{
    static const char *const good[] = {"1234", "1234\n", "1234\r\n", "1234\nmore", "1234\r"};
    char path[256], pin[TRUST_PIN_SIZE], long_line[TRUST_PIN_SIZE + 2];
    struct trust_error err = {0};
    char *folder = fixture_folder();
    snprintf(path, sizeof path, "%s/pin", folder);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        write_pin(path, good[i], 0600);
        helper_ok(trust_pin_read(path, pin, &err), &err);
        ck_assert_str_eq(pin, "1234");
    }
    static const mode_t open_to_others[] = {0640, 0604, 0620, 0602};
    for (size_t i = 0; i < sizeof open_to_others / sizeof open_to_others[0]; i++) {
        write_pin(path, "1234", open_to_others[i]);
        ck_assert_int_eq(trust_pin_read(path, pin, &err), TRUST_EDENIED);
        ck_assert_ptr_nonnull(strstr(err.text, "chmod 600"));
        ck_assert_int_eq(pin[0], '\0');
    }
    write_pin(path, "\n1234", 0600);
    ck_assert_int_eq(trust_pin_read(path, pin, &err), TRUST_EEMPTY);
    memset(long_line, '1', sizeof long_line - 1);
    long_line[sizeof long_line - 1] = '\0';
    write_pin(path, long_line, 0600);
    ck_assert_int_eq(trust_pin_read(path, pin, &err), TRUST_ETOOLARGE);
    ck_assert_int_eq(trust_pin_read("/nowhere/pin", pin, &err), TRUST_ENOTFOUND);
    fixture_folder_remove(folder);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("token");
    TCase *tests = tcase_create("token");
    tcase_add_test(tests, pin_files);
    if (trust_token_is_supported()) {
        tcase_add_loop_test(tests, signs, 0, 2);
        tcase_add_test(tests, other_ways_to_log_in);
        tcase_add_test(tests, tries);
        tcase_add_test(tests, taken_out);
        tcase_add_test(tests, which_token);
        tcase_add_test(tests, which_certificate);
        tcase_add_test(tests, lists);
        tcase_add_test(tests, uris);
    }
    suite_add_tcase(suite, tests);
    return suite;
}
