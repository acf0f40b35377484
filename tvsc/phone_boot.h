/* What a phone does when it starts: CTL, ITL, configuration, each judged by what it holds by then. */
#ifndef TVSC_PHONE_BOOT_H
#define TVSC_PHONE_BOOT_H

#include "phone.h"

/* The verdicts on the three files are set; what was accepted is held, and kept in the state folder. */
void phone_boot(struct phone *phone);

#endif
