#include "phone_store.h"

#include "phone_config.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_FILE "tvs-cache"
#define CACHE_MAX  (PHONE_CACHE_MAX * 2 * 65536)

static bool broken(struct phone *phone, const char *what)
{
    phone_fault(&phone->console, "SECD", "%s", what);
    return phone_fail(&phone->state_verdict, PHONE_WHY_STATE, what);
}

/* STATE/SEP<MAC>/FILE; the caller frees it. file "": the folder. NULL, and the verdict, without memory. */
static char *path_of(struct phone *phone, const char *file)
{
    char *path;
    if (asprintf(&path, "%s/%s%s%s", phone->plan->state, phone->name, file[0] != '\0' ? "/" : "", file) < 0) {
        broken(phone, "out of memory");
        return NULL;
    }
    return path;
}

/* One file; *data NULL if there is none. */
static bool load(struct phone *phone, const char *file, size_t max, uint8_t **data, size_t *len)
{
    struct trust_error err;
    char *path = path_of(phone, file);
    *data = NULL;
    if (path == NULL)
        return false;
    int rc = trust_file_read(path, max, data, len, NULL, &err);
    free(path);
    return rc == 0 || rc == TRUST_ENOTFOUND || broken(phone, err.text);
}

static bool save(struct phone *phone, const char *file, struct trust_bytes bytes)
{
    struct trust_error err;
    if (phone->plan->state == NULL)
        return true;
    char *path = path_of(phone, file);
    if (path == NULL)
        return false;
    int rc = trust_file_replace(path, bytes, 0644, (uid_t)-1, (gid_t)-1, &err);
    free(path);
    return rc == 0 || broken(phone, err.text);
}

static bool forget(struct phone *phone, const char *file)
{
    struct trust_error err;
    char *path = path_of(phone, file);
    if (path == NULL)
        return false;
    int rc = trust_file_remove(path, &err);
    free(path);
    return rc == 0 || rc == TRUST_ENOTFOUND || broken(phone, err.text);
}

/* A list that cannot be read is an error rather than none: with none, anything would be taken blindly. */
static bool load_list(struct phone *phone, const char *file, struct trust_list **out)
{
    struct trust_error err;
    struct trust_bytes bytes = {0};
    uint8_t *data;
    if (!load(phone, file, TRUST_LIST_MAX, &data, &bytes.len))
        return false;
    if (data == NULL)
        return true;
    bytes.data = data;
    int rc = trust_list_parse(bytes, out, &err);
    free(data);
    if (rc == 0)
        return true;
    trust_error_prefix(&err, rc, "%s/%s/%s", phone->plan->state, phone->name, file);
    return broken(phone, err.text);
}

static bool load_cache(struct phone *phone)
{
    struct trust_error err;
    uint8_t *data;
    size_t len;
    if (!load(phone, CACHE_FILE, CACHE_MAX, &data, &len))
        return false;
    int rc = data == NULL ? 0 : phone_cache_read(&phone->cache, (const char *)data, &err);
    free(data);
    if (rc == 0)
        return true;
    trust_error_prefix(&err, rc, "%s/%s/%s", phone->plan->state, phone->name, CACHE_FILE);
    return broken(phone, err.text);
}

static void take_servers(struct phone *phone, struct trust_bytes config)
{
    if (phone->plan->tvs_count == 0)
        phone->tvs_count = phone_config_servers(config, phone->tvs, PHONE_TVS_MAX);
}

static void config_name(const struct phone *phone, char out[32])
{
    snprintf(out, 32, "%s.cnf.xml", phone->name);
}

static bool load_config(struct phone *phone)
{
    struct trust_bytes bytes = {0};
    uint8_t *data;
    char name[32];
    config_name(phone, name);
    if (!load(phone, name, PHONE_CONFIG_MAX, &data, &bytes.len))
        return false;
    bytes.data = data;
    if (data != NULL)
        take_servers(phone, bytes);
    free(data);
    return true;
}

static bool make_folder(struct phone *phone)
{
    struct trust_error err;
    char *path = path_of(phone, "");
    if (path == NULL)
        return false;
    int rc = trust_folder_make(path, 0755, &err);
    free(path);
    return rc == 0 || broken(phone, err.text);
}

bool phone_store_open(struct phone *phone)
{
    if (phone->plan->state == NULL)
        return true;
    if (!make_folder(phone) ||
        (phone->plan->fresh &&
         (!forget(phone, "CTLFile.tlv") || !forget(phone, "ITLFile.tlv") || !forget(phone, CACHE_FILE))))
        return false;
    if (!load_list(phone, "CTLFile.tlv", &phone->ctl))
        return false;
    /* Who knows no ITL holds none, whatever another family left here. */
    if (phone->family->itl && (!load_list(phone, "ITLFile.tlv", &phone->itl) || !load_cache(phone)))
        return false;
    return load_config(phone);
}

bool phone_store_list(struct phone *phone, const char *file, const struct trust_list *list)
{
    return save(phone, file, list->file);
}

bool phone_store_config(struct phone *phone, struct trust_bytes config)
{
    char name[32];
    config_name(phone, name);
    take_servers(phone, config);
    return save(phone, name, config);
}

bool phone_store_cache(struct phone *phone)
{
    struct trust_error err;
    char *text;
    if (phone->plan->state == NULL || !phone->cache.changed)
        return true;
    if (phone_cache_write(&phone->cache, &text, &err) != 0)
        return broken(phone, err.text);
    bool saved = save(phone, CACHE_FILE, (struct trust_bytes){(const uint8_t *)text, strlen(text)});
    free(text);
    return saved;
}
