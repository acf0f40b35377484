/* A configuration, a state folder and a TFTP folder of a test's own, and runs of tvsctl on them. */
#ifndef TESTS_TVSCTL_HELPER_H
#define TESTS_TVSCTL_HELPER_H

#include "trust.h"
#include "tvsctl/tvsctl.h"

struct bench {
    char *folder;
    char config[256], state[256], tftp[256], store[512];
    bool forces; /* guard rails are not what the test is about: every phrase that takes --force gets it */
    int status;  /* of the last run */
    char *out, *err;
};

/* extra: further lines of the configuration, or "". CN of the node: cucm-1051-a-pub, 10.48.47.155. */
void bench_open(struct bench *bench, const char *extra);
void bench_close(struct bench *bench);

/* Run `tvsctl --config CONFIG WORDS…` without a terminal. The words are split at blanks; those inside '…' or
 * "…" stay together. */
void bench_run(struct bench *bench, const char *format, ...) TRUST_PRINTF(2, 3);
/* The same without --config, and with a terminal on which answer was typed ("" for the end of input; NULL:
 * none). */
void bench_run_plain(struct bench *bench, const char *answer, const char *words);
void bench_run_answered(struct bench *bench, const char *answer, const char *format, ...) TRUST_PRINTF(3, 4);

/* The run ended with the status, and its output holds the texts (NULL: not looked at; "": must be empty, but
 * for notes and what was forced).
 * Blanks in both are folded. */
void bench_expect_at(const struct bench *bench, const char *file, int line, int status, const char *out,
                     const char *err);
#define bench_expect(bench, status, out, err) bench_expect_at(bench, __FILE__, __LINE__, status, out, err)

/* Whether text, its runs of blanks folded to one and blanks at line ends dropped, holds part, folded
 * likewise. */
bool helper_holds(const char *text, const char *part);
/* A folded copy. free() it. */
char *helper_fold(const char *text);
/* How often part stands in text. */
int helper_count(const char *text, const char *part);

bool helper_exists(const char *path);
/* Write a file; in the folder of the bench if the name has no '/'. Returns its path, valid until the next
 * call. */
const char *bench_write(struct bench *bench, const char *name, struct trust_bytes bytes);
/* Likewise a self-signed certificate, PEM, that is valid from then on for ten days. */
const char *bench_write_cert(struct bench *bench, const char *name, const char *common_name, time_t from);
/* "FOLDER/NAME" of the bench, likewise. */
const char *bench_path(const struct bench *bench, const char *name);

/* "TFTP-FOLDER/NAME" and "STATE-FOLDER/NAME" of the bench, valid for the next three calls of either. */
char *bench_in_tftp(const struct bench *bench, const char *name);
char *bench_in_state(const struct bench *bench, const char *name);
/* How many files lie in a folder, but for those whose names begin with a dot; 0 if it is not there. */
int helper_count_files(const char *folder);
/* A text without its NUL. Borrowed. */
struct trust_bytes helper_bytes(const char *text);

/* Whether text is one JSON value and nothing else. */
bool helper_is_json(const char *text);

#endif
