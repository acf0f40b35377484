#include "shortage.h"

#include "log.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* Whoever changes `met` from 0 begins the shortage, whoever changes it back ends it: each is said once. */
static struct {
    _Atomic int64_t met; /* last, in monotonic milliseconds; 0: the shortage is not on */
    _Atomic int64_t began;
    _Atomic int64_t times;
} shortages[SHORTAGE_COUNT];

static const struct {
    const char *name, *remedy;
} words[SHORTAGE_COUNT] = {
#define X(constant, name, remedy) [SHORTAGE_##constant] = {name, remedy},
    SHORTAGES(X)
#undef X
};

static enum shortage shortage_of(int error)
{
    switch (error) {
    case SHORTAGE_BY_CONNECTIONS:
        return SHORTAGE_SHARE;
    case SHORTAGE_BY_HANDSHAKES:
        return SHORTAGE_HANDSHAKES;
    case EMFILE:
        return SHORTAGE_FILES;
    case ENFILE:
        return SHORTAGE_SYSTEM_FILES;
    case ENOMEM:
    case ENOBUFS:
        return SHORTAGE_MEMORY;
    default:
        return SHORTAGE_OTHER;
    }
}

void shortage_met(int error, int64_t now)
{
    enum shortage shortage = shortage_of(error);
    shortage_settle(now); /* the worker that was to say that the one before is over may be busy */
    atomic_fetch_add(&shortages[shortage].times, 1);
    if (atomic_exchange(&shortages[shortage].met, now) != 0)
        return;
    atomic_store(&shortages[shortage].began, now);
    LOG_SAY(ACCEPT_PAUSED, log_text("reason", words[shortage].name),
            log_text("error", error > 0 ? strerrordesc_np(error) : "none"),
            log_text("remedy", words[shortage].remedy));
}

int64_t shortage_settle(int64_t now)
{
    int64_t next = -1;
    for (int i = 0; i < SHORTAGE_COUNT; i++) {
        int64_t met = atomic_load(&shortages[i].met);
        int64_t wait = met + SHORTAGE_CALM_MS - now;
        if (met == 0)
            continue;
        if (wait > 0) {
            next = next < 0 || wait < next ? wait : next;
            continue;
        }
        int64_t began = atomic_load(&shortages[i].began);
        if (!atomic_compare_exchange_strong(&shortages[i].met, &met, 0))
            continue; /* another worker was faster, or has just met it again and will ask */
        LOG_SAY(ACCEPT_RESUMED, log_text("reason", words[i].name),
                log_number("seconds", (met - began + 999) / 1000),
                log_number("pauses", atomic_exchange(&shortages[i].times, 0)));
    }
    return next;
}
