/* A small site in a temporary folder: state folder with a store, TFTP folder, signers and lists. All of these
 * fail the test rather than return an error. */
#ifndef TESTS_TVSD_HELPER_SITE_H
#define TESTS_TVSD_HELPER_SITE_H

#include "config/config.h"
#include "trust.h"

struct site {
    char *root;
    char state[200], tftp[220], published[220], store_path[220], ctl_path[240];
    struct config *config;
    struct trust_store *store; /* for writing */
};

/* Somebody with a certificate and a key. */
struct person {
    struct trust_cert *cert;
    struct trust_key *key;
    struct trust_signer *signer;
};

void site_init(struct site *site);
void site_fini(struct site *site);

/* A further configuration of the site, with lines of YAML added. */
struct config *site_config(const struct site *site, const char *more);

void person_init(struct person *person, const char *name);
void person_fini(struct person *person);

/* Make the person's certificate that of an own unit, and save its key. */
void site_set_own(struct site *site, enum trust_unit unit, const struct person *person);
void site_add_trust(struct site *site, enum trust_unit unit, const struct person *person);

/* Remove the store with its log files; site->store is NULL after that. */
void site_remove_store(struct site *site);

/* A list signed by `signer` with a record each, function 0, for `holds` (NULL: none) and `also` (NULL: none).
 */
struct trust_list *site_list(const char *filename, const struct person *signer, const struct person *holds,
                             const struct person *also);

/* Write bytes beside path and rename them over it, as careful programs do. */
void put_file(const char *path, struct trust_bytes bytes);
void put_list(const char *path, const char *filename, const struct person *signer, const struct person *holds,
              const struct person *also);

#endif
