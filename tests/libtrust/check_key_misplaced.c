/* A key file that is not its certificate's: which file has the key, and what to do. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"

#include "trust/key.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *folder;

/* Of a key that was saved. */
static char *path_of(const char *unit, const struct trust_cert *cert)
{
    char name[TRUST_KEY_NAME_SIZE], *path;
    ck_assert_int_eq(trust_key_find(folder, unit, cert, name, NULL), 0);
    ck_assert_int_gt(asprintf(&path, "%s/%s", folder, name), 0);
    return path;
}

static void moves(const char *from, const char *to)
{
    ck_assert_int_eq(rename(from, to), 0);
}

static void mismatch_says(const struct trust_cert *cert, const char *text)
{
    struct trust_error err;
    struct trust_key *loaded;
    ck_assert_int_eq(trust_key_load(folder, "TVS", cert, &loaded, &err), TRUST_EMISMATCH);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
    ck_assert_int_eq(trust_key_load(folder, "TVS", cert, &loaded, NULL), TRUST_EMISMATCH);
    ck_assert_uint_eq(ERR_peek_error(), 0);
}

/* Two key files under each other's names; one under another's; one copied over another; and a strange one. */
START_TEST(says_where_the_key_lies)
{
    struct trust_key *key = helper_key("ec:P-256"), *other = helper_key("ec:P-256");
    struct trust_cert *cert = helper_cert_generate(&helper_cert_plain, key),
                      *other_cert = helper_cert_generate(&helper_cert_plain, other);
    char aside[300], text[300], name[TRUST_KEY_NAME_SIZE];
    snprintf(aside, sizeof aside, "%s/aside.pem", folder);
    ck_assert_int_eq(trust_key_save(folder, "TVS", key, NULL), 0);
    ck_assert_int_eq(trust_key_save(folder, "CallManager", other, NULL), 0);
    char *path = path_of("TVS", cert), *other_path = path_of("CallManager", other_cert);
    moves(path, aside);
    moves(other_path, path);
    snprintf(text, sizeof text,
             ", whose key is in aside.pem: move this file aside, and copy that one to its place");
    mismatch_says(cert, text);
    moves(aside, other_path);
    snprintf(text, sizeof text, "; it was swapped with %s: exchange the two files",
             strrchr(other_path, '/') + 1);
    mismatch_says(cert, text);
    ck_assert(trust_key_misplaced(folder, cert, name));
    ck_assert_str_eq(name, strrchr(other_path, '/') + 1);
    snprintf(text, sizeof text, "; it was swapped with %s: exchange the two files", strrchr(path, '/') + 1);
    mismatch_says(other_cert, text);
    ck_assert_int_eq(trust_key_save(folder, "CallManager", other, NULL), 0);
    snprintf(text, sizeof text,
             "; it is the key that belongs in %s: move it aside, and restore this one from a backup",
             strrchr(other_path, '/') + 1);
    mismatch_says(cert, text);
    ck_assert(!trust_key_misplaced(folder, cert, name));
    ck_assert_int_eq(unlink(other_path), 0);
    mismatch_says(cert, ";C=PL: move it aside, and restore it from a backup");
    ck_assert_int_eq(unlink(path), 0);
    free(path);
    free(other_path);
    trust_cert_free(cert);
    trust_cert_free(other_cert);
    trust_key_free(key);
    trust_key_free(other);
}
END_TEST

static void make_folder(void)
{
    folder = fixture_folder();
}

static void remove_folder(void)
{
    fixture_folder_remove(folder);
}

Suite *suite(void)
{
    Suite *s = suite_create("key misplaced");
    TCase *t = tcase_create("folder");
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_test(t, says_where_the_key_lies);
    suite_add_tcase(s, t);
    return s;
}
