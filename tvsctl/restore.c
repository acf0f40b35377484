/* utils restore FILE: everything as it was when the backup was made, or nothing. */
#include "backup.h"

#include "ask.h"
#include "change.h"
#include "handlers.h"
#include "history.h"
#include "input.h"
#include "print.h"
#include "publish.h"
#include "restore_history.h"
#include "rollout.h"
#include "say.h"
#include "signed_files.h"
#include "tftp_folder.h"
#include "workplace.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct job {
    struct tvsctl *ctl;
    struct state *state;
    const char *file, *password;
    char path[STATE_PATH_MAX]; /* of the unsealed store */
    struct trust_store *store; /* open, until a step adopts it */
    struct backup backup;
    struct restore_history here, there;
};

static void forget(struct job *job)
{
    trust_store_close(job->store);
    job->store = NULL;
    backup_fini(&job->backup);
    restore_history_fini(&job->here);
    restore_history_fini(&job->there);
}

/* ---- Reading the backup */

/* FILE is opened with the operator's rights; what comes out of it is written with those of the state's owner,
 * who could put a link in the way of root. */
static int unseal(const struct job *job, struct trust_error *err)
{
    int fd;
    struct state *state = job->state;
    rights_leave(&state->before);
    state->before.changed = false;
    int code = trust_seal_open(job->file, &fd, err);
    int back = rights_enter(state->config->state, &state->before, code == 0 ? err : NULL);
    if (code == 0 && back == 0)
        return trust_unseal_fd(fd, job->file, job->path, job->password, err);
    if (code == 0)
        close(fd);
    return code != 0 ? code : back;
}

/* Errors of the store name the unsealed copy, which nobody knows. */
static int say_unfit(const struct job *job, int code, struct trust_error *err)
{
    struct trust_error why = *err;
    if (code == TRUST_ESTOREVERSION)
        return trust_error_set(err, code, TRUST_NO_OFFSET,
                               "%s was made by a newer version of tvsctl; restore it with that one",
                               job->file);
    const size_t len = strlen(job->path);
    const char *text = why.text;
    if (strncmp(text, job->path, len) == 0)
        text += len + strspn(text + len, ": ");
    return trust_error_set(err, code, TRUST_NO_OFFSET, "%s cannot be restored: %.350s", job->file, text);
}

static int read_backup(struct job *job, struct trust_error *err)
{
    int code = workplace_path(job->state, "copy", job->path, err);
    if (code == 0)
        code = workplace_make(job->state, err);
    if (code == 0)
        code = unseal(job, err);
    if (code != 0)
        return code;
    code = trust_store_open(job->path, TRUST_STORE_WRITE, &job->store, err);
    if (code == 0)
        code = backup_read(job->store, &job->backup, err);
    if (code == 0)
        code = restore_history_of_backup(job->store, &job->there, err);
    if (code != 0)
        return say_unfit(job, code, err);
    return restore_history_of_state(job->state, &job->here, err);
}

/* ---- What the operator has to know */

/* Whether the backup says in which token its key is: by the key's name, as files of keys have it. */
static bool is_named(const struct job *job, const struct trust_cert *cert)
{
    char suffix[TRUST_KEY_NAME_SIZE];
    if (job->backup.uri_count == 0 || trust_key_uri_name("", cert, suffix, NULL) != 0)
        return false;
    for (size_t i = 0; i < job->backup.uri_count; i++)
        if (strstr(job->backup.uris[i].name, suffix) != NULL)
            return true;
    return false;
}

static bool has_key(const struct job *job, const struct trust_cert *cert)
{
    char name[TRUST_KEY_NAME_SIZE];
    return backup_has_key(&job->backup, cert) ||
           trust_key_find(job->state->keys, "key", cert, name, NULL) == 0 || is_named(job, cert);
}

/* What the node that this configuration names has in the backup. */
struct own {
    struct state state;
    bool has_cert[TRUST_UNIT_TVS_ECDSA + 1], has_key[TRUST_UNIT_TVS_ECDSA + 1];
};

static int look_at_unit(const struct job *job, struct own *own, enum trust_unit unit, struct trust_error *err)
{
    struct trust_store_row row;
    int code = state_own_row(&own->state, own->state.node, unit, &row, err);
    own->has_cert[unit] = code == 0;
    own->has_key[unit] = code == 0 && has_key(job, row.cert);
    trust_cert_free(row.cert);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

static int look_at_own(const struct job *job, struct own *own, struct trust_error *err)
{
    static const enum trust_unit units[] = {TRUST_UNIT_CALLMANAGER, TRUST_UNIT_ITLRECOVERY, TRUST_UNIT_TVS};
    *own = (struct own){.state = *job->state};
    own->state.store = job->store;
    int code = trust_store_node_name(job->store, job->ctl->config->node.name, own->state.node, err);
    for (size_t i = 0; code == 0 && i < sizeof units / sizeof units[0]; i++)
        code = look_at_unit(job, own, units[i], err);
    return code;
}

/* Who can be won back without the key that signs. */
static void say_stranded(const struct job *job, const struct own *own)
{
    FILE *out = job->ctl->io.out;
    if (!own->has_cert[TRUST_UNIT_CALLMANAGER] || own->has_key[TRUST_UNIT_CALLMANAGER])
        return;
    fputs("The private key of the CallManager certificate is not in the backup, nor here: nothing can be "
          "signed with it any more.\nMake a new one after the restore: set cert regen CallManager. Then:\n",
          out);
    if (own->has_key[TRUST_UNIT_ITLRECOVERY])
        fputs("- phones whose lists have ITLRecovery as second anchor follow: utils itl reset localkey\n",
              out);
    if (own->has_key[TRUST_UNIT_TVS])
        fputs("- phones whose ITL has our TVS certificate follow, since tvsd vouches for the new signer\n",
              out);
    fprintf(out, "- %s phones are stranded: their lists must be deleted by hand\n",
            own->has_key[TRUST_UNIT_ITLRECOVERY] || own->has_key[TRUST_UNIT_TVS] ? "all other" : "all");
}

static void say_newer(const struct job *job)
{
    char when[PRINT_TIME_SIZE];
    time_t since;
    size_t newer = restore_history_newer(&job->here, &job->there, &since);
    FILE *out = job->ctl->io.out;
    if (newer == 0)
        return;
    fprintf(out, "%zu %s published here that the backup does not have", newer,
            newer == 1 ? "list was" : "lists were");
    if (since != 0)
        fprintf(out, ", since %s", print_time(since, when));
    fputs(".\nPhones that took them may refuse the lists of the backup.\n", out);
}

static void say_list_that_goes(const struct job *job, const char *name, const struct trust_list *here,
                               const struct trust_list *there)
{
    if (here != NULL && there == NULL)
        fprintf(job->ctl->io.out, "%s leaves the TFTP folder, since the backup has none.\n", name);
}

static int say_what_comes(const struct job *job, const struct published *lists, struct trust_error *err)
{
    char when[PRINT_TIME_SIZE];
    struct own own;
    const struct backup *backup = &job->backup;
    FILE *out = job->ctl->io.out;
    int code = look_at_own(job, &own, err);
    if (code != 0)
        return code;
    fputs("Backup of node ", out);
    print_text(out, print_bytes(backup->node));
    fprintf(out, ", made on %s\n", print_time(backup->made, when));
    fprintf(out, "Certificates: %zu\nPrivate keys: %zu\nPublished lists: %zu\n", backup->certificates,
            backup->key_count, backup->published);
    if (strcmp(backup->node, own.state.node) != 0)
        say_warning(
            job->ctl,
            "the backup is of node %s, and node.name of the configuration is %s: what belongs to %s "
            "will be another node's; if this machine is to be %s, set node.name first, so that signed "
            "configuration files become its own, too",
            backup->node, own.state.node, backup->node, backup->node);
    say_newer(job);
    say_list_that_goes(job, PUBLISHED_CTL, lists->ctl, backup->ctl);
    say_list_that_goes(job, PUBLISHED_ITL, lists->itl, backup->itl);
    say_stranded(job, &own);
    return 0;
}

/* A step that decides nothing: the unsealed backup does not lie about while the operator thinks. */
static int look(struct job *job, struct trust_error *err)
{
    struct change change = {0};
    int code = change_begin(job->ctl, job->state, &change, err);
    if (code == 0)
        code = read_backup(job, err);
    if (code == 0)
        code = say_what_comes(job, &change.lists, err);
    forget(job);
    change_end(&change);
    return code;
}

/* ---- The step */

static int put_keys(struct change *change, const struct backup *backup, struct trust_error *err)
{
    int code = 0;
    for (size_t i = 0; i < backup->key_count && code == 0; i++)
        code = change_put_key(change, backup->keys[i].unit, backup->keys[i].key, err);
    for (size_t i = 0; i < backup->uri_count && code == 0; i++)
        code = change_put_uri_file(change, backup->uris[i].name, backup->uris[i].uri, err);
    return code;
}

struct putting {
    struct change *change;
    struct trust_error *err;
};

static int put_published(void *arg, enum trust_place place, const char *name, struct trust_bytes content)
{
    const struct putting *putting = arg;
    return place == TRUST_PLACE_PUBLISHED ? change_put(putting->change, place, name, content, putting->err)
                                          : 0;
}

/* An own certificate, of now or of before, that signed a list and whose key there is. */
struct signer_search {
    const struct job *job;
    const struct trust_list *list;
};

static int take_signer(void *arg, const struct trust_store_row *row)
{
    const struct signer_search *search = arg;
    return trust_list_verify(search->list, row->cert, NULL) == 0 && has_key(search->job, row->cert);
}

/* Roll-outs are facts about phones, and what was forced is one, too: those of here stay, as they ended here.
 */
struct rollout_copy {
    struct change *change;
    struct trust_error *err;
};

static int copy_forced(void *arg, const struct trust_forced *row)
{
    const struct rollout_copy *copy = arg;
    return trust_store_copy_forced(copy->change->state->store, row, copy->err);
}

static int copy_rollout(void *arg, const struct trust_rollout *row)
{
    const struct rollout_copy *copy = arg;
    return trust_store_copy_rollout(copy->change->state->store, copy->change->own->store, row, copy->err);
}

static int keep_rollouts(struct change *change, struct trust_error *err)
{
    struct rollout_copy copy = {change, err};
    int code = trust_store_each_rollout(change->own->store, TRUST_ROLLOUTS_ALL, copy_rollout, &copy, err);
    return code == 0 ? trust_store_each_forced(change->own->store, copy_forced, &copy, err) : code;
}

/* Put it where phones find it. Where lists were published since, it is given out once more, like any other:
 * the daemon goes by the last ones in who may sign, and phones that took those of here by what is new to
 * them. On a new machine there are no phones but those of the backup. */
static int put_again(struct change *change, const struct job *job, enum compose_kind kind,
                     const struct trust_list *list, struct trust_error *err)
{
    bool is_last = job->here.count == 0;
    int64_t number;
    int code = is_last ? 0 : history_is_last(change->state, kind, list, &is_last, &number, err);
    if (code != 0)
        return code;
    return is_last ? change_put(change, TRUST_PLACE_TFTP, compose_file_name(kind), list->file, err)
                   : publish_list(change, kind, list, err);
}

/* A list whose signer's key nobody has would bind new phones to a key that is lost. */
static int put_list(struct change *change, const struct job *job, enum compose_kind kind,
                    const struct trust_list *list, struct trust_error *err)
{
    const char *name = compose_file_name(kind);
    struct signer_search search = {job, list};
    struct trust_cert *signer = NULL;
    if (list == NULL)
        return change_drop(change, TRUST_PLACE_TFTP, name, err);
    int found = trust_list_verify_self(list, &signer, NULL) == 0 && has_key(job, signer);
    trust_cert_free(signer);
    if (found == 0) /* an empty ITL does not hold its signer */
        found = trust_store_each_signer(change->state->store, list, take_signer, &search, err);
    if (found < 0)
        return found;
    if (found > 0)
        return put_again(change, job, kind, list, err);
    say_warning(job->ctl, "%s of the backup is not put into the TFTP folder: the key of its signer is lost",
                name);
    return 0;
}

static int put_good(struct change *change, const struct trust_list *good, struct trust_error *err)
{
    return good != NULL ? change_put(change, TRUST_PLACE_STATE, BACKUP_GOOD, good->file, err)
                        : change_drop(change, TRUST_PLACE_STATE, BACKUP_GOOD, err);
}

static int adopt(struct change *change, struct job *job, struct trust_error *err)
{
    int code = change_adopt(change, job->store, job->path, err);
    if (code == 0)
        job->store = NULL;
    return code;
}

static int put_history(struct change *change, const struct job *job, struct trust_error *err)
{
    struct putting putting = {change, err};
    int code = trust_store_each_saved(change->state->store, put_published, &putting, err);
    if (code == 0)
        code = restore_history_keep(change, &job->here, &job->there, err);
    return code == 0 ? keep_rollouts(change, err) : code;
}

static int restore_step(struct change *change, void *arg, struct trust_error *err)
{
    struct job *job = arg;
    struct own own = {0};
    int code = read_backup(job, err);
    if (code == 0)
        code = look_at_own(job, &own, err);
    if (code == 0)
        code = adopt(change, job, err);
    if (code == 0)
        code = put_keys(change, &job->backup, err);
    if (code == 0)
        code = put_history(change, job, err);
    if (code == 0)
        code = put_list(change, job, COMPOSE_CTL, job->backup.ctl, err);
    if (code == 0)
        code = put_list(change, job, COMPOSE_ITL, job->backup.itl, err);
    if (code == 0)
        code = put_good(change, job->backup.good, err);
    if (code == 0 && own.has_key[TRUST_UNIT_CALLMANAGER])
        code = signed_files_follow(change, err);
    return code;
}

/* ---- The phrase */

#define QUESTION                                                                                             \
    "This operation will restore the certificates, keys and trust lists of the backup; what was changed "    \
    "since is lost."

static int check(struct tvsctl *ctl)
{
    struct trust_error err = {0};
    int result = ask_is_possible(ctl, QUESTION);
    if (result == TVSCTL_DONE && (publish_check(ctl->config, &err) != 0 ||
                                  tftp_folder_check_place(ctl->config, PUBLISHED_CTL, &err) != 0 ||
                                  tftp_folder_check_place(ctl->config, PUBLISHED_ITL, &err) != 0))
        result = say_error(ctl, &err);
    return result;
}

static int restore(struct job *job)
{
    struct tvsctl *ctl = job->ctl;
    struct trust_error err = {0};
    if (look(job, &err) != 0)
        return say_error(ctl, &err);
    int result = ask_continue(ctl, QUESTION);
    if (result != TVSCTL_DONE)
        return result;
    fputs("Restoring the backup\n", ctl->io.out);
    result = change_run(ctl, job->state, restore_step, job);
    forget(job);
    if (result == TVSCTL_DONE)
        fputs("Backup restored\n", ctl->io.out);
    return result;
}

int utils_restore(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state = {0};
    struct job job = {.ctl = ctl, .state = &state, .file = args[0]};
    struct trust_error err = {0};
    char *password = NULL;
    (void)count;
    int result = check(ctl);
    if (result == TVSCTL_DONE)
        result = backup_password(ctl, false, &password);
    if (result != TVSCTL_DONE)
        return result;
    job.password = password;
    /* A file that is no backup, or not under this password, is no reason to make a state folder. */
    int code = trust_unseal(job.file, NULL, password, &err);
    if (code == 0)
        code = state_open(ctl->config, TRUST_STORE_WRITE, &state, &err);
    if (code == TRUST_ESTORE)
        result = say_refusal(ctl, "%s; move %s/" TRUST_STORE_FILE " away and say it again", err.text,
                             ctl->config->state);
    else
        result = code == 0 ? restore(&job) : say_error(ctl, &err);
    state_close(&state);
    input_wipe(password);
    return result;
}
