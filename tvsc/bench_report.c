#include "bench_report.h"

#include "report.h"

#include <inttypes.h>
#include <string.h>

static const struct {
    const char *name;
    double share;
} points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};
#define POINTS (sizeof points / sizeof points[0])

static double per_second(uint64_t count, int64_t ns)
{
    return ns > 0 ? (double)count * 1e9 / (double)ns : 0;
}

static uint64_t answers(const struct bench_tally *tally)
{
    return tally->trusted + tally->not_trusted;
}

static double server_us(const struct bench_result *result, uint64_t count)
{
    return count > 0 ? (double)(result->after.cpu_ns - result->before.cpu_ns) / 1e3 / (double)count : 0;
}

/* How many processors something kept busy until all connections had ended. */
static double share(int64_t cpu_ns, const struct bench_result *result)
{
    return result->took_ns > 0 ? (double)cpu_ns / (double)result->took_ns : 0;
}

static double own_share(const struct bench_result *result)
{
    return share(result->own_cpu_ns, result);
}

static double server_share(const struct bench_result *result)
{
    return share(result->rest.cpu_ns - result->before.cpu_ns, result);
}

static const char *arrival(const struct bench_plan *plan, char *text, size_t size)
{
    const struct bench_pattern *pattern = &plan->pattern;
    if (pattern->arrival == BENCH_CLOSED)
        snprintf(text, size, "%" PRIu64 " at once", pattern->at_once);
    else if (pattern->arrival == BENCH_RATE)
        snprintf(text, size, "%.0f a second", pattern->rate);
    else
        snprintf(text, size, "all in one burst");
    return text;
}

/* ---- For people */

#define BUSY 0.9 /* of a processor's time: what others run there takes the rest */

static void text_time(uint64_t us, FILE *out)
{
    if (us < 10000)
        fprintf(out, "%" PRIu64 " us", us);
    else if (us < 10000000)
        fprintf(out, "%.1f ms", (double)us / 1e3);
    else
        fprintf(out, "%.2f s", (double)us / 1e6);
}

static void text_histogram(const char *label, const struct bench_histogram *histogram, FILE *out)
{
    if (histogram->total == 0)
        return;
    fprintf(out, "%-12s ", label);
    for (size_t i = 0; i < POINTS; i++) {
        fprintf(out, "%s ", points[i].name);
        text_time(bench_histogram_at(histogram, points[i].share), out);
        fputs(", ", out);
    }
    fputs("max ", out);
    text_time(histogram->max_us, out);
    fputc('\n', out);
}

static void text_server(const struct bench_plan *plan, const struct bench_result *result, FILE *out)
{
    const struct bench_tally *tally = &result->tally;
    const struct bench_usage *before = &result->before, *rest = &result->rest, *after = &result->after;
    fprintf(out, "Server:      %.3f s CPU (user %.2f, system %.2f)",
            (double)(after->cpu_ns - before->cpu_ns) / 1e9, (double)(after->user_ms - before->user_ms) / 1e3,
            (double)(after->system_ms - before->system_ms) / 1e3);
    if (bench_tally_good(tally) > 0)
        fprintf(out, ", %.1f us a connection", server_us(result, bench_tally_good(tally)));
    if (answers(tally) > 0)
        fprintf(out, ", %.2f us an answer", server_us(result, answers(tally)));
    fprintf(out, "; %.0f %% of a processor until all had ended", 100 * server_share(result));
    fprintf(out,
            "\nIts memory:  %" PRId64 " kB before, %" PRId64 " kB %s, %" PRId64 " kB after, %" PRId64
            " kB at most (Pss %" PRId64 ", %" PRId64 ", %" PRId64 ")\n",
            before->rss_kb, rest->rss_kb, plan->hold ? "with all of them open" : "when all had ended",
            after->rss_kb, result->rss_max_kb, before->pss_kb, rest->pss_kb, after->pss_kb);
}

/* Where the figures are not those of the server alone. A server without --pid may be elsewhere. */
static void text_doubts(const struct bench_plan *plan, const struct bench_result *result, FILE *out)
{
    const double ours = own_share(result);
    const double theirs = plan->pid_count > 0 ? server_share(result) : 0;
    if (ours + theirs < BUSY * (double)result->processors) {
        if (ours >= BUSY * plan->threads)
            fputs("Note:        the load could do no more; more --threads may tell more\n", out);
    } else if (plan->pid_count > 0) {
        fputs("Note:        the load took processor time that the server may have lacked; from another "
              "machine it tells more\n",
              out);
    } else {
        fputs("Note:        the load could do no more; from several machines it tells more\n", out);
    }
}

void bench_report_text(const struct bench_plan *plan, const struct bench_result *result, FILE *out)
{
    const struct bench_tally *tally = &result->tally;
    char text[64];
    if (result->protocol[0] != '\0')
        fprintf(out, "Server at:   %s, %s, %s\n", plan->target.shown, result->protocol, result->cipher);
    else
        fprintf(out, "Server at:   %s, with which no handshake came to its end\n", plan->target.shown);
    fprintf(out, "Load:        %s, %u question%s a connection, %u thread%s\n",
            arrival(plan, text, sizeof text), plan->requests, plan->requests == 1 ? "" : "s", plan->threads,
            plan->threads == 1 ? "" : "s");
    fprintf(out, "Connections: %" PRIu64, tally->begun);
    for (int i = 0; i < BENCH_END_COUNT; i++)
        if (tally->ends[i] > 0)
            fprintf(out, ", %" PRIu64 " %s", tally->ends[i], bench_end_name((enum bench_end)i));
    if (tally->dropped > 0)
        fprintf(out, ", %" PRIu64 " dropped while they were held", tally->dropped);
    if (result->refusal[0] != '\0')
        fprintf(out, " (first: %s)", result->refusal);
    fprintf(out, "\nHandshakes:  %" PRIu64 ", %" PRIu64 " resumed\n", tally->handshakes, tally->resumed);
    fprintf(out, "Answers:     %" PRIu64 " trusted, %" PRIu64 " not trusted\n", tally->trusted,
            tally->not_trusted);
    fprintf(out, "Time:        %.3f s, %.1f connections a second, %.1f answers a second\n",
            (double)result->good_ns / 1e9, per_second(bench_tally_good(tally), result->good_ns),
            per_second(answers(tally), result->good_ns));
    text_histogram("Handshake:", &tally->handshake, out);
    text_histogram("Answer:", &tally->answer, out);
    if (plan->pid_count > 0)
        text_server(plan, result, out);
    fprintf(out, "Ourselves:   %.3f s CPU, %.0f %% of a processor\n", (double)result->own_cpu_ns / 1e9,
            100 * own_share(result));
    text_doubts(plan, result, out);
}

/* ---- As JSON */

static void json_histogram(const char *name, const struct bench_histogram *histogram, FILE *out)
{
    const char *comma = "";
    fprintf(out, ",\"%s\":{\"count\":%" PRIu64, name, histogram->total);
    fprintf(out, ",\"mean_us\":%.1f",
            histogram->total > 0 ? (double)histogram->sum_us / (double)histogram->total : 0.0);
    for (size_t i = 0; i < POINTS; i++)
        fprintf(out, ",\"%s_us\":%" PRIu64, points[i].name, bench_histogram_at(histogram, points[i].share));
    fprintf(out, ",\"max_us\":%" PRIu64 ",\"buckets\":[", histogram->max_us);
    for (size_t i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) {
        if (histogram->counts[i] == 0)
            continue;
        fprintf(out, "%s[%" PRIu64 ",%" PRIu64 "]", comma, bench_histogram_edge(i), histogram->counts[i]);
        comma = ",";
    }
    fputs("]}", out);
}

static void json_usage(const char *name, const struct bench_usage *usage, FILE *out)
{
    fprintf(out, ",\"%s\":{\"rss_kb\":%" PRId64 ",\"pss_kb\":%" PRId64 "}", name, usage->rss_kb,
            usage->pss_kb);
}

static void json_server(const struct bench_result *result, FILE *out)
{
    const struct bench_tally *tally = &result->tally;
    const struct bench_usage *before = &result->before, *after = &result->after;
    fprintf(out,
            ",\"server\":{\"cpu_us\":%" PRId64 ",\"user_ms\":%" PRId64 ",\"system_ms\":%" PRId64
            ",\"cpu_us_per_connection\":%.3f,\"cpu_us_per_answer\":%.3f,\"rss_max_kb\":%" PRId64,
            (after->cpu_ns - before->cpu_ns) / 1000, after->user_ms - before->user_ms,
            after->system_ms - before->system_ms, server_us(result, bench_tally_good(tally)),
            server_us(result, answers(tally)), result->rss_max_kb);
    json_usage("before", before, out);
    json_usage("rest", &result->rest, out);
    json_usage("after", after, out);
    fputc('}', out);
}

void bench_report_json(const struct bench_plan *plan, const struct bench_result *result, FILE *out)
{
    const struct bench_tally *tally = &result->tally;
    char text[64];
    fputs("{\"server_at\":", out);
    report_json_text(plan->target.shown, out);
    report_json_member("protocol", result->protocol, out);
    report_json_member("cipher", result->cipher, out);
    report_json_member("load", arrival(plan, text, sizeof text), out);
    fprintf(out, ",\"threads\":%u,\"requests\":%u,\"connections\":%" PRIu64, plan->threads, plan->requests,
            tally->begun);
    for (int i = 0; i < BENCH_END_COUNT; i++)
        fprintf(out, ",\"%s\":%" PRIu64, bench_end_name((enum bench_end)i), tally->ends[i]);
    fprintf(out,
            ",\"dropped\":%" PRIu64 ",\"handshakes\":%" PRIu64 ",\"resumed\":%" PRIu64 ",\"trusted\":%" PRIu64
            ",\"not_trusted\":%" PRIu64 ",\"bytes_out\":%" PRIu64 ",\"bytes_in\":%" PRIu64,
            tally->dropped, tally->handshakes, tally->resumed, tally->trusted, tally->not_trusted,
            tally->bytes_out, tally->bytes_in);
    report_json_member("refusal", result->refusal, out);
    fprintf(
        out,
        ",\"seconds\":%.6f,\"took\":%.6f,\"goodput\":%.3f,\"answers_per_second\":%.3f,\"first_trusted\":%.6f",
        (double)result->good_ns / 1e9, (double)result->took_ns / 1e9,
        per_second(bench_tally_good(tally), result->good_ns), per_second(answers(tally), result->good_ns),
        (double)tally->first_trusted / 1e9);
    json_histogram("handshake", &tally->handshake, out);
    json_histogram("answer", &tally->answer, out);
    if (plan->pid_count > 0)
        json_server(result, out);
    fprintf(out, ",\"own_cpu_us\":%" PRId64 ",\"processors\":%" PRId64 "}\n", result->own_cpu_ns / 1000,
            result->processors);
}
