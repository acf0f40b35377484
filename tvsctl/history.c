#include "history.h"

#include "publish.h"
#include "signing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *word(enum compose_kind kind)
{
    return kind == COMPOSE_CTL ? "ctl" : "itl";
}

static bool has_digest(struct trust_bytes bytes, enum trust_digest algorithm, const char *wanted)
{
    uint8_t digest[TRUST_DIGEST_MAX];
    char hex[2 * TRUST_DIGEST_MAX + 1];
    if (trust_digest_pieces(algorithm, &bytes, 1, digest, NULL) != 0)
        return false;
    trust_hex((struct trust_bytes){digest, trust_digest_size(algorithm)}, 0, false, hex);
    return strcmp(hex, wanted) == 0;
}

bool history_is_of(const struct trust_publication *row, struct trust_bytes bytes)
{
    return (int64_t)bytes.len == row->size && has_digest(bytes, TRUST_DIGEST_SHA1, row->sha1);
}

enum history_file history_look(const struct state *state, const struct trust_publication *row, uint8_t **data,
                               size_t *len)
{
    char path[STATE_PATH_MAX];
    uint8_t *file;
    size_t size;
    if (publish_path(state, row->number, row->filename, path, sizeof path) == NULL)
        return HISTORY_CHANGED;
    int code = trust_file_read(path, TRUST_LIST_MAX, &file, &size, NULL, NULL);
    if (code != 0)
        return code == TRUST_ENOTFOUND ? HISTORY_MISSING : HISTORY_CHANGED;
    bool is_same = history_is_of(row, (struct trust_bytes){file, size});
    if (is_same && data != NULL) {
        *data = file;
        *len = size;
    } else {
        free(file);
    }
    return is_same ? HISTORY_SAME : HISTORY_CHANGED;
}

struct last_good {
    const struct state *state;
    const char *filename;
    int64_t number;
};

static int take_good(void *arg, const struct trust_publication *row)
{
    struct last_good *last = arg;
    if (strcmp(row->filename, last->filename) == 0 &&
        history_look(last->state, row, NULL, NULL) == HISTORY_SAME)
        last->number = row->number;
    return 0;
}

int history_last_good(struct state *state, enum compose_kind kind, int64_t *number, struct trust_error *err)
{
    struct last_good last = {state, compose_file_name(kind), 0};
    int code = trust_store_each_publication(state->store, take_good, &last, err);
    *number = code == 0 ? last.number : 0;
    return code;
}

struct last {
    const char *filename;
    const struct trust_list *list;
    int64_t number;
    bool is;
};

static int take_last(void *arg, const struct trust_publication *row)
{
    struct last *last = arg;
    if (strcmp(row->filename, last->filename) != 0)
        return 0;
    last->number = row->number;
    last->is = history_is_of(row, last->list->file);
    return 0;
}

int history_is_last(struct state *state, enum compose_kind kind, const struct trust_list *list, bool *is,
                    int64_t *number, struct trust_error *err)
{
    struct last last = {.filename = compose_file_name(kind), .list = list};
    int code = trust_store_each_publication(state->store, take_last, &last, err);
    *is = code == 0 && last.is;
    *number = last.number;
    return code;
}

/* Whether the anchor of a unit of our node signed the list. */
static int is_signed_by(struct state *state, enum trust_unit unit, const struct trust_list *list, bool *is,
                        struct trust_error *err)
{
    struct trust_store_row row;
    int code = state_own_row(state, state->node, unit, &row, err);
    *is = code == 0 && trust_list_verify(list, row.cert, NULL) == 0;
    trust_cert_free(row.cert);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

int history_check_ours(struct state *state, enum compose_kind kind, const struct trust_list *list,
                       struct trust_error *err)
{
    static const enum trust_unit anchors[] = {TRUST_UNIT_CALLMANAGER, TRUST_UNIT_ITLRECOVERY};
    const char *folder = state->config->trust_lists.directory, *name = compose_file_name(kind);
    bool is;
    int64_t number;
    if (list == NULL)
        return trust_error_set(
            err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
            "%s/%s: there is no trust list to sign anew; `show published` tells which were "
            "given out, and `utils %s restore N` gives one out again",
            folder, name, word(kind));
    int code = history_is_last(state, kind, list, &is, &number, err);
    for (size_t i = 0; code == 0 && !is && number == 0 && i < sizeof anchors / sizeof anchors[0]; i++)
        code = is_signed_by(state, anchors[i], list, &is, err);
    if (code != 0 || is)
        return code;
    if (number == 0)
        return trust_error_set(
            err, TRUST_ESIGNER, TRUST_NO_OFFSET,
            "%s/%s: neither CallManager nor ITLRecovery of node %s signed it as it stands, "
            "so its content is not signed anew",
            folder, name, state->node);
    return trust_error_set(err, TRUST_ESIGNER, TRUST_NO_OFFSET,
                           "%s/%s: it is not the list that was published last (number %" PRId64
                           "), so its content is not signed anew; `utils %s restore %" PRId64
                           "` puts that one there",
                           folder, name, number, word(kind), number);
}

/* ---- Lists of before */

struct signer_search {
    const struct trust_list *list;
    struct trust_cert *found;
};

static int take_signer(void *arg, const struct trust_store_row *row)
{
    struct signer_search *search = arg;
    if (trust_list_verify(search->list, row->cert, NULL) != 0)
        return 0;
    search->found = trust_cert_ref(row->cert);
    return 1;
}

int history_signer(struct state *state, const struct trust_list *list, struct trust_cert **out,
                   struct trust_error *err)
{
    struct signer_search search = {.list = list};
    int code = trust_list_verify_self(list, out, err);
    if (code != TRUST_ESIGNER)
        return code;
    int stored = trust_store_each_signer(state->store, list, take_signer, &search, err);
    *out = search.found;
    return stored < 0 ? stored : search.found != NULL ? 0 : code;
}

int history_verify(struct state *state, const struct trust_list *list, struct trust_error *err)
{
    struct trust_cert *signer = NULL;
    int code = history_signer(state, list, &signer, err);
    trust_cert_free(signer);
    return code;
}

struct search {
    const struct state *state;
    int64_t number;       /* which is looked for */
    int64_t first, final; /* of all that there are */
    bool found;
    enum history_file file;
    uint8_t *data;
    size_t len;
    char filename[64];
    time_t published;
};

static int take_number(void *arg, const struct trust_publication *row)
{
    struct search *search = arg;
    search->first = search->first == 0 ? row->number : search->first;
    search->final = row->number;
    if (row->number != search->number)
        return 0;
    search->found = true;
    search->published = row->published;
    snprintf(search->filename, sizeof search->filename, "%s", row->filename);
    search->file = history_look(search->state, row, &search->data, &search->len);
    return 0;
}

static int no_such_number(const struct search *search, struct trust_error *err)
{
    if (search->final == 0)
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "there is no list %" PRId64 ": none was published yet", search->number);
    return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                           "there is no list %" PRId64 "; there are %" PRId64 " to %" PRId64
                           ", and `show published` lists them",
                           search->number, search->first, search->final);
}

/* What speaks against publishing what was found. */
static int check_found(const struct search *search, enum compose_kind kind, struct trust_error *err)
{
    char path[STATE_PATH_MAX] = "";
    if (!search->found)
        return no_such_number(search, err);
    if (strcmp(search->filename, compose_file_name(kind)) != 0)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "list %" PRId64 " is no %s but %s; `utils %s restore %" PRId64
                               "` publishes it again",
                               search->number, compose_file_name(kind), search->filename,
                               word(kind == COMPOSE_CTL ? COMPOSE_ITL : COMPOSE_CTL), search->number);
    if (search->file == HISTORY_SAME)
        return 0;
    publish_path(search->state, search->number, search->filename, path, sizeof path);
    return search->file == HISTORY_MISSING
               ? trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                                 "%s: the file of list %" PRId64 " is missing; a backup may have it", path,
                                 search->number)
               : trust_error_set(err, TRUST_EMISMATCH, TRUST_NO_OFFSET,
                                 "%s: it is not what was published as list %" PRId64
                                 ": its checksum is another; a backup may have it",
                                 path, search->number);
}

int history_read(struct state *state, enum compose_kind kind, int64_t number, struct trust_list **out,
                 time_t *published, struct trust_error *err)
{
    struct search search = {.state = state, .number = number};
    struct trust_list *list = NULL;
    *out = NULL;
    int code = trust_store_each_publication(state->store, take_number, &search, err);
    if (code == 0)
        code = check_found(&search, kind, err);
    if (code == 0)
        code = trust_list_parse((struct trust_bytes){search.data, search.len}, &list, err);
    if (code == 0)
        code = history_verify(state, list, err);
    if (code != 0 && list != NULL)
        trust_error_prefix(err, code, "list %" PRId64 " does not verify, so phones would refuse it", number);
    if (code == 0) {
        *out = list;
        *published = search.published;
        list = NULL;
    }
    trust_list_free(list);
    free(search.data);
    return code;
}
