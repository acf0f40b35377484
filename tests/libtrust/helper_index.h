/* What the tests of the index share. All of these fail the test rather than return an error. */
#ifndef TESTS_LIBTRUST_HELPER_INDEX_H
#define TESTS_LIBTRUST_HELPER_INDEX_H

#include "trust.h"

struct trust_index_builder *helper_builder(void);

void helper_index_add(struct trust_index_builder *builder, const struct trust_cert *cert, uint8_t role);

/* An entry without a certificate behind it: the index does not look into the bytes. */
void helper_index_add_synthetic(struct trust_index_builder *builder, const char *der, const char *serial_hex,
                                const char *issuer);

/* Let a synthetic entry be found by another spelling; the result is trust_index_alias's. */
int helper_index_alias(struct trust_index_builder *builder, const char *der, const char *serial_hex,
                       const char *issuer, struct trust_error *err);

/* Build, and free the builder. */
struct trust_index *helper_index_build(struct trust_index_builder *builder);

/* An index of one or two (second not NULL) files of tests/data/certs, with roles 0 and 1. */
struct trust_index *helper_index_of(const char *first, const char *second);

/* Ask, and check which of the entries (by its number, -1 for none) comes back and how. */
void helper_ask_bytes(const struct trust_index *index, const char *serial_hex, struct trust_bytes issuer,
                      enum trust_found expected, int entry_number);
void helper_ask(const struct trust_index *index, const char *serial_hex, const char *issuer,
                enum trust_found expected, int entry_number);

#endif
