#include "known_phones.h"

#include "config/phone_file.h"
#include "daemon.h"
#include "rights.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct taking {
    struct known_phones *phones;
    size_t capacity;
};

static int take(void *arg, const struct phone *phone)
{
    struct taking *taking = arg;
    struct known_phones *phones = taking->phones;
    if (phones->count == taking->capacity) {
        size_t capacity = taking->capacity > 0 ? 2 * taking->capacity : 256;
        struct phone *items = reallocarray(phones->items, capacity, sizeof *items);
        if (items == NULL)
            return TRUST_ENOMEM;
        phones->items = items;
        taking->capacity = capacity;
    }
    phones->items[phones->count++] = *phone;
    return 0;
}

static int take_fields(void *arg, const struct line_field *fields, size_t count)
{
    struct phone phone;
    return phone_from(fields, count, &phone) ? take(arg, &phone) : TRUST_ETRUNCATED;
}

/* A line that is none of a phone comes from another version of tvsd. */
static int ask(const struct config *config, struct taking *taking, struct trust_error *err)
{
    struct daemon *daemon = NULL;
    int rc = daemon_open(config, &daemon, err);
    if (rc == 0)
        rc = daemon_ask(daemon, "phones", DAEMON_TIMEOUT, take_fields, taking, err);
    if (rc == TRUST_ENOMEM)
        trust_error_set(err, rc, TRUST_NO_OFFSET, "%s", trust_error_meaning(rc));
    daemon_close(daemon);
    return rc;
}

static int read_file(const struct config *config, struct taking *taking, struct trust_error *err)
{
    char path[4096];
    struct rights before = {0};
    time_t *as_of = &taking->phones->as_of;
    if (config_state_path(config, PHONE_FILE, path, sizeof path) == NULL)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%.200s: the path is too long",
                               config->state);
    int rc = rights_enter(config->state, &before, err);
    if (rc == 0)
        rc = phone_file_read(path, take, taking, as_of, err);
    rights_leave(&before);
    if (rc == TRUST_EVALUE) {
        taking->phones->damage = *err;
        rc = 0;
    }
    if (rc == TRUST_ENOMEM)
        trust_error_set(err, rc, TRUST_NO_OFFSET, "%s", trust_error_meaning(rc));
    return rc == TRUST_ENOTFOUND ? 0 : rights_explain(config->state, rc, err);
}

/* Of two lines about one phone the later one last. */
static int order(const void *a, const void *b)
{
    const struct phone *one = a, *other = b;
    int by = strcmp(one->name, other->name);
    if (by == 0)
        by = one->cut - other->cut;
    if (by == 0 && one->name[0] == '\0')
        by = strcmp(one->address, other->address);
    return by != 0 ? by : one->last < other->last ? -1 : one->last > other->last;
}

static bool is_same(const struct phone *one, const struct phone *other)
{
    return strcmp(one->name, other->name) == 0 && one->cut == other->cut &&
           (one->name[0] != '\0' || strcmp(one->address, other->address) == 0);
}

/* One that was forgotten and came back while the answer was under way may stand in it twice. */
static void sort(struct known_phones *phones)
{
    size_t kept = 0;
    if (phones->count > 0)
        qsort(phones->items, phones->count, sizeof *phones->items, order);
    for (size_t i = 0; i < phones->count; i++)
        if (i + 1 == phones->count || !is_same(&phones->items[i], &phones->items[i + 1]))
            phones->items[kept++] = phones->items[i];
    phones->count = kept;
}

int known_phones_read(const struct config *config, struct known_phones *out, struct trust_error *err)
{
    struct trust_error local;
    struct taking taking = {.phones = out};
    *out = (struct known_phones){.as_of = time(NULL)};
    if (err == NULL)
        err = &local;
    int rc = ask(config, &taking, &out->why);
    if (rc != 0 && rc != TRUST_ENOMEM) {
        out->count = 0;
        out->from_file = true;
        out->as_of = 0;
        rc = read_file(config, &taking, err);
    } else if (rc != 0) {
        *err = out->why;
    }
    if (rc != 0) {
        known_phones_fini(out);
        return rc;
    }
    sort(out);
    return 0;
}

void known_phones_fini(struct known_phones *phones)
{
    free(phones->items);
    phones->items = NULL;
    phones->count = 0;
}

size_t known_phones_followed(const struct known_phones *phones, int64_t rollout)
{
    size_t count = 0;
    for (size_t i = 0; i < phones->count; i++)
        count += phone_followed(&phones->items[i], rollout) != 0;
    return count;
}
