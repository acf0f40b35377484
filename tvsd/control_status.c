#include "control_status.h"

#include "config/options.h"
#include "log.h"

#include <string.h>
#include <unistd.h>

static void put_digest(struct line_writer *line, const char *key, enum trust_digest digest,
                       struct trust_bytes bytes)
{
    uint8_t value[TRUST_DIGEST_MAX];
    if (trust_digest_pieces(digest, &bytes, 1, value, NULL) == 0)
        line_hex(line, key, value, trust_digest_size(digest));
}

/* ---- What it is */

static int take_version(void *arg, int count, const char *const *cells)
{
    if (count == 1)
        line_text(arg, "sqlite", cells[0]);
    return 0;
}

static int ignore_columns(void *arg, int count, const char *const *names)
{
    (void)arg, (void)count, (void)names;
    return 0;
}

static void tell_daemon(const struct control *control, struct line_writer *line)
{
    const struct config *config = control->world.config;
    const struct trust_sql_sink sink = {line, ignore_columns, take_version};
    struct timespec now;
    char status[STATUS_MAX];
    clock_gettime(CLOCK_MONOTONIC, &now);
    line_text(line, "version", TVS_VERSION);
    line_integer(line, "pid", getpid());
    line_integer(line, "uptime", now.tv_sec - control->started.tv_sec);
    line_text(line, "node", config->node.name);
    line_text(line, "configuration", control->config_path);
    line_text(line, "state", config->state);
    line_text(line, "control", control->listen.path != NULL ? control->listen.path : "");
    line_text(line, "openssl", tls_library());
    /* The version alone. A store that cannot be asked is told of elsewhere. */
    if (trust_store_sql(control->world.store.db, "SELECT sqlite_version()", &sink, NULL) != 0)
        line_text(line, "sqlite", "unknown");
    line_text(line, "libevent", event_get_version());
    line_text(line, "status", control_how_it_is(control, status));
}

static void tell_service(const struct control *control, struct line_writer *line)
{
    struct stats sum;
    workers_stats(control->workers, &sum);
    line_integer(line, "workers", (int64_t)workers_count(control->workers));
    line_integer(line, "connections", (int64_t)sum.active);
    line_integer(line, "max_connections", workers_max_connections(control->workers));
    line_integer(line, "snapshots_made", (int64_t)sum.snapshots_made);
    line_integer(line, "snapshots_live", (int64_t)sum.snapshots_live);
    line_integer(line, "sockets", (int64_t)control->sockets.count);
    for (size_t i = 0; i < control->sockets.count; i++) {
        char name[128];
        line_text(line, "listen", sockets_name(control->sockets.fds[i], name, sizeof name));
    }
}

static void put_counter(void *arg, const char *name, uint64_t value)
{
    line_integer(arg, name, (int64_t)value);
}

static void tell_counters(const struct control *control, struct line_writer *line)
{
    struct stats sum;
    workers_stats(control->workers, &sum);
    stats_each(&sum, put_counter, line);
}

static const char *level_name(int64_t value)
{
    const struct option_choice *level = option_find("log", "level", strlen("level"))->choices;
    while (level->name != NULL && level->value != value)
        level++;
    return level->name != NULL ? level->name : "";
}

void control_status_log(const struct control *control, struct line_writer *line)
{
    static const char *const formats[] = {"logfmt", "json", "trace"};
    const struct config *config = control->world.config;
    line_text(line, "level", level_name((int64_t)log_level()));
    line_text(line, "configured", level_name(config->log.level));
    line_text(line, "format", formats[config->log.format]);
    line_text(line, "target", config->log.target);
    line_integer(line, "lost", (int64_t)log_lost());
    line_text(line, "trouble", log_trouble() != NULL ? log_trouble() : "");
}

/* ---- What it answers from */

static void tell_store(const struct control *control, struct line_writer *line)
{
    const struct world *world = &control->world;
    line_text(line, "file", world->store.path);
    line_integer(line, "certificates", (int64_t)trust_index_count(world->store_index));
    line_integer(line, "read", world->store_read);
    line_text(line, "refused", world->store_error.code != 0 ? world->store_error.text : "");
}

static void tell_ctl(const struct control *control, struct line_writer *line)
{
    const struct world *world = &control->world;
    const struct trust_list *list = world->ctl.list;
    line_text(line, "file", world->ctl_path);
    line_text(line, "state",
              world->ctl_status == CTL_REFUSED  ? "refused"
              : world->ctl_status == CTL_ABSENT ? "absent"
                                                : "believed");
    if (list != NULL) {
        line_integer(line, "certificates", (int64_t)trust_index_count(world->ctl.index));
        line_integer(line, "length", (int64_t)list->file.len);
        put_digest(line, "md5", TRUST_DIGEST_MD5, list->file);
        put_digest(line, "sha1", TRUST_DIGEST_SHA1, list->file);
        line_text(line, "signer", trust_name_cucm(trust_cert_subject(world->ctl.signer)));
    }
    line_integer(line, "read", world->ctl_read);
    line_text(line, "refused", world->ctl_error.code != 0 ? world->ctl_error.text : "");
}

static void put_certificate(struct line_writer *line, const struct trust_cert *cert)
{
    char serial[2 * 64 + 1];
    struct trust_bytes number = trust_cert_serial(cert);
    if (number.len > 64)
        number.len = 64;
    line_text(line, "subject", trust_name_cucm(trust_cert_subject(cert)));
    line_text(line, "serial", trust_hex(number, 0, true, serial));
    put_digest(line, "sha1", TRUST_DIGEST_SHA1, trust_cert_der(cert));
    line_integer(line, "expires", trust_cert_not_after(cert));
}

static void tell_certificate(const struct control *control, struct line_writer *line)
{
    put_certificate(line, control->world.cert);
    line_text(line, "refused", control->world.cert_error.code != 0 ? control->world.cert_error.text : "");
}

static void tell_ecdsa(const struct control *control, struct line_writer *line)
{
    const struct world *world = &control->world;
    if (world->ecdsa != NULL)
        put_certificate(line, world->ecdsa);
    line_text(line, "waits", world->ecdsa_why.code != 0 ? world->ecdsa_why.text : "");
}

/* The entry that expires next, and how many have. */
static void look_through(const struct trust_index *index, time_t now, const struct trust_entry **next,
                         int64_t *expired)
{
    for (size_t i = 0; i < trust_index_count(index); i++) {
        const struct trust_entry *entry = trust_index_at(index, i);
        if (entry->not_after < now)
            ++*expired;
        else if (*next == NULL || entry->not_after < (*next)->not_after)
            *next = entry;
    }
}

static void tell_expiry(const struct control *control, struct line_writer *line)
{
    const struct trust_entry *next = NULL;
    int64_t expired = 0;
    char serial[2 * 64 + 1];
    time_t now = time(NULL);
    look_through(control->world.store_index, now, &next, &expired);
    if (control->world.ctl.list != NULL)
        look_through(control->world.ctl.index, now, &next, &expired);
    line_integer(line, "expired", expired);
    if (next == NULL)
        return;
    struct trust_bytes number = next->serial;
    if (number.len > 64)
        number.len = 64;
    line_integer(line, "next", next->not_after);
    line_text(line, "serial", trust_hex(number, 0, true, serial));
    line_text(line, "issuer", next->issuer);
}

static void tell_phones(const struct control *control, struct line_writer *line)
{
    struct stats sum;
    const struct phones *phones = control_phones_table(control->phones);
    workers_stats(control->workers, &sum);
    line_integer(line, "known", (int64_t)phones_count(phones));
    line_integer(line, "max", (int64_t)phones_max(phones));
    line_integer(line, "bytes", (int64_t)phones_bytes(phones));
    line_integer(line, "forgotten", (int64_t)phones_forgotten(phones));
    line_integer(line, "sightings_lost", (int64_t)sum.sightings_lost);
    line_integer(line, "written", control_phones_written(control->phones));
}

size_t control_status_make(void *arg, size_t *at, char out[static CONTROL_CHUNK])
{
    static const struct {
        const char *what;
        void (*tell)(const struct control *control, struct line_writer *line);
    } things[] = {
        {"daemon", tell_daemon},
        {"service", tell_service},
        {"counters", tell_counters},
        {"store", tell_store},
        {"ctl", tell_ctl},
        {"certificate", tell_certificate},
        {"certificate-ecdsa", tell_ecdsa},
        {"expiry", tell_expiry},
        {"phones", tell_phones},
        {"log", control_status_log},
    };
    struct line_writer line;
    if (*at == sizeof things / sizeof things[0])
        return 0;
    line_begin(&line, out, CONTROL_CHUNK);
    line_text(&line, "what", things[*at].what);
    things[*at].tell(arg, &line);
    ++*at;
    return line_end(&line);
}
