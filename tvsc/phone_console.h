/* The lines of a phone's console: "837: NOT 09:13:17.561856 SECD: …", numbered, by the phone's clock. */
#ifndef TVSC_PHONE_CONSOLE_H
#define TVSC_PHONE_CONSOLE_H

#include "trust.h"

#include <stdio.h>

struct phone_console {
    FILE *out;     /* NULL: quiet */
    int64_t ahead; /* seconds that the phone's clock is ahead of ours */
    unsigned line;
};

/* One line by a task of the phone (SECD, TFTP), as a notice or as an error. Bytes that came from elsewhere
 * and are no printable ASCII come out as \xNN. */
void phone_notice(struct phone_console *console, const char *task, const char *format, ...)
    TRUST_PRINTF(3, 4);
void phone_fault(struct phone_console *console, const char *task, const char *format, ...) TRUST_PRINTF(3, 4);

#endif
