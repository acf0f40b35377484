#include "tvsc.h"

#include "commands.h"
#include "options.h"

#include <errno.h>
#include <string.h>

static int run_command(const struct options *options, FILE *out, struct trust_error *why)
{
    switch (options->command) {
    case OPTIONS_VERIFY:
        return command_verify(options, out, why);
    case OPTIONS_QUERY:
        return command_query(options, out, why);
    case OPTIONS_SEND:
        return command_send(options, out, why);
    case OPTIONS_PHONE:
        return command_phone(options, out, why);
    case OPTIONS_BENCH:
        return command_bench(options, out, why);
    case OPTIONS_HELP:
        options_help(out);
        return TVSC_TRUSTED;
    case OPTIONS_VERSION:
        fprintf(out, "tvsc %s\n", TVS_VERSION);
        return TVSC_TRUSTED;
    }
    return TVSC_USAGE;
}

int tvsc_run(int argc, char **argv, FILE *out, FILE *err)
{
    struct trust_error why = {0};
    struct options options;
    if (options_parse(argc, argv, &options, &why) != 0) {
        fprintf(err, "tvsc: %s (`tvsc --help` lists the commands and options)\n", why.text);
        return TVSC_USAGE;
    }
    int status = run_command(&options, out, &why);
    if (fflush(out) != 0 || ferror(out)) {
        fprintf(err, "tvsc: the result cannot be written: %s\n", strerror(errno));
        return TVSC_USAGE;
    }
    if (why.code != 0)
        fprintf(err, "tvsc: %s\n", why.text);
    return status;
}
