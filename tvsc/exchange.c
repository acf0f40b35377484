#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct tls_settings settings_of(const struct options *options)
{
    return (struct tls_settings){.version = options->tls, .ciphers = options->ciphers};
}

int exchange_check(const struct options *options, struct trust_error *err)
{
    struct net_target target;
    struct tls_settings settings = settings_of(options);
    int rc = net_parse(options->host, &target, err);
    return rc != 0 ? rc : tls_settings_check(&settings, err);
}

struct checked {
    const struct options *options;
    const struct trusted *trusted;
};

static int check_server(void *context, const struct trust_cert *peer, const char *who,
                        struct trust_error *err)
{
    const struct checked *checked = context;
    struct trust_bytes serial = trust_cert_serial(peer);
    char hex[64];
    if (trusted_has(checked->trusted, peer))
        return 0;
    if (serial.len > 21)
        serial.len = 21;
    return trust_error_set(err, TRUST_ESIGNER, TRUST_NO_OFFSET,
                           "%s: the server's certificate does not stand in %s: %s, serial number %s: a phone "
                           "would not ask it",
                           who, checked->options->trust, trust_name_cucm(trust_cert_subject(peer)),
                           trust_hex(serial, 0, true, hex));
}

/* Read until one whole message is there. */
static int receive(struct tls *tls, const char *who, int64_t deadline, struct exchange *out,
                   struct trust_error *err)
{
    size_t have = 0, want = 0, got;
    out->frame = malloc(TRUST_FRAME_MAX);
    if (out->frame == NULL)
        return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "%s: out of memory", who);
    while (want == 0 || have < want) {
        int rc = tls_receive(tls, out->frame + have, (want == 0 ? TRUST_FRAME_HEADER : want) - have, &got,
                             deadline, err);
        if (rc != 0)
            return rc;
        if (got == 0)
            return trust_error_set(err, TRUST_ETRUNCATED, have,
                                   have == 0
                                       ? "%s: the server closed the connection without an answer"
                                       : "%s: the server closed the connection in the middle of its answer",
                                   who);
        have += got;
        rc = trust_frame_peek((struct trust_bytes){out->frame, have}, &want, err);
        if (rc != 0)
            return trust_error_prefix(err, rc, "%s: the answer", who);
    }
    out->frame_len = want;
    return 0;
}

static int decode(const char *who, const struct trust_request *expected, struct exchange *out,
                  struct trust_error *err)
{
    int rc = trust_response_decode((struct trust_bytes){out->frame, out->frame_len}, &out->response, err);
    if (rc != 0)
        return trust_error_prefix(err, rc, "%s: the answer", who);
    if (expected == NULL)
        return 0;
    enum trust_message_type type =
        expected->type == TRUST_MSG_VERIFY_REQ ? TRUST_MSG_VERIFY_RES : TRUST_MSG_QUERY_RES;
    if (out->response.type != type)
        return trust_error_set(err, TRUST_ETYPE, 2, "%s: the answer is a %s, which was not asked for", who,
                               trust_message_type_name((int)out->response.type));
    if (out->response.session != expected->session)
        return trust_error_set(err, TRUST_EVALUE, 4, "%s: the answer belongs to another session (%lx)", who,
                               (unsigned long)out->response.session);
    return 0;
}

int exchange_with(const struct exchange_server *server, struct trust_bytes bytes,
                  const struct trust_request *expected, struct exchange *out, struct trust_error *err)
{
    const struct net_target *target = &server->target;
    struct tls *tls = NULL;
    int64_t deadline = net_now() + server->timeout_ms;
    int fd = -1;
    *out = (struct exchange){0};
    snprintf(out->server, sizeof out->server, "%s", target->shown);
    int rc = net_connect(target, deadline, &fd, err);
    if (rc != 0 || (rc = tls_connect(fd, target->shown, &server->tls, deadline, &tls, err)) != 0 ||
        (rc = server->check(server->context, tls_peer(tls), target->shown, err)) != 0)
        goto out;
    snprintf(out->protocol, sizeof out->protocol, "%s", tls_protocol(tls));
    snprintf(out->cipher, sizeof out->cipher, "%s", tls_cipher(tls));
    if ((rc = tls_send(tls, bytes, deadline, err)) == 0 &&
        (rc = receive(tls, target->shown, deadline, out, err)) == 0)
        rc = decode(target->shown, expected, out, err);
out:
    tls_free(tls);
    if (fd >= 0)
        close(fd);
    return rc;
}

int exchange_run(const struct options *options, const struct trusted *trusted, struct trust_bytes bytes,
                 const struct trust_request *expected, struct exchange *out, struct trust_error *err)
{
    struct checked checked = {options, trusted};
    struct exchange_server server = {.tls = settings_of(options),
                                     .timeout_ms = options->timeout_ms,
                                     .check = check_server,
                                     .context = &checked};
    *out = (struct exchange){0};
    int rc = net_parse(options->host, &server.target, err);
    return rc != 0 ? rc : exchange_with(&server, bytes, expected, out, err);
}

void exchange_fini(struct exchange *exchange)
{
    free(exchange->frame);
    *exchange = (struct exchange){0};
}
