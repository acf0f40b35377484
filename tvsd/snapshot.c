#include "snapshot.h"

#include <assert.h>
#include <stdlib.h>

enum part_kind { PART_CONFIG, PART_TLS, PART_STORE, PART_CTL, PART_COUNT };

struct snapshot_part {
    unsigned long holders;
    void *object;
    void (*release)(void *object);
};

/* The main thread's, as all snapshots are. */
static uint64_t made, freed;

static void release_config(void *object)
{
    config_free(object);
}

static void release_tls(void *object)
{
    tls_context_free(object);
}

static void release_index(void *object)
{
    trust_index_free(object);
}

static struct snapshot_part *part_new(void *take_object, void (*release)(void *object))
{
    assert(take_object != NULL);
    struct snapshot_part *part = malloc(sizeof *part);
    if (part == NULL) {
        release(take_object);
        return NULL;
    }
    *part = (struct snapshot_part){.holders = 1, .object = take_object, .release = release};
    return part;
}

struct snapshot_part *snapshot_part_config(struct config *take_config)
{
    return part_new(take_config, release_config);
}

struct snapshot_part *snapshot_part_tls(struct tls_context *take_tls)
{
    return part_new(take_tls, release_tls);
}

struct snapshot_part *snapshot_part_index(struct trust_index *take_index)
{
    return part_new(take_index, release_index);
}

void snapshot_part_unref(struct snapshot_part *part)
{
    if (part == NULL)
        return;
    assert(part->holders > 0);
    if (--part->holders > 0)
        return;
    part->release(part->object);
    free(part);
}

struct snapshot *snapshot_new(struct snapshot_part *config, struct snapshot_part *tls,
                              struct snapshot_part *store, struct snapshot_part *ctl,
                              unsigned long generation)
{
    assert(config->release == release_config && tls->release == release_tls);
    assert(store->release == release_index && ctl->release == release_index);
    assert(generation > 0);
    struct snapshot *snapshot = malloc(sizeof *snapshot);
    if (snapshot == NULL)
        return NULL;
    *snapshot = (struct snapshot){
        .config = config->object,
        .tls = tls->object,
        .store = store->object,
        .ctl = ctl->object,
        .generation = generation,
        .parts = {[PART_CONFIG] = config, [PART_TLS] = tls, [PART_STORE] = store, [PART_CTL] = ctl},
    };
    _Static_assert(sizeof snapshot->parts / sizeof snapshot->parts[0] == PART_COUNT, "one owner a pointer");
    for (int i = 0; i < PART_COUNT; i++)
        snapshot->parts[i]->holders++;
    made++;
    return snapshot;
}

void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    for (int i = 0; i < PART_COUNT; i++)
        snapshot_part_unref(snapshot->parts[i]);
    free(snapshot);
    freed++;
}

uint64_t snapshot_made(void)
{
    return made;
}

uint64_t snapshot_live(void)
{
    return made - freed;
}
