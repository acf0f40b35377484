#include "phone_crowd.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define STACK_SIZE (512 * 1024) /* a phone's own frames are small; what they call needs some */

struct crowd {
    const struct phone_plan *plan;
    FILE *out;
    pthread_mutex_t lock; /* for all below, and for writing to out */
    unsigned next;
    bool failed; /* out of memory: stop */
    struct phone_totals *totals;
};

static bool talks(const struct phone_plan *plan)
{
    return !plan->json && (plan->count == 1 || plan->verbose);
}

/* One phone, its console and report into a text of its own first. */
static bool run_one(struct crowd *crowd, unsigned number)
{
    const struct phone_plan *plan = crowd->plan;
    char *text = NULL;
    size_t size = 0;
    FILE *out = plan->count == 1 ? crowd->out : open_memstream(&text, &size);
    if (out == NULL)
        return false;
    struct phone *phone = phone_new(plan, number, talks(plan) ? out : NULL);
    if (phone != NULL) {
        phone_run(phone);
        phone_report(phone, plan->json, out);
    }
    bool good = phone != NULL;
    if (out != crowd->out && fclose(out) != 0)
        good = false;
    pthread_mutex_lock(&crowd->lock);
    if (good) {
        phone_totals_add(crowd->totals, phone);
        fwrite(text != NULL ? text : "", 1, size, crowd->out);
    }
    pthread_mutex_unlock(&crowd->lock);
    phone_free(phone);
    free(text);
    return good;
}

static void *work(void *context)
{
    struct crowd *crowd = context;
    for (;;) {
        pthread_mutex_lock(&crowd->lock);
        bool more = !crowd->failed && crowd->next < crowd->plan->count;
        unsigned number = more ? crowd->next++ : 0;
        pthread_mutex_unlock(&crowd->lock);
        if (!more)
            return NULL;
        if (!run_one(crowd, number)) {
            pthread_mutex_lock(&crowd->lock);
            crowd->failed = true;
            pthread_mutex_unlock(&crowd->lock);
        }
    }
}

/* Fewer threads than wanted do the work, too; none at all is an error. */
static int run_threads(struct crowd *crowd, unsigned wanted, struct trust_error *err)
{
    pthread_attr_t attributes;
    unsigned count = 0;
    int problem = 0;
    pthread_t *threads = calloc(wanted, sizeof *threads);
    if (threads == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    while (count < wanted && problem == 0) {
        problem = pthread_create(&threads[count], &attributes, work, crowd);
        count += problem == 0;
    }
    pthread_attr_destroy(&attributes);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return count > 0 ? 0
                     : trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "no thread can be started: %s",
                                       strerror(problem));
}

int phone_crowd_run(const struct phone_plan *plan, FILE *out, struct phone_totals *totals,
                    struct trust_error *err)
{
    struct crowd crowd = {.plan = plan, .out = out, .totals = totals};
    struct rusage usage;
    int rc = 0;
    int64_t start = net_now();
    *totals = (struct phone_totals){0};
    pthread_mutex_init(&crowd.lock, NULL);
    if (plan->count == 1)
        work(&crowd);
    else
        rc = run_threads(&crowd, plan->at_once < plan->count ? plan->at_once : plan->count, err);
    pthread_mutex_destroy(&crowd.lock);
    if (rc == 0 && crowd.failed)
        rc = trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory after %u phones",
                             totals->phones);
    totals->ms = net_now() - start;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        totals->memory_kb = usage.ru_maxrss;
    return rc;
}
