#include "tvsc.h"

#include <signal.h>

int main(int argc, char **argv)
{
    /* A server that hangs up while we write is an error to report, not a reason to die silently. */
    signal(SIGPIPE, SIG_IGN);
    return tvsc_run(argc, argv, stdout, stderr);
}
