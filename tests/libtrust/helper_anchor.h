/* Cases of tests/data/anchor/NAME.txt: what a phone holds, what it finds, how it fares.
 * tests/data/anchor/README has their grammar. Everything here fails the test rather than return an error. */
#ifndef TESTS_LIBTRUST_HELPER_ANCHOR_H
#define TESTS_LIBTRUST_HELPER_ANCHOR_H

#include "trust.h"

struct helper_anchor_case {
    const char *file;
    int line; /* of the case's name */
    char name[128];
    const struct trust_family *family;
    struct trust_held held;
    struct trust_cached cache[4];
    struct trust_site site;
    struct trust_server servers[6];
    struct trust_candidate candidates[4];
    char phrases[4][64];
    time_t now;
    char expect[256], warnings[64];
};

/* Certificates, lists and indexes live as long as this. */
struct helper_anchor;
struct helper_anchor *helper_anchor_open(const char *data_name);
void helper_anchor_close(struct helper_anchor *cases);

/* The next case, or NULL. after is what the phone of the case before holds, for `held: after`. Its signed
 * configurations are given by signer and digest, or (as_files) as files. */
struct helper_anchor_case *helper_anchor_next(struct helper_anchor *cases, const struct trust_held *after,
                                              bool as_files);

/* What became of a case, in the words of its `expect` line. */
void helper_anchor_describe(const struct trust_fate *fate, char *out, size_t size);
void helper_anchor_describe_warnings(const struct trust_fate *fate, char *out, size_t size);

#endif
