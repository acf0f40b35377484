/* set csr gen, show csr …: requests for certificates that an authority signs. */
#include "ask.h"
#include "handlers.h"
#include "input.h"
#include "json.h"
#include "own_csr.h"
#include "print.h"
#include "say.h"
#include "table.h"

#include <stdlib.h>

static int generate(struct change *change, void *arg, struct trust_error *err)
{
    const struct own_cert_request *request = arg;
    return own_csr_make(change, request, err);
}

/* Nothing is asked when nothing is overwritten. */
static int ask_first(struct tvsctl *ctl, struct state *state, const struct own_cert_request *request)
{
    char *pem, warning[256];
    struct trust_error err = {0};
    if (own_csr_find(state, request->node.server_name, request->unit, &pem, NULL, &err) != 0)
        return say_error(ctl, &err);
    bool waits = pem != NULL;
    free(pem);
    snprintf(warning, sizeof warning,
             "This operation will overwrite the CSR previously generated for %s; a certificate for that one "
             "can no longer be imported",
             trust_unit_by_number((int)request->unit)->name);
    return waits ? ask_proceed(ctl, warning, "generation") : TVSCTL_DONE;
}

int csr_generate(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct input_own own;
    (void)count;
    int result = input_own(ctl, args[0], TRUST_STORE_WRITE, &own);
    if (result != TVSCTL_DONE)
        return result;
    struct own_cert_request request = own_cert_request(&own.state, own.unit->unit);
    request.node = own.node.node;
    result = own_cert_take_key(ctl, &request);
    if (result == TVSCTL_DONE)
        result = ask_first(ctl, &own.state, &request);
    if (result == TVSCTL_DONE)
        result = change_run(ctl, &own.state, generate, &request);
    if (result == TVSCTL_DONE)
        fprintf(ctl->io.out, "Successfully Generated CSR for %s.\n", own.unit->name);
    state_close(&own.state);
    return result;
}

static void write_row(struct json *json, const struct trust_csr_row *row, bool whole)
{
    json_object(json, NULL);
    json_string(json, "unit", trust_unit_by_number((int)row->unit)->name);
    json_string(json, "node", row->server_name);
    json_time(json, "created", row->created);
    if (whole)
        json_string(json, "pem", row->request);
    json_object_end(json);
}

struct listing {
    struct table table;
    struct json *json; /* NULL: the table */
};

static int take_row(void *arg, const struct trust_csr_row *row)
{
    struct listing *listing = arg;
    char when[PRINT_TIME_SIZE];
    if (listing->json != NULL) {
        write_row(listing->json, row, false);
        return 0;
    }
    const char *const cells[] = {trust_unit_by_number((int)row->unit)->name, row->server_name,
                                 print_time(row->created, when)};
    return table_add_row(&listing->table, cells) ? 0 : TRUST_ENOMEM;
}

static int list_store(struct tvsctl *ctl, struct listing *listing)
{
    struct state state;
    struct trust_error err = {0};
    if (state_open(ctl->config, TRUST_STORE_READ, &state, &err) != 0)
        return say_error(ctl, &err);
    if (listing->json != NULL)
        json_array(listing->json, NULL);
    int code = trust_store_each_csr(state.store, take_row, listing, &err);
    if (listing->json != NULL)
        json_array_end(listing->json);
    state_close(&state);
    if (code == TRUST_ENOMEM)
        return say_no_memory(ctl);
    return code != 0 ? say_error(ctl, &err) : TVSCTL_DONE;
}

int csr_list(struct tvsctl *ctl, char *const *args, size_t count)
{
    static const char *const head[] = {"UNIT", "NODE", "CREATED"};
    struct listing listing = {0};
    struct json json;
    (void)args, (void)count;
    table_init(&listing.table, sizeof head / sizeof head[0]);
    if (!table_add_row(&listing.table, head))
        return say_no_memory(ctl);
    if (flag_given(&ctl->flags, FLAG_JSON)) {
        json_init(&json, ctl->io.out);
        listing.json = &json;
    }
    int result = list_store(ctl, &listing);
    if (result == TVSCTL_DONE && listing.json == NULL && table_rows(&listing.table) == 0)
        fputs("No CSR waits for its certificate.\n", ctl->io.out);
    else if (result == TVSCTL_DONE && listing.json == NULL)
        table_print(&listing.table, ctl->io.out);
    table_fini(&listing.table);
    return result;
}

static int show(struct tvsctl *ctl, struct state *state, const struct trust_unit_info *unit, const char *node)
{
    struct trust_csr_row row = {.server_name = node, .unit = unit->unit};
    struct trust_error err = {0};
    struct json json;
    char *pem;
    if (own_csr_find(state, node, unit->unit, &pem, &row.created, &err) != 0)
        return say_error(ctl, &err);
    if (pem == NULL)
        return say_refusal(ctl, "no CSR of node %s for %s waits; `set csr gen %s` makes one", node,
                           unit->name, unit->name);
    row.request = pem;
    if (flag_given(&ctl->flags, FLAG_JSON)) {
        json_init(&json, ctl->io.out);
        write_row(&json, &row, true);
    } else {
        fputs(pem, ctl->io.out);
    }
    free(pem);
    return TVSCTL_DONE;
}

int csr_show(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct input_own own;
    (void)count;
    int result = input_own(ctl, args[0], TRUST_STORE_READ, &own);
    if (result != TVSCTL_DONE)
        return result;
    result = show(ctl, &own.state, own.unit, own.node.name);
    state_close(&own.state);
    return result;
}
