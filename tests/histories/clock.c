#include "clock.h"

#include <time.h>

#define START 1792540800 /* 2026-10-21 */

static time_t now = START;

/* In place of the C library's. */
time_t time(time_t *out)
{
    if (out != NULL)
        *out = now;
    return now;
}

void clock_start(void)
{
    now = START;
}

void clock_pass(int64_t seconds)
{
    now += (time_t)seconds;
}
