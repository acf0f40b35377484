/* A token that is open: session, log-in, key, signatures. */
#include "internal.h"
#include "token_parts.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

struct trust_token {
    P11KitUri *uri;
    char shown[TOKEN_URI_SHOWN];
    struct token_modules modules;
    struct token_place place;
    CK_SESSION_HANDLE session; /* CK_INVALID_HANDLE: none */
    bool logged_in;
    CK_OBJECT_HANDLE key; /* CK_INVALID_HANDLE: none yet */
    bool asks_each_time;  /* the key wants the PIN for every signature */
    char pin[TRUST_PIN_SIZE];
};

bool trust_token_is_supported(void)
{
    return true;
}

/* ---- Opening */

/* The tokens that fit, and the names of all that are there. */
struct search {
    P11KitUri *uri;
    struct token_place place;
    size_t count, used;
    char names[200];
};

static int add_name(struct search *search, const struct token_place *place)
{
    const size_t room = sizeof search->names - search->used;
    const int len = snprintf(search->names + search->used, room, "%s'%s' (serial number %s)",
                             search->used > 0 ? ", " : "", place->info.label, place->info.serial);
    if (len < 0 || (size_t)len >= room)
        search->names[search->used] = '\0';
    else
        search->used += (size_t)len;
    return 0;
}

static int name_all(void *arg, const struct token_place *place)
{
    return add_name(arg, place);
}

static int take_place(void *arg, const struct token_place *place)
{
    struct search *search = arg;
    search->place = *place;
    search->count++;
    return add_name(search, place);
}

static int find_place(struct trust_token *token, struct trust_error *err)
{
    struct search search = {.uri = token->uri};
    int code = token_modules_each(&token->modules, token->uri, take_place, &search, err);
    if (code == 0 && search.count == 0)
        code = token_modules_each(&token->modules, NULL, name_all, &search, err);
    if (code != 0)
        return code;
    if (search.count == 0)
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "%s: no such token is there; there %s%s", token->shown,
                               search.used > 0 ? "are: " : "is none at all: put it in", search.names);
    if (search.count > 1)
        return trust_error_set(err, TRUST_EAMBIGUOUS, TRUST_NO_OFFSET,
                               "%s: %zu tokens fit: %s; take out the others, or add ;serial=NUMBER (or "
                               "?module-path=, if it is one token seen twice)",
                               token->shown, search.count, search.names);
    token->place = search.place;
    return 0;
}

static int open_session(struct trust_token *token, struct trust_error *err)
{
    const CK_RV rv = token->place.module->C_OpenSession(token->place.slot, CKF_SERIAL_SESSION, NULL, NULL,
                                                        &token->session);
    return rv == CKR_OK ? 0 : token_error(err, rv, "token '%s'", token->place.info.label);
}

int trust_token_open(const char *uri, trust_token_loading loading, void *arg, struct trust_token **out,
                     struct trust_error *err)
{
    *out = NULL;
    struct trust_token *token = calloc(1, sizeof *token);
    if (token == NULL)
        return crypto_no_memory(err, "a token");
    token_uri_shown(uri, token->shown);
    int code = token_uri_parse(uri, &token->uri, err);
    if (code == 0)
        code = token_modules_open(token->uri, loading, arg, &token->modules, err);
    if (code == 0)
        code = find_place(token, err);
    if (code == 0)
        code = open_session(token, err);
    if (code == 0)
        *out = token;
    else
        trust_token_free(token);
    return code;
}

void trust_token_free(struct trust_token *token)
{
    if (token == NULL)
        return;
    if (token->logged_in)
        token->place.module->C_Logout(token->session);
    if (token->session != CK_INVALID_HANDLE)
        token->place.module->C_CloseSession(token->session);
    token_modules_close(&token->modules);
    p11_kit_uri_free(token->uri);
    OPENSSL_cleanse(token->pin, sizeof token->pin);
    free(token);
}

const struct trust_token_info *trust_token_info(const struct trust_token *token)
{
    return &token->place.info;
}

/* ---- The certificate */

/* "SAST-ADN0054f509 (id=%01)" of each. */
static void name_certs(const struct trust_token *token, const struct token_objects *found, char *out,
                       size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < found->count; i++) {
        struct trust_cert *cert = NULL;
        uint8_t *id = NULL;
        size_t len = 0;
        char part[100] = "a certificate", id_text[64] = "";
        if (token_object_cert(&token->place, token->session, found->handles[i], &cert, NULL) == 0)
            snprintf(part, sizeof part, "%.60s", trust_name_cucm(trust_cert_subject(cert)));
        if (token_object_read(&token->place, token->session, found->handles[i], CKA_ID, &id, &len, NULL) == 0)
            for (size_t k = 0; k < len && k < 20; k++)
                snprintf(id_text + 3 * k, sizeof id_text - 3 * k, "%%%02x", id[k]);
        const int more =
            snprintf(out + used, size - used, "%s%s (id=%s)", used > 0 ? ", " : "", part, id_text);
        trust_cert_free(cert);
        free(id);
        if (more < 0 || (size_t)more >= size - used) {
            out[used] = '\0';
            return;
        }
        used += (size_t)more;
    }
}

int trust_token_cert(struct trust_token *token, struct trust_cert **out, struct trust_error *err)
{
    struct token_objects found;
    char names[200];
    *out = NULL;
    int code = token_object_find_certs(&token->place, token->session, token->uri, &found, err);
    if (code != 0)
        return code;
    if (found.count == 0)
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "%s: token '%s' has no such certificate that can be read", token->shown,
                               token->place.info.label);
    if (found.count > 1) {
        name_certs(token, &found, names, sizeof names);
        return trust_error_set(err, TRUST_EAMBIGUOUS, TRUST_NO_OFFSET,
                               "%s: %zu certificates of the token fit: %s; add ;id= of the signer's",
                               token->shown, found.count, names);
    }
    return token_object_cert(&token->place, token->session, found.handles[0], out, err);
}

/* ---- The PIN */

static int check_tries(const struct trust_token *token, struct trust_error *err)
{
    const char *label = token->place.info.label;
    switch (token->place.info.tries) {
    case TRUST_TRIES_NONE:
        return trust_error_set(
            err, TRUST_EDENIED, TRUST_NO_OFFSET,
            "token '%s' is locked, since its PIN was wrong too often: unlock it with its own "
            "program; its PIN was not tried",
            label);
    case TRUST_TRIES_LAST:
        return trust_error_set(
            err, TRUST_EDENIED, TRUST_NO_OFFSET,
            "token '%s' has one try left before it locks itself, and that is not taken here: "
            "log in to it once with its own program, which gives all tries back",
            label);
    default:
        return 0;
    }
}

/* What can be seen to be wrong costs no try. */
static int check_pin(const struct trust_token *token, const char *pin, struct trust_error *err)
{
    const CK_TOKEN_INFO *told = &token->place.told;
    const char *label = token->place.info.label;
    const size_t len = pin != NULL ? strlen(pin) : 0;
    if ((told->flags & CKF_USER_PIN_INITIALIZED) == 0)
        return trust_error_set(err, TRUST_EPASSWORD, TRUST_NO_OFFSET,
                               "token '%s' has no PIN yet: give it one with its own program", label);
    if (pin == NULL && token->place.info.has_pad)
        return 0;
    if (len == 0)
        return trust_error_set(err, TRUST_EPASSWORD, TRUST_NO_OFFSET,
                               "token '%s' wants a PIN, and there is none", label);
    if (len >= TRUST_PIN_SIZE || (told->ulMaxPinLen > 0 && len > told->ulMaxPinLen) ||
        len < told->ulMinPinLen)
        return trust_error_set(
            err, TRUST_EPASSWORD, TRUST_NO_OFFSET,
            "token '%s': its PINs have %lu to %lu characters, and this one has %zu; it was "
            "not tried",
            label, (unsigned long)told->ulMinPinLen, (unsigned long)told->ulMaxPinLen, len);
    return 0;
}

static CK_RV give_pin(const struct trust_token *token, CK_USER_TYPE user, const char *pin)
{
    char copy[TRUST_PIN_SIZE]; /* PKCS#11 wants to be able to write there */
    if (pin == NULL)
        return token->place.module->C_Login(token->session, user, NULL, 0);
    const size_t len = strnlen(pin, sizeof copy - 1);
    memcpy(copy, pin, len);
    const CK_RV rv = token->place.module->C_Login(token->session, user, (CK_UTF8CHAR *)copy, len);
    OPENSSL_cleanse(copy, sizeof copy);
    return rv;
}

static int pin_error(struct trust_token *token, CK_RV rv, struct trust_error *err)
{
    static const char *const left[] = {
        [TRUST_TRIES_ALL] = "",
        [TRUST_TRIES_LOW] = "; fewer tries are left than at first",
        [TRUST_TRIES_LAST] = "; one try is left before it locks itself",
        [TRUST_TRIES_NONE] = "; it has locked itself",
    };
    if (rv != CKR_PIN_INCORRECT)
        return token_error(err, rv, "token '%s': it does not take the PIN", token->place.info.label);
    (void)!token_place_ask(&token->place, NULL);
    return trust_error_set(err, TRUST_EPASSWORD, TRUST_NO_OFFSET,
                           "token '%s': the PIN is wrong; it was tried once%s", token->place.info.label,
                           left[token->place.info.tries]);
}

int trust_token_log_in(struct trust_token *token, const char *pin, struct trust_error *err)
{
    int code = token_place_ask(&token->place, err);
    if (code != 0 || !token->place.info.needs_pin || token->logged_in)
        return code;
    code = check_tries(token, err);
    if (code == 0)
        code = check_pin(token, pin, err);
    if (code != 0)
        return code;
    const CK_RV rv = give_pin(token, CKU_USER, pin);
    if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
        return pin_error(token, rv, err);
    token->logged_in = rv == CKR_OK;
    /* Until it is known whether the key wants it again. */
    if (pin != NULL)
        snprintf(token->pin, sizeof token->pin, "%s", pin);
    return 0;
}

/* ---- The key */

/* Whether the token tells the key's modulus, and it is another. */
static int is_of_other(const struct trust_token *token, CK_OBJECT_HANDLE key, const struct trust_cert *cert,
                       bool *is, struct trust_error *err)
{
    uint8_t *modulus;
    size_t len;
    BIGNUM *wanted = NULL, *found = NULL;
    *is = false;
    int code = token_object_read(&token->place, token->session, key, CKA_MODULUS, &modulus, &len, err);
    if (code == 0 && len > 0) {
        found = BN_bin2bn(modulus, (int)len, NULL);
        if (found == NULL || EVP_PKEY_get_bn_param(cert_pkey(cert), OSSL_PKEY_PARAM_RSA_N, &wanted) != 1)
            code = crypto_error(err, TRUST_ECRYPTO, "the certificate's public key cannot be read");
        else
            *is = BN_cmp(wanted, found) != 0;
    }
    BN_free(wanted);
    BN_free(found);
    free(modulus);
    return code;
}

/* The id of the certificate's object ties its key to it; without one, what the URI says. */
static size_t wanted_of(const struct trust_token *token, uint8_t *id, size_t id_len, CK_ATTRIBUTE wanted[2])
{
    if (id_len == 0)
        return token_wanted(token->uri, wanted);
    wanted[0] = (CK_ATTRIBUTE){CKA_ID, id, id_len};
    return 1;
}

static int id_of_cert(const struct trust_token *token, uint8_t **id, size_t *len, struct trust_error *err)
{
    struct token_objects found;
    *id = NULL;
    *len = 0;
    int code = token_object_find_certs(&token->place, token->session, token->uri, &found, err);
    if (code == 0 && found.count == 1)
        code = token_object_read(&token->place, token->session, found.handles[0], CKA_ID, id, len, err);
    return code;
}

static int find_keys(const struct trust_token *token, struct token_objects *found, struct trust_error *err)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_ATTRIBUTE wanted[4] = {{CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type}};
    uint8_t *id;
    size_t id_len;
    int code = id_of_cert(token, &id, &id_len, err);
    if (code == 0)
        code = token_object_find(&token->place, token->session, wanted,
                                 2 + wanted_of(token, id, id_len, wanted + 2), found, err);
    free(id);
    return code;
}

/* Leave those of the certificate. */
static int sort_out(const struct trust_token *token, const struct trust_cert *cert,
                    struct token_objects *found, struct trust_error *err)
{
    size_t left = 0;
    for (size_t i = 0; i < found->count; i++) {
        bool is_other;
        int code = is_of_other(token, found->handles[i], cert, &is_other, err);
        if (code != 0)
            return code;
        if (!is_other)
            found->handles[left++] = found->handles[i];
    }
    found->count = left;
    return 0;
}

/* The PIN stays for a key that wants it for each signature (CKA_ALWAYS_AUTHENTICATE), and for no other. */
static int take_key(struct trust_token *token, CK_OBJECT_HANDLE key, struct trust_error *err)
{
    uint8_t *each_time;
    size_t len;
    int code =
        token_object_read(&token->place, token->session, key, CKA_ALWAYS_AUTHENTICATE, &each_time, &len, err);
    if (code != 0)
        return code;
    token->asks_each_time = len > 0 && each_time[0] != CK_FALSE;
    free(each_time);
    if (!token->asks_each_time)
        OPENSSL_cleanse(token->pin, sizeof token->pin);
    token->key = key;
    return 0;
}

int trust_token_find_key(struct trust_token *token, const struct trust_cert *cert, struct trust_error *err)
{
    struct token_objects found;
    const char *label = token->place.info.label;
    const char *subject = trust_name_cucm(trust_cert_subject(cert));
    if (trust_cert_key_type(cert) != TRUST_KEY_RSA)
        return trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                               "token '%s': only RSA keys sign files for phones; that of %.100s is none",
                               label, subject);
    int code = find_keys(token, &found, err);
    if (code != 0)
        return code;
    const size_t before = found.count;
    code = sort_out(token, cert, &found, err);
    if (code != 0)
        return code;
    if (found.count == 0)
        return trust_error_set(err, before > 0 ? TRUST_EMISMATCH : TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "token '%s': there is no private key of %.150s in it%s", label, subject,
                               before > 0 ? ", but another under the same id" : "");
    if (found.count > 1)
        return trust_error_set(
            err, TRUST_EAMBIGUOUS, TRUST_NO_OFFSET,
            "token '%s': %zu private keys in it could be that of %.100s; add ;id= to the URI", label,
            found.count, subject);
    return take_key(token, found.handles[0], err);
}

/* ---- Signing */

/* DigestInfo, RFC 8017 9.2: what stands before the digest. */
static const struct {
    enum trust_digest digest;
    uint8_t len, bytes[19];
} prefixes[] = {
    {TRUST_DIGEST_SHA1,
     15,
     {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}},
    {TRUST_DIGEST_SHA256,
     19,
     {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
      0x04, 0x20}},
    {TRUST_DIGEST_SHA512,
     19,
     {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00,
      0x04, 0x40}},
};

static size_t digest_info(enum trust_digest digest, struct trust_bytes hash,
                          uint8_t out[19 + TRUST_DIGEST_MAX])
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (prefixes[i].digest != digest || hash.len != trust_digest_size(digest))
            continue;
        memcpy(out, prefixes[i].bytes, prefixes[i].len);
        memcpy(out + prefixes[i].len, hash.data, hash.len);
        return prefixes[i].len + hash.len;
    }
    return 0;
}

int trust_token_sign(struct trust_token *token, enum trust_digest digest, struct trust_bytes hash,
                     uint8_t *out, size_t *len, struct trust_error *err)
{
    uint8_t info[19 + TRUST_DIGEST_MAX];
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    CK_ULONG room = TRUST_TOKEN_SIGNATURE_MAX;
    CK_FUNCTION_LIST *module = token->place.module;
    const size_t size = digest_info(digest, hash, info);
    *len = 0;
    if (size == 0 || token->key == CK_INVALID_HANDLE)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "token '%s': no key was found in it yet, or that is no digest to sign",
                               token->place.info.label);
    CK_RV rv = module->C_SignInit(token->session, &mechanism, token->key);
    if (rv == CKR_OK && token->asks_each_time)
        rv = give_pin(token, CKU_CONTEXT_SPECIFIC, token->pin[0] != '\0' ? token->pin : NULL);
    if (rv == CKR_OK)
        rv = module->C_Sign(token->session, info, size, out, &room);
    if (rv != CKR_OK)
        return token_error(err, rv, "token '%s': it does not sign", token->place.info.label);
    *len = room;
    return 0;
}
