/* utils service reload: as SIGHUP, and the outcome is said here. */
#include "daemon.h"
#include "handlers.h"
#include "print.h"
#include "say.h"

#define RELOAD_TIMEOUT 90 /* seconds: a store on a slow disk; a worker that hangs is named long before */

static int take(void *arg, const struct line_field *fields, size_t count)
{
    struct tvsctl *ctl = arg;
    const char *waiting = line_value(fields, count, "needs-restart");
    fputs("Read again, and in force: ", ctl->io.out);
    print_text(ctl->io.out, print_bytes(line_value(fields, count, "file")));
    fputs(", store, certificates, CTL.\n", ctl->io.out);
    print_text(ctl->io.out, print_bytes(line_value(fields, count, "status")));
    fputc('\n', ctl->io.out);
    if (waiting[0] != '\0')
        say_warning(ctl, "these options were changed and need a restart: %s", waiting);
    return 0;
}

int service_reload(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct daemon *daemon = NULL;
    struct trust_error err = {0};
    (void)args, (void)count;
    int rc = daemon_open(ctl->config, &daemon, &err);
    if (rc == 0)
        rc = daemon_ask(daemon, "reload", RELOAD_TIMEOUT, take, ctl, &err);
    daemon_close(daemon);
    if (rc == TRUST_EVALUE)
        return say_refusal(ctl, "tvsd refused the reload: %s", err.text);
    return rc == 0 ? TVSCTL_DONE : say_error(ctl, &err);
}
