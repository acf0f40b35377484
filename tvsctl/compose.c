#include "compose.h"

#include "published.h"
#include "signing.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* A record to be, owning what trust_record_spec borrows. */
struct item {
    struct trust_cert *cert;
    enum trust_record_form form;
    enum trust_role function;
    char dns_name[256];
    bool has_address;
    uint8_t address[4];
    struct token_spelling spelling; /* of a token; else nothing: the certificate's own */
};

/* What a list is made of. */
struct composition {
    struct state *state;
    bool as_client; /* records as the CTL client writes them */
    struct item *items;
    size_t count;
    struct trust_error *err;
};

static void composition_fini(struct composition *list)
{
    for (size_t i = 0; i < list->count; i++) {
        trust_cert_free(list->items[i].cert);
        token_spelling_fini(&list->items[i].spelling);
    }
    free(list->items);
}

static struct item *add_item(struct composition *list)
{
    struct item *items = reallocarray(list->items, list->count + 1, sizeof *items);
    if (items == NULL) {
        trust_error_set(list->err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
        return NULL;
    }
    list->items = items;
    items[list->count] = (struct item){0};
    return &items[list->count++];
}

/* A blank and its NUL are what CUCM 8 wrote into ITLs. The CTL client knows servers by their addresses. */
static void name_node(const struct composition *list, const char *server_name, const char *address,
                      struct item *item)
{
    const struct config *config = list->state->config;
    const int style = list->as_client ? CONFIG_DNS_ADDRESS : (int)config->trust_lists.dns_names;
    const char *name = style == CONFIG_DNS_HOST    ? server_name
                       : style == CONFIG_DNS_BLANK ? " "
                       : address[0] != '\0'        ? address
                                                   : server_name;
    snprintf(item->dns_name, sizeof item->dns_name, "%s", name);
    item->has_address = config->trust_lists.addresses && inet_pton(AF_INET, address, item->address) == 1;
}

/* Our own node is addressed as the configuration says now, another as the store has it. */
static int add_record(struct composition *list, const struct trust_store_row *row,
                      enum trust_record_form form, enum trust_role function)
{
    const struct config *config = list->state->config;
    bool is_ours = strcmp(row->server_name, list->state->node) == 0;
    struct item *item = add_item(list);
    if (item == NULL)
        return TRUST_ENOMEM;
    item->cert = trust_cert_ref(row->cert);
    item->form = list->as_client && form == TRUST_RECORD_WHOLE ? TRUST_RECORD_CLIENT : form;
    item->function = function;
    name_node(list, row->server_name, is_ours ? config->node.address : row->ipv4, item);
    return 0;
}

/* A record of a unit of our node, if there is such a certificate. */
static int add_own(struct composition *list, enum trust_unit unit, enum trust_record_form form,
                   enum trust_role function)
{
    struct trust_store_row row;
    int code = state_own_row(list->state, list->state->node, unit, &row, list->err);
    if (code == 0)
        code = add_record(list, &row, form, function);
    trust_cert_free(row.cert);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

/* The other nodes' certificates of a unit. */
struct others {
    struct composition *list;
    enum trust_record_form form;
    enum trust_role function;
};

static int take_other(void *arg, const struct trust_store_row *row)
{
    const struct others *others = arg;
    if (strcmp(row->server_name, others->list->state->node) == 0)
        return 0;
    return add_record(others->list, row, others->form, others->function);
}

static int add_others(struct composition *list, enum trust_unit unit, enum trust_record_form form,
                      enum trust_role function)
{
    struct others others = {list, form, function};
    return trust_store_each(list->state->store, (int)unit, take_other, &others, list->err);
}

static int collect_ctl(struct composition *list, enum trust_record_form ccm)
{
    int code = add_own(list, TRUST_UNIT_CALLMANAGER, ccm, TRUST_ROLE_CCM_TFTP);
    if (code == 0)
        code = add_own(list, TRUST_UNIT_CAPF, TRUST_RECORD_WHOLE, TRUST_ROLE_CAPF);
    return code == 0 ? add_others(list, TRUST_UNIT_CALLMANAGER, ccm, TRUST_ROLE_CCM_TFTP) : code;
}

static int collect_itl(struct composition *list)
{
    static const enum trust_unit units[] = {TRUST_UNIT_TVS, TRUST_UNIT_TVS_ECDSA};
    const bool hash = list->state->config->trust_lists.itl_records == CONFIG_RECORDS_HASH;
    const enum trust_record_form form = hash ? TRUST_RECORD_HASH : TRUST_RECORD_WHOLE;
    int code = add_own(list, TRUST_UNIT_CALLMANAGER, TRUST_RECORD_WHOLE, TRUST_ROLE_CCM_TFTP);
    for (size_t i = 0; code == 0 && i < sizeof units / sizeof units[0]; i++) {
        code = add_own(list, units[i], form, TRUST_ROLE_TVS);
        if (code == 0)
            code = add_others(list, units[i], form, TRUST_ROLE_TVS);
    }
    return code == 0 ? add_own(list, TRUST_UNIT_CAPF, form, TRUST_ROLE_CAPF) : code;
}

/* Anchors first and last, in the order of Cisco's own files. */
static int collect(struct composition *list, enum compose_kind kind, bool mixed)
{
    const struct config *config = list->state->config;
    const bool by_recovery = signing_unit(config) == TRUST_UNIT_ITLRECOVERY;
    int code = add_own(list, signing_unit(config), TRUST_RECORD_WHOLE, TRUST_ROLE_SAST);
    if (code == 0 && by_recovery)
        code = add_own(list, TRUST_UNIT_CALLMANAGER, TRUST_RECORD_WHOLE, TRUST_ROLE_SAST);
    if (code == 0)
        code = kind == COMPOSE_ITL ? collect_itl(list)
                                   : collect_ctl(list, mixed ? TRUST_RECORD_WHOLE : TRUST_RECORD_HOLLOW);
    if (code == 0 && !by_recovery && config->trust_lists.recovery_anchor)
        code = add_own(list, TRUST_UNIT_ITLRECOVERY, TRUST_RECORD_WHOLE, TRUST_ROLE_SAST);
    return code;
}

/* A token is no host: its DNSNAME is empty and its address zero. */
static int add_token(struct composition *list, struct trust_cert *cert)
{
    struct item *item = add_item(list);
    if (item == NULL)
        return TRUST_ENOMEM;
    item->cert = trust_cert_ref(cert);
    item->form = list->as_client ? TRUST_RECORD_CLIENT : TRUST_RECORD_WHOLE;
    item->function = TRUST_ROLE_SAST;
    item->has_address = list->state->config->trust_lists.addresses;
    return list->as_client ? token_spell(cert, &item->spelling, list->err) : 0;
}

/* The order of the CTL client's files. */
static int collect_with_tokens(struct composition *list, const struct token_set *tokens)
{
    int code = add_token(list, tokens->items[0]);
    if (code == 0)
        code = collect_ctl(list, TRUST_RECORD_WHOLE);
    for (size_t i = 1; code == 0 && i < tokens->count; i++)
        code = add_token(list, tokens->items[i]);
    return code;
}

/* "Prepare Cluster for Rollback to pre 8.0". */
static int collect_blank(struct composition *list)
{
    static const enum trust_role roles[] = {TRUST_ROLE_SAST, TRUST_ROLE_CCM_TFTP, TRUST_ROLE_TVS,
                                            TRUST_ROLE_CAPF};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        struct item *item = add_item(list);
        if (item == NULL)
            return TRUST_ENOMEM;
        item->form = TRUST_RECORD_BLANK;
        item->function = roles[i];
    }
    return 0;
}

const char *compose_file_name(enum compose_kind kind)
{
    return kind == COMPOSE_CTL ? PUBLISHED_CTL : PUBLISHED_ITL;
}

struct trust_header_spec compose_header(const struct config *config, const char *filename, time_t now)
{
    return (struct trust_header_spec){
        .filename = filename,
        .timestamp = now,
        .digest = (enum trust_digest)config->trust_lists.digest,
        .minor = 2,
    };
}

int compose_check(const struct trust_list *list, const struct trust_cert *signer, struct trust_error *err)
{
    int code = trust_list_verify(list, signer, err);
    if (code == 0 && list->file.len > TRUST_LIST_PHONE_MAX)
        code = trust_error_set(
            err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
            "it would have %zu bytes, and phones do not load more than %d; delete certificates of "
            "nodes that are gone",
            list->file.len, TRUST_LIST_PHONE_MAX);
    return code != 0 ? trust_error_prefix(err, code, "the list that was built cannot be published") : 0;
}

static int build(const struct composition *list, const struct trust_header_spec *header,
                 struct trust_signer *signer, struct trust_list **out)
{
    struct trust_record_spec *specs = calloc(list->count, sizeof *specs);
    if (specs == NULL)
        return trust_error_set(list->err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s",
                               trust_error_meaning(TRUST_ENOMEM));
    for (size_t i = 0; i < list->count; i++) {
        const struct item *item = &list->items[i];
        const struct token_spelling *spelling = &item->spelling;
        specs[i] = (struct trust_record_spec){.form = item->form,
                                              .function = (uint16_t)item->function,
                                              .cert = item->form == TRUST_RECORD_HOLLOW ? NULL : item->cert,
                                              .dns_name = item->dns_name,
                                              .subject = spelling->subject,
                                              .issuer = spelling->issuer,
                                              .serial = {spelling->serial, spelling->serial_len},
                                              .hash = TRUST_DIGEST_SHA1,
                                              .address = item->has_address ? item->address : NULL};
    }
    int code = trust_list_build(header, specs, list->count, signer, out, list->err);
    free(specs);
    return code;
}

/* Phones take their configuration from CCM+TFTP, whoever signs the list. */
static int need_call_manager(struct state *state, struct trust_error *err)
{
    struct trust_store_row row = {0};
    int code = state_own_row(state, state->node, TRUST_UNIT_CALLMANAGER, &row, err);
    trust_cert_free(row.cert);
    return code;
}

int compose_list(struct state *state, enum compose_kind kind, time_t now, struct trust_list **out,
                 struct trust_error *err)
{
    struct composition list = {.state = state, .err = err};
    struct trust_signer *signer = NULL;
    struct trust_list *built = NULL;
    const struct trust_header_spec header = compose_header(state->config, compose_file_name(kind), now);
    bool mixed = false, rollback = false;
    *out = NULL;
    int code = need_call_manager(state, err);
    if (code == 0)
        code = signing_open(state, signing_unit(state->config), &signer, err);
    if (code == 0)
        code = state_is_mixed(state, &mixed, err);
    if (code == 0)
        code = state_is_rollback(state, &rollback, err);
    if (code == 0)
        code = kind == COMPOSE_ITL && rollback ? collect_blank(&list) : collect(&list, kind, mixed);
    if (code == 0)
        code = build(&list, &header, signer, &built);
    if (code == 0)
        code = compose_check(built, trust_signer_cert(signer), err);
    if (code == 0) {
        *out = built;
        built = NULL;
    }
    trust_list_free(built);
    trust_signer_free(signer);
    composition_fini(&list);
    return code;
}

/* Built, checked and handed out under the names by which the list calls its signer. */
static int sign_with_token(const struct composition *list, struct trust_signer *signer, time_t now,
                           struct trust_list **out)
{
    struct token_spelling spelling = {0};
    struct trust_list *built = NULL;
    struct trust_header_spec header =
        compose_header(list->state->config, compose_file_name(COMPOSE_CTL), now);
    int code = list->as_client ? token_spell(trust_signer_cert(signer), &spelling, list->err) : 0;
    if (code != 0)
        return code;
    if (list->as_client) {
        header.signer_name = spelling.subject;
        header.ca_name = spelling.issuer;
        header.serial = (struct trust_bytes){spelling.serial, spelling.serial_len};
    }
    code = build(list, &header, signer, &built);
    if (code == 0)
        code = compose_check(built, trust_signer_cert(signer), list->err);
    token_spelling_fini(&spelling);
    if (code == 0) {
        *out = built;
        built = NULL;
    }
    trust_list_free(built);
    return code;
}

enum token_style compose_style_of(const struct trust_list *list)
{
    for (size_t i = 0; i < list->record_count; i++)
        if (list->records[i].signature.len > 0)
            return TOKEN_STYLE_CUCM;
    return TOKEN_STYLE_CLIENT;
}

int compose_token_list(struct state *state, const struct compose_tokens *by, time_t now,
                       struct trust_list **out, struct trust_error *err)
{
    struct composition list = {.state = state, .as_client = by->style == TOKEN_STYLE_CLIENT, .err = err};
    struct trust_signer *own = NULL;
    *out = NULL;
    int code = need_call_manager(state, err);
    if (code == 0 && by->signer == NULL)
        code = signing_open(state, signing_unit(state->config), &own, err);
    if (code == 0)
        code = collect_with_tokens(&list, by->tokens);
    if (code == 0)
        code = sign_with_token(&list, own != NULL ? own : by->signer, now, out);
    trust_signer_free(own);
    composition_fini(&list);
    return code;
}
