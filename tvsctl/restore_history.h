/* What was published, when a backup comes into force: phones may hold every list that was ever given out, so
 * none of them is forgotten and no number is given twice. */
#ifndef TVSCTL_RESTORE_HISTORY_H
#define TVSCTL_RESTORE_HISTORY_H

#include "backup.h"
#include "change.h"

/* The lists that were published here, or in the backup. */
struct restore_history {
    struct restore_issue *issues;
    size_t count;
};

/* Read both histories: that of the state (its store and its folder of published lists), and that of a backup
 * (its store and its saved files). Free with restore_history_fini, after a failure too. */
int restore_history_of_state(struct state *state, struct restore_history *history,
                             struct trust_error *err) TRUST_MUST_CHECK;
int restore_history_of_backup(struct trust_store *store, struct restore_history *history,
                              struct trust_error *err) TRUST_MUST_CHECK;
void restore_history_fini(struct restore_history *history);

/* How many lists were published here that the backup does not have, and since when (0: unknown). */
size_t restore_history_newer(const struct restore_history *here, const struct restore_history *backup,
                             time_t *since);

/* In a step that has adopted the backup's store: the rows of what was published here go into it. A list whose
 * number the backup gave to another gets the next free one. The backup's own files are the caller's. */
int restore_history_keep(struct change *change, const struct restore_history *here,
                         const struct restore_history *backup, struct trust_error *err) TRUST_MUST_CHECK;

#endif
