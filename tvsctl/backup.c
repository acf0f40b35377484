/* utils backup FILE: the store with the files that belong to it, under a password. */
#include "backup.h"

#include "ask.h"
#include "change.h"
#include "handlers.h"
#include "input.h"
#include "print.h"
#include "published.h"
#include "say.h"
#include "tftp_folder.h"
#include "workplace.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct job {
    struct tvsctl *ctl;
    struct state *state;
    struct trust_store *copy;
    size_t certificates, keys, in_tokens, published;
    bool ctl_there, itl_there;
};

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

/* ---- Files of the state folder and of the TFTP folder */

static bool is_list(struct trust_bytes bytes, struct trust_error *err)
{
    struct trust_list *list = NULL;
    bool is = trust_list_parse(bytes, &list, err) == 0;
    trust_list_free(list);
    return is;
}

static bool is_uri(struct trust_bytes bytes, struct trust_error *err)
{
    char *uri;
    const bool is = trust_key_parse_uri(bytes, &uri, err) == 0;
    free(uri);
    return is;
}

static bool is_key(struct trust_bytes bytes, struct trust_error *err)
{
    struct trust_key *key = NULL;
    bool is = trust_key_parse(bytes, NULL, &key, err) == 0;
    trust_key_free(key);
    return is;
}

/* A file that nothing could use would spoil the backup, and one that is not there cannot be saved. */
static int save(const struct job *job, enum trust_place place, const char *name, struct trust_bytes bytes,
                size_t *saved, struct trust_error *err)
{
    struct trust_error why = {0};
    const bool is = place != TRUST_PLACE_KEYS ? is_list(bytes, &why)
                    : backup_is_uri(name)     ? is_uri(bytes, &why)
                                              : is_key(bytes, &why);
    if (is) {
        ++*saved;
        return trust_store_save_file(job->copy, place, name, bytes, err);
    }
    if (why.code == TRUST_ENOMEM)
        return no_memory(err);
    say_warning(job->ctl, "%s is not in the backup: %s", name, why.text);
    return 0;
}

static int save_file(const struct job *job, enum trust_place place, const char *folder, const char *name,
                     size_t *saved, struct trust_error *err)
{
    char *path;
    uint8_t *data = NULL;
    size_t len = 0;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return no_memory(err);
    int code = trust_file_read(path, place == TRUST_PLACE_KEYS ? BACKUP_KEY_MAX : TRUST_LIST_MAX, &data, &len,
                               NULL, err);
    if (code == 0)
        code = save(job, place, name, (struct trust_bytes){data, len}, saved, err);
    if (data != NULL)
        explicit_bzero(data, len);
    free(data);
    free(path);
    return code;
}

static bool is_wanted(enum trust_place place, const char *name)
{
    char unit[TRUST_KEY_NAME_SIZE];
    int64_t number;
    const char *filename;
    return place == TRUST_PLACE_KEYS ? backup_key_name(name, unit)
                                     : backup_list_name(name, &number, &filename);
}

/* in_tokens counts the keys that are named, and not in the folder. */
static int save_folder(const struct job *job, enum trust_place place, const char *folder, size_t *saved,
                       size_t *in_tokens, struct trust_error *err)
{
    const struct dirent *entry;
    int code = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return trust_error_set(err, errno == EACCES ? TRUST_EDENIED : TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "cannot read the folder %s: %s", folder, strerror(errno));
    while (code == 0 && (entry = readdir(dir)) != NULL) {
        if (is_wanted(place, entry->d_name))
            code =
                save_file(job, place, folder, entry->d_name,
                          place == TRUST_PLACE_KEYS && backup_is_uri(entry->d_name) ? in_tokens : saved, err);
        else if (entry->d_name[0] != '.')
            say_warning(job->ctl, "%s/%s is not in the backup: it has no name of a file that belongs there",
                        folder, entry->d_name);
    }
    closedir(dir);
    return code;
}

static int save_from_tftp(const struct job *job, const char *name, bool *there, struct trust_error *err)
{
    uint8_t *data = NULL;
    size_t len = 0, saved = 0;
    int code = tftp_folder_read(job->ctl->config, name, TRUST_LIST_MAX, &data, &len, err);
    if (code == 0)
        code = save(job, TRUST_PLACE_TFTP, name, (struct trust_bytes){data, len}, &saved, err);
    *there = saved > 0;
    free(data);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

static int save_good(const struct job *job, struct trust_error *err)
{
    size_t saved = 0;
    int code = save_file(job, TRUST_PLACE_STATE, job->state->config->state, BACKUP_GOOD, &saved, err);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

static int save_label(const struct job *job, struct trust_error *err)
{
    char label[TRUST_NODE_NAME_SIZE + 64];
    snprintf(label, sizeof label, "node %s\nmade %" PRId64 "\n", job->state->node, (int64_t)job->ctl->now);
    return trust_store_save_file(job->copy, TRUST_PLACE_STATE, BACKUP_LABEL, print_bytes(label), err);
}

static int save_all(struct job *job, struct trust_error *err)
{
    int code = trust_store_begin(job->copy, err);
    if (code == 0)
        code = save_label(job, err);
    if (code == 0)
        code = save_folder(job, TRUST_PLACE_KEYS, job->state->keys, &job->keys, &job->in_tokens, err);
    if (code == 0)
        code = save_folder(job, TRUST_PLACE_PUBLISHED, job->state->published, &job->published, NULL, err);
    if (code == 0)
        code = save_good(job, err);
    if (code == 0)
        code = save_from_tftp(job, PUBLISHED_CTL, &job->ctl_there, err);
    if (code == 0)
        code = save_from_tftp(job, PUBLISHED_ITL, &job->itl_there, err);
    if (code == 0)
        code = backup_count_certificates(job->copy, &job->certificates, err);
    return code == 0 ? trust_store_commit(job->copy, err) : code;
}

/* ---- The copy, and the sealed file */

/* The file is complete when its store is closed. */
static int fill_copy(struct job *job, const char *path, struct trust_error *err)
{
    int code = trust_store_copy(job->state->store, path, err);
    if (code == 0)
        code = trust_store_open(path, TRUST_STORE_WRITE, &job->copy, err);
    if (code == 0)
        code = save_all(job, err);
    trust_store_close(job->copy);
    job->copy = NULL;
    return code;
}

/* FILE is the operator's, and so are the rights to write it; the copy is opened with those of the folder's
 * owner, who could put a link in the way of root. */
static int seal_as_operator(struct state *state, const char *path, const char *file, const char *password,
                            struct trust_error *err)
{
    int fd;
    int code = trust_seal_open(path, &fd, err);
    if (code != 0)
        return code;
    rights_leave(&state->before);
    state->before.changed = false;
    code = trust_seal_fd(fd, path, file, password, err);
    int back = rights_enter(state->config->state, &state->before, code == 0 ? err : NULL);
    return code != 0 ? code : back;
}

static int make_backup(struct job *job, const char *file, const char *password, struct trust_error *err)
{
    char path[STATE_PATH_MAX];
    int code = workplace_path(job->state, "copy", path, err);
    if (code == 0)
        code = workplace_make(job->state, err);
    if (code == 0)
        code = fill_copy(job, path, err);
    return code == 0 ? seal_as_operator(job->state, path, file, password, err) : code;
}

/* A step that decides nothing: no phrase is half done meanwhile, and the workplace is swept at its end. */
static int back_up(struct job *job, const char *file, const char *password, struct trust_error *err)
{
    struct change change = {0};
    int code = change_begin(job->ctl, job->state, &change, err);
    if (code == 0)
        code = make_backup(job, file, password, err);
    change_end(&change);
    return code;
}

static int print_summary(const struct job *job, const char *file, struct trust_error *err)
{
    uint8_t *data = NULL, digest[TRUST_DIGEST_MAX];
    char hex[2 * TRUST_DIGEST_MAX + 1];
    size_t len = 0;
    FILE *out = job->ctl->io.out;
    int code = trust_file_read(file, SIZE_MAX / 4, &data, &len, NULL, err);
    if (code == 0)
        code = trust_digest_pieces(TRUST_DIGEST_SHA256, &(struct trust_bytes){data, len}, 1, digest, err);
    free(data);
    if (code != 0)
        return code;
    trust_hex((struct trust_bytes){digest, trust_digest_size(TRUST_DIGEST_SHA256)}, '\0', false, hex);
    fprintf(out, "Backup of node %s\n", job->state->node);
    fprintf(out, "Certificates: %zu\nPrivate keys: %zu\nPublished lists: %zu\nLists in the TFTP folder: %s\n",
            job->certificates, job->keys, job->published,
            job->ctl_there && job->itl_there ? PUBLISHED_CTL ", " PUBLISHED_ITL
            : job->ctl_there                 ? PUBLISHED_CTL
            : job->itl_there                 ? PUBLISHED_ITL
                                             : "none");
    if (job->in_tokens > 0)
        fprintf(out,
                "Private keys in security tokens, which are not in the backup: %zu\nKeep the tokens: without "
                "them nothing can be signed with those keys.\n",
                job->in_tokens);
    fputs("Backup written to ", out);
    print_text(out, print_bytes(file));
    fprintf(out, "\nLength: %zu bytes\n%s(SHA256)\n", len, hex);
    return 0;
}

/* ---- What can be seen before */

/* A backup is for the day when the state folder is lost, and its files have names that are swept or read. */
static bool is_in_state(const struct config *config, const char *file)
{
    static const char *const folders[] = {"", "keys", "published"};
    char path[STATE_PATH_MAX];
    struct stat place, folder;
    const char *slash = strrchr(file, '/');
    char *of = slash == NULL ? strdup(".") : strndup(file, slash > file ? (size_t)(slash - file) : 1);
    bool is = false;
    for (size_t i = 0; of != NULL && i < sizeof folders / sizeof folders[0]; i++)
        is = is ||
             (config_state_path(config, folders[i], path, sizeof path) != NULL && stat(of, &place) == 0 &&
              stat(path, &folder) == 0 && place.st_dev == folder.st_dev && place.st_ino == folder.st_ino);
    free(of);
    return is;
}

static int check_store(struct tvsctl *ctl)
{
    struct state state;
    struct trust_error err = {0};
    int code = state_open(ctl->config, TRUST_STORE_READ, &state, &err);
    state_close(&state);
    return code == 0 || code == TRUST_ESTOREVERSION ? TVSCTL_DONE : say_error(ctl, &err);
}

static int check_file(struct tvsctl *ctl, const char *file)
{
    struct stat info;
    if (is_in_state(ctl->config, file))
        return say_refusal(
            ctl, "%s lies in the state folder, whose loss a backup is for; name a place elsewhere", file);
    if (lstat(file, &info) == 0 && !S_ISREG(info.st_mode))
        return say_refusal(ctl, "%s is there already and is no file; name another", file);
    return TVSCTL_DONE;
}

static int ask_to_overwrite(struct tvsctl *ctl, const char *file)
{
    struct stat info;
    char question[512];
    if (lstat(file, &info) != 0)
        return TVSCTL_DONE;
    char *shown = print_escaped(file);
    if (shown == NULL)
        return say_no_memory(ctl);
    snprintf(question, sizeof question, "This operation will overwrite the file %.400s.", shown);
    free(shown);
    return ask_continue(ctl, question);
}

static int write_backup(struct job *job, const char *file, const char *password)
{
    struct trust_error err = {0};
    int code = state_open(job->ctl->config, TRUST_STORE_WRITE, job->state, &err);
    if (code == 0)
        code = back_up(job, file, password, &err);
    state_close(job->state);
    if (code == 0)
        code = print_summary(job, file, &err);
    return code == 0 ? TVSCTL_DONE : say_error(job->ctl, &err);
}

int utils_backup(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state = {0};
    struct job job = {.ctl = ctl, .state = &state};
    char *password = NULL;
    (void)count;
    int result = check_store(ctl);
    if (result == TVSCTL_DONE)
        result = check_file(ctl, args[0]);
    if (result == TVSCTL_DONE)
        result = backup_password(ctl, true, &password);
    if (result == TVSCTL_DONE)
        result = ask_to_overwrite(ctl, args[0]);
    if (result == TVSCTL_DONE)
        result = write_backup(&job, args[0], password);
    input_wipe(password);
    return result;
}
