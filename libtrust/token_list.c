/* Which tokens are there. */
#include "internal.h"
#include "token_parts.h"

struct listing {
    P11KitUri *uri;
    trust_token_visit visit;
    void *arg;
    struct trust_error *err;
};

/* Certificates that cannot be read, or are none, are left out: the token is there all the same. */
static int read_certs(const struct listing *listing, const struct token_place *place,
                      struct trust_cert **certs, size_t *count)
{
    CK_SESSION_HANDLE session;
    struct token_objects found = {.count = 0};
    int code = 0;
    *count = 0;
    if (place->module->C_OpenSession(place->slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
        return 0;
    if (token_object_find_certs(place, session, listing->uri, &found, NULL) == TRUST_ENOMEM)
        code = crypto_no_memory(listing->err, "a token's certificates");
    for (size_t i = 0; code == 0 && i < found.count; i++) {
        const int read = token_object_cert(place, session, found.handles[i], &certs[*count], NULL);
        *count += read == 0;
        if (read == TRUST_ENOMEM)
            code = crypto_no_memory(listing->err, "a token's certificates");
    }
    place->module->C_CloseSession(session);
    return code;
}

static int list_token(void *arg, const struct token_place *place)
{
    const struct listing *listing = arg;
    struct trust_cert *certs[sizeof((struct token_objects *)0)->handles / sizeof(CK_OBJECT_HANDLE)];
    size_t count;
    int result = read_certs(listing, place, certs, &count);
    if (result == 0)
        result = listing->visit(listing->arg, &place->info, certs, count);
    for (size_t i = 0; i < count; i++)
        trust_cert_free(certs[i]);
    return result;
}

int trust_token_each(const char *text, trust_token_loading loading, trust_token_visit visit, void *arg,
                     struct trust_error *err)
{
    P11KitUri *uri = NULL;
    struct token_modules modules = {0};
    int code = text != NULL ? token_uri_parse(text, &uri, err) : 0;
    if (code == 0)
        code = token_modules_open(uri, loading, arg, &modules, err);
    if (code == 0)
        code = token_modules_each(&modules, uri, list_token, &(struct listing){uri, visit, arg, err}, err);
    token_modules_close(&modules);
    p11_kit_uri_free(uri);
    return code;
}
