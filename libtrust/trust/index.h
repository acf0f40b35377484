/* An immutable look-up over the certificates of one source (the store, or a CTL file).
 *
 * Built on one thread, then only read, so look-ups need neither lock nor atomic. No X.509 is parsed by a
 * look-up. */
#ifndef TRUST_INDEX_H
#define TRUST_INDEX_H

#include "cert.h"
#include "list.h"
#include "role.h"

#include <stdbool.h>
#include <time.h>

/* One certificate of a source. All pointers live as long as the index. */
struct trust_entry {
    struct trust_bytes der;
    uint8_t sha256[TRUST_SHA256_SIZE];
    struct trust_bytes serial;         /* of the certificate, no sign byte */
    const char *issuer;                /* printed in CUCM's form */
    const char *issuer_canonical;      /* trust_name_canonical */
    const char *issuer_canonical_full; /* trust_name_canonical_full */
    struct trust_roles roles;          /* empty: known, but good for nothing */
    bool has_ttl;                      /* false: the configured default */
    uint32_t ttl;                      /* seconds; 0: phones ask each time */
    time_t not_after;                  /* seconds since 1970 */
};

/* Collects entries, then becomes an index. Copies everything it is given. */
struct trust_index_builder;
struct trust_index;

int trust_index_builder_new(struct trust_index_builder **out, struct trust_error *err) TRUST_MUST_CHECK;

/* The same, for what takes the place of previous (NULL: nothing): certificates that previous has already, and
 * called alike, are shared with it rather than copied. previous must live until the index is built; from then
 * on each may be freed before the other, on the thread that builds. */
int trust_index_builder_after(struct trust_index_builder **out, const struct trust_index *previous,
                              struct trust_error *err) TRUST_MUST_CHECK;
void trust_index_builder_free(struct trust_index_builder *builder);

/* The certificate of the previous index with these very bytes: its SHA-256 is known. NULL: there is none. */
const struct trust_entry *trust_index_builder_known(const struct trust_index_builder *builder,
                                                    struct trust_bytes der);

/* Add a certificate. If the same bytes are there already, the roles are merged (one certificate in several
 * records or units). Errors: TRUST_ETOOLARGE (more roles than an answer holds, more certificates than an
 * index does), TRUST_EARGUMENT (the same bytes with another SHA-256), TRUST_ENOMEM; the builder is as it was.
 */
int trust_index_add(struct trust_index_builder *builder, const struct trust_entry *entry,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* Let the certificate with those bytes, already added, be found by another spelling too: the serial number
 * and issuer that a record of a CTL carries (byte-reversed serial numbers of eTokens, the CTL client's
 * names). issuer is text, len without NUL. TRUST_ENOTFOUND: there is no such certificate. */
int trust_index_alias(struct trust_index_builder *builder, struct trust_bytes der, struct trust_bytes serial,
                      const char *issuer, size_t len, struct trust_error *err) TRUST_MUST_CHECK;

/* Add all records of a list that hold a certificate, each under its own spelling too. A record whose
 * certificate cannot be parsed: TRUST_ECERT, prefixed with its number. Hash-only and hollow records hold
 * nothing to answer with and are passed over. */
int trust_index_add_list(struct trust_index_builder *builder, const struct trust_list *list,
                         struct trust_error *err) TRUST_MUST_CHECK;

/* Build. The builder is empty afterwards and may be freed or used again; it has no previous index then. */
int trust_index_build(struct trust_index_builder *builder, struct trust_index **out,
                      struct trust_error *err) TRUST_MUST_CHECK;
void trust_index_free(struct trust_index *index);

size_t trust_index_count(const struct trust_index *index);
const struct trust_entry *trust_index_at(const struct trust_index *index, size_t i);

/* The certificate with these very bytes, or NULL. */
const struct trust_entry *trust_index_by_der(const struct trust_index *index, struct trust_bytes der);

enum trust_found {
    TRUST_FOUND_NONE,
    TRUST_FOUND_ONE,
    TRUST_FOUND_REVERSED,  /* found with the serial number's bytes reversed */
    TRUST_FOUND_AMBIGUOUS, /* several certificates fit, and no issuer equals the text with its DC components
                            */
};

/* The certificate with this serial number (compared as a number) and issuer (compared canonically, any
 * spelling). Tries the serial number as it stands, then byte-reversed. *entry is set for ONE and REVERSED,
 * else NULL. An issuer that is no name finds nothing. Allocates memory for the parsed issuer; TRUST_ENOMEM
 * comes back through err and a negative result. */
int trust_index_query(const struct trust_index *index, struct trust_bytes serial, const char *issuer,
                      size_t issuer_len, enum trust_found *found, const struct trust_entry **entry,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* Same, for a name that is parsed already: never fails. */
enum trust_found trust_index_find(const struct trust_index *index, struct trust_bytes serial,
                                  const struct trust_name *issuer, const struct trust_entry **entry);

#endif
