#include "settle.h"

#include "workplace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A copy of a row: the store must not change while it is read. */
struct move {
    enum trust_place place;
    char *folder, *staged, *name;
};

struct moves {
    struct move *items;
    size_t count;
};

static int take(void *arg, const struct trust_pending *pending)
{
    struct moves *moves = arg;
    struct move *items = reallocarray(moves->items, moves->count + 1, sizeof *items);
    if (items == NULL)
        return TRUST_ENOMEM;
    moves->items = items;
    struct move *move = &items[moves->count++];
    *move = (struct move){pending->place, strdup(pending->folder), strdup(pending->staged),
                          strdup(pending->name)};
    return move->folder != NULL && move->staged != NULL && move->name != NULL ? 0 : TRUST_ENOMEM;
}

static void moves_fini(struct moves *moves)
{
    for (size_t i = 0; i < moves->count; i++) {
        free(moves->items[i].folder);
        free(moves->items[i].staged);
        free(moves->items[i].name);
    }
    free(moves->items);
}

static const char *folder_of(const struct state *state, const struct move *move)
{
    switch (move->place) {
    case TRUST_PLACE_KEYS:
        return state->keys;
    case TRUST_PLACE_PUBLISHED:
        return state->published;
    case TRUST_PLACE_STATE:
        return state->config->state;
    case TRUST_PLACE_TFTP:
        break;
    }
    return move->folder;
}

static int remove_file(const char *folder, const char *name, struct trust_error *err)
{
    char path[STATE_PATH_MAX + 256];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%s: the path is too long", folder);
    return trust_file_remove(path, err);
}

/* Out of the folder where it lies ready into the one above it: trust_file_place stays in one. */
static int lift(const char *folder, const struct move *move, struct trust_error *err)
{
    char from[STATE_PATH_MAX + 256], to[STATE_PATH_MAX + 256];
    if (snprintf(from, sizeof from, "%s/%s", folder, move->staged) >= (int)sizeof from ||
        snprintf(to, sizeof to, "%s/%s", folder, move->name) >= (int)sizeof to)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%s: the path is too long", folder);
    if (rename(from, to) == 0 || errno == ENOENT)
        return 0;
    return trust_error_set(err, errno == EACCES || errno == EPERM ? TRUST_EDENIED : TRUST_ESYSTEM,
                           TRUST_NO_OFFSET, "cannot replace %s: %s", to, strerror(errno));
}

static int place(const char *folder, const struct move *move, struct trust_error *err)
{
    const bool is_below = strncmp(move->staged, SETTLE_STATE_STAGED, strlen(SETTLE_STATE_STAGED)) == 0;
    return move->place == TRUST_PLACE_STATE && is_below
               ? lift(folder, move, err)
               : trust_file_place(folder, move->staged, move->name, err);
}

/* A file that is gone was put in place, or removed, before the step was interrupted. */
static int make_move(const char *folder, const struct move *move, struct trust_error *err)
{
    int code = move->staged[0] != '\0' ? place(folder, move, err) : remove_file(folder, move->name, err);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

/* Whether this move is the last into its folder: one sync does for all. */
static bool is_last_there(const struct moves *moves, size_t at)
{
    for (size_t i = at + 1; i < moves->count; i++)
        if (moves->items[i].place == moves->items[at].place &&
            strcmp(moves->items[i].folder, moves->items[at].folder) == 0)
            return false;
    return true;
}

/* Since the step was decided, the operator may have moved the TFTP folder: what lies ready went along, or is
 * gone. *folder is where the list belongs now. */
static int enter_tftp(const struct state *state, const char **folder, struct rights *before,
                      struct trust_error *err)
{
    const char *present = state->config->trust_lists.directory;
    int code = rights_enter(*folder, before, err);
    if (code == TRUST_ENOTFOUND && strcmp(*folder, present) != 0) {
        *folder = present;
        code = rights_enter(present, before, err);
    }
    if (code == TRUST_ENOTFOUND)
        trust_error_set(err, code, TRUST_NO_OFFSET,
                        "there is no folder %s any more; make it, or name the TFTP server's in the "
                        "configuration (trust_lists.directory)",
                        *folder);
    return code;
}

static int move_one(const struct state *state, const struct moves *moves, size_t at, struct trust_error *err)
{
    const struct move *move = &moves->items[at];
    const char *folder = folder_of(state, move);
    struct rights before = {0};
    int code = move->place == TRUST_PLACE_TFTP ? enter_tftp(state, &folder, &before, err) : 0;
    if (code != 0)
        return code;
    code = make_move(folder, move, err);
    if (code == 0 && is_last_there(moves, at))
        code = trust_folder_sync(folder, err);
    code = rights_explain(folder, code, err);
    rights_leave(&before);
    return code;
}

static int sweep_tftp(const struct state *state, struct trust_error *err)
{
    struct rights before;
    const char *folder = state->config->trust_lists.directory;
    int code = rights_enter(folder, &before, err);
    if (code != 0)
        return code == TRUST_ENOTFOUND ? 0 : code;
    code = trust_file_sweep(folder, NULL, 0, err);
    rights_leave(&before);
    return code;
}

/* Nothing that lies ready is wanted any more. */
static int sweep(const struct state *state, struct trust_error *err)
{
    int code = trust_key_sweep(state->keys, NULL, 0, err);
    if (code == 0)
        code = trust_file_sweep(state->published, NULL, 0, err);
    if (code == 0)
        code = workplace_sweep(state, err);
    return code != 0 ? code : sweep_tftp(state, err);
}

static int move_all(const struct state *state, const struct moves *moves, struct trust_error *err)
{
    int first = 0;
    for (size_t i = 0; i < moves->count; i++) {
        int code = move_one(state, moves, i, first == 0 ? err : NULL);
        first = first != 0 ? first : code;
    }
    return first;
}

int settle_decided(struct state *state, struct trust_error *err)
{
    struct moves moves = {0};
    int code = trust_store_each_pending(state->store, take, &moves, err);
    if (code == TRUST_ENOMEM)
        trust_error_set(err, code, TRUST_NO_OFFSET, "%s", trust_error_meaning(code));
    if (code == 0)
        code = move_all(state, &moves, err);
    if (code == 0 && moves.count > 0)
        code = trust_store_clear_pending(state->store, err);
    moves_fini(&moves);
    return code;
}

int settle_all(struct state *state, struct trust_error *err)
{
    int code = settle_decided(state, err);
    return code != 0 ? code : sweep(state, err);
}
