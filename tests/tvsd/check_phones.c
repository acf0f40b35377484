/* The table of phones: who is remembered, who makes room, which roll-outs they followed. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/line_writer.h"
#include "tvsd/phone_line.h"
#include "tvsd/phones.h"
#include "tvsd/sightings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t signer[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, other[32] = {1, 2, 3, 4, 5, 6, 7, 9},
                     server[32] = {8, 8, 8, 8, 8, 8, 8, 8};

static struct sighting sighting_of(const char *name, time_t when)
{
    return (struct sighting){
        .when = when,
        .device = {(const uint8_t *)name, strlen(name)},
        .address = "192.0.2.1",
        .tls = "TLSv1.2",
        .class = "strict",
        .asked = "verify",
        .result = "trusted",
    };
}

static void see(struct phones *phones, const char *name, time_t when)
{
    const struct sighting sighting = sighting_of(name, when);
    phones_see(phones, &sighting);
}

static const struct phone *find(const struct phones *phones, const char *name)
{
    const struct phone *phone;
    for (size_t i = 0; (phone = phones_at(phones, i)) != NULL; i++)
        if (strcmp(phone->name, name) == 0)
            return phone;
    return NULL;
}

START_TEST(a_phone_is_remembered)
{
    struct phones *phones = phones_new(10);
    struct sighting second = sighting_of("SEP1", 200);
    see(phones, "SEP1", 100);
    second.address = "2001:db8:ffff:ffff:ffff:ffff:255.255.255.255";
    second.tls = "TLSv1.0";
    second.class = "legacy";
    second.asked = "query";
    second.result = "ambiguous";
    second.about = signer;
    second.shown = server;
    phones_see(phones, &second);
    ck_assert_uint_eq(phones_count(phones), 1);
    const struct phone *phone = phones_at(phones, 0);
    ck_assert_str_eq(phone->name, "SEP1");
    ck_assert(!phone->cut);
    ck_assert_str_eq(phone->address, second.address);
    ck_assert_int_eq(phone->first, 100);
    ck_assert_int_eq(phone->last, 200);
    ck_assert_str_eq(phone->tls, "TLSv1.0");
    ck_assert_str_eq(phone->class, "legacy");
    ck_assert_str_eq(phone->asked, "query");
    ck_assert_str_eq(phone->result, "ambiguous");
    ck_assert_uint_eq(phone->count, 2);
    ck_assert_mem_eq(phone->about, signer, PHONE_DIGEST);
    ck_assert_mem_eq(phone->shown, server, PHONE_DIGEST);
    ck_assert_ptr_null(phones_at(phones, 1));
    /* A clock that is set back. */
    see(phones, "SEP1", 50);
    ck_assert_int_eq(phone->first, 100);
    ck_assert_int_eq(phone->last, 100);
    phones_free(phones);
    phones_free(NULL);
}
END_TEST

/* Names are bytes from anybody. */
START_TEST(names_of_all_kinds)
{
    struct phones *phones = phones_new(10);
    char longest[PHONE_NAME_MAX + 1], longer[PHONE_NAME_MAX + 2], huge[5000];
    memset(longest, 'a', sizeof longest);
    memset(longer, 'a', sizeof longer);
    memset(huge, 'a', sizeof huge);
    longest[PHONE_NAME_MAX] = longer[PHONE_NAME_MAX + 1] = huge[sizeof huge - 1] = '\0';
    see(phones, longest, 1);
    see(phones, longer, 1);
    see(phones, huge, 1); /* cut, it is the same */
    ck_assert_uint_eq(phones_count(phones), 2);
    ck_assert(!phones_at(phones, 0)->cut);
    ck_assert(phones_at(phones, 1)->cut);
    ck_assert_str_eq(phones_at(phones, 1)->name, longest);
    ck_assert_uint_eq(phones_at(phones, 1)->count, 2);

    struct sighting nul = sighting_of("", 1);
    nul.device = (struct trust_bytes){(const uint8_t *)"a\0b", 3};
    phones_see(phones, &nul);
    ck_assert_str_eq(phones_at(phones, 2)->name, "a");
    ck_assert(phones_at(phones, 2)->cut);

    /* Without a name it is the address; a name that looks like one is another phone. */
    struct sighting nameless = sighting_of("", 1), elsewhere = nameless;
    elsewhere.address = "192.0.2.2";
    phones_see(phones, &nameless);
    phones_see(phones, &nameless);
    phones_see(phones, &elsewhere);
    see(phones, "192.0.2.1", 1);
    nul.device.len = 0;
    phones_see(phones, &nul);
    ck_assert_uint_eq(phones_count(phones), 6);
    ck_assert_uint_eq(phones_at(phones, 3)->count, 3);
    ck_assert(!phones_at(phones, 3)->cut);
    phones_free(phones);
}
END_TEST

START_TEST(who_was_away_longest_makes_room)
{
    struct phones *phones = phones_new(3);
    see(phones, "a", 1);
    see(phones, "b", 2);
    see(phones, "c", 3);
    see(phones, "a", 4);
    see(phones, "d", 5);
    ck_assert_uint_eq(phones_count(phones), 3);
    ck_assert_uint_eq(phones_forgotten(phones), 1);
    ck_assert_ptr_null(find(phones, "b"));
    ck_assert_uint_eq(find(phones, "a")->count, 2);
    see(phones, "e", 6);
    see(phones, "a", 7);
    see(phones, "f", 8);
    ck_assert_ptr_null(find(phones, "c"));
    ck_assert_ptr_null(find(phones, "d"));
    ck_assert_ptr_nonnull(find(phones, "e"));
    ck_assert_uint_eq(find(phones, "a")->count, 3);
    ck_assert_uint_eq(phones_forgotten(phones), 3);
    phones_free(phones);

    phones = phones_new(1);
    see(phones, "a", 1);
    see(phones, "b", 1);
    ck_assert_str_eq(phones_at(phones, 0)->name, "b");
    phones_free(phones);

    phones = phones_new(0);
    see(phones, "a", 1);
    ck_assert_uint_eq(phones_count(phones), 0);
    ck_assert_ptr_null(phones_at(phones, 0));
    phones_free(phones);
}
END_TEST

/* Against a list that is searched from end to end. */
START_TEST(as_a_plain_list_would_be)
{
    enum { MAX = 700, NAMES = 1500, ROUNDS = 40000 };
    static int order[MAX];
    size_t count = 0;
    unsigned random = 1;
    struct phones *phones = phones_new(MAX);
    for (int round = 0; round < ROUNDS; round++) {
        char name[16];
        random = random * 1103515245u + 12345u;
        int n = (int)(random >> 16) % NAMES;
        size_t at = 0;
        snprintf(name, sizeof name, "SEP%d", n);
        see(phones, name, round);
        while (at < count && order[at] != n)
            at++;
        if (at == count && count == MAX)
            at = 0; /* the oldest */
        else if (at == count)
            count++;
        memmove(order + at, order + at + 1, (count - at - 1) * sizeof order[0]);
        order[count - 1] = n;
    }
    ck_assert_uint_eq(phones_count(phones), count);
    for (size_t i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "SEP%d", order[i]);
        ck_assert_ptr_nonnull(find(phones, name));
    }
    phones_free(phones);
}
END_TEST

/* ---- Roll-outs */

static struct phones_rollout rollout_of(int64_t number, enum trust_rollout_kind kind, int64_t opened,
                                        const uint8_t *certificate)
{
    struct phones_rollout rollout = {.number = number, .kind = kind, .opened = opened};
    memcpy(rollout.digest, certificate, PHONE_DIGEST);
    return rollout;
}

static void set(struct phones *phones, const struct phones_rollout *rollouts, size_t count)
{
    ck_assert_int_eq(phones_set_rollouts(phones, rollouts, count, NULL), 0);
}

START_TEST(who_has_followed)
{
    struct phones *phones = phones_new(10);
    const struct phones_rollout open[] = {rollout_of(3, TRUST_ROLLOUT_SIGNER, 100, signer),
                                          rollout_of(4, TRUST_ROLLOUT_TVS, 150, server)};
    struct sighting asks = sighting_of("asks", 160), is_shown = sighting_of("is shown", 160),
                    asks_else = sighting_of("asks else", 160), crossed = sighting_of("crossed", 160);
    asks.about = signer;
    is_shown.shown = server;
    asks_else.about = other;
    crossed.about = server;
    crossed.shown = signer;
    set(phones, open, 2);
    phones_see(phones, &asks);
    phones_see(phones, &is_shown);
    phones_see(phones, &asks_else);
    phones_see(phones, &crossed);
    ck_assert_int_eq(phone_followed(find(phones, "asks"), 3), 160);
    ck_assert_int_eq(phone_followed(find(phones, "asks"), 4), 0);
    ck_assert_int_eq(phone_followed(find(phones, "is shown"), 4), 160);
    ck_assert_int_eq(phone_followed(find(phones, "is shown"), 3), 0);
    ck_assert_int_eq(phone_followed(find(phones, "asks else"), 3), 0);
    ck_assert_int_eq(phone_followed(find(phones, "crossed"), 3), 0);
    /* The first time counts, and what it asks later takes nothing away. */
    asks.when = 170;
    phones_see(phones, &asks);
    see(phones, "asks", 180);
    ck_assert_int_eq(phone_followed(find(phones, "asks"), 3), 160);
    /* Closed ones are forgotten, the others not. */
    set(phones, open + 1, 1);
    ck_assert_int_eq(phone_followed(find(phones, "asks"), 3), 0);
    ck_assert_int_eq(phone_followed(find(phones, "is shown"), 4), 160);
    set(phones, NULL, 0);
    ck_assert_int_eq(phone_followed(find(phones, "is shown"), 4), 0);
    phones_free(phones);
}
END_TEST

/* A phone that asks before the roll-out is known here is credited if it was open by then, and only by what it
 * asked last. */
START_TEST(who_was_quicker_than_we)
{
    struct phones *phones = phones_new(10);
    const struct phones_rollout open = rollout_of(3, TRUST_ROLLOUT_SIGNER, 100, signer);
    struct sighting before = sighting_of("before", 99), since = sighting_of("since", 100),
                    else_since = sighting_of("else since", 99);
    before.about = since.about = else_since.about = signer;
    phones_see(phones, &before);
    phones_see(phones, &since);
    phones_see(phones, &else_since);
    see(phones, "else since", 120);
    uint64_t changes = phones_changes(phones);
    set(phones, &open, 1);
    ck_assert_uint_gt(phones_changes(phones), changes);
    ck_assert_int_eq(phone_followed(find(phones, "before"), 3), 0);
    ck_assert_int_eq(phone_followed(find(phones, "since"), 3), 100);
    ck_assert_int_eq(phone_followed(find(phones, "else since"), 3), 0);
    /* The same again is no change. */
    changes = phones_changes(phones);
    set(phones, &open, 1);
    ck_assert_uint_eq(phones_changes(phones), changes);
    phones_free(phones);
}
END_TEST

START_TEST(more_rollouts_than_are_kept)
{
    enum { COUNT = PHONE_FOLLOWED_MAX + 2 };
    struct phones *phones = phones_new(10);
    struct phones_rollout open[COUNT];
    struct sighting asks = sighting_of("a", 200);
    asks.about = signer;
    for (int64_t i = 0; i < COUNT; i++)
        open[i] = rollout_of(i + 1, TRUST_ROLLOUT_SIGNER, 100, signer);
    set(phones, open, COUNT);
    phones_see(phones, &asks);
    const struct phone *phone = find(phones, "a");
    ck_assert_int_eq(phone_followed(phone, 1), 0);
    ck_assert_int_eq(phone_followed(phone, 2), 0);
    ck_assert_int_eq(phone_followed(phone, 3), 200);
    ck_assert_int_eq(phone_followed(phone, COUNT), 200);
    phones_free(phones);
}
END_TEST

/* ---- Over a restart */

START_TEST(what_a_file_brings)
{
    struct phones *phones = phones_new(3);
    const struct phones_rollout open = rollout_of(3, TRUST_ROLLOUT_SIGNER, 100, signer);
    struct phone young = {.name = "young", .first = 1, .last = 30},
                 old = {.name = "old", .first = 1, .last = 10, .followed = {{2, 5}, {3, 6}}},
                 middle = {.name = "middle", .first = 1, .last = 20},
                 late = {.name = "late", .first = 1, .last = 40};
    set(phones, &open, 1);
    ck_assert(phones_put(phones, &young));
    ck_assert(phones_put(phones, &old));
    ck_assert(phones_put(phones, &old));
    ck_assert(phones_put(phones, &middle));
    ck_assert(!phones_put(phones, &late));
    ck_assert_int_eq(phones_sort(phones, NULL), 0);
    ck_assert_uint_eq(phones_count(phones), 3);
    ck_assert_int_eq(phone_followed(find(phones, "old"), 3), 6);
    ck_assert_int_eq(phone_followed(find(phones, "old"), 2), 0);
    see(phones, "new", 50);
    ck_assert_ptr_null(find(phones, "old"));
    see(phones, "newer", 60);
    ck_assert_ptr_null(find(phones, "middle"));
    ck_assert_ptr_nonnull(find(phones, "young"));
    phones_free(phones);
}
END_TEST

/* tvsd reads its file first, and learns of the roll-outs from the store then. */
START_TEST(a_file_before_the_rollouts)
{
    struct phones *phones = phones_new(3);
    const struct phones_rollout open = rollout_of(3, TRUST_ROLLOUT_SIGNER, 100, signer);
    const struct phone phone = {.name = "phone", .first = 1, .last = 120, .followed = {{2, 90}, {3, 110}}};
    ck_assert(phones_put(phones, &phone));
    set(phones, &open, 1);
    ck_assert_int_eq(phone_followed(find(phones, "phone"), 3), 110);
    ck_assert_int_eq(phone_followed(find(phones, "phone"), 2), 0);
    phones_free(phones);
    phones = phones_new(3);
    ck_assert(phones_put(phones, &phone));
    set(phones, NULL, 0);
    ck_assert_int_eq(phone_followed(find(phones, "phone"), 3), 0);
    phones_free(phones);
}
END_TEST

/* Whatever is in a phone comes out of its line again. */
START_TEST(lines_are_read_as_written)
{
    static const char *const names[] = {
        "CP-8861-SEPB000B4BA0AEE",
        "",
        "x\x1b[31m\"\\ \n\t\x7f",
        "\xff\xfe\xc0\x80",
        "\xe2\x80\xae reversed \xe2\x80\x8b",
        "a b=c name=d",
        "\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c"
        "\x1d\x1e"
        "\x1f\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char line[PHONE_LINE_MAX];
        struct phone again, phone = {.cut = i % 2 == 1,
                                     .address = "2001:db8::1",
                                     .first = 1,
                                     .last = UINT32_MAX,
                                     .tls = "TLSv1.3",
                                     .class = "strict",
                                     .asked = "query",
                                     .result = "ambiguous",
                                     .count = INT64_MAX};
        ck_assert_uint_le(strlen(names[i]), PHONE_NAME_MAX);
        strcpy(phone.name, names[i]);
        memcpy(phone.about, signer, PHONE_DIGEST);
        for (uint32_t j = 0; j < PHONE_FOLLOWED_MAX; j++)
            phone.followed[j] = (struct phone_followed){UINT32_MAX - j, UINT32_MAX};
        size_t len = phone_line(&phone, line);
        ck_assert_uint_lt(len, sizeof line);
        ck_assert_int_eq(line[len - 1], '\n');
        line[len - 1] = '\0';
        for (size_t at = 0; line[at] != '\0'; at++)
            ck_assert_msg((unsigned char)line[at] >= ' ' && line[at] != 0x7f, "a control byte in %s", line);
        ck_assert_msg(phone_parse(line, &again), "%zu", i);
        ck_assert_mem_eq(&again, &phone, sizeof phone);
    }
}
END_TEST

/* Values that have no room are cut or left out; the line stays one that can be read. */
START_TEST(lines_that_are_full)
{
    char out[256], big[1000];
    memset(big, '\x01', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    for (size_t len = 0; len < 260; len++) {
        struct line_writer line;
        struct line_field fields[8];
        size_t count;
        line_begin(&line, out, sizeof out);
        line_bytes(&line, "padding",
                   "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
                   "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
                   "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
                   "abcdefghijklmnopqrstuvwxyz",
                   len);
        line_text(&line, "big", big);
        line_integer(&line, "least", INT64_MIN);
        line_hex(&line, "hex", signer, sizeof signer);
        size_t used = line_end(&line);
        ck_assert_uint_le(used, sizeof out);
        out[used - 1] = '\0';
        ck_assert_msg(used == 1 || line_split(out, fields, 8, &count), "%zu: %s", len, out);
    }
}
END_TEST

/* ---- Memory */

START_TEST(a_hundred_thousand)
{
    enum { MANY = 100000 };
    struct phones *phones = phones_new(MANY);
    size_t empty = phones_bytes(phones);
    for (int i = 0; i < MANY + 1000; i++) {
        char name[32];
        snprintf(name, sizeof name, "CP-8861-SEP%012X", (unsigned)i);
        see(phones, name, i);
    }
    ck_assert_uint_eq(phones_count(phones), MANY);
    ck_assert_uint_eq(phones_forgotten(phones), 1000);
    ck_assert_uint_le(phones_bytes(phones), (size_t)MANY * PHONES_BYTES_EACH);
    ck_assert_uint_lt(empty, 1024 * 1024);
    printf("%d phones: %zu bytes\n", MANY, phones_bytes(phones));
    phones_free(phones);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("phones");
    TCase *table = tcase_create("the table"), *rollouts = tcase_create("roll-outs"),
          *lines = tcase_create("lines");
    tcase_add_test(table, a_phone_is_remembered);
    tcase_add_test(table, names_of_all_kinds);
    tcase_add_test(table, who_was_away_longest_makes_room);
    tcase_add_test(table, as_a_plain_list_would_be);
    tcase_add_test(table, what_a_file_brings);
    tcase_add_test(table, a_file_before_the_rollouts);
    tcase_add_test(table, a_hundred_thousand);
    suite_add_tcase(suite, table);
    tcase_add_test(rollouts, who_has_followed);
    tcase_add_test(rollouts, who_was_quicker_than_we);
    tcase_add_test(rollouts, more_rollouts_than_are_kept);
    suite_add_tcase(suite, rollouts);
    tcase_add_test(lines, lines_are_read_as_written);
    tcase_add_test(lines, lines_that_are_full);
    suite_add_tcase(suite, lines);
    return suite;
}
