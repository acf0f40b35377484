/* Snapshots share their parts, and the last holder frees them. */
#include "tests/check_main.h"

#include "tvsd/snapshot.h"

#include <malloc.h>
#include <string.h>
#include <time.h>

static struct trust_key *key;
static struct trust_cert *cert;

static void set_up(void)
{
    const struct trust_cert_request request = {
        .common_name = "snapshot", .days = 10, .digest = TRUST_DIGEST_SHA256, .now = time(NULL)};
    ck_assert_int_eq(trust_key_generate("rsa:2048", &key, NULL), 0);
    ck_assert_int_eq(trust_cert_generate(&request, key, &cert, NULL), 0);
}

static void tear_down(void)
{
    trust_cert_free(cert);
    trust_key_free(key);
}

static struct config *make_config(int ttl)
{
    char text[64];
    struct config *config = NULL;
    struct trust_error err = {0};
    int len = snprintf(text, sizeof text, "answers: { ttl: %d }\n", ttl);
    ck_assert_msg(config_parse(text, (size_t)len, "test", &config, &err) == 0, "%s", err.text);
    return config;
}

/* An index of `count` certificates (0 or 1). */
static struct trust_index *make_index(int count)
{
    struct trust_index_builder *builder;
    struct trust_index *index;
    ck_assert_int_eq(trust_index_builder_new(&builder, NULL), 0);
    if (count > 0) {
        struct trust_entry entry = {
            .der = trust_cert_der(cert),
            .serial = trust_cert_serial(cert),
            .issuer = trust_name_cucm(trust_cert_issuer(cert)),
            .issuer_canonical = trust_name_canonical(trust_cert_issuer(cert)),
            .issuer_canonical_full = trust_name_canonical_full(trust_cert_issuer(cert)),
        };
        memcpy(entry.sha256, trust_cert_sha256(cert), sizeof entry.sha256);
        ck_assert_int_eq(trust_index_add(builder, &entry, NULL), 0);
    }
    ck_assert_int_eq(trust_index_build(builder, &index, NULL), 0);
    trust_index_builder_free(builder);
    return index;
}

static struct tls_context *make_tls(const struct config *config)
{
    struct tls_context *tls = NULL;
    struct trust_error err = {0};
    ck_assert_msg(tls_context_new(config, cert, key, NULL, &tls, &err) == 0, "%s", err.text);
    return tls;
}

struct parts {
    struct snapshot_part *config, *tls, *store, *ctl;
};

static struct parts make_parts(void)
{
    struct config *config = make_config(100);
    struct parts parts = {
        .config = snapshot_part_config(config),
        .tls = snapshot_part_tls(make_tls(config)),
        .store = snapshot_part_index(make_index(1)),
        .ctl = snapshot_part_index(make_index(0)),
    };
    ck_assert(parts.config != NULL && parts.tls != NULL && parts.store != NULL && parts.ctl != NULL);
    return parts;
}

static void drop_parts(struct parts *parts)
{
    snapshot_part_unref(parts->config);
    snapshot_part_unref(parts->tls);
    snapshot_part_unref(parts->store);
    snapshot_part_unref(parts->ctl);
}

START_TEST(a_snapshot_keeps_its_parts)
{
    struct parts parts = make_parts();
    struct snapshot *snapshot = snapshot_new(parts.config, parts.tls, parts.store, parts.ctl, 1);
    ck_assert_ptr_nonnull(snapshot);
    drop_parts(&parts);
    ck_assert_uint_eq(snapshot->generation, 1);
    ck_assert_int_eq(snapshot->config->answers.ttl, 100);
    ck_assert_ptr_nonnull(snapshot->tls);
    ck_assert_uint_eq(trust_index_count(snapshot->store), 1);
    ck_assert_uint_eq(trust_index_count(snapshot->ctl), 0);
    ck_assert_ptr_nonnull(trust_index_by_der(snapshot->store, trust_cert_der(cert)));
    snapshot_free(snapshot);
}
END_TEST

START_TEST(what_did_not_change_is_shared)
{
    struct parts parts = make_parts();
    struct snapshot *old = snapshot_new(parts.config, parts.tls, parts.store, parts.ctl, 1);
    struct snapshot_part *fresh = snapshot_part_index(make_index(1));
    struct snapshot *next = snapshot_new(parts.config, parts.tls, parts.store, fresh, 2);
    drop_parts(&parts);
    snapshot_part_unref(fresh);
    ck_assert_ptr_eq(old->config, next->config);
    ck_assert_ptr_eq(old->tls, next->tls);
    ck_assert_ptr_eq(old->store, next->store);
    ck_assert_ptr_ne(old->ctl, next->ctl);

    const struct trust_index *store = old->store;
    snapshot_free(old);
    ck_assert_ptr_nonnull(trust_index_by_der(store, trust_cert_der(cert)));
    ck_assert_uint_eq(trust_index_count(next->ctl), 1);
    ck_assert_int_eq(next->config->answers.ttl, 100);
    snapshot_free(next);
}
END_TEST

/* Those that exist are counted, whoever shares parts with them. */
START_TEST(they_are_counted)
{
    struct parts parts = make_parts();
    ck_assert_uint_eq(snapshot_made(), 0);
    struct snapshot *old = snapshot_new(parts.config, parts.tls, parts.store, parts.ctl, 1);
    struct snapshot *next = snapshot_new(parts.config, parts.tls, parts.store, parts.ctl, 2);
    drop_parts(&parts);
    ck_assert_uint_eq(snapshot_made(), 2);
    ck_assert_uint_eq(snapshot_live(), 2);
    snapshot_free(old);
    snapshot_free(NULL);
    ck_assert_uint_eq(snapshot_live(), 1);
    snapshot_free(next);
    ck_assert_uint_eq(snapshot_made(), 2);
    ck_assert_uint_eq(snapshot_live(), 0);
}
END_TEST

START_TEST(freeing_nothing_is_fine)
{
    snapshot_part_unref(NULL);
    snapshot_free(NULL);
}
END_TEST

static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

/* Thousands of reloads, as years bring them. With a sanitizer its leak check says the same more precisely,
 * and mallinfo2 nothing. */
START_TEST(nothing_is_left_behind)
{
    enum { WARM = 1000, MEASURED = 5000 };
    struct parts parts = make_parts();
    struct snapshot *current = snapshot_new(parts.config, parts.tls, parts.store, parts.ctl, 1);
    size_t before = 0;
    for (unsigned long i = 0; i < WARM + MEASURED; i++) {
        if (i == WARM)
            before = in_use();
        snapshot_part_unref(parts.ctl);
        parts.ctl = snapshot_part_index(make_index((int)(i % 2)));
        struct snapshot *next = snapshot_new(parts.config, parts.tls, parts.store, parts.ctl, i + 2);
        ck_assert_ptr_nonnull(next);
        snapshot_free(current);
        current = next;
    }
    ck_assert_uint_le(in_use(), before + MEASURED * 8);
    snapshot_free(current);
    drop_parts(&parts);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("snapshot");
    TCase *c = tcase_create("parts");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_snapshot_keeps_its_parts);
    tcase_add_test(c, what_did_not_change_is_shared);
    tcase_add_test(c, they_are_counted);
    tcase_add_test(c, freeing_nothing_is_fine);
    tcase_add_test(c, nothing_is_left_behind);
    suite_add_tcase(s, c);
    return s;
}
