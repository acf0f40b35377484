#include "input.h"

#include "ask.h"
#include "say.h"
#include "token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INPUT_MAX    (1024 * 1024)
#define PASSWORD_MAX 4096
#define IMPORTED     "imported"
#define SEAL         "TVSSEAL" /* trust/backup.h; a version stands behind it */

static char *unit_names(bool own, char *out, size_t size)
{
    size_t count, used = 0;
    const struct trust_unit_info *units = trust_units(&count);
    out[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++)
        if (units[i].own == own)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", units[i].name);
    return out;
}

const struct trust_unit_info *input_unit(struct tvsctl *ctl, const char *name, bool own)
{
    char names[512];
    const struct trust_unit_info *unit = trust_unit_by_name(name);
    if (unit != NULL && unit->own == own)
        return unit;
    unit_names(own, names, sizeof names);
    const char *kind = own ? "own unit" : "trust unit";
    if (unit == NULL)
        say_refusal(ctl, "%s: there is no such %s; there are: %s", name, kind, names);
    else
        say_refusal(ctl, "%s is no %s; there are: %s", unit->name, kind, names);
    return NULL;
}

bool input_any_unit(struct tvsctl *ctl, const char *name, int *unit)
{
    const struct trust_unit_info *info = trust_unit_by_name(name);
    char own[512], trust[512];
    *unit = info != NULL ? (int)info->unit : 0;
    if (info != NULL || strcasecmp(name, IMPORTED) == 0)
        return true;
    say_refusal(ctl, "%s: there is no such unit; there are: %s, %s, " IMPORTED, name,
                unit_names(true, own, sizeof own), unit_names(false, trust, sizeof trust));
    return false;
}

const char *input_unit_name(int unit)
{
    const struct trust_unit_info *info = trust_unit_by_number(unit);
    return info != NULL ? info->name : IMPORTED;
}

static int check_node(struct tvsctl *ctl)
{
    const char *name = ctl->flags.value[FLAG_NODE];
    return name != NULL && name[0] == '\0' ? say_usage(ctl, "--node needs a name") : TVSCTL_DONE;
}

int input_node(struct tvsctl *ctl, struct state *state, struct state_node *node)
{
    struct trust_error err = {0};
    const char *name = ctl->flags.value[FLAG_NODE];
    int result = check_node(ctl);
    if (result != TVSCTL_DONE)
        return result;
    int code = state_find_node(state, name, node, &err);
    if (code == TRUST_ENOTFOUND && name != NULL)
        return say_refusal(ctl, "%s. `utils node add %s ADDRESS` adds it", err.text, name);
    return code != 0 ? say_error(ctl, &err) : TVSCTL_DONE;
}

int input_own(struct tvsctl *ctl, const char *unit, enum trust_store_mode mode, struct input_own *own)
{
    struct trust_error err = {0};
    own->unit = input_unit(ctl, unit, true);
    if (own->unit == NULL)
        return TVSCTL_REFUSED;
    int result = check_node(ctl);
    if (result != TVSCTL_DONE)
        return result;
    if (state_open(ctl->config, mode, &own->state, &err) != 0)
        return say_error(ctl, &err);
    result = input_node(ctl, &own->state, &own->node);
    if (result != TVSCTL_DONE)
        state_close(&own->state);
    return result;
}

/* memset that the compiler does not leave out. */
static void wipe_free(void *data, size_t len)
{
    if (data != NULL)
        explicit_bzero(data, len);
    free(data);
}

bool input_number(const char *text, int64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && text[0] >= '0' && text[0] <= '9' && *number > 0;
}

int input_password(struct tvsctl *ctl, char **password, struct trust_error *err)
{
    uint8_t *data;
    size_t len;
    const char *path = ctl->flags.value[FLAG_PASSWORD_FILE];
    *password = NULL;
    if (path == NULL)
        return 0;
    int code = trust_file_read(path, PASSWORD_MAX, &data, &len, NULL, err);
    if (code != 0)
        return code;
    size_t line = strcspn((char *)data, "\r\n");
    *password = strndup((char *)data, line);
    wipe_free(data, len);
    return *password != NULL
               ? 0
               : trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

void input_wipe(char *password)
{
    wipe_free(password, password != NULL ? strlen(password) : 0);
}

/* The certificate of a security token, without its key. */
static int read_token(struct tvsctl *ctl, const char *uri, struct trust_bundle **bundle,
                      struct trust_error *err)
{
    struct trust_cert *cert;
    *bundle = NULL;
    int code = token_read_cert(ctl, uri, &cert, err);
    if (code == 0)
        code = trust_bundle_read(trust_cert_der(cert), NULL, bundle, err);
    trust_cert_free(cert);
    return code;
}

/* Without --password-file a terminal is asked for the password of a file that needs one. */
static int read_one(struct tvsctl *ctl, const char *path, const char *password, struct trust_bundle **bundle,
                    struct trust_error *err)
{
    uint8_t *data;
    size_t len;
    char *typed = NULL;
    if (token_is_hardware(path))
        return read_token(ctl, path, bundle, err);
    int code = trust_file_read(path, INPUT_MAX, &data, &len, NULL, err);
    if (code != 0)
        return code;
    if (len >= strlen(SEAL) && memcmp(data, SEAL, strlen(SEAL)) == 0) {
        wipe_free(data, len);
        return trust_error_set(err, TRUST_ETYPE, TRUST_NO_OFFSET,
                               "%s: it is a sealed backup of tvsctl; `utils restore` reads it, and tvsctl(1) "
                               "tells how to get ITLRecovery out of one, as PKCS#12",
                               path);
    }
    code = trust_bundle_read((struct trust_bytes){data, len}, password, bundle, err);
    if (code == TRUST_EPASSWORD && password == NULL && ask_password_of(ctl, path, &typed))
        code = trust_bundle_read((struct trust_bytes){data, len}, typed, bundle, err);
    wipe_free(data, len);
    if (code != 0)
        trust_error_prefix(err, code, "%s", path);
    if (code == TRUST_EPASSWORD && password == NULL && typed == NULL && err != NULL)
        trust_error_set(err, code, TRUST_NO_OFFSET, "%.300s; put it into a file and add --password-file FILE",
                        err->text);
    input_wipe(typed);
    return code;
}

int input_read(struct tvsctl *ctl, char *const *paths, size_t count, struct input *input,
               struct trust_error *err)
{
    char *password;
    *input = (struct input){.files = calloc(count, sizeof *input->files)};
    if (input->files == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
    int code = input_password(ctl, &password, err);
    for (size_t i = 0; i < count && code == 0; i++) {
        input->files[i].path = paths[i];
        code = read_one(ctl, paths[i], password, &input->files[i].bundle, err);
        input->count = i + 1;
    }
    input_wipe(password);
    return code;
}

void input_free(struct input *input)
{
    for (size_t i = 0; i < input->count; i++)
        trust_bundle_free(input->files[i].bundle);
    free(input->files);
    *input = (struct input){0};
}
