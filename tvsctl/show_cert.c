/* show cert own, show cert trust: one certificate. */
#include "show_cert.h"
#include "handlers.h"
#include "input.h"
#include "json.h"
#include "print.h"
#include "published.h"
#include "say.h"
#include "state.h"

#include <stdlib.h>

static void print_line(FILE *out, const char *label, const char *value)
{
    fprintf(out, "%-20s ", label);
    print_text(out, print_bytes(value));
    fputc('\n', out);
}

static void print_digest(FILE *out, const char *label, enum trust_digest digest,
                         const struct trust_cert *cert)
{
    uint8_t value[TRUST_DIGEST_MAX];
    char hex[3 * TRUST_DIGEST_MAX + 1];
    struct trust_bytes der = trust_cert_der(cert);
    if (trust_digest_pieces(digest, &der, 1, value, NULL) == 0)
        print_line(out, label,
                   trust_hex((struct trust_bytes){value, trust_digest_size(digest)}, ':', true, hex));
}

/* Serial numbers are hex on phones and decimal in other tools: both are given. */
static void print_serial(FILE *out, const struct trust_cert *cert)
{
    char *hex = print_hex(trust_cert_serial(cert), ':', true);
    char *decimal = print_decimal(trust_cert_serial(cert));
    print_line(out, "Serial Number:", hex != NULL ? hex : "");
    print_line(out, "  in decimal:", decimal != NULL ? decimal : "");
    free(hex);
    free(decimal);
}

static void print_row(struct tvsctl *ctl, const struct trust_store_row *row,
                      const struct published *published)
{
    FILE *out = ctl->io.out;
    const struct trust_cert *cert = row->cert;
    char when[PRINT_TIME_SIZE], roles[PRINT_ROLES_SIZE], kind[512], key[32], units[SHOW_CERT_UNITS_SIZE];
    char *pem = NULL;
    print_line(out, "Units:", show_cert_units(row, units));
    if (row->server_name[0] != '\0')
        print_line(out, "Node:", row->server_name);
    print_line(out, "Description:", show_cert_kind(row, kind, sizeof kind));
    print_line(out, "Roles:", print_roles(&row->roles, roles));
    print_line(out, "In lists:", published_where(published, cert));
    print_serial(out, cert);
    print_line(out, "SignatureAlgorithm:", trust_cert_signature_algorithm(cert));
    print_line(out, "Issuer Name:", trust_name_cucm(trust_cert_issuer(cert)));
    print_line(out, "Validity From:", print_time(trust_cert_not_before(cert), when));
    print_line(out, "          To:", print_time(trust_cert_not_after(cert), when));
    print_line(out, "Subject Name:", trust_name_cucm(trust_cert_subject(cert)));
    print_line(out, "Key:", print_key(cert, key, sizeof key));
    print_digest(out, "MD5:", TRUST_DIGEST_MD5, cert);
    print_digest(out, "SHA-1:", TRUST_DIGEST_SHA1, cert);
    print_digest(out, "SHA-256:", TRUST_DIGEST_SHA256, cert);
    if (trust_cert_to_pem(cert, &pem, NULL) == 0)
        fprintf(out, "\n%s", pem);
    free(pem);
}

static int show_row(struct tvsctl *ctl, const struct trust_store_row *row)
{
    struct published published;
    published_read(ctl->config, &published, NULL);
    if (flag_given(&ctl->flags, FLAG_JSON)) {
        struct json json;
        json_init(&json, ctl->io.out);
        show_cert_json(&json, row, &published, true);
    } else {
        print_row(ctl, row, &published);
    }
    published_fini(&published);
    return TVSCTL_DONE;
}

/* Show the row that was found, or say why there is none. */
static int finish(struct tvsctl *ctl, struct state *state, int code, const struct trust_store_row *row,
                  const struct trust_error *err)
{
    state_close(state); /* lists are read with the caller's own rights */
    if (code != 0 && flag_given(&ctl->flags, FLAG_JSON))
        fputs("null\n", ctl->io.out);
    int result = code == 0 ? show_row(ctl, row) : say_error(ctl, err);
    trust_cert_free(row->cert);
    return result;
}

int show_cert_own(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct input_own own;
    struct trust_error err = {0};
    struct trust_store_row row = {0};
    (void)count;
    int result = input_own(ctl, args[0], TRUST_STORE_READ, &own);
    if (result != TVSCTL_DONE)
        return result;
    int code = state_own_row(&own.state, own.node.name, own.unit->unit, &row, &err);
    return finish(ctl, &own.state, code, &row, &err);
}

int show_cert_trust(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state;
    struct trust_error err = {0};
    struct trust_store_row row = {0};
    int unit;
    (void)count;
    if (!input_any_unit(ctl, args[0], &unit))
        return TVSCTL_REFUSED;
    const struct trust_unit_info *info = trust_unit_by_number(unit);
    if (info != NULL && info->own)
        return say_refusal(ctl, "%s is no trust unit; `show cert own %s` shows its certificate", info->name,
                           info->name);
    int code = state_open(ctl->config, TRUST_STORE_READ, &state, &err);
    if (code == 0)
        code = trust_store_find(state.store, unit, args[1], &row, &err);
    return finish(ctl, &state, code, &row, &err);
}
