/* An index that takes the place of another: what stays is shared, and answers are those of one built anew. */
#include "libtrust/index_internal.h"
#include "tests/check_main.h"
#include "tests/failing_malloc.h"
#include "tests/libtrust/helper_index.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DER_SIZE 5000 /* a chunk holds some two hundred */

/* Certificate number n, as far as an index knows: issuers recur, serial numbers do not. */
struct made {
    uint8_t der[DER_SIZE], serial[4];
    char issuer[32];
    struct trust_entry entry;
};

static void make(struct made *made, uint32_t n)
{
    *made = (struct made){0};
    memcpy(made->der + DER_SIZE - sizeof n, &n, sizeof n);
    for (int i = 0; i < 4; i++)
        made->serial[i] = (uint8_t)(n * 2654435761u >> (8 * i)) | (i == 0);
    snprintf(made->issuer, sizeof made->issuer, "CN=ca-%u", (unsigned)(n % 7));
    made->entry = (struct trust_entry){.der = {made->der, DER_SIZE},
                                       .serial = {made->serial, sizeof made->serial},
                                       .issuer = made->issuer,
                                       .issuer_canonical = made->issuer,
                                       .issuer_canonical_full = made->issuer,
                                       .not_after = (time_t)n};
    struct trust_error err = {0};
    helper_ok(trust_digest_pieces(TRUST_DIGEST_SHA256, &made->entry.der, 1, made->entry.sha256, &err), &err);
}

static struct trust_index_builder *after(const struct trust_index *previous)
{
    struct trust_error err = {0};
    struct trust_index_builder *builder;
    helper_ok(trust_index_builder_after(&builder, previous, &err), &err);
    return builder;
}

static void add(struct trust_index_builder *builder, uint32_t n)
{
    struct trust_error err = {0};
    struct made made;
    make(&made, n);
    helper_ok(trust_index_add(builder, &made.entry, &err), &err);
}

static const struct trust_entry *entry_of(const struct trust_index *index, uint32_t n)
{
    struct made made;
    make(&made, n);
    return trust_index_by_der(index, made.entry.der);
}

/* Found by its bytes, and by serial number and issuer. */
static void ck_found(const struct trust_index *index, uint32_t n)
{
    struct trust_error err = {0};
    struct made made;
    make(&made, n);
    const struct trust_entry *entry = trust_index_by_der(index, made.entry.der), *asked;
    enum trust_found found;
    ck_assert_ptr_nonnull(entry);
    ck_assert_mem_eq(entry->sha256, made.entry.sha256, TRUST_SHA256_SIZE);
    ck_assert_int_eq(entry->not_after, (time_t)n);
    helper_ok(
        trust_index_query(index, made.entry.serial, made.issuer, strlen(made.issuer), &found, &asked, &err),
        &err);
    ck_assert_ptr_eq(asked, entry);
}

static struct trust_index *numbers(const struct trust_index *previous, uint32_t first, uint32_t end)
{
    struct trust_index_builder *builder = after(previous);
    for (uint32_t n = first; n < end; n++)
        add(builder, n);
    return helper_index_build(builder);
}

START_TEST(what_stays_is_not_copied)
{
    struct trust_index *old = numbers(NULL, 0, 800), *next = numbers(old, 100, 1000);
    ck_assert_uint_eq(trust_index_count(next), 900);
    for (uint32_t n = 300; n < 800; n++)
        ck_assert_ptr_eq(entry_of(next, n)->der.data, entry_of(old, n)->der.data);
    /* Each may go before the other. */
    struct trust_index *last = numbers(next, 100, 1000);
    trust_index_free(_i == 0 ? old : last);
    for (uint32_t n = 100; n < 1000; n++)
        ck_found(next, n);
    ck_assert_ptr_null(entry_of(next, 99));
    trust_index_free(next);
    if (_i == 0)
        ck_found(last, 300);
    else
        ck_found(old, 300);
    trust_index_free(_i == 0 ? last : old);
}
END_TEST

/* One certificate more each time, as a script imports them, is no chunk more each time. */
START_TEST(many_small_changes)
{
    struct trust_index *index = numbers(NULL, 0, 1);
    for (uint32_t n = 2; n < 300; n++) {
        struct trust_index *next = numbers(index, 0, n);
        trust_index_free(index);
        index = next;
    }
    size_t chunks = 0;
    for (size_t i = 0; i < index->holds.count; i++)
        chunks += index->holds.list[i].chunk != NULL;
    ck_assert_uint_le(chunks, 3);
    ck_found(index, 298);
    trust_index_free(index);
}
END_TEST

/* What is known of the bytes holds; what is said of the certificate may be something else. */
START_TEST(what_is_said_of_it_is_new)
{
    struct trust_index *old = numbers(NULL, 0, 3);
    struct trust_index_builder *builder = after(old);
    struct trust_error err = {0};
    struct made same, other;
    make(&same, 1);
    make(&other, 2);
    ck_assert_ptr_eq(trust_index_builder_known(builder, same.entry.der), entry_of(old, 1));
    same.entry.has_ttl = true;
    same.entry.ttl = 7;
    ck_assert(trust_roles_add(&same.entry.roles, TRUST_ROLE_TFTP));
    other.entry.issuer_canonical = other.entry.issuer_canonical_full = "CN=spelt otherwise";
    helper_ok(trust_index_add(builder, &same.entry, &err), &err);
    helper_ok(trust_index_add(builder, &other.entry, &err), &err);
    struct trust_index *next = helper_index_build(builder);
    trust_index_free(old);
    ck_assert_uint_eq(trust_index_count(next), 2);
    ck_found(next, 1);
    ck_assert_uint_eq(entry_of(next, 1)->ttl, 7);
    ck_assert(trust_roles_has(&entry_of(next, 1)->roles, TRUST_ROLE_TFTP));
    ck_assert_str_eq(entry_of(next, 2)->issuer_canonical, "CN=spelt otherwise");
    trust_index_free(next);
}
END_TEST

/* One of many that stays must not keep the memory of the others. */
START_TEST(little_that_stays_is_copied)
{
    struct trust_index *old = numbers(NULL, 0, 150), *few = numbers(old, 0, 10), *next = numbers(few, 0, 10);
    ck_assert_ptr_eq(entry_of(few, 5)->der.data, entry_of(old, 5)->der.data);
    ck_assert_ptr_ne(entry_of(next, 5)->der.data, entry_of(few, 5)->der.data);
    trust_index_free(old);
    trust_index_free(few);
    for (uint32_t n = 0; n < 10; n++)
        ck_found(next, n);
    trust_index_free(next);
}
END_TEST

static bool is_in(uint32_t n, unsigned generation)
{
    return (n * 2654435761u >> 13 ^ generation * 40503u) % 5 != 0;
}

/* Many generations of comings and goings, each built after the last. */
START_TEST(generations)
{
    enum { NUMBERS = 400 };
    struct trust_index *index = NULL;
    for (unsigned generation = 0; generation < 12; generation++) {
        struct trust_index_builder *builder = after(index);
        size_t count = 0;
        for (uint32_t i = 0; i < NUMBERS; i++) {
            uint32_t n = generation % 2 == 0 ? i : NUMBERS - 1 - i;
            if (is_in(n, generation))
                add(builder, n);
            count += is_in(n, generation);
        }
        struct trust_index *next = helper_index_build(builder);
        trust_index_free(index);
        index = next;
        ck_assert_uint_eq(trust_index_count(index), count);
        for (uint32_t n = 0; n < NUMBERS; n++) {
            if (is_in(n, generation))
                ck_found(index, n);
            else
                ck_assert_ptr_null(entry_of(index, n));
        }
    }
    trust_index_free(index);
}
END_TEST

/* With aliases, the order of the one before says nothing. */
START_TEST(after_one_with_aliases)
{
    struct trust_index_builder *builder = helper_builder();
    struct trust_error err = {0};
    helper_index_add_synthetic(builder, "one", "01", "CN=one");
    helper_index_add_synthetic(builder, "two", "02", "CN=two");
    helper_ok(helper_index_alias(builder, "two", "07", "CN=alias", &err), &err);
    struct trust_index *old = helper_index_build(builder);
    builder = after(old);
    helper_index_add_synthetic(builder, "three", "03", "CN=three");
    helper_index_add_synthetic(builder, "two", "02", "CN=two");
    if (_i > 0)
        helper_ok(helper_index_alias(builder, "three", "08", "CN=alias", &err), &err);
    struct trust_index *next = helper_index_build(builder);
    trust_index_free(old);
    helper_ask(next, "01", "CN=one", TRUST_FOUND_NONE, -1);
    helper_ask(next, "02", "CN=two", TRUST_FOUND_ONE, 1);
    helper_ask(next, "03", "CN=three", TRUST_FOUND_ONE, 0);
    helper_ask(next, "07", "CN=alias", TRUST_FOUND_NONE, -1);
    helper_ask(next, "08", "CN=alias", _i > 0 ? TRUST_FOUND_ONE : TRUST_FOUND_NONE, _i > 0 ? 0 : -1);
    trust_index_free(next);
}
END_TEST

/* A builder that is given up leaves the index before it as it was. */
START_TEST(given_up)
{
    struct trust_index *old = numbers(NULL, 0, 20);
    struct trust_index_builder *builder = after(old);
    for (uint32_t n = 10; n < 30; n++)
        add(builder, n);
    trust_index_builder_free(builder);
    for (uint32_t n = 0; n < 20; n++)
        ck_found(old, n);
    trust_index_free(old);
}
END_TEST

struct scene {
    struct trust_index *old;
    struct made made[40]; /* the first is in old; more than the first table takes */
};

static int build_after(void *arg, struct trust_error *err)
{
    const struct trust_index *old = ((struct scene *)arg)->old;
    const struct made *made = ((struct scene *)arg)->made;
    struct trust_index_builder *builder;
    struct trust_index *next = NULL;
    int rc = trust_index_builder_after(&builder, old, err);
    for (int i = 0; rc == 0 && i < 40; i++)
        rc = trust_index_add(builder, &made[i].entry, err);
    if (rc == 0)
        rc = trust_index_build(builder, &next, err);
    MEMORY_EXPECT((rc == 0) == (next != NULL));
    MEMORY_EXPECT(rc != 0 || trust_index_by_der(next, made[0].entry.der) != NULL);
    MEMORY_EXPECT(rc != 0 || trust_index_by_der(next, made[39].entry.der) != NULL);
    MEMORY_EXPECT(trust_index_by_der(old, made[0].entry.der) != NULL);
    trust_index_builder_free(builder);
    trust_index_free(next);
    return rc;
}

START_TEST(out_of_memory)
{
    struct scene scene = {.old = numbers(NULL, 0, 20)};
    make(&scene.made[0], 1);
    for (uint32_t i = 1; i < 40; i++)
        make(&scene.made[i], 1000 + i);
    const struct failing_act act = {.name = "index after another", .act = build_after};
    failing_malloc_each(&act, &scene);
    trust_index_free(scene.old);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("index: sharing");
    TCase *c = tcase_create("sharing");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, what_stays_is_not_copied, 0, 2);
    tcase_add_test(c, many_small_changes);
    tcase_add_test(c, what_is_said_of_it_is_new);
    tcase_add_test(c, little_that_stays_is_copied);
    tcase_add_test(c, generations);
    tcase_add_loop_test(c, after_one_with_aliases, 0, 2);
    tcase_add_test(c, given_up);
    tcase_add_test(c, out_of_memory);
    suite_add_tcase(s, c);
    return s;
}
