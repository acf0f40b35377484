#include "identity.h"
#include "log.h"
#include "remedy.h"
#include "world_parts.h"

#include <stdio.h>
#include <string.h>

/* ---- The CTL ---- */

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

static void say_refused(const struct world *world, const char *path, const struct trust_error *why)
{
    char in_force[CTL_SOURCE_NAME_SIZE], remedy[REMEDY_MAX + SOURCES_PATH_MAX];
    LOG_SAY(CTL_REFUSED, log_text("file", path), log_text("code", trust_error_name(why->code)),
            log_text("reason", why->text), log_text("in-force", ctl_source_name(&world->ctl, in_force)),
            log_text("remedy", ctl_remedy(world, why->code, remedy, sizeof remedy)));
}

void world_say_ctl_refused(struct world *world, const char *path, const struct trust_error *why, bool again)
{
    if (!again && world->ctl_error.code == why->code && strcmp(world->ctl_error.text, why->text) == 0)
        return;
    say_refused(world, path, why);
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

/* ---- The certificates ---- */

void world_say_cert_refused(const struct world *world, struct trust_error *why)
{
    trust_error_prefix(why, why->code, "the certificate before stays in use (%s)",
                       ctl_file_is_trouble(why->code) ? "it is tried again" : "SIGHUP tries again");
    if (world->cert_error.code != why->code || strcmp(world->cert_error.text, why->text) != 0)
        LOG_SAY(CERTIFICATE_REFUSED, log_text("reason", why->text));
}

bool world_same_cert(const struct trust_cert *a, const struct trust_cert *b)
{
    return a == NULL || b == NULL ? a == b : trust_cert_equal(a, b);
}

static struct trust_cert *ref(struct trust_cert *cert)
{
    return cert != NULL ? trust_cert_ref(cert) : NULL;
}

static void remember_said(struct world *world)
{
    struct world_said *said = &world->said;
    trust_cert_free(said->cert);
    trust_cert_free(said->ecdsa);
    *said = (struct world_said){ref(world->cert), ref(world->ecdsa), world->ecdsa_why};
}

/* What is new since it was said last. */
static void say_identity(struct world *world)
{
    const struct world_said *said = &world->said;
    const struct trust_error *why = &world->ecdsa_why;
    if (!world_same_cert(said->cert, world->cert))
        identity_say(world->cert);
    if (said->ecdsa != NULL && !world_same_cert(said->ecdsa, world->ecdsa))
        identity_say_ecdsa_ended(said->ecdsa);
    if (world->ecdsa != NULL && !world_same_cert(said->ecdsa, world->ecdsa))
        identity_say_ecdsa(world->ecdsa);
    if (why->code != 0 && (why->code != said->why.code || strcmp(why->text, said->why.text) != 0))
        identity_say_ecdsa_waits(why);
    remember_said(world);
}

/* ---- All of it ---- */

void world_say(struct world *world)
{
    store_source_say(&world->store, world->store_index);
    identity_say(world->cert);
    if (world->ecdsa != NULL)
        identity_say_ecdsa(world->ecdsa);
    else if (world->ecdsa_why.code != 0)
        identity_say_ecdsa_waits(&world->ecdsa_why);
    if (world->ctl.list != NULL && !world->ctl_stays)
        ctl_source_say(&world->ctl, world->ctl_path);
    remember_said(world);
}

void world_remember_ctl(const struct world *world)
{
    if (world->ctl_status == CTL_BELIEVED)
        ctl_source_keep(world->config, &world->ctl);
    else if (world->ctl_status == CTL_ABSENT && ctl_source_forget(world->config))
        say_ctl_gone(world, world->ctl_path);
}

static void announce_ctl(struct world *world)
{
    char path[SOURCES_PATH_MAX];
    ctl_source_path(world->config, path, sizeof path);
    if (world->fresh & WORLD_CTL_WITHDRAWN)
        say_refused(world, path, &world->withdrawn);
    if (world->fresh & WORLD_CTL) {
        ctl_source_say(&world->ctl, world->ctl_path);
        ctl_source_keep(world->config, &world->ctl);
    }
    if (world->fresh & WORLD_CTL_GONE)
        say_ctl_gone(world, path);
    if (world->fresh & (WORLD_CTL_GONE | WORLD_CTL_FORGET))
        ctl_source_forget(world->config);
}

void world_announce(struct world *world)
{
    if (world->fresh & WORLD_STORE)
        store_source_say(&world->store, world->store_index);
    say_identity(world);
    announce_ctl(world);
    world->fresh = 0;
}
