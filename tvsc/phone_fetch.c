#include "phone_fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "tftp://"

struct arriving {
    uint8_t *data;
    size_t len, max;
    bool too_large, no_memory;
};

int phone_source_parse(const char *text, int64_t timeout_ms, struct phone_source *out,
                       struct trust_error *err)
{
    struct stat info;
    *out = (struct phone_source){.where = text, .timeout_ms = timeout_ms};
    if (strncmp(text, SCHEME, strlen(SCHEME)) == 0) {
        if (strlen(text) > 1000 || text[strlen(SCHEME)] == '\0' || text[strlen(SCHEME)] == '/' ||
            strpbrk(text, " \t?#") != NULL)
            return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "--tftp %s: not tftp://HOST:PORT/",
                                   text);
        return 0;
    }
    if (strstr(text, "://") != NULL)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET,
                               "--tftp %s: neither tftp://HOST:PORT/ nor a folder", text);
    out->folder = true;
    if (stat(text, &info) != 0 || !S_ISDIR(info.st_mode))
        return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET, "--tftp %s: no such folder", text);
    return 0;
}

int phone_fetch_init(struct trust_error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        return 0;
    return trust_error_set(err, TRUST_ESYSTEM, TRUST_NO_OFFSET, "libcurl does not start");
}

void phone_fetch_fini(void)
{
    curl_global_cleanup();
}

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
    struct arriving *to = context;
    size_t more = size * count;
    if (more > to->max - to->len) {
        to->too_large = true;
        return 0;
    }
    uint8_t *grown = realloc(to->data, to->len + more + 1);
    if (grown == NULL) {
        to->no_memory = true;
        return 0;
    }
    to->data = grown;
    memcpy(to->data + to->len, bytes, more);
    to->len += more;
    return more;
}

static CURLcode transfer(const struct phone_source *source, const char *name, struct arriving *to)
{
    char url[1200];
    const char *slash = source->where[strlen(source->where) - 1] == '/' ? "" : "/";
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return CURLE_OUT_OF_MEMORY;
    snprintf(url, sizeof url, "%s%s%s", source->where, slash, name);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)source->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)source->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, to);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    return rc;
}

static enum phone_fetched from_server(const struct phone_source *source, const char *name, size_t max,
                                      uint8_t **data, size_t *len, struct trust_error *err)
{
    struct arriving to = {.max = max};
    CURLcode rc = transfer(source, name, &to);
    if (rc == CURLE_OK && to.data == NULL) /* an empty file is a file */
        to.data = calloc(1, 1);
    if (rc == CURLE_OK && to.data != NULL) {
        to.data[to.len] = '\0';
        *data = to.data;
        *len = to.len;
        return PHONE_FETCHED;
    }
    free(to.data);
    if (to.too_large) {
        trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "%s: more than %zu bytes", name, max);
        return PHONE_FETCH_TOO_LARGE;
    }
    trust_error_set(err, rc == CURLE_TFTP_NOTFOUND ? TRUST_ENOTFOUND : TRUST_ESYSTEM, TRUST_NO_OFFSET,
                    "%s from %s: %s", name, source->where,
                    rc == CURLE_OK || to.no_memory ? "out of memory" : curl_easy_strerror(rc));
    return rc == CURLE_TFTP_NOTFOUND || rc == CURLE_TFTP_PERM ? PHONE_FETCH_MISSING : PHONE_FETCH_FAILED;
}

static enum phone_fetched from_folder(const struct phone_source *source, const char *name, size_t max,
                                      uint8_t **data, size_t *len, struct trust_error *err)
{
    char *path;
    if (asprintf(&path, "%s/%s", source->where, name) < 0) {
        trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s: out of memory", name);
        return PHONE_FETCH_FAILED;
    }
    int rc = trust_file_read(path, max, data, len, NULL, err);
    free(path);
    switch (rc) {
    case 0:
        return PHONE_FETCHED;
    case TRUST_ETOOLARGE:
        return PHONE_FETCH_TOO_LARGE;
    case TRUST_ENOTFOUND:
    case TRUST_EDENIED:
        return PHONE_FETCH_MISSING;
    default:
        return PHONE_FETCH_FAILED;
    }
}

enum phone_fetched phone_fetch(const struct phone_source *source, const char *name, size_t max,
                               uint8_t **data, size_t *len, struct trust_error *err)
{
    *data = NULL;
    *len = 0;
    return source->folder ? from_folder(source, name, max, data, len, err)
                          : from_server(source, name, max, data, len, err);
}
