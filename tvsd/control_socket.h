/* The control socket's clients: a few at a time, one command each, answered as they take it. Whatever they
 * do, the loop is never held up by them, and an answer is made as it is read, not before. Main thread. */
#ifndef TVSD_CONTROL_SOCKET_H
#define TVSD_CONTROL_SOCKET_H

#include "trust.h"

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct control_socket;
struct control_client;

#define CONTROL_CLIENTS_MAX 16    /* further ones wait until one has gone */
#define CONTROL_COMMAND_MAX 256   /* bytes of a command, newline included */
#define CONTROL_CHUNK       16384 /* bytes that an answer is made in */

/* How long a client may take, in milliseconds: to say its command, to take the next bytes of the answer, and
 * altogether. */
struct control_times {
    int64_t command, silence, whole;
};
extern const struct control_times control_times_default;

/* A command came whole, without its newline, and is changed freely. It is to be answered, now or later. */
typedef void (*control_command)(void *arg, struct control_client *client, char *command);

/* Serve clients of a listening socket, which is borrowed. times NULL: the default. NULL: out of memory. */
struct control_socket *control_socket_new(struct event_base *base, int fd, const struct control_times *times,
                                          control_command command, void *arg);
void control_socket_free(struct control_socket *socket); /* their connections end */

/* Who it is (SO_PEERCRED); -1 if that is not known. */
void control_client_who(const struct control_client *client, int64_t *uid, int64_t *pid);

/* Make more of the answer: whole lines, at most CONTROL_CHUNK bytes, into out. *at is 0 at first and the
 * maker's own from then on. Returns how many, 0 when the answer is whole; "done" follows by itself. */
typedef size_t (*control_make)(void *arg, size_t *at, char out[static CONTROL_CHUNK]);
void control_answer(struct control_client *client, control_make make, void *arg);

/* remedy: what to do, "" if nothing is known. */
void control_refuse(struct control_client *client, const char *reason, const char *remedy);

/* It is answered together with the others that wait, by one of the other two. */
void control_wait(struct control_client *client);
void control_answer_waiting(struct control_socket *socket, control_make make, void *arg);
void control_refuse_waiting(struct control_socket *socket, const char *reason, const char *remedy);

#endif
