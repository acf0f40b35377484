/* The control socket: its lines as they are written and read, the file of phones, and its clients. */
#include "fuzz.h"

#include "config/line.h"
#include "config/phone.h"
#include "tvsd/control_socket.h"
#include "tvsd/line_writer.h"
#include "tvsd/phone_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIELDS_MAX 32

/* ---- Lines */

static bool is_key(const char *key)
{
    return *key != '\0' && key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.-")] == '\0';
}

/* What was read is written so that it reads the same. */
static void write_again(const struct line_field *fields, size_t count)
{
    static char out[65536];
    struct line_field again[FIELDS_MAX];
    struct line_writer line;
    size_t expected = 0, found;
    line_begin(&line, out, sizeof out);
    for (size_t i = 0; i < count; i++) {
        if (!is_key(fields[i].key))
            return;
        line_bytes(&line, fields[i].key, fields[i].value, fields[i].len);
        expected += fields[i].len > 0;
    }
    const size_t len = line_end(&line);
    ck_assert(len > 0 && len < sizeof out && out[len - 1] == '\n');
    ck_assert_ptr_null(memchr(out, '\n', len - 1));
    out[len - 1] = '\0';
    ck_assert(line_split(out, again, FIELDS_MAX, &found));
    ck_assert_uint_eq(found, expected);
    for (size_t i = 0, k = 0; i < count; i++) {
        if (fields[i].len == 0)
            continue;
        ck_assert_str_eq(again[k].key, fields[i].key);
        ck_assert_uint_eq(again[k].len, fields[i].len);
        ck_assert_mem_eq(again[k].value, fields[i].value, fields[i].len);
        k++;
    }
}

static void check_line(struct trust_bytes input)
{
    struct line_field fields[FIELDS_MAX];
    size_t count;
    int64_t number;
    char *line = fuzz_text(input);
    const size_t len = strlen(line);
    if (line_split(line, fields, FIELDS_MAX, &count)) {
        ck_assert_uint_le(count, FIELDS_MAX);
        for (size_t i = 0; i < count; i++) {
            ck_assert(fields[i].key >= line && fields[i].key <= line + len);
            ck_assert(fields[i].value >= line && fields[i].len <= len &&
                      fields[i].value + fields[i].len <= line + len);
            ck_assert_int_eq(fields[i].value[fields[i].len], '\0');
        }
        ck_assert(!line_number(fields, count, "count", -7, 1000, 3, &number) ||
                  (number >= -7 && number <= 1000));
        write_again(fields, count);
    }
    free(line);
}

/* ---- Phones */

static void check_phone(struct trust_bytes input)
{
    struct phone phone, again;
    char first[PHONE_LINE_MAX], second[PHONE_LINE_MAX];
    char *line = fuzz_text(input);
    if (phone_parse(line, &phone)) {
        size_t len = phone_line(&phone, first);
        ck_assert(len > 0 && len < sizeof first && first[len - 1] == '\n');
        first[len - 1] = '\0';
        char *copy = strdup(first);
        ck_assert_msg(phone_parse(copy, &again), "what was written is not read: %s", first);
        len = phone_line(&again, second);
        second[len - 1] = '\0';
        ck_assert_str_eq(first, second);
        free(copy);
    }
    free(line);
}

/* ---- Clients: a script of what they say, and when */

#define CLIENTS 4

static int listener;
static struct sockaddr_un address; /* in the abstract name space: no file is left behind */
static socklen_t address_len;
static struct event_base *base;

static void listen_once(void)
{
    if (base != NULL)
        return;
    base = event_base_new();
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address.sun_family = AF_UNIX;
    address_len = sizeof address.sun_family; /* the kernel finds a name */
    ck_assert(base != NULL && listener >= 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, address_len), 0);
    address_len = sizeof address;
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &address_len), 0);
    ck_assert_int_eq(listen(listener, CLIENTS), 0);
}

static size_t make_some(void *arg, size_t *at, char out[static CONTROL_CHUNK])
{
    struct line_writer line;
    (void)arg;
    if (*at >= 40)
        return 0;
    line_begin(&line, out, CONTROL_CHUNK);
    line_integer(&line, "n", (int64_t)(*at)++);
    return line_end(&line);
}

static void on_command(void *arg, struct control_client *client, char *command)
{
    int64_t uid, pid;
    (void)arg;
    control_client_who(client, &uid, &pid);
    ck_assert_int_eq(pid, getpid());
    ck_assert_uint_lt(strlen(command), CONTROL_COMMAND_MAX);
    ck_assert_ptr_null(strchr(command, '\n'));
    switch (command[0]) {
    case 's':
        control_answer(client, make_some, NULL);
        break;
    case 'w':
        control_wait(client);
        break;
    case 'd':
        control_answer(client, NULL, NULL);
        break;
    default:
        control_refuse(client, command, "say something else");
    }
}

static void turn(void)
{
    ck_assert_int_ge(event_base_loop(base, EVLOOP_NONBLOCK), 0);
}

/* An answer is whole lines of which the last, if it came, is "done" or "refused". */
static void check_answer(const char *answer, size_t len)
{
    const char *end;
    bool is_last = false;
    for (; len > 0 && (end = memchr(answer, '\n', len)) != NULL;
         len -= (size_t)(end + 1 - answer), answer = end + 1) {
        ck_assert_msg(!is_last, "something follows the last line of an answer");
        is_last = strncmp(answer, "done\n", 5) == 0 || strncmp(answer, "refused", 7) == 0;
        ck_assert(is_last || strncmp(answer, "n=", 2) == 0);
    }
    ck_assert_uint_eq(len, 0);
}

static void hang_up(int *fd)
{
    static char answer[65536];
    ssize_t len = recv(*fd, answer, sizeof answer, MSG_DONTWAIT);
    if (len > 0)
        check_answer(answer, (size_t)len);
    close(*fd);
    *fd = -1;
}

static void play(struct control_socket *control, int clients[CLIENTS], struct trust_bytes *script)
{
    const uint8_t op = fuzz_take_byte(script);
    int *fd = &clients[op >> 3 & 3];
    if (*fd < 0) {
        *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(*fd, 0);
        (void)!connect(*fd, (const struct sockaddr *)&address, address_len);
    }
    switch (op & 7) {
    case 0:
    case 1:
    case 2: {
        struct trust_bytes said = fuzz_take(script, fuzz_take_byte(script));
        if (said.len > 0)
            (void)!send(*fd, said.data, said.len, MSG_NOSIGNAL);
        break;
    }
    case 3:
        hang_up(fd);
        break;
    case 4:
        control_answer_waiting(control, make_some, NULL);
        break;
    case 5:
        control_refuse_waiting(control, "it ends", "");
        break;
    case 6:
        shutdown(*fd, SHUT_WR);
        break;
    default:
        turn();
    }
    turn();
}

static void check_clients(struct trust_bytes script)
{
    int clients[CLIENTS] = {-1, -1, -1, -1};
    listen_once();
    struct control_socket *control = control_socket_new(base, listener, NULL, on_command, NULL);
    ck_assert_ptr_nonnull(control);
    while (script.len > 0)
        play(control, clients, &script);
    for (int i = 0; i < 60; i++)
        turn();
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i] >= 0)
            hang_up(&clients[i]);
    control_socket_free(control);
    for (int left; (left = accept(listener, NULL, NULL)) >= 0;)
        close(left);
}

void fuzz_one(struct trust_bytes input)
{
    if (input.len > 0 && input.data[0] >= 0x80) {
        (void)fuzz_take_byte(&input);
        check_clients(input);
    } else {
        check_line(input);
        check_phone(input);
    }
}
