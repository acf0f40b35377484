#include "complete_print.h"

#include "complete_values.h"

#include <string.h>

int complete_print(struct session *session, const char *line)
{
    struct completion found;
    const struct complete_source source = {complete_values, session};
    bool done =
        complete_line(session->grammar, &source, line, strlen(line), &found) && complete_files(&found);
    for (size_t i = 0; done && i < found.count; i++)
        if (!found.list[i].is_hint)
            fprintf(session->io.out, "%s\n", found.list[i].text);
    complete_free(&found);
    return done && fflush(session->io.out) == 0 ? TVSCTL_DONE : TVSCTL_REFUSED;
}
