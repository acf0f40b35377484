/* What came of a phone, and of many: lines for scripts, and JSON. */
#ifndef TVSC_PHONE_REPORT_H
#define TVSC_PHONE_REPORT_H

#include "phone.h"

/* One line for each HTTPS server, then the phone's own:
 *   SEP001122334455: state=follows ctl=accepted ctl-by=itl … config=accepted config-by=itl by=itl why=none
 *   reason=""
 * or one JSON object. */
void phone_report(const struct phone *phone, bool json, FILE *out);

struct phone_totals {
    unsigned phones, follow, waiting, stranded;
    unsigned asked;         /* phones that a TVS server answered */
    unsigned https_refused; /* phones that did not accept each HTTPS server */
    int64_t ms;             /* from the first's start to the last's end */
    long memory_kb;         /* the most that the process has held */
};

void phone_totals_add(struct phone_totals *totals, const struct phone *phone);
void phone_totals_report(const struct phone_totals *totals, bool json, FILE *out);

/* 0 all follow and accept their HTTPS servers, 1 some do not, 3 some could not be tried. */
int phone_totals_exit(const struct phone_totals *totals);

#endif
