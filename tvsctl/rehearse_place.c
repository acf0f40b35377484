#include "rehearse_place.h"

#include "backup.h"
#include "lock.h"
#include "published.h"
#include "signed_files.h"
#include "state.h"
#include "tftp_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 2000 /* for other phrases to end */
#define STEP_MS 50

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

/* ---- The folder */

static int make_folders(const struct config *from, struct rehearse_place *place, struct trust_error *err)
{
    int code = rehearse_folder_make(from, &place->folder, err);
    if (code != 0)
        return code;
    snprintf(place->state, sizeof place->state, "%s/state", place->folder.path);
    snprintf(place->tftp, sizeof place->tftp, "%s/tftp", place->folder.path);
    place->config = *from;
    place->config.state = place->state;
    place->config.state_is_copy = true;
    place->config.trust_lists.directory = place->tftp;
    return mkdir(place->state, 0700) == 0 ? 0 : rehearse_folder_error(errno, "make", place->state, err);
}

void rehearse_place_remove(struct rehearse_place *place)
{
    rehearse_folder_remove(&place->folder);
    if (place->pretends)
        trust_pretend_end();
    place->pretends = false;
}

/* ---- Files */

/* One copy from the real folders into the place. */
struct copying {
    const struct config *from;
    const struct state *state;
    struct rehearse_place *place;
    char *real_keys; /* absolute */
};

/* Not synced: it is gone in a moment. */
static int write_file(const char *folder, const char *name, struct trust_bytes bytes, mode_t mode,
                      struct trust_error *err)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return no_memory(err);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode), number = 0;
    size_t done = 0;
    while (fd >= 0 && done < bytes.len && number == 0) {
        ssize_t n = write(fd, bytes.data + done, bytes.len - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            number = errno;
    }
    number = fd < 0 ? errno : number;
    if (fd >= 0 && close(fd) != 0 && number == 0)
        number = errno;
    int code = number != 0 ? rehearse_folder_error(number, "write", path, err) : 0;
    free(path);
    return code;
}

static int copy_list(const char *folder, const char *to, const char *name, struct trust_error *err)
{
    char *path;
    uint8_t *data = NULL;
    size_t len;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return no_memory(err);
    int code = trust_file_read(path, TRUST_LIST_MAX, &data, &len, NULL, err);
    if (code == 0)
        code = write_file(to, name, (struct trust_bytes){data, len}, 0640, err);
    free(data);
    free(path);
    return code;
}

static int link_key(const struct copying *copying, const char *to, const char *name, struct trust_error *err)
{
    char *target, *path = NULL;
    if (asprintf(&target, "%s/%s", copying->real_keys, name) < 0)
        return no_memory(err);
    int code = asprintf(&path, "%s/%s", to, name) < 0 ? no_memory(err) : 0;
    if (code == 0 && symlink(target, path) != 0)
        code = rehearse_folder_error(errno, "make the link", path, err);
    free(target);
    if (code == 0 || path != NULL)
        free(path);
    return code;
}

/* Visit the files of a folder of the state that have the names of such files. */
static int each_file(const struct copying *copying, bool keys, const char *to, struct trust_error *err)
{
    const char *folder = keys ? copying->real_keys : copying->state->published;
    char unit[TRUST_KEY_NAME_SIZE];
    int64_t number;
    const char *filename;
    const struct dirent *entry;
    int code = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return trust_error_set(err, errno == EACCES ? TRUST_EDENIED : TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "cannot read the folder %s: %s", folder, strerror(errno));
    while (code == 0 && (entry = readdir(dir)) != NULL) {
        if (keys && backup_key_name(entry->d_name, unit))
            code = link_key(copying, to, entry->d_name, err);
        else if (!keys && backup_list_name(entry->d_name, &number, &filename))
            code = copy_list(folder, to, entry->d_name, err);
    }
    closedir(dir);
    return code;
}

/* keys/ or published/: a folder that is not there is not there in the copy. */
static int copy_folder(const struct copying *copying, bool keys, struct trust_error *err)
{
    struct stat info;
    char to[STATE_PATH_MAX];
    const char *from = keys ? copying->state->keys : copying->state->published;
    snprintf(to, sizeof to, "%s/%s", copying->place->state, keys ? "keys" : "published");
    if (stat(from, &info) != 0 && errno == ENOENT)
        return 0;
    if (mkdir(to, 0700) != 0)
        return rehearse_folder_error(errno, "make", to, err);
    return each_file(copying, keys, to, err);
}

/* ---- The TFTP folder */

/* An alias stays one: what happens to its file happens to it. */
static int copy_alias(const struct copying *copying, const char *name, struct trust_error *err)
{
    char target[256] = "", *real = tftp_folder_path(copying->from, name),
         *path = tftp_folder_path(&copying->place->config, name);
    int code = real == NULL || path == NULL ? no_memory(err) : 0;
    if (code == 0 && readlink(real, target, sizeof target - 1) > 0 && symlink(target, path) != 0)
        code = rehearse_folder_error(errno, "make the link", path, err);
    free(real);
    free(path);
    return code;
}

static bool ends_in(const char *name, const char *end)
{
    size_t len = strlen(name), tail = strlen(end);
    return len > tail && strcmp(name + len - tail, end) == 0;
}

/* What is no file, or too large to be a list: as much of it as phrases look at, whether it can be replaced or
 * taken away. A link to itself stands for every kind that can be. */
static int copy_no_file(const struct copying *copying, const char *name, struct trust_error *err)
{
    struct stat info;
    if (tftp_folder_look(copying->from, name, &info, NULL) != 0)
        return 0;
    if (S_ISREG(info.st_mode))
        return write_file(copying->place->tftp, name, (struct trust_bytes){0}, 0644, err);
    char *path = tftp_folder_path(&copying->place->config, name);
    int code = path == NULL ? no_memory(err) : 0;
    if (code == 0 && (S_ISDIR(info.st_mode) ? mkdir(path, 0700) : symlink(name, path)) != 0)
        code = rehearse_folder_error(errno, "make", path, err);
    free(path);
    return code;
}

/* Of files that say nothing of trust the name alone. What cannot be read as such a file is none for phones
 * either, and one that went meanwhile is gone. A signed file that may not be read stays as it is whatever is
 * said. */
static int copy_from_tftp(const struct copying *copying, const char *name, struct trust_error *err)
{
    uint8_t *data = NULL;
    size_t len = 0;
    struct trust_error why = {0};
    int code = 0;
    if (tftp_folder_is_alias(copying->from, name))
        return copy_alias(copying, name, err);
    const bool is_signed = ends_in(name, SIGNED_FILE_SUFFIX);
    if (is_signed || ends_in(name, ".tlv"))
        code = tftp_folder_read(copying->from, name, TRUST_SIGNED_FILE_MAX, &data, &len, &why);
    if (code == 0)
        code = write_file(copying->place->tftp, name, (struct trust_bytes){data, len}, 0644, err);
    else if (code == TRUST_EARGUMENT || code == TRUST_ETOOLARGE)
        code = copy_no_file(copying, name, err);
    else if (code == TRUST_ENOTFOUND || (code == TRUST_EDENIED && is_signed))
        code = 0;
    else
        code = trust_error_set(err, code, TRUST_NO_OFFSET, "%s", why.text);
    free(data);
    return code;
}

static int copy_tftp(const struct copying *copying, enum rehearse_extent extent, struct trust_error *err)
{
    struct tftp_names names;
    int code = tftp_folder_names(copying->from, NULL, &names, err);
    if (code != 0)
        return code == TRUST_ENOTFOUND ? 0 : code;
    if (mkdir(copying->place->tftp, 0700) != 0)
        code = rehearse_folder_error(errno, "make", copying->place->tftp, err);
    for (size_t i = 0; code == 0 && i < names.count; i++)
        if (extent == REHEARSE_WHOLE || strcmp(names.name[i], PUBLISHED_CTL) == 0 ||
            strcmp(names.name[i], PUBLISHED_ITL) == 0)
            code = copy_from_tftp(copying, names.name[i], err);
    tftp_folder_names_free(&names);
    return code;
}

/* ---- All of it, of one moment */

static int copy_good(const struct copying *copying, struct trust_error *err)
{
    char path[STATE_PATH_MAX];
    if (config_state_path(copying->from, BACKUP_GOOD, path, sizeof path) == NULL || access(path, F_OK) != 0)
        return 0;
    return copy_list(copying->from->state, copying->place->state, BACKUP_GOOD, err);
}

static int copy_all(struct copying *copying, enum rehearse_extent extent, struct trust_error *err)
{
    char store[STATE_PATH_MAX];
    snprintf(store, sizeof store, "%s/" TRUST_STORE_FILE, copying->place->state);
    int code = trust_store_copy(copying->state->store, store, err);
    if (code == 0)
        code = copy_folder(copying, true, err);
    if (code == 0 && extent == REHEARSE_WHOLE)
        code = copy_folder(copying, false, err);
    if (code == 0 && extent == REHEARSE_WHOLE)
        code = copy_good(copying, err);
    return code == 0 ? copy_tftp(copying, extent, err) : code;
}

/* Files move between the commit that decides a change and the one that forgets their names: without a commit
 * meanwhile, and with nothing left to move, all that was copied belongs together. */
static int copy_once(struct copying *copying, enum rehearse_extent extent, bool *is_whole,
                     struct trust_error *err)
{
    struct trust_store *store = copying->state->store;
    int64_t before, after = 0, pending = 0;
    int code = trust_store_data_version(store, &before, err);
    if (code == 0)
        code = make_folders(copying->from, copying->place, err);
    if (code == 0)
        code = copy_all(copying, extent, err);
    if (code == 0)
        code = trust_store_count_pending(store, &pending, err);
    if (code == 0)
        code = trust_store_data_version(store, &after, err);
    *is_whole = code == 0 && pending == 0 && before == after;
    return code;
}

/* Nobody is at it, though a change is not in place whole: run.c has tried to finish it, and said why not. */
static int never_whole(const struct config *from, const struct state *state, struct trust_error *err)
{
    bool under_way;
    if (lock_is_left(state->lock, &under_way) && !under_way)
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "%s: what an interrupted phrase changed is not in place yet, so this state "
                               "cannot be copied; `utils rehearse` tells why it cannot be finished",
                               from->state);
    return trust_error_set(err, TRUST_ESTOREBUSY, TRUST_NO_OFFSET,
                           "%s: another phrase has been changing this state for %d s: try again when it is "
                           "done",
                           from->state, WAIT_MS / 1000);
}

static int copy_state(const struct config *from, const struct state *state, enum rehearse_extent extent,
                      struct rehearse_place *place, struct trust_error *err)
{
    static const struct timespec step = {0, STEP_MS * 1000000L};
    struct copying copying = {from, state, place, realpath(state->keys, NULL)};
    bool is_whole = false;
    int code = 0;
    for (int waited = 0; code == 0 && !is_whole; waited += STEP_MS) {
        code = copy_once(&copying, extent, &is_whole, err);
        if (is_whole)
            break;
        rehearse_place_remove(place);
        if (code == 0 && waited >= WAIT_MS)
            code = never_whole(from, state, err);
        else if (code == 0)
            nanosleep(&step, NULL);
    }
    free(copying.real_keys);
    return code;
}

int rehearse_place_make(const struct config *from, enum rehearse_extent extent, struct rehearse_place *place,
                        struct trust_error *err)
{
    struct state state;
    *place = (struct rehearse_place){0};
    int code = state_open(from, TRUST_STORE_READ, &state, err);
    if (code != 0)
        return code;
    code = copy_state(from, &state, extent, place, err);
    if (code == 0)
        code = trust_pretend_begin(err);
    place->pretends = code == 0;
    if (code != 0)
        rehearse_place_remove(place);
    state_close(&state);
    return code;
}

void rehearse_hold_signals(sigset_t *before)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigprocmask(SIG_BLOCK, &held, before);
}

/* ---- Names in what a phrase says */

static char *replace(const char *text, const char *what, const char *by)
{
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    if (to == NULL)
        return NULL;
    for (const char *found; (found = strstr(text, what)) != NULL; text = found + strlen(what))
        fprintf(to, "%.*s%s", (int)(found - text), text, by);
    fputs(text, to);
    if (fclose(to) == 0)
        return out;
    free(out);
    return NULL;
}

char *rehearse_place_real_names(const struct rehearse_place *place, const struct config *real,
                                const char *text)
{
    char *half = replace(text, place->state, real->state);
    char *out = half != NULL ? replace(half, place->tftp, real->trust_lists.directory) : NULL;
    free(half);
    return out;
}
