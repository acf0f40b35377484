/* A state folder that everybody may write. */
#include "tests/check_main.h"

#include "config/state_mode.h"

#include "tests/fixture.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEWEST "published/000007-CTLFile.tlv"
#define OLD    "published/000001-CTLFile.tlv" /* vouches for nobody any more */

static char *make_state(void)
{
    static const char *const files[] = {
        TRUST_STORE_FILE,
        TRUST_STORE_FILE "-wal",
        TRUST_STORE_FILE "-shm",
        "phones",
        NEWEST,
        "published/000006-CTLFile.tlv",
        "published/000005-CTLFile.tlv",
        "published/000004-CTLFile.tlv",
        OLD,
        "published/000002-ITLFile.tlv",
    };
    char path[512], *state = fixture_folder();
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", state, i == 0 ? "keys" : "published");
        ck_assert_int_eq(mkdir(path, 0700), 0);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", state, files[i]);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        ck_assert_int_ge(fd, 0);
        close(fd);
    }
    return state;
}

static const struct {
    const char *name;
    mode_t mode, without; /* 0: it is borne */
} modes[] = {
    {".", 0777, 0775},
    {".", 01777, 01775}, /* whoever may make files may make those that are not there yet */
    {".", 02770, 0},
    {"keys", 0702, 0700},
    {"keys", 01777, 01775},
    {"published", 0777, 0775},
    {"published", 0775, 0},
    {TRUST_STORE_FILE, 0666, 0664},
    {TRUST_STORE_FILE, 0664, 0}, /* a group of operators */
    {TRUST_STORE_FILE "-wal", 0602, 0600},
    {TRUST_STORE_FILE "-shm", 0666, 0664},
    {NEWEST, 0666, 0664},
    {"published/000002-ITLFile.tlv", 0646, 0644},
    {OLD, 0666, 0},
    {"phones", 0666, 0},
};

START_TEST(who_may_write)
{
    char *state = make_state(), path[512], want[1100];
    struct trust_error err = {0};
    ck_assert_msg(state_mode_check(state, &err) == 0, "%s", err.text);
    snprintf(path, sizeof path, "%s/%s", state, modes[_i].name);
    if (strcmp(modes[_i].name, ".") == 0)
        snprintf(path, sizeof path, "%s", state);
    ck_assert_int_eq(chmod(path, modes[_i].mode), 0);
    const int rc = state_mode_check(state, &err);
    if (modes[_i].without == 0) {
        ck_assert_msg(rc == 0, "%s", err.text);
    } else {
        ck_assert_int_eq(rc, TRUST_EDENIED);
        snprintf(want, sizeof want, "%s: everybody may write it (mode %04o); chmod o-w %s", path,
                 (unsigned)modes[_i].mode, path);
        ck_assert_str_eq(err.text, want);
        ck_assert_int_eq(chmod(path, modes[_i].without), 0);
        ck_assert_msg(state_mode_check(state, &err) == 0, "%s", err.text);
    }
    fixture_folder_remove(state);
}
END_TEST

/* A folder above: by the way that leads there, and by the one without links. */
START_TEST(who_may_write_above)
{
    char *folder = fixture_folder(), above[400], sub[420], state[440], link[420], path[500], want[2000];
    struct trust_error err = {0};
    snprintf(above, sizeof above, "%s/above", folder);
    snprintf(sub, sizeof sub, "%s/sub", above);
    snprintf(state, sizeof state, "%s/state", sub);
    snprintf(link, sizeof link, "%s/link", folder);
    ck_assert(mkdir(above, 0755) == 0 && mkdir(sub, 0755) == 0 && mkdir(state, 0755) == 0);
    ck_assert_int_eq(symlink(sub, link), 0);
    static const char *const ways[] = {"above/sub/state", "link/state",   "link/state/",
                                       "link//state//",   "link/./state", "above/sub/state"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const char *root = i == 5 ? "/" : ""; /* two at the beginning */
        snprintf(path, sizeof path, "%s%s/%s", root, folder, ways[i]);
        ck_assert_int_eq(chmod(above, 0755), 0);
        ck_assert_msg(state_mode_check_above(path, &err) == 0, "%s", err.text);
        ck_assert_int_eq(chmod(above, 0777), 0);
        ck_assert_int_eq(state_mode_check_above(path, &err), TRUST_EDENIED);
        snprintf(want, sizeof want,
                 "%s%s: everybody may write it (mode 0777); chmod o-w, or +t, %s%s: another folder could be "
                 "put in "
                 "the place of %.100s",
                 root, above, root, above, path);
        ck_assert_str_eq(err.text, want);
        ck_assert_int_eq(chmod(above, 01777), 0); /* as /tmp */
        ck_assert_msg(state_mode_check_above(path, &err) == 0, "%s", err.text);
    }
    ck_assert_int_eq(chmod(folder, 0777), 0); /* the link can be exchanged */
    ck_assert_int_eq(state_mode_check_above(path, &err), TRUST_EDENIED);
    ck_assert_int_eq(chmod(folder, 0700), 0);
    fixture_folder_remove(folder);
}
END_TEST

/* They are made, or missed, by those who open them. */
START_TEST(what_is_not_there)
{
    char *folder = fixture_folder(), path[512];
    ck_assert_int_eq(state_mode_check(folder, NULL), 0);
    snprintf(path, sizeof path, "%s/none", folder);
    ck_assert_int_eq(state_mode_check(path, NULL), 0);
    ck_assert_int_eq(state_mode_check_above(path, NULL), 0);
    fixture_folder_remove(folder);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("state_mode");
    TCase *c = tcase_create("state_mode");
    tcase_add_loop_test(c, who_may_write, 0, (int)(sizeof modes / sizeof modes[0]));
    tcase_add_test(c, who_may_write_above);
    tcase_add_test(c, what_is_not_there);
    suite_add_tcase(s, c);
    return s;
}
