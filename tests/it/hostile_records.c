/* Hostile clients that send what OpenSSL's client would not: records that carry nothing, without end. Each
 * must be hung up on. */
#include "hostile.h"
#include "tests/tvsd/helper_seal.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMES 10000

static const struct flood {
    const char *kind, *suite; /* of TLS 1.3 if it is that one */
    uint8_t type;
    uint8_t text[4];
    size_t len;
    bool one_is_borne;
} floods[] = {
    {"hellos-again", SEAL_SUITE_12, SEAL_HANDSHAKE, {1, 0, 0, 0}, 4, false},
    {"warnings", SEAL_SUITE_12, SEAL_ALERT, {1, 90}, 2, true},
    {"warnings-1.3", SEAL_SUITE_13, SEAL_ALERT, {1, 90}, 2, true},
    {"empty-data", SEAL_SUITE_12, SEAL_APPLICATION, {0}, 0, true},
    {"empty-data-1.3", SEAL_SUITE_13, SEAL_APPLICATION, {0}, 0, true},
    {"tickets", SEAL_SUITE_13, SEAL_HANDSHAKE, {4, 0, 0, 0}, 4, false},
};

/* Until the server's end, or as long as a client waits. */
void hostile_expect_end(int fd, const char *what)
{
    uint8_t bytes[4096];
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
        ;
    if (n < 0 && errno != ECONNRESET && errno != EPIPE)
        hostile_complain(what);
}

static bool send_sealed(struct seal *seal, int fd, uint8_t type, const uint8_t *text, size_t len)
{
    uint8_t record[SEAL_RECORD_MAX];
    size_t size = seal_record(seal, type, text, len, record);
    if (size == 0)
        hostile_die("AES-GCM");
    return send(fd, record, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* That it was understood shows in the answer. */
static bool is_answered_after(const struct flood *flood, struct seal *seal, SSL *ssl, int fd)
{
    uint8_t answer[ANSWER_MAX];
    return (!flood->one_is_borne || send_sealed(seal, fd, flood->type, flood->text, flood->len)) &&
           send_sealed(seal, fd, SEAL_APPLICATION, plan.request, plan.request_len) &&
           hostile_answer(ssl, answer, sizeof answer) > 0;
}

void hostile_flood(struct attacker *attacker)
{
    const struct flood *flood = floods;
    struct seal seal;
    (void)attacker;
    while (strcmp(flood->kind, plan.kind->name) != 0)
        flood++;
    int fd = hostile_dial("127.0.0.3", 0, true);
    SSL *ssl = fd >= 0 ? hostile_shake_with(fd, flood->suite) : NULL;
    if (ssl == NULL || !seal_begin(&seal, ssl)) {
        hostile_complain("no handshake");
    } else if (!is_answered_after(flood, &seal, ssl, fd)) {
        hostile_complain("there was no answer before the flood");
    } else {
        for (int i = 0; i < TIMES && send_sealed(&seal, fd, flood->type, flood->text, flood->len); i++)
            ;
        hostile_expect_end(fd, "a flood was taken");
    }
    ERR_clear_error();
    SSL_free(ssl);
    if (fd >= 0)
        close(fd);
}
