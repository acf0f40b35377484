/* Roll-outs: opened, told, closed with the phones that were known; and what was forced. */
#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T0 ((time_t)1400000000)

static struct helper_store s;
static struct trust_error err;

static void set_up(void)
{
    s = helper_store_new();
    err = (struct trust_error){0};
}

static void tear_down(void)
{
    helper_store_free(&s);
}

static struct trust_rollout of(enum trust_rollout_kind kind, uint8_t digest)
{
    struct trust_rollout rollout = {
        .kind = kind,
        .filename = "ITLFile.tlv",
        .publication = 12,
        .unit = kind == TRUST_ROLLOUT_TVS ? TRUST_UNIT_TVS : TRUST_UNIT_CALLMANAGER,
        .server_name = "pub",
        .subject = "CN=pub",
        .issuer = "CN=ca",
        .serial = "0A",
        .opened = T0,
        .phrase = "set cert regen CallManager",
        .person = "admin",
    };
    memset(rollout.sha256, digest, sizeof rollout.sha256);
    return rollout;
}

static int64_t open_one(const struct trust_rollout *rollout)
{
    int64_t number;
    helper_ok(trust_store_add_rollout(s.store, rollout, &number, &err), &err);
    return number;
}

static int close_one(int64_t number, enum trust_rollout_end how, const struct trust_rollout_phone *phones,
                     size_t count)
{
    const struct trust_rollout_close end = {
        .when = T0 + 60,
        .person = "eve",
        .end = how,
        .counted = phones != NULL,
        .phones = phones,
        .count = count,
    };
    return trust_store_close_rollout(s.store, number, &end, &err);
}

static int print(void *arg, const struct trust_rollout *r)
{
    fprintf(arg, "%lld %s %s %lld %d %s %02x%02x %s %s %s %lld %s %s, %s %lld %s %lld/%lld\n",
            (long long)r->number, trust_rollout_kind_name(r->kind), r->filename, (long long)r->publication,
            r->unit, r->server_name, r->sha256[0], r->sha256[TRUST_SHA256_SIZE - 1], r->subject, r->issuer,
            r->serial, (long long)r->opened, r->phrase, r->person, trust_rollout_end_name(r->end),
            (long long)r->closed, r->closed_by, (long long)r->asked, (long long)r->known);
    return r->number == 7 ? 3 : 0;
}

static void rollouts_are(enum trust_rollout_which which, int result, const char *expected)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    ck_assert_int_eq(trust_store_each_rollout(s.store, which, print, out, &err), result);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

static int print_phone(void *arg, const struct trust_rollout_phone *phone)
{
    fprintf(arg, "%s@%s %lld %lld;", phone->name, phone->address, (long long)phone->asked,
            (long long)phone->last_seen);
    return strcmp(phone->name, "stop") == 0 ? 5 : 0;
}

static void phones_are(int64_t number, int result, const char *expected)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    ck_assert_int_eq(trust_store_each_rollout_phone(s.store, number, print_phone, out, &err), result);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(opened_and_closed)
{
    const struct trust_rollout signer = of(TRUST_ROLLOUT_SIGNER, 0xab), tvs = of(TRUST_ROLLOUT_TVS, 0xcd);
    rollouts_are(TRUST_ROLLOUTS_ALL, 0, "");
    ck_assert_int_eq(open_one(&signer), 1);
    ck_assert_int_eq(open_one(&tvs), 2);
#define FIRST                                                                                                \
    "1 signer ITLFile.tlv 12 3 pub abab CN=pub CN=ca 0A 1400000000 set cert regen CallManager admin, "
#define SECOND                                                                                               \
    "2 tvs ITLFile.tlv 12 11 pub cdcd CN=pub CN=ca 0A 1400000000 set cert regen CallManager admin, "
    rollouts_are(TRUST_ROLLOUTS_OPEN, 0, FIRST "open 0  -1/-1\n" SECOND "open 0  -1/-1\n");
    const struct trust_rollout_phone phones[] = {
        {"SEP2", "192.0.2.2", T0 + 5, T0 + 9},
        {"SEP1", "192.0.2.1", 0, T0 + 8},
        {"SEP2", "192.0.2.2", 0, 0}, /* again */
        {NULL, "192.0.2.3", 0, 0},
    };
    helper_ok(close_one(1, TRUST_ROLLOUT_BACK, phones, 4), &err);
    rollouts_are(TRUST_ROLLOUTS_OPEN, 0, SECOND "open 0  -1/-1\n");
    rollouts_are(TRUST_ROLLOUTS_ALL, 0, FIRST "back 1400000060 eve 1/3\n" SECOND "open 0  -1/-1\n");
    phones_are(1, 0, "@192.0.2.3 0 0;SEP1@192.0.2.1 0 1400000008;SEP2@192.0.2.2 1400000005 1400000009;");
    phones_are(2, 0, "");
    helper_ok(close_one(2, TRUST_ROLLOUT_SUPERSEDED, NULL, 0), &err);
    rollouts_are(TRUST_ROLLOUTS_ALL, 0,
                 FIRST "back 1400000060 eve 1/3\n" SECOND "superseded 1400000060 eve -1/-1\n");
    ck_assert_int_eq(open_one(&signer), 3);
}
END_TEST

START_TEST(closed_with_nobody_known)
{
    const struct trust_rollout signer = of(TRUST_ROLLOUT_SIGNER, 1);
    const struct trust_rollout_phone none;
    open_one(&signer);
    helper_ok(close_one(1, TRUST_ROLLOUT_BACK, &none, 0), &err);
    helper_sql_is(s.store, "select how, asked, known from rollout", "back|0|0;");
}
END_TEST

START_TEST(closed_once_and_only_if_there)
{
    const struct trust_rollout signer = of(TRUST_ROLLOUT_SIGNER, 1);
    open_one(&signer);
    ck_assert_int_eq(close_one(2, TRUST_ROLLOUT_BACK, NULL, 0), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "there is no roll-out 2"));
    ck_assert_int_eq(close_one(1, TRUST_ROLLOUT_OPEN, NULL, 0), TRUST_EARGUMENT);
    ck_assert_int_eq(close_one(1, 7, NULL, 0), TRUST_EARGUMENT);
    helper_ok(close_one(1, TRUST_ROLLOUT_BACK, NULL, 0), &err);
    const struct trust_rollout_phone phone = {"late", "", 1, 1};
    ck_assert_int_eq(close_one(1, TRUST_ROLLOUT_SUPERSEDED, &phone, 1), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "roll-out 1 is closed already"));
    phones_are(1, 0, "");
    helper_sql_is(s.store, "select how from rollout", "back;");
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    struct trust_rollout rollout = of(TRUST_ROLLOUT_SIGNER, 1);
    int64_t number = 9;
    rollout.filename = NULL;
    ck_assert_int_eq(trust_store_add_rollout(s.store, &rollout, &number, &err), TRUST_EARGUMENT);
    ck_assert_int_eq(number, 0);
    rollout = of(TRUST_ROLLOUT_SIGNER, 1);
    rollout.kind = 9;
    ck_assert_int_eq(trust_store_add_rollout(s.store, &rollout, &number, &err), TRUST_EARGUMENT);
    helper_sql_is(s.store, "select count(*) from rollout", "0;");
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    rollout = of(TRUST_ROLLOUT_SIGNER, 1);
    ck_assert_int_eq(trust_store_add_rollout(reader, &rollout, &number, &err), TRUST_EDENIED);
    trust_store_close(reader);
}
END_TEST

/* A list may hold nothing but another hash of a certificate; and other software writes what it likes. */
START_TEST(a_certificate_that_is_not_known)
{
    struct trust_rollout rollout = of(TRUST_ROLLOUT_TVS, 0);
    rollout.subject = rollout.issuer = rollout.serial = rollout.server_name = NULL;
    rollout.phrase = rollout.person = NULL;
    open_one(&rollout);
    helper_sql_is(s.store, "select sha256, subject, servername, phrase from rollout", "|||;");
    rollouts_are(TRUST_ROLLOUTS_ALL, 0, "1 tvs ITLFile.tlv 12 11  0000    1400000000  , open 0  -1/-1\n");
    static const char *const bad[] = {"'xy'",
                                      "'"
                                      "g"
                                      "'",
                                      "upper(hex(zeroblob(31))) || 'ZZ'", "hex(zeroblob(33))", "x'00ff'"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char sql[120];
        snprintf(sql, sizeof sql, "UPDATE rollout SET sha256 = %s", bad[i]);
        helper_exec(s.path, sql);
        rollouts_are(TRUST_ROLLOUTS_ALL, 0, "1 tvs ITLFile.tlv 12 11  0000    1400000000  , open 0  -1/-1\n");
    }
    const uint8_t unknown[TRUST_SHA256_SIZE] = {0};
    bool is = true;
    helper_ok(close_one(1, TRUST_ROLLOUT_BACK, NULL, 0), &err);
    helper_exec(s.path, "UPDATE rollout SET sha256 = ''");
    helper_ok(trust_store_rolled_out(s.store, unknown, &is, &err), &err);
    ck_assert(!is);
}
END_TEST

START_TEST(visiting_stops_when_asked)
{
    const struct trust_rollout signer = of(TRUST_ROLLOUT_SIGNER, 1);
    const struct trust_rollout_phone phones[] = {{"a", "", 0, 0}, {"stop", "", 0, 0}, {"z", "", 0, 0}};
    for (int i = 0; i < 8; i++)
        open_one(&signer);
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    ck_assert_int_eq(trust_store_each_rollout(s.store, TRUST_ROLLOUTS_ALL, print, out, &err), 3);
    fclose(out);
    free(text);
    helper_ok(close_one(3, TRUST_ROLLOUT_BACK, phones, 3), &err);
    phones_are(3, 5, "a@ 0 0;stop@ 0 0;");
}
END_TEST

static bool rolled_out(uint8_t digest)
{
    uint8_t sha256[TRUST_SHA256_SIZE];
    bool is;
    memset(sha256, digest, sizeof sha256);
    helper_ok(trust_store_rolled_out(s.store, sha256, &is, &err), &err);
    return is;
}

START_TEST(phones_are_served_when_they_are_back)
{
    const struct trust_rollout tvs = of(TRUST_ROLLOUT_TVS, 0xee), signer = of(TRUST_ROLLOUT_SIGNER, 0xdd);
    ck_assert(!rolled_out(0xee));
    open_one(&tvs);
    ck_assert(!rolled_out(0xee));
    helper_ok(close_one(1, TRUST_ROLLOUT_SUPERSEDED, NULL, 0), &err);
    ck_assert(!rolled_out(0xee)); /* nobody's word */
    open_one(&tvs);
    helper_ok(close_one(2, TRUST_ROLLOUT_BACK, NULL, 0), &err);
    ck_assert(rolled_out(0xee));
    ck_assert(!rolled_out(0xdd));
    open_one(&tvs); /* again, after it was out of the lists */
    ck_assert(!rolled_out(0xee));
    helper_ok(close_one(3, TRUST_ROLLOUT_BACK, NULL, 0), &err);
    ck_assert(rolled_out(0xee));
    open_one(&signer);
    helper_ok(close_one(4, TRUST_ROLLOUT_BACK, NULL, 0), &err);
    ck_assert(!rolled_out(0xdd)); /* who signs lists is not served */
    helper_ok(trust_store_withdraw_rollout(s.store, 2, T0 + 90, &err), &err);
    ck_assert(rolled_out(0xee)); /* the last counts */
    helper_ok(trust_store_withdraw_rollout(s.store, 3, T0 + 90, &err), &err);
    ck_assert(!rolled_out(0xee));
    open_one(&tvs);
    helper_ok(trust_store_withdraw_rollout(s.store, 5, T0 + 90, &err), &err); /* it is open */
    helper_sql_is(s.store,
                  "select number, withdrawn from rollout where withdrawn > 0 or closed = 0 order by 1",
                  "2|1400000090;3|1400000090;5|0;");
}
END_TEST

START_TEST(they_follow_a_node_to_its_new_name)
{
    const struct trust_rollout tvs = of(TRUST_ROLLOUT_TVS, 1);
    const struct trust_node node = {"pub", ""};
    helper_ok(trust_store_put_node(s.store, &node, &err), &err);
    open_one(&tvs);
    helper_ok(trust_store_rename_node(s.store, "pub", "new", &err), &err);
    helper_sql_is(s.store, "select servername from rollout", "new;");
    helper_ok(trust_store_delete_node(s.store, "new", &err), &err);
    helper_sql_is(s.store, "select servername from rollout", "new;");
}
END_TEST

START_TEST(many_phones)
{
    enum { COUNT = 20000 };
    const struct trust_rollout signer = of(TRUST_ROLLOUT_SIGNER, 1);
    struct trust_rollout_phone *phones = calloc(COUNT, sizeof *phones);
    char(*names)[24] = calloc(COUNT, sizeof *names);
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "SEP%012d", i);
        phones[i] = (struct trust_rollout_phone){names[i], "192.0.2.1", i % 4 != 0 ? T0 : 0, T0};
    }
    open_one(&signer);
    helper_ok(close_one(1, TRUST_ROLLOUT_BACK, phones, COUNT), &err);
    helper_sql_is(s.store, "select asked, known, (select count(*) from rolloutphone) from rollout",
                  "15000|20000|20000;");
    free(names);
    free(phones);
}
END_TEST

START_TEST(a_failure_leaves_it_open)
{
    const struct trust_rollout signer = of(TRUST_ROLLOUT_SIGNER, 1);
    const struct trust_rollout_phone phones[] = {{"a", "", 0, 0}, {"b", "", 0, 0}};
    open_one(&signer);
    helper_exec(s.path, "CREATE TRIGGER broken BEFORE INSERT ON rolloutphone WHEN NEW.name = 'b'"
                        " BEGIN SELECT RAISE(ABORT, 'broken'); END");
    ck_assert_int_eq(close_one(1, TRUST_ROLLOUT_BACK, phones, 2), TRUST_ESTORE);
    helper_sql_is(s.store, "select closed, how, known, (select count(*) from rolloutphone) from rollout",
                  "0||-1|0;");
}
END_TEST

static int copy_here(void *arg, const struct trust_rollout *rollout)
{
    return trust_store_copy_rollout(arg, s.store, rollout, &err);
}

static void copy_to(const struct helper_store *other)
{
    helper_ok(trust_store_each_rollout(s.store, TRUST_ROLLOUTS_ALL, copy_here, other->store, &err), &err);
}

START_TEST(out_of_another_store)
{
    const struct trust_rollout signer = of(TRUST_ROLLOUT_SIGNER, 1), tvs = of(TRUST_ROLLOUT_TVS, 2);
    struct trust_rollout later = of(TRUST_ROLLOUT_SIGNER, 1);
    const struct trust_rollout_phone phones[] = {{"a", "x", 5, 6}, {"b", "", 0, 0}};
    struct helper_store other = helper_store_new();
    int64_t number;
    open_one(&signer);
    open_one(&tvs);
    later.opened = T0 + 1;
    open_one(&later);
    /* There: the first, open still; another one has taken the number 2. */
    helper_ok(trust_store_add_rollout(other.store, &signer, &number, &err), &err);
    later.opened = T0 + 2;
    helper_ok(trust_store_add_rollout(other.store, &later, &number, &err), &err);
    helper_ok(close_one(1, TRUST_ROLLOUT_BACK, phones, 2), &err);
    helper_ok(close_one(2, TRUST_ROLLOUT_SUPERSEDED, NULL, 0), &err);
    helper_ok(trust_store_withdraw_rollout(s.store, 2, T0 + 70, &err), &err);
#define ROWS                                                                                                 \
    "select number, kind, opened - 1400000000, how, closedby, asked, known, withdrawn from rollout order "   \
    "by 1"
    static const char expected[] = "1|signer|0|back|eve|1|2|0;2|signer|2|||-1|-1|0;"
                                   "3|tvs|0|superseded|eve|-1|-1|1400000070;4|signer|1|||-1|-1|0;";
    copy_to(&other);
    helper_sql_is(other.store, ROWS, expected);
    helper_sql_is(other.store, "select * from rolloutphone order by 2", "1|a|x|5|6;1|b||0|0;");
    copy_to(&other);
    helper_sql_is(other.store, ROWS, expected);
    /* What was closed there stays so, as it was closed there. */
    const struct trust_rollout_close end = {
        .when = T0 + 99, .person = "bob", .end = TRUST_ROLLOUT_SUPERSEDED};
    helper_ok(trust_store_close_rollout(other.store, 4, &end, &err), &err);
    helper_ok(close_one(3, TRUST_ROLLOUT_BACK, phones, 2), &err);
    copy_to(&other);
    helper_sql_is(other.store, "select how, closedby from rollout where number = 4", "superseded|bob;");
    helper_sql_is(other.store, "select count(*) from rolloutphone", "2;");
    helper_store_free(&other);
}
END_TEST

static int print_forced(void *arg, const struct trust_forced *forced)
{
    fprintf(arg, "%lld %lld %s %s %s %s;", (long long)forced->number, (long long)forced->at, forced->phrase,
            forced->person, forced->guard, forced->reason);
    return 0;
}

START_TEST(what_was_forced)
{
    const struct trust_forced forced = {
        0, T0, "set cert regen TVS", "eve", "rollout-open", "roll-out 1 is open"};
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    helper_ok(trust_store_add_forced(s.store, &forced, &err), &err);
    helper_ok(trust_store_add_forced(s.store, &(struct trust_forced){.at = T0 + 1}, &err), &err);
    struct trust_forced copy = forced;
    helper_ok(trust_store_copy_forced(s.store, &copy, &err), &err); /* it is there */
    copy.at = T0 + 2;
    helper_ok(trust_store_copy_forced(s.store, &copy, &err), &err);
    helper_ok(trust_store_each_forced(s.store, print_forced, out, &err), &err);
    fclose(out);
    ck_assert_str_eq(text, "1 1400000000 set cert regen TVS eve rollout-open roll-out 1 is open;"
                           "2 1400000001    ;"
                           "3 1400000002 set cert regen TVS eve rollout-open roll-out 1 is open;");
    free(text);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("store: roll-outs");
    TCase *rollouts = tcase_create("roll-outs");
    tcase_add_checked_fixture(rollouts, set_up, tear_down);
    tcase_add_test(rollouts, opened_and_closed);
    tcase_add_test(rollouts, closed_with_nobody_known);
    tcase_add_test(rollouts, closed_once_and_only_if_there);
    tcase_add_test(rollouts, what_makes_no_sense_is_refused);
    tcase_add_test(rollouts, a_certificate_that_is_not_known);
    tcase_add_test(rollouts, visiting_stops_when_asked);
    tcase_add_test(rollouts, phones_are_served_when_they_are_back);
    tcase_add_test(rollouts, they_follow_a_node_to_its_new_name);
    tcase_add_test(rollouts, many_phones);
    tcase_add_test(rollouts, a_failure_leaves_it_open);
    tcase_add_test(rollouts, out_of_another_store);
    tcase_add_test(rollouts, what_was_forced);
    suite_add_tcase(suite, rollouts);
    return suite;
}
