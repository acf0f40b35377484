/* Nodes: names, former names and addresses, and what a node's certificates have to do with them. */
#include "trust/node.h"

#include "store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int store_check_node_name(const char *name, struct trust_error *err)
{
    if (name == NULL || name[0] == '\0' || strlen(name) >= TRUST_NODE_NAME_SIZE)
        return trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "a node's name has 1 to %d characters",
                               TRUST_NODE_NAME_SIZE - 1);
    return 0;
}

static int check_node(const struct trust_node *node, struct trust_error *err)
{
    static const struct trust_store_row row;
    int rc = store_check_node_name(node->server_name, err);
    if (rc == 0 && node->ipv4 != NULL && strlen(node->ipv4) >= sizeof row.ipv4)
        rc = trust_error_set(err, TRUST_EARGUMENT, TRUST_NO_OFFSET, "a node's IPv4 address is too long");
    return rc;
}

/* The present name behind a former one, NULL if it is none. The caller frees *node. */
static int node_behind(struct trust_store *store, const char *former, char **node, struct trust_error *err)
{
    return store_text(store, node, err, "SELECT node FROM formername WHERE name = ?1", "t", former);
}

static int is_node(struct trust_store *store, const char *name, bool *is, struct trust_error *err)
{
    int64_t count;
    int rc = store_number(store, 0, &count, err, "SELECT count(*) FROM node WHERE name = ?1", "t", name);
    *is = rc == 0 && count > 0;
    return rc;
}

static int must_be_node(struct trust_store *store, const char *name, struct trust_error *err)
{
    bool is;
    int rc = is_node(store, name, &is, err);
    if (rc != 0 || is)
        return rc;
    char printable[160];
    return trust_error_set(err, TRUST_ENOTFOUND, TRUST_NO_OFFSET, "%s: there is no node \"%s\"", store->path,
                           store_printable(name, printable, sizeof printable));
}

/* Refuse the former name of a node other than the given one (NULL: of any). */
static int check_former(struct trust_store *store, const char *name, const char *but, struct trust_error *err)
{
    char *node;
    int rc = node_behind(store, name, &node, err);
    if (rc == 0 && node != NULL && (but == NULL || strcmp(node, but) != 0)) {
        char former[160], present[160];
        rc = trust_error_set(err, TRUST_EEXISTS, TRUST_NO_OFFSET,
                             "%s: \"%s\" is a former name of node \"%s\": use that name, or another one",
                             store->path, store_printable(name, former, sizeof former),
                             store_printable(node, present, sizeof present));
    }
    free(node);
    return rc;
}

int trust_store_node_name(struct trust_store *store, const char *name, char out[TRUST_NODE_NAME_SIZE],
                          struct trust_error *err)
{
    out[0] = '\0';
    char *node = NULL;
    bool is = false;
    int rc = store_check_node_name(name, err);
    if (rc == 0)
        rc = is_node(store, name, &is, err);
    if (rc == 0 && !is)
        rc = node_behind(store, name, &node, err);
    if (rc == 0 && node != NULL)
        rc = store_check_node_name(node, err);
    if (rc == 0)
        snprintf(out, TRUST_NODE_NAME_SIZE, "%s", node != NULL ? node : name);
    free(node);
    return rc;
}

int trust_store_has_node(struct trust_store *store, const char *name, bool *has, char ipv4[16],
                         struct trust_error *err)
{
    *has = false;
    if (ipv4 != NULL)
        ipv4[0] = '\0';
    char *address;
    int rc = store_text(store, &address, err, "SELECT ipv4address FROM node WHERE name = ?1", "t", name);
    if (rc != 0)
        return rc;
    *has = address != NULL;
    if (ipv4 != NULL && address != NULL)
        snprintf(ipv4, 16, "%s", address);
    free(address);
    return 0;
}

int store_node_make(struct trust_store *store, const struct trust_node *node, struct trust_error *err)
{
    int rc = check_node(node, err);
    if (rc == 0)
        rc = check_former(store, node->server_name, NULL, err);
    if (rc == 0)
        rc = store_run(store, err, "INSERT OR IGNORE INTO node (name) VALUES (?1)", "t", node->server_name);
    if (rc != 0 || node->ipv4 == NULL || node->ipv4[0] == '\0')
        return rc;
    rc = store_run(store, err, "UPDATE node SET ipv4address = ?2 WHERE name = ?1", "tt", node->server_name,
                   node->ipv4);
    if (rc == 0)
        rc = store_run(store, err, "UPDATE certificate SET ipv4address = ?2 WHERE servername = ?1", "tt",
                       node->server_name, node->ipv4);
    return rc;
}

int trust_store_put_node(struct trust_store *store, const struct trust_node *node, struct trust_error *err)
{
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    return store_end(store, store_node_make(store, node, err), err);
}

/* One certificate of the node in a unit; one pass for each, since rows go while units are left. */
static int leave_unit(struct trust_store *store, const char *name, const struct trust_unit_info *unit,
                      struct trust_error *err)
{
    for (;;) {
        char *pkid;
        int rc = store_text(store, &pkid, err,
                            "SELECT c.pkid FROM certificate AS c"
                            " JOIN certificateservicecertificatemap AS m ON m.fkcertificate = c.pkid"
                            " WHERE c.servername = ?1 AND m.tkcertificateservice = ?2 LIMIT 1",
                            "ti", name, (int64_t)unit->unit);
        if (rc != 0 || pkid == NULL)
            return rc;
        rc = store_row_leave(store, pkid, unit, err);
        free(pkid);
        if (rc != 0)
            return rc;
    }
}

int trust_store_delete_node(struct trust_store *store, const char *name, struct trust_error *err)
{
    size_t count;
    const struct trust_unit_info *units = trust_units(&count);
    int rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = must_be_node(store, name, err);
    for (size_t i = 0; rc == 0 && i < count; i++)
        if (units[i].own)
            rc = leave_unit(store, name, &units[i], err);
    if (rc == 0)
        rc = store_run(store, err, "DELETE FROM signingrequest WHERE servername = ?1", "t", name);
    if (rc == 0) /* its former names go with it */
        rc = store_run(store, err, "DELETE FROM node WHERE name = ?1", "t", name);
    return store_end(store, rc, err);
}

static int check_new_name(struct trust_store *store, const char *old, const char *name,
                          struct trust_error *err)
{
    bool is;
    int rc = is_node(store, name, &is, err);
    if (rc == 0 && is) {
        char printable[160];
        rc = trust_error_set(err, TRUST_EEXISTS, TRUST_NO_OFFSET,
                             "%s: there is a node \"%s\" already: choose another name", store->path,
                             store_printable(name, printable, sizeof printable));
    }
    return rc == 0 ? check_former(store, name, old, err) : rc;
}

/* Former names refer to the node and follow by themselves. */
static int rename_node(struct trust_store *store, const char *old, const char *name, struct trust_error *err)
{
    static const char *const steps[] = {
        "DELETE FROM formername WHERE name = ?2 AND node = ?1",
        "UPDATE node SET name = ?2 WHERE name = ?1",
        "INSERT INTO formername (name, node) VALUES (?1, ?2)",
        "UPDATE certificate SET servername = ?2 WHERE servername = ?1",
        "UPDATE OR REPLACE signingrequest SET servername = ?2 WHERE servername = ?1",
        "UPDATE rollout SET servername = ?2 WHERE servername = ?1",
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof steps / sizeof steps[0]; i++)
        rc = store_run(store, err, steps[i], "tt", old, name);
    return rc;
}

int trust_store_rename_node(struct trust_store *store, const char *old, const char *name,
                            struct trust_error *err)
{
    int rc = store_check_node_name(name, err);
    if (rc == 0)
        rc = store_start(store, err);
    if (rc != 0)
        return rc;
    rc = must_be_node(store, old, err);
    if (rc == 0 && strcmp(old, name) != 0) {
        rc = check_new_name(store, old, name, err);
        if (rc == 0)
            rc = rename_node(store, old, name, err);
    }
    return store_end(store, rc, err);
}

int trust_store_each_node(struct trust_store *store, trust_node_visit visit, void *arg,
                          struct trust_error *err)
{
    sqlite3_stmt *statement;
    bool more = true;
    int rc = store_prepare(store, &statement, err, "SELECT name, ipv4address FROM node ORDER BY name", "");
    while (rc == 0 && (rc = store_step(store, statement, &more, err)) == 0 && more) {
        struct trust_node node = {store_column_text(statement, 0), store_column_text(statement, 1)};
        rc = visit(arg, &node);
    }
    sqlite3_finalize(statement);
    return rc;
}
