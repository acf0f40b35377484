#include "tests/libtrust/helper_index.h"

#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <check.h>
#include <string.h>

struct trust_index_builder *helper_builder(void)
{
    struct trust_error err = {0};
    struct trust_index_builder *builder;
    helper_ok(trust_index_builder_new(&builder, &err), &err);
    return builder;
}

void helper_index_add(struct trust_index_builder *builder, const struct trust_cert *cert, uint8_t role)
{
    struct trust_error err = {0};
    struct trust_entry entry = helper_entry(cert, (struct trust_roles){.count = 1, .code = {role}});
    helper_ok(trust_index_add(builder, &entry, &err), &err);
}

struct trust_index *helper_index_build(struct trust_index_builder *builder)
{
    struct trust_error err = {0};
    struct trust_index *index;
    helper_ok(trust_index_build(builder, &index, &err), &err);
    trust_index_builder_free(builder);
    return index;
}

struct trust_index *helper_index_of(const char *first, const char *second)
{
    struct trust_index_builder *builder = helper_builder();
    const char *const names[] = {first, second};
    for (size_t i = 0; i < 2 && names[i] != NULL; i++) {
        struct trust_cert *cert = helper_cert_file(names[i]);
        helper_index_add(builder, cert, (uint8_t)i);
        trust_cert_free(cert);
    }
    return helper_index_build(builder);
}

void helper_ask_bytes(const struct trust_index *index, const char *serial_hex, struct trust_bytes issuer,
                      enum trust_found expected, int entry_number)
{
    uint8_t serial[64];
    size_t len = sizeof serial;
    struct trust_error err = {0};
    helper_ok(trust_unhex(serial_hex, serial, &len, &err), &err);
    enum trust_found found;
    const struct trust_entry *entry;
    int rc = trust_index_query(index, (struct trust_bytes){serial, len}, (const char *)issuer.data,
                               issuer.len, &found, &entry, &err);
    ck_assert_int_eq(rc, 0);
    ck_assert_msg(found == expected, "%s %.*s: found %d instead of %d", serial_hex, (int)issuer.len,
                  issuer.data, found, expected);
    if (entry_number < 0)
        ck_assert_ptr_null(entry);
    else
        ck_assert_ptr_eq(entry, trust_index_at(index, (size_t)entry_number));
}

void helper_ask(const struct trust_index *index, const char *serial_hex, const char *issuer,
                enum trust_found expected, int entry_number)
{
    helper_ask_bytes(index, serial_hex, (struct trust_bytes){(const uint8_t *)issuer, strlen(issuer)},
                     expected, entry_number);
}

void helper_index_add_synthetic(struct trust_index_builder *builder, const char *der, const char *serial_hex,
                                const char *issuer)
{
    uint8_t serial[32];
    size_t len = sizeof serial;
    struct trust_error err = {0};
    struct trust_name *name;
    helper_ok(trust_unhex(serial_hex, serial, &len, &err), &err);
    helper_ok(trust_name_parse(issuer, strlen(issuer), &name, &err), &err);
    struct trust_entry entry = {
        .der = {(const uint8_t *)der, strlen(der)},
        .serial = {serial, len},
        .issuer = trust_name_cucm(name),
        .issuer_canonical = trust_name_canonical(name),
        .issuer_canonical_full = trust_name_canonical_full(name),
    };
    helper_ok(trust_digest_pieces(TRUST_DIGEST_SHA256, &entry.der, 1, entry.sha256, &err), &err);
    helper_ok(trust_index_add(builder, &entry, &err), &err);
    trust_name_free(name);
}

int helper_index_alias(struct trust_index_builder *builder, const char *der, const char *serial_hex,
                       const char *issuer, struct trust_error *err)
{
    uint8_t serial[32];
    size_t len = sizeof serial;
    struct trust_bytes bytes = {(const uint8_t *)der, strlen(der)};
    helper_ok(trust_unhex(serial_hex, serial, &len, err), err);
    return trust_index_alias(builder, bytes, (struct trust_bytes){serial, len}, issuer, strlen(issuer), err);
}
