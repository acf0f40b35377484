/* terminal SECONDS COMMAND… <SCRIPT: run a command on a terminal of 80 columns, for the end-to-end tests.
 * Lines of the script:
 *
 *   wait TEXT    it prints TEXT, behind what was waited for before
 *   ready        it takes every key by itself: it is at its prompt
 *   asks         it does not any more: the terminal gathers lines
 *   type TEXT    keys; \r, \t, \\ and \NNN (octal)
 *   run COMMAND  the shell runs it, and it succeeds
 *   end STATUS   it ends, with this exit status
 *
 * Nothing may take longer than SECONDS. All that was printed goes to standard output. Exit status 1: it came
 * differently; standard error says where. */
#include "tests/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void unescape(char *text)
{
    char *out = text;
    for (; *text != '\0'; text++) {
        char octal[4] = {0};
        if (*text != '\\' || text[1] == '\0') {
            *out++ = *text;
        } else if (*++text >= '0' && *text <= '3') {
            memcpy(octal, text, strnlen(text, 3));
            *out++ = (char)strtol(octal, NULL, 8);
            text += strlen(octal) - 1;
        } else {
            *out++ = *text == 'r' ? '\r' : *text == 't' ? '\t' : *text;
        }
    }
    *out = '\0';
}

static bool do_line(struct terminal *terminal, char *line, int seconds)
{
    char *rest = line + strcspn(line, " ");
    if (*rest != '\0')
        *rest++ = '\0';
    if (strcmp(line, "wait") == 0)
        return terminal_wait(terminal, rest, seconds);
    if (strcmp(line, "ready") == 0 || strcmp(line, "asks") == 0)
        return terminal_wait_raw(terminal, line[0] == 'r', seconds);
    if (strcmp(line, "run") == 0)
        return system(rest) == 0;
    if (strcmp(line, "end") == 0)
        return terminal_end(terminal, seconds) == atoi(rest);
    if (strcmp(line, "type") != 0)
        return false;
    unescape(rest);
    return terminal_type(terminal, rest);
}

int main(int argc, char **argv)
{
    struct terminal terminal;
    char line[1024], copy[1024];
    if (argc < 3)
        return EXIT_FAILURE;
    pid_t child = terminal_fork(&terminal, 80);
    if (child == 0) {
        execv(argv[2], argv + 2);
        _exit(127);
    }
    bool good = child > 0;
    for (int number = 1; good && fgets(line, sizeof line, stdin) != NULL; number++) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(copy, sizeof copy, "%s", line);
        if (line[0] != '\0' && line[0] != '#')
            good = do_line(&terminal, line, atoi(argv[1]));
        if (!good)
            fprintf(stderr, "terminal: line %d of the script did not come true: %s\nlast printed: %s\n",
                    number, copy, terminal.said != NULL ? terminal.said + terminal.waited : "(nothing)");
    }
    if (terminal.said != NULL)
        fputs(terminal.said, stdout);
    terminal_free(&terminal);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
