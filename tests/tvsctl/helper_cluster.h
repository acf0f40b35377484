/* A cluster in a state folder of a test's own, with keys of every size that lists can carry. */
#ifndef TESTS_TVSCTL_HELPER_CLUSTER_H
#define TESTS_TVSCTL_HELPER_CLUSTER_H

#include "helper.h"
#include "tvsctl/change.h"

#define CLUSTER_NODES 3
#define CLUSTER_SIZES 3 /* of RSA keys: 1024, 2048, 4096 bits */

/* The node 0 is ours. */
extern const struct trust_node cluster_nodes[CLUSTER_NODES];
extern const int cluster_sizes[CLUSTER_SIZES];

/* Make the keys that sign, once for all tests of a program (large ones are slow to make); and free them. */
void cluster_make_keys(void);
void cluster_free_keys(void);

struct cluster {
    struct bench bench;
    struct config *config; /* may be changed between lists */
    struct state state;    /* opened to write */
    struct tvsctl ctl;
    size_t nodes;
    bool has_ecdsa; /* the nodes have TVS-ECDSA certificates */
};

/* A cluster of so many nodes, each with a CallManager certificate; ours and ITLRecovery have RSA keys of the
 * size. With more than one node each gets a TVS-ECDSA certificate, too. */
void cluster_open(struct cluster *cluster, size_t size, size_t nodes);
void cluster_close(struct cluster *cluster);

/* Give every node new TVS and TVS-ECDSA certificates, and ours a CAPF one, of this kind ("ec:P-256"). */
void cluster_renew(struct cluster *cluster, const char *spec);

void cluster_set(struct cluster *cluster, const char *param, bool value);

/* The certificate of a unit of a node. The caller frees it with trust_cert_free. */
struct trust_cert *cluster_cert(struct cluster *cluster, size_t node, enum trust_unit unit);

#endif
