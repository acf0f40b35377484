/* Nodes of the store: added, renamed, deleted, and what becomes of their certificates. */
#include "tests/check_main.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdlib.h>
#include <string.h>

#define T0 ((time_t)1400000000)

static struct helper_store s;
static struct trust_error err;

static void set_up(void)
{
    s = helper_store_new();
    err = (struct trust_error){0};
}

static void tear_down(void)
{
    helper_store_free(&s);
}

static void put(const char *name, const char *ipv4)
{
    struct trust_node node = {name, ipv4};
    helper_ok(trust_store_put_node(s.store, &node, &err), &err);
}

static void rename_to(const char *old, const char *name)
{
    helper_ok(trust_store_rename_node(s.store, old, name, &err), &err);
}

static void rename_fails(const char *old, const char *name, int code, const char *part)
{
    char *before = helper_sql(s.store, "select * from node left join formername on node = node.name");
    ck_assert_int_eq(trust_store_rename_node(s.store, old, name, &err), code);
    ck_assert_msg(strstr(err.text, part) != NULL, "\"%s\" lacks \"%s\"", err.text, part);
    helper_sql_is(s.store, "select * from node left join formername on node = node.name", before);
    free(before);
}

static void is_called(const char *name, const char *present)
{
    char out[TRUST_NODE_NAME_SIZE];
    helper_ok(trust_store_node_name(s.store, name, out, &err), &err);
    ck_assert_str_eq(out, present);
}

static void nodes_are(const char *expected)
{
    helper_sql_is(s.store, "select name, ipv4address from node order by 1", expected);
}

START_TEST(added_and_found)
{
    bool has;
    char ipv4[16];
    put("sub", "192.0.2.2");
    put("pub", NULL);
    helper_ok(trust_store_has_node(s.store, "sub", &has, ipv4, &err), &err);
    ck_assert(has);
    ck_assert_str_eq(ipv4, "192.0.2.2");
    helper_ok(trust_store_has_node(s.store, "pub", &has, ipv4, &err), &err);
    ck_assert(has);
    ck_assert_str_eq(ipv4, "");
    strcpy(ipv4, "before");
    helper_ok(trust_store_has_node(s.store, "su", &has, ipv4, &err), &err);
    ck_assert(!has);
    ck_assert_str_eq(ipv4, "");
    helper_ok(trust_store_has_node(s.store, "pub", &has, NULL, &err), &err);
    ck_assert(has);

    put("pub", "192.0.2.1");
    put("sub", "");
    put("sub", NULL); /* keeps what it has */
    nodes_are("pub|192.0.2.1;sub|192.0.2.2;");
}
END_TEST

static int note(void *arg, const struct trust_node *node)
{
    char *text = arg;
    strcat(strcat(strcat(strcat(text, node->server_name), "="), node->ipv4), ";");
    return strcmp(node->server_name, "m") == 0 ? 7 : 0;
}

START_TEST(visited_in_the_order_of_names)
{
    char text[100] = "";
    helper_ok(trust_store_each_node(s.store, note, text, &err), &err);
    ck_assert_str_eq(text, "");
    put("z", "192.0.2.26");
    put("b", NULL);
    put("m", "192.0.2.13");
    ck_assert_int_eq(trust_store_each_node(s.store, note, text, &err), 7);
    ck_assert_str_eq(text, "b=;m=192.0.2.13;");
}
END_TEST

START_TEST(names_and_addresses_that_make_no_sense)
{
    char name[TRUST_NODE_NAME_SIZE + 1], out[TRUST_NODE_NAME_SIZE];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct trust_node node = {name, NULL};
    ck_assert_int_eq(trust_store_put_node(s.store, &node, &err), TRUST_EARGUMENT);
    ck_assert_ptr_nonnull(strstr(err.text, "255"));
    ck_assert_int_eq(trust_store_node_name(s.store, name, out, &err), TRUST_EARGUMENT);
    put("pub", NULL);
    rename_fails("pub", name, TRUST_EARGUMENT, "255");
    rename_fails("pub", "", TRUST_EARGUMENT, "255");
    name[sizeof name - 2] = '\0';
    rename_to("pub", name);
    is_called("pub", name);
    node = (struct trust_node){"sub", "1922.168.255.255"};
    ck_assert_int_eq(trust_store_put_node(s.store, &node, &err), TRUST_EARGUMENT);
    node = (struct trust_node){NULL, NULL};
    ck_assert_int_eq(trust_store_put_node(s.store, &node, &err), TRUST_EARGUMENT);
    helper_sql_is(s.store, "select count(*) from node", "1;");
}
END_TEST

START_TEST(own_certificates_make_nodes)
{
    struct trust_cert *cert = helper_cert_from("one", T0), *other = helper_cert_from("two", T0),
                      *third = helper_cert_from("three", T0);
    struct trust_node node = {"pub", NULL};
    helper_ok(trust_store_set_own(s.store, &node, TRUST_UNIT_CALLMANAGER, cert, &err), &err);
    nodes_are("pub|;");
    node.ipv4 = "192.0.2.9";
    helper_ok(trust_store_set_own(s.store, &node, TRUST_UNIT_TVS, other, &err), &err);
    nodes_are("pub|192.0.2.9;");
    helper_sql_is(s.store, "select distinct ipv4address from certificate", "192.0.2.9;");
    node.ipv4 = ""; /* the one that is known */
    helper_ok(trust_store_set_own(s.store, &node, TRUST_UNIT_CAPF, third, &err), &err);
    nodes_are("pub|192.0.2.9;");
    helper_sql_is(s.store, "select distinct ipv4address from certificate", "192.0.2.9;");

    /* All records of a node's certificates say the same. */
    put("pub", "192.0.2.10");
    helper_sql_is(s.store, "select ipv4address, count(*) from certificate group by 1", "192.0.2.10|3;");
    trust_cert_free(cert);
    trust_cert_free(other);
    trust_cert_free(third);
}
END_TEST

START_TEST(renamed_with_all_that_is_its)
{
    struct trust_cert *cert = helper_cert_from("one", T0), *fresh = helper_cert_from("two", T0), *own;
    helper_set_own(s.store, "pub", TRUST_UNIT_CALLMANAGER, cert);
    helper_set_own(s.store, "pub", TRUST_UNIT_CALLMANAGER, fresh); /* cert is retired */
    struct trust_csr_row request = {"pub", TRUST_UNIT_TVS, "PEM", T0};
    helper_ok(trust_store_set_csr(s.store, &request, &err), &err);
    put("sub", NULL);
    is_called("pub", "pub");
    is_called("nobody", "nobody");

    rename_to("pub", "publisher");
    nodes_are("publisher|192.0.2.1;sub|;");
    is_called("pub", "publisher");
    is_called("publisher", "publisher");
    helper_sql_is(s.store, "select servername, count(*) from certificate group by 1", "publisher|2;");
    helper_sql_is(s.store, "select servername from signingrequest", "publisher;");
    helper_ok(trust_store_own(s.store, "publisher", TRUST_UNIT_CALLMANAGER, &own, &err), &err);
    ck_assert(trust_cert_equal(own, fresh));
    helper_vouches(s.store, cert, true);

    /* Both former names mean the node, and it can have the first again. */
    rename_to("publisher", "cucm1");
    is_called("pub", "cucm1");
    is_called("publisher", "cucm1");
    rename_to("cucm1", "pub");
    is_called("pub", "pub");
    is_called("publisher", "pub");
    is_called("cucm1", "pub");
    helper_sql_is(s.store, "select name, node from formername order by 1", "cucm1|pub;publisher|pub;");
    rename_to("pub", "pub");
    helper_sql_is(s.store, "select count(*) from formername", "2;");
    trust_cert_free(cert);
    trust_cert_free(fresh);
    trust_cert_free(own);
}
END_TEST

START_TEST(names_that_are_taken)
{
    put("pub", NULL);
    put("sub", NULL);
    rename_to("sub", "sub2");
    rename_fails("none", "new", TRUST_ENOTFOUND, "\"none\"");
    rename_fails("sub", "new", TRUST_ENOTFOUND, "\"sub\""); /* former names are for callers to resolve */
    rename_fails("pub", "sub2", TRUST_EEXISTS, "\"sub2\" already");
    rename_fails("pub", "sub", TRUST_EEXISTS, "former name of node \"sub2\"");

    struct trust_node node = {"sub", "192.0.2.1"};
    struct trust_cert *cert = helper_cert_from("one", T0);
    ck_assert_int_eq(trust_store_put_node(s.store, &node, &err), TRUST_EEXISTS);
    ck_assert_ptr_nonnull(strstr(err.text, "former name of node \"sub2\""));
    ck_assert_int_eq(trust_store_set_own(s.store, &node, TRUST_UNIT_TVS, cert, &err), TRUST_EEXISTS);
    helper_sql_is(s.store, "select count(*) from certificate", "0;");
    nodes_are("pub|;sub2|;");
    trust_cert_free(cert);
}
END_TEST

START_TEST(deleted_as_certificates_are)
{
    struct trust_cert *cert = helper_cert_from("one", T0), *both = helper_cert_from("two", T0),
                      *others = helper_cert_from("three", T0);
    helper_set_own(s.store, "pub", TRUST_UNIT_CALLMANAGER, cert);
    helper_set_own(s.store, "pub", TRUST_UNIT_TVS, cert);
    helper_set_own(s.store, "pub", TRUST_UNIT_CAPF, both);
    helper_add_trust(s.store, TRUST_UNIT_PHONE_SAST_TRUST, both);
    helper_set_own(s.store, "sub", TRUST_UNIT_TVS, others);
    rename_to("pub", "publisher");
    struct trust_csr_row request = {"publisher", TRUST_UNIT_CAPF, "PEM", T0};
    helper_ok(trust_store_set_csr(s.store, &request, &err), &err);

    ck_assert_int_eq(trust_store_delete_node(s.store, "pub", &err), TRUST_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "\"pub\""));
    helper_ok(trust_store_delete_node(s.store, "publisher", &err), &err);
    nodes_are("sub|192.0.2.1;");
    helper_sql_is(s.store, "select count(*) from formername", "0;");
    helper_sql_is(s.store, "select count(*) from signingrequest", "0;");
    helper_sql_is(s.store, "select tkcertificateservice from retiredcertificate order by 1", "3;9;11;");
    helper_vouches(s.store, cert, true);
    helper_store_roles_are(s.store, cert, "absent");
    helper_store_roles_are(s.store, both, "0,3"); /* by its trust unit alone */
    helper_store_roles_are(s.store, others, "21");
    ck_assert_int_eq(trust_store_delete_node(s.store, "publisher", &err), TRUST_ENOTFOUND);

    helper_ok(trust_store_drop_retired(s.store, NULL, 0, &err), &err);
    helper_sql_is(s.store, "select count(*) from certificate", "2;");
    helper_vouches(s.store, cert, false);
    is_called("pub", "pub");
    put("pub", NULL); /* nobody's name any more */
    trust_cert_free(cert);
    trust_cert_free(both);
    trust_cert_free(others);
}
END_TEST

START_TEST(readers_change_nothing)
{
    put("pub", NULL);
    struct trust_store *reader = helper_store_open(s.path, TRUST_STORE_READ);
    struct trust_node node = {"sub", NULL};
    ck_assert_int_eq(trust_store_put_node(reader, &node, &err), TRUST_EDENIED);
    ck_assert_int_eq(trust_store_rename_node(reader, "pub", "new", &err), TRUST_EDENIED);
    ck_assert_int_eq(trust_store_delete_node(reader, "pub", &err), TRUST_EDENIED);
    nodes_are("pub|;");
    trust_store_close(reader);
}
END_TEST

START_TEST(undone_with_the_transaction_around_it)
{
    struct trust_cert *cert = helper_cert_from("one", T0);
    helper_set_own(s.store, "pub", TRUST_UNIT_TVS, cert);
    helper_ok(trust_store_begin(s.store, &err), &err);
    rename_to("pub", "new");
    helper_ok(trust_store_delete_node(s.store, "new", &err), &err);
    trust_store_rollback(s.store);
    nodes_are("pub|192.0.2.1;");
    helper_store_roles_are(s.store, cert, "21");
    is_called("new", "new");
    trust_cert_free(cert);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("store: nodes");
    TCase *nodes = tcase_create("nodes");
    tcase_add_checked_fixture(nodes, set_up, tear_down);
    tcase_add_test(nodes, added_and_found);
    tcase_add_test(nodes, visited_in_the_order_of_names);
    tcase_add_test(nodes, names_and_addresses_that_make_no_sense);
    tcase_add_test(nodes, own_certificates_make_nodes);
    tcase_add_test(nodes, renamed_with_all_that_is_its);
    tcase_add_test(nodes, names_that_are_taken);
    tcase_add_test(nodes, deleted_as_certificates_are);
    tcase_add_test(nodes, readers_change_nothing);
    tcase_add_test(nodes, undone_with_the_transaction_around_it);
    suite_add_tcase(suite, nodes);
    return suite;
}
