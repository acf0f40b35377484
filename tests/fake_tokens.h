/* Security tokens for tests: folders that tests/tokens/fake_module.c takes for tokens. All of these fail the
 * test rather than return an error. */
#ifndef TESTS_FAKE_TOKENS_H
#define TESTS_FAKE_TOKENS_H

#include "trust.h"

#define FAKE_PIN "1234"

struct fake_tokens {
    char *folder;
};

/* None yet; the module sees those of this folder from now on. */
void fake_tokens_open(struct fake_tokens *tokens);
void fake_tokens_close(struct fake_tokens *tokens);

/* Put a token in: its serial number, label, certificate and key (NULL: none). */
void fake_tokens_add(const struct fake_tokens *tokens, const char *serial, const char *label,
                     const struct trust_cert *cert, const struct trust_key *key);

/* The same with a key and a self-signed certificate of its own. */
void fake_tokens_make(const struct fake_tokens *tokens, const char *serial, const char *name);

/* In a folder that is not there yet: a token with a pad of its own, and a copy of the module, module.so,
 * which everybody may use. Who has the folder removes it. */
void fake_tokens_for_all(const char *folder, const char *name);

/* A file of a token ("" for the module itself), written; what stands in it, "" if it is not there. The latter
 * is valid until the next call. */
void fake_tokens_write(const struct fake_tokens *tokens, const char *serial, const char *name,
                       const char *text);
const char *fake_tokens_read(const struct fake_tokens *tokens, const char *serial, const char *name);

/* The module's file. The caller frees it. */
char *fake_tokens_module(void);

/* Take it out. */
void fake_tokens_remove(const struct fake_tokens *tokens, const char *serial);

/* "pkcs11:WHAT?module-path=…", and "&MORE" behind it if more is not NULL. Valid for the next three calls. */
const char *fake_tokens_uri(const char *what, const char *more);

#endif
