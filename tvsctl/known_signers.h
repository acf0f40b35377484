/* By whom a trust list or a signed configuration file may be signed, and whether one is: the certificates
 * with a role that signs, of the store and of the lists that phones find in the TFTP folder, and, of trust
 * lists, those who signed one that was published here before. */
#ifndef TVSCTL_KNOWN_SIGNERS_H
#define TVSCTL_KNOWN_SIGNERS_H

#include "tvsctl.h"

struct known_signer {
    struct trust_cert *cert;
    bool in_ctl, in_itl, in_store;
    bool vouched_for;      /* signed one of the last lists in published/: its CTL counts */
    bool signed_published; /* a list in published/; this alone makes it a signer of trust lists only */
    bool is_present;       /* CallManager or ITLRecovery of our node, in force */
    bool signs_lists;      /* SAST or CCM+TFTP; whoever is here signs configuration files */
};

struct known_signers {
    struct known_signer *items;
    size_t count;
    bool store_was_read;
};

/* Read them. As the daemon has it, a list counts only if the store vouches for its own signer, or it signed
 * one of the last published lists (or trust_lists.require_trusted_signer is off), since others may write into
 * the folder; one that does not count is named in a warning. No store is no error. Other errors: the store's.
 * Free with known_signers_free, after a failure too. */
int known_signers_read(struct tvsctl *ctl, struct known_signers *known,
                       struct trust_error *err) TRUST_MUST_CHECK;
void known_signers_free(struct known_signers *known);

/* The signer of a file, whose signature it verifies; NULL: *err says why there is none. is_list: a trust
 * list, not a configuration file. Borrowed. */
const struct known_signer *known_signers_find(const struct known_signers *known,
                                              const struct trust_list *file, bool is_list,
                                              struct trust_error *err);

/* Whether it only signed a list that was published here before. */
bool known_signers_is_former(const struct known_signer *signer);

/* A file that is signed, read by its content: a trust list if its name or the name in its header ends in
 * .tlv, else a signed configuration file. The caller frees *out with trust_list_free. Errors:
 * trust_list_parse's. */
int known_signers_parse(const char *name, struct trust_bytes bytes, struct trust_list **out, bool *is_list,
                        struct trust_error *err) TRUST_MUST_CHECK;

/* "CTL", "ITL" or "signed configuration". Static storage. */
const char *known_signers_kind(const struct trust_list *file, bool is_list);

/* Whether a name ends so, case ignored, with something in front. */
bool known_signers_ends(const char *name, const char *ending);

#endif
