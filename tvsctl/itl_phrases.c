/* utils itl update, utils itl rollback …: the ITL file as the store says. */
#include "handlers.h"
#include "list_dialogue.h"
#include "relist.h"
#include "say.h"

static int publish_itl(struct change *change, void *arg, struct trust_error *err)
{
    (void)arg;
    return relist_publish(change, COMPOSE_ITL, err);
}

static int check_update(struct tvsctl *ctl, struct state *state, struct list_dialogue *dialogue)
{
    (void)dialogue;
    return list_dialogue_need_call_manager(ctl, state);
}

int itl_update(struct tvsctl *ctl, char *const *args, size_t count)
{
    (void)args, (void)count;
    return list_dialogue_run(ctl, &(struct list_dialogue){
                                      .kind = COMPOSE_ITL,
                                      .question = "This operation will update the ITLFile.",
                                      .begins = "Updating ITL file",
                                      .done = "ITL file Updated",
                                      .restart = true,
                                      .check = check_update,
                                      .work = publish_itl,
                                  });
}

/* ---- Prepare Cluster for Rollback to pre 8.0 */

/* An empty ITL does not blank the CTL that a phone holds, and takes its TVS from it. */
static const char question_on[] =
    "This operation will prepare the cluster for rollback to releases before 8.0: it publishes an empty ITL "
    "file, and phones that hold it accept any configuration and any next trust list.";
static const char question_on_mixed[] =
    "This operation will prepare the cluster for rollback to releases before 8.0: it publishes an empty ITL "
    "file, and phones that hold it accept any configuration and any next trust list. The cluster is in mixed "
    "mode: phones that hold a CTL file would be stranded by it.";

static int check_rollback(struct tvsctl *ctl, struct state *state, struct list_dialogue *dialogue)
{
    struct trust_error err = {0};
    const bool *on = dialogue->arg;
    bool is_on, mixed;
    if (state_is_rollback(state, &is_on, &err) != 0 || state_is_mixed(state, &mixed, &err) != 0)
        return say_error(ctl, &err);
    if (is_on && *on)
        return say_refusal(ctl,
                           "the cluster is already prepared for rollback, and the ITL file is empty; nothing "
                           "was changed. `utils itl rollback off` publishes it with its content again");
    if (!is_on && !*on)
        return say_refusal(
            ctl, "the cluster is not prepared for rollback; nothing was changed. `utils itl update` "
                 "publishes the ITL file again");
    if (*on && mixed)
        dialogue->question = question_on_mixed;
    return list_dialogue_need_call_manager(ctl, state);
}

static int set_rollback(struct change *change, void *arg, struct trust_error *err)
{
    const bool *on = arg;
    int code = trust_store_set_param(change->state->store, STATE_PARAM_ROLLBACK, *on ? "1" : "0", err);
    return code == 0 ? relist_publish(change, COMPOSE_ITL, err) : code;
}

int itl_rollback_on(struct tvsctl *ctl, char *const *args, size_t count)
{
    bool on = true;
    (void)args, (void)count;
    return list_dialogue_run(ctl, &(struct list_dialogue){
                                      .kind = COMPOSE_ITL,
                                      .question = question_on,
                                      .begins = "Preparing Cluster for Rollback",
                                      .done = "Cluster prepared for Rollback",
                                      .restart = true,
                                      .check = check_rollback,
                                      .work = set_rollback,
                                      .arg = &on,
                                  });
}

int itl_rollback_off(struct tvsctl *ctl, char *const *args, size_t count)
{
    bool on = false;
    (void)args, (void)count;
    return list_dialogue_run(ctl, &(struct list_dialogue){
                                      .kind = COMPOSE_ITL,
                                      .question = "This operation will end the preparation for rollback and "
                                                  "publish the ITL file with its content again.",
                                      .begins = "Updating ITL file",
                                      .done = "ITL file Updated",
                                      .restart = true,
                                      .check = check_rollback,
                                      .work = set_rollback,
                                      .arg = &on,
                                  });
}
