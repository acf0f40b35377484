/* From YAML to values. */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config.h"

/* Read text into config (all zero before); what the text leaves out stays zero, and seen[i] says of the i-th
 * option whether it stands there. Errors as config_parse: "NAME:LINE:COLUMN: key: why; what would do". What
 * was read before an error is the caller's to clear. */
int reader_read(const char *text, size_t len, const char *name, struct config *config, bool *seen,
                struct trust_error *err) TRUST_MUST_CHECK;

#endif
