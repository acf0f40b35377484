/* set trace level LEVEL: of the running tvsd, until it reads its configuration again. */
#include "config/options.h"
#include "daemon.h"
#include "handlers.h"
#include "print.h"
#include "say.h"

#include <string.h>
#include <strings.h>

static const struct option *option_of_level(void)
{
    return option_find("log", "level", strlen("level"));
}

/* CUCM writes Error and Info. NULL: it is none. */
static const char *level_of(const char *word)
{
    for (const struct option_choice *level = option_of_level()->choices; level->name != NULL; level++)
        if (strcasecmp(level->name, word) == 0)
            return level->name;
    return NULL;
}

static int take(void *arg, const struct line_field *fields, size_t count)
{
    struct tvsctl *ctl = arg;
    const char *level = line_value(fields, count, "level");
    fputs("Trace level of tvsd is now ", ctl->io.out);
    print_text(ctl->io.out, print_bytes(level));
    fputs(", until the next reload or restart (log.level: ", ctl->io.out);
    print_text(ctl->io.out, print_bytes(line_value(fields, count, "configured")));
    fputs(").\n", ctl->io.out);
    if (strcmp(level, "debug") == 0 && strcmp(line_value(fields, count, "format"), "trace") != 0)
        say_note(ctl, "the lines of CUCM's traces come with log.format: trace alone; here it is %s",
                 line_value(fields, count, "format"));
    return 0;
}

int set_trace_level(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct daemon *daemon = NULL;
    struct trust_error err = {0};
    char command[64], range[128];
    const char *level = level_of(args[0]);
    (void)count;
    if (level == NULL)
        return say_usage(ctl, "%s is no trace level; %s would do", args[0],
                         option_range(option_of_level(), range, sizeof range));
    snprintf(command, sizeof command, "trace %s", level);
    int rc = daemon_open(ctl->config, &daemon, &err);
    if (rc == 0)
        rc = daemon_ask(daemon, command, DAEMON_TIMEOUT, take, ctl, &err);
    daemon_close(daemon);
    return rc == 0 ? TVSCTL_DONE : say_error(ctl, &err);
}
