#include "identity.h"
#include "log.h"
#include "world_parts.h"

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
    trust_cert_free(world->said.cert);
    trust_cert_free(world->said.ecdsa);
    store_source_close(&world->store);
    *world = (struct world){0};
}

/* ---- The parts ---- */

/* before: the index that it takes the place of, NULL: none. */
static int build_store(struct world *world, const struct trust_index *before, struct trust_error *err)
{
    struct trust_index *index = NULL;
    int rc = store_source_load(&world->store, before, &index, err);
    if (rc == 0 && (rc = put_part(&world->store_part, snapshot_part_index(index), err)) != 0)
        store_source_forget(&world->store);
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
    world_say_ctl_refused(world, path, why, true);
    if (rc != 0 && rc != TRUST_ENOTFOUND)
        world_say_ctl_refused(world, good_path, &good_error, true);
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
    world_say_ctl_refused(world, path, why, true);
    if (judged == TRUST_ESIGNER) /* it may be the very file */
        world_say_ctl_refused(world, previous->ctl_path, &withdrawn, false);
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
        rc = build_store(world, previous != NULL ? previous->store_index : NULL, err);
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
        rc = build_store(world, NULL, err);
    if (rc == 0)
        rc = identity_load(world->config, world->config_path, world->store.db, &identity, err);
    if (rc == 0)
        rc = build_tls(world, &identity, NULL, err);
    if (rc == 0 && ctl_source_load(world->config, world->store.db, &ctl, warning) != CTL_REFUSED)
        *warning = (struct trust_error){0};
    ctl_file_fini(&ctl);
    return rc;
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

/* Load it, and put it in the place of the one in force. */
static bool take_identity(struct world *world, struct trust_error *err)
{
    struct identity identity = {0};
    int rc = identity_load(world->config, world->config_path, world->store.db, &identity, err);
    if (rc == 0)
        rc = build_tls(world, &identity, world->tls, err);
    return rc == 0;
}

/* Whether the store asks for what is shown. A TVS-ECDSA certificate that waits for a roll-out, say, changes
 * nothing but the reason. */
static bool is_in_force(struct world *world, const struct identity *seen)
{
    if (!world_same_cert(seen->cert, world->cert) || !world_same_cert(seen->ecdsa, world->ecdsa))
        return false;
    world->ecdsa_why = seen->why;
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
        world_say_cert_refused(world, &err);
    world->cert_error = err;
    return fresh;
}

bool world_retry_cert(struct world *world)
{
    return (ctl_file_is_trouble(world->cert_error.code) || ctl_file_is_trouble(world->ecdsa_why.code)) &&
           refresh_identity(world);
}

/* false: it is refused. */
static bool load_store(struct world *world)
{
    struct trust_error err = {0};
    int rc = build_store(world, world->store_index, &err);
    if (rc != 0) {
        if (world->store_error.code != rc || strcmp(world->store_error.text, err.text) != 0)
            LOG_SAY(STORE_REFUSED, log_text("file", world->store.path), log_text("reason", err.text));
        world->store_error = err;
        return false;
    }
    world->fresh |= WORLD_STORE;
    return true;
}

bool world_store_changed(struct world *world)
{
    bool same = store_source_is_same(&world->store);
    if (!same && !load_store(world))
        return false;
    world->store_error = (struct trust_error){0};
    bool fresh_identity = refresh_identity(world);
    bool fresh_ctl = world_retry_ctl(world);
    return !same || fresh_identity || fresh_ctl;
}

static bool ctl_gone(struct world *world, const char *path)
{
    struct trust_error err = {0};
    if (world->ctl_status == CTL_ABSENT)
        return false;
    bool folder_is_back = world->ctl.list == NULL && world->ctl_error.code == TRUST_ENOTFOUND;
    int rc = adopt_ctl(world, NULL, path, &err);
    if (rc != 0) {
        world_say_ctl_refused(world, path, &err, true);
        return false;
    }
    world->ctl_status = CTL_ABSENT;
    world->ctl_error = (struct trust_error){0};
    world->fresh &= ~(unsigned)WORLD_CTL;
    world->fresh |= folder_is_back ? WORLD_CTL_FORGET : WORLD_CTL_GONE;
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
        world_say_ctl_refused(world, path, &err, again && err.code != TRUST_ENOTFOUND);
        return false;
    }
    world->ctl_error = (struct trust_error){0};
    world->fresh &= ~(unsigned)(WORLD_CTL_GONE | WORLD_CTL_FORGET);
    world->fresh |= WORLD_CTL;
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
    world->ctl_error = world->withdrawn = why;
    world->fresh |= WORLD_CTL_WITHDRAWN;
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
