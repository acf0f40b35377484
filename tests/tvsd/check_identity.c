/* A TVS certificate that is replaced between the two readings, of the store and of its key. */
#include "tvsd/identity.h"

#include "helper_world.h"
#include "tests/check_main.h"

#include <stdio.h>
#include <string.h>

#define REPLACED_MAX 3 /* so often the store is asked again */

/* What happens just before a key is read; the linker puts this in the place of the library's function. */
int __real_trust_key_load(const char *folder, const char *unit, const struct trust_cert *cert,
                          struct trust_key **out, struct trust_error *error);
int __wrap_trust_key_load(const char *folder, const char *unit, const struct trust_cert *cert,
                          struct trust_key **out, struct trust_error *error);

static void (*meanwhile)(void);
static int times; /* it happens so often, then no more */
static int reads; /* keys that were asked for */

int __wrap_trust_key_load(const char *folder, const char *unit, const struct trust_cert *cert,
                          struct trust_key **out, struct trust_error *error)
{
    reads++;
    if (times > 0) {
        times--;
        meanwhile();
    }
    return __real_trust_key_load(folder, unit, cert, out, error);
}

static struct identity identity;
static struct person next[REPLACED_MAX + 1];
static int replaced;

static void remove_key(const struct trust_cert *cert)
{
    char keys[240];
    snprintf(keys, sizeof keys, "%s/%s", site.state, IDENTITY_KEYS);
    ck_assert_int_eq(trust_key_remove(keys, "TVS", cert, NULL), 0);
}

/* As a phrase does it: the new one stands, then the key goes that nobody needs. */
static void replace(void)
{
    const struct person *old = replaced == 0 ? &tvs : &next[replaced - 1];
    ck_assert_int_lt(replaced, REPLACED_MAX + 1);
    site_set_own(&site, TRUST_UNIT_TVS, &next[replaced++]);
    remove_key(old->cert);
}

static void lose_key(void)
{
    remove_key(tvs.cert);
}

static void set_up(void)
{
    world_set_up();
    err = (struct trust_error){0};
    for (int i = 0; i <= REPLACED_MAX; i++)
        person_init(&next[i], "tvs");
}

static void tear_down(void)
{
    identity_fini(&identity);
    for (int i = 0; i <= REPLACED_MAX; i++)
        person_fini(&next[i]);
    world_tear_down();
}

/* It has its own connection to the store, as tvsd has. */
static int load(void)
{
    struct trust_store *store;
    ck_assert_int_eq(trust_store_open(site.store_path, TRUST_STORE_READ, &store, &err), 0);
    int code = identity_load(site.config, config_path, store, &identity, &err);
    trust_store_close(store);
    return code;
}

/* The certificate, and the key that fits it. */
static void is_of(const struct person *person)
{
    struct trust_signer *signs;
    ck_assert(trust_cert_equal(identity.cert, person->cert));
    ck_assert_int_eq(trust_signer_from_key(identity.cert, identity.key, &signs, &err), 0);
    trust_signer_free(signs);
}

START_TEST(what_stays_is_read_once)
{
    ck_assert_msg(load() == 0, "%s", err.text);
    is_of(&tvs);
    ck_assert_int_eq(reads, 1);
}
END_TEST

START_TEST(what_was_replaced_is_read_again)
{
    meanwhile = replace;
    times = _i;
    ck_assert_msg(load() == 0, "%s", err.text);
    ck_assert_int_eq(replaced, _i);
    is_of(&next[_i - 1]);
    ck_assert_int_eq(reads, _i + 1);
}
END_TEST

/* Whoever replaces it for ever does not keep tvsd from starting to serve, or saying why not. */
START_TEST(it_ends)
{
    meanwhile = replace;
    times = REPLACED_MAX + 1;
    ck_assert_int_eq(load(), TRUST_ENOTFOUND);
    ck_assert_int_eq(reads, REPLACED_MAX + 1);
    ck_assert_ptr_null(identity.cert);
    ck_assert_ptr_null(identity.key);
}
END_TEST

/* The store still names that certificate: once more, then it is said. */
START_TEST(a_lost_key_is_told)
{
    meanwhile = lose_key;
    times = 1;
    ck_assert_int_eq(load(), TRUST_ENOTFOUND);
    ck_assert_int_eq(reads, 2);
    ck_assert_ptr_null(identity.cert);
    ck_assert_ptr_nonnull(strstr(err.text, "no usable key for the TVS certificate: restore "));
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("identity");
    TCase *c = tcase_create("identity");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, what_stays_is_read_once);
    tcase_add_loop_test(c, what_was_replaced_is_read_again, 1, REPLACED_MAX + 1);
    tcase_add_test(c, it_ends);
    tcase_add_test(c, a_lost_key_is_told);
    suite_add_tcase(s, c);
    return s;
}
