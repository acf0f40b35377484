#include "sightings.h"

#include "config/phone.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RING_SIZE                                                                                            \
    524288 /* some 4000 sightings a worker: the main thread comes once a second, or when half are there */

struct sightings_end {
    struct ring *ring;
    struct sightings *all;
};

struct sightings {
    int wakeup_fd;
    atomic_bool is_woken; /* the descriptor was written and not yet read */
    size_t count;
    struct sightings_end ends[];
};

/* In the ring: this, then name and address. */
struct record {
    int64_t when;
    const char *tls, *class, *asked, *result;
    uint8_t about[PHONE_DIGEST], shown[PHONE_DIGEST];
    bool has_about, has_shown;
    uint8_t name_len, address_len;
};

_Static_assert(PHONE_NAME_MAX + 1 <= UINT8_MAX, "a name's length must fit into its record");

struct sightings *sightings_new(size_t workers)
{
    struct sightings *made = calloc(1, sizeof *made + workers * sizeof made->ends[0]);
    if (made == NULL)
        return NULL;
    atomic_init(&made->is_woken, false);
    made->count = workers;
    made->wakeup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool done = made->wakeup_fd >= 0;
    for (size_t i = 0; done && i < workers; i++) {
        made->ends[i] = (struct sightings_end){ring_new(RING_SIZE), made};
        done = made->ends[i].ring != NULL;
    }
    if (!done) {
        sightings_free(made);
        return NULL;
    }
    return made;
}

void sightings_free(struct sightings *sightings)
{
    if (sightings == NULL)
        return;
    for (size_t i = 0; i < sightings->count; i++)
        ring_free(sightings->ends[i].ring);
    if (sightings->wakeup_fd >= 0)
        close(sightings->wakeup_fd);
    free(sightings);
}

struct sightings_end *sightings_end(struct sightings *sightings, size_t i)
{
    return &sightings->ends[i];
}

static void wake(struct sightings *sightings)
{
    static const uint64_t one = 1;
    if (atomic_exchange(&sightings->is_woken, true))
        return;
    while (write(sightings->wakeup_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

/* One byte more than is kept, so that the table sees that it was longer. */
static size_t name_length(struct trust_bytes device)
{
    return device.len <= PHONE_NAME_MAX ? device.len : PHONE_NAME_MAX + 1;
}

bool sightings_note(struct sightings_end *end, const struct sighting *sighting)
{
    char texts[PHONE_NAME_MAX + 1 + PHONE_ADDRESS_SIZE];
    struct record record = {

        .when = sighting->when,
        .tls = sighting->tls,
        .class = sighting->class,
        .asked = sighting->asked,
        .result = sighting->result,
        .has_about = sighting->about != NULL,
        .has_shown = sighting->shown != NULL,
        .name_len = (uint8_t)name_length(sighting->device),
        .address_len = (uint8_t)strnlen(sighting->address, PHONE_ADDRESS_SIZE - 1),
    };
    if (record.has_about)
        memcpy(record.about, sighting->about, PHONE_DIGEST);
    if (record.has_shown)
        memcpy(record.shown, sighting->shown, PHONE_DIGEST);
    if (record.name_len > 0)
        memcpy(texts, sighting->device.data, record.name_len);
    memcpy(texts + record.name_len, sighting->address, record.address_len);
    const struct trust_bytes head = {(const uint8_t *)&record, sizeof record};
    const struct trust_bytes tail = {(const uint8_t *)texts, (size_t)record.name_len + record.address_len};
    bool taken = ring_push(end->ring, head, tail);
    if (!taken || ring_is_filling(end->ring))
        wake(end->all);
    return taken;
}

int sightings_wakeup_fd(const struct sightings *sightings)
{
    return sightings->wakeup_fd;
}

static void drain_one(struct ring *ring, sightings_take take, void *arg)
{
    size_t mark = ring_mark(ring);
    while (ring_has(ring, mark)) {
        struct record record;
        char name[PHONE_NAME_MAX + 1], address[PHONE_ADDRESS_SIZE];
        ring_take(ring, &record, sizeof record);
        ring_take(ring, name, record.name_len);
        ring_take(ring, address, record.address_len);
        address[record.address_len] = '\0';
        ring_release(ring);
        const struct sighting sighting = {
            .when = (time_t)record.when,
            .device = {(const uint8_t *)name, record.name_len},
            .address = address,
            .tls = record.tls,
            .class = record.class,
            .asked = record.asked,
            .result = record.result,
            .about = record.has_about ? record.about : NULL,
            .shown = record.has_shown ? record.shown : NULL,
        };
        take(arg, &sighting);
    }
}

void sightings_drain(struct sightings *sightings, sightings_take take, void *arg)
{
    uint64_t ignored;
    while (read(sightings->wakeup_fd, &ignored, sizeof ignored) < 0 && errno == EINTR)
        continue;
    /* Before the rings are read, so that what comes later wakes again. */
    atomic_store(&sightings->is_woken, false);
    for (size_t i = 0; i < sightings->count; i++)
        drain_one(sightings->ends[i].ring, take, arg);
}
