/* File names for complete.h. */
#include "complete.h"
#include "config/text.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool can_be_typed(const char *name)
{
    size_t len = strlen(name), size;
    for (; len > 0; name += size, len -= size)
        if (!text_is_plain(text_decode(name, len, &size)))
            return false;
    return true;
}

/* `folder` is the typed part up to its last slash, len bytes. */
static bool add_file(struct completion *completion, const char *folder, size_t len, const char *name)
{
    char *path;
    struct stat info;
    if (asprintf(&path, "%.*s%s", (int)len, folder, name) < 0)
        return false;
    bool is_folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    free(path);
    if (asprintf(&path, "%.*s%s%s", (int)len, folder, name, is_folder ? "/" : "") < 0)
        return false;
    bool added = complete_add(completion, path, "");
    free(path);
    if (!added)
        return false;
    struct candidate *file = &completion->list[completion->count - 1];
    file->shown = file->text + len;
    file->goes_on = is_folder;
    return true;
}

bool complete_files(struct completion *completion)
{
    const char *slash = strrchr(completion->typed, '/'),
               *beginning = slash != NULL ? slash + 1 : completion->typed;
    size_t len = (size_t)(beginning - completion->typed), beginning_len = strlen(beginning);
    struct dirent **names;
    char *folder = len > 0 ? strndup(completion->typed, len) : strdup(".");
    if (folder == NULL)
        return false;
    int count = completion->wants_file ? scandir(folder, &names, NULL, alphasort) : -1;
    free(folder);
    if (count < 0)
        return true;
    bool done = true;
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        bool fits =
            strncmp(name, beginning, beginning_len) == 0 &&
            (name[0] != '.' || (beginning[0] == '.' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0));
        if (done && fits && can_be_typed(name))
            done = add_file(completion, completion->typed, len, name);
        free(names[i]);
    }
    free(names);
    return done;
}
