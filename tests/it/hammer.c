/* Many questions a second, each answer judged, for the end-to-end tests.
 *
 * hammer ADDRESS:PORT SECONDS RATE TTL[|TTL…] FILE=ANSWER[|ANSWER…]…
 *
 * Asks for the certificates (PEM) in turn, by the certificate and by its names, RATE times a second; for the
 * signers of trust lists (.tlv) by the names of the header. An
 * ANSWER is "no" or the roles, "0+4"; any other answer, and any other TTL, is wrong. Each answer and TTL that
 * is named must come at least once, else what was meant to change did not. Eight threads have a connection
 * each that lives as long as the program, and ask every twentieth question on a new one: half of them by
 * TLS 1.2, and a quarter resume their sessions. A question without a good answer within 20 seconds is lost.
 *
 * With SECONDS "-" it follows standard input, and ends with it. Words are parted by tabs:
 *   expect FILE=ANSWER…  from now on these are the questions and answers; the answers in the order in which
 * they may come: on one connection none comes after a later one. Before that, every question of before is
 * asked once more in each way if it was not yet. Says "expected". settle               wait until each
 * lasting connection has brought the last of the answers to every question; from now on only these are right.
 * Says "settled". A wait of more than 20 seconds says what for instead.
 *
 * SIGTERM ends it before its time.
 *
 * Exit status: 0 if no answer is wrong, lost or missing, 1 otherwise, 2 usage. */
#include "judge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ROUND    21 /* questions */
#define NEW      2  /* of them on a new connection, and so that both kinds are asked there */
#define TTLS_MAX 4
#define SAID_MAX 10 /* complaints of one thread */
#define SECOND   1000000000LL

/* Constant once the threads run, but for the end. */
static struct {
    struct sockaddr_in address;
    int64_t start, interval; /* nanoseconds; the interval of one thread's questions */
    _Atomic int64_t end;
    uint32_t ttls[TTLS_MAX];
    size_t ttl_count;
    SSL_CTX *tls[2]; /* of the even threads and of the odd ones */
} plan;

/* What a thread counts; summed at the end. */
struct tally {
    uint64_t asked, answered, wrong, lost, connections, resumed, other_server;
    uint64_t ttls_seen[TTLS_MAX];
    int64_t slowest; /* nanoseconds from the question to its answer, connecting included */
    int64_t latest;  /* how late a question was asked */
};

struct connection {
    int fd;
    SSL *ssl; /* NULL: not connected */
};

struct asker {
    int number;
    pthread_t thread;
    struct tally tally;
    struct connection lasting;
    SSL_SESSION *session; /* of the last new connection */
    uint8_t server[TRUST_SHA256_SIZE];
    int said;
    uint8_t frame[TRUST_FRAME_MAX];
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

static void complain(struct asker *asker, const char *who, const char *what)
{
    if (asker->said++ < SAID_MAX)
        fprintf(stderr, "hammer: %.3f s: thread %d: %s: %s\n", (double)(now_ns() - plan.start) / SECOND,
                asker->number, who, what);
}

static const char *tls_problem(void)
{
    int saved = errno;
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    return reason != NULL ? reason : saved != 0 ? strerrordesc_np(saved) : "the server closed";
}

/* ---- Connections ---- */

/* Another certificate than the last one: the server's was changed, and that is in force. */
static void note_server(struct asker *asker, SSL *ssl)
{
    uint8_t digest[TRUST_SHA256_SIZE];
    unsigned len = 0;
    X509 *peer = SSL_get1_peer_certificate(ssl);
    if (peer != NULL && X509_digest(peer, EVP_sha256(), digest, &len) == 1 && len == sizeof digest &&
        memcmp(digest, asker->server, sizeof digest) != 0) {
        asker->tally.other_server += asker->tally.connections > 1;
        memcpy(asker->server, digest, sizeof digest);
    }
    X509_free(peer);
}

static void disconnect(struct connection *connection)
{
    if (connection->ssl == NULL)
        return;
    SSL_shutdown(connection->ssl);
    SSL_free(connection->ssl);
    close(connection->fd);
    ERR_clear_error();
    connection->ssl = NULL;
}

static bool connect_to_server(struct asker *asker, struct connection *connection, SSL_SESSION *session)
{
    const struct timeval patience = {.tv_sec = JUDGE_PATIENCE};
    const int on = 1;
    ERR_clear_error();
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connection->ssl = SSL_new(plan.tls[asker->number % 2]);
    if (connection->fd < 0 || connection->ssl == NULL) {
        fprintf(stderr, "hammer: no socket: %s\n", tls_problem());
        exit(EXIT_FAILURE);
    }
    setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(connection->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (session != NULL)
        SSL_set_session(connection->ssl, session);
    errno = 0;
    if (connect(connection->fd, (const struct sockaddr *)&plan.address, sizeof plan.address) != 0 ||
        SSL_set_fd(connection->ssl, connection->fd) != 1 || SSL_connect(connection->ssl) != 1) {
        complain(asker, "connecting", tls_problem());
        disconnect(connection);
        return false;
    }
    asker->tally.connections++;
    asker->tally.resumed += SSL_session_reused(connection->ssl) == 1;
    note_server(asker, connection->ssl);
    return true;
}

/* ---- Questions and answers ---- */

/* One whole message; 0: the server closed, or what it sent is none. */
static size_t receive(SSL *ssl, uint8_t *frame)
{
    size_t have = 0, want = 0, got;
    while (want == 0 || have < want) {
        if (SSL_read_ex(ssl, frame + have, (want == 0 ? TRUST_FRAME_HEADER : want) - have, &got) != 1)
            return 0;
        have += got;
        if (trust_frame_peek((struct trust_bytes){frame, have}, &want, NULL) != 0)
            return 0;
    }
    return have;
}

static bool exchange(struct asker *asker, SSL *ssl, const struct trust_request *request,
                     struct trust_response *out)
{
    uint8_t *message;
    size_t len;
    if (trust_request_encode(request, &message, &len, NULL) != 0)
        return false;
    ERR_clear_error();
    errno = 0;
    size_t put;
    bool done = SSL_write_ex(ssl, message, len, &put) == 1 && (len = receive(ssl, asker->frame)) > 0 &&
                trust_response_decode((struct trust_bytes){asker->frame, len}, out, NULL) == 0;
    free(message);
    return done;
}

static size_t ttl_index(uint32_t ttl)
{
    size_t i = 0;
    while (i < plan.ttl_count && plan.ttls[i] != ttl)
        i++;
    return i;
}

/* An answer is right by what held when the question was asked, or by what holds now. */
static bool judge(struct asker *asker, struct judge_round *round, size_t number,
                  const struct trust_request *request, const struct trust_response *response, bool is_new)
{
    struct judge_subject *subject = &round->table.subjects[number];
    struct judge_round *present = judge_round_now();
    if (response->session != request->session ||
        (response->has_ttl && ttl_index(response->ttl) == plan.ttl_count))
        return false;
    int answer = judge_response(subject, request, response);
    if (answer >= 0 && !is_new && !judge_goes_on(round, asker->number, number, answer))
        return false;
    if (answer < 0 && present != round) {
        subject = judge_table_find(&present->table, subject->path);
        answer = subject != NULL ? judge_response(subject, request, response) : -1;
    }
    if (answer < 0)
        return false;
    judge_count(subject, request, answer);
    if (response->has_ttl)
        asker->tally.ttls_seen[ttl_index(response->ttl)]++;
    return true;
}

static void say_wrong(struct asker *asker, const struct judge_subject *subject,
                      const struct trust_request *request, const struct trust_response *response)
{
    char text[256];
    int len = snprintf(text, sizeof text, "%s: status %d, TTL %lu, session %lx (asked %lx), roles",
                       request->type == TRUST_MSG_VERIFY_REQ ? "verify" : "query", response->status,
                       (unsigned long)response->ttl, (unsigned long)response->session,
                       (unsigned long)request->session);
    for (size_t i = 0; response->has_roles && i < response->roles.count && len < (int)sizeof text - 8; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, " %d", response->roles.code[i]);
    complain(asker, subject->path, text);
}

static struct trust_request make_request(struct asker *asker, struct judge_round *round, uint64_t question,
                                         size_t *number)
{
    /* Threads begin at different certificates; each is asked for both ways. */
    *number = (size_t)((question / 2 + (uint64_t)asker->number) % round->table.subject_count);
    struct trust_request request = judge_request(&round->table.subjects[*number], question);
    request.session = (uint32_t)(asker->number << 24) + (uint32_t)question;
    request.device = (struct trust_bytes){(const uint8_t *)"SEP00000000000A", 15};
    return request;
}

static void ask(struct asker *asker, uint64_t question)
{
    struct tally *tally = &asker->tally;
    struct connection once = {0};
    struct trust_response response;
    size_t number;
    bool is_new = question % ROUND >= ROUND - NEW, resumes = asker->number % 4 < 2;
    struct connection *connection = is_new ? &once : &asker->lasting;
    struct judge_round *round = judge_round_now();
    const struct trust_request request = make_request(asker, round, question, &number);
    const struct judge_subject *subject = &round->table.subjects[number];
    int64_t asked = now_ns();
    tally->asked++;
    if (connection->ssl == NULL && !connect_to_server(asker, connection, is_new ? asker->session : NULL)) {
        tally->lost++;
        return;
    }
    if (!exchange(asker, connection->ssl, &request, &response)) {
        tally->lost++;
        complain(asker, subject->path, tls_problem());
        disconnect(connection);
        return;
    }
    int64_t took = now_ns() - asked;
    if (took > tally->slowest)
        tally->slowest = took;
    tally->answered++;
    if (!judge(asker, round, number, &request, &response, is_new)) {
        tally->wrong++;
        say_wrong(asker, subject, &request, &response);
    }
    if (is_new && resumes) {
        SSL_SESSION_free(asker->session);
        asker->session = SSL_get1_session(once.ssl);
    }
    disconnect(&once);
}

static void *asker_main(void *arg)
{
    struct asker *asker = arg;
    int64_t due = plan.start + plan.interval * asker->number / JUDGE_THREADS;
    for (uint64_t question = 0; due < atomic_load(&plan.end) && now_ns() < atomic_load(&plan.end);
         question++, due += plan.interval) {
        const struct timespec at = {.tv_sec = due / SECOND, .tv_nsec = due % SECOND};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
            ;
        int64_t late = now_ns() - due;
        if (late > asker->tally.latest)
            asker->tally.latest = late;
        ask(asker, question);
    }
    disconnect(&asker->lasting);
    SSL_SESSION_free(asker->session);
    return NULL;
}

/* ---- The end ---- */

static void add_up(struct tally *sum, const struct tally *one)
{
    sum->asked += one->asked;
    sum->answered += one->answered;
    sum->wrong += one->wrong;
    sum->lost += one->lost;
    sum->connections += one->connections;
    sum->resumed += one->resumed;
    sum->other_server += one->other_server;
    for (size_t i = 0; i < TTLS_MAX; i++)
        sum->ttls_seen[i] += one->ttls_seen[i];
    if (one->slowest > sum->slowest)
        sum->slowest = one->slowest;
    if (one->latest > sum->latest)
        sum->latest = one->latest;
}

/* How often each answer of the round came; returns how many never did. */
static uint64_t report_answers(struct judge_table *table)
{
    uint64_t missing = 0;
    for (size_t i = 0; i < table->subject_count; i++)
        for (size_t k = 0; k < table->subjects[i].answer_count; k++) {
            const struct judge_subject *subject = &table->subjects[i];
            const char *name = strrchr(subject->path, '/');
            printf("%s=%s %lu times\n", name != NULL ? name + 1 : subject->path, subject->answers[k].text,
                   atomic_load(&subject->seen[k]));
            missing += atomic_load(&subject->seen[k]) == 0;
        }
    return missing;
}

static bool report(const struct tally *sum, int64_t took)
{
    printf("%lu asked, %lu answered, %lu wrong, %lu lost; %ld a second; the slowest after %.1f ms, the most "
           "belated question by %.1f ms\n",
           sum->asked, sum->answered, sum->wrong, sum->lost, (long)((int64_t)sum->asked * SECOND / took),
           (double)sum->slowest / 1e6, (double)sum->latest / 1e6);
    printf("%lu connections, %lu resumed, %lu to another server certificate than the one before\n",
           sum->connections, sum->resumed, sum->other_server);
    uint64_t missing = report_answers(&judge_round_now()->table);
    for (size_t i = 0; i < plan.ttl_count; i++) {
        printf("TTL %lu %lu times\n", (unsigned long)plan.ttls[i], sum->ttls_seen[i]);
        missing += sum->ttls_seen[i] == 0;
    }
    return sum->answered > 0 && sum->wrong == 0 && sum->lost == 0 && missing == 0;
}

/* ---- The command line ---- */

static void end_now(int number)
{
    (void)number;
    atomic_store(&plan.end, 0);
}

static void usage(const char *what)
{
    fprintf(stderr, "hammer: %s\nusage: hammer ADDRESS:PORT SECONDS RATE TTL[|TTL…] FILE=ANSWER[|ANSWER…]…\n",
            what);
    exit(2);
}

static void read_address(char *text)
{
    char *colon = strrchr(text, ':');
    if (colon == NULL)
        usage("no port");
    *colon = '\0';
    plan.address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    if (inet_pton(AF_INET, text, &plan.address.sin_addr) != 1)
        usage("no IPv4 address");
}

static void read_ttls(char *text)
{
    for (char *ttl, *rest = text; (ttl = strsep(&rest, "|")) != NULL;) {
        if (plan.ttl_count == TTLS_MAX)
            usage("too many TTLs");
        plan.ttls[plan.ttl_count++] = (uint32_t)strtoul(ttl, NULL, 10);
    }
}

static void make_contexts(void)
{
    for (size_t i = 0; i < 2; i++) {
        plan.tls[i] = SSL_CTX_new(TLS_client_method());
        if (plan.tls[i] == NULL ||
            SSL_CTX_set_max_proto_version(plan.tls[i], i == 0 ? TLS1_3_VERSION : TLS1_2_VERSION) != 1)
            usage("OpenSSL has no client");
        SSL_CTX_set_verify(plan.tls[i], SSL_VERIFY_NONE, NULL);
    }
}

static void run(struct tally *sum, bool follows)
{
    static struct asker askers[JUDGE_THREADS];
    for (int i = 0; i < JUDGE_THREADS; i++) {
        askers[i].number = i;
        if (pthread_create(&askers[i].thread, NULL, asker_main, &askers[i]) != 0)
            usage("no thread can be made");
    }
    if (follows) {
        judge_follow(stdin, stdout);
        atomic_store(&plan.end, now_ns());
    }
    for (int i = 0; i < JUDGE_THREADS; i++) {
        pthread_join(askers[i].thread, NULL);
        add_up(sum, &askers[i].tally);
    }
}

int main(int argc, char **argv)
{
    struct tally sum = {0};
    char why[JUDGE_WHY_SIZE];
    if (argc < 6)
        usage("too few arguments");
    bool follows = strcmp(argv[2], "-") == 0;
    double seconds = follows ? 1e6 : atof(argv[2]), rate = atof(argv[3]);
    if (!(seconds > 0 && rate > 0))
        usage("SECONDS and RATE are more than 0");
    read_address(argv[1]);
    read_ttls(argv[4]);
    if (!judge_begin(argv + 5, (size_t)argc - 5, why))
        usage(why);
    make_contexts();
    signal(SIGPIPE, SIG_IGN);
    plan.start = now_ns();
    atomic_store(&plan.end, plan.start + (int64_t)(seconds * (double)SECOND));
    signal(SIGTERM, end_now);
    plan.interval = (int64_t)(JUDGE_THREADS * SECOND / rate);
    run(&sum, follows);
    bool good = report(&sum, now_ns() - plan.start);
    judge_end();
    for (size_t i = 0; i < 2; i++)
        SSL_CTX_free(plan.tls[i]);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
