/* Where answers come from: the store first, then CTLFile.tlv. Main thread.
 *
 * Nothing here logs a refusal: the caller knows what a failure means, and says so. */
#ifndef TVSD_SOURCES_H
#define TVSD_SOURCES_H

#include "config/config.h"
#include "ctl_file.h"
#include "trust.h"

#include <stdbool.h>
#include <sys/types.h>

#define SOURCES_PATH_MAX 4096
#define STORE_POLL_MS    100 /* a look costs up to 100 us where the caches are cold */

/* The store, open for reading. */
struct store_source {
    char path[SOURCES_PATH_MAX];
    struct trust_store *db;
    dev_t
        dev; /* of the file that is open; taken before it was opened, so a file that is replaced meanwhile */
    ino_t ino;       /* is noticed rather than missed */
    int64_t version; /* data_version before the last load */
    int64_t state;   /* trust_store_state before the last load */
    int rest;        /* polls until it is looked at again */
    bool retry;      /* a load failed, and is tried again then */
};

/* Open STATE/tvs.sqlite3. config_path (NULL: the default) goes into the phrases that the errors tell to run.
 * Errors: trust_store_open's, and TRUST_EDENIED if everybody may write the state folder (state_mode_check).
 */
int store_source_open(const struct config *config, const char *config_path, struct store_source *source,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* What was loaded last is not in force after all: store_source_changed asks for another try. */
void store_source_forget(struct store_source *source);

/* The error of a store that was open and is no longer there. Returns its code. */
int store_source_gone(const char *path, struct trust_error *err);
void store_source_close(struct store_source *source);

/* Whether the store was written, or its file replaced or lost, since the last load: to be asked every
 * STORE_POLL_MS (a poll). After a load the answer is no for as long as that took, half a second at most, so
 * that many small changes do not keep the main thread from all else; after one that failed for 300 ms
 * besides, and then yes. */
bool store_source_changed(struct store_source *source);

/* Whether all that answers come from is as it was loaded, though the store was written: most writes are of
 * something else. Such a change is over then, and store_source_changed says so. */
bool store_source_is_same(struct store_source *source);

/* Build the store's index. before: the one that it takes the place of, with which it shares what stays; NULL:
 * none. A file that was replaced is opened again, if not everybody may write it. On failure the source stays
 * as it was, and store_source_changed asks for another try. */
int store_source_load(struct store_source *source, const struct trust_index *before, struct trust_index **out,
                      struct trust_error *err) TRUST_MUST_CHECK;

/* What CTLFile.tlv came to. */
enum ctl_status {
    CTL_ABSENT,   /* no such file: normal in a cluster that is not in mixed mode */
    CTL_BELIEVED, /* this file is in force */
    CTL_REFUSED,  /* it is not believed; the last good one stays in force */
};

/* Look at CTLFile.tlv of the TFTP folder. BELIEVED fills ctl (free with ctl_file_fini); REFUSED fills err. A
 * folder that is missing is no deletion of the file: REFUSED. */
enum ctl_status ctl_source_load(const struct config *config, struct trust_store *store, struct ctl_file *ctl,
                                struct trust_error *err);

/* The last CTL that was believed, judged anew (a signer may have been withdrawn since). TRUST_ENOTFOUND if
 * none was kept. */
int ctl_source_load_good(const struct config *config, struct trust_store *store, struct ctl_file *ctl,
                         struct trust_error *err) TRUST_MUST_CHECK;

/* The CTL in force, judged anew. */
int ctl_source_judge(const struct config *config, struct trust_store *store, const struct ctl_file *before,
                     struct ctl_file *ctl, struct trust_error *err) TRUST_MUST_CHECK;

/* Keep ctl as the last good one, or forget that (true: there was one). A failure is said in the log, and does
 * not touch the CTL in force. */
void ctl_source_keep(const struct config *config, const struct ctl_file *ctl);
bool ctl_source_forget(const struct config *config);

/* Path of CTLFile.tlv. Returns out. */
char *ctl_source_path(const struct config *config, char *out, size_t size);

/* An index with nothing in it. */
int sources_empty_index(struct trust_index **out, struct trust_error *err) TRUST_MUST_CHECK;

/* What names a CTL in the log: the SHA-1 of its file; "none" for one without a list (no CTL), "unknown" if
 * the digest cannot be made. Returns out. */
#define CTL_SOURCE_NAME_SIZE (2 * TRUST_DIGEST_MAX + 1)
char *ctl_source_name(const struct ctl_file *ctl, char out[static CTL_SOURCE_NAME_SIZE]);

/* What is said of a source that is now in force: store-loaded, ctl-loaded, and CUCM's trace lines. */
void store_source_say(const struct store_source *source, const struct trust_index *index);
void ctl_source_say(const struct ctl_file *ctl, const char *path);

#endif
