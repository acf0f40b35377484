/* A phone as client of TVS servers: whom it may ask, in which order, and what it makes of the answer. */
#ifndef TVSC_PHONE_TVS_H
#define TVSC_PHONE_TVS_H

#include "phone.h"

/* "Get signer": ask for the certificate that signed a file, in the spelling of the file's own header. *out,
 * which the caller frees, is what the header names and may sign. false: *out is NULL, and the verdict says
 * why. The answer is remembered. */
bool phone_tvs_signer(struct phone *phone, const struct trust_list *file, struct trust_cert **out,
                      struct phone_verdict *verdict);

/* "Validate cert": ask whether a server's certificate is trusted for that role. The verdict is set. */
bool phone_tvs_peer(struct phone *phone, const struct trust_cert *peer, uint8_t role,
                    struct phone_verdict *verdict);

#endif
