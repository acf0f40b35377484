/* utils ctl …: build the CTL from the store, publish it, set the cluster's mode. */
#include "ask.h"
#include "compose.h"
#include "handlers.h"
#include "limits.h"
#include "own_cert.h"
#include "publish.h"
#include "say.h"

static const char restart[] = "Please Restart the TFTP and Cisco CallManager services on all nodes in the "
                              "cluster\nthat run these services\n";

/* The second anchor, without which the loss of CallManager's key strands every phone. A step of its own: what
 * a list holds that was published is in the store for good, whatever happens next. */
static int make_recovery(struct tvsctl *ctl, struct state *state, struct trust_error *err)
{
    bool has;
    const struct own_cert_request request = own_cert_request(ctl, TRUST_UNIT_ITLRECOVERY);
    bool wanted =
        ctl->config->trust_lists.recovery_anchor || ctl->config->trust_lists.signer == TRUST_UNIT_ITLRECOVERY;
    int code = state_has_own(state, request.node, TRUST_UNIT_ITLRECOVERY, &has, err);
    return code != 0 || has || !wanted ? code : own_cert_make(state, &request, NULL, err);
}

/* The list is out before the store says so: after a crash between them, the phrase can be said again. */
static int publish_ctl(struct tvsctl *ctl, struct state *state, bool set_mode, struct trust_error *err)
{
    struct trust_list *list = NULL;
    int code = compose_ctl(state, ctl->now, &list, err);
    if (code == 0)
        code = publish_list(state, "CTLFile.tlv", list, err);
    if (code == 0 && set_mode)
        code = trust_store_set_param(state->store, STATE_PARAM_MODE, "1", err);
    if (code == 0)
        code = trust_store_drop_retired(state->store, (const struct trust_list *const[]){list}, 1, err);
    if (code == 0 && list->record_count > LIMITS_CERTIFICATES)
        say_warning(
            ctl,
            "the list has %zu records; with more than %d certificates a list becomes too large for phones",
            list->record_count, LIMITS_CERTIFICATES);
    trust_list_free(list);
    return code;
}

/* Both steps under the store's write lock, so that two operators do not publish at once. */
static int make_and_publish(struct tvsctl *ctl, struct state *state, bool set_mode)
{
    struct trust_error err = {0};
    int code = trust_store_begin(state->store, &err);
    if (code == 0)
        code = make_recovery(ctl, state, &err);
    if (code == 0)
        code = trust_store_commit(state->store, &err);
    if (code == 0)
        code = trust_store_begin(state->store, &err);
    if (code == 0)
        code = publish_ctl(ctl, state, set_mode, &err);
    if (code == 0)
        code = trust_store_commit(state->store, &err);
    if (code == 0)
        return TVSCTL_DONE;
    trust_store_rollback(state->store);
    return say_error(ctl, &err);
}

/* What can be seen to be missing is said before anything is asked. */
static int check_ready(struct tvsctl *ctl, struct state *state, bool must_be_mixed)
{
    struct trust_error err = {0};
    struct trust_store_row row;
    bool mixed;
    if (state_is_mixed(state, &mixed, &err) != 0)
        return say_error(ctl, &err);
    if (must_be_mixed && !mixed)
        return say_refusal(ctl,
                           "the cluster is not in mixed mode, so there is no CTL file to update; `utils ctl "
                           "set-cluster mixed-mode` makes one");
    if (publish_check(ctl->config, &err) != 0)
        return say_error(ctl, &err);
    int code = state_own_row(state, ctl->config->node.name, TRUST_UNIT_CALLMANAGER, &row, &err);
    trust_cert_free(row.cert);
    return code != 0 ? say_error(ctl, &err) : ask_is_possible(ctl);
}

/* One of the two dialogues: question, what begins, what is done. */
struct dialogue {
    bool must_be_mixed, set_mode;
    const char *question, *begins, *done;
};

static int run_dialogue(struct tvsctl *ctl, const struct dialogue *dialogue)
{
    struct state state;
    struct trust_error err = {0};
    if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
        return say_error(ctl, &err);
    int result = check_ready(ctl, &state, dialogue->must_be_mixed);
    if (result == TVSCTL_DONE)
        result = ask_continue(ctl, dialogue->question);
    if (result == TVSCTL_DONE) {
        fprintf(ctl->io.out, "%s\n", dialogue->begins);
        result = make_and_publish(ctl, &state, dialogue->set_mode);
    }
    if (result == TVSCTL_DONE)
        fprintf(ctl->io.out, "%s\n%s", dialogue->done, restart);
    state_close(&state);
    return result;
}

int ctl_mixed_mode(struct tvsctl *ctl, char *const *args, size_t count)
{
    static const struct dialogue dialogue = {
        .set_mode = true,
        .question = "This operation will set the cluster to Mixed mode.",
        .begins = "Moving Cluster to Mixed Mode",
        .done = "Cluster set to Mixed Mode",
    };
    (void)args, (void)count;
    return run_dialogue(ctl, &dialogue);
}

int ctl_update(struct tvsctl *ctl, char *const *args, size_t count)
{
    static const struct dialogue dialogue = {
        .must_be_mixed = true,
        .question = "This operation will update the CTLFile.",
        .begins = "Updating CTL file",
        .done = "CTL file Updated",
    };
    (void)args, (void)count;
    return run_dialogue(ctl, &dialogue);
}
