#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD     39
#define TAG      16
#define PIECE    (64 * 1024)
#define PASSWORD "correct horse"

static char *folder;
static char plain[1100], sealed[1100], opened[1100];

static void setup(void)
{
    folder = fixture_folder();
    snprintf(plain, sizeof plain, "%s/plain", folder);
    snprintf(sealed, sizeof sealed, "%s/sealed", folder);
    snprintf(opened, sizeof opened, "%s/opened", folder);
}

static void teardown(void)
{
    fixture_folder_remove(folder);
}

static void put(const char *path, struct trust_bytes bytes)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes.data != NULL ? bytes.data : (const uint8_t *)"", 1, bytes.len, file),
                      bytes.len);
    ck_assert_int_eq(fclose(file), 0);
}

static size_t count_files(void)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2;
}

static void check_content(const char *path, struct trust_bytes bytes)
{
    struct stat info;
    struct trust_bytes there = fixture_read(path);
    ck_assert_uint_eq(there.len, bytes.len);
    ck_assert(bytes.len == 0 || memcmp(there.data, bytes.data, bytes.len) == 0);
    fixture_free(there);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
}

static int unseal(struct trust_bytes bytes, const char *password, struct trust_error *err)
{
    put(sealed, bytes);
    int code = trust_unseal(sealed, opened, password, err);
    helper_openssl_is_quiet();
    return code;
}

/* ---- There and back */

static const size_t sizes[] = {0, 1, 15, 16, 1000, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 77};

START_TEST(there_and_back)
{
    struct trust_error err = {0};
    struct trust_bytes bytes = {NULL, sizes[_i]};
    uint8_t *content = malloc(bytes.len + 1);
    for (size_t i = 0; i < bytes.len; i++)
        content[i] = (uint8_t)(i * 7 + i / 256);
    bytes.data = content;
    put(plain, bytes);
    mode_t mask = umask(0);
    helper_ok(trust_seal(plain, sealed, PASSWORD, &err), &err);
    helper_openssl_is_quiet();
    struct trust_bytes file = fixture_read(sealed);
    ck_assert_uint_eq(file.len, HEAD + bytes.len + TAG);
    ck_assert_mem_eq(file.data, "TVSSEAL1\x0f\x08\x01", 11);
    check_content(sealed, file);
    ck_assert_int_eq(trust_unseal(sealed, opened, "correct horsf", &err), TRUST_EPASSWORD);
    ck_assert_ptr_nonnull(strstr(err.text, sealed));
    ck_assert_uint_eq(count_files(), 2);
    helper_ok(trust_unseal(sealed, opened, PASSWORD, &err), &err);
    umask(mask);
    check_content(opened, bytes);
    ck_assert_uint_eq(count_files(), 3);
    fixture_free(file);
    free(content);
}
END_TEST

/* Salt and nonce are new each time, so that equal content cannot be seen. */
START_TEST(never_twice_the_same)
{
    struct trust_error err = {0};
    put(plain, (struct trust_bytes){(const uint8_t *)"text", 4});
    helper_ok(trust_seal(plain, sealed, PASSWORD, &err), &err);
    struct trust_bytes first = fixture_read(sealed);
    helper_ok(trust_seal(plain, sealed, PASSWORD, &err), &err); /* over the first */
    struct trust_bytes second = fixture_read(sealed);
    ck_assert_mem_ne(first.data + 11, second.data + 11, 16);
    ck_assert_mem_ne(first.data + 27, second.data + 27, 12);
    ck_assert_mem_ne(first.data + HEAD, second.data + HEAD, 4);
    fixture_free(first);
    fixture_free(second);
}
END_TEST

/* ---- What another program sealed */

static const char *const known[] = {"seal/small.hex", "seal/parallel.hex"};

START_TEST(known_files)
{
    struct trust_error err = {0};
    struct trust_bytes file = helper_hex(known[_i]);
    const char *text = helper_hex_note(known[_i], "plain");
    helper_ok(unseal(file, helper_hex_note(known[_i], "password"), &err), &err);
    check_content(opened, (struct trust_bytes){(const uint8_t *)text, strlen(text)});
    fixture_free(file);
}
END_TEST

static void check_refused(struct trust_bytes bytes, int code, size_t at)
{
    struct trust_error err = {0};
    int got = unseal(bytes, PASSWORD, &err);
    ck_assert_msg(got == code, "byte %zu: %s: %s", at, trust_error_name(got), err.text);
    ck_assert_msg(strstr(err.text, sealed) != NULL, "byte %zu: %s", at, err.text);
    ck_assert_uint_eq(count_files(), 1); /* the sealed one */
}

/* Every bit changed once. */
START_TEST(changed)
{
    struct trust_bytes file = helper_hex(known[0]);
    uint8_t copy[200];
    ck_assert_uint_lt(file.len, sizeof copy);
    for (size_t at = 0; at < file.len; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, file.data, file.len);
            copy[at] ^= (uint8_t)(1u << bit);
            const unsigned log2_n = copy[8], r = copy[9], p = copy[10];
            const bool too_much = log2_n == 0 || log2_n > 15 || r == 0 || r > 32 || p == 0 || p > 16;
            check_refused((struct trust_bytes){copy, file.len},
                          at < 7     ? TRUST_EVALUE
                          : at == 7  ? TRUST_EVERSION
                          : too_much ? TRUST_EVALUE
                                     : TRUST_EPASSWORD,
                          at);
        }
    fixture_free(file);
}
END_TEST

START_TEST(truncated)
{
    struct trust_bytes file = helper_hex(known[0]);
    for (size_t len = 0; len < file.len; len++)
        check_refused((struct trust_bytes){file.data, len},
                      len < HEAD + TAG ? TRUST_ETRUNCATED : TRUST_EPASSWORD, len);
    check_refused((struct trust_bytes){(const uint8_t *)"TVS store", 9}, TRUST_EVALUE, 0);
    check_refused((struct trust_bytes){(const uint8_t *)"x", 1}, TRUST_EVALUE, 0);
    fixture_free(file);
}
END_TEST

START_TEST(longer)
{
    struct trust_bytes file = helper_hex(known[0]);
    uint8_t copy[200];
    memcpy(copy, file.data, file.len);
    copy[file.len] = 0;
    check_refused((struct trust_bytes){copy, file.len + 1}, TRUST_EPASSWORD, file.len);
    fixture_free(file);
}
END_TEST

/* More work or memory than anybody sealed with: refused before it is done. */
START_TEST(costs)
{
    static const struct {
        uint8_t cost[3];
        int code;
    } cases[] = {
        {{0, 1, 1}, TRUST_EVALUE},     {{21, 8, 1}, TRUST_EVALUE},    {{255, 8, 1}, TRUST_EVALUE},
        {{20, 9, 1}, TRUST_EVALUE},    {{19, 17, 1}, TRUST_EVALUE},   {{16, 1, 1}, TRUST_EVALUE},
        {{1, 33, 1}, TRUST_EVALUE},    {{1, 1, 17}, TRUST_EVALUE},    {{1, 0, 1}, TRUST_EVALUE},
        {{1, 1, 0}, TRUST_EVALUE},     {{1, 1, 1}, TRUST_EPASSWORD},  {{1, 32, 16}, TRUST_EPASSWORD},
        {{10, 1, 1}, TRUST_EPASSWORD}, {{12, 8, 2}, TRUST_EPASSWORD},
    };
    struct trust_bytes file = helper_hex(known[0]);
    uint8_t copy[200];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(copy, file.data, file.len);
        memcpy(copy + 8, cases[i].cost, 3);
        check_refused((struct trust_bytes){copy, file.len}, cases[i].code, i);
    }
    fixture_free(file);
}
END_TEST

/* The last piece of several is wrong, when the others are written already. */
START_TEST(changed_at_the_end)
{
    struct trust_error err = {0};
    struct trust_bytes bytes = {calloc(1, 2 * PIECE + 10), 2 * PIECE + 10};
    put(plain, bytes);
    helper_ok(trust_seal(plain, sealed, PASSWORD, &err), &err);
    ck_assert_int_eq(unlink(plain), 0);
    struct trust_bytes file = fixture_read(sealed);
    uint8_t *copy = malloc(file.len);
    memcpy(copy, file.data, file.len);
    copy[file.len - TAG - 1] ^= 1;
    check_refused((struct trust_bytes){copy, file.len}, TRUST_EPASSWORD, file.len - TAG - 1);
    check_refused((struct trust_bytes){file.data, HEAD + PIECE + TAG}, TRUST_EPASSWORD, HEAD + PIECE + TAG);
    free(copy);
    fixture_free(file);
    fixture_free(bytes);
}
END_TEST

/* ---- Files and passwords that are none */

START_TEST(refuses)
{
    struct trust_error err = {0};
    const struct trust_bytes text = {(const uint8_t *)"text", 4};
    struct trust_bytes file = helper_hex(known[0]);
    ck_assert_int_eq(trust_seal(plain, sealed, PASSWORD, &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(trust_unseal(plain, opened, PASSWORD, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, plain));
    ck_assert_int_eq(trust_seal(folder, sealed, PASSWORD, &err), TRUST_EARGUMENT);
    ck_assert_int_eq(trust_unseal(folder, opened, PASSWORD, &err), TRUST_EARGUMENT);
    put(plain, text);
    ck_assert_int_eq(trust_seal(plain, sealed, "", &err), TRUST_EARGUMENT);
    ck_assert_int_eq(trust_seal(plain, sealed, NULL, &err), TRUST_EARGUMENT);
    ck_assert_int_eq(trust_seal(plain, "/no/such/folder/sealed", PASSWORD, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "/no/such/folder/sealed"));
    ck_assert_uint_eq(count_files(), 1);

    /* What was there before a failure is there behind it. */
    ck_assert_int_eq(chmod(plain, 0600), 0);
    ck_assert_int_eq(rename(plain, opened), 0);
    ck_assert_int_eq(unseal(file, "", &err), TRUST_EPASSWORD);
    ck_assert_int_eq(unseal(file, NULL, &err), TRUST_EPASSWORD);
    ck_assert_int_eq(unseal(file, "wrong", &err), TRUST_EPASSWORD);
    check_content(opened, text);
    ck_assert_uint_eq(count_files(), 2);
    helper_ok(unseal(file, PASSWORD, &err), &err);
    check_content(opened, (struct trust_bytes){(const uint8_t *)"the plain text", 14});
    fixture_free(file);
}
END_TEST

/* Opened is read, though its name is gone meanwhile; and closed whatever comes of it. */
START_TEST(in_two_steps)
{
    struct trust_error err = {0};
    struct trust_bytes file = helper_hex(known[0]);
    int fd = -1, next;
    put(sealed, file);
    helper_ok(trust_seal_open(sealed, &fd, &err), &err);
    ck_assert_int_eq(unlink(sealed), 0);
    helper_ok(trust_unseal_fd(fd, sealed, opened, PASSWORD, &err), &err);
    check_content(opened, (struct trust_bytes){(const uint8_t *)"the plain text", 14});
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    put(sealed, file);
    helper_ok(trust_seal_open(sealed, &fd, &err), &err);
    ck_assert_int_eq(trust_unseal_fd(fd, sealed, opened, "wrong", &err), TRUST_EPASSWORD);
    ck_assert_ptr_nonnull(strstr(err.text, sealed));
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    put(plain, file);
    helper_ok(trust_seal_open(plain, &fd, &err), &err);
    ck_assert_int_eq(unlink(plain), 0);
    ck_assert_int_eq(symlink(opened, plain), 0); /* who can change the name sees nothing else sealed */
    helper_ok(trust_seal_fd(fd, plain, sealed, PASSWORD, &err), &err);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    helper_ok(trust_unseal(sealed, opened, PASSWORD, &err), &err);
    check_content(opened, file);
    helper_ok(trust_seal_open(opened, &fd, &err), &err);
    ck_assert_int_eq(trust_seal_fd(fd, opened, sealed, "", &err), TRUST_EARGUMENT);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    ck_assert_int_eq(trust_seal_open(folder, &next, &err), TRUST_EARGUMENT);
    ck_assert_int_eq(next, -1);
    fixture_free(file);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("seal");
    TCase *t = tcase_create("seal");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, there_and_back, 0, sizeof sizes / sizeof sizes[0]);
    tcase_add_test(t, never_twice_the_same);
    tcase_add_loop_test(t, known_files, 0, sizeof known / sizeof known[0]);
    tcase_add_test(t, changed);
    tcase_add_test(t, truncated);
    tcase_add_test(t, longer);
    tcase_add_test(t, costs);
    tcase_add_test(t, changed_at_the_end);
    tcase_add_test(t, refuses);
    tcase_add_test(t, in_two_steps);
    suite_add_tcase(s, t);
    return s;
}
