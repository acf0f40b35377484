/* A phone as a line (config/phone.h): for the control socket and the file of phones. */
#ifndef TVSD_PHONE_LINE_H
#define TVSD_PHONE_LINE_H

#include "config/phone.h"

#include <stddef.h>

/* Into PHONE_LINE_MAX - 1 bytes at most, newline included. Returns its length. */
size_t phone_line(const struct phone *phone, char out[static PHONE_LINE_MAX]);

#endif
