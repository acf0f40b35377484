/* In place of the files that talk PKCS#11, in a library that was built without. */
#include "trust/token.h"

static int unsupported(struct trust_error *err)
{
    return trust_error_set(
        err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
        "this program was built without PKCS#11, and knows no security tokens: build it with "
        "p11-kit (Debian: libp11-kit-dev) and TOKENS=yes");
}

bool trust_token_is_supported(void)
{
    return false;
}

int trust_token_uri_read(const char *uri, struct trust_token_uri *out, struct trust_error *err)
{
    (void)uri;
    *out = (struct trust_token_uri){0};
    return unsupported(err);
}

int trust_token_open(const char *uri, trust_token_loading loading, void *arg, struct trust_token **out,
                     struct trust_error *err)
{
    (void)uri, (void)loading, (void)arg;
    *out = NULL;
    return unsupported(err);
}

void trust_token_free(struct trust_token *token)
{
    (void)token;
}

const struct trust_token_info *trust_token_info(const struct trust_token *token)
{
    (void)token;
    return NULL;
}

int trust_token_cert(struct trust_token *token, struct trust_cert **out, struct trust_error *err)
{
    (void)token;
    *out = NULL;
    return unsupported(err);
}

int trust_token_log_in(struct trust_token *token, const char *pin, struct trust_error *err)
{
    (void)token, (void)pin;
    return unsupported(err);
}

int trust_token_find_key(struct trust_token *token, const struct trust_cert *cert, struct trust_error *err)
{
    (void)token, (void)cert;
    return unsupported(err);
}

int trust_token_sign(struct trust_token *token, enum trust_digest digest, struct trust_bytes hash,
                     uint8_t *out, size_t *len, struct trust_error *err)
{
    (void)token, (void)digest, (void)hash, (void)out;
    *len = 0;
    return unsupported(err);
}

int trust_token_each(const char *uri, trust_token_loading loading, trust_token_visit visit, void *arg,
                     struct trust_error *err)
{
    (void)uri, (void)loading, (void)visit, (void)arg;
    return unsupported(err);
}
