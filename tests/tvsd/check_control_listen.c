/* The control socket's place in the file system, and who may have it. */
#include "helper_bench.h"
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsd/claim.h"
#include "tvsd/control_listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder;

static void set_up(void)
{
    folder = fixture_folder();
    unsetenv("RUNTIME_DIRECTORY");
}

static void tear_down(void)
{
    fixture_folder_remove(folder);
}

/* FOLDER/NAME, valid for the next three calls. */
static const char *at(const char *name)
{
    static char paths[4][2200];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* socket NULL: auto. */
static struct config *config_with(const char *state, const char *socket)
{
    char yaml[5000];
    snprintf(yaml, sizeof yaml, "state: %s\ncontrol: { socket: %s }\n", state,
             socket != NULL ? socket : "auto");
    return config_make(yaml);
}

static int open_with(const char *state, const char *socket, struct control_listen *out,
                     struct trust_error *err)
{
    struct config *config = config_with(state, socket);
    int rc = control_listen_open(config, out, err);
    config_free(config);
    return rc;
}

static void open_good(const char *state, const char *socket, struct control_listen *out)
{
    struct trust_error err = {0};
    ck_assert_msg(open_with(state, socket, out, &err) == 0, "%s", err.text);
    ck_assert_int_ge(out->fd, 0);
}

static bool answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    bool good = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return good;
}

static bool is_there(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

/* As a process does that is killed: what is on disk stays. */
static void die(struct control_listen *listen)
{
    close(listen->fd);
    free(listen->path);
    free(listen->link);
    *listen = (struct control_listen){.fd = -1};
}

START_TEST(in_the_state_folder)
{
    struct control_listen listen;
    struct stat info;
    mode_t before = umask(0);
    open_good(folder, NULL, &listen);
    ck_assert_int_eq(umask(before), 0); /* as it was */
    ck_assert(answers(at("control")));
    ck_assert_int_eq(stat(at("control"), &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0660);
    control_listen_close(&listen);
    ck_assert(!is_there(at("control")));
    control_listen_close(&listen);
    ck_assert_int_eq(open_with(folder, "off", &listen, NULL), 0);
    ck_assert_int_eq(listen.fd, -1);
    control_listen_close(&listen);
}
END_TEST

/* Clients look in the state folder alone. */
START_TEST(in_the_runtime_folder)
{
    struct control_listen listen;
    char target[300] = "", folders[1000];
    ck_assert_int_eq(mkdir(at("run"), 0700), 0);
    snprintf(folders, sizeof folders, "%s:/nowhere", at("run"));
    setenv("RUNTIME_DIRECTORY", folders, 1);
    for (int i = 0; i < 2; i++) { /* the second time over what a dead one left */
        open_good(folder, NULL, &listen);
        ck_assert(answers(at("run/control")));
        ck_assert(answers(at("control")));
        ck_assert_int_gt(readlink(at("control"), target, sizeof target - 1), 0);
        ck_assert_str_eq(target, at("run/control"));
        if (i == 0)
            die(&listen);
    }
    control_listen_close(&listen);
    ck_assert(!is_there(at("control")));
    ck_assert(!is_there(at("run/control")));
    /* A link that was left, and now there is no runtime folder. */
    ck_assert_int_eq(symlink("/nowhere/control", at("control")), 0);
    unsetenv("RUNTIME_DIRECTORY");
    open_good(folder, NULL, &listen);
    ck_assert(answers(at("control")));
    control_listen_close(&listen);
    /* An own path is where it says, whatever the service has. */
    setenv("RUNTIME_DIRECTORY", folders, 1);
    open_good(folder, at("run/own"), &listen);
    ck_assert(answers(at("run/own")));
    ck_assert(!is_there(at("control")));
    control_listen_close(&listen);
    unsetenv("RUNTIME_DIRECTORY");
}
END_TEST

START_TEST(what_is_in_the_way)
{
    struct control_listen first, second;
    struct trust_error err = {0};
    /* Somebody who lives. */
    open_good(folder, at("a"), &first);
    ck_assert_int_eq(open_with(folder, at("a"), &second, &err), TRUST_EEXISTS);
    ck_assert_ptr_nonnull(strstr(err.text, "somebody else answers there"));
    ck_assert(answers(at("a")));
    /* Somebody who died. */
    die(&first);
    ck_assert(is_there(at("a")));
    open_good(folder, at("a"), &second);
    ck_assert(answers(at("a")));
    /* What another has put there meanwhile stays. */
    ck_assert_int_eq(unlink(at("a")), 0);
    fclose(fopen(at("a"), "w"));
    control_listen_close(&second);
    ck_assert(is_there(at("a")));
    /* No socket. */
    ck_assert_int_eq(open_with(folder, at("a"), &second, &err), TRUST_EEXISTS);
    ck_assert_ptr_nonnull(strstr(err.text, "no socket: take it away"));
    ck_assert_int_eq(open_with(folder, folder, &second, &err), TRUST_EEXISTS);
    ck_assert_int_eq(symlink("/nowhere", at("link")), 0);
    ck_assert_int_eq(open_with(folder, at("link"), &second, &err), TRUST_EEXISTS);
    ck_assert(is_there(at("link")));
    /* Nowhere. */
    ck_assert_int_eq(open_with(folder, at("none/a"), &second, &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "its folder is not there"));
    ck_assert_int_eq(open_with(at("none"), NULL, &second, &err), TRUST_ENOTFOUND);
    ck_assert_int_eq(second.fd, -1);
}
END_TEST

START_TEST(long_paths)
{
    struct control_listen listen;
    struct trust_error err = {0};
    char state[900], name[300];
    snprintf(state, sizeof state, "%s/%0100d", folder, 1);
    ck_assert_int_eq(mkdir(state, 0700), 0);
    open_good(state, NULL, &listen);
    ck_assert(is_there(listen.path));
    control_listen_close(&listen);
    snprintf(name, sizeof name, "%0200d", 1);
    ck_assert_int_eq(open_with(folder, at(name), &listen, &err), TRUST_ETOOLARGE);
}
END_TEST

START_TEST(one_a_state_folder)
{
    struct config *config = config_with(folder, NULL), *nowhere = config_with(at("none"), NULL);
    struct trust_error err = {0};
    int first, second, status;
    ck_assert_int_eq(claim_state(config, &first, &err), 0);
    ck_assert_int_ge(first, 0);
    ck_assert_int_eq(claim_state(config, &second, &err), TRUST_EEXISTS);
    ck_assert_int_eq(second, -1);
    ck_assert_ptr_nonnull(strstr(err.text, "another tvsd runs with this state folder"));
    close(first);
    ck_assert_int_eq(claim_state(nowhere, &second, &err), TRUST_ENOTFOUND);
    /* One that is killed leaves it. */
    pid_t child = fork();
    if (child == 0) {
        if (claim_state(config, &first, NULL) == 0)
            raise(SIGKILL);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(claim_state(config, &first, &err), 0);
    close(first);
    config_free(config);
    config_free(nowhere);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("control socket's place");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, in_the_state_folder);
    tcase_add_test(all, in_the_runtime_folder);
    tcase_add_test(all, what_is_in_the_way);
    tcase_add_test(all, long_paths);
    tcase_add_test(all, one_a_state_folder);
    suite_add_tcase(suite, all);
    return suite;
}
