/* PKCS#11 URIs, RFC 7512. */
#include "internal.h"
#include "token_parts.h"

#include <stdlib.h>
#include <string.h>

char *token_uri_shown(const char *text, char out[TOKEN_URI_SHOWN])
{
    return utf8_escape((struct trust_bytes){(const uint8_t *)text, strcspn(text, "?")}, out, TOKEN_URI_SHOWN);
}

/* RFC 8089: file:/PATH or file:///PATH; a bare path is what many write. NULL if it is neither. */
static const char *file_of(const char *source)
{
    static const char scheme[] = "file:";
    if (strncmp(source, scheme, sizeof scheme - 1) == 0) {
        source += sizeof scheme - 1;
        source += strncmp(source, "///", 3) == 0 ? 2 : 0;
    }
    return source[0] == '/' && source[1] != '/' ? source : NULL;
}

static int check(P11KitUri *uri, const char *shown, struct trust_error *err)
{
    const char *source = p11_kit_uri_get_pin_source(uri);
    if (p11_kit_uri_any_unrecognized(uri))
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "%s: it holds an attribute that is none of RFC 7512's", shown);
    if (p11_kit_uri_get_pin_value(uri) != NULL)
        return trust_error_set(
            err, TRUST_EVALUE, TRUST_NO_OFFSET,
            "%s: it holds the PIN itself, which every list of processes shows: put it into "
            "a file and say pin-source=file:/PATH",
            shown);
    if (source != NULL && file_of(source) == NULL)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "%s: pin-source must be a file, with its whole path: pin-source=file:/PATH",
                               shown);
    return 0;
}

int token_uri_parse(const char *text, P11KitUri **out, struct trust_error *err)
{
    char shown[TOKEN_URI_SHOWN];
    *out = NULL;
    P11KitUri *uri = p11_kit_uri_new();
    if (uri == NULL)
        return crypto_no_memory(err, "a token's URI");
    token_uri_shown(text, shown);
    int code = 0, parsed = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri);
    if (parsed == P11_KIT_URI_NO_MEMORY)
        code = crypto_no_memory(err, "a token's URI");
    else if (parsed != P11_KIT_URI_OK)
        code = trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "%s: no PKCS#11 URI (RFC 7512): %s; one is pkcs11:token=LABEL", shown,
                               p11_kit_uri_message(parsed));
    else
        code = check(uri, shown, err);
    if (code == 0)
        *out = uri;
    else
        p11_kit_uri_free(uri);
    return code;
}

size_t token_wanted(P11KitUri *uri, CK_ATTRIBUTE out[2])
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_LABEL, CKA_ID};
    size_t count = 0;
    for (size_t i = 0; uri != NULL && i < sizeof types / sizeof types[0]; i++) {
        const CK_ATTRIBUTE *found = p11_kit_uri_get_attribute(uri, types[i]);
        if (found != NULL)
            out[count++] = *found;
    }
    return count;
}

static int copy(const char *text, char **out, struct trust_error *err)
{
    if (text == NULL)
        return 0;
    *out = strdup(text);
    return *out != NULL ? 0 : crypto_no_memory(err, "a token's URI");
}

int trust_token_uri_read(const char *text, struct trust_token_uri *out, struct trust_error *err)
{
    P11KitUri *uri;
    *out = (struct trust_token_uri){0};
    int code = token_uri_parse(text, &uri, err);
    if (code != 0)
        return code;
    const char *path = p11_kit_uri_get_module_path(uri), *source = p11_kit_uri_get_pin_source(uri);
    code = copy(path != NULL ? path : p11_kit_uri_get_module_name(uri), &out->module, err);
    if (code == 0 && source != NULL)
        code = copy(file_of(source), &out->pin_source, err);
    p11_kit_uri_free(uri);
    return code;
}
