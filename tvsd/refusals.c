/* A slot's word is a tag (40 bits of the key) and the refusals that were not said yet (24 bits); 0 when free.
 * Whoever puts a tag in, or finds the slot stale (its line was said), writes what the next line is to say.
 * Should two workers claim a slot each at the same moment, one line more is said. */
#include "refusals.h"

#include "quiet.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WINDOW     16
#define COUNT_MASK 0xffffffu

enum state {
    STATE_EMPTY,
    STATE_WRITING, /* it is a worker's */
    STATE_READY,
    STATE_SAYING, /* it is the main thread's */
    STATE_STALE,
};

static _Atomic uint64_t words[REFUSALS_MAX];
static _Atomic uint8_t states[REFUSALS_MAX];
static struct refusal refusals[REFUSALS_MAX];
static uint64_t said[REFUSALS_MAX]; /* main thread: when, and one; 0: not yet */
/* How many slots the addresses have that share a place here, and whose a slot is: it is not counted if it is
 * the place behind the last. */
static _Atomic uint16_t taken[REFUSALS_MAX + 1];
static uint16_t takers[REFUSALS_MAX];
static atomic_size_t used;
static _Atomic uint64_t more;
static atomic_bool is_woken;
static int wakeup_fd = -1;

/* true: it is counted in a slot that the phone and reason had. */
static bool count_in(size_t at, uint64_t tag)
{
    uint64_t word = atomic_load(&words[at]);
    while ((word & ~(uint64_t)COUNT_MASK) == tag) {
        if ((word & COUNT_MASK) == COUNT_MASK) {
            atomic_fetch_add(&more, 1);
            return true;
        }
        if (atomic_compare_exchange_weak(&words[at], &word, word + 1))
            return true;
    }
    return false;
}

static struct refusal *begin(size_t at, enum log_event event, const struct peer *peer,
                             struct trust_bytes device)
{
    struct refusal *refusal = &refusals[at];
    *refusal = (struct refusal){
        .event = event,
        .device_len = device.len < sizeof refusal->device ? device.len : sizeof refusal->device,
        .setting = "",
        .source = "",
    };
    memcpy(refusal->peer, peer->text, sizeof refusal->peer);
    memcpy(refusal->address, peer->address, sizeof refusal->address);
    if (refusal->device_len > 0)
        memcpy(refusal->device, device.data, refusal->device_len);
    return refusal;
}

/* The slot where it was counted; REFUSALS_MAX: it has none. */
static size_t find(uint64_t key, uint64_t tag)
{
    for (size_t i = 0; i < WINDOW; i++)
        if (count_in((key + i) % REFUSALS_MAX, tag))
            return (key + i) % REFUSALS_MAX;
    return REFUSALS_MAX;
}

/* A slot for it; is_mine: and it was free, so that its text is to be written. REFUSALS_MAX: none is free. */
static size_t claim(uint64_t key, uint64_t tag, uint16_t taker, bool *is_mine)
{
    for (size_t i = 0; i < WINDOW; i++) {
        const size_t at = (key + i) % REFUSALS_MAX;
        uint64_t none = 0;
        *is_mine = atomic_compare_exchange_strong(&words[at], &none, tag | 1);
        if (*is_mine) {
            atomic_fetch_add(&used, 1);
            atomic_fetch_add(&taken[taker], 1);
            takers[at] = taker;
            atomic_store(&states[at], STATE_WRITING);
        }
        if (*is_mine || count_in(at, tag))
            return at;
    }
    return REFUSALS_MAX;
}

static uint64_t tag_of(uint64_t key)
{
    return (key >> 24 | 1) << 24;
}

struct refusal *refusals_note(enum log_event event, uint64_t detail, const struct peer *peer,
                              struct trust_bytes device)
{
    const uint64_t of_peer = quiet_key(quiet_bytes(peer->key, device.data, device.len), (uint64_t)event);
    uint64_t key = quiet_key(of_peer, detail);
    uint16_t taker = (uint16_t)(peer->network % REFUSALS_MAX);
    size_t at = find(key, tag_of(key));
    if (at == REFUSALS_MAX && atomic_load(&taken[taker]) >= REFUSALS_OF_ONE) {
        taker = REFUSALS_MAX;
        device.len = 0;
        key = quiet_key(peer->network, (uint64_t)event);
        at = find(key, tag_of(key));
    }
    uint8_t stale = STATE_STALE;
    bool is_mine = at < REFUSALS_MAX && atomic_compare_exchange_strong(&states[at], &stale, STATE_WRITING);
    if (at == REFUSALS_MAX)
        at = claim(key, tag_of(key), taker, &is_mine);
    if (at == REFUSALS_MAX)
        atomic_fetch_add(&more, 1);
    return is_mine ? begin(at, event, peer, device) : NULL;
}

static void wake(void)
{
    static const uint64_t one = 1;
    if (wakeup_fd < 0 || atomic_exchange(&is_woken, true))
        return;
    while (write(wakeup_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void refusals_told(struct refusal *refusal)
{
    atomic_store(&states[refusal - refusals], STATE_READY);
    wake();
}

int refusals_wakeup_fd(void)
{
    if (wakeup_fd < 0)
        wakeup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wakeup_fd;
}

/* Its minute went by without another. A worker that counts one in just now keeps the slot. */
static void release(size_t at, uint64_t word)
{
    /* READY: its text was written just after its count was said. */
    uint8_t state = atomic_load(&states[at]);
    if ((state != STATE_STALE && state != STATE_READY) ||
        !atomic_compare_exchange_strong(&states[at], &state, STATE_EMPTY))
        return;
    /* Whoever claims the slot finds it as new; who counted one in meanwhile need not wait: the minute is
     * over. */
    const uint16_t taker = takers[at];
    said[at] = 0;
    if (atomic_compare_exchange_strong(&words[at], &word, 0)) {
        atomic_fetch_sub(&used, 1);
        atomic_fetch_sub(&taken[taker], 1);
        return;
    }
    atomic_store(&states[at], state);
}

static void say(size_t at, uint64_t now, refusals_take take, void *arg)
{
    uint8_t state = atomic_load(&states[at]);
    if ((state != STATE_READY && state != STATE_STALE) ||
        !atomic_compare_exchange_strong(&states[at], &state, STATE_SAYING))
        return; /* it is being written: the next turn finds it */
    const uint64_t word = atomic_fetch_and(&words[at], ~(uint64_t)COUNT_MASK);
    take(arg, &refusals[at], word & COUNT_MASK);
    said[at] = now + 1;
    atomic_store(&states[at], STATE_STALE);
}

void refusals_turn(uint64_t now, bool at_end, refusals_take take, void *arg)
{
    uint64_t ignored;
    while (wakeup_fd >= 0 && read(wakeup_fd, &ignored, sizeof ignored) < 0 && errno == EINTR)
        continue;
    /* Before the table is read, so that what comes later wakes again. */
    atomic_store(&is_woken, false);
    if (atomic_load(&used) == 0)
        return;
    for (size_t at = 0; at < REFUSALS_MAX; at++) {
        const uint64_t word = atomic_load(&words[at]);
        if (word == 0 || (said[at] != 0 && !at_end && now + 1 - said[at] < REFUSALS_EVERY))
            continue;
        if ((word & COUNT_MASK) == 0)
            release(at, word);
        else
            say(at, now, take, arg);
    }
}

uint64_t refusals_more(void)
{
    return atomic_exchange(&more, 0);
}
