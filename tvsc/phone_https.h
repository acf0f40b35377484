/* A phone as client of HTTPS servers: directories, services. */
#ifndef TVSC_PHONE_HTTPS_H
#define TVSC_PHONE_HTTPS_H

#include "phone.h"

/* Connect to each server of the plan and judge its certificate: the whole of it, or its hash, with the role
 * APP-SERVER in CTL, ITL, the remembered answers, then by a TVS server. The verdicts are set. No request is
 * sent. */
void phone_https(struct phone *phone);

#endif
