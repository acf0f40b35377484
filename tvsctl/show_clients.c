/* show tvs clients: the phones that tvsd has answered, and which of them know the newest signer. */
#include "handlers.h"
#include "json.h"
#include "known_phones.h"
#include "print.h"
#include "say.h"
#include "state.h"
#include "table.h"

#include <inttypes.h>
#include <string.h>

struct clients {
    struct tvsctl *ctl;
    const char *wanted; /* NULL: all of them */
    struct known_phones phones;
    int64_t rollout; /* the newest that is open and has another signer; 0: there is none */
    size_t shown, asked;
};

/* Numbers grow: the last is the newest. */
static int take_rollout(void *arg, const struct trust_rollout *rollout)
{
    struct clients *clients = arg;
    if (rollout->kind == TRUST_ROLLOUT_SIGNER)
        clients->rollout = rollout->number;
    return 0;
}

/* Where there is no store yet, there is no roll-out either. */
static int find_rollout(struct clients *clients, struct trust_error *err)
{
    struct state state;
    int code = state_open(clients->ctl->config, TRUST_STORE_READ, &state, err);
    if (code != 0)
        return code == TRUST_ENOTFOUND ? 0 : code;
    code = trust_store_each_rollout(state.store, TRUST_ROLLOUTS_OPEN, take_rollout, clients, err);
    state_close(&state);
    return code;
}

/* By a part of its name, or its whole address. */
static bool is_wanted(const struct clients *clients, const struct phone *phone)
{
    return clients->wanted == NULL || strcasestr(phone->name, clients->wanted) != NULL ||
           strcmp(phone->address, clients->wanted) == 0;
}

/* ---- For programs */

static void json_phone(struct json *json, const struct clients *clients, const struct phone *phone)
{
    json_object(json, NULL);
    json_string(json, "name", phone->name[0] != '\0' ? phone->name : NULL);
    json_bool(json, "cut", phone->cut);
    json_string(json, "address", phone->address);
    json_time(json, "first", phone->first);
    json_time(json, "last", phone->last);
    json_string(json, "tls", phone->tls);
    json_string(json, "class", phone->class);
    json_string(json, "asked", phone->asked);
    json_string(json, "result", phone->result);
    json_number(json, "requests", (int64_t)phone->count);
    if (clients->rollout == 0)
        json_null(json, "newest_signer");
    else
        json_bool(json, "newest_signer", phone_followed(phone, clients->rollout) != 0);
    json_array(json, "followed");
    for (size_t i = 0; i < PHONE_FOLLOWED_MAX && phone->followed[i].rollout != 0; i++) {
        json_object(json, NULL);
        json_number(json, "rollout", phone->followed[i].rollout);
        json_time(json, "when", phone->followed[i].when);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

static void show_json(struct clients *clients)
{
    struct json json;
    json_init(&json, clients->ctl->io.out);
    json_array(&json, NULL);
    for (size_t i = 0; i < clients->phones.count; i++)
        if (is_wanted(clients, &clients->phones.items[i]))
            json_phone(&json, clients, &clients->phones.items[i]);
    json_array_end(&json);
}

/* ---- For people */

static bool add_phone(struct table *table, const struct clients *clients, const struct phone *phone)
{
    char name[PHONE_NAME_MAX + 8], last[PRINT_TIME_SIZE], asked[PRINT_TIME_SIZE], count[24];
    char tls[sizeof phone->tls + sizeof phone->class + 1];
    int64_t when = phone_followed(phone, clients->rollout);
    snprintf(name, sizeof name, "%s%s", phone->name[0] != '\0' ? phone->name : "-", phone->cut ? "…" : "");
    snprintf(tls, sizeof tls, "%s%s%s", phone->tls, strcmp(phone->class, "strict") != 0 ? " " : "",
             strcmp(phone->class, "strict") != 0 ? phone->class : "");
    snprintf(count, sizeof count, "%" PRIu64, phone->count);
    const char *const cells[] = {
        name,           print_time_utc((time_t)phone->last, last),
        phone->address, tls,
        phone->asked,   phone->result,
        count,          clients->rollout == 0 ? "-" : when == 0 ? "no" : print_time_utc((time_t)when, asked),
    };
    return table_add_row(table, cells);
}

static int show_table(struct clients *clients)
{
    static const char *const head[] = {"NAME",  "LAST SEEN", "ADDRESS",  "TLS",
                                       "ASKED", "RESULT",    "REQUESTS", "ASKED ABOUT THE NEWEST SIGNER"};
    struct table table;
    table_init(&table, sizeof head / sizeof head[0]);
    bool done = table_add_row(&table, head);
    for (size_t i = 0; i < clients->phones.count && done; i++) {
        const struct phone *phone = &clients->phones.items[i];
        if (!is_wanted(clients, phone))
            continue;
        done = add_phone(&table, clients, phone);
        clients->shown++;
        clients->asked += phone_followed(phone, clients->rollout) != 0;
    }
    if (done && clients->shown > 0)
        table_print(&table, clients->ctl->io.out);
    table_fini(&table);
    return done ? TVSCTL_DONE : say_no_memory(clients->ctl);
}

static void print_sum(const struct clients *clients)
{
    FILE *out = clients->ctl->io.out;
    const char *plural = clients->shown == 1 ? "" : "s";
    if (clients->rollout == 0)
        fprintf(out, "%zu phone%s. No roll-out of another signer is open.\n", clients->shown, plural);
    else
        fprintf(out,
                "%zu phone%s; %zu asked about the newest signer (roll-out %" PRId64
                "). Those that knew it before need not ask.\n",
                clients->shown, plural, clients->asked, clients->rollout);
}

/* What is shown may be old. */
static int judge_source(struct clients *clients)
{
    struct tvsctl *ctl = clients->ctl;
    char when[PRINT_TIME_SIZE];
    if (!clients->phones.from_file)
        return TVSCTL_DONE;
    if (clients->phones.as_of == 0)
        return say_error(ctl, &clients->phones.why);
    say_warning(ctl, "these are the phones as of %s: %s", print_time((time_t)clients->phones.as_of, when),
                clients->phones.why.text);
    if (clients->phones.damage.code != 0)
        say_warning(ctl, "%s; phones are missing", clients->phones.damage.text);
    return TVSCTL_DONE;
}

static int show(struct clients *clients)
{
    size_t found = 0;
    int result = judge_source(clients);
    if (result != TVSCTL_DONE)
        return result;
    for (size_t i = 0; i < clients->phones.count; i++)
        found += is_wanted(clients, &clients->phones.items[i]);
    if (found == 0 && clients->wanted != NULL)
        return say_refusal(clients->ctl,
                           "no phone that tvsd remembers has %s in its name, or for its address",
                           clients->wanted);
    if (flag_given(&clients->ctl->flags, FLAG_JSON)) {
        show_json(clients);
        return TVSCTL_DONE;
    }
    result = show_table(clients);
    if (result == TVSCTL_DONE)
        print_sum(clients);
    return result;
}

int show_tvs_clients(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct clients clients = {.ctl = ctl, .wanted = count > 0 ? args[0] : NULL};
    struct trust_error err = {0};
    if (known_phones_read(ctl->config, &clients.phones, &err) != 0)
        return say_error(ctl, &err);
    int result = find_rollout(&clients, &err) == 0 ? show(&clients) : say_error(ctl, &err);
    known_phones_fini(&clients.phones);
    return result;
}
