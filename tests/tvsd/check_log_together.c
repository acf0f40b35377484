/* Lines that are written together: in one call, and each of them taken or counted. */
#include "tests/check_main.h"
#include "tests/fixture.h"

#include "tvsd/log_target.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct log_stamp stamp = {{1795187045, 123999999}, 42};

/* Keep the line until the target wants no more of it, or so often. Returns how often. */
static size_t hold(struct log_target *target, const struct log_line *line, size_t most)
{
    size_t lines = 0;
    while (lines < most && log_target_hold(target, line))
        lines++;
    return lines;
}

static size_t file_size(const char *path)
{
    struct stat info;
    ck_assert_int_eq(stat(path, &info), 0);
    return (size_t)info.st_size;
}

/* Lines that are written together: those that a full disk takes whole are taken, and the next one after them
 * starts on a line of its own, as often as that happens. */
START_TEST(test_lines_together_on_a_full_disk)
{
    struct rlimit limit, low;
    struct log_target *target;
    struct log_line line;
    const char *why = "";
    char *folder = fixture_folder(), path[512];
    snprintf(path, sizeof path, "%s/tvsd.log", folder);
    ck_assert_int_eq(log_target_open(path, &target, NULL), 0);
    ck_assert(log_target_holds(target));
    ck_assert_uint_eq(log_target_flush(target, &why), 0);
    log_render_event(CONFIG_LOG_LOGFMT, &stamp, LOG_EV_STOPPED, NULL, 0, &line);
    const size_t size = line.len + 1, many = hold(target, &line, SIZE_MAX);
    ck_assert_uint_gt(many * size, 60000);
    ck_assert_uint_eq(log_target_flush(target, &why), 0);
    ck_assert_uint_eq(file_size(path), many * size);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    for (size_t more = 0; more < 3 * size; more++) {
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        ck_assert_uint_eq(hold(target, &line, 1), 1);
        ck_assert_uint_eq(log_target_flush(target, &why), 0);
        low = (struct rlimit){.rlim_cur = file_size(path) + more, .rlim_max = limit.rlim_max};
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &low), 0);
        ck_assert_uint_eq(hold(target, &line, 5), 5);
        ck_assert_uint_eq(log_target_flush(target, &why), 5 - more / size);
        ck_assert_str_eq(why, "File too large");
        ck_assert_uint_eq(log_target_flush(target, &why), 0);
    }
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    log_target_free(target);
    struct trust_bytes bytes = fixture_read(path);
    const char *text = (const char *)bytes.data, *end;
    size_t whole = 0;
    for (; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        ck_assert_mem_eq(text, line.text, (size_t)(end - text));
        whole += (size_t)(end - text) == line.len;
    }
    /* Of two lines nothing but the end was missing, which came with the next. */
    ck_assert_uint_eq(whole, many + 3 * size + (0 + 1 + 2) * size + 2);
    fixture_free(bytes);
    fixture_folder_remove(folder);
}
END_TEST

/* A pipe may have other writers and a slow reader: what is written together goes into it whole or not at all.
 */
START_TEST(test_lines_together_in_a_pipe)
{
    static char text[1048576];
    struct log_target *target;
    struct log_line line;
    const char *why = "";
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    unsetenv("JOURNAL_STREAM");
    unsetenv("INVOCATION_ID");
    ck_assert_int_eq(log_target_open("stderr", &target, NULL), 0);
    log_render_event(CONFIG_LOG_LOGFMT, &stamp, LOG_EV_STOPPED, NULL, 0, &line);
    size_t taken = 0, many, missing;
    do {
        many = hold(target, &line, SIZE_MAX);
        ck_assert_uint_le(many * (line.len + 1), 4096);
        missing = log_target_flush(target, &why);
        ck_assert(missing == 0 || missing == many);
        taken += many - missing;
    } while (missing == 0);
    ck_assert_str_eq(why, "nobody reads what is written there");
    ck_assert_int_eq(read(ends[0], text, sizeof text), taken * (line.len + 1));
    ck_assert_uint_eq(hold(target, &line, 2), 2);
    ck_assert_uint_eq(log_target_flush(target, &why), 0);
    ck_assert_int_eq(read(ends[0], text, sizeof text), 2 * (line.len + 1));
    log_target_free(target);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("log_together");
    TCase *tc = tcase_create("together");
    tcase_add_test(tc, test_lines_together_on_a_full_disk);
    tcase_add_test(tc, test_lines_together_in_a_pipe);
    suite_add_tcase(s, tc);
    return s;
}
