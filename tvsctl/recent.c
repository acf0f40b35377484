#include "recent.h"

#include "history.h"
#include "published.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WEEK (7 * 24 * 60 * 60)

/* Since which ITL file the present certificate stands where another one stood before. */
struct since {
    const struct state *state;
    const struct trust_cert *cert;
    uint16_t function;
    bool other_before;
    int64_t number; /* 0: it did not change */
    time_t when;
};

static bool has_certificate(const struct trust_list *list, uint16_t function)
{
    for (size_t i = 0; i < list->record_count; i++)
        if (list->records[i].function == function &&
            (list->records[i].certificate.len > 0 || list->records[i].cert_hash.len > 0))
            return true;
    return false;
}

static void look_at(struct since *since, const struct trust_list *list, const struct trust_publication *row)
{
    if (!trust_list_holds(list, since->cert)) {
        since->other_before = since->other_before || has_certificate(list, since->function);
        since->number = 0;
    } else if (since->other_before && since->number == 0) {
        since->number = row->number;
        since->when = row->published;
    }
}

/* A list whose file is lost or changed tells nothing. */
static int take_list(void *arg, const struct trust_publication *row)
{
    struct since *since = arg;
    struct trust_list *list = NULL;
    uint8_t *data = NULL;
    size_t len;
    if (strcmp(row->filename, PUBLISHED_ITL) != 0 ||
        history_look(since->state, row, &data, &len) != HISTORY_SAME)
        return 0;
    if (trust_list_parse((struct trust_bytes){data, len}, &list, NULL) == 0)
        look_at(since, list, row);
    trust_list_free(list);
    free(data);
    return 0;
}

static const char *ago(time_t seconds, char *out, size_t size)
{
    const struct {
        const char *name;
        long length;
    } units[] = {{"day", 86400}, {"hour", 3600}, {"minute", 60}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const long count = (long)seconds / units[i].length;
        snprintf(out, size, "%ld %s%s ago", count, units[i].name, count == 1 ? "" : "s");
        if (count > 0)
            return out;
    }
    snprintf(out, size, "just now");
    return out;
}

int recent_change(struct state *state, enum trust_unit changing, time_t now, char out[RECENT_SIZE],
                  struct trust_error *err)
{
    const bool is_server = changing == TRUST_UNIT_CALLMANAGER;
    const enum trust_unit other = is_server ? TRUST_UNIT_TVS : TRUST_UNIT_CALLMANAGER;
    struct since since = {.state = state, .function = is_server ? TRUST_ROLE_TVS : TRUST_ROLE_CCM_TFTP};
    struct trust_store_row row;
    char when[48];
    out[0] = '\0';
    if (!is_server && changing != TRUST_UNIT_TVS)
        return 0;
    int code = state_own_row(state, state->node, other, &row, err);
    since.cert = row.cert;
    if (code == 0)
        code = trust_store_each_publication(state->store, take_list, &since, err);
    if (code == 0 && since.number != 0 && now - since.when < WEEK)
        snprintf(out, RECENT_SIZE,
                 "%s changed %s (list %" PRId64
                 "): phones that have not fetched that list cannot ask TVS any more",
                 trust_unit_by_number((int)other)->name, ago(now - since.when, when, sizeof when),
                 since.number);
    trust_cert_free(row.cert);
    return code == TRUST_ENOTFOUND ? 0 : code;
}
