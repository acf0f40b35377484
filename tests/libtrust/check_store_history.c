/* What was published, what has still to be put in place, and which requests wait. */
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

/* ---- Published lists */

static int64_t next(void)
{
    int64_t number;
    helper_ok(trust_store_next_publication(s.store, &number, &err), &err);
    return number;
}

static int publish(int64_t number, const struct trust_list *list, const char *phrase)
{
    return trust_store_add_publication(s.store, number, list, "CTLFile.tlv", T0 + number, phrase, "admin",
                                       &err);
}

static int print(void *arg, const struct trust_publication *p)
{
    FILE *out = arg;
    fprintf(out, "%lld|%s|%lld|%s|%s|%s|%s|%s|%s|%lld|%lld\n", (long long)p->number, p->filename,
            (long long)p->published, p->phrase, p->person, p->md5, p->sha1, p->signer, p->serial,
            (long long)p->size, (long long)p->records);
    return p->number == 7 ? 3 : 0;
}

static void history_is(int result, const char *expected)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    ck_assert_int_eq(trust_store_each_publication(s.store, print, out, &err), result);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

/* Checksums of the file by md5sum and sha1sum; the header itself names the signer in another order. */
#define PEER_ROW                                                                                             \
    "d1fccd415cddb9f1573a47d491979bc2|af2f20d0e96c7777b27c0cc89f7d0bdbc9366395|"                             \
    "CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL|70CAF64E090751B9DF22F49F754FC5BB|4818|"   \
    "4\n"

START_TEST(publications_with_what_the_list_says)
{
    struct trust_bytes file = fixture_read("good/peer-ctl-sha1.tlv");
    struct trust_list *list = helper_parse(file);
    ck_assert_int_eq(next(), 1);
    history_is(0, "");
    helper_ok(publish(1, list, "utils ctl update CTLFile"), &err);
    ck_assert_int_eq(next(), 2);
    helper_ok(publish(7, list, "second"), &err); /* numbers may be left out */
    ck_assert_int_eq(next(), 8);
    helper_ok(publish(5, list, "between"), &err);
    ck_assert_int_eq(next(), 8);
    ck_assert_int_eq(publish(5, list, "again"), TRUST_EEXISTS);
    ck_assert_ptr_nonnull(strstr(err.text, "5"));
    history_is(3, "1|CTLFile.tlv|1400000001|utils ctl update CTLFile|admin|" PEER_ROW
                  "5|CTLFile.tlv|1400000005|between|admin|" PEER_ROW
                  "7|CTLFile.tlv|1400000007|second|admin|" PEER_ROW);
    trust_list_free(list);
    fixture_free(file);
}
END_TEST

/* A row of another store's history keeps its dates and names; numbers are not given twice. */
START_TEST(rows_of_another_history)
{
    const struct trust_publication row = {
        .number = 41,
        .filename = "ITLFile.tlv",
        .published = T0,
        .phrase = "utils itl update",
        .person = "admin",
        .md5 = "m",
        .sha1 = "s",
        .signer = "CN=x",
        .serial = "01",
        .size = 1000,
        .records = 4,
    };
    helper_ok(trust_store_copy_publication(s.store, &row, &err), &err);
    history_is(0, "41|ITLFile.tlv|1400000000|utils itl update|admin|m|s|CN=x|01|1000|4\n");
    ck_assert_int_eq(next(), 42);
    ck_assert_int_eq(trust_store_copy_publication(s.store, &row, &err), TRUST_EEXISTS);
}
END_TEST

START_TEST(visiting_stops_when_asked)
{
    struct trust_list list = {.header = {.signer_name = {(const uint8_t *)"CN=a", 4}}};
    helper_ok(publish(7, &list, "stops"), &err);
    helper_ok(publish(9, &list, "not seen"), &err);
    history_is(3, "7|CTLFile.tlv|1400000007|stops|admin|d41d8cd98f00b204e9800998ecf8427e|"
                  "da39a3ee5e6b4b0d3255bfef95601890afd80709|CN=a||0|0\n");
}
END_TEST

/* The header's bytes are anybody's: one line whatever they are. */
START_TEST(signers_that_are_no_names)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *shown;
    } signers[] = {
        {"C=PL,CN=b", 9, "CN=b;C=PL"},
        {"no name\nat all", 14, "no name\\0Aat all"},
        {"", 0, ""},
        {"a\0b", 3, "a\\00b"},
    };
    for (size_t i = 0; i < sizeof signers / sizeof signers[0]; i++) {
        static const uint8_t serial[] = {0x0a, 0xbc};
        struct trust_list list = {.header = {
                                      .signer_name = {(const uint8_t *)signers[i].bytes, signers[i].len},
                                      .serial = {serial, 2},
                                  }};
        char expected[100];
        helper_ok(publish((int64_t)i + 1, &list, ""), &err);
        snprintf(expected, sizeof expected, "%s|0ABC;", signers[i].shown);
        helper_sql_is(s.store, "select signer, signerserial from publication order by number desc limit 1",
                      expected);
    }
}
END_TEST

START_TEST(readers_publish_nothing)
{
    struct trust_list list = {0};
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    ck_assert_int_eq(trust_store_add_publication(reader, 1, &list, "CTLFile.tlv", T0, "", "", &err),
                     TRUST_EDENIED);
    trust_store_close(reader);
    ck_assert_int_eq(next(), 1);
}
END_TEST

/* ---- What has still to be put in place */

static int add(enum trust_place place, const char *folder, const char *staged, const char *name)
{
    struct trust_pending pending = {place, folder, staged, name};
    return trust_store_add_pending(s.store, &pending, &err);
}

static int print_pending(void *arg, const struct trust_pending *pending)
{
    FILE *out = arg;
    fprintf(out, "%d %s|%s|%s\n", (int)pending->place, pending->folder, pending->staged, pending->name);
    return strcmp(pending->name, "stop") == 0 ? 5 : 0;
}

static void pending_is(int result, const char *expected)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    ck_assert_int_eq(trust_store_each_pending(s.store, print_pending, out, &err), result);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

static void count_is(int64_t expected)
{
    int64_t count;
    helper_ok(trust_store_count_pending(s.store, &count, &err), &err);
    ck_assert_int_eq(count, expected);
}

START_TEST(pending_files_in_their_order)
{
    pending_is(0, "");
    count_is(0);
    helper_ok(add(TRUST_PLACE_TFTP, "/srv/tftp", ".tvs-abcdef", "CTLFile.tlv"), &err);
    helper_ok(add(TRUST_PLACE_KEYS, "", "TVS-1.pem.new", "TVS-1.pem"), &err);
    helper_ok(add(TRUST_PLACE_KEYS, NULL, "", "TVS-0.pem"), &err);
    helper_ok(add(TRUST_PLACE_STATE, "", "published/.tvs-bcdefg", "..policy"), &err);
    helper_ok(add(TRUST_PLACE_PUBLISHED, "", ".tvs-cdefgh", "stop"), &err);
    helper_ok(add(TRUST_PLACE_KEYS, "", "", "never seen"), &err);
    pending_is(5, "3 /srv/tftp|.tvs-abcdef|CTLFile.tlv\n"
                  "0 |TVS-1.pem.new|TVS-1.pem\n"
                  "0 ||TVS-0.pem\n"
                  "2 |published/.tvs-bcdefg|..policy\n"
                  "1 |.tvs-cdefgh|stop\n");
    helper_sql_is(s.store, "select place from pendingfile order by number",
                  "tftp;keys;keys;state;published;keys;");
    count_is(6);
    helper_ok(trust_store_clear_pending(s.store, &err), &err);
    pending_is(0, "");
    count_is(0);
    helper_ok(trust_store_clear_pending(s.store, &err), &err);
}
END_TEST

START_TEST(pending_files_are_decided_by_the_commit)
{
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    int64_t seen;
    helper_ok(trust_store_begin(s.store, &err), &err);
    helper_ok(add(TRUST_PLACE_KEYS, "", "a.new", "a"), &err);
    helper_ok(trust_store_count_pending(reader, &seen, &err), &err);
    ck_assert_int_eq(seen, 0);
    trust_store_rollback(s.store);
    count_is(0);
    helper_ok(trust_store_begin(s.store, &err), &err);
    helper_ok(add(TRUST_PLACE_KEYS, "", "a.new", "a"), &err);
    helper_ok(trust_store_commit(s.store, &err), &err);
    helper_ok(trust_store_count_pending(reader, &seen, &err), &err);
    ck_assert_int_eq(seen, 1);
    trust_store_close(reader);
}
END_TEST

START_TEST(pending_files_stay_in_their_places)
{
    static const struct {
        enum trust_place place;
        const char *folder, *staged, *name;
    } bad[] = {
        {TRUST_PLACE_KEYS, "", "a", ""},          {TRUST_PLACE_KEYS, "", "a", "../a"},
        {TRUST_PLACE_KEYS, "", "a", ".."},        {TRUST_PLACE_KEYS, "", "a", "."},
        {TRUST_PLACE_KEYS, "", "a", "/a"},        {TRUST_PLACE_KEYS, "", "a", NULL},
        {TRUST_PLACE_KEYS, "", NULL, "a"},        {TRUST_PLACE_KEYS, "", "../a", "a"},
        {TRUST_PLACE_KEYS, "", "b/../../a", "a"}, {TRUST_PLACE_KEYS, "", "b/..", "a"},
        {TRUST_PLACE_KEYS, "", "/a", "a"},        {TRUST_PLACE_KEYS, "/tmp", "a", "a"},
        {TRUST_PLACE_TFTP, "", "a", "a"},         {TRUST_PLACE_TFTP, NULL, "a", "a"},
        {(enum trust_place)4, "", "a", "a"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(add(bad[i].place, bad[i].folder, bad[i].staged, bad[i].name) == TRUST_EARGUMENT,
                      "case %zu", i);
    count_is(0);

    /* Nor when somebody else wrote the row. */
    static const char *const rows[] = {"'', 'keys/../../x'", "'../x', 'a'", "'/x', 'a'", "'a', '..'",
                                       "'a', ''"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sql[160];
        snprintf(sql, sizeof sql,
                 "DELETE FROM pendingfile; INSERT INTO pendingfile (place, staged, name) VALUES ('keys', %s)",
                 rows[i]);
        helper_exec(s.path, sql);
        pending_is(TRUST_ESTORE, "");
        ck_assert_ptr_nonnull(strstr(err.text, s.path));
    }
}
END_TEST

/* ---- Requests */

static void set_csr(const char *node, enum trust_unit unit, const char *request, time_t created)
{
    struct trust_csr_row row = {node, unit, request, created};
    helper_ok(trust_store_set_csr(s.store, &row, &err), &err);
}

static int print_csr(void *arg, const struct trust_csr_row *row)
{
    FILE *out = arg;
    fprintf(out, "%s %d %s %lld;", row->server_name, (int)row->unit, row->request, (long long)row->created);
    return strcmp(row->request, "STOP") == 0 ? 4 : 0;
}

static void requests_are(int result, const char *expected)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    ck_assert_int_eq(trust_store_each_csr(s.store, print_csr, out, &err), result);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(requests_one_for_each_unit)
{
    requests_are(0, "");
    set_csr("sub", TRUST_UNIT_CALLMANAGER, "A", 1);
    set_csr("pub", TRUST_UNIT_TVS, "B", 2);
    set_csr("pub", TRUST_UNIT_CALLMANAGER, "C", 3);
    set_csr("pub", TRUST_UNIT_TVS, "D", 4); /* instead of B */
    requests_are(0, "pub 3 C 3;pub 11 D 4;sub 3 A 1;");
    helper_ok(trust_store_drop_csr(s.store, "pub", TRUST_UNIT_CALLMANAGER, &err), &err);
    helper_ok(trust_store_drop_csr(s.store, "pub", TRUST_UNIT_CALLMANAGER, &err), &err);
    requests_are(0, "pub 11 D 4;sub 3 A 1;");
    set_csr("pub", TRUST_UNIT_TVS, "STOP", 5);
    requests_are(4, "pub 11 STOP 5;");
}
END_TEST

START_TEST(requests_that_make_no_sense)
{
    static const struct trust_csr_row bad[] = {
        {"pub", TRUST_UNIT_TVS_TRUST, "A", 1},  {"pub", (enum trust_unit)0, "A", 1},
        {"pub", (enum trust_unit)4711, "A", 1}, {"", TRUST_UNIT_TVS, "A", 1},
        {NULL, TRUST_UNIT_TVS, "A", 1},         {"pub", TRUST_UNIT_TVS, "", 1},
        {"pub", TRUST_UNIT_TVS, NULL, 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(trust_store_set_csr(s.store, &bad[i], &err) == TRUST_EARGUMENT, "case %zu", i);
    requests_are(0, "");
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("store: history");
    TCase *history = tcase_create("history");
    tcase_add_checked_fixture(history, set_up, tear_down);
    tcase_add_test(history, publications_with_what_the_list_says);
    tcase_add_test(history, rows_of_another_history);
    tcase_add_test(history, visiting_stops_when_asked);
    tcase_add_test(history, signers_that_are_no_names);
    tcase_add_test(history, readers_publish_nothing);
    suite_add_tcase(suite, history);
    TCase *pending = tcase_create("pending");
    tcase_add_checked_fixture(pending, set_up, tear_down);
    tcase_add_test(pending, pending_files_in_their_order);
    tcase_add_test(pending, pending_files_are_decided_by_the_commit);
    tcase_add_test(pending, pending_files_stay_in_their_places);
    suite_add_tcase(suite, pending);
    TCase *requests = tcase_create("requests");
    tcase_add_checked_fixture(requests, set_up, tear_down);
    tcase_add_test(requests, requests_one_for_each_unit);
    tcase_add_test(requests, requests_that_make_no_sense);
    suite_add_tcase(suite, requests);
    return suite;
}
