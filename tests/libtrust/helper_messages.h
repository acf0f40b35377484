/* What must hold of every message that was decoded. Both fail the test rather than return an error. */
#ifndef TESTS_LIBTRUST_HELPER_MESSAGES_H
#define TESTS_LIBTRUST_HELPER_MESSAGES_H

#include "trust.h"

/* Encoded and decoded again it is the same, if it can be used. */
void helper_request_again(const struct trust_request *request);
void helper_answer_again(const struct trust_response *answer);

#endif
