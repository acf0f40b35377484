#include "bench_plan.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MILLISECOND  ((int64_t)1000000)
#define FILES_BESIDE 32 /* that are no connections: events, standard streams, /proc */

#define usage(err, ...) trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, __VA_ARGS__)

static int read_pids(const struct options_list *list, struct bench_plan *out, struct trust_error *err)
{
    for (unsigned i = 0; i < list->count; i++) {
        char *end;
        long pid = strtol(list->value[i], &end, 10);
        if (*end != '\0' || pid < 1 || pid > INT32_MAX)
            return usage(err, "--pid %s: not the id of a process", list->value[i]);
        out->pids[out->pid_count++] = (pid_t)pid;
    }
    return 0;
}

static int read_resume(const char *word, enum tls_resume *out, struct trust_error *err)
{
    *out = word == NULL ? TLS_RESUME_NOT : strcmp(word, "id") == 0 ? TLS_RESUME_ID : TLS_RESUME_TICKET;
    if (word != NULL && strcmp(word, "id") != 0 && strcmp(word, "ticket") != 0)
        return usage(err, "--resume %s: ticket or id", word);
    return 0;
}

static int read_from(const char *text, const struct bench_plan *plan, struct sockaddr_in *out,
                     struct trust_error *err)
{
    if (text == NULL)
        return 0;
    if (inet_pton(AF_INET, text, &out->sin_addr) != 1)
        return usage(err, "--from %s: not an IPv4 address", text);
    if (plan->address.ss_family != AF_INET)
        return usage(err, "--from needs a server with an IPv4 address");
    out->sin_family = AF_INET;
    return 0;
}

struct sockaddr_in bench_plan_address(const struct bench_plan *plan, uint64_t phone)
{
    struct sockaddr_in from = plan->from;
    from.sin_addr.s_addr = htonl(ntohl(from.sin_addr.s_addr) + (uint32_t)phone);
    return from;
}

static void read_pattern(const struct options *options, struct bench_pattern *out)
{
    out->arrival = options->burst ? BENCH_BURST : options->rate > 0 ? BENCH_RATE : BENCH_CLOSED;
    out->at_once = options->at_once;
    out->rate = options->rate;
    out->duration = options->for_ms * MILLISECOND;
    out->total = options->connections;
}

/* A thread without a connection of its own has nothing to do, and would not know when it is done. */
static void limit_threads(struct bench_plan *plan)
{
    const struct bench_pattern *pattern = &plan->pattern;
    if (pattern->total > 0 && plan->threads > pattern->total)
        plan->threads = (unsigned)pattern->total;
    if (pattern->arrival == BENCH_CLOSED && plan->threads > pattern->at_once)
        plan->threads = (unsigned)pattern->at_once;
}

/* As many descriptors as this process may have. */
static void share_descriptors(struct bench_plan *plan)
{
    struct rlimit limit;
    rlim_t count = 1024;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
            count = limit.rlim_cur;
    }
    count = count > 10000000 ? 10000000 : count;
    plan->descriptors = count > FILES_BESIDE ? (unsigned)(count - FILES_BESIDE) / plan->threads : 1;
}

/* Who wants them open all together must be able to. */
static int check_descriptors(const struct bench_plan *plan, struct trust_error *err)
{
    uint64_t wanted = plan->hold || plan->pattern.arrival == BENCH_BURST ? plan->pattern.total
                      : plan->pattern.arrival == BENCH_CLOSED            ? plan->pattern.at_once
                                                                         : 0;
    if (wanted > (uint64_t)plan->descriptors * plan->threads)
        return usage(err,
                     "%llu connections at a time, but only %u may be open: raise the limit of open files "
                     "(ulimit -n)",
                     (unsigned long long)wanted, plan->descriptors * plan->threads);
    return 0;
}

int bench_plan_make(const struct options *options, struct bench_plan *out, struct trust_error *err)
{
    *out = (struct bench_plan){
        .tls = {.version = options->tls, .ciphers = options->ciphers},
        .trust_path = options->trust,
        .requests = options->handshakes ? 0 : options->requests,
        .batch = options->batch,
        .whole_every = options->whole_every,
        .phones = options->phones,
        .threads = options->threads,
        .patience = options->timeout_ms * MILLISECOND,
        .hold = options->hold,
        .json = options->json,
    };
    read_pattern(options, &out->pattern);
    limit_threads(out);
    share_descriptors(out);
    int rc;
    if ((rc = check_descriptors(out, err)) != 0 || (rc = read_pids(&options->pid, out, err)) != 0 ||
        (rc = read_resume(options->resume, &out->resume, err)) != 0 ||
        (rc = net_parse(options->host, &out->target, err)) != 0 ||
        (rc = tls_settings_check(&out->tls, err)) != 0 ||
        (rc = net_resolve(&out->target, &out->address, &out->address_len, err)) != 0 ||
        (rc = read_from(options->from, out, &out->from, err)) != 0 ||
        (rc = trusted_read(options->trust, &out->trusted, err)) != 0)
        return rc;
    return options->handshakes
               ? 0
               : bench_questions_read(options->operand, options->by_name, &out->questions, err);
}

void bench_plan_fini(struct bench_plan *plan)
{
    bench_questions_free(plan->questions);
    trusted_free(plan->trusted);
    *plan = (struct bench_plan){0};
}
