/* Certificate signing requests (PKCS#10), and the store's record of those whose certificate is awaited. */
#ifndef TRUST_CSR_H
#define TRUST_CSR_H

#include "key.h"
#include "store.h"

#include <time.h>

/* Make a request with the names, alternative name and key usages of request (trust/key.h); days and now are
 * not used. PEM; the caller frees *pem. */
int trust_csr_generate(const struct trust_cert_request *request, const struct trust_key *key, char **pem,
                       struct trust_error *err) TRUST_MUST_CHECK;

/* The public key (SubjectPublicKeyInfo, DER) that a request in PEM is for: what tells which certificate
 * answers it and which key file waits. The caller frees *spki. TRUST_EVALUE if it is no request. */
int trust_csr_public_key(const char *pem, uint8_t **spki, size_t *len,
                         struct trust_error *err) TRUST_MUST_CHECK;

struct trust_csr_row {
    const char *server_name; /* of the node */
    enum trust_unit unit;
    const char *request; /* PEM */
    time_t created;
};

/* Keep the request of a unit of a node, instead of one before it. */
int trust_store_set_csr(struct trust_store *store, const struct trust_csr_row *row,
                        struct trust_error *err) TRUST_MUST_CHECK;

/* Forget it. It being none is no error. */
int trust_store_drop_csr(struct trust_store *store, const char *server_name, enum trust_unit unit,
                         struct trust_error *err) TRUST_MUST_CHECK;

/* Visit them in the order of nodes, then units; each is borrowed for the call. Stops when visit returns
 * non-zero, and returns that. */
typedef int (*trust_csr_visit)(void *arg, const struct trust_csr_row *row);
int trust_store_each_csr(struct trust_store *store, trust_csr_visit visit, void *arg,
                         struct trust_error *err) TRUST_MUST_CHECK;

#endif
