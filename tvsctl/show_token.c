/* show token [URI]: which security tokens are there, and what they are to us. */
#include "handlers.h"
#include "history.h"
#include "json.h"
#include "print.h"
#include "published.h"
#include "say.h"
#include "signing.h"
#include "token.h"
#include "token_agent.h"

#include <stdlib.h>

struct shown_token {
    struct trust_token_info info;
    struct trust_cert **certs;
    size_t count;
};

struct showing {
    struct tvsctl *ctl;
    struct shown_token *tokens;
    size_t count;
    bool has_state;
    struct state state;
    struct published lists;
    struct token_set in_ctl, uploaded; /* tokens of the CTL file; Phone-SAST-trust */
    struct trust_error err;
};

static void fini(struct showing *showing)
{
    for (size_t i = 0; i < showing->count; i++) {
        for (size_t k = 0; k < showing->tokens[i].count; k++)
            trust_cert_free(showing->tokens[i].certs[k]);
        free(showing->tokens[i].certs);
    }
    free(showing->tokens);
    token_set_fini(&showing->in_ctl);
    token_set_fini(&showing->uploaded);
    published_fini(&showing->lists);
    state_close(&showing->state);
}

/* ---- Reading */

static int take_token(void *arg, const struct trust_token_info *info, struct trust_cert *const *certs,
                      size_t count)
{
    struct showing *showing = arg;
    struct shown_token *tokens = reallocarray(showing->tokens, showing->count + 1, sizeof *tokens);
    struct trust_cert **copies = calloc(count + 1, sizeof(struct trust_cert *));
    showing->tokens = tokens != NULL ? tokens : showing->tokens;
    if (tokens == NULL || copies == NULL) {
        free(copies);
        return trust_error_set(&showing->err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s",
                               trust_error_meaning(TRUST_ENOMEM));
    }
    for (size_t i = 0; i < count; i++)
        copies[i] = trust_cert_ref(certs[i]);
    tokens[showing->count++] = (struct shown_token){*info, copies, count};
    return 0;
}

/* Without a store the tokens are shown all the same. */
static int read_state(struct showing *showing)
{
    struct trust_error *err = &showing->err;
    int code = state_open(showing->ctl->config, TRUST_STORE_READ, &showing->state, err);
    showing->has_state = code == 0;
    if (code == TRUST_ENOTFOUND)
        return 0;
    if (code == 0)
        code = token_set_add_store(&showing->uploaded, &showing->state, err);
    return code;
}

/* ---- Telling */

static const char *tries_words(enum trust_token_tries tries)
{
    switch (tries) {
    case TRUST_TRIES_LOW:
        return "a wrong PIN was given; fewer tries are left than at first";
    case TRUST_TRIES_LAST:
        return "one try is left before it locks itself; log in once with the token's own program";
    case TRUST_TRIES_NONE:
        return "locked; unlock it with the token's own program";
    default:
        return "all tries are left";
    }
}

static const char *tries_name(enum trust_token_tries tries)
{
    static const char *const names[] = {"all", "low", "last", "none"};
    return names[tries];
}

static bool signed_ctl(const struct showing *showing, const struct trust_cert *cert)
{
    return showing->lists.ctl != NULL && trust_list_verify(showing->lists.ctl, cert, NULL) == 0;
}

/* The unit of ours whose certificate it is, and whose key is in a token; NULL: none. */
static const char *own_unit(struct showing *showing, const struct trust_cert *cert)
{
    static const enum trust_unit units[] = {TRUST_UNIT_CALLMANAGER, TRUST_UNIT_ITLRECOVERY};
    for (size_t i = 0; showing->has_state && i < sizeof units / sizeof units[0]; i++) {
        struct trust_store_row row;
        const bool is = state_own_row(&showing->state, showing->state.node, units[i], &row, NULL) == 0 &&
                        trust_cert_equal(row.cert, cert) && signing_is_in_token(&showing->state, units[i]);
        trust_cert_free(row.cert);
        if (is)
            return trust_unit_by_number((int)units[i])->name;
    }
    return NULL;
}

static void print_line(FILE *out, const char *name, const char *text)
{
    fprintf(out, "%-15s ", name);
    print_text(out, print_bytes(text));
    fputc('\n', out);
}

static int print_cert(struct showing *showing, const struct trust_cert *cert)
{
    FILE *out = showing->ctl->io.out;
    char key[32], until[PRINT_DATE_SIZE];
    char *serial = print_hex(trust_cert_serial(cert), 0, true);
    const char *unit = own_unit(showing, cert);
    if (serial == NULL)
        return say_no_memory(showing->ctl);
    print_line(out, "Certificate:", trust_name_cucm(trust_cert_subject(cert)));
    fprintf(out, "                serial number %s, %s, valid until %s\n", serial,
            print_key(cert, key, sizeof key), print_date(trust_cert_not_after(cert), until));
    fprintf(out, "                CTL file: %s; Phone-SAST-trust: %s%s%s\n",
            !token_set_has(&showing->in_ctl, cert) ? "not in it"
            : signed_ctl(showing, cert)            ? "in it, and signed it"
                                                   : "in it",
            token_set_has(&showing->uploaded, cert) ? "yes" : "no", unit != NULL ? "; signs for us as " : "",
            unit != NULL ? unit : "");
    free(serial);
    return TVSCTL_DONE;
}

static int print_token(struct showing *showing, const struct shown_token *token)
{
    FILE *out = showing->ctl->io.out;
    int result = TVSCTL_DONE;
    print_line(out, "Token:", token->info.label);
    print_line(out, "Serial number:", token->info.serial);
    print_line(out, "Model:", token->info.model);
    print_line(out, "Manufacturer:", token->info.manufacturer);
    print_line(out, "Module:", token->info.module);
    print_line(out, "PIN:", token->info.needs_pin ? tries_words(token->info.tries) : "it needs none");
    for (size_t i = 0; i < token->count && result == TVSCTL_DONE; i++)
        result = print_cert(showing, token->certs[i]);
    if (token->count == 0)
        print_line(out, "Certificate:", "none that can be read");
    fputc('\n', out);
    return result;
}

static bool is_here(const struct showing *showing, const struct trust_cert *cert)
{
    for (size_t i = 0; i < showing->count; i++)
        for (size_t k = 0; k < showing->tokens[i].count; k++)
            if (trust_cert_equal(showing->tokens[i].certs[k], cert))
                return true;
    return false;
}

/* What is left if a token is lost. */
static void print_loss(const struct showing *showing)
{
    FILE *out = showing->ctl->io.out;
    size_t here = 0;
    const size_t all = showing->in_ctl.count;
    for (size_t i = 0; i < all; i++)
        here += is_here(showing, showing->in_ctl.items[i]);
    if (all == 0)
        return;
    fprintf(out, "Of the %zu tokens of the CTL file %zu %s here.\n", all, here, here == 1 ? "is" : "are");
    for (size_t i = 0; i < all; i++)
        if (!is_here(showing, showing->in_ctl.items[i]))
            print_line(out, "Not here:", print_cert_name(showing->in_ctl.items[i]));
    if (here == 1 && all > 1)
        fputs("If the others are lost, this is the last one that phones know: sign with it and with a new "
              "one, as "
              "long as it is there (`utils ctl sign --token URI --token URI-OF-THE-NEW`).\n",
              out);
    if (here == 0)
        fputs("If they are lost, no token can sign what phones believe: `utils ctl update CTLFile` needs "
              "none, and "
              "`utils rehearse utils ctl update CTLFile` tells which phones follow.\n",
              out);
}

static int print_for_people(struct showing *showing)
{
    int result = TVSCTL_DONE;
    if (showing->count == 0)
        fputs("There is no security token here.\n", showing->ctl->io.out);
    for (size_t i = 0; i < showing->count && result == TVSCTL_DONE; i++)
        result = print_token(showing, &showing->tokens[i]);
    if (result == TVSCTL_DONE)
        print_loss(showing);
    return result;
}

static void write_cert(struct json *json, struct showing *showing, const struct trust_cert *cert)
{
    json_object(json, NULL);
    json_string(json, "subject", trust_name_cucm(trust_cert_subject(cert)));
    json_string(json, "issuer", trust_name_cucm(trust_cert_issuer(cert)));
    json_serial(json, "serial", trust_cert_serial(cert));
    json_time(json, "not_after", trust_cert_not_after(cert));
    json_bool(json, "in_ctl", token_set_has(&showing->in_ctl, cert));
    json_bool(json, "signed_ctl", signed_ctl(showing, cert));
    json_bool(json, "in_phone_sast_trust", token_set_has(&showing->uploaded, cert));
    json_string(json, "own_unit", own_unit(showing, cert));
    json_object_end(json);
}

static void print_for_programs(struct showing *showing)
{
    struct json json;
    json_init(&json, showing->ctl->io.out);
    json_object(&json, NULL);
    json_array(&json, "tokens");
    for (size_t i = 0; i < showing->count; i++) {
        const struct shown_token *token = &showing->tokens[i];
        json_object(&json, NULL);
        json_string(&json, "label", token->info.label);
        json_string(&json, "serial", token->info.serial);
        json_string(&json, "model", token->info.model);
        json_string(&json, "manufacturer", token->info.manufacturer);
        json_string(&json, "module", token->info.module);
        json_bool(&json, "needs_pin", token->info.needs_pin);
        json_string(&json, "tries_left", tries_name(token->info.tries));
        json_array(&json, "certificates");
        for (size_t k = 0; k < token->count; k++)
            write_cert(&json, showing, token->certs[k]);
        json_array_end(&json);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_array(&json, "ctl_tokens");
    for (size_t i = 0; i < showing->in_ctl.count; i++) {
        const struct trust_cert *cert = showing->in_ctl.items[i];
        json_object(&json, NULL);
        json_string(&json, "subject", trust_name_cucm(trust_cert_subject(cert)));
        json_serial(&json, "serial", trust_cert_serial(cert));
        json_bool(&json, "here", is_here(showing, cert));
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
}

/* Tokens are asked with the operator's own rights, before anything else. */
int show_token(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct showing showing = {.ctl = ctl};
    int result = TVSCTL_DONE;
    int code = token_agent_each(count > 0 ? args[0] : NULL, take_token, &showing, &showing.err);
    if (code == 0)
        code = read_state(&showing);
    if (code == 0) {
        published_read(ctl->config, &showing.lists, NULL);
        code = token_set_add_list(&showing.in_ctl, showing.lists.ctl, &showing.err);
    }
    if (code != 0)
        result = say_error(ctl, &showing.err);
    else if (flag_given(&ctl->flags, FLAG_JSON))
        print_for_programs(&showing);
    else
        result = print_for_people(&showing);
    fini(&showing);
    return result;
}
