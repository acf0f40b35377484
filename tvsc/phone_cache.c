#include "phone_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void drop(struct phone_cache *cache, size_t i)
{
    trust_cert_free(cache->entries[i].cert);
    cache->entries[i] = cache->entries[--cache->count];
    cache->entries[cache->count] = (struct phone_cache_entry){0};
    cache->changed = true;
}

void phone_cache_flush(struct phone_cache *cache)
{
    while (cache->count > 0)
        drop(cache, cache->count - 1);
}

static void make_room(struct phone_cache *cache)
{
    size_t first = 0;
    if (cache->count < PHONE_CACHE_MAX)
        return;
    for (size_t i = 1; i < cache->count; i++) {
        if (cache->entries[i].expires < cache->entries[first].expires)
            first = i;
    }
    drop(cache, first);
}

void phone_cache_add(struct phone_cache *cache, struct trust_cert *cert, const struct trust_roles *roles,
                     uint32_t ttl, time_t now)
{
    for (size_t i = cache->count; i-- > 0;) {
        if (trust_cert_equal(cache->entries[i].cert, cert))
            drop(cache, i);
    }
    make_room(cache);
    cache->entries[cache->count++] = (struct phone_cache_entry){
        .cert = trust_cert_ref(cert), .roles = *roles, .expires = now + (time_t)ttl};
    cache->changed = true;
}

bool phone_roles_sign(const struct trust_roles *roles)
{
    return trust_roles_has(roles, TRUST_ROLE_SAST) || trust_roles_has(roles, TRUST_ROLE_CCM_TFTP) ||
           trust_roles_has(roles, TRUST_ROLE_TFTP);
}

const struct phone_cache_entry *phone_cache_signer(const struct phone_cache *cache,
                                                   const struct trust_list *file, time_t now)
{
    for (size_t i = 0; i < cache->count; i++) {
        const struct phone_cache_entry *entry = &cache->entries[i];
        if (now < entry->expires && phone_roles_sign(&entry->roles) &&
            trust_list_signer_is(file, entry->cert))
            return entry;
    }
    return NULL;
}

const struct phone_cache_entry *phone_cache_peer(const struct phone_cache *cache,
                                                 const struct trust_cert *peer, uint8_t role, time_t now)
{
    for (size_t i = 0; i < cache->count; i++) {
        const struct phone_cache_entry *entry = &cache->entries[i];
        if (now < entry->expires && trust_roles_has(&entry->roles, role) &&
            trust_cert_equal(entry->cert, peer))
            return entry;
    }
    return NULL;
}

static bool write_entry(const struct phone_cache_entry *entry, FILE *out)
{
    struct trust_bytes der = trust_cert_der(entry->cert);
    char *hex = malloc(2 * der.len + 1);
    if (hex == NULL)
        return false;
    fprintf(out, "%lld ", (long long)entry->expires);
    for (unsigned i = 0; i < entry->roles.count; i++)
        fprintf(out, "%s%u", i > 0 ? "," : "", entry->roles.code[i]);
    fprintf(out, "%s %s\n", entry->roles.count == 0 ? "-" : "", trust_hex(der, 0, false, hex));
    free(hex);
    return true;
}

int phone_cache_write(const struct phone_cache *cache, char **out, struct trust_error *err)
{
    char *text = NULL;
    size_t size;
    *out = NULL;
    FILE *file = open_memstream(&text, &size);
    bool good = file != NULL;
    for (size_t i = 0; good && i < cache->count; i++)
        good = write_entry(&cache->entries[i], file);
    if (file != NULL && fclose(file) != 0)
        good = false;
    if (!good) {
        free(text);
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "TVS cache: out of memory");
    }
    *out = text;
    return 0;
}

static int bad_line(size_t line, const char *what, struct trust_error *err)
{
    return trust_error_set(err, TRUST_EVALUE, TRUST_NO_OFFSET, "line %zu: %s", line, what);
}

/* "0,2" or "-", ended by a blank; *at moves behind it. */
static bool read_roles(const char **at, struct trust_roles *out)
{
    char *end = (char *)(uintptr_t)*at;
    if (**at == '-' && (*at)[1] == ' ') {
        *at += 2;
        return true;
    }
    do {
        const char *from = end == *at ? end : end + 1;
        unsigned long role = strtoul(from, &end, 10);
        if (end == from || role > 255 || !trust_roles_add(out, (uint8_t)role))
            return false;
    } while (*end == ',');
    *at = end + 1;
    return *end == ' ';
}

static int read_cert(const char *hex, size_t digits, struct trust_cert **out, struct trust_error *err)
{
    size_t len = digits / 2 + 1;
    char *text = strndup(hex, digits);
    uint8_t *der = malloc(len);
    int rc = text == NULL || der == NULL ? TRUST_ENOMEM : trust_unhex(text, der, &len, err);
    *out = NULL;
    if (rc == 0)
        rc = trust_cert_from_der((struct trust_bytes){der, len}, out, err);
    else if (rc == TRUST_ENOMEM)
        trust_error_set(err, rc, TRUST_NO_OFFSET, "out of memory");
    free(der);
    free(text);
    return rc;
}

static int read_line(struct phone_cache *cache, const char *text, size_t line, struct trust_error *err)
{
    struct trust_roles roles = {0};
    struct trust_cert *cert;
    char *end;
    errno = 0;
    long long expires = strtoll(text, &end, 10);
    const char *at = end + 1;
    if (end == text || *end != ' ' || errno != 0 || !read_roles(&at, &roles))
        return bad_line(line, "not a time, roles and a certificate", err);
    if (cache->count == PHONE_CACHE_MAX)
        return bad_line(line, "more answers than a phone keeps", err);
    int rc = read_cert(at, strcspn(at, "\n"), &cert, err);
    if (rc != 0)
        return trust_error_prefix(err, rc, "line %zu", line);
    cache->entries[cache->count++] =
        (struct phone_cache_entry){.cert = cert, .roles = roles, .expires = (time_t)expires};
    return 0;
}

int phone_cache_read(struct phone_cache *cache, const char *text, struct trust_error *err)
{
    size_t line = 1;
    phone_cache_flush(cache);
    for (; *text != '\0'; line++) {
        int rc = read_line(cache, text, line, err);
        if (rc != 0) {
            phone_cache_flush(cache);
            return rc;
        }
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    cache->changed = false;
    return 0;
}
