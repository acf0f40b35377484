/* Slots stand in blocks, which never move, so that a place means the same phone as long as it is known.
 * Chains of a hash table and the order of last requests run through them by their numbers. */
#include "phones.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BLOCK 512
#define NONE  UINT32_MAX

struct slot {
    struct phone phone;
    uint32_t chain;        /* the next of the same bucket */
    uint32_t older, newer; /* by the last request */
};

_Static_assert(sizeof(struct slot) + 2 * sizeof(uint32_t) <= PHONES_BYTES_EACH,
               "PHONES_BYTES_EACH is too small");

struct phones {
    size_t max, count;
    size_t block_count;
    struct slot **blocks;
    uint32_t *buckets; /* a slot's number and one, 0: empty */
    size_t bucket_count;
    uint64_t secret[2]; /* names come from anybody, who shall not choose their buckets */
    uint32_t oldest, newest;
    struct phones_rollout *rollouts; /* NULL: not told yet */
    size_t rollout_count;
    uint64_t forgotten, changes;
};

struct phones *phones_new(size_t max)
{
    struct phones *phones = calloc(1, sizeof *phones);
    if (phones == NULL)
        return NULL;
    assert(max < NONE);
    phones->max = max;
    phones->oldest = phones->newest = NONE;
    phones->bucket_count = 64;
    while (phones->bucket_count < max)
        phones->bucket_count *= 2;
    phones->blocks = calloc(max / BLOCK + 1, sizeof(struct slot *));
    phones->buckets = calloc(phones->bucket_count, sizeof *phones->buckets);
    if (phones->blocks == NULL || phones->buckets == NULL) {
        phones_free(phones);
        return NULL;
    }
    /* Should there be no randomness yet, crowding a bucket merely becomes easier. */
    if (getrandom(phones->secret, sizeof phones->secret, GRND_NONBLOCK) != (ssize_t)sizeof phones->secret)
        phones->secret[0] = 1;
    return phones;
}

void phones_free(struct phones *phones)
{
    if (phones == NULL)
        return;
    for (size_t i = 0; i < phones->block_count; i++)
        free(phones->blocks[i]);
    free(phones->blocks);
    free(phones->buckets);
    free(phones->rollouts);
    free(phones);
}

static struct slot *slot_at(const struct phones *phones, uint32_t i)
{
    return &phones->blocks[i / BLOCK][i % BLOCK];
}

/* ---- By name */

/* SplitMix64's finalizer. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Who it is: its name, else its address. */
static const char *key_of(const struct phone *phone)
{
    return phone->name[0] != '\0' ? phone->name : phone->address;
}

static uint32_t *bucket_of(const struct phones *phones, const struct phone *phone)
{
    const char *key = key_of(phone);
    size_t len = strlen(key);
    uint64_t hash = phones->secret[0] ^ len << 1 ^ (phone->name[0] != '\0');
    for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, key + i, len - i < sizeof word ? len - i : sizeof word);
        hash = mix((hash + phones->secret[1]) ^ word);
    }
    return &phones->buckets[hash & (phones->bucket_count - 1)];
}

static bool is_same(const struct phone *a, const struct phone *b)
{
    return (a->name[0] != '\0') == (b->name[0] != '\0') && a->cut == b->cut &&
           strcmp(key_of(a), key_of(b)) == 0;
}

static uint32_t find(const struct phones *phones, const struct phone *phone)
{
    uint32_t i = *bucket_of(phones, phone) - 1;
    while (i != NONE && !is_same(&slot_at(phones, i)->phone, phone))
        i = slot_at(phones, i)->chain;
    return i;
}

static void chain_in(struct phones *phones, uint32_t i)
{
    struct slot *slot = slot_at(phones, i);
    uint32_t *bucket = bucket_of(phones, &slot->phone);
    slot->chain = *bucket - 1;
    *bucket = i + 1;
}

static void chain_out(struct phones *phones, uint32_t i)
{
    uint32_t *bucket = bucket_of(phones, &slot_at(phones, i)->phone);
    uint32_t at = *bucket - 1, next = slot_at(phones, i)->chain;
    if (at == i) {
        *bucket = next + 1;
        return;
    }
    while (slot_at(phones, at)->chain != i)
        at = slot_at(phones, at)->chain;
    slot_at(phones, at)->chain = next;
}

/* ---- By the last request */

static void order_out(struct phones *phones, uint32_t i)
{
    const struct slot *slot = slot_at(phones, i);
    if (slot->older != NONE)
        slot_at(phones, slot->older)->newer = slot->newer;
    else
        phones->oldest = slot->newer;
    if (slot->newer != NONE)
        slot_at(phones, slot->newer)->older = slot->older;
    else
        phones->newest = slot->older;
}

static void order_in(struct phones *phones, uint32_t i)
{
    struct slot *slot = slot_at(phones, i);
    slot->older = phones->newest;
    slot->newer = NONE;
    if (phones->newest != NONE)
        slot_at(phones, phones->newest)->newer = i;
    else
        phones->oldest = i;
    phones->newest = i;
}

struct aged {
    uint32_t i;
    int64_t last;
};

static int by_age(const void *a, const void *b)
{
    const struct aged *one = a, *other = b;
    if (one->last != other->last)
        return one->last < other->last ? -1 : 1;
    return one->i < other->i ? -1 : one->i > other->i;
}

int phones_sort(struct phones *phones, struct trust_error *err)
{
    struct aged *all = calloc(phones->count + 1, sizeof *all);
    if (all == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    for (uint32_t i = 0; i < phones->count; i++)
        all[i] = (struct aged){i, slot_at(phones, i)->phone.last};
    qsort(all, phones->count, sizeof *all, by_age);
    phones->oldest = phones->newest = NONE;
    for (size_t i = 0; i < phones->count; i++)
        order_in(phones, all[i].i);
    free(all);
    return 0;
}

/* ---- Roll-outs */

static bool is_digest(const uint8_t digest[PHONE_DIGEST])
{
    static const uint8_t none[PHONE_DIGEST];
    return memcmp(digest, none, PHONE_DIGEST) != 0;
}

static void put_followed(struct phone *phone, uint32_t rollout, uint32_t when)
{
    size_t at = 0;
    if (phone_followed(phone, rollout) != 0)
        return;
    while (at < PHONE_FOLLOWED_MAX && phone->followed[at].rollout != 0)
        at++;
    if (at == PHONE_FOLLOWED_MAX) { /* the first is the oldest */
        memmove(phone->followed, phone->followed + 1, (PHONE_FOLLOWED_MAX - 1) * sizeof phone->followed[0]);
        at--;
    }
    phone->followed[at] = (struct phone_followed){rollout, when};
}

/* What its last request says. */
static void credit(const struct phones *phones, struct phone *phone)
{
    for (size_t i = 0; i < phones->rollout_count; i++) {
        const struct phones_rollout *rollout = &phones->rollouts[i];
        const uint8_t *digest = rollout->kind == TRUST_ROLLOUT_SIGNER ? phone->about : phone->shown;
        if (phone->last >= rollout->opened && is_digest(digest) &&
            memcmp(digest, rollout->digest, PHONE_DIGEST) == 0)
            put_followed(phone, (uint32_t)rollout->number, (uint32_t)phone->last);
    }
}

static void forget_closed(const struct phones *phones, struct phone *phone)
{
    size_t kept = 0;
    for (size_t i = 0; i < PHONE_FOLLOWED_MAX && phone->followed[i].rollout != 0; i++) {
        bool open = false;
        for (size_t j = 0; j < phones->rollout_count && !open; j++)
            open = phones->rollouts[j].number == phone->followed[i].rollout;
        if (open)
            phone->followed[kept++] = phone->followed[i];
    }
    memset(phone->followed + kept, 0, (PHONE_FOLLOWED_MAX - kept) * sizeof phone->followed[0]);
}

static bool is_same_rollouts(const struct phones *phones, const struct phones_rollout *rollouts, size_t count)
{
    bool same = phones->rollout_count == count;
    for (size_t i = 0; same && i < count; i++)
        same = phones->rollouts[i].number == rollouts[i].number &&
               phones->rollouts[i].opened == rollouts[i].opened &&
               phones->rollouts[i].kind == rollouts[i].kind &&
               memcmp(phones->rollouts[i].digest, rollouts[i].digest, PHONE_DIGEST) == 0;
    return same;
}

int phones_set_rollouts(struct phones *phones, const struct phones_rollout *rollouts, size_t count,
                        struct trust_error *err)
{
    if (phones->rollouts != NULL && is_same_rollouts(phones, rollouts, count))
        return 0;
    struct phones_rollout *copy = calloc(count + 1, sizeof *copy);
    if (copy == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    if (count > 0)
        memcpy(copy, rollouts, count * sizeof *copy);
    free(phones->rollouts);
    phones->rollouts = copy;
    phones->rollout_count = count;
    for (uint32_t i = 0; i < phones->count; i++) {
        forget_closed(phones, &slot_at(phones, i)->phone);
        credit(phones, &slot_at(phones, i)->phone);
    }
    phones->changes++;
    return 0;
}

/* ---- Coming and going */

/* Room for one more at the end. */
static bool grow(struct phones *phones)
{
    if (phones->count < phones->block_count * BLOCK)
        return true;
    struct slot *block = malloc(BLOCK * sizeof *block);
    if (block == NULL)
        return false;
    phones->blocks[phones->block_count++] = block;
    return true;
}

/* Put in one that is not there, as the newest. NULL: there is no room, and none to be made. */
static struct phone *put_new(struct phones *phones, const struct phone *phone, bool make_room)
{
    uint32_t i;
    if (phones->count < phones->max && grow(phones)) {
        i = (uint32_t)phones->count++;
    } else if (make_room && phones->count > 0) {
        i = phones->oldest;
        order_out(phones, i);
        chain_out(phones, i);
        phones->forgotten++;
    } else {
        return NULL;
    }
    slot_at(phones, i)->phone = *phone;
    chain_in(phones, i);
    order_in(phones, i);
    return &slot_at(phones, i)->phone;
}

static void copy_text(char *out, size_t size, const char *text)
{
    size_t len = strnlen(text, size - 1);
    memcpy(out, text, len);
    out[len] = '\0';
}

static void copy_name(struct phone *phone, struct trust_bytes device)
{
    const uint8_t *end = device.len > 0 ? memchr(device.data, '\0', device.len) : NULL;
    size_t len = end != NULL ? (size_t)(end - device.data) : device.len;
    phone->cut = len > 0 && (len > PHONE_NAME_MAX || end != NULL);
    if (len > PHONE_NAME_MAX)
        len = PHONE_NAME_MAX;
    if (len > 0)
        memcpy(phone->name, device.data, len);
}

void phones_see(struct phones *phones, const struct sighting *sighting)
{
    struct phone seen = {.first = sighting->when};
    copy_name(&seen, sighting->device);
    copy_text(seen.address, sizeof seen.address, sighting->address);
    uint32_t i = find(phones, &seen);
    struct phone *phone;
    if (i == NONE) {
        phone = put_new(phones, &seen, true);
    } else {
        phone = &slot_at(phones, i)->phone;
        order_out(phones, i);
        order_in(phones, i);
    }
    if (phone == NULL)
        return;
    phone->last = sighting->when > phone->first ? sighting->when : phone->first;
    phone->count++;
    memcpy(phone->address, seen.address, sizeof phone->address);
    copy_text(phone->tls, sizeof phone->tls, sighting->tls);
    copy_text(phone->class, sizeof phone->class, sighting->class);
    copy_text(phone->asked, sizeof phone->asked, sighting->asked);
    copy_text(phone->result, sizeof phone->result, sighting->result);
    memset(phone->about, 0, sizeof phone->about);
    memset(phone->shown, 0, sizeof phone->shown);
    if (sighting->about != NULL)
        memcpy(phone->about, sighting->about, PHONE_DIGEST);
    if (sighting->shown != NULL)
        memcpy(phone->shown, sighting->shown, PHONE_DIGEST);
    credit(phones, phone);
    phones->changes++;
}

bool phones_put(struct phones *phones, const struct phone *phone)
{
    if (find(phones, phone) != NONE)
        return true;
    struct phone *made = put_new(phones, phone, false);
    if (made == NULL)
        return false;
    if (phones->rollouts != NULL) { /* which are open is not known before */
        forget_closed(phones, made);
        credit(phones, made);
    }
    return true;
}

const struct phone *phones_at(const struct phones *phones, size_t place)
{
    return place < phones->count ? &slot_at(phones, (uint32_t)place)->phone : NULL;
}

size_t phones_count(const struct phones *phones)
{
    return phones->count;
}

size_t phones_max(const struct phones *phones)
{
    return phones->max;
}

uint64_t phones_forgotten(const struct phones *phones)
{
    return phones->forgotten;
}

uint64_t phones_changes(const struct phones *phones)
{
    return phones->changes;
}

size_t phones_bytes(const struct phones *phones)
{
    return sizeof *phones + (phones->max / BLOCK + 1) * sizeof(struct slot *) +
           phones->bucket_count * sizeof *phones->buckets + phones->block_count * BLOCK * sizeof(struct slot);
}
