/* What the fuzzers share. A fuzzer is tests/fuzz/fuzz_X.c with fuzz_one; it says with check's ck_assert_…
 * what has to hold, whatever the input is. libFuzzer runs it (`make fuzz`), and so does a main() of ours,
 * over what libFuzzer found (`make check-corpus`). */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "trust.h"

#include <check.h>
#include <stdbool.h>

/* The fuzzer: looks at one input. */
void fuzz_one(struct trust_bytes input);

/* What libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Input that is taken in pieces. What is asked for beyond its end is 0, or empty. */
uint8_t fuzz_take_byte(struct trust_bytes *input);
uint16_t fuzz_take_word(struct trust_bytes *input);
struct trust_bytes fuzz_take(struct trust_bytes *input, size_t len);

/* What is left as a string, which ends at its first NUL. Free with free(). */
char *fuzz_text(struct trust_bytes input);

bool fuzz_same(struct trust_bytes a, struct trust_bytes b);

/* Whether inner, if it is not empty, lies inside outer. */
bool fuzz_inside(struct trust_bytes inner, struct trust_bytes outer);

/* Fail unless the call that returned rc said what it says it does: an error has its own code and one line of
 * text that can be shown on any terminal. */
void fuzz_error(int rc, const struct trust_error *err);

/* The call has to succeed. */
void fuzz_ok(int rc, const struct trust_error *err);

#endif
