#include "stats.h"

#include "log.h"

/* Each set is nothing but counters, so it can be walked as an array of them. */
#define STATS_COUNT (sizeof(struct stats) / sizeof(uint64_t))
_Static_assert(sizeof(struct stats) % sizeof(uint64_t) == 0, "struct stats holds uint64_t alone");

/* The names, in the order of the fields. */
static const char *const names[] = {
#define X(name) #name,
    STATS_FIELDS(X)
#undef X
#define X(constant, name) "answer-" name,
        REQUEST_RESULTS(X)
#undef X
#define X(constant, name) "end-" name,
            CONN_ENDS(X)
#undef X
#define X(constant, name, sentence, setting) "refused-" name,
                TLS_FAILURES(X)
#undef X
};
_Static_assert(sizeof names / sizeof names[0] == STATS_COUNT, "a name for each counter");

void stats_add(struct stats *into, const struct stats *from)
{
    uint64_t *sum = (uint64_t *)into;
    const uint64_t *one = (const uint64_t *)from;
    for (size_t i = 0; i < STATS_COUNT; i++)
        sum[i] += __atomic_load_n(&one[i], __ATOMIC_RELAXED);
}

void stats_each(const struct stats *stats, stats_take take, void *arg)
{
    const uint64_t *one = (const uint64_t *)stats;
    for (size_t i = 0; i < STATS_COUNT; i++)
        if (one[i] != 0)
            take(arg, names[i], one[i]);
}

struct line {
    struct log_field fields[STATS_COUNT];
    size_t count;
};

static void add_field(void *arg, const char *name, uint64_t value)
{
    struct line *line = arg;
    line->fields[line->count++] = log_number(name, (int64_t)value);
}

void stats_log(const struct stats *stats)
{
    struct line line = {.count = 0};
    stats_each(stats, add_field, &line);
    log_say(LOG_EV_STATS, line.fields, line.count);
}
