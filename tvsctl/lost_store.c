#include "lost_store.h"

#include "backup.h"
#include "handlers.h"
#include "phrase.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static bool is_key(const char *name)
{
    char unit[TRUST_KEY_NAME_SIZE];
    return backup_key_name(name, unit);
}

static bool is_list(const char *name)
{
    int64_t number;
    const char *filename;
    return backup_list_name(name, &number, &filename);
}

/* A file in its place: a step that is not decided, or was not, leaves others. */
static bool find(const char *folder, bool (*is_right)(const char *name), const char *shown,
                 struct lost_store *lost)
{
    DIR *dir = opendir(folder);
    bool found = false;
    if (dir == NULL)
        return false;
    for (struct dirent *entry = readdir(dir); entry != NULL && !found; entry = readdir(dir)) {
        found = is_right(entry->d_name);
        if (found)
            snprintf(lost->shows, sizeof lost->shows, "%s/%.64s", shown, entry->d_name);
    }
    closedir(dir);
    return found;
}

/* Whether the file at lost->store holds nothing, and how. What keeps it from being read is somebody else's to
 * say. */
static bool holds_nothing(struct lost_store *lost)
{
    struct trust_store *store;
    bool blank = true;
    int code = trust_store_open(lost->store, TRUST_STORE_READ, &store, NULL);
    if (code == 0)
        code = trust_store_is_blank(store, &blank, NULL);
    trust_store_close(store);
    lost->how = code == TRUST_ENOTFOUND ? LOST_STORE_GONE
                : code == TRUST_EEMPTY  ? LOST_STORE_EMPTY
                                        : LOST_STORE_BLANK;
    return code == TRUST_ENOTFOUND || code == TRUST_EEMPTY || (code == 0 && blank);
}

/* The store is looked at after the files: a first phrase, at work meanwhile, puts them in their places when
 * its store is made. */
bool lost_store_look(const struct state *state, struct lost_store *lost)
{
    bool blank = true;
    *lost = (struct lost_store){.how = LOST_STORE_GONE};
    if (state->store != NULL && (trust_store_is_blank(state->store, &blank, NULL) != 0 || !blank))
        return false;
    return config_state_path(state->config, TRUST_STORE_FILE, lost->store, sizeof lost->store) != NULL &&
           (find(state->keys, is_key, "keys", lost) || find(state->published, is_list, "published", lost)) &&
           holds_nothing(lost);
}

char *lost_store_why(const struct lost_store *lost, char *out, size_t size)
{
    static const char *const how[] = {
        [LOST_STORE_GONE] = "is gone", [LOST_STORE_EMPTY] = "is empty", [LOST_STORE_BLANK] = "holds nothing"};
    snprintf(out, size, "%.110s: the store %s, and %s shows that there was one", lost->store, how[lost->how],
             lost->shows);
    return out;
}

int lost_store_is_why(const struct state *state, struct trust_error *err)
{
    struct lost_store lost;
    char why[320];
    if (!lost_store_look(state, &lost))
        return 0;
    return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET, "%s: " LOST_STORE_WAY,
                           lost_store_why(&lost, why, sizeof why));
}

int lost_store_none(const struct state *state, enum lost_store_how how, struct trust_error *err)
{
    int code = lost_store_is_why(state, err);
    if (code != 0)
        return code;
    if (how == LOST_STORE_EMPTY)
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "%.120s/" TRUST_STORE_FILE
                               ": the store is empty: if it ever held anything, " LOST_STORE_WAY
                               "; the first time, `set cert regen CallManager` or `set cert import` makes it",
                               state->config->state);
    return trust_error_set(
        err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
        "%s/" TRUST_STORE_FILE
        ": there is no store yet; `set cert regen CallManager` or `set cert import` makes it",
        state->config->state);
}

int lost_store_check(const struct tvsctl *ctl, const struct state *state, struct trust_error *err)
{
    struct lost_store lost;
    char why[320];
    const bool may =
        flag_given(&ctl->flags, FLAG_FORCE) || (ctl->phrase != NULL && ctl->phrase->run == utils_restore);
    if (may || !lost_store_look(state, &lost))
        return 0;
    return trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET,
                           "%s; nothing was changed: " LOST_STORE_WAY
                           "; `set cert regen CallManager --force` begins anew, with what no phone knows",
                           lost_store_why(&lost, why, sizeof why));
}
