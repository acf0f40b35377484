/* TVS-ECDSA: when phones are shown it, and when they no longer are. */
#include "helper_phone.h"
#include "helper_world.h"
#include "tests/check_main.h"
#include "tvsd/identity.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct person ec, other_ec;

static void ec_init(struct person *person, const char *spec)
{
    const struct trust_cert_request request = {.common_name = "tvs",
                                               .subject = "O=Example;C=PL",
                                               .days = 100,
                                               .digest = TRUST_DIGEST_SHA256,
                                               .now = 1700000000};
    *person = (struct person){0};
    ck_assert_msg(trust_key_generate(spec, &person->key, &err) == 0, "%s", err.text);
    ck_assert_msg(trust_cert_generate(&request, person->key, &person->cert, &err) == 0, "%s", err.text);
}

static void ec_fini(struct person *person)
{
    trust_cert_free(person->cert);
    trust_key_free(person->key);
}

static void set_up(void)
{
    world_set_up();
    ec_init(&ec, "ec:P-256");
    ec_init(&other_ec, "ec:P-384");
}

static void tear_down(void)
{
    ec_fini(&ec);
    ec_fini(&other_ec);
    world_tear_down();
}

static int64_t open_rollout(const struct person *person)
{
    int64_t number;
    struct trust_rollout rollout = {.kind = TRUST_ROLLOUT_TVS,
                                    .filename = "ITLFile.tlv",
                                    .unit = TRUST_UNIT_TVS_ECDSA,
                                    .opened = 1700000000};
    memcpy(rollout.sha256, trust_cert_sha256(person->cert), sizeof rollout.sha256);
    ck_assert_msg(trust_store_add_rollout(site.store, &rollout, &number, &err) == 0, "%s", err.text);
    return number;
}

static void close_rollout(int64_t number, enum trust_rollout_end how)
{
    const struct trust_rollout_close end = {.when = 1700000001, .end = how};
    ck_assert_msg(trust_store_close_rollout(site.store, number, &end, &err) == 0, "%s", err.text);
}

static void roll_out(const struct person *person)
{
    site_set_own(&site, TRUST_UNIT_TVS_ECDSA, person);
    close_rollout(open_rollout(person), TRUST_ROLLOUT_BACK);
}

static void remove_key(const struct person *person)
{
    char keys[240];
    snprintf(keys, sizeof keys, "%s/%s", site.state, IDENTITY_KEYS);
    ck_assert_int_eq(trust_key_remove(keys, "TVS-ECDSA", person->cert, NULL), 0);
}

/* The certificate that a phone of today is shown, and that one of before is. */
static void expect_shown_to(int newest, const struct person *person)
{
    struct phone phone;
    int fd = phone_connect(&phone, &(struct phone_options){.newest = newest});
    struct tls *tls = tls_new(world.tls, fd);
    enum tls_step step = TLS_STEP_WANT_READ;
    for (int i = 0; i < 10 && step != TLS_STEP_DONE; i++) {
        phone_step(&phone);
        step = tls_handshake(tls);
    }
    ck_assert_int_eq(step, TLS_STEP_DONE);
    ck_assert_mem_eq(tls_certificate(tls), trust_cert_sha256(person->cert), TRUST_SHA256_SIZE);
    tls_free(tls);
    phone_fini(&phone);
    close(fd);
}

/* person NULL: none. part: of the reason why not; "": there is none. */
static void expect(const struct person *person, const char *part)
{
    ck_assert_int_eq(world.ecdsa != NULL, person != NULL);
    if (person != NULL)
        ck_assert(trust_cert_equal(world.ecdsa, person->cert));
    ck_assert_int_eq(world.ecdsa_why.code != 0, part[0] != '\0');
    ck_assert_msg(strstr(world.ecdsa_why.text, part) != NULL, "\"%s\" lacks \"%s\"", world.ecdsa_why.text,
                  part);
    ck_assert(trust_cert_equal(world.cert, tvs.cert));
    expect_shown_to(TLS1_3_VERSION, person != NULL ? person : &tvs);
    expect_shown_to(TLS1_2_VERSION, person != NULL ? person : &tvs);
}

START_TEST(there_is_none)
{
    ck_started();
    expect(NULL, "");
}
END_TEST

START_TEST(it_waits_for_its_rollout)
{
    site_set_own(&site, TRUST_UNIT_TVS_ECDSA, &ec);
    ck_started();
    expect(NULL, "no ITL with it was rolled out: `tvsctl utils itl update --config ");
    int64_t number = open_rollout(&ec);
    ck_assert(!store_changed()); /* nothing that is answered or shown */
    expect(NULL, "roll-out 1 is open: `tvsctl utils rollout close 1 --config ");
    close_rollout(number, TRUST_ROLLOUT_SUPERSEDED);
    ck_assert(!store_changed());
    expect(NULL, "no ITL with it was rolled out");
    const struct tls_context *before = world.tls;
    number = open_rollout(&ec);
    ck_assert(!store_changed());
    ck_assert_ptr_eq(world.tls, before);
    close_rollout(number, TRUST_ROLLOUT_BACK);
    ck_assert(store_changed());
    ck_assert_ptr_ne(world.tls, before);
    expect(&ec, "");
    ck_assert_msg(reload() == 0, "%s", err.text);
    expect(&ec, "");
    before = world.tls;
    ck_assert(!store_changed());
    ck_assert_ptr_eq(world.tls, before);
}
END_TEST

START_TEST(it_is_withdrawn)
{
    roll_out(&ec);
    ck_started();
    expect(&ec, "");
    ck_assert_int_eq(trust_store_withdraw_rollout(site.store, 1, 1700000009, &err), 0);
    ck_assert(store_changed());
    expect(NULL, "no ITL with it was rolled out");
}
END_TEST

START_TEST(it_is_replaced)
{
    roll_out(&ec);
    ck_started();
    site_set_own(&site, TRUST_UNIT_TVS_ECDSA, &other_ec);
    remove_key(&ec);
    ck_assert(store_changed());
    expect(NULL, "no ITL with it was rolled out");
    close_rollout(open_rollout(&other_ec), TRUST_ROLLOUT_BACK);
    ck_assert(store_changed());
    expect(&other_ec, "");
}
END_TEST

START_TEST(it_is_deleted)
{
    struct trust_cert *deleted;
    roll_out(&ec);
    ck_started();
    ck_assert_int_eq(trust_store_delete(site.store, TRUST_UNIT_TVS_ECDSA, "tvs", &deleted, &err), 0);
    trust_cert_free(deleted);
    ck_assert(store_changed());
    expect(NULL, "");
}
END_TEST

/* Without its key everybody is shown the other one; so it is when it comes back. */
START_TEST(its_key_is_lost)
{
    roll_out(&ec);
    remove_key(&ec);
    ck_started();
    expect(NULL,
           "no usable key for the TVS-ECDSA certificate; restore it from a backup, or `tvsctl set cert regen "
           "TVS-ECDSA --config ");
    ck_assert(store_changed());
    expect(NULL, "no usable key");
    site_set_own(&site, TRUST_UNIT_TVS_ECDSA, &ec);
    ck_assert(store_changed());
    expect(&ec, "");
    /* A reload is not refused for that. */
    remove_key(&ec);
    ck_assert_msg(reload() == 0, "%s", err.text);
    expect(NULL, "no usable key");
}
END_TEST

START_TEST(the_other_is_replaced)
{
    struct person fresh;
    roll_out(&ec);
    ck_started();
    person_init(&fresh, "tvs");
    site_set_own(&site, TRUST_UNIT_TVS, &fresh);
    ck_assert(store_changed());
    ck_assert(trust_cert_equal(world.cert, fresh.cert));
    ck_assert(trust_cert_equal(world.ecdsa, ec.cert));
    expect_shown_to(TLS1_2_VERSION, &ec);
    person_fini(&fresh);
}
END_TEST

/* It stands beside an RSA certificate, and is an EC one. */
START_TEST(what_cannot_be_shown)
{
    roll_out(&ec);
    site_set_own(&site, TRUST_UNIT_TVS, &other_ec);
    ck_started();
    ck_assert_ptr_null(world.ecdsa);
    ck_assert_str_eq(world.ecdsa_why.text, "the TVS certificate is no RSA certificate itself");
    expect_shown_to(TLS1_2_VERSION, &other_ec);
    site_set_own(&site, TRUST_UNIT_TVS, &tvs);
    ck_assert(store_changed());
    expect(&ec, "");
    roll_out(&stranger); /* RSA */
    ck_assert(store_changed());
    expect(NULL, "the TVS-ECDSA certificate has no EC key");
}
END_TEST

START_TEST(a_start_is_checked_with_it)
{
    struct trust_error warning;
    roll_out(&ec);
    ck_assert_int_eq(world_read_config(&world, config_path, &err), 0);
    ck_assert_msg(world_check(&world, &warning, &err) == 0, "%s", err.text);
    ck_assert_ptr_nonnull(world.ecdsa);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("identity: ECDSA");
    TCase *c = tcase_create("ECDSA");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, there_is_none);
    tcase_add_test(c, it_waits_for_its_rollout);
    tcase_add_test(c, it_is_withdrawn);
    tcase_add_test(c, it_is_replaced);
    tcase_add_test(c, it_is_deleted);
    tcase_add_test(c, its_key_is_lost);
    tcase_add_test(c, the_other_is_replaced);
    tcase_add_test(c, what_cannot_be_shown);
    tcase_add_test(c, a_start_is_checked_with_it);
    suite_add_tcase(s, c);
    return s;
}
