/* The TLS context: everything is set explicitly, so that the system's openssl.cnf decides nothing. */
#include "tls_internal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRICT_LEVEL 2
#define STRICT_CIPHERS                                                                                       \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"             \
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305"
#define STRICT_CIPHERSUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define STRICT_SIGNATURES                                                                                    \
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"                   \
    "RSA+SHA256:RSA+SHA384:RSA+SHA512"
#define GROUPS "X25519:P-256"

/* In the order of suites_rsa and suites_legacy in tls_hello.c. */
#define RSA_CIPHERS "AES256-GCM-SHA384:AES128-GCM-SHA256:AES256-SHA256:AES128-SHA256:AES256-SHA:AES128-SHA"
#define RSA_SIGNATURES                                                                                       \
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1"
#define LEGACY_CIPHERS "AES256-SHA:AES128-SHA"

#define SESSION_SECONDS  3600
#define TICKET_KEYS_SIZE 256 /* more than any version of OpenSSL uses (80 bytes) */

static int crypto_error(struct trust_error *err, const char *what)
{
    unsigned long code = ERR_peek_error();
    const char *reason = ERR_reason_error_string(code);
    int result = ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ? TRUST_ENOMEM : TRUST_ECRYPTO;
    return trust_error_set(err, result, TRUST_NO_OFFSET, "the TLS server's %s: %s", what,
                           reason != NULL ? reason : "OpenSSL refused without a reason");
}

/* The library's key as OpenSSL has it. NULL: failed. */
static EVP_PKEY *key_import(const struct trust_key *key, struct trust_error *err)
{
    uint8_t *der = NULL;
    size_t len = 0;
    if (trust_key_to_der(key, &der, &len, err) != 0)
        return NULL;
    const unsigned char *cursor = der;
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &cursor, (long)len);
    OPENSSL_cleanse(der, len);
    free(der);
    if (pkey == NULL)
        crypto_error(err, "private key");
    return pkey;
}

/* Load the certificate at the strictest level that takes it. That level stays in force for strict clients:
 * OpenSSL measures the certificate again whenever it is sent, and a weak one that the operator chose (phones
 * hold it in their lists) must still reach them. All else that a level rules out, the lists above do too. */
static bool certificate_load(SSL_CTX *ctx, X509 *x509, int strictest)
{
    for (int level = strictest; level >= 0; level--) {
        SSL_CTX_set_security_level(ctx, level);
        ERR_clear_error();
        if (SSL_CTX_use_certificate(ctx, x509) == 1)
            return true;
    }
    return false;
}

static int identity_set(SSL_CTX *ctx, const struct trust_cert *cert, const struct trust_key *key,
                        int strictest, struct trust_error *err)
{
    int code;
    struct trust_bytes der = trust_cert_der(cert);
    const unsigned char *cursor = der.data;
    EVP_PKEY *pkey = NULL;
    X509 *x509 = d2i_X509(NULL, &cursor, (long)der.len);
    if (x509 == NULL || !certificate_load(ctx, x509, strictest)) {
        code = crypto_error(err, "certificate");
        goto out;
    }
    pkey = key_import(key, err);
    if (pkey == NULL) {
        code = err != NULL ? err->code : TRUST_ECRYPTO;
        goto out;
    }
    if (SSL_CTX_use_PrivateKey(ctx, pkey) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
        code = crypto_error(err, "private key");
        goto out;
    }
    code = 0;
out:
    EVP_PKEY_free(pkey);
    X509_free(x509);
    return code;
}

/* The curve of the key that was loaded last, as TLS numbers it; 0 if it is none that phones know. */
static int group_of(SSL_CTX *ctx)
{
    static const struct {
        int nid, group;
    } curves[] = {{NID_X9_62_prime256v1, 23}, {NID_secp384r1, 24}, {NID_secp521r1, 25}};
    char name[64];
    EVP_PKEY *key = SSL_CTX_get0_privatekey(ctx);
    const bool is_named = EVP_PKEY_get_group_name(key, name, sizeof name, NULL) == 1;
    for (size_t i = 0; is_named && i < sizeof curves / sizeof curves[0]; i++)
        if (OBJ_txt2nid(name) == curves[i].nid)
            return curves[i].group;
    return 0;
}

/* Two groups suffice: others cost the server several times as much, and everybody has one of these. Only a
 * certificate on another curve adds its own. */
static bool groups_set(SSL_CTX *ctx)
{
    char curve[64];
    char list[sizeof GROUPS + sizeof curve] = GROUPS;
    EVP_PKEY *key = SSL_CTX_get0_privatekey(ctx);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) &&
        strcmp(curve, "prime256v1") != 0 && strcmp(curve, "P-256") != 0)
        snprintf(list, sizeof list, "%s:%s", GROUPS, curve);
    return SSL_CTX_set1_groups_list(ctx, list) == 1;
}

static const unsigned char session_context[] = "tvsd";

static bool settings_set(SSL_CTX *ctx, const struct tls_policy *policy)
{
    char signatures[] = STRICT_SIGNATURES; /* OpenSSL's macro casts const away */
    int minimum = policy->minimum == CONFIG_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
    SSL_CTX_clear_options(ctx, SSL_CTX_get_options(ctx));
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_NO_COMPRESSION | SSL_OP_ENABLE_MIDDLEBOX_COMPAT |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_clear_mode(ctx, SSL_CTX_get_mode(ctx));
    /* No chain is built anew for each handshake: there is nothing to build it from. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY |
                              SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_read_ahead(ctx, 1); /* a record, and all that came with it, in one call of the system */
    SSL_CTX_set_block_padding(ctx, 0);
    SSL_CTX_set_max_early_data(ctx, 0);
    SSL_CTX_set_timeout(ctx, SESSION_SECONDS);
    SSL_CTX_set_client_hello_cb(ctx, tls_hello, NULL);
    SSL_CTX_set_msg_callback(ctx, tls_record_seen);
    return SSL_CTX_set_min_proto_version(ctx, minimum) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ctx, STRICT_CIPHERS) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, STRICT_CIPHERSUITES) == 1 &&
           SSL_CTX_set1_sigalgs_list(ctx, signatures) == 1 && groups_set(ctx) &&
           SSL_CTX_set_num_tickets(ctx, 1) == 1 &&
           SSL_CTX_set_session_id_context(ctx, session_context, sizeof session_context - 1) == 1;
}

/* NULL: failed. */
static SSL_CTX *weaker_new(const SSL_CTX *ctx, const char *ciphers, char *signatures)
{
    SSL_CTX *weaker = SSL_CTX_new(TLS_server_method());
    if (weaker == NULL)
        return NULL;
    SSL_CTX_set_security_level(weaker, 0);
    SSL_CTX_set_client_hello_cb(weaker, tls_hello, NULL);
    if (SSL_CTX_use_certificate(weaker, SSL_CTX_get0_certificate(ctx)) == 1 &&
        SSL_CTX_use_PrivateKey(weaker, SSL_CTX_get0_privatekey(ctx)) == 1 &&
        SSL_CTX_set_cipher_list(weaker, ciphers) == 1 && SSL_CTX_set1_sigalgs_list(weaker, signatures) == 1 &&
        SSL_CTX_set_session_id_context(weaker, session_context, sizeof session_context - 1) == 1)
        return weaker;
    SSL_CTX_free(weaker);
    return NULL;
}

struct tls_weaker tls_weaker_ref(const struct tls_weaker *weaker)
{
    SSL_CTX_up_ref(weaker->legacy);
    SSL_CTX_up_ref(weaker->rsa);
    return *weaker;
}

void tls_weaker_free(struct tls_weaker *weaker)
{
    SSL_CTX_free(weaker->legacy);
    SSL_CTX_free(weaker->rsa);
    *weaker = (struct tls_weaker){0};
}

/* So that a reload costs the phones no full handshake. */
static bool ticket_keys_inherit(SSL_CTX *ctx, SSL_CTX *previous)
{
    unsigned char keys[TICKET_KEYS_SIZE];
    long size = (long)SSL_CTX_get_tlsext_ticket_keys(previous, NULL, 0);
    bool done = size > 0 && size <= TICKET_KEYS_SIZE &&
                SSL_CTX_get_tlsext_ticket_keys(previous, keys, size) == 1 &&
                SSL_CTX_set_tlsext_ticket_keys(ctx, keys, size) == 1;
    OPENSSL_cleanse(keys, sizeof keys);
    return done;
}

static int context_fill(struct tls_context *context, const struct trust_cert *cert,
                        const struct trust_key *key, const struct tls_context *previous,
                        struct trust_error *err)
{
    context->ctx = SSL_CTX_new(TLS_server_method());
    if (context->ctx == NULL || !tls_socket_prepare())
        return crypto_error(err, "context");
    int code = identity_set(context->ctx, cert, key, STRICT_LEVEL, err);
    if (code != 0)
        return code;
    if (!settings_set(context->ctx, &context->policy))
        return crypto_error(err, "settings");
    context->sessions = tls_sessions_new();
    if (context->sessions == NULL || !tls_sessions_serve(context->sessions, context->ctx))
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET,
                               "the TLS server's sessions: out of memory");
    char strict[] = STRICT_SIGNATURES, rsa[] = RSA_SIGNATURES; /* OpenSSL's macro casts const away */
    context->weaker.legacy = weaker_new(context->ctx, LEGACY_CIPHERS, strict);
    context->weaker.rsa = weaker_new(context->ctx, RSA_CIPHERS, rsa);
    if (context->weaker.legacy == NULL || context->weaker.rsa == NULL)
        return crypto_error(err, "settings for older phones");
    /* One certificate, one key: the key was checked against it. */
    if (previous != NULL &&
        memcmp(previous->policy.certificate, context->policy.certificate, TRUST_SHA256_SIZE) == 0 &&
        !ticket_keys_inherit(context->ctx, previous->ctx))
        return crypto_error(err, "session ticket keys");
    return 0;
}

int tls_context_new(const struct config *config, const struct trust_cert *cert, const struct trust_key *key,
                    const struct tls_context *previous, struct tls_context **out, struct trust_error *err)
{
    struct trust_error local;
    *out = NULL;
    if (err == NULL)
        err = &local;
    if (trust_cert_key_type(cert) == TRUST_KEY_OTHER)
        return trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                               "the TLS server's certificate: its key is neither RSA nor EC, which is all "
                               "that phones can use; make one with key rsa:2048");
    if (!trust_key_matches(key, cert))
        return trust_error_set(err, TRUST_EMISMATCH, TRUST_NO_OFFSET,
                               "the TLS server's private key is not the one of its certificate");
    struct tls_context *context = calloc(1, sizeof *context);
    if (context == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "the TLS server's context: out of memory");
    context->policy = (struct tls_policy){
        .minimum = config->tls.minimum,
        .rsa_key_exchange = config->tls.rsa_key_exchange,
        .key = trust_cert_key_type(cert),
    };
    memcpy(context->policy.certificate, trust_cert_sha256(cert), TRUST_SHA256_SIZE);
    int code = context_fill(context, cert, key, previous, err);
    ERR_clear_error();
    if (code != 0) {
        tls_context_free(context);
        return code;
    }
    *out = context;
    return 0;
}

/* The level that the first certificate has shown to be possible stays, unless this one is weaker still. */
int tls_context_add_ecdsa(struct tls_context *context, const struct trust_cert *cert,
                          const struct trust_key *key, struct trust_error *err)
{
    if (context->policy.key != TRUST_KEY_RSA || trust_cert_key_type(cert) != TRUST_KEY_EC)
        return trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                               context->policy.key != TRUST_KEY_RSA
                                   ? "the TVS certificate is no RSA certificate itself"
                                   : "the TVS-ECDSA certificate has no EC key");
    if (!trust_key_matches(key, cert))
        return trust_error_set(err, TRUST_EMISMATCH, TRUST_NO_OFFSET,
                               "the private key is not the one of the TVS-ECDSA certificate");
    struct trust_error local = {0};
    err = err != NULL ? err : &local;
    int code = identity_set(context->ctx, cert, key, SSL_CTX_get_security_level(context->ctx), err);
    const int group = code == 0 ? group_of(context->ctx) : 0;
    if (code == 0 && group == 0)
        code = trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                               "the TVS-ECDSA certificate is on a curve that phones do not know");
    if (code == 0 && !groups_set(context->ctx))
        code = crypto_error(err, "settings");
    ERR_clear_error();
    if (code == 0) {
        context->policy.ecdsa_group = group;
        memcpy(context->policy.ecdsa, trust_cert_sha256(cert), TRUST_SHA256_SIZE);
    }
    return code;
}

void tls_context_free(struct tls_context *context)
{
    if (context == NULL)
        return;
    SSL_CTX_free(context->ctx);
    tls_weaker_free(&context->weaker);
    tls_sessions_free(context->sessions);
    ERR_clear_error(); /* it allocates, to look for sessions that it has none of */
    free(context);
}
