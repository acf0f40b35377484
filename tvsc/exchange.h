/* One request and its answer, over a connection of its own as a phone makes it. */
#ifndef TVSC_EXCHANGE_H
#define TVSC_EXCHANGE_H

#include "options.h"
#include "trusted.h"

struct exchange {
    char server[272]; /* who answered, "HOST:PORT" */
    char protocol[16], cipher[64];
    uint8_t *frame; /* the answer as it came */
    size_t frame_len;
    struct trust_response response; /* points into frame */
};

/* Connect to options->host, check that its certificate is to be believed, send the bytes and read one answer,
 * all before options->timeout_ms is over. Any failure means that there is no answer to go by. expected (NULL:
 * any answer will do) is the request that the answer must belong to, by type and session. Free with
 * exchange_fini, also after a failure. */
int exchange_run(const struct options *options, const struct trusted *trusted, struct trust_bytes bytes,
                 const struct trust_request *expected, struct exchange *out,
                 struct trust_error *err) TRUST_MUST_CHECK;
void exchange_fini(struct exchange *exchange);

/* Whether host, versions and cipher suites make sense, before anything is sent. */
int exchange_check(const struct options *options, struct trust_error *err) TRUST_MUST_CHECK;

#endif
