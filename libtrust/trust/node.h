/* The nodes of a cluster, as the store knows them: certificates belong to one, and records of lists carry its
 * name and address. */
#ifndef TRUST_NODE_H
#define TRUST_NODE_H

#include "store.h"

/* The present name of the node that a configuration calls name: name itself, unless that is a name which a
 * node had before it was renamed. Never TRUST_ENOTFOUND: a node that nobody added is called what it is
 * called. out has room for a server name (TRUST_NODE_NAME_SIZE). */
#define TRUST_NODE_NAME_SIZE 256
int trust_store_node_name(struct trust_store *store, const char *name, char out[TRUST_NODE_NAME_SIZE],
                          struct trust_error *err) TRUST_MUST_CHECK;

/* Whether there is such a node (by its present name), and its address. ipv4 may be NULL. */
int trust_store_has_node(struct trust_store *store, const char *name, bool *has, char ipv4[16],
                         struct trust_error *err) TRUST_MUST_CHECK;

/* Add a node, or give one its address, which its certificates get too; without one it keeps what it has.
 * Errors: TRUST_EEXISTS (the name is a former name of another node, which the error names), TRUST_EARGUMENT.
 */
int trust_store_put_node(struct trust_store *store, const struct trust_node *node,
                         struct trust_error *err) TRUST_MUST_CHECK;

/* Take a node away. Its certificates leave their units as replaced ones do: they stay as retired while a
 * published list may hold them. TRUST_ENOTFOUND. */
int trust_store_delete_node(struct trust_store *store, const char *name,
                            struct trust_error *err) TRUST_MUST_CHECK;

/* Give a node another name; its certificates follow, and the old name becomes a former one. A name that the
 * node itself had before can be taken again. Errors: TRUST_ENOTFOUND, TRUST_EEXISTS (another node has or had
 * that name). */
int trust_store_rename_node(struct trust_store *store, const char *old, const char *name,
                            struct trust_error *err) TRUST_MUST_CHECK;

/* Visit the nodes in the order of their names. Stops when visit returns non-zero, and returns that. */
typedef int (*trust_node_visit)(void *arg, const struct trust_node *node);
int trust_store_each_node(struct trust_store *store, trust_node_visit visit, void *arg,
                          struct trust_error *err) TRUST_MUST_CHECK;

#endif
