/* set cert import trust UNIT FILE…: every certificate of the files, all or nothing. */
#include "change.h"
#include "handlers.h"
#include "input.h"
#include "limits.h"
#include "print.h"
#include "say.h"

#include <stdlib.h>

/* One line: what became of a certificate. */
static void say_added(struct tvsctl *ctl, const char *unit, const struct trust_cert *cert,
                      const struct trust_store_added *added)
{
    FILE *out = ctl->io.out;
    char *serial = print_hex(trust_cert_serial(cert), 0, true);
    print_text(out, print_bytes(print_cert_name(cert)));
    fprintf(out, " (serial number %s): ", serial != NULL ? serial : "");
    if (added->was_there)
        fprintf(out, "was in %s already\n", unit);
    else if (added->kept_newer)
        fprintf(out, "not added to %s: a newer one of the same name is there\n", unit);
    else if (added->replaced[0] != '\0')
        fprintf(out, "added to %s; it replaces the older one with serial number %s\n", unit, added->replaced);
    else
        fprintf(out, "added to %s\n", unit);
    free(serial);
}

static void warn_no_role(struct tvsctl *ctl, const char *unit)
{
    say_warning(
        ctl,
        "%s gives no role: phones would be told \"not trusted\"; import it as Phone-SAST-trust (signers) or "
        "tomcat-trust (HTTPS)",
        unit);
}

static size_t count_certs(const struct input *input)
{
    size_t count = 0;
    for (size_t i = 0; i < input->count; i++)
        count += input->files[i].bundle->cert_count;
    return count;
}

/* Certificates for a unit, and what became of each, in the order of the files. */
struct trust_import {
    const struct trust_unit_info *unit;
    const struct input *input;
    struct trust_store_added *results;
};

static int add_all(struct change *change, void *arg, struct trust_error *err)
{
    const struct trust_import *import = arg;
    struct trust_store_added *result = import->results;
    int code = 0;
    for (size_t i = 0; i < import->input->count && code == 0; i++) {
        const struct input_file *file = &import->input->files[i];
        for (size_t k = 0; k < file->bundle->cert_count && code == 0; k++) {
            const struct trust_cert *cert = file->bundle->certs[k];
            code = trust_store_add_trust(change->state->store, import->unit->unit, cert, result++, err);
            if (code != 0)
                trust_error_prefix(err, code, "%s: %s", file->path, print_cert_name(cert));
        }
    }
    return code;
}

static int file_all(struct tvsctl *ctl, struct trust_import *import, struct trust_error *err)
{
    struct state state;
    int code = state_open(ctl->config, TRUST_STORE_WRITE, &state, err);
    if (code == 0)
        code = change_do(ctl, &state, add_all, import, err);
    state_close(&state);
    return code;
}

/* Said when it is true: after the commit. */
static void say_all(struct tvsctl *ctl, const struct trust_unit_info *unit, const struct input *input,
                    const struct trust_store_added *results)
{
    bool kept_all = true; /* newer ones of the same names stayed: nothing was imported */
    for (size_t i = 0; i < input->count; i++) {
        const struct input_file *file = &input->files[i];
        for (size_t k = 0; k < file->bundle->cert_count; k++) {
            kept_all = kept_all && results->kept_newer;
            say_added(ctl, unit->name, file->bundle->certs[k], results++);
            limits_warn(ctl, file->bundle->certs[k]);
        }
        if (file->bundle->key != NULL)
            say_warning(
                ctl,
                "%s holds a private key too; it was not kept, since %s is for other people's certificates",
                file->path, unit->name);
    }
    if (unit->roles.count == 0)
        warn_no_role(ctl, unit->name);
    if (kept_all)
        return;
    fprintf(ctl->io.out, "Successfully imported certificate for %s.\n", unit->name);
    fprintf(ctl->io.out, "Please restart services related to %s for the new certificate to become active.\n",
            unit->name);
}

static int import_files(struct tvsctl *ctl, const struct trust_unit_info *unit, const struct input *input,
                        struct trust_error *err)
{
    for (size_t i = 0; i < input->count; i++)
        if (input->files[i].bundle->cert_count == 0)
            return trust_error_set(err, TRUST_ECERT, TRUST_NO_OFFSET, "%s: there is no certificate in it",
                                   input->files[i].path);
    struct trust_store_added *results = calloc(count_certs(input), sizeof *results);
    if (results == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
    struct trust_import import = {unit, input, results};
    int code = file_all(ctl, &import, err);
    if (code == 0)
        say_all(ctl, unit, input, results);
    free(results);
    return code;
}

int cert_import_trust(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct input input;
    struct trust_error err = {0};
    const struct trust_unit_info *unit = input_unit(ctl, args[0], false);
    if (unit == NULL)
        return TVSCTL_REFUSED;
    int code = input_read(ctl, args + 1, count - 1, &input, &err);
    if (code == 0)
        code = import_files(ctl, unit, &input, &err);
    input_free(&input);
    return code != 0 ? say_refusal(ctl, "%s; nothing was imported", err.text) : TVSCTL_DONE;
}
