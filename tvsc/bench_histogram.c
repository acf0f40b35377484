#include "bench_histogram.h"

#define FINE   64u /* buckets of 1 µs */
#define PARTS  32u /* of each doubling */
#define DOUBLE 6u  /* 2 to that is FINE */

static size_t bucket_of(uint64_t us)
{
    if (us < FINE)
        return (size_t)us;
    unsigned doubling = 63u - (unsigned)__builtin_clzll(us);
    size_t part = (size_t)(us >> (doubling - 5)) - PARTS;
    size_t bucket = FINE + (doubling - DOUBLE) * PARTS + part;
    return bucket < BENCH_HISTOGRAM_BUCKETS ? bucket : BENCH_HISTOGRAM_BUCKETS - 1;
}

uint64_t bench_histogram_edge(size_t bucket)
{
    if (bucket < FINE)
        return bucket;
    size_t doubling = (bucket - FINE) / PARTS, part = (bucket - FINE) % PARTS;
    return ((PARTS + part + 1) << (doubling + 1)) - 1;
}

void bench_histogram_add(struct bench_histogram *histogram, int64_t us)
{
    uint64_t value = us > 0 ? (uint64_t)us : 0;
    histogram->counts[bucket_of(value)]++;
    histogram->total++;
    histogram->sum_us += value;
    if (value > histogram->max_us)
        histogram->max_us = value;
}

void bench_histogram_merge(struct bench_histogram *into, const struct bench_histogram *from)
{
    for (size_t i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++)
        into->counts[i] += from->counts[i];
    into->total += from->total;
    into->sum_us += from->sum_us;
    if (from->max_us > into->max_us)
        into->max_us = from->max_us;
}

uint64_t bench_histogram_at(const struct bench_histogram *histogram, double share)
{
    uint64_t seen = 0;
    double wanted = share * (double)histogram->total;
    for (size_t i = 0; i < BENCH_HISTOGRAM_BUCKETS && histogram->total > 0; i++) {
        seen += histogram->counts[i];
        if (seen > 0 && (double)seen >= wanted) {
            uint64_t edge = bench_histogram_edge(i);
            return edge < histogram->max_us && i < BENCH_HISTOGRAM_BUCKETS - 1 ? edge : histogram->max_us;
        }
    }
    return histogram->max_us;
}
