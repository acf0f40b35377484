#include "helper.h"

#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tvsc/tvsc.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct helper_server {
    struct helper_script script;
    pthread_t thread;
    bool joined;
    int listener;
    SSL_CTX *context;
    char host[32];
    char *folder, path[1200];
    uint8_t heard[TRUST_FRAME_MAX];
    size_t heard_len;
};

char helper_out[8192], helper_err[2048];

struct trust_cert *helper_cert(const char *common_name, struct trust_key **key)
{
    struct trust_cert_request request = {
        .common_name = common_name, .days = 10, .digest = TRUST_DIGEST_SHA256, .now = 1700000000};
    struct trust_cert *cert;
    ck_assert_int_eq(trust_key_generate("rsa:2048", key, NULL), 0);
    ck_assert_int_eq(trust_cert_generate(&request, *key, &cert, NULL), 0);
    return cert;
}

static void use_certificate(struct helper_server *server)
{
    struct trust_key *key;
    struct trust_cert *cert = helper_cert("helper", &key);
    char *pem, *key_pem;
    ck_assert_int_eq(trust_cert_to_pem(cert, &pem, NULL), 0);
    ck_assert_int_eq(trust_key_to_pem(key, &key_pem, NULL), 0);
    server->folder = fixture_folder();
    snprintf(server->path, sizeof server->path, "%s/helper.pem", server->folder);
    FILE *file = fopen(server->path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(pem, file);
    fclose(file);
    BIO *bio = BIO_new_mem_buf(key_pem, -1);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    ck_assert_int_eq(SSL_CTX_use_certificate_file(server->context, server->path, SSL_FILETYPE_PEM), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(server->context, pkey), 1);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    free(pem);
    free(key_pem);
    trust_cert_free(cert);
    trust_key_free(key);
}

static void hear(struct helper_server *server, SSL *ssl)
{
    size_t want = 0, got;
    do {
        if (SSL_read_ex(ssl, server->heard + server->heard_len, sizeof server->heard - server->heard_len,
                        &got) != 1)
            return;
        server->heard_len += got;
        /* Whatever is no message ends the reading as well. */
        if (trust_frame_peek((struct trust_bytes){server->heard, server->heard_len}, &want, NULL) != 0)
            return;
    } while (want == 0 || server->heard_len < want);
}

static void act(struct helper_server *server, SSL *ssl)
{
    const struct helper_script *script = &server->script;
    size_t put, len = script->act == HELPER_HALF_ANSWER ? script->answer.len / 2 : script->answer.len;
    size_t piece = script->act == HELPER_ANSWER_SLOWLY ? 1 : len;
    uint8_t byte;
    if (script->act == HELPER_MUTE) {
        while (SSL_read_ex(ssl, &byte, 1, &put) == 1)
            continue;
        return;
    }
    hear(server, ssl);
    if (script->act == HELPER_HANG_UP)
        return;
    for (size_t at = 0; at < len; at += piece) {
        if (SSL_write_ex(ssl, script->answer.data + at, piece, &put) != 1)
            return;
    }
}

static void *serve(void *arg)
{
    struct helper_server *server = arg;
    uint8_t byte;
    int fd = accept(server->listener, NULL, NULL);
    if (fd < 0)
        return NULL;
    if (server->script.act == HELPER_DEAF) {
        while (read(fd, &byte, 1) > 0)
            continue;
    } else if (server->script.act == HELPER_NO_TLS) {
        (void)!write(fd, "HTTP/1.0 400 Bad Request\r\n\r\n", 28);
    } else {
        SSL *ssl = SSL_new(server->context);
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1)
            act(server, ssl);
        SSL_shutdown(ssl);
        SSL_free(ssl);
    }
    shutdown(fd, SHUT_WR);
    while (read(fd, &byte, 1) > 0) /* what is unread would turn the close into a reset */
        continue;
    close(fd);
    return NULL;
}

struct helper_server *helper_start(const struct helper_script *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct helper_server *server = calloc(1, sizeof *server);
    ck_assert_ptr_nonnull(server);
    signal(SIGPIPE, SIG_IGN);
    server->script = *script;
    server->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(server->context, 0);
    SSL_CTX_set_min_proto_version(server->context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(server->context, script->tls_max);
    if (script->ciphers != NULL)
        ck_assert_int_eq(SSL_CTX_set_cipher_list(server->context, script->ciphers), 1);
    use_certificate(server);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(server->listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(server->listener, 4), 0);
    ck_assert_int_eq(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(server->host, sizeof server->host, "127.0.0.1:%d", ntohs(address.sin_port));
    ck_assert_int_eq(pthread_create(&server->thread, NULL, serve, server), 0);
    return server;
}

const char *helper_host(const struct helper_server *server)
{
    return server->host;
}

const char *helper_cert_path(const struct helper_server *server)
{
    return server->path;
}

struct trust_bytes helper_heard(const struct helper_server *server)
{
    return (struct trust_bytes){server->heard, server->heard_len};
}

void helper_stop(struct helper_server *server)
{
    if (server->joined)
        return;
    shutdown(server->listener, SHUT_RDWR); /* ends an accept that nobody came for */
    pthread_join(server->thread, NULL);
    server->joined = true;
}

void helper_free(struct helper_server *server)
{
    helper_stop(server);
    close(server->listener);
    SSL_CTX_free(server->context);
    fixture_folder_remove(server->folder);
    free(server);
}

int helper_tvsc(const struct helper_server *server, const char *const *words)
{
    char *argv[32] = {(char *)(uintptr_t) "tvsc"};
    int argc = 1;
    while (*words != NULL)
        argv[argc++] = (char *)(uintptr_t)*words++;
    if (server != NULL) {
        argv[argc++] = (char *)(uintptr_t) "--host";
        argv[argc++] = (char *)(uintptr_t)server->host;
    }
    memset(helper_out, 0, sizeof helper_out);
    memset(helper_err, 0, sizeof helper_err);
    FILE *out = fmemopen(helper_out, sizeof helper_out - 1, "w");
    FILE *err = fmemopen(helper_err, sizeof helper_err - 1, "w");
    int status = tvsc_run(argc, argv, out, err);
    fclose(out);
    fclose(err);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    return status;
}
