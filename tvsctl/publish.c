#include "publish.h"

#include "limits.h"
#include "person.h"
#include "rollout.h"
#include "say.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_FORMAT "%06" PRId64 "-%s"
#define NAME_SIZE   64

/* The number in front of "NNNNNN-NAME"; 0 for other files. */
static int64_t number_of(const char *name)
{
    char *end;
    if (!isdigit((unsigned char)name[0]))
        return 0;
    long long number = strtoll(name, &end, 10);
    return *end == '-' && number < INT32_MAX ? number : 0;
}

/* A file may be there without a row: the history of a version that kept none. */
static int next_number(const struct state *state, int64_t *next, struct trust_error *err)
{
    const struct dirent *entry;
    int code = trust_store_next_publication(state->store, next, err);
    if (code != 0)
        return code;
    DIR *dir = opendir(state->published);
    if (dir == NULL)
        return trust_error_set(err, errno == EACCES ? TRUST_EDENIED : TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "%s: %s", state->published, strerror(errno));
    while ((entry = readdir(dir)) != NULL)
        if (number_of(entry->d_name) >= *next)
            *next = number_of(entry->d_name) + 1;
    closedir(dir);
    return 0;
}

static struct trust_list **present(struct change *change, enum compose_kind kind)
{
    return kind == COMPOSE_CTL ? &change->lists.ctl : &change->lists.itl;
}

const struct trust_list *publish_present(const struct change *change, enum compose_kind kind)
{
    return kind == COMPOSE_CTL ? change->lists.ctl : change->lists.itl;
}

/* From now on, within the step, the list is what phones will find. */
static int take_over(struct change *change, enum compose_kind kind, const struct trust_list *list,
                     struct trust_error *err)
{
    struct trust_list *copy, **place = present(change, kind);
    int code = trust_list_parse(list->file, &copy, err);
    if (code != 0)
        return code;
    trust_list_free(*place);
    *place = copy;
    change->publishes = true;
    return 0;
}

const char *publish_filename(const char *name)
{
    return number_of(name) > 0 && strspn(name, "0123456789") >= 6 ? strchr(name, '-') + 1 : NULL;
}

char *publish_path(const struct state *state, int64_t number, const char *filename, char *out, size_t size)
{
    int len = snprintf(out, size, "%s/" NAME_FORMAT, state->published, number, filename);
    return len >= 0 && (size_t)len < size ? out : NULL;
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

int publish_list(struct change *change, enum compose_kind kind, const struct trust_list *list,
                 struct trust_error *err)
{
    struct state *state = change->state;
    const char *filename = compose_file_name(kind);
    char name[NAME_SIZE];
    int64_t number;
    int code = next_number(state, &number, err);
    if (code != 0)
        return code;
    snprintf(name, sizeof name, NAME_FORMAT, number, filename);
    code = change_put(change, TRUST_PLACE_PUBLISHED, name, list->file, err);
    if (code == 0)
        code = change_put(change, TRUST_PLACE_TFTP, filename, list->file, err);
    if (code == 0)
        code = rollout_follow(change, kind, list, number, err);
    if (code == 0)
        code = trust_store_add_publication(state->store, number, list, filename, change->ctl->now,
                                           change->ctl->said, person_name(), err);
    if (code == 0)
        code = take_over(change, kind, list, err);
    *(kind == COMPOSE_CTL ? &change->deeds.ctl : &change->deeds.itl) = number;
    if (code == 0 && list->header.digest == TRUST_DIGEST_SHA256)
        say_warning(
            change->ctl,
            "%s is signed with SHA-256, which no phone is known to verify: trust_lists.digest should be "
            "sha1, or sha512 for newer phones",
            filename);
    if (code == 0 && list->record_count > LIMITS_CERTIFICATES)
        say_warning(change->ctl,
                    "%s has %zu records; with more than %d certificates a list becomes too large for phones",
                    filename, list->record_count, LIMITS_CERTIFICATES);
    return code;
}
