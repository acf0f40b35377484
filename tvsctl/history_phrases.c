/* show published; utils ctl|itl restore N. */
#include "former_signer.h"
#include "handlers.h"
#include "history.h"
#include "input.h"
#include "json.h"
#include "list_dialogue.h"
#include "print.h"
#include "publish.h"
#include "say.h"
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- show published */

enum { CTL, ITL, KINDS };

struct showing {
    struct tvsctl *ctl;
    const struct state *state;
    const struct trust_list *now[KINDS]; /* in the TFTP folder */
    int64_t current[KINDS];              /* their numbers, 0: none */
    struct table table;
    struct json *json; /* NULL: the table */
};

static size_t kind_of(const struct trust_publication *row)
{
    return strcmp(row->filename, PUBLISHED_CTL) == 0 ? CTL : ITL;
}

/* A list that was given out again has several numbers: the last counts. */
static int take_current(void *arg, const struct trust_publication *row)
{
    struct showing *showing = arg;
    const struct trust_list *now = showing->now[kind_of(row)];
    if (now != NULL && history_is_of(row, now->file))
        showing->current[kind_of(row)] = row->number;
    return 0;
}

static const char *file_word(enum history_file file)
{
    static const char *const words[] = {
        [HISTORY_SAME] = "there", [HISTORY_MISSING] = "missing", [HISTORY_CHANGED] = "changed"};
    return words[file];
}

static void show_json(struct json *json, const struct trust_publication *row, enum history_file file,
                      bool is_current)
{
    json_object(json, NULL);
    json_number(json, "number", row->number);
    json_string(json, "filename", row->filename);
    json_bool(json, "current", is_current);
    json_string(json, "file", file_word(file));
    json_time(json, "published", row->published);
    json_string(json, "phrase", row->phrase);
    json_string(json, "person", row->person);
    json_string(json, "md5", row->md5);
    json_string(json, "sha1", row->sha1);
    json_string(json, "signer", row->signer);
    json_string(json, "serial", row->serial);
    json_number(json, "size", row->size);
    json_number(json, "records", row->records);
    json_object_end(json);
}

static int take_row(void *arg, const struct trust_publication *row)
{
    struct showing *showing = arg;
    char number[24], size[24], records[24], when[PRINT_TIME_SIZE], mark[64];
    char serial[PRINT_SHORT_SERIAL_SIZE], *signer;
    const bool is_current = showing->current[kind_of(row)] == row->number;
    const enum history_file file = history_look(showing->state, row, NULL, NULL);
    if (showing->json != NULL) {
        show_json(showing->json, row, file, is_current);
        return 0;
    }
    if (asprintf(&signer, "%s (%s)", row->signer, print_short_serial(row->serial, serial)) < 0)
        return TRUST_ENOMEM;
    snprintf(number, sizeof number, "%" PRId64, row->number);
    snprintf(size, sizeof size, "%" PRId64, (int64_t)row->size);
    snprintf(records, sizeof records, "%" PRId64, (int64_t)row->records);
    snprintf(mark, sizeof mark, "%s%s%s", is_current ? "now" : "",
             is_current && file != HISTORY_SAME ? ", " : "", file != HISTORY_SAME ? file_word(file) : "");
    const char *const cells[] = {number,
                                 row->filename,
                                 mark[0] != '\0' ? mark : "-",
                                 print_time_utc(row->published, when),
                                 row->phrase,
                                 row->person,
                                 size,
                                 records,
                                 row->md5,
                                 row->sha1,
                                 signer};
    const bool added = table_add_row(&showing->table, cells);
    free(signer);
    return added ? 0 : TRUST_ENOMEM;
}

static int show_table(struct showing *showing, struct trust_error *err)
{
    static const char *const head[] = {"NUMBER", "FILE",    "STATE", "PUBLISHED", "PHRASE", "BY",
                                       "SIZE",   "RECORDS", "MD5",   "SHA1",      "SIGNER"};
    table_init(&showing->table, sizeof head / sizeof head[0]);
    int code = table_add_row(&showing->table, head) ? 0 : TRUST_ENOMEM;
    if (code == 0)
        code = trust_store_each_publication(showing->state->store, take_row, showing, err);
    if (code == TRUST_ENOMEM)
        trust_error_set(err, code, TRUST_NO_OFFSET, "%s", trust_error_meaning(code));
    if (code == 0 && table_rows(&showing->table) == 0)
        fputs("No list has been published yet.\n", showing->ctl->io.out);
    else if (code == 0)
        table_print(&showing->table, showing->ctl->io.out);
    table_fini(&showing->table);
    return code;
}

static int show_array(struct showing *showing, struct trust_error *err)
{
    struct json json;
    showing->json = &json;
    json_init(&json, showing->ctl->io.out);
    json_array(&json, NULL);
    int code = trust_store_each_publication(showing->state->store, take_row, showing, err);
    json_array_end(&json);
    showing->json = NULL;
    return code;
}

/* Phones find something that never was given out here. */
static void warn_of_strangers(const struct showing *showing)
{
    static const char *const names[KINDS] = {PUBLISHED_CTL, PUBLISHED_ITL};
    for (size_t i = 0; i < KINDS; i++)
        if (showing->now[i] != NULL && showing->current[i] == 0)
            say_warning(showing->ctl, "%s/%s is none of the lists that were published here",
                        showing->ctl->config->trust_lists.directory, names[i]);
}

int show_published(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state;
    struct published lists;
    struct trust_error err = {0};
    (void)args, (void)count;
    if (state_open(ctl->config, TRUST_STORE_READ, &state, &err) != 0)
        return say_error(ctl, &err);
    published_read(ctl->config, &lists, NULL);
    struct showing showing = {.ctl = ctl, .state = &state, .now = {lists.ctl, lists.itl}};
    int code = trust_store_each_publication(state.store, take_current, &showing, &err);
    if (code == 0)
        code = flag_given(&ctl->flags, FLAG_JSON) ? show_array(&showing, &err) : show_table(&showing, &err);
    if (code == 0)
        warn_of_strangers(&showing);
    published_fini(&lists);
    state_close(&state);
    return code != 0 ? say_error(ctl, &err) : TVSCTL_DONE;
}

/* ---- utils ctl|itl restore N */

struct restoration {
    enum compose_kind kind;
    int64_t number;
    char question[1024];
};

/* Whom tvsd has to answer for again: NULL, or the caller's to free. The other list is as it is in the folder.
 */
static int find_former(struct state *state, const struct restoration *restoration,
                       const struct trust_list *list, const struct trust_list *ctl, struct trust_cert **out,
                       struct trust_error *err)
{
    return former_signer_find(state, list, restoration->kind == COMPOSE_CTL ? list : ctl, out, err);
}

static int note_former(struct state *state, struct restoration *restoration, const struct trust_list *list,
                       struct trust_error *err)
{
    struct published lists;
    struct trust_cert *former;
    published_read(state->config, &lists, NULL);
    int code = find_former(state, restoration, list, lists.ctl, &former, err);
    const size_t used = strlen(restoration->question);
    if (former != NULL)
        snprintf(restoration->question + used, sizeof restoration->question - used,
                 " tvsd answers for that signer no longer; it will again, with role 0 (SAST), since phones "
                 "ask it.");
    trust_cert_free(former);
    published_fini(&lists);
    return code;
}

static int check_restore(struct tvsctl *ctl, struct state *state, struct list_dialogue *dialogue)
{
    struct restoration *restoration = dialogue->arg;
    struct trust_list *list;
    struct trust_error err = {0};
    char when[PRINT_TIME_SIZE], *signer = NULL;
    time_t published;
    if (history_read(state, restoration->kind, restoration->number, &list, &published, &err) != 0)
        return say_error(ctl, &err);
    char *plain = strndup((const char *)list->header.signer_name.data, list->header.signer_name.len);
    if (plain != NULL)
        signer = print_escaped(plain);
    if (signer != NULL)
        snprintf(restoration->question, sizeof restoration->question,
                 "This operation will publish list %" PRId64 " again: %s of %s, signed by %.600s.",
                 restoration->number, compose_file_name(restoration->kind), print_time_utc(published, when),
                 signer);
    int result = signer != NULL ? TVSCTL_DONE : say_no_memory(ctl);
    if (result == TVSCTL_DONE && note_former(state, restoration, list, &err) != 0)
        result = say_error(ctl, &err);
    free(plain);
    free(signer);
    trust_list_free(list);
    return result;
}

/* Phones take configuration files from the CCM+TFTP of their lists. An empty list lets them take any. */
static int warn_of_old_signer(struct change *change, const struct trust_list *list, struct trust_error *err)
{
    struct trust_store_row row;
    int code = state_own_row(change->state, change->state->node, TRUST_UNIT_CALLMANAGER, &row, err);
    if (code == 0 && !trust_list_holds(list, row.cert))
        say_warning(change->ctl,
                    "that list does not hold the present CallManager certificate: phones that take it refuse "
                    "the configuration files which this one signs");
    trust_cert_free(row.cert);
    return code == TRUST_ENOTFOUND ? 0 : code;
}

static int vouch_again(struct change *change, const struct restoration *restoration,
                       const struct trust_list *list, struct trust_error *err)
{
    struct trust_cert *former;
    int code =
        find_former(change->state, restoration, list, publish_present(change, COMPOSE_CTL), &former, err);
    if (code == 0 && former != NULL)
        code = former_signer_vouch(change->state, former, err);
    char *serial = code == 0 && former != NULL ? print_hex(trust_cert_serial(former), 0, true) : NULL;
    if (serial != NULL)
        say_warning(change->ctl,
                    "the signer of that list stands in the store as imported now, so that tvsd answers for "
                    "it with role 0; `set cert delete imported %s` ends that when no phone needs it",
                    serial);
    free(serial);
    trust_cert_free(former);
    return code;
}

struct tvs_search {
    const struct trust_list *list;
    char node[TRUST_NODE_NAME_SIZE]; /* whose TVS certificate it does not hold; "" */
};

static int take_tvs(void *arg, const struct trust_store_row *row)
{
    struct tvs_search *search = arg;
    if (trust_list_holds(search->list, row->cert))
        return 0;
    snprintf(search->node, sizeof search->node, "%s", row->server_name);
    return 1;
}

/* Phones ask only a TVS whose certificate their ITL holds. */
static int warn_of_old_tvs(struct change *change, const struct trust_list *list, struct trust_error *err)
{
    static const enum trust_unit units[] = {TRUST_UNIT_TVS, TRUST_UNIT_TVS_ECDSA};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct tvs_search search = {.list = list};
        int code = trust_store_each(change->state->store, (int)units[i], take_tvs, &search, err);
        if (code < 0)
            return code;
        if (code > 0)
            say_warning(change->ctl,
                        "that list does not hold the present %s certificate of node %s: phones that take it "
                        "cannot ask that server any more",
                        trust_unit_by_number((int)units[i])->name, search.node);
    }
    return 0;
}

static int warn_of_records(struct change *change, const struct restoration *restoration,
                           const struct trust_list *list, struct trust_error *err)
{
    bool is_blank = true;
    for (size_t i = 0; i < list->record_count; i++)
        is_blank = is_blank && list->records[i].certificate.len == 0 && list->records[i].cert_hash.len == 0;
    if (is_blank)
        return 0;
    int code = warn_of_old_signer(change, list, err);
    return code == 0 && restoration->kind == COMPOSE_ITL ? warn_of_old_tvs(change, list, err) : code;
}

static int publish_again(struct change *change, void *arg, struct trust_error *err)
{
    const struct restoration *restoration = arg;
    struct trust_list *list;
    time_t published;
    int code = history_read(change->state, restoration->kind, restoration->number, &list, &published, err);
    if (code == 0)
        code = publish_list(change, restoration->kind, list, err);
    if (code == 0)
        code = vouch_again(change, restoration, list, err);
    if (code == 0)
        code = warn_of_records(change, restoration, list, err);
    trust_list_free(list);
    return code;
}

static int restore(struct tvsctl *ctl, enum compose_kind kind, const char *number)
{
    struct restoration restoration = {.kind = kind};
    if (!input_number(number, &restoration.number))
        return say_usage(ctl, "%s is no number of a list; `show published` lists them", number);
    return list_dialogue_run(ctl,
                             &(struct list_dialogue){
                                 .kind = kind,
                                 .question = restoration.question,
                                 .begins = kind == COMPOSE_CTL ? "Restoring CTL file" : "Restoring ITL file",
                                 .done = kind == COMPOSE_CTL ? "CTL file Restored" : "ITL file Restored",
                                 .restart = true,
                                 .check = check_restore,
                                 .work = publish_again,
                                 .arg = &restoration,
                             });
}

int ctl_restore(struct tvsctl *ctl, char *const *args, size_t count)
{
    (void)count;
    return restore(ctl, COMPOSE_CTL, args[0]);
}

int itl_restore(struct tvsctl *ctl, char *const *args, size_t count)
{
    (void)count;
    return restore(ctl, COMPOSE_ITL, args[0]);
}
