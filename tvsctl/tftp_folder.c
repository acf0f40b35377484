#include "tftp_folder.h"

#include "rights.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTION "trust_lists.directory"

static int system_error(const char *path, int number, struct trust_error *err)
{
    int code = number == ENOENT || number == ENOTDIR                    ? TRUST_ENOTFOUND
               : number == EACCES || number == EPERM || number == EROFS ? TRUST_EDENIED
               : number == ENOMEM                                       ? TRUST_ENOMEM
                                                                        : TRUST_ESYSTEM;
    return trust_error_set(err, code, TRUST_NO_OFFSET, "%s: %s", path, strerror(number));
}

int tftp_folder_check_name(const char *name, struct trust_error *err)
{
    if (name[0] == '\0' || strchr(name, '/') != NULL)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "`%s` is no name of a file in the TFTP folder: it must not be empty or hold a "
                               "slash; `file list tftp` names the files",
                               name);
    if (name[0] == '.')
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "`%s` begins with a dot, and such files are none that phones fetch; `file "
                               "list tftp` names the files",
                               name);
    return 0;
}

char *tftp_folder_path(const struct config *config, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", config->trust_lists.directory, name) < 0 ? NULL : path;
}

/* Work as the folder's owner. */
static int enter(const struct config *config, struct rights *before, struct trust_error *err)
{
    int code = rights_enter(config->trust_lists.directory, before, err);
    return code != 0 ? trust_error_prefix(err, code, OPTION) : 0;
}

int tftp_folder_look(const struct config *config, const char *name, struct stat *info,
                     struct trust_error *err)
{
    struct rights before;
    char *path = tftp_folder_path(config, name);
    if (path == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
    int code = enter(config, &before, err);
    if (code == 0) {
        if (lstat(path, info) != 0)
            code = system_error(path, errno, err);
        rights_leave(&before);
    }
    free(path);
    return code;
}

void tftp_folder_follow(const struct config *config, const char *name, struct stat *info)
{
    struct rights before;
    struct stat target;
    char *path = tftp_folder_path(config, name);
    if (path != NULL && enter(config, &before, NULL) == 0) {
        if (stat(path, &target) == 0)
            *info = target;
        rights_leave(&before);
    }
    free(path);
}

/* The path of the file to which the link at path leads, within the folder's rights; NULL if it is no such
 * link, or memory ran out. The caller frees it. */
static char *alias_target(const struct config *config, const char *path)
{
    struct stat info;
    char target[256] = "";
    ssize_t len = readlink(path, target, sizeof target - 1);
    if (len <= 0 || tftp_folder_check_name(target, NULL) != 0)
        return NULL;
    char *other = tftp_folder_path(config, target);
    if (other != NULL && lstat(other, &info) == 0 && S_ISREG(info.st_mode))
        return other;
    free(other);
    return NULL;
}

bool tftp_folder_is_alias(const struct config *config, const char *name)
{
    struct rights before;
    char *path = tftp_folder_path(config, name);
    bool is = false;
    if (path != NULL && enter(config, &before, NULL) == 0) {
        char *target = alias_target(config, path);
        is = target != NULL;
        free(target);
        rights_leave(&before);
    }
    free(path);
    return is;
}

/* What was looked at may be another a moment later: no link is followed by the read itself. */
static int read_within(const struct config *config, const char *path, size_t max, uint8_t **data, size_t *len,
                       struct trust_error *err)
{
    struct stat info;
    char *target = alias_target(config, path);
    if (target == NULL && lstat(path, &info) == 0 && S_ISLNK(info.st_mode))
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "%s is a link, and not to a file of that folder", path);
    int code = trust_file_read_itself(target != NULL ? target : path, max, data, len, err);
    free(target);
    return code;
}

int tftp_folder_read(const struct config *config, const char *name, size_t max, uint8_t **data, size_t *len,
                     struct trust_error *err)
{
    struct rights before;
    char *path = tftp_folder_path(config, name);
    *data = NULL;
    *len = 0;
    if (path == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
    int code = enter(config, &before, err);
    if (code == 0) {
        code = read_within(config, path, max, data, len, err);
        rights_leave(&before);
    }
    free(path);
    return code;
}

int tftp_folder_check_place(const struct config *config, const char *name, struct trust_error *err)
{
    struct stat info;
    const char *folder = config->trust_lists.directory;
    int code = tftp_folder_look(config, name, &info, err);
    if (code != 0)
        return code == TRUST_ENOTFOUND ? 0 : code;
    if (!S_ISDIR(info.st_mode))
        return 0;
    return trust_error_set(err, TRUST_EEXISTS, TRUST_NO_OFFSET,
                           "%.150s/%s is a folder, and no file can take its place: take it away (`rmdir "
                           "%.150s/%s`); nothing was changed",
                           folder, name, folder, name);
}

int tftp_folder_check_writable(const struct config *config, struct trust_error *err)
{
    struct rights before;
    const char *folder = config->trust_lists.directory;
    int code = enter(config, &before, err);
    if (code != 0)
        return code;
    if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
        code = rights_explain(folder, system_error(folder, errno, err), err);
    rights_leave(&before);
    return code != 0 ? trust_error_prefix(err, code, OPTION) : 0;
}

static bool is_wanted(const char *name, const char *ending)
{
    size_t len = strlen(name), end = ending != NULL ? strlen(ending) : 0;
    return name[0] != '.' && len > end && (end == 0 || strcmp(name + len - end, ending) == 0);
}

int tftp_folder_names(const struct config *config, const char *ending, struct tftp_names *names,
                      struct trust_error *err)
{
    struct rights before;
    struct dirent **entries;
    *names = (struct tftp_names){0};
    int code = enter(config, &before, err);
    if (code != 0)
        return code;
    int count = scandir(config->trust_lists.directory, &entries, NULL, alphasort), why = errno;
    rights_leave(&before);
    if (count < 0)
        return trust_error_prefix(err, system_error(config->trust_lists.directory, why, err), OPTION);
    names->name = calloc((size_t)count + 1, sizeof *names->name);
    bool done = names->name != NULL;
    for (int i = 0; i < count; i++) {
        if (done && is_wanted(entries[i]->d_name, ending)) {
            names->name[names->count] = strdup(entries[i]->d_name);
            done = names->name[names->count] != NULL;
            names->count += done;
        }
        free(entries[i]);
    }
    free(entries);
    if (done)
        return 0;
    tftp_folder_names_free(names);
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

void tftp_folder_names_free(struct tftp_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i]);
    free(names->name);
    *names = (struct tftp_names){0};
}
