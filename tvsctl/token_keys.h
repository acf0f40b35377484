/* The security tokens of a run: each is opened once, and its PIN is given once, however often it signs. */
#ifndef TVSCTL_TOKEN_KEYS_H
#define TVSCTL_TOKEN_KEYS_H

#include "token_agent.h"
#include "tvsctl.h"

#define TOKEN_KEYS_MAX 8

struct token_key {
    struct token_agent *agent;
    bool has_source; /* the URI names a file with the PIN, which was read with the rights of the opening: */
    int source_code; /* 0, or why it could not be */
    struct trust_error source_err;
    char pin[TRUST_PIN_SIZE];
    bool was_tried; /* logged in, or: */
    int login_code;
    struct trust_error login_err;
};

struct token_keys {
    struct tvsctl *ctl; /* who is asked for PINs; the run's */
    struct token_key items[TOKEN_KEYS_MAX];
    size_t count;
    bool has_pin; /* of --pin-file */
    char pin[TRUST_PIN_SIZE];
};

/* Begin a run: the PIN of --pin-file is read with the operator's own rights. TVSCTL_DONE, or said. End it
 * with token_keys_fini in any case. */
int token_keys_begin(struct token_keys *keys, struct tvsctl *ctl);
void token_keys_fini(struct token_keys *keys);

/* The token of a URI, opened with the rights that the run has now, without a PIN. Borrowed. Errors:
 * token_agent_open's; TRUST_ETOOLARGE (too many tokens in one run). */
int token_keys_open(struct token_keys *keys, const char *uri, struct token_agent **out,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* A signer with the token's key of cert. The PIN is that of the URI's pin-source, else of --pin-file for the
 * first token that wants one, else the terminal is asked; it is given once, and never again. In a rehearsal
 * no token is needed (trust_pretend_begin). keys NULL: TRUST_EUNSUPPORTED, nobody can be asked. Free with
 * trust_signer_free before the run ends. */
int token_keys_signer(struct token_keys *keys, const char *uri, struct trust_cert *cert,
                      struct trust_signer **out, struct trust_error *err) TRUST_MUST_CHECK;

#endif
