#include "history.h"

#include <string.h>

static const struct {
    unsigned weight;
    const char *what;
} kinds[] = {
#define X(constant, weight, what) {weight, what},
    HISTORY_KINDS(X)
#undef X
};

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static bool one_in(uint64_t *state, unsigned n)
{
    return next(state) % n == 0;
}

static enum history_kind some_kind(uint64_t *state, bool has_hardware)
{
    const size_t count = has_hardware ? HISTORY_KIND_COUNT : HISTORY_FIRST_HARDWARE;
    unsigned all = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        all += kinds[i].weight;
    unsigned wanted = (unsigned)(next(state) % all);
    while (wanted >= kinds[at].weight)
        wanted -= kinds[at++].weight;
    return (enum history_kind)at;
}

void history_make(uint64_t seed, struct history *out)
{
    uint64_t state = seed, other = ~seed;
    *out = (struct history){.seed = seed, .event_count = HISTORY_EVENTS};
    out->has_hardware = one_in(&other, 3);
    out->is_mixed = one_in(&state, 2) || (out->has_hardware && one_in(&other, 2));
    out->has_sub = one_in(&state, 2);
    out->has_tokens = one_in(&state, 2) || out->has_hardware;
    out->no_recovery = one_in(&state, 3);
    out->recovery_signs = !out->no_recovery && one_in(&state, 3);
    out->sha512 = one_in(&state, 8);
    out->records_hash = one_in(&state, 2);
    out->manual = one_in(&state, 6);
    out->refuse_expired = one_in(&state, 4);
    out->new_tls = one_in(&state, 4);
    out->refuse_older = one_in(&state, 4);
    for (size_t i = 0; i < HISTORY_PHONES; i++)
        out->phones[i] = (struct history_phone){
            .family = (unsigned)(next(&state) >> 33),
            .servers = (unsigned)(next(&state) % 4),
            .boots_at_once = !one_in(&state, 6),
        };
    for (size_t i = 0; i < HISTORY_EVENTS; i++)
        out->events[i] = (struct history_event){
            .kind = some_kind(&state, out->has_hardware),
            .choice = (uint32_t)(next(&state) >> 32),
            .boots = (unsigned)(next(&state) >> 40) & ((1U << HISTORY_PHONES) - 1),
        };
    for (size_t i = 0; i < HISTORY_EVENTS; i++) {
        out->events[i].force = one_in(&state, 8);
        out->events[i].is_true = !one_in(&state, 4);
    }
}

const char *history_what(enum history_kind kind)
{
    return kinds[kind].what;
}

void history_drop(struct history *history, size_t event)
{
    memmove(&history->events[event], &history->events[event + 1],
            (history->event_count - event - 1) * sizeof history->events[0]);
    history->event_count--;
}
