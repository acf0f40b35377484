#include "trust/name.h"

#include "name_parts.h"

#include <stdlib.h>
#include <string.h>

/* All forms are made when the name is, so that reading one never fails. */
struct trust_name {
    char *canonical, *canonical_full;
    char *cucm, *database;
    char *common_name;
};

void name_parts_fini(struct name_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        free(parts->items[i].type);
        free(parts->items[i].value);
    }
    free(parts->items);
    *parts = (struct name_parts){.from_der = parts->from_der};
}

static bool grow(struct name_parts *parts)
{
    if (parts->count < parts->capacity)
        return true;
    size_t capacity = parts->capacity > 0 ? parts->capacity * 2 : 8;
    struct name_part *items = reallocarray(parts->items, capacity, sizeof *items);
    if (items == NULL)
        return false;
    parts->items = items;
    parts->capacity = capacity;
    return true;
}

int name_parts_add(struct name_parts *parts, struct trust_bytes type, struct trust_bytes value, bool is_der,
                   struct trust_error *err)
{
    if (parts->count == NAME_MAX_PARTS)
        return trust_error_set(err, TRUST_ETOOLARGE, TRUST_NO_OFFSET, "a name of more than %d attributes",
                               NAME_MAX_PARTS);
    struct name_part part = {
        .type = malloc(type.len + 1 > NAME_TYPE_MIN ? type.len + 1 : NAME_TYPE_MIN),
        .value = malloc(value.len + 1),
        .len = value.len,
        .is_der = is_der,
    };
    if (part.type == NULL || part.value == NULL || !grow(parts)) {
        free(part.type);
        free(part.value);
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "a name: out of memory");
    }
    name_attr_canonical(type, part.type);
    if (value.len > 0)
        memcpy(part.value, value.data, value.len);
    part.value[value.len] = '\0';
    parts->items[parts->count++] = part;
    return 0;
}

static int from_parts(const struct name_parts *parts, struct trust_name **out, struct trust_error *err)
{
    int code;
    struct trust_name *name = calloc(1, sizeof *name);
    if (name == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "a name: out of memory");
    code = name_parts_print(parts, NAME_CANONICAL, &name->canonical, err);
    if (code == 0)
        code = name_parts_print(parts, NAME_CANONICAL_FULL, &name->canonical_full, err);
    if (code == 0)
        code = name_parts_print(parts, NAME_CUCM, &name->cucm, err);
    if (code == 0)
        code = name_parts_print(parts, NAME_DATABASE, &name->database, err);
    if (code == 0)
        code = name_parts_first(parts, "CN", &name->common_name, err);
    if (code != 0)
        goto out;
    *out = name;
    name = NULL;
out:
    trust_name_free(name);
    return code;
}

int trust_name_parse(const char *text, size_t len, struct trust_name **out, struct trust_error *err)
{
    struct name_parts parts = {0};
    *out = NULL;
    int code = name_parts_parse((struct trust_bytes){(const uint8_t *)text, len}, &parts, err);
    if (code == 0)
        code = from_parts(&parts, out, err);
    name_parts_fini(&parts);
    return code;
}

int name_from_x509(const X509_NAME *x509_name, struct trust_name **out, struct trust_error *err)
{
    struct name_parts parts = {0};
    *out = NULL;
    int code = name_parts_from_x509(x509_name, &parts, err);
    if (code == 0)
        code = from_parts(&parts, out, err);
    name_parts_fini(&parts);
    return code;
}

void trust_name_free(struct trust_name *name)
{
    if (name == NULL)
        return;
    free(name->canonical);
    free(name->canonical_full);
    free(name->cucm);
    free(name->database);
    free(name->common_name);
    free(name);
}

const char *trust_name_canonical(const struct trust_name *name)
{
    return name->canonical;
}

const char *trust_name_canonical_full(const struct trust_name *name)
{
    return name->canonical_full;
}

const char *trust_name_cucm(const struct trust_name *name)
{
    return name->cucm;
}

const char *trust_name_database(const struct trust_name *name)
{
    return name->database;
}

const char *trust_name_common_name(const struct trust_name *name)
{
    return name->common_name;
}

bool trust_name_equal(const struct trust_name *a, const struct trust_name *b)
{
    return strcmp(a->canonical, b->canonical) == 0;
}
