/* CTLFile.tlv: is it to be believed? It lies in a TFTP root, where others may write, so a signature that
 * verifies is not enough: the signer must be one whom the store vouches for, or who signed one of the last
 * lists that were published here. Main thread. */
#ifndef TVSD_CTL_FILE_H
#define TVSD_CTL_FILE_H

#include "trust.h"

#include <stdbool.h>

#define CTL_FILE_NAME      "CTLFile.tlv" /* in the TFTP folder */
#define CTL_FILE_GOOD      "ctl.good"    /* in the state folder: the last CTL that was believed */
#define CTL_FILE_PUBLISHED "published"   /* in the state folder: NNNNNN-CTLFile.tlv, NNNNNN-ITLFile.tlv */

/* Who may sign. All borrowed. */
struct ctl_rule {
    struct trust_store *store;
    const char *published; /* folder of the lists that were published here */
    bool any_signer;       /* trust_lists.require_trusted_signer is off: the signature alone decides */
};

/* A CTL that is believed. */
struct ctl_file {
    struct trust_list *list;
    struct trust_cert *signer;
    struct trust_index *index;
};

/* Read and parse a list, no more. Errors: trust_file_read's and trust_list_parse's. */
int ctl_file_read(const char *path, struct trust_list **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Read, parse, verify, and ask whether the signer is known. Errors: TRUST_ENOTFOUND (no such file),
 * trust_file_read's and trust_list_parse's, TRUST_ETYPE (an ITL in its place), TRUST_ESIGNATURE,
 * TRUST_ESIGNER (a stranger, or nobody here has the signer's certificate), TRUST_ECERT (a record's), and the
 * store's. ctl is zeroed on failure; the caller frees it with ctl_file_fini. */
int ctl_file_load(const char *path, const struct ctl_rule *rule, struct ctl_file *ctl,
                  struct trust_error *err) TRUST_MUST_CHECK;
void ctl_file_fini(struct ctl_file *ctl);

/* Whether that error says nothing of the CTL, only that it could not be judged now: no memory or descriptors,
 * no store. */
bool ctl_file_is_trouble(int code);

/* Judge a CTL that was believed before once more, without its file: ctl becomes another of the same content.
 * Errors as above. */
int ctl_file_judge(const struct ctl_file *before, const struct ctl_rule *rule, struct ctl_file *ctl,
                   struct trust_error *err) TRUST_MUST_CHECK;

/* Keep a CTL that is believed at path, for a start at which the file in the TFTP folder is bad. Nothing is
 * written if these bytes stand there already. */
int ctl_file_keep(const char *path, const struct ctl_file *ctl, struct trust_error *err) TRUST_MUST_CHECK;

#endif
