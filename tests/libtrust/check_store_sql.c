/* `run sql`: the statements that operators know, and what is refused. */
#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdlib.h>
#include <string.h>

START_TEST(statements_of_the_notes)
{
    struct helper_store s = helper_store_new();
    struct trust_cert *pub = helper_cert_file("pub.crt"), *foreign = helper_cert_file("stormin-pub.crt");
    helper_set_own(s.store, "cucm-1051-a-pub", TRUST_UNIT_CALLMANAGER, pub);
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, foreign);
    helper_sql_is(s.store,
                  "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'",
                  "ClusterSecurityMode|0;");
    /* No order is asked for, so none is promised. */
    char *rows =
        helper_sql(s.store, "select c.subjectname, c.serialnumber, c.ipv4address, t.name from certificate as "
                            "c, certificatetrustrolemap as r, typetrustrole as t where c.pkid = "
                            "r.fkcertificate and t.enum = r.tktrustrole");
    static const char *const expected[] = {
        "CN=cucm-1051-a-pub,OU=TAC,O=Cisco,L=Krakow,ST=Malopolska,C=PL|6b1d357b6841740b078fee4a1813d5d6|"
        "192.0.2.1|SAST;",
        "CN=cucm-1051-a-pub,OU=TAC,O=Cisco,L=Krakow,ST=Malopolska,C=PL|6b1d357b6841740b078fee4a1813d5d6|"
        "192.0.2.1|CallManager+TFTP;",
        "CN=ucm11pub.stormin.local,OU=IST,O=Stormin,L=Brisbane,ST=QLD,C=AU|"
        "24000000179479b8f124ac3f3b000000000017||Application server;",
    };
    size_t len = 0;
    for (size_t i = 0; i < 3; i++) {
        ck_assert_msg(strstr(rows, expected[i]) != NULL, "%s lacks %s", rows, expected[i]);
        len += strlen(expected[i]);
    }
    ck_assert_uint_eq(strlen(rows), len);
    free(rows);
    helper_sql_is(s.store, "select issuername from certificate where servername = ''",
                  "CN=stormin-WIN2012-CA,DC=stormin,DC=local;");
    trust_cert_free(pub);
    trust_cert_free(foreign);
    helper_store_free(&s);
}
END_TEST

static const struct {
    const char *statement, *result;
} allowed[] = {
    {"select 1", "1;"},
    {"SELECT NULL, 'x', 2.5", "NULL|x|2.5;"},
    {"select x'00ff', x'', ''", "X'00FF'|X''|;"},
    {" ; select 1 ; -- nothing more\n /* here */ ;", "1;"},
    {"select count(*) from certificate", "0;"},
    {"select 1 where 0", ""},
    {"values (1), (2)", "1;2;"},
    {"select upper(name) from typetrustrole where enum in (select 4 union select 21) order by enum",
     "CAPF;AUTHENTICATION AND AUTHORIZATION;"},
};

START_TEST(what_is_allowed)
{
    struct helper_store s = helper_store_new();
    helper_sql_is(s.store, allowed[_i].statement, allowed[_i].result);
    helper_store_free(&s);
}
END_TEST

static const struct {
    const char *statement;
    int rc;
    const char *part;
} refused[] = {
    {"delete from certificate", TRUST_EDENIED, "only SELECT"},
    {"update processconfig set paramvalue = '1'", TRUST_EDENIED, "only SELECT"},
    {"insert into processconfig values ('a', 'b')", TRUST_EDENIED, "only SELECT"},
    {"create table t (a)", TRUST_EDENIED, "only SELECT"},
    {"create temp table t (a)", TRUST_EDENIED, "only SELECT"},
    {"drop table certificate", TRUST_EDENIED, "only SELECT"},
    {"attach database '/tmp/x' as x", TRUST_EDENIED, "only SELECT"},
    {"vacuum into '/tmp/x'", TRUST_EDENIED, "only SELECT"},
    {"pragma user_version", TRUST_EDENIED, "only SELECT"},
    {"pragma journal_mode = delete", TRUST_EDENIED, "only SELECT"},
    {"select * from pragma_table_info('certificate')", TRUST_EDENIED, ""},
    {"begin", TRUST_EDENIED, "only SELECT"},
    {"savepoint a", TRUST_EDENIED, "only SELECT"},
    {"analyze", TRUST_EDENIED, "only SELECT"},
    {"explain select 1", TRUST_EDENIED, "only SELECT"},
    {"explain query plan select 1", TRUST_EDENIED, "only SELECT"},
    {"with recursive n (i) as (select 1 union all select i + 1 from n) select i from n", TRUST_EDENIED,
     "only SELECT"},
    {"select load_extension('/tmp/x')", TRUST_EDENIED, "load_extension()"},
    {"select 1; select 2", TRUST_EDENIED, "one statement"},
    {"select 1; delete from certificate", TRUST_EDENIED, "one statement"},
    {"select 1; nonsense", TRUST_EDENIED, "one statement"},
    {"", TRUST_EEMPTY, "no statement"},
    {" ; -- nothing", TRUST_EEMPTY, "no statement"},
    {"selct 1", TRUST_EVALUE, "syntax error"},
    {"select a from nowhere", TRUST_EVALUE, "no such table"},
    {"select \"a\nb\" from nowhere", TRUST_EVALUE, ""},
    {"select abs(-9223372036854775807 - 1)", TRUST_EVALUE, "overflow"},
};

static int count_calls(void *arg, int count, const char *const *cells)
{
    (void)count, (void)cells;
    ++*(int *)arg;
    return 0;
}

START_TEST(what_is_refused)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    int calls = 0;
    struct trust_sql_sink sink = {.arg = &calls, .columns = count_calls, .row = count_calls};
    int rc = trust_store_sql(s.store, refused[_i].statement, &sink, &err);
    ck_assert_msg(rc == refused[_i].rc, "%s: %s (%s)", refused[_i].statement, trust_error_name(rc), err.text);
    ck_assert_msg(strstr(err.text, refused[_i].part) != NULL, "%s: %s", refused[_i].statement, err.text);
    ck_assert_ptr_null(strchr(err.text, '\n'));
    ck_assert_int_le(calls, 1);

    /* Nothing of it stays: the store can be written as before. */
    helper_ok(trust_store_set_param(s.store, "A", "1", &err), &err);
    helper_store_free(&s);
}
END_TEST

START_TEST(place_of_a_mistake)
{
    struct helper_store s = helper_store_new();
    struct trust_error err = {0};
    int calls = 0;
    struct trust_sql_sink sink = {.arg = &calls, .columns = count_calls, .row = count_calls};
    ck_assert_int_eq(trust_store_sql(s.store, "; select nowhere from certificate", &sink, &err),
                     TRUST_EVALUE);
    ck_assert_uint_eq(err.offset, 9);
    helper_store_free(&s);
}
END_TEST

static int refuse(void *arg, int count, const char *const *cells)
{
    (void)arg, (void)count, (void)cells;
    return 42;
}

START_TEST(the_sink_can_end_it)
{
    struct helper_store s = helper_store_new();
    int calls = 0;
    struct trust_sql_sink at_columns = {.arg = &calls, .columns = refuse, .row = count_calls};
    struct trust_sql_sink at_row = {.arg = &calls, .columns = count_calls, .row = refuse};
    ck_assert_int_eq(trust_store_sql(s.store, "select 1", &at_columns, NULL), 42);
    ck_assert_int_eq(calls, 0);
    ck_assert_int_eq(trust_store_sql(s.store, "select name from typetrustrole", &at_row, NULL), 42);
    ck_assert_int_eq(calls, 1);
    helper_store_free(&s);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("store: run sql");
    TCase *sql = tcase_create("run sql");
    tcase_add_test(sql, statements_of_the_notes);
    tcase_add_loop_test(sql, what_is_allowed, 0, sizeof allowed / sizeof allowed[0]);
    tcase_add_loop_test(sql, what_is_refused, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(sql, place_of_a_mistake);
    tcase_add_test(sql, the_sink_can_end_it);
    suite_add_tcase(s, sql);
    return s;
}
