#include "buf.h"
#include "internal.h"
#include "list_tags.h"
#include "signer.h"

#include <stdlib.h>
#include <string.h>

#define PART_MAX 65535

/* ---- Elements */

/* Open an element whose length is not known yet; close_element writes it. */
static size_t open_element(struct buf_writer *out, uint8_t tag)
{
    buf_write_u8(out, tag);
    const size_t at = out->len;
    buf_write_u16(out, 0);
    return at;
}

static void close_element(struct buf_writer *out, size_t at)
{
    buf_patch_u16(out, at, out->len - at - 2);
}

static void put_bytes(struct buf_writer *out, uint8_t tag, struct trust_bytes value)
{
    const size_t at = open_element(out, tag);
    buf_write_bytes(out, value);
    close_element(out, at);
}

/* Text and its NUL, which the length counts. */
static void put_text(struct buf_writer *out, uint8_t tag, const char *text)
{
    const size_t at = open_element(out, tag);
    buf_write_text(out, text);
    buf_write_u8(out, 0);
    close_element(out, at);
}

static void put_u8(struct buf_writer *out, uint8_t tag, uint8_t value)
{
    put_bytes(out, tag, (struct trust_bytes){&value, 1});
}

static void put_u16(struct buf_writer *out, uint8_t tag, uint16_t value)
{
    buf_write_u8(out, tag);
    buf_write_u16(out, 2);
    buf_write_u16(out, value);
}

/* A writer that has failed, in words that name the part. */
static int part_failed(const struct buf_writer *out, const char *what, struct trust_error *err)
{
    if (out->failed == TRUST_ETOOLARGE)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                               "%s does not fit: an element or the whole of it has over %d bytes", what,
                               PART_MAX);
    return trust_error_set(err, out->failed, TRUST_NO_OFFSET, "out of memory: %s", what);
}

/* ---- Records */

static int check_record(const struct trust_record_spec *spec, struct trust_error *err)
{
    switch (spec->form) {
    case TRUST_RECORD_WHOLE:
    case TRUST_RECORD_CLIENT:
    case TRUST_RECORD_HASH:
        if (spec->cert == NULL)
            return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "it needs a certificate");
        if (spec->form == TRUST_RECORD_HASH && !signer_digest_is_known(spec->hash))
            return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                                   "no record carries a hash of kind %d", (int)spec->hash);
        return 0;
    case TRUST_RECORD_HOLLOW:
    case TRUST_RECORD_BLANK:
        return 0;
    default:
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "there is no form %d", (int)spec->form);
    }
}

/* Names and key: tags 3 to 7, with the function between them as CUCM writes it. */
static void put_identity(struct buf_writer *out, const struct trust_record_spec *spec)
{
    const struct trust_cert *cert = spec->cert;
    put_text(out, TRUST_RECORD_SUBJECTNAME,
             spec->subject != NULL ? spec->subject : trust_name_cucm(trust_cert_subject(cert)));
    put_u16(out, TRUST_RECORD_FUNCTION, spec->function);
    put_text(out, TRUST_RECORD_ISSUERNAME,
             spec->issuer != NULL ? spec->issuer : trust_name_cucm(trust_cert_issuer(cert)));
    put_bytes(out, TRUST_RECORD_SERIALNUMBER,
              spec->serial.data != NULL ? spec->serial : trust_cert_serial(cert));
    put_bytes(out, TRUST_RECORD_PUBLICKEY, trust_cert_public_key(cert));
}

static int put_hash(struct buf_writer *out, const struct trust_record_spec *spec, struct trust_error *err)
{
    uint8_t hash[TRUST_DIGEST_MAX];
    const struct trust_bytes der = trust_cert_der(spec->cert);
    int rc = trust_digest_pieces(spec->hash, &der, 1, hash, err);
    if (rc != 0)
        return rc;
    put_bytes(out, TRUST_RECORD_CERTHASH, (struct trust_bytes){hash, trust_digest_size(spec->hash)});
    put_u8(out, TRUST_RECORD_HASHALGORITHM, (uint8_t)spec->hash);
    return 0;
}

static int put_record(struct buf_writer *out, const struct trust_record_spec *spec, struct trust_error *err)
{
    int rc = check_record(spec, err);
    if (rc != 0)
        return rc;
    const bool identity = spec->form != TRUST_RECORD_HOLLOW && spec->form != TRUST_RECORD_BLANK;
    const bool blank = spec->form == TRUST_RECORD_BLANK;
    const size_t start = out->len;
    put_u16(out, TRUST_RECORD_LENGTH, 0);
    put_text(out, TRUST_RECORD_DNSNAME, spec->dns_name != NULL && !blank ? spec->dns_name : "");
    if (identity)
        put_identity(out, spec);
    else
        put_u16(out, TRUST_RECORD_FUNCTION, spec->function);
    if (identity && spec->form != TRUST_RECORD_CLIENT)
        put_bytes(out, TRUST_RECORD_SIGNATURE, trust_cert_signature(spec->cert));
    if (spec->form == TRUST_RECORD_HASH)
        rc = put_hash(out, spec, err);
    else if (identity)
        put_bytes(out, TRUST_RECORD_CERTIFICATE, trust_cert_der(spec->cert));
    if (spec->address != NULL && spec->form != TRUST_RECORD_HASH && !blank)
        put_bytes(out, TRUST_RECORD_IPADDRESS, (struct trust_bytes){spec->address, 4});
    buf_patch_u16(out, start + 3, out->len - start);
    return rc;
}

/* ---- Header */

static int check_header(const struct trust_header_spec *spec, struct trust_error *err)
{
    if (spec->filename == NULL || spec->filename[0] == '\0')
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "header: it needs a file name");
    if (spec->timestamp < 0 || (uint64_t)spec->timestamp > UINT32_MAX)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "header: the time does not fit into 32 bits since 1970");
    if (!signer_digest_is_known(spec->digest))
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "header: digest %d is none that files are signed with", (int)spec->digest);
    return 0;
}

/* Tags 4, 5 and 6 behind the length that measures them, in CUCM's order. */
static void put_signer(struct buf_writer *out, const struct trust_header_spec *spec,
                       const struct trust_cert *cert)
{
    const size_t at = open_element(out, TRUST_HEADER_SIGNERID);
    put_text(out, TRUST_HEADER_SIGNERNAME,
             spec->signer_name != NULL ? spec->signer_name : trust_name_cucm(trust_cert_subject(cert)));
    put_bytes(out, TRUST_HEADER_SERIALNUMBER,
              spec->serial.data != NULL ? spec->serial : trust_cert_serial(cert));
    put_text(out, TRUST_HEADER_CANAME,
             spec->ca_name != NULL ? spec->ca_name : trust_name_cucm(trust_cert_issuer(cert)));
    close_element(out, at);
}

static void put_signature_info(struct buf_writer *out, enum trust_digest digest, size_t signature_size)
{
    const size_t info = open_element(out, TRUST_HEADER_SIGNATUREINFO);
    put_u8(out, TRUST_HEADER_DIGEST, (uint8_t)digest);
    const size_t algorithm = open_element(out, TRUST_HEADER_ALGOINFO);
    put_u8(out, TRUST_HEADER_ALGORITHM, 0);
    put_u8(out, TRUST_HEADER_MODULUS, (uint8_t)signer_modulus_code(signature_size));
    close_element(out, algorithm);
    close_element(out, info);
}

/* A file in the making: what stands before the signature element and what stands behind it, which is also
 * what the signature covers. */
struct draft {
    struct buf_writer before, behind;
    struct trust_signer *signer;
    enum trust_digest digest;
    size_t signature_size;
    size_t max;
};

static void draft_init(struct draft *draft, const struct trust_header_spec *spec, struct trust_signer *signer,
                       size_t max)
{
    buf_writer_init(&draft->before, max);
    buf_writer_init(&draft->behind, max);
    draft->signer = signer;
    draft->digest = spec->digest;
    draft->signature_size = (size_t)trust_cert_key_bits(trust_signer_cert(signer)) / 8;
    draft->max = max;
}

static int put_header(struct draft *draft, const struct trust_header_spec *spec, struct trust_error *err)
{
    struct buf_writer *before = &draft->before, *behind = &draft->behind;
    int rc = check_header(spec, err);
    if (rc != 0)
        return rc;
    put_u16(before, TRUST_HEADER_VERSION, (uint16_t)(1 << 8 | spec->minor));
    put_u16(before, TRUST_HEADER_LENGTH, 0);
    const size_t length_at = before->len - 2;
    if (spec->signer_version)
        put_u16(before, TRUST_HEADER_SIGNERVERSION, (uint16_t)(1 << 8 | spec->signer_version_minor));
    put_signer(before, spec, trust_signer_cert(draft->signer));
    put_signature_info(before, spec->digest, draft->signature_size);
    put_text(behind, TRUST_HEADER_FILENAME, spec->filename);
    const size_t timestamp = open_element(behind, TRUST_HEADER_TIMESTAMP);
    buf_write_u32(behind, (uint32_t)spec->timestamp);
    close_element(behind, timestamp);

    size_t length = before->len + 3 + draft->signature_size + behind->len;
    for (; length % 4 != 0; length++)
        buf_write_u8(behind, TRUST_HEADER_PADDING);
    buf_patch_u16(before, length_at, length);
    if (before->failed != 0)
        return part_failed(before, "the header", err);
    return behind->failed == 0 ? 0 : part_failed(behind, "the header", err);
}

/* Sign what is there and put the pieces together. */
static int draft_finish(struct draft *draft, uint8_t **file, size_t *len, struct trust_error *err)
{
    uint8_t signature[TRUST_SIGNATURE_MAX];
    size_t size;
    const struct trust_bytes pieces[2] = {{draft->before.data, draft->before.len},
                                          {draft->behind.data, draft->behind.len}};
    int rc = trust_signer_sign(draft->signer, draft->digest, pieces, 2, signature, &size, err);
    if (rc != 0)
        return rc;
    struct buf_writer out;
    buf_writer_init(&out, draft->max);
    buf_write_bytes(&out, pieces[0]);
    put_bytes(&out, TRUST_HEADER_SIGNATURE, (struct trust_bytes){signature, size});
    buf_write_bytes(&out, pieces[1]);
    rc = buf_writer_take(&out, "the file", file, len, err);
    buf_writer_fini(&out);
    return rc;
}

static void draft_fini(struct draft *draft)
{
    buf_writer_fini(&draft->before);
    buf_writer_fini(&draft->behind);
}

/* ---- Files */

static int put_records(struct draft *draft, const struct trust_record_spec *records, size_t count,
                       struct trust_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = put_record(&draft->behind, &records[i], err);
        if (rc == 0 && draft->behind.failed != 0)
            rc = part_failed(&draft->behind, "it", err);
        if (rc != 0)
            rc = trust_error_prefix(err, rc, "record %zu", i + 1);
    }
    return rc;
}

/* A list of the given records, then the ready ones. */
static int build(const struct trust_header_spec *header, const struct trust_record_spec *records,
                 size_t count, struct trust_bytes ready, struct trust_signer *signer, struct trust_list **out,
                 struct trust_error *err)
{
    struct draft draft;
    uint8_t *file = NULL;
    size_t len = 0;
    *out = NULL;
    draft_init(&draft, header, signer, TRUST_LIST_MAX);
    int rc = put_header(&draft, header, err);
    if (rc == 0)
        rc = put_records(&draft, records, count, err);
    if (rc == 0) {
        buf_write_bytes(&draft.behind, ready);
        if (draft.behind.failed != 0)
            rc = trust_error_set(err, draft.behind.failed, TRUST_NO_OFFSET, "records of %zu bytes: %s",
                                 ready.len, trust_error_meaning(draft.behind.failed));
    }
    if (rc == 0)
        rc = draft_finish(&draft, &file, &len, err);
    if (rc == 0)
        rc = trust_list_parse((struct trust_bytes){file, len}, out, err);
    free(file);
    draft_fini(&draft);
    return rc;
}

int trust_list_build(const struct trust_header_spec *header, const struct trust_record_spec *records,
                     size_t count, struct trust_signer *signer, struct trust_list **out,
                     struct trust_error *err)
{
    return build(header, records, count, (struct trust_bytes){NULL, 0}, signer, out, err);
}

int trust_list_resign(const struct trust_list *list, const struct trust_header_spec *header,
                      const struct trust_record_spec *first, size_t count, struct trust_signer *signer,
                      struct trust_list **out, struct trust_error *err)
{
    *out = NULL;
    if (list->payload.len > 0)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "a signed configuration file has no records to sign anew");
    const size_t start = list->record_count > 0 ? list->records[0].offset : list->file.len;
    const struct trust_bytes own = {list->file.data + start, list->file.len - start};
    return build(header, first, count, own, signer, out, err);
}

int trust_signed_file_build(const struct trust_header_spec *header, struct trust_bytes payload,
                            struct trust_signer *signer, struct trust_list **out, struct trust_error *err)
{
    struct draft draft;
    uint8_t *file = NULL;
    size_t len = 0;
    *out = NULL;
    draft_init(&draft, header, signer, TRUST_SIGNED_FILE_MAX);
    int rc = put_header(&draft, header, err);
    if (rc == 0) {
        buf_write_bytes(&draft.behind, payload);
        if (draft.behind.failed != 0)
            rc = trust_error_set(err, draft.behind.failed, TRUST_NO_OFFSET, "a payload of %zu bytes: %s",
                                 payload.len, trust_error_meaning(draft.behind.failed));
    }
    if (rc == 0)
        rc = draft_finish(&draft, &file, &len, err);
    if (rc == 0)
        rc = trust_signed_file_parse((struct trust_bytes){file, len}, out, err);
    free(file);
    draft_fini(&draft);
    return rc;
}
