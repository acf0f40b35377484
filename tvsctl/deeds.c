#include "deeds.h"

#include "published.h"
#include "run.h"
#include "say.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* "CTLFile.tlv: list 11 published; ITLFile.tlv: list 12 published; …" */
struct line {
    char text[256];
    size_t used;
};

static void add(struct line *line, const char *format, ...) TRUST_PRINTF(2, 3);

static void add(struct line *line, const char *format, ...)
{
    va_list args;
    size_t room = sizeof line->text - line->used;
    int len = snprintf(line->text + line->used, room, "%s", line->used > 0 ? "; " : "");
    line->used += (size_t)len < room ? (size_t)len : 0;
    room = sizeof line->text - line->used;
    va_start(args, format);
    len = vsnprintf(line->text + line->used, room, format, args);
    va_end(args);
    line->used += len >= 0 && (size_t)len < room ? (size_t)len : 0;
}

/* What does not fit, `utils rollout show` tells. */
void deeds_add_rollout(struct deeds *deeds, int64_t number, const char *text)
{
    size_t used = strlen(deeds->rollout_texts), room = sizeof deeds->rollout_texts - used;
    int len =
        snprintf(deeds->rollout_texts + used, room, "%s%" PRId64 " (%s)", used > 0 ? ", " : "", number, text);
    if (len < 0 || (size_t)len >= room)
        deeds->rollout_texts[used] = '\0';
    deeds->rollouts++;
}

static void tell(struct tvsctl *ctl, const char *text)
{
    if (ctl->deeds.is_note)
        say_note(ctl, "%s", text);
    else
        fprintf(ctl->io.out, "%s\n", text);
}

static void tell_rollouts(struct tvsctl *ctl)
{
    const struct deeds *deeds = &ctl->deeds;
    char line[sizeof deeds->rollout_texts + 256];
    if (deeds->rollouts == 1)
        snprintf(
            line, sizeof line,
            "roll-out %s is open: `utils rollout show` tells which phones have asked; close it with `utils "
            "rollout close` when all are back",
            deeds->rollout_texts);
    else
        snprintf(line, sizeof line,
                 "roll-outs %s are open: `utils rollout show` tells which phones have asked; close each with "
                 "`utils "
                 "rollout close N` when all are back",
                 deeds->rollout_texts);
    if (deeds->rollouts > 0)
        tell(ctl, line);
}

void deeds_tell(struct tvsctl *ctl)
{
    const struct deeds *deeds = &ctl->deeds;
    struct line line = {.used = 0};
    char next[128];
    if (deeds->ctl != 0)
        add(&line, PUBLISHED_CTL ": list %" PRId64 " published", deeds->ctl);
    if (deeds->itl != 0)
        add(&line, PUBLISHED_ITL ": list %" PRId64 " published", deeds->itl);
    if (deeds->anchor)
        add(&line, "ITLRecovery made");
    if (deeds->signed_files > 0)
        add(&line, "%zu signed file%s signed anew", deeds->signed_files, deeds->signed_files == 1 ? "" : "s");
    if (line.used > 0)
        tell(ctl, line.text);
    if (deeds->stays_empty)
        tell(ctl,
             "ITLFile.tlv stays empty, since the cluster is prepared for rollback: `utils itl rollback off` "
             "publishes it with its content");
    if (deeds->signs_next != NULL)
        snprintf(next, sizeof next, "the next %s is signed by %s again",
                 deeds->ctl != 0 ? PUBLISHED_CTL : PUBLISHED_ITL, deeds->signs_next);
    if (deeds->signs_next != NULL)
        tell(ctl, next);
    if ((deeds->ctl != 0 || deeds->itl != 0) && !ctl->session->told) {
        tell(ctl, "tvsd takes it by itself; phones fetch it when they are reset");
        ctl->session->told = true;
    }
    tell_rollouts(ctl);
}
