/* What the run and the process with the token's module say to each other: both are the same program, so
 * structures go as they are. */
#ifndef TVSCTL_TOKEN_WIRE_H
#define TVSCTL_TOKEN_WIRE_H

#include "trust.h"

#include <stdbool.h>

enum token_op {
    TOKEN_OPEN,   /* a URI; answered with the token's info */
    TOKEN_CERT,   /* answered with the certificate */
    TOKEN_LOG_IN, /* a PIN, or nothing; answered with the info */
    TOKEN_KEY,    /* a certificate */
    TOKEN_SIGN,   /* a digest; answered with the signature */
    TOKEN_LIST,   /* a URI, or nothing: an info and certificates for each token, TOKEN_PART each, then the end
                   */
};

struct token_request {
    enum token_op op;
    enum trust_digest digest;
    uint32_t len; /* bytes that follow */
};

/* TOKEN_LOADING and TOKEN_PART come before the answer proper. */
enum token_kind { TOKEN_ANSWER, TOKEN_LOADING, TOKEN_PART_INFO, TOKEN_PART_CERT };

struct token_reply {
    enum token_kind kind;
    int code;
    uint32_t len;
    struct trust_error err;
};

#define TOKEN_BYTES_MAX (1024 * 1024)

/* Write or read all of it. false: the other side is gone. */
bool token_wire_write(int fd, const void *data, size_t len);
bool token_wire_read(int fd, void *data, size_t len);

/* Serve requests until the other side is gone; then the token is closed. Never returns. */
_Noreturn void token_server_run(int fd);

#endif
