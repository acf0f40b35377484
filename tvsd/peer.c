/* A table is open-addressed, of fixed size, and lock-free: a slot is one word of tag (48 bits of the key)
 * and count (16 bits), 0 when free. An address may own several slots of its window for a while; their sum
 * counts. When a window is full, an address goes uncounted: the limit is a courtesy among phones, not a wall.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define SLOTS     65536 /* as the low 16 bits of the key, which the tag leaves out */
#define WINDOW    16    /* two cache lines, which are fetched together */
#define COUNT_MAX 0xffffu

typedef _Atomic uint64_t table[SLOTS];
static alignas(WINDOW * sizeof(uint64_t)) table connections, handshakes;
static uint64_t secret[2];

void peer_init(void)
{
    /* Should there be no randomness yet, crowding somebody else's window merely becomes easier. */
    if (secret[0] == 0 && getrandom(secret, sizeof secret, GRND_NONBLOCK) != (ssize_t)sizeof secret)
        secret[0] = 1;
}

/* SplitMix64's finalizer. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void set_address(struct peer *peer, int family, const void *address, size_t len, uint16_t port)
{
    uint64_t words[2] = {0, 0};
    memcpy(words, address, len);
    peer->network = mix(mix(secret[1] + words[0]) ^ (uint64_t)family);
    peer->key = mix(mix(secret[0] + words[0]) ^ (secret[1] + words[1]) ^ (uint64_t)family);
    inet_ntop(family, address, peer->address, sizeof peer->address);
    snprintf(peer->text, sizeof peer->text, family == AF_INET ? "%s:%u" : "[%s]:%u", peer->address,
             (unsigned)port);
}

void peer_set(struct peer *peer, const struct sockaddr *address, socklen_t len)
{
    struct sockaddr_storage any = {0};
    memcpy(&any, address, len < sizeof any ? len : sizeof any);
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&any;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&any;
    *peer = (struct peer){.address = "local", .text = "local"};
    if (any.ss_family == AF_INET)
        set_address(peer, AF_INET, &v4->sin_addr, 4, ntohs(v4->sin_port));
    else if (any.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        set_address(peer, AF_INET, &v6->sin6_addr.s6_addr[12], 4, ntohs(v6->sin6_port));
    else if (any.ss_family == AF_INET6)
        set_address(peer, AF_INET6, &v6->sin6_addr, 16, ntohs(v6->sin6_port));
}

static uint64_t tag_of(const struct peer *peer)
{
    return (peer->key >> 16 | 1) << 16;
}

static _Atomic uint64_t *slot_at(table slots, const struct peer *peer, size_t i)
{
    return &slots[peer->key % SLOTS / WINDOW * WINDOW + i];
}

/* false: there are `limit` already. before: how many there were. */
static bool enter(table slots, const struct peer *peer, int64_t limit, int64_t *before, bool *counted)
{
    for (;;) {
        _Atomic uint64_t *slot = NULL;
        uint64_t word = 0;
        int64_t sum = 0;
        bool own = false;
        for (size_t i = 0; i < WINDOW; i++) {
            uint64_t seen = atomic_load(slot_at(slots, peer, i));
            bool mine = seen != 0 && (seen & ~(uint64_t)COUNT_MAX) == tag_of(peer);
            if (mine)
                sum += (int64_t)(seen & COUNT_MAX);
            if ((mine && !own && (seen & COUNT_MAX) < COUNT_MAX) || (seen == 0 && slot == NULL)) {
                own = mine;
                slot = slot_at(slots, peer, i);
                word = seen;
            }
        }
        *before = sum;
        if (limit > 0 && sum >= limit)
            return false;
        *counted = slot != NULL;
        if (slot == NULL ||
            atomic_compare_exchange_strong(slot, &word, word == 0 ? tag_of(peer) + 1 : word + 1))
            return true;
    }
}

static void leave(table slots, const struct peer *peer, bool *counted)
{
    for (size_t i = 0; *counted && i < WINDOW; i++) {
        uint64_t seen = atomic_load(slot_at(slots, peer, i));
        while (seen != 0 && (seen & ~(uint64_t)COUNT_MAX) == tag_of(peer) && *counted)
            if (atomic_compare_exchange_strong(slot_at(slots, peer, i), &seen,
                                               (seen & COUNT_MAX) == 1 ? 0 : seen - 1))
                *counted = false;
    }
}

bool peer_enter(struct peer *peer, int64_t limit)
{
    int64_t before;
    return enter(connections, peer, limit, &before, &peer->counted);
}

void peer_leave(struct peer *peer)
{
    leave(connections, peer, &peer->counted);
}

int64_t peer_shake(struct peer *peer)
{
    int64_t before;
    enter(handshakes, peer, 0, &before, &peer->shaking);
    return before;
}

void peer_shaken(struct peer *peer)
{
    leave(handshakes, peer, &peer->shaking);
}
