/* One request and its answer, over a connection of its own as a phone makes it. */
#ifndef TVSC_EXCHANGE_H
#define TVSC_EXCHANGE_H

#include "net.h"
#include "options.h"
#include "tls.h"
#include "trusted.h"

struct exchange {
    char server[272]; /* who answered, "HOST:PORT" */
    char protocol[16], cipher[64];
    uint8_t *frame; /* the answer as it came */
    size_t frame_len;
    struct trust_response response; /* points into frame */
};

/* Whom to ask. */
struct exchange_server {
    struct net_target target;
    struct tls_settings tls;
    int64_t timeout_ms; /* for connection, handshake and answer together */
    /* Whether the server's certificate is to be believed: 0, or an error that ends the exchange before
     * anything is sent. who is the server as errors name it. */
    int (*check)(void *context, const struct trust_cert *peer, const char *who, struct trust_error *err);
    void *context;
};

/* Connect, check the server's certificate, send the bytes and read one answer, all before the time is over.
 * expected and out as exchange_run says. */
int exchange_with(const struct exchange_server *server, struct trust_bytes bytes,
                  const struct trust_request *expected, struct exchange *out,
                  struct trust_error *err) TRUST_MUST_CHECK;

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
