/* A state as guard rails see it: the certificates that phones depend on, the lists, the modes, the roll-outs.
 * Read before a phrase, and after it at a rehearsal's place; what differs is what the phrase does. */
#ifndef TVSCTL_GUARD_VIEW_H
#define TVSCTL_GUARD_VIEW_H

#include "compose.h"
#include "published.h"
#include "state.h"

/* One that is in force: of a unit whose certificates phones check, or with role 0. */
struct guard_cert {
    uint32_t units; /* bit 1 << enum trust_unit */
    bool is_sast;
    char server_name[TRUST_NODE_NAME_SIZE];
    struct trust_cert *cert;
};

struct guard_rollout {
    int64_t number, publication;
    enum trust_rollout_kind kind;
    int unit;
    char server_name[TRUST_NODE_NAME_SIZE];
    uint8_t sha256[TRUST_ROLLOUT_SHA256];
};

#define GUARD_KINDS 2 /* enum compose_kind */

struct guard_view {
    char node[TRUST_NODE_NAME_SIZE]; /* our own */
    struct published lists;
    struct guard_cert *certs;
    size_t cert_count;
    struct guard_rollout *open;
    size_t open_count;
    bool is_mixed, is_rollback; /* is_rollback: prepared for one */
    int64_t last[GUARD_KINDS];  /* numbers of the lists that were published last; 0: none ever was */
    /* The newest lists that there were when the operator last said that all phones are back or, if that was
     * never said, when the first roll-out was opened: the promise of the guard rails holds for phones that
     * have these or newer ones. 0: there was none. */
    int64_t back[GUARD_KINDS];
};

/* Read it. TRUST_ENOTFOUND: there is no state. Free with guard_view_fini, after a failure too. */
int guard_view_read(const struct config *config, struct guard_view *view,
                    struct trust_error *err) TRUST_MUST_CHECK;
void guard_view_fini(struct guard_view *view);

/* Whether any list was ever published: phones that hold none follow whatever comes. */
bool guard_view_has_history(const struct guard_view *view);

/* Whether it is the same list, byte for byte, that phones find of each kind; whether all is the same. */
bool guard_view_same_lists(const struct guard_view *a, const struct guard_view *b);
bool guard_view_same(const struct guard_view *a, const struct guard_view *b);

/* The list of a kind that phones find. */
const struct trust_list *guard_view_list(const struct guard_view *view, enum compose_kind kind);

/* A certificate of before that has a unit (0: any) and that no longer has it, or is gone; NULL if there is
 * none. */
const struct guard_cert *guard_view_gone(const struct guard_view *before, const struct guard_view *after,
                                         int unit);

/* Whether some certificate has the unit; whether a certificate has it. */
bool guard_view_has(const struct guard_view *view, int unit);
bool guard_view_has_cert(const struct guard_view *view, int unit, const struct trust_cert *cert);

/* The first open roll-out of a kind and a unit (0: any); NULL if there is none. */
const struct guard_rollout *guard_view_open(const struct guard_view *view, enum trust_rollout_kind kind,
                                            int unit);

#endif
