/* A client as no phone is, for the end-to-end tests: many at once, silent, slow, deaf, or talking nonsense.
 *
 * client [-n COUNT] [-w WHEN] [-a THEN] [-p MS] [-t TIMES] ADDRESS:PORT [FILE]
 *
 * Each of COUNT connections sends FILE TIMES times (0: for ever; -p: a byte each MS milliseconds), WHEN it is
 *   connected  without TLS
 *   hello      raw, once the server has answered the ClientHello
 *   shaken     raw, after the handshake
 *   open       inside TLS (the default)
 * and THEN
 *   stay       reads until the server closes (the default)
 *   hold       the same, but closes after its answer as soon as standard input says something
 *   deaf       reads nothing, not even while it sends
 *   close      says goodbye
 *   reset      resets the connection
 * Standard output tells how many have come how far: connected, shaken, sent, answered, closed. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COUNT_MAX 1000
#define FILE_MAX  (1 << 20)
#define LEAST     4096 /* the receive buffer of who is deaf */

enum when { CONNECTED, HELLO, SHAKEN, OPEN };
enum then { STAY, HOLD, DEAF, CLOSE, RESET };
static const char *const when_names[] = {"connected", "hello", "shaken", "open", NULL};
static const char *const then_names[] = {"stay", "hold", "deaf", "close", "reset", NULL};

static struct {
    int count, pace;
    long times;
    enum when when;
    enum then then;
    struct sockaddr_in address;
    uint8_t bytes[FILE_MAX];
    size_t len;
    bool released;
    SSL_CTX *tls;
} options = {.count = 1, .times = 1, .when = OPEN};

enum stage { CONNECTING, SHAKING, SENDING, SENT, GONE };

struct client {
    enum stage stage;
    int fd;
    SSL *ssl;
    bool greeted, answered, blocked;
    long times;
    size_t at;
    int64_t next; /* when the next byte is due */
};

static uint64_t bytes_sent, bytes_received;
static int gone;

static void die(const char *what)
{
    fprintf(stderr, "client: %s: %s\n", what, strerrordesc_np(errno));
    exit(2);
}

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say(const char *what, int *count)
{
    printf("%s %d\n", what, ++*count);
    fflush(stdout);
}

static void leave(struct client *client)
{
    const struct linger at_once = {.l_onoff = 1};
    if (options.then == RESET)
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    else if (client->ssl != NULL && options.when == OPEN)
        SSL_shutdown(client->ssl);
    ERR_clear_error();
    SSL_free(client->ssl);
    close(client->fd);
    client->ssl = NULL;
    client->fd = -1;
    client->stage = GONE;
    say("closed", &gone);
}

/* What OpenSSL or the system could not do now. true: later perhaps. */
static bool waits(struct client *client, int result)
{
    bool raw = client->ssl == NULL || options.when == HELLO;
    int why = raw ? SSL_ERROR_SYSCALL : SSL_get_error(client->ssl, result);
    ERR_clear_error();
    if (raw)
        return result < 0 && errno == EAGAIN;
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

/* The handshake goes no further than the ClientHello, however fast the server answers. */
static void never_hear(SSL *ssl)
{
    BIO *nothing = BIO_new(BIO_s_mem());
    if (nothing == NULL)
        die("BIO_new");
    BIO_set_mem_eof_return(nothing, -1);
    SSL_set0_rbio(ssl, nothing);
}

static void say_connected(struct client *client)
{
    static int connected;
    int why = 0;
    socklen_t len = sizeof why;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &why, &len);
    if (why != 0) {
        leave(client);
        return;
    }
    say("connected", &connected);
    client->stage = options.when == CONNECTED ? SENDING : SHAKING;
    if (options.when != CONNECTED) {
        client->ssl = SSL_new(options.tls);
        if (client->ssl == NULL || SSL_set_fd(client->ssl, client->fd) != 1)
            die("SSL_new");
        SSL_set_connect_state(client->ssl);
        if (options.when == HELLO)
            never_hear(client->ssl);
    }
}

static void shake(struct client *client)
{
    static int shaken;
    if (options.when == HELLO && client->greeted) {
        client->stage = SENDING;
        return;
    }
    errno = 0;
    int result = SSL_do_handshake(client->ssl);
    client->greeted = true;
    if (result == 1) {
        say("shaken", &shaken);
        client->stage = SENDING;
    } else {
        int why = SSL_get_error(client->ssl, result);
        ERR_clear_error();
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
            leave(client);
    }
}

/* false: not now, or never. */
static bool put(struct client *client)
{
    size_t len = options.pace > 0 ? 1 : options.len - client->at;
    int result = options.when == OPEN ? SSL_write(client->ssl, options.bytes + client->at, (int)len)
                                      : (int)send(client->fd, options.bytes + client->at, len, MSG_NOSIGNAL);
    client->blocked = result <= 0;
    if (result <= 0) {
        bool later = options.when == OPEN ? waits(client, result) : errno == EAGAIN;
        if (!later)
            leave(client);
        return false;
    }
    bytes_sent += (uint64_t)result;
    client->at += (size_t)result;
    if (client->at == options.len) {
        client->at = 0;
        client->times++;
    }
    return true;
}

static void send_on(struct client *client, int64_t now)
{
    static int sent;
    while (options.len > 0 && (options.times == 0 || client->times < options.times)) {
        if (options.pace > 0 && now < client->next)
            return;
        client->next = now + options.pace;
        if (!put(client))
            return;
    }
    say("sent", &sent);
    client->stage = SENT;
    if (options.then == CLOSE || options.then == RESET)
        leave(client);
}

static void receive(struct client *client)
{
    static int answered;
    uint8_t bytes[16384];
    for (;;) {
        bool raw = client->ssl == NULL || options.when == HELLO;
        errno = 0;
        int got =
            raw ? (int)recv(client->fd, bytes, sizeof bytes, 0) : SSL_read(client->ssl, bytes, sizeof bytes);
        if (got <= 0) {
            if (!waits(client, got))
                leave(client);
            return;
        }
        bytes_received += (uint64_t)got;
        if (!client->answered && !raw)
            say("answered", &answered);
        client->answered = true;
    }
}

static void step(struct client *client, short events)
{
    if (client->stage == CONNECTING && events != 0)
        say_connected(client);
    if (client->stage == SHAKING && (events != 0 || !client->greeted))
        shake(client);
    if ((client->stage == SENDING || client->stage == SENT) && options.then != DEAF &&
        (events & ~POLLOUT) != 0)
        receive(client);
    if (client->stage == SENDING)
        send_on(client, milliseconds());
    if (client->stage == SENT && options.then == DEAF && (events & (POLLERR | POLLHUP)) != 0)
        leave(client);
    if (client->stage == SENT && client->answered && options.released)
        leave(client);
}

static struct pollfd wish(const struct client *client)
{
    struct pollfd wish = {.fd = client->fd, .events = POLLIN};
    if (client->stage > SHAKING && options.then == DEAF)
        wish.events = 0;
    if (client->stage == CONNECTING || (client->stage == SENDING && client->blocked))
        wish.events |= POLLOUT;
    return wish;
}

static void serve(struct client *clients)
{
    static struct pollfd wishes[COUNT_MAX + 1];
    while (gone < options.count) {
        int64_t wait = -1, now = milliseconds();
        for (int i = 0; i < options.count; i++) {
            wishes[i] = wish(&clients[i]);
            if (clients[i].stage == SENDING && options.pace > 0) {
                int64_t due = clients[i].next > now ? clients[i].next - now : 0;
                wait = wait < 0 || due < wait ? due : wait;
            }
        }
        bool listens = options.then == HOLD && !options.released;
        wishes[options.count] = (struct pollfd){.fd = listens ? STDIN_FILENO : -1, .events = POLLIN};
        if (poll(wishes, (nfds_t)options.count + 1, (int)wait) < 0)
            die("poll");
        options.released |= wishes[options.count].revents != 0;
        for (int i = 0; i < options.count; i++)
            if (clients[i].stage != GONE)
                step(&clients[i], wishes[i].revents);
    }
}

static void dial(struct client *client)
{
    const int least = LEAST;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        die("socket");
    if (options.then == DEAF)
        setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    if (connect(client->fd, (const struct sockaddr *)&options.address, sizeof options.address) != 0 &&
        errno != EINPROGRESS)
        die("connect");
}

static _Noreturn void usage(void)
{
    fputs("client [-n COUNT] [-w WHEN] [-a THEN] [-p MS] [-t TIMES] ADDRESS:PORT [FILE]\n", stderr);
    exit(2);
}

static int index_of(const char *const *names, const char *name)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    usage();
}

static void read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        die(path);
    options.len = fread(options.bytes, 1, sizeof options.bytes, file);
    fclose(file);
}

static void read_options(int argc, char **argv)
{
    for (int c; (c = getopt(argc, argv, "n:w:a:p:t:")) != -1;) {
        if (c == 'n')
            options.count = atoi(optarg);
        else if (c == 'w')
            options.when = (enum when)index_of(when_names, optarg);
        else if (c == 'a')
            options.then = (enum then)index_of(then_names, optarg);
        else if (c == 'p')
            options.pace = atoi(optarg);
        else if (c == 't')
            options.times = atol(optarg);
        else
            usage();
    }
    if (optind >= argc || options.count < 1 || options.count > COUNT_MAX)
        usage();
    char *colon = strrchr(argv[optind], ':');
    if (colon == NULL)
        usage();
    *colon = '\0';
    options.address.sin_family = AF_INET;
    options.address.sin_port = htons((uint16_t)atoi(colon + 1));
    if (inet_pton(AF_INET, argv[optind], &options.address.sin_addr) != 1)
        usage();
    if (argc > optind + 1)
        read_file(argv[optind + 1]);
}

int main(int argc, char **argv)
{
    static struct client clients[COUNT_MAX];
    signal(SIGPIPE, SIG_IGN);
    read_options(argc, argv);
    options.tls = SSL_CTX_new(TLS_client_method());
    if (options.tls == NULL)
        die("SSL_CTX_new");
    SSL_CTX_set_mode(options.tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    for (int i = 0; i < options.count; i++)
        dial(&clients[i]);
    serve(clients);
    printf("total sent=%llu received=%llu\n", (unsigned long long)bytes_sent,
           (unsigned long long)bytes_received);
    SSL_CTX_free(options.tls);
    return 0;
}
