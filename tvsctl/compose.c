#include "compose.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* A record to be, owning what trust_record_spec borrows. */
struct item {
    struct trust_cert *cert;
    uint16_t function;
    char server_name[256];
    bool has_address;
    uint8_t address[4];
};

/* What a list is made of. */
struct composition {
    struct state *state;
    struct item *items;
    size_t count;
    struct trust_error *err;
};

static void composition_fini(struct composition *list)
{
    for (size_t i = 0; i < list->count; i++)
        trust_cert_free(list->items[i].cert);
    free(list->items);
}

/* Our own node is named and addressed as the configuration says now, another as the store has it. */
static int add_record(struct composition *list, const struct trust_store_row *row, enum trust_role function)
{
    const struct config *config = list->state->config;
    struct item *items = reallocarray(list->items, list->count + 1, sizeof *items);
    if (items == NULL)
        return trust_error_set(list->err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s",
                               trust_error_meaning(TRUST_ENOMEM));
    list->items = items;
    struct item *item = &items[list->count++];
    *item = (struct item){.cert = trust_cert_ref(row->cert), .function = (uint16_t)function};
    snprintf(item->server_name, sizeof item->server_name, "%s", row->server_name);
    bool is_ours = strcmp(row->server_name, config->node.name) == 0;
    item->has_address = inet_pton(AF_INET, is_ours ? config->node.address : row->ipv4, item->address) == 1;
    return 0;
}

/* A record of a unit of our node, if there is such a certificate. */
static int add_own(struct composition *list, enum trust_unit unit, enum trust_role function)
{
    struct trust_store_row row;
    int code = state_own_row(list->state, list->state->config->node.name, unit, &row, list->err);
    if (code == 0)
        code = add_record(list, &row, function);
    trust_cert_free(row.cert);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

static int take_other_node(void *arg, const struct trust_store_row *row)
{
    struct composition *list = arg;
    if (strcmp(row->server_name, list->state->config->node.name) == 0)
        return 0;
    return add_record(list, row, TRUST_ROLE_CCM_TFTP);
}

/* The signer's records stand first, the rest in the order of Cisco's own files. */
static int collect(struct composition *list)
{
    const struct config *config = list->state->config;
    enum trust_unit signer = (enum trust_unit)config->trust_lists.signer;
    bool by_recovery = signer == TRUST_UNIT_ITLRECOVERY;
    int code = add_own(list, signer, TRUST_ROLE_SAST);
    if (code == 0 && by_recovery)
        code = add_own(list, TRUST_UNIT_CALLMANAGER, TRUST_ROLE_SAST);
    if (code == 0)
        code = add_own(list, TRUST_UNIT_CALLMANAGER, TRUST_ROLE_CCM_TFTP);
    if (code == 0)
        code = add_own(list, TRUST_UNIT_CAPF, TRUST_ROLE_CAPF);
    if (code == 0 && !by_recovery && config->trust_lists.recovery_anchor)
        code = add_own(list, TRUST_UNIT_ITLRECOVERY, TRUST_ROLE_SAST);
    if (code == 0)
        code = trust_store_each(list->state->store, TRUST_UNIT_CALLMANAGER, take_other_node, list, list->err);
    return code;
}

static int load_signer(struct state *state, struct trust_signer **out, struct trust_error *err)
{
    struct trust_store_row row;
    struct trust_key *key = NULL;
    enum trust_unit unit = (enum trust_unit)state->config->trust_lists.signer;
    *out = NULL;
    int code = state_own_row(state, state->config->node.name, unit, &row, err);
    if (code == 0)
        code = trust_key_load(state->keys, trust_unit_by_number((int)unit)->name, row.cert, &key, err);
    if (code == 0)
        code = trust_signer_from_key(row.cert, key, out, err);
    trust_key_free(key);
    trust_cert_free(row.cert);
    return code;
}

/* What goes out is what a phone will read: verify it as one would, with the certificate that the list holds.
 */
static int verify(const struct trust_list *list, const struct trust_signer *signer, struct trust_error *err)
{
    struct trust_cert *found = NULL;
    int code = trust_list_verify_self(list, &found, err);
    if (code == 0 && !trust_cert_equal(found, trust_signer_cert(signer)))
        code = trust_error_set(err, TRUST_ESIGNER, TRUST_NO_OFFSET,
                               "another record than the signer's verifies it");
    if (code == 0 && list->file.len > TRUST_LIST_PHONE_MAX)
        code = trust_error_set(
            err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
            "it would have %zu bytes, and phones do not load more than %d; delete certificates of "
            "nodes that are gone",
            list->file.len, TRUST_LIST_PHONE_MAX);
    trust_cert_free(found);
    return code != 0 ? trust_error_prefix(err, code, "the list that was built cannot be published") : 0;
}

static int build(const struct composition *list, time_t now, struct trust_signer *signer,
                 struct trust_list **out)
{
    const struct trust_header_spec header = {
        .filename = "CTLFile.tlv",
        .timestamp = now,
        .digest = (enum trust_digest)list->state->config->trust_lists.digest,
        .minor = 2,
    };
    struct trust_record_spec *specs = calloc(list->count, sizeof *specs);
    if (specs == NULL)
        return trust_error_set(list->err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s",
                               trust_error_meaning(TRUST_ENOMEM));
    for (size_t i = 0; i < list->count; i++) {
        const struct item *item = &list->items[i];
        specs[i] = (struct trust_record_spec){.form = TRUST_RECORD_WHOLE,
                                              .function = item->function,
                                              .cert = item->cert,
                                              .dns_name = item->server_name,
                                              .address = item->has_address ? item->address : NULL};
    }
    int code = trust_list_build(&header, specs, list->count, signer, out, list->err);
    free(specs);
    return code;
}

int compose_ctl(struct state *state, time_t now, struct trust_list **out, struct trust_error *err)
{
    struct composition list = {.state = state, .err = err};
    struct trust_signer *signer = NULL;
    struct trust_list *built = NULL;
    struct trust_store_row row = {0};
    *out = NULL;
    /* Phones take their configuration from CCM+TFTP, whoever signs the list. */
    int code = state_own_row(state, state->config->node.name, TRUST_UNIT_CALLMANAGER, &row, err);
    trust_cert_free(row.cert);
    if (code == 0)
        code = load_signer(state, &signer, err);
    if (code == 0)
        code = collect(&list);
    if (code == 0)
        code = build(&list, now, signer, &built);
    if (code == 0)
        code = verify(built, signer, err);
    if (code == 0) {
        *out = built;
        built = NULL;
    }
    trust_list_free(built);
    trust_signer_free(signer);
    composition_fini(&list);
    return code;
}
