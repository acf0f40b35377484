#include "own_cert.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct own_cert_request own_cert_request(const struct tvsctl *ctl, enum trust_unit unit)
{
    const struct config *config = ctl->config;
    return (struct own_cert_request){
        .unit = unit,
        .node = config->node.name,
        .address = config->node.address,
        .days = (int)config->certificates.days,
        .now = ctl->now,
    };
}

static const char *unit_name(enum trust_unit unit)
{
    return trust_unit_by_number((int)unit)->name;
}

const char *own_cert_key_objection(enum trust_unit unit, enum trust_key_type type)
{
    bool signs = unit == TRUST_UNIT_CALLMANAGER || unit == TRUST_UNIT_ITLRECOVERY;
    if (signs && type != TRUST_KEY_RSA)
        return "this unit signs files for phones, and their format knows RSA keys only";
    if (unit == TRUST_UNIT_TVS_ECDSA && type != TRUST_KEY_EC)
        return "this unit is for an EC key; the unit for RSA is TVS";
    return type == TRUST_KEY_OTHER ? "phones know RSA and EC keys only" : NULL;
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
        printed = asprintf(out, "ITLRECOVERY_%s", request->node);
    } else {
        printed = asprintf(out, "%s", request->node);
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

int own_cert_install(struct state *state, const struct own_cert_request *request,
                     const struct trust_cert *cert, const struct trust_key *key, struct trust_error *err)
{
    const struct trust_node node = {request->node, request->address};
    const char *unit = unit_name(request->unit);
    struct trust_key *there = NULL;
    /* A key that was there before (of the same certificate) must survive a failure of the store. */
    bool had_key = trust_key_load(state->keys, unit, cert, &there, NULL) == 0;
    trust_key_free(there);
    int code = had_key ? 0 : trust_key_save(state->keys, unit, key, err);
    if (code != 0)
        return code;
    code = trust_store_set_own(state->store, &node, request->unit, cert, err);
    if (code != 0 && !had_key && trust_key_remove(state->keys, unit, cert, NULL) != 0)
        trust_error_prefix(err, code, "the key of the refused certificate stays in %s", state->keys);
    return code;
}

int own_cert_make(struct state *state, const struct own_cert_request *request, struct trust_cert **out,
                  struct trust_error *err)
{
    const struct config *config = state->config;
    struct trust_key *key = NULL;
    struct trust_cert *cert = NULL;
    char *name = NULL;
    bool is_server = request->unit != TRUST_UNIT_CAPF && request->unit != TRUST_UNIT_ITLRECOVERY;
    int code = trust_key_generate(key_spec(request, config), &key, err);
    if (code != 0)
        goto out;
    const char *objection = own_cert_key_objection(request->unit, trust_key_type(key));
    if (objection != NULL) {
        code = trust_error_set(err, TRUST_EUNSUPPORTED, TRUST_NO_OFFSET, "%s: %s: %s",
                               unit_name(request->unit), key_spec(request, config), objection);
        goto out;
    }
    code = common_name(request, &name, err);
    if (code != 0)
        goto out;
    const struct trust_cert_request spec = {
        .common_name = name,
        .subject = config->certificates.subject,
        .dns_name = is_server ? request->node : NULL,
        .days = request->days,
        .digest = (enum trust_digest)config->certificates.signature,
        .now = request->now,
    };
    code = trust_cert_generate(&spec, key, &cert, err);
    if (code == 0)
        code = own_cert_install(state, request, cert, key, err);
out:
    if (code == 0 && out != NULL)
        *out = trust_cert_ref(cert);
    else if (out != NULL)
        *out = NULL;
    free(name);
    trust_key_free(key);
    trust_cert_free(cert);
    return code;
}
