/* What a backup holds, read and checked (backup.h). */
#include "backup.h"

#include "ask.h"
#include "input.h"
#include "published.h"
#include "say.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ID_CHARS     16 /* of the public key's digest, in the name of a key's file */
#define SUFFIX_CHARS (1 + ID_CHARS + 4)

bool backup_is_uri(const char *name)
{
    const size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".uri") == 0;
}

bool backup_key_name(const char *name, char unit[TRUST_KEY_NAME_SIZE])
{
    const size_t len = strlen(name);
    unit[0] = '\0';
    if (name[0] == '.' || len <= SUFFIX_CHARS || len >= TRUST_KEY_NAME_SIZE - sizeof ".new")
        return false;
    const char *suffix = name + len - SUFFIX_CHARS;
    if (suffix[0] != '-' || strspn(suffix + 1, "0123456789abcdef") != ID_CHARS ||
        memchr(name, '/', len) != NULL ||
        (strcmp(suffix + 1 + ID_CHARS, ".pem") != 0 && !backup_is_uri(name)))
        return false;
    memcpy(unit, name, len - SUFFIX_CHARS);
    unit[len - SUFFIX_CHARS] = '\0';
    return true;
}

bool backup_list_name(const char *name, int64_t *number, const char **filename)
{
    size_t digits = strspn(name, "0123456789");
    if (digits < 6 || digits > 18 || name[digits] != '-')
        return false;
    *number = strtoll(name, NULL, 10);
    *filename = name + digits + 1;
    return *number > 0 && (strcmp(*filename, PUBLISHED_CTL) == 0 || strcmp(*filename, PUBLISHED_ITL) == 0);
}

int backup_password(struct tvsctl *ctl, bool is_new, char **password)
{
    struct trust_error err = {0};
    if (input_password(ctl, password, &err) != 0)
        return say_error(ctl, &err);
    if (*password == NULL)
        return ask_password(ctl, is_new, password);
    if ((*password)[0] != '\0')
        return TVSCTL_DONE;
    input_wipe(*password);
    *password = NULL;
    return say_refusal(ctl, "%s: its first line, the password, is empty; nothing was changed",
                       ctl->flags.value[FLAG_PASSWORD_FILE]);
}

static int count_row(void *arg, const struct trust_store_row *row)
{
    size_t *count = arg;
    (void)row;
    ++*count;
    return 0;
}

int backup_count_certificates(struct trust_store *store, size_t *count, struct trust_error *err)
{
    *count = 0;
    return trust_store_each(store, 0, count_row, count, err);
}

/* ---- Saved files */

struct reading {
    struct backup *backup;
    struct trust_error *err;
};

static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s", trust_error_meaning(TRUST_ENOMEM));
}

static int read_label(struct backup *backup, struct trust_bytes content, struct trust_error *err)
{
    int64_t made = 0;
    char *text = strndup((const char *)content.data, content.len);
    if (text == NULL)
        return no_memory(err);
    int fields = sscanf(text, "node %255s\nmade %" SCNd64 "\n", backup->node, &made);
    free(text);
    backup->made = (time_t)made;
    return fields == 2 ? 0
                       : trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET,
                                         "it does not say of which node it is and from when");
}

static int read_key(struct backup *backup, const char *name, struct trust_bytes content,
                    struct trust_error *err)
{
    struct backup_key *keys = reallocarray(backup->keys, backup->key_count + 1, sizeof *keys);
    if (keys == NULL)
        return no_memory(err);
    backup->keys = keys;
    struct backup_key *key = &keys[backup->key_count];
    if (!backup_key_name(name, key->unit))
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "that is no name of a private key");
    int code = trust_key_parse(content, NULL, &key->key, err);
    backup->key_count += code == 0;
    return code;
}

static int read_uri(struct backup *backup, const char *name, struct trust_bytes content,
                    struct trust_error *err)
{
    char unit[TRUST_KEY_NAME_SIZE];
    struct backup_uri *uris = reallocarray(backup->uris, backup->uri_count + 1, sizeof *uris);
    if (uris == NULL)
        return no_memory(err);
    backup->uris = uris;
    if (!backup_key_name(name, unit))
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "that is no name of a private key");
    snprintf(uris[backup->uri_count].name, TRUST_KEY_NAME_SIZE, "%s", name);
    int code = trust_key_parse_uri(content, &uris[backup->uri_count].uri, err);
    backup->uri_count += code == 0;
    return code;
}

static int read_published(struct backup *backup, const char *name, struct trust_bytes content,
                          struct trust_error *err)
{
    struct trust_list *list = NULL;
    int64_t number;
    const char *filename;
    if (!backup_list_name(name, &number, &filename))
        return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "that is no name of a published list");
    int code = trust_list_parse(content, &list, err);
    backup->published += code == 0;
    trust_list_free(list);
    return code;
}

static int read_by_place(struct backup *backup, enum trust_place place, const char *name,
                         struct trust_bytes content, struct trust_error *err)
{
    if (place == TRUST_PLACE_KEYS && backup_is_uri(name))
        return read_uri(backup, name, content, err);
    if (place == TRUST_PLACE_KEYS)
        return read_key(backup, name, content, err);
    if (place == TRUST_PLACE_PUBLISHED)
        return read_published(backup, name, content, err);
    if (place == TRUST_PLACE_STATE && strcmp(name, BACKUP_LABEL) == 0)
        return read_label(backup, content, err);
    if (place == TRUST_PLACE_STATE && strcmp(name, BACKUP_GOOD) == 0)
        return trust_list_parse(content, &backup->good, err);
    if (place == TRUST_PLACE_TFTP && strcmp(name, PUBLISHED_CTL) == 0)
        return trust_list_parse(content, &backup->ctl, err);
    if (place == TRUST_PLACE_TFTP && strcmp(name, PUBLISHED_ITL) == 0)
        return trust_list_parse(content, &backup->itl, err);
    return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "no such file belongs to a backup");
}

static int read_saved(void *arg, enum trust_place place, const char *name, struct trust_bytes content)
{
    const struct reading *reading = arg;
    int code = read_by_place(reading->backup, place, name, content, reading->err);
    return code != 0 ? trust_error_prefix(reading->err, code, "its file %s", name) : 0;
}

int backup_read(struct trust_store *store, struct backup *backup, struct trust_error *err)
{
    struct reading reading = {backup, err};
    *backup = (struct backup){0};
    int code = trust_store_each_saved(store, read_saved, &reading, err);
    if (code == 0 && backup->node[0] == '\0')
        code = trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "what is sealed in it is no backup");
    return code == 0 ? backup_count_certificates(store, &backup->certificates, err) : code;
}

void backup_fini(struct backup *backup)
{
    for (size_t i = 0; i < backup->key_count; i++)
        trust_key_free(backup->keys[i].key);
    free(backup->keys);
    for (size_t i = 0; i < backup->uri_count; i++)
        free(backup->uris[i].uri);
    free(backup->uris);
    trust_list_free(backup->ctl);
    trust_list_free(backup->itl);
    trust_list_free(backup->good);
    *backup = (struct backup){0};
}

bool backup_has_key(const struct backup *backup, const struct trust_cert *cert)
{
    for (size_t i = 0; i < backup->key_count; i++)
        if (trust_key_matches(backup->keys[i].key, cert))
            return true;
    return false;
}
