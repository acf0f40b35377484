/* For check_wrong: what stands in tests/data/wrong, the scenes in which it is tried, and whether a folder is
 * as it was. */
#ifndef TESTS_TVSCTL_HELPER_WRONG_H
#define TESTS_TVSCTL_HELPER_WRONG_H

#include "helper.h"

/* "none": no state folder. "full": a cluster in mixed mode, in which history and files are damaged. "plain":
 * one that is not in mixed mode, with an open roll-out. "empty": a store without certificates. "homeless": no
 * TFTP folder. "rollback": prepared for it. "keyless": the keys are gone. "corrupt": the store is garbage.
 * "usurped": a file stands in the place of the state folder. "lost": the store is a file of 0 bytes. */
#define WRONG_SCENES 10
extern const char *const wrong_scenes[WRONG_SCENES];

struct wrong_scene {
    struct bench bench;
};

/* Build it. The working folder becomes one in the bench, with files to be named. */
void wrong_scene_open(struct wrong_scene *scene, const char *name);
void wrong_scene_close(struct wrong_scene *scene);

/* A row:
 *
 *     in: SCENE [SCENE]…                     for the rows that follow
 *     [no: |eof: |pw: ]WORDS                 what is run: answered with "no", with the end of input, with a
 *                                            password and then "no"; else without a terminal
 *         STATUS[+out][+warning] TEXT | TEXT …
 *
 * +out: something may stand on the output. +warning: beside the line there are warnings. */
struct wrong_row {
    const char *file;
    int line;
    char scenes[128];
    char words[512];
    const char *answer; /* NULL: no terminal */
    int status;
    bool has_output, has_warnings;
    const char *texts; /* separated by '|' */
};

struct wrong_file;
struct wrong_file *wrong_file_open(const char *name);
/* The next row; its texts are valid until the next call. */
bool wrong_file_next(struct wrong_file *file, struct wrong_row *row);
bool wrong_row_is_of(const struct wrong_row *row, const char *scene);
void wrong_file_close(struct wrong_file *file);

/* What is wrong with the outcome of the last run, NULL if nothing. free() it. */
char *wrong_judge(const struct bench *bench, const struct wrong_row *row);

/* A line for everything in the folder: name, mode, owner, size, digest of the content; SQLite's log files
 * aside. free() it. */
char *wrong_snapshot(const char *folder);
void wrong_print_difference(const char *before, const char *after, FILE *out);

#endif
