/* Security tokens: who signs a CTL file in place of our own keys, which tokens stand in a list, and how
 * records spell their certificates. */
#ifndef TVSCTL_TOKEN_H
#define TVSCTL_TOKEN_H

#include "state.h"
#include "tvsctl.h"

/* Certificates, in order, none twice. Zero-initialised it is empty. */
struct token_set {
    struct trust_cert **items;
    size_t count;
};

/* Takes a reference of its own; one that is there already is not added. TRUST_ENOMEM. */
int token_set_add(struct token_set *set, struct trust_cert *cert, struct trust_error *err) TRUST_MUST_CHECK;
bool token_set_has(const struct token_set *set, const struct trust_cert *cert);
void token_set_fini(struct token_set *set);

/* Add the tokens of a list (NULL: none), in the order of its records: those with function 0 and, unlike
 * servers, without a DNSNAME. One whose certificate is none is left out. TRUST_ENOMEM. */
int token_set_add_list(struct token_set *set, const struct trust_list *list,
                       struct trust_error *err) TRUST_MUST_CHECK;

/* Add the certificates of Phone-SAST-trust. Errors: the store's. */
int token_set_add_store(struct token_set *set, struct state *state, struct trust_error *err) TRUST_MUST_CHECK;

/* What --token names. */
struct token {
    struct trust_cert *cert;
    struct trust_signer *signer; /* NULL: not open yet, or it cannot sign */
    const char *uri;             /* borrowed */
    bool can_sign;
};

/* Open a token by its URI, with the operator's own rights. "pkcs11:…": a hardware token (trust/token.h); its
 * PIN is not needed yet. "file:/PATH" (or file:///PATH): a file with its certificate and, to sign, its key;
 * --password-file opens it. Errors: TRUST_EUNSUPPORTED (another kind of URI), TRUST_EVALUE, TRUST_ECERT (none
 * or several certificates of the key), and those of token_keys_open and input_read. Free with token_fini,
 * after a failure too. */
int token_open(struct tvsctl *ctl, const char *uri, struct token *token,
               struct trust_error *err) TRUST_MUST_CHECK;
void token_fini(struct token *token);

/* Whether it is the URI of a hardware token. */
bool token_is_hardware(const char *uri);

/* The certificate of a hardware token; the caller frees *out. Errors: token_agent_cert's, token_keys_open's.
 */
int token_read_cert(struct tvsctl *ctl, const char *uri, struct trust_cert **out,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* See to it that token->signer is there: a hardware token gets its PIN. In a rehearsal nothing is asked.
 * Errors: token_keys_signer's. */
int token_need_signer(struct tvsctl *ctl, struct token *token, struct trust_error *err) TRUST_MUST_CHECK;

/* How the records of a CTL file with tokens are written. */
enum token_style {
    TOKEN_STYLE_CLIENT, /* as the CTL client: servers by their addresses, no SIGNATURE, tokens spelt as below
                         */
    TOKEN_STYLE_CUCM, /* as `utils ctl`: all of it as the configuration says, tokens as their certificates */
};

/* A certificate as the CTL client writes it for tokens: types in lower case, and the serial number with its
 * bytes reversed. */
struct token_spelling {
    char *subject, *issuer;
    uint8_t *serial;
    size_t serial_len;
};
int token_spell(const struct trust_cert *cert, struct token_spelling *out,
                struct trust_error *err) TRUST_MUST_CHECK;
void token_spelling_fini(struct token_spelling *spelling);

#endif
