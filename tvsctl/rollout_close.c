/* utils rollout close: the operator's word that all phones have fetched a list. */
#include "ask.h"
#include "handlers.h"
#include "input.h"
#include "person.h"
#include "print.h"
#include "rollout.h"
#include "rollout_phones.h"
#include "say.h"
#include "state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One that is to be closed. */
struct closing {
    int64_t number, publication;
    char text[ROLLOUT_TEXT_SIZE];
    struct rollout_phones phones;
};

struct job {
    struct tvsctl *ctl;
    struct state *state;
    struct known_phones known;
    struct closing *items;
    size_t count;
    struct trust_error err;
};

static void job_fini(struct job *job)
{
    for (size_t i = 0; i < job->count; i++)
        rollout_phones_fini(&job->items[i].phones);
    free(job->items);
    known_phones_fini(&job->known);
}

/* ---- Which */

static int take_open(void *arg, const struct trust_rollout *row)
{
    struct job *job = arg;
    struct closing *items = reallocarray(job->items, job->count + 1, sizeof *items);
    if (items == NULL)
        return trust_error_set(&job->err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s",
                               trust_error_meaning(TRUST_ENOMEM));
    job->items = items;
    struct closing *item = &items[job->count++];
    *item = (struct closing){.number = row->number, .publication = row->publication};
    rollout_text(row, item->text);
    return rollout_phones_read(job->state->store, row, &job->known, &item->phones, &job->err);
}

static bool is_named(int64_t number, const int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* Leave those alone that were named. */
static void narrow(struct job *job, const int64_t *numbers, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < job->count; i++) {
        if (is_named(job->items[i].number, numbers, count))
            job->items[kept++] = job->items[i];
        else
            rollout_phones_fini(&job->items[i].phones);
    }
    job->count = kept;
}

static int say_several(struct job *job)
{
    char text[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < job->count; i++) {
        const size_t room = sizeof text - used;
        int len = snprintf(text + used, room, "%s%" PRId64, i > 0 ? " " : "", job->items[i].number);
        used += len > 0 && (size_t)len < room ? (size_t)len : 0;
    }
    return say_refusal(job->ctl,
                       "%zu roll-outs are open: say which ones the phones have followed: `utils rollout "
                       "close %s`, or --all; "
                       "nothing was changed",
                       job->count, text);
}

static int say_not_open(struct job *job, int64_t number)
{
    return say_refusal(job->ctl,
                       "roll-out %" PRId64
                       " is not open; `utils rollout show` lists those that are, and that "
                       "were; nothing was changed",
                       number);
}

static int choose(struct job *job, const int64_t *numbers, size_t count)
{
    if (count == 0 && job->count == 0)
        return say_refusal(job->ctl, "no roll-out is open, so there is nothing to close");
    if (count == 0)
        return job->count == 1 || flag_given(&job->ctl->flags, FLAG_ALL) ? TVSCTL_DONE : say_several(job);
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < job->count && job->items[at].number != numbers[i])
            at++;
        if (at == job->count)
            return say_not_open(job, numbers[i]);
    }
    narrow(job, numbers, count);
    return TVSCTL_DONE;
}

/* ---- The question */

static int ask_about(struct job *job, const struct closing *item)
{
    struct tvsctl *ctl = job->ctl;
    const struct rollout_phones *phones = &item->phones;
    const size_t missing = phones->count - phones->asked;
    fprintf(ctl->io.out, "Roll-out %" PRId64 ": ", item->number);
    print_text(ctl->io.out, print_bytes(item->text));
    fputc('\n', ctl->io.out);
    if (!phones->counted)
        fputs("Nobody knows which phones there are.\n", ctl->io.out);
    else
        fprintf(ctl->io.out, "%zu of %zu known phones were not seen to follow%s\n", missing, phones->count,
                missing > 0 ? ":" : ".");
    int result = rollout_phones_print(ctl, phones, false);
    return result == TVSCTL_DONE ? ask_are_phones_back(ctl, item->publication) : result;
}

static int ask_about_all(struct job *job)
{
    int result = TVSCTL_DONE;
    for (size_t i = 0; result == TVSCTL_DONE && i < job->count; i++)
        result = ask_about(job, &job->items[i]);
    return result;
}

/* ---- The step */

static int close_all(struct change *change, void *arg, struct trust_error *err)
{
    const struct job *job = arg;
    int code = 0;
    for (size_t i = 0; code == 0 && i < job->count; i++) {
        const struct closing *item = &job->items[i];
        const struct trust_rollout_close end = {
            .when = change->ctl->now,
            .person = person_name(),
            .end = TRUST_ROLLOUT_BACK,
            .counted = item->phones.counted,
            .phones = item->phones.items,
            .count = item->phones.count,
        };
        code = trust_store_close_rollout(change->state->store, item->number, &end, err);
    }
    return code;
}

static void say_closed(const struct job *job)
{
    for (size_t i = 0; i < job->count; i++)
        fprintf(job->ctl->io.out, "roll-out %" PRId64 " is closed\n", job->items[i].number);
}

/* All numbers, or said. */
static int read_numbers(struct tvsctl *ctl, char *const *args, size_t count, int64_t *numbers)
{
    for (size_t i = 0; i < count; i++)
        if (!input_number(args[i], &numbers[i]))
            return say_usage(ctl, "%s is no number of a roll-out; `utils rollout show` lists them", args[i]);
    return TVSCTL_DONE;
}

static int run(struct job *job, const int64_t *numbers, size_t count)
{
    if (known_phones_read(job->ctl->config, &job->known, &job->err) != 0 ||
        trust_store_each_rollout(job->state->store, TRUST_ROLLOUTS_OPEN, take_open, job, &job->err) != 0)
        return say_error(job->ctl, &job->err);
    int result = choose(job, numbers, count);
    if (result == TVSCTL_DONE)
        result = ask_can_phones_be_back(job->ctl);
    if (result != TVSCTL_DONE)
        return result;
    rollout_phones_say_source(job->ctl, &job->known);
    result = ask_about_all(job);
    if (result == TVSCTL_DONE)
        result = change_run(job->ctl, job->state, close_all, job);
    if (result == TVSCTL_DONE)
        say_closed(job);
    return result;
}

int rollout_close(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state;
    struct job job = {.ctl = ctl, .state = &state};
    int64_t *numbers = calloc(count + 1, sizeof *numbers);
    if (numbers == NULL)
        return say_no_memory(ctl);
    int result = read_numbers(ctl, args, count, numbers);
    if (result == TVSCTL_DONE && state_open(ctl->config, TRUST_STORE_WRITE, &state, &job.err) != 0)
        result = say_error(ctl, &job.err);
    else if (result == TVSCTL_DONE) {
        result = run(&job, numbers, count);
        state_close(&state);
    }
    job_fini(&job);
    free(numbers);
    return result;
}
