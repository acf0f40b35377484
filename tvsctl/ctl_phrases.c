/* utils ctl set-cluster …, utils ctl update: the CTL file and the cluster's mode. */
#include "ctl_left.h"
#include "handlers.h"
#include "list_dialogue.h"
#include "published.h"
#include "relist.h"
#include "say.h"
#include "tftp_folder.h"

/* What a phrase makes of the cluster. */
struct mode_change {
    const char *mode; /* ClusterSecurityMode from then on; NULL: stays */
};

/* What lies there has only to go: to publish a CTL for it would give phones one that they never had. */
static int say_not_ours(struct tvsctl *ctl)
{
    struct stat info = {0};
    const char *folder = ctl->config->trust_lists.directory;
    if (tftp_folder_look(ctl->config, PUBLISHED_CTL, &info, NULL) == 0 && S_ISDIR(info.st_mode))
        return say_refusal(ctl,
                           "the cluster is not in mixed mode, and %s/" PUBLISHED_CTL
                           " is a folder: take it away (`rmdir %s/" PUBLISHED_CTL "`); nothing was changed",
                           folder, folder);
    return say_refusal(
        ctl,
        "the cluster is not in mixed mode, no CTL file was published here, and %s/" PUBLISHED_CTL
        " is none of a signer that is known here: `file delete tftp " PUBLISHED_CTL
        "` takes it away; if phones hold it, import its signer first (`show ctl` tells who that is, "
        "`set cert import trust` makes him known); nothing was changed",
        folder);
}

static int check_update(struct tvsctl *ctl, struct state *state, struct list_dialogue *dialogue)
{
    struct trust_error err = {0};
    struct ctl_left left;
    bool mixed;
    (void)dialogue;
    if (state_is_mixed(state, &mixed, &err) != 0 || ctl_left_look(state, &left, &err) != 0)
        return say_error(ctl, &err);
    if (!mixed && left.is_there && !left.is_ours)
        return say_not_ours(ctl);
    if (!mixed && left.is_there) /* the mode is not to change by following this */
        return say_refusal(
            ctl, "the cluster is not in mixed mode; `utils ctl set-cluster non-secure-mode` publishes "
                 "the CTL file that it left behind once more, `utils ctl set-cluster mixed-mode` one "
                 "of mixed mode");
    if (!mixed)
        return say_refusal(ctl,
                           "the cluster is not in mixed mode, so there is no CTL file to update; `utils ctl "
                           "set-cluster mixed-mode` makes one");
    return list_dialogue_need_call_manager(ctl, state);
}

static int check_mixed(struct tvsctl *ctl, struct state *state, struct list_dialogue *dialogue)
{
    (void)dialogue;
    return list_dialogue_need_call_manager(ctl, state);
}

/* A cluster that was in mixed mode before may have left its CTL file, which phones hold: hollow records let
 * them register without encryption. One that never was has none, and needs none. */
static int check_non_secure(struct tvsctl *ctl, struct state *state, struct list_dialogue *dialogue)
{
    struct trust_error err = {0};
    struct ctl_left left;
    bool mixed;
    (void)dialogue;
    if (state_is_mixed(state, &mixed, &err) != 0 || ctl_left_look(state, &left, &err) != 0)
        return say_error(ctl, &err);
    if (!mixed && left.is_there && !left.is_ours)
        return say_not_ours(ctl);
    if (!mixed && !left.is_there)
        return say_refusal(ctl,
                           "the cluster is not in mixed mode, and there is no CTL file in %s: nothing was "
                           "changed",
                           ctl->config->trust_lists.directory);
    return list_dialogue_need_call_manager(ctl, state);
}

/* The ITL too, if it no longer is what it should be. */
static int publish_ctl(struct change *change, void *arg, struct trust_error *err)
{
    const struct mode_change *wanted = arg;
    int code = wanted->mode == NULL
                   ? 0
                   : trust_store_set_param(change->state->store, STATE_PARAM_MODE, wanted->mode, err);
    if (code == 0)
        code = relist_publish(change, COMPOSE_CTL, err);
    return code == 0 ? relist_follow(change, err) : code;
}

int ctl_mixed_mode(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct mode_change wanted = {"1"};
    (void)args, (void)count;
    return list_dialogue_run(ctl, &(struct list_dialogue){
                                      .kind = COMPOSE_CTL,
                                      .question = "This operation will set the cluster to Mixed mode.",
                                      .begins = "Moving Cluster to Mixed Mode",
                                      .done = "Cluster set to Mixed Mode",
                                      .restart = true,
                                      .check = check_mixed,
                                      .work = publish_ctl,
                                      .arg = &wanted,
                                  });
}

int ctl_non_secure_mode(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct mode_change wanted = {"0"};
    (void)args, (void)count;
    return list_dialogue_run(ctl, &(struct list_dialogue){
                                      .kind = COMPOSE_CTL,
                                      .question = "This operation will set the cluster to non secure mode.",
                                      .begins = "Moving Cluster to Non Secure Mode",
                                      .done = "Cluster set to Non Secure Mode",
                                      .restart = true,
                                      .check = check_non_secure,
                                      .work = publish_ctl,
                                      .arg = &wanted,
                                  });
}

int ctl_update(struct tvsctl *ctl, char *const *args, size_t count)
{
    struct mode_change wanted = {NULL};
    (void)args, (void)count;
    return list_dialogue_run(ctl, &(struct list_dialogue){
                                      .kind = COMPOSE_CTL,
                                      .question = "This operation will update the CTLFile.",
                                      .begins = "Updating CTL file",
                                      .done = "CTL file Updated",
                                      .restart = true,
                                      .check = check_update,
                                      .work = publish_ctl,
                                      .arg = &wanted,
                                  });
}
