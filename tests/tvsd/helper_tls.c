#include "helper_tls.h"

#include <check.h>
#include <openssl/err.h>

struct server_key servers[SERVER_COUNT];

void servers_make(void)
{
    server_key_make(&servers[ON_RSA], "rsa:2048", "rsa", TRUST_DIGEST_SHA256);
    server_key_make(&servers[ON_SMALL], "rsa:1024", "small", TRUST_DIGEST_SHA1);
    server_key_make(&servers[ON_EC], "ec:P-256", "ec", TRUST_DIGEST_SHA256);
    server_key_make(&servers[ON_EC384], "ec:P-384", "ec384", TRUST_DIGEST_SHA512);
    server_key_make(&servers[ON_EC521], "ec:P-521", "ec521", TRUST_DIGEST_SHA512);
}

void servers_free(void)
{
    for (int i = 0; i < SERVER_COUNT; i++)
        server_key_fini(&servers[i]);
}

struct tls_context *context_make(enum server server, int minimum, bool rsa_key_exchange,
                                 const struct tls_context *previous)
{
    struct trust_error err = {0};
    struct tls_context *context;
    const struct config config = {.tls = {.minimum = minimum, .rsa_key_exchange = rsa_key_exchange}};
    ck_assert_msg(
        tls_context_new(&config, servers[server].cert, servers[server].key, previous, &context, &err) == 0,
        "%s", err.text);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    return context;
}

enum tls_step shake(struct tls *tls, struct phone *phone)
{
    enum tls_step step = TLS_STEP_WANT_READ;
    for (int i = 0; i < 10; i++) {
        phone_step(phone);
        step = tls_handshake(tls);
        ck_assert_uint_eq(ERR_peek_error(), 0);
        if (step == TLS_STEP_DONE || step == TLS_STEP_FAILED || step == TLS_STEP_CLOSED)
            break;
    }
    phone_step(phone);
    return step;
}
