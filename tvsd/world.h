/* All that answers depend on, as the main thread holds it: the parts of the next snapshot, and the open store
 * and the CTL that they were made of. A world is built whole, then taken; a change rebuilds the part that it
 * concerns and leaves the others. Any failure keeps what was in force, and says so. Main thread. */
#ifndef TVSD_WORLD_H
#define TVSD_WORLD_H

#include "config/config.h"
#include "snapshot.h"
#include "sources.h"
#include "trust.h"

#include <stdbool.h>
#include <time.h>

/* What has changed and is not announced yet. */
enum world_fresh {
    WORLD_STORE = 1,
    WORLD_CTL = 2,
    WORLD_CTL_GONE = 4,
    WORLD_CTL_FORGET = 8, /* it had been refused with its folder: nothing to say */
    WORLD_CTL_WITHDRAWN = 16,
};

/* The server's certificates, as they were said last. */
struct world_said {
    struct trust_cert *cert, *ecdsa; /* owned */
    struct trust_error why;
};

struct world {
    const char *config_path; /* borrowed */
    struct config *config;   /* owned by config_part, as the rest by theirs */
    struct tls_context *tls;
    struct trust_index *store_index;
    struct snapshot_part *config_part, *tls_part, *store_part, *ctl_part;
    struct store_source store;
    struct trust_cert *cert;  /* of the TLS context */
    struct trust_cert *ecdsa; /* that it shows beside that one; NULL: none */
    enum ctl_status ctl_status;
    struct ctl_file ctl;             /* in force; list NULL: none. Its index belongs to ctl_part */
    char ctl_path[SOURCES_PATH_MAX]; /* where it was read */
    time_t store_read, ctl_read;     /* when */
    bool ctl_stays;                  /* it was in force before the reload that made this world */
    /* Why CTLFile.tlv, the store and the TVS certificate are refused, code 0 if they are not: said once, not
     * at each attempt. */
    struct trust_error ctl_error, store_error, cert_error;
    struct trust_error
        ecdsa_why;  /* why a TVS-ECDSA certificate is not shown; code 0: it is, or there is none */
    unsigned fresh; /* of enum world_fresh */
    struct trust_error withdrawn; /* why the CTL in force was let go */
    struct world_said said;
    unsigned long generation; /* of the last snapshot */
};

/* Read the configuration. The world is empty but for it. */
int world_read_config(struct world *world, const char *config_path, struct trust_error *err) TRUST_MUST_CHECK;

/* Build everything else from the configuration. previous NULL: this is the start, and a CTL that is refused
 * is replaced by the last good one. Else it is a reload, at which the CTL in force stands in for one that is
 * refused, and previous hands down its TLS tickets. */
int world_build(struct world *world, const struct world *previous, struct trust_error *err) TRUST_MUST_CHECK;

/* Whether a start would have log, store, certificate and key: `tvsd -t`. *warning: why the CTL would be
 * refused; "" if it would not. */
int world_check(struct world *world, struct trust_error *warning, struct trust_error *err) TRUST_MUST_CHECK;

void world_fini(struct world *world);

/* Say what is in force: store-loaded, ctl-loaded; not of a CTL that merely stays so. */
void world_say(struct world *world);

/* Keep the CTL in force for the next start; where there is none, forget the one that was kept, and say
 * ctl-gone if there was one. After a world was taken. */
void world_remember_ctl(const struct world *world);

/* After a change: say what is new in force, which is what whoever reads the log relies on, and keep the CTL
 * for the next start. Not before the workers have the snapshot. Refusals are said at once. */
void world_announce(struct world *world);

/* The store, or CTLFile.tlv, may have changed. true: a new snapshot is to be made. A store that answers as
 * before is not loaded again, and nothing is said. */
bool world_store_changed(struct world *world);
bool world_ctl_changed(struct world *world);

/* The store or the published lists changed: let the CTL in force go if its signer was withdrawn, and try a
 * refused one again. true: a new snapshot is to be made. */
bool world_retry_ctl(struct world *world);

/* Try a new TVS certificate again that could not be loaded for reasons that are not its own. true: a new
 * snapshot is to be made. */
bool world_retry_cert(struct world *world);

/* Whether CTLFile.tlv or a new TVS certificate could not be read for reasons that are not theirs, and should
 * be tried again. */
bool world_waits(const struct world *world);

/* The next snapshot of what is in force. NULL: out of memory. */
struct snapshot *world_snapshot(struct world *world);

#endif
