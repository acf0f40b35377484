/* The command line: one table of options, from which come the parser, its messages and the help. */
#ifndef TVSC_OPTIONS_H
#define TVSC_OPTIONS_H

#include "trust.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum options_command {
    OPTIONS_VERIFY,
    OPTIONS_QUERY,
    OPTIONS_SEND,
    OPTIONS_PHONE,
    OPTIONS_BENCH,
    OPTIONS_HELP,
    OPTIONS_VERSION
};

/* An option that may stand there several times. */
#define OPTIONS_LIST_MAX 8
struct options_list {
    const char *value[OPTIONS_LIST_MAX];
    unsigned count;
};

enum options_tls {
    OPTIONS_TLS_ANY,
    OPTIONS_TLS_1_0,
    OPTIONS_TLS_1_1,
    OPTIONS_TLS_1_2,
    OPTIONS_TLS_1_3,
    OPTIONS_TLS_1_0_TO_1_2
};

/* Texts point into argv, or are NULL if not given. */
struct options {
    enum options_command command;
    const char *operand; /* the certificate of verify, the file of send, the certificates of bench */
    const char *host;    /* never NULL */
    const char *trust;   /* never NULL but for phone */
    const char *device;  /* never NULL */
    const char *ciphers;
    const char *serial, *issuer, *subject;
    const char *file;
    const char *save;
    int tls; /* enum options_tls */
    int64_t timeout_ms;
    bool json;
    const char *tftp; /* never NULL for phone */
    const char *state, *family, *mac, *now;
    struct options_list tvs, https;
    int64_t tvs_timeout_ms;
    unsigned count, at_once; /* at least 1 */
    bool fresh, verbose;
    unsigned connections, rate;                             /* of bench; 0: not given */
    unsigned requests, batch, whole_every, phones, threads; /* at least 1 */
    int64_t for_ms;                                         /* 0: not given */
    const char *resume, *from;
    struct options_list pid;
    bool burst, hold, handshakes, by_name;
};

/* Parse the whole command line. Anything that makes no sense, or is missing, is TRUST_EARGUMENT. */
int options_parse(int argc, char **argv, struct options *out, struct trust_error *err) TRUST_MUST_CHECK;

void options_help(FILE *out);

/* A text as bytes without its NUL; NULL gives none. */
struct trust_bytes options_bytes(const char *text);

/* "500ms", "10s", "2m": 1 ms to 1 hour. */
bool options_duration(const char *text, int64_t *ms);

#endif
