#include "config/config.h"
#include "confined.h"
#include "control.h"
#include "world.h"

#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2
#define LARGE      (256 * 1024)

static const char usage[] =
    "usage: tvsd [--config FILE] [-t|--test] [-T|--dump] [--help] [--version]\n"
    "The Trust Verification Service of Cisco IP phones. It stays in the foreground; see tvsd(8).\n"
    "\n"
    "  --config FILE  the configuration, instead of " CONFIG_PATH_DEFAULT "\n"
    "  -t, --test     check the configuration, the store, the TVS certificate and its key, and end\n"
    "  -T, --dump     write every option with its value in force, and end\n"
    "  --help         this text\n"
    "  --version      the version\n";

struct arguments {
    const char *config_path;
    bool test, dump, help, version;
};

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
    enum { CONFIG = 256, HELP, VERSION };
    static const struct option options[] = {
        {"config", required_argument, NULL, CONFIG},
        {"test", no_argument, NULL, 't'},
        {"dump", no_argument, NULL, 'T'},
        {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},
        {0},
    };
    *out = (struct arguments){.config_path = CONFIG_PATH_DEFAULT};
    for (int option; (option = getopt_long(argc, argv, "tT", options, NULL)) != -1;) {
        switch (option) {
        case CONFIG:
            out->config_path = optarg;
            break;
        case 't':
            out->test = true;
            break;
        case 'T':
            out->dump = true;
            break;
        case HELP:
            out->help = true;
            break;
        case VERSION:
            out->version = true;
            break;
        default:
            return false; /* getopt_long has said what is wrong */
        }
    }
    if (optind < argc)
        fprintf(stderr, "%s: unexpected argument '%s'\n", argv[0], argv[optind]);
    return optind == argc;
}

/* -t and -T. One line on stderr if something is wrong, or a CTL would be refused. */
static int inspect(const struct arguments *arguments)
{
    struct world world;
    struct trust_error err = {0}, warning = {0};
    int rc = world_read_config(&world, arguments->config_path, &err);
    if (rc == 0 && arguments->test)
        rc = world_check(&world, &warning, &err);
    if (rc == 0 && warning.code != 0)
        fprintf(stderr, "tvsd: warning: %s would be refused: %s\n", CTL_FILE_NAME, warning.text);
    confined_explain(CONFINED_LABEL, CONFINED_SELINUX, &err);
    if (rc != 0)
        fprintf(stderr, "tvsd: %s\n", err.text);
    else if (arguments->dump)
        config_dump(world.config, stdout);
    else
        printf("%s: good\n", arguments->config_path);
    world_fini(&world);
    if (fflush(stdout) != 0) {
        perror("tvsd: standard output");
        return EXIT_FAILURE;
    }
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (!read_arguments(argc, argv, &arguments)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (arguments.help) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (arguments.version) {
        puts("tvsd " TVS_VERSION);
        return EXIT_SUCCESS;
    }
    if (arguments.test || arguments.dump)
        return inspect(&arguments);
#ifdef M_MMAP_THRESHOLD
    /* What is large comes and goes with a snapshot. glibc would learn from the first that went to keep the
     * next in its heap, which is full of holes then. */
    mallopt(M_MMAP_THRESHOLD, LARGE);
#endif
    return control_run(arguments.config_path);
}
