#include "phone_report.h"

#include "report.h"
#include "tvsc.h"

static const char *state_name(enum phone_state state)
{
    static const char *const names[] = {
        [PHONE_FOLLOWS] = "follows", [PHONE_WAITS] = "waiting", [PHONE_STRANDED] = "stranded"};
    return names[state];
}

/* A sentence in quotes that stays one word for a script that splits at quotes. */
static void print_reason(const char *reason, FILE *out)
{
    fputs(" reason=\"", out);
    for (; *reason != '\0'; reason++)
        fputc(*reason == '"' ? '\'' : (unsigned char)*reason < 0x20 ? ' ' : *reason, out);
    fputs("\"\n", out);
}

static void print_file(const char *name, const struct phone_verdict *verdict, FILE *out)
{
    fprintf(out, " %s=%s %s-by=%s", name, phone_outcome_name(verdict->outcome), name,
            phone_by_name(verdict->by));
}

static void print_text(const struct phone *phone, FILE *out)
{
    const struct phone_verdict *trouble = phone_trouble_of(phone);
    for (unsigned i = 0; i < phone->plan->https_count; i++) {
        const struct phone_verdict *verdict = &phone->https[i];
        fprintf(out, "%s: https=%s result=%s by=%s why=%s", phone->name, phone->plan->https[i].shown,
                phone_outcome_name(verdict->outcome), phone_by_name(verdict->by),
                phone_why_name(verdict->why));
        print_reason(verdict->reason, out);
    }
    fprintf(out, "%s: state=%s family=%s", phone->name, state_name(phone_state_of(phone)),
            phone->family->name);
    print_file("ctl", &phone->ctl_verdict, out);
    print_file("itl", &phone->itl_verdict, out);
    print_file("config", &phone->config_verdict, out);
    fprintf(out, " by=%s why=%s", phone_by_name(phone_by_of(phone)),
            phone_why_name(trouble != NULL ? trouble->why : PHONE_WHY_NONE));
    print_reason(trouble != NULL ? trouble->reason : "", out);
}

static void json_verdict(const struct phone_verdict *verdict, FILE *out)
{
    fprintf(out, "\"result\":\"%s\",\"by\":\"%s\",\"why\":\"%s\"", phone_outcome_name(verdict->outcome),
            phone_by_name(verdict->by), phone_why_name(verdict->why));
    report_json_member("reason", verdict->reason, out);
}

static void json_file(const char *name, const struct phone_verdict *verdict, FILE *out)
{
    fprintf(out, ",\"%s\":{", name);
    json_verdict(verdict, out);
    fputc('}', out);
}

static void print_json(const struct phone *phone, FILE *out)
{
    const struct phone_verdict *trouble = phone_trouble_of(phone);
    fprintf(out, "{\"name\":\"%s\",\"family\":\"%s\",\"state\":\"%s\"", phone->name, phone->family->name,
            state_name(phone_state_of(phone)));
    json_file("ctl", &phone->ctl_verdict, out);
    json_file("itl", &phone->itl_verdict, out);
    json_file("config", &phone->config_verdict, out);
    fprintf(out, ",\"by\":\"%s\",\"why\":\"%s\"", phone_by_name(phone_by_of(phone)),
            phone_why_name(trouble != NULL ? trouble->why : PHONE_WHY_NONE));
    report_json_member("reason", trouble != NULL ? trouble->reason : "", out);
    fprintf(out, ",\"tvs_answers\":%u,\"https\":[", phone->tvs_answers);
    for (unsigned i = 0; i < phone->plan->https_count; i++) {
        fputs(i > 0 ? ",{" : "{", out);
        json_verdict(&phone->https[i], out);
        report_json_member("server", phone->plan->https[i].shown, out);
        fputc('}', out);
    }
    fputs("]}\n", out);
}

void phone_report(const struct phone *phone, bool json, FILE *out)
{
    if (json)
        print_json(phone, out);
    else
        print_text(phone, out);
}

void phone_totals_add(struct phone_totals *totals, const struct phone *phone)
{
    bool accepted = true;
    enum phone_state state = phone_state_of(phone);
    for (unsigned i = 0; i < phone->plan->https_count; i++)
        accepted = accepted &&
                   (phone->https[i].outcome == PHONE_ACCEPTED || phone->https[i].outcome == PHONE_UNTRIED);
    totals->phones++;
    totals->follow += state == PHONE_FOLLOWS;
    totals->waiting += state == PHONE_WAITS;
    totals->stranded += state == PHONE_STRANDED;
    totals->asked += phone->tvs_answers > 0;
    totals->https_refused += !accepted;
}

void phone_totals_report(const struct phone_totals *totals, bool json, FILE *out)
{
    fprintf(
        out,
        json ? "{\"phones\":%u,\"follow\":%u,\"waiting\":%u,\"stranded\":%u,\"answered_by_tvs\":%u,"
               "\"https_refused\":%u,\"seconds\":%lld.%03d,\"memory_kb\":%ld}\n"
             : "total: phones=%u follow=%u waiting=%u stranded=%u tvs=%u https-refused=%u time=%lld.%03ds "
               "memory=%ldkB\n",
        totals->phones, totals->follow, totals->waiting, totals->stranded, totals->asked,
        totals->https_refused, (long long)(totals->ms / 1000), (int)(totals->ms % 1000), totals->memory_kb);
}

int phone_totals_exit(const struct phone_totals *totals)
{
    if (totals->stranded > 0 || totals->https_refused > 0)
        return TVSC_NOT_TRUSTED;
    return totals->waiting > 0 ? TVSC_NO_ANSWER : TVSC_TRUSTED;
}
