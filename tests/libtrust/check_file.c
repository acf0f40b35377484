#include "tests/check_main.h"
#include "tests/fixture.h"

#include "trust/file.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *folder;

static void setup(void)
{
    folder = fixture_folder();
}

static void teardown(void)
{
    fixture_folder_remove(folder);
}

/* A path inside the folder; valid for the next three calls. */
static const char *in_folder(const char *name)
{
    static char path[4][1024];
    static unsigned next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}

static size_t count_files(const char *path)
{
    size_t count = 0;
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2;
}

static struct trust_bytes text_bytes(const char *text)
{
    return (struct trust_bytes){(const uint8_t *)text, strlen(text)};
}

static int replace(const char *path, const char *text, mode_t mode, struct trust_error *err)
{
    return trust_file_replace(path, text_bytes(text), mode, (uid_t)-1, (gid_t)-1, err);
}

static void check_content(const char *path, const char *text)
{
    uint8_t *data;
    size_t len;
    ck_assert_int_eq(trust_file_read(path, 1000, &data, &len, NULL, NULL), 0);
    ck_assert_uint_eq(len, strlen(text));
    ck_assert_str_eq((char *)data, text);
    free(data);
}

START_TEST(replaces_and_reads)
{
    struct trust_error err;
    struct stat info;
    uint8_t *data;
    size_t len;
    const char *path = in_folder("file");
    mode_t mask = umask(077);
    ck_assert_int_eq(replace(path, "one", 0644, &err), 0);
    check_content(path, "one");
    ck_assert_int_eq(replace(path, "", 0600, &err), 0);
    umask(mask);
    ck_assert_int_eq(trust_file_read(path, 0, &data, &len, &info, &err), 0);
    ck_assert_uint_eq(len, 0);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(data[0], 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
    free(data);
    ck_assert_int_eq(replace(path, "three", 0644, &err), 0);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0644);
    ck_assert_uint_eq(count_files(folder), 1);
}
END_TEST

START_TEST(replaces_a_name_without_folder)
{
    char *before = getcwd(NULL, 0);
    ck_assert_ptr_nonnull(before);
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(replace("bare", "text", 0600, NULL), 0);
    ck_assert_int_eq(trust_file_remove("bare", NULL), 0);
    ck_assert_int_eq(chdir(before), 0);
    free(before);
}
END_TEST

START_TEST(replaces_with_owner)
{
    struct stat info;
    const char *path = in_folder("file");
    ck_assert_int_eq(trust_file_replace(path, text_bytes("x"), 0640, geteuid(), getegid(), NULL), 0);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_uid, geteuid());
    ck_assert_uint_eq(info.st_gid, getegid());
    ck_assert_uint_eq(info.st_mode & 07777, 0640);
}
END_TEST

START_TEST(replace_fails_without_a_trace)
{
    struct trust_error err;
    const char *path = in_folder("is-folder");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(replace(path, "text", 0600, &err), TRUST_ESYSTEM);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    ck_assert_uint_eq(count_files(folder), 1);
    ck_assert_int_eq(replace(in_folder("missing/file"), "text", 0600, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "missing/file"));
}
END_TEST

START_TEST(read_has_a_limit)
{
    struct trust_error err;
    uint8_t *data;
    size_t len;
    char *large = calloc(1, 20001);
    memset(large, 'a', 20000);
    ck_assert_int_eq(replace(in_folder("file"), large, 0600, NULL), 0);
    ck_assert_int_eq(trust_file_read(in_folder("file"), 19999, &data, &len, NULL, &err), TRUST_ETOOLARGE);
    ck_assert_ptr_null(data);
    ck_assert_uint_eq(len, 0);
    ck_assert_ptr_nonnull(strstr(err.text, "19999"));
    ck_assert_int_eq(trust_file_read(in_folder("file"), 20000, &data, &len, NULL, &err), 0);
    ck_assert_uint_eq(len, 20000);
    ck_assert_str_eq((char *)data, large);
    free(data);
    free(large);
}
END_TEST

/* None of these may block. */
START_TEST(read_refuses_what_is_no_file)
{
    struct trust_error err;
    uint8_t *data;
    size_t len;
    ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
    ck_assert_int_eq(trust_file_read(in_folder("fifo"), 10, &data, &len, NULL, &err), TRUST_EARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "FIFO"));
    ck_assert_int_eq(trust_file_read(folder, 10, &data, &len, NULL, &err), TRUST_EARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "folder"));
    ck_assert_int_eq(trust_file_read("/dev/zero", 10, &data, &len, NULL, &err), TRUST_EARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "device"));
    ck_assert_int_eq(trust_file_read(in_folder("none"), 10, &data, &len, NULL, &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(trust_file_read(in_folder("fifo/x"), 10, &data, &len, NULL, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_null(data);
}
END_TEST

START_TEST(read_follows_links)
{
    ck_assert_int_eq(replace(in_folder("file"), "text", 0600, NULL), 0);
    ck_assert_int_eq(symlink("file", in_folder("link")), 0);
    check_content(in_folder("link"), "text");
}
END_TEST

START_TEST(read_without_right)
{
    const bool root = geteuid() == 0;
    struct trust_error err;
    uint8_t *data;
    size_t len;
    ck_assert_int_eq(replace(in_folder("file"), "text", 0, NULL), 0);
    if (root) {
        ck_assert_int_eq(chmod(folder, 0711), 0);
        ck_assert_int_eq(seteuid(65534), 0);
    }
    ck_assert_int_eq(trust_file_read(in_folder("file"), 10, &data, &len, NULL, &err), TRUST_EDENIED);
    if (root) {
        ck_assert_int_eq(replace(in_folder("other"), "text", 0600, &err), TRUST_EDENIED);
        ck_assert_int_eq(trust_file_remove(in_folder("file"), &err), TRUST_EDENIED);
        ck_assert_int_eq(trust_folder_make(in_folder("a/b"), 0700, &err), TRUST_EDENIED);
        ck_assert_int_eq(seteuid(0), 0);
    }
    ck_assert_uint_eq(count_files(folder), 1);
}
END_TEST

START_TEST(removes)
{
    struct trust_error err;
    ck_assert_int_eq(replace(in_folder("file"), "text", 0600, NULL), 0);
    ck_assert_int_eq(trust_file_remove(in_folder("file"), &err), 0);
    ck_assert_int_eq(access(in_folder("file"), F_OK), -1);
    ck_assert_int_eq(trust_file_remove(in_folder("file"), &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "file"));
}
END_TEST

START_TEST(makes_folders)
{
    struct trust_error err;
    struct stat info;
    mode_t mask = umask(077);
    ck_assert_int_eq(trust_folder_make(in_folder("a/b//c/"), 0750, &err), 0);
    umask(mask);
    ck_assert_int_eq(stat(in_folder("a/b/c"), &info), 0);
    ck_assert(S_ISDIR(info.st_mode));
    ck_assert_uint_eq(info.st_mode & 07777, 0750);
    ck_assert_int_eq(stat(in_folder("a"), &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0750);
    ck_assert_int_eq(trust_folder_make(in_folder("a/b/c"), 0700, &err), 0);
    ck_assert_int_eq(stat(in_folder("a/b/c"), &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0750); /* was there: left alone */
    ck_assert_int_eq(trust_folder_make("/", 0700, &err), 0);
}
END_TEST

START_TEST(folder_in_the_way_of_a_file)
{
    struct trust_error err;
    ck_assert_int_eq(replace(in_folder("file"), "text", 0600, NULL), 0);
    ck_assert_int_eq(trust_folder_make(in_folder("file"), 0700, &err), TRUST_EEXISTS);
    ck_assert_int_eq(trust_folder_make(in_folder("file/sub"), 0700, &err), TRUST_EEXISTS);
    ck_assert_ptr_nonnull(strstr(err.text, "no folder"));
}
END_TEST

/* ---- In two halves */

static int stage(const char *where, const char *text, bool sync, char *staged, struct trust_error *err)
{
    return trust_file_stage(where, text_bytes(text), 0640, (uid_t)-1, (gid_t)-1, sync, staged, err);
}

START_TEST(stages_and_places)
{
    struct trust_error err = {0};
    struct stat info;
    char staged[2][TRUST_STAGED_SIZE];
    ck_assert_int_eq(replace(in_folder("one"), "old", 0600, NULL), 0);
    mode_t mask = umask(077);
    ck_assert_msg(stage(folder, "new", true, staged[0], &err) == 0, "%s", err.text);
    ck_assert_msg(stage(folder, "other", false, staged[1], &err) == 0, "%s", err.text);
    umask(mask);
    ck_assert_str_ne(staged[0], staged[1]);
    ck_assert_int_eq(trust_folder_flush(folder, &err), 0);
    check_content(in_folder("one"), "old");
    check_content(in_folder(staged[0]), "new");
    ck_assert_int_eq(stat(in_folder(staged[1]), &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0640);

    ck_assert_int_eq(trust_file_place(folder, staged[0], "one", &err), 0);
    ck_assert_int_eq(trust_file_place(folder, staged[1], "two", &err), 0);
    ck_assert_int_eq(trust_folder_sync(folder, &err), 0);
    check_content(in_folder("one"), "new");
    check_content(in_folder("two"), "other");
    ck_assert_uint_eq(count_files(folder), 2);
    /* Whoever comes again after a crash finds that this was done. */
    ck_assert_int_eq(trust_file_place(folder, staged[0], "one", &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, staged[0]));
    check_content(in_folder("one"), "new");
}
END_TEST

START_TEST(stage_and_place_refuse)
{
    struct trust_error err = {0};
    char staged[TRUST_STAGED_SIZE] = "before";
    ck_assert_int_eq(stage(in_folder("none"), "text", true, staged, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, in_folder("none")));
    ck_assert_str_eq(staged, "");
    ck_assert_int_eq(trust_folder_sync(in_folder("none"), &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(trust_folder_flush(in_folder("none"), &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, in_folder("none")));

    ck_assert_int_eq(stage(folder, "text", true, staged, &err), 0);
    static const char *const bad[] = {"", ".", "..", "../out", "a/b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(trust_file_place(folder, staged, bad[i], &err), TRUST_EARGUMENT);
        ck_assert_int_eq(trust_file_place(folder, bad[i], "name", &err), TRUST_EARGUMENT);
    }
    ck_assert_int_eq(mkdir(in_folder("is-folder"), 0700), 0);
    ck_assert_int_eq(trust_file_place(folder, staged, "is-folder", &err), TRUST_ESYSTEM);
    ck_assert_ptr_nonnull(strstr(err.text, in_folder("is-folder")));
    check_content(in_folder(staged), "text");
    ck_assert_uint_eq(count_files(folder), 2);
}
END_TEST

/* Owner and mode are set before anybody can see the file, and a failure leaves nothing. */
START_TEST(stage_fails_without_a_trace)
{
    const bool root = geteuid() == 0;
    struct trust_error err = {0};
    char staged[TRUST_STAGED_SIZE];
    if (root) {
        ck_assert_int_eq(chmod(folder, 0777), 0);
        ck_assert_int_eq(seteuid(65534), 0);
    }
    ck_assert_int_eq(trust_file_stage(folder, text_bytes("text"), 0600, 0, (gid_t)-1, true, staged, &err),
                     TRUST_EDENIED);
    ck_assert_ptr_nonnull(strstr(err.text, "owner of a new file in"));
    ck_assert_uint_eq(count_files(folder), 0);
    if (root) {
        /* It may be written, but not listed. */
        ck_assert_int_eq(seteuid(0), 0);
        ck_assert_int_eq(chmod(folder, 0733), 0);
        ck_assert_int_eq(seteuid(65534), 0);
        ck_assert_int_eq(stage(folder, "text", false, staged, &err), 0);
        ck_assert_int_eq(trust_folder_flush(folder, &err), 0);
        ck_assert_int_eq(trust_file_place(folder, staged, "name", &err), 0);
        ck_assert_int_eq(trust_folder_sync(folder, &err), 0);
        ck_assert_int_eq(trust_file_sweep(folder, NULL, 0, &err), TRUST_EDENIED);
        ck_assert_int_eq(seteuid(0), 0);
        check_content(in_folder("name"), "text");
    }
}
END_TEST

START_TEST(sweeps)
{
    static const char *const stay[] = {".tvs-abcde",   ".tvs-abcdefg", ".tvs-abc.ef", "tvs-abcdef",
                                       "x.tvs-abcdef", ".tvs-",        ".TVS-abcdef", "CTLFile.tlv"};
    struct trust_error err = {0};
    char staged[3][TRUST_STAGED_SIZE];
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(stage(folder, "text", false, staged[i], &err), 0);
    for (size_t i = 0; i < sizeof stay / sizeof stay[0]; i++)
        ck_assert_int_eq(replace(in_folder(stay[i]), "text", 0600, &err), 0);
    ck_assert_int_eq(mkdir(in_folder(".tvs-folder"), 0700), 0);
    ck_assert_int_eq(symlink("CTLFile.tlv", in_folder(".tvs-linked")), 0);
    const size_t others = sizeof stay / sizeof stay[0] + 2;

    const char *const keep[] = {"nothing", staged[1], staged[2]};
    ck_assert_msg(trust_file_sweep(folder, keep, 3, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(count_files(folder), others + 2);
    ck_assert_int_ne(access(in_folder(staged[0]), F_OK), 0);
    check_content(in_folder(staged[1]), "text");
    ck_assert_int_eq(trust_file_sweep(folder, NULL, 0, &err), 0);
    ck_assert_uint_eq(count_files(folder), others);
    ck_assert_int_eq(trust_file_sweep(folder, NULL, 0, &err), 0);
    ck_assert_int_eq(trust_file_sweep(in_folder("none"), NULL, 0, &err), 0);
    ck_assert_int_eq(trust_file_sweep(in_folder("CTLFile.tlv"), NULL, 0, &err), TRUST_ENOTFOUND);
}
END_TEST

START_TEST(sweep_without_right)
{
    const bool root = geteuid() == 0;
    struct trust_error err = {0};
    char staged[TRUST_STAGED_SIZE];
    ck_assert_int_eq(stage(folder, "text", false, staged, &err), 0);
    ck_assert_int_eq(chmod(folder, 0555), 0);
    if (root)
        ck_assert_int_eq(seteuid(65534), 0);
    ck_assert_int_eq(trust_file_sweep(folder, NULL, 0, &err), TRUST_EDENIED);
    ck_assert_ptr_nonnull(strstr(err.text, staged));
    ck_assert_ptr_nonnull(strstr(err.text, folder));
    if (root)
        ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(chmod(folder, 0755), 0);
    check_content(in_folder(staged), "text");
}
END_TEST

/* Others may put a link there between a look and the reading. */
START_TEST(reads_a_file_itself)
{
    struct trust_error err;
    uint8_t *data;
    size_t len;
    const struct trust_bytes text = {(const uint8_t *)"text", 4};
    ck_assert_int_eq(trust_file_replace(in_folder("plain"), text, 0600, (uid_t)-1, (gid_t)-1, NULL), 0);
    ck_assert_int_eq(symlink("plain", in_folder("link")), 0);
    ck_assert_int_eq(trust_file_read(in_folder("link"), 10, &data, &len, NULL, NULL), 0);
    free(data);
    ck_assert_int_eq(trust_file_read_itself(in_folder("link"), 10, &data, &len, &err), TRUST_EARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "is a link"));
    ck_assert_ptr_null(data);
    ck_assert_int_eq(trust_file_read_itself(in_folder("plain"), 10, &data, &len, NULL), 0);
    ck_assert_uint_eq(len, 4);
    ck_assert_mem_eq(data, "text", 5);
    free(data);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("file");
    TCase *t = tcase_create("file");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, replaces_and_reads);
    tcase_add_test(t, replaces_a_name_without_folder);
    tcase_add_test(t, replaces_with_owner);
    tcase_add_test(t, replace_fails_without_a_trace);
    tcase_add_test(t, read_has_a_limit);
    tcase_add_test(t, read_refuses_what_is_no_file);
    tcase_add_test(t, read_follows_links);
    tcase_add_test(t, read_without_right);
    tcase_add_test(t, removes);
    tcase_add_test(t, makes_folders);
    tcase_add_test(t, folder_in_the_way_of_a_file);
    suite_add_tcase(s, t);
    t = tcase_create("staged");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, stages_and_places);
    tcase_add_test(t, stage_and_place_refuse);
    tcase_add_test(t, stage_fails_without_a_trace);
    tcase_add_test(t, reads_a_file_itself);
    tcase_add_test(t, sweeps);
    tcase_add_test(t, sweep_without_right);
    suite_add_tcase(s, t);
    return s;
}
