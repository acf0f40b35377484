/* What an answer that is "no" means to the phone, for the line that says why. */
#ifndef TVSD_ANSWER_REFUSAL_H
#define TVSD_ANSWER_REFUSAL_H

#include "peer.h"
#include "request.h"

/* Any worker: note it (refusals.h); nothing for an answer that is "yes". serial: in hexadecimal digits. */
void answer_refusal_note(const struct peer *peer, const struct trust_request *request,
                         const struct request_answer *answer, const char *serial);

#endif
