/* utils backup and utils restore: questions, passwords, and that nothing changes when it cannot be done. */
#include "helper_backup.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Questions and passwords */

START_TEST(passwords_on_a_terminal)
{
    struct bench bench;
    backup_open(&bench, "");
    char *before = lists_snapshot(&bench);
    bench_run_answered(&bench, "sesame\nsesame\n", "utils backup %s", bench_path(&bench, BACKUP));
    bench_expect(&bench, TVSCTL_DONE, "Password: \nThe same again: \nBackup of node", "");
    bench_run_answered(&bench, "sesame\nSesame\n", "utils backup %s", bench_path(&bench, "2.backup"));
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "the two passwords differ");
    bench_run_answered(&bench, "\n", "utils backup %s", bench_path(&bench, "2.backup"));
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "the password is empty");
    ck_assert(!helper_exists(bench_path(&bench, "2.backup")));
    bench_run_answered(&bench, "sesame\nn\n", "utils restore %s", bench_path(&bench, BACKUP));
    bench_expect(&bench, TVSCTL_REFUSED, "Password: \nBackup of node cucm-1051-a-pub, made on ",
                 "nothing was changed");
    lists_expect_unchanged(&bench, before);
    bench_run_answered(&bench, "sesame\ny\n", "utils restore %s", bench_path(&bench, BACKUP));
    bench_expect(&bench, TVSCTL_DONE, "Backup restored", "");
    bench_close(&bench);
}
END_TEST

START_TEST(file_that_is_there)
{
    struct bench bench;
    char password[512];
    backup_open(&bench, "");
    snprintf(password, sizeof password, "%s", bench_path(&bench, "password"));
    bench_write(&bench, BACKUP, backup_text("precious"));
    bench_run(&bench, "utils backup %s --password-file %s", bench_path(&bench, BACKUP), password);
    bench_expect(&bench, TVSCTL_REFUSED, "", "--yes");
    bench_run_answered(&bench, "n\n", "utils backup %s --password-file %s", bench_path(&bench, BACKUP),
                       password);
    bench_expect(&bench, TVSCTL_REFUSED, "This operation will overwrite the file ", "nothing was changed");
    struct trust_bytes file = fixture_read(bench_path(&bench, BACKUP));
    ck_assert_uint_eq(file.len, strlen("precious"));
    fixture_free(file);
    bench_run_answered(&bench, "y\n", "utils backup %s --password-file %s", bench_path(&bench, BACKUP),
                       password);
    bench_expect(&bench, TVSCTL_DONE, "Backup written to", "");
    bench_close(&bench);
}
END_TEST

/* ---- Refusals: one line, nothing changed */

START_TEST(backup_refused)
{
    struct bench bench;
    char inside[600];
    bench_open(&bench, "");
    bench_write(&bench, "password", backup_text("x\n"));
    backup_run(&bench, "utils backup", BACKUP);
    bench_expect(&bench, TVSCTL_REFUSED, "", "there is no store yet");
    ck_assert(!helper_exists(bench.state));
    bench_close(&bench);
    backup_open(&bench, "");
    char *before = lists_snapshot(&bench);
    bench_run(&bench, "utils backup %s", bench_path(&bench, BACKUP));
    bench_expect(&bench, TVSCTL_REFUSED, "",
                 "no terminal to ask for it on; nothing was changed. Write it into a file and add "
                 "--password-file FILE");
    backup_run(&bench, "utils backup", bench.folder);
    bench_expect(&bench, TVSCTL_REFUSED, "", "is there already and is no file");
    snprintf(inside, sizeof inside, "%s/keys/my.backup", bench.state);
    backup_run(&bench, "utils backup", inside);
    bench_expect(&bench, TVSCTL_REFUSED, "", "lies in the state folder");
    backup_run(&bench, "utils backup", bench.store);
    bench_expect(&bench, TVSCTL_REFUSED, "", "lies in the state folder");
    backup_run(&bench, "utils backup", "/nowhere/at/all.backup");
    bench_expect(&bench, TVSCTL_REFUSED, "", "/nowhere/at/all.backup: No such file");
    bench_write(&bench, "password", backup_text("\nsecond line\n"));
    backup_run(&bench, "utils backup", BACKUP);
    bench_expect(&bench, TVSCTL_REFUSED, "", "its first line, the password, is empty");
    bench_run(&bench, "utils backup %s --password-file /nowhere", bench_path(&bench, BACKUP));
    bench_expect(&bench, TVSCTL_REFUSED, "", "/nowhere");
    bench_run(&bench, "utils backup");
    bench_expect(&bench, TVSCTL_USAGE, "", "<FILE>");
    ck_assert(!helper_exists(bench_path(&bench, BACKUP)));
    backup_expect_no_workplace(&bench);
    lists_expect_unchanged(&bench, before);
    bench_close(&bench);
}
END_TEST

/* Keep len bytes of a file, and add to one of them. */
static void spoil(struct bench *bench, const char *name, size_t len, size_t at)
{
    struct trust_bytes file = fixture_read(bench_path(bench, BACKUP));
    uint8_t *copy = malloc(file.len);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, file.data, file.len);
    if (len > file.len)
        len = file.len;
    if (at < len)
        copy[at]++;
    bench_write(bench, name, (struct trust_bytes){copy, len});
    free(copy);
    fixture_free(file);
}

static const struct {
    size_t len, at;
    const char *said;
} spoilt[] = {
    {SIZE_MAX, 2000, "bad.backup: sealed with another password, or changed since"},
    {SIZE_MAX, 30, "bad.backup: sealed with another password, or changed since"},
    {SIZE_MAX, 0, "bad.backup is no sealed file"},
    {SIZE_MAX, 7, "bad.backup is sealed in a format that this version does not know"},
    {5000, SIZE_MAX, "bad.backup: sealed with another password, or changed since"},
    {40, SIZE_MAX, "bad.backup: the sealed file ends too early"},
    {0, SIZE_MAX, "bad.backup"},
};

START_TEST(spoilt_file)
{
    struct bench bench;
    backup_open(&bench, "");
    backup_make(&bench);
    char *before = lists_snapshot(&bench);
    spoil(&bench, "bad.backup", spoilt[_i].len, spoilt[_i].at);
    backup_run(&bench, "utils restore", "bad.backup");
    bench_expect(&bench, TVSCTL_REFUSED, "", spoilt[_i].said);
    backup_expect_no_workplace(&bench);
    lists_expect_unchanged(&bench, before);
    bench_close(&bench);
}
END_TEST

START_TEST(restore_refused)
{
    struct bench bench;
    backup_open(&bench, "");
    backup_make(&bench);
    char *before = lists_snapshot(&bench);
    backup_run(&bench, "utils restore", "none.backup");
    bench_expect(&bench, TVSCTL_REFUSED, "", "none.backup: No such file");
    bench_run(&bench, "utils restore %s", bench_path(&bench, BACKUP));
    bench_expect(&bench, TVSCTL_REFUSED, "", "Repeat it with --yes");
    bench_run(&bench, "utils restore %s --yes", bench_path(&bench, BACKUP));
    bench_expect(&bench, TVSCTL_REFUSED, "", "--password-file FILE");
    bench_write(&bench, "password", backup_text("open sesam\n"));
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_REFUSED, "", BACKUP ": sealed with another password");
    bench_run(&bench, "utils restore");
    bench_expect(&bench, TVSCTL_USAGE, "", "<FILE>");
    backup_expect_no_workplace(&bench);
    lists_expect_unchanged(&bench, before);
    char tftp[512];
    snprintf(tftp, sizeof tftp, "%s", bench_path(&bench, "moved"));
    ck_assert_int_eq(rename(bench.tftp, tftp), 0);
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_REFUSED, "", "trust_lists.directory: there is no folder");
    bench_close(&bench);
}
END_TEST

/* What a file can hold that was sealed with the right password all the same. */
static const struct {
    enum trust_place place;
    const char *name, *content, *said;
} contents[] = {
    {TRUST_PLACE_STATE, "ctl.good", "no list", "its file ctl.good"},
    {TRUST_PLACE_STATE, "tvs.sqlite3", "x", "its file tvs.sqlite3: no such file belongs to a backup"},
    {TRUST_PLACE_TFTP, "SEP1.cnf.xml", "x", "its file SEP1.cnf.xml: no such file belongs to a backup"},
    {TRUST_PLACE_TFTP, "CTLFile.tlv", "", "its file CTLFile.tlv"},
    {TRUST_PLACE_KEYS, "TVS-0123456789abcdef.pem", "no key", "its file TVS-0123456789abcdef.pem"},
    {TRUST_PLACE_KEYS, "authorized_keys", "x", "its file authorized_keys: that is no name of a private key"},
    {TRUST_PLACE_PUBLISHED, "000009-ITLFile.tlv", "x", "its file 000009-ITLFile.tlv"},
    {TRUST_PLACE_PUBLISHED, "notes.txt", "x", "its file notes.txt: that is no name of a published list"},
    {TRUST_PLACE_STATE, "backup.txt", "hello", "it does not say of which node it is"},
    {TRUST_PLACE_STATE, NULL, NULL, "what is sealed in it is no backup"},
};

START_TEST(bad_content)
{
    struct bench bench;
    struct trust_store *store;
    char plain[512], sealed[512];
    backup_open(&bench, "");
    char *before = lists_snapshot(&bench);
    snprintf(plain, sizeof plain, "%s", bench_path(&bench, "plain"));
    snprintf(sealed, sizeof sealed, "%s", bench_path(&bench, BACKUP));
    ck_assert_int_eq(trust_store_open(plain, TRUST_STORE_WRITE, &store, NULL), 0);
    if (contents[_i].name != NULL)
        ck_assert_int_eq(trust_store_save_file(store, contents[_i].place, contents[_i].name,
                                               backup_text(contents[_i].content), NULL),
                         0);
    trust_store_close(store);
    ck_assert_int_eq(trust_seal(plain, sealed, "open sesame", NULL), 0);
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_REFUSED, "", contents[_i].said);
    bench_expect(&bench, TVSCTL_REFUSED, "", BACKUP " cannot be restored: ");
    backup_expect_no_workplace(&bench);
    lists_expect_unchanged(&bench, before);
    bench_close(&bench);
}
END_TEST

START_TEST(newer_version)
{
    struct bench bench;
    char plain[512], sealed[512];
    backup_open(&bench, "");
    char *before = lists_snapshot(&bench);
    snprintf(plain, sizeof plain, "%s", bench_path(&bench, "plain"));
    snprintf(sealed, sizeof sealed, "%s", bench_path(&bench, BACKUP));
    lists_copy_file(bench.store, plain);
    FILE *file = fopen(plain, "r+");
    ck_assert_int_eq(fseek(file, 60, SEEK_SET), 0); /* user_version */
    ck_assert_uint_eq(fwrite("\0\0\3\347", 1, 4, file), 4);
    fclose(file);
    ck_assert_int_eq(trust_seal(plain, sealed, "open sesame", NULL), 0);
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_REFUSED, "", BACKUP " was made by a newer version of tvsctl");
    bench_write(&bench, "plain", backup_text("This is no database, but it is long enough."));
    ck_assert_int_eq(trust_seal(plain, sealed, "open sesame", NULL), 0);
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_REFUSED, "", BACKUP " cannot be restored: ");
    backup_expect_no_workplace(&bench);
    lists_expect_unchanged(&bench, before);
    bench_close(&bench);
}
END_TEST

/* ---- What is left behind */

/* A phrase that was killed while the unsealed backup lay in the state folder. */
START_TEST(swept_after_death)
{
    struct bench bench;
    char path[600];
    backup_open(&bench, "");
    snprintf(path, sizeof path, "%s/work", bench.state);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/work/copy-wal", bench.state);
    bench_write(&bench, path, backup_text("keys"));
    snprintf(path, sizeof path, "%s/lock", bench.state);
    bench_write(&bench, path, backup_text("4242 utils restore the.backup"));
    bench_run(&bench, "set cert regen TVS --yes");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    backup_expect_no_workplace(&bench);
    bench_close(&bench);
}
END_TEST

/* Files that nothing could use are named and left out. */
START_TEST(what_does_not_belong)
{
    struct bench bench;
    char path[600];
    backup_open(&bench, "");
    snprintf(path, sizeof path, "%s/keys/notes.txt", bench.state);
    bench_write(&bench, path, backup_text("x"));
    snprintf(path, sizeof path, "%s/keys/TVS-0123456789abcdef.pem", bench.state);
    bench_write(&bench, path, backup_text("x"));
    bench_write(&bench, lists_published(&bench, "000009-CTLFile.tlv"), backup_text("x"));
    backup_run(&bench, "utils backup", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, "Private keys: 3\nPublished lists: 3\n",
                 "keys/notes.txt is not in the backup: it has no name of a file that belongs there");
    bench_expect(&bench, TVSCTL_DONE, NULL, "TVS-0123456789abcdef.pem is not in the backup: ");
    bench_expect(&bench, TVSCTL_DONE, NULL, "000009-CTLFile.tlv is not in the backup: ");
    backup_run(&bench, "utils restore", BACKUP);
    bench_expect(&bench, TVSCTL_DONE, "Backup restored", "");
    bench_close(&bench);
}
END_TEST

#define STATE_USER 64123

static void expect_owner(const char *folder, unsigned owner)
{
    char command[700], line[512] = "";
    snprintf(command, sizeof command, "find %s ! -uid %u", folder, owner);
    FILE *pipe = popen(command, "r");
    ck_assert_msg(fgets(line, sizeof line, pipe) == NULL, "not of user %u: %s", owner, line);
    pclose(pipe);
}

/* Root writes and reads FILE as root, and the state as its owner. */
START_TEST(rights_of_root)
{
    struct bench bench;
    char mine[512], file[600], command[700];
    if (geteuid() != 0)
        return;
    backup_open(&bench, "");
    snprintf(command, sizeof command, "chown -R %d:%d %s && chmod 755 %s", STATE_USER, STATE_USER,
             bench.state, bench.folder);
    ck_assert_int_eq(system(command), 0);
    snprintf(mine, sizeof mine, "%s", bench_path(&bench, "mine"));
    ck_assert_int_eq(mkdir(mine, 0700), 0);
    snprintf(file, sizeof file, "%s/the.backup", mine);
    backup_run(&bench, "utils backup", file);
    bench_expect(&bench, TVSCTL_DONE, "Backup written to", "");
    expect_owner(mine, 0);
    expect_owner(bench.state, STATE_USER);
    bench_run(&bench, "set cert regen CallManager --yes");
    backup_run(&bench, "utils restore", file);
    bench_expect(&bench, TVSCTL_DONE, "Backup restored", "");
    expect_owner(bench.state, STATE_USER);
    expect_owner(bench.tftp, 0);
    ck_assert_uint_eq(geteuid(), 0);
    bench_close(&bench);
}
END_TEST

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Suite *suite(void)
{
    Suite *all = suite_create("backup");
    TCase *tests = tcase_create("backup");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, passwords_on_a_terminal);
    tcase_add_test(tests, file_that_is_there);
    tcase_add_test(tests, backup_refused);
    tcase_add_loop_test(tests, spoilt_file, 0, COUNT(spoilt));
    tcase_add_test(tests, restore_refused);
    tcase_add_loop_test(tests, bad_content, 0, COUNT(contents));
    tcase_add_test(tests, newer_version);
    tcase_add_test(tests, rights_of_root);
    tcase_add_test(tests, swept_after_death);
    tcase_add_test(tests, what_does_not_belong);
    suite_add_tcase(all, tests);
    return all;
}
