/* The ClientHello: which of the three classes a client belongs to.
 *
 * Called before OpenSSL chooses a version, so what is relaxed here takes effect, on this connection alone. */
#include "tls_internal.h"

#include <openssl/tls1.h>
#include <stdio.h>

#define SIGNATURE_HASH_SHA1 0x02 /* RFC 5246, 7.4.1.4.1; below it MD5 and none */

/* The suites, by the kind of key that they need. tls_context.c has what OpenSSL calls the same suites. */
static const uint16_t suites_tls13[] = {0x1301, 0x1302, 0x1303, 0};
static const uint16_t suites_ecdhe_rsa[] = {0xc02f, 0xc030, 0xcca8, 0};
static const uint16_t suites_ecdhe_ecdsa[] = {0xc02b, 0xc02c, 0xcca9, 0};
static const uint16_t suites_rsa[] = {0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035, 0};
static const uint16_t suites_legacy[] = {0x002f, 0x0035, 0};
#define SUITE_FALLBACK 0x5600 /* RFC 7507 */

/* RFC 8446, 4.2.3: ecdsa_secp256r1_sha256 and so on, which TLS 1.2 reads as ECDSA with that hash. */
#define SIGNATURE_ECDSA       0x03
#define SIGNATURE_HASH_SHA256 0x04
#define SIGNATURE_HASH_SHA512 0x06

#define GROUP_P256   23
#define GROUP_X25519 29

struct hello {
    int newest;                          /* version offered, 0 if it is none that we know */
    bool tls13;                          /* a TLS 1.3 suite */
    bool ecdhe;                          /* an ECDHE-AEAD suite for our kind of key, and a group of ours */
    bool ecdsa;                          /* the same for the further, EC certificate, its curve and ECDSA */
    bool no_group;                       /* its groups alone keep it from ECDHE */
    bool ec_suites;                      /* ECDHE-AEAD suites for EC certificates, whatever we have */
    bool rsa;                            /* RSA key exchange with AES, and we have such a key */
    bool legacy;                         /* the same with what TLS 1.0 has */
    bool no_signatures, weak_signatures; /* the signature algorithms: none named; SHA-1 and worse alone */
    bool fallback;                       /* the client tried something newer before */
};

static int number(const unsigned char *at)
{
    return at[0] << 8 | at[1];
}

/* GREASE (RFC 8701) stands for unknown values: to be ignored. */
static bool is_grease(int value)
{
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

static bool is_in(int suite, const uint16_t *list)
{
    while (*list != 0)
        if (*list++ == suite)
            return true;
    return false;
}

/* The list of 16-bit numbers inside an extension, behind a length of prefix bytes. Malformed lists count as
 * absent; OpenSSL refuses them a moment later. */
static bool extension_list(SSL *ssl, unsigned type, size_t prefix, const unsigned char **list, size_t *count)
{
    const unsigned char *data;
    size_t len;
    if (SSL_client_hello_get0_ext(ssl, type, &data, &len) != 1 || len < prefix)
        return false;
    size_t inside = prefix == 1 ? data[0] : (size_t)number(data);
    if (inside != len - prefix || inside % 2 != 0)
        return false;
    *list = data + prefix;
    *count = inside / 2;
    return true;
}

static int newest_version(SSL *ssl)
{
    const unsigned char *list;
    size_t count;
    int newest = 0;
    if (!extension_list(ssl, TLSEXT_TYPE_supported_versions, 1, &list, &count)) {
        /* RFC 8446, 4.2.1: without the extension nothing above 1.2 is meant. */
        int version = (int)SSL_client_hello_get0_legacy_version(ssl);
        return version > TLS1_2_VERSION ? TLS1_2_VERSION : version;
    }
    for (size_t i = 0; i < count; i++) {
        int version = number(list + 2 * i);
        if (!is_grease(version) && version <= TLS1_3_VERSION && version > newest)
            newest = version;
    }
    return newest;
}

static void read_suites(SSL *ssl, const struct tls_policy *policy, struct hello *hello)
{
    const enum trust_key_type key = policy->key;
    const unsigned char *suites;
    size_t len = SSL_client_hello_get0_ciphers(ssl, &suites);
    size_t size = SSL_client_hello_isv2(ssl) ? 3 : 2; /* RFC 5246, E.2 */
    for (size_t at = 0; at + size <= len; at += size) {
        if (size == 3 && suites[at] != 0)
            continue;
        int suite = number(suites + at + size - 2);
        hello->tls13 |= is_in(suite, suites_tls13);
        hello->ecdhe |= is_in(suite, key == TRUST_KEY_RSA ? suites_ecdhe_rsa : suites_ecdhe_ecdsa);
        hello->ecdsa |= policy->ecdsa_group != 0 && is_in(suite, suites_ecdhe_ecdsa);
        hello->ec_suites |= is_in(suite, suites_ecdhe_ecdsa);
        hello->rsa |= key == TRUST_KEY_RSA && is_in(suite, suites_rsa);
        hello->legacy |= key == TRUST_KEY_RSA && is_in(suite, suites_legacy);
        hello->fallback |= suite == SUITE_FALLBACK;
    }
}

/* Without the extension the server is free in its choice (RFC 8422, 4). */
static void read_groups(SSL *ssl, const struct tls_policy *policy, struct hello *hello)
{
    const unsigned char *list;
    size_t count;
    bool shared = false, curve = false;
    if (!extension_list(ssl, TLSEXT_TYPE_supported_groups, 2, &list, &count))
        return;
    for (size_t i = 0; i < count; i++) {
        const int group = number(list + 2 * i);
        shared |= group == GROUP_P256 || group == GROUP_X25519;
        curve |= group == policy->ecdsa_group;
    }
    hello->no_group = hello->ecdhe && !shared;
    hello->ecdhe &= shared;
    hello->ecdsa &= curve;
}

/* Without the extension a client means SHA-1 (RFC 5246, 7.4.1.4.1): good enough where nothing is signed. */
static void read_signatures(SSL *ssl, struct hello *hello)
{
    const unsigned char *list;
    size_t count;
    bool ecdsa = false;
    hello->no_signatures = !extension_list(ssl, TLSEXT_TYPE_signature_algorithms, 2, &list, &count);
    hello->weak_signatures = !hello->no_signatures;
    for (size_t i = 0; !hello->no_signatures && i < count; i++) {
        const unsigned char hash = list[2 * i], kind = list[2 * i + 1];
        if (!is_grease(number(list + 2 * i)) && hash > SIGNATURE_HASH_SHA1)
            hello->weak_signatures = false;
        ecdsa |= kind == SIGNATURE_ECDSA && hash >= SIGNATURE_HASH_SHA256 && hash <= SIGNATURE_HASH_SHA512;
    }
    hello->ecdsa &= ecdsa;
}

static void read_hello(SSL *ssl, const struct tls_policy *policy, struct hello *hello)
{
    *hello = (struct hello){.newest = newest_version(ssl)};
    read_suites(ssl, policy, hello);
    read_groups(ssl, policy, hello);
    read_signatures(ssl, hello);
    hello->ecdhe |= hello->ecdsa;
}

static int refuse(struct tls *tls, int *alert, int with, enum tls_failure failure, const char *detail)
{
    tls->failure = failure;
    snprintf(tls->detail, sizeof tls->detail, "%s", detail);
    *alert = with;
    return SSL_CLIENT_HELLO_ERROR;
}

static int refuse_version(struct tls *tls, int *alert, const struct hello *hello)
{
    tls->offered = hello->newest < TLS1_VERSION ? SSL3_VERSION : hello->newest;
    return refuse(tls, alert, SSL_AD_PROTOCOL_VERSION, TLS_FAILURE_VERSION, "");
}

/* What cannot be set is out of memory: the lists are literals. */
static int admit(struct tls *tls, int *alert, enum tls_class class, bool set)
{
    if (!set)
        return refuse(tls, alert, SSL_AD_INTERNAL_ERROR, TLS_FAILURE_MEMORY, "");
    tls->class = class;
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* Who offers 1.3 without a suite of ours must not be given 1.3. To all others it stays allowed, so that a
 * client that was pushed down can tell (RFC 8446, 4.1.3). */
static bool set_newest(struct tls *tls, const struct hello *hello)
{
    return hello->newest < TLS1_3_VERSION || SSL_set_max_proto_version(tls->ssl, TLS1_2_VERSION) == 1;
}

/* TLS 1.0 and 1.1: OpenSSL 3 does them at level 0 only. */
static int admit_legacy(struct tls *tls, int *alert, const struct hello *hello)
{
    int minimum = tls->policy.minimum == CONFIG_TLS_1_0 ? TLS1_VERSION : TLS1_1_VERSION;
    if (hello->newest < minimum || tls->policy.minimum > CONFIG_TLS_1_1)
        return refuse_version(tls, alert, hello);
    if (!hello->legacy)
        return refuse(tls, alert, SSL_AD_HANDSHAKE_FAILURE, TLS_FAILURE_CIPHER,
                      tls->policy.key == TRUST_KEY_RSA
                          ? "below TLS 1.2 it takes AES256-SHA or AES128-SHA, and it offers neither"
                          : "below TLS 1.2 it takes an RSA certificate, and the server has none");
    return admit(tls, alert, TLS_CLASS_LEGACY,
                 SSL_set_SSL_CTX(tls->ssl, tls->weaker.legacy) != NULL &&
                     SSL_set_min_proto_version(tls->ssl, minimum) == 1);
}

/* TLS 1.2 with RSA key exchange: nothing is signed, so level 0 and SHA-1 weaken nothing; a hello without
 * signature algorithms needs both. */
static int admit_rsa(struct tls *tls, int *alert, const struct hello *hello)
{
    if (!tls->policy.rsa_key_exchange)
        return refuse(tls, alert, SSL_AD_HANDSHAKE_FAILURE, TLS_FAILURE_RSA_KEY_EXCHANGE, "");
    return admit(tls, alert, TLS_CLASS_RSA,
                 SSL_set_SSL_CTX(tls->ssl, tls->weaker.rsa) != NULL && set_newest(tls, hello));
}

static const char *missing_suite(const struct tls *tls, const struct hello *hello)
{
    if (hello->no_group)
        return "ECDHE, but on neither of the curves X25519 and P-256";
    if (tls->policy.key != TRUST_KEY_RSA)
        return "no ECDHE-ECDSA with AES-GCM or ChaCha20, which the server's EC certificate needs";
    return hello->ec_suites ? "ECDHE for an EC certificate alone, and the server has none for it"
                            : "neither ECDHE with AES-GCM or ChaCha20, nor RSA key exchange with AES";
}

int tls_hello(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    struct tls *tls = SSL_get_app_data(ssl);
    struct hello hello;
    read_hello(ssl, &tls->policy, &hello);
    if (hello.fallback && hello.newest < TLS1_3_VERSION)
        return refuse(tls, alert, SSL_AD_INAPPROPRIATE_FALLBACK, TLS_FAILURE_FALLBACK, "");
    if (hello.newest < TLS1_2_VERSION)
        return admit_legacy(tls, alert, &hello);
    if (hello.newest < TLS1_3_VERSION && tls->policy.minimum == CONFIG_TLS_1_3)
        return refuse_version(tls, alert, &hello);
    if (hello.weak_signatures)
        return refuse(tls, alert, SSL_AD_HANDSHAKE_FAILURE, TLS_FAILURE_SIGNATURE,
                      "nothing stronger than SHA-1");
    if (hello.newest == TLS1_3_VERSION && hello.tls13)
        return admit(tls, alert, TLS_CLASS_STRICT, true);
    if (tls->policy.minimum == CONFIG_TLS_1_3)
        return refuse(tls, alert, SSL_AD_HANDSHAKE_FAILURE, TLS_FAILURE_CIPHER,
                      "it offers TLS 1.3 without a suite of it that is allowed");
    if (hello.ecdhe && !hello.no_signatures)
        return admit(tls, alert, TLS_CLASS_STRICT, set_newest(tls, &hello));
    if (hello.rsa)
        return admit_rsa(tls, alert, &hello);
    if (hello.ecdhe)
        return refuse(tls, alert, SSL_AD_HANDSHAKE_FAILURE, TLS_FAILURE_SIGNATURE,
                      "it names no signature algorithm, which means SHA-1");
    return refuse(tls, alert, SSL_AD_HANDSHAKE_FAILURE, TLS_FAILURE_CIPHER, missing_suite(tls, &hello));
}
