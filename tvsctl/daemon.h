/* The client's half of tvsd's control socket: one command, the lines of its answer. */
#ifndef TVSCTL_DAEMON_H
#define TVSCTL_DAEMON_H

#include "config/config.h"
#include "config/line.h"
#include "trust.h"

struct daemon;

/* Connect to the tvsd of this configuration. TRUST_ENOTFOUND: none runs; TRUST_EDENIED: its socket may not be
 * used by who runs this. The error says where it was looked for and what to do. The caller closes *out. */
int daemon_open(const struct config *config, struct daemon **out, struct trust_error *err) TRUST_MUST_CHECK;
void daemon_close(struct daemon *daemon);

/* A line of an answer. Borrowed for the call; the values are the callee's to change. A non-zero result ends
 * the answer and is returned. */
typedef int (*daemon_each)(void *arg, const struct line_field *fields, size_t count);

/* Say "COMMAND [ARG]" and hand over the answer's lines, but for the last. each may be NULL. Once for each
 * connection. Errors: TRUST_EVALUE (tvsd refused: its reason), TRUST_ESYSTEM (it did not answer within
 * timeout_s seconds of silence, or ended), TRUST_ETRUNCATED (what came is no answer). */
int daemon_ask(struct daemon *daemon, const char *command, int timeout_s, daemon_each each, void *arg,
               struct trust_error *err) TRUST_MUST_CHECK;

#define DAEMON_TIMEOUT 10 /* for what is answered at once */

#endif
