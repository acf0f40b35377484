#include "wire.h"

static void play(const char *programs, const struct history *history, struct play_result *result)
{
    if (programs != NULL)
        wire_history(programs, history, NULL, result);
    else
        play_history(history, NULL, result);
}

void play_shrink(const char *programs, struct history *history, struct play_result *result)
{
    history->event_count = result->event + 1;
    for (size_t i = history->event_count - 1; i-- > 0;) {
        struct history shorter = *history;
        struct play_result other;
        history_drop(&shorter, i);
        play(programs, &shorter, &other);
        if (!other.disagrees)
            continue;
        shorter.event_count = other.event + 1;
        *history = shorter;
        *result = other;
        if (i > history->event_count - 1)
            i = history->event_count - 1;
    }
}
