#include "terminal.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 10

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

pid_t terminal_fork(struct terminal *terminal, unsigned short columns)
{
    const struct winsize size = {.ws_row = 24, .ws_col = columns};
    *terminal = (struct terminal){.fd = -1};
    terminal->pid = forkpty(&terminal->fd, NULL, NULL, &size);
    return terminal->pid;
}

/* Take what it prints, for at most STEP_MS. false: nothing will come any more. */
static bool take(struct terminal *terminal)
{
    struct pollfd polled = {.fd = terminal->fd, .events = POLLIN};
    if (poll(&polled, 1, STEP_MS) <= 0)
        return true;
    char *said = realloc(terminal->said, terminal->len + 4097);
    if (said == NULL)
        return false;
    terminal->said = said;
    ssize_t got = read(terminal->fd, said + terminal->len, 4096);
    terminal->len += got > 0 ? (size_t)got : 0;
    said[terminal->len] = '\0';
    return got > 0;
}

bool terminal_wait(struct terminal *terminal, const char *text, int seconds)
{
    long long end = now_ms() + seconds * 1000LL;
    for (bool more = true;;) {
        char *found = terminal->said != NULL ? strstr(terminal->said + terminal->waited, text) : NULL;
        if (found != NULL) {
            terminal->waited = (size_t)(found - terminal->said) + strlen(text);
            return true;
        }
        if (!more || now_ms() > end)
            return false;
        more = take(terminal);
    }
}

bool terminal_wait_raw(struct terminal *terminal, bool raw, int seconds)
{
    struct termios mode;
    long long end = now_ms() + seconds * 1000LL;
    while (tcgetattr(terminal->fd, &mode) == 0 && now_ms() <= end) {
        if (((mode.c_lflag & ICANON) == 0) == raw)
            return true;
        if (!take(terminal))
            return false;
    }
    return false;
}

bool terminal_type(struct terminal *terminal, const char *keys)
{
    size_t len = strlen(keys);
    return write(terminal->fd, keys, len) == (ssize_t)len;
}

int terminal_end(struct terminal *terminal, int seconds)
{
    int status;
    long long end = now_ms() + seconds * 1000LL;
    while (now_ms() <= end && take(terminal))
        ;
    /* Its output has ended, or its time is over: a program that lives on without a terminal is no end either.
     */
    while (waitpid(terminal->pid, &status, WNOHANG) == 0) {
        if (now_ms() > end) {
            kill(terminal->pid, SIGKILL);
            waitpid(terminal->pid, &status, 0);
            terminal->pid = 0;
            return -1;
        }
        poll(NULL, 0, STEP_MS);
    }
    terminal->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void terminal_free(struct terminal *terminal)
{
    if (terminal->pid > 0) {
        kill(terminal->pid, SIGKILL);
        waitpid(terminal->pid, NULL, 0);
    }
    if (terminal->fd >= 0)
        close(terminal->fd);
    free(terminal->said);
    *terminal = (struct terminal){.fd = -1};
}
