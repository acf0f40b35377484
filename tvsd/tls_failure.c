/* Why a connection's TLS failed: OpenSSL's error queue in the words of the closed enum. */
#include "tls_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *sentence, *setting;
} failures[TLS_FAILURE_COUNT] = {
#define X(constant, name, sentence, setting) [TLS_FAILURE_##constant] = {name, sentence, setting},
    TLS_FAILURES(X)
#undef X
};

static const struct {
    int reason;
    enum tls_failure failure;
} reasons[] = {
    {SSL_R_HTTP_REQUEST, TLS_FAILURE_PLAIN_HTTP},
    {SSL_R_HTTPS_PROXY_REQUEST, TLS_FAILURE_PLAIN_HTTP},
    {SSL_R_UNSUPPORTED_PROTOCOL, TLS_FAILURE_VERSION},
    {SSL_R_VERSION_TOO_LOW, TLS_FAILURE_VERSION},
    {SSL_R_VERSION_TOO_HIGH, TLS_FAILURE_VERSION},
    {SSL_R_INAPPROPRIATE_FALLBACK, TLS_FAILURE_FALLBACK},
    {SSL_R_NO_SHARED_CIPHER, TLS_FAILURE_CIPHER},
    {SSL_R_NO_SUITABLE_KEY_SHARE, TLS_FAILURE_CIPHER},
    {SSL_R_NO_SHARED_GROUPS, TLS_FAILURE_CIPHER},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, TLS_FAILURE_SIGNATURE},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, TLS_FAILURE_SIGNATURE},
    {SSL_R_WRONG_SIGNATURE_TYPE, TLS_FAILURE_SIGNATURE},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, TLS_FAILURE_ABANDONED},
    {SSL_R_TOO_MANY_WARN_ALERTS, TLS_FAILURE_FLOOD},
};

/* Before a ClientHello was seen, these say that the bytes were no TLS at all. */
static const int strange_reasons[] = {
    SSL_R_WRONG_VERSION_NUMBER,   SSL_R_UNKNOWN_PROTOCOL,          SSL_R_BAD_RECORD_TYPE,
    SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_DATA_LENGTH_TOO_LONG,      SSL_R_UNEXPECTED_MESSAGE,
    SSL_R_RECORD_LENGTH_MISMATCH, SSL_R_ENCRYPTED_LENGTH_TOO_LONG, SSL_R_RECORD_TOO_SMALL,
    SSL_R_UNEXPECTED_RECORD,
};

/* NONE: this entry of the queue says nothing. */
static enum tls_failure failure_of(const struct tls *tls, unsigned long code)
{
    int reason = ERR_GET_REASON(code);
    if (reason == ERR_R_MALLOC_FAILURE)
        return TLS_FAILURE_MEMORY;
    if (ERR_GET_LIB(code) != ERR_LIB_SSL)
        return TLS_FAILURE_NONE;
    if (reason > SSL_AD_REASON_OFFSET)
        return TLS_FAILURE_ALERT;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].reason == reason)
            return reasons[i].failure;
    if (tls->class == TLS_CLASS_UNKNOWN)
        for (size_t i = 0; i < sizeof strange_reasons / sizeof strange_reasons[0]; i++)
            if (strange_reasons[i] == reason)
                return TLS_FAILURE_NOT_TLS;
    /* Behind a ClientHello, it is what OpenSSL says of too many empty records. */
    return reason == SSL_R_RECORD_TOO_SMALL ? TLS_FAILURE_FLOOD : TLS_FAILURE_NONE;
}

static void detail_set(struct tls *tls, unsigned long code)
{
    const char *words = ERR_reason_error_string(code);
    if (tls->failure == TLS_FAILURE_ALERT) {
        tls->alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;
        words = SSL_alert_desc_string_long(tls->alert);
    }
    snprintf(tls->detail, sizeof tls->detail, "%s", words != NULL ? words : "");
}

void tls_failure_note(struct tls *tls)
{
    unsigned long code, first = 0;
    while ((code = ERR_get_error()) != 0) {
        if (first == 0)
            first = code;
        if (tls->failure == TLS_FAILURE_NONE && (tls->failure = failure_of(tls, code)) != TLS_FAILURE_NONE)
            detail_set(tls, code);
    }
    if (tls->failure == TLS_FAILURE_NONE) {
        tls->failure = TLS_FAILURE_PROTOCOL;
        detail_set(tls, first);
    }
}

#define LONG_MS  100 /* nobody waits so long for a server that is not busy */
#define NO_ALERT 0   /* close_notify, which is no failure */

/* RFC 5280, 4.1.2.2: no serial number is longer. */
#define SERIAL_SHOWN 20

static const char *own_serial(const struct tls *tls, char out[2 * SERIAL_SHOWN + 1])
{
    const X509 *cert = SSL_get_certificate(tls->ssl);
    const ASN1_INTEGER *serial = cert != NULL ? X509_get0_serialNumber(cert) : NULL;
    struct trust_bytes bytes = {0};
    if (serial != NULL)
        bytes = (struct trust_bytes){ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)};
    if (bytes.len > SERIAL_SHOWN)
        bytes.len = SERIAL_SHOWN;
    return trust_hex(bytes, 0, true, out);
}

static const char *version_digits(int version)
{
    return version == TLS1_2_VERSION ? "1.2" : version == TLS1_1_VERSION ? "1.1" : "1.0";
}

/* What has nothing to do with our certificate. false: it may have. */
static bool settings_remedy(const struct tls *tls, char *out, size_t size)
{
    static const char change[] =
        "if it is one of yours: %s: %s in tvsd.yaml, and `tvsctl utils service reload`";
    switch (tls->failure) {
    case TLS_FAILURE_NOT_TLS:
    case TLS_FAILURE_PLAIN_HTTP:
        snprintf(out, size, "no phone does that: see what runs at that address");
        return true;
    case TLS_FAILURE_VERSION:
        if (tls->offered >= TLS1_VERSION)
            snprintf(out, size, change, tls_failure_setting(tls->failure), version_digits(tls->offered));
        return true;
    case TLS_FAILURE_RSA_KEY_EXCHANGE:
        snprintf(out, size, change, tls_failure_setting(tls->failure), "true");
        return true;
    default:
        return false;
    }
}

/* TLS 1.2 and before: the client sent its key, which it does for none but a certificate that it takes.
 * TLS 1.3 has no such message. */
static bool has_taken_certificate(const struct tls *tls)
{
    switch (SSL_get_state(tls->ssl)) {
    case TLS_ST_SR_KEY_EXCH:
    case TLS_ST_SR_CERT_VRFY:
    case TLS_ST_SR_CHANGE:
    case TLS_ST_SR_FINISHED:
    case TLS_ST_SW_SESSION_TICKET:
    case TLS_ST_SW_CHANGE:
    case TLS_ST_SW_FINISHED:
        return SSL_version(tls->ssl) < TLS1_3_VERSION;
    default:
        return false;
    }
}

char *tls_failure_remedy(const struct tls *tls, int64_t delay, char *out, size_t size)
{
    char serial[2 * SERIAL_SHOWN + 1];
    char if_that_is_it[100] = "";
    *out = '\0';
    if (settings_remedy(tls, out, size))
        return out;
    switch (tls->alert) {
    case NO_ALERT:
        /* Some phones that do not know our certificate just go. */
        if (tls->class == TLS_CLASS_UNKNOWN || has_taken_certificate(tls) ||
            (tls->failure != TLS_FAILURE_ABANDONED && tls->failure != TLS_FAILURE_RESET))
            break;
        snprintf(if_that_is_it, sizeof if_that_is_it, "perhaps ");
        if (delay >= LONG_MS)
            snprintf(if_that_is_it, sizeof if_that_is_it,
                     "it waited %" PRId64 " ms for us, perhaps too long for it (server.workers); else ",
                     delay);
        /* fallthrough */
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
        snprintf(
            out, size,
            "%sits lists do not hold the TVS certificate with serial number %s: give it an ITL that does "
            "(`tvsctl utils itl update`)",
            if_that_is_it, own_serial(tls, serial));
        break;
    case SSL_AD_CERTIFICATE_EXPIRED:
        snprintf(out, size, "the TVS certificate with serial number %s has expired, or its clock is wrong",
                 own_serial(tls, serial));
        break;
    default:
        break;
    }
    return out;
}

enum tls_failure tls_failure(const struct tls *tls)
{
    return tls->failure;
}

const char *tls_failure_detail(const struct tls *tls)
{
    return tls->detail;
}

const char *tls_failure_name(enum tls_failure failure)
{
    return failures[failure].name;
}

static const char *version_name(int version)
{
    switch (version) {
    case TLS1_2_VERSION:
        return "TLS 1.2";
    case TLS1_1_VERSION:
        return "TLS 1.1";
    case TLS1_VERSION:
        return "TLS 1.0";
    default:
        return "SSL 3.0 or older";
    }
}

char *tls_failure_sentence(const struct tls *tls, char *out, size_t size)
{
    static const char *const minimum[] = {[CONFIG_TLS_1_0] = "1.0",
                                          [CONFIG_TLS_1_1] = "1.1",
                                          [CONFIG_TLS_1_2] = "1.2",
                                          [CONFIG_TLS_1_3] = "1.3"};
    if (tls->failure == TLS_FAILURE_VERSION && tls->offered != 0)
        snprintf(out, size, "offered %s only; tls.minimum is %s: the phone shows 'Host not found'",
                 version_name(tls->offered), minimum[tls->policy.minimum]);
    else
        snprintf(out, size, "%s%s%s", failures[tls->failure].sentence, tls->detail[0] == '\0' ? "" : ": ",
                 tls->detail);
    return out;
}

const char *tls_failure_families(const struct tls *tls)
{
    return tls->offered == TLS1_VERSION ? "79xx, 69xx, 89xx or 99xx" : NULL;
}

const char *tls_failure_setting(enum tls_failure failure)
{
    return failures[failure].setting;
}
