/* For tests of rehearsals: everything in the real folders, to be compared; and what a rehearsal says. */
#ifndef TESTS_TVSCTL_HELPER_REHEARSE_H
#define TESTS_TVSCTL_HELPER_REHEARSE_H

#include "helper.h"

/* Each file and folder below the state folder and the TFTP folder: path, mode, owner, time of its last change
 * and content; but for the two working files that SQLite makes for whoever reads a store. free() it. */
char *rehearse_snapshot(const struct bench *bench);

/* Run `utils rehearse WORDS…`: the status and the texts are as bench_expect wants them, nothing in the real
 * folders has changed, and nothing is left over in TMPDIR. */
void rehearse_expect_at(struct bench *bench, const char *file, int line, const char *words, int status,
                        const char *out, const char *err);
#define rehearse_expect(bench, words, status, out, err)                                                      \
    rehearse_expect_at(bench, __FILE__, __LINE__, words, status, out, err)

/* Do a phrase for good. */
void rehearse_do(struct bench *bench, const char *words);

/* A bench with a folder of its own for TMPDIR. extra as for bench_open. */
void rehearse_open(struct bench *bench, const char *extra);
void rehearse_close(struct bench *bench);

/* Copy a list of the TFTP folder, "CTL" or "ITL", into the bench's folder. Returns its path, which the caller
 * frees. */
char *rehearse_keep(struct bench *bench, const char *kind, const char *name);

/* Another node with a TVS certificate of its own, or a new one of it. */
void rehearse_other_node(struct bench *bench, const char *file);

#endif
