/* The server's identity on the wire: this node's TVS certificate of the store, and its key; beside them its
 * TVS-ECDSA certificate, once all phones have it in their lists. Main thread. */
#ifndef TVSD_IDENTITY_H
#define TVSD_IDENTITY_H

#include "config/config.h"
#include "trust.h"

#define IDENTITY_KEYS "keys" /* folder inside the state folder */

struct identity {
    struct trust_cert *cert;
    struct trust_key *key;
    struct trust_cert *ecdsa; /* NULL: nobody is shown one; the reason is in why */
    struct trust_key *ecdsa_key;
    /* Why the TVS-ECDSA certificate that there is cannot be shown. Code 0: it can, or there is none;
     * TRUST_ESIGNER: phones may not have it yet. */
    struct trust_error why;
};

/* Our certificate alone, under the name that the node has now: the configuration may still say a former one.
 * The caller frees *out. TRUST_ENOTFOUND. */
int identity_cert(const struct config *config, struct trust_store *store, struct trust_cert **out,
                  struct trust_error *err) TRUST_MUST_CHECK;

/* The certificates alone, without their keys. Errors: identity_cert's. */
int identity_look(const struct config *config, const char *config_path, struct trust_store *store,
                  struct identity *out, struct trust_error *err) TRUST_MUST_CHECK;

/* Load all. What is wrong with TVS-ECDSA is no error: why says it. config_path (NULL: the default) goes into
 * the phrase that the errors tell to run. Errors: TRUST_ENOTFOUND (no certificate, or no key for it),
 * trust_key_load's and the store's; they say what to do.
 */
int identity_load(const struct config *config, const char *config_path, struct trust_store *store,
                  struct identity *out, struct trust_error *err) TRUST_MUST_CHECK;
/* Say which certificate phones are shown: they look for it in their lists. */
void identity_say(const struct trust_cert *cert);
/* Say that TVS-ECDSA is shown from now on, that it no longer is, or why it is not. */
void identity_say_ecdsa(const struct trust_cert *cert);
void identity_say_ecdsa_ended(const struct trust_cert *cert);
void identity_say_ecdsa_waits(const struct trust_error *why);

void identity_fini(struct identity *identity);

#endif
