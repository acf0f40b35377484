/* A phone's line, and the file of phones, good and damaged. */
#include "config/phone_file.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define GOOD                                                                                                 \
    "name=\"x\\x1b[31m\" cut=yes address=\"2001:db8::1\" first=10 last=20 tls=TLSv1.2 class=rsa "            \
    "asked=verify "                                                                                          \
    "result=trusted count=5 about=0123456789abcdef shown=fedcba9876543210 followed=\"3:11,4:20\""

START_TEST(a_line_is_read)
{
    static const uint8_t about[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    char line[] = GOOD;
    struct phone phone;
    ck_assert(phone_parse(line, &phone));
    ck_assert_str_eq(phone.name, "x\x1b[31m");
    ck_assert(phone.cut);
    ck_assert_str_eq(phone.address, "2001:db8::1");
    ck_assert_int_eq(phone.first, 10);
    ck_assert_int_eq(phone.last, 20);
    ck_assert_str_eq(phone.tls, "TLSv1.2");
    ck_assert_str_eq(phone.class, "rsa");
    ck_assert_str_eq(phone.asked, "verify");
    ck_assert_str_eq(phone.result, "trusted");
    ck_assert_uint_eq(phone.count, 5);
    ck_assert_mem_eq(phone.about, about, sizeof about);
    ck_assert_int_eq(phone_followed(&phone, 3), 11);
    ck_assert_int_eq(phone_followed(&phone, 4), 20);
    ck_assert_int_eq(phone_followed(&phone, 5), 0);
    ck_assert_int_eq(phone_followed(&phone, 0), 0);
}
END_TEST

/* What a later version writes may have more; what this one cannot hold is refused. */
static const struct {
    const char *line;
    bool good;
} some[] = {
    {"name=a first=1 last=1", true},
    {"address=192.0.2.1 first=1 last=1", true},
    {"name=a first=1 last=1 colour=red", true},
    {"first=1 last=1", false},
    {"name=a first=2 last=1", false},
    {"name=a first=-1 last=1", false},
    {"name=a first=1 last=x", false},
    {"name=a first=1 last=4294967296", false},
    {"name=\"a\\x00b\" first=1 last=1", false},
    {"name=1234567890123456789012345678901234567890123456789 first=1 last=1", false},
    {"name=a tls=TLSv1.2222 first=1 last=1", false},
    {"name=a result=a-long-result first=1 last=1", false},
    {"name=a about=0123 first=1 last=1", false},
    {"name=a about=0123456789ABCDEF first=1 last=1", false},
    {"name=a followed=\"3\" first=1 last=1", false},
    {"name=a followed=\"0:1\" first=1 last=1", false},
    {"name=a followed=\"3:1,\" first=1 last=1", true},
    {"name=a followed=\"3:1;4:1\" first=1 last=1", false},
    {"name=a followed=\"1:1,2:1,3:1,4:1,5:1,6:1,7:1\" first=1 last=1", false},
    {"name=a followed=\"4294967296:1\" first=1 last=1", false},
    {"name=a count=-1 first=1 last=1", false},
    {"garbage", false},
    {"", false},
};

START_TEST(lines_are_judged)
{
    struct phone phone;
    char *line = strdup(some[_i].line);
    ck_assert_msg(phone_parse(line, &phone) == some[_i].good, "%s", some[_i].line);
    free(line);
}
END_TEST

/* ---- The file */

static int count_one(void *arg, const struct phone *phone)
{
    ck_assert(phone->name[0] != '\0');
    ++*(size_t *)arg;
    return 0;
}

static int refuse(void *arg, const struct phone *phone)
{
    (void)arg, (void)phone;
    return 7;
}

static char *folder, path[300];

static void set_up(void)
{
    folder = fixture_folder();
    snprintf(path, sizeof path, "%s/" PHONE_FILE, folder);
}

static void tear_down(void)
{
    fixture_folder_remove(folder);
}

static void write_file(const char *text, size_t len)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
}

#define HEAD PHONE_FILE_HEAD "1700000000\n"
#define ONE  "name=a first=1 last=1\n"

/* What is in the file, how many phones come out of it, and what is said. */
static const struct {
    const char *text, *error; /* NULL: it is good */
    size_t phones;
} files[] = {
    {HEAD "done phones=0\n", NULL, 0},
    {HEAD ONE ONE "done phones=2\n", NULL, 2},
    {HEAD ONE "done phones=1\nbehind it\n", NULL, 1},
    {"", "line 1: the file ends too early", 0},
    {"rubbish\n", "line 1: it is no file of phones", 0},
    {"phones=2 written=1\n", "line 1: it is no file of phones, or one of another version", 0},
    {PHONE_FILE_HEAD "x\n", "line 1", 0},
    {PHONE_FILE_HEAD "99999999999999999999\n", "line 1", 0},
    {HEAD ONE, "line 3: the file ends too early", 1},
    {HEAD ONE "name=b fir", "line 3: it is cut", 1},
    {HEAD ONE "done phones=2\n", "line 3: phones are missing", 1},
    {HEAD "name=a first=1 last=1", "line 2: it is cut", 0},
    {HEAD ONE "\n" ONE "done phones=2\n", "line 3: it is cut, or none of a phone", 1},
    {HEAD ONE "done phones=-1\n", "line 3", 1},
};

START_TEST(files_are_read)
{
    size_t phones = 0;
    time_t as_of;
    struct trust_error err = {0};
    write_file(files[_i].text, strlen(files[_i].text));
    int rc = phone_file_read(path, count_one, &phones, &as_of, &err);
    ck_assert_uint_eq(phones, files[_i].phones);
    if (files[_i].error == NULL) {
        ck_assert_msg(rc == 0, "%s", err.text);
        ck_assert_int_eq(as_of, 1700000000);
        return;
    }
    ck_assert_int_eq(rc, TRUST_EVALUE);
    ck_assert_msg(strstr(err.text, files[_i].error) != NULL && strstr(err.text, path) != NULL, "%s",
                  err.text);
}
END_TEST

START_TEST(odd_files)
{
    size_t phones = 0;
    time_t as_of;
    struct trust_error err = {0};
    static char line[2 * PHONE_LINE_MAX];
    ck_assert_int_eq(phone_file_read(path, count_one, &phones, &as_of, &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(as_of, 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(phone_file_read(path, count_one, &phones, &as_of, &err), TRUST_EVALUE);
    ck_assert_int_eq(remove(path), 0);
    ck_assert_int_eq(phone_file_read(folder, count_one, &phones, &as_of, &err), TRUST_EVALUE);
    memcpy(line, HEAD, strlen(HEAD));
    memset(line + strlen(HEAD), 'x', sizeof line - strlen(HEAD));
    write_file(line, sizeof line);
    ck_assert_int_eq(phone_file_read(path, count_one, &phones, &as_of, &err), TRUST_EVALUE);
    memset(line + strlen(HEAD), '\0', 100);
    write_file(line, sizeof line);
    ck_assert_int_eq(phone_file_read(path, count_one, &phones, &as_of, &err), TRUST_EVALUE);
    ck_assert_uint_eq(phones, 0);
    write_file(HEAD ONE "done phones=1\n", strlen(HEAD ONE "done phones=1\n"));
    ck_assert_int_eq(phone_file_read(path, refuse, NULL, &as_of, &err), 7);
}
END_TEST

Suite *suite(void)
{
    Suite *phone = suite_create("phones as lines");
    TCase *line = tcase_create("a line"), *file = tcase_create("the file");
    tcase_add_test(line, a_line_is_read);
    tcase_add_loop_test(line, lines_are_judged, 0, sizeof some / sizeof some[0]);
    suite_add_tcase(phone, line);
    tcase_add_checked_fixture(file, set_up, tear_down);
    tcase_add_loop_test(file, files_are_read, 0, sizeof files / sizeof files[0]);
    tcase_add_test(file, odd_files);
    suite_add_tcase(phone, file);
    return phone;
}
