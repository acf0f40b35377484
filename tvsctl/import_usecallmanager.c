/* utils import usecallmanager DB: certificates of the open Python tools, with their roles as they stand. */
#include "change.h"
#include "handlers.h"
#include "limits.h"
#include "print.h"
#include "say.h"

#include <stdlib.h>

/* The rows of the other database, held until our store is open: that one is read with the operator's rights,
 * ours is written with its owner's. */
struct foreign {
    struct foreign_cert *certs;
    size_t count;
};

struct foreign_cert {
    struct trust_cert *cert;
    struct trust_roles roles;
    int64_t ttl;
    bool was_there;
};

static int take_row(void *arg, const struct trust_foreign_row *row)
{
    struct foreign *foreign = arg;
    struct foreign_cert *certs = reallocarray(foreign->certs, foreign->count + 1, sizeof *certs);
    struct trust_cert *copy;
    if (certs == NULL)
        return TRUST_ENOMEM;
    foreign->certs = certs;
    int code = trust_cert_from_der(trust_cert_der(row->cert), &copy, NULL);
    if (code == 0)
        certs[foreign->count++] = (struct foreign_cert){.cert = copy, .roles = row->roles, .ttl = row->ttl};
    return code;
}

static int add_all(struct change *change, void *arg, struct trust_error *err)
{
    struct foreign *foreign = arg;
    int code = 0;
    for (size_t i = 0; i < foreign->count && code == 0; i++) {
        struct foreign_cert *row = &foreign->certs[i];
        code = trust_store_add_imported(change->state->store, row->cert, &row->roles, row->ttl,
                                        &row->was_there, err);
        if (code != 0)
            trust_error_prefix(err, code, "%s", print_cert_name(row->cert));
    }
    return code;
}

static int import_all(struct tvsctl *ctl, struct foreign *foreign, struct trust_error *err)
{
    struct state state;
    int code = state_open(ctl->config, TRUST_STORE_WRITE, &state, err);
    if (code == 0)
        code = change_do(ctl, &state, add_all, foreign, err);
    state_close(&state);
    return code;
}

/* Said when it is true: after the commit. */
static void say_all(struct tvsctl *ctl, const struct foreign *foreign)
{
    char roles[PRINT_ROLES_SIZE];
    size_t fresh = 0;
    for (size_t i = 0; i < foreign->count; i++) {
        const struct foreign_cert *row = &foreign->certs[i];
        print_text(ctl->io.out, print_bytes(print_cert_name(row->cert)));
        fprintf(ctl->io.out, ": %s (roles: %s)\n", row->was_there ? "was there already" : "imported",
                print_roles(&row->roles, roles));
        limits_warn(ctl, row->cert);
        fresh += !row->was_there;
    }
    fprintf(ctl->io.out, "%zu certificates imported, %zu were there already.\n", fresh,
            foreign->count - fresh);
}

int import_usecallmanager(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct foreign foreign = {0};
    struct trust_error err = {0};
    (void)count;
    int code = trust_store_read_usecallmanager(args[0], take_row, &foreign, &err);
    if (code == TRUST_ENOMEM)
        trust_error_set(&err, code, TRUST_NO_OFFSET, "%s", trust_error_meaning(code));
    if (code == 0)
        code = import_all(ctl, &foreign, &err);
    if (code == 0)
        say_all(ctl, &foreign);
    for (size_t i = 0; i < foreign.count; i++)
        trust_cert_free(foreign.certs[i].cert);
    free(foreign.certs);
    return code != 0 ? say_refusal(ctl, "%s; nothing was imported", err.text) : TVSCTL_DONE;
}
