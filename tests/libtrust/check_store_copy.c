/* Copies of the store, and the files that go along. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_copy.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct helper_store s;
static struct trust_error err;
static char copy[300]; /* path beside the store */

static void set_up(void)
{
    s = helper_store_new();
    snprintf(copy, sizeof copy, "%s/copy", s.folder);
    err = (struct trust_error){0};
}

static void tear_down(void)
{
    helper_store_free(&s);
}

static void make_copy(void)
{
    helper_ok(trust_store_copy(s.store, copy, &err), &err);
}

/* ---- Copies */

START_TEST(a_copy_is_one_private_file)
{
    struct trust_cert *cert = helper_cert_file("pub.crt");
    helper_set_own(s.store, "pub", TRUST_UNIT_CALLMANAGER, cert);
    umask(0);
    make_copy();
    helper_is_one_file(copy);
    struct stat info;
    ck_assert_int_eq(stat(copy, &info), 0);
    ck_assert_int_eq(info.st_mode & 07777, 0600);
    helper_pragma_is(copy, "PRAGMA integrity_check", "ok");
    helper_pragma_is(copy, "PRAGMA journal_mode", "delete");
    struct trust_store *reader = helper_store_open(copy, TRUST_STORE_READ);
    helper_store_roles_are(reader, cert, "0,2");
    helper_sql_is(reader, "select name from node", "pub;");
    trust_store_close(reader);
    helper_is_one_file(copy);
    helper_pragma_is(s.path, "PRAGMA journal_mode", "wal");
    trust_cert_free(cert);
}
END_TEST

START_TEST(a_copy_has_what_is_committed)
{
    struct trust_store *other = helper_store_open(s.path, TRUST_STORE_WRITE);
    helper_set_param(s.store, "P", "before");
    helper_ok(trust_store_begin(other, &err), &err);
    helper_set_param(other, "P", "another's");
    make_copy();
    trust_store_rollback(other);
    struct trust_store *reader = helper_store_open(copy, TRUST_STORE_READ);
    helper_param_is(reader, "P", "before");
    trust_store_close(reader);
    ck_assert_int_eq(unlink(copy), 0);

    helper_ok(trust_store_begin(s.store, &err), &err);
    helper_set_param(s.store, "P", "our own");
    make_copy();
    helper_ok(trust_store_commit(s.store, &err), &err);
    reader = helper_store_open(copy, TRUST_STORE_READ);
    helper_param_is(reader, "P", "before");
    trust_store_close(reader);
    trust_store_close(other);
}
END_TEST

START_TEST(a_copy_by_who_only_reads)
{
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    helper_ok(trust_store_copy(reader, copy, &err), &err);
    trust_store_close(reader);
    trust_store_close(helper_store_open(copy, TRUST_STORE_READ));
}
END_TEST

START_TEST(copies_that_cannot_be_made)
{
    struct trust_bytes before = {(const uint8_t *)"mine", 4};
    helper_ok(trust_file_replace(copy, before, 0600, (uid_t)-1, (gid_t)-1, &err), &err);
    ck_assert_int_eq(trust_store_copy(s.store, copy, &err), TRUST_EEXISTS);
    ck_assert_ptr_nonnull(strstr(err.text, copy));
    struct trust_bytes after = fixture_read(copy);
    ck_assert(helper_is(after, "mine"));
    fixture_free(after);
    ck_assert_int_eq(trust_store_copy(s.store, s.path, &err), TRUST_EEXISTS);
    strcat(copy, "/below");
    ck_assert_int_eq(trust_store_copy(s.store, copy, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, copy));
}
END_TEST

/* 0: done, 1: refused, 2: something else. */
static int copy_alone(void)
{
    struct trust_store *store;
    if (trust_store_open(s.path, TRUST_STORE_READ, &store, NULL) != 0)
        return 2;
    int rc = trust_store_copy(store, copy, &err);
    trust_store_close(store);
    return rc == 0 ? 0 : rc == TRUST_ESTORE && strstr(err.text, copy) != NULL ? 1 : 2;
}

START_TEST(a_copy_for_which_there_is_no_room)
{
    helper_fill(s.path, 1000);
    helper_store_close(&s);
    ck_assert_int_eq(helper_limited_to(100 * 1000, false, copy_alone), 1);
    ck_assert(!helper_exists(copy, "") && !helper_exists(copy, "-journal"));
    ck_assert_int_eq(helper_limited_to(RLIM_INFINITY, false, copy_alone), 0);
    helper_is_one_file(copy);
}
END_TEST

/* ---- Files that go along */

static int print(void *arg, enum trust_place place, const char *name, struct trust_bytes content)
{
    FILE *out = arg;
    fprintf(out, "%d %s %zu %.*s;", (int)place, name, content.len, (int)content.len,
            content.len > 0 ? (const char *)content.data : "");
    return strcmp(name, "stop") == 0 ? 6 : 0;
}

static void saved_is(struct trust_store *store, int result, const char *expected)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    ck_assert_int_eq(trust_store_each_saved(store, print, out, &err), result);
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

static int save(struct trust_store *store, enum trust_place place, const char *name, const char *content)
{
    struct trust_bytes bytes = {(const uint8_t *)content, strlen(content)};
    return trust_store_save_file(store, place, name, bytes, &err);
}

START_TEST(saved_files_go_with_the_copy)
{
    make_copy();
    struct trust_store *other = helper_store_open(copy, TRUST_STORE_WRITE);
    helper_ok(save(other, TRUST_PLACE_TFTP, "CTLFile.tlv", "list"), &err);
    helper_ok(save(other, TRUST_PLACE_KEYS, "TVS.pem", "first"), &err);
    helper_ok(save(other, TRUST_PLACE_KEYS, "TVS.pem", "key"), &err);
    helper_ok(save(other, TRUST_PLACE_PUBLISHED, "000001-CTLFile.tlv", ""), &err);
    trust_store_close(other);
    helper_is_one_file(copy);
    helper_ok(trust_store_become(s.store, copy, &err), &err);
    saved_is(s.store, 0, "0 TVS.pem 3 key;1 000001-CTLFile.tlv 0 ;3 CTLFile.tlv 4 list;");
    helper_ok(save(s.store, TRUST_PLACE_KEYS, "stop", "x"), &err);
    saved_is(s.store, 6, "0 TVS.pem 3 key;0 stop 1 x;");
    helper_ok(trust_store_clear_saved(s.store, &err), &err);
    saved_is(s.store, 0, "");
}
END_TEST

/* Keys are among what is deleted. */
START_TEST(nothing_deleted_stays_in_the_file)
{
    static uint8_t secret[100000];
    memset(secret, 'K', sizeof secret);
    const struct trust_bytes content = {secret, sizeof secret};
    helper_ok(trust_store_save_file(s.store, TRUST_PLACE_KEYS, "TVS.pem", content, &err), &err);
    helper_ok(trust_store_clear_saved(s.store, &err), &err);
    helper_ok(trust_store_begin(s.store, &err), &err);
    ck_assert_int_eq(trust_store_compact(s.store, &err), TRUST_ESTORE);
    trust_store_rollback(s.store);
    helper_ok(trust_store_compact(s.store, &err), &err);
    trust_store_close(s.store);
    s.store = NULL;
    struct trust_bytes file = fixture_read(s.path);
    ck_assert_ptr_null(memmem(file.data, file.len, "KKKKKKKKKKKKKKKK", 16));
    struct trust_store *fresh = helper_store_open(copy, TRUST_STORE_WRITE);
    trust_store_close(fresh);
    struct stat info;
    ck_assert_int_eq(stat(copy, &info), 0);
    ck_assert_uint_le(file.len, (size_t)info.st_size + 8192);
    fixture_free(file);
}
END_TEST

START_TEST(saved_files_stay_in_their_places)
{
    static const char *const bad[] = {"", ".", "..", "../a", "/a", "a/b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(save(s.store, TRUST_PLACE_KEYS, bad[i], "x"), TRUST_EARGUMENT);
        char sql[160];
        snprintf(sql, sizeof sql, "DELETE FROM savedfile; INSERT INTO savedfile VALUES ('keys', '%s', x'00')",
                 bad[i]);
        helper_exec(s.path, sql);
        saved_is(s.store, TRUST_ESTORE, "");
    }
    ck_assert_int_eq(save(s.store, (enum trust_place)4, "a", "x"), TRUST_EARGUMENT);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("store: copies");
    TCase *copies = tcase_create("copies");
    tcase_add_checked_fixture(copies, set_up, tear_down);
    tcase_add_test(copies, a_copy_is_one_private_file);
    tcase_add_test(copies, a_copy_has_what_is_committed);
    tcase_add_test(copies, a_copy_by_who_only_reads);
    tcase_add_test(copies, copies_that_cannot_be_made);
    tcase_add_test(copies, a_copy_for_which_there_is_no_room);
    suite_add_tcase(suite, copies);
    TCase *saved = tcase_create("saved files");
    tcase_add_checked_fixture(saved, set_up, tear_down);
    tcase_add_test(saved, saved_files_go_with_the_copy);
    tcase_add_test(saved, nothing_deleted_stays_in_the_file);
    tcase_add_test(saved, saved_files_stay_in_their_places);
    suite_add_tcase(suite, saved);
    return suite;
}
