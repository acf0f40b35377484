/* Whose files they are: root works as the owner of a folder, others are told who may. As somebody who is not
 * root there is nothing to be tested but the refusal. */
#include "helper_lists.h"
#include "tests/check_main.h"
#include "tests/fake_tokens.h"
#include "tests/fixture.h"
#include "tvsctl/phrase.h"
#include "tvsctl/rights.h"

#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATE_USER 64123
#define TFTP_USER  64124
#define STRANGER   64128

static int check_owner(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)flag, (void)walk;
    ck_assert_msg(info->st_uid == STATE_USER && info->st_gid == STATE_USER, "%s belongs to %u:%u", path,
                  info->st_uid, info->st_gid);
    ck_assert_msg((info->st_mode & 07) == 0, "%s is open to all", path);
    return 0;
}

static bool is_root(const char *test)
{
    if (geteuid() == 0)
        return true;
    printf("%s: skipped, it needs root\n", test);
    return false;
}

static void give_away(struct bench *bench)
{
    ck_assert_int_eq(chmod(bench->folder, 0755), 0);
    ck_assert_int_eq(mkdir(bench->state, 0750), 0);
    ck_assert_int_eq(chown(bench->state, STATE_USER, STATE_USER), 0);
    ck_assert_int_eq(chown(bench->tftp, TFTP_USER, TFTP_USER), 0);
}

START_TEST(root_works_as_the_owner)
{
    struct bench bench;
    struct stat info;
    char path[512];
    if (!is_root("root_works_as_the_owner"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    bench_run(&bench, "set cert regen CallManager");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "set cert import trust tomcat-trust %s", fixture_path("certs/apache.crt"));
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Mixed Mode", "");
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_int_eq(nftw(bench.state, check_owner, 16, FTW_PHYS), 0);
    static const char *const lists[] = {"CTLFile.tlv", "ITLFile.tlv"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", bench.tftp, lists[i]);
        ck_assert_int_eq(stat(path, &info), 0);
        ck_assert(info.st_uid == TFTP_USER && info.st_gid == TFTP_USER);
        ck_assert_uint_eq(info.st_mode & 07777, 0644);
    }
    ck_assert(geteuid() == 0 && getegid() == 0);
    bench_close(&bench);
}
END_TEST

/* What root's groups may read is none of the folder's owner's: links in the folder could lead there. */
START_TEST(groups_of_root_are_left)
{
    static const gid_t groups[] = {0, STRANGER};
    struct bench bench;
    struct rights before, within;
    gid_t present[8];
    if (!is_root("groups_of_root_are_left"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    char *secret = strdup(bench_write(&bench, "secret", helper_bytes("for a group of root's")));
    ck_assert_int_eq(chown(secret, 0, STRANGER), 0);
    ck_assert_int_eq(chmod(secret, 0640), 0);
    ck_assert_int_eq(setgroups(2, groups), 0);
    ck_assert_int_eq(rights_enter(bench.tftp, &before, NULL), 0);
    ck_assert_int_eq(open(secret, O_RDONLY), -1);
    ck_assert_int_eq(rights_enter(bench.state, &within, NULL), 0);
    ck_assert_int_eq(open(secret, O_RDONLY), -1);
    rights_leave(&within);
    ck_assert_int_eq(getgroups(8, present), 0);
    rights_leave(&before);
    ck_assert_int_eq(getgroups(8, present), 2);
    ck_assert_uint_eq(present[0] + present[1], STRANGER);
    free(secret);
    bench_close(&bench);
}
END_TEST

/* Root is not told to be root: the owner as whom it works lacks the right. */
START_TEST(root_is_told_what_the_owner_lacks)
{
    struct bench bench;
    if (!is_root("root_is_told_what_the_owner_lacks"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    bench_run(&bench, "set cert regen CallManager");
    ck_assert_int_eq(chmod(bench.tftp, 0555), 0);
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_REFUSED, NULL, "as the folder's owner (user 64124)");
    ck_assert_int_eq(chmod(bench.store, 0600), 0);
    ck_assert_int_eq(chown(bench.store, 0, 0), 0);
    bench_run(&bench, "show cert list own");
    bench_expect(&bench, TVSCTL_REFUSED, "", "as the folder's owner (user 64123)");
    bench_close(&bench);
}
END_TEST

/* The TFTP folder of root's own lies where the owner of the state may not look. */
START_TEST(folder_that_only_root_can_reach)
{
    struct bench bench;
    char config[1024];
    if (!is_root("folder_that_only_root_can_reach"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    ck_assert_int_eq(mkdir(bench_path(&bench, "private"), 0700), 0);
    ck_assert_int_eq(mkdir(bench_path(&bench, "private/tftp"), 0755), 0);
    snprintf(config, sizeof config, "state: %s\ntrust_lists: {directory: %s}\n", bench.state,
             bench_path(&bench, "private/tftp"));
    bench_write(&bench, "tvsd.yaml", (struct trust_bytes){(const uint8_t *)config, strlen(config)});
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    bench_expect(&bench, TVSCTL_DONE, "Cluster set to Mixed Mode", NULL);
    ck_assert(helper_exists(bench_path(&bench, "private/tftp/CTLFile.tlv")));
    ck_assert(helper_exists(bench_path(&bench, "private/tftp/ITLFile.tlv")));
    /* It is read back with the same rights: an ITL that has not changed is not published again. */
    ck_assert_int_eq(lists_count(&bench), 2);
    bench_run(&bench, "set cert regen ipsec");
    bench_expect(&bench, TVSCTL_DONE, NULL, "");
    ck_assert_int_eq(lists_count(&bench), 2);
    bench_close(&bench);
}
END_TEST

/* What the operator names is read with the operator's rights. */
START_TEST(files_of_root_can_be_imported)
{
    struct bench bench;
    if (!is_root("files_of_root_can_be_imported"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    struct trust_bytes bytes = fixture_read("certs/apache.crt"), database = fixture_read("peer.sqlite3");
    const char *path = bench_write(&bench, "private.pem", bytes);
    ck_assert_int_eq(chmod(path, 0600), 0);
    bench_run(&bench, "set cert import trust tomcat-trust %s", path);
    bench_expect(&bench, TVSCTL_DONE, "added to tomcat-trust", "");
    path = bench_write(&bench, "private.db", database);
    ck_assert_int_eq(chmod(path, 0600), 0);
    bench_run(&bench, "utils import usecallmanager %s", path);
    bench_expect(&bench, TVSCTL_DONE, "certificates imported", NULL);
    fixture_free(bytes);
    fixture_free(database);
    bench_close(&bench);
}
END_TEST

/* Run in a process of its own as that user; ends it with 0 if the checks hold. */
static void as_user(struct bench *bench, uid_t user, void (*checks)(struct bench *bench, const char *phrase),
                    const char *phrase)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (setgid(user) != 0 || setuid(user) != 0)
            _exit(70);
        checks(bench, phrase);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the checks of user %u failed: %d %s", user,
                  status, phrase);
}

static void expect_in_child(struct bench *bench, const char *words, int status, const char *text)
{
    bench_run(bench, "%s", words);
    if (bench->status != status || !helper_holds(bench->err, text)) {
        fprintf(stderr, "%s: %d, %s\n", words, bench->status, bench->err);
        _exit(71);
    }
}

static void checks_of_stranger(struct bench *bench, const char *phrase)
{
    (void)phrase;
    expect_in_child(bench, "set cert regen TVS", TVSCTL_REFUSED, "run it as root");
    expect_in_child(bench, "set cert regen TVS", TVSCTL_REFUSED, "may not look into its folder; run it as");
    expect_in_child(bench, "show cert list own", TVSCTL_REFUSED, "may not look into its folder; run it as");
    expect_in_child(bench, "show cert list own", TVSCTL_REFUSED, "run it as root");
    expect_in_child(bench, "run sql select 1", TVSCTL_REFUSED, "run it as root");
    expect_in_child(bench, "show ctl", TVSCTL_DONE, "");
}

START_TEST(strangers_are_told_who_may)
{
    struct bench bench;
    if (!is_root("strangers_are_told_who_may"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    bench_run(&bench, "set cert regen CallManager");
    bench_run(&bench, "utils ctl set-cluster mixed-mode --yes");
    as_user(&bench, STRANGER, checks_of_stranger, "");
    bench_close(&bench);
}
END_TEST

/* The name of the owner stands in the refusal, if the owner has one. */
static void checks_of_owner_name(struct bench *bench, const char *phrase)
{
    (void)phrase;
    expect_in_child(bench, "set cert regen TVS", TVSCTL_REFUSED, "run it as root or as nobody");
}

START_TEST(owner_is_named)
{
    struct bench bench;
    struct trust_error err = {0};
    struct rights before;
    if (!is_root("owner_is_named"))
        return;
    bench_open(&bench, "");
    give_away(&bench);
    ck_assert_int_eq(chown(bench.state, 65534, 65534), 0);
    as_user(&bench, STRANGER, checks_of_owner_name, "");
    ck_assert_int_eq(rights_enter(bench.config, &before, &err), TRUST_ESYSTEM);
    ck_assert(helper_holds(err.text, "no folder"));
    ck_assert_int_eq(rights_enter("/nowhere/at/all", &before, &err), TRUST_ENOTFOUND);
    ck_assert(!before.changed);
    bench_close(&bench);
}
END_TEST

/* ---- Every phrase */

/* In an order in which each can be done; "@" is the bench's folder. */
static const char *const every_phrase[] = {
    "set cert regen CallManager",
    "set cert regen TVS",
    "set cert import trust tomcat-trust @/apache.crt",
    "utils import usecallmanager @/peer.sqlite3",
    "utils store update",
    "utils node add node-b 10.0.0.2",
    "set cert import own CallManager @/node-b.crt --node node-b",
    "set csr gen tomcat",
    "file sign SEP1.cnf.xml",
    "utils ctl set-cluster mixed-mode",
    "utils ctl update CTLFile",
    "utils ctl reset localkey",
    "utils ctl restore 3",
    "utils rollout close 1 --phones-are-back",
    "set cert import trust Phone-SAST-trust @/token.pem @/node-b.crt",
    "utils ctl sign --token file:@/token.pem --token file:@/node-b.crt",
    "set cert own ITLRecovery --token pkcs11:?module-path=@/tokens/module.so --force",
    "utils itl update",
    "utils itl reset localkey",
    "utils itl reset remotekey @/remote.p12 --password-file @/password",
    "utils itl rollback on",
    "utils itl rollback off",
    "utils itl restore 1",
    "file sign --all",
    "utils backup @/the.backup --password-file @/password",
    "set cert delete tomcat-trust 1001",
    "utils restore @/the.backup --password-file @/password",
    "set network hostname cucm-new",
    "utils node delete node-b",
    "utils ctl set-cluster non-secure-mode",
    "file delete tftp SEP1.cnf.xml.sgn",
    "file delete activelog cm/tftpdata/CTLFile.tlv",
};
#define PHRASE_COUNT (sizeof every_phrase / sizeof every_phrase[0])

/* Those that change nothing. */
static const char *const reading[] = {
    "show ",           "run sql ",           "file list ",           "file get ",           "file verify ",
    "utils node list", "utils rehearse ",    "utils migrate-check ", "utils itl diagnose ", "set trace ",
    "utils service ",  "utils rollout show "};

static bool is_in(const char *words, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(words, list[i], strlen(list[i])) == 0)
            return true;
    return false;
}

START_TEST(no_phrase_is_left_out)
{
    for (size_t i = 0; i < grammar.count; i++) {
        const char *words = grammar.rows[i].words;
        size_t len = strcspn(words, "<["), k = 0;
        if (is_in(words, reading, sizeof reading / sizeof reading[0]))
            continue;
        while (k < PHRASE_COUNT && strncmp(every_phrase[k], words, len) != 0)
            k++;
        ck_assert_msg(k < PHRASE_COUNT, "nobody looks at whose files `%s` makes", words);
    }
}
END_TEST

static void run_phrase(struct bench *bench, const char *phrase)
{
    char words[1024], *to = words;
    for (const char *p = phrase; *p != '\0'; p++)
        to += *p == '@' ? sprintf(to, "%s", bench->folder) : sprintf(to, "%c", *p);
    bench_run(bench, "%s --yes", words);
}

static void copy_in(struct bench *bench, const char *name, const char *fixture)
{
    struct trust_bytes bytes = fixture_read(fixture);
    ck_assert_int_eq(chmod(bench_write(bench, name, bytes), 0644), 0);
    fixture_free(bytes);
}

static bool can_be_run(const char *phrase)
{
    return trust_token_is_supported() || strstr(phrase, TRUST_TOKEN_SCHEME) == NULL;
}

/* What the phrases name; whose the state and the TFTP folder are. */
static void open_for_phrases(struct bench *bench, uid_t state, uid_t tftp)
{
    const struct lists_cert remote = {
        .subject = "CN=ITLRECOVERY_other-pub", .serial = "0BADCAFE", .bits = 1024, .password = "secret"};
    const struct lists_cert token = {.subject = "CN=SAST-ADN0054f509", .serial = "70CE", .bits = 1024};
    bench_open(bench, "");
    bench->forces = true;
    if (trust_token_is_supported())
        fake_tokens_for_all(bench_path(bench, "tokens"), "ITLRECOVERY");
    copy_in(bench, "apache.crt", "certs/apache.crt");
    copy_in(bench, "node-b.crt", "certs/sub1.crt");
    copy_in(bench, "peer.sqlite3", "peer.sqlite3");
    ck_assert_int_eq(chmod(lists_write_cert(bench, "remote.p12", &remote), 0644), 0);
    ck_assert_int_eq(chmod(lists_write_cert(bench, "token.pem", &token), 0644), 0);
    ck_assert_int_eq(chmod(bench_write(bench, "password", helper_bytes("secret\n")), 0644), 0);
    ck_assert_int_eq(
        chmod(bench_write(bench, lists_tftp(bench, "SEP1.cnf.xml"), helper_bytes("<device/>\n")), 0644), 0);
    ck_assert_int_eq(chown(lists_tftp(bench, "SEP1.cnf.xml"), tftp, tftp), 0);
    give_away(bench);
    ck_assert_int_eq(chown(bench->state, state, state), 0);
    ck_assert_int_eq(chown(bench->tftp, tftp, tftp), 0);
}

static uid_t tftp_user;
static int check_served(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)walk;
    ck_assert_msg(info->st_uid == tftp_user && info->st_gid == tftp_user, "%s belongs to %u:%u", path,
                  info->st_uid, info->st_gid);
    if (flag == FTW_F)
        ck_assert_msg((info->st_mode & 07777) == 0644, "%s: mode %o", path, info->st_mode & 07777);
    return 0;
}

static int check_key(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)walk;
    if (flag == FTW_F)
        ck_assert_msg((info->st_mode & 07777) == 0600, "%s: mode %o", path, info->st_mode & 07777);
    return 0;
}

static void expect_done(struct bench *bench, const char *phrase)
{
    char keys[512];
    ck_assert_msg(bench->status == TVSCTL_DONE, "%s: %d, %s", phrase, bench->status, bench->err);
    ck_assert_int_eq(nftw(bench->state, check_owner, 16, FTW_PHYS), 0);
    ck_assert_int_eq(nftw(bench->tftp, check_served, 16, FTW_PHYS), 0);
    snprintf(keys, sizeof keys, "%s/keys", bench->state);
    ck_assert_int_eq(nftw(keys, check_key, 16, FTW_PHYS), 0);
}

START_TEST(every_phrase_of_root)
{
    struct bench bench;
    struct stat info;
    if (!is_root("every_phrase_of_root"))
        return;
    tftp_user = TFTP_USER;
    open_for_phrases(&bench, STATE_USER, TFTP_USER);
    for (size_t i = 0; i < PHRASE_COUNT; i++) {
        if (!can_be_run(every_phrase[i]))
            continue;
        run_phrase(&bench, every_phrase[i]);
        expect_done(&bench, every_phrase[i]);
        ck_assert(geteuid() == 0 && getegid() == 0);
    }
    /* What root asked for is root's. */
    ck_assert_int_eq(stat(bench_path(&bench, "the.backup"), &info), 0);
    ck_assert(info.st_uid == 0 && (info.st_mode & 07777) == 0600);
    bench_close(&bench);
}
END_TEST

static void work_as_owner(struct bench *bench, const char *phrase)
{
    run_phrase(bench, phrase);
    if (bench->status != TVSCTL_DONE) {
        fprintf(stderr, "%s: %d, %s\n", phrase, bench->status, bench->err);
        _exit(71);
    }
}

START_TEST(every_phrase_of_the_owner)
{
    struct bench bench;
    if (!is_root("every_phrase_of_the_owner"))
        return;
    tftp_user = STATE_USER;
    open_for_phrases(&bench, STATE_USER, STATE_USER);
    ck_assert_int_eq(chown(bench.folder, STATE_USER, STATE_USER), 0);
    for (size_t i = 0; i < PHRASE_COUNT; i++) {
        if (!can_be_run(every_phrase[i]))
            continue;
        as_user(&bench, STATE_USER, work_as_owner, every_phrase[i]);
        bench.status = TVSCTL_DONE;
        expect_done(&bench, every_phrase[i]);
    }
    bench_close(&bench);
}
END_TEST

/* One line that names who may. */
static void refuse_stranger(struct bench *bench, const char *phrase)
{
    run_phrase(bench, phrase);
    if (bench->status != TVSCTL_REFUSED || helper_count(bench->err, "\n") != 1 ||
        !helper_holds(bench->err, "run it as root")) {
        fprintf(stderr, "%s: %d, %s\n", phrase, bench->status, bench->err);
        _exit(71);
    }
}

/* At every stage: before it could be done by those who may. */
START_TEST(every_phrase_of_a_stranger)
{
    struct bench bench;
    if (!is_root("every_phrase_of_a_stranger"))
        return;
    open_for_phrases(&bench, STATE_USER, TFTP_USER);
    for (size_t i = 0; i < PHRASE_COUNT; i++) {
        if (!can_be_run(every_phrase[i]))
            continue;
        if (i > 0)
            as_user(&bench, STRANGER, refuse_stranger, every_phrase[i]);
        run_phrase(&bench, every_phrase[i]);
        ck_assert_int_eq(bench.status, TVSCTL_DONE);
        /* A backup is its maker's own; here the state is what shall keep the stranger out. */
        if (helper_exists(bench_path(&bench, "the.backup")))
            ck_assert_int_eq(chmod(bench_path(&bench, "the.backup"), 0644), 0);
    }
    bench_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("rights");
    TCase *tests = tcase_create("rights");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, root_works_as_the_owner);
    tcase_add_test(tests, groups_of_root_are_left);
    tcase_add_test(tests, root_is_told_what_the_owner_lacks);
    tcase_add_test(tests, folder_that_only_root_can_reach);
    tcase_add_test(tests, files_of_root_can_be_imported);
    tcase_add_test(tests, strangers_are_told_who_may);
    tcase_add_test(tests, owner_is_named);
    tcase_add_test(tests, no_phrase_is_left_out);
    tcase_add_test(tests, every_phrase_of_root);
    tcase_add_test(tests, every_phrase_of_the_owner);
    tcase_add_test(tests, every_phrase_of_a_stranger);
    suite_add_tcase(all, tests);
    return all;
}
