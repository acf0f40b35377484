#include "tvsctl.h"

#include <signal.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    /* A reader that goes away (`tvsctl show ctl | head`) shows as a write error, not as a silent death in the
     * middle of a change. */
    signal(SIGPIPE, SIG_IGN);
    const struct tvsctl_io io = {.in = STDIN_FILENO, .out = stdout, .err = stderr};
    return tvsctl_run(argc, argv, &io);
}
