/* The number that stands for all that answers phones: it changes with that, whoever writes, and with nothing
 * else. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct helper_store s;
static struct trust_store *reader;
static struct trust_cert *cert, *own;

static int64_t state(void)
{
    struct trust_error err = {0};
    int64_t now;
    helper_ok(trust_store_state(reader, &now, &err), &err);
    return now;
}

static void open_all(void)
{
    s = helper_store_new();
    cert = helper_cert_file("pub.crt");
    own = helper_cert_file("capf.crt");
    helper_set_own(s.store, "n", TRUST_UNIT_CAPF, cert);
    helper_set_own(s.store, "n", TRUST_UNIT_CAPF, own); /* the other is retired */
    helper_import(s.store, own, (struct trust_roles){1, {TRUST_ROLE_TFTP}}, 60);
    reader = helper_store_open(s.path, TRUST_STORE_READ);
}

static void close_all(void)
{
    trust_store_close(reader);
    trust_cert_free(cert);
    trust_cert_free(own);
    helper_store_free(&s);
}

/* By hand, as sqlite3 does it: foreign keys are off. */
static const char *const changes[] = {
    ("INSERT INTO certificate (pkid, subjectname, issuername, serialnumber, certificate)"
     " VALUES ('x', '', '', '', '')"),
    "UPDATE certificate SET timetolive = 61",
    "UPDATE certificate SET certificate = certificate || ' '",
    "UPDATE certificate SET pkid = 'other' WHERE timetolive = 60",
    "DELETE FROM certificate",
    "DELETE FROM certificate WHERE timetolive = 60",
    "REPLACE INTO certificate SELECT * FROM certificate LIMIT 1",
    "INSERT INTO certificatetrustrolemap (fkcertificate, tktrustrole) SELECT pkid, 26 FROM certificate",
    "UPDATE certificatetrustrolemap SET tktrustrole = 26 WHERE rowid = 1",
    "DELETE FROM certificatetrustrolemap",
    "INSERT INTO certificateservicecertificatemap SELECT pkid, 6 FROM certificate",
    "UPDATE certificateservicecertificatemap SET tkcertificateservice = 6",
    "DELETE FROM certificateservicecertificatemap",
    "INSERT INTO retiredcertificate SELECT pkid, 6 FROM certificate",
    "UPDATE retiredcertificate SET tkcertificateservice = 6",
    "DELETE FROM retiredcertificate",
    "INSERT OR IGNORE INTO importedcertificate SELECT pkid FROM certificate",
    "UPDATE importedcertificate SET fkcertificate = 'x'",
    "DELETE FROM importedcertificate",
    "UPDATE certificatecache SET der = x'00'",
    "DELETE FROM certificatecache",
    "PRAGMA foreign_keys = ON; DELETE FROM certificate",
};

START_TEST(changes_by_hand_are_noticed)
{
    int64_t before = state();
    ck_assert_int_ne(before, 0);
    helper_exec(s.path, changes[_i]);
    ck_assert_msg(state() != before && state() != 0, "unnoticed: %s", changes[_i]);
}
END_TEST

START_TEST(other_writes_change_nothing)
{
    struct trust_error err = {0};
    int64_t before = state();
    helper_ok(trust_store_set_param(s.store, "A", "1", &err), &err);
    helper_ok(trust_store_clear_pending(s.store, &err), &err);
    helper_exec(s.path, "INSERT INTO node (name) VALUES ('by hand')");
    ck_assert_int_eq(state(), before);
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert);
    ck_assert_int_ne(state(), before);
}
END_TEST

/* What is rolled back never was. */
START_TEST(undone)
{
    struct trust_error err = {0};
    int64_t before = state();
    helper_ok(trust_store_begin(s.store, &err), &err);
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert);
    trust_store_rollback(s.store);
    ck_assert_int_eq(state(), before);
}
END_TEST

START_TEST(without_triggers_nothing_can_be_told)
{
    int64_t before = state();
    char *words = helper_sql(s.store, "SELECT sql FROM sqlite_master"
                                      " WHERE name = 'answerstate_certificate_update'");
    helper_exec(s.path, "DROP TRIGGER answerstate_certificate_update");
    ck_assert_int_eq(state(), 0);
    helper_exec(s.path, "UPDATE certificate SET timetolive = 61");
    helper_exec(s.path, words);
    free(words);
    ck_assert_int_ne(state(), 0);
    ck_assert_int_ne(state(), before);
    helper_exec(s.path, "DELETE FROM answerstate");
    ck_assert_int_eq(state(), 0);
}
END_TEST

static const char *const others[] = {
    /* The same name, and another work. */
    "DROP TRIGGER answerstate_certificate_update;"
    "CREATE TRIGGER answerstate_certificate_update AFTER UPDATE ON certificate BEGIN SELECT 1; END",
    "DROP TRIGGER answerstate_certificate_update;"
    "CREATE TRIGGER answerstate_certificate_update AFTER UPDATE OF servername ON certificate\n"
    "BEGIN\n    UPDATE answerstate SET state = random();\nEND",
    /* On another table. */
    "DROP TRIGGER answerstate_certificate_update;"
    "CREATE TRIGGER answerstate_certificate_update AFTER UPDATE ON node\n"
    "BEGIN\n    UPDATE answerstate SET state = random();\nEND",
    /* As many, of which one is about a table that matters to nobody. */
    "DROP TRIGGER answerstate_certificate_update;"
    "CREATE TRIGGER answerstate_node_update AFTER UPDATE ON node\n"
    "BEGIN\n    UPDATE answerstate SET state = random();\nEND",
    /* In another case, which is the same name. */
    "DROP TRIGGER answerstate_certificate_update;"
    "CREATE TRIGGER AnswerState_Certificate_Update AFTER UPDATE ON certificate BEGIN SELECT 1; END",
};

/* They are not taken for ours, and who opens the store to write makes ours again. */
START_TEST(triggers_of_somebody_else)
{
    struct trust_error err = {0};
    struct trust_store *writer;
    helper_exec(s.path, others[_i]);
    ck_assert_int_eq(state(), 0);
    helper_ok(trust_store_open(s.path, TRUST_STORE_WRITE, &writer, &err), &err);
    int64_t before = state();
    ck_assert_int_ne(before, 0);
    helper_exec(s.path, "UPDATE certificate SET timetolive = 61");
    ck_assert_int_ne(state(), before);
    trust_store_close(writer);
}
END_TEST

/* A table that another takes the place of takes its triggers along, by whatever name. */
START_TEST(triggers_of_another_table)
{
    helper_exec(s.path, "PRAGMA legacy_alter_table = ON;"
                        "ALTER TABLE certificatetrustrolemap RENAME TO before;"
                        "CREATE TABLE certificatetrustrolemap AS SELECT * FROM before");
    ck_assert_int_eq(state(), 0);
}
END_TEST

/* A store that somebody has brought back from before is read, and completed by whoever opens it to write. */
START_TEST(without_the_table)
{
    struct trust_error err = {0};
    struct trust_store *writer;
    struct trust_index_builder *builder;
    helper_exec(s.path, "DROP TABLE answerstate");
    ck_assert_int_eq(state(), 0);
    helper_ok(trust_index_builder_new(&builder, &err), &err);
    helper_ok(trust_store_load(s.store, builder, &err), &err);
    trust_index_builder_free(builder);
    helper_ok(trust_store_open(s.path, TRUST_STORE_WRITE, &writer, &err), &err);
    ck_assert_int_ne(state(), 0);
    helper_add_trust(writer, TRUST_UNIT_TOMCAT_TRUST, cert);
    trust_store_close(writer);
}
END_TEST

/* The same number of changes from the same beginning is another state. */
START_TEST(a_backup_that_comes_back_is_noticed)
{
    struct trust_error err = {0};
    char copy[300];
    snprintf(copy, sizeof copy, "%s/copy", s.folder);
    helper_ok(trust_store_copy(s.store, copy, &err), &err);
    int64_t first = state();
    helper_exec(s.path, "UPDATE certificate SET timetolive = 61");
    int64_t second = state();
    helper_ok(trust_store_become(s.store, copy, &err), &err);
    ck_assert_int_ne(state(), second);
    helper_exec(s.path, "UPDATE certificate SET timetolive = 62");
    ck_assert_int_ne(state(), first);
    ck_assert_int_ne(state(), second);
}
END_TEST

/* Whether all rows are noted to have been seen to. */
static void ck_noted(bool is)
{
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT adopted = %lld FROM answerstate", (long long)state());
    helper_sql_is(s.store, sql, is ? "1;" : "0;");
}

/* Rows of other software are seen to by the next writer, though the one before had seen to all. */
START_TEST(rows_of_others_are_seen_to)
{
    struct trust_error err = {0};
    helper_store_close(&s);
    s.store = helper_store_open(s.path, TRUST_STORE_WRITE);
    helper_ok(trust_store_set_param(s.store, "A", "1", &err), &err);
    ck_noted(true);
    helper_add_trust(s.store, TRUST_UNIT_TOMCAT_TRUST, cert);
    ck_noted(true);
    helper_store_close(&s);
    helper_exec(s.path, "DELETE FROM certificatecache");
    s.store = helper_store_open(s.path, TRUST_STORE_WRITE);
    ck_noted(false);
    helper_sql_is(s.store, "SELECT count(*) FROM certificatecache", "0;");
    helper_ok(trust_store_set_param(s.store, "A", "2", &err), &err);
    ck_noted(true);
    helper_sql_is(s.store, "SELECT count(*) FROM certificatecache", "2;");
}
END_TEST

/* A row with the bytes of another has no cache: it is looked at all the same. */
START_TEST(the_same_bytes_twice)
{
    struct trust_error err = {0};
    struct trust_cert *deleted;
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, cert);
    helper_exec(
        s.path,
        "INSERT INTO certificate (pkid, subjectname, issuername, serialnumber, certificate, servername)"
        " SELECT 'twice', subjectname, issuername, serialnumber || '0', certificate, 'by hand'"
        " FROM certificate WHERE pkid = (SELECT fkcertificate FROM certificateservicecertificatemap"
        " ORDER BY rowid DESC LIMIT 1);"
        "INSERT INTO certificateservicecertificatemap (fkcertificate, tkcertificateservice)"
        " SELECT 'twice', tkcertificateservice FROM certificateservicecertificatemap"
        " ORDER BY rowid DESC LIMIT 1");
    helper_ok(trust_store_set_param(s.store, "A", "1", &err), &err);
    ck_noted(false);
    ck_assert_int_ne(trust_store_delete(s.store, TRUST_UNIT_PHONE_SAST_TRUST,
                                        trust_name_cucm(trust_cert_subject(cert)), &deleted, &err),
                     0);
}
END_TEST

Suite *suite(void)
{
    Suite *result = suite_create("store: state of its answers");
    TCase *c = tcase_create("state");
    tcase_add_checked_fixture(c, open_all, close_all);
    tcase_add_loop_test(c, changes_by_hand_are_noticed, 0, sizeof changes / sizeof changes[0]);
    tcase_add_loop_test(c, triggers_of_somebody_else, 0, sizeof others / sizeof others[0]);
    tcase_add_test(c, triggers_of_another_table);
    tcase_add_test(c, without_the_table);
    tcase_add_test(c, other_writes_change_nothing);
    tcase_add_test(c, undone);
    tcase_add_test(c, without_triggers_nothing_can_be_told);
    tcase_add_test(c, a_backup_that_comes_back_is_noticed);
    tcase_add_test(c, rows_of_others_are_seen_to);
    tcase_add_test(c, the_same_bytes_twice);
    suite_add_tcase(result, c);
    return result;
}
