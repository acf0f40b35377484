#include "workplace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "work"

static int folder_path(const struct state *state, char out[STATE_PATH_MAX], struct trust_error *err)
{
    if (config_state_path(state->config, FOLDER, out, STATE_PATH_MAX) == NULL)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%s: the path is too long",
                               state->config->state);
    return 0;
}

int workplace_path(const struct state *state, const char *name, char out[STATE_PATH_MAX],
                   struct trust_error *err)
{
    char relative[256];
    snprintf(relative, sizeof relative, FOLDER "/%s", name);
    if (config_state_path(state->config, relative, out, STATE_PATH_MAX) == NULL)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%s: the path is too long",
                               state->config->state);
    return 0;
}

static int failed(struct trust_error *err, const char *doing, const char *path)
{
    int code = errno == EACCES || errno == EPERM || errno == EROFS ? TRUST_EDENIED : TRUST_ESYSTEM;
    return trust_error_set(err, code, TRUST_NO_OFFSET, "cannot %s %s: %s", doing, path, strerror(errno));
}

static int empty(DIR *dir, const char *path, struct trust_error *err)
{
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(dir), entry->d_name, 0) != 0 && errno != ENOENT)
            return failed(err, "empty the folder", path);
    }
    return 0;
}

int workplace_sweep(const struct state *state, struct trust_error *err)
{
    char path[STATE_PATH_MAX];
    int code = folder_path(state, path, err);
    if (code != 0)
        return code;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : failed(err, "open the folder", path);
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        code = failed(err, "read the folder", path);
        close(fd);
        return code;
    }
    code = empty(dir, path, err);
    closedir(dir);
    if (code == 0 && rmdir(path) != 0 && errno != ENOENT)
        code = failed(err, "remove the folder", path);
    return code;
}

int workplace_make(const struct state *state, struct trust_error *err)
{
    char path[STATE_PATH_MAX];
    int code = workplace_sweep(state, err);
    if (code == 0)
        code = folder_path(state, path, err);
    return code == 0 ? trust_folder_make(path, 0700, err) : code;
}
