/* The file in which tvsd keeps the phones that it knows over a restart, and which tvsctl reads when no tvsd
 * runs: a head, a line a phone (phone.h), a foot. */
#ifndef CONFIG_PHONE_FILE_H
#define CONFIG_PHONE_FILE_H

#include "phone.h"
#include "trust.h"

#include <time.h>

#define PHONE_FILE      "phones"            /* in the state folder */
#define PHONE_FILE_HEAD "phones=1 written=" /* the version of the format, seconds since 1970 */
#define PHONE_FILE_FOOT "done phones="

/* Hand over the phones of the file. *as_of: when it was written, 0 if that is not known. Errors:
 * TRUST_ENOTFOUND (there is none), TRUST_EDENIED, TRUST_ESYSTEM, TRUST_EVALUE (damaged: names the line; the
 * phones before it were handed over). A non-zero result of take ends it and is returned. */
typedef int (*phone_take)(void *arg, const struct phone *phone);
int phone_file_read(const char *path, phone_take take, void *arg, time_t *as_of,
                    struct trust_error *err) TRUST_MUST_CHECK;

#endif
