/* utils ctl sign: a CTL file under the signature of a security token. */
#include "handlers.h"
#include "history.h"
#include "list_dialogue.h"
#include "print.h"
#include "relist.h"
#include "say.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS_MIN  2
#define SERIAL_SIZE 41 /* RFC 5280 4.1.2.2: at most 20 bytes */

struct signing {
    struct token *tokens; /* the first signs */
    size_t count;
    enum token_style style;
    char question[512];
};

static const char *short_serial(const struct trust_cert *cert, char out[SERIAL_SIZE])
{
    struct trust_bytes serial = trust_cert_serial(cert);
    if (serial.len > (SERIAL_SIZE - 1) / 2)
        serial.len = (SERIAL_SIZE - 1) / 2;
    trust_hex(serial, 0, true, out);
    return out;
}

/* The CTL client's words, and what to do here. */
static int unknown_token(const struct trust_cert *cert, bool has_tokens, struct trust_error *err)
{
    char serial[SERIAL_SIZE];
    return trust_error_set(
        err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
        "The Security Token you have inserted does not exist in the CTL File (%.40s, serial number %s), nor "
        "in Phone-SAST-trust. Please remove any Security Tokens already inserted and insert another Security "
        "Token; or upload this one first: `set cert import trust Phone-SAST-trust FILE`%s",
        print_cert_name(cert), short_serial(cert, serial),
        has_tokens ? "; if all tokens of the CTL file are lost, `utils ctl update CTLFile` needs none" : "");
}

/* What stands in the list, if it is the one that we gave out: everybody may be able to write into the folder.
 */
static int tokens_of_list(struct state *state, const struct trust_list *present, struct token_set *out,
                          struct trust_error *err)
{
    bool is_ours = false;
    int64_t number;
    int code = present == NULL ? 0 : history_is_last(state, COMPOSE_CTL, present, &is_ours, &number, err);
    return code == 0 && is_ours ? token_set_add_list(out, present, err) : code;
}

/* Further tokens that the operator did not name: those of the list or, if there are none, the only other one
 * that was uploaded. Signers of other clusters are uploaded there too, and make no token. */
static int add_unnamed(const struct trust_cert *signer, const struct token_set *in_list,
                       const struct token_set *uploaded, struct token_set *out, struct trust_error *err)
{
    const struct token_set *from =
        in_list->count > (token_set_has(in_list, signer) ? 1u : 0u) ? in_list : uploaded;
    size_t others = from->count - (token_set_has(from, signer) ? 1 : 0);
    if (others == 0)
        return trust_error_set(
            err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
            "a CTL file needs two security tokens, so that one can be lost: upload the other with `set cert "
            "import trust Phone-SAST-trust FILE`");
    if (from == uploaded && others > 1)
        return trust_error_set(err, TRUST_EAMBIGUOUS, TRUST_NO_OFFSET,
                               "Phone-SAST-trust holds %zu other certificates, and not each must be a token: "
                               "name the other token "
                               "by a second --token URI (file:/PATH of its certificate will do)",
                               others);
    int code = 0;
    for (size_t i = 0; i < from->count && code == 0; i++)
        if (!trust_cert_equal(from->items[i], signer))
            code = token_set_add(out, from->items[i], err);
    return code;
}

/* The tokens of the new list: the signer's is the last, as the CTL client has it. */
static int choose(struct state *state, const struct signing *signing, const struct trust_list *present,
                  struct token_set *out, struct trust_error *err)
{
    struct token_set in_list = {0}, uploaded = {0};
    struct trust_cert *signer = signing->tokens[0].cert;
    int code = tokens_of_list(state, present, &in_list, err);
    if (code == 0)
        code = token_set_add_store(&uploaded, state, err);
    for (size_t i = 0; i < signing->count && code == 0; i++)
        if (!token_set_has(&in_list, signing->tokens[i].cert) &&
            !token_set_has(&uploaded, signing->tokens[i].cert))
            code = unknown_token(signing->tokens[i].cert, in_list.count > 0, err);
    for (size_t i = 1; i < signing->count && code == 0; i++)
        code = token_set_add(out, signing->tokens[i].cert, err);
    if (code == 0 && signing->count < TOKENS_MIN)
        code = add_unnamed(signer, &in_list, &uploaded, out, err);
    if (code == 0)
        code = token_set_add(out, signer, err);
    token_set_fini(&in_list);
    token_set_fini(&uploaded);
    return code;
}

/* The last token that phones know is as good as lost when the new list has none of the present one's. */
static int warn_of_loss(struct tvsctl *ctl, struct state *state, const struct trust_list *present,
                        const struct token_set *tokens, struct trust_error *err)
{
    struct token_set in_list = {0};
    size_t stay = 0;
    int code = tokens_of_list(state, present, &in_list, err);
    for (size_t i = 0; i < in_list.count; i++)
        stay += token_set_has(tokens, in_list.items[i]);
    if (code == 0 && in_list.count > 0 && stay == 0)
        say_warning(ctl,
                    "no token of the CTL file before stands in this one: phones know none of the new ones by "
                    "it, and follow only if their ITL or TVS vouches for the signer");
    token_set_fini(&in_list);
    return code;
}

static int check(struct tvsctl *ctl, struct state *state, struct list_dialogue *dialogue)
{
    struct published lists;
    struct token_set tokens = {0};
    struct trust_error err = {0};
    bool mixed;
    if (state_is_mixed(state, &mixed, &err) != 0)
        return say_error(ctl, &err);
    if (!mixed)
        return say_refusal(ctl,
                           "the cluster is not in mixed mode, so there is no CTL file to sign; `utils ctl "
                           "set-cluster mixed-mode` makes one, which a token can sign then");
    published_read(ctl->config, &lists, NULL);
    int code = choose(state, dialogue->arg, lists.ctl, &tokens, &err);
    if (code == 0)
        code = warn_of_loss(ctl, state, lists.ctl, &tokens, &err);
    bool is_there = lists.ctl != NULL;
    token_set_fini(&tokens);
    published_fini(&lists);
    if (code != 0)
        return say_error(ctl, &err);
    int result = list_dialogue_need_call_manager(ctl, state);
    if (result == TVSCTL_DONE && !is_there)
        fputs(
            "No CTL File exists on the server but the Call Manager Cluster Security Mode is in Secure Mode.\n"
            "For the system to function, you must create the CTL File and set Call Manager Cluster the "
            "Secure "
            "Mode.\n",
            ctl->io.out);
    return result;
}

static int sign(struct change *change, void *arg, struct trust_error *err)
{
    const struct signing *signing = arg;
    struct token_set tokens = {0};
    struct trust_list *list = NULL;
    int code = choose(change->state, signing, publish_present(change, COMPOSE_CTL), &tokens, err);
    if (code == 0)
        code = compose_token_list(
            change->state, &(struct compose_tokens){&tokens, signing->tokens[0].signer, signing->style},
            change->ctl->now, &list, err);
    if (code == 0)
        code = publish_list(change, COMPOSE_CTL, list, err);
    if (code == 0)
        code = relist_follow(change, err);
    trust_list_free(list);
    token_set_fini(&tokens);
    return code;
}

/* The PIN. */
static int prepare(struct tvsctl *ctl, struct list_dialogue *dialogue)
{
    struct signing *signing = dialogue->arg;
    struct trust_error err = {0};
    return token_need_signer(ctl, &signing->tokens[0], &err) == 0 ? TVSCTL_DONE : say_error(ctl, &err);
}

static int run(struct tvsctl *ctl, struct signing *signing)
{
    const struct trust_cert *cert = signing->tokens[0].cert;
    char serial[SERIAL_SIZE];
    char *name = print_escaped(print_cert_name(cert));
    if (name == NULL)
        return say_no_memory(ctl);
    snprintf(signing->question, sizeof signing->question,
             "This operation will update the CTLFile: the security token %.200s (serial number %s) signs it.",
             name, short_serial(cert, serial));
    free(name);
    return list_dialogue_run(ctl, &(struct list_dialogue){
                                      .kind = COMPOSE_CTL,
                                      .question = signing->question,
                                      .begins = "Updating CTL file",
                                      .done = "CTL file Updated",
                                      .restart = true,
                                      .check = check,
                                      .prepare = prepare,
                                      .work = sign,
                                      .arg = signing,
                                  });
}

/* Open every --token; the first must be able to sign. */
static int open_tokens(struct tvsctl *ctl, struct signing *signing, struct trust_error *err)
{
    const char *uri;
    int code = 0;
    while (code == 0 && (uri = flag_value(&ctl->flags, FLAG_TOKEN, signing->count)) != NULL) {
        struct token *token = &signing->tokens[signing->count++];
        code = token_open(ctl, uri, token, err);
        for (size_t i = 0; code == 0 && i + 1 < signing->count; i++)
            if (trust_cert_equal(signing->tokens[i].cert, token->cert))
                code = trust_error_set(err, TRUST_EDUPLICATE, TRUST_NO_OFFSET,
                                       "%.120s: this token was named before; a CTL file needs two", uri);
        if (code == 0 && !signing->tokens[0].can_sign)
            code = trust_error_set(err, TRUST_EKEY, TRUST_NO_OFFSET,
                                   "%.120s: there is no private key in it, and the first --token signs", uri);
    }
    return code;
}

/* CUCM's own tools write tokens in no other style than the client's. */
static bool take_style(const struct tvsctl *ctl, enum token_style *style)
{
    const char *named = ctl->flags.value[FLAG_STYLE];
    *style = named != NULL && strcmp(named, "cucm") == 0 ? TOKEN_STYLE_CUCM : TOKEN_STYLE_CLIENT;
    return named == NULL || *style == TOKEN_STYLE_CUCM || strcmp(named, "ctl-client") == 0;
}

int ctl_sign(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct token tokens[FLAGS_FURTHER_MAX + 1] = {0};
    struct signing signing = {.tokens = tokens};
    struct trust_error err = {0};
    (void)args, (void)count;
    if (!flag_given(&ctl->flags, FLAG_TOKEN))
        return say_usage(ctl,
                         "`utils ctl sign` needs to know who signs: --token URI (pkcs11:… or file:/PATH)");
    if (!take_style(ctl, &signing.style))
        return say_usage(ctl, "--style %s is none of: ctl-client, cucm", ctl->flags.value[FLAG_STYLE]);
    int code = open_tokens(ctl, &signing, &err);
    int result = code != 0 ? say_error(ctl, &err) : run(ctl, &signing);
    for (size_t i = 0; i < signing.count; i++)
        token_fini(&tokens[i]);
    return result;
}
