/* file delete tftp NAME, file delete activelog cm/tftpdata/NAME. */
#include "ask.h"
#include "change.h"
#include "handlers.h"
#include "say.h"
#include "tftp_folder.h"

#include <stdlib.h>
#include <string.h>

/* CUCM's own name of the TFTP folder in that phrase. */
#define ACTIVELOG_FOLDER "cm/tftpdata/"

/* CUCM's last line. */
static void print_count(struct tvsctl *ctl, int count)
{
    fprintf(ctl->io.out, "files: found = %d, deleted = %d\n", count, count);
}

static int say_missing(struct tvsctl *ctl, const char *name)
{
    print_count(ctl, 0);
    return say_refusal(ctl, "there is no %s in %s; `file list tftp` names the files", name,
                       ctl->config->trust_lists.directory);
}

/* What can be seen before anything is asked. */
static int check_file(struct tvsctl *ctl, const char *name)
{
    struct stat info;
    struct trust_error err = {0};
    int code = tftp_folder_check_name(name, &err);
    if (code == 0)
        code = tftp_folder_check_writable(ctl->config, &err);
    if (code != 0)
        return say_error(ctl, &err);
    code = tftp_folder_look(ctl->config, name, &info, &err);
    if (code == TRUST_ENOTFOUND)
        return say_missing(ctl, name);
    if (code != 0)
        return say_error(ctl, &err);
    if (S_ISDIR(info.st_mode))
        return say_refusal(
            ctl,
            "%s is a folder, not a file; nothing was deleted. `rmdir %s/%s` takes an empty one "
            "away",
            name, ctl->config->trust_lists.directory, name);
    return TVSCTL_DONE;
}

static int check_mode(struct tvsctl *ctl, struct state *state)
{
    struct trust_error err = {0};
    bool mixed;
    if (state_is_mixed(state, &mixed, &err) != 0)
        return say_error(ctl, &err);
    if (mixed)
        return say_refusal(ctl, "the cluster is in mixed mode, where phones need the lists; `utils ctl "
                                "set-cluster non-secure-mode` leaves it. Nothing was deleted");
    return TVSCTL_DONE;
}

/* Where phones need that list, the question alone does not say what its answer means for them. */
static int say_what_follows(struct tvsctl *ctl, struct state *state, const char *name, const char *question)
{
    struct trust_error err = {0};
    bool mixed;
    if (strcmp(name, PUBLISHED_CTL) != 0)
        return TVSCTL_DONE;
    if (state_is_mixed(state, &mixed, &err) != 0)
        return say_error(ctl, &err);
    const int result = ask_is_possible(ctl, question);
    if (mixed && result == TVSCTL_DONE)
        say_note(ctl,
                 "the cluster is in mixed mode: phones that hold the CTL file keep it, and those without "
                 "lists find none, and so no certificates for encryption, until `utils ctl update "
                 "CTLFile` publishes it again");
    return result;
}

static int drop(struct change *change, void *arg, struct trust_error *err)
{
    return change_drop(change, TRUST_PLACE_TFTP, arg, err);
}

/* shown: the file as the operator named it. */
static int delete_file(struct tvsctl *ctl, char *name, const char *shown, bool only_non_secure)
{
    struct state state;
    struct trust_error err = {0};
    char *question;
    int result = check_file(ctl, name);
    if (result != TVSCTL_DONE)
        return result;
    if (asprintf(&question, "Delete the File %s?", shown) < 0)
        return say_no_memory(ctl);
    if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
        result = say_error(ctl, &err);
    if (result == TVSCTL_DONE)
        result = only_non_secure ? check_mode(ctl, &state) : say_what_follows(ctl, &state, name, question);
    if (result == TVSCTL_DONE)
        result = ask_enter_y(ctl, question);
    if (result == TVSCTL_DONE)
        result = change_run(ctl, &state, drop, name);
    if (result == TVSCTL_DONE)
        print_count(ctl, 1);
    state_close(&state);
    free(question);
    return result;
}

int file_delete_tftp(struct tvsctl *ctl, char *const *args, size_t count)
{
    (void)count;
    return delete_file(ctl, args[0], args[0], false);
}

int file_delete_activelog(struct tvsctl *ctl, char *const *args, size_t count)
{
    static const size_t folder = sizeof ACTIVELOG_FOLDER - 1;
    (void)count;
    if (strncmp(args[0], ACTIVELOG_FOLDER, folder) != 0 ||
        (strcmp(args[0] + folder, PUBLISHED_CTL) != 0 && strcmp(args[0] + folder, PUBLISHED_ITL) != 0))
        return say_refusal(ctl,
                           "%s: what can be deleted there is " ACTIVELOG_FOLDER PUBLISHED_CTL
                           " and " ACTIVELOG_FOLDER PUBLISHED_ITL
                           "; for other files, `file delete tftp NAME`",
                           args[0]);
    return delete_file(ctl, args[0] + folder, args[0], true);
}
