/* The lists that were published: their rows in the store, and their files in published/. */
#ifndef TVSCTL_HISTORY_H
#define TVSCTL_HISTORY_H

#include "compose.h"

/* A list of the TFTP folder, or a file of published/, against its row. */
enum history_file {
    HISTORY_SAME,    /* byte for byte what was published */
    HISTORY_MISSING, /* it is not there */
    HISTORY_CHANGED, /* it is not what was published, or cannot be read */
};

/* Whether the bytes are those that the row tells of. */
bool history_is_of(const struct trust_publication *row, struct trust_bytes bytes);

/* Look at the file of a row. *data, if not NULL, gets its content when it is HISTORY_SAME; free() it. */
enum history_file history_look(const struct state *state, const struct trust_publication *row, uint8_t **data,
                               size_t *len);

/* The number of the last list of its kind whose file in published/ is as it was published; 0 if there is
 * none.
 */
int history_last_good(struct state *state, enum compose_kind kind, int64_t *number,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* Whether a list is, byte for byte, the one of its kind that was published last. *number is the number of
 * that one, 0 if none ever was. */
int history_is_last(struct state *state, enum compose_kind kind, const struct trust_list *list, bool *is,
                    int64_t *number, struct trust_error *err) TRUST_MUST_CHECK;

/* Check that a list of the TFTP folder is ours, so that it can be signed anew: everybody may be able to write
 * there, and what we sign, phones believe. It is the one that was published last; where none ever was, one
 * that an anchor of our node signed. list NULL: there is none. TRUST_ENOTFOUND, TRUST_ESIGNER. */
int history_check_ours(struct state *state, enum compose_kind kind, const struct trust_list *list,
                       struct trust_error *err) TRUST_MUST_CHECK;

/* The signer of a list: the certificate that it holds itself or, if it holds none of its signer (an empty
 * ITL), one of the store; its signature is checked. The caller frees *out. Errors: trust_list_verify's. */
int history_signer(struct state *state, const struct trust_list *list, struct trust_cert **out,
                   struct trust_error *err) TRUST_MUST_CHECK;

/* Check the signature of a list with its signer's certificate. Errors: history_signer's. */
int history_verify(struct state *state, const struct trust_list *list,
                   struct trust_error *err) TRUST_MUST_CHECK;

/* List number of the history, as it was published. Errors: TRUST_ENOTFOUND (no such number: names the range;
 * its file is missing), TRUST_EARGUMENT (it is of the other kind), TRUST_EMISMATCH (the file is not what was
 * published), history_verify's. *published is when. The caller frees *out with trust_list_free. */
int history_read(struct state *state, enum compose_kind kind, int64_t number, struct trust_list **out,
                 time_t *published, struct trust_error *err) TRUST_MUST_CHECK;

#endif
