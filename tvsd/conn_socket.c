#include "conn_socket.h"

#include <linux/tcp.h> /* its tcp_info has more than netinet/tcp.h's; one excludes the other */
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DISCARDED_AT_CLOSE 65536
#define GIVEN_UP_MS        1000

/* tcpi_state, in netinet/tcp.h's words. */
enum { TCP_CLOSE = 7, TCP_CLOSE_WAIT = 8 };

/* Linux hands it down to those accepted, which saves a call for each. */
void conn_socket_set_up(int listener)
{
    const int on = 1;
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails on what is no TCP: no matter */
}

bool conn_socket_has_bytes(int fd)
{
    int count = 0;
    return ioctl(fd, FIONREAD, &count) == 0 && count > 0;
}

/* What came before a reset can still be read. */
enum conn_socket_state conn_socket_state(int fd, int64_t patience)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return CONN_SOCKET_WAITS; /* no TCP */
    if (info.tcpi_state == TCP_CLOSE)
        return CONN_SOCKET_RESET;
    int64_t waited = info.tcpi_last_data_recv;
    bool has_closed = info.tcpi_state == TCP_CLOSE_WAIT;
    if (waited < patience && !has_closed)
        return CONN_SOCKET_WAITS;
    if (!conn_socket_has_bytes(fd))
        return has_closed ? CONN_SOCKET_SILENT : CONN_SOCKET_WAITS;
    if (has_closed && waited >= GIVEN_UP_MS)
        return CONN_SOCKET_LEFT;
    return waited < patience ? CONN_SOCKET_WAITS : CONN_SOCKET_OVERDUE;
}

struct conn_socket_left conn_socket_left(int fd, bool has_reset)
{
    struct conn_socket_left left = {0};
    struct tcp_info info = {0};
    socklen_t len = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        len < offsetof(struct tcp_info, tcpi_bytes_retrans) + sizeof info.tcpi_bytes_retrans)
        return left;
    /* What a reset acknowledges is not counted. */
    left.is_unheard = has_reset ? info.tcpi_data_segs_out == 0 : info.tcpi_bytes_acked == 0;
    if (info.tcpi_bytes_retrans == 0) { /* else it was the network that he waited for */
        left.waited = info.tcpi_last_data_recv;
        if (info.tcpi_data_segs_out > 0 && info.tcpi_last_data_recv > info.tcpi_last_data_sent)
            left.delay = info.tcpi_last_data_recv - info.tcpi_last_data_sent;
    }
    return left;
}

/* Bytes that lie unread when a socket is closed reset the connection, and answers on their way would be lost.
 */
void conn_socket_close(int fd)
{
    char unread[4096];
    for (size_t n = 0; n < DISCARDED_AT_CLOSE; n += sizeof unread)
        if (recv(fd, unread, sizeof unread, MSG_DONTWAIT) <= 0)
            break;
    close(fd);
}
