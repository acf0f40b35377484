/* Running out of memory: the n-th allocation of a piece of code fails, for every n.
 *
 * malloc, calloc, realloc and free of every test program go through here, and behave as ever until a test
 * asks for more. With a sanitizer they go on to the sanitizer's own, so that it sees all of them; what it
 * replaces itself (strdup, reallocarray) does not fail then. With ThreadSanitizer, under valgrind (which puts
 * its own malloc in the place of ours), and where the C library is not glibc, nothing fails, and acts are
 * only run. */
#ifndef TESTS_FAILING_MALLOC_H
#define TESTS_FAILING_MALLOC_H

#include "trust/error.h"

#include <limits.h>
#include <stdbool.h>

/* Whether allocations can be made to fail at all. */
bool failing_malloc_works(void);

/* From here on the n-th allocation (1, 2, …) fails, and none behind it; with FAILING_NONE none at all. Ended
 * by failing_malloc_stop, which says whether n allocations were there. */
#define FAILING_NONE LONG_MAX
void failing_malloc_start(long n);
bool failing_malloc_stop(void);

/* How many allocations there were between the last start with FAILING_NONE and its end. */
long failing_malloc_count(void);

/* The n to try after this one, of a total as failing_malloc_count says: the next with
 * TVS_EVERY_ALLOCATION=yes, else ever more widely apart towards the middle. */
long failing_malloc_next(long n, long total);

/* Whether it was OpenSSL that asked for the allocation that failed: it does not always say that it was
 * memory. */
bool failing_malloc_hit_openssl(void);

/* Something that can run out of memory. It returns 0 or a TRUST_E… code and fills *err, leaves nothing
 * allocated either way, gives the same result each time, and says what must hold of its result with
 * MEMORY_EXPECT, since Check must not be asked: it allocates. */
struct failing_act {
    const char *name;
    int (*act)(void *scene, struct trust_error *err);
    int hidden[2]; /* further codes that it gives where OpenSSL hides that it was memory; 0: none */
};

#define MEMORY_EXPECT(holds) failing_malloc_expect((holds), #holds)
void failing_malloc_expect(bool holds, const char *what);

/* Let the act run out of memory at every allocation, each time in a process of its own, and fail the test
 * unless it returns
 * - 0, and all that it expects holds,
 * - TRUST_ENOMEM, or
 * - TRUST_ECRYPTO, TRUST_ECERT, TRUST_EKEY or a hidden code, if it was OpenSSL that ran out of memory,
 * with nothing leaked and OpenSSL's error queue empty. Says how many allocations were made to fail. */
void failing_malloc_each(const struct failing_act *act, void *scene);

#endif
