/* Files and folders for tests. All of these fail the test rather than return an error. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "trust/error.h"

/* Path of tests/data/NAME (TVS_TEST_DATA overrides the folder). Valid for the next three calls. */
const char *fixture_path(const char *name);

/* The bytes of tests/data/NAME, or of NAME if it starts with '/' or '.'. Free with fixture_free. */
struct trust_bytes fixture_read(const char *name);
void fixture_free(struct trust_bytes bytes);

/* A temporary folder of one's own, and its removal with everything in it. */
char *fixture_folder(void);
void fixture_folder_remove(char *path);

#endif
