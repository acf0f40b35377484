/* One crash-safe step. A phrase changes the store, the folder of keys, the history and the TFTP folder
 * together or not at all, whenever it is killed and whatever fails:
 *
 *   1. under the lock of the state folder, in one transaction, the store is changed, and each new file is
 * written and synced beside its place under a name that nobody reads;
 *   2. the transaction also names those files, and its commit decides: before it nothing has happened, after
 * it all;
 *   3. the files are renamed into place, and the store forgets their names.
 *
 * A phrase that dies between 2 and 3 is finished by the next one, of whatever kind; what a phrase left that
 * died before 2 is swept away. */
#ifndef TVSCTL_CHANGE_H
#define TVSCTL_CHANGE_H

#include "lock.h"
#include "published.h"
#include "state.h"
#include "tvsctl.h"

struct change {
    struct tvsctl *ctl;
    struct state *state; /* what the work sees and changes */
    struct lock lock;
    struct published lists; /* what phones will find in the TFTP folder when this step is done */
    size_t staged;          /* files so far */
    struct trust_cert
        *files_signer;  /* by whom signed_files_follow saw to the files in this step; NULL: not yet */
    bool publishes;     /* a list goes out */
    struct deeds deeds; /* told when the step is done */
    bool begun;
    struct state *own;    /* change_adopt: the state proper; NULL without it */
    struct state adopted; /* the state with the other store */
    char adopted_path[STATE_PATH_MAX];
};

/* Begin: nobody else changes this state until change_end. A step that was left unfinished is finished first.
 * Ask the operator before, not after. Errors: TRUST_ESTOREBUSY (names who is at it), and the store's. */
int change_begin(struct tvsctl *ctl, struct state *state, struct change *change,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* A file that is to stand at its place: 0644 and the TFTP folder's owner there, 0640 elsewhere. For keys:
 * change_put_key. Errors say the file and what to do; TRUST_EEXISTS: a folder of the TFTP folder has its
 * name. */
int change_put(struct change *change, enum trust_place place, const char *name, struct trust_bytes bytes,
               struct trust_error *err) TRUST_MUST_CHECK;

/* A file that is to go. It not being there is no error. */
int change_drop(struct change *change, enum trust_place place, const char *name,
                struct trust_error *err) TRUST_MUST_CHECK;

/* A key that is to stand in the folder of keys, 0600; the one of cert that is to go from it. */
int change_put_key(struct change *change, const char *unit, const struct trust_key *key,
                   struct trust_error *err) TRUST_MUST_CHECK;
int change_drop_key(struct change *change, const char *unit, const struct trust_cert *cert,
                    struct trust_error *err) TRUST_MUST_CHECK;

/* From now on the key of cert is in a security token: the URI is to stand in the place of its file, which
 * goes if there is one. And the reverse: the URI goes, if there is one. change_put_uri_file: the URI alone,
 * in a file of that name. */
int change_put_key_uri(struct change *change, const char *unit, const struct trust_cert *cert,
                       const char *uri, struct trust_error *err) TRUST_MUST_CHECK;
int change_put_uri_file(struct change *change, const char *name, const char *uri,
                        struct trust_error *err) TRUST_MUST_CHECK;
int change_drop_key_uri(struct change *change, const char *unit, const struct trust_cert *cert,
                        struct trust_error *err) TRUST_MUST_CHECK;

/* From now on the step is about another store, of this version and opened to write: when the step is decided,
 * its content becomes that of the state's own store, whole, with what the work does to it from here on. The
 * lock, the folders and change->own (to read) stay. take_store is the step's from success on. Its file lies
 * in the workplace (workplace.h), which goes when the step ends; of its pending files nothing is left from
 * here on, and of its saved ones when the step is decided. */
int change_adopt(struct change *change, struct trust_store *take_store, const char *path,
                 struct trust_error *err) TRUST_MUST_CHECK;

/* Decide, and put everything in place. On failure either nothing has happened, or the error says that the
 * change is made and what is not in place yet. */
int change_commit(struct change *change, struct trust_error *err) TRUST_MUST_CHECK;

/* End; without a commit before it nothing has happened. Legal on a zeroed one and after a failed
 * change_begin. */
void change_end(struct change *change);

/* A whole step: begin, work, commit, end. */
typedef int (*change_work)(struct change *change, void *arg, struct trust_error *err);
int change_do(struct tvsctl *ctl, struct state *state, change_work work, void *arg,
              struct trust_error *err) TRUST_MUST_CHECK;

/* The same; an error is said. TVSCTL_DONE or TVSCTL_REFUSED. */
int change_run(struct tvsctl *ctl, struct state *state, change_work work, void *arg);

/* Finish what a phrase left that died, or could not put in place: called before every phrase that has a
 * configuration. Errors say why it cannot be finished: until that is mended, nothing can be changed. */
#define CHANGE_UNFINISHED "a phrase was interrupted, and its change cannot be finished now"
int change_recover(struct tvsctl *ctl, struct trust_error *err) TRUST_MUST_CHECK;

#endif
