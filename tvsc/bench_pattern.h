/* When connections begin. Pure: the clock is a parameter, in nanoseconds. */
#ifndef TVSC_BENCH_PATTERN_H
#define TVSC_BENCH_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

enum bench_arrival {
    BENCH_CLOSED, /* so many at a time: one ends, the next begins */
    BENCH_RATE,   /* so many a second, whatever became of those before */
    BENCH_BURST,  /* all at once */
};

struct bench_pattern {
    enum bench_arrival arrival;
    uint64_t total;   /* connections in all; 0: no end but the time */
    int64_t start;    /* when the first is due */
    int64_t duration; /* none is due that long after start, or later; 0: no end but the total */
    uint64_t at_once; /* CLOSED: under way at a time */
    double rate;      /* RATE: a second */
    uint64_t begun;
};

#define BENCH_NEVER INT64_MAX

/* When the next connection is due while `under_way` of them are (those that are only held do not count): a
 * time up to now, from which its latency counts; a later time, to ask again then; or BENCH_NEVER: not before
 * one has ended, or not at all (bench_pattern_over). */
int64_t bench_pattern_due(const struct bench_pattern *pattern, uint64_t under_way, int64_t now);

/* The connection that was due has begun. */
void bench_pattern_begin(struct bench_pattern *pattern);

/* None will ever begin any more. */
bool bench_pattern_over(const struct bench_pattern *pattern, int64_t now);

/* The part of one of several threads: as much of the total, at_once and rate as makes the whole together. */
struct bench_pattern bench_pattern_part(const struct bench_pattern *whole, unsigned thread, unsigned threads);

#endif
