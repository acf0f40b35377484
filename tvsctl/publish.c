#include "publish.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DIGITS 6

/* The number in front of "NNNNNN-NAME"; 0 for other files. */
static unsigned long number_of(const char *name)
{
    char *end;
    if (!isdigit((unsigned char)name[0]))
        return 0;
    unsigned long number = strtoul(name, &end, 10);
    return *end == '-' && number < UINT_MAX ? number : 0;
}

static int next_number(const char *folder, unsigned long *next, struct trust_error *err)
{
    const struct dirent *entry;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return trust_error_set(err, errno == EACCES ? TRUST_EDENIED : TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "%s: %s", folder, strerror(errno));
    *next = 1;
    while ((entry = readdir(dir)) != NULL)
        if (number_of(entry->d_name) >= *next)
            *next = number_of(entry->d_name) + 1;
    closedir(dir);
    return 0;
}

static int write_to_tftp(const struct config *config, const char *name, const struct trust_list *list,
                         struct trust_error *err)
{
    struct rights before;
    char path[STATE_PATH_MAX];
    const char *folder = config->trust_lists.directory;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%s: the path is too long", folder);
    int code = rights_enter(folder, &before, err);
    if (code != 0)
        trust_error_prefix(err, code, "trust_lists.directory");
    if (code == 0) {
        code = trust_file_replace(path, list->file, 0644, (uid_t)-1, (gid_t)-1, err);
        code = rights_explain(folder, code, err);
        rights_leave(&before);
    }
    return code;
}

/* Whether phones can fetch the list already: an error may come after it was put there. */
static bool is_out(const struct config *config, const char *name, const struct trust_list *list)
{
    char path[STATE_PATH_MAX];
    uint8_t *data;
    size_t len;
    snprintf(path, sizeof path, "%s/%s", config->trust_lists.directory, name);
    bool same = trust_file_read(path, TRUST_LIST_MAX, &data, &len, NULL, NULL) == 0 &&
                len == list->file.len && memcmp(data, list->file.data, len) == 0;
    free(data);
    return same;
}

int publish_check(const struct config *config, struct trust_error *err)
{
    struct stat info;
    const char *folder = config->trust_lists.directory;
    bool there = stat(folder, &info) == 0;
    if (there ? S_ISDIR(info.st_mode) : errno != ENOENT && errno != ENOTDIR)
        return 0;
    return trust_error_set(
        err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
        "trust_lists.directory: there is no folder %s; make it, or name the TFTP server's in "
        "the configuration; nothing was changed",
        folder);
}

int publish_list(const struct state *state, const char *name, const struct trust_list *list,
                 struct trust_error *err)
{
    unsigned long number = 0;
    char path[STATE_PATH_MAX + 64];
    int code = next_number(state->published, &number, err);
    if (code != 0)
        return code;
    snprintf(path, sizeof path, "%s/%0*lu-%s", state->published, DIGITS, number, name);
    code = trust_file_replace(path, list->file, 0640, (uid_t)-1, (gid_t)-1, err);
    if (code != 0)
        return code;
    code = write_to_tftp(state->config, name, list, err);
    if (code != 0 && is_out(state->config, name, list))
        trust_error_prefix(err, code, "%s is in the TFTP folder, but may not last", name);
    else if (code != 0 && trust_file_remove(path, NULL) != 0)
        trust_error_prefix(err, code, "%s stays, although it was not published", path);
    return code;
}
