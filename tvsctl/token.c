#include "token.h"

#include "input.h"
#include "token_keys.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

/* ---- Sets */

bool token_set_has(const struct token_set *set, const struct trust_cert *cert)
{
    for (size_t i = 0; i < set->count; i++)
        if (trust_cert_equal(set->items[i], cert))
            return true;
    return false;
}

int token_set_add(struct token_set *set, struct trust_cert *cert, struct trust_error *err)
{
    if (token_set_has(set, cert))
        return 0;
    struct trust_cert **grown = reallocarray(set->items, set->count + 1, sizeof *grown);
    if (grown == NULL)
        return no_memory(err);
    set->items = grown;
    set->items[set->count++] = trust_cert_ref(cert);
    return 0;
}

void token_set_fini(struct token_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        trust_cert_free(set->items[i]);
    free(set->items);
    *set = (struct token_set){0};
}

int token_set_add_list(struct token_set *set, const struct trust_list *list, struct trust_error *err)
{
    int code = 0;
    for (size_t i = 0; list != NULL && code == 0 && i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        struct trust_cert *cert;
        if (record->function != TRUST_ROLE_SAST || record->dns_name.len > 0 || record->certificate.len == 0)
            continue;
        code = trust_cert_from_der(record->certificate, &cert, err);
        if (code == 0)
            code = token_set_add(set, cert, err);
        else if (code != TRUST_ENOMEM)
            code = 0;
        trust_cert_free(cert);
    }
    return code;
}

struct gathering {
    struct token_set *set;
    struct trust_error *err;
};

static int gather(void *arg, const struct trust_store_row *row)
{
    const struct gathering *to = arg;
    return token_set_add(to->set, row->cert, to->err);
}

int token_set_add_store(struct token_set *set, struct state *state, struct trust_error *err)
{
    struct gathering to = {set, err};
    return trust_store_each(state->store, TRUST_UNIT_PHONE_SAST_TRUST, gather, &to, err);
}

/* ---- What --token names */

/* The certificate of the key; without a key, the only certificate. */
static int take_cert(const struct trust_bundle *bundle, const char *path, struct trust_cert **out,
                     struct trust_error *err)
{
    struct trust_cert *found = NULL;
    size_t fit = 0;
    for (size_t i = 0; i < bundle->cert_count; i++) {
        if (bundle->key != NULL && !trust_key_matches(bundle->key, bundle->certs[i]))
            continue;
        found = bundle->certs[i];
        fit++;
    }
    if (fit != 1)
        return trust_error_set(
            err, TRUST_ECERT, TRUST_NO_OFFSET,
            "%s: it holds %zu certificates%s, and a token is one; leave that one alone in it", path, fit,
            bundle->key != NULL ? " of its private key" : "");
    *out = trust_cert_ref(found);
    return 0;
}

static int open_file(struct tvsctl *ctl, char *path, struct token *token, struct trust_error *err)
{
    struct input input;
    int code = input_read(ctl, &path, 1, &input, err);
    if (code == 0)
        code = take_cert(input.files[0].bundle, path, &token->cert, err);
    if (code == 0 && input.files[0].bundle->key != NULL) {
        code = trust_signer_from_key(token->cert, input.files[0].bundle->key, &token->signer, err);
        if (code != 0)
            trust_error_prefix(err, code, "%s", path);
    }
    input_free(&input);
    return code;
}

/* RFC 8089: file:/PATH, or file:///PATH with an empty host. */
static const char *path_of(const char *uri)
{
    static const char scheme[] = "file:";
    if (strncmp(uri, scheme, sizeof scheme - 1) != 0)
        return NULL;
    const char *path = uri + sizeof scheme - 1;
    return strncmp(path, "///", 3) == 0 ? path + 2 : path;
}

bool token_is_hardware(const char *uri)
{
    return strncmp(uri, TRUST_TOKEN_SCHEME, strlen(TRUST_TOKEN_SCHEME)) == 0;
}

int token_read_cert(struct tvsctl *ctl, const char *uri, struct trust_cert **out, struct trust_error *err)
{
    struct token_agent *agent;
    *out = NULL;
    int code = token_keys_open(ctl->tokens, uri, &agent, err);
    return code == 0 ? token_agent_cert(agent, out, err) : code;
}

int token_need_signer(struct tvsctl *ctl, struct token *token, struct trust_error *err)
{
    if (token->signer != NULL)
        return 0;
    return token_keys_signer(ctl->tokens, token->uri, token->cert, &token->signer, err);
}

int token_open(struct tvsctl *ctl, const char *uri, struct token *token, struct trust_error *err)
{
    const char *path = path_of(uri);
    *token = (struct token){.uri = uri};
    if (token_is_hardware(uri)) {
        token->can_sign = true;
        return token_read_cert(ctl, uri, &token->cert, err);
    }
    if (path == NULL)
        return trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET,
                               "%.200s: no such kind of token is known; pkcs11:token=LABEL names one by its "
                               "label, file:/PATH a file with the token's certificate and key",
                               uri);
    if (path[0] != '/' || path[1] == '/')
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "%s: behind file: stands a whole path: file:/PATH", uri);
    char *copy = strdup(path);
    if (copy == NULL)
        return no_memory(err);
    int code = open_file(ctl, copy, token, err);
    token->can_sign = token->signer != NULL;
    free(copy);
    return code;
}

void token_fini(struct token *token)
{
    trust_signer_free(token->signer);
    trust_cert_free(token->cert);
    *token = (struct token){0};
}

/* ---- Spelling */

/* "CN=a\;b;OU=c" with its types in lower case. */
static char *with_small_types(const char *name)
{
    char *out = strdup(name);
    bool in_type = true;
    for (char *c = out; c != NULL && *c != '\0'; c++) {
        if (*c == '\\' && c[1] != '\0')
            c++;
        else if (*c == ';')
            in_type = true;
        else if (*c == '=')
            in_type = false;
        else if (in_type)
            *c = (char)tolower((unsigned char)*c);
    }
    return out;
}

int token_spell(const struct trust_cert *cert, struct token_spelling *out, struct trust_error *err)
{
    const struct trust_bytes serial = trust_cert_serial(cert);
    *out = (struct token_spelling){
        .subject = with_small_types(trust_name_cucm(trust_cert_subject(cert))),
        .issuer = with_small_types(trust_name_cucm(trust_cert_issuer(cert))),
        .serial = malloc(serial.len > 0 ? serial.len : 1),
        .serial_len = serial.len,
    };
    if (out->subject == NULL || out->issuer == NULL || out->serial == NULL) {
        token_spelling_fini(out);
        return no_memory(err);
    }
    for (size_t i = 0; i < serial.len; i++)
        out->serial[i] = serial.data[serial.len - 1 - i];
    return 0;
}

void token_spelling_fini(struct token_spelling *spelling)
{
    free(spelling->subject);
    free(spelling->issuer);
    free(spelling->serial);
    *spelling = (struct token_spelling){0};
}
