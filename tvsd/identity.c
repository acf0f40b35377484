#include "identity.h"

#include "log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define IDENTITY_SERIAL_SHOWN 20 /* RFC 5280, 4.1.2.2: no serial number is longer */

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

void identity_say(const struct trust_cert *cert)
{
    const struct trust_bytes der = trust_cert_der(cert);
    struct trust_bytes serial = trust_cert_serial(cert);
    char serial_hex[2 * IDENTITY_SERIAL_SHOWN + 1], sha1_hex[2 * TRUST_DIGEST_MAX + 1], day[16] = "";
    uint8_t sha1[TRUST_DIGEST_MAX];
    struct tm when;
    const time_t expires = trust_cert_not_after(cert);
    if (serial.len > IDENTITY_SERIAL_SHOWN)
        serial.len = IDENTITY_SERIAL_SHOWN;
    sha1_hex[0] = '\0';
    if (trust_digest_pieces(TRUST_DIGEST_SHA1, &der, 1, sha1, NULL) == 0)
        trust_hex((struct trust_bytes){sha1, trust_digest_size(TRUST_DIGEST_SHA1)}, 0, false, sha1_hex);
    if (gmtime_r(&expires, &when) != NULL)
        strftime(day, sizeof day, "%Y-%m-%d", &when);
    LOG_SAY(CERTIFICATE_LOADED, log_text("subject", trust_name_cucm(trust_cert_subject(cert))),
            log_text("serial", trust_hex(serial, 0, true, serial_hex)), log_text("sha1", sha1_hex),
            log_text("expires", day));
}
