/* The lines that CUCM's own service writes into its traces, for those who read and scrape them. Nothing
 * happens unless the log's format is `trace` and its level `debug`. */
#ifndef TVSD_TRACE_H
#define TVSD_TRACE_H

#include "request.h"
#include "trust.h"

/* session: the number of a connection, which is one more than were accepted by then, itself included. */
void trace_accept(int listener, int fd, unsigned session, const char *address);
void trace_handshake(const char *address, const char *cipher);
void trace_request(const struct trust_request *request);
void trace_answer(const struct trust_request *request, const struct request_answer *answer, unsigned session);

#endif
