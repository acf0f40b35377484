/* Is a signed file to be believed? The signer is looked up by issuer and serial number in CTL, ITL,
 * remembered answers, and at a TVS server, in this order; the first that is found decides. */
#ifndef TVSC_PHONE_SIGNER_H
#define TVSC_PHONE_SIGNER_H

#include "phone.h"

enum phone_file { PHONE_FILE_LIST, PHONE_FILE_CONFIG };

/* Judge a file by what the phone holds now. The verdict is set: "accepted" and by what, or "refused". */
bool phone_signer_judge(struct phone *phone, const struct trust_list *file, enum phone_file kind,
                        struct phone_verdict *verdict);

#endif
