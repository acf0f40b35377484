/* Unix sockets whose paths are longer than the kernel takes. */
#include "config/local.h"
#include "tests/check_main.h"
#include "tests/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int do_at(int (*what)(int fd, const struct sockaddr *address, socklen_t len), int fd, const char *path)
{
    struct sockaddr_un address;
    socklen_t len;
    int folder = -1;
    int why = local_address(path, &address, &len, &folder);
    if (why == 0 && what(fd, (const struct sockaddr *)&address, len) != 0)
        why = errno;
    if (folder >= 0)
        close(folder);
    return why;
}

static int local_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    return fd;
}

/* From a path that just fits to one of many times that. */
START_TEST(paths_of_any_length)
{
    char *folder = fixture_folder(), path[2000];
    struct stat info;
    snprintf(path, sizeof path, "%s", folder);
    for (int i = 0; i < 12; i++) {
        size_t len = strlen(path);
        snprintf(path + len, sizeof path - len, "/%0*d", 30, i);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        len = strlen(path);
        strcpy(path + len, "/control");
        int server = local_socket(), client = local_socket();
        ck_assert_int_eq(do_at(connect, client, path), ENOENT);
        ck_assert_int_eq(do_at(bind, server, path), 0);
        ck_assert(stat(path, &info) == 0 && S_ISSOCK(info.st_mode));
        ck_assert_int_eq(do_at(connect, client, path), ECONNREFUSED);
        ck_assert_int_eq(listen(server, 1), 0);
        ck_assert_int_eq(do_at(connect, client, path), 0);
        close(server);
        close(client);
        path[len] = '\0';
    }
    ck_assert_uint_gt(strlen(path), 300);
    fixture_folder_remove(folder);
}
END_TEST

START_TEST(what_cannot_be)
{
    char *folder = fixture_folder(), path[2000];
    int fd = local_socket();
    snprintf(path, sizeof path, "%s/%0200d", folder, 1);
    ck_assert_int_eq(do_at(connect, fd, path), ENAMETOOLONG);
    snprintf(path, sizeof path, "%0200d", 1);
    ck_assert_int_eq(do_at(connect, fd, path), ENAMETOOLONG);
    snprintf(path, sizeof path, "%s/%0200d/control", folder, 1);
    ck_assert_int_eq(do_at(connect, fd, path), ENOENT);
    close(fd);
    fixture_folder_remove(folder);
}
END_TEST

Suite *suite(void)
{
    Suite *local = suite_create("local sockets");
    TCase *all = tcase_create("all");
    tcase_add_test(all, paths_of_any_length);
    tcase_add_test(all, what_cannot_be);
    suite_add_tcase(local, all);
    return local;
}
