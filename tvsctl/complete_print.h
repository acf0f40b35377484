/* What fits at the end of a line that is typed elsewhere: for the completion of shells. */
#ifndef TVSCTL_COMPLETE_PRINT_H
#define TVSCTL_COMPLETE_PRINT_H

#include "run.h"

/* Print to the session's output, one a line and without quoting, what the last word of line can become; a
 * folder ends in '/'. What cannot be read is not offered, and nothing is said of it. Returns enum
 * tvsctl_exit. */
int complete_print(struct session *session, const char *line);

#endif
