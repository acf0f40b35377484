#include "config.h"

#include "address.h"
#include "checks.h"
#include "options.h"
#include "reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 262144

static int no_memory(const char *name, struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s: out of memory", name);
}

static int set_node_name(struct config *config, const char *name, struct trust_error *err)
{
    char host[256] = "";
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0' || check_node_name(host, NULL) != 0)
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                               "%s: node.name: the host's own name cannot be used; write one into the file",
                               name);
    config->node.name = strdup(host);
    return config->node.name != NULL ? 0 : no_memory(name, err);
}

static int set_node_address(struct config *config, const char *name, struct trust_error *err)
{
    char address[ADDRESS_IPV4_MAX];
    address_of_node(&config->server.listen, address);
    config->node.address = strdup(address);
    return config->node.address != NULL ? 0 : no_memory(name, err);
}

static int set_defaults(struct config *config, const bool *seen, const char *name, struct trust_error *err)
{
    size_t count;
    const struct option *all = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        int rc = seen[i] ? 0 : option_set_initial(&all[i], config, err);
        if (rc != 0)
            return trust_error_prefix(err, rc, "%s: %s", name, all[i].key);
    }
    int rc = config->node.name == NULL ? set_node_name(config, name, err) : 0;
    if (rc == 0 && config->node.address == NULL)
        rc = set_node_address(config, name, err);
    return rc;
}

/* The folder of the configuration file, absolute, with a slash at its end. */
static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    int len = slash != NULL ? (int)(slash - file) + 1 : 0;
    char *out = NULL, *here;
    if (file[0] == '/')
        return asprintf(&out, "%.*s", len, file) < 0 ? NULL : out;
    here = getcwd(NULL, 0);
    if (here == NULL || asprintf(&out, "%s%s%.*s", here, strcmp(here, "/") == 0 ? "" : "/", len, file) < 0)
        out = NULL;
    free(here);
    return out;
}

static bool is_word(const struct option *option, const char *value)
{
    for (const struct option_choice *word = option->choices; word != NULL && word->name != NULL; word++)
        if (strcmp(word->name, value) == 0)
            return true;
    return false;
}

/* A reload must find what the start found, wherever the program stands by then: so paths become absolute. */
static int set_paths(struct config *config, const char *name, struct trust_error *err)
{
    size_t count;
    const struct option *all = option_table(&count);
    char *folder = folder_of(name);
    if (folder == NULL)
        return trust_error_set(err, errno == ENOMEM ? TRUST_ENOMEM : TRUST_ESYSTEM, TRUST_NO_OFFSET,
                               "%s: the current folder cannot be told: %m; name the file by its whole path",
                               name);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        char **member = option_member(&all[i], config), *path;
        if (all[i].kind != OPTION_PATH || (*member)[0] == '/' || is_word(&all[i], *member))
            continue;
        const char *relative = *member;
        while (strncmp(relative, "./", 2) == 0)
            relative += 2 + strspn(relative + 2, "/");
        if (asprintf(&path, "%s%s", folder, relative) < 0) {
            rc = no_memory(name, err);
            continue;
        }
        free(*member);
        *member = path;
    }
    free(folder);
    return rc;
}

int config_parse(const char *text, size_t len, const char *name, struct config **out, struct trust_error *err)
{
    bool seen[OPTIONS_MAX] = {0};
    *out = NULL;
    struct config *config = calloc(1, sizeof *config);
    if (config == NULL)
        return no_memory(name, err);
    int rc = reader_read(text, len, name, config, seen, err);
    if (rc == 0)
        rc = set_defaults(config, seen, name, err);
    if (rc == 0)
        rc = set_paths(config, name, err);
    if (rc != 0) {
        config_free(config);
        return rc;
    }
    *out = config;
    return 0;
}

int config_load(const char *path, struct config **out, struct trust_error *err)
{
    uint8_t *data = NULL;
    size_t len;
    struct stat info;
    *out = NULL;
    int rc = trust_file_read(path, FILE_MAX, &data, &len, &info, err);
    if (rc == TRUST_ENOTFOUND)
        return trust_error_set(err, rc, TRUST_NO_OFFSET,
                               "there is no configuration %s; make one, or name another with --config", path);
    if (rc != 0)
        return rc;
    /* Who writes it chooses folders and keys, and what programs run as root do. */
    if ((info.st_mode & S_IWOTH) != 0)
        rc = trust_error_set(err, TRUST_EDENIED, TRUST_NO_OFFSET,
                             "%s: everybody may write it (mode %04o); chmod o-w %s", path,
                             (unsigned)(info.st_mode & 07777), path);
    else
        rc = config_parse((const char *)data, len, path, out, err);
    free(data);
    return rc;
}

void config_free(struct config *config)
{
    size_t count;
    const struct option *all = option_table(&count);
    if (config == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        option_clear(&all[i], config);
    free(config);
}

void config_dump(const struct config *config, FILE *out)
{
    size_t count;
    const struct option *all = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        size_t section = option_section_length(&all[i]);
        if (section > 0 && option_find_section(all[i].key, section) == &all[i])
            fprintf(out, "%.*s:\n", (int)section, all[i].key);
        fprintf(out, "%s%s: ", section > 0 ? "  " : "", option_name(&all[i]));
        option_print(&all[i], config, out);
        fputc('\n', out);
    }
}

char *config_needs_restart(const struct config *old, const struct config *fresh, char *out, size_t size)
{
    size_t count, used = 0;
    const struct option *all = option_table(&count);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *comma = used == 0 ? "" : ",";
        if (!all[i].needs_restart || option_equal(&all[i], old, fresh))
            continue;
        if (used + strlen(comma) + strlen(all[i].key) >= size)
            break;
        used += (size_t)snprintf(out + used, size - used, "%s%s", comma, all[i].key);
    }
    return out;
}

char *config_state_path(const struct config *config, const char *name, char *out, size_t size)
{
    int len = snprintf(out, size, "%s/%s", config->state, name);
    return len >= 0 && (size_t)len < size ? out : NULL;
}

char *config_control_path(const struct config *config, char *out, size_t size)
{
    const char *socket = config->control.socket;
    if (strcmp(socket, CONFIG_CONTROL_OFF) == 0)
        return NULL;
    if (strcmp(socket, CONFIG_CONTROL_AUTO) == 0)
        return config_state_path(config, CONFIG_CONTROL_NAME, out, size);
    int len = snprintf(out, size, "%s", socket);
    return len >= 0 && (size_t)len < size ? out : NULL;
}
