/* Certificates of roll-outs: who a list names, as far as anybody still knows. */
#ifndef TVSCTL_ROLLOUT_SUBJECT_H
#define TVSCTL_ROLLOUT_SUBJECT_H

#include "state.h"

/* A certificate that a list names: as the store knows it or, if it does not, as the list writes it. */
struct rollout_subject {
    struct trust_cert *cert; /* NULL: the list holds another hash of it alone */
    bool is_stored;
    uint32_t units;
    char server_name[TRUST_NODE_NAME_SIZE];
    char *name, *issuer, *serial;
};

/* All certificates of the store, read once: lists and records are many. */
struct rollout_certs {
    struct rollout_cert {
        struct trust_cert *cert;
        uint32_t units;
        bool is_retired;
        char server_name[TRUST_NODE_NAME_SIZE];
    } * items;
    size_t count;
};
int rollout_certs_read(struct trust_store *store, struct rollout_certs *certs,
                       struct trust_error *err) TRUST_MUST_CHECK;
void rollout_certs_fini(struct rollout_certs *certs);

/* Of a record that has a certificate or its hash; of who signed a list. Free with rollout_subject_fini, after
 * a failure too. */
int rollout_subject_of_record(const struct rollout_certs *certs, const struct trust_list_record *record,
                              struct rollout_subject *subject, struct trust_error *err) TRUST_MUST_CHECK;
int rollout_subject_of_signer(struct state *state, const struct rollout_certs *certs,
                              const struct trust_list *list, struct rollout_subject *subject,
                              struct trust_error *err) TRUST_MUST_CHECK;
void rollout_subject_fini(struct rollout_subject *subject);

/* The first own unit of a set; 0 if there is none. */
int rollout_own_unit(uint32_t units);

/* The list with this record alone, which it borrows. */
struct trust_list rollout_only(const struct trust_list_record *record);

/* Whether a list holds the certificate of that SHA-256, or is signed by it. */
int rollout_still_matters(const struct rollout_certs *certs, const struct trust_list *list,
                          const uint8_t sha256[TRUST_SHA256_SIZE], bool *does,
                          struct trust_error *err) TRUST_MUST_CHECK;

/* Whether a unit has the certificate of that SHA-256 still: it was neither replaced nor deleted. */
bool rollout_is_in_force(const struct rollout_certs *certs, int unit,
                         const uint8_t sha256[TRUST_SHA256_SIZE]);

#endif
