/* Many phones, one after the other, each with a name of its own and one question, for the end-to-end tests.
 *
 * crowd ADDRESS:PORT FIRST COUNT EACH KNOWN UNKNOWN
 *
 * The phones CP-8861-SEP000000000000 and so on, numbers FIRST to FIRST + COUNT - 1, ask on connections of
 * EACH questions: in turn whether KNOWN (a certificate, PEM) is to be trusted, whether UNKNOWN is, for KNOWN
 * by its names, for UNKNOWN by its names. With FIRST "-" they have names of hostile bytes instead, one of
 * them none, and COUNT is ignored.
 *
 * Standard output tells what was done as the counters of tvsd should have it. Exit status: 0 if every answer
 * came and was right, 1 otherwise, 2 usage. */
#include "trust.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 40 /* questions at a time: fewer bytes of answers than make the server wait */

static const char *const hostile[] = {
    "",
    "CP-8861-SEP\x1b[2J\x1b]0;owned\x07",
    "\xe2\x80\xaeSEP reversed\xe2\x80\x8b",
    "\xff\xfe not utf-8 \xc0\x80",
    "line\nbreak\rand\ttab",
    "quote\" back\\slash 'single' `tick` $(id)",
    "name=x result=trusted followed=\"1:1\"",
    "</td><script>alert(1)</script>",
    "a-name-that-is-much-longer-than-any-phone-has-and-than-is-kept-of-it-by-the-server-0123456789",
    "\xc2\x9b"
    "31m eight-bit control",
    "Telefon-Empfang-Stra\xc3\x9f"
    "e",
    "done",
    "refused reason=no",
};
#define HOSTILE (sizeof hostile / sizeof hostile[0])

struct tally {
    uint64_t accepted, verify, query, trusted, unknown, bytes_in, bytes_out;
};

static struct {
    struct sockaddr_in address;
    struct trust_cert *known, *unknown;
    SSL_CTX *tls;
    struct tally tally;
    bool is_hostile;
} crowd;

static void die(const char *what)
{
    fprintf(stderr, "crowd: %s\n", what);
    exit(EXIT_FAILURE);
}

static struct trust_cert *read_cert(const char *path)
{
    struct trust_cert *cert = NULL;
    unsigned char *der = NULL;
    FILE *file = fopen(path, "r");
    X509 *x509 = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    int len = x509 != NULL ? i2d_X509(x509, &der) : -1;
    if (len < 0 || trust_cert_from_der((struct trust_bytes){der, (size_t)len}, &cert, NULL) != 0)
        die(path);
    OPENSSL_free(der);
    X509_free(x509);
    fclose(file);
    return cert;
}

static SSL *connect_to_server(int *fd)
{
    const int on = 1;
    SSL *ssl = SSL_new(crowd.tls);
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    if (ssl == NULL || *fd < 0 || connect(*fd, (struct sockaddr *)&crowd.address, sizeof crowd.address) != 0)
        die("no connection");
    setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (SSL_set_fd(ssl, *fd) != 1 || SSL_connect(ssl) != 1)
        die("no handshake");
    crowd.tally.accepted++;
    return ssl;
}

/* Question number n. */
static void send_question(SSL *ssl, uint64_t n)
{
    char name[64];
    uint8_t *frame;
    size_t len;
    const struct trust_cert *cert = n % 2 == 0 ? crowd.known : crowd.unknown;
    const char *issuer = trust_name_cucm(trust_cert_issuer(cert));
    const char *shown = crowd.is_hostile ? hostile[n % HOSTILE] : name;
    snprintf(name, sizeof name, "CP-8861-SEP%012llX", (unsigned long long)n);
    struct trust_request request = {.type = n % 4 < 2 ? TRUST_MSG_VERIFY_REQ : TRUST_MSG_QUERY_REQ,
                                    .version = 1,
                                    .session = (uint32_t)n,
                                    .device = {(const uint8_t *)shown, strlen(shown)}};
    if (request.type == TRUST_MSG_VERIFY_REQ) {
        request.certificate = trust_cert_der(cert);
        crowd.tally.verify++;
    } else {
        request.serial = trust_cert_serial(cert);
        request.issuer = (struct trust_bytes){(const uint8_t *)issuer, strlen(issuer)};
        crowd.tally.query++;
    }
    if (trust_request_encode(&request, &frame, &len, NULL) != 0 ||
        SSL_write(ssl, frame, (int)len) != (int)len)
        die("a question was not taken");
    crowd.tally.bytes_in += len;
    free(frame);
}

static void read_bytes(SSL *ssl, uint8_t *into, size_t len)
{
    for (size_t got = 0; got < len;) {
        int n = SSL_read(ssl, into + got, (int)(len - got));
        if (n <= 0)
            die("an answer did not come");
        got += (size_t)n;
    }
}

static void read_answer(SSL *ssl, uint64_t n)
{
    static uint8_t frame[TRUST_FRAME_MAX];
    struct trust_response response;
    size_t len;
    read_bytes(ssl, frame, TRUST_FRAME_HEADER);
    if (trust_frame_peek((struct trust_bytes){frame, TRUST_FRAME_HEADER}, &len, NULL) != 0)
        die("what came is no answer");
    read_bytes(ssl, frame + TRUST_FRAME_HEADER, len - TRUST_FRAME_HEADER);
    if (trust_response_decode((struct trust_bytes){frame, len}, &response, NULL) != 0 ||
        response.session != (uint32_t)n || (response.status == 0) != (n % 2 == 0))
        die("an answer is wrong");
    crowd.tally.bytes_out += len;
    (response.status == 0 ? &crowd.tally.trusted : &crowd.tally.unknown)[0]++;
}

static void ask(uint64_t first, uint64_t count)
{
    int fd;
    SSL *ssl = connect_to_server(&fd);
    for (uint64_t done = 0; done < count; done += BATCH) {
        uint64_t batch = count - done < BATCH ? count - done : BATCH;
        for (uint64_t i = 0; i < batch; i++)
            send_question(ssl, first + done + i);
        for (uint64_t i = 0; i < batch; i++)
            read_answer(ssl, first + done + i);
    }
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

static bool read_address(const char *text)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    crowd.address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    return inet_pton(AF_INET, host, &crowd.address.sin_addr) == 1;
}

int main(int argc, char **argv)
{
    if (argc != 7 || !read_address(argv[1])) {
        fprintf(stderr, "usage: crowd ADDRESS:PORT FIRST COUNT EACH KNOWN UNKNOWN\n");
        return 2;
    }
    crowd.is_hostile = strcmp(argv[2], "-") == 0;
    uint64_t first = crowd.is_hostile ? 0 : strtoull(argv[2], NULL, 10);
    uint64_t count = crowd.is_hostile ? HOSTILE : strtoull(argv[3], NULL, 10),
             each = strtoull(argv[4], NULL, 10);
    crowd.known = read_cert(argv[5]);
    crowd.unknown = read_cert(argv[6]);
    crowd.tls = SSL_CTX_new(TLS_client_method());
    if (crowd.tls == NULL || each == 0)
        die("nothing to do");
    for (uint64_t done = 0; done < count; done += each)
        ask(first + done, count - done < each ? count - done : each);
    printf("accepted=%llu handshakes=%llu verify=%llu query=%llu answer-trusted=%llu answer-unknown=%llu "
           "bytes_in=%llu "
           "bytes_out=%llu end-peer-closed=%llu\n",
           (unsigned long long)crowd.tally.accepted, (unsigned long long)crowd.tally.accepted,
           (unsigned long long)crowd.tally.verify, (unsigned long long)crowd.tally.query,
           (unsigned long long)crowd.tally.trusted, (unsigned long long)crowd.tally.unknown,
           (unsigned long long)crowd.tally.bytes_in, (unsigned long long)crowd.tally.bytes_out,
           (unsigned long long)crowd.tally.accepted);
    trust_cert_free(crowd.known);
    trust_cert_free(crowd.unknown);
    SSL_CTX_free(crowd.tls);
    return EXIT_SUCCESS;
}
