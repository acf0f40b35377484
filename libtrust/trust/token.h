/* Security tokens, by PKCS#11: found by a URI (RFC 7512), their certificate read, files signed with their
 * key. A token is asked for a signature of a digest alone (CKM_RSA_PKCS), so that it need not know the
 * digest's algorithm.
 *
 * A PKCS#11 module is foreign code: it may print, hang or crash. Whoever cannot afford that calls this in a
 * process of its own. A library that was built without PKCS#11 answers everything with TRUST_EUNSUPPORTED. */
#ifndef TRUST_TOKEN_H
#define TRUST_TOKEN_H

#include "cert.h"
#include "digest.h"
#include "error.h"

#define TRUST_TOKEN_SCHEME "pkcs11:"

/* Whether this library can talk to tokens. */
bool trust_token_is_supported(void);

/* ---- URIs */

/* What a URI says beside which token, certificate and key it means. */
struct trust_token_uri {
    char *module;     /* module-path, or module-name; NULL: every module that p11-kit knows */
    char *pin_source; /* path of a file; NULL: none */
};

/* Check a URI, and what it says. Errors: TRUST_EVALUE (no such URI, an attribute that nobody knows, a PIN in
 * it, a pin-source that is no file), TRUST_EUNSUPPORTED. Free with trust_token_uri_fini, after a failure too.
 */
int trust_token_uri_read(const char *uri, struct trust_token_uri *out,
                         struct trust_error *err) TRUST_MUST_CHECK;
void trust_token_uri_fini(struct trust_token_uri *uri);

/* ---- PINs */

#define TRUST_PIN_SIZE 256

/* The first line of a file, without its end. Errors: TRUST_EDENIED (group or others may read or change it:
 * says the chmod), TRUST_EEMPTY, TRUST_ETOOLARGE, trust_file_read's. pin is wiped after a failure; the caller
 * wipes it (OPENSSL_cleanse, explicit_bzero). */
int trust_pin_read(const char *path, char pin[TRUST_PIN_SIZE], struct trust_error *err) TRUST_MUST_CHECK;

/* How often a PIN may still be wrong: tokens tell no number. */
enum trust_token_tries {
    TRUST_TRIES_ALL,  /* none was wrong since the last good one */
    TRUST_TRIES_LOW,  /* one was wrong */
    TRUST_TRIES_LAST, /* one more, and the token locks itself */
    TRUST_TRIES_NONE, /* locked */
};

/* ---- Tokens */

/* What a token says of itself: text without control characters and trailing blanks. */
struct trust_token_info {
    char label[100], manufacturer[100], model[52], serial[52];
    char module[256]; /* file of the module that it is seen through */
    bool needs_pin;
    bool has_pad; /* the PIN is typed on it */
    enum trust_token_tries tries;
};

struct trust_token;

/* Told before each module is loaded: if that is the last that is heard of the process, it was that one. */
typedef void (*trust_token_loading)(void *arg, const char *module);

/* Open the one token that a URI fits. loading may be NULL. Errors: TRUST_ENOTFOUND (no module, no token; says
 * which there are), TRUST_EAMBIGUOUS (several; names them), TRUST_ECRYPTO (what a module refused), and
 * trust_token_uri_read's. */
int trust_token_open(const char *uri, trust_token_loading loading, void *arg, struct trust_token **out,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Log out, close, unload. */
void trust_token_free(struct trust_token *token);

/* Borrowed; as it was when the token was opened, or logged in to last. */
const struct trust_token_info *trust_token_info(const struct trust_token *token);

/* The one certificate in the token that the URI fits. Errors: TRUST_ENOTFOUND, TRUST_EAMBIGUOUS (names them),
 * TRUST_ECERT, TRUST_ECRYPTO. The caller frees *out. */
int trust_token_cert(struct trust_token *token, struct trust_cert **out,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Give the PIN, once; it is never tried again. pin NULL: the token needs none, or has a pad. Refused without
 * a try: a token that is locked or says that this is its last try (TRUST_EDENIED), that has no PIN yet, or
 * whose PINs have another length (TRUST_EPASSWORD). Errors: TRUST_EPASSWORD (it was wrong; says whether there
 * is another try), TRUST_ENOTFOUND (the token was taken out), TRUST_ECRYPTO. */
int trust_token_log_in(struct trust_token *token, const char *pin, struct trust_error *err) TRUST_MUST_CHECK;

/* Find the one private key of the certificate, which must be an RSA key; after trust_token_log_in. Errors:
 * TRUST_ENOTFOUND, TRUST_EAMBIGUOUS, TRUST_EMISMATCH, TRUST_EUNSUPPORTED, TRUST_ECRYPTO. */
int trust_token_find_key(struct trust_token *token, const struct trust_cert *cert,
                         struct trust_error *err) TRUST_MUST_CHECK;

/* PKCS#1 v1.5 signature of a digest with that key, into out (TRUST_TOKEN_SIGNATURE_MAX bytes), *len set.
 * Errors: TRUST_ENOTFOUND (the token was taken out), TRUST_ECRYPTO. */
#define TRUST_TOKEN_SIGNATURE_MAX 512
int trust_token_sign(struct trust_token *token, enum trust_digest digest, struct trust_bytes hash,
                     uint8_t *out, size_t *len, struct trust_error *err) TRUST_MUST_CHECK;

/* Visit the tokens that a URI fits (NULL: all), with the certificates that can be read without a PIN; all is
 * borrowed for the call. Stops when visit returns non-zero, and returns that. No token is no error. Errors:
 * TRUST_ENOTFOUND (no module), TRUST_ECRYPTO. */
typedef int (*trust_token_visit)(void *arg, const struct trust_token_info *info,
                                 struct trust_cert *const *certs, size_t count);
int trust_token_each(const char *uri, trust_token_loading loading, trust_token_visit visit, void *arg,
                     struct trust_error *err) TRUST_MUST_CHECK;

#endif
