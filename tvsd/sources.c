#include "sources.h"

#include "clock.h"
#include "config/state_mode.h"
#include "ctl_age.h"
#include "log.h"
#include "remedy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define RETRY_POLLS (300 / STORE_POLL_MS)
#define REST_POLLS  (500 / STORE_POLL_MS)

static int too_long(struct trust_error *err, const char *option)
{
    return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%s: the path is too long", option);
}

/* ---- The store ---- */

static int check_state(const char *state, struct trust_error *err)
{
    int rc = state_mode_check_above(state, err);
    return rc == 0 ? state_mode_check(state, err) : rc;
}

/* Whoever put it there may have left it open to all. */
static int check_mode(const char *path, struct trust_error *err)
{
    char state[SOURCES_PATH_MAX];
    snprintf(state, sizeof state, "%.*s", (int)(strlen(path) - strlen("/" TRUST_STORE_FILE)), path);
    return check_state(state, err);
}

/* Open the file at source->path. */
static int open_file(struct store_source *source, struct trust_error *err)
{
    struct stat info = {0};
    if (stat(source->path, &info) == 0) {
        source->dev = info.st_dev;
        source->ino = info.st_ino;
    }
    return trust_store_open(source->path, TRUST_STORE_READ, &source->db, err);
}

/* What cannot be a folder, or be in one, tvsctl cannot make one of. */
static bool is_no_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? !S_ISDIR(info.st_mode) : errno == ENOTDIR;
}

static int without_store(const struct config *config, const char *config_path, const char *path,
                         struct trust_error *err)
{
    char remedy[REMEDY_MAX];
    if (is_no_folder(config->state))
        return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "state: %.250s is no folder: name the folder in which the store is",
                               config->state);
    return trust_error_set(
        err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
        "%.120s: there is no store: if there was one, put it back; the first time, %.200s makes it", path,
        remedy_phrase(config_path, "set cert regen TVS", remedy, sizeof remedy));
}

static int with_empty_store(const char *config_path, const char *path, struct trust_error *err)
{
    char restore[REMEDY_MAX], regen[REMEDY_MAX];
    return trust_error_set(
        err, TRUST_EEMPTY, TRUST_NO_OFFSET,
        "%.100s: the store is empty: if it ever held anything, put it back, or restore a backup: %.110s; if "
        "it never did, %.110s makes it",
        path, remedy_phrase(config_path, "utils restore FILE", restore, sizeof restore),
        remedy_phrase(config_path, "set cert regen TVS", regen, sizeof regen));
}

int store_source_open(const struct config *config, const char *config_path, struct store_source *source,
                      struct trust_error *err)
{
    struct store_source made = {0};
    *source = made;
    if (config_state_path(config, TRUST_STORE_FILE, made.path, sizeof made.path) == NULL)
        return too_long(err, "state");
    int rc = check_state(config->state, err);
    if (rc != 0)
        return rc;
    rc = open_file(&made, err);
    if (rc == TRUST_ENOTFOUND)
        return without_store(config, config_path, made.path, err);
    if (rc == TRUST_EEMPTY)
        return with_empty_store(config_path, made.path, err);
    if (rc == TRUST_EDENIED && err != NULL) {
        struct trust_error why = *err;
        return trust_error_set(err, rc, why.offset, "%.400s; run tvsd as the owner of its state folder",
                               why.text);
    }
    if (rc == 0)
        *source = made;
    return rc;
}

void store_source_close(struct store_source *source)
{
    trust_store_close(source->db);
    *source = (struct store_source){0};
}

static bool is_replaced(const struct store_source *source)
{
    struct stat info;
    return stat(source->path, &info) != 0 || info.st_dev != source->dev || info.st_ino != source->ino;
}

bool store_source_changed(struct store_source *source)
{
    if (source->rest > 0 && --source->rest > 0)
        return false;
    if (source->retry) {
        source->retry = false;
        return true;
    }
    if (is_replaced(source))
        return true;
    int64_t version;
    int rc = trust_store_data_version(source->db, &version, NULL);
    if (rc == TRUST_ESTOREBUSY)
        return false; /* a writer is at it; the next poll sees what became of it */
    return rc != 0 || version != source->version;
}

bool store_source_is_same(struct store_source *source)
{
    int64_t version, state;
    if (source->state == 0 || is_replaced(source) ||
        trust_store_data_version(source->db, &version, NULL) != 0 ||
        trust_store_state(source->db, &state, NULL) != 0 || state != source->state)
        return false;
    source->version = version;
    source->retry = false;
    return true;
}

void store_source_forget(struct store_source *source)
{
    source->state = 0;
    source->rest = RETRY_POLLS;
    source->retry = true;
}

int store_source_gone(const char *path, struct trust_error *err)
{
    return trust_error_set(
        err, TRUST_ENOTFOUND, TRUST_NO_OFFSET,
        "%.200s is gone; what was read stays in force: put the store back, or restore it from a "
        "backup",
        path);
}

static int load_index(struct trust_store *db, const struct trust_index *before, struct trust_index **out,
                      struct trust_error *err)
{
    struct trust_index_builder *builder = NULL;
    int rc = trust_index_builder_after(&builder, before, err);
    if (rc == 0)
        rc = trust_store_load(db, builder, err);
    if (rc == 0)
        rc = trust_index_build(builder, out, err);
    trust_index_builder_free(builder);
    return rc;
}

static int rest_after(int64_t began)
{
    const int64_t polls = (clock_milliseconds() - began) / STORE_POLL_MS;
    return polls < REST_POLLS ? (int)polls : REST_POLLS;
}

int store_source_load(struct store_source *source, const struct trust_index *before, struct trust_index **out,
                      struct trust_error *err)
{
    const int64_t began = clock_milliseconds();
    *out = NULL;
    struct store_source fresh = *source;
    bool reopened = is_replaced(source);
    int rc = 0;
    if (reopened) {
        fresh.db = NULL;
        rc = check_mode(source->path, err);
        if (rc == 0)
            rc = open_file(&fresh, err);
        if (rc == TRUST_ENOTFOUND)
            store_source_gone(source->path, err);
    }
    /* Before the load: what is written during it shows as a further change. */
    if (rc == 0)
        rc = trust_store_data_version(fresh.db, &fresh.version, err);
    if (rc == 0)
        rc = trust_store_state(fresh.db, &fresh.state, err);
    if (rc == 0)
        rc = load_index(fresh.db, before, out, err);
    if (rc != 0) {
        if (reopened)
            trust_store_close(fresh.db);
        source->rest = RETRY_POLLS + rest_after(began);
        source->retry = true;
        return rc;
    }
    if (reopened)
        trust_store_close(source->db);
    fresh.rest = rest_after(began);
    fresh.retry = false;
    *source = fresh;
    return 0;
}

void store_source_say(const struct store_source *source, const struct trust_index *index)
{
    log_trace("updateLocalDBCache : Refreshing the local DB certificate cache");
    LOG_SAY(STORE_LOADED, log_text("file", source->path),
            log_number("certificates", (int64_t)trust_index_count(index)));
}

/* ---- CTLFile.tlv ---- */

char *ctl_source_path(const struct config *config, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", config->trust_lists.directory, CTL_FILE_NAME);
    return out;
}

/* Judge the CTL at path; path NULL: the one from before. */
static int load_ctl(const struct config *config, struct trust_store *store, const char *path,
                    const struct ctl_file *before, struct ctl_file *ctl, struct trust_error *err)
{
    char published[SOURCES_PATH_MAX];
    if (config_state_path(config, CTL_FILE_PUBLISHED, published, sizeof published) == NULL)
        return too_long(err, "state");
    const struct ctl_rule rule = {
        .store = store,
        .published = published,
        .any_signer = !config->trust_lists.require_trusted_signer,
    };
    if (rule.any_signer)
        LOG_SAY(SIGNER_UNCHECKED, log_text("option", "trust_lists.require_trusted_signer"));
    return path != NULL ? ctl_file_load(path, &rule, ctl, err) : ctl_file_judge(before, &rule, ctl, err);
}

enum ctl_status ctl_source_load(const struct config *config, struct trust_store *store, struct ctl_file *ctl,
                                struct trust_error *err)
{
    char path[SOURCES_PATH_MAX];
    int rc = load_ctl(config, store, ctl_source_path(config, path, sizeof path), NULL, ctl, err);
    if (rc == 0)
        rc = ctl_age_check(config, path, ctl, err);
    if (rc == 0)
        return CTL_BELIEVED;
    ctl_file_fini(ctl);
    struct stat info;
    if (rc != TRUST_ENOTFOUND)
        return CTL_REFUSED;
    if (stat(config->trust_lists.directory, &info) == 0 && S_ISDIR(info.st_mode))
        return CTL_ABSENT;
    trust_error_set(
        err, rc, TRUST_NO_OFFSET,
        "%.250s: the folder (trust_lists.directory) is not there; the CTL counts as deleted only when "
        "its folder can be seen",
        config->trust_lists.directory);
    return CTL_REFUSED;
}

int ctl_source_load_good(const struct config *config, struct trust_store *store, struct ctl_file *ctl,
                         struct trust_error *err)
{
    char path[SOURCES_PATH_MAX];
    *ctl = (struct ctl_file){0};
    if (config_state_path(config, CTL_FILE_GOOD, path, sizeof path) == NULL)
        return too_long(err, "state");
    return load_ctl(config, store, path, NULL, ctl, err);
}

int ctl_source_judge(const struct config *config, struct trust_store *store, const struct ctl_file *before,
                     struct ctl_file *ctl, struct trust_error *err)
{
    return load_ctl(config, store, NULL, before, ctl, err);
}

static void say_good_failed(const char *path, const char *what, struct trust_error *err)
{
    trust_error_prefix(err, err->code, "%s", what);
    LOG_SAY(CTL_REFUSED, log_text("file", path), log_text("code", trust_error_name(err->code)),
            log_text("reason", err->text),
            log_text("remedy", "give tvsd the rights, or the room, to change it"));
}

/* load_ctl has refused a state folder whose path is too long before either of these is called. */
void ctl_source_keep(const struct config *config, const struct ctl_file *ctl)
{
    char path[SOURCES_PATH_MAX];
    struct trust_error err = {0};
    if (config_state_path(config, CTL_FILE_GOOD, path, sizeof path) != NULL &&
        ctl_file_keep(path, ctl, &err) != 0)
        say_good_failed(path, "the CTL is in force but could not be kept for the next start", &err);
}

bool ctl_source_forget(const struct config *config)
{
    char path[SOURCES_PATH_MAX];
    struct trust_error err = {0};
    if (config_state_path(config, CTL_FILE_GOOD, path, sizeof path) == NULL)
        return false;
    int rc = trust_file_remove(path, &err);
    if (rc != 0 && rc != TRUST_ENOTFOUND)
        say_good_failed(path, "the last CTL could not be forgotten and may serve after the next start", &err);
    return rc == 0;
}

int sources_empty_index(struct trust_index **out, struct trust_error *err)
{
    struct trust_index_builder *builder = NULL;
    int rc = trust_index_builder_new(&builder, err);
    if (rc == 0)
        rc = trust_index_build(builder, out, err);
    trust_index_builder_free(builder);
    return rc;
}

/* Upper-case hex of a serial number, cut if no sane one is that long. */
#define SERIAL_SHOWN 64
static const char *serial_hex(struct trust_bytes serial, char out[2 * SERIAL_SHOWN + 1])
{
    if (serial.len > SERIAL_SHOWN)
        serial.len = SERIAL_SHOWN;
    return trust_hex(serial, 0, true, out);
}

/* CUCM's keys: serial number and issuer as each record carries them. */
static void trace_keys(const struct trust_list *list)
{
    for (size_t i = 0; i < list->record_count; i++) {
        const struct trust_list_record *record = &list->records[i];
        char serial[2 * SERIAL_SHOWN + 1];
        if (record->certificate.len == 0 || record->issuer.len == 0)
            continue;
        log_trace("tvs_sql_get_all_CTL_certificate - Unique Key used for Caching :: %s%.*s, length : %zu",
                  serial_hex(record->serial, serial), (int)record->issuer.len,
                  (const char *)record->issuer.data, 2 * record->serial.len + record->issuer.len);
    }
}

char *ctl_source_name(const struct ctl_file *ctl, char out[static CTL_SOURCE_NAME_SIZE])
{
    uint8_t sha1[TRUST_DIGEST_MAX];
    if (ctl->list == NULL)
        snprintf(out, CTL_SOURCE_NAME_SIZE, "none");
    else if (trust_digest_pieces(TRUST_DIGEST_SHA1, &ctl->list->file, 1, sha1, NULL) != 0)
        snprintf(out, CTL_SOURCE_NAME_SIZE, "unknown");
    else
        trust_hex((struct trust_bytes){sha1, trust_digest_size(TRUST_DIGEST_SHA1)}, 0, false, out);
    return out;
}

void ctl_source_say(const struct ctl_file *ctl, const char *path)
{
    if (log_traces()) {
        log_trace("updateLocalCTLCache : Refreshing the local CTL certificate cache");
        trace_keys(ctl->list);
    }
    char name[CTL_SOURCE_NAME_SIZE], serial[2 * SERIAL_SHOWN + 1];
    LOG_SAY(CTL_LOADED, log_text("file", path),
            log_number("certificates", (int64_t)trust_index_count(ctl->index)),
            log_text("signer", trust_name_cucm(trust_cert_subject(ctl->signer))),
            log_text("serial", serial_hex(trust_cert_serial(ctl->signer), serial)),
            log_text("sha1", ctl_source_name(ctl, name)));
}
