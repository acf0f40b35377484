#include "rehearse_ctl.h"

#include "backup.h"
#include "config/ctl_published.h"
#include "published.h"
#include "tftp_folder.h"

#include <stdlib.h>

#define RSA_LEAST 1024 /* bits of a key that is no stranger's */

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

/* What cannot be read as a list is none. TRUST_ENOMEM or 0. */
static int read_list(const char *path, struct trust_list **out)
{
    uint8_t *data = NULL;
    size_t len;
    *out = NULL;
    int code = trust_file_read(path, TRUST_LIST_MAX, &data, &len, NULL, NULL);
    if (code == 0)
        code = trust_list_parse((struct trust_bytes){data, len}, out, NULL);
    free(data);
    return code == TRUST_ENOMEM ? code : 0;
}

/* ---- The signer */

struct signer_search {
    const struct trust_list *list;
    struct trust_cert *cert;
};

static int take_signer(void *arg, const struct trust_store_row *row)
{
    struct signer_search *search = arg;
    if (trust_list_verify(search->list, row->cert, NULL) != 0)
        return 0;
    search->cert = trust_cert_ref(row->cert);
    return 1;
}

/* Whether the signer made a list that was published here, too. */
static int signed_list(const struct signer_search *signer, const char *path, bool *is)
{
    struct trust_list *list = NULL;
    struct trust_cert *other = NULL;
    int code = read_list(path, &list);
    if (list != NULL) {
        code = trust_list_verify_self(list, &other, NULL);
        *is = code == 0 && trust_cert_equal(other, signer->cert);
    }
    trust_cert_free(other);
    trust_list_free(list);
    return code == TRUST_ENOMEM ? code : 0;
}

static int signed_published(const struct state *state, const struct signer_search *signer, bool *is,
                            struct trust_error *err)
{
    struct ctl_published last;
    int code = ctl_published_vouching(state->published, &last, err);
    for (size_t i = 0; code == 0 && !*is && i < last.count; i++)
        code = signed_list(signer, last.paths[i], is);
    ctl_published_fini(&last);
    return code == TRUST_ENOMEM ? no_memory(err) : code;
}

static bool is_weak(const struct trust_cert *cert)
{
    return trust_cert_key_type(cert) == TRUST_KEY_RSA && trust_cert_key_bits(cert) < RSA_LEAST;
}

int rehearse_ctl_is_believed(struct state *state, const struct trust_list *list, bool *is,
                             struct trust_error *err)
{
    struct signer_search signer = {.list = list};
    *is = false;
    if (trust_list_is_itl(list))
        return 0;
    int code = trust_list_verify_self(list, &signer.cert, err);
    if (code == TRUST_ESIGNER)
        code = trust_store_each_signer(state->store, list, take_signer, &signer, err);
    if (code == TRUST_ENOMEM || code == TRUST_ESTORE || code == TRUST_ESTOREBUSY)
        return code;
    if (signer.cert == NULL)
        return 0;
    code = 0;
    *is = !state->config->trust_lists.require_trusted_signer;
    if (!*is && !is_weak(signer.cert)) {
        code = trust_store_vouches(state->store, signer.cert, is, err);
        if (code == 0 && !*is)
            code = signed_published(state, &signer, is, err);
    }
    trust_cert_free(signer.cert);
    return code;
}

/* ---- Its age */

static int newer_of(const char *path, uint32_t *newest)
{
    struct trust_list *list = NULL;
    int code = read_list(path, &list);
    if (list != NULL && list->header.timestamp > *newest)
        *newest = list->header.timestamp;
    trust_list_free(list);
    return code;
}

/* With trust_lists.refuse_older_ctl: older than the last good one, or than the last published one. */
static int is_too_old(const struct state *state, const struct trust_list *list, const char *good, bool *is,
                      struct trust_error *err)
{
    struct ctl_published last;
    uint32_t newest = 0;
    *is = false;
    if (!state->config->trust_lists.refuse_older_ctl)
        return 0;
    int code = newer_of(good, &newest);
    if (code == 0)
        code = ctl_published_last(state->published, 1, 0, &last, err);
    else
        last.count = 0;
    for (size_t i = 0; code == 0 && i < last.count; i++)
        code = newer_of(last.paths[i], &newest);
    ctl_published_fini(&last);
    *is = list->header.timestamp < newest;
    return code == TRUST_ENOMEM ? no_memory(err) : 0;
}

/* ---- Both lists */

static int index_list(const struct trust_list *list, struct trust_index **out, struct trust_error *err)
{
    struct trust_index_builder *builder = NULL;
    int code = trust_index_builder_new(&builder, err);
    if (code == 0)
        code = trust_index_add_list(builder, list, err);
    if (code == 0)
        code = trust_index_build(builder, out, err);
    trust_index_builder_free(builder);
    /* A list with a record that is no certificate is none for tvsd. */
    return code == TRUST_ECERT || code == TRUST_ETRAILING ? 0 : code;
}

static int read_published(struct state *state, const struct trust_list *list, const char *good,
                          struct trust_index **out, bool *is, struct trust_error *err)
{
    bool old = false;
    int code = rehearse_ctl_is_believed(state, list, is, err);
    if (code == 0 && *is)
        code = is_too_old(state, list, good, &old, err);
    *is = *is && !old;
    return code == 0 && *is ? index_list(list, out, err) : code;
}

/* The one that tvsd goes on with. */
static int read_good(struct state *state, const char *path, struct trust_index **out, struct trust_error *err)
{
    struct trust_list *list = NULL;
    bool is = false;
    int code = read_list(path, &list) != 0 ? no_memory(err) : 0;
    if (code == 0 && list != NULL)
        code = rehearse_ctl_is_believed(state, list, &is, err);
    if (code == 0 && is)
        code = index_list(list, out, err);
    trust_list_free(list);
    return code;
}

int rehearse_ctl_read(struct state *state, const struct trust_list *published, struct trust_index **out,
                      struct trust_error *err)
{
    char good[STATE_PATH_MAX];
    struct stat info;
    bool is = false;
    int code = 0;
    *out = NULL;
    if (config_state_path(state->config, BACKUP_GOOD, good, sizeof good) == NULL)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "state: the path is too long");
    if (published != NULL)
        code = read_published(state, published, good, out, &is, err);
    if (code != 0 || is || tftp_folder_look(state->config, PUBLISHED_CTL, &info, NULL) != 0)
        return code;
    return read_good(state, good, out, err);
}
