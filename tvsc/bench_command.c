/* tvsc bench: many phones at a time, and what the server makes of them. */
#include "bench_report.h"
#include "commands.h"

#include <stdlib.h>

int command_bench(const struct options *options, FILE *out, struct trust_error *err)
{
    struct bench_plan plan;
    int status = TVSC_USAGE;
    struct bench_result *result = calloc(1, sizeof *result);
    if (bench_plan_make(options, &plan, err) != 0)
        goto out;
    if (result == NULL) {
        (void)trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
        goto out;
    }
    status = TVSC_NO_ANSWER;
    if (bench_crowd_run(&plan, result, err) != 0)
        goto out;
    (plan.json ? bench_report_json : bench_report_text)(&plan, result, out);
    if (bench_tally_good(&result->tally) == result->tally.begun && result->tally.dropped == 0)
        status = TVSC_TRUSTED;
    else if (bench_tally_good(&result->tally) > 0)
        status = TVSC_NOT_TRUSTED;
out:
    bench_plan_fini(&plan);
    free(result);
    return status;
}
