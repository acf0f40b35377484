/* set cert delete UNIT NAME. */
#include "ask.h"
#include "handlers.h"
#include "input.h"
#include "own_cert.h"
#include "print.h"
#include "relist.h"
#include "say.h"

#include <stdlib.h>
#include <string.h>

/* What it means beyond the row, if it is our node's. keys/ keeps those of the anchors. */
static const char *consequence(const struct state *state, int unit, const struct trust_store_row *row)
{
    if (strcmp(row->server_name, state->node) != 0)
        return "";
    switch (unit) {
    case TRUST_UNIT_CALLMANAGER:
        return ". Nothing can be signed for phones until there is another; its private key stays in keys/";
    case TRUST_UNIT_ITLRECOVERY:
        return ". Phones keep it as their second anchor until they fetch a list with another; its private "
               "key stays "
               "in keys/";
    case TRUST_UNIT_TVS:
        return ", and its private key. tvsd goes on with both until it is restarted, and then does not start "
               "without a TVS certificate; phones cannot ask it until their ITL holds another. `set cert "
               "regen TVS` replaces it in one step";
    default:
        return row->units == UINT32_C(1) << unit ? ", and its private key" : "";
    }
}

static int ask_first(struct tvsctl *ctl, const struct state *state, int unit,
                     const struct trust_store_row *row)
{
    char *warning, *serial = print_hex(trust_cert_serial(row->cert), 0, true);
    if (serial == NULL ||
        asprintf(&warning, "This operation will delete the certificate %s (serial number %s) from %s%s",
                 print_cert_name(row->cert), serial, input_unit_name(unit),
                 consequence(state, unit, row)) < 0) {
        free(serial);
        return say_no_memory(ctl);
    }
    int result = ask_proceed(ctl, warning, "deletion");
    free(serial);
    free(warning);
    return result;
}

struct deletion {
    const struct trust_unit_info *unit; /* NULL: imported */
    const char *name;
    const struct trust_cert *asked;
    struct relist_behind behind;
    bool signer_gone; /* our node has no CallManager any more */
    bool anchor_made; /* the lists need another ITLRecovery, and got it */
    char lists[64];   /* those of the TFTP folder */
};

static int unit_number(const struct deletion *deletion)
{
    return deletion->unit != NULL ? (int)deletion->unit->unit : 0;
}

/* Lists and keys follow a certificate of ours; other people's stand in no list. */
static int follow(struct change *change, struct deletion *deletion, struct trust_error *err)
{
    struct state *state = change->state;
    const enum trust_unit unit = deletion->unit->unit;
    bool has = true;
    int code = own_cert_drop_key(change, unit, deletion->asked, err);
    if (code == 0)
        code = relist_follow(change, err);
    if (code == 0)
        code = relist_look(change, &deletion->behind, err);
    if (code == 0 && (unit == TRUST_UNIT_CALLMANAGER || unit == TRUST_UNIT_ITLRECOVERY))
        code = state_has_own(state, state->node, unit, &has, err);
    deletion->signer_gone = code == 0 && unit == TRUST_UNIT_CALLMANAGER && !has;
    deletion->anchor_made = code == 0 && unit == TRUST_UNIT_ITLRECOVERY && has;
    const bool ctl = publish_present(change, COMPOSE_CTL) != NULL;
    const bool itl = publish_present(change, COMPOSE_ITL) != NULL;
    snprintf(deletion->lists, sizeof deletion->lists, "%s%s%s", ctl ? PUBLISHED_CTL : "",
             ctl && itl ? " and " : "", itl ? PUBLISHED_ITL : "");
    return code;
}

/* Nobody waits for the answer with the state locked, so that another may have changed it meanwhile: what goes
 * is the certificate that was asked about, or none. */
static int delete_asked(struct change *change, void *arg, struct trust_error *err)
{
    struct deletion *deletion = arg;
    struct trust_cert *deleted = NULL;
    int code = trust_store_delete(change->state->store, unit_number(deletion), deletion->name, &deleted, err);
    if (code == 0 && !trust_cert_equal(deleted, deletion->asked))
        code = trust_error_set(
            err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
            "%s: that name means another certificate since the question was asked; nothing was "
            "deleted",
            deletion->name);
    trust_cert_free(deleted);
    return code == 0 && deletion->unit != NULL && deletion->unit->own ? follow(change, deletion, err) : code;
}

static void say_deleted(struct tvsctl *ctl, const struct deletion *deletion)
{
    if (deletion->signer_gone)
        say_warning(ctl,
                    "without a CallManager certificate no list can be signed any more%s%s%s; `set cert regen "
                    "CallManager` makes one",
                    deletion->lists[0] != '\0' ? ", and phones go on fetching " : "", deletion->lists,
                    deletion->lists[0] != '\0' ? " as published, with the deleted certificate" : "");
    print_text(ctl->io.out, print_bytes(print_cert_name(deletion->asked)));
    fprintf(ctl->io.out, ": deleted from %s\n", input_unit_name(unit_number(deletion)));
    if (deletion->anchor_made)
        fputs("A new ITLRecovery was made, since the trust lists need one.\n", ctl->io.out);
    relist_say(ctl, &deletion->behind);
}

static int delete_row(struct tvsctl *ctl, struct state *state, int unit, const char *name)
{
    struct trust_store_row row = {0};
    struct trust_error err = {0};
    if (trust_store_find(state->store, unit, name, &row, &err) != 0)
        return say_error(ctl, &err);
    int result = ask_first(ctl, state, unit, &row);
    struct deletion deletion = {.unit = trust_unit_by_number(unit), .name = name, .asked = row.cert};
    if (result == TVSCTL_DONE)
        result = change_run(ctl, state, delete_asked, &deletion);
    if (result == TVSCTL_DONE)
        say_deleted(ctl, &deletion);
    trust_cert_free(row.cert);
    return result;
}

int cert_delete(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state;
    struct trust_error err = {0};
    int unit;
    (void)count;
    if (!input_any_unit(ctl, args[0], &unit))
        return TVSCTL_REFUSED;
    if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
        return say_error(ctl, &err);
    int result = delete_row(ctl, &state, unit, args[1]);
    state_close(&state);
    return result;
}
