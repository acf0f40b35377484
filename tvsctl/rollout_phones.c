#include "rollout_phones.h"

#include "print.h"
#include "say.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN 20 /* of a list, without --all */

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

struct taking {
    struct rollout_phones *phones;
    size_t capacity;
};

static int take(void *arg, const struct trust_rollout_phone *phone)
{
    struct taking *taking = arg;
    struct rollout_phones *phones = taking->phones;
    if (phones->count == taking->capacity) {
        const size_t capacity = taking->capacity > 0 ? 2 * taking->capacity : 64;
        struct trust_rollout_phone *items = reallocarray(phones->items, capacity, sizeof *items);
        if (items == NULL)
            return TRUST_ENOMEM;
        phones->items = items;
        taking->capacity = capacity;
    }
    struct trust_rollout_phone copy = *phone;
    copy.name = strdup(phone->name);
    copy.address = strdup(phone->address);
    phones->items[phones->count++] = copy;
    phones->asked += phone->asked != 0;
    return copy.name != NULL && copy.address != NULL ? 0 : TRUST_ENOMEM;
}

static int take_known(struct taking *taking, const struct known_phones *known, int64_t rollout)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < known->count; i++) {
        const struct phone *phone = &known->items[i];
        code = take(taking, &(struct trust_rollout_phone){
                                .name = phone->name,
                                .address = phone->address,
                                .asked = (time_t)phone_followed(phone, rollout),
                                .last_seen = (time_t)phone->last,
                            });
    }
    return code;
}

static int compare(const void *a, const void *b)
{
    const struct trust_rollout_phone *left = a, *right = b;
    if ((left->asked != 0) != (right->asked != 0))
        return left->asked != 0 ? 1 : -1;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->address, right->address);
}

int rollout_phones_read(struct trust_store *store, const struct trust_rollout *rollout,
                        const struct known_phones *known, struct rollout_phones *out, struct trust_error *err)
{
    struct taking taking = {out, 0};
    int code = 0;
    *out = (struct rollout_phones){0};
    if (rollout->end == TRUST_ROLLOUT_OPEN) {
        out->counted = known != NULL && known->as_of != 0;
        if (known != NULL)
            code = take_known(&taking, known, rollout->number);
    } else {
        out->counted = rollout->known >= 0;
        code = trust_store_each_rollout_phone(store, rollout->number, take, &taking, err);
    }
    if (code == 0 && out->count > 0)
        qsort(out->items, out->count, sizeof *out->items, compare);
    return code == TRUST_ENOMEM ? no_memory(err) : code;
}

void rollout_phones_fini(struct rollout_phones *phones)
{
    for (size_t i = 0; i < phones->count; i++) {
        free((char *)(uintptr_t)phones->items[i].name);
        free((char *)(uintptr_t)phones->items[i].address);
    }
    free(phones->items);
    *phones = (struct rollout_phones){0};
}

static bool add_phone(struct table *table, const struct trust_rollout_phone *phone)
{
    char when[PRINT_TIME_SIZE] = "-", seen[PRINT_TIME_SIZE] = "-";
    if (phone->asked != 0)
        print_time_utc(phone->asked, when);
    if (phone->last_seen != 0)
        print_time_utc(phone->last_seen, seen);
    return table_add(table, phone->name[0] != '\0' ? phone->name : "-") &&
           table_add(table, phone->address[0] != '\0' ? phone->address : "-") && table_add(table, seen) &&
           table_add(table, when);
}

int rollout_phones_print(struct tvsctl *ctl, const struct rollout_phones *phones, bool asked)
{
    static const char *const head[] = {"PHONE", "ADDRESS", "LAST SEEN", "ASKED"};
    struct table table;
    const size_t from = asked ? phones->count - phones->asked : 0;
    const size_t to = asked ? phones->count : phones->count - phones->asked;
    const size_t end = flag_given(&ctl->flags, FLAG_ALL) || to - from <= SHOWN ? to : from + SHOWN;
    table_init(&table, sizeof head / sizeof head[0]);
    bool added = table_add_row(&table, head);
    for (size_t i = from; added && i < end; i++)
        added = add_phone(&table, &phones->items[i]);
    if (added && from < to)
        table_print(&table, ctl->io.out);
    if (added && end < to)
        fprintf(ctl->io.out, "… and %zu more: --all shows them\n", to - end);
    table_fini(&table);
    return added ? TVSCTL_DONE : say_no_memory(ctl);
}

void rollout_phones_say_source(struct tvsctl *ctl, const struct known_phones *known)
{
    char text[sizeof known->why.text + 128], when[PRINT_TIME_SIZE];
    if (known->damage.code != 0)
        say_warning(ctl, "%s", known->damage.text);
    if (!known->from_file)
        return;
    if (known->as_of == 0)
        snprintf(text, sizeof text, "no tvsd answers, and none has left word of its phones: %s",
                 known->why.text);
    else
        snprintf(text, sizeof text, "no tvsd answers; the phones are as one saw them until %s: %s",
                 print_time_utc(known->as_of, when), known->why.text);
    if (flag_given(&ctl->flags, FLAG_JSON)) {
        say_note(ctl, "%s", text);
        return;
    }
    fputs("Note: ", ctl->io.out);
    print_text(ctl->io.out, print_bytes(text));
    fputc('\n', ctl->io.out);
}
