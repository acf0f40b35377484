/* What a connection asks of its socket, beside the bytes. */
#ifndef TVSD_CONN_SOCKET_H
#define TVSD_CONN_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Of a socket that listens: what is accepted from it sends answers at once. */
void conn_socket_set_up(int listener);

/* Whether bytes have come that nobody has read yet. */
bool conn_socket_has_bytes(int fd);

/* What has become of whoever waits to be heard, with bytes that nobody has read yet or without. They may have
 * waited in the kernel before the connection was accepted. */
enum conn_socket_state {
    CONN_SOCKET_WAITS,
    CONN_SOCKET_OVERDUE, /* the bytes came more than patience milliseconds ago: an answer would come too late
                          */
    CONN_SOCKET_LEFT,    /* they came a second ago, and he has closed the connection since */
    CONN_SOCKET_RESET,   /* he has reset the connection: there is nobody to answer */
    CONN_SOCKET_SILENT,  /* he has closed it, and nothing that he sent is unread */
};
enum conn_socket_state conn_socket_state(int fd, int64_t patience);

/* Of one who has closed, or reset, the connection. Times are milliseconds, and 0 where they tell nothing. */
struct conn_socket_left {
    bool is_unheard; /* nothing that was sent to him, if anything was, has reached him for certain */
    int64_t waited;  /* since he last said something */
    int64_t delay;   /* from then until something was sent to him */
};
struct conn_socket_left conn_socket_left(int fd, bool has_reset);

/* Close it so that answers on their way still arrive. */
void conn_socket_close(int fd);

#endif
