/* The process in which a token's module works (token_agent.h). */
#include "token_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
    int fd;
    struct trust_token *token;
};

bool token_wire_write(int fd, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    for (size_t done = 0; done < len;) {
        ssize_t n = send(fd, bytes + done, len - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

bool token_wire_read(int fd, void *data, size_t len)
{
    uint8_t *bytes = data;
    for (size_t done = 0; done < len;) {
        ssize_t n = recv(fd, bytes + done, len - done, 0);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Nobody listens any more: the write fails, and so does the next read. */
static void reply(const struct server *server, enum token_kind kind, int code, const struct trust_error *err,
                  struct trust_bytes bytes)
{
    struct token_reply head = {.kind = kind, .code = code, .len = (uint32_t)bytes.len};
    if (err != NULL)
        head.err = *err;
    if (token_wire_write(server->fd, &head, sizeof head))
        token_wire_write(server->fd, bytes.data, bytes.len);
}

static void answer(const struct server *server, int code, const struct trust_error *err)
{
    reply(server, TOKEN_ANSWER, code, err, (struct trust_bytes){0});
}

static void answer_info(const struct server *server)
{
    reply(server, TOKEN_ANSWER, 0, NULL,
          (struct trust_bytes){(const uint8_t *)trust_token_info(server->token),
                               sizeof(struct trust_token_info)});
}

static void tell_module(void *arg, const char *module)
{
    reply(arg, TOKEN_LOADING, 0, NULL, (struct trust_bytes){(const uint8_t *)module, strlen(module)});
}

static int tell_token(void *arg, const struct trust_token_info *info, struct trust_cert *const *certs,
                      size_t count)
{
    reply(arg, TOKEN_PART_INFO, 0, NULL, (struct trust_bytes){(const uint8_t *)info, sizeof *info});
    for (size_t i = 0; i < count; i++)
        reply(arg, TOKEN_PART_CERT, 0, NULL, trust_cert_der(certs[i]));
    return 0;
}

/* ---- Requests. data has a NUL behind it. */

static void do_open(struct server *server, const char *uri)
{
    struct trust_error err = {0};
    int code = trust_token_open(uri, tell_module, server, &server->token, &err);
    if (code == 0)
        answer_info(server);
    else
        answer(server, code, &err);
}

static void do_cert(struct server *server)
{
    struct trust_error err = {0};
    struct trust_cert *cert;
    int code = trust_token_cert(server->token, &cert, &err);
    reply(server, TOKEN_ANSWER, code, &err, code == 0 ? trust_cert_der(cert) : (struct trust_bytes){0});
    trust_cert_free(cert);
}

static void do_log_in(struct server *server, char *pin, size_t len)
{
    struct trust_error err = {0};
    int code = trust_token_log_in(server->token, len > 0 ? pin : NULL, &err);
    explicit_bzero(pin, len);
    if (code == 0)
        answer_info(server);
    else
        answer(server, code, &err);
}

static void do_key(struct server *server, struct trust_bytes der)
{
    struct trust_error err = {0};
    struct trust_cert *cert;
    int code = trust_cert_from_der(der, &cert, &err);
    if (code == 0)
        code = trust_token_find_key(server->token, cert, &err);
    trust_cert_free(cert);
    answer(server, code, &err);
}

static void do_sign(struct server *server, enum trust_digest digest, struct trust_bytes hash)
{
    struct trust_error err = {0};
    uint8_t signature[TRUST_TOKEN_SIGNATURE_MAX];
    size_t len;
    int code = trust_token_sign(server->token, digest, hash, signature, &len, &err);
    reply(server, TOKEN_ANSWER, code, &err, (struct trust_bytes){signature, len});
}

static void do_list(struct server *server, const char *uri)
{
    struct trust_error err = {0};
    int code = trust_token_each(uri[0] != '\0' ? uri : NULL, tell_module, tell_token, server, &err);
    answer(server, code, &err);
}

static void serve(struct server *server, const struct token_request *request, uint8_t *data)
{
    const struct trust_bytes bytes = {data, request->len};
    switch (request->op) {
    case TOKEN_OPEN:
        do_open(server, (char *)data);
        break;
    case TOKEN_CERT:
        do_cert(server);
        break;
    case TOKEN_LOG_IN:
        do_log_in(server, (char *)data, request->len);
        break;
    case TOKEN_KEY:
        do_key(server, bytes);
        break;
    case TOKEN_SIGN:
        do_sign(server, request->digest, bytes);
        break;
    case TOKEN_LIST:
        do_list(server, (char *)data);
        break;
    }
}

void token_server_run(int fd)
{
    struct server server = {.fd = fd};
    struct token_request request;
    bool goes_on = true;
    while (goes_on && token_wire_read(fd, &request, sizeof request) && request.len <= TOKEN_BYTES_MAX) {
        uint8_t *data = calloc(1, (size_t)request.len + 1);
        goes_on = data != NULL && token_wire_read(fd, data, request.len);
        if (goes_on)
            serve(&server, &request, data);
        if (data != NULL)
            explicit_bzero(data, request.len);
        free(data);
    }
    trust_token_free(server.token);
    _exit(0);
}
