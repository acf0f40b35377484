/* file sign FILE…, file sign --all. */
#include "handlers.h"
#include "known_signers.h"
#include "list_dialogue.h"
#include "phrase.h"
#include "print.h"
#include "say.h"
#include "signed_files.h"
#include "tftp_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A plain file that is to be signed. */
struct plain {
    const char *path; /* as the operator named it */
    char *target;     /* path of the signed file; its bare name if that is in the TFTP folder */
    bool in_tftp;
    uint8_t *data;
    size_t len;
    struct trust_list *signed_file;
};

struct signing {
    struct plain *files;
    size_t count;
};

static void signing_fini(struct signing *signing)
{
    for (size_t i = 0; i < signing->count; i++) {
        free(signing->files[i].target);
        free(signing->files[i].data);
        trust_list_free(signing->files[i].signed_file);
    }
    free(signing->files);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* ---- What can be seen before anything is changed */

/* Whether the folder of a path is the TFTP folder, however it is spelt. */
static bool lies_in_tftp(const struct config *config, const char *path)
{
    struct stat of_path, of_tftp;
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return true;
    char *folder = strndup(path, slash > path ? (size_t)(slash - path) : 1);
    bool is = folder != NULL && stat(folder, &of_path) == 0 &&
              stat(config->trust_lists.directory, &of_tftp) == 0 && of_path.st_dev == of_tftp.st_dev &&
              of_path.st_ino == of_tftp.st_ino;
    free(folder);
    return is;
}

static int read_plain(struct tvsctl *ctl, struct plain *plain)
{
    struct trust_error err = {0};
    const char *name = base_name(plain->path);
    int code;
    if (!plain->in_tftp)
        code = trust_file_read(plain->path, TRUST_SIGNED_FILE_MAX, &plain->data, &plain->len, NULL, &err);
    else if ((code = tftp_folder_check_name(name, &err)) == 0)
        code = tftp_folder_read(ctl->config, name, TRUST_SIGNED_FILE_MAX, &plain->data, &plain->len, &err);
    if (code == TRUST_ENOTFOUND && name == plain->path)
        return say_refusal(ctl, "%s; a file of the present folder is ./%s. Nothing was signed", err.text,
                           name);
    return code == 0 ? TVSCTL_DONE : say_refusal(ctl, "%s; nothing was signed", err.text);
}

static int check_content(struct tvsctl *ctl, const struct plain *plain)
{
    struct trust_list *list;
    if (plain->len == 0)
        return say_refusal(ctl, "%s is empty, and no phone could use it; nothing was signed", plain->path);
    if (trust_signed_file_parse((struct trust_bytes){plain->data, plain->len}, &list, NULL) != 0)
        return TVSCTL_DONE;
    trust_list_free(list);
    return say_refusal(ctl, "%s is signed already, whatever its name; nothing was signed", plain->path);
}

/* A folder or a device in the signed file's place would be met only when it is too late. */
static int check_target(struct tvsctl *ctl, const struct plain *plain)
{
    struct stat info;
    struct trust_error err = {0};
    int code = plain->in_tftp ? tftp_folder_check_writable(ctl->config, &err) : 0;
    if (code == 0 && plain->in_tftp)
        code = tftp_folder_look(ctl->config, plain->target, &info, &err);
    else if (code == 0 && lstat(plain->target, &info) != 0)
        code = errno == ENOENT ? TRUST_ENOTFOUND
                               : trust_error_set(&err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "%s: %s",
                                                 plain->target, strerror(errno));
    if (code == TRUST_ENOTFOUND)
        return TVSCTL_DONE;
    if (code != 0)
        return say_refusal(ctl, "%s; nothing was signed", err.text);
    if (!S_ISREG(info.st_mode))
        return say_refusal(ctl, "%s is there already and is no regular file; nothing was signed",
                           plain->target);
    return TVSCTL_DONE;
}

static int prepare(struct tvsctl *ctl, const char *path, struct plain *plain)
{
    const char *name = base_name(path);
    *plain = (struct plain){.path = path, .in_tftp = lies_in_tftp(ctl->config, path)};
    if (known_signers_ends(name, ".tlv"))
        return say_refusal(
            ctl,
            "%s is a trust list, which `utils ctl update CTLFile` or `utils itl update` signs; "
            "nothing was signed",
            path);
    if (known_signers_ends(name, SIGNED_FILE_SUFFIX))
        return say_refusal(
            ctl,
            "%s is signed already: name the plain file, or sign every .sgn anew with `file sign "
            "--all`. Nothing was signed",
            path);
    if (asprintf(&plain->target, "%s" SIGNED_FILE_SUFFIX, plain->in_tftp ? name : path) < 0) {
        plain->target = NULL;
        return say_no_memory(ctl);
    }
    int result = read_plain(ctl, plain);
    if (result == TVSCTL_DONE)
        result = check_content(ctl, plain);
    return result == TVSCTL_DONE ? check_target(ctl, plain) : result;
}

/* ---- The change */

static int sign_all_named(struct change *change, void *arg, struct trust_error *err)
{
    struct signing *signing = arg;
    int code = 0;
    for (size_t i = 0; code == 0 && i < signing->count; i++) {
        struct plain *plain = &signing->files[i];
        code = signed_files_build(change->state, base_name(plain->target),
                                  (struct trust_bytes){plain->data, plain->len}, change->ctl->now,
                                  &plain->signed_file, err);
        if (code == 0 && plain->in_tftp)
            code = change_put(change, TRUST_PLACE_TFTP, plain->target, plain->signed_file->file, err);
    }
    return code;
}

/* Outside of the TFTP folder, with the operator's own rights. */
static int write_others(struct tvsctl *ctl, const struct signing *signing)
{
    struct trust_error err = {0};
    for (size_t i = 0; i < signing->count; i++) {
        const struct plain *plain = &signing->files[i];
        if (!plain->in_tftp && trust_file_replace(plain->target, plain->signed_file->file, 0644, (uid_t)-1,
                                                  (gid_t)-1, &err) != 0)
            return say_error(ctl, &err);
        print_text(ctl->io.out, print_bytes(plain->target));
        fputs(": signed\n", ctl->io.out);
    }
    return TVSCTL_DONE;
}

static int sign_named(struct tvsctl *ctl, char *const *paths, size_t count)
{
    struct state state;
    struct trust_error err = {0};
    int result = TVSCTL_DONE;
    struct signing signing = {.files = calloc(count, sizeof *signing.files)};
    if (signing.files == NULL)
        return say_no_memory(ctl);
    while (result == TVSCTL_DONE && signing.count < count) {
        result = prepare(ctl, paths[signing.count], &signing.files[signing.count]);
        signing.count++;
    }
    if (result == TVSCTL_DONE) {
        if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
            result = say_error(ctl, &err);
        else
            result = list_dialogue_need_call_manager(ctl, &state);
        if (result == TVSCTL_DONE)
            result = change_run(ctl, &state, sign_all_named, &signing);
        state_close(&state);
    }
    if (result == TVSCTL_DONE)
        result = write_others(ctl, &signing);
    signing_fini(&signing);
    return result;
}

/* ---- All that are signed already */

static int sign_again(struct change *change, void *arg, struct trust_error *err)
{
    return signed_files_sign_all(change, arg, err);
}

static int sign_all(struct tvsctl *ctl)
{
    struct state state;
    struct signed_files_tally tally = {0};
    struct trust_error err = {0};
    if (tftp_folder_check_writable(ctl->config, &err) != 0)
        return say_error(ctl, &err);
    if (state_open(ctl->config, TRUST_STORE_WRITE, &state, &err) != 0)
        return say_error(ctl, &err);
    int result = list_dialogue_need_call_manager(ctl, &state);
    if (result == TVSCTL_DONE)
        result = change_run(ctl, &state, sign_again, &tally);
    state_close(&state);
    if (result != TVSCTL_DONE)
        return result;
    fprintf(ctl->io.out, "files: found = %zu, signed = %zu, right already = %zu, not signed = %zu\n",
            tally.found, tally.signed_anew, tally.right, tally.failed);
    if (tally.failed > 0)
        return say_refusal(ctl, "%zu of %zu files could not be signed and stay as they are", tally.failed,
                           tally.found);
    return TVSCTL_DONE;
}

int file_sign(struct tvsctl *ctl, char *const *args, size_t count)
{
    const bool all = flag_given(&ctl->flags, FLAG_ALL);
    if (all && count > 0)
        return say_usage(ctl, "--all signs every .sgn of the TFTP folder anew: no FILE beside it");
    if (!all && count == 0)
        return say_usage(ctl, "`%s` needs a FILE, or --all", ctl->phrase->words);
    return all ? sign_all(ctl) : sign_named(ctl, args, count);
}
