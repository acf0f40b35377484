#include "status.h"

#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(char *out, const char *format, ...)
{
    va_list args;
    size_t len = strlen(out);
    va_start(args, format);
    vsnprintf(out + len, STATUS_MAX - len, format, args);
    va_end(args);
}

static void add_ctl(const struct world *world, char *out)
{
    if (world->ctl_status != CTL_REFUSED)
        return;
    add(out, " %s, %s in force.",
        world->ctl_error.code == TRUST_ENOTFOUND ? "The TFTP folder is not there" : "CTLFile.tlv is refused",
        world->ctl.list != NULL ? "the last good one is" : "no CTL is");
}

char *status_text(const struct world *world, uint64_t connections, bool reload_refused,
                  char out[static STATUS_MAX])
{
    out[0] = '\0';
    add(out, "Certificates: %zu in the store, %zu in the CTL. Connections: %llu.",
        trust_index_count(world->store_index),
        world->ctl.list != NULL ? trust_index_count(world->ctl.index) : 0, (unsigned long long)connections);
    if (reload_refused)
        add(out, " The last reload was refused; the log says why.");
    add_ctl(world, out);
    if (world->store_error.code != 0)
        add(out, " The store cannot be read, what was read last is in force.");
    if (world->cert_error.code != 0)
        add(out, " The new TVS certificate cannot be used, the one before is in force.");
    if (log_trouble() != NULL)
        add(out, " %s.", log_trouble());
    return out;
}
