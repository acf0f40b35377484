/* A bench with certificates that are known and unknown, requests about them, and a phone that asks. */
#ifndef TESTS_TVSD_HELPER_SCENE_H
#define TESTS_TVSD_HELPER_SCENE_H

#include "helper_bench.h"

#include <check.h>

/* The server's identity (RSA-2048); pub is held by the store with roles 0 and 2, apache without any, etoken
 * by the CTL with role 0. A verify (session 0x3e9) and a query (0x3ea) for pub. */
extern struct server_key server;
extern struct trust_cert *pub, *apache, *etoken;
extern struct trust_index *store, *ctl;
extern struct trust_bytes verify, query;

/* An unchecked fixture. */
void scene_set_up(void);
void scene_tear_down(void);

/* A bench and a phone that is connected; with its handshake done. */
void begin(struct bench *bench, struct phone *phone, const char *yaml, const struct phone_options *options);
void begin_shaken(struct bench *bench, struct phone *phone, const char *yaml,
                  const struct phone_options *options);
void finish(struct bench *bench, struct phone *phone);

/* Wait until the only connection has ended, for this reason, which counters and log give. phone may be NULL.
 */
void expect_end(struct bench *bench, struct phone *phone, enum conn_end end);

/* Wait for an answer, which is to carry this session. */
struct trust_response expect_answer(struct bench *bench, struct phone *phone, uint32_t session);

/* `count` copies of a request with the sessions first, first + 1, … Free with free(). */
struct trust_bytes many(struct trust_bytes request, uint32_t first, size_t count);

#endif
