/* What a connection needs to be served, and nothing of the daemon around it: a snapshot made by hand, a loop,
 * a log that can be read. All of these fail the test rather than return an error. */
#ifndef TESTS_TVSD_HELPER_BENCH_H
#define TESTS_TVSD_HELPER_BENCH_H

#include "helper_phone.h"
#include "tvsd/conn.h"
#include "tvsd/snapshot.h"

/* A certificate and its key. */
struct server_key {
    struct trust_key *key;
    struct trust_cert *cert;
};
void server_key_make(struct server_key *server, const char *spec, const char *name, enum trust_digest digest);
void server_key_fini(struct server_key *server);

/* One of tests/data/certs. Free with trust_cert_free. */
struct trust_cert *cert_read(const char *name);

/* What one source holds: certificates with roles, given as text of codes below 10 ("02"; "" is none). */
struct held {
    const struct trust_cert *cert;
    const char *roles;
    uint32_t ttl;
};
struct trust_index *index_make(const struct held *held, size_t count);

/* A configuration from lines of YAML. */
struct config *config_make(const char *yaml);

struct bench {
    struct config *config;
    struct snapshot snapshot;
    struct conn_host host;
    struct event *tick;
    char *folder, *log_path, *log;
};

/* server is borrowed; so are the indexes, NULL being an empty one. yaml: lines of configuration. */
void bench_init(struct bench *bench, const char *yaml, const struct server_key *server,
                const struct trust_index *store, const struct trust_index *ctl);
void bench_fini(struct bench *bench);

/* Connect a phone; options may be NULL. */
void bench_connect(struct bench *bench, struct phone *phone, const struct phone_options *options);

/* Same, without options, as if it came from port 1024 of an IPv4 address. */
void bench_connect_from(struct bench *bench, struct phone *phone, const char *address);

/* One turn: the loop until something happened or a millisecond went by, then the phone (may be NULL). Fails
 * the test when that goes on for too long; bench_begin starts that clock again. */
void bench_begin(void);
void bench_turn(struct bench *bench, struct phone *phone);

#define BENCH_UNTIL(bench, phone, condition)                                                                 \
    do {                                                                                                     \
        bench_begin();                                                                                       \
        while (!(condition))                                                                                 \
            bench_turn(bench, phone);                                                                        \
    } while (0)

/* The log so far, as text. */
const char *bench_log(struct bench *bench);
#define BENCH_LOGGED(bench, text)                                                                            \
    ck_assert_msg(strstr(bench_log(bench), text) != NULL, "the log lacks: %s\n%s", text, bench_log(bench))
#define BENCH_NOT_LOGGED(bench, text)                                                                        \
    ck_assert_msg(strstr(bench_log(bench), text) == NULL, "the log holds: %s\n%s", text, bench_log(bench))

/* How often text stands in the log. */
size_t bench_logged(struct bench *bench, const char *text);

#endif
