#include "ctl_age.h"

#include "config/ctl_published.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AGE_PATH_MAX 4096

/* A list that was signed before, and where it is. */
struct before {
    char path[AGE_PATH_MAX];
    uint32_t timestamp;
};

static int look(const char *path, struct before *newest, struct trust_error *err)
{
    struct trust_list *list = NULL;
    int rc = ctl_file_read(path, &list, NULL);
    if (rc == TRUST_ENOMEM)
        return trust_error_set(err, rc, TRUST_NO_OFFSET, "out of memory");
    if (rc == 0 && list->header.timestamp > newest->timestamp) {
        newest->timestamp = list->header.timestamp;
        snprintf(newest->path, sizeof newest->path, "%s", path);
    }
    trust_list_free(list);
    return 0;
}

static int newest_before(const struct config *config, struct before *newest, struct trust_error *err)
{
    char path[AGE_PATH_MAX];
    struct ctl_published published;
    int rc = 0;
    if (config_state_path(config, CTL_FILE_GOOD, path, sizeof path) != NULL)
        rc = look(path, newest, err);
    if (rc == 0 && config_state_path(config, CTL_FILE_PUBLISHED, path, sizeof path) != NULL) {
        rc = ctl_published_last(path, 1, 0, &published, err);
        if (rc == 0 && published.count > 0)
            rc = look(published.paths[0], newest, err);
        else if (rc != TRUST_ENOMEM)
            rc = 0;
        ctl_published_fini(&published);
    }
    return rc;
}

static char *when(uint32_t timestamp, char out[32])
{
    const time_t seconds = timestamp;
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL || strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
        snprintf(out, 32, "%lu", (unsigned long)timestamp);
    return out;
}

int ctl_age_check(const struct config *config, const char *path, const struct ctl_file *ctl,
                  struct trust_error *err)
{
    struct before newest = {.path = ""};
    char signed_at[32], newest_at[32];
    int rc = newest_before(config, &newest, err);
    if (rc != 0 || ctl->list->header.timestamp >= newest.timestamp)
        return rc;
    when(ctl->list->header.timestamp, signed_at);
    when(newest.timestamp, newest_at);
    if (config->trust_lists.refuse_older_ctl)
        return trust_error_set(
            err, TRUST_EVALUE, TRUST_NO_OFFSET,
            "it was signed on %s, before %.200s (%s): somebody may have put back an old list "
            "(trust_lists.refuse_older_ctl)",
            signed_at, newest.path, newest_at);
    LOG_SAY(CTL_OLDER, log_text("file", path), log_text("signed", signed_at), log_text("newer", newest.path),
            log_text("newer-signed", newest_at), log_text("setting", "trust_lists.refuse_older_ctl"));
    return 0;
}
