/* tvsc phone: do phones follow? */
#include "commands.h"

#include "phone_crowd.h"

int command_phone(const struct options *options, FILE *out, struct trust_error *err)
{
    struct phone_plan plan;
    struct phone_totals totals;
    if (phone_plan_make(options, &plan, err) != 0 ||
        (plan.state != NULL && trust_folder_make(plan.state, 0755, err) != 0))
        return TVSC_USAGE;
    if (phone_fetch_init(err) != 0)
        return TVSC_NO_ANSWER;
    int rc = phone_crowd_run(&plan, out, &totals, err);
    phone_fetch_fini();
    if (rc != 0)
        return TVSC_NO_ANSWER;
    if (plan.count > 1)
        phone_totals_report(&totals, plan.json, out);
    return phone_totals_exit(&totals);
}
