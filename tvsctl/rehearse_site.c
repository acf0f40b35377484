#include "rehearse_site.h"

#include "rehearse_ctl.h"
#include "rehearse_holders.h"
#include "rehearse_signers.h"
#include "signed_files.h"
#include "tftp_folder.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

/* ---- Signed files */

/* Takes file. What is of a further kind than there is room for counts, and is not kept. */
static int add_signed(struct rehearse_site *site, const char *name, struct trust_list *take_file,
                      struct trust_error *err)
{
    size_t i = 0;
    site->signed_count++;
    while (i < site->signed_kinds && !rehearse_same_signer(site->signed_files[i].file, take_file))
        i++;
    if (i < site->signed_kinds || i == REHEARSE_SIGNED_MAX) {
        if (i < site->signed_kinds)
            site->signed_files[i].count++;
        trust_list_free(take_file);
        return 0;
    }
    site->signed_files[i] = (struct rehearse_signed){strdup(name), take_file, 1};
    site->signed_kinds++;
    return site->signed_files[i].name != NULL ? 0 : no_memory(err);
}

/* A file that is none, or cannot be read, tells nothing of who signs. */
static int read_signed(const struct config *config, const char *name, struct rehearse_site *site,
                       struct trust_error *err)
{
    uint8_t *data;
    size_t len;
    struct trust_list *file = NULL;
    if (tftp_folder_is_alias(config, name))
        return 0;
    int code = tftp_folder_read(config, name, TRUST_SIGNED_FILE_MAX, &data, &len, err);
    if (code == 0)
        code = trust_signed_file_parse((struct trust_bytes){data, len}, &file, err);
    free(data);
    if (code != 0)
        return code == TRUST_ENOMEM ? code : 0;
    return add_signed(site, name, file, err);
}

static int most_frequent_first(const void *a, const void *b)
{
    const struct rehearse_signed *x = a, *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->name, y->name);
}

static int read_all_signed(const struct config *config, struct rehearse_site *site, struct trust_error *err)
{
    struct tftp_names names;
    int code = tftp_folder_names(config, SIGNED_FILE_SUFFIX, &names, err);
    if (code == TRUST_ENOTFOUND)
        return 0;
    for (size_t i = 0; code == 0 && i < names.count; i++)
        code = read_signed(config, names.name[i], site, err);
    tftp_folder_names_free(&names);
    qsort(site->signed_files, site->signed_kinds, sizeof site->signed_files[0], most_frequent_first);
    return code;
}

/* What `file sign` would do, were there files: here, or where this node has no CallManager, on another one.
 */
static int read_signer(struct state *state, struct rehearse_site *site, struct trust_error *err)
{
    struct rehearse_signers signers;
    site->digest = (enum trust_digest)state->config->trust_lists.digest;
    int code = rehearse_signers_read(state, &signers, err);
    if (code == 0 && signers.count > 0 && trust_signature_is_possible(signers.items[0].cert, site->digest))
        site->signer = trust_cert_ref(signers.items[0].cert);
    rehearse_signers_fini(&signers);
    return code;
}

/* ---- TVS */

struct node_visit {
    struct rehearse_site *site;
    const char *own;
};

static int take_node(void *arg, const struct trust_store_row *row)
{
    const struct node_visit *visit = arg;
    struct rehearse_site *site = visit->site;
    if (row->retired || (row->units & UINT32_C(1) << TRUST_UNIT_TVS) == 0)
        return 0;
    struct rehearse_node *nodes = reallocarray(site->nodes, site->node_count + 1, sizeof *nodes);
    if (nodes == NULL)
        return TRUST_ENOMEM;
    site->nodes = nodes;
    size_t at = site->node_count++;
    if (strcmp(row->server_name, visit->own) == 0) {
        memmove(nodes + 1, nodes, at * sizeof *nodes);
        at = 0;
    }
    nodes[at] = (struct rehearse_node){.tvs = trust_cert_ref(row->cert)};
    snprintf(nodes[at].name, sizeof nodes[at].name, "%s", row->server_name);
    return 0;
}

/* tvsd's rule: shown once all phones have an ITL with it. */
static int read_ecdsa(struct trust_store *store, struct rehearse_node *node, struct trust_error *err)
{
    struct trust_cert *cert;
    bool is_out = false;
    int code = trust_store_own(store, node->name, TRUST_UNIT_TVS_ECDSA, &cert, err);
    if (code != 0)
        return code == TRUST_ENOTFOUND ? 0 : code;
    code = trust_store_rolled_out(store, trust_cert_sha256(cert), &is_out, err);
    if (code == 0 && is_out)
        node->ecdsa = trust_cert_ref(cert);
    trust_cert_free(cert);
    return code;
}

static int read_nodes(struct state *state, struct rehearse_site *site, struct trust_error *err)
{
    struct node_visit visit = {site, state->node};
    int code = trust_store_each(state->store, TRUST_UNIT_TVS, take_node, &visit, err);
    for (size_t i = 0; code == 0 && i < site->node_count; i++)
        code = read_ecdsa(state->store, &site->nodes[i], err);
    return code == TRUST_ENOMEM ? no_memory(err) : code;
}

static int read_store(struct trust_store *store, struct trust_index **out, struct trust_error *err)
{
    struct trust_index_builder *builder = NULL;
    int code = trust_index_builder_new(&builder, err);
    if (code == 0)
        code = trust_store_load(store, builder, err);
    if (code == 0)
        code = trust_index_build(builder, out, err);
    trust_index_builder_free(builder);
    return code;
}

/* ---- All of it */

static int read_site(struct state *state, struct rehearse_site *site, struct trust_error *err)
{
    int code = read_signer(state, site, err);
    if (code == 0)
        code = read_nodes(state, site, err);
    if (code == 0)
        code = read_store(state->store, &site->store, err);
    if (code == 0)
        code = rehearse_ctl_read(state, site->lists.ctl, &site->ctl, err);
    return code == 0 ? read_all_signed(state->config, site, err) : code;
}

int rehearse_site_read(const struct config *config, struct rehearse_site *site, struct trust_error *err)
{
    struct state state;
    *site = (struct rehearse_site){.refuses_old_tls = config->tls.minimum > CONFIG_TLS_1_0,
                                   .refuses_expired = config->answers.expired == CONFIG_EXPIRED_REFUSE};
    int code = state_open(config, TRUST_STORE_READ, &state, err);
    if (code != 0)
        return code;
    code = published_read(config, &site->lists, err);
    if (code == 0)
        code = read_site(&state, site, err);
    state_close(&state);
    return code;
}

void rehearse_site_fini(struct rehearse_site *site)
{
    published_fini(&site->lists);
    for (size_t i = 0; i < site->signed_kinds; i++) {
        free(site->signed_files[i].name);
        trust_list_free(site->signed_files[i].file);
    }
    for (size_t i = 0; i < site->node_count; i++) {
        trust_cert_free(site->nodes[i].tvs);
        trust_cert_free(site->nodes[i].ecdsa);
    }
    free(site->nodes);
    trust_cert_free(site->signer);
    trust_index_free(site->store);
    trust_index_free(site->ctl);
    *site = (struct rehearse_site){0};
}

struct trust_site rehearse_site_view(const struct rehearse_site *site, size_t node,
                                     struct trust_server *servers)
{
    struct trust_site view = {.ctl = site->lists.ctl, .itl = site->lists.itl};
    for (size_t i = 0; i < site->node_count; i++)
        servers[i] = (struct trust_server){
            .cert = site->nodes[i].tvs,
            .ecdsa = site->nodes[i].ecdsa,
            .unnamed = node != REHEARSE_ALL_NODES && node != i,
            .refuses_old_tls = site->refuses_old_tls,
            .refuses_expired = site->refuses_expired,
            .store = site->store,
            .ctl = site->ctl,
        };
    view.servers = servers;
    view.server_count = site->node_count;
    view.anew = (struct trust_configuration){.signer = site->signer, .digest = site->digest};
    view.configuration = view.anew;
    if (site->signed_kinds > 0)
        view.configuration = (struct trust_configuration){.file = site->signed_files[0].file};
    return view;
}
