#include "control_parts.h"

#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

void control_retry_later(const struct control *control)
{
    if (control->unposted || world_waits(&control->world))
        monitor_retry(control->monitor);
}

void control_on_change(void *arg, unsigned what)
{
    struct control *control = arg;
    bool fresh = false;
    if (what & MONITOR_STORE) {
        fresh |= world_store_changed(&control->world);
        control_phones_read_rollouts(control->phones, control->world.store.db);
    }
    if (what & MONITOR_CTL)
        fresh |= world_ctl_changed(&control->world);
    else if (what & MONITOR_PUBLISHED)
        fresh |= world_retry_ctl(&control->world);
    if (what & MONITOR_PUBLISHED)
        fresh |= world_retry_cert(&control->world);
    fresh |= control->unposted;
    struct snapshot *snapshot = fresh ? world_snapshot(&control->world) : NULL;
    control->unposted = fresh && snapshot == NULL;
    control_retry_later(control);
    if (snapshot != NULL)
        workers_post(control->workers, snapshot);
    else if (fresh)
        LOG_SAY(RELOAD_REFUSED, log_text("reason", "out of memory: what changed is not in force yet"),
                log_text("remedy", "it is tried again in a moment"));
    if (!control->unposted)
        world_announce(&control->world);
    control_tell_status(control);
}

/* Nothing can fail any more: put the new world in the place of the old. */
static void take_world(struct control *control, struct world *next, struct monitor *monitor,
                       struct snapshot *take_snapshot)
{
    struct world old = control->world;
    control->world = *next;
    if (control->start_config_part == NULL) {
        control->start_config_part = old.config_part;
        old.config_part = NULL;
    }
    world_fini(&old);
    monitor_free(control->monitor);
    control->monitor = monitor;
    control->unposted = false;
    control_retry_later(control);
    control_phones_read_rollouts(control->phones, control->world.store.db);
    workers_post(control->workers, take_snapshot);
}

/* Options that need a restart, as the file has them now; the state folder is one of them, and all paths in it
 * stay as they are. The other such options are not looked at again after the start. */
static int keep_state(struct control *control, struct world *next, struct trust_error *err)
{
    struct config *config = next->config;
    config_needs_restart(control->start_config, config, control->needs_restart,
                         sizeof control->needs_restart);
    if (strcmp(config->state, control->start_config->state) == 0)
        return 0;
    char *state = strdup(control->start_config->state);
    if (state == NULL)
        return control_no_memory(err);
    free(config->state);
    config->state = state;
    return 0;
}

static void say_reloaded(struct control *control)
{
    struct world *world = &control->world;
    LOG_SAY(RELOAD, log_text("file", control->config_path));
    if (control->needs_restart[0] != '\0')
        LOG_SAY(NEEDS_RESTART, log_text("options", control->needs_restart));
    world_say(world);
    world_remember_ctl(world);
}

static bool has_no_descriptors(void)
{
    int fd = eventfd(0, EFD_CLOEXEC);
    bool none = fd < 0 && (errno == EMFILE || errno == ENFILE);
    if (fd >= 0)
        close(fd);
    return none;
}

/* A shortage passes, and then the same reload succeeds; all else has to be corrected first. has_log: the
 * log's target can be opened. */
static void say_reload_refused(struct control *control, bool has_log)
{
    const struct trust_error *err = &control->refusal;
    const char *remedy = "what was in force stays: correct it, then send SIGHUP again";
    if (err->code == TRUST_ENOMEM)
        remedy = "what was in force stays: send SIGHUP again when there is memory";
    else if (ctl_file_is_trouble(err->code) && has_no_descriptors())
        remedy =
            "what was in force stays: no descriptor is left; raise the limit of open files (LimitNOFILE, "
            "ulimit -n), or send SIGHUP again when connections have ended";
    control->remedy = remedy;
    LOG_SAY(RELOAD_REFUSED, log_text("reason", err->text), log_text("remedy", remedy));
    if (!has_log)
        LOG_SAY_STDERR(RELOAD_REFUSED, log_text("reason", err->text), log_text("remedy", remedy));
}

/* SIGHUP: everything, or nothing. */
void control_reload(struct control *control)
{
    struct world next;
    struct monitor *monitor = NULL;
    struct snapshot *snapshot = NULL;
    struct trust_error err = {0};
    control->needs_restart[0] = '\0';
    int rc = world_read_config(&next, control->config_path, &err);
    if (rc == 0)
        rc = keep_state(control, &next, &err);
    /* It watches before anything is read, so that no change falls between. */
    if (rc == 0)
        rc = monitor_new(control->base, next.config, &control->world.store, control_on_change, control,
                         &monitor, &err);
    if (rc == 0)
        rc = world_build(&next, &control->world, &err);
    if (rc == 0 && (snapshot = world_snapshot(&next)) == NULL)
        rc = control_no_memory(&err);
    bool has_log = rc != 0 || (rc = log_open(next.config, &err)) == 0;
    control->refused = rc != 0;
    if (rc != 0) {
        struct trust_error ignored;
        has_log &= log_reopen(&ignored) == 0;
        control->refusal = err;
        say_reload_refused(control, has_log);
        snapshot_free(snapshot);
        monitor_free(monitor);
        world_fini(&next);
        return;
    }
    take_world(control, &next, monitor, snapshot);
    say_reloaded(control);
}
