/* A program on a pseudo-terminal, and somebody who types. */
#ifndef TESTS_TERMINAL_H
#define TESTS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct terminal {
    int fd;
    pid_t pid;
    char *said;         /* all that it has printed */
    size_t len, waited; /* waited: what terminal_wait has found ends here */
};

/* Fork. In the child, 0 is returned, and its standard input, output and error are the terminal (24 rows of
 * `columns`). -1: not possible. */
pid_t terminal_fork(struct terminal *terminal, unsigned short columns);

/* Wait until it prints text, behind what was found before. false: `seconds` have passed, or it has ended. */
bool terminal_wait(struct terminal *terminal, const char *text, int seconds);

/* Wait until it takes every key by itself (the terminal gathers no lines), or, with false, until it does not.
 */
bool terminal_wait_raw(struct terminal *terminal, bool raw, int seconds);

/* Type. false: it cannot be written. */
bool terminal_type(struct terminal *terminal, const char *keys);

/* Wait for the end. The exit status; 128 and the signal's number; -1: it has not ended in time, and is
 * killed. Call terminal_free in any case. */
int terminal_end(struct terminal *terminal, int seconds);
void terminal_free(struct terminal *terminal);

#endif
