/* Running out of memory on the way from files to an answer: see tests/failing_malloc.h for what is held
 * against each act. The world's own act opens its store in the process that it runs in. */
#include "helper_bench.h"
#include "helper_site.h"
#include "tests/check_main.h"
#include "tests/failing_malloc.h"
#include "tests/fixture.h"
#include "tvsd/request.h"
#include "tvsd/snapshot.h"
#include "tvsd/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1800000000

static struct server_key server;
static struct trust_cert *pub, *apache, *etoken, *stranger;
static struct trust_index *store, *ctl;
static struct config *config;
static struct tls_context *before;

static const char yaml[] = "server: { listen: [\"127.0.0.1:0\", \"[::1]:0\"] }\n"
                           "tls: { minimum: \"1.0\" }\n"
                           "answers: { ttl: 100, expired: answer }\n";

static int act_config(void *scene, struct trust_error *err)
{
    struct config *parsed;
    (void)scene;
    int rc = config_parse(yaml, strlen(yaml), "test", &parsed, err);
    MEMORY_EXPECT((rc == 0) == (parsed != NULL));
    MEMORY_EXPECT(rc != 0 || parsed->answers.ttl == 100);
    config_free(parsed);
    return rc;
}

static int act_tls_context(void *scene, struct trust_error *err)
{
    struct tls_context *context;
    (void)scene;
    int rc = tls_context_new(config, server.cert, server.key, before, &context, err);
    MEMORY_EXPECT((rc == 0) == (context != NULL));
    tls_context_free(context);
    return rc;
}

/* NULL is all that these say. */
static int no_memory(struct trust_error *err)
{
    return trust_error_set(err, TRUST_ENOMEM, TRUST_NO_OFFSET, "out of memory");
}

static int act_connection(void *scene, struct trust_error *err)
{
    (void)scene;
    struct tls *tls = tls_new(before, 0);
    if (tls == NULL)
        return no_memory(err);
    tls_free(tls);
    return 0;
}

/* The parts take what they are given, also when they fail. */
static int act_snapshot(void *scene, struct trust_error *err)
{
    struct config *own = NULL;
    struct tls_context *tls = NULL;
    struct trust_index *index[2] = {NULL, NULL};
    struct snapshot *snapshot = NULL;
    (void)scene;
    int rc = config_parse(yaml, strlen(yaml), "test", &own, err);
    if (rc == 0)
        rc = tls_context_new(own, server.cert, server.key, before, &tls, err);
    for (int i = 0; rc == 0 && i < 2; i++)
        rc = sources_empty_index(&index[i], err);
    if (rc != 0) {
        config_free(own);
        tls_context_free(tls);
        trust_index_free(index[0]);
        return rc;
    }
    struct snapshot_part *parts[] = {snapshot_part_config(own), snapshot_part_tls(tls),
                                     snapshot_part_index(index[0]), snapshot_part_index(index[1])};
    if (parts[0] != NULL && parts[1] != NULL && parts[2] != NULL && parts[3] != NULL)
        snapshot = snapshot_new(parts[0], parts[1], parts[2], parts[3], 1);
    for (int i = 0; i < 4; i++)
        snapshot_part_unref(parts[i]);
    MEMORY_EXPECT(snapshot == NULL || snapshot->config->answers.ttl == 100);
    if (snapshot == NULL)
        rc = no_memory(err);
    snapshot_free(snapshot);
    return rc;
}

/* What is asked, and the one right answer to it. */
struct question {
    struct trust_cert **cert;
    enum request_result result;
    enum request_source source;
};

static const struct question questions[] = {
    {&pub, REQUEST_TRUSTED, REQUEST_SOURCE_STORE},
    {&apache, REQUEST_NO_ROLE, REQUEST_SOURCE_STORE},
    {&etoken, REQUEST_TRUSTED, REQUEST_SOURCE_CTL},
    {&stranger, REQUEST_UNKNOWN, REQUEST_SOURCE_NONE},
};

/* Answered rightly or not at all: never "not trusted" for what is, let alone the other way round. */
static int ask(const struct question *question, const struct trust_request *request, struct trust_error *err)
{
    const struct request_known known = {.store = store, .ctl = ctl, .config = config, .now = NOW};
    struct request_answer answer;
    uint8_t out[4096];
    request_answer(&known, request, &answer);
    if (answer.result == REQUEST_FAILED) {
        MEMORY_EXPECT(answer.entry == NULL && answer.response.status != 0);
        return no_memory(err);
    }
    /* One that nobody holds is parsed, and OpenSSL 3.5 may call malformed what it had no memory for. */
    bool hidden = question->result == REQUEST_UNKNOWN && answer.result == REQUEST_UNUSABLE;
    MEMORY_EXPECT(hidden || (answer.result == question->result && answer.source == question->source));
    MEMORY_EXPECT((answer.response.status == 0) == (question->result == REQUEST_TRUSTED));
    return trust_response_encode(&answer.response, out, sizeof out, err);
}

static int act_verify(void *scene, struct trust_error *err)
{
    int rc = 0;
    (void)scene;
    for (size_t i = 0; rc == 0 && i < sizeof questions / sizeof questions[0]; i++) {
        const struct trust_request request = {
            .version = 1, .type = TRUST_MSG_VERIFY_REQ, .certificate = trust_cert_der(*questions[i].cert)};
        rc = ask(&questions[i], &request, err);
    }
    return rc;
}

static int act_query(void *scene, struct trust_error *err)
{
    int rc = 0;
    (void)scene;
    for (size_t i = 0; rc == 0 && i < sizeof questions / sizeof questions[0]; i++) {
        const struct trust_cert *cert = *questions[i].cert;
        char issuer[200]; /* not as it stands in the index, so that it is parsed */
        snprintf(issuer, sizeof issuer, " %s", trust_name_cucm(trust_cert_issuer(cert)));
        const struct trust_request request = {.version = 1,
                                              .type = TRUST_MSG_QUERY_REQ,
                                              .issuer = {(const uint8_t *)issuer, strlen(issuer)},
                                              .serial = trust_cert_serial(cert)};
        rc = ask(&questions[i], &request, err);
    }
    return rc;
}

static const struct failing_act acts[] = {
    {.name = "configuration", .act = act_config},  {.name = "TLS context", .act = act_tls_context},
    {.name = "connection", .act = act_connection}, {.name = "snapshot", .act = act_snapshot},
    {.name = "verify", .act = act_verify},         {.name = "query", .act = act_query},
};

START_TEST(memory_runs_out)
{
    failing_malloc_each(&acts[_i], NULL);
}
END_TEST

static void set_up(void)
{
    struct trust_error err = {0};
    server_key_make(&server, "rsa:2048", "server", TRUST_DIGEST_SHA256);
    pub = cert_read("pub.crt");
    apache = cert_read("apache.crt");
    etoken = cert_read("etoken2.crt");
    stranger = cert_read("capf.crt");
    const struct held in_store[] = {{pub, "02", 0}, {apache, "", 0}};
    const struct held in_ctl = {etoken, "0", 0};
    store = index_make(in_store, 2);
    ctl = index_make(&in_ctl, 1);
    config = config_make(yaml);
    ck_assert_msg(tls_context_new(config, server.cert, server.key, NULL, &before, &err) == 0, "%s", err.text);
}

static void tear_down(void)
{
    tls_context_free(before);
    config_free(config);
    trust_index_free(store);
    trust_index_free(ctl);
    trust_cert_free(pub);
    trust_cert_free(apache);
    trust_cert_free(etoken);
    trust_cert_free(stranger);
    server_key_fini(&server);
}

/* ---- A whole world, as a start builds it */

static struct site site;
static struct person tvs, publisher;
static char config_path[240];

/* 0 only with the CTL in force that there is: CTLFile.tlv, or the last good one while that is garbled. Where
 * OpenSSL hides that it was memory, a good CTL may look like a bad one. */
static int act_start(bool garbled, struct trust_error *err)
{
    static struct world world; /* too large for the stack of a test */
    struct snapshot *snapshot = NULL;
    int rc = world_read_config(&world, config_path, err);
    if (rc == 0)
        rc = world_build(&world, NULL, err);
    if (rc == 0 && (snapshot = world_snapshot(&world)) == NULL)
        rc = no_memory(err);
    bool in_force = rc == 0 && world.ctl_status == (garbled ? CTL_REFUSED : CTL_BELIEVED) &&
                    trust_index_count(snapshot->ctl) == 1;
    MEMORY_EXPECT(rc != 0 || in_force || failing_malloc_hit_openssl());
    MEMORY_EXPECT(rc != 0 || trust_index_by_der(snapshot->store, trust_cert_der(tvs.cert)) != NULL);
    snapshot_free(snapshot);
    world_fini(&world);
    return rc;
}

static int act_world(void *scene, struct trust_error *err)
{
    (void)scene;
    return act_start(false, err);
}

static int act_world_of_good_ctl(void *scene, struct trust_error *err)
{
    (void)scene;
    return act_start(true, err);
}

/* A CTL in force is not lost because nobody could look after its signer: whom the store names, or a list that
 * was published here. */
static struct ctl_file in_force;
static int act_judge(void *scene, struct trust_error *err)
{
    struct ctl_file same;
    (void)scene;
    int rc = ctl_source_judge(site.config, site.store, &in_force, &same, err);
    MEMORY_EXPECT((rc == 0) == (same.list != NULL));
    MEMORY_EXPECT(rc != TRUST_ESIGNER || failing_malloc_hit_openssl());
    ctl_file_fini(&same);
    return rc;
}

static const struct failing_act world_act = {.name = "world", .act = act_world};
static const struct failing_act good_act = {.name = "world with ctl.good", .act = act_world_of_good_ctl};
static const struct failing_act judge_act = {
    .name = "CTL in force", .act = act_judge, .hidden = {TRUST_ESIGNER, TRUST_ESIGNATURE}};

START_TEST(a_world_is_whole_or_none)
{
    put_list(site.ctl_path, "CTLFile.tlv", &publisher, &publisher, NULL);
    failing_malloc_each(&world_act, NULL);
}
END_TEST

START_TEST(the_last_good_ctl_serves_or_nothing)
{
    char good[300];
    snprintf(good, sizeof good, "%s/%s", site.state, CTL_FILE_GOOD);
    put_list(good, "CTLFile.tlv", &publisher, &publisher, NULL);
    put_file(site.ctl_path, (struct trust_bytes){(const uint8_t *)"\1\0\2\1\2\2\0", 7});
    failing_malloc_each(&good_act, NULL);
}
END_TEST

/* 0: the signer is in list and store; 1: in the store alone, and known by a published list; 2: known by that
 * alone. */
START_TEST(a_ctl_is_not_lost)
{
    struct person other;
    struct trust_error err = {0};
    char path[300];
    const struct person *signer = _i == 0 ? &publisher : &other;
    person_init(&other, "other");
    snprintf(path, sizeof path, "%s/000001-CTLFile.tlv", site.published);
    put_list(site.ctl_path, "CTLFile.tlv", signer, _i == 1 ? &tvs : signer, NULL);
    if (_i > 0)
        put_list(path, "CTLFile.tlv", &other, &other, NULL);
    if (_i == 1)
        site_add_trust(&site, TRUST_UNIT_TOMCAT_TRUST, &other);
    ck_assert_msg(ctl_source_load(site.config, site.store, &in_force, &err) == CTL_BELIEVED, "%s", err.text);
    failing_malloc_each(&judge_act, NULL);
    ctl_file_fini(&in_force);
    person_fini(&other);
}
END_TEST

static void site_set_up(void)
{
    char *text;
    site_init(&site);
    person_init(&tvs, "tvs");
    person_init(&publisher, "publisher");
    site_set_own(&site, TRUST_UNIT_CALLMANAGER, &publisher);
    site_set_own(&site, TRUST_UNIT_TVS, &tvs);
    snprintf(config_path, sizeof config_path, "%s/tvsd.yaml", site.root);
    int len = asprintf(&text, "state: %s\nnode: { name: %s }\ntrust_lists: { directory: %s }\n", site.state,
                       site.config->node.name, site.tftp);
    ck_assert_int_gt(len, 0);
    put_file(config_path, (struct trust_bytes){(const uint8_t *)text, (size_t)len});
    free(text);
}

static void site_tear_down(void)
{
    person_fini(&tvs);
    person_fini(&publisher);
    site_fini(&site);
}

Suite *suite(void)
{
    Suite *s = suite_create("tvsd: out of memory");
    TCase *memory = tcase_create("out of memory");
    tcase_add_checked_fixture(memory, set_up, tear_down);
    tcase_set_timeout(memory, 120);
    tcase_add_loop_test(memory, memory_runs_out, 0, sizeof acts / sizeof acts[0]);
    suite_add_tcase(s, memory);
    TCase *world = tcase_create("world");
    tcase_add_checked_fixture(world, site_set_up, site_tear_down);
    tcase_set_timeout(world, 120);
    tcase_add_test(world, a_world_is_whole_or_none);
    tcase_add_test(world, the_last_good_ctl_serves_or_nothing);
    tcase_add_loop_test(world, a_ctl_is_not_lost, 0, 3);
    suite_add_tcase(s, world);
    return s;
}
