#include "rehearse_holders.h"

#include "history.h"
#include "print.h"
#include "publish.h"
#include "say.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

/* ---- What matters of a list */

static void put(FILE *out, struct trust_bytes bytes)
{
    const uint32_t len = (uint32_t)bytes.len;
    fwrite(&len, sizeof len, 1, out);
    if (bytes.len > 0)
        fwrite(bytes.data, 1, bytes.len, out);
}

/* Functions that sign lists and files, and TVS. */
static bool is_anchor(uint16_t function)
{
    return function == TRUST_ROLE_SAST || function == TRUST_ROLE_CCM_TFTP || function == TRUST_ROLE_TFTP ||
           function == TRUST_ROLE_TVS;
}

static int digest_anchors(const struct trust_list *list, uint8_t out[TRUST_SHA256_SIZE],
                          struct trust_error *err)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL)
        return no_memory(err);
    fputc(trust_held_is_empty_itl(list) ? 1 : 0, to);
    for (size_t i = 0; i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        if (!is_anchor(record->function))
            continue;
        fwrite(&record->function, sizeof record->function, 1, to);
        fputc(record->hash_algorithm, to);
        put(to, record->issuer);
        put(to, record->serial);
        put(to, record->certificate);
        put(to, record->cert_hash);
    }
    int code = fclose(to) == 0 ? 0 : no_memory(err);
    if (code == 0)
        code = trust_digest_pieces(TRUST_DIGEST_SHA256, &(struct trust_bytes){(uint8_t *)text, size}, 1, out,
                                   err);
    free(text);
    return code;
}

static bool same_bytes(struct trust_bytes a, struct trust_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool rehearse_same_signer(const struct trust_list *a, const struct trust_list *b)
{
    return a->header.digest == b->header.digest && same_bytes(a->header.serial, b->header.serial) &&
           same_bytes(a->header.ca_name, b->header.ca_name);
}

int rehearse_same_list(const struct trust_list *a, const struct trust_list *b, bool *same,
                       struct trust_error *err)
{
    uint8_t x[TRUST_SHA256_SIZE], y[TRUST_SHA256_SIZE];
    *same = a == b;
    if (a == NULL || b == NULL || !rehearse_same_signer(a, b))
        return 0;
    int code = digest_anchors(a, x, err);
    if (code == 0)
        code = digest_anchors(b, y, err);
    *same = code == 0 && memcmp(x, y, sizeof x) == 0;
    return code;
}

/* "cucm-1051-a-pub (70CAF64E…)", from the names in the header. */
static char *describe_signer(const struct trust_list *list)
{
    char *out = NULL, *serial = print_hex(list->header.serial, 0, true);
    const char *name = (const char *)list->header.signer_name.data;
    size_t len = list->header.signer_name.len;
    if (len > 3 && strncasecmp(name, "CN=", 3) == 0) {
        name += 3;
        len -= 3;
    }
    const char *end = memchr(name, ';', len);
    if (serial != NULL &&
        asprintf(&out, "%.*s (%s)", (int)(end != NULL ? (size_t)(end - name) : len), name, serial) < 0)
        out = NULL;
    free(serial);
    return out;
}

/* Adds a list, which is borrowed if it shall stay in memory. *which is its place. */
static int add_list(struct rehearse_holders *holders, const struct trust_list *list, bool in_memory,
                    const struct trust_publication *row, size_t *which, struct trust_error *err)
{
    struct rehearse_list *lists = reallocarray(holders->lists, holders->list_count + 1, sizeof *lists);
    if (lists == NULL)
        return no_memory(err);
    holders->lists = lists;
    struct rehearse_list *added = &lists[holders->list_count];
    *added = (struct rehearse_list){
        .is_itl = trust_list_is_itl(list),
        .number = row != NULL ? row->number : 0,
        .published = row != NULL ? row->published : 0,
        .signer = describe_signer(list),
        .list = in_memory ? list : NULL,
    };
    if (added->signer == NULL)
        return no_memory(err);
    *which = holders->list_count++;
    return digest_anchors(list, added->anchors, err);
}

/* ---- Pairs */

static bool same_list(const struct rehearse_holders *holders, size_t a, size_t b)
{
    if (a == REHEARSE_NO_LIST || b == REHEARSE_NO_LIST)
        return a == b;
    return memcmp(holders->lists[a].anchors, holders->lists[b].anchors, TRUST_SHA256_SIZE) == 0;
}

/* The last pair with the same anchors stands for all of them. */
static int add_pair(struct rehearse_holders *holders, size_t ctl, size_t itl, bool is_present,
                    struct trust_error *err)
{
    size_t i = 0;
    while (i < holders->count && (!same_list(holders, holders->items[i].ctl, ctl) ||
                                  !same_list(holders, holders->items[i].itl, itl)))
        i++;
    if (i == holders->count) {
        struct rehearse_holder *items = reallocarray(holders->items, i + 1, sizeof *items);
        if (items == NULL)
            return no_memory(err);
        holders->items = items;
        items[holders->count++] = (struct rehearse_holder){
            ctl, itl, 0, is_present, ctl == REHEARSE_NO_LIST && itl == REHEARSE_NO_LIST};
        return 0;
    }
    struct rehearse_holder *old = &holders->items[i];
    if (old->ctl == ctl && old->itl == itl) {
        old->is_present |= is_present;
        return 0;
    }
    *old = (struct rehearse_holder){ctl, itl, old->merged + 1, is_present, false};
    return 0;
}

/* A phone that met each list when it came; one that could not take a CTL, but the next ITL; where no CTL is
 * there any more, one that found the ITL alone. */
static int pair_history(struct rehearse_holders *holders, bool has_ctl, struct trust_error *err)
{
    size_t ctl = REHEARSE_NO_LIST, itl = REHEARSE_NO_LIST, ctl_before = REHEARSE_NO_LIST, last_ctl = 0;
    int code = 0;
    for (size_t i = 0; i < holders->list_count; i++)
        last_ctl = holders->lists[i].is_itl ? last_ctl : i;
    for (size_t i = 0; i < holders->list_count && code == 0; i++) {
        if (!holders->lists[i].is_itl) {
            ctl_before = ctl;
            ctl = i;
        } else {
            itl = i;
            if (ctl_before != REHEARSE_NO_LIST)
                code = add_pair(holders, ctl_before, i, false, err);
            ctl_before = REHEARSE_NO_LIST;
            if (code == 0 && !has_ctl && i > last_ctl)
                code = add_pair(holders, REHEARSE_NO_LIST, i, false, err);
        }
        if (code == 0)
            code = add_pair(holders, ctl, itl, false, err);
    }
    return code;
}

/* ---- The history */

struct reading {
    struct rehearse_holders *holders;
    const struct state *state;
    const struct published *present;
    size_t present_ctl, present_itl;
    struct trust_error *err;
};

static int list_path(const struct rehearse_holders *holders, int64_t number, char *out, size_t size,
                     struct trust_error *err)
{
    int len = snprintf(out, size, "%s/%" PRId64, holders->folder, number);
    return len >= 0 && (size_t)len < size ? 0
                                          : trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET,
                                                            "%s: the path is too long", holders->folder);
}

static int keep_file(struct reading *reading, const struct trust_publication *row)
{
    char from[STATE_PATH_MAX], to[STATE_PATH_MAX];
    int code = list_path(reading->holders, row->number, to, sizeof to, reading->err);
    if (code == 0 && (publish_path(reading->state, row->number, row->filename, from, sizeof from) == NULL ||
                      link(from, to) != 0))
        code = trust_error_set(reading->err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "cannot make the link %s: %s",
                               to, strerror(errno));
    return code;
}

static int take_file(struct reading *reading, const struct trust_publication *row, struct trust_bytes bytes)
{
    struct trust_list *list;
    size_t which;
    int code = trust_list_parse(bytes, &list, reading->err);
    if (code != 0) {
        reading->holders->lost++;
        return code == TRUST_ENOMEM ? code : 0;
    }
    code = add_list(reading->holders, list, false, row, &which, reading->err);
    if (code == 0)
        code = keep_file(reading, row);
    const struct trust_list *now = trust_list_is_itl(list) ? reading->present->itl : reading->present->ctl;
    if (code == 0 && now != NULL && history_is_of(row, now->file))
        *(trust_list_is_itl(list) ? &reading->present_itl : &reading->present_ctl) = which;
    trust_list_free(list);
    return code;
}

static int take_row(void *arg, const struct trust_publication *row)
{
    struct reading *reading = arg;
    uint8_t *data;
    size_t len;
    if (history_look(reading->state, row, &data, &len) != HISTORY_SAME) {
        reading->holders->lost++;
        return 0;
    }
    int code = take_file(reading, row, (struct trust_bytes){data, len});
    free(data);
    return code;
}

/* Lists that phones find though they were never given out here. */
static int add_strangers(struct reading *reading, struct trust_error *err)
{
    const struct published *present = reading->present;
    int code = 0;
    if (present->ctl != NULL && reading->present_ctl == REHEARSE_NO_LIST)
        code = add_list(reading->holders, present->ctl, true, NULL, &reading->present_ctl, err);
    if (code == 0 && present->itl != NULL && reading->present_itl == REHEARSE_NO_LIST)
        code = add_list(reading->holders, present->itl, true, NULL, &reading->present_itl, err);
    return code;
}

static int read_all(struct reading *reading, struct state *state, struct trust_error *err)
{
    struct rehearse_holders *holders = reading->holders;
    const struct published *present = reading->present;
    int code = trust_store_each_publication(state->store, take_row, reading, err);
    if (code == 0)
        code = pair_history(holders, present->ctl != NULL, err);
    if (code == 0)
        code = add_strangers(reading, err);
    if (code == 0 && (present->ctl != NULL || present->itl != NULL))
        code = add_pair(holders, reading->present_ctl, reading->present_itl, true, err);
    return code == 0 ? add_pair(holders, REHEARSE_NO_LIST, REHEARSE_NO_LIST, false, err) : code;
}

int rehearse_holders_read(const struct config *config, const struct published *present, const char *folder,
                          struct rehearse_holders *holders, struct trust_error *err)
{
    struct state state;
    struct reading reading = {.holders = holders,
                              .state = &state,
                              .present = present,
                              .present_ctl = REHEARSE_NO_LIST,
                              .present_itl = REHEARSE_NO_LIST,
                              .err = err};
    *holders = (struct rehearse_holders){0};
    snprintf(holders->folder, sizeof holders->folder, "%s", folder);
    int code = state_open(config, TRUST_STORE_READ, &state, err);
    if (code != 0)
        return code;
    if (mkdir(folder, 0700) != 0)
        code = trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "cannot make %s: %s", folder,
                               strerror(errno));
    if (code == 0)
        code = read_all(&reading, &state, err);
    state_close(&state);
    return code;
}

/* ---- Lists from elsewhere */

int rehearse_read_list(struct tvsctl *ctl, const char *path, struct published *lists)
{
    struct trust_error err = {0};
    struct trust_list *list = NULL;
    uint8_t *data = NULL;
    size_t len;
    int code = trust_file_read(path, TRUST_LIST_MAX, &data, &len, NULL, &err);
    if (code == 0)
        code = trust_list_parse((struct trust_bytes){data, len}, &list, &err);
    free(data);
    if (code != 0)
        return strstr(err.text, path) != NULL ? say_error(ctl, &err)
                                              : say_refusal(ctl, "%s: %s", path, err.text);
    const bool is_itl = trust_list_is_itl(list);
    struct trust_list **place = is_itl ? &lists->itl : &lists->ctl;
    if (*place != NULL) {
        trust_list_free(list);
        return say_usage(ctl, "%s is a second %s, and a phone holds one; leave one out", path,
                         is_itl ? "ITL" : "CTL");
    }
    *place = list;
    return TVSCTL_DONE;
}

int rehearse_holders_of(const struct published *lists, struct rehearse_holders *holders,
                        struct trust_error *err)
{
    size_t ctl = REHEARSE_NO_LIST, itl = REHEARSE_NO_LIST;
    int code = 0;
    if (lists->ctl != NULL)
        code = add_list(holders, lists->ctl, true, NULL, &ctl, err);
    if (code == 0 && lists->itl != NULL)
        code = add_list(holders, lists->itl, true, NULL, &itl, err);
    return code == 0 ? add_pair(holders, ctl, itl, false, err) : code;
}

int rehearse_holders_installed(struct tvsctl *ctl, struct rehearse_holders *holders)
{
    struct trust_error err = {0};
    const char *path;
    int result = TVSCTL_DONE;
    *holders = (struct rehearse_holders){0};
    for (size_t i = 0; result == TVSCTL_DONE && (path = flag_value(&ctl->flags, FLAG_INSTALLED, i)) != NULL;
         i++)
        result = rehearse_read_list(ctl, path, &holders->owned);
    if (result == TVSCTL_DONE && rehearse_holders_of(&holders->owned, holders, &err) != 0)
        result = say_error(ctl, &err);
    return result;
}

void rehearse_holders_fini(struct rehearse_holders *holders)
{
    for (size_t i = 0; i < holders->list_count; i++)
        free(holders->lists[i].signer);
    free(holders->lists);
    free(holders->items);
    published_fini(&holders->owned);
    *holders = (struct rehearse_holders){0};
}

/* ---- One of them */

static int load(const struct rehearse_holders *holders, size_t which, struct trust_list **loaded,
                const struct trust_list **out, struct trust_error *err)
{
    char path[STATE_PATH_MAX];
    uint8_t *data = NULL;
    size_t len;
    *out = NULL;
    if (which == REHEARSE_NO_LIST)
        return 0;
    *out = holders->lists[which].list;
    if (*out != NULL)
        return 0;
    int code = list_path(holders, holders->lists[which].number, path, sizeof path, err);
    if (code == 0)
        code = trust_file_read(path, TRUST_LIST_MAX, &data, &len, NULL, err);
    if (code == 0)
        code = trust_list_parse((struct trust_bytes){data, len}, loaded, err);
    free(data);
    *out = *loaded;
    return code;
}

int rehearse_holders_load(const struct rehearse_holders *holders, size_t which, struct published *loaded,
                          struct trust_held *held, struct trust_error *err)
{
    const struct rehearse_holder *holder = &holders->items[which];
    *loaded = (struct published){0};
    *held = (struct trust_held){0};
    int code = load(holders, holder->ctl, &loaded->ctl, &held->ctl, err);
    return code == 0 ? load(holders, holder->itl, &loaded->itl, &held->itl, err) : code;
}

bool rehearse_holders_same_ctl(const struct rehearse_holders *holders, size_t which)
{
    const struct rehearse_holder *holder = &holders->items[which];
    if (holder->ctl == REHEARSE_NO_LIST && !holder->is_fresh && holders->count > 1)
        return true;
    for (size_t i = which + 1; i < holders->count; i++)
        if (same_list(holders, holders->items[i].ctl, holder->ctl) && holder->ctl != REHEARSE_NO_LIST)
            return true;
    return false;
}
