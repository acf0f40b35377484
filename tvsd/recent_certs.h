/* The certificates that were asked about last and had to be parsed. When a server's certificate changes and
 * nobody has imported it, all phones ask about the same one: to parse it costs half as much as a handshake.
 * One worker's. */
#ifndef TVSD_RECENT_CERTS_H
#define TVSD_RECENT_CERTS_H

#include "trust.h"

#define RECENT_CERTS     8
#define RECENT_CERT_SIZE 4096 /* bytes: larger ones, which no server has, are not kept */

struct recent_certs {
    struct trust_cert *certs[RECENT_CERTS]; /* NULL: none yet */
    unsigned next;                          /* whose place the next one takes */
    struct trust_cert *large;               /* the last of those that are not kept */
};

/* The certificate of these bytes, parsed now or before; borrowed until the next call. Errors: those of
 * trust_cert_from_der, err may be NULL. */
int recent_certs_get(struct recent_certs *recent, struct trust_bytes der, const struct trust_cert **cert,
                     struct trust_error *err) TRUST_MUST_CHECK;
void recent_certs_fini(struct recent_certs *recent);

#endif
