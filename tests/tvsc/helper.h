/* A TVS server for one connection, in a thread of its own, that does what a script says. */
#ifndef TESTS_TVSC_HELPER_H
#define TESTS_TVSC_HELPER_H

#include "trust.h"

enum helper_act {
    HELPER_ANSWER,        /* shake hands, read a request, send the answer */
    HELPER_ANSWER_SLOWLY, /* the same, a byte a record */
    HELPER_HALF_ANSWER,   /* the same, but half of it, then close */
    HELPER_HANG_UP,       /* shake hands, read a request, close */
    HELPER_MUTE,          /* shake hands, then nothing until the client has gone */
    HELPER_DEAF,          /* accept, then nothing until the client has gone */
    HELPER_NO_TLS,        /* speak HTTP */
};

struct helper_script {
    enum helper_act act;
    struct trust_bytes answer;
    int tls_max;         /* OpenSSL's version number; 0: any */
    const char *ciphers; /* NULL: the default */
};

struct helper_server;

/* Listen on a port of the system's choice. The certificate is CN=helper; helper_cert_path names its PEM file.
 */
struct helper_server *helper_start(const struct helper_script *script);
const char *helper_host(const struct helper_server *server);      /* "127.0.0.1:PORT" */
const char *helper_cert_path(const struct helper_server *server); /* PEM */
struct trust_bytes
helper_heard(const struct helper_server *server); /* the request, once helper_stop was called */

/* Wait for the end of the connection. */
void helper_stop(struct helper_server *server);
void helper_free(struct helper_server *server);

/* Run tvsc with these words, `--host`, `--trust` and a time-out added; what it printed is in helper_out and
 * helper_err until the next call. */
int helper_tvsc(const struct helper_server *server, const char *const *words);
extern char helper_out[8192], helper_err[2048];

/* A self-signed certificate. */
struct trust_cert *helper_cert(const char *common_name, struct trust_key **key);

#endif
