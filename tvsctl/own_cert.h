/* Certificates of own units, made here.
 *
 * All belong to a node but ITLRecovery, of which a cluster has one: it stands under the name of the node that
 * made it, and every node that works on the same state folder finds and uses it. Were it each node's own,
 * lists that one node and the other sign would have different second anchors, and phones that went from one
 * to the other would lose theirs. For the same reason it outlives its node's name and, if its key is here,
 * its node. */
#ifndef TVSCTL_OWN_CERT_H
#define TVSCTL_OWN_CERT_H

#include "change.h"

struct own_cert_request {
    enum trust_unit unit;
    struct trust_node node; /* whose it is; borrowed */
    const char *key_spec;   /* NULL: what the unit and the configuration say */
    int days;
};

/* The request that the configuration makes of a unit of our own node. Valid as long as state. */
struct own_cert_request own_cert_request(const struct state *state, enum trust_unit unit);

/* The name, alternative name and so on of such a certificate. *common_name is the caller's to free() when the
 * spec is no longer needed. */
int own_cert_spec(const struct state *state, const struct own_cert_request *request, time_t now,
                  struct trust_cert_request *spec, char **common_name,
                  struct trust_error *err) TRUST_MUST_CHECK;

/* A new key as the request says. The caller frees *out. Errors: TRUST_EUNSUPPORTED (the unit cannot work with
 * it). */
int own_cert_new_key(const struct state *state, const struct own_cert_request *request,
                     struct trust_key **out, struct trust_error *err) TRUST_MUST_CHECK;

/* Whether the unit can work with such a key; if not, why (a sentence). NULL if it can. Static storage. */
const char *own_cert_key_objection(enum trust_unit unit, enum trust_key_type type);
/* Likewise with the key of this certificate; its size counts, too. */
const char *own_cert_objection(enum trust_unit unit, const struct trust_cert *cert);

/* Make key and self-signed certificate, and put them in force when the step is decided. *out, if not NULL, is
 * the caller's to free. */
int own_cert_make(struct change *change, const struct own_cert_request *request, struct trust_cert **out,
                  struct trust_error *err) TRUST_MUST_CHECK;

/* Put a certificate in force for its unit. key NULL: another node has it, or it is in the folder of keys. The
 * request that waited for it is dropped; one for another key goes on waiting. The key of the certificate
 * before it goes as own_cert_drop_key says. */
int own_cert_install(struct change *change, const struct own_cert_request *request,
                     const struct trust_cert *cert, const struct trust_key *key,
                     struct trust_error *err) TRUST_MUST_CHECK;

/* Take a certificate that is in force out of its unit: it becomes retired. Its key goes as own_cert_drop_key
 * says. */
int own_cert_remove(struct change *change, enum trust_unit unit, const struct trust_cert *cert,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* The key of a certificate that left a unit goes when the step is decided, if the unit signs nothing and no
 * certificate in force has it. Keys that signed lists stay: phones that missed the change can be won back
 * with them alone. */
int own_cert_drop_key(struct change *change, enum trust_unit unit, const struct trust_cert *cert,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* Whether a certificate that is in some unit has this public key (SubjectPublicKeyInfo). */
int own_cert_key_in_use(struct state *state, struct trust_bytes spki, bool *in_use,
                        struct trust_error *err) TRUST_MUST_CHECK;

/* --key of the operator, if it was given, into the request: TVSCTL_DONE, or said why it would not do. */
int own_cert_take_key(struct tvsctl *ctl, struct own_cert_request *request);

#endif
