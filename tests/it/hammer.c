/* Many questions a second, each answer judged, for the end-to-end tests.
 *
 * hammer ADDRESS:PORT SECONDS RATE TTL[|TTL…] FILE=ANSWER[|ANSWER…]…
 *
 * Asks for the certificates (PEM) in turn, by the certificate and by its names, RATE times a second. An
 * ANSWER is "no" or the roles, "0+4"; any other answer, and any other TTL, is wrong. Each answer and TTL that
 * is named must come at least once, else what was meant to change did not. Eight threads have a connection
 * each that lives as long as the program, and ask every twentieth question on a new one: half of them by
 * TLS 1.2, and a quarter resume their sessions. A question without a good answer within 20 seconds is lost.
 *
 * Exit status: 0 if no answer is wrong, lost or missing, 1 otherwise, 2 usage. */
#include "trust.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define THREADS      8
#define ROUND        21 /* questions */
#define NEW          2  /* of them on a new connection, and so that both kinds are asked there */
#define PATIENCE     20 /* seconds */
#define SUBJECTS_MAX 16
#define ANSWERS_MAX  4
#define SAID_MAX     10 /* complaints of one thread */
#define SECOND       1000000000LL

struct answer {
    bool trusted;
    struct trust_roles roles;
    const char *text; /* as on the command line */
};

struct subject {
    const char *path;
    struct trust_bundle *bundle;
    struct answer answers[ANSWERS_MAX];
    size_t answer_count;
};

/* Constant once the threads run. */
static struct {
    struct sockaddr_in address;
    int64_t start, end, interval; /* nanoseconds; the interval of one thread's questions */
    uint32_t ttls[ANSWERS_MAX];
    size_t ttl_count;
    struct subject subjects[SUBJECTS_MAX];
    size_t subject_count;
    SSL_CTX *tls[2]; /* of the even threads and of the odd ones */
} plan;

/* What a thread counts; summed at the end. */
struct tally {
    uint64_t asked, answered, wrong, lost, connections, resumed, other_server;
    uint64_t seen[SUBJECTS_MAX][ANSWERS_MAX], ttls_seen[ANSWERS_MAX];
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
    const struct timeval patience = {.tv_sec = PATIENCE};
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

static bool same_roles(const struct trust_roles *a, const struct trust_roles *b)
{
    return a->count == b->count && memcmp(a->code, b->code, a->count) == 0;
}

static bool is_answer(const struct answer *answer, const struct trust_response *response)
{
    return answer->trusted ? response->status == 0 && response->has_roles && response->has_ttl &&
                                 same_roles(&answer->roles, &response->roles)
                           : response->status != 0 && !response->has_roles && !response->has_ttl;
}

/* A query that is answered "trusted" brings the certificate; nothing else does. */
static bool is_certificate(const struct trust_request *request, const struct trust_response *response,
                           struct trust_bytes der)
{
    if (request->type == TRUST_MSG_VERIFY_REQ || response->status != 0)
        return response->certificate.data == NULL;
    return response->certificate.len == der.len && memcmp(response->certificate.data, der.data, der.len) == 0;
}

static size_t ttl_index(uint32_t ttl)
{
    size_t i = 0;
    while (i < plan.ttl_count && plan.ttls[i] != ttl)
        i++;
    return i;
}

static bool judge(struct tally *tally, size_t number, const struct trust_request *request,
                  const struct trust_response *response)
{
    const struct subject *subject = &plan.subjects[number];
    enum trust_message_type type =
        request->type == TRUST_MSG_VERIFY_REQ ? TRUST_MSG_VERIFY_RES : TRUST_MSG_QUERY_RES;
    if (response->session != request->session || response->type != type ||
        !is_certificate(request, response, trust_cert_der(subject->bundle->certs[0])))
        return false;
    if (response->has_ttl && ttl_index(response->ttl) == plan.ttl_count)
        return false;
    for (size_t i = 0; i < subject->answer_count; i++)
        if (is_answer(&subject->answers[i], response)) {
            tally->seen[number][i]++;
            if (response->has_ttl)
                tally->ttls_seen[ttl_index(response->ttl)]++;
            return true;
        }
    return false;
}

static void say_wrong(struct asker *asker, const struct subject *subject, const struct trust_request *request,
                      const struct trust_response *response)
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

static struct trust_bytes text_bytes(const char *text)
{
    return (struct trust_bytes){(const uint8_t *)text, strlen(text)};
}

static struct trust_request make_request(struct asker *asker, uint64_t question, size_t *number)
{
    /* Threads begin at different certificates; each is asked for both ways. */
    *number = (size_t)((question / 2 + (uint64_t)asker->number) % plan.subject_count);
    const struct trust_cert *cert = plan.subjects[*number].bundle->certs[0];
    struct trust_request request = {
        .version = 1,
        .type = question % 2 == 0 ? TRUST_MSG_VERIFY_REQ : TRUST_MSG_QUERY_REQ,
        .session = (uint32_t)(asker->number << 24) + (uint32_t)question,
        .device = text_bytes("SEP00000000000A"),
    };
    if (request.type == TRUST_MSG_VERIFY_REQ) {
        request.certificate = trust_cert_der(cert);
    } else {
        request.subject = text_bytes(trust_name_cucm(trust_cert_subject(cert)));
        request.issuer = text_bytes(trust_name_cucm(trust_cert_issuer(cert)));
        request.serial = trust_cert_serial(cert);
    }
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
    const struct trust_request request = make_request(asker, question, &number);
    int64_t asked = now_ns();
    tally->asked++;
    if (connection->ssl == NULL && !connect_to_server(asker, connection, is_new ? asker->session : NULL)) {
        tally->lost++;
        return;
    }
    if (!exchange(asker, connection->ssl, &request, &response)) {
        tally->lost++;
        complain(asker, plan.subjects[number].path, tls_problem());
        disconnect(connection);
        return;
    }
    int64_t took = now_ns() - asked;
    if (took > tally->slowest)
        tally->slowest = took;
    tally->answered++;
    if (!judge(tally, number, &request, &response)) {
        tally->wrong++;
        say_wrong(asker, &plan.subjects[number], &request, &response);
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
    int64_t due = plan.start + plan.interval * asker->number / THREADS;
    for (uint64_t question = 0; due < plan.end && now_ns() < plan.end; question++, due += plan.interval) {
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
    for (size_t i = 0; i < SUBJECTS_MAX; i++)
        for (size_t k = 0; k < ANSWERS_MAX; k++)
            sum->seen[i][k] += one->seen[i][k];
    for (size_t i = 0; i < ANSWERS_MAX; i++)
        sum->ttls_seen[i] += one->ttls_seen[i];
    if (one->slowest > sum->slowest)
        sum->slowest = one->slowest;
    if (one->latest > sum->latest)
        sum->latest = one->latest;
}

static bool report(const struct tally *sum, int64_t took)
{
    uint64_t missing = 0;
    printf("%lu asked, %lu answered, %lu wrong, %lu lost; %ld a second; the slowest after %.1f ms, the most "
           "belated question by %.1f ms\n",
           sum->asked, sum->answered, sum->wrong, sum->lost, (long)((int64_t)sum->asked * SECOND / took),
           (double)sum->slowest / 1e6, (double)sum->latest / 1e6);
    printf("%lu connections, %lu resumed, %lu to another server certificate than the one before\n",
           sum->connections, sum->resumed, sum->other_server);
    for (size_t i = 0; i < plan.subject_count; i++)
        for (size_t k = 0; k < plan.subjects[i].answer_count; k++) {
            const char *name = strrchr(plan.subjects[i].path, '/');
            printf("%s=%s %lu times\n", name != NULL ? name + 1 : plan.subjects[i].path,
                   plan.subjects[i].answers[k].text, sum->seen[i][k]);
            missing += sum->seen[i][k] == 0;
        }
    for (size_t i = 0; i < plan.ttl_count; i++) {
        printf("TTL %lu %lu times\n", (unsigned long)plan.ttls[i], sum->ttls_seen[i]);
        missing += sum->ttls_seen[i] == 0;
    }
    return sum->answered > 0 && sum->wrong == 0 && sum->lost == 0 && missing == 0;
}

/* ---- The command line ---- */

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
        if (plan.ttl_count == ANSWERS_MAX)
            usage("too many TTLs");
        plan.ttls[plan.ttl_count++] = (uint32_t)strtoul(ttl, NULL, 10);
    }
}

static struct answer read_answer(const char *text)
{
    struct answer answer = {.trusted = strcmp(text, "no") != 0, .text = text};
    for (const char *at = text; answer.trusted; at++) {
        char *end;
        unsigned long role = strtoul(at, &end, 10);
        if (end == at || role > UINT8_MAX || !trust_roles_add(&answer.roles, (uint8_t)role))
            usage("an answer is neither no nor roles");
        if (*(at = end) == '\0')
            break;
    }
    return answer;
}

static void read_subject(char *text)
{
    struct trust_error err = {0};
    uint8_t *data;
    struct subject *subject = &plan.subjects[plan.subject_count++];
    struct trust_bytes bytes = {0};
    char *answers = strrchr(text, '=');
    if (plan.subject_count > SUBJECTS_MAX || answers == NULL)
        usage("too many files, or no answer for one");
    *answers++ = '\0';
    for (char *answer; (answer = strsep(&answers, "|")) != NULL;) {
        if (subject->answer_count == ANSWERS_MAX)
            usage("too many answers");
        subject->answers[subject->answer_count++] = read_answer(answer);
    }
    subject->path = text;
    if (trust_file_read(text, 1 << 20, &data, &bytes.len, NULL, &err) != 0)
        usage(err.text);
    bytes.data = data;
    if (trust_bundle_read(bytes, NULL, &subject->bundle, &err) != 0 || subject->bundle->cert_count == 0)
        usage("a file without a certificate");
    free(data);
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

int main(int argc, char **argv)
{
    static struct asker askers[THREADS];
    struct tally sum = {0};
    if (argc < 6)
        usage("too few arguments");
    double seconds = atof(argv[2]), rate = atof(argv[3]);
    if (!(seconds > 0 && rate > 0))
        usage("SECONDS and RATE are more than 0");
    read_address(argv[1]);
    read_ttls(argv[4]);
    for (int i = 5; i < argc; i++)
        read_subject(argv[i]);
    make_contexts();
    signal(SIGPIPE, SIG_IGN);
    plan.start = now_ns();
    plan.end = plan.start + (int64_t)(seconds * SECOND);
    plan.interval = (int64_t)(THREADS * SECOND / rate);
    for (int i = 0; i < THREADS; i++) {
        askers[i].number = i;
        if (pthread_create(&askers[i].thread, NULL, asker_main, &askers[i]) != 0)
            usage("no thread can be made");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(askers[i].thread, NULL);
        add_up(&sum, &askers[i].tally);
    }
    bool good = report(&sum, now_ns() - plan.start);
    for (size_t i = 0; i < plan.subject_count; i++)
        trust_bundle_free(plan.subjects[i].bundle);
    for (size_t i = 0; i < 2; i++)
        SSL_CTX_free(plan.tls[i]);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
