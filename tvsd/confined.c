#include "confined.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One line of such a file; false: there is none, as where no such module runs. */
static bool read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    bool done = file != NULL && fgets(line, (int)size, file) != NULL;
    if (file != NULL)
        fclose(file);
    line[done ? strcspn(line, "\n") : 0] = '\0';
    return done;
}

void confined_explain(const char *label, const char *enforce, struct trust_error *err)
{
    char who[160], is_enforcing[8];
    if (err->code != TRUST_EDENIED && strstr(err->text, strerror(EACCES)) == NULL &&
        strstr(err->text, strerror(EPERM)) == NULL)
        return;
    if (!read_line(label, who, sizeof who))
        return;
    const size_t len = strlen(err->text), room = sizeof err->text - len;
    /* "tvsd (enforce)" is AppArmor's, "system_u:system_r:tvsd_t:s0" is SELinux's. */
    if (strstr(who, " (enforce)") != NULL)
        snprintf(
            err->text + len, room,
            "; if owner and mode allow it, the AppArmor profile %.*s does not: `journalctl -k -g DENIED`",
            (int)strcspn(who, " "), who);
    else if (read_line(enforce, is_enforcing, sizeof is_enforcing) && is_enforcing[0] == '1' &&
             strstr(who, ":unconfined_t:") == NULL)
        snprintf(err->text + len, room,
                 "; if owner and mode allow it, SELinux (%.100s) does not: `ausearch -m avc -ts recent`",
                 who);
}
