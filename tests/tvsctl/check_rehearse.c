/* utils rehearse: which phrases, on what copy, what is told, and that nothing real changes. */
#include "helper_lists.h"
#include "helper_rehearse.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include "tvsctl/phrase.h"
#include "tvsctl/rehearse_site.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A cluster with an ITL, a signed file, a plain file and a link. */
static void open_cluster(struct bench *bench, const char *extra)
{
    rehearse_open(bench, extra);
    rehearse_do(bench, "set cert regen TVS");
    rehearse_do(bench, "set cert regen CallManager");
    bench_write(bench, bench_in_tftp(bench, "SEP001122334455.cnf.xml"), helper_bytes("<device/>"));
    rehearse_do(bench, "file sign SEP001122334455.cnf.xml");
    ck_assert_int_eq(symlink("SEP001122334455.cnf.xml.sgn", bench_in_tftp(bench, "alias.cnf.xml.sgn")), 0);
}

/* Every phrase that can be rehearsed, done on a copy: whatever it does there, nothing real changes. */
static const struct {
    const char *words;
    int status;
    const char *out, *err;
} phrases[] = {
    {"set cert regen TVS", 0, "Rehearsal of `set cert regen TVS`: nothing was changed.", NULL},
    {"set cert regen CallManager --key rsa:2048 --days 30", 0, "Looked at: 1 pair of lists", NULL},
    {"se ce r CallManager", 0, "Rehearsal of `set cert regen CallManager`", NULL},
    {"set cert delete TVS cucm-1051-a-pub", 0, "All of them follow", NULL},
    {"set csr gen tomcat", 0, "All of them follow", NULL},
    {"set network hostname other", 0, "Rehearsal of `set network hostname other`", NULL},
    {"file delete tftp ITLFile.tlv", 0, "All of them follow", NULL},
    {"file delete tftp SEP001122334455.cnf.xml", 0, "All of them follow", NULL},
    {"file delete activelog cm/tftpdata/ITLFile.tlv", 0, "All of them follow", NULL},
    {"file sign --all", 0, "All of them follow", NULL},
    {"utils ctl set-cluster mixed-mode", 0, "All of them follow", NULL},
    {"utils itl update", 0, "All of them follow: 2 by ITL, 2 blindly.", NULL},
    {"utils itl reset localkey", 0, "All of them follow: 2 by ITL, 2 blindly.", NULL},
    {"utils itl restore 1", 0, "All of them follow", NULL},
    {"utils itl rollback on", 0, "All of them follow", NULL},
    {"utils node add sub 10.1.1.1", 0, "All of them follow", NULL},
    /* Refused as the phrase itself would be, with the real folders' names. */
    {"utils itl restore 99", 1, "", "there is no list 99"},
    {"utils itl rollback off", 1, "", "the cluster is not prepared for rollback"},
    {"utils ctl reset localkey", 1, "", "/tftp/CTLFile.tlv: there is no trust list to sign anew"},
    {"file delete tftp nothing", 1, "", "there is no nothing in"},
    {"utils restore /nowhere/x --password-file /nowhere/p", 1, "", "/nowhere/p"},
    /* There is nothing to rehearse. */
    {"show itl", 1, "", "`show itl` changes nothing that phones find or are told"},
    {"file get tftp ITLFile.tlv", 1, "", "there is nothing to rehearse"},
    {"utils backup /tmp/x", 1, "", "there is nothing to rehearse"},
    {"run sql select 1", 1, "", "there is nothing to rehearse"},
    {"utils rehearse set cert regen TVS", 1, "", "there is nothing to rehearse"},
    {"utils itl diagnose x", 1, "", "there is nothing to rehearse"},
    {"file sign SEP001122334455.cnf.xml", 1, "", "what can be rehearsed is `file sign --all`"},
    /* No phrase, or options that do not go with it. */
    {"set cert", 2, "", "`set cert` needs more"},
    {"frobnicate", 2, "", "no phrase begins with `frobnicate`"},
    {"utils itl update --days 3", 2, "", "`utils itl update` does not take --days N"},
    {"utils itl update --frob", 2, "", "there is no option --frob"},
    {"utils itl update --family 79xx --family 69xx --family 99xx", 0, "families: 79xx, 69xx/89xx/99xx.", ""},
    {"utils itl update --installed=a --installed=a --installed=a --installed=a --installed=a --installed=a "
     "--installed=a --installed=a --installed=a --installed=a --installed=a --installed=a --installed=a "
     "--installed=a --installed=a --installed=a --installed=a --installed=a",
     2, "", "--installed stands there too often: 17 times are the most"},
    {"utils itl update --family x", 2, "", "there is no family x; there are: 79xx"},
    {"set cert regen nothing", 1, "", "nothing"},
    {"utils itl update --installed /nowhere/ITLFile.tlv", 1, "", "/nowhere/ITLFile.tlv"},
};

START_TEST(rehearses)
{
    struct bench bench;
    open_cluster(&bench, "");
    rehearse_expect(&bench, phrases[_i].words, phrases[_i].status, phrases[_i].out, phrases[_i].err);
    ck_assert_ptr_null(strstr(bench.err, "tvs-rehearse-"));
    ck_assert_ptr_null(strstr(bench.out, "tvs-rehearse-"));
    bench_run(&bench, "utils rehearse %s --json", phrases[_i].words);
    ck_assert_int_eq(bench.status, phrases[_i].status);
    ck_assert(phrases[_i].status != TVSCTL_DONE || helper_is_json(bench.out));
    rehearse_close(&bench);
}
END_TEST

/* Which rows can be rehearsed: a new phrase has to say. */
START_TEST(every_row_says)
{
    static const char *const harmless[] = {
        "show ",           "file list",          "file get",           "file verify",
        "run sql",         "utils backup",       "utils rehearse",     "utils migrate-check",
        "utils node list", "utils itl diagnose", "utils rollout show", "utils service reload",
        "set trace level", "utils store update"};
    for (size_t i = 0; i < grammar.count; i++) {
        bool is_harmless = false;
        for (size_t j = 0; j < sizeof harmless / sizeof harmless[0]; j++)
            is_harmless |= strncmp(grammar.rows[i].words, harmless[j], strlen(harmless[j])) == 0;
        ck_assert_msg(is_harmless == ((grammar.rows[i].flags & PHRASE_CHANGES) == 0), "%s",
                      grammar.rows[i].words);
    }
}
END_TEST

START_TEST(needs_a_store)
{
    struct bench bench;
    rehearse_open(&bench, "");
    rehearse_expect(&bench, "set cert regen TVS", TVSCTL_REFUSED, "", "there is no store yet");
    rehearse_close(&bench);
}
END_TEST

/* A copy in the folders that must not change would change them. */
START_TEST(needs_a_place)
{
    struct bench bench;
    open_cluster(&bench, "");
    char *tmpdir = strdup(getenv("TMPDIR"));
    const char *const bad[] = {bench.state, bench.tftp, bench_in_tftp(&bench, "../tftp/.")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *before = rehearse_snapshot(&bench);
        ck_assert_int_eq(setenv("TMPDIR", bad[i], 1), 0);
        bench_run(&bench, "utils rehearse utils itl update");
        bench_expect(&bench, TVSCTL_REFUSED, "", "name another place in TMPDIR");
        char *after = rehearse_snapshot(&bench);
        ck_assert_str_eq(before, after);
        free(before);
        free(after);
    }
    ck_assert_int_eq(setenv("TMPDIR", "/nowhere", 1), 0);
    bench_run(&bench, "utils rehearse utils itl update");
    bench_expect(&bench, TVSCTL_REFUSED, "",
                 "/nowhere: No such file or directory; TMPDIR names another place");
    /* A folder for everybody's files has the mode that it has. */
    const char *open_to_all = bench_path(&bench, "open");
    ck_assert_int_eq(mkdir(open_to_all, 0700), 0);
    ck_assert_int_eq(chmod(open_to_all, 0777), 0);
    ck_assert_int_eq(setenv("TMPDIR", open_to_all, 1), 0);
    bench_run(&bench, "utils rehearse utils itl update");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_eq(setenv("TMPDIR", tmpdir, 1), 0);
    free(tmpdir);
    rehearse_close(&bench);
}
END_TEST

/* A folder in TMPDIR as a killed rehearsal leaves it, with a file in it, so many seconds old. */
static char *leave_folder(const char *name, time_t age)
{
    char *folder, *file;
    const struct timespec old[2] = {{time(NULL) - age, 0}, {time(NULL) - age, 0}};
    ck_assert_int_gt(asprintf(&folder, "%s/%s", getenv("TMPDIR"), name), 0);
    ck_assert_int_gt(asprintf(&file, "%s/ITLFile.tlv", folder), 0);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(mknod(file, S_IFREG | 0600, 0), 0);
    ck_assert_int_eq(utimensat(AT_FDCWD, folder, old, 0), 0);
    free(file);
    return folder;
}

START_TEST(sweeps_what_was_left)
{
    struct bench bench;
    open_cluster(&bench, "");
    char *left = leave_folder("tvs-rehearse-abcdef", 100), *held = leave_folder("tvs-rehearse-ghijkl", 100),
         *young = leave_folder("tvs-rehearse-mnopqr", 0),
         *other = leave_folder("tvs-rehearse-of-others", 100);
    int fd = open(held, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
    bench_run(&bench, "utils rehearse utils itl update");
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    ck_assert_int_ne(access(left, F_OK), 0);
    ck_assert_int_eq(access(held, F_OK), 0);
    ck_assert_int_eq(access(young, F_OK), 0);
    ck_assert_int_eq(access(other, F_OK), 0);
    close(fd);
    free(left);
    free(held);
    free(young);
    free(other);
    rehearse_close(&bench);
}
END_TEST

/* A phrase that was decided and is not in place: a copy would not belong together. */
START_TEST(waits_for_others)
{
    struct bench bench;
    struct trust_store *store;
    open_cluster(&bench, "");
    ck_assert_int_eq(trust_store_open(bench.store, TRUST_STORE_WRITE, &store, NULL), 0);
    const struct trust_pending pending = {TRUST_PLACE_TFTP, bench.tftp, ".tvs-abcdef", "ITLFile.tlv"};
    ck_assert_int_eq(trust_store_add_pending(store, &pending, NULL), 0);
    trust_store_close(store);
    rehearse_expect(&bench, "utils itl update", TVSCTL_REFUSED, "",
                    "another phrase has been changing this state");
    rehearse_close(&bench);
}
END_TEST

/* The keys of the copy are links: the key that the phrase drops there, and the one it replaces, stay here; a
 * restore on the copy brings its keys to the copy alone. */
START_TEST(restore_on_the_copy)
{
    struct bench bench;
    open_cluster(&bench, "");
    bench.forces = true;
    bench_write(&bench, "password", helper_bytes("secret\n"));
    char *password = strdup(bench_path(&bench, "password"));
    bench_run(&bench, "utils backup %s --password-file %s", bench_path(&bench, "x.tvs"), password);
    bench_expect(&bench, TVSCTL_DONE, NULL, NULL);
    rehearse_do(&bench, "set cert regen CallManager");
    rehearse_do(&bench, "set cert regen TVS");
    char words[1024];
    snprintf(words, sizeof words, "utils restore %s --password-file %s", bench_path(&bench, "x.tvs"),
             password);
    /* The list of the backup is the last one published then. */
    rehearse_expect(&bench, words, TVSCTL_DONE, "0 are stranded", NULL);
    ck_assert(helper_holds(bench.out, "utils itl reset localkey"));
    ck_assert(!helper_holds(bench.out, "utils itl update"));
    free(password);
    rehearse_close(&bench);
}
END_TEST

static int give_away(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return lchown(path, 65534, 65534);
}

/* Root rehearses as the owner of the state folder, who cannot look into what others keep from it. */
START_TEST(as_the_owner)
{
    struct bench bench;
    if (getuid() != 0)
        return;
    open_cluster(&bench, "");
    ck_assert_int_eq(nftw(bench.state, give_away, 8, FTW_PHYS), 0);
    ck_assert_int_eq(chmod(bench.tftp, 0700), 0);
    ck_assert_int_eq(chmod(bench.folder, 0755), 0);
    ck_assert_int_eq(chmod(getenv("TMPDIR"), 01777), 0);
    rehearse_expect(&bench, "set cert regen CallManager --family 88xx", TVSCTL_DONE, "All of them follow",
                    NULL);
    ck_assert_int_eq(chmod(getenv("TMPDIR"), 0755), 0);
    /* Where he may not write it is done in /tmp. */
    rehearse_expect(&bench, "utils itl update", TVSCTL_DONE, "All of them follow", NULL);
    rehearse_close(&bench);
}
END_TEST

/* Lists with the same anchors are one; a list whose file is gone is named. */
START_TEST(history)
{
    struct bench bench;
    open_cluster(&bench, "");
    for (int i = 0; i < 5; i++)
        rehearse_do(&bench, "utils itl update");
    rehearse_do(&bench, "set cert regen CAPF");
    rehearse_expect(
        &bench, "utils itl update", TVSCTL_DONE,
        "Looked at: 1 pair of lists that phones can hold (6 more hold the same certificates), and "
        "phones without lists",
        NULL);
    ck_assert_int_eq(unlink(lists_published(&bench, "000002-ITLFile.tlv")), 0);
    bench_write(&bench, lists_published(&bench, "000003-ITLFile.tlv"), helper_bytes("x"));
    rehearse_expect(&bench, "utils itl update", TVSCTL_DONE,
                    "2 published lists are missing or changed, and were not looked at", NULL);
    /* An ITL that was never given out: it is what phones hold now all the same. */
    ck_assert_int_eq(unlink(lists_tftp(&bench, "ITLFile.tlv")), 0);
    rehearse_expect(&bench, "utils itl update", TVSCTL_DONE, "All of them follow", NULL);
    rehearse_close(&bench);
}
END_TEST

/* A CTL that phones could not take, and the ITLs after it; no CTL any more. */
START_TEST(pairs)
{
    struct bench bench;
    open_cluster(&bench, "");
    bench.forces = true;
    rehearse_do(&bench, "utils ctl set-cluster mixed-mode");
    rehearse_do(&bench, "set cert regen CallManager");
    rehearse_do(&bench, "utils ctl update CTLFile");
    rehearse_do(&bench, "set cert regen TVS");
    bench_run(&bench, "utils rehearse utils itl update --json");
    /* ITL 1; 1+CTL 2; CTL 2+ITL 3; CTL 4+ITL 3; CTL 2+ITL 5; CTL 4+ITL 5 (now); none. */
    ck_assert_int_eq(helper_count(bench.out, "\"family\": \"with TVS\""), 7);
    ck_assert_int_eq(helper_count(bench.out, "\"present\": true"), 2);
    rehearse_do(&bench, "utils ctl set-cluster non-secure-mode");
    rehearse_do(&bench, "file delete tftp CTLFile.tlv");
    rehearse_do(&bench, "set cert regen TVS");
    bench_run(&bench, "utils rehearse utils itl update --json");
    /* Further: CTL 6+ITL 5, CTL 6+ITL 7, CTL 4+ITL 7, ITL 7 alone (now). */
    ck_assert_int_eq(helper_count(bench.out, "\"family\": \"with TVS\""), 11);
    rehearse_close(&bench);
}
END_TEST

/* A list of the history that differs from the present one in the hash of its TVS certificate. */
static void plant(struct bench *bench, struct trust_store *store, const struct trust_list *present,
                  int number)
{
    char name[64];
    struct trust_list *list;
    size_t at = 0;
    while (present->records[at].function != TRUST_ROLE_TVS)
        at++;
    uint8_t *copy = malloc(present->file.len);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, present->file.data, present->file.len);
    copy[present->records[at].cert_hash.data - present->file.data] ^= (uint8_t)number;
    const struct trust_bytes bytes = {copy, present->file.len};
    ck_assert_int_eq(trust_list_parse(bytes, &list, NULL), 0);
    ck_assert_int_eq(
        trust_store_add_publication(store, number, list, "ITLFile.tlv", time(NULL), "test", "test", NULL), 0);
    snprintf(name, sizeof name, "%06d-ITLFile.tlv", number);
    bench_write(bench, lists_published(bench, name), bytes);
    trust_list_free(list);
    free(copy);
}

/* More rows than anybody reads: the newest are told, and how many are not. */
START_TEST(long_history)
{
    struct bench bench;
    struct trust_store *store;
    open_cluster(&bench, "");
    struct trust_list *present = lists_read(&bench, "ITL");
    ck_assert_int_eq(trust_store_open(bench.store, TRUST_STORE_WRITE, &store, NULL), 0);
    for (int number = 2; number < 34; number++)
        plant(&bench, store, present, number);
    trust_store_close(store);
    trust_list_free(present);
    rehearse_expect(&bench, "set cert regen CallManager", TVSCTL_DONE, "Looked at: 33 pairs", NULL);
    ck_assert(helper_holds(bench.out, "5 older ones are left out here; --json lists all."));
    ck_assert_ptr_nonnull(strstr(bench.out, "\nITL 1 (now) "));
    ck_assert_ptr_null(strstr(bench.out, "\nITL 2 "));
    ck_assert_ptr_nonnull(strstr(bench.out, "\nITL 4 "));
    rehearse_close(&bench);
}
END_TEST

/* What the phone holds, instead of the history. */
START_TEST(installed)
{
    struct bench bench;
    char words[1024];
    open_cluster(&bench, "  recovery_anchor: false\n");
    char *old = rehearse_keep(&bench, "ITL", "old.tlv");
    rehearse_do(&bench, "set cert regen CallManager");
    snprintf(words, sizeof words, "set cert regen TVS --family 8861 --installed %s", old);
    rehearse_expect(&bench, words, TVSCTL_USAGE, "", "there is no family 8861");
    snprintf(words, sizeof words, "set cert regen TVS --family 88xx --installed %s", old);
    rehearse_expect(&bench, words, TVSCTL_NO, "Of 1 kinds of phones 0 follow, 0 wait, 1 are stranded:", NULL);
    snprintf(words, sizeof words, "set cert regen TVS --family 88xx --installed %s/ITLFile.tlv", bench.tftp);
    rehearse_expect(&bench, words, TVSCTL_DONE, "All of them follow: 1 by ITL.", NULL);
    snprintf(words, sizeof words, "utils itl update --installed %s --installed %s", old, old);
    rehearse_expect(&bench, words, TVSCTL_USAGE, "", "is a second ITL");
    bench_write(&bench, "x.tlv", helper_bytes("no list"));
    snprintf(words, sizeof words, "utils itl update --installed %s", bench_path(&bench, "x.tlv"));
    rehearse_expect(&bench, words, TVSCTL_REFUSED, "", "x.tlv");
    free(old);
    rehearse_close(&bench);
}
END_TEST

/* One of another signer among the signed files: phones judge by the most, and it is named. */
START_TEST(signed_files_of_others)
{
    struct bench bench, other;
    bench_open(&other, "");
    open_cluster(&bench, "");
    rehearse_do(&other, "set cert regen CallManager");
    bench_write(&other, bench_in_tftp(&other, "x.cnf.xml"), helper_bytes("<x/>"));
    rehearse_do(&other, "file sign x.cnf.xml");
    lists_copy_file(bench_in_tftp(&other, "x.cnf.xml.sgn"), bench_in_tftp(&bench, "x.cnf.xml.sgn"));
    bench_write(&bench, bench_in_tftp(&bench, "a.cnf.xml"), helper_bytes("<a/>"));
    rehearse_do(&bench, "file sign a.cnf.xml");
    rehearse_expect(
        &bench, "set cert regen CallManager", TVSCTL_DONE,
        "1 of 3 signed configuration files are signed otherwise than SEP001122334455.cnf.xml.sgn, "
        "for one x.cnf.xml.sgn",
        "x.cnf.xml.sgn stays as it is");
    bench_close(&other);
    rehearse_close(&bench);
}
END_TEST

/* Nobody is foretold to wait for signatures that cannot be made. */
START_TEST(key_too_short_for_its_digest)
{
    static const struct lists_cert small = {.subject = "CN=small", .serial = "0512", .bits = 512};
    static const char *const digests[] = {"  signer: itlrecovery\n",
                                          "  signer: itlrecovery\n  digest: sha512\n"};
    struct bench bench;
    struct config *config;
    struct rehearse_site site;
    struct trust_error err = {0};
    rehearse_open(&bench, digests[_i]);
    rehearse_do(&bench, "set cert regen CallManager");
    lists_write_cert(&bench, "small.pem", &small);
    bench_run(&bench, "set cert import own CallManager %s --yes --force", bench_path(&bench, "small.pem"));
    bench_expect(&bench, TVSCTL_DONE, NULL, _i == 0 ? NULL : "forced past guard rail stranded");
    ck_assert(_i == 1 || !helper_holds(bench.err, "guard rail"));
    ck_assert_msg(config_load(bench.config, &config, &err) == 0, "%s", err.text);
    ck_assert_msg(rehearse_site_read(config, &site, &err) == 0, "%s", err.text);
    ck_assert_int_eq(site.signer != NULL, _i == 0);
    rehearse_site_fini(&site);
    config_free(config);
    rehearse_close(&bench);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("rehearse");
    TCase *t = tcase_create("rehearse");
    tcase_add_loop_test(t, rehearses, 0, sizeof phrases / sizeof phrases[0]);
    tcase_add_test(t, every_row_says);
    tcase_add_test(t, needs_a_store);
    tcase_add_test(t, needs_a_place);
    tcase_add_test(t, sweeps_what_was_left);
    tcase_add_test(t, waits_for_others);
    tcase_add_test(t, restore_on_the_copy);
    tcase_add_test(t, as_the_owner);
    tcase_add_test(t, history);
    tcase_add_test(t, pairs);
    tcase_add_test(t, long_history);
    tcase_add_test(t, installed);
    tcase_add_test(t, signed_files_of_others);
    tcase_add_loop_test(t, key_too_short_for_its_digest, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
