/* hang PID NAME: let one thread of a process hang, until it is killed or this program ends, for the
 * end-to-end tests. Says "hung" when it does. Exit status 77: not allowed here. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

static pid_t find_thread(const char *pid, const char *name)
{
    char path[300], found[32];
    pid_t tid = 0;
    snprintf(path, sizeof path, "/proc/%s/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks != NULL && tid == 0 && (task = readdir(tasks)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%s/task/%s/comm", pid, task->d_name);
        FILE *comm = fopen(path, "r");
        if (comm != NULL && fscanf(comm, "%31s", found) == 1 && strcmp(found, name) == 0)
            tid = (pid_t)atoi(task->d_name);
        if (comm != NULL)
            fclose(comm);
    }
    if (tasks != NULL)
        closedir(tasks);
    return tid;
}

int main(int argc, char **argv)
{
    int status;
    if (argc != 3)
        return EXIT_FAILURE;
    pid_t tid = find_thread(argv[1], argv[2]);
    if (tid == 0) {
        fprintf(stderr, "hang: process %s has no thread %s\n", argv[1], argv[2]);
        return EXIT_FAILURE;
    }
    if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0 || ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0) {
        fprintf(stderr, "hang: ptrace: %s\n", strerror(errno));
        return errno == EPERM || errno == ENOSYS ? 77 : EXIT_FAILURE;
    }
    if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
        return EXIT_FAILURE;
    puts("hung");
    fflush(stdout);
    /* It stays as it is; its death must be seen, or the process would not be gone. */
    while (waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status))
        ;
    return EXIT_SUCCESS;
}
