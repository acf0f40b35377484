#include "phone.h"

#include "phone_boot.h"
#include "phone_https.h"
#include "phone_store.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SESSION 0x3e9 /* where phones begin */

#define X(constant, name) [PHONE_##constant] = name,
static const char *const outcome_names[] = {PHONE_OUTCOMES(X)};
#undef X
#define X(constant, name) [PHONE_BY_##constant] = name,
static const char *const by_names[] = {PHONE_SOURCES(X)};
#undef X
#define X(constant, name) [PHONE_WHY_##constant] = name,
static const char *const why_names[] = {PHONE_REASONS(X)};
#undef X

const char *phone_outcome_name(enum phone_outcome outcome)
{
    return outcome_names[outcome];
}

const char *phone_by_name(enum phone_source_of_trust by)
{
    return by_names[by];
}

const char *phone_why_name(enum phone_why why)
{
    return why_names[why];
}

bool phone_refuse(struct phone_verdict *verdict, enum phone_why why, const char *format, ...)
{
    va_list list;
    *verdict = (struct phone_verdict){.outcome = PHONE_REFUSED, .why = why};
    va_start(list, format);
    vsnprintf(verdict->reason, sizeof verdict->reason, format, list);
    va_end(list);
    return false;
}

bool phone_fail(struct phone_verdict *verdict, enum phone_why why, const char *text)
{
    *verdict = (struct phone_verdict){.outcome = PHONE_FAILED, .why = why};
    snprintf(verdict->reason, sizeof verdict->reason, "%s", text);
    return false;
}

bool phone_accept(struct phone_verdict *verdict, enum phone_source_of_trust by)
{
    *verdict = (struct phone_verdict){.outcome = PHONE_ACCEPTED, .by = by};
    return true;
}

struct phone *phone_new(const struct phone_plan *plan, unsigned number, FILE *console)
{
    struct phone *phone = calloc(1, sizeof *phone);
    if (phone == NULL)
        return NULL;
    phone->plan = plan;
    phone->family = plan->families[number % plan->family_count];
    phone->console = (struct phone_console){.out = console, .ahead = plan->clock_offset};
    phone->session = FIRST_SESSION;
    phone->transfer = 1;
    phone_plan_name(plan, number, phone->name);
    memcpy(phone->tvs, plan->tvs, sizeof phone->tvs);
    phone->tvs_count = plan->tvs_count;
    return phone;
}

void phone_free(struct phone *phone)
{
    if (phone == NULL)
        return;
    trust_list_free(phone->ctl);
    trust_list_free(phone->itl);
    phone_cache_flush(&phone->cache);
    free(phone);
}

void phone_run(struct phone *phone)
{
    if (!phone_store_open(phone))
        return;
    phone_boot(phone);
    phone_https(phone);
    phone_store_cache(phone);
}

/* A function and nothing that it would be for. */
static bool is_blank(const struct trust_list_record *record)
{
    return record->certificate.len == 0 && record->cert_hash.len == 0 && record->serial.len == 0 &&
           record->issuer.len == 0 && record->subject.len == 0 && record->public_key.len == 0 &&
           !record->has_address;
}

bool phone_itl_is_empty(const struct trust_list *itl)
{
    if (itl == NULL || itl->record_count == 0)
        return false;
    for (size_t i = 0; i < itl->record_count; i++) {
        if (!is_blank(&itl->records[i]))
            return false;
    }
    return true;
}

static bool is_well(const struct phone_verdict *verdict)
{
    return verdict->outcome != PHONE_REFUSED && verdict->outcome != PHONE_FAILED;
}

const struct phone_verdict *phone_trouble_of(const struct phone *phone)
{
    const struct phone_verdict *const verdicts[] = {&phone->state_verdict, &phone->ctl_verdict,
                                                    &phone->itl_verdict, &phone->config_verdict};
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (!is_well(verdicts[i]))
            return verdicts[i];
    }
    return NULL;
}

/* Who was not heard may say yes the next time. */
static bool is_refusal(const struct phone_verdict *verdict)
{
    return verdict->outcome == PHONE_REFUSED && verdict->why != PHONE_WHY_TVS_SILENT;
}

enum phone_state phone_state_of(const struct phone *phone)
{
    const struct phone_verdict *trouble = phone_trouble_of(phone);
    if (trouble == NULL)
        return PHONE_FOLLOWS;
    /* A refusal is the phone's own word, whatever else could not be had. */
    if (is_refusal(&phone->ctl_verdict) || is_refusal(&phone->itl_verdict) ||
        is_refusal(&phone->config_verdict))
        return PHONE_STRANDED;
    return PHONE_WAITS;
}

enum phone_source_of_trust phone_by_of(const struct phone *phone)
{
    enum phone_source_of_trust by = PHONE_BY_NOTHING;
    if (phone_state_of(phone) != PHONE_FOLLOWS)
        return by;
    if (phone->ctl_verdict.outcome == PHONE_ACCEPTED)
        by = phone->ctl_verdict.by;
    if (phone->itl_verdict.outcome == PHONE_ACCEPTED && phone->itl_verdict.by > by)
        by = phone->itl_verdict.by;
    return by != PHONE_BY_NOTHING ? by : phone->config_verdict.by;
}
