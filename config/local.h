/* Addresses of unix sockets, however long their path is. */
#ifndef CONFIG_LOCAL_H
#define CONFIG_LOCAL_H

#include <sys/socket.h>
#include <sys/un.h>

/* The address of the socket at path, for bind or connect. The kernel takes 107 bytes; a longer path is gone
 * by way of its folder, which stays open as *folder_fd until the caller closes it after that (-1: it is not
 * needed). Returns 0, or errno: ENAMETOOLONG of a name that is too long by itself, open's of the folder. */
int local_address(const char *path, struct sockaddr_un *out, socklen_t *len, int *folder_fd);

#endif
