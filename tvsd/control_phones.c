#include "control_phones.h"

#include "log.h"
#include "phones_file.h"

#include <stdlib.h>
#include <string.h>

#define DRAIN_EVERY_S 1

struct control_phones {
    struct event_base *base;
    struct phones *table;
    struct phones_file *file; /* NULL: it is not ours */
    struct sightings *sightings;
    struct event *filling, *timer;
    struct trust_error rollouts_error; /* said last; code 0: they were read */
};

struct control_phones *control_phones_new(struct event_base *base, const struct config *config, bool has_file)
{
    struct control_phones *phones = calloc(1, sizeof *phones);
    if (phones == NULL)
        return NULL;
    phones->base = base;
    phones->table = phones_new((size_t)config->phones.max);
    bool keeps = has_file && config->phones.max > 0;
    if (phones->table != NULL && keeps)
        phones->file = phones_file_new(base, config, phones->table);
    if (phones->table == NULL || (keeps && phones->file == NULL)) {
        control_phones_free(phones);
        return NULL;
    }
    return phones;
}

static void see(void *arg, const struct sighting *sighting)
{
    phones_see(arg, sighting);
}

static void drain(struct control_phones *phones)
{
    if (phones->sightings != NULL)
        sightings_drain(phones->sightings, see, phones->table);
}

static void on_sightings(evutil_socket_t fd, short events, void *arg)
{
    (void)fd, (void)events;
    drain(arg);
}

int control_phones_start(struct control_phones *phones, struct sightings *sightings, struct trust_error *err)
{
    static const struct timeval second = {.tv_sec = DRAIN_EVERY_S};
    if (sightings == NULL)
        return 0;
    phones->sightings = sightings;
    phones->filling =
        event_new(phones->base, sightings_wakeup_fd(sightings), EV_READ | EV_PERSIST, on_sightings, phones);
    phones->timer = event_new(phones->base, -1, EV_PERSIST, on_sightings, phones);
    if (phones->filling == NULL || phones->timer == NULL || event_add(phones->filling, NULL) != 0 ||
        event_add(phones->timer, &second) != 0)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    return 0;
}

/* ---- Roll-outs */

struct rollouts {
    struct phones_rollout *items;
    size_t count, capacity;
};

static int take_rollout(void *arg, const struct trust_rollout *rollout)
{
    static const uint8_t unknown[TRUST_ROLLOUT_SHA256];
    struct rollouts *all = arg;
    if (all->count == all->capacity) {
        size_t capacity = all->capacity > 0 ? 2 * all->capacity : 16;
        struct phones_rollout *items = reallocarray(all->items, capacity, sizeof *items);
        if (items == NULL)
            return TRUST_ENOMEM;
        all->items = items;
        all->capacity = capacity;
    }
    struct phones_rollout *item = &all->items[all->count];
    *item =
        (struct phones_rollout){.number = rollout->number, .kind = rollout->kind, .opened = rollout->opened};
    memcpy(item->digest, rollout->sha256, sizeof item->digest);
    if (memcmp(rollout->sha256, unknown, sizeof unknown) != 0)
        all->count++;
    return 0;
}

void control_phones_read_rollouts(struct control_phones *phones, struct trust_store *store)
{
    struct rollouts all = {0};
    struct trust_error err = {0};
    drain(phones);
    int rc = trust_store_each_rollout(store, TRUST_ROLLOUTS_OPEN, take_rollout, &all, &err);
    if (rc == 0)
        rc = phones_set_rollouts(phones->table, all.items, all.count, &err);
    if (rc != 0 && (phones->rollouts_error.code != rc || strcmp(phones->rollouts_error.text, err.text) != 0))
        LOG_SAY(STORE_REFUSED, log_text("file", TRUST_STORE_FILE), log_text("reason", err.text));
    phones->rollouts_error = rc != 0 ? err : (struct trust_error){0};
    free(all.items);
}

const struct phones *control_phones_table(struct control_phones *phones)
{
    drain(phones);
    return phones->table;
}

time_t control_phones_written(const struct control_phones *phones)
{
    return phones->file != NULL ? phones_file_written(phones->file) : 0;
}

void control_phones_stop(struct control_phones *phones)
{
    if (phones == NULL)
        return;
    drain(phones);
    phones->sightings = NULL;
    if (phones->file != NULL)
        phones_file_write(phones->file);
}

static void free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

void control_phones_free(struct control_phones *phones)
{
    if (phones == NULL)
        return;
    free_event(phones->filling);
    free_event(phones->timer);
    phones_file_free(phones->file);
    phones_free(phones->table);
    free(phones);
}
