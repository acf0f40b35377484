#include "config/ctl_published.h"
#include "identity.h"
#include "log.h"
#include "remedy.h"
#include "world_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The CTL ---- */

#define CTL_REMEDY_MAX (2 * REMEDY_MAX + 2 * SOURCES_PATH_MAX)

/* What tells which remedy is the right one. */
struct ctl_site {
    bool mixed;     /* the cluster is in mixed mode, where phones need a CTL; so it is said if nobody knows */
    bool published; /* one was published here */
};

static void look_at_site(const struct world *world, struct ctl_site *site)
{
    char *mode = NULL, folder[SOURCES_PATH_MAX];
    struct ctl_published last = {.count = 0};
    int rc = trust_store_get_param(world->store.db, "ClusterSecurityMode", &mode, NULL);
    site->mixed = rc != TRUST_ENOTFOUND && (mode == NULL || strcmp(mode, "1") == 0);
    free(mode);
    site->published = config_state_path(world->config, CTL_FILE_PUBLISHED, folder, sizeof folder) == NULL ||
                      ctl_published_last(folder, 1, 0, &last, NULL) != 0 || last.count > 0;
    ctl_published_fini(&last);
}

/* How people get a CTL that is believed. is_there: something lies in its place now. Returns out. */
static const char *how_to_make_ctl(const struct world *world, const struct ctl_site *site, bool is_there,
                                   const char *start, char *out, size_t size)
{
    char phrase[REMEDY_MAX], published[SOURCES_PATH_MAX];
    if (config_state_path(world->config, CTL_FILE_PUBLISHED, published, sizeof published) == NULL)
        published[0] = '\0';
    /* Out of mixed mode a phrase publishes anew what is there, and nothing where nothing is. */
    if (!site->mixed && !is_there)
        snprintf(out, size, "%sput back the last list from %s, with mode 0644", start, published);
    else
        snprintf(
            out, size, "%s%s, or put back the last list from %s, with mode 0644", start,
            remedy_phrase(world->config_path,
                          site->mixed ? "utils ctl update CTLFile" : "utils ctl set-cluster non-secure-mode",
                          phrase, sizeof phrase),
            published);
    return out;
}

/* Without mixed mode: whoever can write the TFTP folder must not get people to publish the first CTL. */
static const char *how_to_go_without(const struct world *world, const struct ctl_site *site, char *out,
                                     size_t size)
{
    char phrase[REMEDY_MAX];
    if (site->published)
        return how_to_make_ctl(world, site, true, "", out, size);
    snprintf(out, size,
             "take CTLFile.tlv away, %s: the cluster is not in mixed mode, where phones need none, and "
             "none was published here",
             remedy_phrase(world->config_path, "file delete tftp " CTL_FILE_NAME, phrase, sizeof phrase));
    return out;
}

/* Neither does a phrase replace a folder, nor does anything write through the others. */
static const char *how_to_clear(const struct world *world, const struct ctl_site *site, const char *path,
                                char *out, size_t size)
{
    const int used = snprintf(out, size, "take it away: `rm -d %s`", path);
    if (site->mixed || site->published)
        how_to_make_ctl(world, site, false, "; then ", out + used, size - (size_t)used);
    return out;
}

static const char *ctl_remedy(const struct world *world, const char *path, int code, char *out, size_t size)
{
    struct ctl_site site;
    char good[SOURCES_PATH_MAX];
    if (ctl_file_is_trouble(code))
        return "it is tried again";
    if (code == TRUST_ENOTFOUND)
        return "put the folder back, or correct trust_lists.directory and send SIGHUP";
    if (code == TRUST_EDENIED)
        return "let the user that tvsd runs as read it, then send SIGHUP";
    look_at_site(world, &site);
    if (!site.mixed && !site.published && world->ctl.list != NULL &&
        config_state_path(world->config, CTL_FILE_GOOD, good, sizeof good) != NULL) {
        /* Somebody else's. To take the file away would be to give it up. */
        const int used =
            code == TRUST_EARGUMENT ? snprintf(out, size, "take it away: `rm -d %s`; then ", path) : 0;
        snprintf(out + used, size - (size_t)used,
                 "put back the CTL in force: a copy of %s with mode 0644, moved to its place", good);
        return out;
    }
    if (code == TRUST_EARGUMENT)
        return how_to_clear(world, &site, path, out, size);
    return site.mixed ? how_to_make_ctl(world, &site, true, "", out, size)
                      : how_to_go_without(world, &site, out, size);
}

static void say_refused(const struct world *world, const char *path, const struct trust_error *why)
{
    char in_force[CTL_SOURCE_NAME_SIZE], remedy[CTL_REMEDY_MAX];
    LOG_SAY(CTL_REFUSED, log_text("file", path), log_text("code", trust_error_name(why->code)),
            log_text("reason", why->text), log_text("in-force", ctl_source_name(&world->ctl, in_force)),
            log_text("remedy", ctl_remedy(world, path, why->code, remedy, sizeof remedy)));
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
    char remedy[CTL_REMEDY_MAX];
    struct ctl_site site;
    look_at_site(world, &site);
    const char *what = "none is needed: the cluster is not in mixed mode, and no CTL was published here";
    if (site.mixed || site.published)
        what =
            how_to_make_ctl(world, &site, false,
                            site.mixed ? "phones in mixed mode need it: "
                                       : "phones need none, since the cluster is not in mixed mode; if it is "
                                         "to be there again, ",
                            remedy, sizeof remedy);
    LOG_SAY(CTL_GONE, log_text("file", path),
            log_text("reason", "it was deleted: answers come from the store alone"),
            log_text("remedy", what));
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
