/* The time of a history: time() of this program, for phones, servers and phrases alike. It stands still
 * unless it is told to pass, so that a list which was made anew never happens to be the one of a moment ago.
 */
#ifndef TESTS_HISTORIES_CLOCK_H
#define TESTS_HISTORIES_CLOCK_H

#include <stdint.h>

void clock_start(void);
void clock_pass(int64_t seconds);

/* From here on it is that of the machine, as other programs have it. */
void clock_is_real(void);

#endif
