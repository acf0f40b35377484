#include "ctl_left.h"

#include "config/ctl_published.h"
#include "published.h"
#include "rehearse_ctl.h"
#include "tftp_folder.h"

int ctl_left_was_published(const struct state *state, bool *was, struct trust_error *err)
{
    struct ctl_published last;
    int code = ctl_published_last(state->published, 1, 0, &last, err);
    *was = code == 0 && last.count > 0;
    ctl_published_fini(&last);
    return code;
}

/* What cannot be read is none of ours. */
static int is_believed(struct state *state, bool *is, struct trust_error *err)
{
    struct published lists;
    int code =
        published_read(state->config, &lists, NULL) == TRUST_ENOMEM
            ? trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM))
            : 0;
    if (code == 0 && lists.ctl != NULL)
        code = rehearse_ctl_is_believed(state, lists.ctl, is, err);
    published_fini(&lists);
    return code;
}

int ctl_left_look(struct state *state, struct ctl_left *left, struct trust_error *err)
{
    struct stat info;
    *left = (struct ctl_left){0};
    int code = tftp_folder_look(state->config, PUBLISHED_CTL, &info, err);
    if (code != 0)
        return code == TRUST_ENOTFOUND ? 0 : code;
    left->is_there = true;
    code = ctl_left_was_published(state, &left->is_ours, err);
    return code == 0 && !left->is_ours ? is_believed(state, &left->is_ours, err) : code;
}
