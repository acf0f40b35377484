/* utils rollout show. */
#include "handlers.h"
#include "input.h"
#include "json.h"
#include "print.h"
#include "rollout.h"
#include "rollout_phones.h"
#include "say.h"
#include "state.h"
#include "table.h"

#include <inttypes.h>
#include <string.h>

struct showing {
    struct tvsctl *ctl;
    const struct state *state;
    struct known_phones known;
    int64_t number; /* that one alone; 0: all */
    size_t count, open;
    struct table table;
    struct json *json; /* NULL: for people */
    struct trust_error *err;
};

/* ---- For programs */

static void write_end(struct json *json, const struct trust_rollout *row)
{
    if (row->end == TRUST_ROLLOUT_OPEN) {
        json_null(json, "closed");
        json_null(json, "closed_by");
    } else {
        json_time(json, "closed", row->closed);
        json_string(json, "closed_by", row->closed_by);
    }
    if (row->withdrawn != 0)
        json_time(json, "withdrawn", row->withdrawn);
}

static void write_phones(struct json *json, const struct rollout_phones *phones)
{
    json_array(json, "phones");
    for (size_t i = 0; i < phones->count; i++) {
        const struct trust_rollout_phone *phone = &phones->items[i];
        json_object(json, NULL);
        json_string(json, "name", phone->name);
        json_string(json, "address", phone->address);
        json_time(json, "last_seen", phone->last_seen);
        if (phone->asked != 0)
            json_time(json, "asked", phone->asked);
        else
            json_null(json, "asked");
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_rollout(struct json *json, const struct trust_rollout *row,
                          const struct rollout_phones *phones)
{
    const struct trust_unit_info *unit = trust_unit_by_number(row->unit);
    json_object(json, NULL);
    json_number(json, "number", row->number);
    json_string(json, "state", trust_rollout_end_name(row->end));
    json_string(json, "kind", trust_rollout_kind_name(row->kind));
    json_string(json, "filename", row->filename);
    json_number(json, "publication", row->publication);
    json_string(json, "unit", unit != NULL ? unit->name : NULL);
    json_string(json, "node", row->server_name[0] != '\0' ? row->server_name : NULL);
    json_string(json, "subject", row->subject);
    json_string(json, "issuer", row->issuer);
    json_string(json, "serial", row->serial);
    json_hex(json, "sha256", (struct trust_bytes){row->sha256, sizeof row->sha256});
    json_time(json, "opened", row->opened);
    json_string(json, "phrase", row->phrase);
    json_string(json, "person", row->person);
    write_end(json, row);
    json_bool(json, "counted", phones->counted);
    json_number(json, "known", (int64_t)phones->count);
    json_number(json, "asked", (int64_t)phones->asked);
    write_phones(json, phones);
    json_object_end(json);
}

/* ---- For people */

static void say_rollout(const struct showing *showing, const struct trust_rollout *row)
{
    char text[ROLLOUT_TEXT_SIZE], when[PRINT_TIME_SIZE];
    FILE *out = showing->ctl->io.out;
    fprintf(out, "Roll-out %" PRId64 ": ", row->number);
    print_text(out, print_bytes(rollout_text(row, text)));
    fprintf(out, ", since list %" PRId64 "\nOpened: %s by ", row->publication,
            print_time_utc(row->opened, when));
    print_text(out, print_bytes(row->phrase));
    fputs(", ", out);
    print_text(out, print_bytes(row->person));
    fputc('\n', out);
    if (row->end == TRUST_ROLLOUT_OPEN)
        return;
    fprintf(out, "Closed: %s by ", print_time_utc(row->closed, when));
    print_text(out, print_bytes(row->closed_by));
    fputs(row->end == TRUST_ROLLOUT_BACK ? ", who said that all phones had fetched it\n"
                                         : ": a newer one made it pointless\n",
          out);
    if (row->withdrawn != 0)
        fprintf(out, "Withdrawn: %s, since a list without it was published\n",
                print_time_utc(row->withdrawn, when));
}

static const char *act(const struct trust_rollout *row)
{
    return row->kind == TRUST_ROLLOUT_SIGNER ? "asked about that signer"
                                             : "been served with that certificate";
}

static int say_phones(const struct showing *showing, const struct trust_rollout *row,
                      const struct rollout_phones *phones)
{
    struct tvsctl *ctl = showing->ctl;
    const size_t missing = phones->count - phones->asked;
    int result = TVSCTL_DONE;
    if (!phones->counted) {
        fputs("Phones: nobody counted them\n", ctl->io.out);
        return result;
    }
    fprintf(ctl->io.out, "Phones that have %s: %zu of %zu\n", act(row), phones->asked, phones->count);
    if (phones->asked > 0)
        result = rollout_phones_print(ctl, phones, true);
    if (result == TVSCTL_DONE && missing > 0) {
        fprintf(ctl->io.out, "Phones that have not: %zu\n", missing);
        result = rollout_phones_print(ctl, phones, false);
    }
    return result;
}

/* Who is not seen, though it follows. */
static void say_unseen(const struct showing *showing, const struct trust_rollout *row)
{
    FILE *out = showing->ctl->io.out;
    if (row->end != TRUST_ROLLOUT_OPEN)
        return;
    if (row->kind == TRUST_ROLLOUT_SIGNER)
        fputs("A phone that knows the signer from its own lists need not ask, and cannot be seen here.\n",
              out);
    else if (row->unit == TRUST_UNIT_TVS_ECDSA)
        fputs("tvsd shows it to nobody before this roll-out is closed, so no phone can be seen to have it.\n",
              out);
    else if (strcmp(row->server_name, showing->state->node) != 0)
        fprintf(out, "What phones ask of that node, its own tvsd alone can see.\n");
    else
        fputs("A phone that has nothing to ask of TVS cannot be seen here.\n", out);
}

static int add_row(struct showing *showing, const struct trust_rollout *row,
                   const struct rollout_phones *phones)
{
    char number[24], list[64], opened[PRINT_TIME_SIZE], closed[PRINT_TIME_SIZE] = "-", asked[64] = "-";
    char text[ROLLOUT_TEXT_SIZE];
    snprintf(number, sizeof number, "%" PRId64, row->number);
    snprintf(list, sizeof list, "%" PRId64, row->publication);
    if (row->end != TRUST_ROLLOUT_OPEN)
        print_time_utc(row->closed, closed);
    if (phones->counted)
        snprintf(asked, sizeof asked, "%zu of %zu", phones->asked, phones->count);
    const char *const cells[] = {number,
                                 row->withdrawn != 0 ? "withdrawn" : trust_rollout_end_name(row->end),
                                 list,
                                 rollout_text(row, text),
                                 print_time_utc(row->opened, opened),
                                 row->person,
                                 closed,
                                 row->closed_by[0] != '\0' ? row->closed_by : "-",
                                 asked};
    return table_add_row(&showing->table, cells) ? 0 : TRUST_ENOMEM;
}

/* ---- One by one */

static int show_one(struct showing *showing, const struct trust_rollout *row,
                    const struct rollout_phones *phones)
{
    if (showing->json != NULL) {
        write_rollout(showing->json, row, phones);
        return 0;
    }
    if (showing->number == 0)
        return add_row(showing, row, phones);
    say_rollout(showing, row);
    int result = say_phones(showing, row, phones);
    say_unseen(showing, row);
    return result == TVSCTL_DONE ? 0 : TRUST_ENOMEM;
}

static int take_rollout(void *arg, const struct trust_rollout *row)
{
    struct showing *showing = arg;
    struct rollout_phones phones;
    if (showing->number != 0 && row->number != showing->number)
        return 0;
    showing->count++;
    showing->open += row->end == TRUST_ROLLOUT_OPEN;
    int code = rollout_phones_read(showing->state->store, row, &showing->known, &phones, showing->err);
    if (code == 0)
        code = show_one(showing, row, &phones);
    rollout_phones_fini(&phones);
    return code;
}

/* The open ones whole, when all were told in short. */
static int take_open(void *arg, const struct trust_rollout *row)
{
    struct showing *showing = arg;
    fputc('\n', showing->ctl->io.out);
    showing->number = row->number;
    int code = take_rollout(showing, row);
    showing->number = 0;
    return code;
}

static int show_table(struct showing *showing)
{
    static const char *const head[] = {"NUMBER", "STATE",  "LIST",      "WHAT", "OPENED",
                                       "BY",     "CLOSED", "CLOSED BY", "ASKED"};
    table_init(&showing->table, sizeof head / sizeof head[0]);
    int code = table_add_row(&showing->table, head) ? 0 : TRUST_ENOMEM;
    if (code == 0)
        code = trust_store_each_rollout(showing->state->store, TRUST_ROLLOUTS_ALL, take_rollout, showing,
                                        showing->err);
    if (code == 0 && showing->count > 0)
        table_print(&showing->table, showing->ctl->io.out);
    table_fini(&showing->table);
    if (code == 0 && showing->open == 0)
        fputs(showing->count > 0 ? "No roll-out is open.\n" : "There has been no roll-out yet.\n",
              showing->ctl->io.out);
    if (code == 0)
        code = trust_store_each_rollout(showing->state->store, TRUST_ROLLOUTS_OPEN, take_open, showing,
                                        showing->err);
    return code;
}

static int show(struct showing *showing)
{
    struct json json;
    if (!flag_given(&showing->ctl->flags, FLAG_JSON) && showing->number == 0)
        return show_table(showing);
    if (flag_given(&showing->ctl->flags, FLAG_JSON)) {
        showing->json = &json;
        json_init(&json, showing->ctl->io.out);
        json_array(&json, NULL);
    }
    int code = trust_store_each_rollout(showing->state->store, TRUST_ROLLOUTS_ALL, take_rollout, showing,
                                        showing->err);
    if (showing->json != NULL)
        json_array_end(&json);
    showing->json = NULL;
    return code;
}

/* Before anything is printed. */
static int take_match(void *arg, const struct trust_rollout *row)
{
    const struct showing *showing = arg;
    return row->number == showing->number;
}

static int check_number(struct showing *showing)
{
    int found = showing->number == 0 ? 1
                                     : trust_store_each_rollout(showing->state->store, TRUST_ROLLOUTS_ALL,
                                                                take_match, showing, showing->err);
    if (found < 0)
        return say_error(showing->ctl, showing->err);
    return found > 0 ? TVSCTL_DONE
                     : say_refusal(showing->ctl,
                                   "there is no roll-out %" PRId64 "; `utils rollout show` lists them",
                                   showing->number);
}

int rollout_show(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state;
    struct trust_error err = {0};
    struct showing showing = {.ctl = ctl, .state = &state, .err = &err};
    if (count > 0 && !input_number(args[0], &showing.number))
        return say_usage(ctl, "%s is no number of a roll-out; `utils rollout show` lists them", args[0]);
    if (state_open(ctl->config, TRUST_STORE_READ, &state, &err) != 0)
        return say_error(ctl, &err);
    int result = check_number(&showing);
    int code = result == TVSCTL_DONE ? known_phones_read(ctl->config, &showing.known, &err) : 0;
    if (result == TVSCTL_DONE && code == 0)
        code = show(&showing);
    if (code == TRUST_ENOMEM)
        result = say_no_memory(ctl);
    else if (code != 0)
        result = say_error(ctl, &err);
    if (result == TVSCTL_DONE && showing.open > 0)
        rollout_phones_say_source(ctl, &showing.known);
    known_phones_fini(&showing.known);
    state_close(&state);
    return result;
}
