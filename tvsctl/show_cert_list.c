/* show cert list own, show cert list trust. */
#include "handlers.h"
#include "json.h"
#include "limits.h"
#include "print.h"
#include "published.h"
#include "say.h"
#include "show_cert.h"
#include "state.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

struct listing {
    struct tvsctl *ctl;
    bool own; /* own units, else trust units and imports */
    struct published published;
    struct table table;
    struct json *json; /* NULL: the table */
};

/* "2019-06-04 (expired)" and so on. */
#define EXPIRY_SIZE (PRINT_DATE_SIZE + 40)
static const char *expiry(const struct listing *listing, const struct trust_cert *cert, char out[EXPIRY_SIZE])
{
    char date[PRINT_DATE_SIZE];
    time_t end = trust_cert_not_after(cert), now = listing->ctl->now;
    print_date(end, date);
    if (end < now)
        snprintf(out, EXPIRY_SIZE, "%s (expired)", date);
    else if (end - now < LIMITS_EXPIRY_WARNING)
        snprintf(out, EXPIRY_SIZE, "%s (in %ld days)", date, (long)((end - now) / 86400));
    else
        snprintf(out, EXPIRY_SIZE, "%s", date);
    return out;
}

#define RETIRED "(retired)"

/* What stands in the last column. */
static const char *remark(const struct trust_store_row *row, const char *unit, char *out, size_t size)
{
    return strcmp(unit, RETIRED) == 0 ? "replaced or deleted; kept until a list without it is published"
                                      : show_cert_kind(row, out, size);
}

static bool add_row(struct listing *listing, const struct trust_store_row *row, const char *unit)
{
    char when[EXPIRY_SIZE], roles[PRINT_ROLES_SIZE], kind[512];
    char *serial = print_hex(trust_cert_serial(row->cert), 0, true);
    const char *const cells[] = {
        unit,
        print_cert_name(row->cert),
        serial,
        expiry(listing, row->cert, when),
        print_roles(&row->roles, roles),
        published_where(&listing->published, row->cert),
        listing->own ? row->server_name : remark(row, unit, kind, sizeof kind),
        remark(row, unit, kind, sizeof kind),
    };
    bool added = serial != NULL && table_add_row(&listing->table, cells);
    free(serial);
    return added;
}

/* Each unit that a certificate is in gets a line; own ones are called by their files' names, as CUCM does. */
static int take_row(void *arg, const struct trust_store_row *row)
{
    struct listing *listing = arg;
    size_t count;
    const struct trust_unit_info *units = trust_units(&count);
    bool concerned = listing->own ? row->retired : row->imported, added = true;
    if (concerned && listing->json == NULL)
        added = add_row(listing, row, listing->own ? RETIRED : "imported");
    for (size_t i = 0; i < count; i++) {
        char file[64];
        if ((row->units & 1u << units[i].unit) == 0 || units[i].own != listing->own)
            continue;
        concerned = true;
        snprintf(file, sizeof file, "%s%s", units[i].name, units[i].own ? ".pem" : "");
        if (listing->json == NULL)
            added = added && add_row(listing, row, file);
    }
    if (concerned && listing->json != NULL)
        show_cert_json(listing->json, row, &listing->published, false);
    return added ? 0 : TRUST_ENOMEM;
}

static bool add_head(struct listing *listing)
{
    static const char *const own[] = {"UNIT",  "COMMON NAME", "SERIAL NUMBER", "EXPIRES",
                                      "ROLES", "IN LISTS",    "NODE",          "DESCRIPTION"};
    static const char *const trust[] = {"UNIT",  "COMMON NAME", "SERIAL NUMBER", "EXPIRES",
                                        "ROLES", "IN LISTS",    "DESCRIPTION"};
    table_init(&listing->table, listing->own ? sizeof own / sizeof own[0] : sizeof trust / sizeof trust[0]);
    return table_add_row(&listing->table, listing->own ? own : trust);
}

static int list_store(struct listing *listing)
{
    struct tvsctl *ctl = listing->ctl;
    struct state state;
    struct trust_error err = {0};
    if (state_open(ctl->config, TRUST_STORE_READ, &state, &err) != 0)
        return say_error(ctl, &err);
    if (listing->json != NULL)
        json_array(listing->json, NULL);
    int code = listing->own ? trust_store_each_listed(state.store, take_row, listing, &err)
                            : trust_store_each(state.store, 0, take_row, listing, &err);
    if (listing->json != NULL)
        json_array_end(listing->json);
    state_close(&state);
    if (code == TRUST_ENOMEM)
        return say_no_memory(ctl);
    return code != 0 ? say_error(ctl, &err) : TVSCTL_DONE;
}

static int list(struct tvsctl *ctl, bool own)
{
    struct listing listing = {.ctl = ctl, .own = own};
    struct json json;
    if (!add_head(&listing))
        return say_no_memory(ctl);
    published_read(ctl->config, &listing.published, NULL);
    if (flag_given(&ctl->flags, FLAG_JSON)) {
        json_init(&json, ctl->io.out);
        listing.json = &json;
    }
    int result = list_store(&listing);
    if (result == TVSCTL_DONE && listing.json == NULL && table_rows(&listing.table) == 0)
        fprintf(ctl->io.out, "The store holds no %s certificate.\n", own ? "own" : "trust");
    else if (result == TVSCTL_DONE && listing.json == NULL)
        table_print(&listing.table, ctl->io.out);
    table_fini(&listing.table);
    published_fini(&listing.published);
    return result;
}

int show_cert_list_own(struct tvsctl *ctl, char *const *args, size_t count)
{
    (void)args, (void)count;
    return list(ctl, true);
}

int show_cert_list_trust(struct tvsctl *ctl, char *const *args, size_t count)
{
    (void)args, (void)count;
    return list(ctl, false);
}
