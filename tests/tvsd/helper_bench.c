#include "helper_bench.h"

#include "tests/fixture.h"
#include "tvsd/clock.h"
#include "tvsd/log.h"
#include "tvsd/refusals_say.h"

#include <arpa/inet.h>
#include <check.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE 20 /* seconds, for machines that are very busy */

void server_key_make(struct server_key *server, const char *spec, const char *name, enum trust_digest digest)
{
    struct trust_error err = {0};
    const struct trust_cert_request request = {
        .common_name = name, .subject = "O=Example", .days = 100, .digest = digest, .now = time(NULL)};
    ck_assert_msg(trust_key_generate(spec, &server->key, &err) == 0, "%s", err.text);
    ck_assert_msg(trust_cert_generate(&request, server->key, &server->cert, &err) == 0, "%s", err.text);
}

void server_key_fini(struct server_key *server)
{
    trust_key_free(server->key);
    trust_cert_free(server->cert);
}

struct trust_cert *cert_read(const char *name)
{
    char path[64];
    struct trust_error err = {0};
    struct trust_bundle *bundle;
    snprintf(path, sizeof path, "certs/%s", name);
    struct trust_bytes bytes = fixture_read(path);
    ck_assert_msg(trust_bundle_read(bytes, NULL, &bundle, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(bundle->cert_count, 1);
    struct trust_cert *cert = trust_cert_ref(bundle->certs[0]);
    trust_bundle_free(bundle);
    fixture_free(bytes);
    return cert;
}

struct trust_index *index_make(const struct held *held, size_t count)
{
    struct trust_error err = {0};
    struct trust_index_builder *builder;
    struct trust_index *index;
    ck_assert_msg(trust_index_builder_new(&builder, &err) == 0, "%s", err.text);
    for (size_t i = 0; i < count; i++) {
        const struct trust_cert *cert = held[i].cert;
        struct trust_entry entry = {
            .der = trust_cert_der(cert),
            .serial = trust_cert_serial(cert),
            .issuer = trust_name_cucm(trust_cert_issuer(cert)),
            .issuer_canonical = trust_name_canonical(trust_cert_issuer(cert)),
            .issuer_canonical_full = trust_name_canonical_full(trust_cert_issuer(cert)),
            .has_ttl = held[i].ttl != 0,
            .ttl = held[i].ttl,
            .not_after = trust_cert_not_after(cert),
        };
        memcpy(entry.sha256, trust_cert_sha256(cert), sizeof entry.sha256);
        for (const char *role = held[i].roles; *role != '\0'; role++)
            ck_assert(trust_roles_add(&entry.roles, (uint8_t)(*role - '0')));
        ck_assert_msg(trust_index_add(builder, &entry, &err) == 0, "%s", err.text);
    }
    ck_assert_msg(trust_index_build(builder, &index, &err) == 0, "%s", err.text);
    trust_index_builder_free(builder);
    return index;
}

struct config *config_make(const char *yaml)
{
    struct trust_error err = {0};
    struct config *config;
    ck_assert_msg(config_parse(yaml, strlen(yaml), "test", &config, &err) == 0, "%s", err.text);
    return config;
}

static void open_log(struct bench *bench, const char *yaml)
{
    struct trust_error err = {0};
    char *text;
    bench->folder = fixture_folder();
    ck_assert_int_gt(asprintf(&bench->log_path, "%s/log", bench->folder), 0);
    bool trace = strstr(yaml, "# trace") != NULL;
    ck_assert_int_gt(asprintf(&text, "%s\nlog: { level: debug, format: %s, target: %s }\n", yaml,
                              trace ? "trace" : "logfmt", bench->log_path),
                     0);
    bench->config = config_make(text);
    free(text);
    ck_assert_msg(log_open(bench->config, &err) == 0, "%s", err.text);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
}

static void open_loop(struct bench *bench)
{
    const struct timeval tick = {.tv_usec = 1000};
    bench->host.base = conn_loop_new();
    ck_assert_ptr_nonnull(bench->host.base);
    bench->tick = event_new(bench->host.base, -1, EV_PERSIST, on_tick, NULL);
    /* A turn goes on while anything is active: what has another priority would wait for all others. */
    ck_assert_int_eq(event_priority_set(bench->tick, CONN_PRIORITY), 0);
    ck_assert_int_eq(event_add(bench->tick, &tick), 0);
}

void bench_init(struct bench *bench, const char *yaml, const struct server_key *server,
                const struct trust_index *store, const struct trust_index *ctl)
{
    static struct trust_index *empty; /* lives as long as the program */
    struct trust_error err = {0};
    memset(bench, 0, sizeof *bench);
    open_log(bench, yaml);
    open_loop(bench);
    if (empty == NULL)
        empty = index_make(NULL, 0);
    bench->snapshot.config = bench->config;
    bench->snapshot.store = store != NULL ? store : empty;
    bench->snapshot.ctl = ctl != NULL ? ctl : empty;
    bench->snapshot.generation = 1;
    ck_assert_msg(
        tls_context_new(bench->config, server->cert, server->key, NULL, &bench->snapshot.tls, &err) == 0,
        "%s", err.text);
    bench->host.snapshot = &bench->snapshot;
}

void bench_fini(struct bench *bench)
{
    conn_host_fini(&bench->host);
    ck_assert_uint_eq(bench->host.stats.active, 0);
    event_free(bench->tick);
    event_base_free(bench->host.base);
    tls_context_free(bench->snapshot.tls);
    log_close();
    config_free(bench->config);
    fixture_folder_remove(bench->folder);
    free(bench->log_path);
    free(bench->log);
}

void bench_connect(struct bench *bench, struct phone *phone, const struct phone_options *options)
{
    const struct sockaddr address = {.sa_family = AF_UNIX};
    int fd = phone_connect(phone, options);
    conn_open(&bench->host, fd, 0, &address, sizeof address);
}

void bench_connect_from(struct bench *bench, struct phone *phone, const char *address)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(1024)};
    ck_assert_int_eq(inet_pton(AF_INET, address, &from.sin_addr), 1);
    conn_open(&bench->host, phone_connect(phone, NULL), 0, (const struct sockaddr *)&from, sizeof from);
}

static time_t patience_ends;

void bench_begin(void)
{
    patience_ends = time(NULL) + PATIENCE;
}

void bench_turn(struct bench *bench, struct phone *phone)
{
    ck_assert_msg(time(NULL) < patience_ends, "it does not happen; the log:\n%s", bench_log(bench));
    ck_assert_int_ge(event_base_loop(bench->host.base, EVLOOP_ONCE), 0);
    if (phone != NULL)
        phone_step(phone);
}

const char *bench_log(struct bench *bench)
{
    refusals_say(NULL, clock_milliseconds() / 1000, false); /* as the main thread does, when it is woken */
    struct trust_bytes bytes = fixture_read(bench->log_path);
    free(bench->log);
    bench->log = strndup((const char *)bytes.data, bytes.len);
    ck_assert_ptr_nonnull(bench->log);
    fixture_free(bytes);
    return bench->log;
}

size_t bench_logged(struct bench *bench, const char *text)
{
    size_t count = 0;
    for (const char *at = bench_log(bench); (at = strstr(at, text)) != NULL; at += strlen(text))
        count++;
    return count;
}
