#include "published.h"

#include "rights.h"

#include <stdlib.h>
#include <string.h>

/* Something that is no list, or no file, holds nothing; trouble says nothing of what is there. */
static int read_list(const char *folder, const char *name, struct trust_list **list, struct trust_error *err)
{
    char *path;
    uint8_t *data = NULL;
    size_t len;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
    int code = trust_file_read(path, TRUST_LIST_MAX, &data, &len, NULL, err);
    if (code == 0)
        code = trust_list_parse((struct trust_bytes){data, len}, list, err);
    free(data);
    free(path);
    bool is_trouble = code == TRUST_ENOMEM || code == TRUST_EDENIED || code == TRUST_ESYSTEM;
    return is_trouble ? code : 0;
}

int published_read(const struct config *config, struct published *published, struct trust_error *err)
{
    struct rights before;
    const char *folder = config->trust_lists.directory;
    *published = (struct published){0};
    int code = rights_enter(folder, &before, err);
    if (code != 0)
        return code == TRUST_ENOTFOUND ? 0 : trust_error_prefix(err, code, "trust_lists.directory");
    code = read_list(folder, PUBLISHED_CTL, &published->ctl, err);
    int second = read_list(folder, PUBLISHED_ITL, &published->itl, code == 0 ? err : NULL);
    rights_leave(&before);
    code = code != 0 ? code : second;
    return code != 0 ? trust_error_prefix(err, code, "trust_lists.directory") : 0;
}

void published_fini(struct published *published)
{
    trust_list_free(published->ctl);
    trust_list_free(published->itl);
    *published = (struct published){0};
}

bool published_same(const struct trust_list *a, const struct trust_list *b)
{
    return a == b || (a != NULL && b != NULL && a->file.len == b->file.len &&
                      memcmp(a->file.data, b->file.data, a->file.len) == 0);
}

const char *published_where(const struct published *published, const struct trust_cert *cert)
{
    bool in_ctl = trust_list_holds(published->ctl, cert), in_itl = trust_list_holds(published->itl, cert);
    return in_ctl && in_itl ? "CTL, ITL" : in_ctl ? "CTL" : in_itl ? "ITL" : "-";
}
