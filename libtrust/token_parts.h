/* What the files that talk PKCS#11 share. */
#ifndef LIBTRUST_TOKEN_PARTS_H
#define LIBTRUST_TOKEN_PARTS_H

#include "trust/token.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

/* ---- token_uri.c */

/* Free with p11_kit_uri_free. Errors as trust_token_uri_read's. */
int token_uri_parse(const char *text, P11KitUri **out, struct trust_error *err) TRUST_MUST_CHECK;

/* How a URI is shown in errors: without its query, in which a secret may stand. */
#define TOKEN_URI_SHOWN 120
char *token_uri_shown(const char *text, char out[TOKEN_URI_SHOWN]);

/* ---- token_module.c */

struct token_modules {
    CK_FUNCTION_LIST **loaded; /* NULL at its end */
    bool *started;             /* which of them were initialized */
    size_t count;
    bool is_single; /* named by its path; else p11-kit's */
};

/* Load and initialize what the URI names; NULL: whatever p11-kit knows, but for its lists of authorities.
 * Errors: TRUST_ENOTFOUND, TRUST_ECRYPTO. Close it after a failure too. */
int token_modules_open(P11KitUri *uri, trust_token_loading loading, void *arg, struct token_modules *modules,
                       struct trust_error *err) TRUST_MUST_CHECK;
void token_modules_close(struct token_modules *modules);

/* A token where it was found. */
struct token_place {
    CK_FUNCTION_LIST *module;
    CK_SLOT_ID slot;
    CK_TOKEN_INFO told;
    struct trust_token_info info;
};

/* Visit the tokens that are there and ready for use; uri NULL: all. Stops when visit returns non-zero. */
typedef int (*token_place_visit)(void *arg, const struct token_place *place);
int token_modules_each(const struct token_modules *modules, P11KitUri *uri, token_place_visit visit,
                       void *arg, struct trust_error *err) TRUST_MUST_CHECK;

/* Ask the token again how it is. Errors as token_error's. */
int token_place_ask(struct token_place *place, struct trust_error *err) TRUST_MUST_CHECK;

/* "what: reason". Returns a code that suits rv. */
int token_error(struct trust_error *err, CK_RV rv, const char *format, ...) TRUST_PRINTF(3, 4);

/* ---- token_object.c */

struct token_objects {
    CK_OBJECT_HANDLE handles[32];
    size_t count;
};

/* The objects that have these attributes; no more than there is room for. */
int token_object_find(const struct token_place *place, CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted,
                      size_t count, struct token_objects *out, struct trust_error *err) TRUST_MUST_CHECK;

/* An attribute of an object; an empty one if it has none or does not tell. The caller frees *data. */
int token_object_read(const struct token_place *place, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                      CK_ATTRIBUTE_TYPE type, uint8_t **data, size_t *len,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* The certificates that uri fits; NULL: all. */
int token_object_find_certs(const struct token_place *place, CK_SESSION_HANDLE session, P11KitUri *uri,
                            struct token_objects *out, struct trust_error *err) TRUST_MUST_CHECK;
int token_object_cert(const struct token_place *place, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                      struct trust_cert **out, struct trust_error *err) TRUST_MUST_CHECK;

/* What the URI asks of an object beside its class: at most two, borrowed from it. Returns how many. */
size_t token_wanted(P11KitUri *uri, CK_ATTRIBUTE out[2]);

#endif
