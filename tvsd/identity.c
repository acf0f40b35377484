#include "identity.h"

#include <stdio.h>
#include <string.h>

char *identity_remedy(const char *config_path, char *out, size_t size)
{
    bool usual = config_path == NULL || strcmp(config_path, CONFIG_PATH_DEFAULT) == 0;
    snprintf(out, size, "`tvsctl set cert regen TVS%s%s`", usual ? "" : " --config ",
             usual ? "" : config_path);
    return out;
}

/* The library says what is missing; the phrase, what to do about it, comes first: a long text is cut at its
 * end. */
static int with_remedy(const char *config_path, int code, struct trust_error *err)
{
    if (err == NULL || (code != TRUST_ENOTFOUND && code != TRUST_EMISMATCH && code != TRUST_EKEY))
        return code;
    char remedy[200];
    struct trust_error cause = *err;
    return trust_error_set(err, code, cause.offset,
                           "no usable TVS certificate and key (%s makes new ones): %.300s",
                           identity_remedy(config_path, remedy, sizeof remedy), cause.text);
}

int identity_load(const struct config *config, const char *config_path, struct trust_store *store,
                  struct identity *out, struct trust_error *err)
{
    *out = (struct identity){0};
    struct identity made = {0};
    char folder[4096];
    int rc;
    if (config_state_path(config, IDENTITY_KEYS, folder, sizeof folder) == NULL)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "state: the path is too long");
    rc = trust_store_own(store, config->node.name, TRUST_UNIT_TVS, &made.cert, err);
    if (rc == 0)
        rc = trust_key_load(folder, trust_unit_by_number(TRUST_UNIT_TVS)->name, made.cert, &made.key, err);
    if (rc != 0) {
        identity_fini(&made);
        return with_remedy(config_path, rc, err);
    }
    *out = made;
    return 0;
}

void identity_fini(struct identity *identity)
{
    trust_cert_free(identity->cert);
    trust_key_free(identity->key);
    *identity = (struct identity){0};
}
