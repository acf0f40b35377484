/* An open-addressed table of places, made anew rather than kept: phones come and go with each answer, and
 * this is asked only when one fails. */
#include "phone_addresses.h"

#include "quiet.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PHONES_A_SECOND 1000
#define SEVERAL         0x80000000u

struct phone_addresses {
    const struct phones *phones;
    uint32_t *slots; /* a place and one, 0: free; SEVERAL: it is not alone there */
    size_t size;     /* a power of two; 0: not made yet */
    uint64_t secret; /* addresses come from anybody, who shall not choose their slots */
    uint64_t changes;
    int64_t made;
};

struct phone_addresses *phone_addresses_new(const struct phones *phones)
{
    struct phone_addresses *addresses = calloc(1, sizeof *addresses);
    if (addresses == NULL)
        return NULL;
    addresses->phones = phones;
    /* Should there be no randomness yet, crowding somebody else's slots merely becomes easier. */
    if (getrandom(&addresses->secret, sizeof addresses->secret, GRND_NONBLOCK) < 0)
        addresses->secret = 1;
    return addresses;
}

void phone_addresses_free(struct phone_addresses *addresses)
{
    if (addresses == NULL)
        return;
    free(addresses->slots);
    free(addresses);
}

/* The slot of an address, or the free one that it would have: there always is one. */
static uint32_t *slot_of(const struct phone_addresses *addresses, const char *address)
{
    uint64_t hash = quiet_bytes(addresses->secret, address, strlen(address));
    for (;; hash++) {
        uint32_t *slot = &addresses->slots[hash & (addresses->size - 1)];
        if (*slot == 0 || strcmp(phones_at(addresses->phones, (*slot & ~SEVERAL) - 1)->address, address) == 0)
            return slot;
    }
}

static void make(struct phone_addresses *addresses, int64_t now)
{
    const size_t count = phones_count(addresses->phones);
    size_t size = 64;
    while (size < 2 * count)
        size *= 2;
    uint32_t *slots = calloc(size, sizeof *slots);
    free(addresses->slots);
    addresses->slots = slots;
    addresses->size = slots != NULL ? size : 0;
    addresses->changes = phones_changes(addresses->phones);
    addresses->made = now;
    for (uint32_t place = 0; slots != NULL && place < count; place++) {
        const struct phone *phone = phones_at(addresses->phones, place);
        if (phone->name[0] == '\0')
            continue;
        uint32_t *slot = slot_of(addresses, phone->address);
        *slot = *slot == 0 ? place + 1 : *slot | SEVERAL;
    }
}

const struct phone *phone_addresses_find(struct phone_addresses *addresses, const char *address, int64_t now)
{
    const int64_t rests = (int64_t)(phones_count(addresses->phones) / PHONES_A_SECOND);
    if (addresses->size == 0 ||
        (addresses->changes != phones_changes(addresses->phones) && now - addresses->made >= rests))
        make(addresses, now);
    if (addresses->size == 0)
        return NULL;
    const uint32_t slot = *slot_of(addresses, address);
    return slot == 0 || (slot & SEVERAL) != 0 ? NULL : phones_at(addresses->phones, slot - 1);
}
