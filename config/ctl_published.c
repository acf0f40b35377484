#include "ctl_published.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CTL_SUFFIX "-CTLFile.tlv"
#define ITL_SUFFIX "-ITLFile.tlv"

/* "000042-CTLFile.tlv", as they are filed when they are published. */
static bool is_published(const char *name, const char *suffix)
{
    size_t digits = 0;
    while (isdigit((unsigned char)name[digits]))
        digits++;
    return digits >= 6 && strcmp(name + digits, suffix) == 0;
}

static int is_published_name(const struct dirent *entry)
{
    return is_published(entry->d_name, CTL_SUFFIX) || is_published(entry->d_name, ITL_SUFFIX);
}

static int newest_first(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*b)->d_name, (*a)->d_name);
}

static int take(const char *folder, struct dirent **names, int count, const char *suffix, size_t most,
                struct ctl_published *out)
{
    for (int i = 0; i < count && most > 0; i++) {
        if (!is_published(names[i]->d_name, suffix))
            continue;
        if (asprintf(&out->paths[out->count], "%s/%s", folder, names[i]->d_name) < 0) {
            out->paths[out->count] = NULL;
            return TRUST_ENOMEM;
        }
        out->count++;
        most--;
    }
    return 0;
}

int ctl_published_last(const char *folder, size_t ctls, size_t itls, struct ctl_published *out,
                       struct trust_error *err)
{
    struct dirent **names = NULL;
    *out = (struct ctl_published){.count = 0};
    assert(ctls + itls <= CTL_PUBLISHED_MAX);
    int count = scandir(folder, &names, is_published_name, newest_first);
    if (count < 0 && errno != ENOENT && errno != ENOTDIR && errno != EACCES)
        return trust_error_set(err, errno == ENOMEM ? TRUST_ENOMEM : TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "cannot list %s: %s", folder, strerrordesc_np(errno));
    int rc = take(folder, names, count, CTL_SUFFIX, ctls, out);
    if (rc == 0)
        rc = take(folder, names, count, ITL_SUFFIX, itls, out);
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return rc == 0 ? 0 : trust_error_set(err, rc, TRUST_NO_OFFSET, "out of memory");
}

int ctl_published_vouching(const char *folder, struct ctl_published *out, struct trust_error *err)
{
    return ctl_published_last(folder, 4, 2, out, err);
}

void ctl_published_fini(struct ctl_published *published)
{
    for (size_t i = 0; i < published->count; i++)
        free(published->paths[i]);
    *published = (struct ctl_published){.count = 0};
}
