/* Giving out a signed list: into the history and into the TFTP folder, as part of a step. */
#ifndef TVSCTL_PUBLISH_H
#define TVSCTL_PUBLISH_H

#include "change.h"
#include "compose.h"

/* Publish the list when the step is decided: STATE/published/NNNNNN-CTLFile.tlv with the next number, by
 * which the daemon believes the signer, a row of the history, and the TFTP folder, 0644. Certificates that
 * were replaced and that no list holds any more leave the store. Warns of a list with too many records for
 * phones. */
int publish_list(struct change *change, enum compose_kind kind, const struct trust_list *list,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* The list that phones find in the TFTP folder, or will when the step is done; NULL if there is none.
 * Borrowed. */
const struct trust_list *publish_present(const struct change *change, enum compose_kind kind);

/* Whether there is a TFTP folder to publish into: to be asked before an operator is. TRUST_ENOTFOUND. */
int publish_check(const struct config *config, struct trust_error *err) TRUST_MUST_CHECK;

/* "CTLFile.tlv" of "NNNNNN-CTLFile.tlv", as a publication is filed: borrowed; NULL: it is none's name. */
const char *publish_filename(const char *name);

/* Path of a publication in the folder of published lists. Returns out, or NULL if it does not fit. */
char *publish_path(const struct state *state, int64_t number, const char *filename, char *out, size_t size);

#endif
