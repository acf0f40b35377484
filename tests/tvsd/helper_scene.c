#include "helper_scene.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct server_key server;
struct trust_cert *pub, *apache, *etoken;
struct trust_index *store, *ctl;
struct trust_bytes verify, query;

void scene_set_up(void)
{
    server_key_make(&server, "rsa:2048", "server", TRUST_DIGEST_SHA256);
    pub = cert_read("pub.crt");
    apache = cert_read("apache.crt");
    etoken = cert_read("etoken2.crt");
    const struct held in_store[] = {{pub, "02", 0}, {apache, "", 0}};
    const struct held in_ctl = {etoken, "0", 0};
    store = index_make(in_store, 2);
    ctl = index_make(&in_ctl, 1);
    verify = phone_verify(0x3e9, trust_cert_der(pub));
    query = phone_query(0x3ea, trust_cert_serial(pub), trust_name_cucm(trust_cert_issuer(pub)));
}

void scene_tear_down(void)
{
    free((void *)(uintptr_t)verify.data);
    free((void *)(uintptr_t)query.data);
    trust_index_free(store);
    trust_index_free(ctl);
    trust_cert_free(pub);
    trust_cert_free(apache);
    trust_cert_free(etoken);
    server_key_fini(&server);
}

void begin(struct bench *bench, struct phone *phone, const char *yaml, const struct phone_options *options)
{
    bench_init(bench, yaml, &server, store, ctl);
    bench_connect(bench, phone, options);
}

void begin_shaken(struct bench *bench, struct phone *phone, const char *yaml,
                  const struct phone_options *options)
{
    begin(bench, phone, yaml, options);
    BENCH_UNTIL(bench, phone, phone->shaken && bench->host.stats.handshakes == 1);
}

void finish(struct bench *bench, struct phone *phone)
{
    phone_fini(phone);
    bench_fini(bench);
}

void expect_end(struct bench *bench, struct phone *phone, enum conn_end end)
{
    char line[64];
    BENCH_UNTIL(bench, phone, bench->host.stats.active == 0);
    snprintf(line, sizeof line, "event=conn-closed reason=%s peer=local ", conn_end_name(end));
    BENCH_LOGGED(bench, line);
    ck_assert_uint_eq(bench->host.stats.ends[end], 1);
}

struct trust_response expect_answer(struct bench *bench, struct phone *phone, uint32_t session)
{
    struct trust_response answer;
    BENCH_UNTIL(bench, phone, phone_answer(phone, &answer));
    ck_assert_uint_eq(answer.session, session);
    return answer;
}

struct trust_bytes many(struct trust_bytes request, uint32_t first, size_t count)
{
    uint8_t *all = malloc(request.len * count);
    for (size_t i = 0; i < count; i++) {
        memcpy(all + i * request.len, request.data, request.len);
        uint32_t session = htonl(first + (uint32_t)i);
        memcpy(all + i * request.len + 4, &session, 4);
    }
    return (struct trust_bytes){all, request.len * count};
}
