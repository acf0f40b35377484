/* Trust lists: CTLFile.tlv and ITLFile.tlv, and the header that signed configuration files share with them.
 *
 * The format: a header that carries the signature, then one record a certificate and role. Each is a run of
 * elements: tag (1 byte), length (2 bytes, big-endian), value; tag 13 of the header is a single padding byte.
 * Four elements of the header (2 and, as bare lengths, 3, 7, 9) and the first of a record measure others. */
#ifndef TRUST_LIST_H
#define TRUST_LIST_H

#include "cert.h"
#include "digest.h"
#include "error.h"
#include "role.h"
#include "sign.h"

#include <stdbool.h>
#include <time.h>

/* Tags of the header, by the names that `show ctl` prints. */
enum trust_header_tag {
    TRUST_HEADER_VERSION = 1,
    TRUST_HEADER_LENGTH = 2,
    TRUST_HEADER_SIGNERID = 3, /* measures 4-6; no value of its own */
    TRUST_HEADER_SIGNERNAME = 4,
    TRUST_HEADER_SERIALNUMBER = 5,
    TRUST_HEADER_CANAME = 6,
    TRUST_HEADER_SIGNATUREINFO = 7, /* measures 8-11 */
    TRUST_HEADER_DIGEST = 8,
    TRUST_HEADER_ALGOINFO = 9, /* measures 10 and 11 */
    TRUST_HEADER_ALGORITHM = 10,
    TRUST_HEADER_MODULUS = 11,
    TRUST_HEADER_SIGNATURE = 12,
    TRUST_HEADER_PADDING = 13, /* one byte: no length, no value */
    TRUST_HEADER_FILENAME = 14,
    TRUST_HEADER_TIMESTAMP = 15,
    TRUST_HEADER_SIGNERVERSION = 28,
};

/* Tags of a record. */
enum trust_record_tag {
    TRUST_RECORD_LENGTH = 1,
    TRUST_RECORD_DNSNAME = 2,
    TRUST_RECORD_SUBJECTNAME = 3,
    TRUST_RECORD_FUNCTION = 4,
    TRUST_RECORD_ISSUERNAME = 5,
    TRUST_RECORD_SERIALNUMBER = 6,
    TRUST_RECORD_PUBLICKEY = 7,
    TRUST_RECORD_SIGNATURE = 8,
    TRUST_RECORD_CERTIFICATE = 9,
    TRUST_RECORD_IPADDRESS = 10,
    TRUST_RECORD_CERTHASH = 11,
    TRUST_RECORD_HASHALGORITHM = 12,
};

/* One element as it stands in the file. */
struct trust_element {
    uint8_t tag;
    uint16_t length; /* the length field; 0 for padding. For 3, 7 and 9 of a header: what it measures */
    struct trust_bytes value; /* empty for padding and for 3, 7, 9 */
    size_t offset;            /* of the tag, from the start of the file */
};

/* Names of a trust list are text that ends in a NUL which its length counts; here without it. They are the
 * file's bytes: escape them before printing. */
struct trust_list_header {
    uint8_t major, minor;
    uint16_t length;
    struct trust_bytes signer_name, serial, ca_name;
    uint8_t digest;    /* as it stands: enum trust_digest if it is known */
    uint8_t algorithm; /* 0: RSA */
    uint8_t modulus;   /* 0: 64 bytes, 1: 128, 2: 256, 3: 512 */
    struct trust_bytes signature;
    struct trust_bytes filename;
    uint32_t timestamp;                   /* seconds since 1970 */
    const struct trust_element *elements; /* all of it, in the file's order */
    size_t element_count;
};

struct trust_list_record {
    size_t offset;
    uint16_t length;   /* RECORDLENGTH: bytes of the whole record */
    uint16_t function; /* enum trust_role, or a number without a name */
    struct trust_bytes dns_name, subject, issuer, serial, public_key, signature, certificate, cert_hash;
    uint8_t hash_algorithm; /* enum trust_digest; 0 if there is none */
    bool has_address;
    uint8_t address[4];
    const struct trust_element *elements;
    size_t element_count;
};

/* A parsed list owns a copy of the file; everything below points into it. */
struct trust_list {
    struct trust_bytes file;
    struct trust_list_header header;
    const struct trust_list_record *records;
    size_t record_count;
    struct trust_bytes payload; /* of a signed file: what stands behind the header; empty for a list */
};

#define TRUST_LIST_MAX        (1024 * 1024) /* bytes of a file that the parser takes */
#define TRUST_LIST_PHONE_MAX  65536         /* bytes above which phones do not load a list */
#define TRUST_SIGNED_FILE_MAX (16 * 1024 * 1024)

/* Parse a whole trust list. Every length must fit, nothing may be left over, no element may stand twice; the
 * header begins with its version and its length and needs the signer's names and serial number, the digest
 * and the signature; a record needs a FUNCTION and nothing else. Unknown tags are kept. The certificates
 * inside are not parsed. Errors: TRUST_EEMPTY ("an empty file is no trust list"), TRUST_ETRUNCATED,
 * TRUST_ETRAILING (something that is no record behind the last one), TRUST_ELENGTH, TRUST_EMISSING,
 * TRUST_EDUPLICATE, TRUST_EVALUE, TRUST_EVERSION (major other than 1), TRUST_ETOOLARGE, TRUST_ENOMEM, each
 * with the offset. The caller frees *out with trust_list_free. */
int trust_list_parse(struct trust_bytes file, struct trust_list **out,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Parse a signed configuration file (.sgn): the same header, then the plain file as payload, no records. */
int trust_signed_file_parse(struct trust_bytes file, struct trust_list **out,
                            struct trust_error *err) TRUST_MUST_CHECK;

void trust_list_free(struct trust_list *list);

/* Names of tags as `show ctl` prints them ("DIGESTALGORTITHM", sic); NULL for tags without one. Static
 * storage. */
const char *trust_header_tag_name(uint8_t tag);
const char *trust_record_tag_name(uint8_t tag);

/* Whether the file name in the header says that it is an ITL (ITLFile.tlv, ITLSEP….tlv), case ignored. */
bool trust_list_is_itl(const struct trust_list *list);

/* The two pieces that the signature covers: the file with the whole signature element cut out. */
void trust_list_signed_pieces(const struct trust_list *list, struct trust_bytes pieces[2]);

/* Whether a certificate is the one that the header names as signer: serial number (also byte-reversed, as the
 * CTL client writes those of eTokens) and issuer, compared as trust/name.h says. */
bool trust_list_signer_is(const struct trust_list *list, const struct trust_cert *cert);

/* The record that holds the signer's certificate, whatever its function, records with function 0 first:
 * matched by the record's own serial number and issuer, byte for byte or as names. NULL if there is none (an
 * empty ITL has none). *index, if not NULL, is set. */
const struct trust_list_record *trust_list_signer_record(const struct trust_list *list, size_t *index);

/* Whether a record holds the certificate, whole or as its hash. A NULL list holds nothing. */
bool trust_list_holds(const struct trust_list *list, const struct trust_cert *cert);

/* Verify the signature with a certificate. Errors: TRUST_ESIGNER (it is not the signer that the header
 * names), TRUST_ESIGNATURE, TRUST_EUNSUPPORTED (digest or key that the format does not know), TRUST_ELENGTH
 * (the signature is not as long as the key). */
int trust_list_verify(const struct trust_list *list, const struct trust_cert *signer,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* Verify with the signer's certificate that the list itself holds, as `show ctl` does; *signer (may be NULL),
 * set only on success, is the caller's to free. Errors: trust_list_verify's, TRUST_ESIGNER if the list does
 * not hold it, TRUST_ECERT or TRUST_ETRAILING if that record's certificate is none. Says nothing about
 * whether that signer is trusted. */
int trust_list_verify_self(const struct trust_list *list, struct trust_cert **signer,
                           struct trust_error *err) TRUST_MUST_CHECK;

/* How a record writes its certificate. */
enum trust_record_form {
    TRUST_RECORD_WHOLE,  /* tags 1-10: names, key, signature, certificate, address */
    TRUST_RECORD_CLIENT, /* as the Windows CTL client: no tag 8 */
    TRUST_RECORD_HASH,   /* the certificate's hash (tags 11 and 12) in its place, no address (CUCM's ITL) */
    TRUST_RECORD_HOLLOW, /* tags 1, 2, 4, 10 alone (CCM+TFTP in non-secure mode) */
    TRUST_RECORD_BLANK,  /* tags 1, 2 (one NUL), 4 alone (empty ITL) */
};

/* A record to be written. Names, serial number and so on come from cert unless given here. */
struct trust_record_spec {
    enum trust_record_form form;
    uint16_t function;
    const struct trust_cert *cert; /* NULL for HOLLOW and BLANK */
    const char *dns_name;          /* NULL: one NUL alone */
    const uint8_t *address;        /* 4 bytes, or NULL: no tag 10 */
    enum trust_digest hash;        /* for HASH */
    const char *subject;           /* NULL: the certificate's, in CUCM's form */
    const char *issuer;            /* NULL: likewise */
    struct trust_bytes serial;     /* data NULL: the certificate's */
};

/* A header to be written. */
struct trust_header_spec {
    const char *filename; /* "CTLFile.tlv" */
    time_t timestamp;
    enum trust_digest digest;
    uint8_t minor;                /* 2 for lists, 0 for signed files */
    bool signer_version;          /* write tag 28 */
    uint8_t signer_version_minor; /* its second byte; the first is 1 */
    const char *signer_name;      /* NULL: the signer's subject in CUCM's form */
    const char *ca_name;          /* NULL: the signer's issuer */
    struct trust_bytes serial;    /* data NULL: the signer's */
};

/* Build and sign a list; the result is parsed again, so what is handed out is what a phone would read.
 * Errors: TRUST_ETOOLARGE (a record or the header over 65535 bytes, or the file over TRUST_LIST_MAX),
 * TRUST_EARGUMENT, and the signer's. Nothing here judges the content. */
int trust_list_build(const struct trust_header_spec *header, const struct trust_record_spec *records,
                     size_t count, struct trust_signer *signer, struct trust_list **out,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Sign the content of a list anew: the given records first, then its own byte for byte, under a header of its
 * own. Errors: trust_list_build's. */
int trust_list_resign(const struct trust_list *list, const struct trust_header_spec *header,
                      const struct trust_record_spec *first, size_t count, struct trust_signer *signer,
                      struct trust_list **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Build a signed configuration file: header, then the payload. */
int trust_signed_file_build(const struct trust_header_spec *header, struct trust_bytes payload,
                            struct trust_signer *signer, struct trust_list **out,
                            struct trust_error *err) TRUST_MUST_CHECK;

/* Write a parsed list out of its elements, measuring every length anew. Gives the very bytes that were parsed
 * (and a test and a fuzzer hold it to that). The caller frees *out with free(). */
int trust_list_encode(const struct trust_list *list, uint8_t **out, size_t *len,
                      struct trust_error *err) TRUST_MUST_CHECK;

#endif
