/* A service manager, for the end-to-end tests: what a program would find if systemd started it.
 *
 * manager [-l ADDRESS:PORT]… [-u ADDRESS:PORT]… [-d ADDRESS:PORT]… [-w MS] FILE COMMAND…
 *
 * It becomes COMMAND, which finds listening sockets (-l; -u: datagram sockets, -d: sockets that do not
 * listen; in that order) and NOTIFY_SOCKET. A child stays behind and writes each message to FILE, one a line,
 * with '|' for line ends. With -w, COMMAND is aborted when it has not said WATCHDOG=1 for so long. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FD 3
#define FDS_MOST 8

static int fds[FDS_MOST], fd_count;

static void die(const char *what)
{
    fprintf(stderr, "manager: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static void add_socket(int kind, const char *where)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    char host[64];
    const char *colon = strrchr(where, ':');
    if (colon == NULL || colon - where >= (int)sizeof host || fd_count == FDS_MOST)
        die(where);
    bool six = where[0] == '[';
    snprintf(host, sizeof host, "%.*s", (int)(colon - where) - 2 * six, where + six);
    address.any.sa_family = six ? AF_INET6 : AF_INET;
    address.v4.sin_port = htons((uint16_t)atoi(colon + 1)); /* of both families */
    inet_pton(address.any.sa_family, host,
              six ? (void *)&address.v6.sin6_addr : (void *)&address.v4.sin_addr);
    int fd = socket(address.any.sa_family, kind == 'u' ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, &address.any, six ? sizeof address.v6 : sizeof address.v4) != 0 ||
        (kind == 'l' && listen(fd, 64) != 0))
        die(where);
    fds[fd_count++] = fd;
}

static int notify_socket(const char *file)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s.socket", file);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        die(address.sun_path);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    return fd;
}

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* The child: until nobody has the other end of `alive`, and every message was read. */
static void listen_to(int notify, int alive, int file, int watchdog_ms, pid_t pid)
{
    struct pollfd polled[] = {{.fd = notify, .events = POLLIN}, {.fd = alive, .events = POLLIN}};
    long long last = now_ms();
    char message[4096];
    for (;;) {
        poll(polled, 2, watchdog_ms > 0 ? 20 : -1);
        ssize_t len = recv(notify, message, sizeof message - 1, MSG_DONTWAIT);
        if (len >= 0) {
            message[len] = '\0';
            if (strstr(message, "WATCHDOG=1") != NULL)
                last = now_ms();
            for (char *c = message; (c = strchr(c, '\n')) != NULL;)
                *c = '|';
            dprintf(file, "%s\n", message);
        } else if (polled[1].revents != 0) {
            return;
        }
        if (watchdog_ms > 0 && now_ms() - last > watchdog_ms) {
            dprintf(file, "ABORTED\n");
            kill(pid, SIGABRT);
            watchdog_ms = 0;
        }
    }
}

/* In the process that is to become the command: its descriptors from 3 on are the sockets. */
static void hand_over(void)
{
    int high[FDS_MOST];
    char text[16];
    for (int i = 0; i < fd_count; i++)
        high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 100);
    for (int i = 0; i < fd_count; i++)
        if (dup2(high[i], FIRST_FD + i) < 0)
            die("dup2");
    snprintf(text, sizeof text, "%d", fd_count);
    setenv("LISTEN_FDS", text, 1);
    snprintf(text, sizeof text, "%ld", (long)getpid());
    setenv("LISTEN_PID", text, 1);
}

int main(int argc, char **argv)
{
    int watchdog_ms = 0, ends[2], option;
    while ((option = getopt(argc, argv, "+l:u:d:w:")) != -1) {
        if (option == '?')
            return EXIT_FAILURE;
        if (option == 'w')
            watchdog_ms = atoi(optarg);
        else
            add_socket(option, optarg);
    }
    if (argc - optind < 2)
        return EXIT_FAILURE;
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    int file = open(argv[optind], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int notify = notify_socket(argv[optind]);
    if (file < 0 || pipe(ends) != 0)
        die(argv[optind]);
    pid_t self = getpid();
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        close(ends[1]);
        listen_to(notify, ends[0], file, watchdog_ms, self);
        _exit(EXIT_SUCCESS);
    }
    if (watchdog_ms > 0) {
        char us[24];
        snprintf(us, sizeof us, "%lld", watchdog_ms * 1000LL);
        setenv("WATCHDOG_USEC", us, 1);
    }
    /* The write end of the pipe is left open in the command: when it has ended, the child knows. */
    if (fcntl(ends[1], F_DUPFD, 100) < 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) != 0)
        die("fcntl");
    close(ends[1]);
    if (fd_count > 0)
        hand_over();
    execvp(argv[optind + 1], argv + optind + 1);
    die(argv[optind + 1]);
}
