#include "own_cert.h"

#include "own_csr.h"
#include "print.h"
#include "say.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct own_cert_request own_cert_request(const struct state *state, enum trust_unit unit)
{
    const struct config *config = state->config;
    return (struct own_cert_request){
        .unit = unit,
        .node = {state->node, config->node.address},
        .days = (int)config->certificates.days,
    };
}

static const char *unit_name(enum trust_unit unit)
{
    return trust_unit_by_number((int)unit)->name;
}

static bool signs_files(enum trust_unit unit)
{
    return unit == TRUST_UNIT_CALLMANAGER || unit == TRUST_UNIT_ITLRECOVERY;
}

const char *own_cert_key_objection(enum trust_unit unit, enum trust_key_type type)
{
    if (signs_files(unit) && type != TRUST_KEY_RSA)
        return "this unit signs files for phones, and their format knows RSA keys only";
    if (unit == TRUST_UNIT_TVS_ECDSA && type != TRUST_KEY_EC)
        return "this unit is for an EC key; the unit for RSA is TVS";
    return type == TRUST_KEY_OTHER ? "phones know RSA and EC keys only" : NULL;
}

const char *own_cert_objection(enum trust_unit unit, const struct trust_cert *cert)
{
    const char *objection = own_cert_key_objection(unit, trust_cert_key_type(cert));
    const int bits = trust_cert_key_bits(cert);
    if (objection != NULL || !signs_files(unit) || bits == 512 || bits == 1024 || bits == 2048 ||
        bits == 4096)
        return objection;
    return "this unit signs files for phones, and their format knows RSA keys of 512, 1024, 2048 and 4096 "
           "bits only; make the key anew, best with 2048";
}

/* CAPF and ITLRecovery have names of their own, all others the node's. */
static int common_name(const struct own_cert_request *request, char **out, struct trust_error *err)
{
    uint32_t random = 0;
    int printed;
    *out = NULL;
    if (request->unit == TRUST_UNIT_CAPF) {
        if (getrandom(&random, sizeof random, 0) != sizeof random)
            return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "no random number for CAPF's name");
        printed = asprintf(out, "CAPF-%08x", (unsigned)random);
    } else if (request->unit == TRUST_UNIT_ITLRECOVERY) {
        printed = asprintf(out, "ITLRECOVERY_%s", request->node.server_name);
    } else {
        printed = asprintf(out, "%s", request->node.server_name);
    }
    if (printed >= 0)
        return 0;
    *out = NULL;
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

static const char *key_spec(const struct own_cert_request *request, const struct config *config)
{
    if (request->key_spec != NULL)
        return request->key_spec;
    return request->unit == TRUST_UNIT_TVS_ECDSA ? "ec:P-256" : config->certificates.key;
}

int own_cert_spec(const struct state *state, const struct own_cert_request *request, time_t now,
                  struct trust_cert_request *spec, char **name, struct trust_error *err)
{
    const struct config *config = state->config;
    bool is_server = request->unit != TRUST_UNIT_CAPF && request->unit != TRUST_UNIT_ITLRECOVERY;
    int code = common_name(request, name, err);
    if (code != 0)
        return code;
    *spec = (struct trust_cert_request){
        .common_name = *name,
        .subject = config->certificates.subject,
        .dns_name = is_server ? request->node.server_name : NULL,
        .days = request->days,
        .digest = (enum trust_digest)config->certificates.signature,
        .now = now,
    };
    return 0;
}

int own_cert_new_key(const struct state *state, const struct own_cert_request *request,
                     struct trust_key **out, struct trust_error *err)
{
    const char *spec = key_spec(request, state->config);
    int code = trust_key_generate(spec, out, err);
    if (code != 0)
        return code;
    const char *objection = own_cert_key_objection(request->unit, trust_key_type(*out));
    if (objection == NULL)
        return 0;
    trust_key_free(*out);
    *out = NULL;
    return trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET, "%s: %s: %s", unit_name(request->unit),
                           spec, objection);
}

static int take_same_key(void *arg, const struct trust_store_row *row)
{
    const struct trust_bytes *spki = arg, other = trust_cert_spki(row->cert);
    return spki->len == other.len && memcmp(spki->data, other.data, other.len) == 0;
}

int own_cert_key_in_use(struct state *state, struct trust_bytes spki, bool *in_use, struct trust_error *err)
{
    size_t count;
    int code = 0;
    const struct trust_unit_info *units = trust_units(&count);
    for (size_t i = 0; i < count && code == 0; i++)
        code = trust_store_each(state->store, (int)units[i].unit, take_same_key, &spki, err);
    *in_use = code > 0;
    return code < 0 ? code : 0;
}

int own_cert_drop_key(struct change *change, enum trust_unit unit, const struct trust_cert *cert,
                      struct trust_error *err)
{
    bool in_use;
    if (trust_roles_has(&trust_unit_by_number((int)unit)->roles, TRUST_ROLE_SAST))
        return 0;
    int code = own_cert_key_in_use(change->state, trust_cert_spki(cert), &in_use, err);
    return code != 0 || in_use ? code : change_drop_key(change, unit_name(unit), cert, err);
}

/* By its serial number, and by its subject if several authorities gave out that number. */
static int leave_unit(struct change *change, enum trust_unit unit, const struct trust_cert *cert,
                      struct trust_error *err)
{
    struct trust_store *store = change->state->store;
    const char *subject = trust_name_cucm(trust_cert_subject(cert));
    struct trust_cert *deleted = NULL;
    char *serial = print_hex(trust_cert_serial(cert), 0, false);
    if (serial == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
    int code = trust_store_delete(store, (int)unit, serial, &deleted, err);
    if (code == TRUST_EAMBIGUOUS)
        code = trust_store_delete(store, (int)unit, subject, &deleted, err);
    if (code == 0 && !trust_cert_equal(deleted, cert))
        code = trust_error_set(err, TRUST_EAMBIGUOUS, TRUST_NO_OFFSET,
                               "%s: %s has two certificates of this name and number; delete the other first",
                               subject, unit_name(unit));
    trust_cert_free(deleted);
    free(serial);
    return code;
}

int own_cert_remove(struct change *change, enum trust_unit unit, const struct trust_cert *cert,
                    struct trust_error *err)
{
    int code = leave_unit(change, unit, cert, err);
    return code == 0 ? own_cert_drop_key(change, unit, cert, err) : code;
}

/* Put it into the store instead of the one before it. The cluster's may have stood under another node. */
static int put_in_store(struct change *change, const struct own_cert_request *request,
                        const struct trust_store_row *before, const struct trust_cert *cert,
                        struct trust_error *err)
{
    bool moves = before->cert != NULL && strcmp(before->server_name, request->node.server_name) != 0;
    int code = moves ? leave_unit(change, request->unit, before->cert, err) : 0;
    return code == 0 ? trust_store_set_own(change->state->store, &request->node, request->unit, cert, err)
                     : code;
}

int own_cert_install(struct change *change, const struct own_cert_request *request,
                     const struct trust_cert *cert, const struct trust_key *key, struct trust_error *err)
{
    struct state *state = change->state;
    struct trust_store_row before = {0};
    struct trust_key *there = NULL;
    const char *unit = unit_name(request->unit);
    int code = state_own_row(state, request->node.server_name, request->unit, &before, err);
    if (code == TRUST_ENOTFOUND)
        code = 0;
    bool has_key = key == NULL || trust_key_load(state->keys, unit, cert, &there, NULL) == 0;
    if (code == 0 && !has_key)
        code = change_put_key(change, unit, key, err);
    if (code == 0 && key != NULL)
        code = change_drop_key_uri(change, unit, cert, err);
    if (code == 0)
        code = put_in_store(change, request, &before, cert, err);
    if (code == 0)
        code = own_csr_answer(change, request, cert, err);
    if (code == 0 && before.cert != NULL)
        code = own_cert_drop_key(change, request->unit, before.cert, err);
    trust_key_free(there);
    trust_cert_free(before.cert);
    return code;
}

int own_cert_take_key(struct tvsctl *ctl, struct own_cert_request *request)
{
    const char *key = ctl->flags.value[FLAG_KEY];
    if (key == NULL)
        return TVSCTL_DONE;
    if (!trust_key_spec_is_valid(key))
        return say_usage(ctl, "--key %s is none of: %s", key, flag_help(FLAG_KEY));
    enum trust_key_type type = strncmp(key, "ec:", 3) == 0 ? TRUST_KEY_EC : TRUST_KEY_RSA;
    const char *objection = own_cert_key_objection(request->unit, type);
    if (objection != NULL)
        return say_refusal(ctl, "--key %s: %s; nothing was changed", key, objection);
    request->key_spec = key;
    return TVSCTL_DONE;
}

int own_cert_make(struct change *change, const struct own_cert_request *request, struct trust_cert **out,
                  struct trust_error *err)
{
    struct trust_cert_request spec;
    struct trust_key *key = NULL;
    struct trust_cert *cert = NULL;
    char *name = NULL;
    int code = own_cert_new_key(change->state, request, &key, err);
    if (code == 0)
        code = own_cert_spec(change->state, request, change->ctl->now, &spec, &name, err);
    if (code == 0)
        code = trust_cert_generate(&spec, key, &cert, err);
    if (code == 0)
        code = own_cert_install(change, request, cert, key, err);
    if (out != NULL)
        *out = code == 0 ? trust_cert_ref(cert) : NULL;
    free(name);
    trust_key_free(key);
    trust_cert_free(cert);
    return code;
}
