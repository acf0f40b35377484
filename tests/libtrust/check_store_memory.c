/* Running out of memory in the store: allocations fail one by one, and each time the call either did all or
 * nothing, says that memory ran out, and the store is as good as before. Not in processes of their own, which
 * an open store does not survive. TVS_EVERY_ALLOCATION=yes leaves none out, which takes half a minute. */
#include "tests/check_main.h"
#include "tests/failing_malloc.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct scene {
    struct helper_store s;
    struct trust_cert *cert, *second;
    struct trust_list *list;
    const char *foreign;
    char copy[300]; /* of the store as it was made */
};

static int no_columns(void *arg, int count, const char *const *names)
{
    (void)arg, (void)count, (void)names;
    return 0;
}

static int visit(void *arg, const struct trust_store_row *row)
{
    (void)arg, (void)row;
    return 0;
}

static int take(void *arg, const struct trust_foreign_row *row)
{
    (void)arg, (void)row;
    return 0;
}

static int do_open(struct scene *scene, struct trust_error *err)
{
    struct trust_store *store;
    int rc = trust_store_open(scene->s.path, TRUST_STORE_WRITE, &store, err);
    trust_store_close(store);
    return rc;
}

static int do_own(struct scene *scene, struct trust_error *err)
{
    struct trust_node node = {"n", "192.0.2.1"};
    return trust_store_set_own(scene->s.store, &node, TRUST_UNIT_TVS, scene->second, err);
}

static int do_trust(struct scene *scene, struct trust_error *err)
{
    struct trust_store_added added;
    return trust_store_add_trust(scene->s.store, TRUST_UNIT_TOMCAT_TRUST, scene->second, &added, err);
}

static int do_import(struct scene *scene, struct trust_error *err)
{
    struct trust_roles roles = {2, {0, 21}};
    bool was_there;
    return trust_store_add_imported(scene->s.store, scene->second, &roles, 60, &was_there, err);
}

static int do_delete(struct scene *scene, struct trust_error *err)
{
    struct trust_cert *deleted;
    int rc = trust_store_delete(scene->s.store, TRUST_UNIT_TVS, "cucm-1051-a-pub", &deleted, err);
    trust_cert_free(deleted);
    return rc;
}

static int do_load(struct scene *scene, struct trust_error *err)
{
    struct trust_index_builder *builder;
    struct trust_index *index = NULL;
    int rc = trust_index_builder_new(&builder, err);
    if (rc == 0)
        rc = trust_store_load(scene->s.store, builder, err);
    if (rc == 0)
        rc = trust_index_build(builder, &index, err);
    trust_index_builder_free(builder);
    trust_index_free(index);
    return rc;
}

static int do_reading(struct scene *scene, struct trust_error *err)
{
    bool vouches;
    struct trust_cert *own;
    int rc = trust_store_each(scene->s.store, 0, visit, NULL, err);
    if (rc == 0)
        rc = trust_store_vouches(scene->s.store, scene->cert, &vouches, err);
    if (rc != 0)
        return rc;
    rc = trust_store_own(scene->s.store, "n", TRUST_UNIT_TVS, &own, err);
    trust_cert_free(own);
    return rc;
}

static int count(void *arg, const struct trust_store_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 0;
}

/* Who is there is found, or it is said why not. */
static int do_signer(struct scene *scene, struct trust_error *err)
{
    int same = 0, signers = 0, listed = 0;
    int rc = trust_store_each_signer(scene->s.store, scene->list, count, &signers, err);
    if (rc == 0)
        rc = trust_store_each_same(scene->s.store, scene->cert, count, &same, err);
    if (rc == 0)
        rc = trust_store_each_listed(scene->s.store, count, &listed, err);
    return rc != 0 || (signers == 1 && same == 1 && listed == 1)
               ? rc
               : trust_error_set(err, TRUST_ENOTFOUND, 0, "nobody is found");
}

static int do_sql(struct scene *scene, struct trust_error *err)
{
    struct trust_sql_sink sink = {.columns = no_columns, .row = no_columns};
    return trust_store_sql(scene->s.store, "select pkid, certificate, x'00' from certificate", &sink, err);
}

static int do_foreign(struct scene *scene, struct trust_error *err)
{
    return trust_store_read_usecallmanager(scene->foreign, take, NULL, err);
}

static int do_node(struct scene *scene, struct trust_error *err)
{
    char name[TRUST_NODE_NAME_SIZE];
    int rc = trust_store_begin(scene->s.store, err);
    if (rc == 0)
        rc = trust_store_rename_node(scene->s.store, "n", "new", err);
    if (rc == 0)
        rc = trust_store_node_name(scene->s.store, "n", name, err);
    if (rc == 0)
        rc = trust_store_delete_node(scene->s.store, name, err);
    if (rc == 0)
        rc = trust_store_commit(scene->s.store, err);
    trust_store_rollback(scene->s.store);
    return rc;
}

static int do_publish(struct scene *scene, struct trust_error *err)
{
    int64_t number;
    int rc = trust_store_next_publication(scene->s.store, &number, err);
    if (rc == 0)
        rc = trust_store_add_publication(scene->s.store, number, scene->list, "CTLFile.tlv", 0, "", "", err);
    return rc;
}

static int do_rollout(struct scene *scene, struct trust_error *err)
{
    const struct trust_rollout rollout = {.filename = "CTLFile.tlv", .opened = 1};
    const struct trust_rollout_phone phone = {.name = "SEP1"};
    const struct trust_rollout_close end = {
        .when = 2, .end = TRUST_ROLLOUT_BACK, .counted = true, .phones = &phone, .count = 1};
    int64_t number;
    int rc = trust_store_begin(scene->s.store, err);
    if (rc == 0)
        rc = trust_store_add_rollout(scene->s.store, &rollout, &number, err);
    if (rc == 0)
        rc = trust_store_close_rollout(scene->s.store, number, &end, err);
    if (rc == 0)
        rc = trust_store_add_forced(scene->s.store, &(struct trust_forced){.at = 1}, err);
    if (rc == 0)
        rc = trust_store_commit(scene->s.store, err);
    trust_store_rollback(scene->s.store);
    return rc;
}

static int do_copy(struct scene *scene, struct trust_error *err)
{
    char path[320];
    snprintf(path, sizeof path, "%s-again", scene->copy);
    int rc = trust_store_copy(scene->s.store, path, err);
    bool was_left = unlink(path) == 0;
    return rc != 0 && was_left ? trust_error_set(err, TRUST_EEXISTS, 0, "half a copy is left") : rc;
}

static int do_become(struct scene *scene, struct trust_error *err)
{
    return trust_store_become(scene->s.store, scene->copy, err);
}

static const struct {
    const char *name;
    int (*act)(struct scene *scene, struct trust_error *err);
    bool changes; /* the scene, when it comes through */
} acts[] = {
    {"open", do_open, false},       {"own", do_own, true},         {"trust", do_trust, true},
    {"import", do_import, true},    {"delete", do_delete, true},   {"load", do_load, false},
    {"reading", do_reading, false}, {"sql", do_sql, false},        {"foreign", do_foreign, false},
    {"node", do_node, true},        {"publish", do_publish, true}, {"rollout", do_rollout, true},
    {"copy", do_copy, false},       {"become", do_become, false},  {"signer", do_signer, false},
};

static void scene_make(struct scene *scene)
{
    scene->s = helper_store_new();
    scene->cert = helper_cert_file("pub.crt");
    scene->second = helper_cert_file("tvs-ec.crt");
    scene->foreign = fixture_path("peer.sqlite3");
    helper_set_own(scene->s.store, "n", TRUST_UNIT_TVS, scene->cert);
    struct trust_bytes file = fixture_read("good/peer-ctl-sha1.tlv");
    scene->list = helper_parse(file);
    fixture_free(file);
    struct trust_error err = {0};
    struct trust_cert *signer;
    helper_ok(trust_list_verify_self(scene->list, &signer, &err), &err);
    helper_add_trust(scene->s.store, TRUST_UNIT_TOMCAT_TRUST, signer);
    trust_cert_free(signer);
    snprintf(scene->copy, sizeof scene->copy, "%s/copy", scene->s.folder);
    helper_ok(trust_store_copy(scene->s.store, scene->copy, &err), &err);
}

static void scene_free(struct scene *scene)
{
    trust_cert_free(scene->cert);
    trust_cert_free(scene->second);
    trust_list_free(scene->list);
    helper_store_free(&scene->s);
}

/* What phones would be told, which a failed call must not change. */
static char *answers(struct scene *scene)
{
    return helper_sql(scene->s.store,
                      "select c.subjectname, r.tktrustrole, c.timetolive from certificate as c"
                      " join certificatetrustrolemap as r on c.pkid = r.fkcertificate"
                      " order by 1, 2");
}

/* Let the n-th allocation of the act fail. True if the act came through all the same; *finished if it has
 * fewer allocations than that. */
static bool try(struct scene *scene, size_t act, long n, bool *finished)
{
    struct trust_error err = {0};
    char *before = answers(scene);
    failing_malloc_start(n);
    int rc = acts[act].act(scene, &err);
    *finished = !failing_malloc_stop();
    if (rc != 0) {
        bool is_openssl = failing_malloc_hit_openssl() && (rc == TRUST_ECERT || rc == TRUST_ECRYPTO);
        ck_assert_msg(rc == TRUST_ENOMEM || is_openssl, "%s, allocation %ld: %s: %s", acts[act].name, n,
                      trust_error_name(rc), err.text);
        helper_openssl_is_quiet();
        char *after = answers(scene);
        ck_assert_str_eq(after, before);
        free(after);
    }
    free(before);
    return rc == 0;
}

START_TEST(allocations_fail_one_by_one)
{
    struct scene scene;
    bool finished = false;
    long failures = 0;
    /* Libraries set themselves up at their first use. */
    scene_make(&scene);
    ck_assert(try(&scene, (size_t)_i, FAILING_NONE, &finished));
    long total = failing_malloc_count();
    finished = !failing_malloc_works();
    bool is_used = acts[_i].changes;
    for (long n = 1; !finished; n = failing_malloc_next(n, total)) {
        if (is_used) {
            scene_free(&scene);
            scene_make(&scene);
        }
        bool done = try(&scene, (size_t)_i, n, &finished);
        is_used = done && acts[_i].changes;
        failures += !done;
    }
    ck_assert(!failing_malloc_works() || failures > 0);
    scene_free(&scene);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("store: out of memory");
    TCase *memory = tcase_create("out of memory");
    tcase_set_timeout(memory, 120);
    tcase_add_loop_test(memory, allocations_fail_one_by_one, 0, sizeof acts / sizeof acts[0]);
    suite_add_tcase(s, memory);
    return s;
}
