/* Private keys, their files, and self-signed certificates as CUCM makes them. */
#ifndef TRUST_KEY_H
#define TRUST_KEY_H

#include "cert.h"
#include "digest.h"
#include "error.h"

struct trust_key;

/* Parse a private key: PEM or DER, PKCS#8 or traditional. password NULL: none. Never asks on a terminal.
 * Errors: TRUST_EKEY, TRUST_EPASSWORD, TRUST_ETOOLARGE (its password would take too long to check),
 * TRUST_ENOMEM. */
int trust_key_parse(struct trust_bytes bytes, const char *password, struct trust_key **out,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* Make a key. spec: "rsa:1024", "rsa:2048", "rsa:4096", "ec:P-256", "ec:P-384", "ec:P-521". Errors:
 * TRUST_EVALUE (names the specs that would do), TRUST_ECRYPTO. */
int trust_key_generate(const char *spec, struct trust_key **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Whether spec is one of the above. */
bool trust_key_spec_is_valid(const char *spec);

struct trust_key *trust_key_ref(struct trust_key *key);
void trust_key_free(struct trust_key *key); /* wipes it */

enum trust_key_type trust_key_type(const struct trust_key *key);
int trust_key_bits(const struct trust_key *key);

/* Whether the key is the one that the certificate certifies. */
bool trust_key_matches(const struct trust_key *key, const struct trust_cert *cert);

/* PKCS#8 of the key, unencrypted. The caller wipes and frees *out (free()). */
int trust_key_to_pem(const struct trust_key *key, char **out, struct trust_error *err) TRUST_MUST_CHECK;
int trust_key_to_der(const struct trust_key *key, uint8_t **out, size_t *len,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* A folder of private keys, one file a key, named by the public key it belongs to, so that a certificate
 * finds its key whatever the store says of units, and a new key can be on disk, synced, before the store
 * names it. File: `<unit>-<first 16 hex digits of SHA-256(SubjectPublicKeyInfo)>.pem`, mode 0600. */

/* Write the key (atomically, 0600). Errors: TRUST_ESYSTEM and trust_file_replace's. */
int trust_key_save(const char *folder, const char *unit, const struct trust_key *key,
                   struct trust_error *err) TRUST_MUST_CHECK;

/* Read the key of cert. Errors: TRUST_ENOTFOUND (no file for that public key under any unit's name),
 * TRUST_EMISMATCH (says which file has it, if one does), TRUST_EDENIED (file readable by group or others:
 * says the chmod), TRUST_EKEY, TRUST_ESYSTEM. */
int trust_key_load(const char *folder, const char *unit, const struct trust_cert *cert,
                   struct trust_key **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Write the key beside its place as `<name>.new`, for a change that is not decided yet (trust/pending.h);
 * trust_key_load finds it there too, for the moment between decision and renaming. name and staged get the
 * names of both in the folder. Errors: trust_key_save's. */
#define TRUST_KEY_NAME_SIZE 64
int trust_key_stage(const char *folder, const char *unit, const struct trust_key *key,
                    char staged[TRUST_KEY_NAME_SIZE], char name[TRUST_KEY_NAME_SIZE],
                    struct trust_error *err) TRUST_MUST_CHECK;

/* A key that is in a security token has, in the place of its own file, one that names it: the same name but
 * for its end, `.uri`, with the token's URI (trust/token.h) as its only line, 0600. trust_key_find finds it,
 * too; to trust_key_load it is TRUST_EUNSUPPORTED. */

/* The name of that file for the key of cert. */
int trust_key_uri_name(const char *unit, const struct trust_cert *cert, char name[TRUST_KEY_NAME_SIZE],
                       struct trust_error *err) TRUST_MUST_CHECK;

/* As trust_key_stage, of a file of such a name. Errors: trust_key_save's, TRUST_EVALUE (no line of text). */
int trust_key_stage_uri(const char *folder, const char *name, const char *uri,
                        char staged[TRUST_KEY_NAME_SIZE], struct trust_error *err) TRUST_MUST_CHECK;

/* The URI of the token with the key of cert, and the name of the file; name may be NULL. Errors:
 * TRUST_ENOTFOUND (it is in none), TRUST_EDENIED, TRUST_EVALUE, TRUST_ESYSTEM. The caller frees *uri. */
int trust_key_load_uri(const char *folder, const char *unit, const struct trust_cert *cert, char **uri,
                       char name[TRUST_KEY_NAME_SIZE], struct trust_error *err) TRUST_MUST_CHECK;

/* The line of such a file, checked. The caller frees *uri. */
int trust_key_parse_uri(struct trust_bytes bytes, char **uri, struct trust_error *err) TRUST_MUST_CHECK;

/* Remove the keys that lie ready, but for the kept names: as trust_file_sweep. */
int trust_key_sweep(const char *folder, const char *const *keep, size_t keep_count,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* The name of the file that holds the key of cert, ready or in place. TRUST_ENOTFOUND if there is none. */
int trust_key_find(const char *folder, const char *unit, const struct trust_cert *cert,
                   char name[TRUST_KEY_NAME_SIZE], struct trust_error *err) TRUST_MUST_CHECK;

/* The same of a public key (SubjectPublicKeyInfo, DER) that has no certificate yet. */
int trust_key_find_public(const char *folder, const char *unit, struct trust_bytes spki,
                          char name[TRUST_KEY_NAME_SIZE], struct trust_error *err) TRUST_MUST_CHECK;

/* Whether some file there holds the key of cert, whatever key its name is for: where trust_key_load says
 * TRUST_EMISMATCH, whose text then names that file and says what to do. */
bool trust_key_misplaced(const char *folder, const struct trust_cert *cert, char name[TRUST_KEY_NAME_SIZE]);

/* Remove the key file of cert, if there is one. */
int trust_key_remove(const char *folder, const char *unit, const struct trust_cert *cert,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* A self-signed certificate as CUCM 10.5 writes one: 16-byte serial number (random, first bit clear), valid
 * from `now` for days less a second, key usage and extended key usage for a server, DER order of the subject
 * C, O, OU, CN, ST, L. */
struct trust_cert_request {
    const char *common_name; /* UTF-8 */
    const char *subject; /* the rest of the name, "OU=…;O=…;L=…;ST=…;C=…", any spelling; NULL or "": none */
    const char *dns_name;     /* subjectAltName; NULL: none */
    int days;                 /* 1 … 36500 */
    enum trust_digest digest; /* of the certificate's signature */
    time_t now;               /* notBefore, seconds since 1970 */
};
int trust_cert_generate(const struct trust_cert_request *request, const struct trust_key *key,
                        struct trust_cert **out, struct trust_error *err) TRUST_MUST_CHECK;

#endif
