/* What workers saw of phones, on its way to the main thread's table (phones.h): one ring for each worker.
 * Noting a sighting neither allocates nor waits nor takes a lock; one that does not fit is lost, and counted.
 */
#ifndef TVSD_SIGHTINGS_H
#define TVSD_SIGHTINGS_H

#include "ring.h"
#include "trust.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* A request that was answered. Texts are static. */
struct sighting {
    time_t when;
    struct trust_bytes device; /* its name, from the wire; read during the call alone */
    const char *address;       /* likewise */
    const char *tls, *class;   /* "TLSv1.2"; "strict" */
    const char *asked, *result;
    /* The start of SHA-256: of the certificate that it asked about and was told of, of the one that it was
     * shown. NULL: none. Read during the call alone. */
    const uint8_t *about, *shown;
};

struct sightings;

/* Rings for `workers` workers. NULL: out of memory, or of descriptors. */
struct sightings *sightings_new(size_t workers);
void sightings_free(struct sightings *sightings);

/* Worker i, from its thread alone. */
struct sightings_end;
struct sightings_end *sightings_end(struct sightings *sightings, size_t i);
/* false: it was lost. */
bool sightings_note(struct sightings_end *end, const struct sighting *sighting);

/* Main thread: readable when a ring fills. */
int sightings_wakeup_fd(const struct sightings *sightings);

/* Main thread: hand over what was noted, oldest first of each worker. */
typedef void (*sightings_take)(void *arg, const struct sighting *sighting);
void sightings_drain(struct sightings *sightings, sightings_take take, void *arg);

#endif
