/* Hostile clients that ask as phones do, but only what costs more to answer than to ask: as many requests as
 * fit in each record, and the next record before the last one is answered. */
#include "hostile.h"
#include "trust.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_MAX  16384
#define REQUEST_MAX 1100
#define RECORDS     200 /* on one connection: the phone is not to live on the pauses between two */

#define FIVE(text) text text text text text

/* 125 attributes, which are to be sorted. Each value could be DER in hex, and only decoding it shows that it
 * is none. */
static const char issuer[] = FIVE(FIVE(FIVE("a=#3030;")));

#define SERIAL_AT   6
#define SERIAL_SIZE 8

/* A certificate without names and signature. Its key is a point of secp224r1 of which x alone is given: y is
 * a square root modulo the prime, and that prime is one where it takes long. */
static const uint8_t compressed[] = {
    0x30, 0x7f, 0x30, 0x6e, 0x02, 0x08, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x30, 0x0a, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x30, 0x00, 0x30, 0x1e, 0x17, 0x0d, 0x32, 0x35,
    0x30, 0x31, 0x30, 0x31, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x5a, 0x17, 0x0d, 0x33, 0x35, 0x30, 0x31,
    0x30, 0x31, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x5a, 0x30, 0x00, 0x30, 0x32, 0x30, 0x10, 0x06, 0x07,
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x21, 0x03, 0x1e, 0x00,
    0x02, 0xb7, 0x0e, 0x0c, 0xbd, 0x6b, 0xb4, 0xbf, 0x7f, 0x32, 0x13, 0x90, 0xb9, 0x4a, 0x03, 0xc1, 0xd3,
    0x56, 0xc2, 0x11, 0x22, 0x34, 0x32, 0x80, 0xd6, 0x11, 0x5c, 0x1d, 0x21, 0x30, 0x0a, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x03, 0x01, 0x00};

/* The same with an RSA key that is none: OpenSSL tries more than once. */
static const uint8_t undecodable[] = {
    0x30, 0x61, 0x30, 0x50, 0x02, 0x08, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x30, 0x0a, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x30, 0x00, 0x30, 0x1e, 0x17, 0x0d, 0x32, 0x35,
    0x30, 0x31, 0x30, 0x31, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x5a, 0x17, 0x0d, 0x33, 0x35, 0x30, 0x31,
    0x30, 0x31, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x5a, 0x30, 0x00, 0x30, 0x14, 0x30, 0x0d, 0x06, 0x09,
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x03, 0x00, 0x30, 0x30, 0x30,
    0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x03, 0x01, 0x00};

struct dialog {
    SSL *ssl;
    struct trust_cert *known; /* what the phone asks about */
    uint32_t asked, answered; /* how many: each request's session is its number */
    uint8_t bytes[sizeof compressed];
};

/* What is asked next. It may point into bytes. */
typedef void dialog_choose(struct dialog *dialog, struct trust_request *request);

static struct trust_cert *known_certificate(void)
{
    struct trust_request request;
    struct trust_cert *known;
    if (trust_request_decode((struct trust_bytes){plan.request, plan.request_len}, &request, NULL) != 0 ||
        trust_cert_from_der(request.certificate, &known, NULL) != 0)
        hostile_die("the phone's request holds no certificate");
    return known;
}

/* The daemon comes as far as the key, and finds that. */
static bool has_key(const uint8_t *der, size_t len, enum trust_key_type type)
{
    struct trust_cert *cert;
    if (trust_cert_from_der((struct trust_bytes){der, len}, &cert, NULL) != 0)
        return false;
    const bool has = trust_cert_key_type(cert) == type;
    trust_cert_free(cert);
    return has;
}

/* By a known serial number and by another in turn, of an issuer who has neither. */
static void choose_query(struct dialog *dialog, struct trust_request *request)
{
    request->type = TRUST_MSG_QUERY_REQ;
    request->issuer = (struct trust_bytes){(const uint8_t *)issuer, sizeof issuer - 1};
    request->serial = trust_cert_serial(dialog->known);
    if (dialog->asked % 2 == 0)
        return;
    RAND_bytes(dialog->bytes, SERIAL_SIZE);
    request->serial = (struct trust_bytes){dialog->bytes, SERIAL_SIZE};
}

/* Never one that was asked about before. The number's first byte stays: it is positive, and its length the
 * same. */
static void choose_certificate(struct dialog *dialog, struct trust_request *request)
{
    const bool is_rsa = dialog->asked % 4 == 3;
    const size_t size = is_rsa ? sizeof undecodable : sizeof compressed;
    memcpy(dialog->bytes, is_rsa ? undecodable : compressed, size);
    RAND_bytes(dialog->bytes + SERIAL_AT + 1, SERIAL_SIZE - 1);
    request->type = TRUST_MSG_VERIFY_REQ;
    request->certificate = (struct trust_bytes){dialog->bytes, size};
}

/* As many as fit. */
static bool send_record(struct dialog *dialog, dialog_choose *choose)
{
    uint8_t record[RECORD_MAX];
    size_t len = 0;
    while (len + REQUEST_MAX <= sizeof record) {
        struct trust_request request = {.version = 1, .session = dialog->asked};
        uint8_t *bytes;
        size_t size;
        choose(dialog, &request);
        if (trust_request_encode(&request, &bytes, &size, NULL) != 0 || size > REQUEST_MAX)
            hostile_die("a request");
        memcpy(record + len, bytes, size);
        free(bytes);
        len += size;
        dialog->asked++;
    }
    if (SSL_write(dialog->ssl, record, (int)len) == (int)len)
        return true;
    hostile_complain("who asked was hung up on");
    return false;
}

/* Whether it has come, and is what is due. */
static bool take_answer(struct dialog *dialog)
{
    uint8_t answer[ANSWER_MAX];
    struct trust_response response;
    const size_t len = hostile_answer(dialog->ssl, answer, sizeof answer);
    if (len == 0) {
        hostile_complain("who asked was hung up on, or not answered");
        return false;
    }
    const bool is_due = trust_response_decode((struct trust_bytes){answer, len}, &response, NULL) == 0 &&
                        response.session == dialog->answered && response.status != 0;
    if (!is_due)
        hostile_complain("an answer was not the \"not trusted\" that was due");
    dialog->answered++;
    atomic_fetch_add(&plan.shared->turns, 1);
    return is_due;
}

/* A record is always under way while the one before it is answered. */
static void ask(SSL *ssl, dialog_choose *choose)
{
    struct dialog dialog = {.ssl = ssl, .known = known_certificate()};
    bool goes_on = true;
    for (int i = 0; goes_on && i <= RECORDS; i++) {
        const uint32_t before = dialog.asked;
        goes_on = i == RECORDS || send_record(&dialog, choose);
        while (goes_on && dialog.answered < before)
            goes_on = take_answer(&dialog);
    }
    trust_cert_free(dialog.known);
}

void hostile_ask_queries(SSL *ssl)
{
    struct trust_name *name;
    if (trust_name_parse(issuer, sizeof issuer - 1, &name, NULL) != 0)
        hostile_die("an issuer that is not read to its end");
    trust_name_free(name);
    ask(ssl, choose_query);
}

void hostile_ask_certificates(SSL *ssl)
{
    if (!has_key(compressed, sizeof compressed, TRUST_KEY_EC) ||
        !has_key(undecodable, sizeof undecodable, TRUST_KEY_OTHER))
        hostile_die("a certificate whose key is not looked at");
    ask(ssl, choose_certificate);
}
