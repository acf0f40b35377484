#include "list_dialogue.h"

#include "ask.h"
#include "publish.h"
#include "say.h"
#include "tftp_folder.h"

static const char restart[] = "Please Restart the TFTP and Cisco CallManager services on all nodes in the "
                              "cluster\nthat run these services\n";

int list_dialogue_need_call_manager(struct tvsctl *ctl, struct state *state)
{
    struct trust_error err = {0};
    struct trust_store_row row;
    int code = state_own_row(state, state->node, TRUST_UNIT_CALLMANAGER, &row, &err);
    trust_cert_free(row.cert);
    return code != 0 ? say_error(ctl, &err) : TVSCTL_DONE;
}

/* What can be seen to be missing is said before anything is asked. */
static int look(struct tvsctl *ctl, struct state *state, struct list_dialogue *dialogue)
{
    struct trust_error err = {0};
    int result = dialogue->check != NULL ? dialogue->check(ctl, state, dialogue) : TVSCTL_DONE;
    if (result == TVSCTL_DONE &&
        (publish_check(ctl->config, &err) != 0 ||
         tftp_folder_check_place(ctl->config, compose_file_name(dialogue->kind), &err) != 0))
        result = say_error(ctl, &err);
    return result;
}

int list_dialogue_run(struct tvsctl *ctl, struct list_dialogue *dialogue)
{
    struct state state;
    struct trust_error err = {0};
    if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
        return say_error(ctl, &err);
    int result = look(ctl, &state, dialogue);
    if (result == TVSCTL_DONE)
        result = ask_continue(ctl, dialogue->question);
    if (result == TVSCTL_DONE && dialogue->prepare != NULL)
        result = dialogue->prepare(ctl, dialogue);
    if (result == TVSCTL_DONE) {
        ctl->deeds.is_note = true;
        fprintf(ctl->io.out, "%s\n", dialogue->begins);
        result = change_run(ctl, &state, dialogue->work, dialogue->arg);
    }
    if (result == TVSCTL_DONE)
        fprintf(ctl->io.out, "%s\n%s", dialogue->done, dialogue->restart ? restart : "");
    state_close(&state);
    return result;
}
