/* What came of a benchmark, for people and as JSON. */
#ifndef TVSC_BENCH_REPORT_H
#define TVSC_BENCH_REPORT_H

#include "bench_crowd.h"

#include <stdio.h>

void bench_report_text(const struct bench_plan *plan, const struct bench_result *result, FILE *out);

/* One object in one line. Times are in the unit that the name ends with, or in seconds. */
void bench_report_json(const struct bench_plan *plan, const struct bench_result *result, FILE *out);

#endif
