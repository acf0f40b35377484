#include "buf.h"
#include "internal.h"
#include "list_tags.h"
#include "signer.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

bool trust_list_is_itl(const struct trust_list *list)
{
    const struct trust_bytes name = list->header.filename;
    return name.len >= 3 && strncasecmp((const char *)name.data, "ITL", 3) == 0;
}

void trust_list_signed_pieces(const struct trust_list *list, struct trust_bytes pieces[2])
{
    const struct trust_element *signature = list_header_element(list, TRUST_HEADER_SIGNATURE);
    struct buf_reader in = buf_reader_of(list->file);
    struct trust_bytes cut;
    assert(signature != NULL);
    bool there = buf_read_bytes(&in, signature->offset, &pieces[0]) &&
                 buf_read_bytes(&in, 3 + signature->value.len, &cut);
    assert(there);
    pieces[1] = buf_rest(&in);
}

/* ---- Who signed */

static bool bytes_equal(struct trust_bytes a, struct trust_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Whether `reversed`, read from its end, is the same number as `serial`: the CTL client writes the serial
 * numbers of eTokens so. */
static bool serial_equal_reversed(struct trust_bytes reversed, struct trust_bytes serial)
{
    serial = serial_trim(serial);
    while (reversed.len > 0 && reversed.data[reversed.len - 1] == 0)
        reversed.len--;
    if (reversed.len != serial.len)
        return false;
    for (size_t i = 0; i < reversed.len; i++) {
        if (reversed.data[reversed.len - 1 - i] != serial.data[i])
            return false;
    }
    return true;
}

/* Parse a name of the file. One that is no name gives *out NULL and no error: it equals none. */
static int parse_name(struct trust_bytes text, struct trust_name **out, struct trust_error *err)
{
    struct trust_error ignored;
    int rc = trust_name_parse((const char *)text.data, text.len, out, &ignored);
    if (rc == TRUST_ENOMEM)
        return trust_error_set(err, rc, TRUST_NO_OFFSET, "out of memory: a name of a list");
    return 0;
}

int list_is_signer(const struct trust_list *list, const struct trust_cert *cert, bool *is,
                   struct trust_error *err)
{
    const struct trust_bytes named = list->header.serial, serial = trust_cert_serial(cert);
    struct trust_name *issuer = NULL;
    *is = false;
    if (!trust_serial_equal(named, serial) && !serial_equal_reversed(named, serial))
        return 0;
    int rc = parse_name(list->header.ca_name, &issuer, err);
    *is = issuer != NULL && trust_name_equal(issuer, trust_cert_issuer(cert));
    trust_name_free(issuer);
    return rc;
}

bool trust_list_signer_is(const struct trust_list *list, const struct trust_cert *cert)
{
    bool is;
    return list_is_signer(list, cert, &is, NULL) == 0 && is;
}

/* Serial number and issuer of the header, made ready once: each may be as long as an element can be, and a
 * list of strangers has records by the ten thousand that want to be compared with them. */
struct signer_search {
    struct trust_bytes serial, ca_name;
    bool is_parsed;
    struct trust_name *issuer; /* NULL: it is no name, or was not parsed yet */
};

/* Whether a record carries the serial number and issuer of the header. */
static int is_signer_record(struct signer_search *search, const struct trust_list_record *record, bool *is,
                            struct trust_error *err)
{
    struct trust_name *issuer = NULL;
    int rc = 0;
    *is = false;
    if (record->certificate.len == 0 || !trust_serial_equal(search->serial, record->serial))
        return 0;
    if (bytes_equal(search->ca_name, record->issuer)) {
        *is = true;
        return 0;
    }
    if (!search->is_parsed)
        rc = parse_name(search->ca_name, &search->issuer, err);
    search->is_parsed = rc == 0;
    if (rc == 0 && search->issuer != NULL)
        rc = parse_name(record->issuer, &issuer, err);
    *is = issuer != NULL && trust_name_equal(search->issuer, issuer);
    trust_name_free(issuer);
    return rc;
}

static int find_signer_record(const struct trust_list *list, const struct trust_list_record **out,
                              struct trust_error *err)
{
    struct signer_search search = {.serial = serial_trim(list->header.serial),
                                   .ca_name = list->header.ca_name};
    int rc = 0;
    *out = NULL;
    for (int security_token = 1; security_token >= 0 && *out == NULL && rc == 0; security_token--) {
        for (size_t i = 0; i < list->record_count && *out == NULL && rc == 0; i++) {
            const struct trust_list_record *record = &list->records[i];
            bool is = false;
            if ((record->function == TRUST_ROLE_SAST) != security_token)
                continue;
            rc = is_signer_record(&search, record, &is, err);
            if (rc == 0 && is)
                *out = record;
        }
    }
    trust_name_free(search.issuer);
    return rc;
}

const struct trust_list_record *trust_list_signer_record(const struct trust_list *list, size_t *index)
{
    const struct trust_list_record *record;
    if (find_signer_record(list, &record, NULL) != 0 || record == NULL)
        return NULL;
    if (index != NULL)
        *index = (size_t)(record - list->records);
    return record;
}

/* ---- What it holds */

static bool is_hash_of(const struct trust_list_record *record, struct trust_bytes der)
{
    uint8_t digest[TRUST_DIGEST_MAX];
    const enum trust_digest algorithm = (enum trust_digest)record->hash_algorithm;
    return record->cert_hash.len > 0 && trust_digest_pieces(algorithm, &der, 1, digest, NULL) == 0 &&
           bytes_equal(record->cert_hash, (struct trust_bytes){digest, trust_digest_size(algorithm)});
}

bool trust_list_holds(const struct trust_list *list, const struct trust_cert *cert)
{
    const struct trust_bytes der = trust_cert_der(cert);
    for (size_t i = 0; list != NULL && i < list->record_count; i++)
        if (bytes_equal(list->records[i].certificate, der) || is_hash_of(&list->records[i], der))
            return true;
    return false;
}

/* ---- Whether it is true */

/* The signer as the header names it, for error texts. */
static int unknown_signer(const struct trust_list *list, const char *why, struct trust_error *err)
{
    char serial[3 * 24], issuer[160];
    struct trust_bytes number = list->header.serial;
    number.len = number.len < 24 ? number.len : 24;
    return trust_error_set(err, TRUST_ESIGNER, list_header_element(list, TRUST_HEADER_SERIALNUMBER)->offset,
                           "signer with serial number %s, issued by \"%s\": %s",
                           trust_hex(number, 0, true, serial),
                           utf8_escape(list->header.ca_name, issuer, sizeof issuer), why);
}

int trust_list_verify(const struct trust_list *list, const struct trust_cert *signer, struct trust_error *err)
{
    const struct trust_element *signature = list_header_element(list, TRUST_HEADER_SIGNATURE);
    const enum trust_digest digest = (enum trust_digest)list->header.digest;
    struct trust_bytes pieces[2];
    bool is;
    int rc = list_is_signer(list, signer, &is, err);
    if (rc != 0)
        return rc;
    if (!is)
        return unknown_signer(list, "the certificate at hand is another one", err);
    if (signer_digest_is_known(digest) && trust_cert_key_type(signer) == TRUST_KEY_RSA &&
        signature->value.len != ((size_t)trust_cert_key_bits(signer) + 7) / 8)
        return trust_error_set(err, TRUST_ELENGTH, signature->offset,
                               "the signature at byte %zu has %zu bytes; one with the signer's key has %d",
                               signature->offset, signature->value.len,
                               (trust_cert_key_bits(signer) + 7) / 8);
    trust_list_signed_pieces(list, pieces);
    return trust_signature_verify(signer, digest, pieces, 2, signature->value, err);
}

int trust_list_verify_self(const struct trust_list *list, struct trust_cert **signer, struct trust_error *err)
{
    struct trust_cert *cert = NULL;
    const struct trust_list_record *record;
    if (signer != NULL)
        *signer = NULL;
    int rc = find_signer_record(list, &record, err);
    if (rc != 0)
        goto out;
    if (record == NULL) {
        rc = unknown_signer(list, "no record holds this certificate", err);
        goto out;
    }
    rc = trust_cert_from_der(record->certificate, &cert, err);
    if (rc != 0) {
        rc = trust_error_prefix(err, rc, "record %zu, which names the signer",
                                (size_t)(record - list->records) + 1);
        goto out;
    }
    rc = trust_list_verify(list, cert, err);
    if (rc == 0 && signer != NULL) {
        *signer = cert;
        cert = NULL;
    }
out:
    trust_cert_free(cert);
    return rc;
}
