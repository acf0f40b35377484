/* What happens at a site, out of a seed: how it is set up, which phones it has, what its operator says, and
 * which phones boot after each phrase. The same seed is the same history. */
#ifndef TESTS_HISTORIES_HISTORY_H
#define TESTS_HISTORIES_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_EVENTS 12
#define HISTORY_PHONES 4
#define HISTORY_NODES  2

/* X(constant, weight, what it is) */
#define HISTORY_KINDS(X)                                                                                     \
    X(REGEN_CALLMANAGER, 5, "set cert regen CallManager")                                                    \
    X(REGEN_TVS, 4, "set cert regen TVS")                                                                    \
    X(REGEN_TVS_SUB, 3, "set cert regen TVS, on the other node")                                             \
    X(REGEN_ECDSA, 2, "set cert regen TVS-ECDSA")                                                            \
    X(REGEN_RECOVERY, 3, "set cert regen ITLRecovery")                                                       \
    X(REGEN_CAPF, 1, "set cert regen CAPF")                                                                  \
    X(CTL_UPDATE, 5, "utils ctl update CTLFile")                                                             \
    X(ITL_UPDATE, 3, "utils itl update")                                                                     \
    X(IMPORT_OWN, 2, "set cert import own CallManager")                                                      \
    X(IMPORT_TRUST, 2, "set cert import trust Phone-SAST-trust")                                             \
    X(IMPORT_TWIN, 1, "set cert import trust, of a twin of the CallManager")                                 \
    X(DELETE_TRUST, 1, "set cert delete Phone-SAST-trust")                                                   \
    X(DELETE_FILE, 1, "file delete tftp")                                                                    \
    X(HOST_NAME, 2, "set network hostname")                                                                  \
    X(HOST_NAME_SUB, 1, "set network hostname, of the other node")                                           \
    X(MIXED, 4, "utils ctl set-cluster mixed-mode")                                                          \
    X(NON_SECURE, 2, "utils ctl set-cluster non-secure-mode")                                                \
    X(ROLLBACK_ON, 2, "utils itl rollback on")                                                               \
    X(ROLLBACK_OFF, 2, "utils itl rollback off")                                                             \
    X(RESTORE_CTL, 2, "utils ctl restore")                                                                   \
    X(RESTORE_ITL, 2, "utils itl restore")                                                                   \
    X(RESET_CTL, 2, "utils ctl reset localkey")                                                              \
    X(RESET_ITL, 2, "utils itl reset localkey")                                                              \
    X(TOKEN_SIGN, 3, "utils ctl sign")                                                                       \
    X(CLOSE, 6, "utils rollout close")                                                                       \
    X(FILE_SIGN, 1, "file sign --all")                                                                       \
    X(NODE, 3, "a node goes down, or up again")                                                              \
    X(CLOCK, 3, "time passes")                                                                               \
    X(TOKEN_OWN, 6, "set cert own")                                                                          \
    X(TOKEN_OTHER, 6, "utils ctl sign")                                                                      \
    X(TOKEN_LOST, 4, "a security token is lost, or found again")
/* Of those, the first that needs real tokens. */
#define HISTORY_FIRST_HARDWARE HISTORY_TOKEN_OWN

enum history_kind {
#define X(constant, weight, what) HISTORY_##constant,
    HISTORY_KINDS(X)
#undef X
        HISTORY_KIND_COUNT
};

struct history_event {
    enum history_kind kind;
    uint32_t choice; /* what the kind leaves open */
    unsigned boots;  /* bits: phones that boot after it; the others stay away */
    bool force;      /* --force, if the phrase takes it */
    bool is_true; /* CLOSE: all phones boot before it; else the operator only believes that they are back */
};

struct history_phone {
    unsigned family;    /* any number */
    unsigned servers;   /* 0 ours, then the other; 1 the other way round; 2 ours alone; 3 the other alone */
    bool boots_at_once; /* before anything happens */
};

struct history {
    uint64_t seed;
    bool is_mixed, has_sub, has_tokens;
    bool has_hardware; /* the tokens are seen through PKCS#11; else files stand in for them */
    /* Of the configuration. */
    bool no_recovery, recovery_signs, sha512, records_hash, manual, refuse_expired, new_tls, refuse_older;
    struct history_phone phones[HISTORY_PHONES];
    struct history_event events[HISTORY_EVENTS];
    size_t event_count;
};

void history_make(uint64_t seed, struct history *out);

/* What such an event is. Static storage. */
const char *history_what(enum history_kind kind);

/* A history without one of its events. */
void history_drop(struct history *history, size_t event);

#endif
