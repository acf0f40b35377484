/* set cert delete UNIT NAME. */
#include "ask.h"
#include "handlers.h"
#include "input.h"
#include "print.h"
#include "say.h"
#include "state.h"

#include <stdlib.h>

static int ask_first(struct tvsctl *ctl, const char *unit, const struct trust_cert *cert)
{
    char *warning, *serial = print_hex(trust_cert_serial(cert), 0, true);
    if (serial == NULL ||
        asprintf(&warning, "This operation will delete the certificate %s (serial number %s) from %s",
                 print_cert_name(cert), serial, unit) < 0) {
        free(serial);
        return say_no_memory(ctl);
    }
    int result = ask_proceed(ctl, warning, "deletion");
    free(serial);
    free(warning);
    return result;
}

/* Nobody waits for the answer with the store locked, so that another may have changed it meanwhile: what goes
 * is the certificate that was asked about, or none. */
static int delete_asked(struct state *state, int unit, const char *name, const struct trust_cert *asked,
                        struct trust_error *err)
{
    struct trust_cert *deleted = NULL;
    int code = trust_store_begin(state->store, err);
    if (code != 0)
        return code;
    code = trust_store_delete(state->store, unit, name, &deleted, err);
    if (code == 0 && !trust_cert_equal(deleted, asked))
        code = trust_error_set(
            err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
            "%s: that name means another certificate since the question was asked; nothing was "
            "deleted",
            name);
    if (code == 0)
        code = trust_store_commit(state->store, err);
    if (code != 0)
        trust_store_rollback(state->store);
    trust_cert_free(deleted);
    return code;
}

static int delete_row(struct tvsctl *ctl, struct state *state, int unit, const char *name)
{
    struct trust_store_row row = {0};
    struct trust_error err = {0};
    if (trust_store_find(state->store, unit, name, &row, &err) != 0)
        return say_error(ctl, &err);
    const char *unit_name = input_unit_name(unit);
    int result = ask_first(ctl, unit_name, row.cert);
    if (result == TVSCTL_DONE && delete_asked(state, unit, name, row.cert, &err) != 0)
        result = say_error(ctl, &err);
    if (result == TVSCTL_DONE) {
        print_text(ctl->io.out, print_bytes(print_cert_name(row.cert)));
        fprintf(ctl->io.out, ": deleted from %s\n", unit_name);
    }
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
