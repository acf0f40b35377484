/* A slot is one word: a tag (40 bits of the key) and when it was said (24 bits of seconds, which wrap after
 * half a year: then something is said once too often or too seldom). 0 when free; the oldest makes room. */
#include "quiet.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define SLOTS     8192
#define WINDOW    8
#define TIME_MASK 0xffffffu

static _Atomic uint64_t slots[SLOTS];

uint64_t quiet_key(uint64_t who, uint64_t why)
{
    uint64_t x = who ^ (why + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    return x ^ (x >> 32);
}

uint64_t quiet_bytes(uint64_t who, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    uint64_t key = quiet_key(who, len);
    for (size_t i = 0; i < len; i += sizeof key) {
        uint64_t word = 0;
        memcpy(&word, from + i, len - i < sizeof word ? len - i : sizeof word);
        key = quiet_key(key, word);
    }
    return key;
}

bool quiet_may_say(uint64_t key, uint32_t seconds, uint64_t now)
{
    uint64_t tag = (key >> 24 | 1) << 24;
    uint64_t said = tag | (now & TIME_MASK);
    for (;;) {
        _Atomic uint64_t *slot = NULL;
        uint64_t word = 0, oldest = 0;
        for (size_t i = 0; i < WINDOW; i++) {
            _Atomic uint64_t *at = &slots[(key + i) % SLOTS];
            uint64_t seen = atomic_load(at);
            uint64_t age = seen == 0 ? UINT64_MAX : ((now - seen) & TIME_MASK);
            bool same = seen != 0 && (seen & ~(uint64_t)TIME_MASK) == tag;
            if (same && age < seconds)
                return false;
            if (slot == NULL || same || age > oldest) {
                slot = at;
                word = seen;
                oldest = same ? UINT64_MAX : age;
            }
        }
        if (atomic_compare_exchange_strong(slot, &word, said))
            return true;
    }
}
