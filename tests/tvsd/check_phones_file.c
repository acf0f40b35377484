/* The file of phones: written whole or not at all, read back, and what is said when it cannot be. */
#include "config/phone_file.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/log.h"
#include "tvsd/phones_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char *folder, log_path[200];
static struct config *config;
static struct event_base *base;

static void set_up(void)
{
    char yaml[600];
    folder = fixture_folder();
    snprintf(log_path, sizeof log_path, "%s/log", folder);
    snprintf(yaml, sizeof yaml, "state: %s\nlog: { target: %s }\n", folder, log_path);
    ck_assert_int_eq(config_parse(yaml, strlen(yaml), "test", &config, NULL), 0);
    base = event_base_new();
    ck_assert_int_eq(log_open(config, NULL), 0);
}

static void tear_down(void)
{
    log_close();
    event_base_free(base);
    config_free(config);
    fixture_folder_remove(folder);
}

static const char *at(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static size_t times_logged(const char *text)
{
    struct trust_bytes log = fixture_read(log_path);
    char *whole = strndup((const char *)log.data, log.len);
    size_t count = 0;
    for (const char *found = whole; (found = strstr(found, text)) != NULL; found++)
        count++;
    free(whole);
    fixture_free(log);
    return count;
}

static void see(struct phones *phones, const char *name, time_t when)
{
    const struct sighting sighting = {.when = when,
                                      .device = {(const uint8_t *)name, strlen(name)},
                                      .address = "192.0.2.1",
                                      .tls = "TLSv1.2",
                                      .class = "strict",
                                      .asked = "verify",
                                      .result = "trusted"};
    phones_see(phones, &sighting);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Reads them and says how many there are. */
static size_t read_again(size_t max)
{
    struct phones *phones = phones_new(max);
    struct phones_file *file = phones_file_new(base, config, phones);
    ck_assert_ptr_nonnull(file);
    size_t count = phones_count(phones);
    phones_file_free(file);
    phones_free(phones);
    return count;
}

START_TEST(written_and_read)
{
    struct stat info;
    struct phones *phones = phones_new(100);
    struct phones_file *file = phones_file_new(base, config, phones);
    ck_assert_int_eq(phones_file_written(file), 0);
    phones_file_write(file); /* there is nothing new */
    ck_assert_int_ne(stat(at(PHONE_FILE), &info), 0);
    see(phones, "SEP1", 100);
    see(phones, "x\n\x1b", 100);
    phones_file_write(file);
    ck_assert_int_eq(stat(at(PHONE_FILE), &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0640 & ~(umask(0)));
    ck_assert_int_ge(phones_file_written(file), time(NULL) - 5);
    ck_assert_int_ne(stat(at(PHONE_FILE ".new"), &info), 0);
    phones_file_free(file);
    phones_free(phones);
    ck_assert_uint_eq(read_again(100), 2);
    ck_assert_uint_eq(read_again(1), 1);
    ck_assert_uint_eq(times_logged("phones-failed"), 0);
    phones_file_free(NULL);
}
END_TEST

START_TEST(what_cannot_be_read)
{
    FILE *file = fopen(at(PHONE_FILE), "w");
    fputs(PHONE_FILE_HEAD "1\nname=a first=1 last=1\nrubbish\n", file);
    fclose(file);
    ck_assert_uint_eq(read_again(100), 1);
    ck_assert_uint_eq(times_logged("level=warning event=phones-failed"), 1);
    ck_assert_uint_eq(times_logged("line 3"), 1);
    ck_assert_int_eq(remove(at(PHONE_FILE)), 0);
    ck_assert_int_eq(mkdir(at(PHONE_FILE), 0700), 0);
    ck_assert_uint_eq(read_again(100), 0);
    ck_assert_uint_eq(times_logged("event=phones-failed"), 2);
}
END_TEST

/* It is said once, until it works again; the file that is there stays. */
START_TEST(what_cannot_be_written)
{
    struct phones *phones = phones_new(100);
    struct phones_file *file = phones_file_new(base, config, phones);
    ck_assert_int_eq(mkdir(at(PHONE_FILE), 0700), 0);
    for (int i = 0; i < 3; i++) {
        see(phones, "SEP1", i);
        phones_file_write(file);
    }
    ck_assert_uint_eq(times_logged("event=phones-failed"), 1);
    ck_assert_int_eq(phones_file_written(file), 0);
    ck_assert_int_eq(rmdir(at(PHONE_FILE)), 0);
    see(phones, "SEP1", 4);
    phones_file_write(file);
    ck_assert_int_gt(phones_file_written(file), 0);
    ck_assert_int_eq(mkdir(at(PHONE_FILE ".new"), 0700), 0);
    see(phones, "SEP2", 5);
    phones_file_write(file);
    ck_assert_uint_eq(times_logged("event=phones-failed"), 2);
    ck_assert_int_eq(rmdir(at(PHONE_FILE ".new")), 0);
    phones_file_free(file);
    phones_free(phones);
    ck_assert_uint_eq(read_again(100), 1);
}
END_TEST

/* While it is written in slices the loop turns, and phones ask, come and go. */
START_TEST(written_in_slices)
{
    enum { MANY = 5000 };
    struct phones *phones = phones_new(MANY);
    struct phones_file *file = phones_file_new(base, config, phones);
    char name[32];
    int turns = 0;
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "SEP%d", i);
        see(phones, name, i);
    }
    phones_file_begin(file);
    ck_assert_int_eq(phones_file_written(file), 0);
    for (; phones_file_written(file) == 0; turns++) {
        event_base_loop(base, EVLOOP_ONCE);
        snprintf(name, sizeof name, "SEP%d", turns % 2 == 0 ? turns : MANY + turns);
        see(phones, name, MANY + turns);
        phones_file_begin(file); /* is one already */
    }
    ck_assert_int_gt(turns, 10);
    ck_assert_uint_eq(read_again(MANY), MANY);
    /* A write under way when tvsd ends is begun anew. */
    see(phones, "SEP0", 2 * MANY);
    phones_file_begin(file);
    see(phones, "the last", 2 * MANY);
    phones_file_write(file);
    phones_file_free(file);
    phones_free(phones);
    struct trust_bytes text = fixture_read(at(PHONE_FILE));
    ck_assert_ptr_nonnull(memmem(text.data, text.len, "name=\"the last\"", 15));
    fixture_free(text);
    ck_assert_uint_eq(times_logged("phones-failed"), 0);
}
END_TEST

START_TEST(a_hundred_thousand)
{
    enum { MANY = 100000 };
    struct phones *phones = phones_new(MANY);
    struct phones_file *file = phones_file_new(base, config, phones);
    char name[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "CP-8861-SEP%012X", (unsigned)i);
        see(phones, name, i);
    }
    double began = seconds();
    phones_file_write(file);
    double wrote = seconds();
    phones_file_free(file);
    phones_free(phones);
    double read_from = seconds();
    ck_assert_uint_eq(read_again(MANY), MANY);
    printf("%d phones: written in %.0f ms, read in %.0f ms\n", MANY, 1000 * (wrote - began),
           1000 * (seconds() - read_from));
    ck_assert_uint_eq(times_logged("phones-failed"), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("file of phones");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, written_and_read);
    tcase_add_test(all, what_cannot_be_read);
    tcase_add_test(all, what_cannot_be_written);
    tcase_add_test(all, written_in_slices);
    tcase_add_test(all, a_hundred_thousand);
    suite_add_tcase(suite, all);
    return suite;
}
