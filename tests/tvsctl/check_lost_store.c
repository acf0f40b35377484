/* A state folder whose store was lost: nothing makes a new one without a word, and what brings it back works.
 */
#include "helper.h"
#include "helper_backup.h"
#include "helper_wrong.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum loss { GONE, CUT, BLANK, LOSSES };
static const char *const said[] = {"the store is gone, and ", "the store is empty, and ",
                                   "the store holds nothing, and "};

/* BLANK is what a restore leaves that was not gone through with: a schema, and nothing else. */
static void lose(struct bench *bench, enum loss how)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    struct trust_store *store;
    char path[600];
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        snprintf(path, sizeof path, "%s%s", bench->store, tails[i]);
        unlink(path);
    }
    if (how == CUT)
        bench_write(bench, bench->store, helper_bytes(""));
    if (how == BLANK) {
        ck_assert_int_eq(trust_store_open(bench->store, TRUST_STORE_WRITE, &store, NULL), 0);
        trust_store_close(store);
    }
}

static void expect_refused(struct bench *bench, enum loss how, const char *words)
{
    char *before = wrong_snapshot(bench->folder), *after;
    bench_run(bench, "%s", words);
    bench_expect(bench, TVSCTL_REFUSED, "", said[how]);
    ck_assert_msg(helper_holds(bench->err, " shows that there was one"), "%s: %s", words, bench->err);
    ck_assert_msg(helper_holds(bench->err, "put the store back, or restore a backup: `utils restore FILE`"),
                  "%s: %s", words, bench->err);
    ck_assert_msg(strstr(bench->err, "makes one") == NULL && strstr(bench->err, "makes it") == NULL, "%s: %s",
                  words, bench->err);
    after = wrong_snapshot(bench->folder);
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
}

START_TEST(no_phrase_makes_another)
{
    static const char *const words[] = {
        "set cert regen TVS --yes",
        "set cert regen CallManager --yes",
        "set cert delete tomcat-trust x --yes",
        "utils itl update --yes",
        "utils ctl set-cluster mixed-mode --yes",
        "set csr gen TVS",
        "utils node add other",
    };
    static const char *const reads[] = {"show cert own TVS", "show published", "file sign --all --yes",
                                        "utils store update", "utils rehearse set cert regen TVS"};
    struct bench bench;
    backup_open(&bench, "");
    lose(&bench, (enum loss)_i);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        expect_refused(&bench, (enum loss)_i, words[i]);
    for (size_t i = 0; i < sizeof reads / sizeof reads[0] && _i != BLANK; i++)
        expect_refused(&bench, (enum loss)_i, reads[i]);
    bench_run(&bench, "utils node add other"); /* which has no --force */
    ck_assert(helper_holds(bench.err, "; `set cert regen CallManager --force` begins anew, "));
    bench_run(&bench, "set cert regen TVS --yes");
    ck_assert(strncmp(bench.err, "tvsctl: refused by guard rail lost-store: ", 42) == 0);
    ck_assert(helper_holds(bench.err, "; --force goes on without, with what no phone knows, and is logged"));
    bench_close(&bench);
}
END_TEST

static void leave_a_phrase_unfinished(struct bench *bench)
{
    bench_write(bench, bench_in_state(bench, "lock"), helper_bytes("set cert regen TVS"));
    bench_write(bench, bench_in_state(bench, "keys/TVS-0123456789abcdef.pem.new"), helper_bytes("a key"));
}

/* What it put aside is for the store that was lost: it stays until that is back. */
START_TEST(an_unfinished_phrase_waits)
{
    struct bench bench;
    backup_open(&bench, "");
    leave_a_phrase_unfinished(&bench);
    lose(&bench, (enum loss)_i);
    expect_refused(&bench, (enum loss)_i, "set cert regen TVS --yes");
    if (_i != BLANK)
        expect_refused(&bench, (enum loss)_i, "show cert own TVS");
    bench_close(&bench);
}
END_TEST

/* It cannot be finished; that keeps nobody from the way out. */
START_TEST(a_store_is_damaged_under_an_unfinished_phrase)
{
    struct bench bench;
    char words[1400], password[600];
    backup_open(&bench, "");
    backup_make(&bench);
    lose(&bench, GONE);
    bench_write(&bench, bench.store,
                helper_bytes("no database, but longer than the head of one, which has 100 bytes "
                             "and begins with the words that SQLite looks for at first"));
    leave_a_phrase_unfinished(&bench);
    snprintf(password, sizeof password, "%s", bench_path(&bench, "password"));
    snprintf(words, sizeof words, "utils restore %s --password-file %s --yes", bench_path(&bench, BACKUP),
             password);
    bench_run(&bench, "%s", words);
    ck_assert_int_ne(bench.status, TVSCTL_DONE);
    ck_assert_msg(helper_holds(bench.err, " away and say it again"), "%s", bench.err);
    lose(&bench, GONE);
    bench_run(&bench, "%s", words);
    bench_expect(&bench, TVSCTL_DONE, "Backup restored", "");
    bench_close(&bench);
}
END_TEST

START_TEST(forced)
{
    struct bench bench;
    backup_open(&bench, "");
    lose(&bench, (enum loss)_i);
    bench_run(&bench, "set cert regen TVS --yes --force");
    bench_expect(&bench, TVSCTL_DONE, "Successfully Regenerated", "forced past guard rail lost-store: ");
    bench_run(&bench, "run sql \"select guard || ':' || phrase as it from forced\"");
    bench_expect(&bench, TVSCTL_DONE, "lost-store:set cert regen TVS", "");
    bench_run(&bench, "utils node add other");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    bench_close(&bench);
}
END_TEST

/* Without --force, and after an answer of no. */
START_TEST(restored)
{
    struct bench bench;
    backup_open(&bench, "");
    backup_make(&bench);
    lose(&bench, (enum loss)_i);
    char words[1400], password[600];
    snprintf(password, sizeof password, "%s", bench_path(&bench, "password"));
    snprintf(words, sizeof words, "utils restore %s --password-file %s", bench_path(&bench, BACKUP),
             password);
    bench_run_answered(&bench, "n\n", "%s", words);
    ck_assert_int_eq(bench.status, TVSCTL_REFUSED);
    bench_run(&bench, "set cert regen TVS --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "lost-store");
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, "Backup restored", "");
    bench_run(&bench, "show cert own TVS");
    bench_expect(&bench, TVSCTL_DONE, "TVS", "");
    bench_close(&bench);
}
END_TEST

/* A list in the history says it as well as a key, where keys are in tokens, say. */
START_TEST(a_list_shows_it)
{
    struct bench bench;
    char keys[600], away[620];
    backup_open(&bench, "");
    snprintf(keys, sizeof keys, "%s", bench_in_state(&bench, "keys"));
    snprintf(away, sizeof away, "%s.away", keys);
    ck_assert_int_eq(rename(keys, away), 0);
    lose(&bench, CUT);
    bench_run(&bench, "set cert regen TVS --yes");
    bench_expect(&bench, TVSCTL_REFUSED, "", "the store is empty, and published/0000");
    bench_close(&bench);
}
END_TEST

/* What a first phrase leaves that was killed, or that had no room: nobody needs --force after it. */
START_TEST(first_phrase_failed_half_way)
{
    struct bench bench;
    bench_open(&bench, "");
    ck_assert_int_eq(mkdir(bench.state, 0750), 0);
    ck_assert_int_eq(mkdir(bench_in_state(&bench, "keys"), 0700), 0);
    ck_assert_int_eq(mkdir(bench_in_state(&bench, "published"), 0750), 0);
    bench_write(&bench, bench_in_state(&bench, "keys/TVS-0123456789abcdef.pem.new"), helper_bytes("half"));
    bench_write(&bench, bench_in_state(&bench, "keys/.README"), helper_bytes("ours"));
    lose(&bench, (enum loss)_i);
    if (_i == CUT) {
        bench_run(&bench, "show cert own TVS");
        bench_expect(&bench, TVSCTL_REFUSED, "",
                     "the store is empty: if it ever held anything, put the store "
                     "back, or restore a backup: `utils restore FILE`; the first "
                     "time, `set cert regen CallManager`");
    }
    bench_run(&bench, "set cert regen CallManager");
    bench_expect(&bench, TVSCTL_DONE, "Successfully Regenerated", NULL);
    ck_assert(!helper_holds(bench.err, "lost-store"));
    bench_close(&bench);
}
END_TEST

/* A request comes before any certificate: its key is no sign of a loss. */
START_TEST(begins_with_a_request)
{
    struct bench bench;
    bench_open(&bench, "");
    bench_run(&bench, "set csr gen CallManager");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    bench_run(&bench, "set cert regen TVS");
    bench_expect(&bench, TVSCTL_DONE, "Successfully Regenerated", NULL);
    ck_assert(!helper_holds(bench.err, "lost-store"));
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *lost = suite_create("lost_store");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, no_phrase_makes_another, 0, LOSSES);
    tcase_add_loop_test(all, an_unfinished_phrase_waits, 0, LOSSES);
    tcase_add_test(all, a_store_is_damaged_under_an_unfinished_phrase);
    tcase_add_loop_test(all, forced, 0, LOSSES);
    tcase_add_loop_test(all, restored, 0, LOSSES);
    tcase_add_test(all, a_list_shows_it);
    tcase_add_loop_test(all, first_phrase_failed_half_way, 0, LOSSES);
    tcase_add_test(all, begins_with_a_request);
    suite_add_tcase(lost, all);
    return lost;
}
