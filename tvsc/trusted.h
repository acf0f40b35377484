/* Which servers may be believed: the phone's rule. */
#ifndef TVSC_TRUSTED_H
#define TVSC_TRUSTED_H

#include "trust.h"

#include <stdbool.h>

struct trusted;

/* Read a file of certificates (PEM, DER, PKCS#7) or a trust list. A list without a TVS record is refused, as
 * a phone then asks nobody. Free with trusted_free. */
int trusted_read(const char *path, struct trusted **out, struct trust_error *err) TRUST_MUST_CHECK;
void trusted_free(struct trusted *trusted);

/* Whether a server with that certificate may be asked: it is one of the file's, byte for byte; or a record
 * of the list with function TVS names it by issuer and serial number and holds it whole or by its hash. */
bool trusted_has(const struct trusted *trusted, const struct trust_cert *server);

/* The record of a list (NULL: no list, which has none) with that function that names a server by issuer and
 * serial number and holds its certificate, whole or by its hash. Borrowed; NULL if there is none. */
const struct trust_list_record *trusted_find(const struct trust_list *list, uint16_t function,
                                             const struct trust_cert *server);

#endif
