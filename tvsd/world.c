#include "world.h"

#include "identity.h"
#include "log.h"
#include "remedy.h"

#include <stdio.h>
#include <string.h>

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
}

/* Put a part in the place of another. */
static int put_part(struct snapshot_part **place, struct snapshot_part *take_part, struct trust_error *err)
{
    if (take_part == NULL)
        return no_memory(err);
    snapshot_part_unref(*place);
    *place = take_part;
    return 0;
}

int world_read_config(struct world *world, const char *config_path, struct trust_error *err)
{
    *world = (struct world){.config_path = config_path};
    struct config *config = NULL;
    int rc = config_load(config_path, &config, err);
    if (rc == 0)
        rc = put_part(&world->config_part, snapshot_part_config(config), err);
    if (rc == 0)
        world->config = config;
    return rc;
}

void world_fini(struct world *world)
{
    snapshot_part_unref(world->tls_part);
    snapshot_part_unref(world->store_part);
    snapshot_part_unref(world->ctl_part);
    snapshot_part_unref(world->config_part);
    world->ctl.index = NULL; /* the part's */
    ctl_file_fini(&world->ctl);
    trust_cert_free(world->cert);
    trust_cert_free(world->ecdsa);
    store_source_close(&world->store);
    *world = (struct world){0};
}

/* ---- The parts ---- */

static int build_store(struct world *world, struct trust_error *err)
{
    struct trust_index *index = NULL;
    int rc = store_source_load(&world->store, &index, err);
    if (rc == 0)
        rc = put_part(&world->store_part, snapshot_part_index(index), err);
    if (rc == 0) {
        world->store_index = index;
        world->store_read = time(NULL);
    }
    return rc;
}

/* With TVS-ECDSA if there is one; what is wrong with that leaves the other alone. */
static int make_tls(const struct config *config, struct identity *identity,
                    const struct tls_context *previous, struct tls_context **out, struct trust_error *err)
{
    int rc = tls_context_new(config, identity->cert, identity->key, previous, out, err);
    if (rc != 0 || identity->ecdsa == NULL ||
        tls_context_add_ecdsa(*out, identity->ecdsa, identity->ecdsa_key, &identity->why) == 0)
        return rc;
    tls_context_free(*out);
    trust_cert_free(identity->ecdsa);
    identity->ecdsa = NULL;
    return tls_context_new(config, identity->cert, identity->key, previous, out, err);
}

/* The TLS context of an identity, which is used up. */
static int build_tls(struct world *world, struct identity *identity, const struct tls_context *previous,
                     struct trust_error *err)
{
    struct tls_context *tls = NULL;
    int rc = make_tls(world->config, identity, previous, &tls, err);
    if (rc == 0)
        rc = put_part(&world->tls_part, snapshot_part_tls(tls), err);
    if (rc == 0) {
        trust_cert_free(world->cert);
        trust_cert_free(world->ecdsa);
        world->cert = trust_cert_ref(identity->cert);
        world->ecdsa = identity->ecdsa != NULL ? trust_cert_ref(identity->ecdsa) : NULL;
        world->ecdsa_why = identity->why;
        world->tls = tls;
    }
    identity_fini(identity);
    return rc;
}

/* Put a CTL in force: ctl NULL empties the source. ctl is used up. */
static int adopt_ctl(struct world *world, struct ctl_file *ctl, const char *path, struct trust_error *err)
{
    struct ctl_file made = ctl != NULL ? *ctl : (struct ctl_file){0};
    int rc = 0;
    if (ctl == NULL)
        rc = sources_empty_index(&made.index, err);
    if (rc == 0) {
        struct trust_index *index = made.index;
        made.index = NULL; /* the part's, also if there is none */
        rc = put_part(&world->ctl_part, snapshot_part_index(index), err);
        if (rc == 0)
            made.index = index;
    }
    if (rc != 0) {
        ctl_file_fini(&made);
        return rc;
    }
    world->ctl.index = NULL;
    ctl_file_fini(&world->ctl);
    world->ctl = made;
    world->ctl_read = time(NULL);
    snprintf(world->ctl_path, sizeof world->ctl_path, "%s", path);
    if (ctl != NULL)
        *ctl = (struct ctl_file){0};
    return 0;
}

/* How people get a CTL that is believed. Returns out. */
static const char *how_to_make_ctl(const struct world *world, const char *start, char *out, size_t size)
{
    char phrase[REMEDY_MAX], published[SOURCES_PATH_MAX];
    if (config_state_path(world->config, CTL_FILE_PUBLISHED, published, sizeof published) == NULL)
        published[0] = '\0';
    snprintf(out, size, "%s%s, or put back the last list from %s", start,
             remedy_phrase(world->config_path, "utils ctl update CTLFile", phrase, sizeof phrase), published);
    return out;
}

static const char *ctl_remedy(const struct world *world, int code, char *out, size_t size)
{
    if (ctl_file_is_trouble(code))
        return "it is tried again";
    if (code == TRUST_ENOTFOUND)
        return "put the folder back, or correct trust_lists.directory and send SIGHUP";
    if (code == TRUST_EDENIED)
        return "let the user that tvsd runs as read it, then send SIGHUP";
    return how_to_make_ctl(world, "", out, size);
}

/* Say why a CTL is refused, unless that was the last thing said of it. The world's own CTL is what stays in
 * force. */
static void say_ctl_refused(struct world *world, const char *path, const struct trust_error *why, bool again)
{
    char in_force[CTL_SOURCE_NAME_SIZE], remedy[REMEDY_MAX + SOURCES_PATH_MAX];
    if (!again && world->ctl_error.code == why->code && strcmp(world->ctl_error.text, why->text) == 0)
        return;
    LOG_SAY(CTL_REFUSED, log_text("file", path), log_text("code", trust_error_name(why->code)),
            log_text("reason", why->text), log_text("in-force", ctl_source_name(&world->ctl, in_force)),
            log_text("remedy", ctl_remedy(world, why->code, remedy, sizeof remedy)));
    world->ctl_error = *why;
}

static void say_ctl_gone(const struct world *world, const char *path)
{
    char remedy[REMEDY_MAX + SOURCES_PATH_MAX];
    LOG_SAY(
        CTL_GONE, log_text("file", path),
        log_text("reason", "it was deleted: answers come from the store alone"),
        log_text("remedy", how_to_make_ctl(world, "phones in mixed mode need it: ", remedy, sizeof remedy)));
}

/* At the start the last good CTL stands in for one that is refused. */
static int start_with_good_ctl(struct world *world, const struct trust_error *why, struct trust_error *err)
{
    char path[SOURCES_PATH_MAX], good_path[SOURCES_PATH_MAX];
    struct ctl_file good = {0};
    struct trust_error good_error = {0};
    ctl_source_path(world->config, path, sizeof path);
    int rc = ctl_source_load_good(world->config, world->store.db, &good, &good_error);
    if (rc == TRUST_ENOMEM)
        return trust_error_set(err, rc, TRUST_NO_OFFSET, "the last good CTL: %.300s", good_error.text);
    if (config_state_path(world->config, CTL_FILE_GOOD, good_path, sizeof good_path) == NULL)
        good_path[0] = '\0';
    int adopted = rc == 0 ? adopt_ctl(world, &good, good_path, err) : adopt_ctl(world, NULL, path, err);
    if (adopted != 0)
        return adopted;
    say_ctl_refused(world, path, why, true);
    if (rc != 0 && rc != TRUST_ENOTFOUND)
        say_ctl_refused(world, good_path, &good_error, true);
    world->ctl_error = *why;
    return 0;
}

/* Whoever can write the TFTP folder must not be able to hold up a reload: the CTL in force stays, unless its
 * signer was withdrawn. */
static int reload_with_ctl_in_force(struct world *world, const struct world *previous, const char *path,
                                    const struct trust_error *why, struct trust_error *err)
{
    struct ctl_file same = {0};
    struct trust_error withdrawn = {0};
    int judged = TRUST_ENOTFOUND;
    if (previous->ctl.list != NULL)
        judged = ctl_source_judge(world->config, world->store.db, &previous->ctl, &same, &withdrawn);
    if (judged != 0 && judged != TRUST_ENOTFOUND && judged != TRUST_ESIGNER)
        return trust_error_set(err, judged, TRUST_NO_OFFSET, "the CTL in force: %.300s", withdrawn.text);
    int rc =
        judged == 0 ? adopt_ctl(world, &same, previous->ctl_path, err) : adopt_ctl(world, NULL, path, err);
    if (rc != 0)
        return rc;
    world->ctl_stays = judged == 0;
    say_ctl_refused(world, path, why, true);
    if (judged == TRUST_ESIGNER) /* it may be the very file */
        say_ctl_refused(world, previous->ctl_path, &withdrawn, false);
    world->ctl_error = *why;
    return 0;
}

static int build_ctl(struct world *world, const struct world *previous, struct trust_error *err)
{
    char path[SOURCES_PATH_MAX];
    struct ctl_file ctl = {0};
    struct trust_error why = {0};
    ctl_source_path(world->config, path, sizeof path);
    world->ctl_status = ctl_source_load(world->config, world->store.db, &ctl, &why);
    if (world->ctl_status == CTL_BELIEVED)
        return adopt_ctl(world, &ctl, path, err);
    if (world->ctl_status == CTL_ABSENT)
        return adopt_ctl(world, NULL, path, err);
    /* At the start nothing is in force that could stand in for a CTL that nobody has looked at. */
    if (previous == NULL && why.code == TRUST_ENOMEM)
        return trust_error_set(err, why.code, TRUST_NO_OFFSET, "%.150s: %.200s", path, why.text);
    if (previous == NULL)
        return start_with_good_ctl(world, &why, err);
    return reload_with_ctl_in_force(world, previous, path, &why, err);
}

int world_build(struct world *world, const struct world *previous, struct trust_error *err)
{
    struct identity identity = {0};
    if (previous != NULL)
        world->generation = previous->generation;
    int rc = store_source_open(world->config, world->config_path, &world->store, err);
    if (rc == TRUST_ENOTFOUND && previous != NULL)
        store_source_gone(previous->store.path, err);
    if (rc == 0)
        rc = build_store(world, err);
    if (rc == 0)
        rc = identity_load(world->config, world->config_path, world->store.db, &identity, err);
    if (rc == 0)
        rc = build_tls(world, &identity, previous != NULL ? previous->tls : NULL, err);
    if (rc == 0)
        rc = build_ctl(world, previous, err);
    return rc;
}

int world_check(struct world *world, struct trust_error *warning, struct trust_error *err)
{
    struct identity identity = {0};
    struct ctl_file ctl = {0};
    *warning = (struct trust_error){0};
    int rc = log_check(world->config, err);
    if (rc == 0)
        rc = store_source_open(world->config, world->config_path, &world->store, err);
    if (rc == 0)
        rc = build_store(world, err);
    if (rc == 0)
        rc = identity_load(world->config, world->config_path, world->store.db, &identity, err);
    if (rc == 0)
        rc = build_tls(world, &identity, NULL, err);
    if (rc == 0 && ctl_source_load(world->config, world->store.db, &ctl, warning) != CTL_REFUSED)
        *warning = (struct trust_error){0};
    ctl_file_fini(&ctl);
    return rc;
}

void world_say(const struct world *world)
{
    store_source_say(&world->store, world->store_index);
    identity_say(world->cert);
    if (world->ecdsa != NULL)
        identity_say_ecdsa(world->ecdsa);
    else if (world->ecdsa_why.code != 0)
        identity_say_ecdsa_waits(&world->ecdsa_why);
    if (world->ctl.list != NULL && !world->ctl_stays)
        ctl_source_say(&world->ctl, world->ctl_path);
}

void world_remember_ctl(const struct world *world)
{
    if (world->ctl_status == CTL_BELIEVED)
        ctl_source_keep(world->config, &world->ctl);
    else if (world->ctl_status == CTL_ABSENT && ctl_source_forget(world->config))
        say_ctl_gone(world, world->ctl_path);
}

struct snapshot *world_snapshot(struct world *world)
{
    struct snapshot *snapshot = snapshot_new(world->config_part, world->tls_part, world->store_part,
                                             world->ctl_part, world->generation + 1);
    if (snapshot != NULL)
        world->generation++;
    return snapshot;
}

/* ---- Changes ---- */

/* Unless that was the last thing said of it. */
static void say_cert_refused(const struct world *world, struct trust_error *why)
{
    trust_error_prefix(why, why->code, "the certificate before stays in use (%s)",
                       ctl_file_is_trouble(why->code) ? "it is tried again" : "SIGHUP tries again");
    if (world->cert_error.code != why->code || strcmp(world->cert_error.text, why->text) != 0)
        LOG_SAY(CERTIFICATE_REFUSED, log_text("reason", why->text));
}

static bool same_cert(const struct trust_cert *a, const struct trust_cert *b)
{
    return a == NULL || b == NULL ? a == b : trust_cert_equal(a, b);
}

/* What is new since then. */
static void say_identity(const struct world *world, const struct trust_cert *cert,
                         const struct trust_cert *ecdsa, const struct trust_error *why)
{
    if (!same_cert(cert, world->cert))
        identity_say(world->cert);
    if (ecdsa != NULL && !same_cert(ecdsa, world->ecdsa))
        identity_say_ecdsa_ended(ecdsa);
    if (world->ecdsa != NULL && !same_cert(ecdsa, world->ecdsa))
        identity_say_ecdsa(world->ecdsa);
    if (world->ecdsa_why.code != 0 &&
        (world->ecdsa_why.code != why->code || strcmp(world->ecdsa_why.text, why->text) != 0))
        identity_say_ecdsa_waits(&world->ecdsa_why);
}

/* Load it, and put it in the place of the one in force. */
static bool take_identity(struct world *world, struct trust_error *err)
{
    struct identity identity = {0};
    struct trust_cert *cert = trust_cert_ref(world->cert);
    struct trust_cert *ecdsa = world->ecdsa != NULL ? trust_cert_ref(world->ecdsa) : NULL;
    const struct trust_error why = world->ecdsa_why;
    int rc = identity_load(world->config, world->config_path, world->store.db, &identity, err);
    if (rc == 0)
        rc = build_tls(world, &identity, world->tls, err);
    if (rc == 0)
        say_identity(world, cert, ecdsa, &why);
    trust_cert_free(cert);
    trust_cert_free(ecdsa);
    return rc == 0;
}

/* Whether the store asks for what is shown. A TVS-ECDSA certificate that waits for a roll-out, say, changes
 * nothing but the reason. */
static bool is_in_force(struct world *world, const struct identity *seen)
{
    if (!same_cert(seen->cert, world->cert) || !same_cert(seen->ecdsa, world->ecdsa))
        return false;
    const struct trust_error why = world->ecdsa_why;
    world->ecdsa_why = seen->why;
    say_identity(world, world->cert, world->ecdsa, &why);
    return true;
}

/* `set cert regen TVS` gives the server another identity, and the end of a roll-out a further one. */
static bool refresh_identity(struct world *world)
{
    struct identity seen;
    struct trust_error err = {0};
    int rc = identity_look(world->config, world->config_path, world->store.db, &seen, &err);
    bool is_same = rc == 0 && is_in_force(world, &seen);
    identity_fini(&seen);
    bool fresh = rc == 0 && !is_same && take_identity(world, &err);
    if (!is_same && !fresh)
        say_cert_refused(world, &err);
    world->cert_error = err;
    return fresh;
}

bool world_retry_cert(struct world *world)
{
    return (ctl_file_is_trouble(world->cert_error.code) || ctl_file_is_trouble(world->ecdsa_why.code)) &&
           refresh_identity(world);
}

bool world_store_changed(struct world *world)
{
    struct trust_error err = {0};
    int rc = build_store(world, &err);
    if (rc != 0) {
        if (world->store_error.code != rc || strcmp(world->store_error.text, err.text) != 0)
            LOG_SAY(STORE_REFUSED, log_text("file", world->store.path), log_text("reason", err.text));
        world->store_error = err;
        return false;
    }
    world->store_error = (struct trust_error){0};
    store_source_say(&world->store, world->store_index);
    refresh_identity(world);
    world_retry_ctl(world);
    return true;
}

static bool ctl_gone(struct world *world, const char *path)
{
    struct trust_error err = {0};
    if (world->ctl_status == CTL_ABSENT)
        return false;
    bool folder_is_back = world->ctl.list == NULL && world->ctl_error.code == TRUST_ENOTFOUND;
    int rc = adopt_ctl(world, NULL, path, &err);
    if (rc != 0) {
        say_ctl_refused(world, path, &err, true);
        return false;
    }
    world->ctl_status = CTL_ABSENT;
    world->ctl_error = (struct trust_error){0};
    if (!folder_is_back)
        say_ctl_gone(world, path);
    ctl_source_forget(world->config);
    return true;
}

/* Look at CTLFile.tlv again; `again`: say a refusal even if it was the last thing said. */
static bool refresh_ctl(struct world *world, bool again)
{
    char path[SOURCES_PATH_MAX];
    struct ctl_file ctl = {0};
    struct trust_error err = {0};
    ctl_source_path(world->config, path, sizeof path);
    enum ctl_status status = ctl_source_load(world->config, world->store.db, &ctl, &err);
    if (status == CTL_ABSENT)
        return ctl_gone(world, path);
    if (status == CTL_BELIEVED && adopt_ctl(world, &ctl, path, &err) != 0)
        status = CTL_REFUSED;
    world->ctl_status = status;
    if (status == CTL_REFUSED) {
        say_ctl_refused(world, path, &err, again && err.code != TRUST_ENOTFOUND);
        return false;
    }
    world->ctl_error = (struct trust_error){0};
    ctl_source_say(&world->ctl, world->ctl_path);
    world_remember_ctl(world);
    return true;
}

bool world_ctl_changed(struct world *world)
{
    log_trace(
        "CertificateCache::localCTLCacheMonitor - %s has been modified. Recaching CTL Certificate Cache",
        CTL_FILE_NAME);
    return refresh_ctl(world, true);
}

/* The CTL in force goes when its signer was withdrawn: what it vouches for rests on him. */
static bool withdraw_ctl(struct world *world)
{
    char path[SOURCES_PATH_MAX];
    struct ctl_file same = {0};
    struct trust_error why = {0}, err = {0};
    if (world->ctl.list == NULL)
        return false;
    int rc = ctl_source_judge(world->config, world->store.db, &world->ctl, &same, &why);
    ctl_file_fini(&same);
    if (rc != TRUST_ESIGNER ||
        adopt_ctl(world, NULL, ctl_source_path(world->config, path, sizeof path), &err) != 0)
        return false;
    world->ctl_status = CTL_REFUSED;
    say_ctl_refused(world, path, &why, true);
    return true;
}

bool world_retry_ctl(struct world *world)
{
    bool withdrawn = withdraw_ctl(world);
    return (world->ctl_status == CTL_REFUSED && refresh_ctl(world, false)) || withdrawn;
}

bool world_waits(const struct world *world)
{
    return ctl_file_is_trouble(world->cert_error.code) || ctl_file_is_trouble(world->ecdsa_why.code) ||
           (world->ctl_status == CTL_REFUSED && ctl_file_is_trouble(world->ctl_error.code));
}
