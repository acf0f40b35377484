/* run sql, and the take-over of other people's database. */
#include "helper.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>

START_TEST(operators_queries)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "run sql select 1");
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no store yet");
    bench_run(&bench, "set cert regen CallManager");
    bench_run(
        &bench,
        "run sql select paramname,paramvalue from processconfig where \"paramname='ClusterSecurityMode'\"");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_str_eq(
        bench.out, "paramname           paramvalue\n=================== ==========\nClusterSecurityMode 0\n");
    /* As a shell hands it over when it is not quoted. */
    bench_run(&bench, "run sql select paramname from processconfig where paramname=ClusterSecurityMode");
    bench_expect(&bench, TVSCTL_REFUSED, "", "put the whole statement into");
    bench_run(&bench,
              "run sql \"select c.subjectname, c.serialnumber, c.ipv4address, t.name from certificate as c, "
              "certificatetrustrolemap as r, typetrustrole as t where c.pkid = r.fkcertificate and t.enum = "
              "r.tktrustrole\"");
    bench_expect(&bench, TVSCTL_DONE, "subjectname serialnumber ipv4address name\n", "");
    bench_expect(&bench, TVSCTL_DONE, " 10.48.47.155 CallManager+TFTP\n", "");
    bench_expect(&bench, TVSCTL_DONE, " 10.48.47.155 SAST\n", "");
    bench_close(&bench);
}
END_TEST

static const struct {
    const char *statement;
    int status;
    const char *out, *err;
} statements[] = {
    {"select 1 as one, null as none, 'a b' as text", TVSCTL_DONE, "one none text\n=== ==== ====\n1 a b\n",
     ""},
    {"select pkid from certificate where 0", TVSCTL_DONE, "pkid\n====\n", ""},
    {"select char(27) || '[2J' as c", TVSCTL_DONE, "c\n======\n\\1B[2J\n", ""},
    {"select char(10) as c", TVSCTL_DONE, "\\0A\n", ""},
    {"delete from certificate", TVSCTL_REFUSED, "", "tvsctl: "},
    {"select 1; select 2", TVSCTL_REFUSED, "", "tvsctl: "},
    {"pragma data_version", TVSCTL_REFUSED, "", "tvsctl: "},
    {"attach 'x' as y", TVSCTL_REFUSED, "", "tvsctl: "},
    {"selec", TVSCTL_REFUSED, "", "syntax error"},
    {"select x from nowhere", TVSCTL_REFUSED, "", "nowhere"},
    {"select abs(-9223372036854775808)", TVSCTL_REFUSED, "", "tvsctl: "},
    {"select 1 as a union all select abs(-9223372036854775808)", TVSCTL_REFUSED, "", "tvsctl: "},
};

START_TEST(statement)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen TVS-ECDSA");
    bench_run(&bench, "run sql \"%s\"", statements[_i].statement);
    bench_expect(&bench, statements[_i].status, statements[_i].out, statements[_i].err);
    bench_run(&bench, "run sql \"%s\" --json", statements[_i].statement);
    bench_expect(&bench, statements[_i].status, statements[_i].status == TVSCTL_DONE ? "[" : "",
                 statements[_i].err);
    ck_assert(statements[_i].status != TVSCTL_DONE || helper_is_json(bench.out));
    bench_close(&bench);
}
END_TEST

START_TEST(json_tells_null_from_text)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set cert regen TVS-ECDSA");
    bench_run(&bench, "run sql \"select null as a, '' as b\" --json");
    bench_expect(&bench, TVSCTL_DONE, "\"a\": null,\n\"b\": \"\"\n", "");
    bench_close(&bench);
}
END_TEST

START_TEST(import_of_the_open_tools)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "utils import usecallmanager %s", fixture_path("peer.sqlite3"));
    bench_expect(&bench, TVSCTL_DONE, "cucm-1051-a-pub: imported (roles: SAST, CCM+TFTP)\n", NULL);
    bench_expect(&bench, TVSCTL_DONE, "phones.example.org: imported (roles: APP-SERVER)\n", NULL);
    bench_expect(&bench, TVSCTL_DONE, "4 certificates imported, 0 were there already.\n", NULL);
    bench_run(&bench, "utils import usecallmanager %s", fixture_path("peer.sqlite3"));
    bench_expect(&bench, TVSCTL_DONE, "0 certificates imported, 4 were there already.\n", NULL);
    bench_run(&bench, "show cert list trust");
    ck_assert_int_eq(helper_count(bench.out, "\nimported "), 4);
    bench_run(&bench, "show cert trust imported phones.example.org --json");
    bench_expect(&bench, TVSCTL_DONE, "\"ttl\": 3600", "");
    ck_assert(helper_is_json(bench.out));
    bench_run(&bench, "set cert delete imported TVS-EC --yes");
    bench_expect(&bench, TVSCTL_DONE, "TVS-EC: deleted from imported\n", "");
    bench_run(&bench, "show cert list trust --json");
    bench_expect(&bench, TVSCTL_DONE, "\"imported\": true", "");
    ck_assert_int_eq(helper_count(bench.out, "\"imported\": true"), 3);
    bench_close(&bench);
}
END_TEST

static const char *const no_databases[] = {"certs/pub.crt", "none.sqlite3"};

START_TEST(import_of_something_else)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "utils import usecallmanager %s", fixture_path(no_databases[_i]));
    bench_expect(&bench, TVSCTL_REFUSED, "", "nothing was imported");
    ck_assert(helper_holds(bench.err, no_databases[_i]));
    ck_assert(!helper_exists(bench.store));
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("sql");
    TCase *tests = tcase_create("sql");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, operators_queries);
    tcase_add_loop_test(tests, statement, 0, sizeof statements / sizeof statements[0]);
    tcase_add_test(tests, json_tells_null_from_text);
    tcase_add_test(tests, import_of_the_open_tools);
    tcase_add_loop_test(tests, import_of_something_else, 0, sizeof no_databases / sizeof no_databases[0]);
    suite_add_tcase(all, tests);
    return all;
}
