/* What the tests of trust lists and messages share. All of these fail the test rather than return an error.
 */
#ifndef TESTS_LIBTRUST_HELPER_LISTS_H
#define TESTS_LIBTRUST_HELPER_LISTS_H

#include "tests/fixture.h"
#include "trust.h"

#include <time.h>

/* Fail unless OpenSSL's error queue is empty, as it must be whenever the library returns. */
void helper_openssl_is_quiet(void);

/* Fail with err's text unless rc is 0. */
void helper_ok(int rc, const struct trust_error *err);

/* Fail if four times as much took more than ten times the processor time: what grows with the square of the
 * number takes sixteen times as long, however slow machine, sanitizer or valgrind are. */
void helper_grows_evenly(const char *what, clock_t quarter, clock_t whole);

/* A certificate to be made for a test. */
struct helper_plan {
    const char *subject; /* "C=PL;O=Cisco", in DER order */
    const char *issuer;  /* NULL: self-signed */
    const char *serial;  /* hex */
    struct trust_key *key;
    struct trust_key *issuer_key; /* NULL: key */
    size_t der_size;              /* filled up to this many bytes; 0: as it comes */
};
struct trust_cert *helper_cert(const struct helper_plan *plan);

struct trust_key *helper_key(const char *spec);

/* A self-signed certificate with nothing special about it, from HELPER_NOW on, and what the library makes of
 * such a request. */
#define HELPER_NOW 1402000000 /* 2014-06-05 */
extern const struct trust_cert_request helper_cert_plain;
struct trust_cert *helper_cert_generate(const struct trust_cert_request *request,
                                        const struct trust_key *key);

struct trust_signer *helper_signer(struct trust_cert *cert, struct trust_key *key);

/* The certificate in tests/data/certs/NAME. */
struct trust_cert *helper_cert_file(const char *name);

struct trust_list *helper_parse(struct trust_bytes file);
struct trust_list *helper_build(const struct trust_header_spec *header,
                                const struct trust_record_spec *records, size_t count,
                                struct trust_signer *signer);

/* Fail unless encoding the list gives its file byte for byte. */
void helper_round_trip(const struct trust_list *list);

/* What becomes of a file's bytes, given the signer of the list they were made from. Certificates are parsed
 * only where they are not the signer's own bytes. */
enum helper_verdict { HELPER_REFUSED, HELPER_PARSED, HELPER_VERIFIED };
enum helper_verdict helper_verdict(struct trust_bytes file, const struct trust_cert *signer);

/* Compare with text. */
bool helper_is(struct trust_bytes bytes, const char *text);

/* The files tests/data/PATTERN, sorted, by the names that fixture_read takes; count of them. They live as
 * long as the process. */
const char *const *helper_files(const char *pattern, size_t *count);

/* The last part of a path. */
const char *helper_base(const char *path);

/* The code that a bad file's name promises: the longest error name that it begins with. */
int helper_promised_code(const char *path);

/* A message out of a .hex file: blanks between the digits, and lines that begin with '#' skipped. Free with
 * fixture_free. */
struct trust_bytes helper_hex(const char *name);

/* The rest of the line "# KEY: …" of such a file, "" if there is none. Valid for the next three
 * calls. */
const char *helper_hex_note(const char *name, const char *key);

/* Where a further list that is no part of the project lies, or NULL with one line that says so. */
const char *helper_extra_list(const char *name);

#endif
