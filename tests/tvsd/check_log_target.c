/* Where lines go: files, pipes, systemd, a syslog daemon; also when these take nothing. */
#include "tests/check_main.h"
#include "tests/fixture.h"

#include "tvsd/log.h"
#include "tvsd/log_render.h"
#include "tvsd/log_target.h"

#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void render(enum config_log_format format, enum log_event event, const struct log_field *fields,
                   size_t count, struct log_line *line)
{
    const struct log_stamp stamp = {{1795187045, 123999999}, 42};
    log_render_event(format, &stamp, event, fields, count, line);
}

static struct config *configuration(const char *format, const char *level, const char *target)
{
    char text[1024];
    struct config *config;
    struct trust_error err = {0};
    snprintf(text, sizeof text, "log: { format: %s, level: %s, target: \"%s\" }\n", format, level, target);
    ck_assert_msg(config_parse(text, strlen(text), "/t", &config, &err) == 0, "%s", err.text);
    return config;
}

static void open_log(const char *format, const char *level, const char *target)
{
    struct trust_error err = {0};
    struct config *config = configuration(format, level, target);
    ck_assert_msg(log_open(config, &err) == 0, "%s", err.text);
    config_free(config);
}

/* The file is exactly the lines that the extended regular expression describes. */
static void expect_file(const char *path, const char *pattern)
{
    regex_t compiled;
    struct trust_bytes bytes = fixture_read(path);
    ck_assert_int_eq(regcomp(&compiled, pattern, REG_EXTENDED), 0);
    ck_assert_msg(regexec(&compiled, (const char *)bytes.data, 0, NULL, 0) == 0, "%s\nis not\n%s",
                  (const char *)bytes.data, pattern);
    regfree(&compiled);
    fixture_free(bytes);
}

#define LINE "20[0-9-]{8}T[0-9:]{8}\\.[0-9]{3}Z tvsd\\[[0-9]+\\]: level="

START_TEST(test_file)
{
    char *folder = fixture_folder(), path[512], moved[512];
    struct stat info;
    snprintf(path, sizeof path, "%s/tvsd.log", folder);
    snprintf(moved, sizeof moved, "%s/tvsd.log.1", folder);
    open_log("logfmt", "info", path);
    LOG_SAY(READY, log_text("listen", "127.0.0.1:2445"));
    log_trace("%s", "no trace in logfmt");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777 & ~0640U, 0);
    /* Rotated: written to until the log is opened again. */
    ck_assert_int_eq(rename(path, moved), 0);
    LOG_SAY(STOPPED);
    open_log("json", "warning", path);
    LOG_SAY(RELOAD, log_text("file", "below the level"));
    LOG_SAY(CTL_GONE, log_text("file", "/srv/tftp/CTLFile.tlv"));
    log_close();
    expect_file(moved,
                "^" LINE "info event=ready listen=\"127\\.0\\.0\\.1:2445\"\n" LINE "info event=stopped\n$");
    expect_file(path, "^\\{\"time\":\"[^\"]+Z\",\"program\":\"tvsd\",\"pid\":[0-9]+,\"level\":\"warning\","
                      "\"event\":\"ctl-gone\","
                      "\"file\":\"/srv/tftp/CTLFile.tlv\"\\}\n$");
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(test_failed_open_keeps_the_log)
{
    char *folder = fixture_folder(), path[512], bad[512];
    struct trust_error err = {0};
    snprintf(path, sizeof path, "%s/tvsd.log", folder);
    snprintf(bad, sizeof bad, "%s/none/tvsd.log", folder);
    open_log("logfmt", "info", path);
    struct config *config = configuration("json", "error", bad);
    ck_assert_int_eq(log_open(config, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, bad));
    config_free(config);
    config = configuration("json", "error", folder);
    ck_assert_int_eq(log_open(config, &err), TRUST_ESYSTEM);
    config_free(config);
    LOG_SAY(STOPPED);
    log_close();
    expect_file(path, "^" LINE "info event=stopped\n$");
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(test_trace_file)
{
    char *folder = fixture_folder(), path[512];
    snprintf(path, sizeof path, "%s/tvsd.log", folder);
    ck_assert(!log_traces());
    open_log("trace", "info", path);
    ck_assert(!log_traces());
    log_trace("not at level info");
    open_log("trace", "debug", path);
    ck_assert(log_traces());
    log_trace("Accepted TCP connection from socket 0x%08x, fd = %d", 0x12U, 8);
    log_trace("%s", "bad\nguy");
    LOG_SAY(STOPPED);
    log_close();
    ck_assert(!log_traces());
    expect_file(path,
                "^[0-9:]{8}\\.[0-9]{3} \\|   debug Accepted TCP connection from socket 0x00000012, fd = 8\n"
                "[0-9:]{8}\\.[0-9]{3} \\|   debug bad\\\\nguy\n"
                "[0-9:]{8}\\.[0-9]{3} \\|   info event=stopped\n$");
    fixture_folder_remove(folder);
}
END_TEST

/* A pipe for stderr; returns the end to read. */
static int pipe_for_stderr(void)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    return ends[0];
}

static void expect_pipe(int fd, const char *pattern)
{
    char text[8192];
    regex_t compiled;
    ssize_t got = read(fd, text, sizeof text - 1);
    ck_assert_int_gt(got, 0);
    text[got] = '\0';
    ck_assert_int_eq(regcomp(&compiled, pattern, REG_EXTENDED), 0);
    ck_assert_msg(regexec(&compiled, text, 0, NULL, 0) == 0, "%s\nis not\n%s", text, pattern);
    regfree(&compiled);
}

START_TEST(test_before_open)
{
    unsetenv("JOURNAL_STREAM");
    unsetenv("INVOCATION_ID");
    int fd = pipe_for_stderr();
    LOG_SAY(START_REFUSED, log_text("reason", "tvsd.yaml:1:1: x"));
    expect_pipe(fd, "^" LINE "error event=start-refused reason=\"tvsd\\.yaml:1:1: x\"\n$");
}
END_TEST

START_TEST(test_priorities_under_systemd)
{
    struct stat info;
    char stream[64];
    int fd = pipe_for_stderr();
    ck_assert_int_eq(fstat(STDERR_FILENO, &info), 0);
    snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    open_log("logfmt", "info", "stderr");
    LOG_SAY(STOPPED);
    LOG_SAY(CTL_GONE);
    LOG_SAY(START_REFUSED);
    expect_pipe(fd, "^<6>" LINE "info event=stopped\n<4>" LINE "warning event=ctl-gone\n<3>" LINE
                    "error event=start-refused\n$");
    log_close();
}
END_TEST

START_TEST(test_is_journal)
{
    struct stat info;
    char same[64];
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC),
        file = open("tests/check_main.c", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(fstat(null, &info), 0);
    snprintf(same, sizeof same, "%llu:%llu", (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino);
    ck_assert(log_target_is_journal(null, same, NULL));
    ck_assert(!log_target_is_journal(null, "1:2", "id"));
    ck_assert(!log_target_is_journal(null, "nonsense", NULL));
    ck_assert(!log_target_is_journal(null, NULL, NULL));
    ck_assert(log_target_is_journal(null, NULL, "id"));
    ck_assert(!log_target_is_journal(file, NULL, "id"));
    ck_assert(!log_target_is_journal(-1, NULL, "id"));
    close(null);
    close(file);
}
END_TEST

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A pipe that nobody empties costs little time; what it does not take is counted, and said once it does. */
START_TEST(test_full_pipe)
{
    char text[65536];
    int fd = pipe_for_stderr(), lines = 0, refused = 0;
    unsetenv("JOURNAL_STREAM");
    unsetenv("INVOCATION_ID");
    open_log("logfmt", "info", "stderr");
    struct log_target *target;
    struct log_line line;
    ck_assert_int_eq(log_target_open("stderr", &target, NULL), 0);
    render(CONFIG_LOG_LOGFMT, LOG_EV_STOPPED, NULL, 0, &line);
    while (log_target_write(target, &line, NULL))
        lines++;
    ck_assert_int_gt(lines, 100);
    int64_t start = now_ms();
    for (; refused < 1000; refused++)
        LOG_SAY(STOPPED);
    ck_assert_int_lt(now_ms() - start, 2000);
    log_drain();
    ck_assert_int_gt(read(fd, text, sizeof text), 0);
    log_drain();
    expect_pipe(fd, "^" LINE "warning event=log-dropped count=1000 target=stderr "
                    "reason=\"nobody reads what is written there\"\n$");
    log_drain();
    LOG_SAY(STOPPED);
    expect_pipe(fd, "^" LINE "info event=stopped\n$");
    log_target_free(target);
    log_close();
}
END_TEST

START_TEST(test_broken_pipe)
{
    int fd = pipe_for_stderr();
    signal(SIGPIPE, SIG_DFL);
    open_log("logfmt", "info", "stderr");
    close(fd);
    LOG_SAY(STOPPED);
    LOG_SAY(STOPPED);
    log_drain();
    log_close();
}
END_TEST

START_TEST(test_full_disk)
{
    struct log_target *target;
    struct log_line line;
    const char *why = "";
    if (access("/dev/full", W_OK) != 0)
        return;
    ck_assert_int_eq(log_target_open("/dev/full", &target, NULL), 0);
    render(CONFIG_LOG_LOGFMT, LOG_EV_STOPPED, NULL, 0, &line);
    ck_assert(!log_target_write(target, &line, &why));
    ck_assert_str_eq(why, "No space left on device");
    log_target_free(target);
    log_target_free(NULL);
}
END_TEST

/* A file that cannot grow, as on a full disk: said once elsewhere, counted, and in its place once it grows.
 */
START_TEST(test_target_that_fails)
{
    struct rlimit limit, low;
    char *folder = fixture_folder(), path[512], trouble[600], said[2000];
    int fd = pipe_for_stderr();
    snprintf(path, sizeof path, "%s/tvsd.log", folder);
    snprintf(trouble, sizeof trouble, "log.target %s: File too large", path);
    snprintf(said, sizeof said,
             "^" LINE
             "error event=log-failed reason=\"%s\" remedy=\"lines are lost until it takes them again\"\n$",
             trouble);
    open_log("logfmt", "info", path);
    ck_assert_ptr_null(log_trouble());
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    low = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &low), 0);
    for (int i = 0; i < 5; i++)
        LOG_SAY(STOPPED);
    log_drain();
    ck_assert_str_eq(log_trouble(), trouble);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    expect_pipe(fd, said);
    LOG_SAY(READY);
    ck_assert_ptr_null(log_trouble());
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &low), 0);
    LOG_SAY(STOPPED);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    log_drain(); /* without another line */
    log_close();
    snprintf(said, sizeof said,
             "^" LINE "warning event=log-dropped count=5 target=%s reason=\"File too large\"\n" LINE
             "info event=ready\n" LINE
             "warning event=log-dropped count=1 target=%s reason=\"File too large\"\n$",
             path, path);
    expect_file(path, said);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_lt(read(fd, said, sizeof said), 0); /* not again within a minute */
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(test_another_target)
{
    char *folder = fixture_folder(), old[512], new[512], said[1000];
    int fd = pipe_for_stderr();
    snprintf(old, sizeof old, "%s/old.log", folder);
    snprintf(new, sizeof new, "%s/new.log", folder);
    open_log("logfmt", "info", old);
    open_log("logfmt", "info", old);
    LOG_SAY(STOPPED);
    open_log("logfmt", "info", new);
    LOG_SAY_STDERR(STOPPED);
    snprintf(said, sizeof said, "^" LINE "info event=stopped\n" LINE "info event=log-moved target=%s\n$",
             new);
    expect_file(old, said);
    expect_pipe(fd, "^" LINE "info event=stopped\n$");
    log_close();
    expect_file(new, "^$");
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(test_reopen)
{
    char *folder = fixture_folder(), logs[300], away[300], path[400], moved[400];
    struct trust_error err = {0};
    snprintf(logs, sizeof logs, "%s/logs", folder);
    snprintf(away, sizeof away, "%s/away", folder);
    snprintf(path, sizeof path, "%s/tvsd.log", logs);
    snprintf(moved, sizeof moved, "%s/tvsd.log", away);
    ck_assert_int_eq(mkdir(logs, 0700), 0);
    open_log("logfmt", "info", path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(log_reopen(&err), 0);
    LOG_SAY(STOPPED);
    ck_assert_int_eq(rename(logs, away), 0);
    ck_assert_int_eq(log_reopen(&err), TRUST_ENOTFOUND);
    LOG_SAY(READY);
    log_close();
    expect_file(moved, "^" LINE "info event=stopped\n" LINE "info event=ready\n$");
    fixture_folder_remove(folder);
}
END_TEST

/* `tvsd -t` and a start say the same. */
START_TEST(test_check_is_what_open_does)
{
    char *folder = fixture_folder(), path[512];
    const char *const targets[] = {"stderr", "syslog",  "%s/none/tvsd.log", "%s/tvsd.log",
                                   "%s",     "%s/fifo", "%s/fifo/tvsd.log"};
    static const char *const remedies[] = {[2] = "make it, or correct log.target",
                                           [4] = "Is a directory: name a file in it",
                                           [5] = "nothing reads that FIFO",
                                           [6] = "Not a directory: correct log.target"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct trust_error checked = {0}, opened = {0};
        snprintf(path, sizeof path, "%s/fifo", folder);
        mkfifo(path, 0600);
        snprintf(path, sizeof path, "%s%s", targets[i][0] == '%' ? folder : "",
                 targets[i] + (targets[i][0] == '%' ? 2 : 0));
        struct config *config = configuration("logfmt", "info", path);
        int rc = log_check(config, &checked);
        ck_assert(i != 3 || access(path, F_OK) != 0); /* it made no file */
        ck_assert_int_eq(rc, log_open(config, &opened));
        ck_assert_str_eq(checked.text, opened.text);
        if (remedies[i] != NULL)
            ck_assert_msg(strstr(checked.text, remedies[i]) != NULL, "%s", checked.text);
        config_free(config);
        log_close();
    }
    fixture_folder_remove(folder);
}
END_TEST

/* A FIFO that nobody reads is refused rather than waited for. */
START_TEST(test_fifo)
{
    char *folder = fixture_folder(), path[512];
    struct log_target *target;
    struct trust_error err = {0};
    snprintf(path, sizeof path, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(log_target_open(path, &target, &err), TRUST_ESYSTEM);
    ck_assert_ptr_null(target);
    fixture_folder_remove(folder);
}
END_TEST

static int syslog_daemon(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    unlink(path);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

#define SYSLOG "[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} tvsd\\[[0-9]+\\]: "

START_TEST(test_syslog)
{
    char *folder = fixture_folder(), path[100];
    struct log_target *target;
    struct log_line line;
    struct trust_error err = {0};
    snprintf(path, sizeof path, "%.80s/log", folder);
    ck_assert_int_eq(log_target_open_syslog(path, &target, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_null(target);
    int daemon = syslog_daemon(path);
    ck_assert_msg(log_target_open_syslog(path, &target, &err) == 0, "%s", err.text);
    const struct log_field field = log_text("file", "two\nlines");
    render(CONFIG_LOG_LOGFMT, LOG_EV_CTL_GONE, &field, 1, &line);
    ck_assert(log_target_write(target, &line, NULL));
    expect_pipe(daemon, "^<28>" SYSLOG "level=warning event=ctl-gone file=\"two\\\\nlines\"$");
    render(CONFIG_LOG_JSON, LOG_EV_STOPPED, NULL, 0, &line);
    ck_assert(log_target_write(target, &line, NULL));
    expect_pipe(daemon, "^<30>" SYSLOG "\\{\"time\".*\"event\":\"stopped\"\\}$");
    /* Started anew, it is found again; gone, lines are lost. */
    close(daemon);
    daemon = syslog_daemon(path);
    ck_assert(log_target_write(target, &line, NULL));
    expect_pipe(daemon, "stopped");
    int lines = 0;
    while (lines < 100000 && log_target_write(target, &line, NULL)) /* nobody reads */
        lines++;
    ck_assert_int_lt(lines, 100000);
    close(daemon);
    ck_assert(!log_target_write(target, &line, NULL));
    log_target_free(target);
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(test_syslog_path_too_long)
{
    struct log_target *target;
    char path[300];
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    ck_assert_int_eq(log_target_open_syslog(path, &target, NULL), TRUST_ETOOLARGE);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("log_target");
    TCase *tc = tcase_create("targets");
    tcase_add_test(tc, test_file);
    tcase_add_test(tc, test_failed_open_keeps_the_log);
    tcase_add_test(tc, test_trace_file);
    tcase_add_test(tc, test_before_open);
    tcase_add_test(tc, test_priorities_under_systemd);
    tcase_add_test(tc, test_is_journal);
    tcase_add_test(tc, test_full_pipe);
    tcase_add_test(tc, test_broken_pipe);
    tcase_add_test(tc, test_full_disk);
    tcase_add_test(tc, test_target_that_fails);
    tcase_add_test(tc, test_another_target);
    tcase_add_test(tc, test_reopen);
    tcase_add_test(tc, test_check_is_what_open_does);
    tcase_add_test(tc, test_fifo);
    tcase_add_test(tc, test_syslog);
    tcase_add_test(tc, test_syslog_path_too_long);
    suite_add_tcase(s, tc);
    return s;
}
