#include "promise.h"

#include "tests/fixture.h"

#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define must(call)                                                                                           \
    do {                                                                                                     \
        struct trust_error err = {0};                                                                        \
        ck_assert_msg((call) == 0, "%s", err.text);                                                          \
    } while (0)

struct counts {
    size_t closed, forced;
    bool was_opened;
};

static int take_rollout(void *arg, const struct trust_rollout *row)
{
    struct counts *counts = arg;
    counts->was_opened = true;
    counts->closed += row->end == TRUST_ROLLOUT_BACK;
    return 0;
}

static int take_forced(void *arg, const struct trust_forced *row)
{
    struct counts *counts = arg;
    (void)row;
    counts->forced++;
    return 0;
}

static struct counts count(const struct site *site)
{
    struct counts counts = {0};
    struct trust_store *store;
    must(trust_store_open(site->bench.store, TRUST_STORE_READ, &store, &err));
    must(trust_store_each_rollout(store, TRUST_ROLLOUTS_ALL, take_rollout, &counts, &err));
    must(trust_store_each_forced(store, take_forced, &counts, &err));
    trust_store_close(store);
    return counts;
}

void promise_renew(struct promise *promise, const struct site *site, const bool newest[HISTORY_PHONES])
{
    const struct counts now = count(site);
    const bool begins = now.closed > promise->closed || !now.was_opened;
    for (size_t i = 0; i < HISTORY_PHONES; i++)
        promise->holds[i] = newest[i] || (promise->holds[i] && !begins);
    promise->closed = now.closed;
    promise->forced = now.forced;
    promise->was_opened = now.was_opened;
}

bool promise_was_forced(const struct promise *promise, const struct site *site)
{
    return count(site).forced > promise->forced;
}

bool promise_is_broken(struct promise *promise, size_t i, bool is_stranded, bool follows, bool by_phrase)
{
    const bool is_broken = promise->holds[i] && is_stranded && !promise->behind[i] && by_phrase;
    /* What was forced, or happened otherwise, ends the promise to whom it struck. */
    promise->holds[i] = promise->holds[i] && !is_stranded;
    promise->behind[i] = !follows;
    return is_broken;
}

/* ---- Lists */

/* The one of a kind in published/ with the highest number. free() it; NULL: there is none. */
static char *find_last(const struct site *site, const char *file)
{
    char folder[400], *last = NULL;
    const struct dirent *entry;
    snprintf(folder, sizeof folder, "%s/published", site->bench.state);
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        const char *rest = strchr(entry->d_name, '-');
        if (rest == NULL || strcmp(rest + 1, file) != 0 ||
            (last != NULL && strcmp(strrchr(last, '/') + 1, entry->d_name) >= 0))
            continue;
        free(last);
        ck_assert_int_ge(asprintf(&last, "%s/%s", folder, entry->d_name), 0);
    }
    closedir(dir);
    return last;
}

static bool is_last(const struct site *site, const char *file, const struct trust_list *list)
{
    char *path = find_last(site, file);
    if (path == NULL || list == NULL) {
        const bool both = path == NULL && list == NULL;
        free(path);
        return both;
    }
    struct trust_bytes bytes = fixture_read(path);
    const bool is = bytes.len == list->file.len && memcmp(bytes.data, list->file.data, bytes.len) == 0;
    fixture_free(bytes);
    free(path);
    return is;
}

bool promise_is_newest(const struct site *site, const struct trust_list *ctl, const struct trust_list *itl,
                       bool knows_itl)
{
    return is_last(site, "CTLFile.tlv", ctl) && (!knows_itl || is_last(site, "ITLFile.tlv", itl));
}
