/* What a node has, in phrases that work on all of it. */
#ifndef TVSCTL_OWN_NODE_H
#define TVSCTL_OWN_NODE_H

#include "change.h"

/* Whether a node could be called that, as node.name of the configuration: TVSCTL_DONE, or said. */
int own_node_check_name(struct tvsctl *ctl, const char *name);

/* The names of the units that a node has a certificate in force for, ITLRecovery left out: "CallManager,
 * TVS";
 * "" for none. */
#define OWN_NODE_UNITS_SIZE 256
int own_node_units(struct state *state, const char *node, char out[OWN_NODE_UNITS_SIZE],
                   struct trust_error *err) TRUST_MUST_CHECK;

/* Forget the requests of a node, whose name is on its way out. Warns of each. */
int own_node_drop_requests(struct change *change, const char *node, struct trust_error *err) TRUST_MUST_CHECK;

/* Visit the own units that are a node's: all but ITLRecovery. Stops when visit returns non-zero, and returns
 * that. */
typedef int (*own_node_visit)(void *arg, enum trust_unit unit, struct trust_error *err);
int own_node_each_unit(own_node_visit visit, void *arg, struct trust_error *err) TRUST_MUST_CHECK;

#endif
