#include "rollout_before.h"

#include "history.h"
#include "publish.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

static int take_issue(void *arg, const struct trust_publication *row)
{
    struct rollout_before *before = arg;
    if (strcmp(row->filename, before->filename) != 0)
        return 0;
    before->is_any = true;
    before->is_ours |= before->present != NULL && history_is_of(row, before->present->file);
    return 0;
}

static int keep(struct trust_list **place, struct trust_bytes bytes)
{
    struct trust_list *list;
    int code = trust_list_parse(bytes, &list, NULL);
    if (code != 0)
        return code == TRUST_ENOMEM ? code : 0;
    trust_list_free(*place);
    *place = list;
    return 0;
}

/* A list whose file is lost or changed tells nothing. */
static int take_file(void *arg, const struct trust_publication *row)
{
    struct rollout_before *before = arg;
    uint8_t *data = NULL;
    size_t len;
    if (strcmp(row->filename, before->filename) != 0 ||
        history_look(before->state, row, &data, &len) != HISTORY_SAME)
        return 0;
    int code = keep(&before->last, (struct trust_bytes){data, len});
    if (code == 0 && before->last != NULL && !trust_held_is_empty_itl(before->last))
        code = keep(&before->full, before->last->file);
    free(data);
    return code;
}

void rollout_before_fini(struct rollout_before *before)
{
    trust_list_free(before->last);
    trust_list_free(before->full);
}

int rollout_before_find(struct change *change, enum compose_kind kind, struct rollout_before *before,
                        struct trust_error *err)
{
    *before = (struct rollout_before){.state = change->state,
                                      .filename = compose_file_name(kind),
                                      .present = publish_present(change, kind)};
    int code = trust_store_each_publication(change->state->store, take_issue, before, err);
    const bool counts = before->is_ours || !before->is_any;
    if (code == 0 && before->is_any && (!counts || trust_held_is_empty_itl(before->present)))
        code = trust_store_each_publication(change->state->store, take_file, before, err);
    before->list = counts ? before->present : before->last;
    before->content = trust_held_is_empty_itl(before->list) ? before->full : before->list;
    return code == TRUST_ENOMEM ? no_memory(err) : code;
}
