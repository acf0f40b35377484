/* For tests of backup and restore: a cluster worth saving, and the phrases with a password. */
#ifndef TESTS_TVSCTL_HELPER_BACKUP_H
#define TESTS_TVSCTL_HELPER_BACKUP_H

#include "helper.h"
#include "helper_lists.h"

#define BACKUP "the.backup"

struct trust_bytes backup_text(const char *text);

/* A bench in mixed mode with three lists published, a signed file SEP1.cnf.xml.sgn, and a password in the
 * file "password". */
void backup_open(struct bench *bench, const char *extra);

/* Run `PHRASE FILE` with that password and --yes. A FILE without a slash is in the bench's folder. */
void backup_run(struct bench *bench, const char *phrase, const char *file);

/* `utils backup` into BACKUP, without a word on the error output. */
void backup_make(struct bench *bench);

/* Nothing unsealed is left in the state folder. */
void backup_expect_no_workplace(const struct bench *bench);

unsigned backup_mode(const char *path);

#endif
