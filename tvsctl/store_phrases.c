/* utils store update: what an upgrade of the programs does before tvsd starts again. */
#include "handlers.h"
#include "say.h"
#include "state.h"

int store_update(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct state state;
    struct trust_error err = {0};
    (void)args, (void)count;
    /* Opened to write, it is brought up to date; opened to read before, it says whether there is one. */
    int rc = state_open(ctl->config, TRUST_STORE_READ, &state, &err);
    if (rc == 0)
        state_close(&state);
    if (rc == 0 || rc == TRUST_ESTOREVERSION)
        rc = state_open(ctl->config, TRUST_STORE_WRITE, &state, &err);
    if (rc != 0)
        return say_error(ctl, &err);
    state_close(&state);
    fputs("The store has the schema that this version needs.\n", ctl->io.out);
    return TVSCTL_DONE;
}
