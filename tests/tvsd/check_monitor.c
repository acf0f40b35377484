/* What the monitor reports, with a real loop and real files. A loop that runs into its time-out fails. */
#include "tests/check_main.h"

#include "tests/fixture.h"
#include "tests/tvsd/helper_site.h"
#include "tvsd/clock.h"
#include "tvsd/monitor.h"

#include <dirent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NET_S 20

static struct site site;
static struct event_base *base;
static struct monitor *monitor;
static struct store_source source;
static unsigned reported, wanted;
static int reports;
static bool late;
static struct person person;
static void (*busy)(void); /* NULL: a report takes no time */

static void on_change(void *arg, unsigned what)
{
    (void)arg;
    reported |= what;
    reports++;
    if (what & MONITOR_STORE) {
        struct trust_index *index;
        if (store_source_load(&source, NULL, &index, NULL) == 0)
            trust_index_free(index);
    }
    if (busy != NULL)
        busy();
    if (reported & wanted)
        event_base_loopbreak(base);
}

static void on_late(evutil_socket_t fd, short events, void *arg)
{
    (void)fd, (void)events, (void)arg;
    late = true;
    event_base_loopbreak(base);
}

/* Run the loop until one of `what` is reported, and return all that was. */
static unsigned await(unsigned what)
{
    const struct timeval net = {.tv_sec = NET_S};
    struct event *timer = event_new(base, -1, 0, on_late, NULL);
    reported = 0;
    reports = 0;
    wanted = what;
    late = false;
    event_add(timer, &net);
    event_base_dispatch(base);
    event_free(timer);
    ck_assert_msg(!late, "nothing was reported in %d s", NET_S);
    return reported;
}

static void watch(struct store_source *store)
{
    struct trust_error err = {0};
    ck_assert_msg(monitor_new(base, site.config, store, on_change, NULL, &monitor, &err) == 0, "%s",
                  err.text);
}

static void set_up(void)
{
    site_init(&site);
    person_init(&person, "publisher");
    base = event_base_new();
    ck_assert_ptr_nonnull(base);
}

static void tear_down(void)
{
    monitor_free(monitor);
    monitor = NULL;
    store_source_close(&source);
    event_base_free(base);
    person_fini(&person);
    site_fini(&site);
}

static void write_in_place(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* A file of another name in the TFTP folder. */
static void write_other(const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", site.tftp, name);
    write_in_place(path, "other");
}

static void publish(const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", site.published, name);
    write_in_place(path, "list");
}

START_TEST(a_rename_is_reported)
{
    watch(NULL);
    put_file(site.ctl_path, (struct trust_bytes){(const uint8_t *)"a", 1});
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}
END_TEST

START_TEST(writing_in_place_is_reported)
{
    write_in_place(site.ctl_path, "before");
    watch(NULL);
    write_in_place(site.ctl_path, "after");
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}
END_TEST

START_TEST(a_deletion_is_reported)
{
    write_in_place(site.ctl_path, "before");
    watch(NULL);
    ck_assert_int_eq(unlink(site.ctl_path), 0);
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}
END_TEST

START_TEST(moving_it_away_is_reported)
{
    char away[300];
    snprintf(away, sizeof away, "%s/away", site.root);
    write_in_place(site.ctl_path, "before");
    watch(NULL);
    ck_assert_int_eq(rename(site.ctl_path, away), 0);
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}
END_TEST

START_TEST(links_are_reported)
{
    char target[300];
    snprintf(target, sizeof target, "%s/target", site.root);
    write_in_place(target, "list");
    watch(NULL);
    ck_assert_int_eq(_i == 0 ? link(target, site.ctl_path) : symlink(target, site.ctl_path), 0);
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}
END_TEST

/* inotify does not follow the link; the stat net does. */
START_TEST(what_a_link_points_to_is_looked_at)
{
    char target[300];
    snprintf(target, sizeof target, "%s/target", site.root);
    write_in_place(target, "list");
    ck_assert_int_eq(symlink(target, site.ctl_path), 0);
    watch(NULL);
    write_in_place(target, "another list");
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}
END_TEST

START_TEST(other_files_are_passed_over)
{
    watch(NULL);
    write_other("ITLFile.tlv");
    write_other("CTLFile.tlv.new");
    write_other("SEP001122334455.cnf.xml");
    publish("000001-CTLFile.tlv");
    ck_assert_uint_eq(await(MONITOR_PUBLISHED), MONITOR_PUBLISHED);
}
END_TEST

START_TEST(a_burst_is_one_report)
{
    watch(NULL);
    for (int i = 0; i < 20; i++)
        put_file(site.ctl_path, (struct trust_bytes){(const uint8_t *)"burst", 5});
    await(MONITOR_CTL);
    ck_assert_int_eq(reports, 1);
    publish("000001-CTLFile.tlv");
    ck_assert_uint_eq(await(MONITOR_PUBLISHED), MONITOR_PUBLISHED);
}
END_TEST

START_TEST(a_file_that_is_still_written_is_left_alone)
{
    watch(NULL);
    int fd = open(site.ctl_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    publish("000001-CTLFile.tlv");
    ck_assert_uint_eq(await(MONITOR_PUBLISHED), MONITOR_PUBLISHED);
    ck_assert_int_eq(write(fd, "list", 4), 4);
    close(fd);
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}
END_TEST

START_TEST(a_folder_that_is_replaced_is_watched_again)
{
    char old[300];
    snprintf(old, sizeof old, "%s/old", site.root);
    write_in_place(site.ctl_path, "before");
    watch(NULL);
    ck_assert_int_eq(rename(site.tftp, old), 0);
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
    ck_assert_int_eq(mkdir(site.tftp, 0755), 0);
    write_in_place(site.ctl_path, "after");
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
    put_file(site.ctl_path, (struct trust_bytes){(const uint8_t *)"a", 1});
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}
END_TEST

START_TEST(a_folder_that_comes_later_is_watched)
{
    ck_assert_int_eq(rmdir(site.tftp), 0);
    ck_assert_int_eq(rmdir(site.published), 0);
    watch(NULL);
    ck_assert_int_eq(mkdir(site.published, 0755), 0);
    ck_assert_uint_eq(await(MONITOR_PUBLISHED), MONITOR_PUBLISHED);
    ck_assert_int_eq(mkdir(site.tftp, 0755), 0);
    write_in_place(site.ctl_path, "list");
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}
END_TEST

/* Its absence was reported, too. */
START_TEST(a_folder_that_comes_back_empty_is_reported)
{
    ck_assert_int_eq(rmdir(site.tftp), 0);
    watch(NULL);
    publish("000001-CTLFile.tlv");
    await(MONITOR_PUBLISHED);
    ck_assert_int_eq(mkdir(site.tftp, 0755), 0);
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}
END_TEST

/* ---- Rest */

#define BUSY_MS 500

static struct event *mark;
static int marks;
static void on_mark(evutil_socket_t fd, short events, void *arg)
{
    (void)fd, (void)events, (void)arg;
    marks++;
    write_in_place(site.ctl_path, "the last change");
}

/* The file has changed again when this ends. The mark comes between a rest of no time and the due one. */
static void be_busy(void)
{
    const struct timeval after = {.tv_sec = 3 * BUSY_MS / 1000, .tv_usec = 3 * BUSY_MS % 1000 * 1000};
    const int64_t began = clock_milliseconds();
    event_add(mark, &after);
    busy = NULL;
    write_in_place(site.ctl_path, "while it was read");
    while (clock_milliseconds() - began < BUSY_MS)
        ; /* as who parses and verifies does */
}

static void await_busy_report(void)
{
    mark = event_new(base, -1, 0, on_mark, NULL);
    ck_assert_ptr_nonnull(mark);
    watch(NULL);
    busy = be_busy;
    write_in_place(site.ctl_path, "before");
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}

/* The last change is seen. That the mark comes first needs no fast machine: timers go off in their order. */
START_TEST(folders_rest_after_a_report_that_took_long)
{
    await_busy_report();
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
    ck_assert_int_eq(marks, 1);
    ck_assert_int_eq(reports, 1);
    write_in_place(site.ctl_path, "after the rest");
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
    event_free(mark);
}
END_TEST

/* What only the operator writes is reported meanwhile. */
START_TEST(the_state_folder_does_not_rest)
{
    await_busy_report();
    publish("000001-CTLFile.tlv");
    ck_assert_uint_eq(await(MONITOR_PUBLISHED), MONITOR_PUBLISHED);
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
    event_free(mark);
}
END_TEST

START_TEST(the_rest_is_four_times_the_report)
{
    ck_assert_int_eq(monitor_rest_after(0), 0);
    ck_assert_int_eq(monitor_rest_after(499), 1996);
    ck_assert_int_eq(monitor_rest_after(500), 2000);
    ck_assert_int_eq(monitor_rest_after(INT64_MAX), 2000);
}
END_TEST

static bool has_inotify(void)
{
    char what[64] = "", path[300];
    bool has = false;
    DIR *fds = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(fds);
    for (struct dirent *fd; !has && (fd = readdir(fds)) != NULL;) {
        snprintf(path, sizeof path, "/proc/self/fd/%s", fd->d_name);
        ssize_t len = readlink(path, what, sizeof what - 1);
        what[len > 0 ? len : 0] = '\0';
        has = strcmp(what, "anon_inode:inotify") == 0;
    }
    closedir(fds);
    return has;
}

/* A reload while connections have all descriptors: changes are seen by stat, and by events when there are
 * some. */
START_TEST(events_are_taken_up_later)
{
    struct rlimit limit, low;
    write_in_place(site.ctl_path, "before");
    int next = dup(0); /* the lowest descriptor that is free */
    close(next);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    watch(NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert(!has_inotify());
    ck_assert_int_eq(unlink(site.ctl_path), 0);
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
    ck_assert(has_inotify());
    put_file(site.ctl_path, (struct trust_bytes){(const uint8_t *)"a", 1});
    ck_assert_uint_eq(await(MONITOR_CTL), MONITOR_CTL);
}
END_TEST

/* ---- The store */

static size_t load(void)
{
    struct trust_index *index;
    struct trust_error err = {0};
    ck_assert_msg(store_source_load(&source, NULL, &index, &err) == 0, "%s", err.text);
    size_t count = trust_index_count(index);
    trust_index_free(index);
    return count;
}

static void open_source(void)
{
    struct trust_error err = {0};
    ck_assert_msg(store_source_open(site.config, NULL, &source, &err) == 0, "%s", err.text);
    load();
    ck_assert(!store_source_changed(&source));
}

START_TEST(a_write_to_the_store_is_reported)
{
    open_source();
    watch(&source);
    site_add_trust(&site, TRUST_UNIT_TOMCAT_TRUST, &person);
    ck_assert_uint_eq(await(MONITOR_STORE), MONITOR_STORE);
    ck_assert(!store_source_changed(&source));
    ck_assert_uint_eq(load(), 1);
}
END_TEST

/* As `utils restore` may do. */
static void replace_store(void)
{
    char fresh[300];
    struct trust_store *store;
    struct trust_store_added added;
    snprintf(fresh, sizeof fresh, "%s/fresh", site.state);
    ck_assert_int_eq(trust_store_open(fresh, TRUST_STORE_WRITE, &store, NULL), 0);
    ck_assert_int_eq(trust_store_add_trust(store, TRUST_UNIT_TOMCAT_TRUST, person.cert, &added, NULL), 0);
    trust_store_close(store);
    site_remove_store(&site);
    ck_assert_int_eq(rename(fresh, site.store_path), 0);
}

START_TEST(a_store_that_is_replaced_is_opened_again)
{
    open_source();
    watch(&source);
    replace_store();
    ck_assert_uint_eq(await(MONITOR_STORE), MONITOR_STORE);
    ck_assert_uint_eq(load(), 1);
}
END_TEST

START_TEST(a_store_that_is_lost_keeps_being_looked_for)
{
    open_source();
    watch(&source);
    site_remove_store(&site);
    await(MONITOR_STORE);
    struct trust_index *index;
    ck_assert_int_eq(store_source_load(&source, NULL, &index, NULL), TRUST_ENOTFOUND);
    ck_assert_ptr_null(index);
    for (int poll = 1; poll < 300 / STORE_POLL_MS; poll++)
        ck_assert(!store_source_changed(&source)); /* not at once again */
    await(MONITOR_STORE);
    replace_store();
    await(MONITOR_STORE);
    ck_assert_uint_eq(load(), 1);
    ck_assert(!store_source_changed(&source));
}
END_TEST

/* As after a load that took 75 ms: one import after the other is not one load after the other. */
START_TEST(a_store_rests_after_its_load)
{
    open_source();
    source.rest = 3;
    site_add_trust(&site, TRUST_UNIT_TOMCAT_TRUST, &person);
    ck_assert(!store_source_changed(&source));
    ck_assert(!store_source_changed(&source));
    ck_assert(store_source_changed(&source));
}
END_TEST

START_TEST(no_store_names_the_phrase_that_makes_one)
{
    struct trust_error err = {0};
    site_remove_store(&site);
    ck_assert_int_eq(store_source_open(site.config, "/etc/other.yaml", &source, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "`tvsctl set cert regen TVS --config /etc/other.yaml`"));
    ck_assert_int_eq(store_source_open(site.config, CONFIG_PATH_DEFAULT, &source, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "`tvsctl set cert regen TVS`"));
}
END_TEST

START_TEST(freeing_nothing_is_fine)
{
    monitor_free(NULL);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("monitor");
    TCase *c = tcase_create("folders");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 3 * NET_S + 10);
    tcase_add_test(c, a_rename_is_reported);
    tcase_add_test(c, writing_in_place_is_reported);
    tcase_add_test(c, a_deletion_is_reported);
    tcase_add_test(c, moving_it_away_is_reported);
    tcase_add_loop_test(c, links_are_reported, 0, 2);
    tcase_add_test(c, what_a_link_points_to_is_looked_at);
    tcase_add_test(c, other_files_are_passed_over);
    tcase_add_test(c, a_burst_is_one_report);
    tcase_add_test(c, a_file_that_is_still_written_is_left_alone);
    tcase_add_test(c, a_folder_that_is_replaced_is_watched_again);
    tcase_add_test(c, a_folder_that_comes_later_is_watched);
    tcase_add_test(c, a_folder_that_comes_back_empty_is_reported);
    tcase_add_test(c, events_are_taken_up_later);
    tcase_add_test(c, folders_rest_after_a_report_that_took_long);
    tcase_add_test(c, the_state_folder_does_not_rest);
    tcase_add_test(c, the_rest_is_four_times_the_report);
    suite_add_tcase(s, c);
    TCase *d = tcase_create("store");
    tcase_add_checked_fixture(d, set_up, tear_down);
    tcase_set_timeout(d, 3 * NET_S + 10);
    tcase_add_test(d, a_write_to_the_store_is_reported);
    tcase_add_test(d, a_store_that_is_replaced_is_opened_again);
    tcase_add_test(d, a_store_that_is_lost_keeps_being_looked_for);
    tcase_add_test(d, a_store_rests_after_its_load);
    tcase_add_test(d, no_store_names_the_phrase_that_makes_one);
    tcase_add_test(d, freeing_nothing_is_fine);
    suite_add_tcase(s, d);
    return s;
}
