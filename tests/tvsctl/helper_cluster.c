#include "helper_cluster.h"

#include "tests/fixture.h"
#include "tvsctl/own_cert.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

const struct trust_node cluster_nodes[CLUSTER_NODES] = {
    {"cucm-1051-a-pub", "10.48.47.155"},
    {"cucm-1051-a-sub1", "10.48.47.156"},
    {"cucm-1051-a-sub2", "10.48.47.157"},
};

const int cluster_sizes[CLUSTER_SIZES] = {1024, 2048, 4096};

static struct trust_key *call_manager[CLUSTER_SIZES], *recovery[CLUSTER_SIZES];

#define must(call)                                                                                           \
    do {                                                                                                     \
        struct trust_error err = {0};                                                                        \
        ck_assert_msg((call) == 0, "%s", err.text);                                                          \
    } while (0)

static struct trust_key *read_key(const char *name)
{
    struct trust_key *key;
    struct trust_bytes pem = fixture_read(name);
    must(trust_key_parse(pem, NULL, &key, &err));
    fixture_free(pem);
    return key;
}

void cluster_make_keys(void)
{
    for (size_t i = 0; i < CLUSTER_SIZES; i++) {
        char spec[16];
        snprintf(spec, sizeof spec, "rsa:%d", cluster_sizes[i]);
        must(trust_key_generate(spec, &recovery[i], &err));
        if (cluster_sizes[i] == 4096)
            call_manager[i] = read_key("keys/rsa-4096.pem");
        else
            must(trust_key_generate(spec, &call_manager[i], &err));
    }
}

void cluster_free_keys(void)
{
    for (size_t i = 0; i < CLUSTER_SIZES; i++) {
        trust_key_free(call_manager[i]);
        trust_key_free(recovery[i]);
    }
}

/* The key is known (NULL: a new one as spec says). Of another node the certificate alone is there. */
static void install(struct change *change, size_t node, enum trust_unit unit, const char *spec,
                    struct trust_key *known)
{
    char *name;
    struct trust_key *key = known != NULL ? trust_key_ref(known) : NULL;
    struct trust_cert *cert;
    struct trust_cert_request wanted;
    struct own_cert_request request = own_cert_request(change->state, unit);
    request.node = cluster_nodes[node];
    request.key_spec = spec;
    if (key == NULL)
        must(own_cert_new_key(change->state, &request, &key, &err));
    must(own_cert_spec(change->state, &request, change->ctl->now, &wanted, &name, &err));
    must(trust_cert_generate(&wanted, key, &cert, &err));
    must(own_cert_install(change, &request, cert, node == 0 ? key : NULL, &err));
    trust_cert_free(cert);
    trust_key_free(key);
    free(name);
}

struct work {
    struct cluster *cluster;
    size_t size;
    const char *spec;
};

static int found(struct change *change, void *arg, struct trust_error *err)
{
    const struct work *work = arg;
    (void)err;
    install(change, 0, TRUST_UNIT_CALLMANAGER, NULL, call_manager[work->size]);
    install(change, 0, TRUST_UNIT_ITLRECOVERY, NULL, recovery[work->size]);
    for (size_t i = 1; i < work->cluster->nodes; i++)
        install(change, i, TRUST_UNIT_CALLMANAGER, NULL, recovery[i - 1]);
    return 0;
}

static int renew(struct change *change, void *arg, struct trust_error *err)
{
    const struct work *work = arg;
    (void)err;
    install(change, 0, TRUST_UNIT_CAPF, work->spec, NULL);
    for (size_t i = 0; i < work->cluster->nodes; i++) {
        install(change, i, TRUST_UNIT_TVS, work->spec, NULL);
        if (work->cluster->has_ecdsa)
            install(change, i, TRUST_UNIT_TVS_ECDSA, work->spec, NULL);
    }
    return 0;
}

void cluster_open(struct cluster *cluster, size_t size, size_t nodes)
{
    struct work work = {.cluster = cluster, .size = size};
    *cluster = (struct cluster){.nodes = nodes, .has_ecdsa = nodes > 1};
    bench_open(&cluster->bench, "");
    must(config_load(cluster->bench.config, &cluster->config, &err));
    cluster->ctl = (struct tvsctl){.io = {-1, stdout, stderr}, .config = cluster->config, .now = time(NULL)};
    must(state_open(cluster->config, TRUST_STORE_WRITE, &cluster->state, &err));
    must(change_do(&cluster->ctl, &cluster->state, found, &work, &err));
}

void cluster_renew(struct cluster *cluster, const char *spec)
{
    struct work work = {.cluster = cluster, .spec = spec};
    must(change_do(&cluster->ctl, &cluster->state, renew, &work, &err));
}

void cluster_close(struct cluster *cluster)
{
    state_close(&cluster->state);
    config_free(cluster->config);
    bench_close(&cluster->bench);
}

void cluster_set(struct cluster *cluster, const char *param, bool value)
{
    must(trust_store_set_param(cluster->state.store, param, value ? "1" : "0", &err));
}

struct trust_cert *cluster_cert(struct cluster *cluster, size_t node, enum trust_unit unit)
{
    struct trust_store_row row;
    must(state_own_row(&cluster->state, cluster_nodes[node].server_name, unit, &row, &err));
    return row.cert;
}
