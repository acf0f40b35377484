/* Records that carry nothing for us. What OpenSSL does not bound by itself (handshakes after the first, key
 * updates) is counted as it passes; warnings and empty records it bounds. */
#include "tls_internal.h"

#include <stdio.h>
#include <string.h>

/* Phones send none. RFC 8446, section 5.5 has one for 24 million records. */
#define KEY_UPDATES_MAX 32

/* As if the client had said goodbye: then OpenSSL throws this record away, and stops. */
static void note_abuse(struct tls *tls, enum tls_failure failure)
{
    tls->abuse = failure;
    SSL_set_shutdown(tls->ssl, SSL_RECEIVED_SHUTDOWN);
}

/* After the handshake. type: as the record's header has it or, in TLS 1.3, where all look alike, what was
 * sealed in it. */
static void count_handshake_record(struct tls *tls, int type)
{
    if (type == SSL3_RT_INNER_CONTENT_TYPE && ++tls->key_updates > KEY_UPDATES_MAX)
        note_abuse(tls, TLS_FAILURE_FLOOD);
    else if (type == SSL3_RT_HEADER && SSL_version(tls->ssl) < TLS1_3_VERSION)
        note_abuse(tls, TLS_FAILURE_RENEGOTIATION); /* a client has nothing else to say */
}

void tls_record_seen(int sent, int version, int type, const void *bytes, size_t len, SSL *ssl, void *arg)
{
    struct tls *tls = SSL_get_app_data(ssl);
    (void)version, (void)arg;
    if (sent == 0 && (type == SSL3_RT_HEADER || type == SSL3_RT_INNER_CONTENT_TYPE) && len > 0 &&
        *(const uint8_t *)bytes == SSL3_RT_HANDSHAKE && SSL_is_init_finished(ssl))
        count_handshake_record(tls, type);
}

enum tls_step tls_records_judge(struct tls *tls, enum tls_step step)
{
    if (tls->abuse == TLS_FAILURE_NONE)
        return step;
    tls->broken = true;
    tls->failure = tls->abuse;
    snprintf(tls->detail, sizeof tls->detail, "%s",
             tls->abuse == TLS_FAILURE_RENEGOTIATION ? "it wanted to renegotiate" : "too many key updates");
    return TLS_STEP_FAILED;
}
