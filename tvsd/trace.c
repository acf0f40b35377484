#include "trace.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Client text as "%.*s" takes it; more than this much of it stands in no certificate. */
#define TEXT_MAX    512
#define TEXT(bytes) (int)((bytes).len < TEXT_MAX ? (bytes).len : TEXT_MAX), text_of(bytes)

static const char *text_of(struct trust_bytes bytes)
{
    return bytes.len == 0 ? "" : (const char *)bytes.data;
}

static const char *serial_hex(const struct request_answer *answer, char out[129])
{
    return trust_hex((struct trust_bytes){answer->serial, answer->serial_len}, 0, true, out);
}

/* Published in these words: "Total Acc" is what was accepted, the session one more than what was before it.
 */
void trace_accept(int listener, int fd, unsigned session, const char *address)
{
    if (!log_traces())
        return;
    log_trace("Accepted TCP connection from socket 0x%08x, fd = %d", (unsigned)listener, fd);
    log_trace("%u:UNKNOWN:Got a new ph conn %s on %d, Total Acc = %u..", session, address, fd, session - 1);
}

void trace_handshake(const char *address, const char *cipher)
{
    if (!log_traces())
        return;
    log_trace("%s: tvsSSLHandShake Session ciphers - %s", address, cipher);
    log_trace("TLS HS Done for ph_conn .");
}

static void trace_type(int type)
{
    log_trace("    MsgType               : %s", trust_message_type_name(type));
}

/* A security token of the CTL client, by the names that Cisco gives them. */
static bool is_token_name(struct trust_bytes text, const char *common_name)
{
    struct trust_name *name;
    if (trust_name_parse(text_of(text), text.len, &name, NULL) != 0)
        return false;
    bool is = strncasecmp(trust_name_common_name(name), common_name, strlen(common_name)) == 0;
    trust_name_free(name);
    return is;
}

static bool is_token(const struct trust_request *request)
{
    return is_token_name(request->subject, "SAST-ADN") &&
           (is_token_name(request->issuer, "Cisco Manufacturing CA") ||
            is_token_name(request->issuer, "SAST-ADN"));
}

static void trace_names(const struct trust_request *request)
{
    log_trace("tvsHandleQueryCertReq");
    log_trace("tvsHandleQueryCertReq : Subject Name is: %.*s", TEXT(request->subject));
    log_trace("tvsHandleQueryCertReq : Issuer Name is: %.*s", TEXT(request->issuer));
    if (!is_token(request))
        return;
    log_trace("tvsHandleQueryCertReq :subjectName and issuerName matches for eToken certificate");
    log_trace("tvsHandleQueryCertReq : SAST Issuer Name  is: %.*s", TEXT(request->issuer));
    log_trace("tvsHandleQueryCertReq : This is SAST eToken cert");
}

void trace_request(const struct trust_request *request)
{
    if (!log_traces())
        return;
    trace_type(request->type);
    if (request->type == TRUST_MSG_QUERY_REQ)
        trace_names(request);
}

/* One source was asked for it. */
static void trace_look_up(const struct request_answer *answer, enum request_source source, const char *serial)
{
    int len = (int)answer->issuer_len;
    if (source == REQUEST_SOURCE_STORE)
        log_trace("CertificateDBCache::getCertificateInformation - Looking up the certificate cache using "
                  "Unique MAP ID : %s%.*s",
                  serial, len, answer->issuer);
    else
        log_trace("CertificateCTLCache::getCertificateInformation - Looking up the certificate cache using "
                  "Unique MAP ID : %s%.*s, len : %zu",
                  serial, len, answer->issuer, strlen(serial) + answer->issuer_len);
    if (answer->source != source)
        log_trace("ERROR:%s::getCertificateInformation - Cannot find the certificate in the cache",
                  source == REQUEST_SOURCE_STORE ? "CertificateDBCache" : "CertificateCTLCache");
}

static void trace_verified(const struct request_answer *answer, const char *cache)
{
    bool equal = answer->result != REQUEST_TWIN;
    log_trace("%s::getCertificateInformation - Certificate compare return =%d", cache, equal ? 0 : 1);
    if (equal)
        log_trace("%s::getCertificateInformation - Certificate found and equal", cache);
}

static void trace_queried(const struct request_answer *answer, const char *cache)
{
    const struct trust_entry *entry = answer->entry;
    if (entry == NULL)
        return;
    log_trace("%s::getCertificateInformation - Found entry {rolecount : %d}", cache, entry->roles.count);
    for (unsigned i = 0; i < entry->roles.count; i++)
        log_trace("%s::getCertificateInformation - {role : %d}", cache, entry->roles.code[i]);
    /* CUCM prints a pointer here. Four bytes of the digest have its shape, and tell nobody our addresses. */
    log_trace("convertX509ToDER -x509cert : 0x%02x%02x%02x%02x", entry->sha256[0], entry->sha256[1],
              entry->sha256[2], entry->sha256[3]);
}

static void trace_look_ups(const struct request_answer *answer, bool verifies, const char *serial)
{
    trace_look_up(answer, REQUEST_SOURCE_STORE, serial);
    if (answer->source != REQUEST_SOURCE_STORE)
        trace_look_up(answer, REQUEST_SOURCE_CTL, serial);
    const char *cache = answer->source == REQUEST_SOURCE_CTL ? "CertificateCTLCache" : "CertificateDBCache";
    if (answer->source == REQUEST_SOURCE_NONE)
        log_trace("getCertificateInformation(cert) : certificate not found");
    else if (verifies)
        trace_verified(answer, cache);
    else
        trace_queried(answer, cache);
}

void trace_answer(const struct trust_request *request, const struct request_answer *answer, unsigned session)
{
    char hex[2 * sizeof answer->serial + 1];
    bool verifies = request->type == TRUST_MSG_VERIFY_REQ;
    if (!log_traces())
        return;
    const char *serial = serial_hex(answer, hex);
    if (verifies && answer->serial_len > 0) {
        log_trace("tvsGetIssuerNameFromX509 - issuerName : %.*s and Length: %zu", (int)answer->issuer_len,
                  answer->issuer, answer->issuer_len);
        log_trace("tvsGetSerialNumberFromX509 - serialNumber : %s and Length: %zu", serial,
                  answer->serial_len);
    }
    if (!verifies)
        log_trace("tvsHandleQueryCertReq : Serial Number is: %s", serial);
    if (answer->serial_len > 0)
        trace_look_ups(answer, verifies, serial);
    if (!verifies)
        log_trace("tvsHandleQueryCertReq: Timer started from tvsHandleNewPhConnection");
    log_trace("%u:UNKNOWN:Sending %s msg", session, verifies ? "CERT_VERIF_RES" : "QUERY_CERT_RES");
    trace_type(answer->response.type);
}
