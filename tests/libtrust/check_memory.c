/* Running out of memory: allocations fail one by one, and each time the call either did all or nothing, says
 * that memory ran out, and the store is as good as before. TVS_EVERY_ALLOCATION=yes leaves none
 * out, which takes half a minute; else they are taken ever more widely apart. */
#include "tests/check_main.h"
#include "tests/fixture.h"
#include "tests/libtrust/helper_lists.h"
#include "tests/libtrust/helper_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define REPLACES_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define REPLACES_MALLOC 0
#endif
#endif
#if !defined(REPLACES_MALLOC) && defined(__GLIBC__)
#define REPLACES_MALLOC 1
#elif !defined(REPLACES_MALLOC)
#define REPLACES_MALLOC 0
#endif

/* Allocations until one fails; 0: none does. */
static long countdown;

#if REPLACES_MALLOC
/* The C library's own, under the names that it keeps for those who replace malloc. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static bool fails_now(void)
{
    if (countdown == 0 || --countdown != 0)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails_now() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __libc_realloc(old, size);
}
#endif

struct scene {
    struct helper_store s;
    struct trust_cert *cert, *second;
    const char *foreign;
    struct trust_list *list;
    struct trust_signer *signer;
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

static int do_sql(struct scene *scene, struct trust_error *err)
{
    struct trust_sql_sink sink = {.columns = no_columns, .row = no_columns};
    return trust_store_sql(scene->s.store, "select pkid, certificate, x'00' from certificate", &sink, err);
}

static int do_foreign(struct scene *scene, struct trust_error *err)
{
    return trust_store_read_usecallmanager(scene->foreign, take, NULL, err);
}

/* ---- Without the store */

/* What did not hold while allocations fail, when Check must not be asked: it allocates. */
static bool torn;

static void expect(bool holds)
{
    torn = torn || !holds;
}

static int do_name(struct scene *scene, struct trust_error *err)
{
    static const char text[] = "CN=#0C045A6FC3AB;OU=\"a;b\";O=#x;DC=local";
    struct trust_name *name;
    (void)scene;
    int rc = trust_name_parse(text, strlen(text), &name, err);
    expect((rc == 0) == (name != NULL));
    trust_name_free(name);
    return rc;
}

static int do_cert(struct scene *scene, struct trust_error *err)
{
    struct trust_cert *cert;
    int rc = trust_cert_from_der(trust_cert_der(scene->cert), &cert, err);
    expect((rc == 0) == (cert != NULL));
    /* Never one whose key is said to be of a kind that it is not. */
    expect(cert == NULL || (trust_cert_key_type(cert) == trust_cert_key_type(scene->cert) &&
                            trust_cert_key_bits(cert) == trust_cert_key_bits(scene->cert)));
    trust_cert_free(cert);
    return rc;
}

static int do_list(struct scene *scene, struct trust_error *err)
{
    struct trust_list *list;
    uint8_t *bytes;
    size_t len;
    int rc = trust_list_parse(scene->list->file, &list, err);
    if (rc != 0)
        return rc;
    rc = trust_list_encode(list, &bytes, &len, err);
    expect((rc == 0) == (bytes != NULL));
    free(bytes);
    trust_list_free(list);
    return rc;
}

static int do_verify(struct scene *scene, struct trust_error *err)
{
    struct trust_cert *signer;
    int rc = trust_list_verify_self(scene->list, &signer, err);
    expect((rc == 0) == (signer != NULL));
    trust_cert_free(signer);
    return rc;
}

static int do_build(struct scene *scene, struct trust_error *err)
{
    const struct trust_cert *cert = trust_signer_cert(scene->signer);
    const struct trust_header_spec header = {
        .filename = "CTLFile.tlv", .timestamp = 1, .digest = TRUST_DIGEST_SHA1, .minor = 2};
    const struct trust_record_spec records[] = {
        {TRUST_RECORD_WHOLE, TRUST_ROLE_SAST, cert, .dns_name = "a"},
        {TRUST_RECORD_HASH, TRUST_ROLE_TVS, cert, "a", .hash = TRUST_DIGEST_SHA256},
    };
    struct trust_list *list;
    int rc = trust_list_build(&header, records, 2, scene->signer, &list, err);
    expect((rc == 0) == (list != NULL));
    trust_list_free(list);
    return rc;
}

static int do_index(struct scene *scene, struct trust_error *err)
{
    struct trust_index_builder *builder;
    struct trust_index *index = NULL;
    int rc = trust_index_builder_new(&builder, err);
    if (rc == 0)
        rc = trust_index_add_list(builder, scene->list, err);
    if (rc == 0)
        rc = trust_index_build(builder, &index, err);
    trust_index_builder_free(builder);
    if (rc != 0)
        return rc;
    const struct trust_list_record *record = &scene->list->records[0];
    enum trust_found found;
    const struct trust_entry *entry;
    rc = trust_index_query(index, record->serial, (const char *)record->issuer.data, record->issuer.len,
                           &found, &entry, err);
    expect(found == (rc == 0 ? TRUST_FOUND_ONE : TRUST_FOUND_NONE) && (rc == 0) == (entry != NULL));
    trust_index_free(index);
    return rc;
}

static int do_request(struct scene *scene, struct trust_error *err)
{
    const struct trust_request request = {
        .version = 1, .type = TRUST_MSG_VERIFY_REQ, .certificate = trust_cert_der(scene->cert)};
    uint8_t *frame;
    size_t len;
    int rc = trust_request_encode(&request, &frame, &len, err);
    expect((rc == 0) == (frame != NULL));
    free(frame);
    return rc;
}

static const struct {
    const char *name;
    int (*act)(struct scene *scene, struct trust_error *err);
    bool changes; /* the scene, when it comes through */
    bool openssl; /* it parses or computes, and OpenSSL does not always say that it was memory */
} acts[] = {
    {"open", do_open, false, false},       {"own", do_own, true, false},
    {"trust", do_trust, true, false},      {"import", do_import, true, false},
    {"delete", do_delete, true, false},    {"load", do_load, false, false},
    {"reading", do_reading, false, false}, {"sql", do_sql, false, false},
    {"foreign", do_foreign, false, true},  {"name", do_name, false, false},
    {"cert", do_cert, false, true},        {"list", do_list, false, false},
    {"verify", do_verify, false, true},    {"build", do_build, false, true},
    {"index", do_index, false, true},      {"request", do_request, false, false},
};

static void scene_make(struct scene *scene)
{
    scene->s = helper_store_new();
    scene->cert = helper_cert_file("pub.crt");
    scene->second = helper_cert_file("tvs-ec.crt");
    scene->foreign = fixture_path("peer.sqlite3");
    struct trust_bytes file = fixture_read("good/peer-ctl-sha1.tlv");
    scene->list = helper_parse(file);
    fixture_free(file);
    struct trust_key *key = helper_key("rsa:1024");
    struct trust_cert *cert =
        helper_cert(&(struct helper_plan){.subject = "CN=signer", .serial = "01", .key = key});
    scene->signer = helper_signer(cert, key);
    trust_cert_free(cert);
    trust_key_free(key);
    helper_set_own(scene->s.store, "n", TRUST_UNIT_TVS, scene->cert);
}

static void scene_free(struct scene *scene)
{
    trust_cert_free(scene->cert);
    trust_cert_free(scene->second);
    trust_list_free(scene->list);
    trust_signer_free(scene->signer);
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
    countdown = n;
    int rc = acts[act].act(scene, &err);
    *finished = countdown > 0;
    countdown = 0;
    ck_assert_msg(!torn, "%s, allocation %ld: a result that contradicts its code", acts[act].name, n);
    if (rc != 0) {
        bool is_openssl = acts[act].openssl && (rc == TRUST_ECERT || rc == TRUST_ECRYPTO);
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
    ck_assert(try(&scene, (size_t)_i, 1000000, &finished));
    finished = !REPLACES_MALLOC;
    bool is_used = acts[_i].changes;
    bool every = getenv("TVS_EVERY_ALLOCATION") != NULL;
    for (long n = 1; !finished; n += every ? 1 : 1 + n / 64) {
        if (is_used) {
            scene_free(&scene);
            scene_make(&scene);
        }
        bool done = try(&scene, (size_t)_i, n, &finished);
        is_used = done && acts[_i].changes;
        failures += !done;
    }
    ck_assert(!REPLACES_MALLOC || failures > 0);
    scene_free(&scene);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("out of memory");
    TCase *memory = tcase_create("out of memory");
    tcase_set_timeout(memory, 120);
    tcase_add_loop_test(memory, allocations_fail_one_by_one, 0, sizeof acts / sizeof acts[0]);
    suite_add_tcase(s, memory);
    return s;
}
