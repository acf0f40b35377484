#include "restore_history.h"

#include "published.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SHA1_SIZE (2 * TRUST_DIGEST_MAX + 1)

/* A list that was published: a row of the history, a file, or both. */
struct restore_issue {
    int64_t number;
    char filename[sizeof PUBLISHED_CTL];
    char sha1[SHA1_SIZE]; /* of the file if it is there */
    bool has_file, has_row;
    time_t published; /* of the row */
};
_Static_assert(sizeof PUBLISHED_CTL == sizeof PUBLISHED_ITL, "one size for both names");

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

void restore_history_fini(struct restore_history *history)
{
    free(history->issues);
    *history = (struct restore_history){0};
}

/* The issue of that number and name, made if there is none. NULL: memory ran out. */
static struct restore_issue *issue_of(struct restore_history *history, int64_t number, const char *filename)
{
    for (size_t i = 0; i < history->count; i++)
        if (history->issues[i].number == number && strcmp(history->issues[i].filename, filename) == 0)
            return &history->issues[i];
    struct restore_issue *issues = reallocarray(history->issues, history->count + 1, sizeof *issues);
    if (issues == NULL)
        return NULL;
    history->issues = issues;
    struct restore_issue *issue = &issues[history->count++];
    *issue = (struct restore_issue){.number = number};
    snprintf(issue->filename, sizeof issue->filename, "%s", filename);
    return issue;
}

/* ---- Rows */

static int take_row(void *arg, const struct trust_publication *row)
{
    struct restore_issue *issue = issue_of(arg, row->number, row->filename);
    if (issue == NULL)
        return TRUST_ENOMEM;
    issue->has_row = true;
    issue->published = row->published;
    snprintf(issue->sha1, sizeof issue->sha1, "%s", row->sha1);
    return 0;
}

static int take_rows(struct trust_store *store, struct restore_history *history, struct trust_error *err)
{
    int code = trust_store_each_publication(store, take_row, history, err);
    return code == TRUST_ENOMEM ? no_memory(err) : code;
}

/* ---- Files */

static int take_file(struct restore_history *history, const char *name, struct trust_bytes content,
                     struct trust_error *err)
{
    uint8_t digest[TRUST_DIGEST_MAX];
    int64_t number;
    const char *filename;
    if (!backup_list_name(name, &number, &filename))
        return 0;
    struct restore_issue *issue = issue_of(history, number, filename);
    if (issue == NULL)
        return no_memory(err);
    int code = trust_digest_pieces(TRUST_DIGEST_SHA1, &content, 1, digest, err);
    if (code == 0)
        trust_hex((struct trust_bytes){digest, trust_digest_size(TRUST_DIGEST_SHA1)}, '\0', false,
                  issue->sha1);
    issue->has_file = code == 0;
    return code;
}

static int read_file(const struct state *state, const char *name, uint8_t **data, size_t *len,
                     struct trust_error *err)
{
    char path[STATE_PATH_MAX + 256];
    *data = NULL;
    if (snprintf(path, sizeof path, "%s/%s", state->published, name) >= (int)sizeof path)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%s: the path is too long",
                               state->published);
    return trust_file_read(path, TRUST_LIST_MAX, data, len, NULL, err);
}

static int read_and_take(const struct state *state, struct restore_history *history, const char *name,
                         struct trust_error *err)
{
    uint8_t *data;
    size_t len;
    int64_t number;
    const char *filename;
    if (!backup_list_name(name, &number, &filename))
        return 0;
    int code = read_file(state, name, &data, &len, err);
    if (code == 0)
        code = take_file(history, name, (struct trust_bytes){data, len}, err);
    free(data);
    return code;
}

static int take_folder(const struct state *state, struct restore_history *history, struct trust_error *err)
{
    const struct dirent *entry;
    int code = 0;
    DIR *dir = opendir(state->published);
    if (dir == NULL)
        return trust_error_set(err, errno == EACCES ? TRUST_EDENIED : TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "cannot read the folder %s: %s", state->published, strerror(errno));
    while (code == 0 && (entry = readdir(dir)) != NULL)
        code = read_and_take(state, history, entry->d_name, err);
    closedir(dir);
    return code;
}

int restore_history_of_state(struct state *state, struct restore_history *history, struct trust_error *err)
{
    *history = (struct restore_history){0};
    int code = take_rows(state->store, history, err);
    return code == 0 ? take_folder(state, history, err) : code;
}

struct saved {
    struct restore_history *history;
    struct trust_error *err;
};

static int take_saved(void *arg, enum trust_place place, const char *name, struct trust_bytes content)
{
    const struct saved *saved = arg;
    return place == TRUST_PLACE_PUBLISHED ? take_file(saved->history, name, content, saved->err) : 0;
}

int restore_history_of_backup(struct trust_store *store, struct restore_history *history,
                              struct trust_error *err)
{
    struct saved saved = {history, err};
    *history = (struct restore_history){0};
    int code = take_rows(store, history, err);
    return code == 0 ? trust_store_each_saved(store, take_saved, &saved, err) : code;
}

/* ---- Both together */

static const struct restore_issue *find(const struct restore_history *history, int64_t number,
                                        const char *filename)
{
    for (size_t i = 0; i < history->count; i++)
        if (history->issues[i].number == number &&
            (filename == NULL || strcmp(history->issues[i].filename, filename) == 0))
            return &history->issues[i];
    return NULL;
}

static bool has_same(const struct restore_history *history, const struct restore_issue *issue)
{
    const struct restore_issue *other = find(history, issue->number, issue->filename);
    return other != NULL && strcmp(other->sha1, issue->sha1) == 0;
}

size_t restore_history_newer(const struct restore_history *here, const struct restore_history *backup,
                             time_t *since)
{
    size_t count = 0;
    *since = 0;
    for (size_t i = 0; i < here->count; i++) {
        const struct restore_issue *issue = &here->issues[i];
        if (has_same(backup, issue))
            continue;
        count++;
        if (issue->has_row && (*since == 0 || issue->published < *since))
            *since = issue->published;
    }
    return count;
}

static int64_t next_number(const struct restore_history *a, const struct restore_history *b)
{
    int64_t highest = 0;
    for (size_t i = 0; i < a->count; i++)
        highest = a->issues[i].number > highest ? a->issues[i].number : highest;
    for (size_t i = 0; i < b->count; i++)
        highest = b->issues[i].number > highest ? b->issues[i].number : highest;
    return highest + 1;
}

static void name_of(const struct restore_issue *issue, int64_t number, char out[64])
{
    snprintf(out, 64, "%06" PRId64 "-%s", number, issue->filename);
}

/* The row of one issue, on its way into the other store. */
struct row_copy {
    struct change *change;
    const struct restore_issue *issue;
    int64_t number;
    struct trust_error *err;
};

static int copy_row(void *arg, const struct trust_publication *row)
{
    const struct row_copy *copy = arg;
    struct trust_publication moved = *row;
    if (row->number != copy->issue->number || strcmp(row->filename, copy->issue->filename) != 0)
        return 0;
    moved.number = copy->number;
    return trust_store_copy_publication(copy->change->state->store, &moved, copy->err);
}

static int keep_row(struct change *change, const struct restore_issue *issue, int64_t number,
                    struct trust_error *err)
{
    struct row_copy copy = {change, issue, number, err};
    return issue->has_row ? trust_store_each_publication(change->own->store, copy_row, &copy, err) : 0;
}

/* The file of an issue gets another number; the backup's takes its name, or nobody does. */
static int move_file(struct change *change, const struct restore_history *backup,
                     const struct restore_issue *issue, int64_t number, struct trust_error *err)
{
    char old[64], fresh[64];
    uint8_t *data;
    size_t len;
    const struct restore_issue *other = find(backup, issue->number, issue->filename);
    name_of(issue, issue->number, old);
    name_of(issue, number, fresh);
    int code = read_file(change->own, old, &data, &len, err);
    if (code == 0)
        code = change_put(change, TRUST_PLACE_PUBLISHED, fresh, (struct trust_bytes){data, len}, err);
    if (code == 0 && (other == NULL || !other->has_file))
        code = change_drop(change, TRUST_PLACE_PUBLISHED, old, err);
    free(data);
    return code;
}

int restore_history_keep(struct change *change, const struct restore_history *here,
                         const struct restore_history *backup, struct trust_error *err)
{
    int64_t next = next_number(here, backup);
    int code = 0;
    for (size_t i = 0; i < here->count && code == 0; i++) {
        const struct restore_issue *issue = &here->issues[i];
        const struct restore_issue *other = find(backup, issue->number, issue->filename);
        const bool is_taken = find(backup, issue->number, NULL) != NULL;
        if (has_same(backup, issue)) {
            if (!other->has_row)
                code = keep_row(change, issue, issue->number, err);
            continue;
        }
        const int64_t number = is_taken ? next++ : issue->number;
        if (is_taken && issue->has_file)
            code = move_file(change, backup, issue, number, err);
        if (code == 0)
            code = keep_row(change, issue, number, err);
    }
    return code;
}
