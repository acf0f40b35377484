#include "guard_seen.h"

#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Warnings come first; the last line is why. */
void guard_seen_refused(struct guard_seen *seen, const char *said)
{
    static const char prefix[] = "tvsctl: ";
    const char *last = said != NULL ? said : "";
    size_t len = strcspn(last, "\n");
    while (last[len] == '\n' && last[len + 1] != '\0') {
        last += len + 1;
        len = strcspn(last, "\n");
    }
    if (strncmp(last, prefix, sizeof prefix - 1) == 0) {
        last += sizeof prefix - 1;
        len -= sizeof prefix - 1;
    }
    seen->was_refused = true;
    snprintf(seen->why, sizeof seen->why, "%.*s", (int)len, last);
}

int guard_seen_check(const struct change *change, struct trust_error *err)
{
    const struct guard_seen *seen = change->ctl->seen;
    struct guard_view now = {0};
    if (seen == NULL || !seen->has_view || seen->is_done)
        return 0;
    int code = guard_view_read(change->ctl->config, &now, err);
    if (code == 0 && !guard_view_same(&seen->view, &now))
        code = trust_error_set(err, TRUST_ESTOREBUSY, TRUST_NO_OFFSET,
                               "%s: another phrase has changed this state since the guard rails looked at "
                               "`%.200s`; nothing was changed: say it again",
                               change->ctl->config->state, change->ctl->said);
    guard_view_fini(&now);
    return code;
}

int guard_seen_pass(const struct change *change, struct trust_error *err)
{
    struct tvsctl *ctl = change->ctl;
    struct trust_error why = {0};
    struct guard_seen *seen = ctl->seen;
    if (seen == NULL || !seen->was_refused || seen->is_done)
        return 0;
    if (flag_given(&ctl->flags, FLAG_FORCE)) {
        trust_error_set(&why, TRUST_EDENIED, TRUST_NO_OFFSET, "where it was rehearsed it was refused: %s",
                        seen->why);
        return guard_force_unlooked(ctl, &why) == TVSCTL_DONE
                   ? 0
                   : trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s",
                                     trust_error_meaning(TRUST_ENOMEM));
    }
    return trust_error_set(
        err, TRUST_EDENIED, TRUST_NO_OFFSET,
        "`%.60s` is refused where it is rehearsed, and not here (%.180s): no guard rail can "
        "look at it, and nothing was changed. --force does it all the same, and is logged",
        ctl->said, seen->why);
}

void guard_seen_free(struct guard_seen *seen)
{
    if (seen == NULL)
        return;
    guard_view_fini(&seen->view);
    free(seen);
}
