/* file get tftp NAME [FILE]. */
#include "ask.h"
#include "handlers.h"
#include "print.h"
#include "say.h"
#include "tftp_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (512u * 1024 * 1024) /* firmware for phones is the largest that is served */

/* What stands in the copy's place already is replaced only when it is a file, and after a question. */
static int check_target(struct tvsctl *ctl, const char *path)
{
    struct stat info;
    char *question;
    if (lstat(path, &info) != 0)
        return errno == ENOENT
                   ? TVSCTL_DONE
                   : say_refusal(ctl, "cannot write %s: %s; nothing was copied", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return say_refusal(
            ctl, "%s is there already and is no regular file; name another. Nothing was copied", path);
    if (asprintf(&question, "Overwrite the File %s?", path) < 0)
        return say_no_memory(ctl);
    int result = ask_enter_y(ctl, question);
    free(question);
    return result;
}

int file_get_tftp(struct tvsctl *ctl, char *const *args, size_t count)
{
    const char *name = args[0], *path = count > 1 ? args[1] : name;
    struct trust_error err = {0};
    uint8_t *data = NULL;
    size_t len;
    int code = tftp_folder_check_name(name, &err);
    if (code == 0 && path[0] == '\0')
        return say_usage(ctl, "FILE is empty; name the file that is to be written");
    if (code == 0)
        code = tftp_folder_read(ctl->config, name, FILE_MAX, &data, &len, &err);
    if (code != 0)
        return say_error(ctl, &err);
    int result = check_target(ctl, path);
    if (result == TVSCTL_DONE &&
        trust_file_replace(path, (struct trust_bytes){data, len}, 0644, (uid_t)-1, (gid_t)-1, &err) != 0)
        result = say_error(ctl, &err);
    if (result == TVSCTL_DONE) {
        print_text(ctl->io.out, print_bytes(path));
        fprintf(ctl->io.out, ": %zu bytes copied\n", len);
    }
    free(data);
    return result;
}
