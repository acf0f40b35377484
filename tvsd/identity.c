#include "identity.h"

#include "log.h"
#include "remedy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define IDENTITY_SERIAL_SHOWN 20 /* RFC 5280, 4.1.2.2: no serial number is longer */

#define REGEN "set cert regen TVS"

/* The library says what is missing; what to do about it comes first: a long text is cut at its end. */

struct other_node {
    char name[TRUST_NODE_NAME_SIZE]; /* "" if there is none */
};

static int note_other(void *arg, const struct trust_store_row *row)
{
    struct other_node *other = arg;
    if (!row->retired)
        snprintf(other->name, sizeof other->name, "%s", row->server_name);
    return 0;
}

/* A wrong node.name looks like a missing certificate; a new one would not be what its phones know. */
static int without_cert(const struct config *config, const char *config_path, struct trust_store *store,
                        struct trust_error *err)
{
    char remedy[REMEDY_MAX];
    struct other_node other = {.name = ""};
    int rc = trust_store_each(store, TRUST_UNIT_TVS, note_other, &other, err);
    if (rc != 0)
        return rc;
    remedy_phrase(config_path, REGEN, remedy, sizeof remedy);
    if (other.name[0] != '\0')
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
                               "node.name: node \"%.100s\" has no TVS certificate in the store, but node "
                               "\"%.100s\" has: correct node.name; only for a new node %.150s makes one",
                               config->node.name, other.name, remedy);
    return trust_error_set(
        err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
        "node \"%.100s\" (node.name) has no TVS certificate in the store: %.200s makes one",
        config->node.name, remedy);
}

/* A new certificate is one that no phone knows yet: the key that was lost comes first. */
static int without_key(const char *config_path, const char *folder, const struct trust_cert *cert, int code,
                       struct trust_error *err)
{
    char remedy[REMEDY_MAX], file[TRUST_KEY_NAME_SIZE];
    if (code == TRUST_EMISMATCH && trust_key_misplaced(folder, cert, file)) /* the text says what to do */
        return trust_error_prefix(err, code, "no usable key for the TVS certificate");
    if (err == NULL || (code != TRUST_ENOTFOUND && code != TRUST_EMISMATCH && code != TRUST_EKEY))
        return code;
    struct trust_error cause = *err;
    return trust_error_set(
        err, code, cause.offset,
        "no usable key for the TVS certificate: restore %.100s from a backup; only if there is "
        "none, %.120s makes a new certificate, which phones refuse until they have an ITL "
        "with it: %.200s",
        folder, remedy_phrase(config_path, REGEN, remedy, sizeof remedy), cause.text);
}

int identity_cert(const struct config *config, struct trust_store *store, struct trust_cert **out,
                  struct trust_error *err)
{
    char node[TRUST_NODE_NAME_SIZE];
    *out = NULL;
    int rc = trust_store_node_name(store, config->node.name, node, err);
    return rc == 0 ? trust_store_own(store, node, TRUST_UNIT_TVS, out, err) : rc;
}

/* A certificate that is replaced takes its key along: one that was read just before has none just after. Ask
 * the store again as long as it names another. */
#define REPLACED_MAX 3

static int load_pair(const struct config *config, struct trust_store *store, const char *folder,
                     struct identity *made, struct trust_error *err)
{
    const char *unit = trust_unit_by_number(TRUST_UNIT_TVS)->name;
    for (int tries = 0;; tries++) {
        struct trust_cert *before = made->cert;
        made->cert = NULL;
        int rc = identity_cert(config, store, &made->cert, err);
        bool is_same = rc == 0 && before != NULL && trust_cert_equal(before, made->cert);
        trust_cert_free(before);
        if (rc == 0)
            rc = trust_key_load(folder, unit, made->cert, &made->key, err);
        if (rc != TRUST_ENOTFOUND || made->cert == NULL || is_same || tries == REPLACED_MAX)
            return rc;
    }
}

/* ---- TVS-ECDSA */

struct rollout_search {
    const struct trust_cert *cert;
    int64_t number;
};

static int take_rollout(void *arg, const struct trust_rollout *rollout)
{
    struct rollout_search *search = arg;
    if (rollout->kind == TRUST_ROLLOUT_TVS && trust_rollout_is_of(rollout, trust_cert_sha256(search->cert)))
        search->number = rollout->number;
    return 0;
}

/* What is still to be done before phones can be shown a certificate that they did not know. */
static int not_rolled_out(const char *config_path, struct trust_store *store, const struct trust_cert *cert,
                          struct trust_error *why)
{
    char phrase[64], remedy[REMEDY_MAX];
    struct rollout_search search = {.cert = cert};
    int rc = trust_store_each_rollout(store, TRUST_ROLLOUTS_OPEN, take_rollout, &search, why);
    if (rc != 0)
        return rc;
    snprintf(phrase, sizeof phrase, "utils rollout close %lld", (long long)search.number);
    if (search.number != 0)
        return trust_error_set(why, TRUST_ESIGNER, TRUST_NO_OFFSET,
                               "roll-out %lld is open: %.200s says that all phones have an ITL with it",
                               (long long)search.number,
                               remedy_phrase(config_path, phrase, remedy, sizeof remedy));
    return trust_error_set(why, TRUST_ESIGNER, TRUST_NO_OFFSET,
                           "no ITL with it was rolled out: %.200s publishes one",
                           remedy_phrase(config_path, "utils itl update", remedy, sizeof remedy));
}

/* Into out->ecdsa if phones may be shown it, else into out->why. */
static void look_ecdsa(const struct config *config, const char *config_path, struct trust_store *store,
                       struct identity *out)
{
    char node[TRUST_NODE_NAME_SIZE];
    struct trust_cert *cert = NULL;
    bool is_out = false;
    out->why = (struct trust_error){0};
    int rc = trust_store_node_name(store, config->node.name, node, &out->why);
    if (rc == 0)
        rc = trust_store_own(store, node, TRUST_UNIT_TVS_ECDSA, &cert, &out->why);
    if (rc == TRUST_ENOTFOUND) {
        out->why = (struct trust_error){0};
        return;
    }
    if (rc == 0)
        rc = trust_store_rolled_out(store, trust_cert_sha256(cert), &is_out, &out->why);
    if (rc == 0 && !is_out)
        rc = not_rolled_out(config_path, store, cert, &out->why);
    if (rc == 0)
        out->ecdsa = cert;
    else
        trust_cert_free(cert);
}

static void drop_ecdsa(struct identity *identity)
{
    trust_cert_free(identity->ecdsa);
    trust_key_free(identity->ecdsa_key);
    identity->ecdsa = NULL;
    identity->ecdsa_key = NULL;
}

/* As load_pair: one that was read just before it was replaced is no reason to complain. */
static void load_ecdsa(const struct config *config, const char *config_path, struct trust_store *store,
                       const char *folder, struct identity *out)
{
    const char *unit = trust_unit_by_number(TRUST_UNIT_TVS_ECDSA)->name;
    for (int tries = 0;; tries++) {
        struct trust_cert *before = out->ecdsa;
        out->ecdsa = NULL;
        look_ecdsa(config, config_path, store, out);
        bool is_same = out->ecdsa != NULL && before != NULL && trust_cert_equal(before, out->ecdsa);
        trust_cert_free(before);
        if (out->ecdsa == NULL)
            return;
        int rc = trust_key_load(folder, unit, out->ecdsa, &out->ecdsa_key, &out->why);
        if (rc == 0)
            return;
        if (rc != TRUST_ENOTFOUND || is_same || tries == REPLACED_MAX) {
            char remedy[REMEDY_MAX], file[TRUST_KEY_NAME_SIZE];
            if (rc == TRUST_EMISMATCH && trust_key_misplaced(folder, out->ecdsa, file))
                trust_error_prefix(&out->why, rc, "no usable key for the TVS-ECDSA certificate");
            else
                trust_error_prefix(
                    &out->why, rc,
                    "no usable key for the TVS-ECDSA certificate; restore it from a backup, or %.200s "
                    "makes a new certificate",
                    remedy_phrase(config_path, "set cert regen TVS-ECDSA", remedy, sizeof remedy));
            drop_ecdsa(out);
            return;
        }
    }
}

int identity_look(const struct config *config, const char *config_path, struct trust_store *store,
                  struct identity *out, struct trust_error *err)
{
    *out = (struct identity){0};
    int rc = identity_cert(config, store, &out->cert, err);
    if (rc == 0)
        look_ecdsa(config, config_path, store, out);
    return rc;
}

/* ---- Both */

int identity_load(const struct config *config, const char *config_path, struct trust_store *store,
                  struct identity *out, struct trust_error *err)
{
    *out = (struct identity){0};
    struct identity made = {0};
    char folder[4096];
    int rc;
    if (config_state_path(config, IDENTITY_KEYS, folder, sizeof folder) == NULL)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "state: the path is too long");
    rc = load_pair(config, store, folder, &made, err);
    if (rc == TRUST_ENOTFOUND && made.cert == NULL)
        return without_cert(config, config_path, store, err);
    if (rc != 0) {
        if (made.cert != NULL)
            rc = without_key(config_path, folder, made.cert, rc, err);
        identity_fini(&made);
        return rc;
    }
    load_ecdsa(config, config_path, store, folder, &made);
    *out = made;
    return 0;
}

void identity_fini(struct identity *identity)
{
    trust_cert_free(identity->cert);
    trust_key_free(identity->key);
    drop_ecdsa(identity);
    *identity = (struct identity){0};
}

/* ---- The log */

#define SERIAL_SIZE (2 * IDENTITY_SERIAL_SHOWN + 1)

static const char *serial_text(const struct trust_cert *cert, char out[SERIAL_SIZE])
{
    struct trust_bytes serial = trust_cert_serial(cert);
    if (serial.len > IDENTITY_SERIAL_SHOWN)
        serial.len = IDENTITY_SERIAL_SHOWN;
    return trust_hex(serial, 0, true, out);
}

/* What a line says of a certificate. */
struct shown {
    char serial[SERIAL_SIZE], sha1[2 * TRUST_DIGEST_MAX + 1], day[16];
};

static void describe(const struct trust_cert *cert, struct shown *out)
{
    const struct trust_bytes der = trust_cert_der(cert);
    uint8_t sha1[TRUST_DIGEST_MAX];
    struct tm when;
    const time_t expires = trust_cert_not_after(cert);
    *out = (struct shown){.serial = ""};
    serial_text(cert, out->serial);
    if (trust_digest_pieces(TRUST_DIGEST_SHA1, &der, 1, sha1, NULL) == 0)
        trust_hex((struct trust_bytes){sha1, trust_digest_size(TRUST_DIGEST_SHA1)}, 0, false, out->sha1);
    if (gmtime_r(&expires, &when) != NULL)
        strftime(out->day, sizeof out->day, "%Y-%m-%d", &when);
}

void identity_say(const struct trust_cert *cert)
{
    struct shown shown;
    describe(cert, &shown);
    LOG_SAY(CERTIFICATE_LOADED, log_text("subject", trust_name_cucm(trust_cert_subject(cert))),
            log_text("serial", shown.serial), log_text("sha1", shown.sha1), log_text("expires", shown.day));
}

void identity_say_ecdsa(const struct trust_cert *cert)
{
    struct shown shown;
    describe(cert, &shown);
    LOG_SAY(ECDSA_SHOWN, log_text("subject", trust_name_cucm(trust_cert_subject(cert))),
            log_text("serial", shown.serial), log_text("sha1", shown.sha1), log_text("expires", shown.day));
}

void identity_say_ecdsa_ended(const struct trust_cert *cert)
{
    char serial[SERIAL_SIZE];
    LOG_SAY(ECDSA_ENDED, log_text("serial", serial_text(cert, serial)));
}

void identity_say_ecdsa_waits(const struct trust_error *why)
{
    if (why->code == TRUST_ESIGNER)
        LOG_SAY(ECDSA_WAITS, log_text("reason", why->text));
    else
        LOG_SAY(ECDSA_REFUSED, log_text("reason", why->text));
}
