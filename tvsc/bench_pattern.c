#include "bench_pattern.h"

#define SECOND 1000000000.0

static bool is_complete(const struct bench_pattern *pattern)
{
    return pattern->total > 0 && pattern->begun >= pattern->total;
}

static bool is_late(const struct bench_pattern *pattern, int64_t at)
{
    return pattern->duration > 0 && at >= pattern->start + pattern->duration;
}

static int64_t scheduled(const struct bench_pattern *pattern)
{
    return pattern->start + (int64_t)((double)pattern->begun / pattern->rate * SECOND);
}

int64_t bench_pattern_due(const struct bench_pattern *pattern, uint64_t under_way, int64_t now)
{
    int64_t due = BENCH_NEVER;
    if (is_complete(pattern))
        return BENCH_NEVER;
    switch (pattern->arrival) {
    case BENCH_CLOSED:
        if (under_way < pattern->at_once)
            due = now > pattern->start ? now : pattern->start;
        break;
    case BENCH_RATE:
        due = scheduled(pattern);
        break;
    case BENCH_BURST:
        due = pattern->start;
        break;
    }
    return due == BENCH_NEVER || is_late(pattern, due) ? BENCH_NEVER : due;
}

void bench_pattern_begin(struct bench_pattern *pattern)
{
    pattern->begun++;
}

bool bench_pattern_over(const struct bench_pattern *pattern, int64_t now)
{
    /* What was due in time still begins, however late it is by now. */
    return is_complete(pattern) || is_late(pattern, pattern->arrival == BENCH_RATE    ? scheduled(pattern)
                                                    : pattern->arrival == BENCH_BURST ? pattern->start
                                                                                      : now);
}

static uint64_t part(uint64_t whole, unsigned thread, unsigned threads)
{
    return whole / threads + (thread < whole % threads);
}

struct bench_pattern bench_pattern_part(const struct bench_pattern *whole, unsigned thread, unsigned threads)
{
    struct bench_pattern mine = *whole;
    mine.total = part(whole->total, thread, threads);
    mine.at_once = part(whole->at_once, thread, threads);
    mine.rate = whole->rate / threads;
    /* They take turns. */
    if (whole->rate > 0)
        mine.start += (int64_t)(thread / whole->rate * SECOND);
    return mine;
}
