/* The signed configuration files (*.sgn) of the TFTP folder. */
#ifndef TVSCTL_SIGNED_FILES_H
#define TVSCTL_SIGNED_FILES_H

#include "change.h"

#define SIGNED_FILE_SUFFIX ".sgn"

/* What became of the files. */
struct signed_files_tally {
    size_t found, signed_anew, right, failed;
};

/* Sign every file anew, from its own body and under the name in its header, that our CallManager's present
 * certificate and the configured digest did not sign. A file is signed again only if an own CallManager of
 * before or of now signed it as it stands under a name that ends in .sgn: others may write into the folder,
 * and put lists of ours there. When a store takes the place of ours (change_adopt), the CallManagers of both
 * are own ones. One that cannot be signed is named in a warning and stays as it is; a link to another file of
 * the folder goes with that one. What phones find changes when the step is decided. */
int signed_files_sign_all(struct change *change, struct signed_files_tally *tally,
                          struct trust_error *err) TRUST_MUST_CHECK;

/* The same as what follows from another change; once a step for one CallManager. Of the files that cannot be
 * signed some are named, the others counted. */
int signed_files_follow(struct change *change, struct trust_error *err) TRUST_MUST_CHECK;

/* Sign a plain file as filename (the name in the header). TRUST_ETYPE: it would read as a trust list. The
 * caller frees *out with trust_list_free. */
int signed_files_build(struct state *state, const char *filename, struct trust_bytes body, time_t now,
                       struct trust_list **out, struct trust_error *err) TRUST_MUST_CHECK;

#endif
