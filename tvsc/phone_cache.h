/* A phone's memory of what TVS servers answered: certificates with their roles, each until its time is over.
 */
#ifndef TVSC_PHONE_CACHE_H
#define TVSC_PHONE_CACHE_H

#include "trust.h"

#include <time.h>

#define PHONE_CACHE_MAX 64 /* answers; a further one takes the place of the one that ends first */

struct phone_cache_entry {
    struct trust_cert *cert;
    struct trust_roles roles;
    time_t expires; /* the first second in which it does not count any more */
};

struct phone_cache {
    struct phone_cache_entry entries[PHONE_CACHE_MAX];
    size_t count;
    bool changed; /* since it was read */
};

/* Zero-initialised it is empty. Forgets everything. */
void phone_cache_flush(struct phone_cache *cache);

/* Remember a certificate (a reference of its own) for ttl seconds from now. One that is there already is
 * replaced. */
void phone_cache_add(struct phone_cache *cache, struct trust_cert *cert, const struct trust_roles *roles,
                     uint32_t ttl, time_t now);

/* The entry that still counts: whose certificate the file's header names as signer and which has a role that
 * signs files; or which is that very certificate and has that role. Borrowed until the next call that
 * changes the cache; NULL if there is none. */
const struct phone_cache_entry *phone_cache_signer(const struct phone_cache *cache,
                                                   const struct trust_list *file, time_t now);
const struct phone_cache_entry *phone_cache_peer(const struct phone_cache *cache,
                                                 const struct trust_cert *peer, uint8_t role, time_t now);

/* Whether an answer with these roles lets its certificate sign lists and files: 0, 2 or 3. */
bool phone_roles_sign(const struct trust_roles *roles);

/* As text, a line an answer: seconds since 1970 at which it ends, roles, DER in hex. The caller frees *out.
 * Reading replaces what was there; errors: TRUST_EVALUE, TRUST_ECERT. */
int phone_cache_write(const struct phone_cache *cache, char **out, struct trust_error *err) TRUST_MUST_CHECK;
int phone_cache_read(struct phone_cache *cache, const char *text, struct trust_error *err) TRUST_MUST_CHECK;

#endif
