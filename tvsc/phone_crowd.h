/* Many phones in one process, a bounded number of them at a time. The only file of tvsc with threads: a
 * phone, with everything that it holds, belongs to the thread that runs it; plan and output are shared, and
 * the output is written under a lock, a phone at a time. */
#ifndef TVSC_PHONE_CROWD_H
#define TVSC_PHONE_CROWD_H

#include "phone_report.h"

/* Run the phones of the plan. Each one's console (if any is wanted) and report go to out when it is done; of
 * one phone alone, the console goes there line by line. Errors: TRUST_ENOMEM, TRUST_ESYSTEM (no thread). */
int phone_crowd_run(const struct phone_plan *plan, FILE *out, struct phone_totals *totals,
                    struct trust_error *err) TRUST_MUST_CHECK;

#endif
