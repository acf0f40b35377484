#include "bench_process.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 25
#define STILL    2000000 /* ns in a pause: timers and the like */
#define PAUSES   80

/* The number behind a word at the beginning of a line of /proc/PID/NAME; -1: not there. */
static int64_t field(pid_t pid, const char *name, const char *word)
{
    char path[64], line[256];
    int64_t value = -1;
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    while (value < 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, word, strlen(word)) == 0)
            value = strtoll(line + strlen(word), NULL, 10);
    }
    fclose(file);
    return value;
}

/* utime and stime, the 14th and 15th of /proc/PID/stat: counted from behind the name, which may hold blanks
 * and parentheses. */
static bool ticks(pid_t pid, int64_t *user_ms, int64_t *system_ms)
{
    char path[64], line[1024] = "";
    unsigned long long user, system;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool good = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    const char *behind = good ? strrchr(line, ')') : NULL;
    if (behind == NULL ||
        sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
        return false;
    *user_ms = (int64_t)(user * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK));
    *system_ms = (int64_t)(system * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK));
    return true;
}

static bool cpu(pid_t pid, int64_t *ns)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return false;
    *ns = (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
    return true;
}

int bench_process_read(const pid_t *pids, size_t count, struct bench_usage *out, struct trust_error *err)
{
    *out = (struct bench_usage){0};
    for (size_t i = 0; i < count; i++) {
        int64_t ns, user, system, rss = field(pids[i], "status", "VmRSS:");
        if (!cpu(pids[i], &ns) || !ticks(pids[i], &user, &system) || rss < 0)
            return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
                                   "--pid %ld: no such process here, or it has ended", (long)pids[i]);
        int64_t pss = field(pids[i], "smaps_rollup", "Pss:");
        out->cpu_ns += ns;
        out->user_ms += user;
        out->system_ms += system;
        out->rss_kb += rss;
        out->pss_kb += pss > 0 ? pss : 0;
    }
    return 0;
}

int64_t bench_process_rss(const pid_t *pids, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t rss = field(pids[i], "status", "VmRSS:");
        sum += rss > 0 ? rss : 0;
    }
    return sum;
}

void bench_process_settle(const pid_t *pids, size_t count)
{
    int64_t before = -STILL, now = 0;
    for (int i = 0; i < PAUSES && now - before >= STILL; i++) {
        before = now;
        now = 0;
        poll(NULL, 0, PAUSE_MS);
        for (size_t p = 0; p < count; p++) {
            int64_t ns;
            if (cpu(pids[p], &ns))
                now += ns;
        }
    }
}
