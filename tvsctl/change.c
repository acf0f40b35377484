#include "change.h"

#include "guard.h"
#include "guard_seen.h"
#include "lost_store.h"
#include "say.h"
#include "settle.h"
#include "tftp_folder.h"
#include "workplace.h"

#include <stdlib.h>
#include <string.h>

/* From so many files on, they are synced together. */
#define SYNC_EACH 16

int change_begin(struct tvsctl *ctl, struct state *state, struct change *change, struct trust_error *err)
{
    *change = (struct change){.ctl = ctl, .state = state, .lock.fd = -1};
    state->tokens = ctl->tokens;
    int code = lost_store_check(ctl, state, err);
    if (code == 0)
        code = state_make(state, err);
    if (code == 0)
        code = rights_explain(ctl->config->state, lock_take(state->lock, ctl->said, &change->lock, err), err);
    if (code != 0)
        return code;
    change->begun = true;
    if (change->lock.was_left) {
        code = settle_all(state, err);
        if (code != 0)
            trust_error_prefix(err, code, CHANGE_UNFINISHED);
    }
    if (code == 0)
        code = guard_seen_check(change, err);
    if (code == 0)
        code = trust_store_begin(state->store, err);
    if (code == 0)
        code = published_read(ctl->config, &change->lists, err);
    if (code != 0)
        change_end(change);
    return code;
}

static int add_pending(struct change *change, enum trust_place place, const char *staged, const char *name,
                       struct trust_error *err)
{
    const struct trust_pending pending = {
        .place = place,
        .folder = place == TRUST_PLACE_TFTP ? change->ctl->config->trust_lists.directory : "",
        .staged = staged,
        .name = name,
    };
    return trust_store_add_pending(change->state->store, &pending, err);
}

static int stage_in_tftp(struct change *change, struct trust_bytes bytes, bool sync, char *staged,
                         struct trust_error *err)
{
    struct rights before;
    const char *folder = change->ctl->config->trust_lists.directory;
    int code = rights_enter(folder, &before, err);
    if (code != 0)
        return trust_error_prefix(err, code, "trust_lists.directory");
    code = trust_file_stage(folder, bytes, 0644, (uid_t)-1, (gid_t)-1, sync, staged, err);
    code = rights_explain(folder, code, err);
    rights_leave(&before);
    return code;
}

/* Others may write into the TFTP folder, and what was decided and cannot be put in place holds up everything:
 * it is looked at before. */
static int check_place(const struct change *change, enum trust_place place, const char *name,
                       struct trust_error *err)
{
    return place == TRUST_PLACE_TFTP ? tftp_folder_check_place(change->ctl->config, name, err) : 0;
}

int change_put(struct change *change, enum trust_place place, const char *name, struct trust_bytes bytes,
               struct trust_error *err)
{
    char staged[sizeof SETTLE_STATE_STAGED + TRUST_STAGED_SIZE], *file = staged;
    const bool sync = change->staged++ < SYNC_EACH;
    int code = check_place(change, place, name, err);
    if (code != 0)
        return code;
    if (place == TRUST_PLACE_TFTP) {
        code = stage_in_tftp(change, bytes, sync, staged, err);
    } else {
        if (place == TRUST_PLACE_STATE)
            file = stpcpy(staged, SETTLE_STATE_STAGED);
        code = trust_file_stage(change->state->published, bytes, 0640, (uid_t)-1, (gid_t)-1, sync, file, err);
    }
    if (code != 0)
        return trust_error_prefix(err, code, "%s", name);
    return add_pending(change, place, staged, name, err);
}

int change_drop(struct change *change, enum trust_place place, const char *name, struct trust_error *err)
{
    int code = check_place(change, place, name, err);
    return code == 0 ? add_pending(change, place, "", name, err) : code;
}

int change_put_key(struct change *change, const char *unit, const struct trust_key *key,
                   struct trust_error *err)
{
    char staged[TRUST_KEY_NAME_SIZE], name[TRUST_KEY_NAME_SIZE];
    int code = trust_key_stage(change->state->keys, unit, key, staged, name, err);
    return code != 0 ? code : add_pending(change, TRUST_PLACE_KEYS, staged, name, err);
}

int change_drop_key(struct change *change, const char *unit, const struct trust_cert *cert,
                    struct trust_error *err)
{
    char name[TRUST_KEY_NAME_SIZE];
    int code = trust_key_find(change->state->keys, unit, cert, name, err);
    if (code == TRUST_ENOTFOUND)
        return 0;
    return code != 0 ? code : add_pending(change, TRUST_PLACE_KEYS, "", name, err);
}

int change_drop_key_uri(struct change *change, const char *unit, const struct trust_cert *cert,
                        struct trust_error *err)
{
    char *uri, name[TRUST_KEY_NAME_SIZE];
    int code = trust_key_load_uri(change->state->keys, unit, cert, &uri, name, err);
    free(uri);
    if (code == TRUST_ENOTFOUND)
        return 0;
    return code != 0 ? code : add_pending(change, TRUST_PLACE_KEYS, "", name, err);
}

int change_put_uri_file(struct change *change, const char *name, const char *uri, struct trust_error *err)
{
    char staged[TRUST_KEY_NAME_SIZE];
    int code = trust_key_stage_uri(change->state->keys, name, uri, staged, err);
    return code == 0 ? add_pending(change, TRUST_PLACE_KEYS, staged, name, err) : code;
}

int change_put_key_uri(struct change *change, const char *unit, const struct trust_cert *cert,
                       const char *uri, struct trust_error *err)
{
    char name[TRUST_KEY_NAME_SIZE];
    struct trust_key *key;
    int code = trust_key_load(change->state->keys, unit, cert, &key, err);
    trust_key_free(key);
    if (code == 0)
        code = change_drop_key(change, unit, cert, err);
    else if (code == TRUST_ENOTFOUND || code == TRUST_EUNSUPPORTED)
        code = 0;
    if (code == 0)
        code = trust_key_uri_name(unit, cert, name, err);
    return code == 0 ? change_put_uri_file(change, name, uri, err) : code;
}

/* What was written without a sync of its own. */
static int flush(const struct change *change, struct trust_error *err)
{
    if (change->staged <= SYNC_EACH)
        return 0;
    struct rights before;
    const char *folder = change->ctl->config->trust_lists.directory;
    int code = rights_enter(folder, &before, err);
    if (code == 0) {
        code = trust_folder_flush(folder, err);
        rights_leave(&before);
    }
    return code != 0 ? code : trust_folder_flush(change->state->published, err);
}

/* Certificates that were replaced stay while phones may fetch a list that holds them. A list that could not
 * be read may hold any. */
static int drop_retired(const struct change *change, struct trust_error *err)
{
    const struct trust_list *const lists[] = {change->lists.ctl, change->lists.itl};
    if (!change->publishes)
        return 0;
    return trust_store_drop_retired(change->state->store, lists, 2, err);
}

int change_adopt(struct change *change, struct trust_store *take_store, const char *path,
                 struct trust_error *err)
{
    change->adopted = *change->state;
    snprintf(change->adopted_path, sizeof change->adopted_path, "%s", path);
    int code = trust_store_clear_pending(take_store, err);
    if (code == 0)
        code = trust_store_node_name(take_store, change->ctl->config->node.name, change->adopted.node, err);
    if (code == 0)
        code = trust_store_begin(take_store, err);
    if (code != 0)
        return code;
    change->adopted.store = take_store;
    change->own = change->state;
    change->state = &change->adopted;
    return 0;
}

/* Back to the state's own store; what was done to the other is lost unless it became the own one's content.
 */
static void leave_adopted(struct change *change)
{
    if (change->own == NULL)
        return;
    trust_store_close(change->adopted.store);
    change->adopted.store = NULL;
    change->state = change->own;
    change->own = NULL;
}

/* The copy is complete, and closed, before it is taken over: its log file is in it then. */
static int become_adopted(struct change *change, struct trust_error *err)
{
    int code = trust_store_clear_saved(change->adopted.store, err);
    if (code == 0)
        code = trust_store_commit(change->adopted.store, err);
    if (code == 0)
        code = trust_store_compact(change->adopted.store, err);
    leave_adopted(change);
    trust_store_rollback(change->state->store); /* it had kept other writers out */
    if (code == 0)
        code = trust_store_become(change->state->store, change->adopted_path, err);
    return code;
}

int change_commit(struct change *change, struct trust_error *err)
{
    struct trust_error why = {0};
    int code = drop_retired(change, err);
    if (code == 0)
        code = guard_seen_pass(change, err);
    if (code == 0)
        code = guard_log(change, err);
    if (code == 0)
        code = flush(change, err);
    if (code == 0)
        code =
            change->own != NULL ? become_adopted(change, err) : trust_store_commit(change->state->store, err);
    if (code != 0)
        return code;
    if (change->ctl->seen != NULL)
        change->ctl->seen->is_done = true;
    code = settle_decided(change->state, &why);
    if (code == 0)
        code = workplace_sweep(change->state, &why);
    if (code == 0)
        lock_release(&change->lock, true);
    if (code != 0)
        trust_error_set(
            err, code, why.offset,
            "the change is made, but not everything is in place yet: %.280s; when that is mended, the next "
            "phrase finishes it",
            why.text);
    change->begun = code != 0;
    change->deeds.is_note = change->ctl->deeds.is_note;
    change->ctl->deeds = change->deeds;
    return code;
}

void change_end(struct change *change)
{
    leave_adopted(change);
    if (change->begun) {
        trust_store_rollback(change->state->store);
        lock_release(&change->lock, settle_all(change->state, NULL) == 0);
    }
    change->begun = false;
    trust_cert_free(change->files_signer);
    change->files_signer = NULL;
    published_fini(&change->lists);
}

int change_do(struct tvsctl *ctl, struct state *state, change_work work, void *arg, struct trust_error *err)
{
    struct change change;
    int code = change_begin(ctl, state, &change, err);
    if (code == 0)
        code = work(&change, arg, err);
    if (code == 0)
        code = change_commit(&change, err);
    change_end(&change);
    return code;
}

int change_run(struct tvsctl *ctl, struct state *state, change_work work, void *arg)
{
    struct trust_error err = {0};
    return change_do(ctl, state, work, arg, &err) == 0 ? TVSCTL_DONE : say_error(ctl, &err);
}

int change_recover(struct tvsctl *ctl, struct trust_error *err)
{
    char path[STATE_PATH_MAX];
    struct state state;
    struct lost_store lost;
    struct lock lock = {.fd = -1};
    bool under_way;
    if (config_state_path(ctl->config, STATE_LOCK, path, sizeof path) == NULL ||
        !lock_is_left(path, &under_way) || under_way)
        return 0;
    int code = state_open(ctl->config, TRUST_STORE_WRITE, &state, err);
    /* What was pending stands in the store that was lost: it is finished when that is back. */
    if (code == 0 && lost_store_look(&state, &lost)) {
        state_close(&state);
        return 0;
    }
    if (code == 0)
        code = lock_take(state.lock, ctl->said, &lock, err);
    if (code == 0 && lock.was_left)
        code = settle_all(&state, err);
    lock_release(&lock, code == 0);
    state_close(&state);
    return code != 0 ? trust_error_prefix(err, code, CHANGE_UNFINISHED) : 0;
}
