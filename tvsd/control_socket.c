#include "control_socket.h"

#include "line_writer.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

const struct control_times control_times_default = {.command = 5000, .silence = 10000, .whole = 300000};

enum client_phase {
    CLIENT_ASKS,    /* its command is not there whole */
    CLIENT_WAITS,   /* for the answer */
    CLIENT_ANSWERS, /* gets it */
    CLIENT_ENDS,    /* has it all but for what is in the buffer */
};

struct control_client {
    struct control_socket *socket; /* NULL: the place is free */
    struct event *event;
    int fd;
    enum client_phase phase;
    bool is_silent;        /* it says no more */
    int64_t opened, moved; /* monotonic milliseconds */
    char command[CONTROL_COMMAND_MAX];
    size_t command_len;
    control_make make;
    void *make_arg;
    size_t at;
    size_t sent, len; /* of what is in the buffer */
    char buffer[CONTROL_CHUNK];
};

struct control_socket {
    struct event_base *base;
    struct event *on_client, *on_retry; /* the second when there was no descriptor for a client */
    struct control_times times;
    control_command command;
    void *arg;
    size_t count;
    struct control_client *clients[CONTROL_CLIENTS_MAX];
};

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void accept_more(struct control_socket *socket)
{
    if (socket->count < CONTROL_CLIENTS_MAX && !event_pending(socket->on_retry, EV_TIMEOUT, NULL))
        event_add(socket->on_client, NULL);
    else
        event_del(socket->on_client);
}

/* Bytes that lie unread when a socket is closed take the answer away from the other end. */
static void discard_input(int fd)
{
    char unread[4096];
    for (int i = 0; i < 16 && recv(fd, unread, sizeof unread, MSG_DONTWAIT) > 0; i++)
        continue;
}

static void client_end(struct control_client *client)
{
    struct control_socket *socket = client->socket;
    if (client->event != NULL)
        event_free(client->event);
    discard_input(client->fd);
    close(client->fd);
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (socket->clients[i] == client)
            socket->clients[i] = NULL;
    socket->count--;
    free(client);
}

/* ---- The answer */

static void client_ready(evutil_socket_t fd, short events, void *arg);

static int64_t deadline(const struct control_client *client)
{
    const struct control_times *times = &client->socket->times;
    int64_t whole = client->opened + times->whole;
    if (client->phase == CLIENT_WAITS)
        return whole;
    int64_t next = client->moved + (client->phase == CLIENT_ASKS ? times->command : times->silence);
    return next < whole ? next : whole;
}

static bool client_arm(struct control_client *client)
{
    bool listens = client->phase == CLIENT_ASKS || client->phase == CLIENT_WAITS;
    short want = !listens ? EV_WRITE : client->is_silent ? 0 : EV_READ;
    int64_t wait = deadline(client) - milliseconds();
    if (wait < 0)
        wait = 0;
    const struct timeval timeout = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};
    event_del(client->event);
    return event_assign(client->event, client->socket->base, client->fd, want, client_ready, client) == 0 &&
           event_add(client->event, &timeout) == 0;
}

/* More into the empty buffer. */
static void client_fill(struct control_client *client)
{
    static const char done[] = "done\n";
    client->sent = client->len = 0;
    if (client->phase == CLIENT_ANSWERS && client->make != NULL)
        client->len = client->make(client->make_arg, &client->at, client->buffer);
    assert(client->len <= CONTROL_CHUNK);
    if (client->phase != CLIENT_ANSWERS || client->len > 0)
        return;
    memcpy(client->buffer, done, sizeof done - 1);
    client->len = sizeof done - 1;
    client->phase = CLIENT_ENDS;
}

/* One chunk, then it is the others' turn. false: it has all, or is gone. */
static bool client_write(struct control_client *client)
{
    if (client->sent == client->len)
        client_fill(client);
    ssize_t n = send(client->fd, client->buffer + client->sent, client->len - client->sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    if (n > 0) {
        client->sent += (size_t)n;
        client->moved = milliseconds();
    }
    return client->phase != CLIENT_ENDS || client->sent < client->len;
}

void control_answer(struct control_client *client, control_make make, void *arg)
{
    client->phase = CLIENT_ANSWERS;
    client->make = make;
    client->make_arg = arg;
    client->at = 0;
    client->moved = milliseconds();
}

void control_refuse(struct control_client *client, const char *reason, const char *remedy)
{
    struct line_writer line;
    line_begin(&line, client->buffer, sizeof client->buffer);
    line_word(&line, "refused");
    line_text(&line, "reason", reason);
    line_text(&line, "remedy", remedy);
    client->sent = 0;
    client->len = line_end(&line);
    client->phase = CLIENT_ENDS;
    client->moved = milliseconds();
}

void control_wait(struct control_client *client)
{
    client->phase = CLIENT_WAITS;
}

static bool is_waiting(const struct control_client *client)
{
    return client != NULL && client->phase == CLIENT_WAITS;
}

void control_answer_waiting(struct control_socket *socket, control_make make, void *arg)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct control_client *client = socket->clients[i];
        if (!is_waiting(client))
            continue;
        control_answer(client, make, arg);
        if (!client_arm(client))
            client_end(client);
    }
    accept_more(socket);
}

void control_refuse_waiting(struct control_socket *socket, const char *reason, const char *remedy)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct control_client *client = socket->clients[i];
        if (!is_waiting(client))
            continue;
        control_refuse(client, reason, remedy);
        if (!client_arm(client))
            client_end(client);
    }
    accept_more(socket);
}

/* ---- The command */

static void client_command(struct control_client *client, size_t len)
{
    client->command[len] = '\0';
    if (strlen(client->command) < len)
        control_refuse(client, "the command holds a NUL", "");
    else
        client->socket->command(client->socket->arg, client, client->command);
}

/* false: it is gone. */
static bool client_read(struct control_client *client)
{
    char *end = client->command + client->command_len;
    size_t room = sizeof client->command - client->command_len;
    ssize_t n = recv(client->fd, end, room, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0)
        return false;
    client->command_len += (size_t)n;
    char *newline = memchr(end, '\n', (size_t)n);
    if (newline != NULL)
        client_command(client, (size_t)(newline - client->command));
    else if (client->command_len == sizeof client->command)
        control_refuse(client, "the command is too long", "");
    return true;
}

/* A client that waits has nothing more to say; what it says all the same is let go. One that closed its half,
 * or all, is seen to be gone when it is answered. */
static void client_ignore(struct control_client *client)
{
    char ignored[256];
    if (recv(client->fd, ignored, sizeof ignored, 0) == 0)
        client->is_silent = true;
}

static void client_ready(evutil_socket_t fd, short events, void *arg)
{
    struct control_client *client = arg;
    struct control_socket *socket = client->socket;
    bool stays = true;
    (void)fd;
    if ((events & EV_READ) != 0 && client->phase == CLIENT_WAITS)
        client_ignore(client);
    else if ((events & EV_READ) != 0)
        stays = client_read(client);
    else if ((events & EV_WRITE) != 0)
        stays = client_write(client);
    if (stays && milliseconds() < deadline(client) && client_arm(client))
        return;
    client_end(client);
    accept_more(socket);
}

/* ---- Clients */

static void client_new(struct control_socket *socket, int fd)
{
    struct control_client *client = calloc(1, sizeof *client);
    size_t place = 0;
    if (client == NULL) {
        close(fd);
        return;
    }
    while (socket->clients[place] != NULL)
        place++;
    client->socket = socket;
    client->fd = fd;
    client->opened = client->moved = milliseconds();
    client->event = event_new(socket->base, fd, EV_READ, client_ready, client);
    socket->clients[place] = client;
    socket->count++;
    if (client->event == NULL || !client_arm(client))
        client_end(client);
}

static void on_client(evutil_socket_t fd, short events, void *arg)
{
    static const struct timeval retry = {.tv_usec = 500000};
    struct control_socket *socket = arg;
    (void)events;
    int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0)
        client_new(socket, client);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        event_add(socket->on_retry, &retry); /* else it would be asked again without end */
    accept_more(socket);
}

static void on_retry(evutil_socket_t fd, short events, void *arg)
{
    (void)fd, (void)events;
    accept_more(arg);
}

struct control_socket *control_socket_new(struct event_base *base, int fd, const struct control_times *times,
                                          control_command command, void *arg)
{
    struct control_socket *socket = calloc(1, sizeof *socket);
    if (socket == NULL)
        return NULL;
    socket->base = base;
    socket->times = times != NULL ? *times : control_times_default;
    socket->command = command;
    socket->arg = arg;
    socket->on_client = event_new(base, fd, EV_READ | EV_PERSIST, on_client, socket);
    socket->on_retry = event_new(base, -1, 0, on_retry, socket);
    if (socket->on_client == NULL || socket->on_retry == NULL || event_add(socket->on_client, NULL) != 0) {
        control_socket_free(socket);
        return NULL;
    }
    return socket;
}

void control_socket_free(struct control_socket *socket)
{
    if (socket == NULL)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (socket->clients[i] != NULL)
            client_end(socket->clients[i]);
    if (socket->on_client != NULL)
        event_free(socket->on_client);
    if (socket->on_retry != NULL)
        event_free(socket->on_retry);
    free(socket);
}

void control_client_who(const struct control_client *client, int64_t *uid, int64_t *pid)
{
    struct ucred who;
    socklen_t len = sizeof who;
    bool known = getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0;
    *uid = known ? (int64_t)who.uid : -1;
    *pid = known ? (int64_t)who.pid : -1;
}
