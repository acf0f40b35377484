/* What a program in the place of tvsd is kept from, and what it can do, for the tests of the unit.
 *
 * walls: tries each, and prints a line for each: "kept from NAME", "free to NAME", or "NAME: ERROR" if it
 * failed for another reason than the wall. Exit status 0. Run as root outside of the unit it shows that the
 * walls are the unit's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each returns 0, or the errno. */
static int done(int result)
{
    return result < 0 ? errno : 0;
}

static int kept(int fd)
{
    int error = done(fd);
    if (fd >= 0)
        close(fd);
    return error;
}

static int inet_socket(void)
{
    return kept(socket(AF_INET, SOCK_STREAM, 0));
}

static int inet6_socket(void)
{
    return kept(socket(AF_INET6, SOCK_STREAM, 0));
}

static int netlink_socket(void)
{
    return kept(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int make_file(const char *path)
{
    int error = kept(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (error == 0)
        unlink(path);
    return error;
}

static int write_usr(void)
{
    return make_file("/usr/walls");
}

static int write_configuration(void)
{
    return make_file("/etc/tvs/walls");
}

static int write_tftp(void)
{
    return make_file("/srv/tftp/walls");
}

static int write_state(void)
{
    return make_file("/var/lib/tvs/walls");
}

static int read_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno;
    closedir(folder);
    return 0;
}

static int read_tftp(void)
{
    return kept(open("/srv/tftp/ITLFile.tlv", O_RDONLY | O_CLOEXEC));
}

static int read_home(void)
{
    return read_folder("/home");
}

static int read_boot(void)
{
    return read_folder("/boot");
}

static int see_tmp(void)
{
    return kept(open("/tmp/witness", O_RDONLY | O_CLOEXEC));
}

static int see_others(void)
{
    return read_folder("/proc/1");
}

static int see_kernel(void)
{
    return kept(open("/proc/meminfo", O_RDONLY | O_CLOEXEC));
}

static int writable_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return errno;
    munmap(page, 4096);
    return 0;
}

static int other_personality(void)
{
    return done(personality(PER_LINUX32));
}

/* In a child: what it tries would change the rest of the tests. */
static int in_child(int (*what)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(what());
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                                 : ECHILD;
}

static int unshare_user(void)
{
    return done(unshare(CLONE_NEWUSER));
}

static int unshare_mounts(void)
{
    return done(unshare(CLONE_NEWNS));
}

static int run_shell(void)
{
    return done(execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL));
}

static int become_root(void)
{
    return done(setresuid(0, 0, 0));
}

static int be_first(void)
{
    const struct sched_param first = {.sched_priority = 1};
    return done(sched_setscheduler(0, SCHED_FIFO, &first));
}

static int make_setuid(void)
{
    const char *path = "/var/lib/tvs/walls";
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int error = fd >= 0 ? done(fchmod(fd, S_ISUID | 0700)) : errno;
    if (fd >= 0)
        close(fd);
    unlink(path);
    return error;
}

static int log_to_syslog(void)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error = fd >= 0 ? done(connect(fd, (const struct sockaddr *)&address, sizeof address)) : errno;
    if (fd >= 0)
        close(fd);
    return error;
}

/* wall: the errno by which the unit keeps it from that, 0: it must be free to. */
static const struct {
    const char *name;
    int (*what)(void);
    int wall;
    int in_child;
} probes[] = {
    {"open an IPv4 socket", inet_socket, EAFNOSUPPORT, 0},
    {"open an IPv6 socket", inet6_socket, EAFNOSUPPORT, 0},
    {"open a netlink socket", netlink_socket, EAFNOSUPPORT, 0},
    {"write /usr", write_usr, EROFS, 0},
    {"write its configuration", write_configuration, EROFS, 0},
    {"write the TFTP folder", write_tftp, EROFS, 0},
    {"read the TFTP folder", read_tftp, 0, 0},
    {"write its state", write_state, 0, 0},
    {"log to syslog", log_to_syslog, 0, 0},
    {"read /home", read_home, EACCES, 0},
    {"read /boot", read_boot, EACCES, 0},
    {"see what others have in /tmp", see_tmp, ENOENT, 0},
    {"see other processes", see_others, ENOENT, 0},
    {"see the kernel's figures", see_kernel, ENOENT, 0},
    {"have writable code", writable_code, EPERM, 0},
    {"change its personality", other_personality, EPERM, 1},
    {"make a user namespace", unshare_user, EPERM, 1},
    {"make a mount namespace", unshare_mounts, EPERM, 1},
    {"run a shell", run_shell, EACCES, 1},
    {"become root", become_root, EPERM, 1},
    {"go first", be_first, EPERM, 1},
    {"make a setuid program", make_setuid, EPERM, 0},
};

int main(void)
{
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        int error = probes[i].in_child ? in_child(probes[i].what) : probes[i].what();
        if (error == 0)
            printf("free to %s\n", probes[i].name);
        else if (error == probes[i].wall)
            printf("kept from %s\n", probes[i].name);
        else
            printf("%s: %s\n", probes[i].name, strerror(error));
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
