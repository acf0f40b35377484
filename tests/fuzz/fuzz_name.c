/* Distinguished names, as text and as DER: what was read is printed so that it reads the same. */
#include "fuzz.h"

#include "config/text.h"

#include <string.h>

static void shown(const char *text)
{
    size_t len = strlen(text), size;
    for (; len > 0; text += size, len -= size)
        ck_assert_msg(text_is_plain(text_decode(text, len, &size)), "it cannot be shown: %s", text);
}

static struct trust_name *again(const char *text)
{
    struct trust_error err = {0};
    struct trust_name *name;
    fuzz_ok(trust_name_parse(text, strlen(text), &name, &err), &err);
    return name;
}

static void check(const struct trust_name *name)
{
    shown(trust_name_cucm(name));
    shown(trust_name_database(name));
    shown(trust_name_canonical(name));
    shown(trust_name_canonical_full(name));
    shown(trust_name_common_name(name));
    if (*trust_name_cucm(name) == '\0') /* a certificate's subject may be empty; text may not */
        return;
    struct trust_name *cucm = again(trust_name_cucm(name)), *database = again(trust_name_database(name));
    ck_assert_str_eq(trust_name_canonical(cucm), trust_name_canonical(name));
    ck_assert_str_eq(trust_name_canonical_full(database), trust_name_canonical_full(name));
    ck_assert(trust_name_equal(name, cucm) && trust_name_equal(cucm, name));
    ck_assert(trust_name_equal(name, database));
    trust_name_free(cucm);
    trust_name_free(database);
}

void fuzz_one(struct trust_bytes input)
{
    struct trust_error err = {0};
    struct trust_name *name;
    int rc = trust_name_parse((const char *)input.data, input.len, &name, &err);
    fuzz_error(rc, &err);
    ck_assert((rc == 0) == (name != NULL));
    if (rc == 0)
        check(name);
    trust_name_free(name);
    rc = trust_name_from_der(input, &name, &err);
    fuzz_error(rc, &err);
    ck_assert((rc == 0) == (name != NULL));
    if (rc == 0)
        check(name);
    trust_name_free(name);
}
