/* The process of its own in which a token's module works: whatever becomes of it, one line says it. */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fake_tokens.h"
#include "tests/fixture.h"
#include "tvsctl/token_agent.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

struct scene {
    struct fake_tokens tokens;
    struct trust_key *key;
    struct trust_cert *cert;
    struct token_agent *agent;
    struct trust_error err;
};

static void open_scene(struct scene *scene)
{
    const struct trust_cert_request request = {
        .common_name = "SAST", .days = 1000, .digest = TRUST_DIGEST_SHA256, .now = time(NULL)};
    *scene = (struct scene){.agent = NULL};
    ck_assert_int_eq(trust_key_generate("rsa:1024", &scene->key, NULL), 0);
    ck_assert_int_eq(trust_cert_generate(&request, scene->key, &scene->cert, NULL), 0);
    fake_tokens_open(&scene->tokens);
    fake_tokens_add(&scene->tokens, "01", "token", scene->cert, scene->key);
}

/* No process is left over. */
static void close_scene(struct scene *scene)
{
    token_agent_close(scene->agent);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    trust_cert_free(scene->cert);
    trust_key_free(scene->key);
    fake_tokens_close(&scene->tokens);
}

static int open_agent(struct scene *scene)
{
    return token_agent_open(fake_tokens_uri("token=token", NULL), &scene->agent, &scene->err);
}

static void refused(const struct scene *scene, int got, int code, const char *words)
{
    ck_assert_msg(got == code, "%d: %s", got, scene->err.text);
    ck_assert_msg(strstr(scene->err.text, words) != NULL, "'%s' is not in: %s", words, scene->err.text);
}

START_TEST(signs)
{
    static const struct trust_bytes text = {(const uint8_t *)"text", 4};
    struct scene scene;
    struct trust_cert *cert;
    struct trust_signer *signer;
    uint8_t signature[TRUST_SIGNATURE_MAX];
    size_t len;
    open_scene(&scene);
    fake_tokens_write(&scene.tokens, "", "mode", "noise crash-end");
    ck_assert_msg(open_agent(&scene) == 0, "%s", scene.err.text);
    ck_assert_str_eq(token_agent_info(scene.agent)->label, "token");
    ck_assert_int_eq(token_agent_cert(scene.agent, &cert, &scene.err), 0);
    ck_assert(trust_cert_equal(cert, scene.cert));
    ck_assert_int_eq(token_agent_log_in(scene.agent, FAKE_PIN, &scene.err), 0);
    ck_assert_int_eq(token_agent_find_key(scene.agent, cert, &scene.err), 0);
    ck_assert_int_eq(token_agent_signer(scene.agent, cert, &signer, &scene.err), 0);
    ck_assert_int_eq(trust_signer_sign(signer, TRUST_DIGEST_SHA512, &text, 1, signature, &len, &scene.err),
                     0);
    ck_assert_int_eq(trust_signature_verify(cert, TRUST_DIGEST_SHA512, &text, 1,
                                            (struct trust_bytes){signature, len}, &scene.err),
                     0);
    trust_signer_free(signer);
    trust_cert_free(cert);
    close_scene(&scene);
}
END_TEST

static const struct {
    const char *mode, *words;
} rows[] = {
    {"crash-start", "fake_module.so crashed (Segmentation fault) when it was started"},
    {"hang", "fake_module.so did not answer for 0 s when it was started"},
    {"refuse-start", "fake_module.so: it does not start"},
};

START_TEST(modules_that_fail)
{
    struct scene scene;
    open_scene(&scene);
    token_agent_patience_ms = strcmp(rows[_i].mode, "hang") == 0 ? 100 : 0;
    fake_tokens_write(&scene.tokens, "", "mode", rows[_i].mode);
    refused(&scene, open_agent(&scene), TRUST_ECRYPTO, rows[_i].words);
    ck_assert_ptr_null(scene.agent);
    token_agent_patience_ms = 0;
    close_scene(&scene);
}
END_TEST

/* It is not started again: a PIN that it had is gone with it. */
START_TEST(gone_is_gone)
{
    struct scene scene;
    struct trust_cert *cert;
    open_scene(&scene);
    ck_assert_int_eq(open_agent(&scene), 0);
    ck_assert_int_eq(token_agent_log_in(scene.agent, FAKE_PIN, &scene.err), 0);
    fake_tokens_write(&scene.tokens, "01", "mode", "crash-sign");
    ck_assert_int_eq(token_agent_find_key(scene.agent, scene.cert, &scene.err), 0);
    struct trust_signer *signer;
    uint8_t signature[TRUST_SIGNATURE_MAX];
    size_t len;
    const struct trust_bytes text = {(const uint8_t *)"text", 4};
    ck_assert_int_eq(token_agent_signer(scene.agent, scene.cert, &signer, &scene.err), 0);
    refused(&scene, trust_signer_sign(signer, TRUST_DIGEST_SHA1, &text, 1, signature, &len, &scene.err),
            TRUST_ECRYPTO, "crashed (Bus error) when it was asked to sign");
    refused(&scene, token_agent_cert(scene.agent, &cert, &scene.err), TRUST_ECRYPTO, "is gone");
    trust_signer_free(signer);
    close_scene(&scene);
}
END_TEST

static int count(void *arg, const struct trust_token_info *info, struct trust_cert *const *certs, size_t n)
{
    size_t *tokens = arg;
    (void)certs;
    ck_assert_str_eq(info->label, *tokens == 0 ? "token" : "other");
    ck_assert_uint_eq(n, 1);
    return ++*tokens == 3 ? 7 : 0;
}

START_TEST(lists)
{
    struct scene scene;
    size_t tokens = 0;
    open_scene(&scene);
    fake_tokens_add(&scene.tokens, "02", "other", scene.cert, NULL);
    ck_assert_int_eq(token_agent_each(fake_tokens_uri("", NULL), count, &tokens, &scene.err), 0);
    ck_assert_uint_eq(tokens, 2);
    fake_tokens_add(&scene.tokens, "03", "other", scene.cert, NULL);
    tokens = 0;
    ck_assert_int_eq(token_agent_each(fake_tokens_uri("", NULL), count, &tokens, &scene.err), 7);
    close_scene(&scene);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("token agent");
    TCase *tests = tcase_create("token agent");
    if (trust_token_is_supported()) {
        tcase_add_test(tests, signs);
        tcase_add_loop_test(tests, modules_that_fail, 0, sizeof rows / sizeof rows[0]);
        tcase_add_test(tests, gone_is_gone);
        tcase_add_test(tests, lists);
    }
    suite_add_tcase(suite, tests);
    return suite;
}
