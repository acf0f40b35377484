/* For tests of phrases that publish lists: what is in the folders, certificates of a wanted size, prints that
 * hold dates and checksums. */
#ifndef TESTS_TVSCTL_HELPER_LISTS_H
#define TESTS_TVSCTL_HELPER_LISTS_H

#include "helper.h"

/* Paths in the TFTP folder and in published/. Valid for the next three calls. */
const char *lists_tftp(const struct bench *bench, const char *name);
const char *lists_published(const struct bench *bench, const char *name);

/* The list of the TFTP folder, "CTL" or "ITL", which is 0644 and byte for byte the one that was published
 * last. Parsed and verified with the certificate that it holds; one of blank records only parsed. Free with
 * trust_list_free. */
struct trust_list *lists_read(const struct bench *bench, const char *kind);

/* "SAST CCM+TFTP TVS CAPF": the functions of its records, those without a certificate in brackets, hashes
 * with a #. */
void lists_expect(const struct trust_list *list, const char *functions);

/* Whether the list was signed by the certificate of an own unit that is in force. */
bool lists_signed_by(const struct bench *bench, const struct trust_list *list, enum trust_unit unit);

/* The certificate of an own unit of our node. Free with trust_cert_free. */
struct trust_cert *lists_own(const struct bench *bench, enum trust_unit unit);

/* How many lists were published; the row of the last, as "ITLFile.tlv|phrase|person". */
int lists_count(const struct bench *bench);
char *lists_last_row(const struct bench *bench, char *out, size_t size);

void lists_expect_same_file(const char *a, const char *b);
void lists_copy_file(const char *from, const char *to);

/* A node of the cluster beside ours. */
void lists_add_node(const struct bench *bench, const char *name, const char *ipv4);

/* A file of tests/data into the TFTP folder, under that name. */
void lists_copy_data(struct bench *bench, const char *data, const char *name);

/* A bench with CallManager and TVS, so that there is an ITL; a signed file SEP1.sgn of the plain file SEP1.
 */
void lists_open_with_file(struct bench *bench);

/* Everything that a phrase could have changed, to be compared: names and bytes of all lists, keys and signed
 * files, and the tables of the store. free() it. */
char *lists_snapshot(const struct bench *bench);
/* The bench is as it was then; frees the snapshot. */
void lists_expect_unchanged(const struct bench *bench, char *snapshot);

/* A certificate and its key in one file of the bench's folder: PEM, or PKCS#12 with a password. */
struct lists_cert {
    const char *subject; /* "CN=…;OU=…", in that order */
    const char *issuer;  /* likewise; NULL: self-signed */
    const char *serial;  /* hex */
    int bits;            /* of its RSA key; 0: an EC key */
    int issuer_bits;     /* if it has an issuer */
    size_t size;         /* bytes of its DER; 0: as it comes */
    const char *password;
};
const char *lists_write_cert(struct bench *bench, const char *name, const struct lists_cert *spec);

/* Line by line, blanks folded, each line of wanted a pattern of fnmatch (for what differs from run to run).
 */
void lists_expect_lines(const char *got, const char *wanted);

#endif
