/* The lists that were published here last: STATE/published/NNNNNN-CTLFile.tlv and NNNNNN-ITLFile.tlv. */
#ifndef CONFIG_CTL_PUBLISHED_H
#define CONFIG_CTL_PUBLISHED_H

#include "trust.h"

#define CTL_PUBLISHED_MAX 8

struct ctl_published {
    char *paths[CTL_PUBLISHED_MAX];
    size_t count;
};

/* The paths of the last so many CTLs, newest first, then of the last so many ITLs; there may be fewer. A
 * folder that is not there, or may not be read, has none. TRUST_ENOMEM, TRUST_ESYSTEM. *out is to be freed in
 * any case. */
int ctl_published_last(const char *folder, size_t ctls, size_t itls, struct ctl_published *out,
                       struct trust_error *err) TRUST_MUST_CHECK;

/* Those whose signers may sign a CTL that lies in the TFTP folder, though the store does not vouch for them.
 *
 * Not everybody who ever signed a list here: the key of a signer who was replaced years ago, or a token that
 * was lost, would count for ever. The last CTL may be the one that lies in the TFTP folder, made by a token,
 * or restored, so that the store does not know its signer. The one before it may still lie there if whoever
 * published the last one died before it got its name, or while a restore puts several lists at their places
 * one by one; hence the last four. The last two ITLs show who signs now, in a cluster that goes into mixed
 * mode. All others must be vouched for by the store, which keeps replaced signers as long as
 * a list of theirs is in use. */
int ctl_published_vouching(const char *folder, struct ctl_published *out,
                           struct trust_error *err) TRUST_MUST_CHECK;
void ctl_published_fini(struct ctl_published *published);

#endif
