#include "known_signers.h"

#include "config/ctl_published.h"
#include "publish.h"
#include "say.h"
#include "state.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

/* The one of these very bytes, added if it is new; NULL if memory ran out. */
static struct known_signer *signer_of(struct known_signers *known, struct trust_cert *cert)
{
    for (size_t i = 0; i < known->count; i++)
        if (trust_cert_equal(known->items[i].cert, cert))
            return &known->items[i];
    struct known_signer *items = reallocarray(known->items, known->count + 1, sizeof *items);
    if (items == NULL)
        return NULL;
    known->items = items;
    items[known->count] = (struct known_signer){.cert = trust_cert_ref(cert)};
    return &items[known->count++];
}

/* ---- The store */

struct store_visit {
    struct known_signers *known;
    const char *node;
};

static int take_row(void *arg, const struct trust_store_row *row)
{
    const struct store_visit *visit = arg;
    const uint32_t anchors = UINT32_C(1) << TRUST_UNIT_CALLMANAGER | UINT32_C(1) << TRUST_UNIT_ITLRECOVERY;
    bool signs_lists =
        trust_roles_has(&row->roles, TRUST_ROLE_SAST) || trust_roles_has(&row->roles, TRUST_ROLE_CCM_TFTP);
    if (!signs_lists && !trust_roles_has(&row->roles, TRUST_ROLE_TFTP))
        return 0;
    struct known_signer *signer = signer_of(visit->known, row->cert);
    if (signer == NULL)
        return TRUST_ENOMEM;
    signer->in_store = true;
    signer->signs_lists |= signs_lists;
    signer->is_present |= (row->units & anchors) != 0 && strcmp(row->server_name, visit->node) == 0;
    return 0;
}

/* ---- The lists */

static int take_record(struct known_signers *known, const struct trust_list *list,
                       const struct trust_list_record *record)
{
    struct trust_cert *cert;
    const bool signs_lists = record->function == TRUST_ROLE_SAST || record->function == TRUST_ROLE_CCM_TFTP;
    if ((!signs_lists && record->function != TRUST_ROLE_TFTP) || record->certificate.len == 0)
        return 0;
    int code = trust_cert_from_der(record->certificate, &cert, NULL);
    if (code != 0)
        return code == TRUST_ENOMEM ? code : 0;
    struct known_signer *signer = signer_of(known, cert);
    trust_cert_free(cert);
    if (signer == NULL)
        return TRUST_ENOMEM;
    signer->signs_lists |= signs_lists;
    *(trust_list_is_itl(list) ? &signer->in_itl : &signer->in_ctl) = true;
    return 0;
}

static bool is_vouched_for(const struct known_signers *known, const struct trust_cert *cert)
{
    for (size_t i = 0; i < known->count; i++)
        if (known->items[i].vouched_for && trust_cert_equal(known->items[i].cert, cert))
            return true;
    return false;
}

/* The signer of a file of published/. What is no list vouches for nobody. */
static int take_published(struct known_signers *known, const char *path, bool is_last)
{
    uint8_t *data = NULL;
    size_t len = 0;
    struct trust_list *list = NULL;
    struct trust_cert *cert = NULL;
    struct known_signer *signer = NULL;
    int code = trust_file_read(path, TRUST_LIST_MAX, &data, &len, NULL, NULL);
    if (code == 0)
        code = trust_list_parse((struct trust_bytes){data, len}, &list, NULL);
    if (code == 0)
        code = trust_list_verify_self(list, &cert, NULL);
    if (code == 0 && (signer = signer_of(known, cert)) == NULL)
        code = TRUST_ENOMEM;
    if (signer != NULL) {
        signer->signed_published = true;
        signer->vouched_for |= is_last;
    }
    trust_cert_free(cert);
    trust_list_free(list);
    free(data);
    return code == TRUST_ENOMEM ? code : 0;
}

/* A folder that is not there holds none. */
static int read_published(const struct state *state, struct known_signers *known, struct trust_error *err)
{
    char path[STATE_PATH_MAX];
    const struct dirent *entry;
    int code = 0;
    DIR *dir = opendir(state->published);
    while (code == 0 && dir != NULL && (entry = readdir(dir)) != NULL) {
        const char *name = publish_filename(entry->d_name);
        if (name != NULL && (strcmp(name, PUBLISHED_CTL) == 0 || strcmp(name, PUBLISHED_ITL) == 0) &&
            (size_t)snprintf(path, sizeof path, "%s/%s", state->published, entry->d_name) < sizeof path)
            code = take_published(known, path, false);
    }
    if (dir != NULL)
        closedir(dir);
    struct ctl_published last = {.count = 0};
    if (code == 0 && ctl_published_vouching(state->published, &last, NULL) == TRUST_ENOMEM)
        code = TRUST_ENOMEM;
    for (size_t i = 0; code == 0 && i < last.count; i++)
        code = take_published(known, last.paths[i], true);
    ctl_published_fini(&last);
    return code == TRUST_ENOMEM ? no_memory(err) : code;
}

/* store NULL: there is none. */
static int is_believed(const struct config *config, struct trust_store *store, const struct trust_list *list,
                       const struct known_signers *known, bool *believed, struct trust_error *err)
{
    struct trust_cert *signer = NULL;
    *believed = false;
    int code = trust_list_verify_self(list, &signer, err);
    if (code == 0)
        *believed = !config->trust_lists.require_trusted_signer || is_vouched_for(known, signer);
    if (code == 0 && !*believed && store != NULL)
        code = trust_store_vouches(store, signer, believed, err);
    if (code == 0 && !*believed)
        trust_error_set(
            err, TRUST_ESIGNER, TRUST_NO_OFFSET,
            "the store does not vouch for its signer, who did not sign the last lists published here");
    trust_cert_free(signer);
    return code == TRUST_ENOMEM || code == TRUST_ESTORE || code == TRUST_ESTOREBUSY ? code : 0;
}

static int take_list(struct tvsctl *ctl, struct trust_store *store, const struct trust_list *list,
                     const char *name, struct known_signers *known, struct trust_error *err)
{
    bool believed;
    struct trust_error why = {0};
    if (list == NULL || list->record_count == 0)
        return 0;
    int code = is_believed(ctl->config, store, list, known, &believed, &why);
    if (code != 0)
        return trust_error_set(err, code, TRUST_NO_OFFSET, "%s", why.text);
    /* A list without certificates has nothing to be believed. */
    if (!believed && trust_list_signer_record(list, NULL) != NULL)
        say_warning(ctl, "what the %s of the TFTP folder holds does not count: %s", name, why.text);
    for (size_t i = 0; believed && code == 0 && i < list->record_count; i++)
        code = take_record(known, list, &list->records[i]);
    return code == TRUST_ENOMEM ? no_memory(err) : code;
}

static int read_lists(struct tvsctl *ctl, struct trust_store *store, struct known_signers *known,
                      struct trust_error *err)
{
    struct published lists;
    published_read(ctl->config, &lists, NULL);
    int code = take_list(ctl, store, lists.ctl, PUBLISHED_CTL, known, err);
    if (code == 0)
        code = take_list(ctl, store, lists.itl, PUBLISHED_ITL, known, err);
    published_fini(&lists);
    return code;
}

int known_signers_read(struct tvsctl *ctl, struct known_signers *known, struct trust_error *err)
{
    struct state state = {0};
    *known = (struct known_signers){0};
    int code = state_open(ctl->config, TRUST_STORE_READ, &state, err);
    if (code != 0 && code != TRUST_ENOTFOUND)
        return code;
    known->store_was_read = code == 0;
    if (code == 0) {
        struct store_visit visit = {known, state.node};
        code = trust_store_each_listed(state.store, take_row, &visit, err);
        code = code == TRUST_ENOMEM ? no_memory(err) : code;
        if (code == 0)
            code = read_published(&state, known, err);
    } else {
        code = 0;
    }
    if (code == 0)
        code = read_lists(ctl, state.store, known, err);
    state_close(&state);
    return code;
}

void known_signers_free(struct known_signers *known)
{
    for (size_t i = 0; i < known->count; i++)
        trust_cert_free(known->items[i].cert);
    free(known->items);
    *known = (struct known_signers){0};
}

/* ---- A file */

bool known_signers_is_former(const struct known_signer *signer)
{
    return signer->signed_published && !signer->in_ctl && !signer->in_itl && !signer->in_store;
}

const struct known_signer *known_signers_find(const struct known_signers *known,
                                              const struct trust_list *file, bool is_list,
                                              struct trust_error *err)
{
    trust_error_set(err, TRUST_ESIGNER, TRUST_NO_OFFSET, "signer not in CTL or ITL, and not in the store");
    for (size_t i = 0; i < known->count; i++) {
        const struct known_signer *signer = &known->items[i];
        if (!trust_list_signer_is(file, signer->cert) || (!is_list && known_signers_is_former(signer)))
            continue;
        if (is_list && !signer->signs_lists && !signer->signed_published)
            trust_error_set(err, TRUST_ESIGNER, TRUST_NO_OFFSET,
                            "the signer has no role that signs trust lists");
        else if (trust_list_verify(file, signer->cert, err) == 0)
            return signer;
    }
    return NULL;
}

bool known_signers_ends(const char *name, const char *ending)
{
    size_t len = strlen(name), end = strlen(ending);
    return len > end && strcasecmp(name + len - end, ending) == 0;
}

static bool header_names_list(const struct trust_list *file)
{
    const struct trust_bytes name = file->header.filename;
    return name.len >= 4 && strncasecmp((const char *)name.data + name.len - 4, ".tlv", 4) == 0;
}

int known_signers_parse(const char *name, struct trust_bytes bytes, struct trust_list **out, bool *is_list,
                        struct trust_error *err)
{
    int code = 0;
    *out = NULL;
    *is_list = known_signers_ends(name, ".tlv");
    if (!*is_list)
        code = trust_signed_file_parse(bytes, out, err);
    if (code == 0 && !*is_list)
        *is_list = !known_signers_ends(name, ".sgn") && header_names_list(*out);
    if (code != 0 || !*is_list)
        return code;
    trust_list_free(*out);
    *out = NULL;
    return trust_list_parse(bytes, out, err);
}

const char *known_signers_kind(const struct trust_list *file, bool is_list)
{
    return !is_list ? "signed configuration" : trust_list_is_itl(file) ? "ITL" : "CTL";
}
