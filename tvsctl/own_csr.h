/* Requests for certificates of own units: each with a key of its own, which waits in the folder of keys. */
#ifndef TVSCTL_OWN_CSR_H
#define TVSCTL_OWN_CSR_H

#include "own_cert.h"

/* The request of a unit of a node, PEM; NULL if none waits. The caller frees *pem. created may be NULL. */
int own_csr_find(struct state *state, const char *node, enum trust_unit unit, char **pem, time_t *created,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* Make a key and a request, instead of one that waited. */
int own_csr_make(struct change *change, const struct own_cert_request *request,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* Forget the request of a unit of a node, if there is one; its key goes, unless a certificate has it.
 * *dropped may be NULL. */
int own_csr_drop(struct change *change, const char *node, enum trust_unit unit, bool *dropped,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* Forget it if this certificate answers it: its key has found its certificate. */
int own_csr_answer(struct change *change, const struct own_cert_request *request,
                   const struct trust_cert *cert, struct trust_error *err) TRUST_MUST_CHECK;

#endif
