/* How long things took: counts in buckets that are 3 % wide, from 1 µs to about 19 hours. */
#ifndef TVSC_BENCH_HISTOGRAM_H
#define TVSC_BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Below 64 µs a bucket is 1 µs; then each doubling has 32 of them. */
#define BENCH_HISTOGRAM_BUCKETS (64 + 30 * 32)

struct bench_histogram {
    uint64_t counts[BENCH_HISTOGRAM_BUCKETS];
    uint64_t total, sum_us, max_us;
};

/* us below 0 counts as 0, and above the last bucket as in it. */
void bench_histogram_add(struct bench_histogram *histogram, int64_t us);
void bench_histogram_merge(struct bench_histogram *into, const struct bench_histogram *from);

/* What at least that share (0 to 1) of all took at most: the upper edge of a bucket, but never more than the
 * maximum. 0 if nothing was counted. */
uint64_t bench_histogram_at(const struct bench_histogram *histogram, double share);

/* The longest, in µs, that falls into a bucket. */
uint64_t bench_histogram_edge(size_t bucket);

#endif
