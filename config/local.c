#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_folder(const char *path, struct sockaddr_un *out, int *folder_fd)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return ENAMETOOLONG;
    char *folder = strndup(path, (size_t)(slash - path) + 1);
    if (folder == NULL)
        return ENOMEM;
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int why = errno;
    free(folder);
    if (fd < 0)
        return why;
    int len = snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s", fd, slash + 1);
    if ((size_t)len >= sizeof out->sun_path) {
        close(fd);
        return ENAMETOOLONG;
    }
    *folder_fd = fd;
    return 0;
}

int local_address(const char *path, struct sockaddr_un *out, socklen_t *len, int *folder_fd)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    *folder_fd = -1;
    if (strlen(path) < sizeof out->sun_path) {
        strcpy(out->sun_path, path);
    } else {
        int why = by_folder(path, out, folder_fd);
        if (why != 0)
            return why;
    }
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(out->sun_path) + 1);
    return 0;
}
