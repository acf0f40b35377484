#include "admission.h"

static const int64_t patience[ADMISSION_QUEUE_COUNT] = {
#define X(constant, milliseconds) [ADMISSION_##constant] = (milliseconds),
    ADMISSION_QUEUES(X)
#undef X
};

/* How long one of that queue may wait before it gives way. */
static int64_t patience_of(const struct admission *admission, enum admission_queue queue)
{
    bool gives_way = queue != ADMISSION_SILENT && queue != ADMISSION_CROWD_SILENT;
    bool scales = gives_way && queue != ADMISSION_IDLE && patience[queue] < INT64_MAX &&
                  admission->limit > 0 && admission->limit < ADMISSION_LARGE;
    return scales ? patience[queue] * ADMISSION_LARGE / (int64_t)admission->limit : patience[queue];
}

bool admission_counts(enum admission_queue queue)
{
    switch (queue) {
    case ADMISSION_NONE:
    case ADMISSION_CROWD_QUIET:
    case ADMISSION_CROWD_SPOKEN: /* begins when there is room */
    case ADMISSION_QUIET:
    case ADMISSION_IDLE:
        return false;
    default:
        return true;
    }
}

static void take_out(struct admission *admission, struct admission_place *place)
{
    if (place->queue == ADMISSION_NONE)
        return;
    if (place->older != NULL)
        place->older->newer = place->newer;
    else
        admission->queues[place->queue].oldest = place->newer;
    if (place->newer != NULL)
        place->newer->older = place->older;
    else
        admission->queues[place->queue].newest = place->older;
    admission->handshakes -= admission_counts(place->queue);
}

void admission_put(struct admission *admission, struct admission_place *place, enum admission_queue queue,
                   int64_t since)
{
    if (place->queue == queue && place->since == since)
        return;
    take_out(admission, place);
    const bool is_quiet = queue == ADMISSION_QUIET || queue == ADMISSION_CROWD_QUIET;
    *place =
        (struct admission_place){.queue = queue, .since = since, .was_quiet = place->was_quiet || is_quiet};
    if (queue == ADMISSION_NONE)
        return;
    place->older = admission->queues[queue].newest;
    if (place->older != NULL)
        place->older->newer = place;
    else
        admission->queues[queue].oldest = place;
    admission->queues[queue].newest = place;
    admission->handshakes += admission_counts(queue);
}

bool admission_is_full(const struct admission *admission)
{
    return admission->limit > 0 && admission->handshakes >= admission->limit;
}

size_t admission_excess(const struct admission *admission)
{
    bool is_over = admission->limit > 0 && admission->handshakes > admission->limit;
    return is_over ? admission->handshakes - admission->limit : 0;
}

static void look_at(struct admission *admission, enum admission_queue silent, enum admission_queue quiet,
                    enum admission_queue spoken, int64_t now,
                    bool (*has_spoken)(const struct admission_place *place))
{
    struct admission_place *place;
    while ((place = admission->queues[silent].oldest) != NULL &&
           now - place->since >= patience_of(admission, silent))
        admission_put(admission, place, has_spoken(place) ? spoken : quiet, place->since);
    /* Until one has still not spoken: that is who gives way first. */
    while ((place = admission->queues[quiet].oldest) != NULL && has_spoken(place))
        admission_put(admission, place, spoken, place->since);
}

void admission_look(struct admission *admission, int64_t now,
                    bool (*has_spoken)(const struct admission_place *place))
{
    look_at(admission, ADMISSION_CROWD_SILENT, ADMISSION_CROWD_QUIET, ADMISSION_CROWD_SPOKEN, now,
            has_spoken);
    look_at(admission, ADMISSION_SILENT, ADMISSION_QUIET, ADMISSION_SPOKEN, now, has_spoken);
}

static bool is_asked(enum admission_queue queue, bool for_idle)
{
    return for_idle || admission_counts(queue);
}

struct admission_place *admission_victim(const struct admission *admission, int64_t now, bool for_idle)
{
    for (int queue = ADMISSION_NONE + 1; queue < ADMISSION_QUEUE_COUNT; queue++) {
        struct admission_place *place = admission->queues[queue].oldest;
        if (place != NULL && is_asked((enum admission_queue)queue, for_idle) &&
            now - place->since >= patience_of(admission, (enum admission_queue)queue))
            return place;
    }
    return NULL;
}

int64_t admission_wait(const struct admission *admission, int64_t now, bool for_idle)
{
    int64_t least = INT64_MAX;
    for (int queue = ADMISSION_NONE + 1; queue < ADMISSION_QUEUE_COUNT; queue++) {
        const struct admission_place *place = admission->queues[queue].oldest;
        if (place == NULL || patience[queue] == INT64_MAX || !is_asked((enum admission_queue)queue, for_idle))
            continue;
        int64_t wait = place->since + patience_of(admission, (enum admission_queue)queue) - now;
        wait = wait < 0 ? 0 : wait;
        least = wait < least ? wait : least;
    }
    return least;
}
