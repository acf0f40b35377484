/* What the tests of copying and replacing whole stores share. All of these fail the test rather than return
 * an error. */
#ifndef TESTS_LIBTRUST_HELPER_COPY_H
#define TESTS_LIBTRUST_HELPER_COPY_H

#include "trust.h"

#include <stdbool.h>
#include <sys/resource.h>

/* Parameters of the store. */
void helper_set_param(struct trust_store *store, const char *name, const char *value);
void helper_param_is(struct trust_store *store, const char *name, const char *expected);

/* What a pragma says to whoever else opens the file. */
void helper_pragma_is(const char *path, const char *pragma, const char *expected);

/* Whether there is a file of that path and ending. */
bool helper_exists(const char *path, const char *ending);

/* The database has no log or journal beside it. */
void helper_is_one_file(const char *path);

/* So many rows of about 800 bytes: a store of many pages. */
void helper_fill(const char *path, int rows);

/* Act in a process of its own, in which no file can become longer than so many bytes: a write that would do
 * it fails, as on a full disk, or kills the process. What act returned, -1 if it was killed. */
int helper_limited_to(rlim_t bytes, bool is_deadly, int (*act)(void));

#endif
