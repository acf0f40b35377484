/* Certificates of own units, made here. */
#ifndef TVSCTL_OWN_CERT_H
#define TVSCTL_OWN_CERT_H

#include "state.h"
#include "tvsctl.h"

struct own_cert_request {
    enum trust_unit unit;
    const char *node;
    const char *address;  /* IPv4 of the node; "": unknown */
    const char *key_spec; /* NULL: what the unit and the configuration say */
    int days;
    time_t now;
};

/* The request that the configuration makes of a unit of our own node. */
struct own_cert_request own_cert_request(const struct tvsctl *ctl, enum trust_unit unit);

/* Whether the unit can work with such a key; if not, why (a sentence). NULL if it can. Static storage. */
const char *own_cert_key_objection(enum trust_unit unit, enum trust_key_type type);

/* Make key and self-signed certificate; the key is on disk before the store names the certificate, and goes
 * again if the store will not. *out, if not NULL, is the caller's to free. */
int own_cert_make(struct state *state, const struct own_cert_request *request, struct trust_cert **out,
                  struct trust_error *err) TRUST_MUST_CHECK;

/* Put a certificate and its key in force in the same order. */
int own_cert_install(struct state *state, const struct own_cert_request *request,
                     const struct trust_cert *cert, const struct trust_key *key,
                     struct trust_error *err) TRUST_MUST_CHECK;

#endif
