/* What is said seldom: a bounded memory, shared by all workers, of what was said lately. */
#ifndef TVSD_QUIET_H
#define TVSD_QUIET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUIET_ONCE UINT32_MAX /* not again, as long as the memory reaches */

/* Any thread: whether the matter `key` may be said, because it was not within `seconds`; if so, it counts as
 * said now. now: monotonic seconds. Of two threads that ask at once one is told to be quiet. */
bool quiet_may_say(uint64_t key, uint32_t seconds, uint64_t now);

/* The key of a matter that has two parts, such as who and why. */
uint64_t quiet_key(uint64_t who, uint64_t why);

/* The same with bytes for the second part. */
uint64_t quiet_bytes(uint64_t who, const void *bytes, size_t len);

#endif
