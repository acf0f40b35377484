/* A phone beside hostile clients, for the end-to-end tests: how late do its answers come?
 *
 * hostile KIND ADDRESS:PORT REQUEST [ROUNDS [SAMPLES]]
 *
 * In each round a phone asks REQUEST (a file) SAMPLES times, each time on a new connection with a full
 * handshake, first alone, then while clients of that KIND do their worst. Both run in turn, since a machine
 * is not equally fast all the time, and what a round leaves the server to do is waited for. The medians over
 * the rounds are compared: the 99th percentile beside hostile clients must be at most twice the quiet one and
 * 5 ms more. The phone's address is 127.0.0.2; that of the hostile clients 127.0.0.3 or, where they come from
 * everywhere, 127.1.0.0/16.
 *
 * What is measured is what the server does, not who has the processor: the server is to be on the first one,
 * the phone is there, too, with a priority above it if that is granted, and hostile clients have the others.
 * Beside them a phone would wait for the kernel to carry their packets before its own, which at a site is
 * other machines' work.
 *
 * Exit status: 0 if that holds, each answer was the same as the first, and the hostile clients were treated
 * as they should be; 3 if answers came too late and nothing else was wrong; 1 otherwise; 2 usage. `hostile
 * kinds` lists them, `hostile head` is the head of a table of what it prints. */
#include "hostile.h"
#include "tests/tvsd/helper_seal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX  51
#define SAMPLES_MAX 10000
#define PATIENCE    20 /* seconds */
#define ALLOWED_US  5000
#define PRIORITY    (-10) /* a nice value */

#define SETTLE_QUICK 5
#define SETTLE_MOST  100

struct hostile_plan plan = {.rounds = 5, .samples = 100};

void hostile_die(const char *what)
{
    fprintf(stderr, "hostile: %s: %s\n", what, strerrordesc_np(errno));
    exit(2);
}

void hostile_complain(const char *what)
{
    if (atomic_fetch_add(&plan.shared->wrong, 1) < 5)
        fprintf(stderr, "hostile: %s: %s\n", plan.kind->name, what);
}

int hostile_dial(const char *from, uint32_t host, bool wait)
{
    struct sockaddr_in source = {.sin_family = AF_INET};
    const int on = 1;
    inet_pton(AF_INET, from, &source.sin_addr);
    source.sin_addr.s_addr = htonl(ntohl(source.sin_addr.s_addr) + host);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0);
    if (fd < 0)
        return -1;
    /* The kernel chooses the port when it knows both ends. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const struct timeval patience = {.tv_sec = PATIENCE};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (bind(fd, (const struct sockaddr *)&source, sizeof source) == 0 &&
        (connect(fd, (const struct sockaddr *)&plan.address, sizeof plan.address) == 0 ||
         errno == EINPROGRESS))
        return fd;
    close(fd);
    return -1;
}

static SSL *shake(SSL *ssl, int fd, int version)
{
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        hostile_die("SSL_new");
    SSL_set_min_proto_version(ssl, version);
    SSL_set_max_proto_version(ssl, version);
    if (SSL_connect(ssl) == 1)
        return ssl;
    ERR_clear_error();
    SSL_free(ssl);
    return NULL;
}

SSL *hostile_shake(int fd, int version, SSL_SESSION *session)
{
    SSL *ssl = SSL_new(plan.tls);
    if (ssl != NULL && session != NULL)
        SSL_set_session(ssl, session);
    return shake(ssl, fd, version);
}

SSL *hostile_shake_with(int fd, const char *suite)
{
    SSL *ssl = SSL_new(plan.tls);
    const bool is_12 = ssl != NULL && SSL_set_cipher_list(ssl, suite) == 1;
    if (ssl != NULL && !is_12)
        SSL_set_ciphersuites(ssl, suite);
    ERR_clear_error();
    return shake(ssl, fd, is_12 ? TLS1_2_VERSION : TLS1_3_VERSION);
}

size_t hostile_answer(SSL *ssl, uint8_t *answer, size_t size)
{
    size_t len = 0, whole = FRAME_HEADER;
    while (len < whole) {
        int got = whole > size ? -1 : SSL_read(ssl, answer + len, (int)(whole - len));
        if (got <= 0) {
            ERR_clear_error();
            return 0;
        }
        len += (size_t)got;
        if (len == FRAME_HEADER)
            whole += (size_t)answer[FRAME_HEADER - 2] << 8 | answer[FRAME_HEADER - 1];
    }
    return len;
}

/* ---- The phone ---- */

static int64_t microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* How long one answer took; -1: there was none, or another than before. */
static int64_t phone_asks(void)
{
    static uint8_t first[ANSWER_MAX];
    static size_t first_len;
    uint8_t answer[ANSWER_MAX];
    int64_t start = microseconds();
    int fd = hostile_dial("127.0.0.2", 0, true);
    SSL *ssl = fd >= 0 ? hostile_shake(fd, TLS1_2_VERSION, NULL) : NULL;
    size_t len = 0;
    if (ssl != NULL && SSL_write(ssl, plan.request, (int)plan.request_len) == (int)plan.request_len)
        len = hostile_answer(ssl, answer, sizeof answer);
    int64_t took = microseconds() - start;
    if (ssl != NULL)
        SSL_shutdown(ssl);
    ERR_clear_error();
    SSL_free(ssl);
    if (fd >= 0)
        close(fd);
    if (first_len == 0 && len > 0)
        memcpy(first, answer, first_len = len);
    if (len == 0 || len != first_len || memcmp(first, answer, len) != 0) {
        fprintf(stderr, "hostile: %s: the phone had %s\n", plan.kind->name,
                len == 0 ? "no answer" : "another answer than before");
        return -1;
    }
    return took;
}

static int by_size(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

struct measure {
    int64_t p50[ROUNDS_MAX], p99[ROUNDS_MAX];
    int64_t took; /* all rounds together */
    int lost;
};

/* Until what went before is over: several answers in a row that are as quick as any. */
static void settle(void)
{
    int64_t quickest = INT64_MAX;
    for (int asked = 0, quick = 0; asked < SETTLE_MOST && quick < SETTLE_QUICK; asked++) {
        int64_t one = phone_asks();
        if (one > 0 && one < quickest)
            quickest = one;
        quick = one > 0 && one <= 3 * quickest ? quick + 1 : 0;
    }
}

static void measure_round(struct measure *measure, int round)
{
    static int64_t took[SAMPLES_MAX];
    int count = 0;
    for (int i = 0; i < plan.samples; i++) {
        int64_t one = phone_asks();
        measure->lost += one < 0;
        if (one >= 0)
            took[count++] = one;
    }
    if (count == 0)
        took[count++] = PATIENCE * 1000000;
    qsort(took, (size_t)count, sizeof took[0], by_size);
    measure->p50[round] = took[count / 2];
    measure->p99[round] = took[(count * 99 + 99) / 100 - 1];
}

/* Over the rounds. least, most: may be NULL. */
static int64_t median(const int64_t *values, int64_t *least, int64_t *most)
{
    int64_t sorted[ROUNDS_MAX];
    memcpy(sorted, values, sizeof *values * (size_t)plan.rounds);
    qsort(sorted, (size_t)plan.rounds, sizeof sorted[0], by_size);
    if (least != NULL)
        *least = sorted[0];
    if (most != NULL)
        *most = sorted[plan.rounds - 1];
    return sorted[plan.rounds / 2];
}

/* ---- Who is hostile ---- */

static void *attack(void *arg)
{
    struct attacker *attacker = arg;
    for (;;) {
        plan.kind->turn(attacker);
        atomic_fetch_add(&plan.shared->turns, 1);
    }
    return NULL;
}

/* To the processor that is the server's, or to all others, if there are any. Threads inherit it. */
static void take_processors(const cpu_set_t *all, bool is_phone)
{
    cpu_set_t mine = *all;
    int first = 0;
    if (CPU_COUNT(all) < 2)
        return;
    while (!CPU_ISSET(first, all))
        first++;
    CPU_CLR(first, &mine);
    if (is_phone) {
        CPU_ZERO(&mine);
        CPU_SET(first, &mine);
    }
    sched_setaffinity(0, sizeof mine, &mine);
}

static _Noreturn void attack_all(void)
{
    if (plan.rounds > 1) {
        setpriority(PRIO_PROCESS, 0, 0);
        take_processors(&plan.processors, false);
    }
    for (int i = 0; i < plan.kind->threads; i++) {
        struct attacker *attacker = calloc(1, sizeof *attacker);
        pthread_t thread;
        if (attacker == NULL)
            hostile_die("calloc");
        attacker->number = i;
        attacker->random = (uint64_t)i * 0x9e3779b97f4a7c15u + 1;
        if (pthread_create(&thread, NULL, attack, attacker) != 0)
            hostile_die("pthread_create");
    }
    for (;;)
        pause();
}

/* Until the hostile clients have done something, or are dead. */
static void wait_for_attack(void)
{
    for (int i = 0; i < PATIENCE * 1000 && atomic_load(&plan.shared->turns) == 0; i++)
        poll(NULL, 0, 1);
}

static void run_rounds(struct measure *quiet, struct measure *beside)
{
    for (int round = 0; round < plan.rounds; round++) {
        settle();
        measure_round(quiet, round);
        uint64_t before = atomic_exchange(&plan.shared->turns, 0);
        atomic_fetch_add(&plan.shared->all_turns, before);
        pid_t child = fork();
        if (child < 0)
            hostile_die("fork");
        if (child == 0)
            attack_all();
        wait_for_attack();
        int64_t start = microseconds();
        measure_round(beside, round);
        beside->took += microseconds() - start;
        if (waitpid(child, NULL, WNOHANG) != 0)
            hostile_complain("the hostile clients have ended");
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    atomic_fetch_add(&plan.shared->all_turns, atomic_load(&plan.shared->turns));
}

static void print_head(void)
{
    printf("%-18s %8s %8s %8s %8s %8s %15s %8s %5s %9s %6s\n", "milliseconds", "quiet50", "quiet99",
           "beside50", "beside99", "at most", "beside99 from-to", "answers", "lost", "turns/s", "wrong");
}

static int report(const struct measure *quiet, const struct measure *beside)
{
    int64_t least, most, q99 = median(quiet->p99, NULL, NULL), b99 = median(beside->p99, &least, &most);
    const int64_t bound = 2 * q99 + ALLOWED_US;
    uint64_t turns = atomic_load(&plan.shared->all_turns), wrong = atomic_load(&plan.shared->wrong);
    int lost = quiet->lost + beside->lost;
    printf("%-18s %8.1f %8.1f %8.1f %8.1f %8.1f %8.1f-%-7.1f %8d %5d %9.0f %6llu%s\n", plan.kind->name,
           (double)median(quiet->p50, NULL, NULL) / 1000, (double)q99 / 1000,
           (double)median(beside->p50, NULL, NULL) / 1000, (double)b99 / 1000, (double)bound / 1000,
           (double)least / 1000, (double)most / 1000, 2 * plan.rounds * plan.samples, lost,
           (double)turns * 1e6 / (double)(beside->took + 1), (unsigned long long)wrong,
           b99 > bound ? "  too late" : "");
    if (lost > 0 || wrong > 0 || turns == 0)
        return 1;
    return b99 <= bound ? 0 : 3;
}

/* ---- The command line ---- */

static _Noreturn void usage(void)
{
    fputs("hostile KIND ADDRESS:PORT REQUEST [ROUNDS [SAMPLES]] | kinds | head\n", stderr);
    exit(2);
}

static void read_arguments(int argc, char **argv)
{
    char *colon = argc > 3 ? strrchr(argv[2], ':') : NULL;
    if (colon == NULL)
        usage();
    plan.kind = hostile_kind(argv[1]);
    *colon = '\0';
    plan.address.sin_family = AF_INET;
    plan.address.sin_port = htons((uint16_t)atoi(colon + 1));
    if (plan.kind == NULL || inet_pton(AF_INET, argv[2], &plan.address.sin_addr) != 1)
        usage();
    FILE *file = fopen(argv[3], "rb");
    if (file == NULL)
        hostile_die(argv[3]);
    plan.request_len = fread(plan.request, 1, sizeof plan.request, file);
    fclose(file);
    if (argc > 4)
        plan.rounds = atoi(argv[4]);
    if (argc > 5)
        plan.samples = atoi(argv[5]);
    if (plan.rounds < 1 || plan.rounds > ROUNDS_MAX || plan.samples < 1 || plan.samples > SAMPLES_MAX)
        usage();
}

int main(int argc, char **argv)
{
    static struct measure quiet, beside;
    struct rlimit files;
    if (argc == 2 && strcmp(argv[1], "kinds") == 0) {
        hostile_list();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "head") == 0) {
        print_head();
        return 0;
    }
    read_arguments(argc, argv);
    /* In one round nothing is measured. */
    if (plan.rounds > 1 && sched_getaffinity(0, sizeof plan.processors, &plan.processors) == 0) {
        take_processors(&plan.processors, true);
        setpriority(PRIO_PROCESS, 0, PRIORITY);
    }
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    plan.tls = SSL_CTX_new(TLS_client_method());
    plan.shared = mmap(NULL, sizeof *plan.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (plan.tls == NULL || plan.shared == MAP_FAILED)
        hostile_die("memory");
    SSL_CTX_set_options(plan.tls, SSL_OP_IGNORE_UNEXPECTED_EOF);
    seal_listen(plan.tls);
    run_rounds(&quiet, &beside);
    return report(&quiet, &beside);
}
